/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

bool via_policy_is_vfio(const char *driver)
{
	return driver && !fnmatch("*vfio*pci*", driver, 0);
}

const char *via_holder_text(const struct via_holder *h, char *buf, unsigned int size)
{
	const char *name = h->name ? h->name : "", *detail = h->detail ? h->detail : "";

	switch (h->kind) {
	case VIA_HOLDER_PROCESS:
		snprintf(buf, size, "process %s (pid %d)", *name ? name : "without a name", h->pid);
		break;
	case VIA_HOLDER_DOMAIN:
		if (*detail)
			snprintf(buf, size, "domain %s (pid %d, UUID %s)", name, h->pid, detail);
		else
			snprintf(buf, size, "domain %s (pid %d)", name, h->pid);
		break;
	case VIA_HOLDER_HOST:
		snprintf(buf, size, "the host itself (%s%s%s)", name, *name ? " " : "", detail);
		break;
	case VIA_HOLDER_NETNS:
		snprintf(buf, size, "network namespace %s (%s)", name, detail);
		break;
	}
	return buf;
}

/* What the person can do about it, by the kind of the first holder. */
static const char *const ways_out[] = {
	[VIA_HOLDER_PROCESS] = "end the process first",
	[VIA_HOLDER_DOMAIN] = "stop it or detach the device first",
	[VIA_HOLDER_HOST] = "take it out of use on the host first",
	[VIA_HOLDER_NETNS] = "move it back or end what runs there first",
};

static void add_holders(struct via_strbuf *b, const struct via_device *d)
{
	char text[256];

	for (size_t i = 0; i < d->n_holders; i++)
		via_strbuf_addf(b, "%s%s", i ? " and " : "",
			via_holder_text(&d->holders[i], text, sizeof(text)));
	via_strbuf_addf(b, " %s %s", d->n_holders > 1 ? "hold" : "holds", via_addr_fmt(d->addr));
}

int via_policy_unused(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	(void)inv;
	if (!d->n_holders)
		return 0;
	add_holders(&b, d);
	return via_err_set(err, VIA_REFUSED_IN_USE, "%s; %s", via_strbuf_str(&b),
		ways_out[d->holders[0].kind]);
}

#define HOLDERS_LEN 200

int via_policy_vfs_unused(
	const struct via_inventory *inv, const struct via_device *pf, struct via_err *err)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const struct via_holder *first = NULL;
	unsigned int more = 0;

	for (size_t i = 0; pf->sriov && i < pf->sriov->n_vfs; i++) {
		const struct via_device *vf = via_inventory_device(inv, pf->sriov->vfs[i].addr);

		if (!vf || !vf->n_holders)
			continue;
		/* The way out stands at the end, and has to be read: a list that is too long for
		 * that is cut here. */
		if (b.len > HOLDERS_LEN) {
			more++;
			continue;
		}
		if (first)
			via_strbuf_adds(&b, ", ");
		else
			first = vf->holders;
		add_holders(&b, vf);
		via_strbuf_addf(&b, " (VF %u)", vf->vf_index);
	}
	if (more)
		via_strbuf_addf(&b, ", and %u more held VF%s", more, more == 1 ? "" : "s");
	return first ? via_err_set(err, VIA_REFUSED_IN_USE, "%s; %s", via_strbuf_str(&b),
			       ways_out[first->kind])
		     : 0;
}

/* --- a whole device --- */

struct member_check {
	const struct via_inventory *inv;
	const struct via_device *d;
	const struct via_addr *along;
	size_t n_along;
	struct via_err *err;
};

static bool same_slot(struct via_addr a, struct via_addr b)
{
	return a.domain == b.domain && a.bus == b.bus && a.dev == b.dev;
}

/*
 * The kernel hands out a group when no member has a driver that does DMA on the host's behalf:
 * members without a driver, on a vfio driver, or bridges on pcieport (driver_managed_dma;
 * drivers/pci/ pcie/portdrv.c and drivers/vfio) do not stand in the way.
 */
static bool is_harmless(const struct via_device *m)
{
	if (!m->driver)
		return true;
	if (via_policy_is_vfio(m->driver))
		return !m->n_holders;
	return m->kind == VIA_DEVICE_BRIDGE && !strcmp(m->driver, "pcieport");
}

