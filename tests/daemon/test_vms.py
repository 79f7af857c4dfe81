# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims by request, and the lists: claims, networks, VMs."""
import time

from harness import Error, config, has, refused, until
from vmhost import A, B, DB, NIC, WEB, VmHost, device, domain, next_event


def claim(h, **parameters):
    return h.call("Claim", parameters)["claim"]


def network(h, name):
    return next(n for n in h.call("ListNetworks")["networks"] if n["name"] == name)


def vm(h, name):
    return h.call("ShowVm", {"vm": name})["vm"]


# --- Claim ---


def test_a_name_is_looked_up_in_libvirt():
    with VmHost() as h:
        h.set_virt(domain("web", WEB))
        h.listed(1)
        got = claim(h, vm="web", network="blue")
        assert (got["uuid"], got["vm"], got["network"], got["state"]) == (WEB, "web", "blue", "active"), got
        assert h.attrs(got["address"])["vlan"] == 300
        by_uuid = claim(h, vm=WEB.upper(), network="red")
        assert (by_uuid["uuid"], by_uuid["vm"], by_uuid["pf"]) == (WEB, "web", B), by_uuid


def test_a_name_nobody_knows_is_refused():
    with VmHost() as h:
        e = refused("NotFound", claim_of(h, vm="web", network="blue"))
        has(e.reason, "web")
        h.set_virt(domain("web", WEB), connected=False, reason="no libvirtd")
        until(lambda: not h.status()["libvirt"]["connected"])
        e = refused("NoLibvirt", claim_of(h, vm="web", network="blue"))
        has(e.reason, "web", "no libvirtd", "UUID")
        got = claim(h, vm="web", uuid=WEB, network="blue")
        assert (got["vm"], got["uuid"]) == ("web", WEB), got
        got = claim(h, vm=DB, network="blue")
        assert got["uuid"] == DB and not got.get("vm"), got


def test_an_old_listing_does_not_say_whose_a_name_is():
    with VmHost() as h:
        h.set_virt(domain("web", WEB))
        h.listed(1)
        h.set_virt(connected=False)
        until(lambda: not h.status()["libvirt"]["connected"])
        refused("NoLibvirt", claim_of(h, vm="web", network="blue"))


def claim_of(h, **parameters):
    return lambda: claim(h, **parameters)


def test_a_request_that_contradicts_itself_is_refused():
    with VmHost() as h:
        h.set_virt(domain("web", WEB))
        h.listed(1)
        has(refused("Invalid", claim_of(h, vm="db", uuid=WEB, network="blue")).reason, "web", "db")
        has(refused("Invalid", claim_of(h, vm="web", uuid=DB, network="blue")).reason, WEB, DB)
        refused("Invalid", claim_of(h, vm=WEB, uuid=DB, network="blue"))
        refused("Invalid", claim_of(h, vm="web", uuid="web", network="blue"))
        refused("Invalid", claim_of(h, vm="web", network="green"))
        refused("NotFound", claim_of(h, vm="web", device="0000:77:00.0"))
        for bad in ({"vm": "web"}, {"vm": "", "network": "blue"}, {"network": "blue"},
                    {"vm": "web", "network": "blue", "mac": "x"}, {"vm": "web", "network": "blue", "nodes": [64]},
                    {"vm": "web", "network": "blue", "nodes": [-1]}, {"vm": "web", "network": "blue", "numa": "near"},
                    {"vm": "web", "network": "blue", "msix": -1}, {"vm": "web", "network": "blue", "more": 1},
                    {"vm": "w" * 256, "network": "blue"}):
            refused("InvalidParameter", lambda bad=bad: h.call("Claim", bad))
        assert h.claims() == []


