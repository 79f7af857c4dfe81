# SPDX-License-Identifier: GPL-2.0-or-later
"""Who holds which VF: made real on the host, whole or not at all, and never two at once."""
import json
import signal
import threading

from claims_host import MAC, PF_A, PF_B, VF_A, VF_B, Claims, changed, domain, request, uuid
from harness import Error, has, refused, until


def in_parallel(fns):
    """What each of them returned or raised, all begun at once."""
    results = [None] * len(fns)

    def run(i):
        try:
            results[i] = fns[i]()
        except Exception as e:  # told to the caller
            results[i] = e

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(fns))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


def test_a_claim_of_a_network_is_configured_when_it_is_answered():
    with Claims() as h:
        h.start()
        c = h.claim(1)
        assert (c["state"], c["origin"], c["network"], c["vm"]) == ("active", "request", "red", "vm1"), c
        attrs = h.vf(c["address"])[1]
        assert (attrs["mac"], attrs["vlan"], attrs["spoofchk"]) == (MAC.format(1), 100, True), attrs
        assert h.claim_at(c["address"]) == c


def test_a_claim_of_a_device_gets_that_device():
    with Claims() as h:
        h.start()
        c = h.claim(1, device=VF_A[2], network="red")
        assert c["address"] == VF_A[2] and c["vf_index"] == 2, c
        assert h.vf(VF_A[2])[1]["vlan"] == 100
        e = refused("Claimed", lambda: h.claim(2, device=VF_A[2], network="red"))
        has(e.reason, "vm1")


def test_a_released_vf_is_as_it_was_before_sriov_cni_214():
    """The guest's MAC was left behind on the VF, and the next guest with it met its double."""
    with Claims() as h:
        h.start()
        before = h.vf(VF_A[0])
        c = h.claim(1, device=VF_A[0], network="red")
        assert h.vf(VF_A[0])[1]["mac"] == MAC.format(1)
        refused("DuplicateMac", lambda: h.claim(2, mac=MAC.format(1)))
        assert h.release(device=VF_A[0], generation=c["generation"]) == []
        assert h.vf(VF_A[0]) == before
        assert h.claims() == []
        again = h.claim(2, device=VF_A[1], network="red", mac=MAC.format(1))
        assert again["generation"] > c["generation"], again


def test_a_late_release_leaves_the_next_owner_alone_sriov_cni_219():
    with Claims() as h:
        h.start()
        old = h.claim(1, device=VF_A[0], network="red")
        h.release(device=VF_A[0])
        new = h.claim(2, device=VF_A[0], network="red")
        e = refused("StaleGeneration", lambda: h.release(device=VF_A[0], generation=old["generation"]))
        has(e.reason, str(new["generation"]), "vm2")
        assert h.claim_at(VF_A[0]) == new
        assert h.vf(VF_A[0])[1]["mac"] == MAC.format(2)


def test_a_late_hook_leaves_the_next_owner_alone_sriov_cni_219():
    with Claims() as h:
        h.start()
        old = h.hook("prepare", domain(1, [(VF_A[0], "red")]))
        h.hook("release", domain(1, [(VF_A[0], "red")]), old)
        until(lambda: not h.claims())
        new = h.hook("prepare", domain(1, [(VF_A[0], "red")]))
        h.hook("release", domain(1, [(VF_A[0], "red")]), old)
        c = h.claim_at(VF_A[0])
        assert c["state"] == "active" and [c["generation"]] == new, c


def test_one_vf_never_has_two_owners_device_plugin_369_198():
    with Claims() as h:
        h.start()
        results = in_parallel([lambda n=n: h.claim(n) for n in range(1, 8)])
        made = [r for r in results if isinstance(r, dict)]
        failed = [r for r in results if not isinstance(r, dict)]
        assert len(made) == 4, results
        assert len({c["address"] for c in made}) == 4, made
        assert len({c["generation"] for c in made}) == 4, made
        assert all(isinstance(e, Error) and e.name.endswith("NoFreeVf") for e in failed), failed
        for c in made:
            assert h.vf(c["address"])[1]["mac"] == c["mac"]


