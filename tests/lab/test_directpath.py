# SPDX-License-Identifier: GPL-2.0-or-later
# DirectPath: any device to vfio-pci and back, also across a restart, and rolled back half-way.
from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

NO_IOMMU_GROUP = "0000:00:1f.3"  # the SMBus function: shares its slot's group with the LPC bridge


def bind_and_back():
    r = viaduct("bind", PF1)
    check("bind a PF", r.status == 0, r)
    equal("its driver", driver(PF1), "vfio-pci")
    r = viaduct("bind", PF1)
    check("twice is no harm", r.status == 0, r)
    status = viaduct_json("status")
    keep("status", status)
    status = status.get("status", status)
    equal("status names it", [(b["address"], b["original"]) for b in status["bound"]], [(PF1, "igb")])
    r = viaduct("unbind", PF1)
    check("unbind", r.status == 0, r)
    equal("the driver it had", driver(PF1), "igb")
    equal("no override stays", read(f"{DEVICES}/{PF1}/driver_override"), "(null)")


def persistent():
    check("bind --persistent", viaduct("bind", PF1, "--persistent").status == 0)
    check("bind without", viaduct("bind", PF0).status == 0)
    daemon.kill()
    # A reboot as far as the device is concerned: the overrides are gone, the host's driver has them.
    for pf in (PF0, PF1):
        write(f"{DEVICES}/{pf}/driver_override", "\n")
        write("/sys/bus/pci/drivers/vfio-pci/unbind", pf)
        write("/sys/bus/pci/drivers_probe", pf)
        equal("back on igb", driver(pf), "igb")
    restarted = Daemon()
    check("persistent: bound again", until(lambda: driver(PF1) == "vfio-pci", 15), driver(PF1))
    check("unbind", viaduct("unbind", PF1).status == 0 and driver(PF1) == "igb", driver(PF1))
    restarted.kill()
    again = Daemon()
    time.sleep(1)
    equal("after unbind it is forgotten", driver(PF1), "igb")
    return again


def other_card():
    """The address stays, the card does not: a persistent binding must not follow."""
    check("bind --persistent", viaduct("bind", PF1, "--persistent").status == 0)
    daemon2.stop()
    sh("lab-qmp --wait DEVICE_DELETED:device=nic1 device_del id=nic1")
    until(lambda: not os.path.exists(f"{DEVICES}/{PF1}"))
    sh("lab-qmp device_add driver=e1000e id=nic1 bus=rp2 mac=52:54:00:76:00:99")
    until(lambda: os.path.exists(f"{DEVICES}/{PF1}"))
    found = driver(PF1)
    third = Daemon()
    equal("another card at the same address is left alone", driver(PF1), found)
    contains("and said to be another", viaduct("status").out, PF1)
    return third


def refusals():
    r = viaduct("bind", NO_IOMMU_GROUP)
    equal("shared group: status", r.status, 12)
    contains("shared group: members are named", r.err, NO_IOMMU_GROUP, "0000:00:1f.")
    r = viaduct("bind", "0000:00:11.0")
    check("a bridge is not passed through", r.status != 0, r)
    r = viaduct("bind", PF0, "--driver", "no_such_driver")
    check("a driver that does not exist", r.status != 0, r)
    contains("is named", r.err, "no_such_driver")
    equal("and the old one is back", driver(PF0), "igb")
    r = viaduct("unbind", PF0)
    check("unbind of what we did not bind", r.status == 0 or "igb" in r.err, r)
    equal("changes nothing", driver(PF0), "igb")


sh("modprobe vfio-pci")
configure({"provision": "manual"})
daemon = Daemon()
refusals()
bind_and_back()
daemon2 = persistent()
daemon3 = other_card()
end()
