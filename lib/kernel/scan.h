/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scan: read the host through the door into one inventory. */
#ifndef VIA_KERNEL_SCAN_H
#define VIA_KERNEL_SCAN_H

#include "kernel/kernel.h"
#include "model/inventory.h"

struct via_scan_options {
	/* PFs with a step under way: their sriov_numvfs is not read (it would wait for the PF's
	 * device lock); the VF count is taken from the virtfn links. */
	const struct via_addr *busy;
	size_t n_busy;
	bool no_names;	 /* leave out libpci's names */
	bool no_holders; /* leave out /proc */
	bool no_netns;	 /* leave out other network namespaces */
};

/* The whole host. 0 and *ret (caller destroys). A malformed attribute is not a failure: the
 * device's `problem` says what was wrong and complete is false. */
int via_scan(struct via_kernel *k, const struct via_scan_options *opt, struct via_inventory **ret,
	struct via_err *err);

/*
 * A new inventory in which the given functions (and the VFs of a given PF) were read again, and the
 * rest is copied from old. Net devices, holders and lifelines are always read again: they are cheap
 * and change without a PCI event.
 */
int via_scan_update(struct via_kernel *k, const struct via_scan_options *opt,
	const struct via_inventory *old, const struct via_addr *changed, size_t n_changed,
	struct via_inventory **ret, struct via_err *err);

/* Who holds one device right now, from /proc and the net devices: the last look before an act.
 * Fills at most max holders (strings in arena); returns the count or a negated errno. */
int via_scan_holders(struct via_kernel *k, struct via_addr addr, struct via_arena *arena,
	struct via_holder *holders, size_t max);

/* The same of a function that hangs while a vfio driver is taken from it: its driver link is gone
 * by then (driver_sysfs_remove comes before the driver's remove, drivers/base/dd.c), so whoever has
 * its group open counts. For messages: a function without a driver beside a held one is named too.
 */
int via_scan_keepers(struct via_kernel *k, struct via_addr addr, struct via_arena *arena,
	struct via_holder *holders, size_t max);

#endif
