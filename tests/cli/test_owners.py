# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims by the commands a person types, against the real daemon: a fake host, a libvirt that is a file."""
import json
import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ET

from test_daemon import Daemon
from tool import contains, equal, keep
import tool

A, B, NIC = "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"
WEB1, WEB2 = "11111111-2222-4333-8444-555555555501", "11111111-2222-4333-8444-555555555502"
CONFIG = {
    "provision": "auto",
    "networks": [{"name": "blue", "vlan": 300, "spoofchk": True, "uplinks": ["east"]},
                 {"name": "green", "vlan": 400, "uplinks": ["west"]}],
    "pfs": [{"label": "east", "match": {"address": A}, "num_vfs": 3, "mac_prefix": "02:76:01",
             "vf": {"mac": "derived", "driver": "vfio-pci"}},
            {"label": "west", "match": {"address": B}, "num_vfs": 2}],
}


def domain(name, uuid, *devices, active=False):
    listed = [{"address": d, "interface": False, "managed": True, "pool": False} for d in devices]
    return {"uuid": uuid, "name": name, "active": active, "devices": listed,
            "nics": [{"type": "bridge", "mac": "52:54:00:bb:00:01", "source": "br0", "target": "vnet0"}]}


class Host(Daemon):
    """Ready, with two VMs that libvirt knows and that do not run."""

    def __init__(self, config=None, virt=True):
        self.with_virt = virt
        super().__init__(config or CONFIG, "lab")
        r = self.call("status", "--wait-ready=30")
        if r.status:
            self.stop()
            raise AssertionError(r)
        if virt:
            self.wait("list", "vms", "--no-header", "--columns", "NAME", until=lambda r: "web2" in r.out)

    def program(self, host):
        self.virt, self.pokes = f"{self.folder}/virt", f"{self.folder}/pokes"
        os.mkfifo(self.pokes)
        os.mkfifo(f"{self.pokes}.done")
        self.libvirt(domain("web1", WEB1), domain("web2", WEB2))
        virt = ("--virt", self.virt) if self.with_virt else ()
        return (*super().program(host), *virt, "--pokes", self.pokes, "--vm-gone", "0", "--clean-backoff", "100")

    def libvirt(self, *domains, **more):
        with open(f"{self.virt}.new", "w", encoding="utf-8") as f:
            json.dump({"domains": domains, **more}, f)
        os.rename(f"{self.virt}.new", self.virt)

    def poke(self, line):
        """Something happens on the host."""
        with open(self.pokes, "w", encoding="utf-8") as f:
            f.write(line + "\n")
        with open(f"{self.pokes}.done", encoding="utf-8") as f:
            f.read()

    def wait(self, *argv, until):
        deadline = time.monotonic() + 30
        while not until(r := self.call(*argv)):
            assert time.monotonic() < deadline, (argv, r)
            time.sleep(0.05)
        return r

    def json(self, *argv, status=0):
        r = self.call("--json", *argv)
        equal((r.status, r.err), (status, ""), argv)
        return json.loads(r.out)

    def events(self):
        with open(f"{self.folder}/events", encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def lines(self, *argv):
        r = self.call("list", *argv, "--no-header")
        equal((r.status, r.err), (0, ""), argv)
        return [line.split() for line in r.out.splitlines()]


def test_a_claim_from_its_making_to_its_end():
    with Host() as d:
        r = d.call("claim", "web1", "--network", "blue", "--mac", "52:54:00:aa:00:01")
        equal((r.status, r.err), (0, ""))
        contains(r.out, "(VF 0 of 0000:01:00.0) is web1's: network blue, ", "mac 52:54:00:aa:00:01", "vlan 300",
                 "generation ", "viaduct show 0000:01:10.0 --xml")
        rows = d.lines("claims", "--columns", "ADDRESS,PF,VF,NETWORK,MAC,VLAN,STATE,ORIGIN,MANAGED,UUID,VM")
        equal(rows, [["0000:01:10.0", A, "0", "blue", "52:54:00:aa:00:01", "300", "active", "request", "yes", WEB1,
                      "web1"]])
        attrs = d.json("show", "0000:01:10.0")["device"]["attrs"]
        equal((attrs["mac"], attrs["vlan"], attrs["spoofchk"]), ("52:54:00:aa:00:01", 300, True))
        contains(d.call("show", "0000:01:10.0").out, f"claimed by      web1 ({WEB1}): active, origin request")
        contains(d.call("show", A).out, " web1 ")
        contains(d.call("list", "vf").out, " web1 ")
        contains(d.call("status").out, "claims: 1\n", "libvirt: fake:///system, 2 VMs, 0 running")
        equal(d.lines("networks", "--columns", "NAME,TOTAL,CLAIMED,FREE"), [["blue", "3", "1", "2"],
                                                                           ["green", "2", "0", "2"]])
        r = d.call("release", "web1")
        equal((r.status, r.out, r.err), (0, "All that web1 had is clean and free.\n", ""))
        equal(d.lines("claims"), [])
        attrs = d.json("show", "0000:01:10.0")["device"]["attrs"]
        assert attrs["mac"].startswith("02:76:01:"), attrs
        equal(attrs["vlan"], 0)


def test_the_element_names_what_was_claimed():
    with Host() as d:
        claimed = ET.fromstring(d.call("claim", "web1", "--network", "blue", "--xml=interface").out)
        equal(claimed.find("vlan/tag").attrib, {"id": "300"})
        equal(claimed.find("source/address").attrib["bus"], "0x01")
        later = ET.fromstring(d.call("show", "vm", "web1", "--xml=interface").out)
        equal(ET.tostring(later), ET.tostring(claimed))
        r = d.call("claim", "web2", "--device", NIC, "--whole", "--bind", "--xml")
        equal(r.status, 0, r)
        equal(ET.fromstring(r.out).attrib["managed"], "no")
        contains(d.call("show", NIC).out, "driver          vfio-pci")


def test_a_whole_nic_comes_back():
    """While vfio has it, it shows no MAC."""
    with Host({"pfs": []}) as d:
        equal(d.call("claim", "web1", "--device", "eth1", "--whole", "--bind").status, 0)
        contains(d.call("show", B).out, "driver          vfio-pci", "claimed by      web1")
        r = d.call("release", B)
        equal((r.status, r.out), (0, f"{B} is clean and free.\n"))
        contains(d.call("show", B).out, "driver          igb\n", "net devices     ")


def as_the_hook_reads_it(element):
    """The DomainDevice of an element that was pasted into a domain."""
    a = element.find("source/address").attrib
    address = "%04x:%02x:%02x.%x" % tuple(int(a[k], 16) for k in ("domain", "bus", "slot", "function"))
    d = {"address": address, "interface": element.tag == "interface", "pool": False,
         "managed": element.attrib["managed"] == "yes"}
    if element.find("mac") is not None:
        d["mac"] = element.find("mac").attrib["address"]
    tags = element.findall("vlan/tag")
    return {**d, "tags": len(tags), "tag": int(tags[0].attrib["id"]), "trunk": False} if tags else d


def test_the_hook_takes_the_element():
    with Host() as d:
        for form, more in (("hostdev", ()), ("interface", ()), ("hostdev", ("--bind",))):
            element = ET.fromstring(d.call("claim", "web1", "--network", "blue", f"--xml={form}", *more).out)
            claim = d.json("list", "claims")["claims"][0]
            web1 = {**domain("web1", WEB1), "devices": [as_the_hook_reads_it(element)]}
            answer = d.raw("HookQemu", operation="prepare", suboperation="begin", domain=web1)
            equal(answer, {"generations": [claim["generation"]]}, form)
            stranger = {**web1, "uuid": WEB2, "name": "web2"}
            answer = d.raw("HookQemu", operation="prepare", suboperation="begin", domain=stranger)
            contains(answer["reason"], "web1")
            d.raw("HookQemu", operation="release", suboperation="end", domain=web1, generations=[claim["generation"]])
            equal(d.json("list", "claims")["claims"][0]["state"], "active", "it stays until it is released")
            equal(d.call("release", "web1").status, 0)


def test_one_owner():
    with Host() as d:
        equal(d.call("claim", "web1", "--device", "eth0/1", "--network", "blue").status, 0)
        r = d.call("claim", "web2", "--device", "eth0/1", "--network", "blue")
        equal((r.status, r.out), (10, ""))
        contains(r.err, "web1")
        r = d.call("claim", "web2", "--device", A, "--whole")
        equal(r.status, 10, r)
        contains(r.err, "web1")
        equal(d.call("bind", "0000:01:10.2").status, 10)
        mac = d.lines("claims", "--columns", "MAC")[0][0]
        r = d.call("claim", "web2", "--network", "blue", "--mac", mac)
        equal(r.status, 31, r)
        contains(r.err, mac)


def test_no_free_vf():
    with Host() as d:
        for vm in ("web1", "web2"):
            equal(d.call("claim", vm, "--network", "green").status, 0)
        r = d.call("claim", "web1", "--network", "green")
        equal((r.status, r.out), (14, ""))
        contains(r.err, "green", "claimed")
        equal(d.lines("networks", "--columns", "NAME,FREE"), [["blue", "3"], ["green", "0"]])
        r = d.call("claim", "web1", "--network", "yellow")
        equal(r.status, 19, r)
        contains(r.err, "yellow")


def test_generations():
    with Host() as d:
        first = d.json("claim", "web1", "--device", "eth0/0", "--network", "blue")
        keep("request", "claim", first)
        old = str(first["claim"]["generation"])
        equal(d.call("release", "0000:01:10.0", "--generation", old).status, 0)
        second = d.json("claim", "web2", "--device", "eth0/0", "--network", "blue")["claim"]
        assert second["generation"] > first["claim"]["generation"], second
        r = d.call("release", "0000:01:10.0", "--generation", old)
        equal((r.status, r.out), (28, ""), "a late release")
        equal(d.json("list", "claims")["claims"][0]["generation"], second["generation"])
        equal(d.call("release", "0000:01:10.0", "--generation", str(second["generation"])).status, 0)
        equal(d.call("release", "0000:01:10.0").status, 16)
        equal(d.call("release", "web2").status, 16)


def test_adoption_and_a_vm_that_runs():
    with Host() as d:
        d.poke(f"guest 4711 web1 {WEB1} 0000:01:10.0")
        d.libvirt(domain("web1", WEB1, "0000:01:10.0", "0000:01:10.2", active=True), domain("web2", WEB2))
        d.wait("list", "vms", "--no-header", "--columns", "STATE,NAME", until=lambda r: "running" in r.out)
        r = d.call("adopt")
        equal((r.status, r.err), (0, ""))
        d.wait("list", "claims", "--no-header", until=lambda r: r.out.count(" adopted ") == 1)
        r = d.call("adopt")
        equal((r.status, r.out), (0, "Nothing runs without a claim.\n"))
        r = d.call("release", "web1")
        equal((r.status, r.out), (11, ""), "it runs")
        contains(r.err, "web1")
        r = d.call("show", "web1")
        equal((r.status, r.err), (0, ""))
        contains(r.out, f"web1\n  UUID            {WEB1}\n  state           running\n", "Other NICs", "vnet0",
                 "PCI functions", "Claim 0000:01:10.0 (VF 0 of 0000:01:00.0)", "origin adopted")
        keep("running", "vm", d.json("show", "web1"))
        keep("all", "vms", d.json("list", "vms"))
        keep("adopted", "claims", d.json("list", "claims"))
        d.poke("guest-gone 4711")
        d.libvirt(domain("web1", WEB1, "0000:01:10.0"), domain("web2", WEB2))
        d.wait("list", "claims", "--no-header", until=lambda r: r.out == "")


def test_drain():
    with Host() as d:
        equal(d.call("claim", "web1", "--network", "blue").status, 0)
        r = d.call("drain", "eth0")
        equal((r.status, r.err), (3, ""))
        contains(r.out, f"{A} takes no new claims; 1 claim remains.\n", " web1")
        keep("remains", "claims", d.json("drain", "eth0", status=3))
        contains(d.call("status").out, f"Drained\n  {A}: 1 claim remains, since ")
        r = d.call("claim", "web2", "--device", "eth0/1", "--network", "blue")
        equal((r.status, r.out), (30, ""))
        equal(d.call("claim", "web2", "--network", "blue").status, 14)
        equal(d.call("release", "web1").status, 0)
        r = d.call("drain", A)
        equal((r.status, r.out), (0, f"{A} takes no new claims; no claim remains.\n"))
        r = d.call("drain", "eth0", "--off")
        equal((r.status, r.out), (0, "eth0 takes claims again.\n"))
        assert "Drained" not in d.call("status").out
        equal(d.call("claim", "web2", "--network", "blue").status, 0)
        equal(d.call("drain", "eth9").status, 16)


def test_quarantine():
    with Host() as d:
        equal(d.call("claim", "web1", "--device", "eth0/0", "--network", "blue").status, 0)
        d.poke(f"refuse {A} 0 vlan 22 -1")
        r = d.call("release", "0000:01:10.0")
        equal((r.status, r.err), (29, ""))
        contains(r.out, "0000:01:10.0 (VF 0 of 0000:01:00.0) is quarantined: ", "vlan")
        rows = d.lines("claims", "--columns", "ADDRESS,STATE,VM")
        equal(rows, [["0000:01:10.0", "quarantined", "web1"]])
        r = d.call("quarantine", "list")
        contains(r.out, "0000:01:10.0", "web1", "vlan")
        keep("quarantine", "claims", d.json("quarantine", "list"))
        contains(d.call("status").out, "claims: 1, 1 quarantined: see viaduct quarantine list")
        contains(d.call("list", "vf").out, " quarantined ")
        r = d.call("claim", "web2", "--device", "eth0/0", "--network", "blue")
        equal((r.status, r.out), (29, ""))
        equal(d.call("quarantine", "clear", "0000:01:10.0").status, 29)
        d.poke("heal")
        d.wait("quarantine", "clear", "0000:01:10.0", until=lambda r: r.status in (0, 16))
        equal((d.lines("claims"), d.call("quarantine", "clear", "0000:01:10.0").status), ([], 16))


def test_quarantine_by_force():
    with Host() as d:
        equal(d.call("claim", "web1", "--device", "eth0/0", "--network", "blue").status, 0)
        d.poke(f"refuse {A} 0 vlan 22 -1")
        equal(d.call("release", "0000:01:10.0").status, 29)
        r = d.wait("quarantine", "clear", "--force", "0000:01:10.0", until=lambda r: r.status != 22)
        equal((r.status, r.out, r.err), (0, "0000:01:10.0 is free, as it is.\n", ""))
        equal(d.lines("claims"), [])


def test_contradiction():
    with Host() as d:
        equal(d.call("claim", "web1", "--device", "eth0/0", "--network", "blue").status, 0)
        d.poke(f"guest 4711 web2 {WEB2} 0000:01:10.0")
        d.libvirt(domain("web1", WEB1), domain("web2", WEB2, "0000:01:10.0", "0000:01:10.2", active=True))
        r = d.wait("status", until=lambda r: "Contradictions" in r.out)
        contains(r.out, "Contradictions, left to you\n  ", "0000:01:10.0", "web1", "web2", ", since ")
        keep("contradiction", "status", d.json("status"))
        d.poke("guest-gone 4711")
        d.libvirt(domain("web1", WEB1), domain("web2", WEB2))
        d.wait("status", until=lambda r: "Contradictions" not in r.out)
        equal(d.lines("claims", "--columns", "VM"), [["web1"]])


def test_without_libvirt():
    with Host() as d:
        d.libvirt(connected=False, reason="libvirtd is away")
        away = "no connection to fake:///system: libvirtd is away; as last seen, 2 VMs"
        d.wait("status", until=lambda r: away in r.out)
        r = d.call("list", "vms", "--no-header", "--columns", "STATE,NAME")
        equal((r.status, r.out.split()), (0, ["-", "web1", "-", "web2"]))
        contains(r.err, "no connection to libvirt: libvirtd is away")
        keep("down", "vms", d.json("list", "vms"))
        r = d.call("claim", "web3", "--network", "blue")
        equal(r.status, 32, r)
        contains(r.err, "UUID")
        equal(d.call("claim", "web1", "--uuid", WEB1, "--network", "blue").status, 0)
        contains(d.call("show", "eth0").out, A)
        equal(d.call("show", "web9").status, 16)
        equal(d.call("release", WEB1).status, 0)


def test_a_host_without_libvirt():
    with Host(virt=False) as d:
        contains(d.call("status").out, "libvirt: not used")
        equal(d.call("claim", "web1", "--network", "blue").status, 32)
        equal(d.call("claim", "web1", "--uuid", WEB1, "--network", "blue").status, 0)
        equal(d.call("show", "web1").status, 0)
        contains(d.call("show", "eth0").out, A)
        equal(d.call("release", "web1").status, 0)


def test_a_name_that_two_have():
    with Host() as d:
        d.libvirt(domain("eth0", WEB1), domain("web2", WEB2))
        d.wait("list", "vms", "--no-header", "--columns", "NAME", until=lambda r: "eth0" in r.out)
        for command in ("show", "release"):
            r = d.call(command, "eth0")
            equal((r.status, r.out), (2, ""), command)
            contains(r.err, f'"viaduct {command} device eth0"', f'"viaduct {command} vm eth0"')
        contains(d.call("show", "vm", "eth0").out, WEB1)
        contains(d.call("show", "device", "eth0").out, A)
        r = d.call("show", "web3")
        equal((r.status, r.out), (16, ""))


def test_events_of_claims():
    with Host() as d:
        with open(f"{d.folder}/events", "w", encoding="utf-8") as out:
            monitor = subprocess.Popen([tool.viaduct, "--json", "--socket", d.path, "monitor", "--type", "claimed",
                                        "--type", "released", "--type", "drain"], stdout=out,
                                       stderr=subprocess.DEVNULL)
        seen, deadline = [], time.monotonic() + 30
        while not seen and time.monotonic() < deadline:  # until the subscription stands
            equal(d.call("drain", "eth1").status, 0)
            seen = d.events()
        equal(d.call("claim", "web1", "--network", "blue").status, 0)
        equal(d.call("release", "web1").status, 0)
        d.stop()
        monitor.wait(30)
        seen = {e["type"]: e for e in d.events() if "type" in e}
        equal(sorted(seen), ["claimed", "drain", "released"])
        for kind, event in seen.items():
            contains(event["cause"], str(os.getuid()))
            keep(kind, "event", event)
        equal(seen["claimed"]["claim"]["vm"], "web1")
        contains(seen["claimed"]["message"], "web1")


def test_every_file_of_the_state_stands_in_the_manual():
    with Host() as d:
        equal(d.call("claim", "web1", "--network", "blue").status, 0)
        equal(d.call("bind", NIC).status, 0)
        d.stop(signal.SIGKILL)
        d.start()
        d.wait("status", "--wait-ready=30", until=lambda r: not r.status)
        with open(f"{tool.ROOT}/docs/man/viaductd.8", encoding="utf-8") as f:
            text = f.read().split("\n.Sh STATE\n")[1].split("\n.Sh ")[0]
        told = {w for line in re.findall(r"^\.It Pa (.*)$", text, re.M) for w in re.findall(r"[\w./*-]+", line)}
        files = {f + "/" * os.path.isdir(f"{d.folder}/state/{f}") for f in os.listdir(f"{d.folder}/state")}
        assert {"claims.json", "claims.jsonl", "bound.json", "state.json", "managed.json"} <= files, files
        equal({f for f in files if not f.endswith(".bak")} - told, set())


def test_claims_outlive_the_daemon():
    with Host() as d:
        equal(d.call("claim", "web1", "--network", "blue").status, 0)
        before = d.json("list", "claims")
        keep("before", "networks", d.json("list", "networks"))
        d.stop(signal.SIGKILL)
        d.start()
        equal(d.json("list", "claims"), before)
