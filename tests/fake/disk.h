/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk over the real one that knows what would be lost: it can fill up, fail, stop in the middle
 * of a call, and lose its power, after which the directory holds only what was synced. One
 * directory each.
 */
#ifndef FAKE_DISK_H
#define FAKE_DISK_H

#include <stdbool.h>

#include "base/disk.h"

enum via_fake_disk_op {
	VIA_FAKE_DISK_OPEN,
	VIA_FAKE_DISK_APPEND,
	VIA_FAKE_DISK_SYNC,
	VIA_FAKE_DISK_CUT,
	VIA_FAKE_DISK_REPLACE,
	VIA_FAKE_DISK_KEEP,
	VIA_FAKE_DISK_REMOVE,
	VIA_FAKE_DISK_ANY,
};

enum via_fake_disk_when {
	VIA_FAKE_DISK_BEFORE, /* the call has no effect */
	VIA_FAKE_DISK_MIDDLE, /* it has, but nothing of it is durable */
	VIA_FAKE_DISK_AFTER,  /* it is as it should be, only the caller does not learn of it */
};

struct via_fake_disk;
struct via_fake_disk *via_fake_disk_create(void);
void via_fake_disk_destroy(struct via_fake_disk *k); /* takes NULL */
struct via_disk *via_fake_disk_door(struct via_fake_disk *k);

/* The NTH call of this kind from now (1: the next) fails with -error; an append writes `part` bytes
 * first. times: it and so many in all (0: from then on always). Several at once. */
void via_fake_disk_fail(struct via_fake_disk *k, enum via_fake_disk_op op, unsigned int nth,
	unsigned int times, int error, size_t part);
void via_fake_disk_heal(struct via_fake_disk *k);
/* So many bytes are free (SIZE_MAX: no end of them): what goes beyond is written in part, -ENOSPC.
 */
void via_fake_disk_space(struct via_fake_disk *k, size_t bytes);
/* At the NTH call from now the world stops: that call and all later ones are -EIO. */
void via_fake_disk_stop(struct via_fake_disk *k, unsigned int nth, enum via_fake_disk_when when);
bool via_fake_disk_stopped(const struct via_fake_disk *k);
/* Called at that moment, with everything stopped: to cut the power and die. NULL: nothing. */
void via_fake_disk_on_stop(struct via_fake_disk *k, void (*fn)(void *user), void *user);
/* Calls so far. */
unsigned int via_fake_disk_calls(const struct via_fake_disk *k);

struct via_fake_power_cut {
	size_t tail;  /* bytes of unsynced appended data that came through; SIZE_MAX: all */
	bool zeroes;  /* their length came through, and they did not */
	bool cuts;    /* cuts that were not synced came through */
	bool entries; /* names changed in the directory came through though it was not synced */
};
/* All calls fail from here on, and the directory has what was durable, and what `how` adds to it.
 */
void via_fake_disk_power_cut(struct via_fake_disk *k, const struct via_fake_power_cut *how);

#endif
