# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL at every step of an apply, as it begins and as it ends, on the real driver: started again, the
# daemon brings the host to where an undisturbed apply does.
import json
import socket

from harness import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

CONFIGURATION = {
    "provision": "manual",
    "pfs": [{"match": {"address": PF0}, "num_vfs": 3, "mac_prefix": "02:76:01",
             "vf": {"mac": "derived", "vlan": 100, "qos": 2, "max_tx_mbps": 300, "driver": "vfio-pci"},
             "vfs": [{"index": 2, "trust": True, "driver": "host"}]}],
}


def picture():
    """All of it that the configuration speaks of."""
    return {
        "autoprobe": read(f"{DEVICES}/{PF0}/sriov_drivers_autoprobe"),
        "vfs": ip_vfs(NET0),
        "drivers": [driver(v) for v in vf_addresses(PF0)],
        "overrides": [read(f"{DEVICES}/{v}/driver_override") for v in vf_addresses(PF0)],
    }


def bare():
    """Back to the host as it boots."""
    write(f"{DEVICES}/{PF0}/sriov_numvfs", "0")
    write(f"{DEVICES}/{PF0}/sriov_drivers_autoprobe", "1")
    reset_state()


def apply_until(stop_after):
    """Apply over the socket; True when it was left after that many progress messages."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(SOCKET)
        s.sendall(json.dumps({"method": "org.viaduct.Apply", "more": True}).encode() + b"\0")
        data, seen = b"", 0
        while True:
            while b"\0" in data:
                message, data = data.split(b"\0", 1)
                message = json.loads(message)
                if "error" in message:
                    raise RuntimeError(message)
                if not message.get("continues"):
                    return False
                if message["parameters"].get("progress"):
                    seen += 1
                    if seen > stop_after:
                        return True
            chunk = s.recv(65536)
            if not chunk:
                raise RuntimeError("the daemon went away by itself")
            data += chunk


sh(f"modprobe vfio-pci; ip link set {NET0} up")
configure(CONFIGURATION)
bare()
daemon = Daemon()
apply_until(10 ** 6)
daemon.kill()
want = picture()
equal("the undisturbed apply did it", want["drivers"], ["vfio-pci", "vfio-pci", "igbvf"])

kills = 0
while True:
    bare()
    daemon = Daemon()
    if not apply_until(kills):
        daemon.kill()
        break
    daemon.kill()
    again = Daemon()
    converged = until(lambda: picture() == want, 30)
    check(f"killed after progress message {kills + 1}: converges", converged, f"got  {picture()}\nwant {want}")
    check("and nothing is left to do", viaduct("plan").status == 0, viaduct("plan"))
    again.kill()
    kills += 1
check("there were steps to be killed at", kills >= 8, kills)
end()
