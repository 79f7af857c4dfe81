# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of lab/run."""

import argparse
import os
import pathlib
import signal
import sys

from . import (EXIT_LAB_ERROR, EXIT_MACHINE_DIED, EXIT_TIME_LIMIT, LabError, cache,
               machine)
from .run import CHECKOUT, Run
from .session import BOOT_SECONDS, Session
from .terminal import raw_terminal

DESCRIPTION = """\
Boots the distribution's kernel in QEMU as a host ("L1") with two igb PFs
(0000:01:00.0 eth0, 0000:02:00.0 eth1, 7 VFs each, wired back to back), an IOMMU
and this machine's own root file system under an overlay that is thrown away,
and runs COMMAND there, as root, in the current folder.

  lab/run exec -- lspci -d ::0200        run a command, get its exit status
  lab/run exec --libvirt -- CMD          with libvirtd running inside
  lab/run shell                          a shell inside, on this terminal
  lab/run demo                           show the host: PFs, VFs, vfio
  lab/run prepare [--refresh]            fetch the kernel and fill the cache now
"""

EPILOG = f"""\
inside:
  $LAB_OUT       files written here come back by --out DIR
  $LAB_CHECKOUT  this checkout, at its usual path; BUILD, BUILD/cli and
                 BUILD/daemon come first in PATH, then lab/guest:
  lab-qmp, lab-libvirt-up, lab-host-b, lab-ovs-up, lab-udev-up, lab-guest,
  lab-guest-exec: each says with --help what it does

exit status:
  the command's own, or
  {EXIT_MACHINE_DIED}  the emulated machine died, or did not get up (twice, where the emulation is
       to blame: a triple fault, a boot that failed)
  {EXIT_TIME_LIMIT}  the time limit was over; the log is kept and its path printed
  {EXIT_LAB_ERROR}  the lab cannot run here; the message names the fix

environment:
  VIADUCT_BUILD_DIR   as --build        VIADUCT_LAB_ACCEL   as --accel
  VIADUCT_LAB_TIMEOUT as --timeout      XDG_CACHE_HOME, TMPDIR as usual
"""


def parser():
    top = argparse.ArgumentParser(
        prog="lab/run", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="action", metavar="exec|shell|demo|prepare",
                                  required=True)
    add_run_options(commands.add_parser("exec", help="run COMMAND inside"), command=True)
    add_run_options(commands.add_parser("shell", help="a shell inside"))
    add_run_options(commands.add_parser("demo", help="run lab/demo inside"))
    prepare = commands.add_parser("prepare", help="fill the cache")
    prepare.add_argument("--refresh", action="store_true",
                         help="fetch the kernel again: the distribution has a newer one")
    return top


def add_run_options(sub, command=False):
    env = os.environ
    sub.add_argument("--libvirt", action="store_true", help="start libvirtd inside first")
    sub.add_argument("--two-hosts", action="store_true",
                     help="a second libvirtd in a namespace that owns eth1 (see lab/README.md)")
    sub.add_argument("--systemd", action="store_true",
                     help="systemd is process 1 inside and udev is real; COMMAND is a service")
    sub.add_argument("--prepare", metavar="SHELL", action="append", default=[],
                     help="run this by bash inside before udev, systemd or COMMAND "
                          "start: to put units, rules and configuration in place")
    sub.add_argument("--no-igb", action="store_true",
                     help="leave the PFs' driver unloaded; modprobe igb makes them appear")
    sub.add_argument("--out", metavar="DIR", type=pathlib.Path,
                     help="copy what is in $LAB_OUT at the end to DIR")
    sub.add_argument("--build", metavar="DIR", type=pathlib.Path,
                     default=pathlib.Path(env.get("VIADUCT_BUILD_DIR",
                                                  CHECKOUT / "build/release")),
                     help="the build to put in PATH (build/release)")
    sub.add_argument("--env", metavar="NAME[=VALUE]", action="append", default=[],
                     help="set NAME inside, to its value here unless one is given")
    sub.add_argument("--stdin", action="store_true",
                     help="give COMMAND this standard input, read to its end first")
    sub.add_argument("--timeout", metavar="SECONDS", type=float,
                     default=env.get("VIADUCT_LAB_TIMEOUT", "300"),
                     help="end the run after this, boot included (300)")
    sub.add_argument("--keep", action="store_true", help="keep the logs and say where")
    sub.add_argument("--memory", metavar="MIB", type=int, default=2048,
                     help=f"{machine.MEMORY_MIB_MIN} to {machine.MEMORY_MIB_MAX} (2048)")
    sub.add_argument("--accel", choices=("auto", "kvm", "tcg"),
                     default=env.get("VIADUCT_LAB_ACCEL", "auto"),
                     help="auto: KVM where a probe finds that it works, else tcg")
    sub.add_argument("--append", metavar="ARG", action="append", default=[],
                     help="add ARG to the kernel command line inside")
    sub.add_argument("--extra-qemu", metavar="ARGS", action="append", default=[],
                     help="add ARGS to QEMU's, split as a shell would")
    sub.set_defaults(command=[])
    if command:
        sub.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND",
                         help="the program and its arguments")


