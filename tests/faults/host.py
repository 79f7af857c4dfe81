# SPDX-License-Identifier: GPL-2.0-or-later
"""A host for the fault campaign: made once for each scenario, copied for each case, and judged at its end."""
import json
import os
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "daemon"))
sys.dont_write_bytecode = True

from harness import Error, Host, until  # noqa: E402
from vmhost import device, domain  # noqa: E402

PF_A, PF_B, NIC = "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"
VF_A = [f"0000:01:10.{2 * i}" for i in range(4)]
VF_B = ["0000:02:10.0", "0000:02:10.2"]
HUNG_UP = (EOFError, ConnectionError, FileNotFoundError, TimeoutError)

CONF = {
    "provision": "auto",
    "drift": {"interval_s": 0, "debounce_ms": 20},
    "networks": [
        {"name": "red", "vlan": 100, "uplinks": ["a"], "spoofchk": True},
        {"name": "blue", "vlan": 200, "uplinks": ["b"], "spoofchk": True},
    ],
    "pfs": [
        {"label": "a", "match": {"address": PF_A}, "num_vfs": 4, "vf": {"mac": "derived", "vlan": 10, "driver": "vfio-pci"}},
        {"label": "b", "match": {"address": PF_B}, "num_vfs": 2,
         "vf": {"driver": "vfio-pci"}},
    ],
}


def uuid(n):
    return f"11111111-1111-4111-8111-{n:012d}"


def mac(n):
    return f"52:54:00:00:00:{n:02x}"


def vm(n, *vfs, tags=None):
    """Domain n with these VFs as libvirt's own interfaces; a pair gives the VLAN it has in its XML."""
    devices = [device(a, interface=True, mac=mac(16 * n + i), network=net,
                      **({"tags": 1, "tag": tag} if tag else {}))
               for i, (a, net, tag) in enumerate(vfs)]
    return domain(f"vm{n}", uuid(n), *devices)


class Violation(Exception):
    pass


