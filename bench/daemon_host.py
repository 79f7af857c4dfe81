# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon on a synthetic host (gen_tree.c): what the benches of the daemon share."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def call(path, method):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(json.dumps({"method": method}).encode() + b"\0")
        data = bytearray()
        while not data.endswith(b"\0"):
            data += s.recv(1 << 20)
        return bytes(data[:-1])


def wait_for(path, process):
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nobody answers on {path}")


class DaemonHost:
    """64 PFs with 128 VFs each, every PF configured; nothing is written to the tree."""

    def __init__(self, build, pfs=64, vfs=128):
        # Hundreds of thousands of small files: memory is where they are quick.
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.dir = tempfile.mkdtemp(prefix="viaduct-bench-", dir=base)
        self.tree = os.path.join(self.dir, "tree")
        self.socket = os.path.join(self.dir, "socket")
        os.mkdir(self.tree)
        generator = os.path.join(self.dir, "gen-tree")
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", generator, os.path.join(HERE, "gen_tree.c")], check=True)
        subprocess.run([generator, self.tree, str(pfs), str(vfs)], check=True)
        config = os.path.join(self.dir, "viaduct.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"provision": "manual", "drift": {"interval_s": 0},
                       "pfs": [{"match": {"vendor": "0x8086"}, "num_vfs": vfs, "vf": {"driver": "vfio-pci"}}]}, f)
        self.process = subprocess.Popen(
            [f"{build}/tests/daemon/viaductd-test", "--root", self.tree, "--config", config, "--state-dir",
             os.path.join(self.dir, "state"), "--socket", self.socket], stderr=subprocess.DEVNULL)
        wait_for(self.socket, self.process)
        for _ in range(600):
            status = json.loads(call(self.socket, "org.viaduct.GetStatus"))["parameters"]["status"]
            if status["generation"] and sum(p["vfs"] for p in status["pfs"]) == pfs * vfs:
                break
            time.sleep(0.1)
        else:
            raise SystemExit(f"the daemon does not see all VFs: {len(status['pfs'])} PFs")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.dir, ignore_errors=True)
