# SPDX-License-Identifier: GPL-2.0-or-later
# What somebody uses is never taken, what carries the host's life is never disturbed, and the refusal
# names who and why. On real drivers, with the device really held.
from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import


def config(pfs):
    configure({"provision": "manual", "pfs": pfs})


def east(**more):
    return {"label": "east", "match": {"address": PF0}, **more}


def west(**more):
    return {"label": "west", "match": {"address": PF1}, **more}


def reload_config(pfs):
    config(pfs)
    r = viaduct("reload")
    check("reload", r.status == 0, r)


def refused(name, argv, code, *parts):
    """The command is refused with the exit status of the reason, and its text names the parts."""
    r = viaduct(*argv)
    equal(f"{name}: exit status", r.status, code)
    contains(f"{name}: text", r.out + r.err, *parts)


# Exit statuses of the refusals (viaduct(1)).
IN_USE, PROTECTED, NOT_FOUND = 11, 13, 16
SOME_REFUSED = 4


def held_by_a_process():
    """A process that holds the VF's vfio group, as a guest would."""
    vf = vf_address(PF0, 0)
    group = os.path.basename(os.readlink(f"{DEVICES}/{vf}/iommu_group"))
    holder = subprocess.Popen([sys.executable, "-c",
                               f"import os,time; os.open('/dev/vfio/{group}', os.O_RDWR); print('up', flush=True); time.sleep(600)"],
                              stdout=subprocess.PIPE, text=True)
    holder.stdout.readline()
    try:
        pid = str(holder.pid)
        reload_config([east(num_vfs=4)])
        refused("unbind of a held VF", ["unbind", vf], IN_USE, vf, pid)
        shown = viaduct_json("show", vf)["device"]
        check("show names the holder", any(h.get("pid") == holder.pid for h in shown["holders"]), shown["holders"])
        reload_config([east(num_vfs=2, vf={"driver": "vfio-pci"})])
        refused("recreate with a held VF", ["apply", "--recreate"], SOME_REFUSED, vf, pid)
        equal("count unchanged", read(f"{DEVICES}/{PF0}/sriov_numvfs"), "4")
        reload_config([east(num_vfs=4, vf={"driver": "host"})])
        refused("driver change of a held VF", ["apply"], SOME_REFUSED, vf, pid)
        equal("driver unchanged", driver(vf), "vfio-pci")
        equal("the free VFs went over", driver(vf_address(PF0, 1)), "igbvf")
    finally:
        holder.kill()
        holder.wait()
    r = viaduct("apply")
    check("once it is let go, apply goes through", r.status == 0 and driver(vf) == "igbvf", r)


def used_by_the_host():
    vf = vf_address(PF0, 1)
    net = os.listdir(f"{DEVICES}/{vf}/net")[0]
    sh(f"ip link add br7 type bridge; ip link set {net} master br7; ip link set {net} up; ip link set br7 up")
    reload_config([east(num_vfs=4)])
    refused("VF in a bridge", ["bind", vf], IN_USE, vf, "br7")
    equal("still on its driver", driver(vf), "igbvf")
    sh(f"ip link set {net} nomaster; ip link del br7; ip link set {net} down")
    sh(f"ip netns add pod; ip link set {net} netns pod")
    refused("VF in another namespace", ["bind", vf], IN_USE, vf, "pod")
    sh("ip netns del pod")
    until(lambda: os.path.isdir(f"{DEVICES}/{vf}/net") and os.listdir(f"{DEVICES}/{vf}/net"))


def chain(name, setup, teardown, *parts):
    """The default route runs over PF1 through a chain of uppers: PF1 is protected, and why is said."""
    sh(setup)
    reload_config([east(num_vfs=4), west(num_vfs=3)])
    r = viaduct("plan", PF1)
    contains(f"{name}: protected", r.out, "protected", PF1, *parts)
    check(f"{name}: no step on it", r.status == SOME_REFUSED or "set_num_vfs" not in r.out, r)
    viaduct("apply")
    equal(f"{name}: untouched", read(f"{DEVICES}/{PF1}/sriov_numvfs"), "0")
    refused(f"{name}: bind of the PF", ["bind", PF1], IN_USE, PF1, parts[0])
    sh(teardown)


