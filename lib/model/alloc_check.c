/* SPDX-License-Identifier: GPL-2.0-or-later */
/* May this function be given to that VM? Every reason against it, the cheap ones first. */
#include "model/alloc_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/claim_rules.h"
#include "model/policy.h"

static const struct {
	int refusal;
	const char *text;
} obstacles[VIA_OBSTACLE_COUNT] = {
#define VIA_X(sym, refusal, text) [VIA_OBSTACLE_##sym] = {VIA_REFUSED_##refusal, text},
	VIA_OBSTACLES(VIA_X)
#undef VIA_X
};

const char *via_obstacle_text(enum via_obstacle o)
{
	return (unsigned int)o < VIA_OBSTACLE_COUNT && obstacles[o].text ? obstacles[o].text : "";
}

/* The message is written by the caller with via_err_set(err, against(what, …), …). */
static int against(enum via_obstacle *what, enum via_obstacle o)
{
	*what = o;
	return obstacles[o].refusal;
}

bool via_claim_is_of(const struct via_claim *c, const char *uuid, const char *name)
{
	if (*c->uuid && *uuid)
		return !strcmp(c->uuid, uuid);
	return *c->name && !strcmp(c->name, name);
}

const char *via_claim_owner(const struct via_claim *c, char buf[64])
{
	via_claim_text(buf, 61, *c->name ? c->name : *c->uuid ? c->uuid : "no VM");
	return buf;
}

void via_candidate_init(struct via_candidate *c, const struct via_world *w,
	const struct via_device *dev, const struct via_network_config *network)
{
	*c = (struct via_candidate){.w = w, .dev = dev, .network = network, .uuid = "", .name = ""};
	c->whole = dev->kind != VIA_DEVICE_VF;
	c->pf = c->whole ? dev : via_inventory_device(w->inv, dev->pf);
	if (c->pf)
		c->entry = via_config_for(w->config, w->inv, c->pf);
	if (c->entry && !c->whole)
		via_config_vf_on(
			w->config, c->entry, w->inv, c->pf, dev->vf_index, network, &c->want);
}

/* --- the registry --- */

static int against_claim(const struct via_candidate *c, const struct via_claim *claim,
	enum via_obstacle *what, struct via_err *err)
{
	const char *addr = via_addr_fmt(c->dev->addr);
	char owner[64];

	via_claim_owner(claim, owner);
	switch (claim->state) {
	case VIA_CLAIM_PREPARING:
		return via_err_set(err, against(what, VIA_OBSTACLE_MOVING),
			"%s is being given to %s just now; try again in a moment", addr, owner);
	case VIA_CLAIM_RELEASING:
		return via_err_set(err, against(what, VIA_OBSTACLE_MOVING),
			"%s is being cleaned after %s%s%.120s; try again in a moment", addr, owner,
			*claim->reason ? ": " : "", claim->reason);
	case VIA_CLAIM_QUARANTINED:
		return via_err_set(err, against(what, VIA_OBSTACLE_QUARANTINED),
			"%s did not come clean after %s%s%.200s; viaduct quarantine clear %s tries "
			"again",
			addr, owner, *claim->reason ? ": " : "", claim->reason, addr);
	case VIA_CLAIM_ACTIVE:
		break;
	}
	return via_err_set(err, against(what, VIA_OBSTACLE_CLAIMED),
		"%s belongs to %s (claim %llu); viaduct release %s frees it once nothing uses it",
		addr, owner, (unsigned long long)claim->generation, addr);
}

static int against_whole(const struct via_candidate *c, const struct via_claim *claim,
	enum via_obstacle *what, struct via_err *err)
{
	char owner[64];

	via_claim_owner(claim, owner);
	if (c->whole)
		return via_err_set(err, against(what, VIA_OBSTACLE_CLAIMED),
			"%s cannot be given away whole: its VF %s %s %s; release that first",
			via_addr_fmt(c->dev->addr), via_addr_fmt(claim->fn.addr),
			claim->state == VIA_CLAIM_QUARANTINED ? "is quarantined after"
							      : "belongs to",
			owner);
	return via_err_set(err, against(what, VIA_OBSTACLE_WHOLE),
		"%s cannot be given away: its PF %s belongs to %s as a whole; release that first",
		via_addr_fmt(c->dev->addr), via_addr_fmt(claim->fn.addr), owner);
}

int via_candidate_unclaimed(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	const struct via_claims *claims = c->w->claims;
	const struct via_claim *claim = via_claims_at(claims, c->dev->addr);

	*what = VIA_OBSTACLE_NONE;
	if (claim)
		return against_claim(c, claim, what, err);
	claim = via_claims_excluding(
		claims, c->dev->addr, c->pf ? c->pf->addr : c->dev->addr, c->whole);
	return claim ? against_whole(c, claim, what, err) : 0;
}

/* --- its PF --- */

