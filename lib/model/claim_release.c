/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a release does to the host, and whether it did.
 *
 * The order: the host's driver lets go; the function is reset while nothing but vfio (or nothing)
 * is on it: from then on it neither sends nor receives, and what the guest put into it is gone;
 * then its attributes, the MAC first and the VLAN behind it (the kernel's order within a message,
 * do_setvfinfo() in net/core/rtnetlink.c), so that the guest's address never stands outside its
 * VLAN; its driver last, as that reads the MAC when it probes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/alloc_parts.h"
#include "model/claim_steps.h"
#include "model/policy.h"

#define BIT(attr) VIA_ATTR_BIT(VIA_VF_ATTR_##attr)

/* A function that is to be cleaned, and what it should come to. */
struct leaving {
	const struct via_world *w;
	const struct via_claim *claim;
	const struct via_device *dev; /* NULL: it is not there */
	const struct via_device *pf;
	const struct via_pf_config *entry;
	struct via_vf_wanted want;   /* as configured; nothing without an entry */
	char driver[VIA_DRIVER_MAX]; /* it goes back to; "" none */
};

/* --- what it should come to --- */

static bool probes(const struct leaving *l)
{
	return l->pf && l->pf->sriov && l->pf->sriov->autoprobe;
}

/*
 * Nobody knows what a function that was found running had before: what libvirt gave it back to, or
 * left it with, it keeps. Between two drivers (a try that was cut short) it is the kernel's choice.
 */
static void driver_of_adopted(struct leaving *l)
{
	via_plan_text(l->driver, sizeof(l->driver), l->dev->driver ? l->dev->driver : "");
	if (!l->dev->driver && probes(l))
		via_world_driver(l->w, l->dev, VIA_DRIVER_HOST, l->driver);
}

static void driver_back(struct leaving *l)
{
	const char *before = l->claim->driver_before;

	via_plan_text(l->driver, sizeof(l->driver), before);
	switch (l->want.driver) {
	case VIA_DRIVER_UNSET:
		if (l->claim->origin == VIA_CLAIM_ADOPTED)
			driver_of_adopted(l);
		break;
	case VIA_DRIVER_NONE:
		l->driver[0] = '\0';
		break;
	case VIA_DRIVER_HOST:
		if (!*before || via_policy_is_vfio(before))
			via_world_driver(l->w, l->dev, VIA_DRIVER_HOST, l->driver);
		break;
	case VIA_DRIVER_VFIO:
		via_world_driver(l->w, l->dev, VIA_DRIVER_VFIO, l->driver);
		break;
	case VIA_DRIVER_NAMED:
		via_plan_text(l->driver, sizeof(l->driver), l->want.driver_name);
		break;
	}
}

static void look(struct leaving *l, const struct via_world *w, const struct via_claim *claim,
	const struct via_device *dev)
{
	*l = (struct leaving){.w = w, .claim = claim, .dev = dev};
	if (!dev)
		return;
	l->pf = dev->kind == VIA_DEVICE_VF ? via_inventory_device(w->inv, dev->pf) : dev;
	if (l->pf && !claim->whole)
		l->entry = via_config_for(w->config, w->inv, l->pf);
	if (l->entry)
		via_config_vf(w->config, l->entry, w->inv, l->pf, dev->vf_index, &l->want);
	driver_back(l);
}

/* Without a net device on it, some drivers take no zero MAC: then one that nobody else can have. */
static void park_mac(const struct leaving *l, struct via_vf_attrs *a)
{
	static const struct via_pf_config none;

	if (!via_mac_is_zero(a->mac) || !l->pf || !l->w->parks_mac ||
		!l->w->parks_mac(l->pf, l->w->user))
		return;
	a->mac = via_config_vf_mac(l->entry ? l->entry : &none, l->w->inv, l->pf, l->dev->vf_index);
}

/*
 * Baseline with the configuration over it. What no baseline tells of and the claim has set goes
 * back to what a new VF has.
 */
