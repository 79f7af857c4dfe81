/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to the disk that state is kept on: what must survive a crash goes through it, so that a
 * test can fill the disk or cut the power between a write and its sync. via_disk_linux is the real
 * one; tests/fake/disk.h has the one that forgets what was not synced.
 */
#ifndef VIA_BASE_DISK_H
#define VIA_BASE_DISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct via_disk;

/* All return 0 (open: a descriptor) or a negated errno. dirfd: of the state directory. */
struct via_disk_ops {
	/* Open NAME for reading and appending, made with mode 0600 when it is not there; its entry
	 * in the directory is durable when this returns. Close it with close(2). */
	int (*open)(struct via_disk *k, int dirfd, const char *name);
	/* At the end of the file. On failure a part of it may stand there: cut it off. */
	int (*append)(struct via_disk *k, int fd, const void *data, size_t len);
	/* What was appended or cut is durable when this returns. */
	int (*sync)(struct via_disk *k, int fd);
	int (*cut)(struct via_disk *k, int fd, uint64_t size);
	/* As via_file_replace(): the old or the new contents, whole; durable when it returns. */
	int (*replace)(struct via_disk *k, int dirfd, const char *name, const void *data,
		size_t len, unsigned int mode);
	/* Keep NAME's present contents as OTHER (a link), replacing that. No NAME: nothing to do.
	 */
	int (*keep)(struct via_disk *k, int dirfd, const char *name, const char *other);
	/* Gone, durably. -ENOENT is 0. */
	int (*remove)(struct via_disk *k, int dirfd, const char *name);
};

struct via_disk {
	const struct via_disk_ops *ops;
};

/* Linux's, without any state. */
struct via_disk *via_disk_linux(void);

#endif
