# SPDX-License-Identifier: GPL-2.0-or-later
"""Five attributes of each of the 7 VFs of an igb PF: the executor's engine (one message a VF in one
sendmsg, then read back and compared) against `ip`, one call an attribute, and `ip -batch`, which read
nothing back. All are timed as whole processes; rounds alternate and the median counts. Beside it, the
whole way of a user: `viaduct apply`, with scan, plan, journal and read-back.
"""
import json
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, "tests/lab")
from harness import Daemon, NET0, PF0, configure, ip_vfs, sh, viaduct, DEVICES  # noqa: E402

ROUNDS, VFS = 9, 7
NAMES = ("mac", "vlan", "max_tx_rate", "spoofchk", "trust")


def values(round_number):
    """New values each round, so that every setting is a change."""
    odd = round_number % 2
    return [{"mac": f"02:aa:{round_number & 255:02x}:00:00:{i:02x}", "vlan": 100 + i + round_number % 800,
             "max_tx_rate": 100 + round_number, "spoofchk": "on" if odd else "off",
             "trust": "off" if odd else "on"} for i in range(VFS)]


def ip_lines(wanted):
    for i, v in enumerate(wanted):
        for name in NAMES:
            yield f"link set dev {NET0} vf {i} {name} {v[name]}"


def by_calls(wanted):
    for line in ip_lines(wanted):
        subprocess.run(["ip", *line.split()], check=True)


def by_batch(wanted):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(ip_lines(wanted)) + "\n", text=True, check=True)


def by_ours(wanted):
    """vf-attrs-bench reads "VF MAC VLAN MAX SPOOFCHK TRUST" lines; fails unless all was read back equal."""
    text = "".join(f"{i} {v['mac']} {v['vlan']} {v['max_tx_rate']} {v['spoofchk']} {v['trust']}\n"
                   for i, v in enumerate(wanted))
    subprocess.run(["vf-attrs-bench", NET0], input=text, text=True, check=True)


def as_asked(wanted):
    for got, v in zip(ip_vfs(NET0), wanted):
        if (got["mac"], got["vlan"], got["max_tx_mbps"], got["spoofchk"], got["trust"]) != (
                v["mac"], v["vlan"], v["max_tx_rate"], v["spoofchk"] == "on", v["trust"] == "on"):
            raise SystemExit(f"asked for {v}, got {got}")


def measure(ways):
    times = {name: [] for name in ways}
    number = 0
    for _ in range(ROUNDS):
        for name, way in ways.items():
            number += 1
            wanted = values(number)
            began = time.perf_counter()
            way(wanted)
            times[name].append((time.perf_counter() - began) * 1000)
            as_asked(wanted)
    return {name: statistics.median(t) for name, t in times.items()}


def whole_apply():
    configure({"provision": "manual", "pfs": [{
        "match": {"address": PF0}, "num_vfs": VFS,
        "vf": {"vlan": 9, "max_tx_mbps": 50, "spoofchk": True, "trust": False, "driver": "none"},
        "vfs": [{"index": i, "mac": f"02:bb:00:00:00:{i:02x}"} for i in range(VFS)]}]})
    daemon = Daemon()
    began = time.perf_counter()
    r = viaduct("apply")
    took = (time.perf_counter() - began) * 1000
    if r.status != 0:
        raise SystemExit(str(r))
    daemon.stop()
    return took


sh(f"ip link set {NET0} up; ip link set eth1 up; echo 0 > {DEVICES}/{PF0}/sriov_drivers_autoprobe;"
   f"echo {VFS} > {DEVICES}/{PF0}/sriov_numvfs")
time.sleep(3)  # until the link has its carrier: igb refuses a rate without one
t = measure({"ours": by_ours, "calls": by_calls, "batch": by_batch})
for peer, label in (("calls", "ip-calls"), ("batch", "ip-batch")):
    print(f"bench vf-attrs: ours={t['ours']:.1f}ms peer={label}:{t[peer]:.1f}ms ratio={t[peer] / t['ours']:.2f}")
apply = whole_apply()
print(f"bench vf-attrs-apply: ours={apply:.1f}ms peer=ip-calls:{t['calls']:.1f}ms ratio={t['calls'] / apply:.2f}")
