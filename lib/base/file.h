/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files under a directory descriptor: whole reads, durable writes. */
#ifndef VIA_BASE_FILE_H
#define VIA_BASE_FILE_H

#include <stddef.h>
#include "base/err.h"

/*
 * Read all of a regular file into fresh memory (caller frees; a NUL follows the data).
 * -EFBIG above max bytes; other errors as open(2) and read(2). err names path.
 */
int via_file_read(
	int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct via_err *err);

/*
 * Replace a file so that after a crash either the old or the new content is there, whole:
 * write PATH.new, fsync, rename, fsync the directory. PATH.new is removed on failure.
 * mode: permission bits of a new file.
 */
int via_file_replace(int dirfd, const char *path, const void *data, size_t len, unsigned int mode,
	struct via_err *err);

/* Write every byte, through short writes and EINTR. */
int via_write_all(int fd, const void *data, size_t len);

#endif
