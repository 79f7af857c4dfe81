# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims, releases, quarantine, drains, networks and VMs: what is asked of the daemon, and what is said."""
import json
import subprocess
import xml.etree.ElementTree as ET

from scripted import document
from test_text import text_of
from tool import against, contains, equal, golden
import tool

UUID = "0d7c6d1e-3f6a-4a5e-9d55-2b8b7a2f4c01"
CLAIM = ("claim", "web1", "--network", "blue")


def not_found(connection, _parameters):
    connection.error("org.viaduct.NotFound", reason="there is no such thing")


def refuses(name, reason="because"):
    return lambda connection, _: connection.error(f"org.viaduct.{name}", reason=reason)


def replies(doc):
    return lambda connection, _: connection.reply(doc)


def methods(r):
    return [c["method"].removeprefix("org.viaduct.") for c in r.calls]


def test_claim():
    r = text_of("claim", {"Claim": "claim"}, 0, *CLAIM)
    equal(r.calls[0]["parameters"], {"vm": "web1", "network": "blue"})
    r = text_of("claim-whole", {"Claim": "claim-whole"}, 0, "claim", UUID, "--device", "enp3s0", "--whole", "--bind")
    equal(r.calls[0]["parameters"], {"vm": UUID, "device": "enp3s0", "whole": True, "driver": True})


def test_claim_parameters():
    r = against({"Claim": "claim"}, "claim", "web1", "--network", "blue", "--device", "enp1s0f0/3", "--uuid", UUID,
                "--mac", "52:54:00:aa:00:01", "--msix", "5", "--numa", "preferred", "--nodes", "0,2-4")
    equal(r.calls[0]["parameters"], {
        "vm": "web1", "network": "blue", "device": "enp1s0f0/3", "uuid": UUID, "mac": "52:54:00:aa:00:01",
        "msix": 5, "numa": "preferred", "nodes": [0, 2, 3, 4]})
    r = against({"Claim": "claim"}, *CLAIM, "--numa", "none")
    equal(r.calls[0]["parameters"], {"vm": "web1", "network": "blue", "numa": "none"})


def test_claim_refused():
    for name, status in (("Claimed", 10), ("NoFreeVf", 14), ("Quarantined", 29), ("Draining", 30),
                         ("DuplicateMac", 31), ("NoLibvirt", 32)):
        r = against({"Claim": refuses(name)}, *CLAIM, "--xml")
        equal((r.status, r.out, r.err), (status, "", "viaduct: because\n"), name)


def test_hostdev():
    for argv in (("--xml",), ("--xml=hostdev",)):
        r = text_of("claim-hostdev", {"Claim": "claim"}, 0, *CLAIM, *argv)
        address = ET.fromstring(r.out).find("source/address").attrib
        equal(address, {"domain": "0x0000", "bus": "0x01", "slot": "0x10", "function": "0x0"})
    r = against({"Claim": "claim-whole"}, "claim", "web1", "--device", "0000:03:00.0", "--whole", "--xml")
    equal(ET.fromstring(r.out).attrib["managed"], "no", "it is on vfio already")


def plain_claim(**members):
    claim = document("claim")["claim"]
    claim["wanted"] = {"vlan": 100, "qos": 0, "vlan_proto": "802.1Q"}
    claim.update(members)
    return {"version": 1, "claim": claim}


def test_interface():
    r = text_of("claim-interface", {"Claim": replies(plain_claim())}, 0, *CLAIM, "--xml=interface")
    interface = ET.fromstring(r.out)
    equal((interface.attrib, interface.find("vlan/tag").attrib, interface.find("mac").attrib),
          ({"type": "hostdev", "managed": "yes"}, {"id": "100"}, {"address": "52:54:00:aa:00:01"}))
    for wanted in ({"vlan": 0}, {}, None):
        r = against({"Claim": replies(plain_claim(wanted=wanted))}, *CLAIM, "--xml=interface")
        equal((ET.fromstring(r.out).find("vlan"), r.err), (None, ""), "no VLAN is wanted")


