# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line itself: help, mistakes."""
import re

from tool import against, contains, equal, run

COMMANDS = ("status", "list", "show", "inventory", "check", "plan", "apply", "bind", "unbind", "monitor",
            "config", "reload", "help")


def test_help_overview():
    r = run("--help")
    equal((r.status, r.err), (0, ""))
    equal(run("help").out, r.out)
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", r.out, re.M), command


def test_help_of_each_command():
    for command in COMMANDS:
        r = run(command, "--help")
        equal((r.status, r.err), (0, ""), command)
        contains(r.out, f"viaduct {command}", "Options of every command", "Examples\n  viaduct",
                 "Exit codes\n  0  ", "--json", "--socket PATH")
        equal(run("help", command).out, r.out)
        equal(run(command, "-h").out, r.out)


def test_help_fits_a_terminal():
    for command in COMMANDS:
        for line in run(command, "--help").out.splitlines():
            assert len(line) <= 100, (command, line)


def test_help_wins_over_missing_arguments():
    equal(run("show", "--help").status, 0)


def test_version():
    r = run("--version")
    assert re.fullmatch(r"viaduct \d+\.\d+\.\d+\n", r.out), r
    equal(run("-V").out, r.out)


def mistake(*argv, says):
    r = run(*argv)
    equal((r.status, r.out), (2, ""), argv)
    contains(r.err, says, "--help")
    assert r.err.startswith("viaduct: "), r.err


def test_mistakes():
    mistake(says="which command?")
    mistake("nonsense", says='no command "nonsense"')
    mistake("stats", says='did you mean "status"?')
    mistake("--nonsense", "status", says="no option --nonsense")
    mistake("plan", "--recreat", says="did you mean --recreate?")
    mistake("status", "--recreate", says="no option --recreate")
    mistake("list", "-x", says="no option -x")
    mistake("list", "--json=yes", says="takes no value")
    mistake("list", "--columns", says="needs a value")
    mistake("list", "--columns=", says="is empty")
    mistake("list", "--columns", "ADDRESS,NONE", says='no column "NONE"; there are ADDRESS')
    mistake("list", "gpu", says='"gpu" is no kind')
    mistake("show", says="needs DEVICE")
    mistake("show", "a", "b", says='does not take "b"')
    mistake("plan", "a", "b", says='does not take "b"')
    mistake("status", "a", says='does not take "a"')
    mistake("config", says="needs check")
    mistake("config", "edit", says='"edit"')
    mistake("config", "check", "a", "b", says='does not take "b"')
    mistake("config", "show", "a", says='does not take "a"')
    mistake("help", "nonsense", says='no command "nonsense"')
    mistake("status", "--timeout", "soon", says='"soon" is not a number of seconds for --timeout')
    mistake("status", "--timeout", "-1", says='"-1" is not')
    mistake("status", "--wait-ready=1.5", says='"1.5" is not')
    mistake("status", "--watch", "--wait-ready", says="do not go together")


def test_mistakes_reach_nobody():
    r = against({}, "plan", "--recreat")
    equal((r.status, r.calls), (2, []))


def test_end_of_options():
    r = against({"Show": "show-pf"}, "show", "--", "--json")
    equal(r.calls[0]["parameters"], {"device": "--json"})


def test_short_options_together():
    r = against({"List": "list"}, "list", "-jV")
    assert r.out.startswith("viaduct "), r