static void attrs_of(
	const struct leaving *l, const struct via_vf_attrs *baseline, struct via_vf_attrs *ret)
{
	static const struct via_vf_attrs fresh = {.known = VIA_ATTR_ALL,
		.vlan_proto = VIA_VLAN_PROTO_8021Q,
		.spoofchk = true,
		.link_state = VIA_LINK_AUTO};
	const uint32_t always = BIT(MAC) | BIT(VLAN) | BIT(SPOOFCHK) | BIT(TRUST);
	struct via_vf_attrs a = {0};

	via_vf_attrs_copy(&a, &fresh, l->claim->wanted.known | always);
	if (baseline)
		via_vf_attrs_copy(&a, baseline, baseline->known);
	via_vf_attrs_copy(&a, &l->want.attrs, l->want.attrs.known);
	/* A baseline that was taken while the VM had it already is no place to go back to. */
	if (!(l->want.attrs.known & BIT(MAC)) && (l->claim->wanted.known & BIT(MAC)) &&
		via_mac_eq(a.mac, l->claim->wanted.mac))
		a.mac = (struct via_mac){{0}};
	park_mac(l, &a);
	*ret = a;
}

void via_release_attrs(const struct via_world *w, const struct via_claim *claim,
	const struct via_vf_attrs *baseline, struct via_vf_attrs *ret)
{
	const struct via_device *dev = NULL;
	struct leaving l;

	if (via_identity_find(w->inv, &claim->fn, &dev, NULL))
		dev = NULL;
	look(&l, w, claim, dev);
	attrs_of(&l, baseline, ret);
}

/* --- steps --- */

static bool can_reset(const struct via_device *d)
{
	return d->flr || (d->reset_methods && *d->reset_methods);
}

static struct via_step *step(struct via_planner *p, enum via_step_op op, const struct leaving *l)
{
	struct via_step *s = via_plan_device_step(p, op, l->dev);

	s->has_undo = false;
	s->undo = (struct via_step_value){0};
	return s;
}

static bool on_host_driver(const struct via_device *d)
{
	return d->driver && !via_policy_is_vfio(d->driver);
}

static void step_let_go(struct via_planner *p, const struct leaving *l)
{
	if (on_host_driver(l->dev))
		via_plan_because(step(p, VIA_STEP_UNBIND, l),
			"%s lets go of it while it is cleaned", l->dev->driver);
}

static void step_reset(struct via_planner *p, const struct leaving *l)
{
	struct via_step *s;
	char owner[64];

	if (!can_reset(l->dev))
		return;
	s = step(p, VIA_STEP_RESET, l);
	s->disruption = VIA_DISRUPTION_VF_RESET;
	via_plan_because(s, "released by %.60s: what it left in the function is wiped",
		via_claim_owner(l->claim, owner));
}

/*
 * Rate, link state and RSS query are left out where the PF shows them to be right: drivers refuse a
 * rate without a link (quirks), and that would keep a VF that is clean from being free.
 */
static void step_attrs(
	struct via_planner *p, const struct leaving *l, const struct via_vf_attrs *baseline)
{
	const struct via_vf_state *have = via_inventory_vf_state(l->w->inv, l->dev);
	const uint32_t lazy = BIT(RATE) | BIT(LINK_STATE) | BIT(RSS_QUERY);
	struct via_vf_attrs want, set = {0};
	uint32_t mask;

	attrs_of(l, baseline, &want);
	mask = want.known;
	if (have)
		mask &= ~lazy | via_vf_attrs_diff(&want, &have->attrs);
	via_vf_attrs_copy(&set, &want, mask);
	via_plan_because(via_claim_attrs_step(p, l->dev, &set), "back to what it was before %s",
		baseline ? "(its baseline) and is configured to be" : "as far as that is known");
}

