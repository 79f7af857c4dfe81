# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with two networks over two PFs, for tests of claims."""
import json
import os

from harness import Host, until

PF_A, PF_B = "0000:01:00.0", "0000:02:00.0"
VF_A = [f"0000:01:10.{2 * i}" for i in range(4)]
VF_B = ["0000:02:10.0", "0000:02:10.2"]
MAC = "52:54:00:00:00:{:02x}"
CONFIG = {
    "provision": "auto",
    "drift": {"interval_s": 0, "debounce_ms": 20},
    "networks": [
        {"name": "red", "vlan": 100, "uplinks": ["a"], "spoofchk": True},
        {"name": "blue", "vlan": 200, "uplinks": ["b"]},
    ],
    "pfs": [
        {"label": "a", "match": {"address": PF_A}, "num_vfs": 4,
         "vf": {"mac": "derived", "driver": "vfio-pci"}},
        {"label": "b", "match": {"address": PF_B}, "num_vfs": 2},
    ],
}


def changed(**changes):
    c = json.loads(json.dumps(CONFIG))
    c.update(changes)
    return c


def uuid(n):
    return f"11111111-1111-1111-1111-{n:012d}"


def request(n, **more):
    """Claim's parameters for VM n, of network red unless something else is said."""
    p = {"vm": f"vm{n}", "uuid": uuid(n), **more}
    if not p.get("whole"):
        p.setdefault("mac", MAC.format(n))
    if "device" not in p:
        p.setdefault("network", "red")
    return p


def domain(n, devices, **more):
    """What the hook reads from the XML of domain n: plain hostdevs of libvirt's, unless said otherwise."""
    listed = [{"address": a, "interface": False, "managed": True, "pool": False, "network": net}
              for a, net in devices]
    return {"uuid": uuid(n), "name": f"vm{n}", "devices": listed, "nics": [], **more}


class Claims(Host):
    def __init__(self, conf=None, **more):
        super().__init__(conf=CONFIG if conf is None else conf, **more)

    def start(self, *options, ready=True, **more):
        super().start("--pokes", self.pokes, "--clean-backoff", "20", "--vm-gone", "0",
                      "--reconcile-interval", "0", *options, **more)
        if ready:
            until(lambda: self.status()["ready"])
        return self

    def claim(self, n, **more):
        return self.call("Claim", request(n, **more))["claim"]

    def release(self, **what):
        return self.call("Release", what)["claims"]

    def claims(self, **what):
        return self.call("ListClaims", what)["claims"]

    def claim_at(self, address):
        return next((c for c in self.claims() if c["address"] == address), None)

    def hook(self, operation, dom, generations=None):
        p = {"operation": operation, "suboperation": "begin", "domain": dom}
        if generations is not None:
            p["generations"] = generations
        return self.call("HookQemu", p)["generations"]

    def vf(self, address):
        """(driver, attributes) of a VF as they are now."""
        for vfs in self.picture().values():
            for vf in vfs[2:]:
                if vf[0] == address:
                    return vf[1], vf[2]
        raise AssertionError(f"no VF {address}")

    def ledger(self):
        with open(os.path.join(self.state, "claims.jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]
