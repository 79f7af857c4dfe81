# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests with libvirt share: the hook, claims, guests, a peer in one VLAN and one in another."""
from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

VLAN, OTHER_VLAN = 100, 200
PEER = "10.9.0.1"  # of the host, in VLAN 100, by way of the other PF
STRANGER = "10.9.0.9"  # in VLAN 200 behind the same wire

# VFs 0 and 1 are nobody's in particular, without a VLAN or a spoof check: what they have while a guest
# runs on them, its claim gave them. VF 2 is set up for its network from the start.
CONFIG_CLAIMS = {
    "provision": "manual",
    "pfs": [{"label": "a", "match": {"address": PF0}, "num_vfs": 3,
             "vf": {"driver": "vfio-pci", "spoofchk": False},
             "vfs": [{"index": 2, "network": "blue"}]}],
    "networks": [{"name": "blue", "vlan": VLAN, "spoofchk": True, "uplinks": ["a"]}],
}


HOOK = "/run/hook/viaduct"


def install_hook():
    """As the build installs it, but for its module, which stays where it finds its library."""
    build = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("viaductd"))))
    done = sh(f"cmake -P {build}/hooks/cmake_install.cmake")
    places = [line.split(": ")[1] for line in done.splitlines() if line.startswith(("-- Installing:", "-- Up-to-date:"))]
    module = next(p for p in places if p.endswith("/hook.so"))
    hook = next(p for p in places if p.endswith("/hooks/qemu.d/viaduct"))
    # libvirtd gets a folder of its own for its configuration, which hides this one.
    sh(f"ln -sf {build}/hooks/hook.so {module}; mkdir -p /run/hook; mv {hook} {HOOK}")


def libvirt_up(hook=True):
    if hook and not os.path.exists(HOOK):
        install_hook()
    sh("lab-libvirt-up" + (f" --hook-d {HOOK}" if hook else ""), timeout=90)


def libvirtd_pid():
    return int(read("/run/lab/libvirtd-a.pid"))


def signal_libvirtd(sig):
    os.kill(libvirtd_pid(), sig)
    if sig == signal.SIGKILL:
        until(lambda: not os.path.exists(f"/proc/{libvirtd_pid()}"), 10, 0.1)


def virsh(*argv, timeout=90):
    return run("virsh", "-q", *argv, timeout=timeout)


def qemu_pid(name):
    return int(read(f"/run/libvirt/qemu/{name}.pid"))


def prepare_host():
    """Provisioned, with its peers; the VFs as they are before anybody has them."""
    sh(f"""modprobe vfio-pci; ip link set {NET0} up; ip link set {NET1} up
        ip link add link {NET1} name peer type vlan id {VLAN}; ip link set peer up; ip addr add {PEER}/24 dev peer
        ip netns add stranger; ip link add link {NET1} name odd type vlan id {OTHER_VLAN}
        ip link set odd netns stranger; ip -n stranger link set odd up
        ip -n stranger addr add {STRANGER}/24 dev odd""")
    configure(CONFIG_CLAIMS)
    daemon = Daemon()
    r = viaduct("apply")
    check("apply", r.status == 0, r)
    return daemon, ip_vfs(NET0)


def claims():
    return viaduct_json("list", "claims")["claims"]


def claim_at(address):
    return next((c for c in claims() if c["address"] == address), None)


def is_active(address):
    c = claim_at(address)
    return c if c and c["state"] == "active" else None


def clean(name, address, index, before, timeout=40):
    """Free, and as it was before its claim."""
    gone = until(lambda: claim_at(address) is None, timeout)
    check(f"{name}: free", gone, claims())
    equal(f"{name}: clean", ip_vfs(NET0)[index], before[index])
    equal(f"{name}: its driver", driver(address), "vfio-pci")


def answers(address, count=1):
    return run("ping", "-c", str(count), "-i", "0.3", "-W", "1", address).status == 0


def stranger_reaches(address):
    return run("ip", "netns", "exec", "stranger", "ping", "-c", "2", "-i", "0.3", "-W", "1", address).status == 0


def wait_up(name, timeout=60):
    """Until the guest's first process says so."""
    log = f"/run/lab/guests/{name}.log"
    if not until(lambda: os.path.exists(log) and "LAB-GUEST-UP" in read(log), timeout, 0.5):
        check(f"{name} gets up", False, "".join([
            virsh("list", "--all").out, virsh("qemu-monitor-command", name, "--hmp", "info registers").out,
            sh("dmesg | tail -n 20")]))
        end()


class Ping:
    """The guest, asked all the time."""

    def __init__(self, address, log="/run/ping.log"):
        self.log, self.begun = log, time.monotonic()
        with open(log, "wb") as out:
            self.process = subprocess.Popen(["ping", "-n", "-i", "0.5", address], stdout=out)

    def end(self):
        """(sent, answered)"""
        print(f"     ({time.monotonic() - self.begun:.0f} s of pings)")
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        words = next(line for line in read(self.log).splitlines() if "packets transmitted" in line).split()
        return int(words[0]), int(words[3])
