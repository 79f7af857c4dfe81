/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk controller whose disks are mounted is in use by the host as surely as a VF with an
 * address: taking it away ends the host.
 */
#include "kernel/scan_storage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

#define MOUNTS_MAX  (1024 * 1024)
#define STACK_DEPTH 8 /* device mapper on md on multipath… ends well below */

/* --- mounts --- */

/* mountinfo writes space, tab, newline and backslash as \ooo (mangle in fs/seq_file.c). */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned int c;

		if (*s == '\\' && sscanf(s + 1, "%3o", &c) == 1 && strlen(s) >= 4) {
			*to++ = (char)c;
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool parse_mount(char *line, struct scan_mount *ret)
{
	char *tail = strstr(line, " - "), *target, *type, *source, *options, *save = NULL;
	int at = 0;

	if (!tail || sscanf(line, "%*d %*d %u:%u %*s %n", &ret->major, &ret->minor, &at) != 2 ||
		!at)
		return false;
	*tail = '\0';
	target = strtok_r(line + at, " ", &save);
	type = strtok_r(tail + 3, " ", &save);
	source = strtok_r(NULL, " ", &save);
	options = strtok_r(NULL, " ", &save);
	if (!target || !type || !source)
		return false;
	unescape(target);
	unescape(source);
	ret->target = target;
	ret->type = type;
	ret->source = source;
	ret->options = options ? options : "";
	return true;
}

int scan_mounts(struct via_kernel *k, int (*fn)(const struct scan_mount *m, void *user), void *user)
{
	via_autofree char *text = malloc(MOUNTS_MAX);
	char *line, *save = NULL;
	int r = 0;

	if (!text)
		return -ENOMEM;
	scan_text(k, "proc/self/mountinfo", text, MOUNTS_MAX);
	for (line = strtok_r(text, "\n", &save); line && r == 0;
		line = strtok_r(NULL, "\n", &save)) {
		struct scan_mount m = {0};

		if (parse_mount(line, &m))
			r = fn(&m, user);
	}
	return r;
}

/* --- what a block device sits on --- */

struct blocks {
	struct via_kernel *k;
	int (*fn)(const char *where, void *user);
	void *user;
	const char *folder; /* of the listing under way */
	int depth;
};

static int visit(struct blocks *b, const char *link);

static int on_slave(const char *name, void *user)
{
	struct blocks *b = user;
	char link[SCAN_PATH_MAX];

	if (snprintf(link, sizeof(link), "sys/class/block/%s", name) >= (int)sizeof(link))
		return 0;
	return visit(b, link);
}

/* Paths of a namespace with several controllers stand in its subsystem: nvme0, nvme1. */
static int on_controller(const char *name, void *user)
{
	struct blocks *b = user;
	char link[SCAN_PATH_MAX], end;
	int number;

	if (sscanf(name, "nvme%d%c", &number, &end) != 1)
		return 0;
	snprintf(link, sizeof(link), "sys/class/nvme/nvme%d", number);
	return visit(b, link);
}

static int below(struct blocks *b, const char *where)
{
	char folder[SCAN_PATH_MAX];
	const char *last = strrchr(where, '/');
	int r;

	if (++b->depth > STACK_DEPTH)
		r = 0;
	else if (strstr(where, "/nvme-subsystem/") && last) {
		snprintf(folder, sizeof(folder), "sys/%.*s", (int)(last - where), where);
		r = b->k->ops->list(b->k, folder, on_controller, b);
	} else {
		snprintf(folder, sizeof(folder), "sys/%.400s/slaves", where);
		r = b->k->ops->list(b->k, folder, on_slave, b);
	}
	b->depth--;
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static int visit(struct blocks *b, const char *link)
{
	char target[SCAN_PATH_MAX];
	const char *where = target;

	if (b->k->ops->readlink(b->k, link, target, sizeof(target)) < 0)
		return 0;
	while (!strncmp(where, "../", 3))
		where += 3;
	if (strncmp(where, "devices/virtual/", 16))
		return b->fn(where, b->user);
	/* NVMe over fabrics is virtual and has nothing below it: it is told as well. */
	if (strstr(where, "/nvme-fabrics/"))
		return b->fn(where, b->user);
	return below(b, where);
}

int scan_block_each(struct via_kernel *k, unsigned int major, unsigned int minor,
	int (*fn)(const char *where, void *user), void *user)
{
	struct blocks b = {.k = k, .fn = fn, .user = user};
	char link[64];

	snprintf(link, sizeof(link), "sys/dev/block/%u:%u", major, minor);
	return visit(&b, link);
}

/* --- functions in use --- */

struct use {
	struct via_kernel *k;
	int (*fn)(struct via_addr addr, const char *use, void *user);
	void *user;
	char text[96];
	dev_t *seen; /* block devices told of already */
	size_t n_seen, cap_seen;
};

static int on_where(const char *where, void *user)
{
	struct use *u = user;
	struct via_addr addr;
	char path[SCAN_PATH_MAX], *part, *save = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "%s", where);
	for (part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save))
		found |= via_addr_parse(part, &addr) == 0;
	return found ? u->fn(addr, u->text, u->user) : 0;
}

/* A disk with a hundred bind mounts is in use once: by the first of them. */
static int use_block(struct use *u, dev_t dev)
{
	dev_t *grown;

	for (size_t i = 0; i < u->n_seen; i++) {
		if (u->seen[i] == dev)
			return 0;
	}
	if (u->n_seen == u->cap_seen) {
		u->cap_seen = u->cap_seen ? u->cap_seen * 2 : 16;
		grown = reallocarray(u->seen, u->cap_seen, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		u->seen = grown;
	}
	u->seen[u->n_seen++] = dev;
	return scan_block_each(u->k, major(dev), minor(dev), on_where, u);
}

static int use_node(struct use *u, const char *node)
{
	struct via_stat st;

	if (node[0] != '/' || u->k->ops->stat(u->k, node + 1, &st) < 0 || !S_ISBLK(st.mode))
		return 0;
	return use_block(u, st.rdev);
}

static int on_mount(const struct scan_mount *m, void *user)
{
	struct use *u = user;

	snprintf(u->text, sizeof(u->text), "mounted at %s", m->target);
	/* btrfs and others have an anonymous number and name a device as their source. */
	if (!m->major)
		return use_node(u, m->source);
	return use_block(u, makedev(m->major, m->minor));
}

static int swaps(struct use *u)
{
	char text[4096], *line, *save = NULL;
	int r = 0;

	scan_text(u->k, "proc/swaps", text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line && r == 0;
		line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " \t")] = '\0';
		unescape(line);
		snprintf(u->text, sizeof(u->text), "swap on %s", line);
		r = use_node(u, line);
	}
	return r;
}

int scan_storage(struct via_kernel *k, int (*fn)(struct via_addr addr, const char *use, void *user),
	void *user)
{
	struct use u = {.k = k, .fn = fn, .user = user};
	int r = scan_mounts(k, on_mount, &u);

	if (r == 0)
		r = swaps(&u);
	free(u.seen);
	return r;
}