def test_interface_cannot_say_everything():
    for wanted, what in (({"vlan": 5, "qos": 3}, "priority"), ({"vlan": 5, "vlan_proto": "802.1ad"}, "protocol")):
        r = against({"Claim": replies(plain_claim(wanted=wanted))}, *CLAIM, "--xml=interface")
        equal((r.status, ET.fromstring(r.out).find("vlan/tag").attrib["id"]), (0, "5"))
        contains(r.err, f"without its {what}", "--xml=hostdev")
        equal(against({"Claim": replies(plain_claim(wanted=wanted))}, *CLAIM, "--xml=hostdev").err, "")


def test_hostile_text_does_not_reach_the_element():
    bad = "'/><x y='"
    r = against({"Claim": replies(plain_claim(mac=bad, driver=bad, network=bad, vm=bad, wanted={"vlan": bad}))},
                *CLAIM, "--xml=interface")
    equal((ET.fromstring(r.out).find("mac"), ET.fromstring(r.out).find("vlan")), (None, None))
    r = against({"Claim": replies(plain_claim(address=bad))}, *CLAIM, "--xml")
    equal((r.status, r.out), (1, ""))


def test_element_of_what_is_claimed():
    r = against({"Show": "show-vf"}, "show", "0000:01:10.0", "--xml=interface")
    equal((r.status, methods(r)), (0, ["Show"]))
    equal(ET.fromstring(r.out).find("vlan/tag").attrib["id"], "100")
    r = against({"ShowVm": "vm"}, "show", "vm", "web1", "--xml")
    equal([e.find("source/address").attrib["bus"] for e in ET.fromstring(f"<a>{r.out}</a>")], ["0x01", "0x03"])
    r = against({"ShowVm": "vm"}, "show", "vm", "web1", "--xml=interface")
    equal([e.tag for e in ET.fromstring(f"<a>{r.out}</a>")], ["interface", "hostdev"], "no PF is an interface")
    r = against({"Show": "show-nic"}, "show", "device", "enp8s0", "--xml")
    equal((r.status, r.out), (16, ""))
    contains(r.err, 'no claim on "enp8s0"')


def test_release():
    r = against({"Release": "released"}, "release", "vm", "web1")
    equal((r.status, r.out), (0, "All that web1 had is clean and free.\n"))
    r = against({"Release": "released"}, "release", "0000:01:10.0")
    equal((r.status, r.out), (0, "0000:01:10.0 is clean and free.\n"))
    equal((methods(r), r.calls[0]["parameters"]), (["Release"], {"device": "0000:01:10.0"}))
    r = text_of("released-not-clean", {"Release": "released-not-clean"}, 29, "release", UUID)
    equal((methods(r), r.calls[0]["parameters"]), (["Release"], {"vm": UUID}))
    r = against({"Release": "released"}, "release", "01:10.0", "--generation", "9223372036854775807")
    equal(r.calls[0]["parameters"], {"device": "01:10.0", "generation": 9223372036854775807})
    r = against({"Release": refuses("StaleGeneration", "generation 12 is over")}, "release", "01:10.0")
    equal((r.status, r.err), (28, "viaduct: generation 12 is over\n"))


def test_release_json():
    for name, status in (("released", 0), ("released-not-clean", 29)):
        r = against({"Release": name}, "--json", "release", "01:10.0")
        equal((json.loads(r.out), r.status), (document(name), status))


# Which word means what: asked of the daemon where the word alone does not say it.
NAMES = (
    # words, is there such a device, such a VM; what is released or the exit status
    (("enp1s0f0",), True, False, {"device": "enp1s0f0"}),
    (("web1",), False, True, {"vm": "web1"}),
    (("device", "web1"), True, True, {"device": "web1"}),
    (("vm", "web1"), True, True, {"vm": "web1"}),
    (("vm", "0000:01:10.0"), True, True, {"vm": "0000:01:10.0"}),
    (("enp1s0f0/3",), False, False, {"device": "enp1s0f0/3"}),
    (("0000:01:10.0",), False, False, {"device": "0000:01:10.0"}),
    ((UUID.upper(),), False, False, {"vm": UUID.upper()}),
    (("both",), True, True, 2),
    (("nothing",), False, False, 16),
)


