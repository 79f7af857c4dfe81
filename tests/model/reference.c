/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must be so, said without any of the daemon's own judgement. */
#include <stdio.h>
#include <string.h>

#include "model.h"

#define N_VFS 5 /* of a configured PF */

uint16_t model_vlan(const char *network)
{
	return !network ? 0 : !strcmp(network, "blue") ? 100 : 200;
}

bool model_vm_uses(const struct model_vm *vm, struct via_addr addr)
{
	for (size_t i = 0; i < vm->n; i++)
		if (via_addr_eq(vm->devs[i].addr, addr))
			return true;
	return false;
}

struct model_owned *model_owned_at(struct model *m, struct via_addr addr)
{
	for (size_t i = 0; i < m->n_owned; i++)
		if (via_addr_eq(m->owned[i].addr, addr))
			return &m->owned[i];
	return NULL;
}

void model_owned_drop(struct model *m, struct model_owned *o)
{
	*o = m->owned[--m->n_owned];
}

/* --- at every moment --- */

static bool same_pf(const struct via_claim *a, const struct via_claim *b)
{
	return a->fn.is_vf != b->fn.is_vf && a->fn.addr.bus == b->fn.addr.bus;
}

static void check_pairs(struct model *m, const struct via_claims *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct via_claim *a = &c->list[i];

		if (!a->generation || a->generation > c->last_generation)
			model_violation(m, "%s has generation %llu of %llu",
				via_addr_fmt(a->fn.addr), (unsigned long long)a->generation,
				(unsigned long long)c->last_generation);
		for (size_t k = i + 1; k < c->n; k++) {
			const struct via_claim *b = &c->list[k];

			if (via_addr_eq(a->fn.addr, b->fn.addr))
				model_violation(m, "%s has two claims", via_addr_fmt(a->fn.addr));
			if (same_pf(a, b))
				model_violation(m, "PF and VF are claimed: %s and %s",
					via_addr_fmt(a->fn.addr), via_addr_fmt(b->fn.addr));
			if (a->generation == b->generation)
				model_violation(m, "%s and %s have one generation",
					via_addr_fmt(a->fn.addr), via_addr_fmt(b->fn.addr));
		}
	}
}

static const struct via_claim *claim_at(const struct model *m, struct via_addr addr)
{
	const struct via_claims *c = &m->d->claims;

	for (size_t i = 0; i < c->n; i++)
		if (via_addr_eq(c->list[i].fn.addr, addr))
			return &c->list[i];
	return NULL;
}

static void check_claim(struct model *m, struct via_addr addr, uint64_t generation,
	const struct model_vm *vm, const char *what)
{
	const struct via_claim *c = claim_at(m, addr);

	if (!c)
		model_violation(m, "%s of %s on %s is lost", what, vm->name, via_addr_fmt(addr));
	else if (strcmp(c->uuid, vm->uuid) || c->generation != generation ||
		 c->state != VIA_CLAIM_ACTIVE)
		model_violation(m,
			"%s of %s on %s (generation %llu) is %s's now, generation %llu, %s (%s)",
			what, vm->name, via_addr_fmt(addr), (unsigned long long)generation, c->name,
			(unsigned long long)c->generation, via_claim_state_name(c->state),
			c->reason);
}

/* What a running VM has on its function. */
static void check_attrs(struct model *m, const struct model_vm *vm, const struct model_dev *dev)
{
	struct via_vf_attrs a;

	if (!model_host_vf(m, dev->addr, &a))
		model_violation(m, "%s runs with %s, which is not there", vm->name,
			via_addr_fmt(dev->addr));
	else if (a.vlan != dev->vlan)
		model_violation(m, "%s runs with %s in VLAN %u instead of %u", vm->name,
			via_addr_fmt(dev->addr), a.vlan, dev->vlan);
	else if (dev->has_mac && !via_mac_eq(a.mac, dev->mac))
		model_violation(m, "%s runs with %s, whose MAC is %s instead of %s", vm->name,
			via_addr_fmt(dev->addr), via_mac_fmt(a.mac), via_mac_fmt(dev->mac));
}

