/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/virt_diff.h"

#include <stdio.h>
#include <string.h>

struct diff {
	via_fake_virt_tell_fn *fn;
	void *user;
	bool any;
};

static void tell(struct diff *x, enum via_virt_event_kind kind, const struct via_domain *d,
	const char *alias)
{
	struct via_virt_event ev = {.kind = kind};

	memcpy(ev.uuid, d->uuid, sizeof(ev.uuid));
	memcpy(ev.name, d->name, sizeof(ev.name));
	snprintf(ev.alias, sizeof(ev.alias), "%s", alias);
	x->fn(&ev, x->user);
	x->any = true;
}

static bool has_dev(const struct via_domain *d, const struct via_domain_dev *dev)
{
	for (size_t i = 0; i < d->n_devs; i++)
		if (!memcmp(&d->devs[i].addr, &dev->addr, sizeof(dev->addr)))
			return true;
	return false;
}

static void tell_devs(struct diff *x, enum via_virt_event_kind kind, const struct via_domain *d,
	const struct via_domain *other)
{
	for (size_t i = 0; i < d->n_devs; i++)
		if (!has_dev(other, &d->devs[i]))
			tell(x, kind, d, d->devs[i].alias);
}

/* Anything that no other event is sent for: metadata, NICs, what the XML says of a device. */
static bool same_rest(const struct via_domain *a, const struct via_domain *b)
{
	return a->numa == b->numa && a->nodes == b->nodes && !strcmp(a->name, b->name) &&
	       a->n_nics == b->n_nics && a->n_devs == b->n_devs &&
	       (!a->n_devs || !memcmp(a->devs, b->devs, a->n_devs * sizeof(*a->devs))) &&
	       (!a->n_nics || !memcmp(a->nics, b->nics, a->n_nics * sizeof(*a->nics)));
}

static void both(struct diff *x, const struct via_domain *was, const struct via_domain *is)
{
	bool any = x->any;

	x->any = false;
	if (was->active && !is->active)
		tell(x, VIA_VIRT_STOPPED, is, "");
	if (was->active && is->active) {
		tell_devs(x, VIA_VIRT_DEVICE_REMOVED, was, is);
		tell_devs(x, VIA_VIRT_DEVICE_ADDED, is, was);
	}
	if (!was->active && is->active)
		tell(x, VIA_VIRT_STARTED, is, "");
	if (!x->any && !same_rest(was, is))
		tell(x, VIA_VIRT_DEFINED, is, "");
	x->any |= any;
}

static void only_was(struct diff *x, const struct via_domain *was)
{
	tell(x, was->active ? VIA_VIRT_STOPPED : VIA_VIRT_DEFINED, was, "");
}

static void only_is(struct diff *x, const struct via_domain *is)
{
	tell(x, is->active ? VIA_VIRT_STARTED : VIA_VIRT_DEFINED, is, "");
}

bool via_fake_virt_diff(const struct via_domains *was, const struct via_domains *is,
	via_fake_virt_tell_fn *fn, void *user)
{
	struct diff x = {.fn = fn, .user = user};

	for (size_t i = 0; i < was->n; i++)
		if (!via_domains_find(is, was->list[i].uuid))
			only_was(&x, &was->list[i]);
	for (size_t i = 0; i < is->n; i++) {
		const struct via_domain *old = via_domains_find(was, is->list[i].uuid);

		if (old)
			both(&x, old, &is->list[i]);
		else
			only_is(&x, &is->list[i]);
	}
	return x.any;
}
