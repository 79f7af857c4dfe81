/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a claim does to the host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/alloc_parts.h"
#include "model/claim_steps.h"
#include "model/policy.h"

struct via_step *via_claim_attrs_step(
	struct via_planner *p, const struct via_device *dev, const struct via_vf_attrs *set)
{
	struct via_step *s = via_plan_device_step(p, VIA_STEP_VF_ATTRS, dev);

	s->set.attrs = *set;
	s->undo = (struct via_step_value){0};
	s->has_undo = false;
	s->disruption = VIA_DISRUPTION_NONE;
	return s;
}

/* "vlan 100, spoofchk on" */
static void describe(const struct via_vf_attrs *a, struct via_strbuf *b)
{
	char value[64];

	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++)
		if (a->known & VIA_ATTR_BIT(i))
			via_strbuf_addf(b, "%s%s %s", b->len ? ", " : "",
				via_vf_attr_name((enum via_vf_attr)i),
				via_vf_attr_value(a, (enum via_vf_attr)i, value, sizeof(value)));
}

/* --- what is known not to work --- */

static const struct via_netdev *pf_netdev(
	const struct via_inventory *inv, const struct via_device *pf)
{
	const struct via_netdev *n = pf ? via_device_netdev(inv, pf) : NULL;

	return n && !n->representor ? n : NULL;
}

/* Does the configuration say so, or is it only what is safe? */
static bool spoofchk_configured(const struct via_world *w, const struct via_claim *c)
{
	const struct via_device *dev = via_inventory_device(w->inv, c->fn.addr);
	struct via_candidate now;

	if (!dev)
		return false;
	via_candidate_init(
		&now, w, dev, *c->network ? via_config_network(w->config, c->network) : NULL);
	return (now.want.attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK)) &&
	       now.want.attrs.spoofchk;
}

/* Without its VLAN a VM would be on the wire as such, without its MAC it would not be found. */
uint32_t via_claim_needs(const struct via_world *w, const struct via_claim *c)
{
	const struct via_vf_attrs *a = &c->wanted;
	uint32_t needs = 0;

	if (!via_mac_is_zero(a->mac))
		needs |= VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	if (a->vlan || a->qos)
		needs |= VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	if (a->spoofchk && spoofchk_configured(w, c))
		needs |= VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK);
	return needs & a->known;
}

static const char *const need_names[VIA_VF_ATTR_COUNT] = {[VIA_VF_ATTR_MAC] = "MAC",
	[VIA_VF_ATTR_VLAN] = "VLAN",
	[VIA_VF_ATTR_SPOOFCHK] = "spoof check"};

static int check_supported(const struct via_world *w, const struct via_planner *p,
	const struct via_claim *c, const struct via_device *pf, struct via_err *err)
{
	char value[64], owner[64];
	enum via_vf_attr which;
	uint32_t missing;

	if (!pf_netdev(p->inv, pf))
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"%s cannot be configured for %s: its PF %s has no net device in this "
			"network namespace",
			via_addr_fmt(c->fn.addr), via_claim_owner(c, owner),
			via_addr_fmt(pf ? pf->addr : c->fn.pf));
	missing = p->opt->unsupported ? p->opt->unsupported(pf->addr, p->opt->user) : 0;
	missing &= via_claim_needs(w, c);
	if (!missing)
		return 0;
	which = (enum via_vf_attr)__builtin_ctz(missing);
	return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
		"%s cannot be given to %s: the driver of its PF %s (%s) sets no %s on a VF, and "
		"%s is wanted; use a VF of another card%s",
		via_addr_fmt(c->fn.addr), via_claim_owner(c, owner), via_addr_fmt(pf->addr),
		pf->driver ? pf->driver : "none", need_names[which],
		via_vf_attr_value(&c->wanted, which, value, sizeof(value)),
		which == VIA_VF_ATTR_MAC ? "" : ", or another network");
}

/* --- steps --- */

