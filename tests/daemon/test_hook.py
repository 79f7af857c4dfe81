# SPDX-License-Identifier: GPL-2.0-or-later
"""libvirt's hook, as it talks to the daemon."""
import json
import threading

from harness import Error, has, refused, until
from vmhost import A, B, DB, NIC, WEB, VmHost, device, domain, next_event


def test_a_start_claims_and_configures_and_an_end_frees():
    with VmHost() as h:
        vf = h.vfs()[0]
        before = h.attrs(vf)
        mac = "52:54:00:aa:00:01"
        web = domain("web", WEB, device(vf, interface=True, mac=mac, tags=1, tag=300, network="blue"))
        generations = h.hook("prepare", web, suboperation="begin")
        claim = h.claim_at(vf)
        assert generations == [claim["generation"]]
        assert (claim["state"], claim["origin"], claim["managed"]) == ("active", "hook", True), claim
        assert (claim["vm"], claim["uuid"], claim["network"]) == ("web", WEB, "blue"), claim
        now = h.attrs(vf)
        assert (now["mac"], now["vlan"]) == (mac, 300), now
        assert h.hook("start", web) == h.hook("started", web) == h.hook("stopped", web) == generations
        assert h.claim_at(vf)["state"] == "active"
        h.hook("release", web, suboperation="end", generations=generations)
        h.free(vf)
        assert h.attrs(vf) == before


def test_a_second_domain_is_refused_and_told_the_owner():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        e = refused("Claimed", h.hook, "prepare", domain("db", DB, vf))
        has(e.reason, "db", "web", vf)
        assert [c["vm"] for c in h.claims()] == ["web"]


def test_no_start_without_its_vlan():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, device(vf, network="blue"))
        h.poke(f"refuse {A} 0 vlan 22 -1")
        e = refused("KernelRefused", h.hook, "prepare", web)
        has(e.reason, "vlan")
        until(lambda: not h.claim_at(vf) or h.claim_at(vf)["state"] == "quarantined")
        h.poke("heal")
        h.free(vf)
        assert h.hook("prepare", web)
        assert h.attrs(vf)["vlan"] == 300


def test_what_libvirt_would_undo_is_refused():
    with VmHost() as h:
        vf = h.vfs()[0]
        e = refused("Invalid", h.hook, "prepare", domain("web", WEB, device(vf, interface=True, network="blue")))
        has(e.reason, "300", "<vlan>")
        assert h.claims() == []


def test_what_nobody_manages_is_recorded_and_left_alone():
    with VmHost() as h:
        driver = h.call("Show", {"device": NIC})["device"]["driver"]
        web = domain("web", WEB, NIC)
        h.hook("prepare", web)
        claim = h.claim_at(NIC)
        assert (claim["managed"], claim["whole"], claim["state"]) == (False, True, "active"), claim
        refused("Claimed", h.hook, "prepare", domain("db", DB, NIC))
        h.hook("release", web)
        h.free(NIC)
        assert h.call("Show", {"device": NIC})["device"]["driver"] == driver
        assert "reset" not in h.log()


def test_a_pf_and_its_vfs_are_not_both_given_away():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        try:
            h.hook("prepare", domain("db", DB, A))
            raise AssertionError("the PF was given away beside its VF")
        except Error as e:
            assert e.name.rsplit(".", 1)[1] in ("Claimed", "InUse", "Protected"), e
        assert len(h.claims()) == 1


def test_all_of_a_domain_or_nothing():
    with VmHost() as h:
        one, two, three = h.vfs()
        h.hook("prepare", domain("db", DB, two))
        refused("Claimed", h.hook, "prepare", domain("web", WEB, one, two, three))
        assert [c["address"] for c in h.claims()] == [two]


def test_a_late_release_does_not_touch_the_next_owner():
    with VmHost() as h:
        vf = h.vfs()[0]
        web, db = domain("web", WEB, vf), domain("db", DB, vf)
        old = h.hook("prepare", web)
        h.hook("release", web, generations=old)
        h.free(vf)
        new = h.hook("prepare", db)
        before = h.attrs(vf)
        assert h.hook("release", web, generations=old) == []
        assert h.hook("release", db, generations=old) == []
        assert h.claim_at(vf)["generation"] == new[0] > old[0]
        assert h.attrs(vf) == before