def test_names():
    for words, device, vm, want in NAMES:
        script = {"Show": "show-vf" if device else not_found, "ShowVm": "vm" if vm else not_found,
                  "Release": "released"}
        r = against(script, "release", *words)
        if isinstance(want, dict):
            equal((r.status, r.calls[-1]["parameters"]), (0, want), words)
            continue
        equal((r.status, r.out), (want, ""), words)
        assert "Release" not in methods(r), r.calls
        if want == 2:
            contains(r.err, '"viaduct release device both"', '"viaduct release vm both"')
        else:
            contains(r.err, 'no device and no VM called "nothing"', "viaduct list vms")


def test_show_tells_a_vm_from_a_device():
    both = {"Show": "show-vf", "ShowVm": "vm"}
    r = against(both, "show", "both")
    equal((r.status, r.out), (2, ""))
    contains(r.err, '"viaduct show device both"', '"viaduct show vm both"')
    contains(against(both, "show", "device", "both").out, "0000:01:10.0  Intel")
    contains(against(both, "show", "vm", "both").out, "web1\n  UUID ")
    contains(against({"Show": not_found, "ShowVm": "vm"}, "show", "web1").out, "web1\n  UUID ")
    r = against({"Show": not_found}, "show", "0000:99:00.0")
    equal((r.status, r.err), (16, "viaduct: there is no such thing\n"))


def test_a_doubt_releases_nothing():
    """The device is known and libvirt's VMs cannot be told: the name alone does not do."""
    r = against({"Show": "show-vf", "ShowVm": refuses("Busy"), "Release": "released"}, "release", "web1")
    equal((r.status, methods(r)), (22, ["Show", "ShowVm"]))


def test_adopt():
    r = text_of("adopted", {"Adopt": "adopted"}, 0, "adopt")
    equal(r.calls[0].get("parameters"), {})
    r = text_of("adopted-nothing", {"Adopt": "claims-empty"}, 0, "adopt", "web1")
    equal(r.calls[0]["parameters"], {"what": "web1"})


def test_quarantine():
    r = text_of("quarantine", {"ListClaims": "quarantine"}, 0, "quarantine", "list")
    equal(r.calls[0]["parameters"], {"states": ["quarantined"]})
    r = against({"ListClaims": "quarantine"}, "quarantine", "list", "--no-header", "--columns", "address,attempts")
    equal(r.out.split(), ["0000:01:10.4", "4"])
    r = against({"ClearQuarantine": "released"}, "quarantine", "clear", "0000:01:10.0")
    equal((r.status, r.out), (0, "0000:01:10.0 is free and clean.\n"))
    equal(r.calls[0]["parameters"], {"device": "0000:01:10.0"})
    r = against({"ClearQuarantine": "released"}, "quarantine", "clear", "0000:01:10.0", "--force")
    equal((r.status, r.out), (0, "0000:01:10.0 is free, as it is.\n"))
    r = against({"ClearQuarantine": "quarantine"}, "quarantine", "clear", "01:10.4", "--force")
    equal((r.status, r.calls[0]["parameters"]), (29, {"device": "01:10.4", "force": True}))
    contains(r.out, "is quarantined: its net device eth4 still has the MAC")


def test_drain():
    r = text_of("drain", {"Drain": "drain"}, 3, "drain", "enp1s0f0")
    equal(r.calls[0]["parameters"], {"pf": "enp1s0f0"})
    text_of("drain-empty", {"Drain": "drain-empty"}, 0, "drain", "0000:01:00.0")
    r = text_of("drain-off", {"Drain": "drain-off"}, 0, "drain", "enp1s0f0", "--off")
    equal(r.calls[0]["parameters"], {"pf": "enp1s0f0", "off": True})
    equal(against({"Drain": "drain"}, "--json", "drain", "x").status, 3)


