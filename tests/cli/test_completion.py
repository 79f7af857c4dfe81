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


def offered(line, script=None):
    """What bash offers at the end of a line; viaduct in it is a wrapper that talks to a scripted server."""
    path, bin_folder = socket_path(), f"{tool.folder}/completion"
    os.makedirs(bin_folder, exist_ok=True)
    with open(f"{bin_folder}/viaduct", "w", encoding="utf-8") as f:
        f.write(f'#!/bin/sh\nexec "{tool.viaduct}" --socket "{path}" "$@"\n')
    os.chmod(f"{bin_folder}/viaduct", 0o755)
    env = environment(PATH=f"{bin_folder}:{os.environ['PATH']}")
    with Server(path, script or {"List": "list"}):
        r = subprocess.run(["bash", "-c", DRIVER, "bash", f"{FOLDER}/viaduct.bash", line], check=False,
                           capture_output=True, text=True, env=env, timeout=30)
    equal(r.stderr, "")
    return set(r.stdout.split())


def test_bash_commands():
    equal(offered("viaduct "), set(COMMANDS))
    equal(offered("viaduct st"), {"status"})
    equal(offered("viaduct --json --timeout 5 re"), {"reload"})
    equal(offered("viaduct help un"), {"unbind"})


def test_bash_devices():
    equal(offered("viaduct show "), {"0000:01:00.0", "enp1s0f0", "0000:01:10.0", "0000:08:00.0", "enp8s0"})
    equal(offered("viaduct show enp8"), {"enp8s0"})
    equal(offered("viaduct bind 0000:01:1"), {"10.0"}, )
    equal(offered("viaduct apply --disturb en"), {"enp1s0f0", "enp8s0"})


def test_bash_without_a_daemon():
    equal(offered("viaduct show ", {"List": lambda c, p: c.sock.close()}), set())


def test_bash_values():
    contains(offered("viaduct monitor --type drift_"), "drift_found", "drift_gone", "drift_healed")
    equal(offered("viaduct list --columns NU"), {"NUMA"})
    equal(offered("viaduct list v"), {"vf"})
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


def test_fish_offers():
    if not shutil.which("fish"):
        raise Skip("fish is not installed")
    r = subprocess.run(["fish", "--no-config", "-c", f"source {FOLDER}/viaduct.fish; complete -C 'viaduct re'"],
                       check=False, capture_output=True, text=True, timeout=30)
    equal((r.stdout.split("\t")[0], r.stderr), ("reload", ""))