SHUTDOWN_REASONS = {
    "guest-reset": "it restarted; by the command, or after a kernel panic",
    "guest-shutdown": "it was powered off from inside",
}
# What the emulation does wrong now and then, and a second try does not repeat.
MISHAPS = {
    "triple-fault": "died of a triple fault",
    "boot-panic": "panicked while it booted",
    "no-boot": f"was not up after {BOOT_SECONDS} s",
}
SHELL_SECONDS = 7 * 24 * 3600


class Signalled(Exception):
    pass


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_signal(number, _frame):
    # Once is enough: a second one must not disturb the cleaning up.
    for other in ENDING_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise Signalled(number)


def main(argv):
    for number in ENDING_SIGNALS:
        signal.signal(number, on_signal)
    try:
        return act(parser().parse_args(argv))
    except LabError as error:
        say(str(error))
        return EXIT_LAB_ERROR
    except Signalled as error:
        say("ended by a signal")
        return 128 + error.args[0]
    except BrokenPipeError:
        return 128 + signal.SIGPIPE


def act(options):
    check_root()
    if options.action == "prepare":
        if options.refresh:
            cache.forget_kernel()
        kern, *_ = machine.prepare()
        say(f"kernel {kern.version} is ready")
        return 0
    complete(options)
    with Run(options) as run:
        return run_twice_at_most(run, options)


def complete(options):
    """Fills in what the kind of run decides, and refuses what cannot work."""
    options.terminal = options.action == "shell"
    if options.action == "demo":
        options.command = [str(CHECKOUT / "lab/demo")]
    elif options.action == "shell":
        if not sys.stdin.isatty():
            raise LabError("shell needs a terminal; use lab/run exec -- COMMAND")
        options.command = ["bash", "-i"]
        options.timeout = SHELL_SECONDS
    elif options.command[:1] == ["--"]:
        del options.command[0]
    if not options.command:
        raise LabError("no COMMAND: lab/run exec [options] -- COMMAND…")
    machine.check_memory(options.memory)


def check_root():
    if os.geteuid() != 0:
        raise LabError("needs root, as files that only root may read belong to the host "
                       "it shows: try sudo lab/run …")


def run_twice_at_most(run, options):
    outcome = boot(run, options)
    if outcome.kind in MISHAPS:
        say(f"the emulated machine {MISHAPS[outcome.kind]}; starting the run once more")
        run.reset()
        outcome = boot(run, options)
    run.give_back()
    return explain(run, outcome, options)


def boot(run, options):
    with raw_terminal(options.terminal):
        return Session(run, options).go()


def explain(run, outcome, options):
    """Says what a person has to know and returns the exit status."""
    if outcome.kind in ("exit", "left"):
        if options.keep:
            run.keep_folder()
        return outcome.status
    run.keep_folder()
    if outcome.kind == "time-limit":
        say(f"the time limit of {options.timeout:g} s was over")
        return EXIT_TIME_LIMIT
    run.show_log_tail()
    if outcome.kind in MISHAPS:
        say(f"the emulated machine {MISHAPS[outcome.kind]}, twice")
    elif outcome.kind == "machine-down":
        reason = SHUTDOWN_REASONS.get(outcome.detail, outcome.detail)
        say(f"the emulated machine went down before the command ended: {reason}")
    else:
        say(f"the emulated machine did not start: {outcome.detail}")
        return EXIT_LAB_ERROR
    return EXIT_MACHINE_DIED


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)
