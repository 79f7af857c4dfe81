# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad daemons, bad outputs: an exit code and a sentence, never a crash, never a hang."""
import json
import os
import random
import subprocess
import time

from scripted import DOCUMENTS, Server, document
from tool import against, apply_script, contains, environment, equal, run, socket_path
import tool

READERS = {"GetStatus": ("status",), "List": ("list",), "Show": ("show", "device", "x"),
           "ShowVm": ("show", "vm", "x"), "GetPlan": ("plan",), "Check": ("check",), "GetInventory": ("inventory",),
           "GetConfig": ("config", "show"), "Bind": ("bind", "x"), "Apply": ("apply",), "Monitor": ("monitor",),
           "Reload": ("reload",), "ListClaims": ("list", "claims"), "ListNetworks": ("list", "networks"),
           "ListVms": ("list", "vms"), "Claim": ("claim", "x", "--device", "y"), "Release": ("release", "vm", "x"),
           "Adopt": ("adopt",), "ClearQuarantine": ("quarantine", "clear", "x"), "Drain": ("drain", "x")}
CHANGES = ("bind", "apply", "reload", "claim", "release", "adopt", "quarantine", "drain")


def test_dies_in_mid_reply():
    def half(connection, _parameters):
        connection.raw(b'{"parameters":{"status":{')
        connection.sock.close()
    for method, argv in READERS.items():
        r = against({method: half}, *argv)
        equal((r.status, r.out[:17]), (5, '{"error":{"exit":' if argv == ("inventory",) else ""), argv)
        contains(r.err, "went away", "journalctl -u viaductd")
        equal("its journal" in r.err, argv[0] in CHANGES, argv)


def test_dies_in_mid_apply():
    def two_steps(connection, _parameters):
        report = document("apply-done")
        connection.reply({"plan": report["plan"]}, continues=True)
        connection.reply({"progress": report["results"][0]}, continues=True)
        connection.sock.close()
    r = against({"Apply": two_steps}, "apply")
    equal(r.status, 5)
    contains(r.out, "1/5 set_autoprobe")
    contains(r.err, "journal", "viaduct status")


def test_silent_daemon():
    before = time.monotonic()
    r = against({}, "--timeout", "1", "status", connected=lambda c: c.sock.recv(65536) and time.sleep(5))
    equal(r.status, 5)
    contains(r.err, "did not answer", "within 1 s", "--timeout")
    assert time.monotonic() - before < 4


def test_garbage():
    for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n\0", b"\0", b"[]\0", b'{"parameters":3}\0', b"{}{}\0",
                 b'{"parameters":{"a":' + b"[" * 100 + b"]" * 100 + b"}}\0", b"\xff\xfe\0", os.urandom(300) + b"\0"):
        for argv in (("status",), ("apply",), ("--json", "monitor")):
            r = against({}, *argv, connected=lambda c, d=data: (c.sock.recv(65536), c.raw(d)))
            equal((r.status, r.out.count("\n")), (1, 1 if "--json" in argv else 0), (data, argv))
            contains(r.err, "does not speak viaductd's protocol")


def test_reply_without_its_member():
    for method, argv in READERS.items():
        if method in ("GetStatus", "GetPlan", "GetInventory", "GetConfig", "Bind"):
            r = against({method: lambda c, p: c.reply({})}, *argv)
            equal(r.status, 1, argv)
            contains(r.err, "protocol")


def mutate(o, rng):
    """A document with some members of another type, gone, or absurd."""
    odd = (None, True, -1, 10**18, 1.5, "", "\x1b[2J", [], {}, [None], {"a": []}, "x" * 3000)
    if rng.random() < 0.12:
        return rng.choice(odd)
    if isinstance(o, dict):
        return {k: mutate(v, rng) for k, v in o.items() if rng.random() > 0.05}
    if isinstance(o, list):
        return [mutate(v, rng) for v in o]
    return o


def survives(r, argv):
    assert r.status in (0, 1, 3, 4) or 10 <= r.status <= 32, (argv, r)
    assert "Sanitizer" not in r.err and "runtime error" not in r.err, (argv, r)
    assert "\x1b" not in r.out, (argv, r)


