# SPDX-License-Identifier: GPL-2.0-or-later
"""The varlink server: introspection, errors, order, permissions, and clients that mean no good."""
import json
import os
import pwd
import resource
import select
import socket
import subprocess
import time

from harness import BUILD, Host, has, until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def error_of(client, method, parameters=None, **flags):
    client.send(method, parameters, **flags)
    reply = client.recv()
    return reply.get("error"), reply.get("parameters")


def test_introspection_is_the_schema_file():
    with Host() as h:
        h.start()
        info = h.call("org.varlink.service.GetInfo")
        assert set(info) == {"vendor", "product", "version", "url", "interfaces"}
        assert info["interfaces"] == ["org.varlink.service", "org.viaduct"]
        text = h.call("org.varlink.service.GetInterfaceDescription", {"interface": "org.viaduct"})["description"]
        with open(os.path.join(ROOT, "schemas/org.viaduct.varlink"), encoding="utf-8") as f:
            assert text == f.read()
        text = h.call("org.varlink.service.GetInterfaceDescription", {"interface": "org.varlink.service"})
        has(text["description"], "method GetInfo()", "error ExpectedMore")


def test_every_method_of_the_interface_is_there():
    with Host() as h:
        h.start()
        text = h.call("org.varlink.service.GetInterfaceDescription", {"interface": "org.viaduct"})["description"]
        methods = [line.split()[1].split("(")[0] for line in text.splitlines() if line.startswith("method ")]
        assert len(methods) > 10
        for method in methods:
            with h.client() as c:
                error, _ = error_of(c, method, {"no such parameter": 1})
                assert error in ("org.varlink.service.InvalidParameter", "org.varlink.service.ExpectedMore"), (
                    method, error)


def test_standard_errors():
    with Host() as h:
        h.start()
        with h.client() as c:
            service = "org.varlink.service."
            assert error_of(c, "Nothing") == (service + "MethodNotFound", {"method": "org.viaduct.Nothing"})
            assert error_of(c, "org.example.X") == (service + "InterfaceNotFound", {"interface": "org.example"})
            assert error_of(c, "GetStatus", {"x": 1}) == (service + "InvalidParameter", {"parameter": "x"})
            assert error_of(c, "Show") == (service + "InvalidParameter", {"parameter": "device"})
            assert error_of(c, "Show", {"device": 3}) == (service + "InvalidParameter", {"parameter": "device"})
            assert error_of(c, "GetPlan", {"disturb": ["a", 2]}) == (
                service + "InvalidParameter", {"parameter": "disturb"})
            assert error_of(c, "List", {"kinds": ["cat"]}) == (service + "InvalidParameter", {"parameter": "kinds"})
            assert error_of(c, "Monitor", {"types": ["cat"]}, more=True) == (
                service + "InvalidParameter", {"parameter": "types"})
            assert error_of(c, "Monitor")[0] == service + "ExpectedMore"
            assert error_of(c, service + "GetInterfaceDescription", {"interface": "org.example"})[0] == (
                service + "InterfaceNotFound")


def test_pipelined_calls_are_answered_in_order():
    with Host() as h:
        h.start()
        with h.client() as c:
            c.send_raw(b"".join(json.dumps({"method": "org.viaduct." + m}).encode() + b"\0" for m in (
                "GetPlan", "GetStatus", "GetInventory", "List", "GetConfig", "Check")))
            keys = [set(c.recv()["parameters"]) for _ in range(6)]
            assert keys == [{"plan"}, {"status"}, {"inventory"}, {"version", "devices"}, {"config"},
                            {"version", "findings"}], keys


def test_oneway_has_no_reply():
    with Host() as h:
        h.start()
        with h.client() as c:
            c.send("GetStatus", oneway=True)
            c.send("Nothing", oneway=True)
            c.send("GetConfig")
            assert "config" in c.recv()["parameters"]


def test_half_closed_client_gets_its_answer():
    with Host() as h:
        h.start()
        with h.client() as c:
            c.send("GetPlan")
            c.sock.shutdown(socket.SHUT_WR)
            assert "plan" in c.recv()["parameters"]


