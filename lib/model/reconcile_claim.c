/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one claim comes to, by what is known about it. */
#include "model/reconcile_view.h"

#include <stdio.h>
#include <string.h>

#include "model/policy.h"

#define VM(c)	  via_claim_vm_text((c), (char[VIA_CLAIM_VM_MAX]){0})
#define HOLDER(h) via_holder_text((h), (char[256]){0}, 256)

static struct via_reconcile_action *act(struct via_reconcile_run *r,
	const struct via_reconcile_view *v, enum via_reconcile_kind kind)
{
	return via_reconcile_push(r, kind, v->claim->fn.addr, v->claim->generation);
}

/* Is its VM gone, as far as libvirt and the host's boot can tell? What the holders say is asked
 * before. */
static bool is_gone(const struct via_reconcile_view *v)
{
	return !v->own && (v->earlier_boot || v->fresh);
}

static void release(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_claim *c = v->claim;
	const char *why = v->earlier_boot ? "the host was booted since"
			  : c->state == VIA_CLAIM_PREPARING
				  ? "its claim was never finished"
				  : "libvirt has no such VM running with it";

	via_reconcile_say(act(r, v, VIA_RECONCILE_RELEASE),
		"%s does not have %s any more: %s, and nothing holds it%s%s", VM(c),
		via_addr_fmt(c->fn.addr), why, v->dev ? "" : "; ", v->dev ? "" : v->why.msg);
}

static void clean(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_reconcile_input *in = r->in;

	if (in->clean_due && !in->clean_due(v->claim, in->user))
		return;
	via_reconcile_say(act(r, v, VIA_RECONCILE_CLEAN), "%s is %s%s%s: the next try is due",
		via_addr_fmt(v->claim->fn.addr), via_claim_state_name(v->claim->state),
		v->claim->reason[0] ? ", " : "", v->claim->reason);
}

/* --- the function is not there, or elsewhere --- */

static void missing(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_claim *c = v->claim;

	if (!v->unsure && !via_claim_is_live(c)) {
		clean(r, v);
		return;
	}
	if (!v->unsure &&
		(c->origin == VIA_CLAIM_REQUEST ? c->state == VIA_CLAIM_PREPARING : is_gone(v))) {
		release(r, v);
		return;
	}
	via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
		"%s is claimed by %s (%s), but: %s", via_addr_fmt(c->fn.addr), VM(c),
		via_claim_state_name(c->state), v->why.msg);
}

static void moved(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	struct via_reconcile_action *a;

	if (via_reconcile_busy(r->in, v->dev->addr))
		return;
	a = act(r, v, VIA_RECONCILE_MOVED);
	a->to = v->dev->addr;
	via_reconcile_say(a,
		"what was claimed by %s as %s is at %s now, by the identity of its card",
		VM(v->claim), via_addr_fmt(v->claim->fn.addr), via_addr_fmt(a->to));
}

/* --- somebody else has it --- */

static const char *const ways_out[] = {
	[VIA_HOLDER_PROCESS] = "end that process, or release the claim",
	[VIA_HOLDER_DOMAIN] = "stop that VM, or release the claim",
	[VIA_HOLDER_HOST] = "take it out of use on the host, or release the claim",
	[VIA_HOLDER_NETNS] = "move it back, or release the claim",
};

static bool refute_holder(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_claim *c = v->claim;

	if (!v->foreign)
		return false;
	via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
		"%s is claimed by %s (%s, generation %llu)%s, but %s holds it; %s",
		via_addr_fmt(c->fn.addr), VM(c), via_claim_state_name(c->state),
		(unsigned long long)c->generation, v->held_by_own ? ", which holds it" : "",
		HOLDER(v->foreign), ways_out[v->foreign->kind]);
	return true;
}