def test_odd_documents():
    shapes = {"GetStatus": "status", "List": "list", "Show": "show-pf", "GetPlan": "plan",
              "Check": "check", "Bind": "bind", "ShowVm": "vm", "ListClaims": "claims", "ListNetworks": "networks",
              "ListVms": "vms-down", "Claim": "claim", "Release": "released-not-clean", "Adopt": "adopted",
              "Drain": "drain"}
    for seed in range(12):
        rng = random.Random(seed)
        for method, name in shapes.items():
            def odd(connection, _parameters, name=name, rng=rng):
                connection.reply({k: mutate(v, rng) for k, v in document(name).items()})
            survives(against({method: odd}, *READERS[method]), (seed, method))

        def odd_apply(connection, _parameters, rng=rng):
            report = document("apply-failed")
            connection.reply({"plan": mutate(report["plan"], rng)}, continues=True)
            for result in report["results"]:
                connection.reply({"progress": mutate(result, rng)}, continues=True)
            connection.reply({"report": mutate(report, rng)})

        def odd_events(connection, _parameters, rng=rng):
            for event in document("events"):
                connection.reply({"event": mutate(event, rng)}, continues=True)
            connection.reply({})
        survives(against({"Apply": odd_apply}, "apply"), (seed, "apply"))
        survives(against({"Monitor": odd_events}, "monitor"), (seed, "monitor"))


def test_samples_are_json():
    for name in os.listdir(DOCUMENTS):
        document(name.removesuffix(".json"))


def test_output_closed():
    path = socket_path()
    with Server(path, {"GetStatus": "status", "Apply": apply_script("apply-done")}) as server:
        r = run("--socket", path, "status", stdout=None, preexec_fn=lambda: os.close(1))
        equal(r.status, 1)
        contains(r.err, "cannot write the output")
        equal([c["method"] for c in server.calls], ["org.viaduct.GetStatus"], "nothing else was sent")
        r = run("--socket", path, "status", preexec_fn=lambda: (os.close(0), os.close(2)))
        equal(r.status, 0)


def test_output_full():
    with open("/dev/full", "w", encoding="utf-8") as full:
        r = against({"GetStatus": "status"}, "status", stdout=full)
    equal(r.status, 1)
    contains(r.err, "No space left")


def reader_leaves(script, *argv):
    path = socket_path()
    with Server(path, script):
        read_end, write_end = os.pipe()
        os.close(read_end)
        r = run("--socket", path, *argv, stdout=write_end)
        os.close(write_end)
    return r


def test_reader_gone():
    r = reader_leaves({"List": "list"}, "list")
    equal((r.status, r.err), (1, ""))
    r = reader_leaves({"Apply": apply_script("apply-failed")}, "apply")
    equal((r.status, r.err), (1, ""), "the apply is heard to its end")


def test_monitor_stops_when_nobody_reads():
    def forever(connection, _parameters):
        while True:
            connection.reply({"event": document("events")[0]}, continues=True)
    for argv in (("monitor",), ("--json", "monitor")):
        equal(reader_leaves({"Monitor": forever}, *argv).status, 1)


def test_interrupt():
    path = socket_path()
    with Server(path, {"Monitor": lambda c, p: c.receive()}):
        process = subprocess.Popen([tool.viaduct, "--socket", path, "monitor"], env=environment())
        time.sleep(0.3)
        process.terminate()
        equal(process.wait(10), -15)


def test_watch():
    path, states = socket_path(), ["status", "status", "status-ready"]

    def answer(connection, _parameters):
        if states:
            connection.reply(document(states.pop(0)))
        else:
            connection.sock.close()
    with Server(path, {"GetStatus": answer}):
        r = run("--socket", path, "--json", "status", "--watch")
    lines = r.out.splitlines()
    equal([json.loads(line).get("ready") for line in lines[:2]], [False, True], "only what changed")
    equal(r.status, 5)


def test_large_inventory():
    devices = [dict(document("list")["devices"][1], address=f"0000:{i >> 8:02x}:{i >> 3 & 31:02x}.{i & 7}")
               for i in range(8192)]
    before = time.monotonic()
    r = against({"List": lambda c, p: c.reply({"version": 1, "devices": devices})}, "list", "vf")
    equal((r.status, r.out.count("\n")), (0, 8193))
    assert time.monotonic() - before < 30
