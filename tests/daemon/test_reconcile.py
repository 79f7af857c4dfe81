# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims against what is: VMs, holders, libvirt coming and going, boots, and what hooks left behind."""
import json
import os
import time

from harness import has, until
from vmhost import A, B, CONF, DB, NIC, WEB, VmHost, device, domain, next_event

BOOT = "0b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d"


def contradictions(h):
    return h.status()["contradictions"]


def seconds_of(h, n):
    """n periodic reconciliations pass: what they would do is done by then."""
    time.sleep(n * 1.1)
    h.status()


def reboot(h):
    """The manifest is of the next boot: no guest runs, nothing else is different."""
    with open(h.manifest, encoding="utf-8") as f:
        text = f.read()
    assert BOOT in text
    with open(h.manifest, "w", encoding="utf-8") as f:
        f.write(text.replace(BOOT, "ffffffff-7d1e-4a52-9c33-6f1f3a4b5c6d"))


# --- adoption ---


def test_what_runs_at_the_start_is_adopted_device_plugin_565():
    with VmHost() as h:
        vf = h.vfs()[0]
        attrs = h.attrs(vf)
        h.poke(f"guest 4711 web {WEB} {vf}")
        h.kill()
        h.again()
        until(lambda: h.claim_at(vf))
        claim = h.claim_at(vf)
        assert (claim["origin"], claim["vm"], claim["uuid"], claim["state"]) == ("adopted", "web", WEB, "active")
        assert h.attrs(vf) == attrs
        generation = claim["generation"]
        h.kill()
        h.again()
        assert h.claim_at(vf)["generation"] == generation


def test_an_adopted_claim_ends_with_its_vm():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf, active=True)
        h.set_virt(web)
        h.poke(f"guest 4711 web {WEB} {vf}")
        until(lambda: h.claim_at(vf))
        h.poke("guest-gone 4711")
        h.set_virt({**web, "active": False})
        h.free(vf)


# --- a VM that is gone ---


def test_a_vm_that_ended_without_a_word_loses_its_claim():
    with VmHost() as h:
        vf = h.vfs()[0]
        before = h.attrs(vf)
        h.hook("prepare", domain("web", WEB, device(vf, network="blue")))
        h.free(vf)  # libvirt has no such VM, and nothing holds it
        assert h.attrs(vf) == before


def test_as_long_as_something_holds_it_nothing_is_taken_away():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        h.poke(f"guest 4711 web {WEB} {vf}")
        claim = h.claim_at(vf)
        seconds_of(h, 2)  # libvirt has no such VM, its process has the device
        assert h.claim_at(vf) == claim
        h.poke("guest-gone 4711")
        h.free(vf)


def test_a_vm_that_comes_back_in_time_keeps_its_claim():
    with VmHost("--vm-gone", "2500") as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        generation, = h.hook("prepare", web)
        seconds_of(h, 1)
        for _ in range(3):
            assert h.hook("prepare", web) == [generation]
            seconds_of(h, 1)
        assert h.claim_at(vf)["generation"] == generation


def test_claims_by_request_stay_without_a_vm():
    with VmHost() as h:
        vf = h.vfs()[0]
        claim = h.call("Claim", {"vm": "web", "uuid": WEB, "device": vf})["claim"]
        seconds_of(h, 2)
        assert h.claim_at(vf) == claim


# --- libvirt away ---


def test_without_libvirt_claims_are_kept_and_afterwards_put_right():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        with h.events("libvirt") as events:
            h.set_virt(connected=False, reason="libvirtd is restarting")
            e = next_event(events)
            has(e["message"], "lost", "libvirtd is restarting")
            until(lambda: not h.status()["libvirt"]["connected"])
            assert h.status()["libvirt"]["reason"] == "libvirtd is restarting"
            claim_of = h.hook("prepare", web)
            seconds_of(h, 2)
            assert h.claim_at(vf)["generation"] == claim_of[0]
            h.set_virt()
            has(next_event(events)["message"], "connected")
        h.free(vf)


def test_a_libvirt_that_hangs_stops_nothing():
    with VmHost() as h:
        vf, other = h.vfs()[:2]
        h.set_virt(hang=True)
        generation, = h.hook("prepare", domain("web", WEB, vf))
        h.call("Claim", {"vm": "db", "uuid": DB, "device": other})
        seconds_of(h, 2)
        assert h.claim_at(vf)["generation"] == generation
        assert h.call("ListVms")["vms"]
        h.hook("release", domain("web", WEB, vf))
        h.free(vf)
        h.set_virt()