def test_list_and_show():
    with Host() as h:
        h.start()
        h.call("Apply")
        kinds = {d["kind"] for d in h.call("List")["devices"]}
        assert kinds == {"pf", "nic"}
        vfs = h.call("List", {"kinds": ["vf"]})["devices"]
        assert len(vfs) == 5 and all(v["pf"] for v in vfs)
        for name in ("0000:01:00.0", "01:00.0", "eth0"):
            assert h.call("Show", {"device": name})["device"]["address"] == "0000:01:00.0"
        vf = h.call("Show", {"device": "eth0/1"})["device"]
        assert vf["vf_index"] == 1 and vf["driver"] == "vfio-pci"


def test_getconfig_is_valid_input_again():
    with Host() as h:
        h.start()
        before = h.call("GetConfig")["config"]
        h.write_config(before)
        h.call("Reload")
        assert h.call("GetConfig")["config"] == before


def dropped(sock):
    sock.settimeout(30)
    try:
        while sock.recv(65536):
            pass
        return True
    except ConnectionResetError:
        return True


def test_garbage_drops_its_sender_only():
    bad = [b"\0", b"garbage\0", b"[]\0", b"{}\0", b'{"method": 3}\0', b'{"method": "x"}\0', b"\xff\xfe\0",
           b'{"method": "org.viaduct.GetStatus", "parameters": []}\0', b'{"method":"a.b\\u0000.C"}\0',
           b'{"method": "org.viaduct.GetStatus", "more": 1}\0', b"[" * 100000 + b"\0",
           b'{"method": "org.viaduct.GetStatus", "parameters":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}\0",
           b'{"method": "org.viaduct.GetStatus"} x\0', b'{"method": "org.viaduct.GetStatus", "upgrade": true}\0']
    with Host() as h:
        h.start()
        with h.client() as good:
            for message in bad:
                with h.client() as c:
                    c.send_raw(message)
                    assert dropped(c.sock), message[:60]
                assert good.call("GetStatus")["status"]


def test_too_large_a_message_drops_its_sender():
    with Host() as h:
        h.start()
        with h.client() as c:
            try:
                for _ in range(40):
                    c.send_raw(b"x" * 65536)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert dropped(c.sock)
        assert h.status()


def test_a_message_just_below_the_limit_is_taken():
    with Host() as h:
        h.start()
        with h.client() as c:
            message = json.dumps({"method": "org.viaduct.GetStatus"}).encode()
            c.send_raw(message[:-1] + b" " * (1048576 - len(message)) + b"}\0")
            assert "status" in c.recv()["parameters"]


def test_half_a_message_times_out_and_harms_nobody():
    with Host() as h:
        h.start()
        with h.client() as c:
            c.send_raw(b'{"method": "org.vi')
            began = time.monotonic()
            while time.monotonic() - began < 9:
                # Bytes that trickle in do not put the end off.
                c.send_raw(b"a")
                assert h.call("GetStatus")
                time.sleep(0.7)
            assert dropped(c.sock)
            assert time.monotonic() - began < 20


def test_byte_by_byte():
    with Host() as h:
        h.start()
        with h.client() as c:
            for b in b'{"method":"org.viaduct.GetStatus"}\0' * 2:
                c.send_raw(bytes([b]))
            assert "status" in c.recv()["parameters"] and "status" in c.recv()["parameters"]


def test_a_client_that_does_not_read_harms_nobody():
    with Host() as h:
        h.start()
        with h.client() as slow:
            slow.sock.settimeout(0.5)
            request = json.dumps({"method": "org.viaduct.GetInventory"}).encode() + b"\0"
            try:
                for _ in range(20000):
                    slow.send_raw(request)
            except (TimeoutError, socket.timeout):
                pass
            for _ in range(20):
                assert h.status()
            with open(f"/proc/{h.process.pid}/statm", encoding="ascii") as f:
                pages = int(f.read().split()[1])
            sanitized = "asan" in subprocess.run(["ldd", f"{BUILD}/tests/daemon/viaductd-test"], text=True,
                                                 capture_output=True, check=False).stdout
            assert sanitized or "tsan" in BUILD or pages * 4096 < 64 << 20, pages


