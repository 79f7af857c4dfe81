# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon answers: what it is asked, and what becomes of its answer."""
import os

from host import BRIDGE, INTERFACE, NONE, ONE, UUID, VF, domain, equal, hostdev

STARTS = ("prepare", "restore", "migrate")
ENDS = ("stopped", "release", "reconnect")
ALL = (*STARTS, "started", *ENDS)


def question(server):
    equal(len(server.calls), 1)
    equal(server.calls[0]["method"], "org.viaduct.HookQemu")
    return server.calls[0]["parameters"]


def test_prepare_asks_once_and_says_all(h):
    wishes = ("<metadata><v:domain xmlns:v='urn:viaduct:domain:1'><v:device alias='ua-vf0' network='blue'/>"
              "</v:domain></metadata><numatune><memory mode='strict' nodeset='0-1'/></numatune>")
    with h.answering(4711, 4712) as server:
        h.hook("prepare", domain(BRIDGE, INTERFACE, hostdev("0000:02:10.1"), name="a &amp; b", more=wishes)).is_silent()
        equal(question(server), {
            "operation": "prepare", "suboperation": "begin",
            "domain": {
                "uuid": UUID, "name": "a & b", "active": True, "numa": "strict", "nodes": [0, 1],
                "devices": [
                    {"address": VF, "interface": True, "managed": True, "pool": False, "mac": "52:54:00:6d:90:02",
                     "tags": 1, "tag": 42, "trunk": False, "alias": "ua-vf0", "network": "blue"},
                    {"address": "0000:02:10.1", "interface": False, "managed": True, "pool": False,
                     "alias": "hostdev0"}],
                "nics": [{"type": "bridge", "source": "br0", "target": "vnet0", "persistent": False}]}})
    equal(h.kept(), {"version": 1, "generations": [4711, 4712]})
    equal(h.files(), [f"run/hook/{UUID}"])
    equal([oct(os.stat(f"{h.run}/{p}").st_mode & 0o777) for p in ("hook", f"hook/{UUID}")], ["0o700", "0o600"])


def test_each_operation_is_asked_with_an_nvme_disk_alone(h):
    disk = ("<disk type='nvme'><source type='pci' managed='yes'>"
            "<address domain='0' bus='1' slot='2' function='0'/></source></disk>")
    for operation in ALL:
        with h.answering() as server:
            h.hook(operation, domain(disk), "end").is_silent()
            asked = question(server)
            equal((asked["operation"], asked["suboperation"]), (operation, "end"))
            equal([d["address"] for d in asked["domain"]["devices"]], ["0000:01:02.0"])


def test_two_vms_on_one_vf(h):
    reason = f"{VF} is claimed by other (3f0c…): stop it, or release the claim"
    with h.refusing("org.viaduct.Claimed", reason=reason):
        for operation in (*STARTS, "started"):
            equal(h.hook(operation).tells(1).err, f"viaduct: {reason}\n", operation)
    equal(h.files(), [])


def test_a_refusal_never_fails_the_end(h):
    with h.refusing("org.viaduct.Busy", reason="a session runs") as server:
        for operation in ENDS:
            h.hook(operation).tells(0, operation, "guest", "a session runs")
        equal(len(server.calls), len(ENDS))
    equal(h.files(), [])


def test_a_failure_of_the_daemons_environment_is_a_refusal(h):
    with h.refusing("org.viaduct.Failed", reason="claims: no space left", errno="ENOSPC"):
        equal(h.hook("prepare").tells(1).err, "viaduct: claims: no space left\n")


def test_an_end_that_the_daemon_failed_to_take_is_left_for_it(h):
    """Its disk was full, or it was just being stopped: nobody else would tell it again."""
    h.keep(4711)
    with h.refusing("org.viaduct.Failed", reason="viaductd is stopping", errno="ECANCELED"):
        h.hook("stopped", suboperation="end").tells(0, "viaductd is stopping")
        h.hook("release", suboperation="end").is_silent()
    (name, note), = h.notes()
    equal((note["uuid"], note["generations"]), (UUID, [4711]))
    equal(h.files(), [f"state/notes/{name}"])


def test_a_reason_stays_one_line(h):
    for reason in ("a\nviaduct: all is well", "a\r\x1b[2Kb", "x" * 5000, "\x7f\x00"):
        with h.refusing("org.viaduct.Invalid", reason=reason):
            assert len(h.hook("prepare").tells(1).err) < 1500


