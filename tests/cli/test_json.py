# SPDX-License-Identifier: GPL-2.0-or-later
"""--json hands out the daemon's documents, as they are."""
import json

from scripted import document
from tool import against, apply_script, contains, equal, monitor_script


def same(script, want, status, *argv):
    r = against(script, "--json", *argv)
    equal(r.err, "")
    equal(json.loads(r.out), want)
    equal(r.out.count("\n"), 1, "one line off a terminal")
    equal(r.status, status)


def test_documents():
    same({"GetStatus": "status"}, document("status")["status"], 0, "status")
    same({"List": "list"}, document("list"), 0, "list")
    same({"Show": "show-pf"}, document("show-pf"), 0, "show", "01:00.0")
    same({"Show": "show-vf"}, document("show-vf"), 0, "show", "enp1s0f0/0")
    same({"GetInventory": "inventory"}, document("inventory")["inventory"], 0, "inventory")
    same({"GetPlan": "plan"}, document("plan")["plan"], 3, "plan")
    same({"Check": "check"}, document("check"), 1, "check")
    same({"GetConfig": "config"}, document("config")["config"], 0, "config", "show")
    same({"Reload": "reload"}, document("reload"), 0, "reload")
    same({"Bind": "bind"}, document("bind")["report"], 0, "bind", "06:00.0")
    same({"Apply": apply_script("apply-failed")}, document("apply-failed"), 1, "apply")


def test_inventory_is_json_without_asking():
    r = against({"GetInventory": "inventory"}, "inventory", "--rescan")
    equal(json.loads(r.out), document("inventory")["inventory"])
    equal(r.calls[0]["parameters"], {"rescan": True})


def test_option_may_stand_anywhere():
    for argv in (("-j", "list"), ("list", "--json"), ("list", "-j", "pf")):
        equal(json.loads(against({"List": "list"}, *argv).out), document("list"))


def test_apply_progress():
    r = against({"Apply": apply_script("apply-done")}, "--json", "apply", "--progress")
    lines = [json.loads(line) for line in r.out.splitlines()]
    equal([list(line)[0] for line in lines], ["plan"] + 10 * ["progress"] + ["report"])
    equal(lines[-1]["report"], document("apply-done"))


def test_monitor():
    r = against({"Monitor": monitor_script}, "--json", "monitor")
    equal([json.loads(line) for line in r.out.splitlines()], document("events"))


def test_text_is_not_changed():
    name = "a\x1b[31m\x07/é"
    r = against({"List": lambda c, p: c.reply({"version": 1, "devices": [{"address": name}]})}, "-j", "list")
    equal(json.loads(r.out)["devices"][0]["address"], name)
    assert "\x1b" not in r.out and "\\/" not in r.out, r.out


def test_errors_too():
    def in_use(connection, _parameters):
        connection.error("org.viaduct.InUse", reason="domain web1 (pid 812) holds it")
    r = against({"Bind": in_use}, "--json", "bind", "06:00.0")
    equal(json.loads(r.out), {"error": {
        "exit": 11, "name": "org.viaduct.InUse", "code": "in-use",
        "reason": "domain web1 (pid 812) holds it",
        "parameters": {"reason": "domain web1 (pid 812) holds it"}}})
    equal(r.status, 11)
    contains(r.err, "viaduct: domain web1 (pid 812) holds it")
