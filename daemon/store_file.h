/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file of the state directory: {"version": 1, ...}, replaced whole, the one before kept as
 * NAME.bak. */
#ifndef VIA_DAEMON_STORE_FILE_H
#define VIA_DAEMON_STORE_FILE_H

#include <json-c/json.h>

#include "base/disk.h"

#define VIA_STORE_VERSION 1

struct via_store_place {
	struct via_disk *disk;
	int dirfd;
	const char *dir; /* for messages */
};

struct via_store_file {
	const char *name;
	/* Is this what it should hold? 0, below 0, or a refusal. */
	int (*check)(json_object *o, struct via_err *err);
	const char *without; /* what it means to start without it, as the end of a sentence */
};

/* 0 and *ret: an object that was checked, or NULL when there is no such file. -EUCLEAN: damaged;
 * the message names file and place. */
int via_store_file_read(const struct via_store_place *p, const struct via_store_file *f,
	json_object **ret, struct via_err *err);
/* The same, and the message ends with a command that helps. */
int via_store_file_load(const struct via_store_place *p, const struct via_store_file *f,
	json_object **ret, struct via_err *err);
/* o (taken over) gets its version. */
int via_store_file_save(
	const struct via_store_place *p, const char *name, json_object *o, struct via_err *err);

#endif
