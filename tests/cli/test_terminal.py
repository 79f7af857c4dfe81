# SPDX-License-Identifier: GPL-2.0-or-later
"""Colours and layout on a terminal, and their absence everywhere else."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from scripted import Server
from tool import against, apply_script, contains, environment, equal, golden, socket_path
import tool

ALL = {"GetStatus": "status", "Show": "show-pf", "ListClaims": "claims", "ShowVm": "vm", "List": "list",
       "GetPlan": "plan", "Check": "check"}


def on_terminal(script, *argv, width=100, **env):
    path, text = socket_path(), b""
    with Server(path, script):
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        process = subprocess.Popen([tool.viaduct, "--socket", path, *argv], stdin=subprocess.DEVNULL,
                                   stdout=child, stderr=subprocess.PIPE,
                                   env=environment(**{"TERM": "xterm", **env}))
        os.close(child)
        while True:
            try:
                data = os.read(parent, 65536)
            except OSError:  # EIO: the other side is closed
                break
            if not data:
                break
            text += data
        os.close(parent)
        process.communicate(timeout=30)
    return text.decode().replace("\r\n", "\n")


def test_colors_on_a_terminal_only():
    for argv in (("status",), ("show", "01:00.0"), ("show", "vm", "x"), ("plan",), ("check",)):
        assert "\033[" in on_terminal(ALL, *argv), argv
        assert "\033" not in against(ALL, *argv).out, argv


def test_no_colors_when_asked():
    for argv, env in ((("--no-color", "status"), {}), (("status",), {"NO_COLOR": "1"}),
                      (("status",), {"TERM": "dumb"})):
        assert "\033" not in on_terminal(ALL, *argv, **env), (argv, env)
    assert "\033[" in on_terminal(ALL, "status", NO_COLOR=""), "an empty NO_COLOR says nothing"


def test_layout():
    golden("terminal-status", on_terminal(ALL, "--no-color", "status", width=110))
    golden("terminal-list", on_terminal(ALL, "--no-color", "list", width=90))
    golden("terminal-show", on_terminal(ALL, "--no-color", "show", "01:00.0", width=140))
    golden("terminal-claims", on_terminal(ALL, "--no-color", "list", "claims", width=130))


def test_tables_fit():
    for line in on_terminal(ALL, "--no-color", "list", width=90).splitlines():
        assert len(line) <= 90, line
    text = re.sub("\033\\[[0-9]*m", "", on_terminal(ALL, "status", width=110))
    for line in text.split("\n\n")[1].splitlines():
        assert len(line) <= 110, line


def test_colors_do_not_move_columns():
    plain = on_terminal(ALL, "--no-color", "status", width=110)
    equal(re.sub("\033\\[[0-9]*m", "", on_terminal(ALL, "status", width=110)), plain)


def test_nothing_is_cut_in_a_pipe():
    contains(against(ALL, "status", env=environment(COLUMNS="20")).out,
             "enp3s0f0np0,enp3s0f0np1", "2 differences; not supported by the driver: link_state")


def test_json_is_indented_on_a_terminal():
    assert on_terminal(ALL, "--json", "list").count("\n") > 20


def test_progress_line():
    text = on_terminal({"Apply": apply_script("apply-done")}, "--no-color", "apply")
    contains(text, "\r\033[K  1/5 set_autoprobe 0000:01:00.0: running\r\033[K  1/5 set_autoprobe")
    text = against({"Apply": apply_script("apply-done")}, "apply").out
    assert "running" not in text and "\r" not in text, text
