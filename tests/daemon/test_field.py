# SPDX-License-Identifier: GPL-2.0-or-later
"""What broke for the users of other managers, and does not here: docs/field.md has the whole list."""
import datetime
import json

import vmhost
from claims_host import MAC, PF_A, PF_B, VF_A, VF_B, Claims, changed, domain, uuid
from harness import Error, has, refused, until
from test_claims import in_parallel
from test_reconcile import BOOT, reboot
from vmhost import A, DB, WEB, VmHost, device


def steps(h, session_has):
    """Every step that was begun of the sessions in whose intent the text stands."""
    journal = h.journal()
    meant = {r["session"] for r in journal if r["rec"] == "intent" and session_has in json.dumps(r)}
    return [s for r in journal if r["rec"] == "intent" and r["session"] in meant for s in r["steps"]]


def manifest(h, change):
    """Change the host's manifest while no daemon runs."""
    with open(h.manifest, encoding="utf-8") as f:
        text = f.read()
    new = change(text)
    assert new != text, "nothing was changed"
    with open(h.manifest, "w", encoding="utf-8") as f:
        f.write(new)


def test_lowering_the_vf_count_names_the_owners_openshift_sriov_131():
    """Lowering the VF count met EBUSY, and nobody said whose VF it was."""
    with Claims() as h:
        h.start()
        h.claim(1, device=VF_A[3], network="red")
        conf = changed()
        conf["pfs"][0]["num_vfs"] = 2
        h.write_config(conf)
        h.call("Reload")
        for how in ({}, {"recreate": True}):
            report = json.dumps(h.call("Apply", {"pf": PF_A, **how})["report"])
            has(report, "vm1")
            assert "EBUSY" not in report, report
            assert h.picture()[PF_A][0] == 4
            assert h.claim_at(VF_A[3])["state"] == "active"
        h.release(device=VF_A[3])
        assert not h.call("Apply", {"pf": PF_A})["report"]["done"] and h.picture()[PF_A][0] == 4
        h.call("Apply", {"pf": PF_A, "recreate": True})
        assert h.picture()[PF_A][0] == 2


def test_no_step_of_a_claim_hits_the_pf_sriov_network_operator_797():
    """The PF was unbound where a VF was meant."""
    with Claims() as h:
        h.start()
        before = {a: h.call("Show", {"device": a})["device"]["driver"] for a in (PF_A, PF_B)}
        h.claim(1, device=VF_B[0], network="blue", driver=True)
        h.release(device=VF_B[0])
        begun = steps(h, VF_B[0])
        assert {"bind", "reset"} <= {s["op"] for s in begun}, begun
        for s in begun:
            assert s["op"] not in ("bind", "unbind", "reset", "set_num_vfs", "set_autoprobe") or s["target"] == VF_B[0], s
        assert before == {a: h.call("Show", {"device": a})["device"]["driver"] for a in (PF_A, PF_B)}
        assert h.picture()[PF_B][0] == 2


def test_a_vm_does_not_start_before_its_vf_is_ready_sriov_network_operator_322():
    """After a boot the workloads came first and found VFs that nobody had configured, or none."""
    with VmHost() as h:
        vf = h.vfs()[0]
        web = vmhost.domain("web", WEB, device(vf, network="blue"))
        h.kill()
        h.fresh()
        reboot(h)
        h.start(*h.options, "--hang", "write:*/sriov_numvfs")
        until(lambda: h.pf(A)["state"] == "applying")
        refused("NotFound", h.hook, "prepare", web)
        assert not h.status()["ready"] and h.claims() == []
        h.end_hang()
        until(lambda: h.status()["ready"])
        assert len(h.hook("prepare", web)) == 1
        assert h.attrs(vf)["vlan"] == 300


