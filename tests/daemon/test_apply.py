# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans, what Apply makes of them, and what is left when it is killed."""
import os
import signal

from harness import CONFIG, Host, config, has, refused, until

PF = "0000:01:00.0"
PF2 = "0000:02:00.0"


def test_apply_runs_the_plan_that_getplan_shows():
    with Host() as h:
        h.start()
        plan = h.call("GetPlan")["plan"]
        report = h.call("Apply")["report"]
        plan.pop("inventory_generation")
        report["plan"].pop("inventory_generation")
        assert report["plan"] == plan
        assert plan["steps"], "a bare host has something to do"
        assert report["done"] == len(plan["steps"]) and report["failed"] == 0, report


def test_second_apply_has_nothing_to_do():
    with Host() as h:
        h.start()
        h.call("Apply")
        report = h.call("Apply")["report"]
        assert report["plan"]["steps"] == [] and report["results"] == []
        assert h.status()["ready"]
        assert h.pf()["vfs_on_vfio"] == 3


def test_progress_tells_each_step():
    with Host() as h:
        h.start()
        with h.client() as c:
            replies = list(c.replies("Apply"))
        assert replies[0]["plan"]["steps"]
        states = {}
        for r in replies[1:-1]:
            states.setdefault(r["progress"]["id"], []).append(r["progress"]["state"])
        assert states == {s["id"]: ["running", "done"] for s in replies[0]["plan"]["steps"]}
        assert replies[-1]["report"]["done"] == len(states)


def test_apply_of_one_pf_leaves_the_other():
    with Host() as h:
        h.start()
        report = h.call("Apply", {"pf": "eth1"})["report"]
        assert {s["pf"] for s in report["plan"]["steps"]} == {PF2}
        assert h.pf(PF)["vfs"] == 0 and h.pf(PF2)["vfs"] == 2


def test_auto_provisions_at_the_start_and_then_is_ready():
    with Host(conf=config(provision="auto")) as h:
        h.start()
        until(lambda: h.status()["ready"])
        has(h.log(), "every configured PF that is present is as configured")


def test_unsupported_is_reported_and_hides_nothing():
    c = config()
    c["pfs"][0]["vf"]["link_state"] = "enable"
    c["pfs"][0]["vf"]["trust"] = True
    with Host(conf=c) as h:
        h.start()
        report = h.call("Apply")["report"]
        attrs = [a for r in report["results"] for a in r["attrs"]]
        assert {a["outcome"] for a in attrs if a["name"] == "link_state"} <= {"unsupported"}
        assert {a["outcome"] for a in attrs if a["name"] == "trust"} == {"applied"}
        assert report["failed"] == 0
        assert "link_state" in h.pf()["unsupported"]
        assert h.call("Apply")["report"]["plan"]["steps"] == []
        h.stop()
        h.start()
        assert "link_state" in h.pf()["unsupported"], "it was learnt before"


def test_a_vf_that_fails_stops_neither_its_neighbours_nor_another_pf():
    with Host() as h:
        h.start("--refuse", f"{PF}:1:vlan:22")
        report = h.call("Apply")["report"]
        assert report["failed"] == 1, report
        failed = next(r for r in report["results"] if r["state"] == "failed")
        vlan = next(a for a in failed["attrs"] if a["name"] == "vlan")
        assert vlan["outcome"] == "refused" and vlan["extack"] == "told to refuse it"
        steps = {s["id"]: s for s in report["plan"]["steps"]}
        skipped = [steps[r["id"]] for r in report["results"] if r["state"] == "skipped"]
        assert [(s["op"], s["vf_index"]) for s in skipped] == [("bind", 1)], "a wrong VLAN goes to no guest"
        drivers = [v.get("driver") for v in h.call("Show", {"device": PF})["device"]["sriov"]["vfs"]]
        assert drivers[0] and drivers[2] and not drivers[1], drivers
        assert h.pf(PF)["state"] == "failed" and h.pf(PF)["reason"]
        assert h.pf(PF2)["state"] == "ok"


