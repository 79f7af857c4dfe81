# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims at the edges: ends that come at an odd moment, files that vanish, hosts that are changed by hand."""
import json
import os
import shutil
import signal
import time

from claims_host import VF_A, Claims, changed, domain, uuid
from harness import Error, has, refused, until


def next_event(client):
    return client.recv()["parameters"]["event"]


def steps(h):
    """A client that is told when a step begins."""
    client = h.client()
    client.send("Monitor", {"types": ["step_started"]}, more=True)
    h.status()
    return client


def leave_note(h, name, n, devices, generations):
    """As the hook does it, of VM n that ends now."""
    folder = os.path.join(h.state, "notes")
    with open(f"{folder}/.{name}", "w", encoding="utf-8") as f:
        json.dump({"version": 1, "operation": "release", "uuid": uuid(n), "name": f"vm{n}",
                   "time_us": time.time_ns() // 1000, "devices": devices, "generations": generations}, f)
    os.rename(f"{folder}/.{name}", f"{folder}/{name}.json")


def test_the_end_of_a_second_start_releases_what_the_first_one_claimed():
    """Without libvirt to ask, and its release lost, a VM's claim is known at its next start. When that one
    was called off, the claim was made as it had been, and stayed for ever."""
    with Claims() as h:
        h.start()
        before = h.vf(VF_A[0])
        web = domain(1, [(VF_A[0], "red")])
        first = h.hook("prepare", web)
        h.poke("hang set_vfs")
        with h.client() as c, steps(h) as began:
            c.send("HookQemu", {"operation": "prepare", "suboperation": "begin", "domain": web})
            next_event(began)
            assert h.hook("release", web, []) == first
            h.process.send_signal(signal.SIGUSR1)
            assert "error" in c.recv()
        until(lambda: not h.claims())
        assert h.vf(VF_A[0]) == before


def prepared(h, dom):
    """None while the disk is full: room is made in its own time."""
    try:
        return h.hook("prepare", dom)
    except Error:
        return None


def test_a_note_of_an_earlier_end_does_not_end_a_later_start():
    """It could not be written down for want of room; the VM was started again with the claim it had."""
    with Claims() as h:
        h.start()
        web = domain(1, [(VF_A[0], "red")])
        generations = h.hook("prepare", web)
        h.kill()
        h.start("--disk-full-after", "300")
        leave_note(h, "x", 1, [VF_A[0]], generations)
        until(lambda: "to be tried again" in h.log())
        assert os.listdir(f"{h.state}/notes") == ["x.json"]
        h.process.send_signal(signal.SIGUSR2)
        until(lambda: prepared(h, web) == generations)
        claim = h.claim_at(VF_A[0])
        leave_note(h, "y", 2, [VF_A[0]], [])  # of another one: notes are read again
        until(lambda: not os.listdir(f"{h.state}/notes"))
        has(h.log(), "started again since")
        assert h.claim_at(VF_A[0]) == claim and claim["state"] == "active"
        attrs = h.vf(VF_A[0])[1]
        assert attrs["vlan"] == 100, attrs


def test_nothing_is_claimed_in_a_state_directory_that_was_deleted():
    """The ledger's file was written on, and was gone with its last descriptor."""
    with Claims() as h:
        h.start()
        kept = h.claim(1)
        shutil.rmtree(h.state)
        e = refused("Failed", lambda: h.claim(2))
        has(e.reason, "claims.jsonl", "No such file")
        assert h.claims() == [kept]
        refused("Failed", lambda: h.release(device=kept["address"]))
        assert h.claims() == [kept]


def test_a_note_and_the_next_start_that_come_together():
    """The daemon did not run for a while: the end it was not told in time and the start after it wait for it both."""
    with Claims() as h:
        h.start()
        web = domain(1, [(VF_A[0], "red")])
        generations = h.hook("prepare", web)
        for i in range(6):
            h.process.send_signal(signal.SIGSTOP)
            try:
                if i % 2:
                    with h.client() as c:
                        c.send("HookQemu", {"operation": "release", "domain": web, "generations": generations})
                leave_note(h, f"n{i}", 1, [VF_A[0]], generations)
                c = h.client()
                c.send("HookQemu", {"operation": "prepare", "suboperation": "begin", "domain": web})
            finally:
                h.process.send_signal(signal.SIGCONT)
            with c:
                generations = c.result()["generations"]
            until(lambda: not os.listdir(f"{h.state}/notes"))
            until(lambda: h.claim_at(VF_A[0])["state"] == "active")
            assert [c["generation"] for c in h.claims()] == generations
            assert h.vf(VF_A[0])[1]["vlan"] == 100


def recreate_beside(vf):
    """What becomes of a prepare for this VF while the VFs of its PF are being made anew, as three of four."""
    with Claims() as h:
        h.start()
        a, b = changed()["pfs"]
        h.write_config(changed(provision="manual", pfs=[{**a, "num_vfs": 3}, b]))
        h.process.send_signal(signal.SIGHUP)
        until(lambda: h.pf()["wanted_vfs"] == 3)
        h.poke("hang write:*/sriov_numvfs")
        with h.client() as apply, h.client() as hook, steps(h) as began:
            apply.send("Apply", {"recreate": True, "pf": h.pf()["address"]})
            next_event(began)
            hook.send("HookQemu", {"operation": "prepare", "suboperation": "begin", "domain": domain(1, [(vf, "red")])})
            until(lambda: h.claim_at(vf))
            assert h.claim_at(vf)["state"] == "preparing"
            h.process.send_signal(signal.SIGUSR1)
            report = apply.result()["report"]
            assert report["failed"] == 0 and report["done"] > 0, report
            reply = hook.recv()
        until(lambda: all(c["state"] == "active" for c in h.claims()))
        return reply, h.claims(), h.picture()[h.pf()["address"]][2:]


def test_a_claim_beside_a_recreate_is_made_on_the_new_vf():
    reply, claims, vfs = recreate_beside(VF_A[1])
    assert reply["parameters"]["generations"] == [claims[0]["generation"]], reply
    assert [(vf[0], vf[2]["vlan"]) for vf in vfs] == [(VF_A[0], 0), (VF_A[1], 100), (VF_A[2], 0)], vfs


def test_a_claim_beside_a_recreate_that_takes_its_vf_is_refused():
    reply, claims, vfs = recreate_beside(VF_A[3])
    assert reply.get("error", "").endswith("NotFound") and claims == [], (reply, claims)
    assert [vf[0] for vf in vfs] == VF_A[:3]