static bool is_raised(const struct via_planner *p, struct via_addr pf)
{
	for (size_t i = 0; i < p->plan->n_steps; i++)
		if (p->plan->steps[i].op == VIA_STEP_PF_UP &&
			via_addr_eq(p->plan->steps[i].target, pf))
			return true;
	return false;
}

/* igb and ixgbe configure VFs only while their PF is up (quirks), and no VF has a link otherwise.
 */
void via_claim_step_up(struct via_planner *p, const struct via_device *pf, const char *why)
{
	const struct via_netdev *n = pf_netdev(p->inv, pf);
	struct via_step *s;

	if (!n || n->up || is_raised(p, pf->addr))
		return;
	s = via_plan_step(p, VIA_STEP_PF_UP, pf, pf->addr);
	s->set.number = 1;
	via_plan_because(s, "a VF of it is %s and %s is down", why, n->name);
}

static void step_attrs(
	struct via_planner *p, const struct via_claim *c, const struct via_device *dev)
{
	const struct via_vf_state *have = via_inventory_vf_state(p->inv, dev);
	via_autostrbuf what = VIA_STRBUF_INIT;
	char owner[64];
	struct via_step *s;

	if (!c->wanted.known)
		return;
	s = via_claim_attrs_step(p, dev, &c->wanted);
	if (have)
		via_vf_attrs_copy(
			&s->undo.attrs, &have->attrs, c->wanted.known & have->attrs.known);
	s->has_undo = s->undo.attrs.known;
	describe(&c->wanted, &what);
	via_plan_because(
		s, "claimed by %.40s: %s", via_claim_owner(c, owner), via_strbuf_str(&what));
}

static void step_driver(
	struct via_planner *p, const struct via_claim *c, const struct via_device *dev)
{
	struct via_step *s;
	char owner[64];

	if (!c->has_driver)
		return;
	s = via_plan_device_step(p, VIA_STEP_BIND, dev);
	via_plan_text(s->set.text, sizeof(s->set.text), c->wanted_driver);
	via_plan_text(s->set.override, sizeof(s->set.override), c->wanted_driver);
	via_plan_because(s, "claimed by %.40s with %.40s, found %.40s", via_claim_owner(c, owner),
		c->wanted_driver, dev->driver ? dev->driver : "no driver");
}

/* The function a claim means; NULL in *ret for one that is not ours to touch. */
static int find(const struct via_planner *p, const struct via_claim *c,
	const struct via_device **ret, struct via_err *err)
{
	*ret = NULL;
	return c->managed ? via_identity_find(p->inv, &c->fn, ret, err) : 0;
}

static int configure(const struct via_world *w, struct via_planner *p, const struct via_claim *c,
	struct via_err *err)
{
	const struct via_device *dev, *pf;
	int r = find(p, c, &dev, err);

	if (r || !dev || c->whole)
		return r;
	pf = via_inventory_device(p->inv, dev->pf);
	r = check_supported(w, p, c, pf, err);
	if (r)
		return r;
	via_claim_step_up(p, pf, "claimed");
	return 0;
}

/* In rounds, so that neighbouring attribute steps go to the kernel as one batch. */
int via_claim_plan(const struct via_world *w, const struct via_claim *const *claims, size_t n,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err)
{
	VIA_CLEANUP(via_plan_abandon) struct via_planner p = {0};
	static void (*const rounds[])(struct via_planner * p, const struct via_claim *c,
		const struct via_device *dev) = {step_attrs, step_driver};
	int r = via_plan_begin(&p, w->inv, w->config, opt, err);

	for (size_t i = 0; i < n && r == 0; i++)
		r = configure(w, &p, claims[i], err);
	for (size_t k = 0; k < VIA_ARRAY_SIZE(rounds) && r == 0; k++) {
		for (size_t i = 0; i < n && r == 0; i++) {
			const struct via_device *dev;

			r = find(&p, claims[i], &dev, err);
			if (r == 0 && dev && (k || !claims[i]->whole))
				rounds[k](&p, claims[i], dev);
		}
	}
	return r ? r : via_plan_end(&p, ret, err);
}