# VFs on the host's driver, which has to let go for a new MAC: the configuration names no driver.
REPROBED = {"provision": "manual", "pfs": [{"match": {"address": PF}, "num_vfs": 3, "autoprobe": True}]}
WITH_MACS = {"provision": "manual", "pfs": [{
    "match": {"address": PF}, "num_vfs": 3, "autoprobe": True, "mac_prefix": "02:76:01",
    "vf": {"mac": "derived", "vlan": 9}}]}


def drivers_of(h):
    return [v.get("driver") for v in h.call("Show", {"device": PF})["device"]["sriov"]["vfs"]]


def test_no_vf_loses_its_driver_to_a_neighbour_that_failed():
    with Host(conf=REPROBED) as h:
        h.start("--refuse", f"{PF}:1:vlan:22")
        h.call("Apply")
        before = drivers_of(h)
        assert all(before), before
        h.write_config(WITH_MACS)
        h.call("Reload")
        report = h.call("Apply")["report"]
        assert report["failed"] == 1 and any(s["op"] == "unbind" for s in report["plan"]["steps"]), report
        assert drivers_of(h) == before


def killed_while_reprobing(n):
    """False: the apply has fewer records than n."""
    with Host(conf=REPROBED) as h:
        h.start()
        h.call("Apply")
        before = drivers_of(h)
        h.stop()
        h.write_config(WITH_MACS)
        h.start("--kill-at", f"{n}")
        with h.client() as c:
            c.send("Apply")
            try:
                c.recv()
                return False
            except (EOFError, ConnectionResetError):
                pass
        h.wait_ended()
        h.start()
        h.call("Apply")  # what was not begun; what was, the daemon goes on with by itself
        until(lambda: drivers_of(h) == before and not h.call("GetPlan")["plan"]["steps"], f"killed at {n}")
        return True


def test_no_vf_loses_its_driver_to_a_kill():
    n = 1
    while killed_while_reprobing(n):
        n += 1
    assert n > 8


def test_vf_creation_that_fails_is_undone():
    with Host() as h:
        h.start("--fail", f"write:sys/bus/pci/devices/{PF}/sriov_numvfs:0:12")
        report = h.call("Apply", {"pf": PF})["report"]
        states = {s["op"]: r["state"] for s, r in zip(report["plan"]["steps"], report["results"])}
        assert states["set_num_vfs"] == "failed" and states["set_autoprobe"] == "undone", states
        dev = h.call("Show", {"device": PF})["device"]["sriov"]
        assert dev["num"] == 0 and dev["autoprobe"] is True, "autoprobe is as it was"
        assert not any(s["rec"] == "intent" and s["session"] not in
                       [d["session"] for d in h.journal() if d["rec"] == "done"] for s in h.journal())


def test_baseline_is_what_the_vfs_were_before():
    with Host() as h:
        h.start()
        h.call("Apply")
        import json
        with open(os.path.join(h.state, "baselines.json"), encoding="utf-8") as f:
            vfs = json.load(f)["pfs"][PF]["vfs"]
        assert [v["index"] for v in vfs] == [0, 1, 2]
        assert all(v["attrs"]["vlan"] == 0 for v in vfs), "taken before the VLAN was set"


def records_of_an_apply():
    with Host() as h:
        h.start()
        h.call("Apply")
        return len(h.journal()), h.picture()


def kill_and_restart(n, when, wanted):
    with Host() as h:
        h.start("--kill-at", f"{n}{when}")
        with h.client() as c:
            c.send("Apply")
            try:
                while True:
                    c.recv()
            except (EOFError, ConnectionResetError):
                pass
        assert h.wait_ended() == -signal.SIGKILL, "it was to be killed"
        begun = os.path.getsize(os.path.join(h.state, "journal.jsonl")) > 0
        h.start()
        if begun:
            until(lambda: h.status()["ready"], f"killed at {n}{when}: {h.status()}\n{h.log()}")
        else:
            h.call("Apply")
        assert h.picture() == wanted, f"killed at {n}{when}"
        assert h.call("GetPlan")["plan"]["steps"] == []
        unfinished = {r["session"] for r in h.journal() if r["rec"] == "intent"} - {
            r["session"] for r in h.journal() if r["rec"] == "done"}
        assert not unfinished


