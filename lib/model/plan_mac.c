/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two functions with one MAC on one wire are an outage: found before anything is set. */
#include "model/plan_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/claim.h"
#include "model/policy.h"

static int add(struct via_planner *p, struct via_mac mac, struct via_addr pf, int64_t index)
{
	struct via_plan_mac *list = p->macs;

	if ((p->n_macs & (p->n_macs - 1)) == 0) {
		list = reallocarray(list, p->n_macs ? p->n_macs * 2 : 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		p->macs = list;
	}
	list[p->n_macs++] = (struct via_plan_mac){mac, pf, index};
	return 0;
}

static uint32_t wanted_count(const struct via_pf_config *entry, const struct via_device *dev)
{
	uint32_t total = dev->sriov ? dev->sriov->total : 0;

	if (!entry->has_num_vfs)
		return dev->sriov ? dev->sriov->num : 0;
	return entry->num_vfs < total ? entry->num_vfs : total;
}

static int collect_pf(const struct via_pf_config *entry, const struct via_device *dev, void *user)
{
	struct via_planner *p = user;
	int r = 0;

	for (uint32_t i = 0; i < wanted_count(entry, dev) && r == 0; i++) {
		const struct via_device *vf = via_inventory_vf(p->inv, dev, i);
		struct via_vf_wanted w;
		bool sure;

		/* A claimed one is to have its claim's. */
		if (vf ? via_plan_claim(p, vf, &sure) : via_plan_claim_of_new(p, dev, i))
			continue;
		via_config_vf(p->config, entry, p->inv, dev, i, &w);
		if ((w.attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) &&
			!via_mac_is_zero(w.attrs.mac))
			r = add(p, w.attrs.mac, dev->addr, i);
	}
	return r;
}

/* What a claim wants, and what one that is being cleaned or is quarantined may still have. */
static int collect_claims(struct via_planner *p)
{
	const struct via_claims *claims = p->opt->claims;
	int r = 0;

	for (size_t i = 0; claims && i < claims->n && r == 0; i++) {
		const struct via_claim *c = &claims->list[i];
		const struct via_device *now = NULL;
		struct via_addr pf = c->fn.pf;

		if (!c->fn.is_vf || !(c->wanted.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) ||
			via_mac_is_zero(c->wanted.mac))
			continue;
		if (!via_identity_find(p->inv, &c->fn, &now, NULL))
			pf = now->pf;
		else if (c->state != VIA_CLAIM_ACTIVE)
			continue; /* a VF that comes back is new */
		r = add(p, c->wanted.mac, pf, c->fn.vf_index);
	}
	return r;
}

static int collect_owners(struct via_planner *p)
{
	int r = 0;

	for (size_t i = 0; i < p->inv->n_netdevs && r == 0; i++) {
		const struct via_netdev *n = &p->inv->netdevs[i];
		const struct via_device *d =
			n->has_dev && !n->representor ? via_inventory_device(p->inv, n->dev) : NULL;

		if (!d || d->kind == VIA_DEVICE_VF)
			continue;
		if (n->has_perm_mac && !via_mac_is_zero(n->perm_mac))
			r = add(p, n->perm_mac, d->addr, -1);
		/* A bond or a person may have given it another one. */
		if (r == 0 && !via_mac_is_zero(n->mac) &&
			!(n->has_perm_mac && via_mac_eq(n->mac, n->perm_mac)))
			r = add(p, n->mac, d->addr, -1);
	}
	return r;
}

/*
 * VFs that keep the MAC they have, whatever is configured: those of PFs that are not ours to set,
 * and those that are held (mac_allowed() in plan_vf.c leaves them theirs). Swapping the MACs of two
 * VFs while a guest runs on one would give the other one the guest's.
 */
static int collect_kept(struct via_planner *p, const struct via_device *d, bool all)
{
	int r = 0;

	for (size_t i = 0; i < d->sriov->n_vf_info && r == 0; i++) {
		const struct via_vf_state *s = &d->sriov->vf_info[i];
		const struct via_device *vf = via_inventory_vf(p->inv, d, s->index);

		if (vf && (all || vf->n_holders) &&
			(s->attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) &&
			!via_mac_is_zero(s->attrs.mac))
			r = add(p, s->attrs.mac, d->addr, s->index);
	}
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct via_plan_mac *x = a, *y = b;
	int r = memcmp(x->mac.b, y->mac.b, sizeof(x->mac.b));

	if (!r)
		r = via_addr_cmp(x->pf, y->pf);
	return r ? r : x->index < y->index ? -1 : x->index > y->index;
}

int via_plan_macs_collect(struct via_planner *p)
{
	int r = collect_owners(p);

	if (r == 0)
		r = collect_claims(p);
	/* A conflict of entries is told by the walk that plans. */
	for (size_t i = 0; i < p->inv->n_devices && r == 0; i++) {
		const struct via_device *d = &p->inv->devices[i];
		const struct via_pf_config *entry = via_config_for(p->config, p->inv, d);

		if (entry && !entry->verify_only)
			r = collect_pf(entry, d, p);
		if (r == 0 && d->sriov)
			r = collect_kept(p, d, !entry || entry->verify_only);
	}
	if (p->n_macs)
		qsort(p->macs, p->n_macs, sizeof(*p->macs), compare);
	return r;
}

const struct via_plan_mac *via_plan_mac_twin(
	const struct via_planner *p, struct via_mac mac, struct via_addr pf, uint32_t index)
{
	size_t lo = 0, hi = p->n_macs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(p->macs[mid].mac.b, mac.b, sizeof(mac.b)) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < p->n_macs && via_mac_eq(p->macs[lo].mac, mac); lo++)
		if (!via_addr_eq(p->macs[lo].pf, pf) || p->macs[lo].index != (int64_t)index)
			return &p->macs[lo];
	return NULL;
}

/*
 * "No administered MAC" on a VF that somebody runs: its driver or guest chose an address itself,
 * and the PF reports that one in the same field (seen with igb and igbvf 6.1: an address set on the
 * VF's net device shows in the PF's VF list, and stays there when the driver is gone). While the VF
 * runs that is what was asked for, not a difference; afterwards it is stale.
 */
static bool chose_its_own(const struct via_device *dev, const char *driver)
{
	return dev->n_holders || (driver && *driver && !via_policy_is_vfio(driver));
}

uint32_t via_plan_attrs_differ(const struct via_vf_wanted *want, const struct via_vf_attrs *have,
	const struct via_device *dev, const char *driver)
{
	static const struct via_vf_attrs nothing;
	uint32_t mask = via_vf_attrs_diff(&want->attrs, have ? have : &nothing);
	bool parked = (want->attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) &&
		      via_mac_is_zero(want->attrs.mac);

	/* One that is new has none yet. */
	if (parked && (!dev || chose_its_own(dev, driver)))
		mask &= ~VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	return mask;
}
