# SPDX-License-Identifier: GPL-2.0-or-later
# Cards that come and go, a PF that hangs: the daemon carries on and says so.
from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

PF3 = "0000:03:00.0"


def status_of(address):
    status = viaduct_json("status")
    status = status.get("status", status)
    found = [p for p in status["pfs"] if p["address"] == address]
    return found[0] if found else None


def arrives():
    sh("lab-qmp netdev_add type=hubport id=wire3 hubid=1")
    sh("lab-qmp device_add driver=igb id=nic3 bus=rp3 netdev=wire3 mac=52:54:00:76:00:03")
    check("a card that arrives is provisioned",
          until(lambda: os.path.exists(f"{DEVICES}/{PF3}/virtfn1") and driver(vf_address(PF3, 1)) == "vfio-pci", 60),
          viaduct("status").out)
    check("and ok", until(lambda: (status_of(PF3) or {}).get("state") == "ok", 20), status_of(PF3))


def leaves():
    sh("lab-qmp --wait DEVICE_DELETED:device=nic3 device_del id=nic3")
    check("a card that is taken away is told absent or gone",
          until(lambda: (status_of(PF3) or {"state": "absent"})["state"] == "absent", 20), status_of(PF3))
    check("and the others are as they were", status_of(PF0)["state"] == "ok", status_of(PF0))


def hangs():
    """A VF that a process holds is removed by somebody else: the write blocks in the kernel and with it
    the PF's device lock. The daemon answers all the same, and the other PF is worked on: its VFs' attributes,
    that is, as this kernel changes no PF's VF count while another's change hangs (pci_rescan_remove_lock)."""
    configure(config(west_vfs=2))
    check("the other PF gets VFs", viaduct("reload").status == 0 and
          until(lambda: (status_of(PF1) or {})["state"] == "ok" and status_of(PF1)["vfs"] == 2, 30), status_of(PF1))
    vf = vf_address(PF0, 0)
    group = os.path.basename(os.readlink(f"{DEVICES}/{vf}/iommu_group"))
    # Holding the group alone does not block the removal: the device itself must be open, as a guest has it.
    holder = subprocess.Popen([sys.executable, "tests/lab/hold_vf.py", group, vf], stdout=subprocess.PIPE, text=True)
    check("the VF is held", holder.stdout.readline() == "held\n")
    foreign = subprocess.Popen(["/bin/bash", "-c", f"echo 0 > {DEVICES}/{PF0}/sriov_numvfs"])
    time.sleep(2)
    check("the removal hangs", foreign.poll() is None)
    began = time.monotonic()
    check("status is answered meanwhile", viaduct("--json", "status", timeout=20).status == 0)
    check("at once", time.monotonic() - began < 10)
    configure(config(west_vfs=2, west_vlan=42))
    check("reload", viaduct("reload", timeout=30).status == 0)
    check("the other PF is provisioned meanwhile",
          until(lambda: [v["vlan"] for v in ip_vfs(NET1)] == [42, 42], 40), viaduct("status").out)
    check("the one that hangs is blocked", until(lambda: status_of(PF0)["state"] == "blocked", 20), status_of(PF0))
    contains("with its holder", str(until(lambda: f"{holder.pid}" in status_of(PF0).get("blocked_by", "") and
                                          status_of(PF0)["blocked_by"], 10)), vf, str(holder.pid))
    refusal = viaduct("apply", PF0)
    check("and refuses to be worked on", refusal.status != 0 and "blocked" in refusal.err + refusal.out, refusal)
    holder.kill()
    holder.wait()
    check("let go, the removal ends", until(lambda: foreign.poll() is not None, 30))
    check("the PF is no longer blocked", until(lambda: status_of(PF0)["state"] != "blocked", 20), status_of(PF0))
    check("what was taken is made again", until(lambda: status_of(PF0)["state"] == "ok" and
                                                vf_address(PF0, 1) is not None, 40), viaduct("status").out)
    check("nothing is left to do", viaduct("plan").status == 0, viaduct("plan").out)


def config(west_vfs, west_vlan=0):
    pfs = [{"match": {"address": PF0}, "num_vfs": 2, "vf": {"driver": "vfio-pci"}},
           {"match": {"mac": "52:54:00:76:00:03"}, "num_vfs": 2, "vf": {"driver": "vfio-pci"}}]
    if west_vfs:
        pfs.append({"match": {"address": PF1}, "num_vfs": west_vfs,
                    "vf": {"driver": "vfio-pci", "vlan": west_vlan}})
    return {"drift": {"interval_s": 3}, "pfs": pfs}


sh(f"modprobe vfio-pci; ip link set {NET0} up; ip link set {NET1} up")
configure(config(0))
daemon = Daemon()
check("provisioned at start", until(lambda: (status_of(PF0) or {}).get("state") == "ok", 40), viaduct("status").out)
arrives()
leaves()
hangs()
equal("clean stop", daemon.stop(), 0)
end()