def test_a_vf_that_a_process_holds_is_not_given_away_device_plugin_369_198():
    with Claims() as h:
        h.start()
        h.poke(f"guest 4711 stranger {uuid(9)} {VF_A[0]}")
        h.call("GetInventory", {"rescan": True})
        # In use; or, when the comparison at the start has seen it already, adopted.
        e = refused(("InUse", "Claimed"), lambda: h.claim(1, device=VF_A[0], network="red"))
        has(e.reason, "stranger")
        assert h.claim(2)["address"] != VF_A[0]


def test_two_claims_on_one_pf_wait_for_each_other_sriov_cni_213_34():
    """EBUSY was what the second one got."""
    with Claims() as h:
        h.start()
        h.poke("hang set_vfs")
        with h.client() as a, h.client() as b:
            a.send("Claim", request(1))
            until(lambda: "preparing" in [c["state"] for c in h.claims()])
            b.send("Claim", request(2))
            until(lambda: [c["state"] for c in h.claims()] == ["preparing"] * 2)
            h.process.send_signal(signal.SIGUSR1)
            first, second = a.result()["claim"], b.result()["claim"]
        assert first["state"] == second["state"] == "active"
        assert first["address"] != second["address"]


def test_a_vm_gets_all_its_devices_or_none():
    with Claims() as h:
        h.start()
        h.poke(f"refuse {PF_B} 1 vlan 22 2")  # in the batch, and when it is asked for by itself
        dom = domain(1, [(VF_A[0], "red"), (VF_A[1], "red"), (VF_B[1], "blue")])
        e = refused("KernelRefused", h.hook, "prepare", dom)
        has(e.reason, "vlan", "told to refuse it")
        until(lambda: not h.claims())
        for vf in (VF_A[0], VF_A[1], VF_B[1]):
            attrs = h.vf(vf)[1]
            assert attrs["vlan"] == 0, (vf, attrs)
        dom = domain(1, [(VF_A[0], "red"), (VF_A[1], "red"), (VF_B[0], "blue")])
        assert len(h.hook("prepare", dom)) == 3
        assert {c["state"] for c in h.claims()} == {"active"}


def test_a_vm_with_one_device_that_is_anothers_gets_none():
    with Claims() as h:
        h.start()
        h.claim(1, device=VF_A[1], network="red")
        e = refused("Claimed", h.hook, "prepare", domain(2, [(VF_A[0], "red"), (VF_A[1], "red")]))
        has(e.reason, "vm1")
        assert [c["vm"] for c in h.claims()] == ["vm1"]


def test_a_vlan_the_kernel_refuses_fails_the_claim_nova_check_exit_code():
    """A VM was started without its VLAN, as the failure of setting it was ignored."""
    with Claims() as h:
        h.start()
        before = h.vf(VF_A[0])
        h.poke(f"refuse {PF_A} 0 vlan 22 2")
        e = refused("KernelRefused", lambda: h.claim(1, device=VF_A[0], network="red"))
        has(e.reason, "vlan", "told to refuse it")
        until(lambda: not h.claims())
        assert h.vf(VF_A[0]) == before


def test_a_value_that_does_not_read_back_fails_the_claim():
    with Claims() as h:
        h.start()
        h.poke(f"refuse {PF_A} 0 vlan 0 1")  # accepted, and not kept
        e = refused("Failed", lambda: h.claim(1, device=VF_A[0], network="red"))
        has(e.reason, "vlan")
        until(lambda: not h.claims())


def test_a_driver_without_spoof_check_fails_the_claim_that_wants_it():
    with Claims() as h:
        h.start()
        h.poke(f"refuse {PF_A} 0 spoofchk 95 2")
        e = refused("Unsupported", lambda: h.claim(1, device=VF_A[0], network="red"))
        has(e.reason, "spoofchk")
        until(lambda: not h.claims())


def test_nothing_stays_half_configured_after_a_failed_add_sriov_cni_119():
    for attr in ("mac", "vlan", "spoofchk", "trust"):
        with Claims() as h:
            h.start()
            before = h.vf(VF_A[0])
            h.poke(f"refuse {PF_A} 0 {attr} 22 2")
            try:
                h.claim(1, device=VF_A[0], network="red")
            except Error:
                until(lambda: not h.claims())
                assert h.vf(VF_A[0]) == before, attr
            else:
                assert h.vf(VF_A[0])[1]["mac"] == MAC.format(1), attr


