/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

int via_file_read(
	int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct via_err *err)
{
	via_autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	via_autostrbuf b = VIA_STRBUF_INIT;
	char buf[16384];
	ssize_t n;

	if (fd < 0)
		return via_err_set(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		via_strbuf_add(&b, buf, (size_t)n);
		if (b.len > max)
			return via_err_set(err, -EFBIG,
				"%s: larger than %zu bytes, which no such file should be", path, max);
	}
	if (n < 0)
		return via_err_set(err, -errno, "%s: cannot read: %s", path, strerror(errno));
	*ret_len = b.len;
	*ret = via_strbuf_steal(&b);
	return *ret ? 0 : via_err_set(err, -ENOMEM, "%s: out of memory", path);
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
	via_autoclose int fd =
		openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

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
	return r < 0 ? via_err_set(err, r, "%s: cannot sync its directory: %s", path, strerror(-r)) :
		       0;
}
