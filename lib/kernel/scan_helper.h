/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to the scan: a second thread for hosts with many functions. It reads through the door and
 * touches nothing of the inventory; what it finds is taken over by the scan's own thread.
 */
#ifndef VIA_KERNEL_SCAN_HELPER_H
#define VIA_KERNEL_SCAN_HELPER_H

#include <pthread.h>
#include <semaphore.h>

#include "kernel/kernel.h"
#include "kernel/pci.h"
#include "kernel/scan_vfio.h"

/* Who drives what, by the links in the drivers' directories; sorted by address. */
struct scan_driver;
struct scan_drivers {
	char (*names)[64];
	size_t n_names, cap_names;
	struct scan_driver *list;
	size_t n, cap;
};
int scan_drivers_read(struct via_kernel *k, struct scan_drivers *ret); /* 0 or a negated errno */
const char *scan_drivers_of(const struct scan_drivers *t, struct via_addr addr); /* NULL: none */
bool scan_drivers_any_vfio(const struct scan_drivers *t);
void scan_drivers_finish(struct scan_drivers *t);

struct scan_helper {
	struct via_pci_names *names; /* opened; NULL when not asked for */
	/* Found ahead of time; all valid after scan_helper_join. */
	bool has_drivers, has_opens;
	int drivers_result, opens_result;
	struct scan_drivers drivers;
	struct scan_vfio opens;
	/* private */
	struct via_kernel *k;
	bool want_holders, want_names, running;
	pthread_t thread;
	sem_t go;
	void (*share)(void *user);
	void *user;
};

/* Starts looking at drivers, at open vfio nodes with holders, and opens the names with names.
 * Without a second processor or a thread nothing happens, and the other calls still work. */
void scan_helper_start(struct scan_helper *h, struct via_kernel *k, bool holders, bool names);
/* Have share(user) run there as well, as soon as it is free. At most once. */
void scan_helper_share(struct scan_helper *h, void (*share)(void *user), void *user);
void scan_helper_join(struct scan_helper *h);
/* Joins, and frees what was found. Takes a zeroed one. */
void scan_helper_finish(struct scan_helper *h);

#endif
