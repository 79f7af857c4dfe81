# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the functions test_* of the modules test_*.py beside this file; names on the command line select."""
import glob
import importlib
import multiprocessing
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True


TEST_SECONDS = 180  # a test that takes longer waits for something that does not come
JOBS = 3
RESULTS = ("ok", "FAIL", "skip")


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


def run(name, fn):
    """("ok" and so on, what is to be printed)"""
    signal.alarm(TEST_SECONDS)
    began, result, why, trace = time.monotonic(), "ok", "", ""
    try:
        fn()
    except Exception as e:  # noqa: BLE001: whatever it is, the test failed
        if type(e).__name__ == "Skip":
            result, why = "skip", f": {e}"
        else:
            result, trace = "FAIL", traceback.format_exc()
    signal.alarm(0)
    return result, f"{trace}{result:4} {name}{why} ({time.monotonic() - began:.1f} s)"


def work(chosen, following, lock, counts):
    """One of several processes: takes what comes next, until there is nothing."""
    while True:
        with lock:
            i = following.value
            following.value += 1
        if i >= len(chosen):
            return
        result, text = run(*chosen[i])
        with lock:
            counts[RESULTS.index(result)] += 1
            print(text, flush=True)


def main(words):
    signal.signal(signal.SIGALRM, too_long)
    chosen = list(tests(words))
    # Each has a host of its own, and waits for most of its time.
    fork = multiprocessing.get_context("fork")
    lock, following, counts = fork.Lock(), fork.Value("i", 0, lock=False), fork.Array("i", len(RESULTS), lock=False)
    workers = [fork.Process(target=work, args=(chosen, following, lock, counts)) for _ in range(JOBS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ok, failed, skipped = counts
    failed += len(chosen) - sum(counts)  # a worker that died with its test
    print(f"python: {ok} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