def test_pf_and_vfs_exclude_each_other_nova_1969496():
    with Claims(changed(provision="manual")) as h:
        h.start(ready=False)
        h.call("Apply", {"pf": PF_A})
        h.claim(1, device=VF_A[0], network="red")
        e = refused("Claimed", lambda: h.claim(2, device=PF_A, whole=True))
        has(e.reason, "vm1")
        whole = h.claim(3, device=PF_B, whole=True)
        assert whole["whole"] and whole["state"] == "active", whole
        # And none of its VFs are made while it is given away.
        report = h.call("Apply", {"pf": PF_B})["report"]
        assert not [s for s in report["results"] if s["state"] == "done"], report
        assert h.picture()[PF_B][0] == 0
        refused("NoFreeVf", lambda: h.claim(4, network="blue"))


def test_a_release_is_refused_while_the_vm_runs():
    with Claims() as h:
        h.start()
        h.claim(1, device=VF_A[0], network="red")
        h.poke(f"guest 4711 vm1 {uuid(1)} {VF_A[0]}")
        e = refused("InUse", lambda: h.release(device=VF_A[0]))
        has(e.reason, "vm1", "4711")
        assert h.claim_at(VF_A[0])["state"] == "active"
        assert h.vf(VF_A[0])[1]["mac"] == MAC.format(1)
        h.poke("guest-gone 4711")
        assert h.release(device=VF_A[0]) == []
        assert h.claims() == []


def test_a_hooks_release_waits_for_who_still_holds_the_vf():
    with Claims() as h:
        h.start()
        gens = h.hook("prepare", domain(1, [(VF_A[0], "red")]))
        h.poke(f"guest 4711 vm1 {uuid(1)} {VF_A[0]}")
        h.hook("release", domain(1, [(VF_A[0], "red")]), gens)
        until(lambda: "vm1" in (h.claim_at(VF_A[0]).get("reason") or ""))
        c = h.claim_at(VF_A[0])
        assert c["state"] == "releasing", c
        assert h.vf(VF_A[0])[1]["vlan"] == 100
        h.poke("guest-gone 4711")
        until(lambda: not h.claims())
        assert h.vf(VF_A[0])[1]["vlan"] == 0


def test_what_does_not_come_clean_is_kept_apart_device_plugin_714():
    with Claims() as h:
        h.start()
        h.claim(1, device=VF_A[0], network="red")
        h.poke("fail write:*/reset 0 5")
        left = h.release(device=VF_A[0])
        assert [c["state"] for c in left] == ["quarantined"], left
        has(left[0]["reason"], "reset")
        refused("Quarantined", lambda: h.claim(2, device=VF_A[0], network="red"))
        assert h.claim(3)["address"] != VF_A[0]
        until(lambda: h.claim_at(VF_A[0])["attempts"] >= 3, "it is not tried again")
        assert h.status()["quarantined"] == 1
        h.poke("heal")
        until(lambda: h.claim_at(VF_A[0]) is None)
        assert h.vf(VF_A[0])[1]["vlan"] == 0
        assert h.claim(2, device=VF_A[0], network="red")["state"] == "active"


def test_a_quarantined_vf_is_cleared_by_hand():
    with Claims() as h:
        h.start("--clean-backoff", "600000")
        h.claim(1, device=VF_A[0], network="red")
        refused("Invalid", lambda: h.call("ClearQuarantine", {"device": VF_A[0]}))
        h.poke("fail write:*/reset 0 5")
        assert h.release(device=VF_A[0])[0]["state"] == "quarantined"
        still = h.call("ClearQuarantine", {"device": VF_A[0]})["claims"]
        assert [c["state"] for c in still] == ["quarantined"] and still[0]["attempts"] == 2, still
        h.poke(f"guest 4711 stranger {uuid(9)} {VF_A[0]}")
        refused("InUse", lambda: h.call("ClearQuarantine", {"device": VF_A[0], "force": True}))
        h.poke("guest-gone 4711")
        assert h.call("ClearQuarantine", {"device": VF_A[0], "force": True})["claims"] == []
        assert h.claims() == []