def test_a_domain_may_start_again_at_once():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        last = 0
        for _ in range(5):
            generation, = h.hook("prepare", web)
            assert generation > last
            last = generation
            h.hook("release", web)
        assert h.hook("prepare", domain("db", DB, vf))


def test_a_client_that_goes_away_has_failed_its_start():
    with VmHost("--vm-gone", "600000") as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, device(vf, network="blue"))
        before = h.attrs(vf)
        h.poke("hang set_vfs")
        with h.client() as c, h.events("step_started") as steps:
            c.send("HookQemu", {"operation": "prepare", "domain": web})
            next_event(steps)
        assert h.claim_at(vf)["state"] == "preparing"
        h.end_hang()
        h.free(vf)
        assert h.attrs(vf) == before
        assert h.hook("prepare", web)


def test_the_release_of_a_start_under_way_calls_it_off():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, device(vf, network="blue"))
        h.poke("hang set_vfs")
        with h.client() as c, h.events("step_started") as steps:
            c.send("HookQemu", {"operation": "prepare", "domain": web})
            next_event(steps)
            h.hook("release", web)  # is answered while the step hangs
            assert h.claim_at(vf)["state"] == "preparing"
            h.end_hang()
            assert "error" in c.recv()
            h.free(vf)
        assert h.hook("prepare", web)
        assert h.claim_at(vf)["state"] == "active"


def test_what_runs_is_adopted_at_reconnect_which_never_fails():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        assert h.hook("reconnect", domain("web", WEB, "0000:77:00.0", vf)) == []
        h.poke(f"guest 4711 web {WEB} {vf}")
        h.hook("reconnect", web)
        until(lambda: h.claim_at(vf))
        claim = h.claim_at(vf)
        assert (claim["origin"], claim["state"], claim["uuid"]) == ("adopted", "active", WEB), claim
        refused("Claimed", h.hook, "prepare", domain("db", DB, vf))
        assert h.hook("reconnect", domain("db", DB, vf)) == []


def test_a_start_that_nobody_claimed_is_told_and_adopted():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.poke(f"guest 4711 web {WEB} {vf}")
        known = h.hook("started", domain("web", WEB, vf))
        claim = until(lambda: h.claim_at(vf))
        assert (claim["origin"], claim["uuid"]) == ("adopted", WEB), claim
        # Unless the start's own comparison has seen the guest and was first.
        if not known:
            has(h.log(), "domain web started with " + vf, "nobody claimed")


def test_restore_and_migrate_only_check():
    with VmHost() as h:
        vf = h.vfs()[0]
        for operation in ("restore", "migrate"):
            assert h.hook(operation, domain("web", WEB, "0000:77:00.0", vf)) == []
        assert h.claims() == []
        h.hook("prepare", domain("db", DB, vf))
        for operation in ("restore", "migrate"):
            refused("Claimed", h.hook, operation, domain("web", WEB, vf))
            assert h.hook(operation, domain("web", WEB, NIC)) == []
        assert [c["vm"] for c in h.claims()] == ["db"]


def test_what_is_busy_just_now_keeps_no_guest_from_moving_in():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.poke("hang set_vfs")
        with h.client() as c, h.events("step_started") as steps:
            c.send("HookQemu", {"operation": "prepare", "domain": domain("db", DB, device(vf, network="blue"))})
            next_event(steps)
            assert h.hook("migrate", domain("web", WEB, vf)) == []
            h.end_hang()
            assert c.result()["generations"]
        refused("Claimed", h.hook, "migrate", domain("web", WEB, vf))


def test_a_claim_by_request_is_confirmed_and_outlives_the_domain():
    with VmHost() as h:
        vf = h.vfs()[0]
        generation = h.call("Claim", {"vm": "web", "uuid": WEB, "device": vf})["claim"]["generation"]
        web = domain("web", WEB, vf)
        assert h.hook("prepare", web) == [generation]
        h.hook("release", web, generations=[generation])
        h.set_virt(domain("web", WEB, vf, active=False))
        h.listed(1)
        claim = h.claim_at(vf)
        assert (claim["generation"], claim["origin"], claim["state"]) == (generation, "request", "active"), claim


