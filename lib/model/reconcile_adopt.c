/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What VMs hold without a claim. */
#include "model/reconcile_view.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model/policy.h"

#define HOLDER(h) via_holder_text((h), (char[256]){0}, 256)

static bool is_candidate(const struct via_reconcile_run *r, const struct via_device *d)
{
	return d->is_nic &&
	       (d->kind == VIA_DEVICE_VF || d->kind == VIA_DEVICE_PF ||
		       d->kind == VIA_DEVICE_NIC) &&
	       !via_claims_at(r->in->world.claims, d->addr) && !via_reconcile_busy(r->in, d->addr);
}

/* A claim that has moved is about to stand there. */
static bool is_moved_to(const struct via_reconcile_run *r, struct via_addr addr)
{
	for (size_t i = 0; i < r->out->n; i++)
		if (r->out->list[i].kind == VIA_RECONCILE_MOVED &&
			via_addr_eq(r->out->list[i].to, addr))
			return true;
	return false;
}

static const struct via_holder *first_vm(const struct via_device *d)
{
	for (size_t i = 0; i < d->n_holders; i++)
		if (d->holders[i].kind == VIA_HOLDER_DOMAIN)
			return &d->holders[i];
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcasecmp(a, b));
}

/* One VM may have it open more than once; anybody else is one too many. */
static const struct via_holder *rival_of(const struct via_device *d, const struct via_holder *vm)
{
	for (size_t i = 0; i < d->n_holders; i++) {
		const struct via_holder *h = &d->holders[i];

		if (h->kind != VIA_HOLDER_DOMAIN || !same_text(h->detail, vm->detail) ||
			(!vm->detail && !same_text(h->name, vm->name)))
			return h;
	}
	return NULL;
}

static const struct via_domain *domain_of(
	const struct via_reconcile_run *r, const struct via_holder *vm, char uuid[VIA_UUID_MAX])
{
	const struct via_domains *list = r->in->world.domains;
	const struct via_domain *d = NULL;

	uuid[0] = '\0';
	if (vm->detail && via_uuid_parse(vm->detail, uuid))
		uuid[0] = '\0';
	if (list && uuid[0])
		d = via_domains_find(list, uuid);
	else if (list && vm->name)
		d = via_domains_named(list, vm->name);
	if (d)
		snprintf(uuid, VIA_UUID_MAX, "%s", d->uuid);
	return d;
}

/* Another running domain that libvirt says has it. */
static const struct via_domain *listed_elsewhere(
	const struct via_reconcile_run *r, struct via_addr addr, const char *uuid)
{
	const struct via_domains *d = r->in->world.domains;

	for (size_t i = 0; d && d->connected && i < d->n; i++)
		if (d->list[i].active && strcmp(d->list[i].uuid, uuid) != 0 &&
			via_reconcile_has(&d->list[i], addr))
			return &d->list[i];
	return NULL;
}

/* --- the claim --- */

static bool is_managed(const struct via_world *w, const struct via_device *d)
{
	const struct via_device *pf =
		d->kind == VIA_DEVICE_VF ? via_inventory_device(w->inv, d->pf) : d;
	const struct via_pf_config *entry =
		pf && w->config ? via_config_for(w->config, w->inv, pf) : NULL;

	return entry && !entry->verify_only;
}

/* The VF of a teamed pair is opened when its guest agrees to it, or never: whether the guest
 * still counts on it cannot be told from here. */
static void listed_alone(struct via_reconcile_run *r, const struct via_device *d)
{
	const struct via_domain *dom = listed_elsewhere(r, d->addr, "");

	if (dom && is_managed(&r->in->world, d))
		via_reconcile_say(via_reconcile_push(r, VIA_RECONCILE_CONTRADICTION, d->addr, 0),
			"libvirt has %s in domain %s (UUID %s), which runs, but nothing holds it "
			"and "
			"there is no claim; `viaduct claim %s --device %s` keeps it for the "
			"domain, "
			"detaching it there gives it up",
			via_addr_fmt(d->addr), dom->name, dom->uuid, dom->uuid,
			via_addr_fmt(d->addr));
}

static const struct via_domain_dev *dev_of(const struct via_domain *d, struct via_addr addr)
{
	for (size_t i = 0; d && i < d->n_devs; i++)
		if (via_addr_eq(d->devs[i].addr, addr))
			return &d->devs[i];
	return NULL;
}

/* As our metadata in its XML says, else as the VF is configured. */
static void set_network(const struct via_world *w, const struct via_device *d,
	const struct via_device *pf, const struct via_pf_config *entry,
	const struct via_domain *dom, struct via_claim *c)
{
	const struct via_domain_dev *v = dev_of(dom, d->addr);
	struct via_vf_wanted wanted = {.network = NULL};
	const char *name = v && v->network[0] ? v->network : NULL;

	if (!name && c->fn.is_vf && c->managed) {
		via_config_vf(w->config, entry, w->inv, pf, d->vf_index, &wanted);
		name = wanted.network;
	}
	via_claim_text(c->network, sizeof(c->network), name ? name : "");
}