def test_a_drained_pf_takes_no_new_claims():
    with Claims() as h:
        h.start()
        c = h.claim(1)
        drained = h.call("Drain", {"pf": PF_A})
        assert drained["claims"] == [c] and drained["drain"]["remaining"] == 1, drained
        refused("NoFreeVf", lambda: h.claim(2))
        refused("Draining", lambda: h.claim(2, device=VF_A[3], network="red"))
        h.kill()
        h.start()
        refused("Draining", lambda: h.claim(2, device=VF_A[3], network="red"))
        assert h.claim(3, network="blue")["pf"] == PF_B
        h.call("Drain", {"pf": PF_A, "off": True})
        assert h.claim(2, device=VF_A[3], network="red")["state"] == "active"


def test_a_claim_waits_for_the_apply_that_has_its_pf():
    with Claims() as h:
        h.start()
        h.poke(f"vf {PF_A} 3 vlan=7")
        h.poke("hang set_vfs")
        with h.client() as a, h.client() as b:
            a.send("Apply", {"pf": PF_A})
            until(lambda: h.pf(PF_A)["running_step"] if "running_step" in h.pf(PF_A) else True)
            b.send("Claim", request(1, device=VF_A[0], network="red"))
            until(lambda: h.claims())
            h.process.send_signal(signal.SIGUSR1)
            a.result()
            assert b.result()["claim"]["state"] == "active"
        assert h.vf(VF_A[0])[1]["vlan"] == 100


def test_an_apply_leaves_what_is_claimed_as_the_claim_says():
    with Claims() as h:
        h.start()
        c = h.claim(1)
        report = h.call("Apply")["report"]
        assert report["results"] == [], report
        assert h.vf(c["address"])[1]["vlan"] == 100
        h.poke(f"vf {PF_A} {c['vf_index']} vlan=9")
        h.call("Apply")
        assert h.vf(c["address"])[1]["vlan"] == 100


def test_the_vf_count_does_not_change_under_a_claim():
    with Claims() as h:
        h.start()
        h.claim(1)
        conf = changed()
        conf["pfs"][0]["num_vfs"] = 6
        h.write_config(conf)
        h.call("Reload")
        report = h.call("Apply", {"recreate": True})["report"]
        has(json.dumps(report), "vm1")
        assert h.picture()[PF_A][0] == 4


def test_a_claimed_vf_is_not_bound_by_hand():
    with Claims() as h:
        h.start()
        h.claim(1, device=VF_A[0], network="red")
        has(refused("Claimed", lambda: h.call("Bind", {"device": VF_A[0]})).reason, "vm1")


def test_a_card_that_was_pulled_has_nothing_to_clean():
    with Claims() as h:
        h.start()
        c = h.claim(1)
        h.poke(f"unplug {PF_A}")
        until(lambda: PF_A not in h.picture())
        assert h.claim_at(c["address"])["state"] == "active"
        assert h.release(device=c["address"]) == []
        assert h.claims() == []


def test_a_request_is_confirmed_by_the_hook_and_outlives_the_vm():
    with Claims() as h:
        h.start()
        c = h.claim(1, device=VF_A[0], network="red")
        h.poke(f"vf {PF_A} 0 vlan=9")
        gens = h.hook("prepare", domain(1, [(VF_A[0], None)]))
        assert gens == [c["generation"]]
        assert h.vf(VF_A[0])[1]["vlan"] == 100
        h.hook("release", domain(1, [(VF_A[0], None)]), gens)
        assert h.claim_at(VF_A[0])["state"] == "active"


def test_events_tell_who_got_what():
    with Claims() as h:
        h.start()
        with h.client() as sub:
            sub.send("Monitor", {}, more=True)
            h.status()
            c = h.claim(1)
            h.poke("fail write:*/reset 0 5")
            h.release(device=c["address"])
            h.call("Drain", {"pf": PF_A})
            seen = {}
            while "drain" not in seen:
                e = sub.recv()["parameters"].get("event")
                if e:
                    seen.setdefault(e["type"], e)
        assert seen["claimed"]["claim"]["generation"] == c["generation"]
        assert seen["quarantined"]["claim"]["state"] == "quarantined"
        has(seen["claimed"]["message"], "vm1", "red")


