/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules, and the aliases they are found by. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

/* modprobe takes "-" and "_" for the same. */
static bool same_module(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	return *a == *b;
}

int fake_load_module(struct via_fake *f, const char *name)
{
	bool known = false;

	for (size_t i = 0; i < f->n_drivers; i++) {
		struct fake_driver *d = &f->drivers[i];

		if (!same_module(d->module, name))
			continue;
		known = true;
		if (!fake_find(f, "sys/bus/pci/drivers/%s", d->name))
			fake_driver_load(f, d);
	}
	return known ? 0 : -ENOENT;
}

struct match {
	const char *module;
	size_t specific; /* characters that are no wildcard */
};

static size_t specificity(const char *pattern)
{
	size_t n = 0;

	for (; *pattern; pattern++)
		n += *pattern != '*' && *pattern != '?';
	return n;
}

static int by_specificity(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	return x->specific < y->specific ? 1 : x->specific > y->specific ? -1 : 0;
}

static void consider(
	struct match **list, size_t *n, const char *pattern, const char *module, const char *alias)
{
	struct match *m;

	if (fnmatch(pattern, alias, 0))
		return;
	m = fake_push(list, n);
	m->module = module;
	m->specific = specificity(pattern);
}

int fake_modalias_each(struct via_fake *f, const char *alias, via_list_fn *fn, void *user)
{
	struct match *list = NULL;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < f->n_drivers; i++) {
		const struct fake_driver *d = &f->drivers[i];

		for (size_t j = 0; j < VIA_ARRAY_SIZE(d->match) && d->match[j]; j++)
			consider(&list, &n, d->match[j], d->module, alias);
	}
	for (size_t i = 0; i < f->n_aliases; i++)
		consider(&list, &n, f->aliases[i].pattern, f->aliases[i].module, alias);
	if (n)
		qsort(list, n, sizeof(*list), by_specificity);
	for (size_t i = 0; i < n && !r; i++)
		r = fn(list[i].module, user);
	free(list);
	return r;
}

void via_fake_add_driver(struct via_fake *f, const struct via_fake_driver *d)
{
	struct fake_driver *n;

	FAKE_GUARD(f);
	n = fake_push(&f->drivers, &f->n_drivers);
	snprintf(n->name, sizeof(n->name), "%s", d->name);
	snprintf(n->module, sizeof(n->module), "%s", d->module ? d->module : d->name);
	snprintf(n->netdev, sizeof(n->netdev), "%s", d->netdev ? d->netdev : "");
	n->sriov = d->sriov;
	n->msix = d->msix;
	n->override_only = d->override_only;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(d->match) && d->match[i]; i++)
		n->match[i] = fake_strdup(d->match[i]);
	if (d->loaded)
		fake_driver_load(f, n);
	f->dirty = true;
}

void via_fake_add_alias(struct via_fake *f, const char *pattern, const char *module)
{
	struct fake_alias *n;

	FAKE_GUARD(f);
	n = fake_push(&f->aliases, &f->n_aliases);
	n->pattern = fake_strdup(pattern);
	n->module = fake_strdup(module);
	f->dirty = true;
}

void via_fake_add_usual_drivers(struct via_fake *f)
{
	static const struct via_fake_driver usual[] = {
		{.name = "pcieport", .match = {"pci:v*d*sv*sd*bc06sc04i00"}, .loaded = true},
		{.name = "igb",
			.sriov = true,
			.netdev = "eth%d",
			.loaded = true,
			.match = {"pci:v00008086d000010C9sv*sd*bc*sc*i*"}},
		{.name = "igbvf",
			.netdev = "eth%d",
			.loaded = true,
			.match = {"pci:v00008086d000010CAsv*sd*bc*sc*i*"}},
		{.name = "vfio-pci",
			.module = "vfio_pci",
			.match = {"vfio_pci:v*d*sv*sd*bc*sc*i*"},
			.override_only = true},
	};

	for (size_t i = 0; i < VIA_ARRAY_SIZE(usual); i++)
		via_fake_add_driver(f, &usual[i]);
}
