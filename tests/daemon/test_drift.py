# SPDX-License-Identifier: GPL-2.0-or-later
"""What others do to the host: drift, healing, devices that come, go and hang."""
import signal
import time

from harness import Host, config, has, refused, until

PF = "0000:01:00.0"
PF2 = "0000:02:00.0"
NUMVFS = f"write:sys/bus/pci/devices/{PF}/sriov_numvfs"


def drifting(**drift):
    return config(drift={"interval_s": 1, "debounce_ms": 100, **drift})


def events(h, *types):
    """A subscription that stays open; the caller reads from it."""
    c = h.client()
    c.send("Monitor", {"types": list(types)}, more=True)
    assert h.status()
    return c


def event(c):
    return c.recv()["parameters"]["event"]


def test_drift_is_found_and_goes():
    with Host(conf=drifting()) as h:
        h.start("--pokes", h.pokes)
        h.call("Apply")
        c = events(h, "drift_found", "drift_gone")
        h.poke(f"vf {PF} 1 vlan=999")
        e = event(c)
        assert e["type"] == "drift_found" and e["drift"]["what"] == "vlan", e
        has(e["message"], "VF 1", "999", "100")
        assert h.pf()["state"] == "drifted" and not h.status()["ready"]
        vf = h.call("Show", {"device": PF})["device"]["sriov"]["vfs"][1]
        assert vf["drift"] == ["vlan"]
        h.poke(f"vf {PF} 1 vlan=100")
        assert event(c)["type"] == "drift_gone"
        assert h.pf()["state"] == "ok" and h.status()["ready"]


def test_only_what_is_configured_is_healed():
    with Host(conf=drifting(heal=["vlan"])) as h:
        h.start("--pokes", h.pokes)
        h.call("Apply")
        c = events(h, "drift_healed")
        h.poke(f"vf {PF} 1 vlan=999")
        h.poke(f"vf {PF} 1 spoofchk=0")
        e = event(c)
        assert e["drift"]["what"] == "vlan"
        attrs = h.picture()[PF][2 + 1][2]
        assert attrs["vlan"] == 100 and attrs["spoofchk"] is False
        until(lambda: [d["what"] for d in h.pf()["drift"]] == ["spoofchk"])


def test_a_passing_state_is_no_drift():
    with Host(conf=drifting(debounce_ms=1500)) as h:
        h.start("--pokes", h.pokes)
        h.call("Apply")
        c = events(h, "drift_found", "drift_gone")
        h.poke(f"vf {PF} 1 vlan=999")
        until(lambda: h.pf()["drift"])
        h.poke(f"vf {PF} 1 vlan=100")
        until(lambda: not h.pf()["drift"])
        h.poke(f"vf {PF} 0 vlan=998")
        e = event(c)
        assert e["drift"]["vf_index"] == 0, "the first one was too short to be told"


def test_our_own_transitions_are_no_drift():
    with Host(conf=drifting(interval_s=1, debounce_ms=10)) as h:
        h.start()
        h.call("Apply")
        c = events(h, "drift_found", "ready")
        conf = drifting(debounce_ms=10)
        conf["pfs"][1]["num_vfs"] = 5
        h.write_config(conf)
        h.call("Reload")
        assert event(c)["drift"]["what"] == "num_vfs"
        h.call("Apply", {"recreate": True})
        time.sleep(1.5)
        assert h.status()["ready"]
        h.process.send_signal(signal.SIGHUP)
        c.sock.settimeout(0.5)
        try:
            assert False, event(c)
        except TimeoutError:
            pass


def test_healing_ends_when_something_fights_back():
    with Host(conf=drifting(heal=["vlan"], interval_s=1, debounce_ms=10)) as h:
        h.start("--pokes", h.pokes, "--heal-backoff", "10")
        h.call("Apply")
        deadline = time.monotonic() + 60
        while h.pf()["state"] != "failed":
            h.poke(f"vf {PF} 1 vlan=999")
            time.sleep(0.3)
            assert time.monotonic() < deadline, h.pf()
        has(h.pf()["reason"], "came back", "No more tries")
        h.call("Apply")
        until(lambda: h.pf()["state"] in ("ok", "drifted"))