void model_check(struct model *m)
{
	uint64_t told = m->told + (m->breaks == BREAK_GENERATION && m->step > 500);

	if (m->violated || !m->d || atomic_load(&m->frozen))
		return;
	check_pairs(m, &m->d->claims);
	if (m->d->claims.last_generation < told)
		model_violation(m, "generations went back: %llu was told, the newest is %llu",
			(unsigned long long)told, (unsigned long long)m->d->claims.last_generation);
	for (size_t v = 0; v < N_VMS; v++) {
		const struct model_vm *vm = &m->vms[v];

		for (size_t i = 0; vm->state == VM_RUNNING && !vm->stranger && i < vm->n; i++) {
			check_claim(m, vm->devs[i].addr, vm->devs[i].generation, vm, "the claim");
			check_attrs(m, vm, &vm->devs[i]);
		}
	}
	for (size_t i = 0; i < m->n_owned; i++)
		if (!m->owned[i].ending)
			check_claim(m, m->owned[i].addr, m->owned[i].generation,
				&m->vms[m->owned[i].vm], "the claim by request");
}

/* --- what is given away --- */

static bool has_mac(const struct model_vm *vm, const struct via_mac *mac)
{
	for (size_t i = 0; mac && i < vm->n; i++)
		if (vm->devs[i].has_mac && via_mac_eq(vm->devs[i].mac, *mac))
			return true;
	return false;
}

void model_check_grant(struct model *m, int vm, struct via_addr addr, const struct via_mac *mac)
{
	for (int v = 0; v < N_VMS; v++) {
		const struct model_vm *other = &m->vms[v];

		if (v == vm || other->state != VM_RUNNING)
			continue;
		if (model_vm_uses(other, addr))
			model_violation(m, "%s was given %s, with which %s runs", m->vms[vm].name,
				via_addr_fmt(addr), other->name);
		if (has_mac(other, mac))
			model_violation(m, "%s was given %s with the MAC of %s, which runs",
				m->vms[vm].name, via_addr_fmt(addr), other->name);
	}
	for (size_t i = 0; i < m->n_owned; i++) {
		const struct model_owned *o = &m->owned[i];

		if (o->vm == vm || o->ending)
			continue;
		if (via_addr_eq(o->addr, addr))
			model_violation(m, "%s was given %s, which is claimed for %s",
				m->vms[vm].name, via_addr_fmt(addr), m->vms[o->vm].name);
		if (o->whole && o->addr.bus == addr.bus)
			model_violation(m, "%s was given %s, whose PF is claimed for %s",
				m->vms[vm].name, via_addr_fmt(addr), m->vms[o->vm].name);
	}
}

/* --- after a crash --- */

void model_resync(struct model *m)
{
	for (size_t i = m->n_owned; i > 0; i--) {
		struct model_owned *o = &m->owned[i - 1];
		const struct via_claim *c = claim_at(m, o->addr);

		if (!o->ending)
			continue;
		/* Never answered: it is as it was, or it is on its way out, or gone. */
		if (c && c->generation == o->generation && c->state == VIA_CLAIM_ACTIVE)
			o->ending = false;
		else
			model_owned_drop(m, o);
	}
}

/* --- when nothing more happens --- */

static const struct model_vm *user_of(const struct model *m, struct via_addr addr)
{
	for (size_t v = 0; v < N_VMS; v++)
		if (m->vms[v].state == VM_RUNNING && model_vm_uses(&m->vms[v], addr))
			return &m->vms[v];
	return NULL;
}

static int vm_of(const struct model *m, const char *uuid)
{
	for (int v = 0; v < N_VMS; v++)
		if (!strcmp(m->vms[v].uuid, uuid))
			return v;
	return -1;
}

static char why[512];

static const char *say(const char *what, struct via_addr addr, const char *more)
{
	snprintf(why, sizeof(why), "%s %s%s%s", via_addr_fmt(addr), what, *more ? ": " : "", more);
	return why;
}

/* A claim by request that nobody told us of can only be one whose answer was lost. */
static const char *unsettled_request(struct model *m, const struct via_claim *c, int vm)
{
	const struct model_owned *o = model_owned_at(m, c->fn.addr);

	if (o && o->generation == c->generation)
		return NULL;
	if (!m->maybe[vm])
		return say("is claimed by a request that nobody made", c->fn.addr, c->name);
	if (m->n_owned < MAX_OWNED)
		m->owned[m->n_owned++] = (struct model_owned){.addr = c->fn.addr,
			.generation = c->generation,
			.vm = vm,
			.whole = c->whole,
			.vlan = model_vlan(c->network[0] ? c->network : NULL),
			.network = !c->network[0]		 ? NULL
				   : !strcmp(c->network, "blue") ? "blue"
								 : "red"};
	return NULL;
}

