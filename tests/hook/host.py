# SPDX-License-Identifier: GPL-2.0-or-later
"""A host in a folder: state, run directory, sysfs, a socket; and calling the hook on it."""
import json
import os
import shutil
import subprocess
import tempfile

from scripted import Server

UUID = "c7a5fdbd-cdaf-9455-926a-d65c16db1809"
BOOT = "0f0e0d0c-0b0a-0908-0706-050403020100"
VF, PF = "0000:01:10.0", "0000:01:00.0"
GUEST = "<address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>"
# Sanitized programs are slow on a loaded machine; the limit is for hangs only.
PATIENCE = 60
program = hang = hook_program = None


def setup(build):
    global program, hang, hook_program
    os.environ["VIADUCT_BUILD"] = os.path.abspath(build)  # of the daemon's harness
    program = os.path.abspath(f"{build}/tests/hook/viaduct-hook-test")
    hang = os.path.abspath(f"{build}/tests/hook/hang.so")
    hook_program = os.path.abspath(f"{build}/hooks/viaduct-libvirt-hook")


def address(text):
    domain, bus, rest = text.split(":")
    slot, function = rest.split(".")
    return f"<address type='pci' domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'/>"


def hostdev(text=VF):
    return (f"<hostdev mode='subsystem' type='pci' managed='yes'><source>{address(text)}</source>"
            f"<alias name='hostdev0'/>{GUEST}</hostdev>")


INTERFACE = (f"<interface type='hostdev' managed='yes'><mac address='52:54:00:6d:90:02'/><source>{address(VF)}"
             f"</source><vlan><tag id='42'/></vlan><alias name='ua-vf0'/>{GUEST}</interface>")
BRIDGE = f"<interface type='bridge'><source bridge='br0'/><target dev='vnet0'/>{GUEST}</interface>"


def domain(*devices, name="guest", uuid=UUID, more=""):
    return (f"<domain type='kvm' id='3'>\n<name>{name}</name>\n<uuid>{uuid}</uuid>\n{more}<devices>\n"
            + "\n".join(devices) + "\n</devices>\n</domain>\n").encode()


ONE = domain(BRIDGE, INTERFACE)
NONE = domain(BRIDGE, f"<controller type='usb'>{GUEST}</controller>")


def equal(got, want, what=""):
    assert got == want, f"{what}\ngot  {got!r}\nwant {want!r}"


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out.decode(), err.decode("utf-8", "replace")

    def __repr__(self):
        return f"status {self.status}\nout: {self.out}\nerr: {self.err}"

    def is_silent(self, status=0):
        """No word at all."""
        equal((self.status, self.out, self.err), (status, "", ""))
        return self

    def tells(self, status, *parts):
        """One line of ours, with these in it."""
        equal((self.status, self.out), (status, ""), self.err)
        assert self.err.startswith("viaduct: ") and self.err.count("\n") == 1 and self.err.endswith("\n"), self.err
        assert all(c.isprintable() or c == "\n" for c in self.err), self.err
        for part in parts:
            assert part in self.err, f"no {part!r} in {self.err!r}"
        return self


class Host:
    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="viaduct-hook-")
        os.chmod(self.dir, 0o755)
        self.state, self.run, self.root = (f"{self.dir}/{n}" for n in ("state", "run", "root"))
        self.socket = f"{self.dir}/socket"
        for folder in (self.state, f"{self.root}/sys/bus/pci/devices", f"{self.root}/proc/sys/kernel/random"):
            os.makedirs(folder)
        with open(f"{self.root}/proc/sys/kernel/random/boot_id", "w", encoding="ascii") as f:
            f.write(BOOT + "\n")
        self.function(PF, "0x020000")
        self.function(VF, "0x020000", pf=PF)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def function(self, addr, pci_class, pf=None):
        folder = f"{self.root}/sys/bus/pci/devices/{addr}"
        os.makedirs(folder)
        with open(f"{folder}/class", "w", encoding="ascii") as f:
            f.write(pci_class + "\n")
        if pf:
            os.symlink(f"../{pf}", f"{folder}/physfn")

    def managed(self, pfs=(PF,), functions=(), text=None):
        with open(f"{self.state}/managed.json", "w", encoding="utf-8") as f:
            f.write(json.dumps({"version": 1, "pfs": pfs, "functions": functions}) if text is None else text)

    def argv(self, *words, timeout_ms=None, module=None):
        more = [f"--timeout-ms={timeout_ms or PATIENCE * 1000}"] + ([f"--module={module}"] if module else [])
        return [program, f"--socket={self.socket}", f"--state-dir={self.state}", f"--run-dir={self.run}",
                f"--root={self.root}", *more, *words]

    def call(self, *words, xml=b"", user=None, timeout_ms=None, module=None, **more):
        """The hook with these arguments; its status and words. libvirt gives no environment."""
        more = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        argv = self.argv(*words, timeout_ms=timeout_ms, module=module)
        with subprocess.Popen(argv, env={"LC_ALL": "C"}, cwd="/", user=user, group=user,
                              extra_groups=[] if user else None, **more) as p:
            try:
                out, err = p.communicate(xml if more["stdin"] == subprocess.PIPE else None, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                p.kill()
                raise
        return Result(p.returncode, out or b"", err or b"")

    def hook(self, operation, xml=ONE, suboperation="begin", **more):
        return self.call("guest", operation, suboperation, "-", xml=xml, **more)

    def server(self, script=None, connected=None):
        return Server(self.socket, script, connected)

    def answering(self, *generations):
        """A daemon that agrees to everything."""
        return self.server({"HookQemu": lambda c, _p: c.reply({"generations": list(generations)})})

    def refusing(self, error, **parameters):
        return self.server({"HookQemu": lambda c, _p: c.error(error, **parameters)})

    def files(self):
        """What lies in the state and run directories, the daemon's own file aside."""
        found = []
        for top in (self.state, self.run):
            for folder, _dirs, names in os.walk(top):
                found += [os.path.relpath(os.path.join(folder, n), self.dir) for n in names]
        return sorted(f for f in found if f != "state/managed.json")

    def keep(self, *generations, text=None):
        os.makedirs(f"{self.run}/hook", exist_ok=True)
        with open(f"{self.run}/hook/{UUID}", "w", encoding="utf-8") as f:
            f.write(json.dumps({"version": 1, "generations": generations}) if text is None else text)

    def kept(self):
        with open(f"{self.run}/hook/{UUID}", encoding="utf-8") as f:
            return json.load(f)

    def notes(self):
        notes = []
        for name in sorted(os.listdir(f"{self.state}/notes")):
            with open(f"{self.state}/notes/{name}", encoding="utf-8") as f:
                notes.append((name, json.load(f)))
        return notes
