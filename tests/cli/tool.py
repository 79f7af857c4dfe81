# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the command line share: calling it, servers for it, expected texts."""
import difflib
import json
import os
import shutil
import subprocess
import tempfile

from scripted import Server, document

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
build = viaduct = folder = None
_sockets = 0


class Skip(Exception):
    pass


def setup(build_folder):
    global build, viaduct, folder
    build = os.path.abspath(build_folder)
    viaduct = f"{build}/cli/viaduct"
    folder = tempfile.mkdtemp(prefix="viaduct-cli-")


def finish():
    shutil.rmtree(folder)


def socket_path():
    global _sockets
    _sockets += 1
    return f"{folder}/socket{_sockets}"


def environment(**more):
    env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM", "LANG", "LC_ALL")}
    return {**env, "LC_ALL": "C.UTF-8", **more}


class Result:
    def __init__(self, process):
        self.status, self.out, self.err = process.returncode, process.stdout, process.stderr

    def __repr__(self):
        return f"status {self.status}\nout: {self.out}\nerr: {self.err}"


def run(*argv, env=None, timeout=60, **more):
    """Call viaduct; its exit status and words."""
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return Result(subprocess.run([viaduct, *argv], stdin=subprocess.DEVNULL, text=True, check=False,
                                 env=env or environment(), timeout=timeout, **more))


def against(script, *argv, connected=None, **more):
    """Call viaduct against a scripted server; the result, and what it asked, as .calls."""
    path = socket_path()
    with Server(path, script, connected) as server:
        r = run("--socket", path, *argv, **more)
    r.calls = server.calls
    return r


def equal(got, want, what=""):
    assert got == want, f"{what}\ngot  {got!r}\nwant {want!r}"


def contains(text, *parts):
    for part in parts:
        assert part in text, f"no {part!r} in:\n{text}"


def golden(name, text):
    """Compare with tests/cli/golden/NAME.txt."""
    path = f"{HERE}/golden/{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return
    with open(path, encoding="utf-8") as f:
        want = f.read()
    if text != want:
        raise AssertionError("".join(difflib.unified_diff(
            want.splitlines(True), text.splitlines(True), f"golden/{name}.txt", "this run")))


def keep(name, kind, doc):
    """Hand a document to the suite that validates them all."""
    docs = os.environ.get("VIADUCT_DOCS")
    if docs:
        os.makedirs(docs, exist_ok=True)
        with open(f"{docs}/cli-{name}.{kind}.json", "w", encoding="utf-8") as f:
            json.dump(doc, f)


def apply_script(name):
    """Apply with `more`: the plan, each step running and ended, the report."""
    report = document(name)

    def answer(connection, _parameters):
        connection.reply({"plan": report["plan"]}, continues=True)
        for result in report["results"]:
            running = {"id": result["id"], "state": "running", "attrs": [], "took_ms": 0}
            connection.reply({"progress": running}, continues=True)
            connection.reply({"progress": result}, continues=True)
        connection.reply({"report": report})
    return answer


def monitor_script(connection, _parameters):
    """Some events, and then the daemon ends the subscription."""
    events = document("events")
    for event in events[:-1]:
        connection.reply({"event": event}, continues=True)
    connection.reply({"event": events[-1]})


def refusals():
    """The table of base/err.h, read from the source: name -> (code, exit status, text)."""
    import re
    with open(f"{ROOT}/lib/base/err.h", encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    rows = re.findall(r'X\(\w+, "([\w-]+)", "(\w+)", (\d+),\s*"([^"]*)"\)', text)
    assert len(rows) >= 18, rows
    return {name: (code, int(status), sentence) for code, name, status, sentence in rows}
