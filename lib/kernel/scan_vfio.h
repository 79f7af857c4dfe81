/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the scan: which process has which vfio node open. */
#ifndef VIA_KERNEL_SCAN_VFIO_H
#define VIA_KERNEL_SCAN_VFIO_H

#include "kernel/kernel.h"

/* A node somebody has open: the group's, or one function's. */
struct scan_vfio_open {
	int pid;
	int group;	      /* -1: it is a function's */
	struct via_addr addr; /* of the function when group is -1 */
};

struct scan_vfio {
	struct scan_vfio_open *list;
	size_t n, cap;
};

/*
 * Look at every descriptor of every process. 0 or a negated errno: when one process cannot be
 * looked at (EACCES), nobody can say that nobody holds a device. Caller frees list. Never opens a
 * node: that would steal a group from a guest that is starting.
 */
int scan_vfio_opens(struct via_kernel *k, struct scan_vfio *ret);

#endif