def test_a_daemon_without_libvirt_serves_and_keeps():
    with VmHost(virt=False) as h:
        vf = h.vfs()[0]
        assert not h.status()["libvirt"]["connected"]
        web = domain("web", WEB, vf)
        h.hook("prepare", web)
        seconds_of(h, 2)
        assert h.claim_at(vf)["state"] == "active"
        h.hook("release", web)
        h.free(vf)


# --- restarts ---


def test_a_restart_between_start_and_end():
    for end in ("stop", "kill"):
        with VmHost() as h:
            vf = h.vfs()[0]
            web = domain("web", WEB, vf, active=True)
            generations = h.hook("prepare", web)
            h.poke(f"guest 4711 web {WEB} {vf}")
            h.set_virt(web)
            getattr(h, end)()
            h.again()
            seconds_of(h, 1)
            claim = h.claim_at(vf)
            assert ([claim["generation"]], claim["state"], claim["origin"]) == (generations, "active", "hook"), claim
            h.poke("guest-gone 4711")
            h.set_virt({**web, "active": False})
            h.hook("release", web, generations=generations)
            h.free(vf)


def test_what_ended_while_the_daemon_was_away_is_released():
    with VmHost() as h:
        vf = h.vfs()[0]
        before = h.attrs(vf)
        h.hook("prepare", domain("web", WEB, device(vf, network="blue")))
        h.kill()
        h.again()
        h.free(vf)
        assert h.attrs(vf) == before


def test_a_kill_in_the_middle_of_a_start_leaves_nothing_half_made():
    with VmHost() as h:
        vf = h.vfs()[0]
        before = h.attrs(vf)
        h.poke("hang set_vfs")
        with h.client() as c, h.events("step_started") as steps:
            c.send("HookQemu", {"operation": "prepare", "domain": domain("web", WEB, device(vf, network="blue"))})
            next_event(steps)
            assert h.claim_at(vf)["state"] == "preparing"
            h.kill()
        h.forget("hang")
        h.again()
        h.free(vf)
        assert h.attrs(vf) == before


# --- boots ---


def test_claims_of_an_earlier_boot():
    with VmHost() as h:
        by_hook, by_request = h.vfs()[:2]
        h.hook("prepare", domain("web", WEB, by_hook))
        claim = h.call("Claim", {"vm": "db", "uuid": DB, "device": by_request, "network": "blue"})["claim"]
        h.kill()
        reboot(h)
        h.set_virt(connected=False)  # the boot says enough
        h.again()
        h.free(by_hook)
        until(lambda: h.claim_at(by_request)["boot_id"] != BOOT)
        now = h.claim_at(by_request)
        assert (now["generation"], now["state"], now["vm"]) == (claim["generation"], "active", "db"), now
        assert h.attrs(by_request)["vlan"] == 300


def test_a_vm_that_starts_first_thing_after_a_boot_keeps_its_vf():
    with VmHost("--vm-gone", "1500") as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        h.hook("prepare", web)
        h.kill()
        reboot(h)
        h.again()
        generations = h.hook("prepare", web)
        h.poke(f"guest 4711 web {WEB} {vf}")
        h.set_virt({**web, "active": True})
        seconds_of(h, 3)
        claim = h.claim_at(vf)
        assert [claim["generation"]] == generations and claim["state"] == "active", claim


# --- contradictions ---


def test_a_contradiction_is_told_kept_in_status_and_told_when_it_goes():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        h.poke(f"guest 4711 web {WEB} {vf}")
        with h.events("contradiction", "contradiction_gone") as events:
            h.poke(f"guest 4712 db {DB} {vf}")
            e = next_event(events)
            assert (e["type"], e["target"], e["pf"]) == ("contradiction", vf, A), e
            has(e["message"], "web", "db", vf)
            told = contradictions(h)
            assert len(told) == 1 and told[0]["target"] == vf, told
            assert told[0]["generation"] == h.claim_at(vf)["generation"]
            seconds_of(h, 2)
            assert contradictions(h) == told  # the same, since then, and told once
            assert h.claim_at(vf)["vm"] == "web"
            h.poke("guest-gone 4712")
            e = next_event(events)
            assert (e["type"], e["target"]) == ("contradiction_gone", vf), e
        until(lambda: not contradictions(h))
        assert h.claim_at(vf)["state"] == "active"


