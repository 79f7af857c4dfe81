# SPDX-License-Identifier: GPL-2.0-or-later
"""The process itself: arguments, descriptors, time, its module, two at once."""
import json
import os
import subprocess

from host import NONE, ONE, UUID, VF, domain, equal, hostdev
import host


def test_too_few_arguments(h):
    for words in ((), ("guest",)):
        h.call(*words, xml=ONE).tells(2, "usage: ", "viaduct-libvirt-hook(8)")


def test_arguments_that_may_be_missing_or_more(h):
    with h.answering(1) as server:
        h.call("guest", "prepare", xml=ONE).is_silent()
        h.call("guest", "prepare", "begin", "-", "more", "--and", "more", xml=ONE).is_silent()
        equal([c["parameters"].get("suboperation") for c in server.calls], [None, "begin"])


def test_a_name_that_draws_on_the_terminal(h):
    h.call("g\x1b[31m\nviaduct: fine", "prepare", "begin", "-", xml=b"x").tells(1, "g [31m viaduct: fine")
    h.call("g\x9b2Jx", "prepare", "begin", "-", xml=b"x").tells(1, "g  2Jx")
    h.call("g" * 100000, "prepare", "begin", "-", xml=b"x").tells(1, "ggg")


def closed(h, descriptors, operation, xml=ONE):
    """With these descriptors closed from the start."""
    r, w = os.pipe()
    argv = h.argv("guest", operation, "begin", "-")
    with open(f"{h.dir}/xml", "wb") as f:
        f.write(xml)
    pid = os.fork()
    if pid == 0:
        fd = os.open(f"{h.dir}/xml", os.O_RDONLY)
        os.dup2(fd, 0)
        os.dup2(w, 2)
        os.dup2(w, 1)
        for d in descriptors:
            os.close(d)
        os.closerange(3, 256)
        os.execve(argv[0], argv, {})
    os.close(w)
    with os.fdopen(r, encoding="utf-8") as f:
        text = f.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text


def test_closed_descriptors(h):
    """None of them becomes the socket or a file that then gets the words."""
    for descriptors in ((1,), (2,), (1, 2)):
        with h.answering(1) as server:
            for operation in ("prepare", "stopped", "release"):
                equal(closed(h, descriptors, operation), (0, ""), (descriptors, operation))
            equal([c["method"] for c in server.calls], ["org.viaduct.HookQemu"] * 3)
        with h.refusing("org.viaduct.Claimed", reason="taken") as server:
            equal(closed(h, descriptors, "prepare"), (1, "" if 2 in descriptors else "viaduct: taken\n"))
            equal(len(server.calls), 1)
        equal(closed(h, descriptors, "release")[0], 0)
        for _name, note in h.notes():
            equal(note["operation"], "release")
    assert all(f.startswith("state/notes/") for f in h.files()), h.files()


def test_no_standard_input(h):
    with h.answering(1) as server:
        for operation, want in (("prepare", 1), ("release", 0), ("start", 0)):
            for descriptors in ((0,), (0, 1, 2)):
                equal(closed(h, descriptors, operation)[0], want, operation)
        equal(server.calls, [])


def test_nobody_reads_the_words(h):
    r, w = os.pipe()
    os.close(r)
    try:
        with h.refusing("org.viaduct.Claimed", reason="taken"):
            for operation, want in (("prepare", 1), ("release", 0), ("reconnect", 0)):
                equal(h.hook(operation, stderr=w).status, want)
    finally:
        os.close(w)


def test_what_hangs_is_ended_in_time(h):
    for operation, want in (("prepare", 1), ("restore", 1), ("migrate", 1), ("started", 0), ("stopped", 0),
                            ("release", 0), ("reconnect", 0)):
        h.hook(operation, module=host.hang, timeout_ms=300).tells(want, "took too long")


def test_a_module_that_is_not_there(h):
    rubbish = f"{h.dir}/rubbish.so"
    with open(rubbish, "w", encoding="ascii") as f:
        f.write("rubbish")
    for module in (f"{h.dir}/none.so", rubbish, "/lib/x86_64-linux-gnu/libc.so.6"):
        if module.startswith("/lib") and not os.path.exists(module):
            continue
        h.hook("prepare", module=module).tells(1, "guest guest must not start", os.path.basename(module))
        h.hook("release", module=module).tells(0)
        h.hook("prepare", NONE, module=module).is_silent()
    equal(h.files(), [])


