/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the scan: block devices in use, and what they sit on. */
#ifndef VIA_KERNEL_SCAN_STORAGE_H
#define VIA_KERNEL_SCAN_STORAGE_H

#include "kernel/scan_parts.h"

/* Calls fn for every function below a mounted or swapped-on block device; use is "mounted at /". */
int scan_storage(struct via_kernel *k, int (*fn)(struct via_addr addr, const char *use, void *user),
	void *user);

/*
 * Calls fn with where each real device below a block device is ("devices/pci0000:00/…/block/sda"):
 * through device mapper, md and NVMe multipath. Stops at and returns the first non-zero.
 */
int scan_block_each(struct via_kernel *k, unsigned int major, unsigned int minor,
	int (*fn)(const char *where, void *user), void *user);

/* One line of proc/self/mountinfo (Documentation/filesystems/proc.rst, 3.5). */
struct scan_mount {
	unsigned int major, minor; /* 0:N when there is no one block device behind it */
	const char *target, *type, *source, *options;
};
/* Calls fn for every mount. The texts live during the call. */
int scan_mounts(
	struct via_kernel *k, int (*fn)(const struct scan_mount *m, void *user), void *user);

#endif
