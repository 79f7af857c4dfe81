# SPDX-License-Identifier: GPL-2.0-or-later
"""No answer: the daemon is away, hangs, or talks nonsense."""
import json
import os
import socket
import time

from host import BOOT, NONE, ONE, PF, UUID, VF, domain, equal, hostdev

STARTS = ("prepare", "restore", "migrate")
NOBODY = 65534
GPU, NIC = "0000:05:00.0", "0000:06:00.0"


def test_a_host_that_never_had_the_daemon(h):
    for operation in (*STARTS,):
        h.hook(operation).is_silent()
    os.rmdir(h.state)
    h.hook("prepare").is_silent()


def test_a_managed_function_does_not_start(h):
    h.function(GPU, "0x030000")
    cases = ((ONE, (PF,), (), f"{VF} is a VF of {PF}, which viaduct manages"),
             (domain(hostdev(PF)), (PF,), (), f"{PF} is managed by viaduct"),
             (ONE, (), (VF,), f"{VF} is held by viaduct"),
             (domain(hostdev(GPU)), (), ("0000:09:00.0", GPU), f"{GPU} is held by viaduct"),
             (domain(hostdev(GPU), hostdev(VF)), (PF,), (), f"{VF} is a VF of {PF}"))
    for xml, pfs, functions, why in cases:
        h.managed(pfs, functions)
        for operation in STARTS:
            h.hook(operation, xml).tells(1, "guest guest must not start: viaductd is not running",
                                         h.socket, why, "start viaductd")
    equal(h.files(), [])


def test_every_other_domain_starts_at_once(h):
    h.function(GPU, "0x030000")
    h.function(NIC, "0x020000")
    h.function("0000:06:10.0", "0x020000", pf=NIC)
    h.managed((PF,), ("0000:02:10.0",))
    for operation in (*STARTS, "started", "reconnect", "stopped"):
        h.hook(operation, NONE).is_silent()
    for operation in STARTS:
        for address in (GPU, NIC, "0000:06:10.0", "0000:7f:00.0"):
            h.hook(operation, domain(hostdev(address))).is_silent()


def test_a_running_guest_is_left_alone(h):
    h.managed()
    for operation in ("started", "stopped", "reconnect"):
        h.hook(operation).tells(0, operation, "guest", "viaductd is not running")
    equal(h.files(), [])


DAMAGED = ("", "{", "null", "[]", '{"version":1}', '{"version":1,"pfs":[]}', '{"version":2,"pfs":[],"functions":[]}',
           '{"version":1,"pfs":{},"functions":[]}', '{"version":1,"pfs":["x"],"functions":[]}',
           '{"version":1,"pfs":[null],"functions":[]}', '{"version":1,"pfs":[],"functions":[],"more":1}',
           '{"version":1,"pfs":[],"functions":[]}x', "[" * 100000)


def test_a_damaged_list_refuses_nics_and_names_the_file(h):
    h.function(GPU, "0x030000")
    h.function(NIC, "0x028000")
    for text in DAMAGED:
        h.managed(text=text)
        for address in (VF, PF, NIC):
            h.hook("prepare", domain(hostdev(address))).tells(1, f"{h.state}/managed.json: ", "must not start")
        for address in (GPU, "0000:7f:00.0"):
            h.hook("prepare", domain(hostdev(address))).is_silent()
        h.hook("prepare", NONE).is_silent()
    h.managed()


def test_a_list_that_is_no_file_or_endless(h):
    path = f"{h.state}/managed.json"
    os.mkdir(path)
    h.hook("prepare").tells(1, path)
    os.rmdir(path)
    os.mkfifo(path)
    h.hook("prepare").tells(1, path)
    os.unlink(path)
    os.symlink("/dev/zero", path)
    h.hook("prepare").tells(1, path)
    os.unlink(path)
    with open(path, "wb") as f:
        f.truncate(1 << 40)
    h.hook("prepare").tells(1, path)
    os.unlink(path)


