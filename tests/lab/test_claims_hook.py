# SPDX-License-Identifier: GPL-2.0-or-later
# The hook without a daemon: what is not ours starts, what is ours does not, an end leaves a note. And guests
# that were started without the hook: they are adopted.
from virt import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

MAC = "02:00:00:00:00:01"
NOTES = "/var/lib/viaduct/notes"


def notes():
    return [n for n in os.listdir(NOTES) if n.endswith(".json")] if os.path.isdir(NOTES) else []


def without_a_daemon():
    daemon.kill()
    sh("ip link add br0 type bridge; ip link set br0 up")
    begun = time.monotonic()
    sh("lab-guest plain --bridge br0 --mac 02:00:00:00:00:05 --no-wait")
    check("viaductd down: a domain without our device starts", "plain" in virsh("list", "--name").out)
    print(f"     ({time.monotonic() - begun:.1f} s)")
    virsh("destroy", "plain")
    sh(f"lab-guest web1 --vf {vf} --port blue --vlan {VLAN} --mac {MAC} --define")
    r = virsh("start", "web1")
    check("viaductd down: one with a managed VF does not", r.status != 0, r)
    contains("and the user reads why", r.err, "viaductd", vf)
    equal("the VF is untouched", ip_vfs(NET0), before)
    return Daemon()


def an_end_leaves_a_note():
    r = virsh("start", "web1")
    check("with viaductd it starts", r.status == 0 and is_active(vf), r)
    daemon.kill()
    r = virsh("destroy", "web1")
    check("viaductd down: a domain is destroyed all the same", r.status == 0, r)
    equal("and leaves a note", len(notes()), 1)
    again = Daemon()
    clean("the note is applied at the next start", vf, 0, before)
    check("and gone", until(lambda: not notes(), 10), notes())
    return again


def adopted():
    signal_libvirtd(signal.SIGKILL)
    sh("rm -f /etc/libvirt/hooks/qemu.d/*")
    libvirt_up(hook=False)
    r = virsh("start", "web1")
    check("without the hook it starts by itself", r.status == 0, r)
    claim = until(lambda: is_active(vf), 40)
    equal("and is adopted", claim and {k: claim.get(k) for k in ("vm", "origin", "mac")},
          {"vm": "web1", "origin": "adopted", "mac": MAC})
    pid = qemu_pid("web1")
    virsh("destroy", "web1")
    clean("an adopted claim ends with its VM", vf, 0, before, 60)
    daemon.kill()
    r = virsh("start", "web1")
    again = Daemon()
    claim = until(lambda: is_active(vf), 40)
    check("started while viaductd was down: adopted as well", claim and claim["origin"] == "adopted", claims())
    check("nothing is done to it", qemu_pid("web1") != pid and os.path.exists(f"/proc/{qemu_pid('web1')}"))
    r = viaduct("release", vf)
    equal("and not released while it runs: in use", r.status, 11)
    return again


daemon, before = prepare_host()
vf = vf_address(PF0, 0)
libvirt_up()
until(lambda: viaduct_json("status")["libvirt"]["connected"], 20)
daemon = without_a_daemon()
daemon = an_end_leaves_a_note()
daemon = adopted()
end()
