# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on real drivers: discover, plan, apply, read back, carry traffic, and nothing left to do.
import json

from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

CONFIGURATION = """{
	// two PFs, wired back to back
	"provision": "manual",
	"pfs": [
		{
			"label": "east", "match": { "address": "0000:01:00.0" }, "num_vfs": 7, "mac_prefix": "02:76:01",
			"vf": {
				"mac": "derived", "vlan": 100, "qos": 3, "max_tx_mbps": 500, "spoofchk": true,
				"trust": false, "link_state": "enable", "driver": "vfio-pci"
			},
			"vfs": [
				{ "index": 1, "mac": "02:00:00:00:01:01", "vlan": 0, "qos": 0, "spoofchk": false },
				{ "first": 2, "last": 3, "trust": true, "max_tx_mbps": 0 },
				{ "index": 6, "vlan": 200, "qos": 0, "driver": "host" }
			]
		},
		{
			"label": "west", "match": { "mac": "52:54:00:76:00:02" }, "num_vfs": 3, "mac_prefix": "02:76:02",
			"vf": { "mac": "derived", "driver": "host" },
			"vfs": [ { "index": 0, "vlan": 200 }, { "index": 1, "vlan": 100 } ]
		}
	]
}"""


def attrs_of(pf_document):
    return {v["index"]: v.get("attrs", {}) for v in pf_document["sriov"]["vfs"]}


def discovery():
    inventory = viaduct_json("list", "all")
    keep("devices", inventory)
    by_address = {d["address"]: d for d in inventory["devices"]}
    want = set(os.listdir(DEVICES))
    check("every PCI function is listed", want <= set(by_address), want - set(by_address))
    pf = viaduct_json("show", PF0)
    keep("device", pf)
    pf = pf["device"]
    equal("kind", pf["kind"], "pf")
    equal("driver", pf["driver"], "igb")
    equal("ids", (pf["vendor"], pf["device"]), ("8086", "10c9"))
    contains("names come from libpci", pf["device_name"] + pf["vendor_name"], "82576", "Intel")
    equal("total VFs", pf["sriov"]["total"], int(read(f"{DEVICES}/{PF0}/sriov_totalvfs")))
    equal("offset and stride", (pf["sriov"]["offset"], pf["sriov"]["stride"]),
          tuple(int(read(f"{DEVICES}/{PF0}/sriov_{n}")) for n in ("offset", "stride")))
    equal("VF device id", int(pf["sriov"]["vf_device"], 16),
          int(read(f"{DEVICES}/{PF0}/sriov_vf_device"), 16))
    equal("IOMMU group", pf["iommu_group"], int(os.path.basename(os.readlink(f"{DEVICES}/{PF0}/iommu_group"))))
    equal("net device", [n["name"] for n in pf["netdevs"]], [NET0])
    equal("MAC", pf["netdevs"][0]["permanent_mac"], "52:54:00:76:00:01")
    flr = run("lspci", "-vvv", "-s", PF0).out
    equal("FLR as lspci sees it", pf["flr"], "FLReset+" in flr)
    msix = [line for line in flr.splitlines() if "MSI-X" in line][0]
    equal("MSI-X as lspci sees it", pf["msix"], int(msix.split("Count=")[1].split()[0]))
    reset = read(f"{DEVICES}/{PF0}/reset_method").split()
    equal("reset methods", pf["reset_methods"], reset)


def planning():
    text = viaduct("plan")
    equal("plan with something to do: status 3", text.status, 3)
    contains("plan in words", text.out, "0000:01:00.0", "vfio-pci", "num_vfs")
    plan = viaduct_json("plan")
    keep("plan", plan)
    plan = plan["plan"] if "plan" in plan else plan
    check("each step has a reason", all(s["reason"] for s in plan["steps"]))
    check("autoprobe goes off before the VFs come",
          [s["op"] for s in plan["steps"] if s["pf"] == PF0][:2] == ["set_autoprobe", "set_num_vfs"],
          [s["op"] for s in plan["steps"]][:4])
    equal("planning changed nothing", read(f"{DEVICES}/{PF0}/sriov_numvfs"), "0")
    return plan


def applying(plan):
    r = viaduct("apply")
    check("apply", r.status == 0, r)
    contains("apply reports the missing operation", r.out, "link_state", "unsupported")
    status = viaduct_json("status")
    keep("status", status)
    return r


def compare_with_ip():
    wanted = {
        i: {"vlan": 100, "qos": 3, "max_tx_mbps": 500, "spoofchk": True, "trust": False} for i in range(7)
    }
    wanted[1].update(mac="02:00:00:00:01:01", vlan=0, qos=0, spoofchk=False)
    for i in (2, 3):
        wanted[i].update(trust=True, max_tx_mbps=0)
    wanted[6].update(vlan=200, qos=0)
    seen = ip_vfs(NET0)
    equal("ip lists 7 VFs", len(seen), 7)
    for i, want in wanted.items():
        for name, value in want.items():
            equal(f"ip: VF {i} {name}", seen[i][name], value)
    macs = [v["mac"] for v in seen]
    check("derived MACs keep the prefix", all(m and m.startswith("02:76:01") for i, m in enumerate(macs) if i != 1), macs)
    equal("MACs are distinct", len(set(macs)), 7)
    ours = attrs_of(viaduct_json("show", PF0)["device"])
    for i, v in enumerate(seen):
        mine = {k: ours[i].get(k) for k in v}
        equal(f"our VF {i} equals ip's", mine, v)
    for i in range(7):
        equal(f"VF {i} driver", driver(vf_address(PF0, i)), "igbvf" if i == 6 else "vfio-pci")
    for i in range(3):
        equal(f"west VF {i} driver", driver(vf_address(PF1, i)), "igbvf")
    shown = viaduct_json("show", f"{NET0}/2")["device"]
    equal("show PF/N", (shown["address"], shown["driver"]), (vf_address(PF0, 2), "vfio-pci"))
    check("vfio group device", os.path.exists(f"/dev/vfio/{shown['iommu_group']}"))


