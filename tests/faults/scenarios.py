# SPDX-License-Identifier: GPL-2.0-or-later
"""What is going on when the fault strikes. Each: a base to begin from, an act, and what must hold in the end.

An answer is kept: what was answered before a crash holds after it. Where there was none, either is right,
but wholly the one or the other; that it is whole, the host judges by itself.
"""
import json
import time

from host import CONF, HUNG_UP, NIC, PF_A, PF_B, VF_A, VF_B, Error, Violation, mac, uuid, vm

PID = 4711


def must(condition, what):
    if not condition:
        raise Violation(what)


def expect_claim(h, claims, address, generation, owner):
    c = claims.get(address)
    must(c and c["generation"] == generation and c["uuid"] == owner and c["state"] == "active",
         f"{address} was answered to be {owner}'s (generation {generation}), it is {c}")


class Scenario:
    name, conf, reboots = None, CONF, True
    mends = False  # it has faults of its own in it, and mends all there are

    def base(self, h):
        """Once, with a sound daemon."""

    def act(self, h):
        raise NotImplementedError

    def mended(self, h):
        """What a person does once it is well again, where the daemon does not go on by itself."""

    def expect(self, h, claims):
        """claims: by address, in the end."""

    def after_boot(self, h, claims):
        """The same when the host was booted in between; by default what came by request is there."""


class Claim(Scenario):
    name = "claim"

    def act(self, h):
        h.ask("claim", "Claim", {"vm": "vm1", "uuid": uuid(1), "device": VF_A[0], "network": "red", "mac": mac(1)})

    def expect(self, h, claims):
        for _, answer in h.answered:
            if isinstance(answer, dict):
                expect_claim(h, claims, VF_A[0], answer["claim"]["generation"], uuid(1))
            elif isinstance(answer, Error):
                must(VF_A[0] not in claims, f"the claim was refused ({answer}), and is there")

    after_boot = expect


class Prepare(Scenario):
    name = "prepare"
    dom = vm(2, (VF_A[1], "red", 100), (VF_B[0], "blue", 200))

    def act(self, h):
        answer = h.hook("prepare", "prepare", self.dom)
        if isinstance(answer, dict):
            h.run(self.dom, PID)
            h.hook("started", "started", self.dom)

    def expect(self, h, claims):
        _, answer = h.answered[0] if h.answered else (None, None)
        got = [claims.get(a, {}).get("uuid") for a in (VF_A[1], VF_B[0])]
        if isinstance(answer, dict):
            must(got == [uuid(2)] * 2, f"vm2 runs, its devices are {got}'s")
            must(sorted(claims[a]["generation"] for a in (VF_A[1], VF_B[0])) == sorted(answer["generations"]),
                 f"the hook was told {answer}, there are {claims}")
        else:
            must(got == [None, None], f"vm2 did not start, its devices are {got}'s")

    def after_boot(self, h, claims):
        must(not claims, f"no VM runs, and there is {claims}")


class Release(Scenario):
    name = "release"

    def base(self, h):
        h.made = h.call("Claim", {"vm": "vm1", "uuid": uuid(1), "device": VF_A[0], "network": "red",
                                  "mac": mac(1)})["claim"]
        h.generation = h.made["generation"]

    def act(self, h):
        h.ask("release", "Release", {"device": VF_A[0]})

    def expect(self, h, claims):
        c = claims.get(VF_A[0])
        if any(isinstance(answer, dict) for what, answer in h.answered if what == "release"):
            must(not c, f"{VF_A[0]} was answered to be free or quarantined, it is {c}")
        if c:
            must(c["uuid"] == uuid(1) and c["generation"] == h.generation, f"{VF_A[0]} became {c}")

    after_boot = expect


class HookRelease(Prepare):
    name = "hook release"

    def base(self, h):
        h.generations = h.call("HookQemu", {"operation": "prepare", "domain": self.dom})["generations"]
        h.generation = max(h.generations)
        h.run(self.dom, PID)

    def act(self, h):
        if h.dead():
            return
        h.end(self.dom)
        h.hook("release", "release", self.dom, generations=[h.generation - 1, h.generation])

    def expect(self, h, claims):
        left = [a for a in (VF_A[1], VF_B[0]) if a in claims]
        must(not left or uuid(2) in h.guests, f"vm2 is gone, its claims are there: {left}")


class Quarantine(Release):
    name, mends = "quarantine", True

    def act(self, h):
        if h.dead():
            return
        h.poke("fail write:*/reset 0 5")
        answer = h.ask("release", "Release", {"device": VF_A[0]})
        if isinstance(answer, dict):
            must([c["state"] for c in answer["claims"]] == ["quarantined"], f"it is clean without a reset: {answer}")
            self.wait(h, lambda c: c and c["attempts"] >= 2)
        h.poke("heal")
        self.wait(h, lambda c: not c or c["state"] == "active")

    @staticmethod
    def wait(h, condition):
        """A while: on a full disk it does not get there."""
        deadline = time.monotonic() + 1
        while not h.dead() and time.monotonic() < deadline:
            try:
                if condition(next((c for c in h.claims() if c["address"] == VF_A[0]), None)):
                    return
            except HUNG_UP:
                pass
            time.sleep(0.02)


