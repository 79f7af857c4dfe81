# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of the machine that the lab calls."""

import platform
import re
import shutil
import subprocess

from . import LabError

QEMU_MAJOR_NEEDED = 8


def call(*argv, **kwargs):
    """Runs a tool of the machine and returns its output, or explains."""
    try:
        done = subprocess.run(argv, check=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, **kwargs)
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed: run scripts/deps lab") from None
    except subprocess.CalledProcessError as failure:
        raise LabError(f"{' '.join(map(str, argv))} failed: "
                       f"{failure.stderr.strip()}") from None
    return done.stdout


def qemu_binary():
    """QEMU's path, once it is sure that it has the devices the lab is made of."""
    if platform.machine() != "x86_64":
        raise LabError("the host inside is x86_64 and shows this machine's own files: "
                       "it needs an x86_64 machine")
    found = re.search(r"version (\d+)\.", call("qemu-system-x86_64", "--version"))
    if not found or int(found[1]) < QEMU_MAJOR_NEEDED:
        raise LabError(f"QEMU older than {QEMU_MAJOR_NEEDED} has no igb: run scripts/deps lab")
    return shutil.which("qemu-system-x86_64")
