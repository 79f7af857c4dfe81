# SPDX-License-Identifier: GPL-2.0-or-later
# Who holds which VF, enforced by libvirt's hook: a domain starts with its MAC, VLAN and spoof check on the
# PF, is on the wire in its VLAN alone, nobody else gets its VF, and afterwards the VF is clean.
from virt import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

MAC1, MAC2 = "02:00:00:00:00:01", "02:00:00:00:00:02"
TRACE = "/sys/kernel/tracing"


def trace_resets():
    """Who has a VF reset, by the kernel's own function."""
    sh(f"""mountpoint -q {TRACE} || mount -t tracefs tracefs {TRACE}
        echo pcie_reset_flr > {TRACE}/set_ftrace_filter; echo function > {TRACE}/current_tracer
        echo 1 > {TRACE}/tracing_on""")


def resets_by():
    lines = [line.split() for line in read(f"{TRACE}/trace").splitlines() if not line.startswith("#")]
    return {words[0].rsplit("-", 1)[0] for words in lines if words}


def a_vlan_is_missing():
    sh(f"lab-guest bad --vf {vfs[0]} --port blue --mac {MAC1} --define")
    r = virsh("start", "bad")
    check("a VLAN missing in the XML: the domain does not start", r.status != 0, r)
    contains("and the user reads why", r.err, "blue", "<vlan><tag id='100'/></vlan>", vfs[0])
    equal("nothing is claimed", claims(), [])
    equal("nothing is changed", ip_vfs(NET0), before)
    virsh("undefine", "bad")


def on_the_pf(name, index, mac):
    state = ip_vfs(NET0)[index]
    equal(f"{name}: MAC, VLAN and spoof check are on the PF",
          (state["mac"], state["vlan"], state["spoofchk"]), (mac, VLAN, True))


def it_starts():
    sh(f"lab-guest web1 --vf {vfs[0]} --port blue --vlan {VLAN} --mac {MAC1} --no-wait", timeout=90)
    on_the_pf("<interface>", 0, MAC1)
    claim = is_active(vfs[0]) or {}
    equal("<interface>: its claim", {k: claim.get(k) for k in ("vm", "network", "mac", "origin", "managed", "uuid")},
          {"vm": "web1", "network": "blue", "mac": MAC1, "origin": "hook", "managed": True,
           "uuid": virsh("domuuid", "web1").out.strip()})
    keep("claims", viaduct_json("list", "claims"))
    return claim


def nobody_else_gets_it():
    sh(f"lab-guest thief --managed --vf {vfs[0]} --port blue --vlan {VLAN} --mac {MAC2} --define")
    r = virsh("start", "thief")
    check("a second domain on the same VF: refused", r.status != 0, r)
    contains("and the user reads who has it", r.err, "web1", vfs[0])
    sh(f"lab-guest twin --vf {vfs[1]} --port blue --vlan {VLAN} --mac {MAC1} --define")
    r = virsh("start", "twin")
    check("the same MAC on another VF: refused", r.status != 0, r)
    contains("and the user reads whose it is", r.err, MAC1, "web1")
    equal("the owner's claim is as it was", is_active(vfs[0]), claim1)
    equal("and no other VF is touched", ip_vfs(NET0)[1], before[1])
    virsh("undefine", "twin")


def on_the_wire(name, address):
    check(f"{name}: its peer reaches it", until(lambda: answers(address), 20))
    check(f"{name}: another VLAN does not", not stranger_reaches(address))
    r = run("lab-guest-exec", name, "--", f"ping -c2 -W2 {PEER}")
    check(f"{name}: it reaches its peer", r.status == 0, r)
    r = run("lab-guest-exec", name, "--", f"ping -c2 -W1 {STRANGER}")
    check(f"{name}: and not who is in another VLAN", r.status != 0, r)


def show():
    vm = viaduct_json("show", "web1")
    vm = vm.get("vm", vm)
    equal("show VM: runs, with its claim", (vm["active"], [c["address"] for c in vm["claims"]]), (True, [vfs[0]]))
    equal("show VM: and is seen to hold it", [d["held"] for d in vm["devices"]], [True])
    text = viaduct("list", "claims").out
    contains("list claims", text, "web1", vfs[0], "blue")


def it_ends():
    trace_resets()
    r = virsh("destroy", "web1")
    check("destroy", r.status == 0, r)
    clean("after destroy", vfs[0], 0, before)
    check("it had a function reset, from viaductd", resets_by() - {"qemu-system-x86", "rpc-libvirtd"}, resets_by())
    check("its MAC is nowhere", MAC1 not in sh("ip link"))


def the_next_one():
    r = virsh("start", "thief")
    check("now the second domain may have it, by managed='yes'", r.status == 0, r)
    claim2 = is_active(vfs[0])
    check("by a later generation", claim2 and claim2["generation"] > claim1["generation"], claim2)
    r = viaduct("release", vfs[0], "--generation", str(claim1["generation"]))
    equal("a late release of the first one: refused as stale", r.status, 28)
    equal("and changes nothing", is_active(vfs[0]), claim2)
    virsh("destroy", "thief")
    clean("after the second domain", vfs[0], 0, before)


def plain_hostdev():
    """libvirt leaves its MAC and VLAN alone: they are viaductd's."""
    sh(f"lab-guest web2 --vf {vfs[2]} --plain-hostdev --address 10.9.0.4/24", timeout=150)
    claim = is_active(vfs[2])
    check("<hostdev>: it is claimed", claim and claim["vm"] == "web2" and claim["mac"], claims())
    on_the_pf("<hostdev>", 2, claim["mac"])
    r = run("lab-guest-exec", "web2", "--", "cat /sys/class/net/eth0/address")
    equal("<hostdev>: the guest has that MAC", r.out.strip(), claim["mac"])
    on_the_wire("web2", "10.9.0.4")
    run("lab-guest-exec", "web2", "--timeout", "3", "--", "poweroff -f")
    until(lambda: "web2" not in virsh("list", "--name").out, 20)
    clean("after the guest's own shutdown", vfs[2], 2, before)


daemon, before = prepare_host()
vfs = vf_addresses(PF0)
libvirt_up()
connected = until(lambda: viaduct_json("status").get("libvirt", {}).get("connected"), 20)
check("libvirt is found when it comes", connected, viaduct("status"))
a_vlan_is_missing()
claim1 = it_starts()
nobody_else_gets_it()
wait_up("web1")
on_the_wire("web1", "10.9.0.2")
show()
it_ends()
the_next_one()
plain_hostdev()
end()
