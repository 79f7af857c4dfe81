/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of vendors and devices: each distinct id is looked up once, or taken from the old
 * inventory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"

struct name {
	uint16_t vendor, device;
	const char *vendor_name, *device_name;
};

struct table {
	struct name *list;
	size_t n, cap;
};

static const struct name *find(const struct table *t, const struct via_device *d)
{
	/* The newest first: a PF's VFs stand side by side. */
	for (size_t i = t->n; i > 0; i--) {
		if (t->list[i - 1].vendor == d->vendor && t->list[i - 1].device == d->device)
			return &t->list[i - 1];
	}
	return NULL;
}

static const struct name *add(struct table *t, struct name n)
{
	struct name *grown;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		grown = reallocarray(t->list, t->cap, sizeof(*grown));
		if (!grown)
			return NULL;
		t->list = grown;
	}
	t->list[t->n] = n;
	return &t->list[t->n++];
}

static int learn_old(struct scan *s, struct table *t)
{
	for (size_t i = 0; s->old && i < s->old->n_devices; i++) {
		const struct via_device *d = &s->old->devices[i];

		/* Without names the old scan may have been told to leave them out. */
		if (!d->vendor_name || find(t, d))
			continue;
		if (!add(t, (struct name){d->vendor, d->device, scan_intern(s, d->vendor_name),
				    scan_intern(s, d->device_name)}))
			return -ENOMEM;
	}
	return 0;
}

static const struct name *look_up(struct scan *s, struct table *t, const struct via_device *d)
{
	struct name n = {.vendor = d->vendor, .device = d->device};
	char text[256];

	if (!s->helper.names) /* opened at the first id nobody knows yet */
		s->helper.names = via_pci_names_create();
	if (!s->helper.names)
		return NULL;
	via_pci_vendor_name(s->helper.names, d->vendor, text, sizeof(text));
	n.vendor_name = scan_intern(s, text);
	via_pci_device_name(s->helper.names, d->vendor, d->device, text, sizeof(text));
	n.device_name = scan_intern(s, text);
	return add(t, n);
}

int scan_names(struct scan *s)
{
	struct table t = {0};
	int r = s->opt->no_names ? 0 : learn_old(s, &t);

	for (size_t i = 0; r == 0 && !s->opt->no_names && i < s->inv->n_devices; i++) {
		struct via_device *d = &s->inv->devices[i];
		const struct name *n = find(&t, d);

		if (!n && d->vendor)
			n = look_up(s, &t, d);
		if (n) {
			d->vendor_name = n->vendor_name;
			d->device_name = n->device_name;
		} else if (d->vendor) {
			r = -ENOMEM;
		}
	}
	via_pci_names_destroy(s->helper.names); /* a megabyte or two */
	s->helper.names = NULL;
	free(t.list);
	return r;
}
