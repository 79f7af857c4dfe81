# SPDX-License-Identifier: GPL-2.0-or-later
# A nested guest of the distribution's libvirt runs on a VF that viaduct made: the guest has its VLAN,
# and nothing takes the VF away from it.
# lab: --libvirt
from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

sh(f"modprobe vfio-pci; ip link set {NET0} up; ip link set {NET1} up")
config = {"provision": "manual",
          "pfs": [{"match": {"address": PF0}, "num_vfs": 2, "vf": {"driver": "vfio-pci", "vlan": 100},
                   "vfs": [{"index": 0, "mac": "02:00:00:00:00:01"}]}]}
configure(config)
daemon = Daemon()
r = viaduct("apply")
check("apply", r.status == 0, r)
vf = vf_address(PF0, 0)
sh(f"""ip link add link {NET1} name peer100 type vlan id 100; ip link set peer100 up
    ip addr add 10.9.0.1/24 dev peer100""")
sh(f"lab-guest web1 --vf {vf} --plain-hostdev --mac 02:00:00:00:00:01", timeout=150)
reached = until(lambda: run("ping", "-c1", "-W1", "10.9.0.2").status == 0, 20)
check("the guest is reached inside its VLAN", reached, run("lab-guest-exec", "web1", "--", "ip addr"))

shown = viaduct_json("show", vf)["device"]
holders = [h for h in shown["holders"] if h["kind"] == "domain"]
equal("the domain is named", [h["name"] for h in holders], ["web1"])
adopted = until(lambda: [c["vm"] for c in viaduct_json("list", "claims")["claims"]] == ["web1"], 40)
check("there is no hook: the domain is adopted", adopted, viaduct("list", "claims"))
del config["pfs"][0]["vf"]["driver"]
configure(config)
viaduct("reload")
for argv in (["unbind", vf], ["bind", vf, "--driver", "igbvf"]):
    r = viaduct(*argv)
    equal(f"{argv[0]}: refused as claimed", r.status, 10)
    contains(f"{argv[0]}: the domain is named", r.err, "web1", vf)
config["pfs"][0]["num_vfs"] = 1
configure(config)
viaduct("reload")
r = viaduct("apply", "--recreate")
contains("recreate: refused, the domain is named", r.out + r.err, "web1", vf)
equal("still two VFs", read(f"{DEVICES}/{PF0}/sriov_numvfs"), "2")
check("the guest is untouched", run("ping", "-c2", "-i0.3", "-W1", "10.9.0.2").status == 0)
daemon.kill()
again = Daemon()
check("killed and started again: still untouched", run("ping", "-c2", "-i0.3", "-W1", "10.9.0.2").status == 0)
equal("and still listed", [h["name"] for h in viaduct_json("show", vf)["device"]["holders"]], ["web1"])
sh("virsh destroy web1")
r = until(lambda: viaduct("apply", "--recreate").status == 0, 60)
check("when it is gone, the count may change", r and read(f"{DEVICES}/{PF0}/sriov_numvfs") == "1",
      viaduct("apply", "--recreate"))
end()
