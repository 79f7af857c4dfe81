/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listing a driver's directory costs a few system calls for all its functions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/scan_helper.h"
#include "model/policy.h"

struct scan_driver {
	struct via_addr addr;
	uint32_t name; /* index */
};

struct walk {
	struct via_kernel *k;
	struct scan_drivers *t;
};

static int on_function(const char *name, void *user)
{
	struct scan_drivers *t = ((struct walk *)user)->t;
	struct scan_driver *grown;
	struct via_addr addr;

	if (via_addr_parse(name, &addr)) /* bind, new_id, module… */
		return 0;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 256;
		grown = reallocarray(t->list, t->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->list = grown;
	}
	t->list[t->n++] = (struct scan_driver){addr, (uint32_t)t->n_names - 1};
	return 0;
}

static int on_driver(const char *name, void *user)
{
	struct walk *w = user;
	struct scan_drivers *t = w->t;
	char path[sizeof("sys/bus/pci/drivers/") + sizeof(*t->names)];
	char(*grown)[64];
	int r;

	if (strlen(name) >= sizeof(*t->names))
		return 0;
	if (t->n_names == t->cap_names) {
		t->cap_names = t->cap_names ? t->cap_names * 2 : 32;
		grown = reallocarray(t->names, t->cap_names, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->names = grown;
	}
	strcpy(t->names[t->n_names++], name);
	snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s", name);
	r = w->k->ops->list(w->k, path, on_function, w);
	return r == -ENOMEM ? r : 0; /* a driver may be unloaded meanwhile */
}

static int by_address(const void *a, const void *b)
{
	return via_addr_cmp(
		((const struct scan_driver *)a)->addr, ((const struct scan_driver *)b)->addr);
}

int scan_drivers_read(struct via_kernel *k, struct scan_drivers *ret)
{
	struct walk w = {k, ret};
	int r = k->ops->list(k, "sys/bus/pci/drivers", on_driver, &w);

	if (ret->n)
		qsort(ret->list, ret->n, sizeof(*ret->list), by_address);
	return r == -ENOENT ? 0 : r;
}

const char *scan_drivers_of(const struct scan_drivers *t, struct via_addr addr)
{
	struct scan_driver key = {.addr = addr};
	const struct scan_driver *d =
		t->n ? bsearch(&key, t->list, t->n, sizeof(*t->list), by_address) : NULL;

	return d ? t->names[d->name] : NULL;
}

bool scan_drivers_any_vfio(const struct scan_drivers *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (via_policy_is_vfio(t->names[t->list[i].name]))
			return true;
	}
	return false;
}

void scan_drivers_finish(struct scan_drivers *t)
{
	free(t->names);
	free(t->list);
	*t = (struct scan_drivers){0};
}
