# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot of L1: starts QEMU, carries its streams, and says how it ended."""

import contextlib
import dataclasses
import json
import os
import selectors
import socket
import subprocess
import sys
import time

from . import machine
from .qmp import Monitor, split_lines

CHUNK = 1 << 16
# The emulation loses a timer now and then and the machine never gets up. Five
# seconds are usual, and a machine with other work to do may need several times that.
BOOT_SECONDS = 60
LEAVE_KEY = 0x1d  # Ctrl-]


@dataclasses.dataclass
class Outcome:
    """How a boot ended; status is the command's when kind is "exit"."""
    # exit, left, time-limit, triple-fault, no-boot, boot-panic, machine-down, not-started
    kind: str
    status: int = 0
    detail: str = ""


class Session:
    def __init__(self, run, options):
        self._run = run
        self._options = options
        self._selector = selectors.DefaultSelector()
        self._sockets = {}
        self._buffers = {"control": bytearray(), "qmp": bytearray()}
        self._logs = {}
        self._outcome = None
        self._up = False
        self._terminal_ready = False
        self._typed = bytearray()
        self._qemu = None
        self._monitor = None

    def go(self):
        """Boots the machine, runs the command and returns the Outcome."""
        try:
            self._start()
            self._loop()
            self._stop()
            self._drain()
        finally:
            self._stop()
            self._close()
        return self._outcome

    # --- start and stop ------------------------------------------------------

    def _start(self):
        names = [*machine.PORTS, "monitor"]
        if self._options.terminal:
            names.append("terminal")
        theirs = {}
        for name in names:
            ours, other = socket.socketpair()
            self._sockets[name] = ours
            theirs[name] = other
            self._selector.register(ours, selectors.EVENT_READ, name)
        for name in ("stdout", "stderr"):
            self._logs[name] = open(self._run.folder / f"{name}.log", "ab")
        self._monitor = Monitor(self._sockets["monitor"], self._answer)
        argv = machine.command(self._run, self._options,
                               {name: sock.fileno() for name, sock in theirs.items()})
        with open(self._run.folder / "qemu.log", "ab") as log:
            self._qemu = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # A session of its own: Ctrl-C is for the runner to handle.
                start_new_session=True,
                pass_fds=[sock.fileno() for sock in theirs.values()])
        for sock in theirs.values():
            sock.close()
        self._pidfd = os.pidfd_open(self._qemu.pid)
        self._selector.register(self._pidfd, selectors.EVENT_READ, "qemu")
        if self._options.terminal:
            self._selector.register(sys.stdin, selectors.EVENT_READ, "keyboard")

    def _stop(self):
        if self._qemu and self._qemu.poll() is None:
            self._qemu.kill()
        if self._qemu:
            self._qemu.wait()

    def _close(self):
        self._selector.close()
        for sock in self._sockets.values():
            sock.close()
        for log in self._logs.values():
            log.close()
        if self._qemu:
            os.close(self._pidfd)

    def _drain(self):
        """Reads what was still on its way when the machine ended."""
        for name in ("stdout", "stderr", "terminal", "control"):
            sock = self._sockets.get(name)
            with contextlib.suppress(ConnectionError):
                while sock and (data := sock.recv(CHUNK)):
                    self._carry(name, data)

    # --- while it runs -------------------------------------------------------

    def _loop(self):
        start = time.monotonic()
        deadline = start + self._options.timeout
        while not self._outcome:
            now = time.monotonic()
            boot_deadline = deadline if self._up else start + BOOT_SECONDS
            if now >= deadline:
                self._outcome = Outcome("time-limit")
                return
            if now >= boot_deadline:
                self._outcome = Outcome("no-boot")
                return
            soonest = min(deadline, boot_deadline, self._monitor.deadline() or deadline)
            for key, _ in self._selector.select(max(0, soonest - now)):
                self._ready(key)
            self._monitor.expire()

    def _ready(self, key):
        if key.data == "qemu":
            self._ended()
        elif key.data == "keyboard":
            self._keyboard(os.read(key.fd, CHUNK))
        else:
            try:
                data = key.fileobj.recv(CHUNK)
            except ConnectionError:
                data = b""
            if not data:
                self._selector.unregister(key.fileobj)
            self._carry(key.data, data)

    def _carry(self, name, data):
        if name in self._logs:
            self._logs[name].write(data)
            self._logs[name].flush()
            write_all(1 if name == "stdout" else 2, data)
        elif name == "terminal":
            write_all(1, data)
        elif name == "monitor":
            self._monitor.feed(data)
        elif name == "control":
            for line in split_lines(self._buffers[name], data):
                self._control(line.decode(errors="replace").split())
        elif name == "qmp":
            for line in split_lines(self._buffers[name], data):
                self._monitor.request(line)

    def _control(self, words):
        if words[0] == "up":
            self._up = True
        elif words[0] == "terminal":
            self._terminal_ready = True
            self._type_ahead()
        elif words[0] == "exit":
            self._outcome = Outcome("exit", int(words[1]))

    def _answer(self, message):
        with contextlib.suppress(ConnectionError):
            self._sockets["qmp"].sendall(json.dumps(message).encode() + b"\n")

    def _keyboard(self, data):
        if not data or LEAVE_KEY in data:
            self._outcome = Outcome("left")
            return
        self._typed += data
        if self._terminal_ready:
            self._type_ahead()

    def _type_ahead(self):
        """Sends what was typed; before the shell listens it would be lost."""
        self._sockets["terminal"].sendall(self._typed)
        self._typed.clear()

    def _ended(self):
        """QEMU is gone by itself: the command's word, if any, comes first."""
        self._drain()
        if self._outcome:
            return
        with contextlib.suppress(ConnectionError):
            while data := self._sockets["monitor"].recv(CHUNK):
                self._monitor.feed(data)
        status = self._qemu.wait()
        debug = self._run.folder / "qemu-debug.log"
        if debug.exists() and b"Triple fault" in debug.read_bytes():
            self._outcome = Outcome("triple-fault")
        elif self._monitor.shutdown_reason == "guest-reset" and not self._up:
            self._outcome = Outcome("boot-panic")
        elif self._monitor.shutdown_reason:
            self._outcome = Outcome("machine-down", detail=self._monitor.shutdown_reason)
        elif self._up:
            self._outcome = Outcome("machine-down", detail=f"QEMU ended with status {status}")
        else:
            self._outcome = Outcome("not-started", detail=f"QEMU ended with status {status}")


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data):]