def test_tries_are_bounded_and_end_with_a_reason_sriov_network_operator_244():
    """A driver switch that failed was tried again for ever."""
    with Claims() as h:
        h.start("--clean-backoff", "50")
        h.poke("fail write:*/drivers_probe 1 5")
        e = refused("Failed", lambda: h.claim(1, device=VF_B[0], network="blue", driver=True))
        has(e.reason, "drivers_probe", VF_B[0])
        until(lambda: not h.claims())
        assert h.vf(VF_B[0])[0] == "igbvf"
        binds = [s for s in steps(h, VF_B[0]) if s["op"] == "bind" and s["set"].get("driver") == "vfio-pci"]
        assert len(binds) == 1, binds
        h.poke("heal")
        # What does not come clean is tried again, ever more rarely, and is nobody's meanwhile.
        h.claim(1, device=VF_A[0], network="red")
        h.poke("fail write:*/reset 0 5")
        h.release(device=VF_A[0])
        until(lambda: h.claim_at(VF_A[0])["attempts"] >= 4)
        has(h.claim_at(VF_A[0])["reason"], "reset")
        begun = [datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp() for r in h.journal()
                 if r["rec"] == "intent" and r["kind"] == "release" and VF_A[0] in json.dumps(r)]
        assert len(begun) >= 4, begun
        for n in range(3):
            assert begun[n + 1] - begun[n] >= 0.05 * 2 ** n - 0.002, begun  # written in milliseconds


def test_the_mac_left_on_a_vf_is_given_to_no_other_device_plugin_685():
    """The last guest's MAC was left on a VF, and the guest came up on another one with the same."""
    with Claims() as h:
        h.start("--clean-backoff", "600000")
        h.claim(1, device=VF_A[0], network="red")
        h.poke(f"refuse {PF_A} 0 mac 22 -1")
        assert [c["state"] for c in h.release(device=VF_A[0])] == ["quarantined"]
        assert h.vf(VF_A[0])[1]["mac"] == MAC.format(1)
        for n in (1, 2):
            e = refused("DuplicateMac", lambda n=n: h.claim(n, device=VF_A[1], network="red", mac=MAC.format(1)))
            has(e.reason, MAC.format(1), VF_A[0])
        h.poke("heal")
        assert h.call("ClearQuarantine", {"device": VF_A[0]})["claims"] == []
        assert h.vf(VF_A[0])[1]["mac"] != MAC.format(1)
        assert h.claim(1, device=VF_A[1], network="red")["mac"] == MAC.format(1)


def test_an_aborted_move_leaves_the_vm_its_vf_kubevirt_5922_6581():
    """After a migration that was called off the VM had lost its VF."""
    with VmHost("--vm-gone", "0") as h:
        one, two, _ = h.vfs()
        clean = h.attrs(two)
        web = vmhost.domain("web", WEB, device(one, network="blue"), active=True)
        mine = h.hook("prepare", web)
        h.poke(f"guest 4711 web {WEB} {one}")
        h.set_virt(web)
        before = h.attrs(one)
        # The source hears nothing of a move. Another one comes here, twice, and does not get through.
        db = vmhost.domain("db", DB, device(two, network="blue"))
        for end in (h.kill, h.stop):
            assert h.hook("migrate", db) == []
            arriving = h.hook("prepare", db)
            has(refused("Claimed", h.hook, "restore", vmhost.domain("x", DB, one)).reason, "web")
            end()
            h.again()
            assert [h.claim_at(one)["generation"]] == mine and h.claim_at(one)["state"] == "active"
            h.hook("release", db, generations=arriving)
            h.free(two)
            assert h.attrs(two) == clean
        assert [h.claim_at(one)["generation"]] == mine and h.attrs(one) == before


def test_a_prepare_that_is_refused_takes_nothing_from_a_running_vm_kubevirt_5922():
    """A start of a copy fails, libvirt calls release for it: the VM that runs keeps what it has."""
    with VmHost("--vm-gone", "0") as h:
        one, two, _ = h.vfs()
        web = vmhost.domain("web", WEB, one, active=True)
        mine = h.hook("prepare", web)
        h.poke(f"guest 4711 web {WEB} {one}")
        h.set_virt(web)
        copy = vmhost.domain("copy", DB, one, two)
        refused("Claimed", h.hook, "prepare", copy)
        h.hook("release", copy)
        assert [(c["vm"], c["state"], c["generation"]) for c in h.claims()] == [("web", "active", mine[0])]


def test_iommu_groups_changed_by_a_boot_harvester_10499():
    """A new kernel put the VF into one group with others, and two VMs were given parts of it."""
    with VmHost() as h:
        one, two, _ = h.vfs()
        for name, who, vf in (("web", WEB, one), ("db", DB, two)):
            h.call("Claim", {"vm": name, "uuid": who, "device": vf, "network": "blue"})
        h.kill()
        h.fresh()
        reboot(h)
        manifest(h, lambda text: text.replace(f"pf {A} ", f"pf {A} shared-group "))
        h.again()
        until(lambda: all(c["boot_id"] != BOOT for c in h.claims()))
        e = refused("UnsafeGroup", h.hook, "prepare", vmhost.domain("web", WEB, one))
        has(e.reason, one, "group")
        assert {c["vm"]: c["address"] for c in h.claims()} == {"web": one, "db": two}