static bool refute_listed(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_claim *c = v->claim;

	if (!v->other)
		return false;
	via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
		"%s is claimed by %s (%s, generation %llu)%s, but libvirt has it in domain %s "
		"(UUID %s) as "
		"well, which runs; take it out of one of them",
		via_addr_fmt(c->fn.addr), VM(c), via_claim_state_name(c->state),
		(unsigned long long)c->generation, v->own ? ", which runs with it" : "",
		v->other->name, v->other->uuid);
	return true;
}

/* Somebody who runs on the function itself, not the host that uses its net device. */
static const struct via_holder *user_of(const struct via_device *d)
{
	for (size_t i = 0; d && i < d->n_holders; i++)
		if (d->holders[i].kind == VIA_HOLDER_DOMAIN ||
			d->holders[i].kind == VIA_HOLDER_PROCESS)
			return &d->holders[i];
	return NULL;
}

static const struct via_device *held_vf(
	const struct via_inventory *inv, const struct via_device *pf)
{
	for (size_t i = 0; pf->sriov && i < pf->sriov->n_vfs; i++) {
		const struct via_device *vf = via_inventory_device(inv, pf->sriov->vfs[i].addr);

		if (user_of(vf))
			return vf;
	}
	return NULL;
}

/* A PF and its VFs cannot have two owners. */
static bool refute_exclusive(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_inventory *inv = r->in->world.inv;
	const struct via_claim *c = v->claim;
	const struct via_device *rival =
		c->fn.is_vf ? via_inventory_device(inv, v->dev->pf) : held_vf(inv, v->dev);

	if (!user_of(rival))
		return false;
	via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
		"%s is claimed by %s, but %s holds %s, %s; a PF goes to one owner with all its "
		"VFs: stop "
		"one of them",
		via_addr_fmt(c->fn.addr), VM(c), HOLDER(user_of(rival)), via_addr_fmt(rival->addr),
		c->fn.is_vf ? "the PF it is on" : "a VF of it");
	return true;
}

/* --- it is where it was, and nobody else has it --- */

/* Why it is not as was wanted, of the attributes in mask; NULL when it is. */
static const char *unlike_wanted(const struct via_inventory *inv,
	const struct via_reconcile_view *v, uint32_t mask, char *buf, size_t size)
{
	const struct via_claim *c = v->claim;
	const struct via_vf_state *s = via_inventory_vf_state(inv, v->dev);
	char want[64], have[64];
	uint32_t differ;

	if (!c->managed || !c->fn.is_vf || !c->wanted.known)
		return NULL;
	if (!s)
		return "its PF does not show its attributes";
	/* What the driver does not report cannot differ. A guest chooses a MAC where none is set.
	 */
	differ = via_vf_attrs_diff(&c->wanted, &s->attrs) & s->attrs.known & mask;
	if (via_mac_is_zero(c->wanted.mac))
		differ &= ~VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		if (!(differ & VIA_ATTR_BIT(i)))
			continue;
		snprintf(buf, size, "its %s is %s, and %s was wanted",
			via_vf_attr_name((enum via_vf_attr)i),
			via_vf_attr_value(&s->attrs, (enum via_vf_attr)i, have, sizeof(have)),
			via_vf_attr_value(&c->wanted, (enum via_vf_attr)i, want, sizeof(want)));
		return buf;
	}
	return NULL;
}

/* Its VM runs with it. Then it is made what the claim says, if it is as the claim says. */
static void settle_held(struct via_reconcile_run *r, const struct via_reconcile_view *v,
	enum via_reconcile_kind kind, const char *so)
{
	const struct via_claim *c = v->claim;
	char buf[256];
	const char *differs = unlike_wanted(r->in->world.inv, v, VIA_ATTR_ALL, buf, sizeof(buf));

	if (differs)
		via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
			"%s runs with %s, whose claim (generation %llu) %s, but %s; stop the VM, "
			"or detach "
			"the device",
			VM(c), via_addr_fmt(c->fn.addr), (unsigned long long)c->generation, so,
			differs);
	else
		via_reconcile_say(act(r, v, kind), "%s runs with %s, as wanted, whose claim %s",
			VM(c), via_addr_fmt(c->fn.addr), so);
}

