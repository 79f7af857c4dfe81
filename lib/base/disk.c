/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static int disk_open(struct via_disk *k, int dirfd, const char *name)
{
	via_autoclose int fd =
		openat(dirfd, name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	(void)k;
	/* The file's own entry must survive a crash as well. */
	if (fd < 0 || fsync(dirfd) < 0)
		return -errno;
	return via_steal_fd(&fd);
}

static int disk_append(struct via_disk *k, int fd, const void *data, size_t len)
{
	(void)k;
	return via_write_all(fd, data, len);
}

/* fdatasync(2): a change of size is flushed too, as the data could not be read back without. */
static int disk_sync(struct via_disk *k, int fd)
{
	(void)k;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int disk_cut(struct via_disk *k, int fd, uint64_t size)
{
	(void)k;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int disk_replace(struct via_disk *k, int dirfd, const char *name, const void *data,
	size_t len, unsigned int mode)
{
	(void)k;
	return via_file_replace(dirfd, name, data, len, mode, NULL);
}

/* By way of a third name, so that OTHER is never missing. */
static int disk_keep(struct via_disk *k, int dirfd, const char *name, const char *other)
{
	char tmp[PATH_MAX];
	int r = 0;

	(void)k;
	if (snprintf(tmp, sizeof(tmp), "%s.new", other) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	if (unlinkat(dirfd, tmp, 0) < 0 && errno != ENOENT)
		return -errno;
	if (linkat(dirfd, name, dirfd, tmp, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (renameat(dirfd, tmp, dirfd, other) < 0)
		r = -errno;
	/* rename(2) does nothing when both are links to the same file: OTHER is kept already. */
	(void)unlinkat(dirfd, tmp, 0);
	return r;
}

static int disk_remove(struct via_disk *k, int dirfd, const char *name)
{
	(void)k;
	if (unlinkat(dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return fsync(dirfd) < 0 ? -errno : 0;
}

static const struct via_disk_ops ops = {
	.open = disk_open,
	.append = disk_append,
	.sync = disk_sync,
	.cut = disk_cut,
	.replace = disk_replace,
	.keep = disk_keep,
	.remove = disk_remove,
};

struct via_disk *via_disk_linux(void)
{
	static struct via_disk disk = {.ops = &ops};

	return &disk;
}