def test_lists():
    for name, method in (("claims", "ListClaims"), ("networks", "ListNetworks"), ("vms", "ListVms")):
        r = text_of(f"list-{name}", {method: name}, 0, "list", name)
        equal(r.calls[0].get("parameters", {}), {})
    r = against({"ListClaims": "claims-empty"}, "list", "claims", "--no-header")
    equal((r.status, r.out), (0, ""))


def test_every_column():
    for name, method in (("claims", "ListClaims"), ("networks", "ListNetworks"), ("vms", "ListVms")):
        columns = against({}, "list", name, "--columns", "none").err.split("there are ")[1].split("\n")[0]
        r = against({method: name}, "list", name, "--columns", columns.replace(" ", ""))
        golden(f"list-{name}-columns", r.out)
        equal(r.status, 0)


def test_list_filters():
    r = against({"ListClaims": "claims"}, "list", "claims", "--state", "active", "--state=quarantined", "--vm", "web1",
                "--pf", "enp1s0f0")
    equal(r.calls[0]["parameters"], {"states": ["active", "quarantined"], "vm": "web1", "pf": "enp1s0f0"})


def test_without_libvirt():
    """What is old says so, and does not disturb who reads the lines."""
    for argv, script, name in ((("list", "vms"), {"ListVms": "vms-down"}, "list-vms-down"),
                               (("show", "vm", "x"), {"ShowVm": "vm-down"}, "show-vm-down")):
        r = against(script, *argv)
        golden(name, r.out)
        equal(r.status, 0)
        contains(r.err, "viaduct: there is no connection to libvirt: Failed to connect socket", "as last seen")


def test_show_vm():
    r = text_of("show-vm", {"ShowVm": "vm"}, 0, "show", "vm", "web1")
    equal(r.calls[0]["parameters"], {"vm": "web1"})


def test_show_pf_with_owners():
    r = text_of("show-pf-claims", {"Show": "show-pf", "ListClaims": "claims"}, 0, "show", "0000:01:00.0")
    equal(r.calls[1]["parameters"], {"pf": "0000:01:00.0"})
    contains(r.out, " web1 ", " db 1 (releasing) ", " quarantined ")


def test_json():
    for argv, method, name, status in (
            (CLAIM, "Claim", "claim", 0), (("adopt",), "Adopt", "adopted", 0),
            (("quarantine", "list"), "ListClaims", "quarantine", 0),
            (("quarantine", "clear", "x"), "ClearQuarantine", "quarantine", 29),
            (("drain", "x"), "Drain", "drain", 3), (("drain", "x", "--off"), "Drain", "drain-off", 0),
            (("list", "claims"), "ListClaims", "claims", 0), (("list", "networks"), "ListNetworks", "networks", 0),
            (("list", "vms"), "ListVms", "vms-down", 0), (("show", "vm", "x"), "ShowVm", "vm", 0)):
        r = against({method: name}, "--json", *argv)
        equal((json.loads(r.out), r.err, r.status), (document(name), "", status), argv)
        equal(r.out.count("\n"), 1)


def test_documents_follow_the_schemas():
    kinds = {"claims": ("claims", "claims-empty", "quarantine", "released", "released-not-clean", "adopted", "drain",
                        "drain-empty", "drain-off"),
             "claim": ("claim", "claim-whole"), "networks": ("networks",), "vms": ("vms", "vms-down"),
             "vm": ("vm", "vm-down"), "device": ("show-vf",), "devices": ("list",)}
    for kind, names in kinds.items():
        files = [f"{tool.HERE}/documents/{name}.json" for name in names]
        r = subprocess.run(["/usr/bin/python3", f"{tool.ROOT}/tests/schemas/validate.py", kind, *files], check=False,
                           capture_output=True, text=True, timeout=60)
        if r.returncode == 77:
            raise tool.Skip("python3-jsonschema is not installed")
        equal(r.returncode, 0, r.stderr)