def test_what_was_asked_for_is_what_is_set():
    with VmHost() as h:
        vf = h.vfs(B)[1]
        mac = "52:54:00:bb:00:01"
        before = h.call("Show", {"device": vf})["device"].get("driver")
        got = claim(h, vm="web", uuid=WEB, device=f"{B}/1", mac=mac, network="red", driver=True)
        assert (got["address"], got["mac"], got["vf_index"]) == (vf, mac, 1), got
        assert h.attrs(vf)["mac"] == mac
        assert h.call("Show", {"device": vf})["device"]["driver"] == "vfio-pci"
        assert got["driver"] == "vfio-pci" != before
        e = refused("DuplicateMac", claim_of(h, vm="db", uuid=DB, network="blue", mac=mac))
        has(e.reason, mac, "web")
        assert h.call("Release", {"device": vf})["claims"] == []
        assert h.call("Show", {"device": vf})["device"].get("driver") == before


def test_a_nic_is_given_away_whole_and_only_if_asked():
    with VmHost() as h:
        e = None
        try:
            claim(h, vm="web", uuid=WEB, device=A, whole=True)
        except Error as error:
            e = error
        assert e and e.name.rsplit(".", 1)[1] in ("InUse", "Claimed", "Protected"), e  # it has VFs
        assert h.claims() == []


# --- Release ---


def test_a_release_by_vm_frees_all_of_it():
    with VmHost() as h:
        one, two = claim(h, vm="web", uuid=WEB, network="blue"), claim(h, vm="web", uuid=WEB, network="red")
        other = claim(h, vm="db", uuid=DB, network="blue")
        assert h.call("Release", {"vm": "web"})["claims"] == []
        assert h.claims() == [other]
        assert one["address"] != two["address"]
        refused("NotFound", h.call, "Release", {"vm": "web"})
        assert h.call("Release", {"vm": DB})["claims"] == []


def test_a_release_carries_the_generation():
    with VmHost() as h:
        old = claim(h, vm="web", uuid=WEB, device=f"{A}/0")
        h.call("Release", {"device": f"{A}/0", "generation": old["generation"]})
        new = claim(h, vm="db", uuid=DB, device=f"{A}/0")
        assert new["generation"] > old["generation"]
        for stale in ({"device": f"{A}/0", "generation": old["generation"]},
                      {"vm": "db", "generation": old["generation"]}):
            refused("StaleGeneration", h.call, "Release", stale)
        has(refused("Claimed", h.call, "Release", {"device": f"{A}/0", "vm": "web"}).reason, "db")
        refused("NotFound", h.call, "Release", {"device": f"{A}/1"})
        refused("InvalidParameter", h.call, "Release", {})
        refused("InvalidParameter", h.call, "Release", {"device": f"{A}/0", "generation": 0})
        assert h.claims() == [new]


def test_one_name_of_two_vms_says_nothing():
    with VmHost() as h:
        claim(h, vm="web", uuid=WEB, network="blue")
        claim(h, vm="web", uuid=DB, network="blue")
        e = refused("Conflict", h.call, "Release", {"vm": "web"})
        has(e.reason, WEB, DB)
        assert len(h.claims()) == 2
        h.call("Release", {"vm": WEB})
        assert [c["uuid"] for c in h.claims()] == [DB]


def test_what_runs_is_not_released():
    with VmHost() as h:
        vf = claim(h, vm="web", uuid=WEB, network="blue")["address"]
        h.poke(f"guest 4711 web {WEB} {vf}")
        has(refused("InUse", h.call, "Release", {"vm": "web"}).reason, "web", "4711")
        h.poke("guest-gone 4711")
        assert h.call("Release", {"vm": "web"})["claims"] == []


# --- the lists ---


def test_claims_are_listed_by_state_vm_and_pf():
    with VmHost() as h:
        web = claim(h, vm="web", uuid=WEB, network="blue")
        db = claim(h, vm="db", uuid=DB, network="red")
        assert h.claims() == [web, db]
        assert h.claims(vm="web") == h.claims(vm=WEB) == h.claims(pf=A) == h.claims(pf="eth0") == [web]
        assert h.claims(pf=B, states=["active"]) == [db]
        assert h.claims(states=["quarantined", "releasing"]) == h.claims(vm="nobody") == []
        refused("InvalidParameter", h.call, "ListClaims", {"states": ["free"]})
        refused("NotFound", h.call, "ListClaims", {"pf": "eth77"})
        assert h.status()["claims"] == 2


