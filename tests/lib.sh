# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Counting for the suites' runners.
passed=0 failed=0 skipped=0

pass() {
	echo "ok   $1"
	passed=$((passed + 1))
}

fail() {
	echo "FAIL $1"
	failed=$((failed + 1))
}

# skip NAME WHY
skip() {
	echo "skip $1: $2"
	skipped=$((skipped + 1))
}

# check NAME COMMAND…: passes when the command does; shows its output when it does not.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		pass "$name"
	else
		printf '%s\n' "$out" | tail -n 40
		fail "$name"
	fi
}

# cmocka_program NAME COMMAND…: adds a cmocka program's own counts; a crash counts as a failure.
cmocka_program() {
	local name=$1 out status p f s
	shift
	out=$("$@" 2>&1 </dev/null)
	status=$?
	p=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) test.*/\1/p' <<<"$out" | paste -sd+)
	f=$(sed -nE 's/^\[  FAILED  \] ([0-9]+) test.*/\1/p' <<<"$out" | paste -sd+)
	s=$(sed -nE 's/^\[  SKIPPED \] ([0-9]+) test.*/\1/p' <<<"$out" | paste -sd+)
	p=$((${p:-0})) f=$((${f:-0})) s=$((${s:-0}))
	((status == 0 || f > 0)) || f=1 # it crashed, or a sanitizer ended it
	((p + f + s > 0)) || f=1	# a program that runs no test proves nothing
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	if ((f)); then
		printf '%s\n' "$out" | grep -vE '^\[( RUN|       OK)' | tail -n 60
		echo "FAIL $name: $p passed, $f failed, status $status"
	else
		echo "ok   $name: $p passed${s:+, $s skipped}"
	fi
	((s == 0)) || printf '%s\n' "$out" | grep -E '^\[  SKIPPED'
}

# finish SUITE: the suite's last line and the runner's status.
finish() {
	echo "$1: $passed passed, $failed failed, $skipped skipped"
	((failed == 0))
}