static const char *unsettled_attrs(struct model *m, const struct via_claim *c)
{
	struct via_vf_attrs a;
	int pf = model_host_pf_of(m, c->fn.addr);

	if (!c->fn.is_vf || pf < 0 || !m->pfs[pf].present)
		return NULL;
	if (!model_host_vf(m, c->fn.addr, &a))
		return say("is claimed and not there", c->fn.addr, c->name);
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		char more[400], want[64], have[64];

		if (!(via_vf_attrs_diff(&c->wanted, &a) & VIA_ATTR_BIT(i)))
			continue;
		snprintf(more, sizeof(more), "%s wants %s %s, it is %s", c->name,
			via_vf_attr_name((enum via_vf_attr)i),
			via_vf_attr_value(&c->wanted, (enum via_vf_attr)i, want, sizeof(want)),
			via_vf_attr_value(&a, (enum via_vf_attr)i, have, sizeof(have)));
		return say("is not as its claim says", c->fn.addr, more);
	}
	return NULL;
}

static const char *unsettled_claim(struct model *m, const struct via_claim *c)
{
	const struct model_vm *user = user_of(m, c->fn.addr);
	int vm = vm_of(m, c->uuid);

	if (c->state != VIA_CLAIM_ACTIVE)
		return user ? NULL : say(via_claim_state_name(c->state), c->fn.addr, c->reason);
	if (vm < 0)
		return say("is claimed by nobody we know", c->fn.addr, c->uuid);
	if (c->origin == VIA_CLAIM_REQUEST) {
		const char *r = unsettled_request(m, c, vm);

		return r ? r : unsettled_attrs(m, c);
	}
	if (!user || user != &m->vms[vm])
		return say("is claimed by a VM that does not run with it", c->fn.addr, c->name);
	return unsettled_attrs(m, c);
}

static bool is_a_vms(struct via_mac mac)
{
	struct via_mac first = model_mac(0, 0);

	return !memcmp(mac.b, first.b, 4);
}

static const char *unsettled_vf(struct model *m, struct via_addr addr)
{
	const struct via_claim *c = claim_at(m, addr);
	const struct model_vm *user = user_of(m, addr);
	struct via_vf_attrs a;

	if (!model_host_vf(m, addr, &a))
		return say("is not there yet", addr, "");
	/* Claimed for another at the moment it appeared: that is told, and cleaned when it is gone.
	 */
	if (user && user->stranger && c && c->state != VIA_CLAIM_ACTIVE)
		return NULL;
	if (user && (!c || strcmp(c->uuid, user->uuid)))
		return say("is held without a claim", addr, user->name);
	if (!c && a.vlan)
		return say("is free with a VLAN", addr, "");
	if (!c && is_a_vms(a.mac))
		return say("is free with a VM's MAC", addr, via_mac_fmt(a.mac));
	return NULL;
}

static const char *unsettled_vfs(struct model *m)
{
	const char *r = NULL;

	for (size_t p = 0; p < 2 && !r; p++) {
		for (unsigned int i = 0; i < N_VFS && m->pfs[p].present && !r; i++) {
			struct via_addr a = {
				0, (uint8_t)(p + 1), (uint8_t)(16 + i / 4), (uint8_t)(i % 4 * 2)};

			r = unsettled_vf(m, a);
		}
	}
	return r;
}

const char *model_unsettled(struct model *m)
{
	const struct via_daemon *d = m->d;
	const char *r = NULL;

	if (m->calls)
		return "a call is not answered";
	if (!d->inv || !d->provisioned)
		return "the host is not provisioned";
	if (d->works || d->sessions || d->looks || d->n_dirty || d->dirty_all)
		return "something is under way";
	for (size_t i = 0; i < d->claims.n && !r; i++)
		r = unsettled_claim(m, &d->claims.list[i]);
	return r ? r : unsettled_vfs(m);
}
