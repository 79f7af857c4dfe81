# SPDX-License-Identifier: GPL-2.0-or-later
"""A host with VFs, a libvirt that is a file, and guests: for tests of claims from outside."""
import json
import os
import signal
import subprocess

from harness import BUILD, Host, config, until

A, B, NIC = "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"
WEB, DB = "11111111-2222-4333-8444-555555555501", "11111111-2222-4333-8444-55555555abcd"
CONF = config(
    provision="auto",
    networks=[
        {"name": "blue", "vlan": 300, "uplinks": ["a"]},
        {"name": "red", "vlan": 400, "uplinks": ["b"]},
    ],
)


def device(address, **more):
    return {"address": address, "interface": False, "managed": True, "pool": False, **more}


def domain(name, uuid, *devices, **more):
    """As the hook and libvirt tell it: a plain <hostdev managed='yes'> for each address."""
    return {"uuid": uuid, "name": name, "nics": [], **more,
            "devices": [device(d) if isinstance(d, str) else d for d in devices]}


class VmHost(Host):
    """Provisioned, when it is entered. libvirt knows what set_virt says; nothing at first."""

    def __init__(self, *options, conf=None, virt=True, **kind):
        super().__init__(conf=CONF if conf is None else conf, **kind)
        self.virt = os.path.join(self.dir, "virt")
        self.options = ["--pokes", self.pokes, "--vm-gone", "200", "--reconcile-interval", "1",
                        "--clean-backoff", "100", *options]
        if virt:
            self.set_virt()
            self.options += ["--virt", self.virt]
        try:
            self.again()
        except BaseException:
            self.__exit__(AssertionError)
            raise

    def again(self, *options):
        """Start it, and be ready: also after it was stopped or killed."""
        self.start(*self.options, *options)
        until(lambda: self.status()["ready"], "it did not become ready")
        return self

    def fresh(self):
        """The manifest of a host that has just been booted: no VFs, nothing is set."""
        made = subprocess.run([f"{BUILD}/tests/daemon/make-host", "lab"], check=True, capture_output=True, text=True)
        with open(self.manifest, "w", encoding="utf-8") as f:
            f.write(made.stdout)

    def set_virt(self, *domains, **more):
        with open(self.virt + ".new", "w", encoding="utf-8") as f:
            json.dump({"domains": list(domains), **more}, f)
        os.rename(self.virt + ".new", self.virt)

    def vfs(self, pf=A):
        return [v["address"] for v in self.call("Show", {"device": pf})["device"]["sriov"]["vfs"]]

    def attrs(self, vf):
        """As the kernel has them now."""
        devices = self.call("GetInventory", {"rescan": True})["inventory"]["devices"]
        return next(v["attrs"] for d in devices if d.get("sriov") for v in d["sriov"]["vfs"] if v["address"] == vf)

    def hook(self, operation, dom, **more):
        return self.call("HookQemu", {"operation": operation, "domain": dom, **more})["generations"]

    def claims(self, **which):
        return self.call("ListClaims", which)["claims"]

    def claim_at(self, address):
        return next((c for c in self.claims() if c["address"] == address), None)

    def free(self, address):
        until(lambda: self.claim_at(address) is None, f"{address} did not become free: {self.claims()}")

    def events(self, *types):
        client = self.client()
        client.send("Monitor", {"types": list(types)}, more=True)
        # Only what comes after the subscription is told: it stands when a later call is answered.
        self.status()
        return client

    def end_hang(self):
        """What hangs comes back, and nothing hangs any more."""
        self.process.send_signal(signal.SIGUSR1)

    def listed(self, n=None):
        """libvirt's newest word has arrived."""
        until(lambda: self.status()["libvirt"]["domains"] == n, "libvirt was not listed")


def next_event(client):
    return client.recv()["parameters"]["event"]
