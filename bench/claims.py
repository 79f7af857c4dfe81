# SPDX-License-Identifier: GPL-2.0-or-later
"""Claims and releases against the fake host, its state on a real disk with real fsync, beside the bare cost of that
fsync: as many records of the same size, appended to a file in the same directory and synced one by one.

  claims.py BUILD [COUNT]
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PF = "0000:01:00.0"
CONFIG = {
    "provision": "auto",
    "drift": {"interval_s": 0},
    "networks": [{"name": "red", "vlan": 100, "uplinks": ["a"], "spoofchk": True}],
    "pfs": [{"label": "a", "match": {"address": PF}, "num_vfs": 4, "vf": {"mac": "derived"}}],
}


class Daemon:
    """viaductd over the fake host: manifest in memory, as the kernel's state is; state under the current folder."""

    def __init__(self, build):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.dir = tempfile.mkdtemp(prefix="viaduct-bench-", dir=memory)
        self.state = tempfile.mkdtemp(prefix="bench-claims-", dir="build")
        self.socket, manifest, conf = (os.path.join(self.dir, n) for n in ("socket", "host", "conf"))
        with open(manifest, "wb") as f:
            subprocess.run([f"{build}/tests/daemon/make-host", "lab"], check=True, stdout=f)
        with open(conf, "w", encoding="utf-8") as f:
            json.dump(CONFIG, f)
        self.process = subprocess.Popen(
            [f"{build}/tests/daemon/viaductd-test", "--host", manifest, "--config", conf, "--state-dir", self.state,
             "--socket", self.socket], stderr=subprocess.DEVNULL)
        self.conn, self.buf = self.connect(), b""
        while not self.call("GetStatus")["status"]["ready"]:
            time.sleep(0.05)

    def connect(self):
        for _ in range(600):
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.socket)
                return s
            except OSError:
                s.close()
                time.sleep(0.1)
        raise SystemExit("the daemon does not listen")

    def call(self, method, parameters=None):
        self.conn.sendall(json.dumps({"method": "org.viaduct." + method, "parameters": parameters or {}}).encode() + b"\0")
        while b"\0" not in self.buf:
            data = self.conn.recv(1 << 16)
            if not data:
                raise SystemExit("the daemon hung up")
            self.buf += data
        message, self.buf = self.buf.split(b"\0", 1)
        reply = json.loads(message)
        if "error" in reply:
            raise SystemExit(f"{method}: {reply}")
        return reply["parameters"]

    def records(self):
        """Lengths of all records there are now: each was synced by itself."""
        lengths = []
        for name in ("journal.jsonl", "claims.jsonl"):
            with open(os.path.join(self.state, name), "rb") as f:
                lengths.extend(len(line) for line in f)
        return lengths

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.conn.close()
        self.process.terminate()
        self.process.wait(30)
        for folder in (self.dir, self.state):
            shutil.rmtree(folder, ignore_errors=True)


def timed(fn, *args):
    began = time.perf_counter()
    value = fn(*args)
    return (time.perf_counter() - began) * 1000, value


def claim(d, n):
    return d.call("Claim", {"vm": f"vm{n}", "uuid": f"11111111-1111-4111-8111-{n:012d}", "network": "red",
                            "mac": f"52:54:00:{n >> 16:02x}:{n >> 8 & 255:02x}:{n & 255:02x}"})["claim"]


def release(d, c):
    left = d.call("Release", {"device": c["address"], "generation": c["generation"]})["claims"]
    if left:
        raise SystemExit(f"it does not come clean: {left}")


def settled(d, n):
    """How many records there are once no more come, after n or more."""
    while True:
        before = d.records()
        time.sleep(0.2)
        if len(before) >= n and len(d.records()) == len(before):
            return before


def syncs(d):
    """(records of a claim, of a release), as lengths; some follow the answer."""
    start = len(settled(d, 0))
    c = claim(d, 1)
    middle = settled(d, start + 1)
    release(d, c)
    end = settled(d, len(middle) + 1)
    size = sum(end) // len(end)
    return [size] * (len(middle) - start), [size] * (len(end) - len(middle))


def raw(folder, lengths):
    """The same as bare appends, each synced."""
    def once(fd):
        for n in lengths:
            os.write(fd, b"x" * n)
            os.fdatasync(fd)

    fd = os.open(os.path.join(folder, "raw"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return timed(once, fd)[0]
    finally:
        os.close(fd)


def at(values, percent):
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def main(build, count=1000):
    claims, releases, raw_claims, raw_releases = [], [], [], []
    with Daemon(build) as d:
        of_claim, of_release = syncs(d)
        for n in range(2, count + 2):
            ms, c = timed(claim, d, n)
            claims.append(ms)
            releases.append(timed(release, d, c)[0])
            # Beside each other, as a disk's mood changes.
            raw_claims.append(raw(d.state, of_claim))
            raw_releases.append(raw(d.state, of_release))
    print(f"# {count} claims and releases; a claim is {len(of_claim)} records, a release {len(of_release)}, of "
          f"{of_claim[0]} bytes in the mean; raw_fsync is the appending and syncing of both, and nothing else")
    for name, percent in (("p50", 50), ("p99", 99)):
        ours = at(claims, percent) + at(releases, percent)
        bare = at(raw_claims, percent) + at(raw_releases, percent)
        print(f"bench claims {name}: claim={at(claims, percent):.2f}ms release={at(releases, percent):.2f}ms "
              f"raw_fsync={bare:.2f}ms ratio={bare / ours:.2f}")


if __name__ == "__main__":
    main(sys.argv[1], *(int(a) for a in sys.argv[2:]))