/* libvirt says that its VM runs with it, and nothing has it open. */
static void refute_unheld(
	struct via_reconcile_run *r, const struct via_reconcile_view *v, const char *so)
{
	const struct via_claim *c = v->claim;

	via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
		"libvirt has %s running with %s, which it does not hold and whose claim "
		"(generation %llu) "
		"%s; stop the VM, or detach the device",
		VM(c), via_addr_fmt(c->fn.addr), (unsigned long long)c->generation, so);
}

static void preparing(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	if (v->held_by_own)
		settle_held(r, v, VIA_RECONCILE_CONFIRM, "was never finished");
	else if (!v->own)
		/* Nobody was ever told that it may run with it. */
		release(r, v);
	else if (v->fresh)
		refute_unheld(r, v, "was never finished");
}

/* Its VF was made anew and could not be set up, or somebody changed it. Nobody uses it: what is set
 * again cannot take anything away from anybody. */
static void renew(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_reconcile_input *in = r->in;
	const struct via_claim *c = v->claim;
	char buf[256];
	const char *differs = v->own ? NULL
				     : unlike_wanted(in->world.inv, v,
					       via_claim_needs(&in->world, c), buf, sizeof(buf));

	if (!differs || !via_inventory_vf_state(in->world.inv, v->dev) || v->dev->n_holders)
		return;
	if (in->renew_due && !in->renew_due(c, in->user))
		return;
	via_reconcile_say(act(r, v, VIA_RECONCILE_RENEW),
		"%s is claimed by %s, which does not run with it, and %s", via_addr_fmt(c->fn.addr),
		VM(c), differs);
}

static void active(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	bool request = v->claim->origin == VIA_CLAIM_REQUEST;

	if (v->held_by_own) {
		if (v->earlier_boot)
			settle_held(r, v, VIA_RECONCILE_REBOOT, "is of an earlier boot");
	} else if (request) {
		if (v->earlier_boot)
			via_reconcile_say(act(r, v, VIA_RECONCILE_REBOOT),
				"the host was booted since %s was claimed for %s; it is there, by "
				"the "
				"identity of its card",
				via_addr_fmt(v->claim->fn.addr), VM(v->claim));
		else
			renew(r, v);
	} else if (is_gone(v)) {
		release(r, v);
	} else if (v->earlier_boot) {
		refute_unheld(r, v, "is of an earlier boot");
	}
}

static void ending(struct via_reconcile_run *r, const struct via_reconcile_view *v)
{
	const struct via_claim *c = v->claim;
	bool quarantined = c->state == VIA_CLAIM_QUARANTINED;

	if (v->held_by_own)
		via_reconcile_say(act(r, v, VIA_RECONCILE_CONTRADICTION),
			"%s is %s%s%s, but %s still holds it; stop the VM, or detach the device",
			via_addr_fmt(c->fn.addr), quarantined ? "quarantined" : "being released",
			c->reason[0] ? ", " : "", c->reason, VM(c));
	else if (v->own && v->fresh)
		refute_unheld(r, v, quarantined ? "is quarantined" : "is being released");
	else
		clean(r, v);
}

typedef void decide_fn(struct via_reconcile_run *r, const struct via_reconcile_view *v);
static decide_fn *const by_state[] = {
	[VIA_CLAIM_PREPARING] = preparing,
	[VIA_CLAIM_ACTIVE] = active,
	[VIA_CLAIM_RELEASING] = ending,
	[VIA_CLAIM_QUARANTINED] = ending,
};

void via_reconcile_claim(struct via_reconcile_run *r, const struct via_claim *c)
{
	struct via_reconcile_view v;

	via_reconcile_look(r->in, c, &v);
	if (!v.dev)
		missing(r, &v);
	else if (!via_addr_eq(v.dev->addr, c->fn.addr))
		moved(r, &v);
	else if (!refute_holder(r, &v) && !refute_listed(r, &v) && !refute_exclusive(r, &v))
		by_state[c->state](r, &v);
}
