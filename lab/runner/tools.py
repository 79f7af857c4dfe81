# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of the machine that the lab calls."""

import shutil
import subprocess

from . import LabError


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
    found = shutil.which("qemu-system-x86_64")
    if not found:
        raise LabError("qemu-system-x86_64 is not installed: run scripts/deps lab")
    return found