def test_a_pf_that_hangs_is_blocked_and_the_other_carries_on():
    with Host(conf=config(step_timeout_s=1)) as h:
        h.start("--hang", NUMVFS)
        c = events(h, "blocked", "unblocked")
        with h.client() as a:
            a.send("Apply")
            report = a.result()["report"]
        states = {(s["pf"], s["op"]): r for s, r in zip(report["plan"]["steps"], report["results"])}
        blocked = states[(PF, "set_num_vfs")]
        assert blocked["state"] == "failed" and blocked["code"] == "blocked", blocked
        assert states[(PF2, "set_num_vfs")]["state"] == "done"
        e = event(c)
        assert e["type"] == "blocked" and e["pf"] == PF
        has(e["message"], "set_num_vfs", "has not come back")
        assert h.pf(PF)["state"] == "blocked" and h.pf(PF)["blocked_by"]
        assert h.pf(PF2)["state"] == "ok"
        has(refused("Blocked", h.call, "Apply", {"pf": PF}).reason, PF, "set_num_vfs")
        plan = h.call("GetPlan")["plan"]
        assert not plan["steps"]
        assert h.call("GetInventory", {"rescan": True})["inventory"]["devices"], "reading goes on"
        h.process.send_signal(signal.SIGUSR1)
        assert event(c)["type"] == "unblocked"
        until(lambda: h.pf(PF)["state"] != "blocked")
        assert h.call("Apply")["report"]["failed"] == 0
        assert h.pf(PF)["vfs"] == 3


def test_stop_does_not_wait_for_ever():
    with Host(conf=config(step_timeout_s=1)) as h:
        h.start("--hang", NUMVFS, "--stop-timeout", "1")
        h.call("Apply")
        began = time.monotonic()
        h.stop()
        assert time.monotonic() - began < 10
        h.forget("hang ")
        h.start()
        h.call("Apply")
        assert h.pf(PF)["vfs"] == 3


def test_a_pf_that_goes_and_comes_back_is_provisioned():
    with Host(conf=config(provision="auto")) as h:
        h.start("--pokes", h.pokes)
        # The last of the first provisioning's events; status is ready a moment earlier.
        until(lambda: "every configured PF" in h.log())
        c = events(h, "device_removed", "device_added", "plan_done")
        h.poke(f"unplug {PF2}")
        e = event(c)
        assert e["type"] == "device_removed" and e["pf"] == PF2
        assert h.pf(PF2)["state"] == "absent" and h.status()["ready"]
        h.poke(f"plug {PF2} eth1 52:54:00:76:00:02")
        assert event(c)["type"] == "device_added"
        assert event(c)["type"] == "plan_done"
        until(lambda: h.status()["ready"])
        assert h.pf(PF2)["vfs"] == 2


def test_a_held_vf_is_not_recreated_and_its_holder_is_named():
    with Host() as h:
        h.start("--pokes", h.pokes)
        h.call("Apply")
        h.poke(f"guest 812 web1 0a0b0c0d-0000-4000-8000-000000000001 0000:01:10.2")
        # It is adopted sooner or later; from then on its claim stands for it.
        assert [a["vm"] for a in h.call("Adopt")["claims"]] in (["web1"], [])
        c = config()
        c["pfs"][0]["num_vfs"] = 5
        h.write_config(c)
        h.call("Reload")
        plan = h.call("GetPlan", {"recreate": True})["plan"]
        assert not [s for s in plan["steps"] if s["pf"] == PF]
        has(plan["refusals"][0]["message"], "web1")
        assert plan["refusals"][0]["code"] == "claimed"
        assert h.pf()["vfs_in_use"] == 1
        e = refused("Claimed", h.call, "Unbind", {"device": "0000:01:10.2"})
        has(e.reason, "web1")
