# SPDX-License-Identifier: GPL-2.0-or-later
# viaductd and libvirtd are killed, and hang, while a guest runs on its VF: the claim stays and the guest
# notices nothing; when it is gone without a word, the claim ends.
from virt import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

MAC = "02:00:00:00:00:01"


def is_connected():
    return viaduct_json("status")["libvirt"]["connected"]


def libvirt_reason():
    return viaduct_json("status")["libvirt"]["reason"] or ""


def untouched(what):
    equal(f"{what}: the claim is as it was", is_active(vf), claim)
    equal(f"{what}: the VF is as it was", ip_vfs(NET0)[0], state)
    equal(f"{what}: the guest's process is the same", qemu_pid("web1"), pid)
    equal(f"{what}: nothing contradicts itself", viaduct_json("status")["contradictions"], [])


def viaductd_dies():
    daemon.kill()
    again = Daemon()
    check("viaductd killed: libvirt is found again", until(is_connected, 20), viaduct("status"))
    untouched("viaductd killed")
    return again


def libvirtd_dies():
    signal_libvirtd(signal.SIGKILL)
    check("libvirtd killed: it is noticed", until(lambda: not is_connected(), 10), viaduct("status"))
    check("libvirtd killed: and why", libvirt_reason())
    untouched("libvirtd killed")
    sh("lab-libvirt-up", timeout=60)
    check("libvirtd back: connected again", until(is_connected, 20), viaduct("status"))
    untouched("libvirtd back")


def both_die(libvirtd_first):
    global daemon
    order = "libvirtd back first" if libvirtd_first else "viaductd back first"
    signal_libvirtd(signal.SIGKILL)
    daemon.kill()
    if libvirtd_first:
        sh("lab-libvirt-up", timeout=60)
        check("both killed: libvirtd's reconnect hook lets the guest live", "web1" in virsh("list", "--name").out)
        daemon = Daemon()
    else:
        daemon = Daemon()
        untouched("both killed, viaductd back alone")
        sh("lab-libvirt-up", timeout=60)
    check(f"both killed, {order}: connected", until(is_connected, 20), viaduct("status"))
    untouched(f"both killed, {order}")


def libvirtd_hangs():
    global daemon
    signal_libvirtd(signal.SIGSTOP)
    daemon.kill()
    daemon = Daemon()
    untouched("viaductd started while libvirtd hangs")
    r = viaduct("claim", "batch7", "--uuid", "11111111-2222-4333-8444-555555555555", "--network", "blue", timeout=20)
    check("libvirtd hangs: claims are made", r.status == 0, r)
    r = viaduct("release", "batch7", timeout=20)
    check("libvirtd hangs: and released", r.status == 0, r)
    check("libvirtd hangs: it is noticed", until(lambda: "for 10 s" in libvirt_reason(), 30), viaduct("status"))
    signal_libvirtd(signal.SIGCONT)
    check("libvirtd goes on: connected", until(is_connected, 20), viaduct("status"))
    untouched("libvirtd goes on")


def guest_is_gone_without_a_word():
    """Neither libvirtd nor its hook see the guest's end."""
    signal_libvirtd(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not os.path.exists(f"/proc/{pid}"), 10)
    time.sleep(2)
    equal("without libvirt nothing is concluded", (is_active(vf) or {}).get("generation"), claim["generation"])
    sh("rm -f /etc/libvirt/hooks/qemu.d/*; lab-libvirt-up", timeout=60)
    clean("the guest was killed, no hook ran", vf, 0, before, 60)


daemon, before = prepare_host()
vf = vf_address(PF0, 0)
libvirt_up()
check("libvirt is found", until(is_connected, 20), viaduct("status"))
sh(f"lab-guest web1 --vf {vf} --port blue --vlan {VLAN} --mac {MAC}", timeout=150)
check("the guest is there", until(lambda: answers("10.9.0.2"), 20))
claim, state, pid = is_active(vf), ip_vfs(NET0)[0], qemu_pid("web1")
check("it has its claim", claim and claim["vm"] == "web1", claims())
ping = Ping("10.9.0.2")
daemon = viaductd_dies()
libvirtd_dies()
both_die(libvirtd_first=True)
both_die(libvirtd_first=False)
libvirtd_hangs()
sent, answered = ping.end()
equal(f"the guest answered all the while ({sent} times)", answered, sent)
guest_is_gone_without_a_word()
end()