def test_a_vf_whose_pf_cannot_be_told(h):
    h.managed()
    folder = f"{h.root}/sys/bus/pci/devices/{VF}"
    os.unlink(f"{folder}/physfn")
    os.symlink("../not-an-address", f"{folder}/physfn")
    h.hook("prepare").tells(1, f"the PF of {VF} cannot be told")
    os.unlink(f"{folder}/physfn")
    os.mkdir(f"{folder}/physfn")
    h.hook("prepare").tells(1, f"the PF of {VF} cannot be told")


def test_a_large_list(h):
    h.managed((), [f"{d:04x}:{b:02x}:{s:02x}.0" for d in range(1, 9) for b in range(256) for s in range(32)] + [VF])
    h.hook("prepare").tells(1, VF)


def test_release_leaves_a_note(h):
    h.keep(4711, 4712)
    before = time.time_ns()
    h.hook("release", domain(hostdev(VF), hostdev(GPU), name="a &quot;b&quot;")).is_silent()
    after = time.time_ns()
    (name, note), = h.notes()
    stamp = int(name.removeprefix(UUID + "-").removesuffix(".json"))
    assert before <= stamp <= after, name
    equal(note, {"version": 1, "operation": "release", "uuid": UUID, "name": 'a "b"', "time_us": stamp // 1000,
                 "boot_id": BOOT, "devices": [VF, GPU], "generations": [4711, 4712]})
    equal(h.files(), [f"state/notes/{name}"])  # what was kept is gone
    equal([oct(os.stat(p).st_mode & 0o777) for p in (f"{h.state}/notes", f"{h.state}/notes/{name}")],
          ["0o700", "0o600"])


def test_each_end_has_its_own_note(h):
    for _ in range(5):
        h.hook("release").is_silent()
    notes = h.notes()
    equal(len(notes), 5)
    equal([n["generations"] for _name, n in notes], [[]] * 5)
    equal([name for name, _n in notes], [f for f in sorted(os.listdir(f"{h.state}/notes"))])


def test_what_was_unplugged_is_noted(h):
    h.keep(4711)
    h.hook("release", NONE).is_silent()
    (_name, note), = h.notes()
    equal((note["devices"], note["generations"]), ([], [4711]))


def test_a_domain_without_a_pci_device_leaves_no_note(h):
    h.hook("release", NONE).is_silent()
    equal(h.files(), [])


def test_a_boot_id_that_cannot_be_read_is_left_out(h):
    path = f"{h.root}/proc/sys/kernel/random/boot_id"
    with open(path, "w", encoding="ascii") as f:
        f.write("rubbish\n")
    h.hook("release").is_silent()
    os.unlink(path)
    h.hook("release").is_silent()
    equal(["boot_id" in n for _name, n in h.notes()], [False, False])


def test_a_note_that_cannot_be_left_does_not_fail_the_release(h):
    h.keep(4711)
    with open(f"{h.state}/notes", "w", encoding="ascii"):
        pass
    h.hook("release").tells(0, "release of guest guest", f"{h.state}/notes")
    os.unlink(f"{h.state}/notes")
    os.rmdir(h.state)
    h.hook("release").tells(0, f"{h.state}/notes: cannot make")
    equal(h.files(), [f"run/hook/{UUID}"])  # for the daemon's next question


def test_as_another_user(h):
    """A session's libvirt: it may neither ask nor read; the state directory is root's."""
    os.chmod(h.state, 0o700)
    h.function(GPU, "0x030000")
    h.managed()
    with h.answering() as server:
        os.chmod(h.socket, 0o600)
        h.hook("prepare", user=NOBODY).tells(1, "Permission denied", f"{h.state}/managed.json")
        h.hook("prepare", domain(hostdev(GPU)), user=NOBODY).is_silent()
        h.hook("prepare", NONE, user=NOBODY).is_silent()
        h.hook("release", user=NOBODY).tells(0, "Permission denied")
        h.hook("reconnect", user=NOBODY).tells(0, "Permission denied")
        os.chmod(h.state, 0o755)
        h.hook("prepare", user=NOBODY).tells(1, "Permission denied", f"{VF} is a VF of {PF}")
        h.managed(())
        h.hook("prepare", user=NOBODY).is_silent()
        equal(server.calls, [])
    equal(h.files(), [])


