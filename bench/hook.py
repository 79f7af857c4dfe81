# SPDX-License-Identifier: GPL-2.0-or-later
"""What libvirt's hook adds to the start of a guest: libvirt calls it three times (prepare, start, started). Against the
same hook in Python and in shell, for a guest without a PCI device and for one with a VF; the daemon is the
real one on a fake host, where what the kernel takes is nil and what the state's disk takes is not."""
import os
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
STARTS = ("prepare", "start", "started")
ENDS = ("stopped", "release")
TARGETS_MS = {"hook-no-pci": 3, "hook-vf": 10}
SETTLE_S = 0.3  # the daemon looks at its host again after a change; a guest seldom starts within that time
UUID = "11111111-2222-4333-8444-555555555501"
GUEST = "<address type='pci' domain='0x0000' bus='0x{:02x}' slot='0x00' function='0x0'/>"


def xml(vf=None):
    """A guest of usual size, as libvirt writes it."""
    ports = "".join(
        f"    <controller type='pci' index='{i}' model='pcie-root-port'>\n      <model name='pcie-root-port'/>\n"
        f"      <target chassis='{i}' port='0x{i:x}'/>\n      <alias name='pci.{i}'/>\n      {GUEST.format(i)}\n"
        "    </controller>\n" for i in range(1, 15))
    disks = "".join(
        f"    <disk type='file' device='disk'>\n      <driver name='qemu' type='qcow2'/>\n      <source file="
        f"'/var/lib/libvirt/images/guest-{i}.qcow2' index='{i}'/>\n      <backingStore/>\n      <target dev='vd{i}' "
        f"bus='virtio'/>\n      <alias name='virtio-disk{i}'/>\n      {GUEST.format(i)}\n    </disk>\n" for i in range(4))
    hostdev = ""
    if vf:
        domain, bus, rest = vf.split(":")
        slot, function = rest.split(".")
        hostdev = (f"    <hostdev mode='subsystem' type='pci' managed='yes'>\n      <source>\n        <address "
                   f"domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'/>\n      </source>\n"
                   f"      <alias name='hostdev0'/>\n      {GUEST.format(20)}\n    </hostdev>\n")
    return (f"<domain type='kvm' id='3'>\n  <name>web</name>\n  <uuid>{UUID}</uuid>\n  <memory unit='KiB'>8388608"
            f"</memory>\n  <devices>\n{ports}{disks}    <interface type='bridge'>\n      <mac address="
            f"'52:54:00:6d:90:01'/>\n      <source bridge='br0'/>\n      <target dev='vnet0'/>\n    </interface>\n"
            f"{hostdev}  </devices>\n</domain>\n")


def call(argv, path):
    """Milliseconds from the start of the process to its end."""
    fd = os.open(path, os.O_RDONLY)
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, {}, file_actions=[(os.POSIX_SPAWN_DUP2, fd, 0)])
    _pid, status = os.waitpid(pid, 0)
    took = (time.perf_counter() - begin) * 1000
    os.close(fd)
    if status:
        raise SystemExit(f"{argv} ended with {os.waitstatus_to_exitcode(status)}")
    return took


def start(hook, path):
    return sum(call([*hook, "web", operation, "begin", "-"], path) for operation in STARTS)


def end(hook, path, host, vf):
    for operation in ENDS:
        call([*hook, "web", operation, "end", "-"], path)
    host.free(vf)
    time.sleep(SETTLE_S)


def measure(hooks, rounds, path, after=None):
    """The median of each, all in turn, so that a busy moment hits all alike."""
    times = {name: [] for name in hooks}
    for i in range(rounds + 3):
        for name, hook in hooks.items():
            took = start(hook, path)
            if i >= 3:  # the first ones fill the page cache
                times[name].append(took)
            if after:
                after(hook)
    return {name: statistics.median(t) for name, t in times.items()}


def tell(name, medians):
    ours = medians.pop("ours")
    for peer, took in medians.items():
        print(f"bench {name}: ours={ours:.2f}ms peer={peer}:{took:.2f}ms ratio={took / ours:.1f}", flush=True)
    return ours < TARGETS_MS[name]


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def main(build):
    build = os.path.abspath(build)
    os.environ["VIADUCT_BUILD"] = build
    sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tests", "daemon"))
    from vmhost import VmHost
    on_disk = tempfile.TemporaryDirectory(prefix="viaduct-bench-")
    # The fake host is a file that is written anew at each change: memory is where that costs nothing, as
    # the kernel's work does here. The daemon's state is on a disk.
    tempfile.tempdir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

    class Host(VmHost):
        def again(self, *options):
            self.state = os.path.join(on_disk.name, "state")
            return super().again(*options)

    with on_disk, Host() as host:
        vf = host.vfs()[0]
        peers = {"python": ["/usr/bin/python3", f"{HERE}/hook_peer.py", host.socket],
                 "shell": ["/bin/sh", f"{HERE}/hook_peer.sh", host.socket]}
        none = write(host.dir, "none.xml", xml())
        alone = statistics.median(sum(call(["/bin/true"], none) for _ in STARTS) for _ in range(40))
        print(f"# {len(xml())} bytes of XML; three starts of /bin/true take {alone:.2f} ms")
        good = tell("hook-no-pci", measure({"ours": [f"{build}/hooks/viaduct-libvirt-hook"], **peers}, 60, none))
        ours = [f"{build}/tests/hook/viaduct-hook-test", f"--socket={host.socket}", f"--state-dir={host.state}",
                f"--run-dir={host.dir}/run"]
        path = write(host.dir, "vf.xml", xml(vf))
        good &= tell("hook-vf", measure({"ours": ours, **peers}, 12, path,
                                        lambda hook: end(hook, path, host, vf)))
    return not good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
