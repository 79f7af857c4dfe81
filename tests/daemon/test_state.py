# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon keeps: the state directory, DirectPath devices, the configuration."""
import json
import os
import re
import signal
import subprocess

from harness import BUILD, Host, config, has, refused, until

PF = "0000:01:00.0"
NIC = "0000:03:00.0"


def driver(h, device=NIC):
    h.call("GetInventory", {"rescan": True})
    return h.call("Show", {"device": device})["device"].get("driver")


def write(h, name, text):
    os.makedirs(h.state, exist_ok=True)
    with open(os.path.join(h.state, name), "w", encoding="utf-8") as f:
        f.write(text)


def swap(h, old, new):
    with open(h.manifest, encoding="utf-8") as f:
        text = f.read()
    assert old in text
    with open(h.manifest, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def test_two_daemons_on_one_state():
    with Host() as h:
        h.start()
        first = h.process
        h.start("--socket", h.socket + "2", wait=False)
        second = h.process
        assert second.wait(30) == 1
        h.process = first
        has(h.log(), "another viaductd", f"pid {first.pid}", "--state-dir")
        assert h.status()["pid"] == first.pid


def refuses_to_start(h, *words):
    h.start(wait=False)
    assert h.wait_ended() == 1, "it must not start"
    has(h.log(), *words)


def test_damaged_state_files_stop_the_start_by_name():
    for name in ("bound.json", "learnt.json", "baselines.json"):
        for text in ("", "{", '{"version": 1', "[]", "{}", '{"version": "1"}', '{"version": 99}', "\0\0"):
            with Host() as h:
                write(h, name, text)
                refuses_to_start(h, f"{h.state}/{name}: ", f"mv {h.state}/{name} {h.state}/{name}.damaged")


def test_wrong_contents_are_named_by_place():
    good = {"address": NIC, "driver": "vfio-pci", "persistent": True, "vendor": 1, "device": 2}
    for change, words in (({"vendor": 99999}, ["/bound/1/vendor", "99999"]), ({"adress": 1}, ["/bound/1/adress"]),
                          ({"driver": None}, ["driver"]), ({"mac": "zz"}, ["/bound/1/mac"])):
        with Host() as h:
            write(h, "bound.json", json.dumps({"version": 1, "bound": [good, {**good, **change}]}))
            refuses_to_start(h, "bound.json", "/bound/1", *words)


def test_a_newer_version_is_not_guessed_at():
    with Host() as h:
        write(h, "bound.json", '{"version": 2, "bound": []}')
        refuses_to_start(h, "/version: 2", "newer")


def follow_advice(h):
    """The command that the message names, as a person would run it; a daemon starts then."""
    command = re.findall(r'"((?:mkdir|mv|sed|cp|echo) (?:[^"\']|\'[^\']*\')*)"', h.log())[-1]
    subprocess.run(command, shell=True, check=True)
    h.start()


def test_a_damaged_ledger_stops_the_start_and_the_advice_helps():
    for damage, words, drained in (("sed -i 3s/seq/sex/ claims.jsonl", ["claims.jsonl:3: ", "sed -i"], [PF]),
                                   ("sed -i 2d claims.jsonl", ["claims.jsonl:2: "], []),
                                   ("truncate -s 30 claims.json", ["claims.json: line ", "damaged"], []),
                                   ("rm claims.json", ["claims.json: ", "never means"], []),
                                   ("rm claims.jsonl", ["claims.jsonl:1: "], []),
                                   (": > state.json", ["state.json: "], [PF, "0000:02:00.0"])):
        with Host() as h:
            h.start()
            for pf in (PF, "0000:02:00.0"):
                h.call("Drain", {"pf": pf})
            h.stop()
            subprocess.run(damage, shell=True, check=True, cwd=h.state)
            refuses_to_start(h, *words)
            follow_advice(h)
            assert [d["pf"] for d in h.call("ListClaims")["drains"]] == drained, damage


def test_a_newer_state_directory_is_left_alone():
    with Host() as h:
        write(h, "state.json", '{"version": 3}')
        refuses_to_start(h, f"{h.state}/state.json: /version: 3", "newer", "--state-dir")
        assert sorted(os.listdir(h.state)) == ["lock", "state.json"]


def test_the_state_of_the_release_before_is_taken_over():
    with Host() as h:
        write(h, "bound.json", json.dumps({"version": 1, "bound": []}))
        write(h, "journal.jsonl", "")
        h.start()
        assert h.call("ListClaims")["claims"] == []
        h.stop()
        with open(os.path.join(h.state, "state.json"), encoding="utf-8") as f:
            assert json.load(f) == {"version": 2}


def test_torn_last_journal_line_is_cut_off():
    for tail in ('{"rec":"act","ses', "\0\0\0\0", '{"rec":"act","ses\n'):
        with Host() as h:
            h.start()
            h.call("Apply")
            h.stop()
            with open(os.path.join(h.state, "journal.jsonl"), "a", encoding="utf-8") as f:
                f.write(tail)
            h.start()
            assert h.call("GetPlan")["plan"]["steps"] == []
            h.stop()


def test_damage_inside_the_journal_stops_the_start():
    for line, words in (("garbage", [":1: "]), ('{"rec":"act","session":9,"steps":[1]}', [":1: ", "has no intent"]),
                        ('{"rec":"dance","session":1}', [":1: "]), ("{}", [":1: "])):
        with Host() as h:
            write(h, "journal.jsonl", line + "\n" + '{"rec":"done","session":9}\n')
            refuses_to_start(h, f"{h.state}/journal.jsonl", *words)


def test_last_good_copy_is_kept():
    with Host() as h:
        h.start()
        h.call("Bind", {"device": NIC})
        h.call("Bind", {"device": NIC, "persistent": True})
        with open(os.path.join(h.state, "bound.json.bak"), encoding="utf-8") as f:
            assert not json.load(f)["bound"][0]["persistent"]
        with open(os.path.join(h.state, "bound.json"), encoding="utf-8") as f:
            assert json.load(f)["bound"][0]["persistent"]


def boot(h):
    """The daemon ends, and the host is as it comes up: nothing of what was done to it is there."""
    h.stop()
    fresh = Host()
    os.replace(fresh.manifest, h.manifest)
    fresh.__exit__(None)


def test_bind_and_unbind():
    with Host() as h:
        h.start()
        before = driver(h)
        report = h.call("Bind", {"device": "eth2"})["report"]
        assert report["failed"] == 0 and driver(h) == "vfio-pci"
        assert h.status()["bound"] == [{"address": NIC, "driver": "vfio-pci", "original": before,
                                        "persistent": False, "present": True}]
        assert h.call("Bind", {"device": NIC})["report"]["plan"]["steps"] == []
        assert h.call("Unbind", {"device": NIC})["report"]["failed"] == 0
        assert driver(h) == before and h.status()["bound"] == []


def test_persistent_bind_comes_back_after_a_boot():
    with Host() as h:
        h.start()
        before = driver(h)
        h.call("Bind", {"device": NIC, "persistent": True})
        boot(h)
        h.start()
        until(lambda: driver(h) == "vfio-pci")
        assert h.status()["bound"][0]["original"] == before


def test_persistent_bind_of_a_vf_waits_for_its_creation():
    with Host(conf=config(provision="auto")) as h:
        h.start()
        until(lambda: h.status()["ready"])
        h.call("Bind", {"device": "eth1/1", "persistent": True})
        boot(h)
        h.start()
        until(lambda: h.status()["ready"] and driver(h, "eth1/1") == "vfio-pci")
        assert driver(h, "eth1/0") != "vfio-pci"


def test_another_card_at_the_address_is_never_touched():
    with Host() as h:
        h.start()
        before = driver(h)
        h.call("Bind", {"device": NIC, "persistent": True})
        boot(h)
        swap(h, "52:54:00:76:00:03", "52:54:00:99:99:99")
        h.start()
        problems = until(lambda: h.status()["problems"])
        has(problems[0], NIC, "52:54:00:99:99:99", "52:54:00:76:00:03", "unbind")
        assert driver(h) == before


def test_bind_refuses_what_is_in_use():
    with Host(extra="addr 4 192.0.2.9/24\n") as h:
        h.start()
        e = refused("Protected", h.call, "Bind", {"device": NIC})
        has(e.reason, NIC, "192.0.2.9/24")


def test_bind_of_a_configured_vf_says_where_it_is_configured():
    c = config()
    c["pfs"][1]["vf"]["driver"] = "host"
    with Host(conf=c) as h:
        h.start()
        h.call("Apply")
        e = refused("Conflict", h.call, "Bind", {"device": "eth1/0"})
        has(e.reason, "viaduct.json:", "VF 0")


def test_a_failed_bind_is_rolled_back():
    with Host() as h:
        h.start("--fail", "write:sys/bus/pci/drivers_probe:1:5")
        before = driver(h)
        report = h.call("Bind", {"device": NIC})["report"]
        assert report["failed"] == 1, report
        assert driver(h) == before and h.status()["bound"] == []


def bind_records():
    with Host() as h:
        h.start()
        h.call("Bind", {"device": NIC})
        return len(h.journal())


def test_a_bind_killed_at_every_record_is_undone_or_whole():
    for n in range(1, bind_records() + 1):
        for when in ("", ":after"):
            with Host() as h:
                h.start("--kill-at", f"{n}{when}")
                before = driver(h)
                with h.client() as c:
                    c.send("Bind", {"device": NIC})
                    try:
                        c.recv()
                    except (EOFError, ConnectionResetError):
                        pass
                assert h.wait_ended() == -signal.SIGKILL
                h.start()
                until(lambda: all(r["session"] in {d["session"] for d in h.journal() if d["rec"] == "done"}
                                  for r in h.journal()))
                bound = h.status()["bound"]
                assert driver(h) == ("vfio-pci" if bound else before), (n, when)


BAD = '{\n  "pfs": [\n    { "match": { "address": "0000:01:00.0" }, "num_vf": 3 },\n    { "match": {} }\n  ]\n}\n'


def test_bad_reload_names_every_problem_and_changes_nothing():
    with Host() as h:
        h.start()
        before = h.call("GetConfig")["config"]
        h.write_config(BAD)
        e = refused("Invalid", h.call, "Reload")
        assert len(e.parameters["problems"]) == 2, e.parameters
        has(e.parameters["problems"][0], h.conf + ":3: ", "/pfs/0/num_vf", '"num_vfs"')
        has(e.parameters["problems"][1], h.conf + ":4: ", "/pfs/1")
        assert h.call("GetConfig")["config"] == before
        has(h.status()["config_error"], "num_vf")
        assert not h.status()["ready"]
        h.write_config(config())
        h.call("Reload")
        assert "config_error" not in h.status()


def test_bad_configuration_at_the_start_configures_nothing():
    with Host(conf=BAD) as h:
        h.start()
        has(h.status()["config_error"], "num_vf")
        assert h.call("GetPlan")["plan"]["steps"] == []


def test_two_entries_for_one_pf():
    c = config()
    c["pfs"].append({"match": {"name": "eth0"}, "num_vfs": 1})
    with Host() as h:
        h.start()
        h.write_config(c)
        e = refused("Invalid", h.call, "Reload")
        has(e.reason, PF, h.conf + ":")
        assert len(h.call("GetConfig")["config"]["pfs"]) == 2


def test_a_directory_of_files():
    with Host() as h:
        folder = os.path.join(h.dir, "etc")
        os.makedirs(os.path.join(folder, "conf.d"))
        for name, text in (("conf.d/20.json", {"pfs": [config()["pfs"][1]]}),
                           ("conf.d/10.json", {"pfs": [config()["pfs"][0]]}), ("conf.d/x.json~", "no"),
                           ("viaduct.json", {"provision": "manual"})):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                json.dump(text, f)
        h.conf = folder
        h.start()
        files = [os.path.relpath(f, folder) for f in h.status()["config_files"]]
        assert files == ["viaduct.json", "conf.d/10.json", "conf.d/20.json"]
        assert [p["label"] for p in h.call("GetConfig")["config"]["pfs"]] == ["a", "b"]


def test_no_configuration_is_an_empty_one():
    with Host() as h:
        h.conf = os.path.join(h.dir, "nowhere")
        h.start()
        s = h.status()
        assert s["ready"] and s["config_files"] == [] and "config_error" not in s


def test_entry_that_matches_nothing_is_a_problem():
    c = config()
    c["pfs"][0]["match"] = {"address": "0000:0f:00.0"}
    with Host(conf=c) as h:
        h.start()
        has(h.status()["problems"][0], h.conf + ":", "/pfs/0", "no PF")


def test_reload_by_signal_applies_in_auto():
    c = config(provision="auto")
    with Host(conf=c) as h:
        h.start()
        until(lambda: h.status()["ready"])
        c["pfs"][1]["vf"]["vlan"] = 300
        h.write_config(c)
        h.process.send_signal(signal.SIGHUP)
        until(lambda: h.picture()["0000:02:00.0"][2][2]["vlan"] == 300)


def test_check_tells_what_is_missing():
    with Host() as h:
        h.start("--read-group", "no-such-group", "--change-group", "nor-this")
        findings = h.call("Check")["findings"]
        ids = {f["id"]: f for f in findings}
        assert ids["iommu"]["severity"] == "ok" and ids["sriov"]["severity"] == "ok"
        assert ids["group"]["severity"] == "info" and ids["group"]["fix"]
        for f in findings:
            assert f["severity"] in ("ok", "info", "warning", "error") and f["message"]


def viaductd(*options):
    return subprocess.run([f"{BUILD}/daemon/viaductd", *options], capture_output=True, text=True, check=False)


def test_check_config_tells_every_problem():
    with Host(conf=BAD) as h:
        run = viaductd("--check-config", h.conf)
        assert run.returncode == 1
        lines = run.stdout.splitlines()
        assert len(lines) == 2 and lines[0].startswith(f"{h.conf}:3: /pfs/0/num_vf: ")
        run = viaductd("--check-config", h.conf, "--json")
        assert run.returncode == 1 and json.loads(run.stdout) == {"ok": False, "problems": lines}
        h.write_config(config())
        assert viaductd(f"--check-config={h.conf}").returncode == 0
        run = viaductd("--config", h.conf, "--check-config", "--json")
        assert run.returncode == 0 and json.loads(run.stdout) == {"ok": True, "problems": []}
        assert viaductd("--check-config", h.dir + "/none.json").returncode == 1


def test_usage():
    for options in (["--nothing"], ["--print", "cats"], ["stray"], ["--config"]):
        run = viaductd(*options)
        assert run.returncode == 2 and run.stderr and not run.stdout, (options, run)
    assert "--state-dir" in viaductd("--help").stdout
    assert viaductd("--version").stdout.startswith("viaductd ")
