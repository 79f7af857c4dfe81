# SPDX-License-Identifier: GPL-2.0-or-later
"""viaduct and viaductd together: the real daemon on this machine, with an empty configuration, so that it
looks and changes nothing; and the daemon on a fake host, where it changes what there is."""
import json
import os
import signal
import socket
import subprocess
import time

from tool import Skip, contains, equal, keep, run
import tool


class Daemon:
    """viaductd on this machine; or, for a kind of tests/daemon/make_host.c, on that fake host."""

    def __init__(self, config=None, host=None):
        self.folder = f"{tool.folder}/daemon{len(os.listdir(tool.folder))}"
        os.makedirs(f"{self.folder}/etc")
        os.makedirs(f"{self.folder}/state")
        self.path, self.config = f"{self.folder}/socket", f"{self.folder}/etc/viaduct.json"
        self.configure(config or {})
        self.command = self.program(host)
        self.start()

    def start(self):
        with open(f"{self.folder}/log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*self.command, "--config", f"{self.folder}/etc", "--state-dir", f"{self.folder}/state",
                 "--socket", self.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while self.call("status").status and time.monotonic() < deadline:
            time.sleep(0.1)
        r = self.call("status")
        if r.status:
            with open(f"{self.folder}/log", encoding="utf-8") as f:
                self.stop()
                raise AssertionError(f"{r}\n{f.read()}")

    def program(self, host):
        fakes = f"{tool.build}/tests/daemon"
        programs = (f"{fakes}/viaductd-test", f"{fakes}/make-host") if host else (f"{tool.build}/daemon/viaductd",)
        for binary in programs:
            if not os.access(binary, os.X_OK):
                raise Skip(f"{binary} is not built")
        if not host:
            return programs
        with open(f"{self.folder}/host", "wb") as f:
            subprocess.run([programs[1], host], stdout=f, check=True, timeout=60)
        return programs[0], "--host", f"{self.folder}/host"

    def configure(self, config):
        with open(self.config, "w", encoding="utf-8") as f:
            json.dump(config, f)

    def call(self, *argv, **more):
        return run("--socket", self.path, *argv, **more)

    def raw(self, method, **parameters):
        """The parameters of a reply, past libviaduct."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path)
            s.sendall(json.dumps({"method": f"org.viaduct.{method}", "parameters": parameters}).encode() + b"\0")
            data = b""
            while not data.endswith(b"\0"):
                data += s.recv(65536)
        return json.loads(data[:-1])["parameters"]

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


def test_json_is_what_the_daemon_says():
    with Daemon() as d:
        for argv, method, parameters, member, kind in (
                (("status",), "GetStatus", {}, "status", "status"),
                (("list", "all"), "List", {"kinds": ["pf", "vf", "nic", "bridge", "other"]}, None, "devices"),
                (("inventory",), "GetInventory", {}, "inventory", "inventory"),
                (("plan",), "GetPlan", {}, "plan", "plan"),
                (("list", "claims"), "ListClaims", {}, None, "claims"),
                (("list", "networks"), "ListNetworks", {}, None, "networks"),
                (("list", "vms"), "ListVms", {}, None, "vms"),
                (("config", "show"), "GetConfig", {}, "config", "config")):
            raw = d.raw(method, **parameters)
            r = d.call("--json", *argv)
            equal(r.err, "")
            doc = raw[member] if member else raw
            got = json.loads(r.out)
            for x in (doc, got):
                for grows in ("inventory_generation", "generation"):
                    x.pop(grows, None)  # each of these calls reads the host anew
            equal(got, doc, argv)
            keep(kind, kind, json.loads(r.out))


def test_each_device_is_shown():
    with Daemon() as d:
        devices = d.raw("List", kinds=["pf", "nic", "bridge", "other"])["devices"]
        for device in devices[:20]:
            r = d.call("show", device["address"])
            equal((r.status, r.err), (0, ""))
            contains(r.out, device["address"], f"kind            {device['kind']}", device["vendor"])
        listed = d.call("list", "all", "--no-header", "--columns", "ADDRESS").out.split()
        assert {x["address"] for x in devices} <= set(listed), listed


def test_nothing_to_do():
    with Daemon() as d:
        equal((d.call("plan").status, d.call("apply").status), (0, 0))
        report = json.loads(d.call("--json", "apply").out)
        equal((report["plan"]["steps"], report["results"]), ([], []))
        keep("report", "report", report)


def test_refusals_reach_the_shell():
    with Daemon() as d:
        for argv in (("show", "no-such-device"), ("bind", "ffff:00:00.0"), ("plan", "ffff:00:00.0")):
            r = d.call(*argv)
            equal((r.status, r.out), (16, ""), argv)
        d.configure({"pfs": [{"matches": {}}]})
        r = d.call("reload")
        equal(r.status, 19)
        contains(r.err, d.config, "/pfs/0")
        status = json.loads(d.call("--json", "status").out)
        contains(status["config_error"], d.config)
        contains(d.call("status").out, "the configuration was not taken")
        d.configure({})
        r = d.call("reload")
        equal((r.status, r.out), (0, f"{d.config}\n"))


def test_events():
    with Daemon() as d:
        with open(f"{d.folder}/events", "w", encoding="utf-8") as out:
            monitor = subprocess.Popen([tool.viaduct, "--json", "--socket", d.path, "monitor"], stdout=out,
                                       stderr=subprocess.PIPE, text=True)
        deadline, seen = time.monotonic() + 20, ""
        while "config_loaded" not in seen and time.monotonic() < deadline:
            equal(d.call("reload").status, 0)  # again until the subscription stands
            time.sleep(0.2)
            with open(f"{d.folder}/events", encoding="utf-8") as f:
                seen = f.read()
        d.stop(signal.SIGKILL)
        _, err = monitor.communicate(timeout=20)
        equal(monitor.returncode, 5)
        contains(err, "went away")
        loaded = [e for e in map(json.loads, seen.splitlines()) if e["type"] == "config_loaded"]
        assert loaded and str(os.getuid()) in loaded[0]["cause"], loaded
        keep("event", "event", loaded[0])
        equal(d.call("status").status, 5)


EAST = {"label": "east", "match": {"address": "0000:01:00.0"}, "num_vfs": 3, "mac_prefix": "02:76:01",
        "vf": {"mac": "derived", "vlan": 100, "qos": 3, "max_tx_mbps": 500, "link_state": "enable",
               "driver": "vfio-pci"},
        "vfs": [{"index": 2, "vlan": 200, "driver": "host"}]}
MANUAL = {"provision": "manual", "pfs": [EAST]}


def test_main_job():
    """From a bare NIC to verified VFs, by the commands a person types."""
    with Daemon(MANUAL, "lab") as d:
        r = d.call("status")
        contains(r.out, "not ready", "pending", "num_vfs is 0, wanted 3")
        r = d.call("plan")
        equal(r.status, 3)
        contains(r.out, "set_autoprobe 0000:01:00.0: VF driver autoprobe on -> off", "VFs 0 -> 3",
                 "set_vf_attrs 0000:01:10.0 (VF 0): mac 02:76:01:", "vlan 100 (priority 3)", "up to 500 Mbit/s",
                 "bind 0000:01:10.4 (VF 2): driver none -> igbvf", "steps to run; the whole plan disturbs nothing.")
        steps = json.loads(d.call("--json", "plan").out)["steps"]
        r = d.call("apply")
        equal((r.status, r.err), (0, ""))
        contains(r.out, f"{len(steps)}/{len(steps)} ", "unsupported: link_state",
                 f"{len(steps)} done; 3 attributes the driver does not support.")
        equal([d.call("plan").out, d.call("apply").out], 2 * ["Nothing to do.\n"])
        r = d.call("status")
        contains(r.out, "ready: ", "not supported by the driver: link_state")
        assert "Drift" not in r.out, "what the driver cannot do is no drift to a person"
        r = d.call("show", "eth0")
        contains(r.out, "3 of 7 VFs", " 100/3 ..500 ", " 200/3 ..500 ", "igbvf")
        contains(d.call("show", "eth0/2").out, "VF 2 of 0000:01:00.0", "vlan 200 (priority 3)")
        equal(d.call("list", "vf", "--no-header", "--columns", "address,driver").out.split(),
              ["0000:01:10.0", "vfio-pci", "0000:01:10.2", "vfio-pci", "0000:01:10.4", "igbvf"])
        equal(d.call("status", "--wait-ready=20").status, 0)
        keep("pf", "device", json.loads(d.call("--json", "show", "eth0").out))


def test_recreate():
    with Daemon(MANUAL, "lab") as d:
        equal(d.call("apply").status, 0)
        d.configure({"provision": "manual", "pfs": [dict(EAST, num_vfs=5)]})
        equal(d.call("reload").status, 0)
        for command in ("plan", "apply"):
            r = d.call(command)
            equal(r.status, 4, command)
            contains(r.out, "needs-recreate: ", "--recreate", "1 refusal")
        r = d.call("plan", "--recreate")
        equal(r.status, 3)
        contains(r.out, "VFs 3 -> 0", "VFs 0 -> 5", "the whole plan recreates all VFs of the PF.")
        equal((d.call("apply", "--recreate").status, d.call("plan").status), (0, 0))


def test_direct_path():
    with Daemon({}, "lab") as d:
        r = d.call("bind", "0000:02:00.0", "--persistent")
        equal((r.status, r.err), (0, ""))
        contains(r.out, "1/1 bind 0000:02:00.0: done", "1 done.")
        contains(d.call("status").out, "0000:02:00.0: vfio-pci, instead of igb, again after each boot")
        equal(d.call("unbind", "0000:02:00.0").status, 0)
        assert "DirectPath" not in d.call("status").out
        r = d.call("bind", "0000:02:00.0", "--driver", "no-such-driver")
        assert r.status == 1 or r.status >= 10, r
        contains(r.out + r.err, "no-such-driver")
        contains(d.call("show", "0000:02:00.0").out, "driver          igb")


def test_protected():
    with Daemon(MANUAL, "protected") as d:
        r = d.call("bind", "0000:01:00.0")
        equal((r.status, r.out), (13, ""))
        contains(r.err, "0000:01:00.0", "--disturb")
