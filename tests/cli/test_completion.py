# SPDX-License-Identifier: GPL-2.0-or-later
"""Completions: what bash offers, that zsh and fish can read theirs, and that none forgets an option."""
import os
import re
import shutil
import subprocess

from scripted import Server
from test_usage import COMMANDS
from tool import ROOT, Skip, contains, environment, equal, run, socket_path
import tool

FOLDER = f"{ROOT}/dist/completions"

# What readline does: split at COMP_WORDBREAKS, call the function.
DRIVER = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
read -ra COMP_WORDS <<<"$2"; [[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_viaduct
printf '%s\n' "${COMPREPLY[@]}"
"""


def with_daemon(script, *argv):
    """The output of a shell in which viaduct is a wrapper that talks to a scripted server."""
    path, bin_folder = socket_path(), f"{tool.folder}/completion"
    os.makedirs(bin_folder, exist_ok=True)
    with open(f"{bin_folder}/viaduct", "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\nexec "{tool.viaduct}" --socket "{path}" "$@"\n')
    os.chmod(f"{bin_folder}/viaduct", 0o755)
    env = environment(PATH=f"{bin_folder}:{os.environ['PATH']}")
    with Server(path, script or {"List": "list"}):
        r = subprocess.run(argv, check=False, capture_output=True, text=True, env=env, timeout=30)
    equal(r.stderr, "")
    return r.stdout


def offered(line, script=None):
    """What bash offers at the end of a line."""
    return set(with_daemon(script, "bash", "-c", DRIVER, "bash", f"{FOLDER}/viaduct.bash", line).split())


def test_bash_commands():
    equal(offered("viaduct "), set(COMMANDS))
    equal(offered("viaduct st"), {"status"})
    equal(offered("viaduct --json --timeout 5 rel"), {"release", "reload"})
    equal(offered("viaduct help un"), {"unbind"})


def test_bash_devices():
    equal(offered("viaduct bind "), {"0000:01:00.0", "enp1s0f0", "0000:01:10.0", "0000:08:00.0", "enp8s0"})
    equal(offered("viaduct show enp8"), {"enp8s0"})
    equal(offered("viaduct bind 0000:01:1"), {"10.0"}, )
    equal(offered("viaduct apply --disturb en"), {"enp1s0f0", "enp8s0"})


OWNERS = {"List": "list", "ListVms": "vms", "ListClaims": "claims", "ListNetworks": "networks"}


def test_bash_owners():
    contains(offered("viaduct show ", OWNERS), "vm", "device", "web1", "enp1s0f0")
    equal(offered("viaduct show we", OWNERS), {"web1"})
    equal(offered("viaduct show vm w", OWNERS), {"web1"})
    equal(offered("viaduct release device enp8", OWNERS), {"enp8s0"})
    equal(offered("viaduct release ", OWNERS),
          {"vm", "device", "0000:01:10.0", "0000:01:10.2", "0000:01:10.4", "0000:03:00.0", "web1", "db\\", "1"},
          "the space of a name is quoted")
    equal(offered("viaduct claim web1 --network g", OWNERS), {"green"})
    equal(offered("viaduct claim web1 --numa s", OWNERS), {"strict"})
    equal(offered("viaduct claim web1 --uuid 0d", OWNERS), {"0d7c6d1e-3f6a-4a5e-9d55-2b8b7a2f4c01"})
    equal(offered("viaduct claim web1 --mac 5", OWNERS), set())
    equal(offered("viaduct claim web1 --xml=", OWNERS), {"hostdev", "interface"})
    equal(offered("viaduct claim ", OWNERS), {"web1", "db\\", "1"})
    equal(offered("viaduct list claims --vm w", OWNERS), {"web1"})
    equal(offered("viaduct list claims --state q"), {"quarantined"})
    equal(offered("viaduct list networks --columns FR"), {"FREE"})
    equal(offered("viaduct list claims --columns GEN"), {"GENERATION"})
    equal(offered("viaduct quarantine "), {"list", "clear"})
    equal(offered("viaduct quarantine clear ", {"ListClaims": "quarantine"}), {"0000:01:10.4"})
    equal(offered("viaduct drain enp"), {"enp1s0f0", "enp8s0"})


def test_bash_knows_each_column():
    for kind in ("claims", "networks", "vms", ""):
        known = run("list", *kind.split(), "--columns", "none").err.split("there are ")[1].split("\n")[0].split(", ")
        equal(offered(f"viaduct list {kind} --columns "), set(known), kind)


def test_every_shell_knows_each_event():
    with open(f"{ROOT}/daemon/events.h", encoding="utf-8") as f:
        types = set(re.findall(r'X\(\w+, "(\w+)"', f.read()))
    assert len(types) >= 28, types
    equal(offered("viaduct monitor --type "), types)
    for name in ("_viaduct", "viaduct.fish"):
        with open(f"{FOLDER}/{name}", encoding="utf-8") as f:
            equal(set(re.search(r"ready device_added[\w ]+", f.read()).group(0).split()), types, name)
    equal(set(run("monitor", "--help").out.split("Types: ")[1].split(". \"lost\"")[0].split()), types)


def test_bash_without_a_daemon():
    equal(offered("viaduct bind ", {"List": lambda c, p: c.sock.close()}), set())
    equal(offered("viaduct claim ", {"ListVms": lambda c, p: c.sock.close()}), set())


def test_bash_values():
    contains(offered("viaduct monitor --type drift_"), "drift_found", "drift_gone", "drift_healed")
    equal(offered("viaduct list --columns NU"), {"NUMA"})
    equal(offered("viaduct list v"), {"vf", "vms"})
    equal(offered("viaduct config "), {"check", "show"})
    contains(offered(f"viaduct config check {ROOT}/CMakeLi"), f"{ROOT}/CMakeLists.txt")


def options_of(command):
    return set(re.findall(r"^ {2}(?:-\w, | {4})(--[\w-]+)", run(command, "--help").out, re.M))


def test_bash_options():
    for command in COMMANDS:
        got = {o.rstrip("=") for o in offered(f"viaduct {command} --")}
        equal(got, options_of(command), command)


def test_zsh_and_fish_know_every_option():
    for name in ("_viaduct", "viaduct.fish"):
        with open(f"{FOLDER}/{name}", encoding="utf-8") as f:
            text = f.read()
        for command in COMMANDS:
            contains(text, command)
            for option in options_of(command):
                assert option in text or f"-l {option[2:]} " in text, (name, option)


def shell_reads(shell, *argv):
    if not shutil.which(shell):
        raise Skip(f"{shell} is not installed")
    r = subprocess.run([shell, *argv], check=False, capture_output=True, text=True, timeout=30)
    equal((r.returncode, r.stderr), (0, ""))


def test_bash_syntax():
    shell_reads("bash", "-n", f"{FOLDER}/viaduct.bash")


def test_zsh_syntax():
    shell_reads("zsh", "-n", f"{FOLDER}/_viaduct")


def test_fish_syntax():
    shell_reads("fish", "-n", f"{FOLDER}/viaduct.fish")


def fish_offers(line, script=None):
    out = with_daemon(script, "fish", "--no-config", "-c", f"source {FOLDER}/viaduct.fish; complete -C '{line}'")
    return {x.split("\t")[0] for x in out.splitlines()}


def test_fish_offers():
    if not shutil.which("fish"):
        raise Skip("fish is not installed")
    equal(fish_offers("viaduct rel"), {"release", "reload"})
    equal(fish_offers("viaduct claim ", OWNERS), {"web1", "db 1"})
    equal(fish_offers("viaduct claim web1 --network ", OWNERS), {"blue", "green", "plain"})
    equal(fish_offers("viaduct claim web1 --xml=", OWNERS), {"--xml=hostdev", "--xml=interface"})
    contains(fish_offers("viaduct show ", OWNERS), "vm", "device", "web1", "enp1s0f0")
    equal(fish_offers("viaduct show vm ", OWNERS), {"web1", "db 1"})
    contains(fish_offers("viaduct release ", OWNERS), "vm", "0000:01:10.4", "web1")
    equal(fish_offers("viaduct quarantine "), {"list", "clear"})
    equal(fish_offers("viaduct quarantine clear ", {"ListClaims": "quarantine"}), {"0000:01:10.4"})
    equal(fish_offers("viaduct list networks --columns FRE"), {"FREE"})
