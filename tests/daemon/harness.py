# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon over a fake host in a folder of its own, and a varlink client over a raw socket."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BUILD = os.environ.get("VIADUCT_BUILD", "build/dev")
DOCS = os.environ.get("VIADUCT_DOCS")
# Sanitized programs are slow on a loaded machine; the limit is for hangs only.
PATIENCE = float(os.environ.get("VIADUCT_PATIENCE", "30"))

CONFIG = {
    "provision": "manual",
    "drift": {"interval_s": 0, "debounce_ms": 50},
    "pfs": [
        {
            "label": "a",
            "match": {"address": "0000:01:00.0"},
            "num_vfs": 3,
            "vf": {"mac": "derived", "vlan": 100, "spoofchk": True, "driver": "vfio-pci"},
        },
        {"label": "b", "match": {"address": "0000:02:00.0"}, "num_vfs": 2, "vf": {"vlan": 200}},
    ],
}


def config(**changes):
    c = json.loads(json.dumps(CONFIG))
    c.update(changes)
    return c


class Error(Exception):
    """The daemon answered with an error."""

    def __init__(self, name, parameters):
        super().__init__(f"{name}: {parameters}")
        self.name, self.parameters = name, parameters
        self.reason = parameters.get("reason", "")


class Client:
    def __init__(self, path, timeout=None):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout or PATIENCE)
        self.sock.connect(path)
        self.buf = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        self.sock.sendall(data)

    def send(self, method, parameters=None, **flags):
        message = {"method": method if "." in method else "org.viaduct." + method, **flags}
        if parameters is not None:
            message["parameters"] = parameters
        self.send_raw(json.dumps(message).encode() + b"\0")

    def recv(self):
        while b"\0" not in self.buf:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the daemon hung up")
            self.buf += data
        message, self.buf = self.buf.split(b"\0", 1)
        reply = json.loads(message)
        keep(reply)
        return reply

    def result(self):
        reply = self.recv()
        if "error" in reply:
            raise Error(reply["error"], reply.get("parameters", {}))
        return reply["parameters"]

    def call(self, method, parameters=None):
        self.send(method, parameters)
        return self.result()

    def replies(self, method, parameters=None):
        """All replies of a call with `more`, the last one too."""
        self.send(method, parameters, more=True)
        while True:
            reply = self.recv()
            if "error" in reply:
                raise Error(reply["error"], reply.get("parameters", {}))
            yield reply["parameters"]
            if not reply.get("continues"):
                return


_kept = {}
KEEP_MAX = 200  # of a kind: the same again tells nothing


def documents(parameters):
    """The documents in a reply, and the schema each belongs to."""
    for key in ("status", "inventory", "plan", "event", "config", "report"):
        if parameters.get(key):
            yield key, parameters[key]
    for key in ("claim", "claims", "device", "devices", "findings", "networks", "vm", "vms"):
        if parameters.get(key):
            yield key, parameters


def keep(reply):
    """Documents for the suite that validates them against the schemas."""
    if not DOCS:
        return
    for kind, document in documents(reply.get("parameters", {})):
        n = _kept[kind] = _kept.get(kind, 0) + 1
        if n <= KEEP_MAX:
            with open(os.path.join(DOCS, f"daemon-{os.getpid()}-{n}.{kind}.json"), "w", encoding="utf-8") as f:
                json.dump(document, f)