static int against_pf(const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	const struct via_device *pf = c->pf;
	const struct via_netdev *n = pf ? via_device_netdev(c->w->inv, pf) : NULL;
	const char *why;

	if (!pf)
		return via_err_set(err, against(what, VIA_OBSTACLE_NO_PF),
			"%s is a VF whose PF %s cannot be seen on this host",
			via_addr_fmt(c->dev->addr), via_addr_fmt(c->dev->pf));
	if (c->whole || (pf->driver && !via_policy_is_vfio(pf->driver) && n && !n->representor))
		return 0;
	why = !pf->driver		       ? "has no driver"
	      : via_policy_is_vfio(pf->driver) ? "is passed through itself"
					       : "has no net device in this network namespace";
	return via_err_set(err, against(what, VIA_OBSTACLE_NO_PF),
		"%s cannot be configured for a VM: its PF %s %s", via_addr_fmt(c->dev->addr),
		via_addr_fmt(pf->addr), why);
}

static int against_manager(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	if (c->entry && c->entry->verify_only)
		return via_err_set(err, against(what, VIA_OBSTACLE_VERIFY_ONLY),
			"%s is not given away: its PF %s is only verified here (\"verify_only\" at "
			"%s:%u), another manager sets it",
			via_addr_fmt(c->dev->addr), via_addr_fmt(c->pf->addr), c->entry->place.file,
			c->entry->place.line);
	if (!c->entry && !c->whole)
		return via_err_set(err, against(what, VIA_OBSTACLE_VERIFY_ONLY),
			"%s is not given away: no entry of \"pfs\" manages its PF %s; add one",
			via_addr_fmt(c->dev->addr), via_addr_fmt(c->pf->addr));
	if (!c->mine && via_claims_drained(c->w->claims, c->pf->addr))
		return via_err_set(err, against(what, VIA_OBSTACLE_DRAINED),
			"%s takes no new claims: its PF %s is drained; viaduct drain --off %s ends "
			"that",
			via_addr_fmt(c->dev->addr), via_addr_fmt(c->pf->addr),
			via_addr_fmt(c->pf->addr));
	if (c->w->blocked && c->w->blocked(c->pf->addr, c->w->user))
		return via_err_set(err, against(what, VIA_OBSTACLE_BLOCKED),
			"%s cannot be configured now: an earlier step on its PF %s has not come "
			"back from the kernel; viaduct status tells which",
			via_addr_fmt(c->dev->addr), via_addr_fmt(c->pf->addr));
	return 0;
}

/* --- the function itself --- */

/* Is it held by the very VM it is asked for? */
static bool holds_it(const struct via_candidate *c, const struct via_holder *h)
{
	if (!c->running || h->kind != VIA_HOLDER_DOMAIN)
		return false;
	if (h->detail && *h->detail)
		return !strcmp(h->detail, c->uuid);
	return h->name && !strcmp(h->name, c->name);
}

static int against_holder(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	size_t others = 0;

	for (size_t i = 0; i < c->dev->n_holders; i++)
		others += !holds_it(c, &c->dev->holders[i]);
	if (others) {
		via_policy_unused(c->w->inv, c->dev, err);
		return against(what, VIA_OBSTACLE_HELD);
	}
	if (c->dev->carries_host)
		return via_err_set(err, against(what, VIA_OBSTACLE_HOST),
			"%s carries the host's own traffic: giving it away would cut the host off; "
			"take it out of use on the host first",
			via_addr_fmt(c->dev->addr));
	return 0;
}

/*
 * A running domain that has it in its XML and has not opened it, as the VF of a teamed pair before
 * the guest has agreed to it. For requests alone: a listing may be a moment old, and libvirt, which
 * calls the hook, knows its own domains.
 */
static int against_listed(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	const struct via_domains *list = c->w->domains;

	for (size_t i = 0; list && list->connected && i < list->n; i++) {
		const struct via_domain *d = &list->list[i];

		if (!d->active || !strcmp(d->uuid, c->uuid))
			continue;
		for (size_t k = 0; k < d->n_devs; k++)
			if (via_addr_eq(d->devs[k].addr, c->dev->addr))
				return via_err_set(err, against(what, VIA_OBSTACLE_HELD),
					"%s is in use: libvirt says that domain %.200s runs with "
					"it; stop it or detach the device first",
					via_addr_fmt(c->dev->addr), d->name);
	}
	return 0;
}

static int against_function(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	int r;

	if (!c->whole && via_inventory_vf(c->w->inv, c->pf, c->dev->vf_index) != c->dev)
		return via_err_set(err, against(what, VIA_OBSTACLE_MISMATCH),
			"%s says it is VF %u of %s, and that has another one (or none) there; "
			"rescan the bus or recreate the VFs",
			via_addr_fmt(c->dev->addr), c->dev->vf_index, via_addr_fmt(c->pf->addr));
	r = against_holder(c, what, err);
	return r == 0 && c->req ? against_listed(c, what, err) : r;
}

/* --- what the VM needs; only where one is chosen --- */

static int against_distance(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	const struct via_alloc_request *q = c->req;
	int node = c->dev->numa_node >= 0 ? c->dev->numa_node : c->pf->numa_node;

	if (!c->network || c->network->numa != VIA_NUMA_REQUIRE || q->numa != VIA_NUMA_STRICT ||
		!q->nodes || node < 0 || (node < 64 && (q->nodes >> node & 1)))
		return 0;
	return via_err_set(err, against(what, VIA_OBSTACLE_NUMA),
		"%s is on NUMA node %d, the VM's memory is not, and network %s requires that "
		"(\"numa\": \"require\")",
		via_addr_fmt(c->dev->addr), node, c->network->name);
}