/* As the plan leaves it behind: nothing where the kernel's own choice is meant and allowed. */
static void step_driver_back(struct via_planner *p, const struct leaving *l)
{
	bool vfio = via_policy_is_vfio(l->driver), freed = on_host_driver(l->dev);
	const char *has = freed || !l->dev->driver ? "" : l->dev->driver;
	struct via_step *s;

	if (!strcmp(has, l->driver))
		return;
	s = step(p, *l->driver ? VIA_STEP_BIND : VIA_STEP_UNBIND, l);
	via_plan_text(s->set.text, sizeof(s->set.text), l->driver);
	if (freed && !strcmp(l->driver, l->dev->driver))
		via_plan_text(s->set.override, sizeof(s->set.override), l->dev->driver_override);
	else if (vfio || (*l->driver && !l->claim->whole && !probes(l)))
		via_plan_text(s->set.override, sizeof(s->set.override), l->driver);
	if (freed)
		s->disruption = VIA_DISRUPTION_NONE;
	via_plan_because(s, "given back to %.60s", *l->driver ? l->driver : "no driver");
}

/* Given back to the host's driver by libvirt, a whole function is in the host's hands already. */
static void clean_whole(struct via_planner *p, const struct leaving *l)
{
	if (on_host_driver(l->dev))
		return;
	step_reset(p, l);
	step_driver_back(p, l);
}

static void clean_vf(
	struct via_planner *p, const struct leaving *l, const struct via_vf_attrs *baseline)
{
	if (l->pf)
		via_claim_step_up(p, l->pf, "released");
	step_let_go(p, l);
	step_reset(p, l);
	step_attrs(p, l, baseline);
	step_driver_back(p, l);
}

/*
 * A card shows no MAC while vfio has it, and many have no serial number. The override that it was
 * bound by says as much: it belongs to the device in the kernel and goes with it (pci_release_dev()
 * in drivers/pci/probe.c), so that another card at the address has none.
 */
static bool has_our_override(
	const struct via_world *w, const struct via_claim *c, const struct via_device *d)
{
	const char *boot_id = w->inv->host.boot_id;

	return c->has_driver && d->driver_override &&
	       !strcmp(d->driver_override, c->wanted_driver) && boot_id &&
	       !strcmp(boot_id, c->boot_id) &&
	       via_identity_compare(w->inv, d, &c->fn) == VIA_IDENTITY_BLIND;
}

static int find(const struct via_world *w, const struct via_claim *claim,
	const struct via_device **ret, struct via_err *err)
{
	const struct via_device *there = via_inventory_device(w->inv, claim->fn.addr);
	int r = via_identity_find(w->inv, &claim->fn, ret, err);

	if (r != VIA_REFUSED_MISMATCH || !there || !has_our_override(w, claim, there))
		return r;
	*ret = there;
	return 0;
}

int via_release_plan(const struct via_world *w, const struct via_claim *claim,
	const struct via_vf_attrs *baseline, const struct via_plan_options *opt,
	struct via_plan **ret, struct via_err *err)
{
	VIA_CLEANUP(via_plan_abandon) struct via_planner p = {0};
	const struct via_device *dev = NULL;
	struct leaving l;
	int r = via_plan_begin(&p, w->inv, w->config, opt, err);

	if (r == 0 && claim->managed)
		r = find(w, claim, &dev, err);
	/* One that is gone has nothing left to clean: a VF comes back new, a card from a cold
	 * start. */
	if (r == VIA_REFUSED_NOT_FOUND)
		r = 0, dev = NULL;
	if (r)
		return r;
	look(&l, w, claim, dev);
	if (dev && claim->whole)
		clean_whole(&p, &l);
	else if (dev)
		clean_vf(&p, &l, baseline);
	return via_plan_end(&p, ret, err);
}

/* --- is it clean? --- */