def test_a_device_shows_its_claim():
    with VmHost() as h:
        web = claim(h, vm="web", uuid=WEB, network="blue")
        assert h.call("Show", {"device": web["address"]})["device"]["claim"] == web
        assert "claim" not in h.call("Show", {"device": A})["device"]
        listed = {d["address"]: d.get("claim") for d in h.call("List", {"kinds": ["vf"]})["devices"]}
        assert listed[web["address"]] == web and len([c for c in listed.values() if c]) == 1


def test_networks_count_what_is_left():
    with VmHost() as h:
        blue = network(h, "blue")
        assert (blue["vlan"], blue["uplinks"], blue["numa"]) == (300, ["a"], "prefer"), blue
        assert [blue[k] for k in ("total", "claimed", "quarantined", "unusable", "free")] == [3, 0, 0, 0, 3], blue
        vf = claim(h, vm="web", uuid=WEB, network="blue")["address"]
        other = next(v for v in h.vfs() if v != vf)
        h.poke(f"guest 4711 x 11111111-2222-4333-8444-555555555599 {other}")
        until(lambda: network(h, "blue")["free"] == 1)
        blue = network(h, "blue")
        assert blue["total"] == 3 == blue["claimed"] + blue["quarantined"] + blue["unusable"] + blue["free"], blue
        assert network(h, "red")["free"] == 2


def test_a_network_is_used_up_and_says_by_whom():
    with VmHost() as h:
        for _ in range(2):
            claim(h, vm="web", uuid=WEB, network="red")
        e = refused("NoFreeVf", claim_of(h, vm="db", uuid=DB, network="red"))
        has(e.reason, "red", "claimed")


def test_a_drained_pf_takes_no_new_claims_also_after_a_restart():
    with VmHost() as h:
        web = claim(h, vm="web", uuid=WEB, network="blue")
        with h.events("drain") as events:
            drained = h.call("Drain", {"pf": "eth0"})
            assert drained["drain"]["pf"] == A and drained["drain"]["remaining"] == 1, drained
            assert drained["claims"] == [web]
            assert next_event(events)["pf"] == A
        refused("Draining", claim_of(h, vm="db", uuid=DB, device=f"{A}/1"))
        refused("NoFreeVf", claim_of(h, vm="db", uuid=DB, network="blue"))
        h.kill()
        h.again()
        assert [d["pf"] for d in h.status()["drains"]] == [A]
        assert [d["remaining"] for d in h.call("ListClaims")["drains"]] == [1]
        refused("Draining", claim_of(h, vm="db", uuid=DB, device=f"{A}/1"))
        assert h.call("Drain", {"pf": A, "off": True}).get("drain") is None
        assert claim(h, vm="db", uuid=DB, device=f"{A}/1")
        assert h.status()["drains"] == []
        has(refused("Invalid", h.call, "Drain", {"pf": h.vfs()[0]}).reason, A)
        refused("NotFound", h.call, "Drain", {"pf": "eth77"})