def nothing_left():
    r = viaduct("plan")
    check("second plan: nothing to do", r.status == 0, r)
    before = sh("dmesg | tail -n 1")
    r = viaduct_json("apply")
    report = r.get("report", r)
    keep("report", report)
    equal("second apply: no step", report["plan"]["steps"], [])
    equal("second apply: the kernel saw nothing", sh("dmesg | tail -n 1"), before)


def recreate():
    write(CONFIG, CONFIGURATION.replace('"num_vfs": 3', '"num_vfs": 4'))
    check("reload", viaduct("reload").status == 0)
    r = viaduct("apply")
    contains("another count is never implicit", r.out + r.err, "--recreate", PF1)
    equal("and nothing happened", read(f"{DEVICES}/{PF1}/sriov_numvfs"), "3")
    west1 = os.listdir(f"{DEVICES}/{vf_address(PF1, 1)}/net")[0]
    sh(f"ip link set {west1} up; ip addr add 10.7.0.1/24 dev {west1}")
    r = viaduct("apply", "--recreate", "--disturb", PF1)
    contains("nor with --recreate while the host uses a VF", r.out + r.err, "10.7.0.1")
    equal("again nothing happened", read(f"{DEVICES}/{PF1}/sriov_numvfs"), "3")
    sh(f"ip addr flush dev {west1}; ip link set {west1} down")
    r = viaduct("apply", "--recreate")
    check("recreated when nobody holds one", r.status == 0, r)
    equal("four VFs", len(vf_addresses(PF1)), 4)
    equal("each with its VLAN again", [v["vlan"] for v in ip_vfs(NET1)], [200, 100, 0, 0])


def in_namespace(name, pf, index, address):
    """A VF in a namespace of its own, as a guest would have it."""
    net = os.listdir(f"{DEVICES}/{vf_address(pf, index)}/net")[0]
    sh(f"""ip netns add {name}; ip link set {net} netns {name}; ip -n {name} link set lo up
        ip -n {name} link set {net} up; ip -n {name} addr add {address}/24 dev {net}""")


def traffic():
    """A VF reaches its peer on the other card inside its VLAN, and only there."""
    in_namespace("vm", PF0, 6, "10.2.0.1")  # VLAN 200
    in_namespace("same", PF1, 0, "10.2.0.2")  # VLAN 200
    in_namespace("other", PF1, 1, "10.2.0.3")  # VLAN 100
    in_namespace("untagged", PF1, 2, "10.2.0.4")
    reached = until(lambda: run("ip", "netns", "exec", "vm", "ping", "-c1", "-W1", "10.2.0.2").status == 0, 15)
    check("traffic inside the VLAN", reached)
    for peer, where in (("10.2.0.3", "another VLAN"), ("10.2.0.4", "no VLAN")):
        r = run("ip", "netns", "exec", "vm", "ping", "-c3", "-i0.3", "-W1", peer)
        contains(f"no traffic to {where}", r.out, "100% packet loss")
    device = viaduct_json("show", f"{PF0}/6")["device"]
    keep("device", {"version": 1, "device": device})
    check("the VF in a namespace is listed with its namespace",
          any(n.get("netns") == "vm" for n in device["netdevs"]), device["netdevs"])
    check("and held by it", any(h["kind"] == "netns" for h in device["holders"]), device["holders"])
    r = viaduct("bind", vf_address(PF1, 2))
    equal("and not taken from it", r.status, 11)
    contains("for it is named", r.err, "untagged", vf_address(PF1, 2))
    r = viaduct("bind", vf_address(PF0, 0), "--driver", "igbvf")
    equal("bind against the configuration: a conflict", r.status, 23)
    contains("whose place is named", r.err, "viaduct.json:", vf_address(PF0, 0))
    for name in ("vm", "same", "other", "untagged"):
        sh(f"ip netns del {name}")
    until(lambda: all(os.path.isdir(f"{DEVICES}/{vf_address(PF1, i)}/net") and
                      os.listdir(f"{DEVICES}/{vf_address(PF1, i)}/net") for i in range(3)))


def refused_values():
    """The kernel's refusal of a value comes back as refused, per attribute, with its errno."""
    write(CONFIG, CONFIGURATION.replace('"vlan": 200, "qos": 0', '"vlan": 201, "qos": 0, "min_tx_mbps": 5'))
    viaduct("reload")
    r = viaduct_json("apply")
    report = r.get("report", r)
    keep("report", report)
    outcomes = {a["name"]: a for result in report["results"] for a in result["attrs"]}
    equal("min rate on igb", outcomes.get("rate", {}).get("outcome"), "refused")
    equal("with its errno", outcomes.get("rate", {}).get("error"), "EINVAL")
    equal("and the VLAN beside it was set", ip_vfs(NET0)[6]["vlan"], 201)


configure(CONFIGURATION)
daemon = Daemon()
discovery()
applying(planning())
compare_with_ip()
nothing_left()
traffic()
recreate()
refused_values()
equal("clean stop", daemon.stop(), 0)
end()