static int left(struct via_err *err, const struct leaving *l, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int left(struct via_err *err, const struct leaving *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	via_err_setv(err, VIA_REFUSED_QUARANTINED, fmt, ap);
	va_end(ap);
	via_err_prefix(err, "%s is not clean", via_addr_fmt(l->dev->addr));
	return VIA_REFUSED_QUARANTINED;
}

static int check_driver(const struct leaving *l, struct via_err *err)
{
	const char *has = l->dev->driver ? l->dev->driver : "";

	/* What libvirt gave back to the host's driver is the host's again. */
	if (!strcmp(has, l->driver) || (l->claim->whole && on_host_driver(l->dev)))
		return 0;
	return left(err, l, "it has driver %s, and %s was meant", *has ? has : "none",
		*l->driver ? l->driver : "none");
}

/* The VM's own MAC, unless the VF is configured to have that one anyhow. */
static int check_mac(const struct leaving *l, const struct via_vf_attrs *want, struct via_err *err)
{
	const struct via_vf_state *have = via_inventory_vf_state(l->w->inv, l->dev);
	const struct via_netdev *n = via_device_netdev(l->w->inv, l->dev);
	struct via_mac vm = l->claim->wanted.mac;
	const char *where = NULL;

	if (!(l->claim->wanted.known & BIT(MAC)) || via_mac_is_zero(vm) ||
		via_mac_eq(vm, want->mac))
		return 0;
	if (have && (have->attrs.known & BIT(MAC)) && via_mac_eq(have->attrs.mac, vm))
		where = "its PF's VF list";
	else if (n && via_mac_eq(n->mac, vm))
		where = n->name;
	return where ? left(err, l, "the MAC of its last VM (%s) still stands in %s",
			       via_mac_fmt(vm), where)
		     : 0;
}

static int check_attrs(
	const struct leaving *l, const struct via_vf_attrs *target, struct via_err *err)
{
	const struct via_vf_state *have = via_inventory_vf_state(l->w->inv, l->dev);
	struct via_vf_wanted want = {.attrs = *target};
	char wanted[64], found[64];
	unsigned int which;
	uint32_t differ;

	if (!have)
		return left(err, l, "its PF %s does not tell its attributes now",
			via_addr_fmt(l->dev->pf));
	/* What this driver does not tell of cannot be checked, and was not set either. */
	want.attrs.known &= have->attrs.known;
	differ = via_plan_attrs_differ(&want, &have->attrs, l->dev, l->dev->driver);
	if (!differ)
		return 0;
	which = (unsigned int)__builtin_ctz(differ);
	return left(err, l, "%s is %s, and %s was meant", via_vf_attr_name((enum via_vf_attr)which),
		via_vf_attr_value(&have->attrs, (enum via_vf_attr)which, found, sizeof(found)),
		via_vf_attr_value(target, (enum via_vf_attr)which, wanted, sizeof(wanted)));
}

/* Two with one address on a wire are an outage: before it goes to the next VM. */
static int check_twin(const struct leaving *l, struct via_err *err)
{
	const struct via_vf_state *have = via_inventory_vf_state(l->w->inv, l->dev);
	int r;

	if (!have || !(have->attrs.known & BIT(MAC)) || via_mac_is_zero(have->attrs.mac))
		return 0;
	r = via_claims_mac_free(l->w->claims, l->w->inv, l->w->domains, have->attrs.mac,
		l->dev->addr, l->claim->uuid, err);
	if (r > 0)
		via_err_prefix(err, "%s is not clean", via_addr_fmt(l->dev->addr));
	return r;
}

int via_release_check(const struct via_world *w, const struct via_claim *claim,
	const struct via_vf_attrs *baseline, struct via_err *err)
{
	const struct via_device *dev = NULL;
	struct via_vf_attrs target;
	struct leaving l;
	int r = claim->managed ? via_identity_find(w->inv, &claim->fn, &dev, err) : 0;

	if (r == VIA_REFUSED_NOT_FOUND)
		return 0;
	if (r || !dev)
		return r;
	look(&l, w, claim, dev);
	/* Nobody holds through vfio what a driver of the host has; what the host does with it by
	 * now is its own affair. */
	if (!on_host_driver(dev))
		r = via_policy_unused(w->inv, dev, err);
	if (r == 0)
		r = check_driver(&l, err);
	if (r || claim->whole)
		return r;
	attrs_of(&l, baseline, &target);
	r = check_mac(&l, &target, err);
	if (r == 0)
		r = check_attrs(&l, &target, err);
	return r ? r : check_twin(&l, err);
}