def protected():
    chain("bridge", f"ip link add br9 type bridge; ip link set {NET1} master br9; ip link set {NET1} up;"
          "ip link set br9 up; ip addr add 10.5.0.1/24 dev br9; ip route add default via 10.5.0.2 dev br9",
          "ip link del br9", "br9", "default route (IPv4)")
    chain("VLAN on a bond", f"modprobe bonding; ip link add bond7 type bond mode active-backup; ip link set {NET1} down;"
          f"ip link set {NET1} master bond7; ip link set bond7 up; ip link add link bond7 name bond7.5 type vlan id 5;"
          "ip link set bond7.5 up; ip addr add 10.5.0.1/24 dev bond7.5; ip route add default via 10.5.0.2 dev bond7.5",
          f"ip link del bond7.5; ip link set {NET1} nomaster; ip link del bond7; ip link set {NET1} up", "bond7", "bond7.5", "default route (IPv4)")
    chain("IPv6 over a macvlan", f"ip link add link {NET1} name mac7 type macvlan mode bridge; ip link set mac7 up;"
          "ip addr add fd00:5::1/64 dev mac7 nodad; ip -6 route add default via fd00:5::2 dev mac7",
          "ip link del mac7", "mac7", "default route (IPv6)")
    # Named, it is disturbed.
    sh(f"ip addr add 10.5.0.1/24 dev {NET1}")
    refused("an address protects", ["apply"], SOME_REFUSED, PF1, "10.5.0.1", "--disturb")
    refused("bind of a protected PF", ["bind", PF1], PROTECTED, PF1, "10.5.0.1", "--disturb")
    r = viaduct("apply", "--disturb", PF1)
    check("the flag that names it", r.status == 0, r)
    equal("lets it happen", read(f"{DEVICES}/{PF1}/sriov_numvfs"), "3")
    sh(f"ip addr del 10.5.0.1/24 dev {NET1}")


def ssh_peer():
    """A session of an sshd that comes in over PF1."""
    sh(f"""ip netns add admin; ip link add link {NET0} name adm type macvlan mode bridge
        ip link set adm netns admin; ip -n admin link set adm up; ip -n admin addr add 10.6.0.2/24 dev adm
        ip addr add 10.6.0.1/24 dev {NET1}; ip link set {NET1} up; ip link set {NET0} up""")
    server = subprocess.Popen([sys.executable, "-c", """
import socket, time
open('/proc/self/comm', 'w').write('sshd')
s = socket.create_server(('10.6.0.1', 2222)); print('up', flush=True)
c, _ = s.accept(); time.sleep(600)"""], stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    client = subprocess.Popen(["ip", "netns", "exec", "admin", sys.executable, "-c", """
import socket, time
s = socket.create_connection(('10.6.0.1', 2222), timeout=20); print('up', flush=True); time.sleep(600)"""],
                              stdout=subprocess.PIPE, text=True)
    check("the session is up", client.stdout.readline() == "up\n")
    # The address itself protects already; the session is named beside it.
    shown = viaduct_json("show", PF1)["device"]
    contains("the ssh peer protects", " ".join(shown["protected_by"]), "10.6.0.2")
    for p in (client, server):
        p.kill()
        p.wait()
    sh(f"ip netns del admin; ip addr del 10.6.0.1/24 dev {NET1}")


def others():
    write("/etc/systemd/network/10-west.link",
          f"[Match]\nPermanentMACAddress=52:54:00:76:00:02\n[Link]\nSR-IOVVirtualFunctions=5\n")
    viaduct("reload")
    r = viaduct("check")
    contains("another manager is reported", r.out, "/etc/systemd/network/10-west.link", PF1)
    os.unlink("/etc/systemd/network/10-west.link")


def verify_only():
    before = ip_vfs(NET0)
    reload_config([east(num_vfs=4, verify_only=True, vf={"vlan": 77, "driver": "host"})])
    r = viaduct("apply")
    contains("verify-only is compared", r.out + r.err, PF0)
    equal("and never written", ip_vfs(NET0), before)
    status = viaduct_json("status")
    keep("status", status)
    status = status.get("status", status)
    pf = [p for p in status["pfs"] if p["address"] == PF0][0]
    check("its drift is told", any(d["what"] == "vlan" and d["wanted"].startswith("77") for d in pf["drift"]), pf)


def conflicts():
    config([east(num_vfs=4), {"label": "twin", "match": {"driver": "igb"}, "num_vfs": 2}])
    r = viaduct("reload")
    text = r.out + r.err + viaduct("plan").out + viaduct("plan").err
    contains("two entries for one PF: both places", text, "viaduct.json", "/pfs/0", "/pfs/1")
    refused("a device that is not there", ["show", "0000:7f:00.0"], NOT_FOUND, "0000:7f:00.0")


sh(f"ip link set {NET0} up; ip link set {NET1} up; modprobe vfio-pci")
config([east(num_vfs=4, vf={"driver": "vfio-pci"})])
daemon = Daemon()
check("four VFs", viaduct("apply").status == 0)
held_by_a_process()
used_by_the_host()
protected()
ssh_peer()
others()
verify_only()
conflicts()
end()
