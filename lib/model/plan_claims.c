/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What claims mean to a plan: whose VF is to be how, and what may not be taken away. */
#include <stdio.h>
#include <string.h>

#include "model/claim.h"
#include "model/plan_build.h"

/* Claims are kept by address; one whose card has moved is known by its identity. */
static bool may_be(const struct via_claim *c, const struct via_device *dev)
{
	return c->fn.is_vf == (dev->kind == VIA_DEVICE_VF) &&
	       (!c->fn.is_vf || c->fn.vf_index == dev->vf_index);
}

static bool means(
	const struct via_planner *p, const struct via_claim *c, const struct via_device *dev)
{
	const struct via_device *now = NULL;

	return !via_identity_find(p->inv, &c->fn, &now, NULL) && now == dev;
}

const struct via_claim *via_plan_claim(
	const struct via_planner *p, const struct via_device *dev, bool *sure)
{
	const struct via_claims *claims = p->opt->claims;
	const struct via_claim *c = claims ? via_claims_at(claims, dev->addr) : NULL;

	*sure = c && means(p, c, dev);
	for (size_t i = 0; claims && !*sure && i < claims->n; i++) {
		if (!may_be(&claims->list[i], dev) || !means(p, &claims->list[i], dev))
			continue;
		*sure = true;
		return &claims->list[i];
	}
	return c;
}

/* A claim by request outlives a boot; of the others, none does. */
static bool outlived(const struct via_planner *p, const struct via_claim *c)
{
	const char *boot = p->inv->host.boot_id;

	return c->origin == VIA_CLAIM_REQUEST || !*c->boot_id ||
	       (boot && !strcmp(c->boot_id, boot));
}

enum via_plan_owner via_plan_owner(
	const struct via_planner *p, const struct via_device *dev, const struct via_claim **ret)
{
	bool sure = false;
	const struct via_claim *c = via_plan_claim(p, dev, &sure);

	*ret = c;
	if (!c)
		return VIA_OWNER_NONE;
	/* Another card at a claim's address: nobody can say what it is to be. */
	return sure && c->managed && c->state == VIA_CLAIM_ACTIVE && outlived(p, c)
		       ? VIA_OWNER_VM
		       : VIA_OWNER_OTHER;
}

bool via_plan_given_away(const struct via_planner *p, const struct via_device *pf)
{
	bool sure;

	return via_plan_claim(p, pf, &sure);
}

enum via_plan_owner via_plan_want_claimed(
	const struct via_planner *p, const struct via_device *vf, struct via_vf_wanted *want)
{
	const struct via_claim *c;
	enum via_plan_owner owner = via_plan_owner(p, vf, &c);

	if (owner == VIA_OWNER_VM)
		via_vf_attrs_copy(&want->attrs, &c->wanted, c->wanted.known);
	return owner;
}

static bool is_of_card(
	const struct via_planner *p, const struct via_claim *c, const struct via_device *pf)
{
	const struct via_netdev *n = via_device_permanent(p->inv, pf);

	if (c->fn.has_mac && n)
		return via_mac_eq(c->fn.mac, n->perm_mac);
	if (*c->fn.serial && pf->serial)
		return !strcmp(c->fn.serial, pf->serial) && c->fn.pf.fn == pf->addr.fn;
	return via_addr_eq(c->fn.pf, pf->addr);
}

const struct via_claim *via_plan_claim_of_new(
	const struct via_planner *p, const struct via_device *pf, uint32_t index)
{
	const struct via_claims *claims = p->opt->claims;

	for (size_t i = 0; claims && i < claims->n; i++) {
		const struct via_claim *c = &claims->list[i];

		if (c->fn.is_vf && c->fn.vf_index == index && c->managed &&
			c->state == VIA_CLAIM_ACTIVE && outlived(p, c) && is_of_card(p, c, pf))
			return c;
	}
	return NULL;
}

