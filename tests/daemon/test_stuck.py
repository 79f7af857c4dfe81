# SPDX-License-Identifier: GPL-2.0-or-later
"""A PF whose device lock somebody else keeps: reading it hangs, the rest goes on."""
import signal
import subprocess
import time

from harness import Host, config, has, refused, until

PF, VF0 = "0000:01:00.0", "0000:01:10.0"
PF2 = "0000:02:00.0"


def hang(h, address=PF, attribute="sriov_numvfs"):
    h.poke(f"hang read:*{address}/{attribute}")


def release(h):
    h.process.send_signal(signal.SIGUSR1)


def is_blocked(h):
    until(lambda: h.pf(PF)["state"] == "blocked", "it was not found to hang")


def test_a_pf_that_hangs_is_blocked_and_the_others_are_not():
    with Host() as h:
        h.start("--pokes", h.pokes)
        hang(h)
        with h.client() as c:
            c.send("Apply")
            began = time.monotonic()
            h.status()
            assert time.monotonic() - began < 1, "status is answered at once"
            is_blocked(h)
            report = c.result()["report"]
        assert {s["pf"] for s in report["plan"]["steps"]} == {PF2} and report["failed"] == 0, report
        refusal = next(r for r in report["plan"]["refusals"] if r["code"] == "blocked")
        has(refusal["message"], PF, "sriov_numvfs", "does not come back")
        assert h.pf(PF2)["state"] == "ok" and h.pf(PF2)["vfs"] == 2
        has(refused("Blocked", h.call, "Apply", {"pf": PF}).reason, PF, "sriov_numvfs")
        release(h)
        until(lambda: h.pf(PF)["state"] != "blocked")
        assert "blocked_by" not in h.pf(PF)
        assert h.call("Apply")["report"]["failed"] == 0
        assert h.pf(PF)["state"] == "ok" and h.pf(PF)["vfs"] == 3


def test_what_stood_in_line_is_answered():
    with Host() as h:
        h.start("--pokes", h.pokes)
        hang(h)
        clients = [h.client() for _ in range(4)]
        for c, (method, parameters) in zip(clients, (("GetInventory", {"rescan": True}), ("GetPlan", {}),
                                                     ("Check", {}), ("Show", {"device": PF}))):
            c.send(method, parameters)
        inventory, plan, check, show = [c.result() for c in clients]
        assert PF in [d["address"] for d in inventory["inventory"]["devices"]]
        assert {s["pf"] for s in plan["plan"]["steps"]} == {PF2}
        assert check["findings"] and show["device"]["address"] == PF
        for c in clients:
            c.close()
        release(h)
        until(lambda: h.pf(PF)["state"] != "blocked")
        assert {s["pf"] for s in h.call("GetPlan")["plan"]["steps"]} == {PF, PF2}


def test_a_vf_that_hangs_blocks_its_pf_and_names_the_holder():
    with Host() as h:
        h.start("--pokes", h.pokes)
        h.call("Apply")
        h.poke(f"guest 4242 web01 6ba7b810-9dad-11d1-80b4-00c04fd430c8 {VF0}")
        hang(h, VF0, "driver_override")
        with h.client() as events, h.client() as c:
            events.send("Monitor", {"types": ["blocked", "unblocked"]}, more=True)
            c.send("GetPlan")
            has(events.result()["event"]["message"], PF, VF0, "driver_override", "web01", "4242")
            c.result()
            has(h.pf(PF)["blocked_by"], VF0, "web01")
            release(h)
            assert events.result()["event"]["type"] == "unblocked"
        until(lambda: h.pf(PF)["state"] == "ok")


def test_two_pfs_that_hang():
    with Host() as h:
        h.start("--pokes", h.pokes)
        hang(h, PF)
        hang(h, PF2, "driver_override")
        assert h.call("GetPlan")["plan"]["steps"] == []
        assert [h.pf(PF)["state"], h.pf(PF2)["state"]] == ["blocked", "blocked"]
        release(h)
        until(lambda: "blocked" not in [h.pf(PF)["state"], h.pf(PF2)["state"]])
        assert h.call("Apply")["report"]["failed"] == 0


def test_provisioning_of_the_others_goes_on_by_itself():
    c = config(provision="auto")
    c["pfs"].pop()
    with Host(conf=c) as h:
        h.start("--pokes", h.pokes)
        until(lambda: h.status()["ready"])
        hang(h)
        h.write_config(config(provision="auto"))
        h.call("Reload")
        until(lambda: h.pf(PF2)["vfs"] == 2 and h.pf(PF2)["state"] == "ok")
        assert h.pf(PF)["state"] == "blocked"
        release(h)
        until(lambda: h.status()["ready"])


def test_a_pf_that_hangs_at_the_start():
    with Host(conf=config(provision="auto")) as h:
        h.start("--pokes", h.pokes, "--hang", f"read:*{PF}/driver_override", wait=False)
        h.wait_socket()
        until(lambda: h.pf(PF2)["state"] == "ok")
        is_blocked(h)
        assert h.pf(PF)["managed"]
        release(h)
        until(lambda: h.status()["ready"])
        assert h.pf(PF)["vfs"] == 3


def test_it_stops_though_a_pf_hangs():
    with Host() as h:
        h.start("--pokes", h.pokes)
        hang(h)
        h.call("GetPlan")
        is_blocked(h)
        began = time.monotonic()
        assert h.stop() == 0
        assert time.monotonic() - began < 3


def test_it_stops_before_it_knows_what_hangs():
    with Host() as h:
        # Longer than it takes to find out: what is asked is answered then.
        h.start("--pokes", h.pokes, "--stop-timeout", "60")
        hang(h)
        with h.client() as c:
            c.send("GetPlan")
            h.status()
            h.process.send_signal(signal.SIGTERM)
            has(c.recv()["parameters"]["reason"], "stopping")
        assert h.wait_ended() == 0


def test_what_hangs_again_and_again_costs_no_threads():
    with Host() as h:
        h.start("--pokes", h.pokes)
        for _ in range(2):
            hang(h)
            h.call("GetPlan")
            is_blocked(h)
            release(h)
            until(lambda: h.pf(PF)["state"] != "blocked")
        h.call("GetPlan")

        def threads():
            return subprocess.run(f"cat /proc/{h.process.pid}/task/*/comm", shell=True, capture_output=True,
                                  text=True, check=False).stdout.split()

        until(lambda: not set(threads()) & {"reader", "sweep", PF}, "the threads that hung are gone")
