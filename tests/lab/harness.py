# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's tests share. They run as root inside the emulated host, on its real drivers.

A test is a script: it calls check() and its kin, and end() last. One boot runs one script.
"""
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import time

PF0, PF1 = "0000:01:00.0", "0000:02:00.0"
NET0, NET1 = "eth0", "eth1"
DEVICES = "/sys/bus/pci/devices"
SOCKET = "/run/viaduct/viaduct.sock"
CONFIG = "/etc/viaduct/viaduct.json"

_counts = {"passed": 0, "failed": 0, "skipped": 0}
_daemons = []


# --- counting ----------------------------------------------------------------

def check(name, ok, detail=""):
    _counts["passed" if ok else "failed"] += 1
    print(("ok   " if ok else "FAIL ") + name, flush=True)
    if not ok and detail != "":
        print("     " + str(detail).replace("\n", "\n     "), flush=True)
    return bool(ok)


def equal(name, got, want):
    return check(name, got == want, f"got  {got!r}\nwant {want!r}")


def contains(name, text, *parts):
    missing = [p for p in parts if p not in text]
    return check(name, not missing, f"missing {missing!r} in:\n{text}")


def end():
    stop_all()
    print("counts: {passed} passed, {failed} failed, {skipped} skipped".format(**_counts), flush=True)
    sys.exit(1 if _counts["failed"] else 0)


# --- commands ----------------------------------------------------------------

class Result:
    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"status {self.status}\n{self.out}{self.err}"


def run(*argv, timeout=60, stdin=None, env=None):
    try:
        return Result(subprocess.run(argv, stdin=subprocess.DEVNULL if stdin is None else None,
                                     input=stdin, capture_output=True, text=True, timeout=timeout,
                                     env=env, check=False))
    except subprocess.TimeoutExpired as e:
        out = (e.stdout or b"").decode(errors="replace") if isinstance(e.stdout, bytes) else ""
        return Result(subprocess.CompletedProcess(argv, 124, out, f"timed out after {timeout} s"))


def sh(command, timeout=60):
    """A shell command that must succeed; its output."""
    r = run("/bin/bash", "-c", command, timeout=timeout)
    if r.status != 0:
        raise RuntimeError(f"{command}: {r}")
    return r.out


def viaduct(*argv, timeout=120):
    return run("viaduct", *argv, timeout=timeout)


def viaduct_json(*argv, timeout=120):
    """The document; also kept for the suite that validates every document."""
    r = viaduct("--json", *argv, timeout=timeout)
    try:
        document = json.loads(r.out)
        if "error" in document:
            raise RuntimeError(f"viaduct --json {' '.join(argv)}: {document['error']}")
        return document
    except ValueError:
        raise RuntimeError(f"viaduct --json {' '.join(argv)}: no JSON: {r}") from None


def keep(kind, document):
    """Hand a document to the suite schemas: NAME.KIND.json."""
    folder = os.environ.get("LAB_OUT")
    if folder:
        test = os.path.basename(sys.argv[0]).removesuffix(".py")
        n = len([f for f in os.listdir(folder) if f.endswith(".json")])
        with open(f"{folder}/{test}-{n}.{kind}.json", "w", encoding="utf-8") as f:
            json.dump(document, f)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read().strip()


def until(what, timeout=30, pause=0.3):
    """Poll until what() is true; its last value."""
    end_at = time.monotonic() + timeout
    while True:
        value = what()
        if value or time.monotonic() > end_at:
            return value
        time.sleep(pause)


# --- the host ----------------------------------------------------------------

def driver(address):
    try:
        return os.path.basename(os.readlink(f"{DEVICES}/{address}/driver"))
    except OSError:
        return None


def vf_address(pf, index):
    try:
        return os.path.basename(os.readlink(f"{DEVICES}/{pf}/virtfn{index}"))
    except OSError:
        return None


def vf_addresses(pf):
    return [vf_address(pf, i) for i in range(int(read(f"{DEVICES}/{pf}/sriov_numvfs")))]


def ip_vfs(netdev):
    """What `ip` says of each VF, in the words of our own VfAttrs."""
    link = json.loads(sh(f"ip -j -d link show dev {netdev}"))[0]
    return [ip_vf(v) for v in link.get("vfinfo_list", [])]


def ip_vf(v):
    vlan = (v.get("vlan_list") or [{}])[0]
    mac = v["address"]
    return {
        "mac": None if mac == "00:00:00:00:00:00" else mac,
        "vlan": vlan.get("vlan", 0), "qos": vlan.get("qos", 0),
        "min_tx_mbps": v["rate"]["min_tx"], "max_tx_mbps": v["rate"]["max_tx"],
        "spoofchk": v["spoofchk"], "trust": v["trust"], "link_state": v["link_state"],
    }


# --- the daemon --------------------------------------------------------------

def configure(config, path=CONFIG):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write(path, config if isinstance(config, str) else json.dumps(config, indent=1))


class Daemon:
    """viaductd in the foreground; its log is shown when a test fails."""

    def __init__(self, *argv, log="/run/viaductd.log", wait=True, binary="viaductd", env=None):
        self.log = log
        self.out = open(log, "ab")  # pylint: disable=consider-using-with
        self.process = subprocess.Popen([binary, *argv], stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.out, env=env)
        _daemons.append(self)
        if wait:
            self.wait_answering()

    def wait_answering(self, timeout=30):
        def answers():
            return self.process.poll() is not None or viaduct("--json", "status").status == 0
        until(answers, timeout, 0.1)
        if self.process.poll() is not None:
            print(read(self.log))
            raise RuntimeError(f"viaductd ended with status {self.process.returncode}")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _daemons.remove(self)

    def stop(self, timeout=20):
        """A clean stop; its status."""
        self.process.terminate()
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "hung"
        _daemons.remove(self)
        return status

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def rss_kib(self):
        for line in read(f"/proc/{self.process.pid}/status").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return None


def stop_all():
    for daemon in list(_daemons):
        daemon.process.kill()
        daemon.process.wait()


def show_logs():
    if _counts["failed"]:
        for log in ("/run/viaductd.log",):
            if os.path.exists(log):
                print(f"--- {log}\n" + "\n".join(read(log).splitlines()[-60:]), flush=True)


def reset_state():
    shutil.rmtree("/var/lib/viaduct", ignore_errors=True)


atexit.register(show_logs)