void via_plan_want_new(const struct via_planner *p, const struct via_device *pf, uint32_t index,
	struct via_vf_wanted *want)
{
	const struct via_claim *c = via_plan_claim_of_new(p, pf, index);

	if (!c)
		return;
	via_vf_attrs_copy(&want->attrs, &c->wanted, c->wanted.known);
	if (!c->has_driver)
		return;
	want->driver = VIA_DRIVER_NAMED;
	want->driver_name = c->wanted_driver;
}

/* --- what a claim forbids --- */

static bool is_on(const struct via_planner *p, const struct via_claim *c, struct via_addr pf)
{
	const struct via_device *now = NULL;

	if (!c->fn.is_vf)
		return false;
	if (via_identity_find(p->inv, &c->fn, &now, NULL))
		return via_addr_eq(c->fn.pf, pf);
	return now && via_addr_eq(now->pf, pf);
}

#define OWNERS_LEN 160

/* "web1 (0000:01:10.0), db1 (0000:01:10.2) and 3 more" */
static void add_owner(const struct via_claim *c, struct via_strbuf *b, uint32_t *more)
{
	const char *who = *c->name ? c->name : *c->uuid ? c->uuid : "no VM";

	if (b->len > OWNERS_LEN)
		(*more)++;
	else
		via_strbuf_addf(
			b, "%s%.40s (%s)", b->len ? ", " : "", who, via_addr_fmt(c->fn.addr));
}

int via_plan_vfs_unclaimed(
	const struct via_planner *p, const struct via_device *pf, bool to_none, struct via_err *err)
{
	const struct via_claims *claims = p->opt->claims;
	via_autostrbuf owners = VIA_STRBUF_INIT, dirty = VIA_STRBUF_INIT;
	uint32_t more = 0, more_dirty = 0;
	char rest[32] = "";

	for (size_t i = 0; claims && i < claims->n; i++) {
		const struct via_claim *c = &claims->list[i];

		if (!is_on(p, c, pf->addr))
			continue;
		if (c->state == VIA_CLAIM_QUARANTINED)
			add_owner(c, &dirty, &more_dirty);
		else
			add_owner(c, &owners, &more);
	}
	if (more || (!owners.len && more_dirty))
		snprintf(rest, sizeof(rest), " and %u more", owners.len ? more : more_dirty);
	if (owners.len)
		return via_err_set(err, VIA_REFUSED_CLAIMED,
			"claimed by %s%s: stop and release them first (viaduct release)",
			via_strbuf_str(&owners), rest);
	/* Destroying a VF cleans it; made anew it would be taken for the same one. */
	if (dirty.len && !to_none)
		return via_err_set(err, VIA_REFUSED_QUARANTINED,
			"quarantined after %s%s: clear the quarantine first, or set the count to 0",
			via_strbuf_str(&dirty), rest);
	return 0;
}

int via_plan_unclaimed(const struct via_planner *p, const struct via_device *d, struct via_err *err)
{
	bool sure;
	const struct via_claim *c = via_plan_claim(p, d, &sure);
	const char *who;
	int r;

	if (!c) {
		r = d->sriov ? via_plan_vfs_unclaimed(p, d, false, err) : 0;
		if (r)
			via_err_prefix(err, "VFs of %s are", via_addr_fmt(d->addr));
		return r;
	}
	who = *c->name ? c->name : *c->uuid ? c->uuid : "no VM";
	if (c->state == VIA_CLAIM_QUARANTINED)
		return via_err_set(err, VIA_REFUSED_QUARANTINED,
			"%s is quarantined after %s; viaduct quarantine clear %s cleans it",
			via_addr_fmt(d->addr), who, via_addr_fmt(c->fn.addr));
	return via_err_set(err, VIA_REFUSED_CLAIMED,
		"%s belongs to %s (claim %llu, %s): its driver is its VM's; release it first",
		via_addr_fmt(d->addr), who, (unsigned long long)c->generation,
		via_claim_state_name(c->state));
}
