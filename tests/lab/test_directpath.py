# SPDX-License-Identifier: GPL-2.0-or-later
# DirectPath: any device to vfio-pci and back, also across a restart, and rolled back half-way.
from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

PF3 = "0000:03:00.0"
SMBUS, BRIDGE = "0000:00:1f.3", "0000:00:11.0"


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
    sh("lab-qmp device_add driver=e1000e id=nicA bus=rp3 mac=52:54:00:76:00:0a")
    check("a card arrives", until(lambda: driver(PF3) == "e1000e", 20), driver(PF3))
    # The daemon has its uevent by when it shows it.
    until(lambda: viaduct("show", PF3).status == 0, 10)
    r = viaduct("bind", PF3, "--persistent")
    check("bind --persistent", r.status == 0 and driver(PF3) == "vfio-pci", r)
    daemon2.stop()
    sh("lab-qmp --wait DEVICE_DELETED:device=nicA device_del id=nicA")
    until(lambda: not os.path.exists(f"{DEVICES}/{PF3}"))
    added = until(lambda: run("lab-qmp", "device_add", "driver=igb", "id=nicB", "bus=rp3",
                              "mac=52:54:00:76:00:0b").status == 0, 20)
    check("another card is in the slot", added and until(lambda: driver(PF3) == "igb", 20), driver(PF3))
    third = Daemon()
    time.sleep(2)
    equal("it is left alone", driver(PF3), "igb")
    contains("and said to be another", viaduct("status").out, PF3, "was bound to vfio-pci there")
    return third


def refusals():
    r = viaduct("bind", BRIDGE)
    equal("a bridge is not passed through", r.status, 15)
    contains("and is named", r.err, BRIDGE, "bridge")
    r = viaduct("bind", PF0, "--driver", "no_such_driver")
    check("a driver that does not exist", r.status == 1, r)
    contains("is named", r.out + r.err, "no_such_driver")
    equal("and the old one is back", driver(PF0), "igb")
    equal("without an override", read(f"{DEVICES}/{PF0}/driver_override"), "(null)")
    r = viaduct("unbind", PF0)
    check("unbind of what was not bound changes nothing", driver(PF0) == "igb", r)
    sh(f"ip link set {NET0} up; ip addr add 10.5.0.1/24 dev {NET0}; ip route add default via 10.5.0.2")
    r = viaduct("bind", PF0)
    equal("a protected device: refused", r.status, 13)
    contains("with why, and the flag", r.err, "default route", "--disturb")
    sh(f"ip addr flush dev {NET0}; ip link set {NET0} down")
    sh(f"echo 2 > {DEVICES}/{PF0}/sriov_numvfs")
    r = viaduct("bind", PF0)
    equal("a PF with VFs: in use", r.status, 11)
    contains("by its VFs", r.err, "2 VFs")
    sh(f"echo 0 > {DEVICES}/{PF0}/sriov_numvfs")


def any_function():
    """What is no NIC goes over as well, and comes back."""
    r = viaduct("bind", SMBUS)
    check("bind a function without a driver", r.status == 0 and driver(SMBUS) == "vfio-pci", r)
    r = viaduct("unbind", SMBUS)
    check("and back", r.status == 0 and driver(SMBUS) != "vfio-pci", r)


sh("modprobe vfio-pci; modprobe e1000e")
configure({"provision": "manual"})
daemon = Daemon()
refusals()
any_function()
bind_and_back()
daemon2 = persistent()
daemon3 = other_card()
end()