static bool goes_along(const struct member_check *c, struct via_addr a)
{
	for (size_t i = 0; i < c->n_along; i++)
		if (via_addr_eq(c->along[i], a))
			return true;
	return false;
}

static int check_member(const struct via_device *m, void *user)
{
	const struct member_check *c = user;
	char text[256];

	if (m == c->d || is_harmless(m) || goes_along(c, m->addr))
		return 0;
	/* The other functions of the same card go along: a group of a GPU and its sound function
	 * could never be given away if each waited for the other. */
	if (same_slot(m->addr, c->d->addr) && !m->n_holders && !m->protected_ &&
		!via_policy_is_vfio(m->driver))
		return 0;
	if (m->n_holders)
		return via_err_set(c->err, VIA_REFUSED_UNSAFE_GROUP,
			"IOMMU group %d of %s also has %s, which %s holds; both can only belong to "
			"one owner",
			m->iommu_group, via_addr_fmt(c->d->addr), via_addr_fmt(m->addr),
			via_holder_text(&m->holders[0], text, sizeof(text)));
	return via_err_set(c->err, VIA_REFUSED_UNSAFE_GROUP,
		"IOMMU group %d of %s also has %s, which driver %s uses on the host; bind that to "
		"vfio-pci first, or put the card into a slot with a group of its own",
		m->iommu_group, via_addr_fmt(c->d->addr), via_addr_fmt(m->addr), m->driver);
}

int via_policy_no_uppers(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err)
{
	for (size_t i = 0; i < inv->n_netdevs && !inv->netdevs[i].netns; i++) {
		const struct via_netdev *n = &inv->netdevs[i], *low = NULL, *up = NULL;

		if (n->has_dev && via_addr_eq(n->dev, d->addr) && n->master)
			low = n, up = via_inventory_netdev(inv, n->master);
		else if (n->lower && !(n->has_dev && via_addr_eq(n->dev, d->addr)))
			low = via_inventory_netdev(inv, n->lower), up = n;
		if (low && up && low->has_dev && via_addr_eq(low->dev, d->addr))
			return via_err_set(err, VIA_REFUSED_IN_USE,
				"the host itself uses %s: %s is on %s; take %s off it first",
				via_addr_fmt(d->addr), up->name, low->name, up->name);
	}
	return 0;
}

static int check_vfs(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err)
{
	int r;

	if (!d->sriov || !d->sriov->n_vfs)
		return 0;
	r = via_policy_vfs_unused(inv, d, err);
	return r ? r
		 : via_err_set(err, VIA_REFUSED_IN_USE,
			   "%s has %zu VFs, and they would go with it; remove them first (num_vfs "
			   "0)",
			   via_addr_fmt(d->addr), d->sriov->n_vfs);
}

/* "a; b" of what protects it. */
static int check_protected(const struct via_device *d, struct via_err *err)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	if (!d->protected_)
		return 0;
	for (size_t i = 0; i < d->n_protect; i++)
		via_strbuf_addf(&b, "%s%s", i ? "; " : "", d->protect[i]);
	return via_err_set(err, VIA_REFUSED_PROTECTED,
		"%s is protected: it %s; name it to say that it may be disturbed all the same",
		via_addr_fmt(d->addr), via_strbuf_str(&b));
}

int via_policy_passthrough_with(const struct via_inventory *inv, const struct via_device *d,
	const struct via_addr *along, size_t n_along, struct via_err *err)
{
	struct member_check c = {inv, d, along, n_along, err};
	int r;

	if (d->iommu_group < 0)
		return via_err_set(err, VIA_REFUSED_NO_IOMMU,
			"%s has no IOMMU group; switch the IOMMU on in the firmware and boot with "
			"intel_iommu=on or amd_iommu=on",
			via_addr_fmt(d->addr));
	r = via_inventory_group(inv, d->iommu_group, check_member, &c);
	if (r == 0)
		r = via_policy_unused(inv, d, err);
	if (r == 0)
		r = via_policy_no_uppers(inv, d, err);
	if (r == 0)
		r = check_vfs(inv, d, err);
	/* Last: a caller who may disturb a protected device has heard all the rest. */
	return r ? r : check_protected(d, err);
}

int via_policy_passthrough(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err)
{
	return via_policy_passthrough_with(inv, d, NULL, 0, err);
}