def test_killed_at_every_journal_record_it_converges():
    n, wanted = records_of_an_apply()
    assert n > 8
    for i in range(1, n + 1):
        for when in ("", ":after"):
            kill_and_restart(i, when, wanted)


def test_stop_in_the_middle_is_finished_by_the_next_start():
    _, wanted = records_of_an_apply()
    with Host() as h:
        h.start("--hang", f"write:sys/bus/pci/devices/{PF}/sriov_numvfs")
        with h.client() as c:
            c.send("Apply")
            until(lambda: any(r["rec"] == "act" and 2 in r["steps"] for r in h.journal()))
            h.process.send_signal(signal.SIGTERM)
            until(lambda: "stopping" in h.log())
            h.process.send_signal(signal.SIGUSR1)
            reply = c.recv()
            assert reply["error"] == "org.viaduct.Failed", reply
            has(reply["parameters"]["reason"], "stopping", "next start")
        assert h.wait_ended() == 0
        h.start()
        until(lambda: h.status()["ready"])
        assert h.picture() == wanted


def test_two_requests_at_once_are_told_of_each_other():
    with Host() as h:
        h.start("--hang", f"write:sys/bus/pci/devices/{PF}/sriov_numvfs")
        with h.client() as c:
            c.send("Apply")
            until(lambda: h.pf()["state"] == "applying")
            e = refused("Busy", h.call, "Apply")
            has(e.reason, "another request is under way", "uid", "pid")
            h.process.send_signal(signal.SIGUSR1)
            assert c.result()["report"]["failed"] == 0


def test_a_client_that_leaves_does_not_stop_its_apply():
    with Host() as h:
        h.start()
        c = h.client()
        c.send("Apply")
        c.close()
        until(lambda: h.status()["ready"])


def test_more_vfs_need_recreate_and_say_so():
    with Host() as h:
        h.start()
        h.call("Apply")
        c = config()
        c["pfs"][1]["num_vfs"] = 4
        h.write_config(c)
        h.call("Reload")
        plan = h.call("GetPlan")["plan"]
        assert not plan["steps"] and [r["code"] for r in plan["refusals"]] == ["needs-recreate"], plan
        plan = h.call("GetPlan", {"recreate": True})["plan"]
        assert plan["disruption"] == "vf_recreate"
        assert h.call("Apply", {"recreate": True})["report"]["failed"] == 0
        assert h.pf(PF2)["vfs"] == 4


def test_verify_only_is_never_written():
    c = config()
    c["pfs"][0]["verify_only"] = True
    with Host(conf=c) as h:
        h.start()
        plan = h.call("GetPlan")["plan"]
        assert {s["pf"] for s in plan["steps"]} == {PF2}
        h.call("Apply")
        assert h.pf(PF)["vfs"] == 0 and h.pf(PF)["drift"], "compared, not written"


def test_protected_pf_is_refused_without_a_flag_naming_it():
    c = config()
    c["pfs"] = [dict(c["pfs"][0], mtu=9000)]
    with Host("protected", conf=c) as h:
        h.start()
        assert h.pf()["protected"]
        plan = h.call("GetPlan")["plan"]
        assert "protected" in [r["code"] for r in plan["refusals"]], plan
        has(next(r for r in plan["refusals"] if r["code"] == "protected")["message"], "default route")
        assert "set_pf_mtu" in [s["op"] for s in h.call("GetPlan", {"disturb": ["eth0"]})["plan"]["steps"]]


def test_refusals_of_requests():
    with Host() as h:
        h.start()
        has(refused("NotFound", h.call, "Apply", {"pf": "eth9"}).reason, "eth9", "viaduct list")
        has(refused("Invalid", h.call, "Apply", {"pf": "eth2"}).reason, "no PF")
        has(refused("NotFound", h.call, "GetPlan", {"disturb": ["0000:09:00.0"]}).reason, "0000:09:00.0")
        has(refused("NotFound", h.call, "Show", {"device": "eth0/3"}).reason, "eth0/3")
        has(refused("NotFound", h.call, "Bind", {"device": "nothing"}).reason, "nothing")


assert CONFIG["pfs"][0]["match"]["address"] == PF