def test_a_refusal_without_a_reason_is_named(h):
    for parameters in ({}, {"reason": None}, {"reason": 4}, {"reason": ""}, {"reason": {}}):
        with h.refusing("org.viaduct.Claimed", **parameters):
            h.hook("prepare").tells(1, "org.viaduct.Claimed")


def test_a_late_release_names_its_generation(h):
    h.keep(4711, 4712)
    with h.answering() as server:
        h.hook("stopped", suboperation="end").is_silent()
        equal(h.kept()["generations"], [4711, 4712])
        h.hook("release", suboperation="end").is_silent()
        equal([c["parameters"]["generations"] for c in server.calls], [[4711, 4712]] * 2)
    equal(h.files(), [])


def test_starts_name_no_generation(h):
    h.keep(4711)
    with h.answering(4711) as server:
        for operation in (*STARTS, "started", "reconnect"):
            h.hook(operation).is_silent()
        equal([c["parameters"].get("generations") for c in server.calls], [None] * 5)


def test_only_prepare_keeps_generations(h):
    with h.answering(5):
        for operation in (o for o in ALL if o != "prepare"):
            h.hook(operation).is_silent()
            equal(h.files(), [], operation)


def test_prepare_replaces_what_an_earlier_start_kept(h):
    h.keep(1, 2, 3)
    with h.answering(9):
        h.hook("prepare").is_silent()
    equal(h.kept()["generations"], [9])


def test_a_refused_prepare_keeps_nothing(h):
    with h.refusing("org.viaduct.NoFreeVf", reason="none"):
        h.hook("prepare").tells(1)
    equal(h.files(), [])


def test_damaged_generations_are_none(h):
    texts = ("", "{", "[]", "4", "null", '{"version":1}', '{"version":2,"generations":[1]}', '{"generations":[1]}',
             '{"version":1,"generations":[0]}', '{"version":1,"generations":[-1]}', '{"version":1,"generations":["1"]}',
             '{"version":1,"generations":[1.5]}', '{"version":1,"generations":{}}', '{"version":1,"generations":null}',
             '{"version":1,"generations":%s}' % list(range(1, 66)), "[" * 100000, "x" * 100000)
    for text in texts:
        h.keep(text=text)
        with h.answering() as server:
            h.hook("release").is_silent()
            equal(question(server)["generations"], [], text[:80])
        equal(h.files(), [])


def test_what_was_unplugged_while_it_ran_is_released(h):
    h.keep(4711)
    with h.answering() as server:
        h.hook("stopped", NONE).is_silent()
        h.hook("release", NONE).is_silent()
        equal([c["parameters"]["generations"] for c in server.calls], [[4711], [4711]])
        equal(server.calls[1]["parameters"]["domain"]["devices"], [])
    equal(h.files(), [])


def test_a_domain_without_a_pci_device_asks_nothing(h):
    usb = "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>"
    with h.answering() as server:
        for operation in ALL:
            for xml in (NONE, domain(BRIDGE, usb)):
                h.hook(operation, xml).is_silent()
        equal(server.calls, [])
    equal(h.files(), [])


def test_other_operations_ask_nothing_and_read_nothing(h):
    r, w = os.pipe()  # a hook that reads it would wait forever
    try:
        with h.answering() as server:
            for operation in ("start", "attach", "Prepare", "prepare ", "", "../release", "x" * 10000):
                h.hook(operation, stdin=r).is_silent()
            equal(server.calls, [])
    finally:
        os.close(r)
        os.close(w)


def test_generations_that_cannot_be_kept_do_not_stop_the_start(h):
    h.keep(1)
    os.rename(f"{h.run}/hook", f"{h.run}/old")
    with open(f"{h.run}/hook", "w", encoding="ascii"):
        pass
    with h.answering(2):
        h.hook("prepare").tells(0, "guest", f"{h.run}/hook/{UUID}")
    os.unlink(f"{h.run}/hook")
    os.rename(f"{h.run}/old", f"{h.run}/hook")
    # A folder in its place: neither replaced nor removed.
    os.unlink(f"{h.run}/hook/{UUID}")
    os.makedirs(f"{h.run}/hook/{UUID}/x")
    with h.answering(2):
        h.hook("prepare").tells(0, "not kept")
    equal(h.files(), [])


def test_a_guests_own_address_is_not_the_hosts(h):
    with h.answering() as server:
        h.hook("prepare", ONE).is_silent()
        equal([d["address"] for d in question(server)["domain"]["devices"]], [VF])
