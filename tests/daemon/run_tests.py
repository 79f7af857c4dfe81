# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the functions test_* of the modules test_*.py beside this file; names on the command line select."""
import glob
import importlib
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True


TEST_SECONDS = 180  # a test that takes longer waits for something that does not come


class Skip(Exception):
    pass


def too_long(_signal, _frame):
    raise TimeoutError(f"not over after {TEST_SECONDS} s")


def tests(words):
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        module = importlib.import_module(os.path.basename(path)[:-3])
        for name, fn in list(vars(module).items()):
            if name.startswith("test_") and callable(fn) and (not words or any(w in name for w in words)):
                yield name, fn


def main(words):
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    signal.signal(signal.SIGALRM, too_long)
    for name, fn in tests(words):
        signal.alarm(TEST_SECONDS)
        began, result, why = time.monotonic(), "ok", ""
        try:
            fn()
        except Exception as e:  # noqa: BLE001: whatever it is, the test failed
            if type(e).__name__ == "Skip":
                result, why = "skip", f": {e}"
            else:
                result = "FAIL"
                traceback.print_exc(file=sys.stdout)
        signal.alarm(0)
        counts[result] += 1
        print(f"{result:4} {name}{why} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"python: {counts['ok']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return counts["FAIL"] > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
