# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person reads, word for word, for each document."""
from scripted import document
from tool import against, apply_script, contains, equal, golden, monitor_script

SHOWN = {"0000:01:00.0": "show-pf", "enp1s0f0/0": "show-vf", "enp8s0": "show-nic"}


def text_of(name, script, status, *argv):
    r = against(script, *argv)
    equal(r.err, "", "nothing to complain about")
    golden(name, r.out)
    equal(r.status, status)
    return r


def test_status():
    for name in ("status", "status-ready", "status-empty"):
        text_of(name, {"GetStatus": name}, 0, "status")


def test_list():
    r = text_of("list", {"List": "list"}, 0, "list")
    equal(r.calls[0].get("parameters"), {})
    text_of("list-empty", {"List": "list-empty"}, 0, "list")


def test_list_columns():
    text_of("list-columns", {"List": "list"}, 0, "list", "--no-header",
            "--columns", "address,IDS,mac,pf,vf,acs,flr,serial,id-path,link,name")


def test_list_kinds():
    r = against({"List": "list"}, "list", "vf", "bridge")
    equal(r.calls[0]["parameters"], {"kinds": ["vf", "bridge"]})
    r = against({"List": "list"}, "list", "all", "pf")
    equal(r.calls[0]["parameters"], {"kinds": ["pf", "vf", "nic", "bridge", "other"]})


def test_show():
    for device, name in SHOWN.items():
        r = text_of(name, {"Show": name, "ListClaims": "claims-empty"}, 0, "show", "device", device)
        equal(r.calls[0]["parameters"], {"device": device})


def test_check():
    text_of("check", {"Check": "check"}, 1, "check")
    text_of("check-fine", {"Check": "check-fine"}, 0, "check")


def test_plan():
    text_of("plan", {"GetPlan": "plan"}, 3, "plan")
    text_of("plan-empty", {"GetPlan": "plan-empty"}, 0, "plan")
    text_of("plan-refused", {"GetPlan": "plan-refused"}, 4, "plan")


def test_plan_names_each_operation():
    ops = {s["op"] for s in document("plan")["plan"]["steps"]}
    equal(len(ops), 11, "the sample has each operation of the interface")


def test_plan_parameters():
    r = against({"GetPlan": "plan-empty"}, "plan", "--recreate", "--disturb", "0000:01:00.0",
                "--disturb=02:00.0", "enp1s0f0")
    equal(r.calls[0]["parameters"], {"recreate": True, "disturb": ["0000:01:00.0", "02:00.0"],
                                     "pf": "enp1s0f0"})


def test_apply():
    for name, status in (("apply-done", 0), ("apply-failed", 1), ("apply-refused", 4), ("apply-nothing", 0)):
        r = text_of(name, {"Apply": apply_script(name)}, status, "apply", "--disturb", "01:00.0")
        equal(r.calls[0]["parameters"], {"disturb": ["01:00.0"]})
        equal(r.calls[0]["more"], True)


def test_bind():
    r = text_of("bind", {"Bind": "bind"}, 0, "bind", "0000:06:00.0", "--persistent", "--driver", "d")
    equal(r.calls[0]["parameters"], {"device": "0000:06:00.0", "driver": "d", "persistent": True})
    r = text_of("bind", {"Unbind": "bind"}, 0, "unbind", "0000:06:00.0", "--disturb", "01:00.0")
    equal(r.calls[0]["parameters"], {"device": "0000:06:00.0", "disturb": ["01:00.0"]})


def test_monitor():
    r = text_of("monitor", {"Monitor": monitor_script}, 0, "monitor", "--type", "ready", "--type", "lost")
    equal(r.calls[0]["parameters"], {"types": ["ready", "lost"]})


def test_config_and_reload():
    text_of("config-show", {"GetConfig": "config"}, 0, "config", "show")
    text_of("reload", {"Reload": "reload"}, 0, "reload")
    r = against({"Reload": lambda c, p: c.reply({"config_files": []})}, "reload")
    contains(r.out, "no configuration file")


def test_names_cannot_move_the_cursor():
    status = document("status-ready")
    status["status"]["pfs"][0]["names"] = ["a\x1b[31mb\n\x7f\u009bc"]
    r = against({"GetStatus": lambda c, p: c.reply(status)}, "status")
    contains(r.out, "a?[31mb ???c")
    for bad in "\x1b\x7f\u009b":
        assert bad not in r.out, repr(bad)


def test_much_drift():
    status = document("status")
    drift = status["status"]["pfs"][1]["drift"][0]
    status["status"]["pfs"][1]["drift"] = [dict(drift, vf_index=i) for i in range(100)]
    r = against({"GetStatus": lambda c, p: c.reply(status)}, "status")
    equal(r.out.count("vlan is 100, wanted 200"), 16)
    contains(r.out, "…and 84 more: see viaduct show 0000:02:00.0")


def test_refusal_names_its_target_once():
    plan = document("plan-refused")
    plan["plan"]["refusals"].append({"code": "blocked", "target": "0000:09:00.0", "message": "it hangs"})
    r = against({"GetPlan": lambda c, p: c.reply(plan)}, "plan")
    contains(r.out, "\n  blocked: 0000:09:00.0: it hangs\n", "  in-use: domain web1 (pid 812) holds 0000:01:10.0")
