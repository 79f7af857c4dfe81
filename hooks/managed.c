/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STATE/managed.json, which viaductd writes: {"version": 1, "pfs": […], "functions": […]}, PCI
 * addresses. pfs: managed with all their VFs. functions: claimed or bound ones. No such file:
 * viaductd has never run on this host, and nothing is its.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "hooks/judge.h"

#define MANAGED_FILE "managed.json"
#define FILE_MAX     (16u << 20) /* a million functions */
#define NIC_CLASS    0x02	 /* PCI base class: network controller */

struct addrs {
	size_t n;
	struct via_addr *list;
};

struct managed {
	uint32_t version;
	struct addrs pfs, functions;
};

static void managed_finish(struct managed *m)
{
	free(m->pfs.list);
	free(m->functions.list);
}

static int add(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct addrs *a = user;

	return via_json_addr(c, o, &a->list[i], NULL);
}

static int decode_addrs(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct addrs *a = dst;

	(void)f;
	if (!json_object_is_type(o, json_type_array))
		return via_json_fail(c, "must be an array");
	free(a->list);
	a->n = json_object_array_length(o);
	a->list = calloc(a->n + 1, sizeof(*a->list));
	if (!a->list)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	return via_json_array(c, o, add, a);
}

static const struct via_json_field fields[] = {
	{.key = "version",
		.decode = via_json_u32,
		.offset = offsetof(struct managed, version),
		.min = 1,
		.max = 1,
		.required = true},
	{.key = "pfs",
		.decode = decode_addrs,
		.offset = offsetof(struct managed, pfs),
		.required = true},
	{.key = "functions",
		.decode = decode_addrs,
		.offset = offsetof(struct managed, functions),
		.required = true},
	{0},
};

/* 0, -ENOENT, or any other failure: err names the file. */
static int load(const struct via_hook *h, struct managed *m, struct via_err *err)
{
	via_autofree char *text = NULL;
	via_autojson *o = NULL;
	struct via_json_ctx c = {.err = err};
	char path[PATH_MAX];
	size_t len;
	int r;

	if (snprintf(path, sizeof(path), "%s/" MANAGED_FILE, h->p->state_dir) >= (int)sizeof(path))
		return via_err_set(err, -ENAMETOOLONG, "the path to " MANAGED_FILE " is too long");
	r = via_file_read(AT_FDCWD, path, FILE_MAX, &text, &len, err);
	if (r)
		return r;
	r = via_json_parse(text, len, false, &o, err);
	if (r == 0)
		r = via_json_object(&c, o, fields, m);
	if (r)
		via_err_prefix(err, "%s", path);
	return r > 0 ? -EUCLEAN : r;
}

static int sysfs_path(
	const struct via_hook *h, struct via_addr a, const char *name, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/sys/bus/pci/devices/%s/%s", h->p->root, via_addr_fmt(a),
		       name) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

/* The PF of a VF. -ENOENT: it is none, or there is no such function. */
static int physfn(const struct via_hook *h, struct via_addr a, struct via_addr *ret)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;

	if (sysfs_path(h, a, "physfn", path) < 0)
		return -ENAMETOOLONG;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	name = strrchr(target, '/');
	return via_addr_parse(name ? name + 1 : target, ret);
}

/* A VF, or of class 02xxxx. What cannot be looked at counts as one. */
static bool is_nic(const struct via_hook *h, struct via_addr a)
{
	via_autofree char *text = NULL;
	char path[PATH_MAX];
	struct via_addr pf;
	uint64_t class;
	size_t len;
	int r;

	if (physfn(h, a, &pf) != -ENOENT || sysfs_path(h, a, "class", path) < 0)
		return true;
	r = via_file_read(AT_FDCWD, path, 4096, &text, &len, NULL);
	if (r)
		return r != -ENOENT;
	text[strcspn(text, "\n")] = '\0';
	return via_parse_hex(text, 0xffffff, &class) < 0 || class >> 16 == NIC_CLASS;
}

static bool has(const struct addrs *list, struct via_addr a)
{
	for (size_t i = 0; i < list->n; i++)
		if (via_addr_eq(list->list[i], a))
			return true;
	return false;
}

static int check_dev(
	const struct via_hook *h, const struct managed *m, struct via_addr a, struct via_err *err)
{
	struct via_addr pf;
	int r;

	if (has(&m->functions, a))
		return via_err_set(err, 1, "%s is held by viaduct", via_addr_fmt(a));
	if (has(&m->pfs, a))
		return via_err_set(err, 1, "%s is managed by viaduct", via_addr_fmt(a));
	r = physfn(h, a, &pf);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return via_err_set(
			err, r, "the PF of %s cannot be told: %s", via_addr_fmt(a), strerror(-r));
	if (!has(&m->pfs, pf))
		return 0;
	return via_err_set(err, 1, "%s is a VF of %s, which viaduct manages", via_addr_fmt(a),
		via_addr_fmt(pf));
}

static int without_file(const struct via_hook *h, int r)
{
	for (size_t i = 0; i < h->dom.n_devs; i++)
		if (is_nic(h, h->dom.devs[i].addr))
			return r;
	return 0;
}

int via_hook_managed(const struct via_hook *h, struct via_err *err)
{
	__attribute__((cleanup(managed_finish))) struct managed m = {0};
	int r = load(h, &m, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return without_file(h, r);
	for (size_t i = 0; r == 0 && i < h->dom.n_devs; i++)
		r = check_dev(h, &m, h->dom.devs[i].addr, err);
	return r;
}
