# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands on standard input, as hostile as it comes."""
import os
import random
import re
import subprocess
import threading
import time
from xml.etree import ElementTree

from host import BRIDGE, GUEST, INTERFACE, NONE, ONE, UUID, VF, domain, equal, hostdev
import host

STARTS = ("prepare", "restore", "migrate")
ENDS = ("started", "stopped", "release", "reconnect")
HEAD = f"<domain type='kvm'><name>g</name><uuid>{UUID}</uuid>".encode()


def unfit(h, xml, *parts, **more):
    """Refused at the start, passed over at the end; no question, nothing left."""
    with h.answering(1) as server:
        h.managed()
        for operation in (*STARTS[:1], *ENDS[1:3]):
            h.hook(operation, xml, **more).tells(int(operation in STARTS), "guest", *parts)
        equal(server.calls, [])
    equal(h.files(), [])


def test_every_operation_with_text_that_is_no_domain(h):
    for operation in (*STARTS, *ENDS):
        h.hook(operation, b"rubbish").tells(int(operation in STARTS), "does not begin with <domain>")


def test_nothing_at_all(h):
    unfit(h, b"", "does not begin with <domain>")
    unfit(h, b"", "does not begin with <domain>", stdin=subprocess.DEVNULL)


def test_entity_bombs(h):
    levels = "".join(f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, 12))
    unfit(h, f"<!DOCTYPE domain [<!ENTITY e0 'aaaaaaaaaa'>{levels}]>".encode() + HEAD + b"&e11;</domain>",
          "line 1: <!DOCTYPE>")
    unfit(h, b"<!DOCTYPE d [<!ENTITY % a '<!ENTITY b \"c\">'>%a;]>" + ONE, "<!DOCTYPE>")
    unfit(h, HEAD + b"<devices>&e0;" + hostdev().encode() + b"</devices></domain>", "line 1: ", "e0")


def test_an_external_entity_is_not_opened(h):
    pipe = f"{h.dir}/pipe"  # opening it to read would wait for a writer
    os.mkfifo(pipe)
    for doctype in (f"<!DOCTYPE domain SYSTEM 'file://{pipe}'>", f"<!DOCTYPE d [<!ENTITY x SYSTEM '{pipe}'>]>",
                    f"<!DOCTYPE d [<!ENTITY % x SYSTEM '{pipe}'>%x;]>", f"<!DOCTYPE d PUBLIC 'p' '{pipe}'>"):
        unfit(h, doctype.encode() + HEAD + b"&x;</domain>", "<!DOCTYPE>")
    include = f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{pipe}'/>"
    with h.answering(1):
        h.hook("prepare", domain(INTERFACE, include)).is_silent()


def test_deep_nesting(h):
    unfit(h, HEAD + b"<a>" * 1000000, "nested deeper than 250")


