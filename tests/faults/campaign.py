# SPDX-License-Identifier: GPL-2.0-or-later
"""Every scenario times every step times every fault; after each the daemon starts again, and the host is judged.

  campaign.py [--list] [SCENARIO[/FAULT[/N]]]…      words of a case's name; all without
"""
import concurrent.futures
import os
import re
import signal
import sys
import tempfile
import threading
import time
import traceback

from host import HUNG_UP, FaultHost, Violation, until
from scenarios import SCENARIOS

WORKERS = 3 * (os.cpu_count() or 2)  # they wait more than they work
PATIENCE = float(os.environ.get("VIADUCT_PATIENCE", "30"))
STEPS_MAX = 200  # a scenario with more does not end
MANY = 1000000


class Fault:
    """One way of failing, at step n of as many as there are."""

    def __init__(self, name, options=None, pokes=None, mend="restart", first=1, last=STEPS_MAX, stride=1, applies=lambda s: True):
        self.name, self.mend, self.applies = name, mend, applies
        self.steps = range(first, last * stride + 1, stride)
        self.options = options or (lambda n: [])
        self.pokes = pokes or (lambda n: [])

    def struck(self, h):
        """Has it come to pass? Else there are no more steps."""
        return h.process.poll() is not None


class Rest(Fault):
    """All is answered and nothing under way: what was answered must be on the disk."""

    def struck(self, h):
        if h.dead():
            return False
        h.process.send_signal(signal.SIGRTMIN)
        h.process.wait(PATIENCE)
        return True


class Fill(Fault):
    def struck(self, h):
        return any(not isinstance(answer, dict) for _, answer in h.answered) or "No space left" in h.log()


class Step(Fault):
    """The Nth call of a kind fails: the manifest tells how many have not come yet."""

    def struck(self, h):
        return self.left(h, "fault") < 0

    def left(self, h, word):
        h.poke("vf 0000:0f:00.0 0 vlan=0")  # nothing; the manifest is written after it
        h.kill()
        with open(h.manifest, encoding="utf-8") as f:
            m = re.search(rf"^{word} \S+ (\d+) ", f.read(), re.M)
        return int(m.group(1)) if m else -1


class Hang(Fault):
    def struck(self, h):
        return h.hung


ERRNO = ("5", "16", "22")
FAULTS = [
    Fault("killed before", lambda n: ["--kill-at", str(n)]),
    Fault("killed after", lambda n: ["--kill-at", f"{n}:after"]),
    Fault("power cut", lambda n: ["--power-cut-at", str(n) + ("", ":torn", ":kept")[n % 3]]),
    Rest("power cut at rest", lambda n: ["--power-cut-at", str(MANY) + ("", ":torn", ":kept")[n]], first=0, last=2),
    Fault("power cut, boot", lambda n: ["--power-cut-at", str(n)], mend="boot", stride=3, applies=lambda s: s.reboots),
    Fill("disk full", lambda n: ["--disk-full-after", str(n)], mend="room", first=0, stride=400),
    Fill("disk full, killed", lambda n: ["--disk-full-after", str(n)], first=200, stride=800),
]
for what in ("write", "set_vfs", "get_vfs"):
    FAULTS.append(Step(f"{what} fails", pokes=lambda n, what=what: [f"fail {what} {n} {ERRNO[n % 3]}"],
                       mend="heal", stride=2 if what == "get_vfs" else 1, applies=lambda s: not s.mends))
    if what != "get_vfs":
        FAULTS.append(Step(f"{what} fails, killed", pokes=lambda n, what=what: [f"fail {what} {n} {ERRNO[n % 3]}"],
                           stride=2, applies=lambda s: not s.mends))
for what in ("set_vfs", "write:*/reset", "write:*", "get_vfs"):
    FAULTS.append(Hang(f"{what} hangs", pokes=lambda n, what=what: [f"hang {what}"], mend="let go", last=1,
                       applies=lambda s: not s.mends))
    FAULTS.append(Hang(f"{what} hangs, killed", pokes=lambda n, what=what: [f"hang {what}"], last=1,
                       applies=lambda s: not s.mends))