class FaultHost(Host):
    """base: another one's folder to begin from, with what is known about it; None: a new host."""

    def __init__(self, conf=None, base=None):
        self.guests = {}    # UUID: (PID, [addresses]): the VMs that run
        self.domains = {}   # UUID: what libvirt knows
        self.answered = []  # (what, answer): honoured for ever
        self.free = {}      # address: [driver, attributes] of a VF that is nobody's
        self.generation = 0  # the highest one that anybody was told
        self.poking = threading.Lock()
        self.later = []     # pokes that found no daemon
        self.full = False   # the disk was: what was owed to the journal is written with its next record
        self.content = True  # the configuration can be brought about
        self.counts = {}    # PF: how many VFs it has
        super().__init__(conf=CONF if conf is None else conf)
        self.virt = os.path.join(self.dir, "virt")
        with open(self.manifest, encoding="utf-8") as f:
            self.fresh = f.read()
        if base:
            self.take_over(base)
        self.set_virt()

    def take_over(self, base):
        shutil.copytree(base.state, self.state)
        for name in ("manifest", "conf"):
            shutil.copyfile(getattr(base, name), getattr(self, name))
        for name in ("guests", "domains", "free", "counts"):
            setattr(self, name, json.loads(json.dumps(getattr(base, name))))
        self.generation = base.generation

    def start(self, *options, **more):
        return super().start("--pokes", self.pokes, "--virt", self.virt, "--clean-backoff", "20", "--vm-gone", "0",
                             "--reconcile-interval", "1", "--heal-backoff", "20", *options, **more)

    def set_virt(self):
        with open(self.virt + ".new", "w", encoding="utf-8") as f:
            json.dump({"domains": list(self.domains.values())}, f)
        os.rename(self.virt + ".new", self.virt)

    # --- the host behind the daemon's back ---

    def poke(self, line):
        """Now; while no daemon runs (it is its kernel as well): as soon as one does."""
        with self.poking:
            self.poke_alone(line)

    def poke_alone(self, line):
        while True:
            try:
                fd = os.open(self.pokes, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:
                if self.dead():
                    self.later.append(line)
                    return
                time.sleep(0.01)
        try:
            os.write(fd, line.encode() + b"\n")
        except BrokenPipeError:
            pass
        finally:
            os.close(fd)
        done = self.pokes + ".done"
        until(lambda: os.path.exists(done) or self.dead())
        if os.path.exists(done):
            os.unlink(done)
        else:
            self.later.append(line)

    def boot(self):
        """The host comes up again: no VFs, no guests, another boot id. No daemon runs."""
        with open(self.manifest, "w", encoding="utf-8") as f:
            f.write(self.fresh.replace("0b5f6f3c", "0b5f6f3d"))
        self.guests, self.domains, self.later = {}, {}, []
        self.set_virt()

    def dead(self):
        return self.process is None or self.process.poll() is not None

    def catch_up(self):
        lines, self.later = self.later, []
        for line in lines:
            self.poke(line)

    # --- what VMs do ---

    def run(self, dom, pid):
        """Its hook has said yes: libvirt starts it, and it opens its devices."""
        addresses = [d["address"] for d in dom["devices"]]
        self.guests[dom["uuid"]] = (pid, addresses)
        self.domains[dom["uuid"]] = {**dom, "active": True}
        self.set_virt()
        self.hold(dom["uuid"])

    def hold(self, which):
        pid, addresses = self.guests[which]
        name = self.domains[which]["name"]
        for a in addresses:
            self.poke(f"guest {pid} {name} {which} {a}")

    def end(self, dom):
        """It is gone, and libvirt knows."""
        pid, _ = self.guests.pop(dom["uuid"])
        self.domains.pop(dom["uuid"])
        self.set_virt()
        self.poke(f"guest-gone {pid}")

    # --- calls whose answer counts ---

    def ask(self, what, method, parameters=None):
        """The answer, an Error, or None when there was none."""
        try:
            answer = self.call(method, parameters)
        except Error as e:
            answer = e
        except HUNG_UP:
            answer = None
        self.answered.append((what, answer))
        if isinstance(answer, dict):
            told = [c["generation"] for c in [answer.get("claim")] + list(answer.get("claims") or []) if c]
            self.generation = max([self.generation, *told, *answer.get("generations", [])])
        return answer

    def hook(self, what, operation, dom, **more):
        return self.ask(what, "HookQemu", {"operation": operation, "domain": dom, **more})

    def claims(self):
        return self.call("ListClaims")["claims"]

    # --- judgement ---

    def vfs(self):
        """address: [driver, attributes], of every VF."""
        return {vf[0]: vf[1:] for pf in self.picture().values() for vf in pf[2:]}

    def busy(self):
        """Why it has not come to rest; ""."""
        claims = self.claims()
        states = {c["state"] for c in claims}
        if states - {"active"}:
            return f"claims are {[(c['address'], c['state'], c.get('reason')) for c in claims]}"
        journal = self.journal()
        open_ = {r["session"] for r in journal if r["rec"] == "intent"} - {
            r["session"] for r in journal if r["rec"] == "done"}
        if open_ and not self.full:
            return f"sessions {open_} are under way"
        for which, (_, addresses) in self.guests.items():
            if {c["address"] for c in claims if c.get("uuid") == which} != set(addresses):
                return f"{which} runs with {addresses}, claimed are {claims}"
        return ""

    def unlike(self, expect):
        try:
            expect(self, {c["address"]: c for c in self.claims()})
        except Violation as e:
            return str(e)
        return ""

    def converge(self, patience, expect):
        """Rests in good order and as expected, twice in a row."""
        deadline, calm = time.monotonic() + patience, 0
        while calm < 2:
            why = self.busy() or self.disorder() or self.unlike(expect)
            calm = 0 if why else calm + 1
            if why and time.monotonic() > deadline:
                raise Violation(f"it does not come to rest: {why}")
            time.sleep(0.02)

    def disorder(self):
        """What is not as it should be on the host; ""."""
        picture, claims = self.picture(), {c["address"]: c for c in self.claims()}
        for pf, n in self.counts.items():
            if picture[pf][0] != n:
                return f"{pf} has {picture[pf][0]} VFs, not {n}"
        vfs = {vf[0]: vf[1:] for pf in picture.values() for vf in pf[2:]}
        for a, (driver, attrs) in vfs.items():
            c = claims.get(a)
            if not c:
                if self.free.get(a) and [driver, attrs] != self.free[a]:
                    return f"{a} is free and {driver} {attrs}, not {self.free[a]}"
                continue
            wrong = {k: (v, (attrs or {}).get(k)) for k, v in (c.get("wanted") or {}).items()
                     if (attrs or {}).get(k) != v}
            if wrong:
                return f"{a} is claimed by {c['vm']} and not as wanted: {wrong}"
        return ""

    def judge(self):
        """What it converged to, looked at afresh."""
        self.picture()
        claims = self.claims()
        addresses = [c["address"] for c in claims]
        if len(set(addresses)) != len(addresses):
            raise Violation(f"two claims of one function: {addresses}")
        for c in claims:
            if c["whole"] and any(o.get("pf") == c["address"] for o in claims):
                raise Violation(f"{c['address']} is claimed whole and in part")
        held = {}
        for which, (pid, held_by) in self.guests.items():
            for a in held_by:
                dev = self.call("Show", {"device": a})["device"]
                if pid not in [x.get("pid") for x in dev["holders"]]:
                    raise Violation(f"{which} lost {a}: {dev['holders']}")
                if a in held:
                    raise Violation(f"{a} has two owners")
                held[a] = which
        for c in claims:
            if c["address"] in held and c["uuid"] != held[c["address"]]:
                raise Violation(f"{held[c['address']]} runs with {c['address']}, claimed by {c['uuid']}")
        self.judge_generations(claims)

    def judge_generations(self, claims):
        """A new claim's is higher than any that was ever told or written."""
        told = max([self.generation] + [c["generation"] for c in claims])
        free = next((a for a in VF_A + VF_B if a in self.vfs() and a not in [c["address"] for c in claims]
                     and not self.call("Show", {"device": a})["device"]["holders"]), None)
        if not free:
            return
        try:
            c = self.call("Claim", {"vm": "last", "uuid": uuid(99), "device": free, "mac": mac(0x99),
                                    "network": "red" if free in VF_A else "blue"})["claim"]
        except Error as e:
            if e.name.endswith("Draining"):
                return
            raise Violation(f"{free} is free and cannot be claimed: {e}") from e
        if c["generation"] <= told:
            raise Violation(f"generation {c['generation']} after {told}")
        left = self.call("Release", {"device": free, "generation": c["generation"]})["claims"]
        if left:
            raise Violation(f"{free} does not come clean: {left}")


__all__ = ["CONF", "FaultHost", "HUNG_UP", "NIC", "PF_A", "PF_B", "VF_A", "VF_B", "Violation", "Error", "device",
           "domain", "mac", "until", "uuid", "vm"]
