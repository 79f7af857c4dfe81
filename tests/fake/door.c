/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door: each call between fake_enter and fake_leave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fake/state.h"

/* Enough for any test; past it the journal stops. */
#define JOURNAL_MAX (1u << 20)

static struct via_fake *of(struct via_kernel *k)
{
	return (struct via_fake *)k;
}

static void note(struct via_fake *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct via_fake *f, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	f->dirty = true;
	if (f->journal.len > JOURNAL_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	via_strbuf_addf(&f->journal, "%s\n", line);
}

/* What is computed when it is read. May wait, as the kernel does. */
static void refresh(struct via_fake *f, const char *path, struct fake_node **n)
{
	struct fake_node *up = (*n)->parent;
	struct fake_netdev *dev;
	struct via_addr a;

	if (!strcmp((*n)->name, "sriov_numvfs") && up && !via_addr_parse(up->name, &a)) {
		/* sriov_numvfs_show takes the PF's device lock. */
		fake_pf_wait(f, a);
	} else if (up && up->parent && !strcmp(up->parent->name, "net")) {
		dev = fake_netdev_named(f, up->name);
		if (dev)
			fake_netdev_files(f, dev);
	} else {
		return;
	}
	*n = fake_tree_find(&f->tree, NULL, path, true, NULL);
}

static ssize_t read_node(struct via_fake *f, const char *path, void *buf, size_t size)
{
	int error = 0;
	struct fake_node *n = fake_tree_find(&f->tree, NULL, path, true, &error);

	if (n && n->type == FAKE_FILE)
		refresh(f, path, &n);
	if (!n)
		return error ? error : -ENOENT;
	if (n->type == FAKE_DIR)
		return -EISDIR;
	if (n->type != FAKE_FILE)
		return -EOPNOTSUPP;
	if (!(n->mode & 0444))
		return -EACCES;
	if (n->read_error)
		return -n->read_error;
	if (size > n->len)
		size = n->len;
	if (size)
		memcpy(buf, n->data, size);
	return (ssize_t)size;
}

static ssize_t op_read(struct via_kernel *k, const char *path, void *buf, size_t size)
{
	struct via_fake *f = of(k);
	ssize_t r = fake_enter(f, FAKE_OP_read, path);

	if (r)
		return r;
	r = read_node(f, path, buf, size);
	fake_leave(f, FAKE_OP_read, path);
	return r;
}

static int op_write(struct via_kernel *k, const char *path, const char *data, size_t len)
{
	struct via_fake *f = of(k);
	struct fake_node *n;
	int r = fake_enter(f, FAKE_OP_write, path), error = 0;

	if (r)
		return r;
	note(f, "write %s %.*s", path, (int)(len && data[len - 1] == '\n' ? len - 1 : len), data);
	n = fake_tree_find(&f->tree, NULL, path, true, &error);
	r = n ? fake_write(f, n, data, len) : error;
	fake_leave(f, FAKE_OP_write, path);
	return r;
}

static int names_of(struct via_fake *f, const char *path, struct via_strbuf *names)
{
	int error = 0;
	struct fake_node *n = fake_tree_find(&f->tree, NULL, path, true, &error);

	if (!n)
		return error;
	if (n->type != FAKE_DIR)
		return -ENOTDIR;
	for (n = n->first; n; n = n->next)
		via_strbuf_add(names, n->name, strlen(n->name) + 1);
	return 0;
}

static int op_list(struct via_kernel *k, const char *path, via_list_fn *fn, void *user)
{
	via_autostrbuf names = VIA_STRBUF_INIT;
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_list, path);

	if (r)
		return r;
	r = names_of(f, path, &names);
	fake_leave(f, FAKE_OP_list, path);
	for (size_t i = 0; !r && i < names.len; i += strlen(names.s + i) + 1)
		r = fn(names.s + i, user);
	return r;
}