class Case:
    def __init__(self, scenario, fault, n, base):
        self.scenario, self.fault, self.n, self.base = scenario, fault, n, base
        self.name = f"{scenario.name}/{fault.name}/{n}"
        self.struck = False

    def run(self):
        """None, or the violation."""
        h = FaultHost(conf=self.scenario.conf, base=self.base)
        try:
            self.strike(h)
            if not self.struck:
                return None
            self.mend(h)
            h.catch_up()
            self.scenario.mended(h)
            h.converge(PATIENCE, self.scenario.after_boot if self.fault.mend == "boot" else self.scenario.expect)
            h.judge()
            h.stop()
            return None
        except Exception:  # whatever it is, the host is not as it should be
            log = h.log()[-3000:] if os.path.exists(h.log_path) else ""
            return f"{self.name}\n{traceback.format_exc()}answers: {h.answered}\n{log}"
        finally:
            if not h.dead():
                h.kill()
            h.__exit__(None)

    def strike(self, h):
        h.hung = False
        h.start(*self.fault.options(self.n), wait=False)
        self.wait_ready(h)
        for line in self.fault.pokes(self.n):
            h.poke(line)
        if isinstance(self.fault, Hang):
            self.act_and_hang(h)
        else:
            self.scenario.act(h)
        self.settle(h)
        if isinstance(self.fault, Step) and self.fault.mend == "heal":
            # Asked before it is healed, and without ending it.
            self.struck = "fault " not in self.manifest_now(h)
        else:
            self.struck = self.fault.struck(h)

    @staticmethod
    def manifest_now(h):
        h.poke("hang none")
        with open(h.manifest, encoding="utf-8") as f:
            return f.read()

    def act_and_hang(self, h):
        t = threading.Thread(target=self.try_act, args=(h,), daemon=True)
        t.start()
        t.join(0.4)
        h.hung = t.is_alive() or self.is_busy(h)  # an answer may come before the work is done
        h.thread = t

    @staticmethod
    def is_busy(h):
        deadline = time.monotonic() + 0.2
        while h.busy():
            if time.monotonic() > deadline:
                return True
            time.sleep(0.02)
        return False

    def try_act(self, h):
        try:
            self.scenario.act(h)
        except Violation as e:
            h.answered.append(("act", e))

    @staticmethod
    def wait_ready(h):
        def ready():
            try:
                return h.dead() or h.status()["ready" if h.content else "generation"]
            except HUNG_UP:
                return h.dead()
        until(ready)

    @staticmethod
    def settle(h):
        """What follows the answer: the last records, a cleaning that goes on."""
        deadline = time.monotonic() + 0.5
        while not h.dead() and time.monotonic() < deadline and not h.hung:
            try:
                if not h.busy():
                    return
            except (*HUNG_UP, ValueError):
                pass
            time.sleep(0.02)

    def mend(self, h):
        how = self.fault.mend
        if how == "heal":
            h.poke("heal")
        elif how == "room":
            h.full = True
            h.process.send_signal(12)
        elif how == "let go":
            h.poke("heal")
            h.process.send_signal(10)
            h.thread.join(PATIENCE)
            if h.thread.is_alive():
                raise Violation("the request is not answered after what hung has come back")
        else:
            self.restart(h, how == "boot")
        if how != "boot":
            # Also what came to rest by itself has to be there after a restart.
            h.catch_up()
            self.scenario.mended(h)
            h.converge(PATIENCE, self.scenario.expect)
            h.kill()
            self.restart(h, False)

    def restart(self, h, boot):
        if not h.dead():
            h.kill()
        if isinstance(self.fault, Hang) and h.thread.is_alive():
            h.thread.join(PATIENCE)
        h.process, h.full = None, False
        h.forget(("fault ", "hang ", "refuse "))
        if boot:
            h.boot()
        h.start()
        self.wait_ready(h)


def make_base(scenario):
    h = FaultHost(conf=scenario.conf)
    h.start()
    Case.wait_ready(h)
    h.free = h.vfs()  # what a VF is like that is nobody's
    scenario.base(h)
    until(lambda: not h.busy())
    h.counts = {pf: p[0] for pf, p in h.picture().items()}
    h.stop()
    return h


def series(scenario, fault, base, words, report):
    """All steps of one fault, until there are no more."""
    for n in fault.steps:
        case = Case(scenario, fault, n, base)
        if words and not any(w in case.name for w in words):
            continue
        violation = case.run()
        if not case.struck and not violation:
            break
        report(case, violation)


class Report:
    def __init__(self):
        self.lock = threading.Lock()
        self.cases = self.violations = 0
        self.by_fault = {}

    def __call__(self, case, violation):
        with self.lock:
            self.cases += 1
            key = (case.scenario.name, case.fault.name)
            self.by_fault[key] = self.by_fault.get(key, 0) + 1
            if violation:
                self.violations += 1
                print(f"VIOLATION {violation}", flush=True)


def main(words):
    # What lasts is the fake disk's to say: a real one would only be waited for.
    if os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"
    report = Report()
    bases = {s.name: make_base(s) for s in SCENARIOS
             if not words or any(w.split("/")[0] in s.name for w in words)}
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(series, s, f, bases[s.name], words, report)
                for s in SCENARIOS if s.name in bases for f in FAULTS if f.applies(s)]
        for job in concurrent.futures.as_completed(jobs):
            job.result()
    for base in bases.values():
        base.__exit__(None)
    for s in SCENARIOS:
        counts = [f"{f}: {n}" for (name, f), n in report.by_fault.items() if name == s.name]
        if counts:
            print(f"{s.name}: {', '.join(sorted(counts))}")
    print(f"faults: cases={report.cases} violations={report.violations}")
    print(f"faults: {report.cases - report.violations} passed, {report.violations} failed, 0 skipped")
    return report.violations > 0 or not report.cases


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
