# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook and the real daemon, over a fake host."""
import glob
import os
import signal
import sys

from host import UUID, equal
import host

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "daemon"))
from harness import until
from vmhost import VmHost

OTHER = UUID.replace("c7", "d8")


class Real(host.Host):
    """The same calls, on the places of a daemon."""

    def __init__(self, vm_host):
        self.daemon = vm_host
        self.dir, self.state, self.socket = vm_host.dir, vm_host.state, vm_host.socket
        self.run = f"{self.dir}/run"
        self.root = f"{self.dir}/tree"
        os.makedirs(f"{self.root}/sys/bus/pci/devices")
        self.vfs = vm_host.vfs()
        self.function("0000:01:00.0", "0x020000")
        for vf in self.vfs:
            self.function(vf, "0x020000", pf="0000:01:00.0")

    def claimed(self):
        return [(c["address"], c["state"], c["uuid"]) for c in self.daemon.claims()]


def real(function):
    def test(_h):
        with VmHost() as vm_host:
            function(Real(vm_host))
    return test


def guest(vf, uuid=UUID, name="guest"):
    return host.domain(host.BRIDGE, host.hostdev(vf), uuid=uuid, name=name)


@real
def test_a_guests_life(h):
    vf, second = h.vfs[:2]
    h.hook("prepare", guest(vf)).is_silent()
    equal(h.claimed(), [(vf, "active", UUID)])
    equal(h.kept()["generations"], [h.daemon.claim_at(vf)["generation"]])
    for operation in ("start", "started"):
        h.hook(operation, guest(vf)).is_silent()
    h.hook("prepare", guest(vf, OTHER, "second")).tells(1, vf, "guest")
    h.hook("prepare", guest(second, OTHER, "second")).is_silent()
    h.hook("stopped", guest(vf), "end").is_silent()
    equal(len(h.claimed()), 2)
    h.hook("release", guest(vf), "end").is_silent()
    h.daemon.free(vf)
    equal(h.claimed(), [(second, "active", OTHER)])
    h.hook("prepare", guest(vf)).is_silent()


@real
def test_a_late_release_of_an_earlier_start_frees_nothing(h):
    vf = h.vfs[0]
    h.hook("prepare", guest(vf)).is_silent()
    early = h.kept()["generations"]
    h.hook("release", guest(vf), "end").is_silent()
    h.daemon.free(vf)
    h.hook("prepare", guest(vf)).is_silent()
    now = h.kept()["generations"]
    h.keep(*early)
    h.hook("release", guest(vf), "end")
    equal([(c["generation"], c["state"]) for c in h.daemon.claims()], [(now[0], "active")])


@real
def test_as_many_nics_as_there_may_be(h):
    """The request is within what the daemon reads."""
    nics = [f"<interface type='bridge'><mac address='52:54:00:00:{i // 256:02x}:{i % 256:02x}'/><source bridge='{'/' * 63}'/>"
            f"<target dev='vnet{i}'/><alias name='{'&quot;' * 63}'/></interface>" for i in range(1024)]
    h.hook("prepare", host.domain(*nics, host.hostdev(h.vfs[0]))).is_silent()
    equal(h.claimed(), [(h.vfs[0], "active", UUID)])


@real
def test_an_end_while_the_daemon_is_away(h):
    vf, other = h.vfs[:2]
    h.hook("prepare", guest(vf)).is_silent()
    h.hook("prepare", guest(other, OTHER, "second")).is_silent()
    until(lambda: os.path.exists(f"{h.state}/managed.json"))
    h.daemon.process.send_signal(signal.SIGKILL)
    h.daemon.process.wait(host.PATIENCE)
    h.hook("prepare", guest(h.vfs[2])).tells(1, "viaductd is not running", h.vfs[2])
    h.hook("prepare", host.NONE).is_silent()
    h.hook("release", guest(vf), "end").is_silent()
    equal(len(glob.glob(f"{h.state}/notes/{UUID}-*.json")), 1)
    h.daemon.set_virt({"uuid": OTHER, "name": "second", "active": True, "devices": [
        {"address": other, "interface": False, "managed": True, "pool": False}], "nics": []})
    h.daemon.again()
    h.daemon.free(vf)
    equal(h.claimed(), [(other, "active", OTHER)])
    equal(os.listdir(f"{h.state}/notes"), [])