def no_answer(h, server, why, **more):
    """Each operation, when nothing comes of the question."""
    with server:
        h.managed()
        for operation in STARTS:
            h.hook(operation, **more).tells(1, why, f"{VF} is a VF of {PF}")
        h.managed(())
        h.hook("prepare", **more).is_silent()
        for operation in ("started", "stopped", "reconnect"):
            h.hook(operation, **more).tells(0, why)
        equal(h.files(), [])
        h.keep(7)
        h.hook("release", **more).is_silent()
    (name, note), = h.notes()
    equal(note["generations"], [7])
    equal(h.files(), [f"state/notes/{name}"])
    os.unlink(f"{h.state}/notes/{name}")


def test_a_daemon_that_never_answers(h):
    no_answer(h, h.server(connected=lambda c: c.sock.recv(1) and time.sleep(30)), "did not answer in time",
              timeout_ms=1200)


def test_a_daemon_that_never_accepts(h):
    class Full:
        """A backlog without room: connecting itself waits."""
        def __enter__(self):
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(h.socket)
            self.listener.listen(0)
            self.waiting = []
            for _ in range(4):
                s = socket.socket(socket.AF_UNIX)
                s.setblocking(False)
                try:
                    s.connect(h.socket)
                except BlockingIOError:
                    pass
                self.waiting.append(s)

        def __exit__(self, *_):
            for s in (*self.waiting, self.listener):
                s.close()
    no_answer(h, Full(), "did not answer in time", timeout_ms=1200)


def test_a_socket_nobody_listens_on(h):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(h.socket)
    listener.close()
    h.managed()
    h.hook("prepare").tells(1, "viaductd is not running", "Connection refused")
    os.unlink(h.socket)
    with open(h.socket, "w", encoding="ascii"):
        pass
    h.hook("prepare").tells(1, "viaductd is not running")


def test_a_daemon_that_hangs_up(h):
    no_answer(h, h.server(connected=lambda c: None), "hung up without an answer")


def test_a_daemon_that_hangs_up_in_mid_message(h):
    no_answer(h, h.server(connected=lambda c: c.receive() and c.raw(b'{"parameters":{"generations":[1')),
              "hung up without an answer")


RUBBISH = (b"\0", b"x\0", b"[]\0", b"null\0", b"{}\0", b'{"parameters":[]}\0', b'{"parameters":{}}\0',
           b'{"parameters":{"generations":null}}\0', b'{"parameters":{"generations":{}}}\0',
           b'{"parameters":{"generations":["1"]}}\0', b'{"parameters":{"generations":[0]}}\0',
           b'{"parameters":{"generations":[1e3]}}\0', b'{"parameters":{"generations":[-1]}}\0',
           b'{"parameters":{"generations":[18446744073709551615]}}\0', b'{"error":4}\0', b'{"error":""}\0',
           b'{"parameters":{"generations":[]},"continues":true}\0', b'{"parameters":{"generations":[]}} x\0',
           b'{"parameters":{"reason":"\xff"},"error":"org.viaduct.Claimed"}\0', b"[" * 100000 + b"\0",
           json.dumps({"parameters": {"generations": list(range(1, 66))}}).encode() + b"\0",
           b"HTTP/1.1 400 Bad Request\r\n\r\n\0")


def test_a_daemon_that_talks_rubbish(h):
    for text in RUBBISH:
        with h.server(connected=lambda c, text=text: c.receive() and c.raw(text)):
            h.managed()
            h.hook("prepare").tells(1, "does not speak as viaductd does", VF)
            h.hook("reconnect").tells(0, "does not speak as viaductd does")
            h.managed(())
            h.hook("prepare").is_silent()
        equal(h.files(), [], text[:80])


def test_a_daemon_of_another_release(h):
    for error in ("org.varlink.service.MethodNotFound", "org.varlink.service.InvalidParameter", "org.viaductX.Claimed"):
        no_answer(h, h.refusing(error, reason="fine", parameter="domain"), f"does not know this request ({error})")
