# SPDX-License-Identifier: GPL-2.0-or-later
"""config check: offline, by the viaductd that lies next to viaduct."""
import json
import os
import shutil

from tool import contains, environment, equal, run
import tool


def beside(script):
    """A tree with bin/viaduct and sbin/viaductd, the latter a shell script."""
    tree = f"{tool.folder}/tree{len(os.listdir(tool.folder))}"
    os.makedirs(f"{tree}/bin")
    os.makedirs(f"{tree}/sbin")
    shutil.copy(tool.viaduct, f"{tree}/bin/viaduct")
    with open(f"{tree}/sbin/viaductd", "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n" + script)
    os.chmod(f"{tree}/sbin/viaductd", 0o755)
    return tree


def check(script, *argv):
    real, tree = tool.viaduct, beside(script)
    tool.viaduct = f"{tree}/bin/viaduct"
    try:
        return run(*argv)
    finally:
        tool.viaduct = real


def test_valid():
    r = check('test "$*" = --check-config', "config", "check")
    equal((r.status, r.out, r.err), (0, "The configuration is valid.\n", ""))
    r = check('test "$*" = "--check-config=b c.json"', "config", "check", "b c.json")
    equal(r.status, 0)


def test_not_valid():
    r = check('echo "a.json:3: /pfs/0: no"; exit 1', "config", "check", "a.json")
    equal((r.status, r.out, r.err), (19, "a.json:3: /pfs/0: no\n", ""))


def test_json():
    r = check('test "$*" = "--check-config --json" && echo "{}"', "--json", "config", "check")
    equal((r.status, r.out), (0, "{}\n"))


def test_wrong_viaductd():
    r = check("exit 2", "config", "check")
    equal(r.status, 1)
    contains(r.err, "failed with status 2")


def test_ended_by_a_signal():
    r = check("kill -SEGV $$", "config", "check")
    equal(r.status, 1)
    contains(r.err, "signal")


def test_no_viaductd():
    real, tree = tool.viaduct, beside("")
    os.unlink(f"{tree}/sbin/viaductd")
    tool.viaduct = f"{tree}/bin/viaduct"
    try:
        r = run("config", "check", env=environment(PATH="/nonexistent"))
    finally:
        tool.viaduct = real
    if r.status == 0:
        raise tool.Skip("viaductd is installed on this machine")
    equal(r.status, 1)
    contains(r.err, "PATH", "is it installed?")


def test_real_viaductd():
    daemon = f"{tool.build}/daemon/viaductd"
    if not os.access(daemon, os.X_OK):
        raise tool.Skip(f"{daemon} is not built")
    path = f"{tool.folder}/real.json"
    env = environment(PATH=f"{tool.build}/daemon:{os.environ['PATH']}")
    for text, status in (('{"pfs": [{"match": {"address": "0000:01:00.0"}, "num_vfs": 2}]}', 0),
                         ('{"pfs": [{"match": {"address": "0000:01:00.0"}, "num_vf": 2}]}', 19),
                         ('{', 19)):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        r = run("config", "check", path, env=env)
        equal(r.status, status, (text, r))
        r = run("--json", "config", "check", path, env=env)
        answer = json.loads(r.out)
        equal((r.status, answer["ok"], bool(answer["problems"])), (status, status == 0, status != 0))
        if status:
            contains(answer["problems"][0], path)
