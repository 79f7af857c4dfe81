/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file of the store: {"version": 1, ...}, replaced whole, the one before kept as NAME.bak. */
#ifndef VIA_DAEMON_STORE_FILE_H
#define VIA_DAEMON_STORE_FILE_H

#include <json-c/json.h>

#include "base/err.h"

#define VIA_STORE_VERSION 1

/* 0 and *ret: an object, or NULL when there is no such file. -EUCLEAN: damaged, see the message. */
int via_store_file_load(
	int dirfd, const char *dir, const char *name, json_object **ret, struct via_err *err);
/* Say so for a file whose contents are wrong: what stands in err gets name and remedy. */
int via_store_file_damaged(const char *dir, const char *name, struct via_err *err);
/* o (taken over) gets its version. */
int via_store_file_save(
	int dirfd, const char *dir, const char *name, json_object *o, struct via_err *err);

#endif