static void set_wanted(
	const struct via_inventory *inv, const struct via_device *d, struct via_claim *c)
{
	const struct via_vf_state *s = via_inventory_vf_state(inv, d);

	if (s)
		c->wanted = s->attrs;
	if (!via_mac_is_zero(c->wanted.mac) && !via_mac_is_unicast(c->wanted.mac))
		c->wanted.known &= ~VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
}

static void make_claim(const struct via_world *w, const struct via_device *d,
	const struct via_holder *vm, const struct via_domain *dom, const char *uuid,
	struct via_claim *ret)
{
	const struct via_device *pf =
		d->kind == VIA_DEVICE_VF ? via_inventory_device(w->inv, d->pf) : d;
	const struct via_pf_config *entry =
		pf && w->config ? via_config_for(w->config, w->inv, pf) : NULL;
	const char *name = dom ? dom->name : vm->name, *boot = w->inv->host.boot_id;

	*ret = (struct via_claim){.state = VIA_CLAIM_ACTIVE,
		.origin = VIA_CLAIM_ADOPTED,
		.whole = d->kind != VIA_DEVICE_VF,
		.managed = entry && !entry->verify_only,
		.since_us = w->now_us,
		.changed_us = w->now_us};
	via_identity_of(w->inv, d, &ret->fn);
	snprintf(ret->uuid, sizeof(ret->uuid), "%s", uuid);
	via_claim_text(ret->name, sizeof(ret->name), name ? name : "");
	via_claim_text(ret->boot_id, sizeof(ret->boot_id), boot ? boot : "");
	set_network(w, d, pf, entry, dom, ret);
	set_wanted(w->inv, d, ret);
}

/* Against the claims there are, and those of this very run. */
static int check_claim(
	const struct via_reconcile_run *r, const struct via_claim *c, struct via_err *err)
{
	const struct via_claims *claims = r->in->world.claims;
	int e = via_claim_sane(c, err);

	for (size_t i = 0; i < claims->n && e == 0; i++)
		e = via_claim_beside(c, &claims->list[i], err);
	for (size_t i = 0; i < r->out->n && e == 0; i++)
		if (r->out->list[i].kind == VIA_RECONCILE_ADOPT)
			e = via_claim_beside(c, &r->out->list[i].claim, err);
	return e;
}

/* --- one function --- */

/* Why it cannot be said whose it is; false when nothing speaks against the VM. */
static bool is_contradictory(struct via_reconcile_run *r, const struct via_device *d,
	const struct via_holder *vm, const char *uuid)
{
	const struct via_holder *rival = rival_of(d, vm);
	const struct via_domain *other = listed_elsewhere(r, d->addr, uuid);

	if (rival)
		via_reconcile_say(via_reconcile_push(r, VIA_RECONCILE_CONTRADICTION, d->addr, 0),
			"%s holds %s without a claim, and so does %s; stop one of them", HOLDER(vm),
			via_addr_fmt(d->addr), HOLDER(rival));
	else if (!uuid[0])
		via_reconcile_say(via_reconcile_push(r, VIA_RECONCILE_CONTRADICTION, d->addr, 0),
			"%s holds %s without a claim, and its UUID is not known; a claim needs "
			"one: start it "
			"with libvirt",
			HOLDER(vm), via_addr_fmt(d->addr));
	else if (other)
		via_reconcile_say(via_reconcile_push(r, VIA_RECONCILE_CONTRADICTION, d->addr, 0),
			"%s holds %s without a claim, but libvirt has it in domain %s (UUID %s), "
			"which runs; "
			"take it out of one of them",
			HOLDER(vm), via_addr_fmt(d->addr), other->name, other->uuid);
	return rival || !uuid[0] || other;
}

static void adopt(
	struct via_reconcile_run *r, const struct via_device *d, const struct via_holder *vm)
{
	struct via_reconcile_action *a;
	struct via_err err = {0};
	struct via_claim claim;
	char uuid[VIA_UUID_MAX];
	const struct via_domain *dom = domain_of(r, vm, uuid);

	if (is_contradictory(r, d, vm, uuid))
		return;
	make_claim(&r->in->world, d, vm, dom, uuid, &claim);
	if (check_claim(r, &claim, &err)) {
		via_reconcile_say(via_reconcile_push(r, VIA_RECONCILE_CONTRADICTION, d->addr, 0),
			"%s holds %s without a claim and cannot be given one: %s", HOLDER(vm),
			via_addr_fmt(d->addr), err.msg);
		return;
	}
	a = via_reconcile_push(r, VIA_RECONCILE_ADOPT, d->addr, 0);
	a->claim = claim;
	via_reconcile_say(a, "%s holds %s without a claim", HOLDER(vm), via_addr_fmt(d->addr));
}

void via_reconcile_unclaimed(struct via_reconcile_run *r)
{
	const struct via_world *w = &r->in->world;

	for (size_t i = 0; i < w->inv->n_devices; i++) {
		const struct via_device *d = &w->inv->devices[i];
		const struct via_holder *vm;

		/* A claim of its PF, or of a VF of it, has told that already. */
		if (!is_candidate(r, d) || is_moved_to(r, d->addr) ||
			via_claims_excluding(w->claims, d->addr, d->pf, d->kind != VIA_DEVICE_VF))
			continue;
		vm = first_vm(d);
		if (vm)
			adopt(r, d, vm);
		else if (!d->n_holders)
			listed_alone(r, d);
	}
}