def with_vfs(pf, n):
    c = json.loads(json.dumps(CONF))
    c["pfs"][pf]["num_vfs"] = n
    return c


class Whole(Scenario):
    name = "whole PF"
    conf = with_vfs(1, 0)

    def act(self, h):
        answer = h.ask("claim", "Claim", {"vm": "vm1", "uuid": uuid(1), "device": PF_B, "whole": True})
        if isinstance(answer, dict):
            h.ask("release", "Release", {"device": PF_B, "generation": answer["claim"]["generation"]})

    def expect(self, h, claims):
        what, answer = h.answered[-1] if h.answered else (None, None)
        c = claims.get(PF_B)
        if isinstance(answer, Error) and what == "claim" or isinstance(answer, dict) and what == "release":
            must(not c, f"{what} was answered {answer}, and there is {c}")
        if c:
            must(c["whole"] and c["uuid"] == uuid(1), f"{PF_B} became {c}")
        must(c or what != "claim" or not isinstance(answer, dict), f"{PF_B} was given away, and is free")

    after_boot = expect


class Adopt(Scenario):
    name = "adopt"
    dom = vm(3, (VF_A[2], "red", None))

    def act(self, h):
        if h.dead():
            return
        h.run(self.dom, PID)
        h.ask("adopt", "Adopt", {})

    def expect(self, h, claims):
        if uuid(3) in h.guests:
            must(claims.get(VF_A[2], {}).get("uuid") == uuid(3), f"vm3 runs with {VF_A[2]}: {claims}")
            must(h.vfs()[VF_A[2]] == h.free[VF_A[2]], f"vm3's VF was touched: {h.vfs()[VF_A[2]]}")

    def after_boot(self, h, claims):
        must(not claims, f"no VM runs, and there is {claims}")


class Drain(Scenario):
    name = "drain"

    def base(self, h):
        h.kept = h.call("Claim", {"vm": "vm1", "uuid": uuid(1), "device": VF_A[0], "network": "red",
                                  "mac": mac(1)})["claim"]
        h.call("Drain", {"pf": PF_B})

    def act(self, h):
        h.ask("drain", "Drain", {"pf": PF_A})
        h.ask("undrain", "Drain", {"pf": PF_B, "off": True})

    def expect(self, h, claims):
        drained = {d["pf"] for d in h.call("ListClaims")["drains"]}
        must(claims.get(VF_A[0], {}).get("uuid") == uuid(1), f"vm1's claim is {claims.get(VF_A[0])}")
        for what, answer in h.answered:
            if answer is not None:
                done = isinstance(answer, dict)
                must((PF_A in drained) == done if what == "drain" else (PF_B in drained) != done,
                     f"{what} was answered {answer}, drained are {drained}")

    after_boot = expect


class Beside(Scenario):
    """An apply and a bind, next to a VM that runs and a claim by request."""
    name = "apply and bind"
    dom = vm(2, (VF_A[1], "red", 100))
    reboots = False

    def base(self, h):
        h.call("HookQemu", {"operation": "prepare", "domain": self.dom})
        h.run(self.dom, PID)
        h.call("Claim", {"vm": "vm1", "uuid": uuid(1), "device": VF_A[0], "network": "red", "mac": mac(1)})
        h.generation = max(c["generation"] for c in h.claims())

    def act(self, h):
        if h.dead():
            return
        h.poke(f"vf {PF_A} 3 vlan=7")
        h.ask("apply", "Apply", {"pf": PF_A})
        h.ask("bind", "Bind", {"device": NIC})

    def mended(self, h):
        h.call("Apply", {"pf": PF_A})

    def expect(self, h, claims):
        must({a: c["uuid"] for a, c in claims.items()} == {VF_A[0]: uuid(1), VF_A[1]: uuid(2)}, f"claims are {claims}")
        must(max(c["generation"] for c in claims.values()) == 2, f"claims became others: {claims}")


class Recreate(Beside):
    """The VF count is to change, which would take the VM's VF away."""
    name = "recreate"

    def act(self, h):
        h.write_config(with_vfs(0, 2))
        h.content = False  # the daemon never is, with this
        h.ask("reload", "Reload")
        answer = h.ask("apply", "Apply", {"pf": PF_A, "recreate": True})
        if isinstance(answer, dict):
            steps = answer["report"]["plan"]["steps"]
            must(not [s for s in steps if s["op"] == "set_num_vfs"], f"the VF count was changed: {answer}")

    def mended(self, h):
        """Refused, and refused again."""


SCENARIOS = [Claim(), Prepare(), Release(), HookRelease(), Quarantine(), Whole(), Adopt(), Drain(), Beside(), Recreate()]