def test_a_subscriber_that_does_not_read_is_told_what_it_lost():
    with Host() as h:
        h.start()
        with h.client() as slow, h.client() as c:
            slow.send("Monitor", {}, more=True)
            assert h.status()
            for _ in range(12000):
                c.send("Reload")
                c.recv()
            seen = []
            while not seen or seen[-1]["type"] != "lost":
                seen.append(slow.recv()["parameters"]["event"])
            has(seen[-1]["message"], "events were lost")
            first = slow.recv()["parameters"]["event"]
            assert first["seq"] > seen[-2]["seq"] + 1, "it goes on with what is left"


def test_monitor_tells_causes():
    with Host() as h:
        h.start()
        with h.client() as m:
            m.send("Monitor", {"types": ["plan_started", "plan_done", "step_done"]}, more=True)
            assert h.status()
            h.call("Apply")
            types = []
            while not types or types[-1] != "plan_done":
                e = m.recv()["parameters"]["event"]
                types.append(e["type"])
                has(e["cause"], "request of uid", "pid")
                assert e["version"] == 1 and e["time"].endswith("Z")
            assert types[0] == "plan_started" and types.count("step_done") == 11


def test_a_thousand_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    with Host() as h:
        h.start()
        clients = []
        for _ in range(1000):
            s = socket.socket(socket.AF_UNIX)
            s.connect(h.socket)
            clients.append(s)
        # 256 are served, the others were turned away.
        alive = 0
        for s in clients:
            try:
                s.sendall(b'{"method":"org.viaduct.GetStatus"}\0')
                s.settimeout(30)
                alive += bool(s.recv(100))
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert alive == 256, alive
        for s in clients:
            s.close()
        until(lambda: h.status())
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def as_user(h, gid, groups, calls):
    """Answers of calls made by an unprivileged process; it cannot read our files, so it speaks for itself."""
    script = """
import json, os, socket, sys
path, gid, groups, calls = json.loads(sys.argv[1])
os.setgroups(groups); os.setgid(gid); os.setuid(65534)
out = []
for method, parameters in calls:
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(30)
    s.sendall(json.dumps({"method": "org.viaduct." + method, "parameters": parameters}).encode() + b"\\0")
    data = b""
    while not data.endswith(b"\\0"): data += s.recv(65536)
    out.append(json.loads(data[:-1]))
print(json.dumps(out))
"""
    argument = json.dumps([h.socket, gid, groups, calls])
    out = subprocess.run(["/usr/bin/python3", "-c", script, argument], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def test_permission_tiers():
    if os.getuid() != 0:
        raise Skip("needs root to become somebody else")
    import grp
    read, change = "games", "daemon"
    gids = {name: grp.getgrnam(name).gr_gid for name in (read, change)}
    nobody = pwd.getpwnam("nobody").pw_gid
    calls = [["GetStatus", {}], ["Apply", {}], ["Bind", {"device": "eth0"}], ["Unbind", {"device": "eth0"}],
             ["Reload", {}], ["GetPlan", {}]]
    changing = {"Apply", "Bind", "Unbind", "Reload"}
    with Host() as h:
        h.start("--read-group", read, "--change-group", change)
        os.chmod(h.dir, 0o755)
        assert os.stat(h.socket).st_gid == gids[read] and os.stat(h.socket).st_mode & 0o777 == 0o660
        os.chmod(h.socket, 0o666)  # the daemon itself decides, not the socket's mode
        for groups, may_read, may_change in (([], False, False), ([gids[read]], True, False),
                                             ([gids[change]], True, True)):
            for primary in (True, False):
                gid = groups[0] if groups and primary else nobody
                supplementary = [] if primary else groups
                for (method, _), reply in zip(calls, as_user(h, gid, supplementary, calls)):
                    error = reply.get("error", "")
                    allowed = may_change if method in changing else may_read
                    assert (error == "org.viaduct.Permission") != allowed, (groups, method, reply)
                    if not allowed:
                        reason = reply["parameters"]["reason"]
                        has(reason, "uid 65534", change)
                        has(reason, method)


class Skip(Exception):
    pass


def test_socket_activation():
    with Host() as h:
        listener = socket.socket(socket.AF_UNIX)
        path = os.path.join(h.dir, "activated")
        listener.bind(path)
        listener.listen()

        # LISTEN_PID must be the daemon's own.
        script = ("import os, sys; os.dup2(int(sys.argv[1]), 3, inheritable=True); os.environ['LISTEN_FDS'] = '1'; "
                  "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[2], sys.argv[2:])")
        with open(h.log_path, "ab") as log:
            h.process = subprocess.Popen(["/usr/bin/python3", "-c", script, str(listener.fileno()), *h.command()],
                                         stdout=log, stderr=log, pass_fds=(listener.fileno(),))
        h.socket = path
        h.wait_socket()
        assert not os.path.exists(os.path.join(h.dir, "socket")), "it listens where it was told to only"
        h.stop()
        assert os.path.exists(path), "the socket is its giver's"
        listener.close()


def test_notify_socket():
    with Host() as h:
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.bind(os.path.join(h.dir, "notify"))
        s.settimeout(30)
        h.start(env={**os.environ, "NOTIFY_SOCKET": os.path.join(h.dir, "notify"), "WATCHDOG_USEC": "400000"})
        messages = ""
        while "WATCHDOG=1" not in messages or "READY=1" not in messages:
            messages += s.recv(4096).decode() + "\n"
        h.process.send_signal(1)
        while "RELOADING=1" not in messages or "MONOTONIC_USEC=" not in messages:
            messages += s.recv(4096).decode() + "\n"
        messages = ""
        while "READY=1" not in messages:
            messages += s.recv(4096).decode() + "\n"
        h.process.send_signal(15)
        while "STOPPING=1" not in messages:
            messages += s.recv(4096).decode() + "\n"


def test_stale_socket_is_replaced_and_a_live_one_is_not():
    with Host() as h:
        h.start()
        h.kill()
        assert os.path.exists(h.socket)
        h.start()
        other = Host()
        try:
            other.socket = h.socket
            other.start(wait=False)
            assert other.wait_ended() == 1
            has(other.log(), "another process answers there", h.socket)
        finally:
            other.__exit__(None)
        assert h.status()


def test_a_file_that_is_no_socket_is_left_alone():
    with Host() as h:
        with open(h.socket, "w", encoding="ascii") as f:
            f.write("precious")
        h.start(wait=False)
        assert h.wait_ended() == 1
        has(h.log(), "is no socket")
        with open(h.socket, encoding="ascii") as f:
            assert f.read() == "precious"


def test_connections_in_use_survive_a_reload_and_end_at_the_stop():
    with Host() as h:
        h.start()
        with h.client() as c:
            c.send("Monitor", {}, more=True)
            h.call("Reload")
            assert c.recv()["parameters"]["event"]["type"] == "config_loaded"
            h.process.send_signal(15)
            while True:
                reply = c.recv()
                if "error" in reply:
                    break
            has(reply["parameters"]["reason"], "stopping")
            assert select.select([c.sock], [], [], 30)[0] and c.sock.recv(1) == b""


def test_stock_python_client():
    try:
        import varlink
    except ImportError as e:
        raise Skip("python3-varlink is not installed") from e
    with Host() as h:
        h.start()
        with varlink.Client(address=f"unix:{h.socket}") as client:
            with client.open("org.varlink.service") as service:
                assert "org.viaduct" in service.GetInfo()["interfaces"]
            with client.open("org.viaduct") as viaduct:
                assert viaduct.GetStatus()["status"]["pfs"]
                progress = list(viaduct.Apply(_more=True))
                assert progress[-1]["report"]["failed"] == 0
                try:
                    viaduct.Show(device="eth9")
                    raise AssertionError("there is no such device")
                except varlink.VarlinkError as e:
                    assert e.error() == "org.viaduct.NotFound", e
