# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes, and the sentence that comes with each."""
import os
import socket
import time

from scripted import document
from tool import Skip, against, apply_script, contains, equal, refusals, run, socket_path


def answer(name, **parameters):
    return lambda connection, _: connection.error(name, **parameters)


def test_each_refusal():
    for name, (_code, status, sentence) in refusals().items():
        r = against({"Bind": answer(f"org.viaduct.{name}", reason=f"because {name}")}, "bind", "06:00.0")
        equal((r.status, r.out), (status, ""), name)
        equal(r.err, f"viaduct: because {name}\n")
        r = against({"Bind": answer(f"org.viaduct.{name}")}, "bind", "06:00.0")
        equal((r.status, r.err), (status, f"viaduct: {sentence}\n"), "without a reason")


def test_each_refusal_of_apply():
    for name, (_code, status, _sentence) in refusals().items():
        r = against({"Apply": answer(f"org.viaduct.{name}", reason="x")}, "apply")
        equal((r.status, r.err), (status, "viaduct: x\n"), name)


def test_refusal_inside_a_bind_report():
    for code, status in (("in-use", 11), ("unsafe-iommu-group", 12), ("unheard-of", 1)):
        report = document("bind")
        report["report"]["plan"]["refusals"] = [{"code": code, "target": "06:00.0", "message": "no"}]
        report["report"]["results"] = []
        equal(against({"Bind": lambda c, p, r=report: c.reply(r)}, "bind", "06:00.0").status, status, code)


def test_refusal_by_the_step_of_a_bind():
    for code, status in (("refused-by-kernel", 24), ("ENODEV", 1), (None, 1)):
        report = document("bind")["report"]
        report.update(done=0, failed=1)
        report["results"][0].update(state="failed", code=code)
        r = against({"Bind": lambda c, p, r=report: c.reply({"report": r})}, "bind", "06:00.0")
        equal(r.status, status, code)


def test_environment_failed():
    r = against({"Apply": answer("org.viaduct.Failed", reason="cannot write sriov_numvfs", errno="ENOSPC")},
                "apply")
    equal((r.status, r.err), (1, "viaduct: cannot write sriov_numvfs (ENOSPC)\n"))


def test_every_problem_of_a_configuration():
    problems = ["/etc/viaduct/viaduct.json:3: /pfs/0: no", "/etc/viaduct/viaduct.json:9: /pfs/1: no"]
    r = against({"Reload": answer("org.viaduct.Invalid", reason="2 problems", problems=problems)}, "reload")
    equal(r.status, 19)
    equal(r.err, "viaduct: 2 problems\n" + "".join(f"  {p}\n" for p in problems))


def test_errors_of_the_protocol():
    for name, parameters, says, status in (
            ("MethodNotFound", {"method": "org.viaduct.Check"}, '"org.viaduct.Check"', 1),
            ("InvalidParameter", {"parameter": "types"}, '"types"', 19),
            ("InterfaceNotFound", {"interface": "org.viaduct"}, '"org.viaduct"', 1),
            ("PermissionDenied", {}, "not permit", 27), ("Unheard", {}, "org.varlink.service.Unheard", 1)):
        r = against({"Check": answer(f"org.varlink.service.{name}", **parameters)}, "check")
        equal(r.status, status, name)
        contains(r.err, says)


def test_no_daemon():
    r = run("--socket", socket_path(), "status")
    equal((r.status, r.out), (5, ""))
    contains(r.err, "viaductd is not running", "systemctl start viaductd")
    dead = socket_path()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(dead)
    r = run("--socket", dead, "status")
    equal(r.status, 5)
    contains(r.err, "systemctl start viaductd")


def test_no_permission():
    def as_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    if os.getuid() != 0:
        raise Skip("only root can become somebody else")
    path = socket_path()
    os.chmod(os.path.dirname(path), 0o755)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        os.chmod(path, 0o600)
        s.listen()
        r = run("--socket", path, "status", preexec_fn=as_nobody)
    equal(r.status, 27)
    contains(r.err, "group viaduct", "viaduct-admin", "usermod")


def test_wait_ready():
    states = iter(["status", "status", "status-ready"])
    r = against({"GetStatus": lambda c, p: c.reply(document(next(states)))}, "status", "--wait-ready=20")
    equal((r.status, len(r.calls)), (0, 3))
    assert r.out.startswith("ready"), r
    r = against({"GetStatus": "status"}, "status", "--wait-ready=4")
    equal((r.status, r.out), (1, ""))
    contains(r.err, "not ready within 4 s", "0000:02:00.0 is drifted", "0000:03:00.0 is blocked")
    assert "0000:01:00.0" not in r.err and "0000:04:00.0" not in r.err, r.err


def test_wait_ready_runs_out_of_time():
    """The last try is too short for any answer; what was heard before it counts."""
    asked = []

    def once(connection, _parameters):
        asked.append(connection)
        if len(asked) == 1:
            connection.reply(document("status"))
        else:
            connection.receive()
    r = against({"GetStatus": once}, "status", "--wait-ready=1")
    equal((r.status, len(asked)), (1, 2))
    contains(r.err, "not ready within 1 s", "0000:02:00.0 is drifted")


def test_wait_ready_waits_for_the_daemon():
    r = run("--socket", socket_path(), "status", "--wait-ready=1")
    equal(r.status, 5)
    answers = iter([lambda c: c.sock.close(), lambda c: c.reply(document("status-ready"))])

    def once_gone(connection, _parameters):
        next(answers)(connection)
    r = against({"GetStatus": once_gone}, "status", "--wait-ready=20")
    equal(r.status, 0)


def test_wait_ready_does_not_hang_with_the_daemon():
    before = time.monotonic()
    r = against({}, "status", "--wait-ready=1", connected=lambda c: (c.receive(), c.receive()))
    equal(r.status, 5)
    contains(r.err, "did not answer")
    assert time.monotonic() - before < 5
    r = against({}, "status", "--wait-ready=20", connected=lambda c: (c.receive(), c.raw(b"nonsense\0")))
    equal(r.status, 1)
    assert time.monotonic() - before < 10, "waiting mends nothing"


def test_apply_ends_without_report():
    r = against({"Apply": lambda c, p: c.reply({"plan": document("plan")["plan"]})}, "apply")
    equal(r.status, 1)
    contains(r.err, "without a report")


def test_check_with_unknown_severity():
    findings = {"version": 1, "findings": [{"id": "x", "severity": "terrible", "message": "m"}]}
    equal(against({"Check": lambda c, p: c.reply(findings)}, "check").status, 1)


def test_apply_that_undid_has_failed():
    report = document("apply-done")
    report["undone"] = 1
    equal(against({"Apply": lambda c, p: c.reply({"report": report})}, "apply").status, 1)
    equal(against({"Apply": apply_script("apply-done")}, "apply").status, 0)