def test_a_pf_and_its_vfs_at_once_nova_1986838():
    """Asked for in the same moment, a PF was handed out whole and its VFs as well."""
    for _ in range(3):
        with Claims(changed(provision="manual")) as h:
            h.start(ready=False)
            whole, _, vf = in_parallel([
                lambda: h.claim(1, device=PF_A, whole=True),
                lambda: h.call("Apply", {"pf": PF_A}),
                lambda: h.claim(2, network="red"),
            ])
            claims, made = h.claims(), h.picture()[PF_A][0]
            if isinstance(whole, dict):
                assert isinstance(vf, Error), (whole, vf)
                assert [c["address"] for c in claims] == [PF_A] and made == 0, (claims, made)
            else:
                assert isinstance(whole, Error) and made == 4, (whole, made)
                assert [c["vm"] for c in claims] in ([], ["vm2"]), claims


def test_a_vf_that_the_host_uses_is_not_handed_out_lxd_8368():
    """A VF whose net device carried the host's own address was given to a guest."""
    with Claims() as h:
        h.start()
        h.stop()
        with open(h.manifest, encoding="utf-8") as f:
            netdev = next(line.split() for line in f if line.startswith("netdev") and f"parent={VF_B[0]}" in line)
        manifest(h, lambda text: text.replace(" ".join(netdev[:3]), " ".join(netdev[:3]) + " up")
                 + f"addr {netdev[1]} 192.0.2.2/24\nroute {netdev[1]} 192.0.2.1\n")
        h.start()
        e = refused_any(("InUse", "Protected"), lambda: h.claim(1, device=VF_B[0], network="blue"))
        has(e.reason, VF_B[0])
        refused_any(("InUse", "Protected"), lambda: h.hook("prepare", domain(1, [(VF_B[0], "blue")])))
        assert h.claim(1, network="blue")["address"] == VF_B[1]
        e = refused("NoFreeVf", lambda: h.claim(2, network="blue"))
        assert h.claim_at(VF_B[0]) is None and h.vf(VF_B[0])[0] == "igbvf"


def refused_any(names, fn):
    try:
        fn()
    except Error as e:
        assert e.name.rsplit(".", 1)[1] in names, e
        return e
    raise AssertionError(f"one of {names} was expected, it went through")


def test_vfs_are_never_grown_silently_incus_2845():
    """With no VF free, the manager raised the count, and every VF there was lost its settings."""
    with Claims() as h:
        h.start()
        for n in range(1, 5):
            h.claim(n)
        before = h.picture()
        e = refused("NoFreeVf", lambda: h.claim(5))
        has(e.reason, "num_vfs", "vm1")
        assert h.picture() == before and h.picture()[PF_A][0] == 4
        assert len(h.claims()) == 4


def test_what_a_restore_did_not_bring_back_is_seen_libvirt_restore():
    """The errors of giving a VF its old settings back were ignored, and the next guest met them."""
    for errno in (22, 0):  # refused; accepted and not kept
        with Claims() as h:
            h.start("--clean-backoff", "600000")
            before = h.vf(VF_A[0])
            h.claim(1, device=VF_A[0], network="red")
            h.poke(f"refuse {PF_A} 0 vlan {errno} -1")
            left = h.release(device=VF_A[0])
            assert [c["state"] for c in left] == ["quarantined"], left
            has(left[0]["reason"], "vlan")
            refused("Quarantined", lambda: h.claim(2, device=VF_A[0], network="red"))
            h.poke("heal")
            assert h.call("ClearQuarantine", {"device": VF_A[0]})["claims"] == []
            assert h.vf(VF_A[0]) == before


def test_the_pf_is_up_when_a_vf_is_given_back_libvirt_restore():
    """Giving the VF its settings back needs the PF up, and nobody looked."""
    with Claims() as h:
        h.start()
        before = h.vf(VF_A[0])
        h.claim(1, device=VF_A[0], network="red")
        h.stop()
        manifest(h, lambda text: "".join(
            line.replace(" up ", " ") if line.startswith("netdev") and f"parent={PF_A}" in line else line
            for line in text.splitlines(True)))
        h.start()
        assert h.release(device=VF_A[0]) == []
        assert h.vf(VF_A[0]) == before