def test_many_claims_and_releases_at_once_end_with_everything_free():
    with Claims() as h:
        h.start()
        before, generations = h.picture(), []

        def life(n):
            for _ in range(6):
                try:
                    c = h.claim(n, network="red" if n % 3 else "blue")
                except Error as e:
                    assert e.name.endswith("NoFreeVf"), e
                    continue
                generations.append(c["generation"])
                assert h.release(device=c["address"], generation=c["generation"]) == []

        failed = [r for r in in_parallel([lambda n=n: life(n) for n in range(1, 9)]) if r]
        assert not failed, failed
        assert h.claims() == []
        assert h.picture() == before
        assert len(generations) > 8 and len(generations) == len(set(generations)), generations


def test_an_apply_gets_its_turn_among_many_claims():
    conf = changed()
    conf["pfs"][0]["vf"]["vlan"] = 50
    with Claims(conf) as h:
        h.start()
        done, made = threading.Event(), []

        def life(n):
            with h.client() as c:
                while not done.is_set():
                    address = c.call("Claim", request(n))["claim"]["address"]
                    made.append(address)
                    c.call("Release", {"device": address})

        threads = [threading.Thread(target=life, args=(n,)) for n in range(1, 4)]
        for t in threads:
            t.start()
        try:
            until(lambda: len(made) > 10)
            for _ in range(5):
                h.poke(f"vf {PF_A} 3 vlan=7")
                before = len(made)
                report = h.call("Apply", {"pf": PF_A})["report"]
                assert report["done"] == 1, report
                assert len(made) - before < 30, "claims went before it all the time"
        finally:
            done.set()
            for t in threads:
                t.join()


def test_claims_go_with_their_card_harvester_6518():
    """Cards were added, addresses moved, and claims pointed at the wrong device."""
    macs = {PF_A: "52:54:00:76:00:01", PF_B: "52:54:00:76:00:02"}
    with Claims() as h:
        h.start()
        one, two = h.claim(1, device=VF_A[0], network="red"), h.claim(2, device=VF_B[0], network="blue")
        h.stop()
        h.start()
        h.poke(f"unplug {PF_A}")
        h.poke(f"unplug {PF_B}")
        until(lambda: not h.picture())
        h.poke(f"plug {PF_A} eth0 {macs[PF_B]}")
        h.poke(f"plug {PF_B} eth1 {macs[PF_A]}")
        until(lambda: {c["address"]: c["vm"] for c in h.claims()} == {VF_A[0]: "vm2", VF_B[0]: "vm1"},
              "the claims did not follow")
        assert {c["vm"]: c["generation"] for c in h.claims()} == {
            "vm1": one["generation"], "vm2": two["generation"]}
        h.kill()
        h.start()
        assert {c["address"]: c["vm"] for c in h.claims()} == {VF_A[0]: "vm2", VF_B[0]: "vm1"}


def test_a_claim_that_binds_gives_the_driver_back():
    with Claims() as h:
        h.start()
        before = h.vf(VF_B[0])
        c = h.claim(1, network="blue", driver=True)
        assert (c["address"], c["driver"]) == (VF_B[0], "vfio-pci"), c
        assert h.vf(VF_B[0])[0] == "vfio-pci" != before[0]
        assert h.call("Apply")["report"]["results"] == []
        assert h.release(vm="vm1") == []
        assert h.vf(VF_B[0]) == before


def test_what_did_not_come_clean_is_not_bound_to_the_hosts_driver_again():
    with Claims() as h:
        h.start("--clean-backoff", "600000")
        h.claim(1, network="blue")
        h.poke("fail write:*/reset 0 5")
        assert h.release(vm="vm1")[0]["state"] == "quarantined"
        driver, attrs = h.vf(VF_B[0])
        assert driver is None and attrs["vlan"] == 200, (driver, attrs)
        h.poke("heal")
        assert h.call("ClearQuarantine", {"device": VF_B[0]})["claims"] == []
        driver, attrs = h.vf(VF_B[0])
        assert driver == "igbvf" and attrs["vlan"] == 0, (driver, attrs)