static int against_need(const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	uint32_t msix = c->req->msix;

	if (c->network && c->network->msix > msix)
		msix = c->network->msix;
	if (c->dev->msix < msix)
		return via_err_set(err, against(what, VIA_OBSTACLE_MSIX),
			"%s has %u MSI-X vectors and %u are needed; set \"msix\" of the VF where "
			"the driver can",
			via_addr_fmt(c->dev->addr), c->dev->msix, msix);
	return against_distance(c, what, err);
}

/* What may be named is not chosen unasked. */
static int against_choice(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	if (c->want.driver == VIA_DRIVER_HOST)
		return via_err_set(err, against(what, VIA_OBSTACLE_FOR_HOST),
			"%s is meant for the host (\"driver\": \"host\")",
			via_addr_fmt(c->dev->addr));
	if (c->w->drifted && c->w->drifted(c->dev->addr, c->w->user))
		return via_err_set(err, against(what, VIA_OBSTACLE_DRIFTED),
			"%s differs from its configuration; viaduct status tells in what",
			via_addr_fmt(c->dev->addr));
	return 0;
}

int via_candidate_check(const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	int r = 0;

	*what = VIA_OBSTACLE_NONE;
	if (!c->mine)
		r = via_candidate_unclaimed(c, what, err);
	/* Nothing is taken or set for one that runs. */
	if (r || c->running)
		return r ? r : against_holder(c, what, err);
	r = against_pf(c, what, err);
	if (r == 0)
		r = against_manager(c, what, err);
	if (r == 0)
		r = against_function(c, what, err);
	if (r == 0 && c->req)
		r = against_need(c, what, err);
	if (r == 0 && c->req && !c->req->has_device)
		r = against_choice(c, what, err);
	return r;
}

/* --- what takes a look at everything --- */

/* Neighbours on vfio are harmless to the kernel's eyes until their own VM starts. */
static int neighbour_claimed(const struct via_device *d, void *user)
{
	const struct via_candidate *c = user;
	const struct via_claim *claim = via_claims_at(c->w->claims, d->addr);

	return claim && d != c->dev && !via_claim_is_of(claim, c->uuid, c->name) &&
	       claim->state != VIA_CLAIM_QUARANTINED;
}

static int against_group(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	int r;

	if (!c->w->inv->host.iommu)
		r = via_err_set(err, VIA_REFUSED_NO_IOMMU,
			"%s cannot be given to a VM: the host has no IOMMU in use; switch it on in "
			"the firmware and boot with intel_iommu=on (AMD: iommu=pt)",
			via_addr_fmt(c->dev->addr));
	else
		r = via_policy_passthrough_with(c->w->inv, c->dev, c->along, c->n_along, err);
	if (r == 0 &&
		via_inventory_group(c->w->inv, c->dev->iommu_group, neighbour_claimed, (void *)c))
		r = via_err_set(err, VIA_REFUSED_UNSAFE_GROUP,
			"IOMMU group %d of %s also has a function that another VM has claimed; "
			"both can only belong to one VM",
			c->dev->iommu_group, via_addr_fmt(c->dev->addr));
	if (r > 0)
		*what = r == VIA_REFUSED_UNSAFE_GROUP ? VIA_OBSTACLE_GROUP
			: r == VIA_REFUSED_NO_IOMMU   ? VIA_OBSTACLE_IOMMU
			: r == VIA_REFUSED_PROTECTED  ? VIA_OBSTACLE_HOST
						      : VIA_OBSTACLE_HELD;
	return r;
}

/* A claim whose card moved stands at its old address until that is put right. */
static int against_moved(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err)
{
	for (size_t i = 0; i < c->w->claims->n; i++) {
		const struct via_claim *claim = &c->w->claims->list[i];
		const struct via_device *now = NULL;

		if (via_addr_eq(claim->fn.addr, c->dev->addr) ||
			claim->fn.is_vf != (c->dev->kind == VIA_DEVICE_VF) ||
			(claim->fn.is_vf && claim->fn.vf_index != c->dev->vf_index) ||
			via_identity_find(c->w->inv, &claim->fn, &now, NULL) || now != c->dev)
			continue;
		return against_claim(c, claim, what, err);
	}
	return 0;
}

int via_candidate_check_all(const struct via_candidate *c, const struct via_mac *mac,
	enum via_obstacle *what, struct via_err *err)
{
	int r = c->running ? 0 : against_group(c, what, err);

	if (r == 0)
		r = against_moved(c, what, err);
	if (r == 0 && mac && !via_mac_is_zero(*mac)) {
		r = via_claims_mac_free(
			c->w->claims, c->w->inv, c->w->domains, *mac, c->dev->addr, c->uuid, err);
		if (r > 0)
			*what = VIA_OBSTACLE_MAC;
	}
	return r;
}
