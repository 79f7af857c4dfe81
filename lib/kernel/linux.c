/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real door: files under the root descriptor; the rest is in rtnl, devlink, modules, uevent. */
#include "kernel/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/devlink.h"
#include "kernel/modules.h"
#include "kernel/netns.h"
#include "kernel/rtnl.h"
#include "kernel/uevent.h"

struct linux_door {
	struct via_kernel k;
	int root;
	bool own_root;
	bool host; /* root is "/": netlink, modules and uevents are this host's */
	struct via_uevents *uevents;
};

static struct linux_door *door(struct via_kernel *k)
{
	return (struct linux_door *)((char *)k - offsetof(struct linux_door, k));
}

/* Relative, and no way up: a name taken from the host must not lead out of the tree. */
static bool is_path(const char *path)
{
	if (!*path || *path == '/')
		return false;
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (p[0] == '.' && p[1] == '.' && (!p[2] || p[2] == '/'))
			return false;
	}
	return true;
}

static int open_path(struct via_kernel *k, const char *path, int flags)
{
	int fd;

	if (!is_path(path))
		return -EINVAL;
	do
		fd = openat(door(k)->root, path, flags | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static ssize_t linux_read(struct via_kernel *k, const char *path, void *buf, size_t size)
{
	/* kernfs gives a whole attribute in one read; a seq_file of /proc gives it in pieces. */
	bool whole = strncmp(path, "sys/", 4) == 0;
	via_autoclose int fd = open_path(k, path, O_RDONLY);
	size_t len = 0;

	if (fd < 0)
		return fd;
	while (len < size) {
		ssize_t n = pread(fd, (char *)buf + len, size - len, (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (n == 0 || whole)
			break;
	}
	return (ssize_t)len;
}

static int linux_write(struct via_kernel *k, const char *path, const char *data, size_t len)
{
	via_autoclose int fd = open_path(k, path, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	/* Not repeated on EINTR: a store that was interrupted may have done part of its work. */
	n = write(fd, data, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static int list_buffer(const char *buf, size_t len, via_list_fn *fn, void *user)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len;) {
		const struct dirent64 *e = (const struct dirent64 *)(buf + at);

		at += e->d_reclen;
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = fn(e->d_name, user);
	}
	return r;
}

static int linux_list(struct via_kernel *k, const char *path, via_list_fn *fn, void *user)
{
	_Alignas(struct dirent64) char buf[16 * 1024];
	via_autoclose int fd = open_path(k, path, O_RDONLY | O_DIRECTORY);
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return fd;
	do {
		n = getdents64(fd, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		r = list_buffer(buf, (size_t)n, fn, user);
	} while (r == 0 && n > 0);
	return r;
}

static int linux_readlink(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	ssize_t n;

	if (!is_path(path))
		return -EINVAL;
	n = readlinkat(door(k)->root, path, buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return 0;
}

static int linux_stat(struct via_kernel *k, const char *path, struct via_stat *ret)
{
	struct statx st;

	if (!is_path(path))
		return -EINVAL;
	/* A process' descriptor may lead to a file on a server that is gone: do not ask it. */
	if (statx(door(k)->root, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS,
		    &st) < 0)
		return -errno;
	*ret = (struct via_stat){.mode = st.stx_mode,
		.rdev = makedev(st.stx_rdev_major, st.stx_rdev_minor),
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
		.uid = st.stx_uid};
	return 0;
}

static int linux_get_net(
	struct via_kernel *k, bool others, struct via_net *ret, struct via_err *err)
{
	VIA_CLEANUP(via_net_finish) struct via_net net = {0};
	int r = 0;

	if (door(k)->host)
		r = via_rtnl_get_net(&net, err);
	if (r < 0)
		return r;
	if (door(k)->host && others)
		r = via_netns_add_links(door(k)->root, &net);
	if (r < 0)
		return via_err_set(
			err, r, "cannot look into other network namespaces: %s", strerror(-r));
	*ret = net;
	net = (struct via_net){0};
	return 0;
}

static int linux_route_to(struct via_kernel *k, int family, const void *addr, int *ret_ifindex)
{
	return door(k)->host ? via_rtnl_route_to(family, addr, ret_ifindex) : -ENETUNREACH;
}

static int not_here(const char *what, struct via_err *err)
{
	return via_err_set(err, -EOPNOTSUPP, "%s: this is a copy of a host, not a host", what);
}

static int linux_get_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_list *ret, struct via_err *err)
{
	return door(k)->host ? via_rtnl_get_vfs(ifindex, ret, err) : not_here("reading VFs", err);
}

static int linux_set_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_set *sets, size_t n, struct via_err *err)
{
	return door(k)->host ? via_rtnl_set_vfs(ifindex, sets, n, err)
			     : not_here("setting VFs", err);
}

static int linux_set_link(
	struct via_kernel *k, int ifindex, const struct via_link_set *set, struct via_err *err)
{
	return door(k)->host ? via_rtnl_set_link(ifindex, set, err)
			     : not_here("changing a net device", err);
}

static int linux_get_eswitch(struct via_kernel *k, struct via_addr pf, char *buf, size_t size)
{
	return door(k)->host ? via_devlink_get_eswitch(pf, buf, size) : -EOPNOTSUPP;
}

static int linux_set_eswitch(
	struct via_kernel *k, struct via_addr pf, const char *mode, struct via_err *err)
{
	return door(k)->host ? via_devlink_set_eswitch(pf, mode, err)
			     : not_here("setting the eswitch mode", err);
}

static int linux_load_module(struct via_kernel *k, const char *name)
{
	return door(k)->host ? via_modules_load(door(k)->root, name) : -EOPNOTSUPP;
}

static int linux_lookup_alias(struct via_kernel *k, const char *alias, via_list_fn *fn, void *user)
{
	return door(k)->host ? via_modules_lookup(alias, fn, user) : 0;
}

static int linux_uevent_fd(struct via_kernel *k)
{
	struct linux_door *d = door(k);
	int r = 0;

	if (!d->host)
		return -EOPNOTSUPP;
	if (!d->uevents)
		r = via_uevents_create(d->root, &d->uevents);
	return r < 0 ? r : via_uevents_fd(d->uevents);
}

static int linux_next_uevent(struct via_kernel *k, struct via_uevent *ret)
{
	struct linux_door *d = door(k);

	return d->uevents ? via_uevents_next(d->uevents, ret) : 0;
}

static void linux_destroy(struct via_kernel *k)
{
	struct linux_door *d = door(k);

	via_uevents_destroy(d->uevents);
	if (d->own_root)
		close(d->root);
	free(d);
}

static const struct via_kernel_ops linux_ops = {
	.read = linux_read,
	.write = linux_write,
	.list = linux_list,
	.readlink = linux_readlink,
	.stat = linux_stat,
	.get_net = linux_get_net,
	.route_to = linux_route_to,
	.get_vfs = linux_get_vfs,
	.set_vfs = linux_set_vfs,
	.set_link = linux_set_link,
	.get_eswitch = linux_get_eswitch,
	.set_eswitch = linux_set_eswitch,
	.load_module = linux_load_module,
	.lookup_alias = linux_lookup_alias,
	.uevent_fd = linux_uevent_fd,
	.next_uevent = linux_next_uevent,
	.destroy = linux_destroy,
};

static bool is_host(int root)
{
	struct stat a, b;

	return fstat(root, &a) == 0 && stat("/", &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int via_kernel_linux_create(int root, struct via_kernel **ret, struct via_err *err)
{
	struct linux_door *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return via_err_set(err, -ENOMEM, "out of memory");
	d->k.ops = &linux_ops;
	d->own_root = root < 0;
	d->root = root < 0 ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : root;
	if (d->root < 0) {
		r = -errno;
		free(d);
		return via_err_set(err, r, "cannot open /: %s", strerror(-r));
	}
	d->host = is_host(d->root);
	*ret = &d->k;
	return 0;
}