static int op_readlink(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	struct via_fake *f = of(k);
	struct fake_node *n;
	int r = fake_enter(f, FAKE_OP_readlink, path), error = 0;

	if (r)
		return r;
	n = fake_tree_find(&f->tree, NULL, path, false, &error);
	if (!n)
		r = error;
	else if (n->type != FAKE_LINK)
		r = -EINVAL;
	else if (n->len >= size)
		r = -ENAMETOOLONG;
	else
		memcpy(buf, n->data, n->len + 1);
	fake_leave(f, FAKE_OP_readlink, path);
	return r;
}

/* "socket:[12]", "net:[4026531840]": what /proc's magic links lead to. */
static int stat_magic(const struct fake_node *n, struct via_stat *ret)
{
	const char *bracket = n && n->type == FAKE_LINK ? strstr(n->data, ":[") : NULL;

	if (!bracket)
		return -ENOENT;
	*ret = (struct via_stat){
		.mode = strncmp(n->data, "socket", 6) ? S_IFREG | 0444 : S_IFSOCK | 0777,
		.ino = strtoul(bracket + 2, NULL, 10),
		.dev = 4,
		.uid = n->uid};
	return 0;
}

static int stat_node(struct via_fake *f, const char *path, struct via_stat *ret)
{
	static const mode_t types[] = {[FAKE_DIR] = S_IFDIR,
		[FAKE_FILE] = S_IFREG,
		[FAKE_LINK] = S_IFLNK,
		[FAKE_CHR] = S_IFCHR};
	int error = 0;
	struct fake_node *n = fake_tree_find(&f->tree, NULL, path, true, &error);

	if (!n && !stat_magic(fake_tree_find(&f->tree, NULL, path, false, NULL), ret))
		return 0;
	if (!n)
		return error;
	*ret = (struct via_stat){.mode = types[n->type] | n->mode,
		.rdev = n->rdev,
		.dev = 5,
		.ino = n->ino,
		.uid = n->uid};
	return 0;
}

static int op_stat(struct via_kernel *k, const char *path, struct via_stat *ret)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_stat, path);

	if (r)
		return r;
	r = stat_node(f, path, ret);
	fake_leave(f, FAKE_OP_stat, path);
	return r;
}

static int op_get_net(struct via_kernel *k, bool others, struct via_net *ret, struct via_err *err)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_get_net, "");

	if (r)
		return via_err_set(err, r, "RTM_GETLINK: %s", strerror(-r));
	r = fake_get_net(f, others, ret);
	fake_leave(f, FAKE_OP_get_net, "");
	return r;
}

static int op_route_to(struct via_kernel *k, int family, const void *addr, int *ret)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_route_to, "");

	if (r)
		return r;
	r = fake_route_to(f, family, addr, ret);
	fake_leave(f, FAKE_OP_route_to, "");
	return r;
}

/* The subject of faults on netlink calls: the net device's name. */
static const char *subject(struct via_fake *f, int ifindex, char name[16])
{
	struct fake_netdev *n;

	FAKE_GUARD(f);
	n = fake_netdev(f, ifindex);
	snprintf(name, 16, "%s", n ? n->link.name : "");
	return name;
}

static int op_get_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_list *ret, struct via_err *err)
{
	struct via_fake *f = of(k);
	char name[16];
	int r = fake_enter(f, FAKE_OP_get_vfs, subject(f, ifindex, name));

	if (!r) {
		r = fake_get_vfs(f, ifindex, ret);
		fake_leave(f, FAKE_OP_get_vfs, name);
	}
	return r ? via_err_set(err, r, "RTM_GETLINK %d: %s", ifindex, strerror(-r)) : 0;
}

static int op_set_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_set *sets, size_t n, struct via_err *err)
{
	struct via_fake *f = of(k);
	char name[16];
	int r = fake_enter(f, FAKE_OP_set_vfs, subject(f, ifindex, name));

	if (r)
		return via_err_set(err, r, "RTM_SETLINK %s: %s", name, strerror(-r));
	for (size_t i = 0; i < n; i++) {
		note(f, "set_vfs %s %u 0x%x", name, sets[i].index, sets[i].attrs.known);
		fake_set_vf(f, ifindex, &sets[i]);
	}
	fake_leave(f, FAKE_OP_set_vfs, name);
	return 0;
}