def test_a_hook_that_comes_before_the_host_is_read_is_answered():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.stop()
        h.start(*h.options, wait=False)

        def connected():
            try:
                return h.client()
            except (ConnectionRefusedError, FileNotFoundError):
                return None

        with until(connected) as c:
            assert c.call("HookQemu", {"operation": "prepare", "domain": domain("web", WEB, vf)})["generations"]


def test_two_domains_at_once_for_one_vf():
    with VmHost() as h:
        vf = h.vfs()[0]
        results = {}

        def prepare(name, uuid):
            try:
                results[name] = h.hook("prepare", domain(name, uuid, vf))
            except Error as e:
                results[name] = e

        threads = [threading.Thread(target=prepare, args=who) for who in (("web", WEB), ("db", DB))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        won = [name for name, r in results.items() if isinstance(r, list)]
        assert len(won) == 1, results
        assert h.claim_at(vf)["vm"] == won[0]


def test_two_hooks_at_once_for_one_domain():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        with h.client() as one, h.client() as two, h.client() as three:
            one.send("HookQemu", {"operation": "prepare", "domain": web})
            two.send("HookQemu", {"operation": "prepare", "domain": web})
            three.send("HookQemu", {"operation": "release", "domain": web})
            for c in (one, two, three):
                c.recv()
        until(lambda: all(c["state"] in ("active", "quarantined") for c in h.claims()))
        h.hook("release", web)
        h.free(vf)


def test_hostile_hooks_change_nothing():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        many = domain("web", WEB, *[f"0000:{bus:02x}:00.0" for bus in range(65)])
        before = h.picture()
        for parameters in (
                {}, {"operation": "prepare"}, {"domain": web}, {"operation": 5, "domain": web},
                {"operation": "prepare", "domain": []}, {"operation": "prepare", "domain": {}},
                {"operation": "prepare", "domain": {**web, "uuid": "web"}},
                {"operation": "prepare", "domain": {**web, "devices": "all"}},
                {"operation": "prepare", "domain": {**web, "devices": [5]}},
                {"operation": "prepare", "domain": {**web, "devices": [{"address": "../../x"}]}},
                {"operation": "prepare", "domain": {**web, "more": 1}},
                {"operation": "prepare", "domain": {**web, "name": "w" * 300}},
                {"operation": "prepare", "domain": {**web, "name": "w\u0007"}},
                {"operation": "prepare", "domain": web, "generations": ["x"]},
                {"operation": "prepare", "domain": web, "generations": [0]},
                {"operation": "prepare", "domain": web, "generations": [1] * 5000},
                {"operation": "attach", "domain": web}, {"operation": "", "domain": web},
                {"operation": "prepare", "domain": many}):
            try:
                h.call("HookQemu", parameters)
                raise AssertionError(f"went through: {parameters}")
            except Error as e:
                assert e.name.rsplit(".", 1)[1] in ("InvalidParameter", "Invalid"), (e, parameters)
        assert h.claims() == []
        assert h.picture() == before


def test_half_a_hook_message_changes_nothing():
    with VmHost() as h:
        vf = h.vfs()[0]
        message = json.dumps({"method": "org.viaduct.HookQemu", "parameters": {
            "operation": "prepare", "domain": domain("web", WEB, vf)}}).encode()
        for cut in (1, len(message) // 2, len(message)):
            with h.client() as c:
                c.send_raw(message[:cut])
        assert h.hook("prepare", domain("db", DB, vf))
        assert [c["vm"] for c in h.claims()] == ["db"]


def test_claims_and_releases_are_told():
    with VmHost() as h:
        vf = h.vfs(B)[0]
        web = domain("web", WEB, vf)
        with h.events("claimed", "released") as events:
            h.hook("prepare", web)
            e = next_event(events)
            assert (e["type"], e["target"], e["pf"], e["claim"]["vm"]) == ("claimed", vf, B, "web"), e
            has(e["cause"], "hook", "web")
            h.hook("release", web)
            e = next_event(events)
            assert (e["type"], e["target"]) == ("released", vf), e
