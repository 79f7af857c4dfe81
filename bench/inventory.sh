#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bench/inventory.sh BUILD: the inventory of a synthetic tree of 64 PFs with 128 VFs each (bench/gen_tree.c)
# against lspci on the same tree, both as whole processes. The best of alternating runs: what else the
# machine does makes a run slower, never faster. Ours is all of it (groups, overrides, SR-IOV, net
# devices, names, holders from /proc); lspci is measured bare and with -vv -nn -k, which shows as much.
set -euo pipefail
build=${1:-build/release}
runs=${VIADUCT_BENCH_RUNS:-12}
tree=$(mktemp -d "$([[ -d /dev/shm && -w /dev/shm ]] && echo /dev/shm || echo /tmp)/viaduct-tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT

"$build/gen-tree" "$tree" 64 128

ours() { "$build/scan-bench" "$tree"; }
lspci_bare() { lspci -A linux-sysfs -O sysfs.path="$tree/sys/bus/pci"; }
lspci_rich() { lspci -A linux-sysfs -O sysfs.path="$tree/sys/bus/pci" -vv -nn -k; }

# Microseconds that a command takes.
took() {
	local from=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null 2>&1
	echo $((${EPOCHREALTIME/[.,]/} - from))
}

declare -A best
for ((i = 0; i < runs; i++)); do
	for what in ours lspci_bare lspci_rich; do
		us=$(took "$what")
		if [[ -z ${best[$what]:-} ]] || ((us < best[$what])); then
			best[$what]=$us
		fi
	done
done

line() {
	awk -v a="${best[ours]}" -v b="${best[$1]}" -v peer="$2" 'BEGIN {
		printf "bench inventory: ours=%.1fms peer=%s:%.1fms ratio=%.2f\n", a/1000, peer, b/1000, b/a
	}'
}
ours
line lspci_bare lspci
line lspci_rich lspci-vv-nn-k
