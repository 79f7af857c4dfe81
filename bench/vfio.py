# SPDX-License-Identifier: GPL-2.0-or-later
"""Seven VFs from nothing to vfio-pci: `viaduct apply` (autoprobe off; planned, journalled, read back)
against the usual way: the host driver is probed for each VF, then driverctl gives it to vfio-pci.
Rounds alternate; the median counts.
"""
import statistics
import sys
import time

sys.path.insert(0, "tests/lab")
from harness import (DEVICES, Daemon, NET0, PF0, configure, driver, sh, viaduct, vf_address,  # noqa: E402
                     vf_addresses, write)

ROUNDS, VFS = 3, 7


def bare():
    for vf in vf_addresses(PF0):
        write(f"{DEVICES}/{vf}/driver_override", "\n")
    write(f"{DEVICES}/{PF0}/sriov_numvfs", "0")
    write(f"{DEVICES}/{PF0}/sriov_drivers_autoprobe", "1")
    time.sleep(1)


def usual():
    write(f"{DEVICES}/{PF0}/sriov_numvfs", str(VFS))
    for i in range(VFS):
        sh(f"driverctl --nosave set-override {vf_address(PF0, i)} vfio-pci")


def ours():
    r = viaduct("apply")
    if r.status != 0:
        raise SystemExit(str(r))


def timed(way):
    bare()
    began = time.perf_counter()
    way()
    took = (time.perf_counter() - began) * 1000
    if [driver(v) for v in vf_addresses(PF0)] != ["vfio-pci"] * VFS:
        raise SystemExit(f"{way.__name__}: not all on vfio-pci")
    return took


sh(f"modprobe vfio-pci; modprobe igbvf; ip link set {NET0} up; lab-udev-up")
configure({"provision": "manual", "pfs": [{"match": {"address": PF0}, "num_vfs": VFS, "vf": {"driver": "vfio-pci"}}]})
daemon = Daemon()
times = {"ours": [], "usual": []}
for _ in range(ROUNDS):
    times["ours"].append(timed(ours))
    times["usual"].append(timed(usual))
a, b = (statistics.median(times[k]) for k in ("ours", "usual"))
print(f"bench vfio: ours={a:.0f}ms peer=probe-then-driverctl:{b:.0f}ms ratio={b / a:.2f}")
daemon.stop()
