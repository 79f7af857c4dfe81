#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Resident memory of the idle daemon on the lab's host: two PFs, 14 VFs. The peer is libvirtd, which
# every such host runs and which hands out VFs as well.
set -euo pipefail

rss_kib() {
	sed -nE 's/^VmRSS:[[:space:]]+([0-9]+) kB/\1/p' "/proc/$1/status"
}

mkdir -p /etc/viaduct
cat >/etc/viaduct/viaduct.json <<'END'
{ "pfs": [ { "match": { "driver": "igb" }, "num_vfs": 7, "vf": { "driver": "vfio-pci" } } ] }
END
modprobe vfio-pci
viaductd >/run/viaductd.log 2>&1 &
daemon=$!
for _ in $(seq 100); do
	viaduct --json status 2>/dev/null | grep -q '"ready": *true' && break
	sleep 0.3
done
sleep 3
ours=$(rss_kib "$daemon")
lab-libvirt-up >/dev/null
peer=$(rss_kib "$(pidof libvirtd)")
awk -v a="$ours" -v b="$peer" \
	'BEGIN { printf "bench memory-lab: ours=%.1fMiB peer=libvirtd:%.1fMiB ratio=%.2f\n", a/1024, b/1024, b/a }'
kill "$daemon"
