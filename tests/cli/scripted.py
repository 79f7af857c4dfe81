# SPDX-License-Identifier: GPL-2.0-or-later
"""A varlink server that says what a test tells it to, right or wrong, word for word."""
import json
import os
import socket
import threading

DOCUMENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "documents")


def document(name):
    with open(f"{DOCUMENTS}/{name}.json", encoding="utf-8") as f:
        return json.load(f)


class Connection:
    """One client. Methods of the script get this and the call."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""

    def receive(self):
        """The next call, None when the client is gone."""
        while b"\0" not in self.rest:
            data = self.sock.recv(65536)
            if not data:
                return None
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def raw(self, data):
        self.sock.sendall(data)

    def reply(self, parameters, **members):
        self.raw(json.dumps({"parameters": parameters, **members}).encode() + b"\0")

    def error(self, name, **parameters):
        self.reply(parameters, error=name)


class Server:
    """script: method name without interface -> function(connection, parameters), or a document's name.
    connected: called with the connection instead of reading calls. calls: what was asked."""

    def __init__(self, path, script=None, connected=None):
        self.path, self.script, self.connected, self.calls = path, script or {}, connected, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock:
            connection = Connection(sock)
            try:
                if self.connected:
                    self.connected(connection)
                    return
                while (call := connection.receive()) is not None:
                    self._answer(connection, call)
            except OSError:
                return

    def _answer(self, connection, call):
        self.calls.append(call)
        method = call["method"].removeprefix("org.viaduct.")
        action = self.script.get(method)
        if action is None:
            connection.error("org.varlink.service.MethodNotFound", method=call["method"])
        elif isinstance(action, str):
            connection.reply(document(action))
        else:
            action(connection, call.get("parameters", {}))

    def close(self):
        # close() alone leaves the accept of the thread waiting.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
