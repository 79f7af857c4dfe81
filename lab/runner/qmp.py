# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's monitor, for the runner itself and, one request at a time, for L1."""

import json
import time


def split_lines(buffer, data):
    """Appends data to the bytearray and takes the whole lines out of it."""
    buffer += data
    *lines, rest = bytes(buffer).split(b"\n")
    buffer[:] = rest
    return [line for line in lines if line.strip()]


class Monitor:
    """The runner's end of the monitor.

    reply is called with each answer to a request that came from inside.
    """

    def __init__(self, sock, reply):
        self._sock = sock
        self._reply = reply
        self._buffer = bytearray()
        self._request = None
        self.shutdown_reason = None

    def feed(self, data):
        for line in split_lines(self._buffer, data):
            self._take(json.loads(line))

    def request(self, line):
        """Takes one line {"command": …, "wait": EVENT, "match": {…}, "seconds": N}.

        The answer is held back until EVENT came, with data that has what match
        has. Without wait it is given at once.
        """
        try:
            wanted = json.loads(line)
            command = json.dumps(wanted["command"])
        except (ValueError, TypeError, KeyError):
            self._reply({"error": {"class": "Lab", "desc": "not a QMP command in JSON"}})
            return
        self._request = {"wait": wanted.get("wait"), "match": wanted.get("match", {}),
                         "answer": None, "event": None,
                         "deadline": time.monotonic() + wanted.get("seconds", 30)}
        self._sock.sendall(command.encode() + b"\n")

    def deadline(self):
        return self._request["deadline"] if self._request else None

    def expire(self):
        """Answers a request whose time is over."""
        if self._request and time.monotonic() >= self._request["deadline"]:
            event = self._request["wait"]
            self._finish({"error": {"class": "Lab", "desc": f"no {event} in time"}})

    def _take(self, message):
        if "QMP" in message:
            self._sock.sendall(b'{"execute": "qmp_capabilities", "id": "lab"}\n')
        elif "event" in message:
            self._event(message)
        elif message.get("id") != "lab" and self._request:
            self._request["answer"] = message
            self._check()

    def _event(self, message):
        if message["event"] == "SHUTDOWN":
            self.shutdown_reason = message["data"].get("reason")
        if self._request and self._awaited(message):
            self._request["event"] = message
            self._check()

    def _awaited(self, message):
        data = message.get("data", {})
        return message["event"] == self._request["wait"] and all(
            data.get(key) == value for key, value in self._request["match"].items())

    def _check(self):
        request = self._request
        answer = request["answer"]
        if not answer:
            return
        if "error" in answer or not request["wait"]:
            self._finish(answer)
        elif request["event"]:
            self._finish({**answer, "event": request["event"]})

    def _finish(self, answer):
        self._request = None
        self._reply(answer)
