# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated host (L1) as a QEMU command line."""

import shlex

from . import LabError, cache, kvm
from .tools import qemu_binary

# QEMU 10.0 drops the upper half of a VF's 64-bit BAR, so every BAR has to stay
# below 4 GiB: these two say so, and memory has to stay inside the limits, as
# q35 moves RAM, and with it the BARs, above 4 GiB beyond 2816 MiB.
LOW_BARS = ("-global", "q35-pcihost.pci-hole64-size=0",
            "-global", "q35-pcihost.x-pci-hole64-fix=off")
MEMORY_MIB_MIN = 1600
MEMORY_MIB_MAX = 2800

# Without no_timer_check a kernel that boots while this machine is busy may find
# that its timer does not tick, and panic.
KERNEL_ARGUMENTS = ("console=ttyS0", "quiet", "panic=-1", "no_timer_check",
                    "intel_iommu=on", "iommu=pt", "net.ifnames=0", "mitigations=off")

# One serial port of the virtio console a stream; stage2 finds them by name.
PORTS = ("control", "stdout", "stderr", "qmp")


def command(run, options, sockets):
    """The argument vector; sockets maps a stream to its file descriptor."""
    accel = kvm.accelerator(options.accel)
    kern = run.kernel
    argv = [
        # The runner's death must not leave a machine behind.
        "setpriv", "--pdeathsig", "KILL", "--",
        qemu_binary(), "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", f"q35,accel={accel},kernel-irqchip=split",
        "-cpu", "host" if accel == "kvm" else "max",
        "-smp", "2", "-m", f"{options.memory}M", *LOW_BARS,
        "-no-reboot", "-d", "cpu_reset", "-D", str(run.folder / "qemu-debug.log"),
        "-kernel", str(kern.vmlinux), "-initrd", str(run.initramfs),
        "-append", " ".join((*KERNEL_ARGUMENTS, *options.append)),
        "-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on",
        "-serial", f"file:{run.folder / 'console.log'}",
    ]
    argv += shared_folder("root", "/", ",readonly=on")
    argv += shared_folder("share", run.share)
    argv += console_ports(sockets)
    argv += nics()
    for extra in options.extra_qemu:
        argv += shlex.split(extra)
    return argv


def shared_folder(tag, path, more=""):
    # A comma in a QEMU option is written twice.
    path = str(path).replace(",", ",,")
    return ["-fsdev", f"local,id={tag},path={path},security_model=none,"
                      f"multidevs=remap{more}",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


def console_ports(sockets):
    argv = ["-device", "virtio-serial-pci,id=ports"]
    for name in PORTS:
        argv += ["-chardev", f"socket,id={name},fd={sockets[name]}",
                 "-device", f"virtserialport,chardev={name},name={name}"]
    if "terminal" in sockets:
        argv += ["-chardev", f"socket,id=terminal,fd={sockets['terminal']}",
                 "-device", "virtconsole,chardev=terminal,name=terminal"]
    argv += ["-chardev", f"socket,id=monitor,fd={sockets['monitor']}",
             "-mon", "chardev=monitor,mode=control"]
    return argv


def nics():
    """Two igb PFs wired back to back, and a free slot (rp3) for a third."""
    argv = []
    for number in (1, 2, 3):
        argv += ["-device", f"pcie-root-port,id=rp{number},slot={number},"
                            f"chassis={number},addr={0x10 + number:#x},"
                            "pref32-reserve=4M"]
    for number in (1, 2):
        # Ports of one hub inside QEMU: a wire without sockets or TCP ports.
        argv += ["-netdev", f"hubport,id=wire{number},hubid=1",
                 "-device", f"igb,id=nic{number},bus=rp{number},"
                            f"netdev=wire{number},mac=52:54:00:76:00:0{number}"]
    return argv


def check_memory(mib):
    if not MEMORY_MIB_MIN <= mib <= MEMORY_MIB_MAX:
        raise LabError(f"--memory {mib}: must be {MEMORY_MIB_MIN} to {MEMORY_MIB_MAX} "
                       "MiB, or the VFs' BARs end up where QEMU loses them")


def prepare():
    """Makes everything that is kept between runs."""
    kern = cache.kernel()
    return kern, cache.host_initramfs(kern), cache.guest_initramfs(kern)