def test_vms_are_those_of_libvirt_of_claims_and_of_holders():
    third = "11111111-2222-4333-8444-555555555503"
    with VmHost() as h:
        one, two, three = h.vfs()
        web = domain("web", WEB, device(one, network="blue", alias="ua-fast"), active=True,
                     nics=[{"type": "bridge", "mac": "52:54:00:cc:00:01", "source": "br0", "target": "vnet0"}])
        h.hook("prepare", web)
        h.set_virt(web)
        h.poke(f"guest 4711 web {WEB} {one}")
        claim(h, vm="db", uuid=DB, device=two)
        h.call("Bind", {"device": NIC})
        h.poke(f"guest 4713 third {third} {NIC}")
        until(lambda: h.claim_at(NIC))  # adopted
        reply = h.call("ListVms")
        assert reply["libvirt"] == h.status()["libvirt"] and reply["libvirt"]["active"] == 1, reply
        assert [v["name"] for v in reply["vms"]] == ["db", "third", "web"], reply
        shown = vm(h, "web")
        assert shown == vm(h, WEB.upper()) == reply["vms"][2]
        assert (shown["uuid"], shown["active"]) == (WEB, True)
        dev, = shown["devices"]
        assert (dev["address"], dev["held"], dev["network"], dev["alias"]) == (one, True, "blue", "ua-fast"), dev
        assert dev["claim"] == shown["claims"][0] == h.claim_at(one)
        nic, = shown["nics"]
        assert (nic["source"], nic["target"]) == ("br0", "vnet0"), nic
        claimed = vm(h, "db")
        assert (claimed["active"], claimed["devices"], len(claimed["claims"])) == (False, [], 1), claimed
        held = vm(h, third)
        assert [d["address"] for d in held["devices"]] == [NIC] and held["devices"][0]["held"], held
        refused("NotFound", h.call, "ShowVm", {"vm": "nobody"})
        refused("InvalidParameter", h.call, "ShowVm", {})


def test_without_libvirt_it_is_not_said_whether_a_vm_runs():
    with VmHost(virt=False) as h:
        claim(h, vm="web", uuid=WEB, network="blue")
        assert vm(h, "web").get("active") is None
        assert h.call("ListVms")["libvirt"]["connected"] is False


# --- Adopt, ClearQuarantine ---


def test_what_runs_is_adopted_when_asked():
    with VmHost("--reconcile-interval", "0") as h:
        one, two, _ = h.vfs()
        time.sleep(1)  # the reconciliation of the start would adopt as well; there is no other
        assert h.call("Adopt")["claims"] == []
        h.poke(f"guest 4711 web {WEB} {one}")
        h.poke(f"guest 4712 db {DB} {two}")
        adopted = h.call("Adopt", {"what": f"{A}/0"})["claims"]
        assert [c["address"] for c in adopted] == [one] and adopted[0]["origin"] == "adopted", adopted
        adopted = h.call("Adopt", {"what": DB.upper()})["claims"]
        assert [c["address"] for c in adopted] == [two], adopted
        refused("NotFound", h.call, "Adopt", {"what": "nobody"})


def test_a_quarantined_function_is_cleared_by_hand():
    with VmHost("--clean-backoff", "600000") as h:
        vf = claim(h, vm="web", uuid=WEB, device=f"{A}/0", network="blue")["address"]
        h.poke(f"refuse {A} 0 vlan 22 -1")
        left = h.call("Release", {"device": vf})["claims"]
        assert [c["state"] for c in left] == ["quarantined"], left
        has(left[0]["reason"], "vlan")
        refused("Quarantined", claim_of(h, vm="db", uuid=DB, device=vf))
        h.poke("heal")
        assert h.call("ClearQuarantine", {"device": vf})["claims"] == []
        refused("NotFound", h.call, "ClearQuarantine", {"device": vf})
        assert claim(h, vm="db", uuid=DB, device=vf)
        refused("Invalid", h.call, "ClearQuarantine", {"device": vf})


def test_numa_need_comes_from_the_domain():
    conf = config(provision="auto", networks=[{"name": "blue", "uplinks": ["a"], "numa": "require"}])
    with VmHost(conf=conf) as h:
        node = h.call("Show", {"device": A})["device"].get("numa_node")
        if node is None or node < 0:
            # What is not known is no obstacle, and no wish either.
            h.set_virt(domain("web", WEB, numa="strict", nodes=[0]))
            h.listed(1)
            assert claim(h, vm="web", network="blue")
            return
        h.set_virt(domain("web", WEB, numa="strict", nodes=[node + 1]))
        h.listed(1)
        refused("NoFreeVf", claim_of(h, vm="web", network="blue"))
        assert claim(h, vm="web", network="blue", nodes=[node])


def test_readers_may_read_and_not_change():
    with VmHost("--read-group", "root", "--change-group", "root") as h:
        assert h.call("ListClaims")["claims"] == []
