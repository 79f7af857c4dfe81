# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds out whether KVM works here, once per boot of the machine.

A /dev/kvm that exists proves nothing: nested without support for it, it can
leave a guest spinning for ever. So a guest is started, under a time limit.
"""

import os
import pathlib
import subprocess

from . import cache
from .tools import qemu_binary

PROBE_SECONDS = 4
MARKER = b"LAB-PROBE-OK"


def accelerator(wanted):
    if wanted != "auto":
        return wanted
    return "kvm" if works() else "tcg"


def works():
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    answer = cache.cache_root() / "kvm-probe"
    with cache.locked("kvm-probe"):
        if answer.exists():
            seen_boot, _, verdict = answer.read_text().partition(" ")
            if seen_boot == boot:
                return verdict == "works"
        verdict = "works" if probe() else "unusable"
        answer.write_text(f"{boot} {verdict}")
    return verdict == "works"


def probe():
    kern = cache.kernel()
    argv = [qemu_binary(), "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", "q35,accel=kvm,kernel-irqchip=split", "-cpu", "host",
            "-smp", "2", "-m", "512M", "-no-reboot", "-serial", "stdio",
            "-kernel", str(kern.vmlinux), "-initrd", str(cache.host_initramfs(kern)),
            "-append", "console=ttyS0 quiet panic=-1 lab.probe"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=PROBE_SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        return False
    return MARKER in done.stdout

