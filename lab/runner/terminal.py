# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's terminal while a shell runs inside."""

import contextlib
import sys
import termios
import tty


@contextlib.contextmanager
def raw_terminal(wanted):
    """Every key goes inside, Ctrl-C included; the terminal comes back as it was."""
    if not wanted:
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    print("lab: booting; Ctrl-] leaves", file=sys.stderr, flush=True)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