class Host:
    """A folder with a host's manifest, a configuration and a state directory."""

    def __init__(self, kind="lab", conf=None, extra=""):
        self.dir = tempfile.mkdtemp(prefix="viaductd-")
        self.socket = os.path.join(self.dir, "socket")
        self.state = os.path.join(self.dir, "state")
        self.conf = os.path.join(self.dir, "viaduct.json")
        self.manifest = os.path.join(self.dir, "host")
        self.pokes = os.path.join(self.dir, "pokes")
        os.mkfifo(self.pokes)
        self.process = None
        self.log_path = os.path.join(self.dir, "log")
        with open(self.manifest, "w", encoding="utf-8") as f:
            f.write(subprocess.run([f"{BUILD}/tests/daemon/make-host", kind], check=True, capture_output=True,
                                   text=True).stdout)
            f.write(extra)
        self.write_config(CONFIG if conf is None else conf)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        status = self.stop() if self.process else 0
        if kind is None and status not in (0, -signal.SIGKILL):
            raise AssertionError(f"the daemon ended with {status}:\n{self.log()}")
        if kind is not None:
            print(self.log()[-4000:])
        shutil.rmtree(self.dir, ignore_errors=True)

    def write_config(self, conf):
        text = conf if isinstance(conf, str) else json.dumps(conf, indent=1)
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(text)

    def forget(self, start):
        """Take records out of the manifest while no daemon runs."""
        with open(self.manifest, encoding="utf-8") as f:
            lines = [line for line in f if not line.startswith(start)]
        with open(self.manifest, "w", encoding="utf-8") as f:
            f.writelines(lines)

    def log(self):
        with open(self.log_path, encoding="utf-8") as f:
            return f.read()

    def command(self, *options):
        return [f"{BUILD}/tests/daemon/viaductd-test", "--host", self.manifest, "--config", self.conf,
                "--state-dir", self.state, "--socket", self.socket, "--stop-timeout", "5", *options]

    def start(self, *options, wait=True, preexec=None, pass_fds=(), env=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(*options), stdout=log, stderr=log, preexec_fn=preexec,
                                            pass_fds=pass_fds, env=env)
        if wait:
            self.wait_socket()
        return self

    def wait_socket(self):
        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"the daemon ended with {self.process.returncode}:\n{self.log()}")
            try:
                with self.client() as c:
                    return c.call("GetStatus")["status"]["generation"] > 0
            except (ConnectionRefusedError, FileNotFoundError, ConnectionResetError, EOFError):
                return False

        until(answers)

    def client(self, timeout=None):
        return Client(self.socket, timeout)

    def call(self, method, parameters=None):
        with self.client() as c:
            return c.call(method, parameters)

    def status(self):
        return self.call("GetStatus")["status"]

    def pf(self, address="0000:01:00.0"):
        return next(p for p in self.status()["pfs"] if p["address"] == address)

    def wait_ended(self):
        status = self.process.wait(PATIENCE)
        self.process = None
        return status

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        try:
            return self.wait_ended()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process = None
            raise

    def kill(self):
        return self.stop(signal.SIGKILL)

    def poke(self, line):
        """Something else changes the host; it is done when this returns."""
        with open(self.pokes, "w", encoding="ascii") as f:
            f.write(line + "\n")
        done = self.pokes + ".done"
        until(lambda: os.path.exists(done))
        os.unlink(done)

    def picture(self):
        """The VFs as they are in the end: what an undisturbed run and a disturbed one must agree on."""
        picture = {}
        for dev in self.call("GetInventory", {"rescan": True})["inventory"]["devices"]:
            sriov = dev.get("sriov")
            if sriov:
                picture[dev["address"]] = [sriov["num"], sriov["autoprobe"]] + [
                    [vf["address"], vf.get("driver"), vf.get("attrs")] for vf in sriov["vfs"]]
        return picture

    def journal(self):
        with open(os.path.join(self.state, "journal.jsonl"), encoding="utf-8") as f:
            return [json.loads(line) for line in f]


def until(condition, what="it did not come about"):
    deadline = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(what)
        time.sleep(0.02)


def refused(name, fn, *args):
    """The call's refusal, which must have this name, or one of these."""
    try:
        fn(*args)
    except Error as e:
        assert e.name.rsplit(".", 1)[1] in ((name,) if isinstance(name, str) else name), e
        return e
    raise AssertionError(f"{name} was expected, it went through")


def has(text, *words):
    for word in words:
        assert word in text, f"{word!r} is not in {text!r}"
