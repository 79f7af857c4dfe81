# SPDX-License-Identifier: GPL-2.0-or-later
import re
import subprocess
import sys
import time

from daemon_host import DaemonHost, call

LIMIT_MIB = 32


def rss_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024


def lspci_mib(tree):
    """The most lspci takes to list the same devices."""
    command = ["/usr/bin/time", "-f", "%M", "lspci", "-O", f"sysfs.path={tree}/sys/bus/pci", "-vv"]
    try:
        run = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        return int(run.stderr.split()[-1]) / 1024
    except (OSError, ValueError, IndexError):
        return None


def main(build):
    with DaemonHost(build) as host:
        time.sleep(3)  # idle threads end
        first = rss_mib(host.process.pid)
        for method in ("GetInventory", "GetPlan", "Check", "GetStatus") * 5:
            call(host.socket, "org.viaduct." + method)
        time.sleep(4)
        ours = rss_mib(host.process.pid)
        peer = lspci_mib(host.tree)
        print(f"# {first:.1f} MiB after the start, {ours:.1f} MiB after 20 large requests, 8,192 VFs")
        if peer:
            print(f"bench memory: ours={ours:.1f}MiB peer=lspci:{peer:.1f}MiB ratio={peer / ours:.2f}")
        else:
            print(f"bench memory: ours={ours:.1f}MiB peer=limit:{LIMIT_MIB}MiB ratio={LIMIT_MIB / ours:.2f}")
    return ours >= LIMIT_MIB


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
