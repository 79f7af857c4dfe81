# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims when the daemon is killed or stopped, a step hangs, the disk is full, the power goes."""
import signal

from claims_host import MAC, VF_A, VF_B, Claims, changed, domain, request
from harness import Error, has, refused, until


def test_quarantine_outlives_a_restart():
    with Claims() as h:
        h.start("--clean-backoff", "600000")
        h.claim(1, device=VF_A[0], network="red")
        h.poke("fail write:*/reset 0 5")
        h.release(device=VF_A[0])
        h.kill()
        h.start("--fail", "write:*/reset:0:5")
        until(lambda: h.claim_at(VF_A[0])["attempts"] >= 2)
        assert h.claim_at(VF_A[0])["state"] == "quarantined"


def test_claims_are_there_after_a_restart_device_plugin_565():
    with Claims() as h:
        h.start()
        made = [h.claim(1), h.claim(2), h.claim(3, network="blue")]
        for end in (h.kill, h.stop):
            end()
            h.start()
            assert sorted(h.claims(), key=lambda c: c["generation"]) == made
            for c in made:
                assert h.vf(c["address"])[1]["mac"] == c["mac"]


def test_a_claim_is_whole_or_absent_after_a_kill_at_any_record_sriov_cni_119():
    seen = set()
    for at in range(1, 40):
        ended = []
        for when in ("", ":after"):
            with Claims() as h:
                h.start()
                before = h.vf(VF_A[0])
                h.stop()
                h.start("--kill-at", f"{at}{when}")
                try:
                    c = h.claim(1, device=VF_A[0], network="red")
                    h.release(device=VF_A[0], generation=c["generation"])
                except (Error, EOFError, ConnectionError):
                    pass
                # Some records follow the answer.
                until(lambda: h.process.poll() is not None or is_idle(h))
                ended.append(h.process.poll() is not None)
                if ended[-1]:
                    h.wait_ended()
                else:
                    h.stop()
                h.start()
                until(lambda: all(c["state"] == "active" for c in h.claims()))
                claims = h.claims()
                seen.add(len(claims))
                attrs = h.vf(VF_A[0])
                if claims:
                    assert (attrs[1]["mac"], attrs[1]["vlan"]) == (MAC.format(1), 100), (at, when, attrs)
                else:
                    assert attrs == before, (at, when, attrs)
                assert h.claim(2, device=VF_A[1], network="red")["state"] == "active"
        if not any(ended):
            break
    else:
        raise AssertionError("no end of records")
    assert at > 8, at
    assert seen == {0, 1}, seen


def is_idle(h):
    """Nothing is claimed, and every session is done, as its last record says."""
    try:
        if h.claims():
            return False
    except (OSError, EOFError):
        return False
    journal = [r for r in h.journal()]
    return {r["session"] for r in journal if r["rec"] == "intent"} <= {
        r["session"] for r in journal if r["rec"] == "done"}


def test_a_full_disk_refuses_new_claims_and_loses_none():
    with Claims() as h:
        h.start()
        kept = h.claim(1)
        h.stop()
        for room in range(0, 6000, 250):
            h.start("--disk-full-after", str(room))
            until(lambda: h.claims() == [kept])
            told = fill_disk(h)
            has(told, "No space left")
            assert h.claim_at(kept["address"]) == kept
            h.process.send_signal(signal.SIGUSR2)
            # What could not be released is its VM's still.
            until(lambda: tried(lambda: h.release(vm="vm2")) == [] or h.claims() == [kept], room)
            until(lambda: h.claims() == [kept], room)
            until(lambda: tried(lambda: h.claim(3)), "there is room and no claim")
            h.release(vm="vm3")
            h.kill()
            h.start()
            until(lambda: h.claims() == [kept])
            h.stop()


def tried(fn):
    try:
        return fn()
    except Error:
        return None


def fill_disk(h):
    """Claims and releases until one is refused for want of room; its words."""
    for _ in range(100):
        try:
            c = h.claim(2, device=VF_A[3], network="red")
            h.release(device=VF_A[3], generation=c["generation"])
        except Error as e:
            if e.parameters.get("errno") == "ENOSPC":
                return e.reason
            raise
    raise AssertionError("the disk is never full")


