# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line itself: help, mistakes."""
import re

from tool import against, contains, equal, run

COMMANDS = ("status", "list", "show", "inventory", "check", "plan", "apply", "bind", "unbind", "claim",
            "release", "adopt", "quarantine", "drain", "monitor", "config", "reload", "help")


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
    mistake("list", "pf", "claims", says="claims are listed alone")
    mistake("list", "claims", "pf", says='list claims does not take "pf"')
    mistake("list", "claims", "--columns", "HELD-BY", says='no column "HELD-BY"; there are ADDRESS, PF')
    mistake("list", "vms", "--state", "active", says="are for list claims")
    mistake("list", "--vm", "web1", says="are for list claims")
    mistake("list", "claims", "--state", "free", says='"free" is no state')
    mistake("show", says="needs DEVICE")
    mistake("show", "a", "b", says='does not take "a": what stands before a name is vm or device')
    mistake("show", "vm", "b", "c", says='does not take "c"')
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


def test_mistakes_about_claims():
    network = ("claim", "web1", "--network", "blue")
    mistake("claim", says="needs VM")
    mistake("claim", "web1", says="--network NAME, --device DEVICE, or both")
    mistake("claim", "web1", "blue", says='does not take "blue"')
    mistake(*network, "--whole", says="--whole needs --device")
    mistake(*network, "--msix", "0", says='"0" is no number of MSI-X')
    mistake(*network, "--msix", "4096", says="1 to 2048")
    mistake(*network, "--numa", "near", says="there are none, preferred, strict")
    mistake(*network, "--numa", "strict", says="--numa strict needs --nodes")
    mistake(*network, "--numa", "none", "--nodes", "0", says="do not go together")
    mistake(*network, "--nodes", "0", says="say with --numa")
    for nodes in ("64", "a", "-1", "1-", "3-2", "0,", ",0", "0,,1", "0-64", "0-1-2", "0 ,1", "1" * 40):
        mistake(*network, "--numa", "strict", f"--nodes={nodes}", says="no NUMA node")
    mistake(*network, "--xml=domain", says="there are hostdev and interface")
    mistake(*network, "--xml", "--json", says="do not go together")
    mistake("claim", "web1", "--device", "x", "--whole", "--xml=interface", says="use --xml=hostdev")
    mistake("show", "x", "--xml", "--json", says="do not go together")
    mistake("release", says="needs VM | DEVICE")
    mistake("release", "pf", "x", says="vm or device")
    for generation in ("0", "-1", "x", "1.5", "9223372036854775808"):
        mistake("release", "x", f"--generation={generation}", says="is no generation")
    mistake("adopt", "a", "b", says='does not take "b"')
    mistake("drain", says="needs PF")
    mistake("quarantine", says="needs list | clear DEVICE")
    mistake("quarantine", "free", says="there are list and clear")
    mistake("quarantine", "clear", says="needs DEVICE")
    mistake("quarantine", "clear", "a", "b", says='does not take "b"')
    mistake("quarantine", "list", "a", says='does not take "a"')
    mistake("quarantine", "list", "--force", says="--force is for quarantine clear")
    mistake("quarantine", "clear", "x", "--no-header", says="are for quarantine list")
    mistake("quarantine", "list", "--columns", "X", says='no column "X"')


def test_mistakes_reach_nobody():
    r = against({}, "plan", "--recreat")
    equal((r.status, r.calls), (2, []))


def test_end_of_options():
    r = against({"Show": "show-nic"}, "show", "device", "--", "--json")
    equal(r.calls[0]["parameters"], {"device": "--json"})


def test_short_options_together():
    r = against({"List": "list"}, "list", "-jV")
    assert r.out.startswith("viaduct "), r
