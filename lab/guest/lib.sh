# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the helpers inside the lab share. Sourced, never run.

# shellcheck disable=SC2034 # used by those who source this
# Shared by both hosts of --two-hosts; what is below "b" belongs to host B.
readonly LAB_RUN=/run/lab
# shellcheck disable=SC2034
readonly LAB_B_RUN=/run/lab/b

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

require_lab() {
	[[ -n ${LAB_CHECKOUT:-} ]] || die "runs inside the lab: lab/run exec -- ${0##*/} …"
}

# wait_for SECONDS WHAT COMMAND…: the command's success, asked for coarsely, as
# every question costs an emulated CPU.
wait_for() {
	local seconds=$1 what=$2 deadline
	shift 2
	deadline=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || die "waited $seconds s in vain for $what"
		sleep 0.3
	done
}

show_usage() {
	sed -n '/^# Usage:/,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}