def test_a_vf_of_a_claim_that_another_vm_runs_with_is_nobodys_to_take():
    with VmHost() as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        h.poke(f"guest 4712 db {DB} {vf}")
        until(lambda: contradictions(h))
        seconds_of(h, 2)
        claim = h.claim_at(vf)
        assert (claim["vm"], claim["state"]) == ("web", "active"), claim


# --- quarantine ---


def test_what_does_not_come_clean_is_tried_again():
    with VmHost() as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, device(vf, network="blue"))
        h.hook("prepare", web)
        h.poke(f"refuse {A} 0 vlan 22 -1")
        h.hook("release", web)
        until(lambda: (h.claim_at(vf) or {}).get("state") == "quarantined")
        assert h.status()["quarantined"] == 1
        until(lambda: h.claim_at(vf)["attempts"] >= 2, "it was not tried again")
        h.poke("heal")
        h.free(vf)
        assert h.status()["quarantined"] == 0


# --- notes ---


def leave(h, name, **note):
    path = os.path.join(h.state, "notes", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(note.pop("text", None) or json.dumps({
            "version": 1, "operation": "release", "uuid": WEB, "name": "web",
            "time_us": time.time_ns() // 1000, "boot_id": BOOT, "devices": [], "generations": [], **note}))
    os.rename(path + ".new", path)
    return path


def gone(path):
    until(lambda: not os.path.exists(path), f"{path} was not taken up")


def test_a_note_left_while_the_daemon_was_away_is_applied_first():
    with VmHost("--vm-gone", "600000") as h:
        vf = h.vfs()[0]
        web = domain("web", WEB, vf)
        generations = h.hook("prepare", web)
        h.kill()
        path = leave(h, f"{WEB}-1.json", devices=[vf], generations=generations)
        h.again()
        h.free(vf)
        gone(path)
        assert h.hook("prepare", domain("db", DB, vf)) > generations


def test_a_note_is_taken_up_while_the_daemon_runs():
    with VmHost("--vm-gone", "600000", "--reconcile-interval", "0") as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        path = leave(h, f"{WEB}-1.json")
        h.free(vf)
        gone(path)


def test_a_stale_note_is_passed_over():
    with VmHost("--vm-gone", "600000") as h:
        vf, other = h.vfs()[:2]
        web = domain("web", WEB, vf)
        old = h.hook("prepare", web)
        h.hook("release", web)
        h.free(vf)
        before = time.time_ns() // 1000
        new = h.hook("prepare", web)
        h.call("Claim", {"vm": "web", "uuid": WEB, "device": other})
        for name, note in (("1", {"generations": old}), ("2", {"time_us": before, "devices": [vf]}),
                           ("3", {"devices": [other]}), ("4", {"uuid": DB})):
            gone(leave(h, f"{WEB}-{name}.json", **note))
        h.poke(f"guest 4711 web {WEB} {vf}")
        until(lambda: any(x["held"] for v in h.call("ListVms")["vms"] for x in v["devices"]))
        gone(leave(h, f"{WEB}-5.json", devices=[vf]))
        seconds_of(h, 1)
        assert [h.claim_at(vf)["generation"]] == new
        assert {c["address"] for c in h.claims(states=["active"])} == {vf, other}


def test_notes_that_cannot_be_read_are_kept_and_told():
    with VmHost("--vm-gone", "600000") as h:
        vf = h.vfs()[0]
        h.hook("prepare", domain("web", WEB, vf))
        h.kill()
        bad = [leave(h, "a.json", text="{"), leave(h, "b.json", version=2), leave(h, "c.json", operation="prepare"),
               leave(h, "d.json", uuid="../.."), leave(h, "e.json", generations=["x"]),
               leave(h, "f.json", devices=["0000:01:10.0"] * 65), leave(h, "g.json", text="x" * (1 << 20))]
        bad += [os.path.join(h.state, "notes", name) for name in ("h.json", "i.json")]
        os.mkdir(bad[-2])
        os.symlink("/etc/passwd", bad[-1])
        good = leave(h, "z.json")
        h.again()
        gone(good)
        h.free(vf)
        for path in bad:
            assert os.path.lexists(path + ".bad") and not os.path.lexists(path), path
        problems = [p for p in h.status()["problems"] if ".bad" in p]
        assert len(problems) == min(len(bad), 8), problems  # so many are named
        seconds_of(h, 2)
        assert [p for p in h.status()["problems"] if ".bad" in p] == problems


# --- what a hook without a daemon goes by ---


def managed(h):
    with open(os.path.join(h.state, "managed.json"), encoding="utf-8") as f:
        return json.load(f)


def test_managed_json_says_what_is_ours():
    with VmHost() as h:
        vf = h.vfs()[0]
        until(lambda: managed(h) == {"version": 1, "pfs": [A, B], "functions": []})
        h.hook("prepare", domain("web", WEB, vf))
        h.hook("prepare", domain("db", DB, NIC))
        until(lambda: managed(h)["functions"] == [vf])  # the NIC is nobody's to manage
        before = os.stat(os.path.join(h.state, "managed.json")).st_ino
        seconds_of(h, 0.5)
        assert os.stat(os.path.join(h.state, "managed.json")).st_ino == before  # written when it changes
        h.kill()
        assert managed(h)["functions"] == [vf]
        h.again()
        h.hook("release", domain("web", WEB, vf))
        h.free(vf)
        until(lambda: managed(h)["functions"] == [])
        h.stop()
        assert managed(h) == {"version": 1, "pfs": [A, B], "functions": []}
        h.again()


# --- cards that move ---

BY_MAC = json.loads(json.dumps(CONF))
BY_MAC["pfs"][0]["match"] = {"mac": "52:54:00:76:00:01"}


def test_addresses_moved_harvester_6518():
    """A card was added, and everything behind it has another address."""
    with VmHost(conf=BY_MAC) as h:
        vf = h.vfs()[0]
        claim = h.call("Claim", {"vm": "web", "uuid": WEB, "device": vf, "network": "blue"})["claim"]
        ended = h.vfs()[1]
        h.hook("prepare", domain("db", DB, ended))
        h.kill()
        reboot(h)
        with open(h.manifest, encoding="utf-8") as f:
            text = f.read()
        with open(h.manifest, "w", encoding="utf-8") as f:
            f.write(text.replace("0000:01:", "0000:05:"))
        h.again()
        moved = vf.replace("0000:01:", "0000:05:")
        until(lambda: h.claim_at(moved) and h.claim_at(moved)["boot_id"] != BOOT, f"{h.claims()}")
        now = h.claim_at(moved)
        assert (now["generation"], now["vm"], now["pf"]) == (claim["generation"], "web", "0000:05:00.0"), now
        assert h.attrs(moved)["vlan"] == 300
        until(lambda: len(h.claims()) == 1, f"{h.claims()}")
        assert contradictions(h) == []


def test_another_card_at_the_address_is_not_taken_for_the_claimed_one():
    with VmHost() as h:
        vf = h.vfs()[0]
        claim = h.call("Claim", {"vm": "web", "uuid": WEB, "device": vf, "network": "blue"})["claim"]
        h.poke(f"swap {A} 52:54:00:76:99:99")
        h.call("GetInventory", {"rescan": True})
        until(lambda: contradictions(h), f"{h.claims()}")
        has(contradictions(h)[0]["message"], "web")
        seconds_of(h, 2)
        assert h.claim_at(vf)["generation"] == claim["generation"]


def test_after_a_boot_the_vfs_come_later_than_the_claims():
    with VmHost() as h:
        vf, ended = h.vfs()[:2]
        claim = h.call("Claim", {"vm": "web", "uuid": WEB, "device": vf, "network": "blue"})["claim"]
        h.hook("prepare", domain("db", DB, ended))
        h.kill()
        h.fresh()
        reboot(h)
        h.again()
        until(lambda: h.claim_at(vf)["boot_id"] != BOOT, f"{h.claims()}")
        assert h.claim_at(vf)["generation"] == claim["generation"]
        until(lambda: h.attrs(vf)["vlan"] == 300)
        h.free(ended)
        until(lambda: not contradictions(h))
        assert h.hook("prepare", domain("web", WEB, vf)) == [claim["generation"]]
