# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody changes a VF behind our back: seen, told with its cause, and set again where that is asked for.
import json

from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import


def configuration(heal):
    return {
        "provision": "auto",
        "drift": {"interval_s": 2, "debounce_ms": 300, "heal": heal},
        "pfs": [{"label": "east", "match": {"address": PF0}, "num_vfs": 2, "mac_prefix": "02:76:01",
                 "vf": {"mac": "derived", "vlan": 100, "spoofchk": True, "driver": "vfio-pci"}}],
    }


def pf_status():
    status = viaduct_json("status")
    status = status.get("status", status)
    return [p for p in status["pfs"] if p["address"] == PF0][0]


def seen():
    return [d["what"] for d in pf_status()["drift"]]


def alert():
    check("as configured at first", pf_status()["state"] == "ok", pf_status())
    monitor = subprocess.Popen(["viaduct", "--json", "monitor"], stdout=open("/run/monitor", "wb"))
    time.sleep(0.5)
    sh(f"ip link set {NET0} vf 1 vlan 55")
    check("the VLAN is seen to drift", until(lambda: "vlan" in seen(), 15), seen())
    equal("state", pf_status()["state"], "drifted")
    equal("not healed unasked", ip_vfs(NET0)[1]["vlan"], 55)
    drifted = viaduct("status").out
    contains("said in words", drifted, "vlan", "100", "55")
    plan = viaduct("plan")
    contains("the plan brings it back", plan.out, "set_vf_attrs", "100")
    check("apply does", viaduct("apply").status == 0 and ip_vfs(NET0)[1]["vlan"] == 100, ip_vfs(NET0))
    check("and the drift is gone", until(lambda: not seen(), 15), seen())
    monitor.terminate()
    monitor.wait()
    events = [json.loads(line) for line in read("/run/monitor").splitlines()]
    for event in events:
        keep("event", event)
    types = [e.get("event", e)["type"] for e in events]
    check("events: found, then gone", "drift_found" in types and "drift_gone" in types, types)


def heal():
    configure(configuration(["vlan", "driver"]))
    check("reload", viaduct("reload").status == 0)
    sh(f"ip link set {NET0} vf 0 vlan 66")
    check("a VLAN that is to be healed is", until(lambda: ip_vfs(NET0)[0]["vlan"] == 100, 15), ip_vfs(NET0))
    sh(f"ip link set {NET0} vf 0 spoofchk off")
    check("spoofchk is only told", until(lambda: "spoofchk" in seen(), 15), seen())
    equal("and not set", ip_vfs(NET0)[0]["spoofchk"], False)
    vf = vf_address(PF0, 1)
    write("/sys/bus/pci/drivers/vfio-pci/unbind", vf)
    check("a lost driver is healed", until(lambda: driver(vf) == "vfio-pci", 15), driver(vf))


sh(f"ip link set {NET0} up; modprobe vfio-pci")
configure(configuration(False))
daemon = Daemon()
check("provisioned by itself", until(lambda: driver(vf_address(PF0, 1) or "") == "vfio-pci", 30))
until(lambda: pf_status()["state"] == "ok", 20)
alert()
heal()
end()
