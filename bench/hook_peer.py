#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook as one would write it in Python: SOCKET DOMAIN OPERATION …, the XML on standard input. It looks
whether there is a host device at all, and loads the rest only then."""
import sys

OPERATIONS = ("prepare", "restore", "migrate", "started", "stopped", "release", "reconnect")


def device(element):
    import re
    at = element.find("source/address").attrib
    domain, bus, slot, function = (int(at.get(k, "0"), 0) for k in ("domain", "bus", "slot", "function"))
    d = {"address": f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}", "interface": element.tag == "interface",
         "managed": element.get("managed") == "yes", "pool": False}
    mac, tag = element.find("mac"), element.find("vlan/tag")
    if mac is not None and re.fullmatch("(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", mac.get("address", "")):
        d["mac"] = mac.get("address")
    if tag is not None:
        d.update(tags=len(element.findall("vlan/tag")), tag=int(tag.get("id"), 0))
    return d


def main(path, _name, operation, suboperation, *_extra):
    if operation not in OPERATIONS:
        return 0
    text = sys.stdin.buffer.read()
    if b"hostdev" not in text:
        return 0
    import json
    import socket
    from xml.etree import ElementTree
    root = ElementTree.fromstring(text)
    devices = [device(e) for kind in ("interface[@type='hostdev']", "hostdev[@type='pci']")
               for e in root.findall(f"devices/{kind}")]
    if not devices:
        return 0
    domain = {"uuid": root.findtext("uuid"), "name": root.findtext("name"), "devices": devices, "nics": []}
    request = {"method": "org.viaduct.HookQemu",
               "parameters": {"operation": operation, "suboperation": suboperation, "domain": domain}}
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(path)
        s.sendall(json.dumps(request).encode() + b"\0")
        reply = b""
        while not reply.endswith(b"\0"):
            reply += s.recv(65536)
    reply = json.loads(reply[:-1])
    if "error" in reply:
        print("viaduct:", reply["parameters"].get("reason", reply["error"]), file=sys.stderr)
        return operation in OPERATIONS[:4]
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
