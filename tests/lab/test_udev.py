# SPDX-License-Identifier: GPL-2.0-or-later
# The installed units and rules under real udev and systemd: a PF appears, the service starts,
# provisioning happens; as a service with all its restrictions it serves libvirt's hook and sees libvirt.
# lab: --systemd --no-igb --timeout 300
from virt import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

build = os.environ["LAB_BUILD"]
sh(f"cmake --install {build} >/run/install.log")
# The host's own installation of accounts, folders, units and rules.
sh("systemd-sysusers; systemd-tmpfiles --create; systemctl daemon-reload; udevadm control --reload; modprobe vfio-pci")
configure({"pfs": [{"label": "east", "match": {"address": PF0}, "num_vfs": 2, "vf": {"driver": "vfio-pci", "vlan": 12}}]})


def active():
    return run("systemctl", "is-active", "viaductd.service").out.strip()


equal("no PF, no service", active(), "inactive")
sh("modprobe igb")
pf = PF0
check("the PF appears", until(lambda: os.path.exists(f"{DEVICES}/{pf}/net"), 30))
check("the service starts by the uevent", until(lambda: active() == "active", 60),
      run("systemctl", "status", "viaductd.service"))
check("provisioning happens", until(lambda: driver(vf_address(pf, 1) or "") == "vfio-pci", 60), viaduct("status"))
net = os.listdir(f"{DEVICES}/{pf}/net")[0]
equal("with its VLAN", [v["vlan"] for v in ip_vfs(net)], [12, 12])
journal = sh("journalctl -u viaductd -o cat --no-pager")
check("the journal tells", PF0 in journal, journal)

main_pid = sh("systemctl show -P MainPID viaductd").strip()
sh(f"kill -9 {main_pid}")
check("killed, it is started again",
      until(lambda: active() == "active" and sh("systemctl show -P MainPID viaductd").strip() not in ("0", main_pid), 30))
check("reload", run("systemctl", "reload", "viaductd").status == 0)
check("stop", run("systemctl", "stop", "viaductd").status == 0 and active() == "inactive", active())
equal("VFs outlive the daemon", driver(vf_address(pf, 1)), "vfio-pci")
check("the socket starts it", run("systemctl", "start", "viaductd.socket").status == 0 and
      viaduct("status").status == 0, run("systemctl", "status", "viaductd.socket"))
check("by activation", until(lambda: active() == "active", 30), active())

# The two tiers: group viaduct reads, group viaduct-admin changes, others neither.
sh("useradd -G viaduct reader; useradd -G viaduct,viaduct-admin changer; useradd other")
equal("reader reads", run("setpriv", "--reuid=reader", "--init-groups", "--regid=reader", "viaduct", "status").status, 0)
r = run("setpriv", "--reuid=reader", "--init-groups", "--regid=reader", "viaduct", "apply")
equal("reader may not change", r.status, 27)
contains("and is told which group may", r.err, "viaduct-admin")
r = run("setpriv", "--reuid=changer", "--init-groups", "--regid=changer", "viaduct", "apply")
equal("changer changes", r.status, 0)
r = run("setpriv", "--reuid=other", "--init-groups", "--regid=other", "viaduct", "status")
check("others do not even read", r.status != 0, r)
contains("and are told why", r.err, "viaduct")

sh(f"ip link set {net} up")
libvirt_up()
check("libvirt is found", until(lambda: viaduct_json("status")["libvirt"]["connected"], 30), viaduct("status"))
before = ip_vfs(net)
sh(f"lab-guest web1 --vf {vf_address(pf, 0)} --vlan 12 --mac 02:00:00:00:00:01 --no-wait", timeout=90)
claim = is_active(vf_address(pf, 0))
check("a domain gets its claim", claim and claim["vm"] == "web1", claims())
equal("and its MAC", ip_vfs(net)[0]["mac"], "02:00:00:00:00:01")
seen = until(lambda: [v["active"] for v in viaduct_json("list", "vms")["vms"]] == [True], 20)
check("the service sees it run", seen, viaduct("list", "vms"))
virsh("destroy", "web1")
check("and end", until(lambda: claims() == [], 40), claims())
equal("its VF is clean", ip_vfs(net)[0], before[0])
end()