def test_a_step_that_hangs_blocks_and_the_claim_is_gone_on_with():
    conf = changed(step_timeout_s=1)
    with Claims(conf) as h:
        h.start()
        h.poke("hang set_vfs:eth0")
        e = refused("Blocked", lambda: h.claim(1, device=VF_A[0], network="red"))
        has(e.reason, "has not come back")
        assert h.claim_at(VF_A[0])["state"] == "preparing"
        refused("Blocked", lambda: h.claim(2, device=VF_A[1], network="red"))
        assert h.claim(3, network="blue")["state"] == "active"
        h.process.send_signal(signal.SIGUSR1)
        until(lambda: [c["vm"] for c in h.claims()] == ["vm3"])
        assert h.vf(VF_A[0])[1]["vlan"] == 0
        assert h.claim(2, device=VF_A[0], network="red")["state"] == "active"


def test_a_claim_in_the_middle_of_which_the_daemon_stops():
    with Claims() as h:
        h.start()
        h.poke("hang set_vfs")
        with h.client() as c:
            begun = len(h.journal())
            c.send("Claim", request(1, device=VF_A[0], network="red"))
            until(lambda: "act" in [r["rec"] for r in h.journal()[begun:]])
            h.process.terminate()
            h.process.send_signal(signal.SIGUSR1)
            try:
                c.result()
            except (Error, EOFError, OSError):
                pass
        h.wait_ended()
        h.start()
        h.poke("heal")  # of a hang that nobody met
        until(lambda: all(c["state"] == "active" for c in h.claims()))
        vlan = h.vf(VF_A[0])[1]["vlan"]
        assert vlan == (100 if h.claims() else 0), (vlan, h.claims())


def test_a_claim_that_comes_before_the_first_look_waits_for_it():
    with Claims() as h:
        h.start()
        h.stop()
        h.start("--hang", "get_net", ready=False, wait=False)
        with until(lambda: connect(h)) as c:
            c.send("Claim", request(1))
            c.sock.settimeout(0.3)
            try:
                c.recv()
                raise AssertionError("answered without a look at the host")
            except TimeoutError:
                pass
            c.sock.settimeout(30)
            h.process.send_signal(signal.SIGUSR1)
            assert c.result()["claim"]["state"] == "active"


def connect(h):
    try:
        return h.client()
    except (FileNotFoundError, ConnectionRefusedError):
        return None


def test_a_hook_does_not_wait_without_end():
    with Claims() as h:
        h.start()
        h.poke("hang set_vfs:eth1")
        conf = changed()
        conf["pfs"][1]["vf"] = {"spoofchk": False}
        h.write_config(conf)
        h.call("Reload")
        until(lambda: "provisioning: 2 steps" in h.log())
        e = refused("Busy", h.hook, "prepare", domain(1, [(VF_A[0], "red"), (VF_B[0], "blue")]))
        has(e.reason, "PF")
        until(lambda: not h.claims())
        h.poke("heal")
        assert len(h.hook("prepare", domain(1, [(VF_A[0], "red"), (VF_B[0], "blue")]))) == 2


def test_the_power_goes_in_the_middle():
    """At every eighth call of the disk, as tests/faults does it at each; what was answered is so."""
    for at in range(3, 36, 8):
        with Claims() as h:
            h.start()
            before = h.vf(VF_A[0])
            h.stop()
            h.start("--power-cut-at", str(at), ready=False, wait=False)
            made = released = None
            try:
                h.wait_socket()
                made = h.claim(1, device=VF_A[0], network="red")
                released = h.release(device=VF_A[0]) == []
            except (Error, OSError, EOFError, AssertionError):
                pass
            if released:
                h.kill()
            else:
                h.wait_ended()
            h.start()
            until(lambda: all(c["state"] == "active" for c in h.claims()))
            assert h.claims() in ([], [made]), (at, made, h.claims())
            assert not (released and h.claims()), at
            attrs = h.vf(VF_A[0])
            assert attrs == before if not h.claims() else attrs[1]["vlan"] == 100, (at, attrs)
