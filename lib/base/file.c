/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

/* Anything but a regular file may block or never end: a FIFO, a device. O_NONBLOCK keeps the open
 * itself from waiting for a FIFO's writer. */
static int open_regular(int dirfd, const char *path)
{
	via_autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	return via_steal_fd(&fd);
}

/* All of it, up to max bytes: 0, -EFBIG or as read(2). */
static int read_all(int fd, size_t max, struct via_strbuf *b)
{
	char buf[16384];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		via_strbuf_add(b, buf, (size_t)n);
		if (b->failed)
			return -ENOMEM;
		if (b->len > max)
			return -EFBIG;
	}
}

int via_file_read(
	int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct via_err *err)
{
	via_autoclose int fd = open_regular(dirfd, path);
	via_autostrbuf b = VIA_STRBUF_INIT;
	size_t len;
	char *text;
	int r;

	if (fd < 0)
		return via_err_set(err, fd, "%s: cannot open: %s", path,
			fd == -EINVAL ? "it is no regular file" : strerror(-fd));
	r = read_all(fd, max, &b);
	if (r == -EFBIG)
		return via_err_set(err, r,
			"%s: larger than %zu bytes, which no such file should be", path, max);
	if (r < 0)
		return via_err_set(err, r, "%s: cannot read: %s", path, strerror(-r));
	len = b.len;
	text = via_strbuf_steal(&b);
	if (!text)
		return via_err_set(err, -ENOMEM, "%s: out of memory", path);
	*ret = text;
	*ret_len = len;
	return 0;
}

int via_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_new(int dirfd, const char *path, const void *data, size_t len, unsigned int mode)
{
	via_autoclose int fd = -1;
	int r;

	/* What a crash left behind may be a link, or have another mode: start from nothing. */
	if (unlinkat(dirfd, path, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = via_write_all(fd, data, len);
	if (r < 0)
		return r;
	return fsync(fd) < 0 ? -errno : 0;
}

static int sync_parent(int dirfd, const char *path)
{
	char dir[PATH_MAX];
	char *slash;
	via_autoclose int fd = -1;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = openat(dirfd, slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int via_file_replace(int dirfd, const char *path, const void *data, size_t len, unsigned int mode,
	struct via_err *err)
{
	char tmp[PATH_MAX];
	int r;

	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
		return via_err_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
	r = write_new(dirfd, tmp, data, len, mode);
	if (r == 0 && renameat(dirfd, tmp, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return via_err_set(err, r, "%s: cannot write: %s", path, strerror(-r));
	}
	r = sync_parent(dirfd, path);
	return r < 0 ? via_err_set(err, r, "%s: cannot sync its directory: %s", path, strerror(-r))
		     : 0;
}