def test_bytes_that_are_no_text(h):
    for bad in (b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x01"):
        unfit(h, ONE.replace(b"</name>", b"</name><description>" + bad + b"</description>"), "line 2: ")
    unfit(h, ONE.decode().encode("utf-16"), "line 1: ")
    unfit(h, b"\xef\xbb\xbf" + ONE, "line 1: ")


def test_cut_short(h):
    for cut in range(0, len(ONE) - 2, 97):
        unfit(h, ONE[:cut], "line ")
    unfit(h, NONE[:-2], "line ")


def test_ten_thousand_devices(h):
    devices = [hostdev(f"{i // 8192:04x}:{i // 32 % 256:02x}:{i % 32:02x}.1") for i in range(10000)]
    unfit(h, domain(*devices), "more than 64 host devices")
    unfit(h, domain(INTERFACE, *[BRIDGE] * 10000), "more than 1024")


def test_attributes_without_number(h):
    many = " ".join(f"a{i}='b'" for i in range(300000))
    unfit(h, f"<domain {many}/>".encode(), "more than 256 attributes")


def test_wrong_values_are_named_with_line_and_element(h):
    unfit(h, ONE.replace(b"id='42'", b"id='4096'"), "line 6: <tag>: id='4096'")
    unfit(h, ONE.replace(b"52:54:00", b"53:54:00"), "line 6: <mac>: address='53:54:00:6d:90:02'")


def peak(h, operation, make):
    """Exit status, words and the peak of memory in KiB, the input coming from a function that writes it."""
    r, w = os.pipe()
    err_r, err_w = os.pipe()
    argv = h.argv("guest", operation, "begin", "-")
    pid = os.fork()
    if pid == 0:
        os.dup2(r, 0)
        os.dup2(err_w, 1)
        os.dup2(err_w, 2)
        os.closerange(3, 256)
        os.execve(argv[0], argv, {})
    os.close(r)
    os.close(err_w)
    writer = threading.Thread(target=make, args=(w,))
    writer.start()
    _pid, status, usage = os.wait4(pid, 0)
    writer.join(host.PATIENCE)
    assert not writer.is_alive(), "who writes the XML is left waiting"
    with os.fdopen(err_r, encoding="utf-8") as f:
        return os.waitstatus_to_exitcode(status), f.read(), usage.ru_maxrss


def write_all(start, block, times):
    def make(fd):
        with os.fdopen(fd, "wb", 0) as f:
            try:
                f.write(start)
                for _ in range(times):
                    f.write(block)
            except BrokenPipeError:
                pass
    return make


def test_a_hundred_megabytes(h):
    make = write_all(HEAD + b"<description>", b"x" * (1 << 20), 100)
    for operation, want in (("prepare", 1), ("release", 0)):
        status, err, kib = peak(h, operation, make)
        equal((status, err.count("\n")), (want, 1), err)
        assert err.startswith("viaduct: ") and "longer than 4194304 bytes" in err, err
        assert kib < 80 << 10, f"{kib} KiB"


def test_as_much_as_there_may_be(h):
    """4 MiB of the smallest elements, as text and as attributes: read, and not kept."""
    with h.answering(1) as server:
        for filler in (b"<a/>", b"<a b='c'/>", b"<a>t</a>", b"<!--x-->", b"&lt;&amp;"):
            body = HEAD + b"<devices>" + INTERFACE.encode() + b"</devices><x>"
            times = (4 << 20) // len(filler) - 500
            status, err, kib = peak(h, "prepare", write_all(body + filler * times, b"</x></domain>", 1))
            equal((status, err), (0, ""))
            assert kib < 120 << 10, f"{kib} KiB of {filler}"
        equal(len(server.calls), 5)


def test_input_that_does_not_end(h):
    r, w = os.pipe()
    try:
        os.write(w, ONE)
        for operation in ("prepare", "release"):
            h.hook(operation, stdin=r, timeout_ms=1500).tells(
                int(operation == "prepare"), "cannot be read from standard input: Connection timed out")
    finally:
        os.close(r)
        os.close(w)
    equal(h.files(), [])


def test_input_in_drops(h):
    def make(fd):
        with os.fdopen(fd, "wb", 0) as f:
            for i in range(0, len(ONE), 40):
                f.write(ONE[i:i + 40])
                time.sleep(0.002)
    with h.answering(1) as server:
        equal(peak(h, "prepare", make)[:2], (0, ""))
        equal(len(server.calls), 1)


TOKENS = (b"hostdev", b"<source>", b"</source>", b"<address ", b"'", b">", b"/>", b"<", b"&#104;", b"&", b"\0", b"\xff",
          b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x ?>", b"<!DOCTYPE d>", b"type='pci'", b"bus='0x1ff'", b"nvme",
          b"<!-- x -->", b" ", b"&lt;", b"<a/>")


def mutate(rng, xml):
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(xml))
        kind = rng.choice((0, 0, 0, 1, 1, 2, 2, 2, 3, 4))
        if kind == 0:
            xml = xml[:at] + rng.choice(TOKENS) + xml[at:]
        elif kind == 1:
            xml = xml[:at] + xml[at + rng.randrange(1, 40):]
        elif kind == 2:
            xml = xml[:at] + bytes([rng.choice((rng.randrange(256), *b"019af'<> "))]) + xml[at + 1:]
        elif kind == 3:
            xml = re.sub(rb"[0-9]", lambda m: rng.choice((m[0], m[0], b"0", b"7")), xml)
        else:
            to = rng.randrange(len(xml))
            xml = xml[:at] + xml[min(at, to):max(at, to)] + xml[at:]
    return xml


def has_host_device(xml):
    """By another parser: None when it takes it for no XML."""
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError):
        return None
    return any(e.get("type") in ("pci", "hostdev") and e.find("source/address") is not None
               for e in root.findall("devices/*"))


def test_mutations_change_nothing(h):
    """Whatever the XML: an answer by status, one line at most, and no start that was not asked about."""
    rng = random.Random(1)
    words = f"<description>{'something to hit that matters to nobody ' * 40}</description>"
    seeds = (domain(BRIDGE, INTERFACE, more=words), domain(hostdev(), name="a &amp; b", more=words),
             domain(BRIDGE, hostdev(), INTERFACE.replace("01", "02")), NONE)
    outcomes = {"asked": 0, "silent": 0, "refused": 0}
    with h.refusing("org.viaduct.Claimed", reason="taken") as server:
        for i in range(240):
            xml = mutate(rng, rng.choice(seeds))
            del server.calls[:]
            operation = "release" if i % 4 == 0 else "prepare"
            r = h.hook(operation, xml)
            outcome = "asked" if server.calls else "refused" if r.err else "silent"
            outcomes[outcome] += 1
            assert r.out == "" and r.err.count("\n") <= 1 and len(server.calls) <= 1, (xml, r)
            equal(r.status, int(operation == "prepare" and outcome != "silent"), (xml, r))
            if outcome == "silent":
                assert not has_host_device(xml), xml
                assert b"hostdev" not in xml or has_host_device(xml) is False, xml
    equal(h.files(), [])
    assert min(outcomes.values()) > 20, outcomes


def test_a_device_is_found_however_it_is_written(h):
    forms = (b"<interface type='&#104;ostdev'><source>", b"<interface type='network'><source network='p'>")
    for form in forms:
        xml = (HEAD + b"<devices>" + form + b"<address type='pci' bus='1' slot='0x10' function='0'/></source>"
               b"</interface></devices></domain>")
        with h.refusing("org.viaduct.Claimed", reason="taken") as server:
            h.hook("prepare", xml).tells(1, "taken")
            equal(server.calls[0]["parameters"]["domain"]["devices"][0]["address"], VF)


def test_a_guests_address_alone_is_none(h):
    with h.answering() as server:
        h.hook("prepare", domain(f"<interface type='bridge'><source bridge='b'/>{GUEST}</interface>")).is_silent()
        equal(server.calls, [])
