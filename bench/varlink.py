# SPDX-License-Identifier: GPL-2.0-or-later
import os
import subprocess
import sys

from daemon_host import HERE, DaemonHost, call, wait_for

CLIENTS, SECONDS = "32", "4"


def load(build, path):
    out = subprocess.run([f"{build}/tests/daemon/varlink-load", path, CLIENTS, SECONDS, "org.viaduct.GetStatus"],
                         check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), int(out[2]) / 1000


def peer(build, host, name, command):
    path = os.path.join(host.dir, name)
    process = subprocess.Popen([*command, path, os.path.join(host.dir, "reply")])
    try:
        wait_for(path, process)
        return load(build, path)
    finally:
        process.terminate()
        process.wait(10)


def main(build):
    with DaemonHost(build) as host:
        reply = call(host.socket, "org.viaduct.GetStatus")
        with open(os.path.join(host.dir, "reply"), "wb") as f:
            f.write(reply)
        print(f"# {len(reply)} bytes a reply, {CLIENTS} clients, {SECONDS} s each")
        rate, p99 = load(build, host.socket)
        peers = (("echo", [f"{build}/tests/daemon/varlink-echo"]),
                 ("asyncio", ["/usr/bin/python3", os.path.join(HERE, "varlink_asyncio.py")]))
        for name, command in peers:
            peer_rate, peer_p99 = peer(build, host, name, command)
            print(f"bench varlink-rate: ours={rate:.0f}/s peer={name}:{peer_rate:.0f}/s ratio={rate / peer_rate:.2f}")
            print(f"bench varlink-p99: ours={p99:.2f}ms peer={name}:{peer_p99:.2f}ms ratio={peer_p99 / p99:.2f}")
    return p99 >= 5


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