static int op_set_link(
	struct via_kernel *k, int ifindex, const struct via_link_set *set, struct via_err *err)
{
	struct via_fake *f = of(k);
	char name[16];
	int r = fake_enter(f, FAKE_OP_set_link, subject(f, ifindex, name));

	if (r)
		return via_err_set(err, r, "RTM_SETLINK %s: %s", name, strerror(-r));
	if (set->has_up)
		note(f, "set_link %s %s", name, set->up ? "up" : "down");
	if (set->has_mtu)
		note(f, "set_link %s mtu %u", name, set->mtu);
	r = fake_set_link(f, ifindex, set, err);
	fake_leave(f, FAKE_OP_set_link, name);
	return r;
}

static int op_get_eswitch(struct via_kernel *k, struct via_addr pf, char *buf, size_t size)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_get_eswitch, via_addr_fmt(pf));

	if (r)
		return r;
	r = fake_get_eswitch(f, pf, buf, size);
	fake_leave(f, FAKE_OP_get_eswitch, via_addr_fmt(pf));
	return r;
}

static int op_set_eswitch(
	struct via_kernel *k, struct via_addr pf, const char *mode, struct via_err *err)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_set_eswitch, via_addr_fmt(pf));

	if (r)
		return via_err_set(err, r, "devlink %s: %s", via_addr_fmt(pf), strerror(-r));
	note(f, "set_eswitch %s %s", via_addr_fmt(pf), mode);
	r = fake_set_eswitch(f, pf, mode, err);
	fake_leave(f, FAKE_OP_set_eswitch, via_addr_fmt(pf));
	return r;
}

static int op_load_module(struct via_kernel *k, const char *name)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_load_module, name);

	if (r)
		return r;
	note(f, "load_module %s", name);
	r = fake_load_module(f, name);
	fake_leave(f, FAKE_OP_load_module, name);
	return r;
}

static int collect(const char *name, void *user)
{
	via_strbuf_add(user, name, strlen(name) + 1);
	return 0;
}

static int op_lookup_alias(struct via_kernel *k, const char *alias, via_list_fn *fn, void *user)
{
	via_autostrbuf names = VIA_STRBUF_INIT;
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_lookup_alias, alias);

	if (r)
		return r;
	r = fake_modalias_each(f, alias, collect, &names);
	fake_leave(f, FAKE_OP_lookup_alias, alias);
	for (size_t i = 0; !r && i < names.len; i += strlen(names.s + i) + 1)
		r = fn(names.s + i, user);
	return r;
}

static int op_uevent_fd(struct via_kernel *k)
{
	struct via_fake *f = of(k);

	FAKE_GUARD(f);
	f->listening = true;
	return f->event_fd;
}

static int op_next_uevent(struct via_kernel *k, struct via_uevent *ret)
{
	struct via_fake *f = of(k);
	int r = fake_enter(f, FAKE_OP_next_uevent, "");

	if (r)
		return r;
	r = fake_next_uevent(f, ret);
	fake_leave(f, FAKE_OP_next_uevent, "");
	return r;
}

const struct via_kernel_ops fake_ops = {
	.read = op_read,
	.write = op_write,
	.list = op_list,
	.readlink = op_readlink,
	.stat = op_stat,
	.get_net = op_get_net,
	.route_to = op_route_to,
	.get_vfs = op_get_vfs,
	.set_vfs = op_set_vfs,
	.set_link = op_set_link,
	.get_eswitch = op_get_eswitch,
	.set_eswitch = op_set_eswitch,
	.load_module = op_load_module,
	.lookup_alias = op_lookup_alias,
	.uevent_fd = op_uevent_fd,
	.next_uevent = op_next_uevent,
	.destroy = fake_destroy,
};