def test_two_hooks_at_once_for_one_domain(h):
    with h.answering(4711) as server:
        running = [subprocess.Popen(h.argv("guest", "prepare", "begin", "-"), stdin=subprocess.PIPE, env={},
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
        for p in running:
            p.stdin.write(ONE)
        for p in running:
            p.stdin.close()
        for p in running:
            equal((p.wait(host.PATIENCE), p.stdout.read()), (0, b""))
            p.stdout.close()
            p.stderr.close()
        equal(len(server.calls), 8)
    assert set(h.files()) <= {f"run/hook/{UUID}"}, h.files()
    if h.files():
        equal(h.kept()["generations"], [4711])


def test_two_ends_at_once_leave_two_notes(h):
    running = [subprocess.Popen(h.argv("guest", "release", "end", "-"), stdin=subprocess.PIPE, env={})
               for _ in range(8)]
    for p in running:
        p.stdin.write(ONE)
        p.stdin.close()
    for p in running:
        equal(p.wait(host.PATIENCE), 0)
    equal(len(h.notes()), 8)


def test_paths_too_long(h):
    long = "/x" * 3000
    argv = [host.program, f"--socket={long}", f"--state-dir={long}", f"--run-dir={long}", f"--root={long}"]
    for operation, want in (("prepare", 1), ("release", 0)):
        p = subprocess.run([*argv, "guest", operation, "begin", "-"], input=ONE, capture_output=True, env={},
                           timeout=host.PATIENCE, check=False)
        equal((p.returncode, p.stdout, p.stderr.count(b"\n")), (want, b"", 1), p.stderr)


def test_the_program_loads_nothing_but_the_c_library(h):
    """What it loads is most of what it costs a guest without PCI devices."""
    text = subprocess.run(["readelf", "-d", host.hook_program], check=True, capture_output=True, text=True).stdout
    libraries = [line.split("[")[1].split("]")[0] for line in text.splitlines() if "(NEEDED)" in line]
    libraries = [n for n in libraries if not n.startswith(("libasan", "libubsan", "libtsan", "libm.", "libgcc"))]
    equal(libraries, ["libc.so.6"])


def test_the_installation_puts_it_where_libvirt_looks(h):
    """A file, no link: libvirtd's AppArmor profile looks at where a link leads."""
    build = os.path.dirname(host.hook_program)
    r = subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], env={**os.environ, "DESTDIR": h.dir}, check=False,
                       capture_output=True, text=True, timeout=host.PATIENCE)
    equal(r.returncode, 0, r.stderr)
    hook = f"{h.dir}/etc/libvirt/hooks/qemu.d/viaduct"
    assert os.path.isfile(hook) and not os.path.islink(hook) and os.access(hook, os.X_OK)
    with open(hook, "rb") as f, open(f"{h.dir}/usr/libexec/viaduct/viaduct-libvirt-hook", "rb") as g:
        assert f.read() == g.read()
    equal(subprocess.run([hook, "guest", "prepare", "begin", "-"], input=NONE, env={}, capture_output=True,
                         timeout=host.PATIENCE, check=False).returncode, 0)


def test_a_domain_with_many_devices(h):
    addresses = [f"0000:{b:02x}:{s:02x}.0" for b in (2, 3) for s in range(32)]
    with h.answering(*range(1, 65)) as server:
        h.hook("prepare", domain(*[hostdev(a) for a in addresses])).is_silent()
        equal([d["address"] for d in server.calls[0]["parameters"]["domain"]["devices"]], addresses)
    equal(h.kept()["generations"], list(range(1, 65)))
    h.hook("release", domain(*[hostdev(a) for a in addresses])).is_silent()
    (name, note), = h.notes()
    equal((note["devices"], note["generations"]), (addresses, list(range(1, 65))))
    assert json.dumps(note) and VF not in note["devices"] and name.startswith(UUID)
