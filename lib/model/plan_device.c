/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DirectPath: plans for one device that is given away or taken back. */
#include "model/plan_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/policy.h"

static int begin(struct via_planner *p, const struct via_inventory *inv,
	const struct via_plan_options *opt, struct via_addr addr, const struct via_device **ret,
	struct via_err *err)
{
	const struct via_device *d = via_inventory_device(inv, addr);

	if (!d)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND,
			"there is no device %s; viaduct list names those there are",
			via_addr_fmt(addr));
	if (d->kind == VIA_DEVICE_BRIDGE)
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"%s is a bridge: what is behind it can be passed through, it cannot",
			via_addr_fmt(addr));
	*ret = d;
	return via_plan_begin(p, inv, NULL, opt, err);
}

/* The queue a device's steps run on: its PF's, or its own. */
struct via_step *via_plan_device_step(
	struct via_planner *p, enum via_step_op op, const struct via_device *d)
{
	const struct via_device *pf =
		d->kind == VIA_DEVICE_VF ? via_inventory_device(p->inv, d->pf) : NULL;
	struct via_step *s = via_plan_step(p, op, pf ? pf : d, d->addr);

	s->has_vf = d->kind == VIA_DEVICE_VF;
	s->vf_index = s->has_vf ? d->vf_index : 0;
	s->has_undo = true;
	via_plan_text(s->undo.text, sizeof(s->undo.text), d->driver);
	via_plan_text(s->undo.override, sizeof(s->undo.override), d->driver_override);
	if (d->driver)
		s->disruption = VIA_DISRUPTION_VF_RESET;
	return s;
}

static int check_protected(
	const struct via_planner *p, const struct via_device *d, struct via_err *err)
{
	if (!d->protected_ || via_plan_named(p->opt, d->addr))
		return 0;
	return via_err_set(err, VIA_REFUSED_PROTECTED,
		"%s is protected (%s): taking it away would cut the host off; allow that with "
		"--disturb %s",
		via_addr_fmt(d->addr), d->n_protect ? d->protect[0] : "it carries the host's life",
		via_addr_fmt(d->addr));
}

/* The policy asks about protection last: whom the caller named may be disturbed then. */
static int check_passthrough(
	const struct via_planner *p, const struct via_device *d, struct via_err *err)
{
	int r;

	if (!p->inv->host.iommu)
		return via_err_set(err, VIA_REFUSED_NO_IOMMU,
			"%s cannot be passed through: the host has no IOMMU in use; %s",
			via_addr_fmt(d->addr), via_plan_iommu_help);
	r = via_policy_passthrough(p->inv, d, err);
	return r == VIA_REFUSED_PROTECTED ? check_protected(p, d, err) : r;
}

static int choose(const struct via_planner *p, const struct via_device *d, const char *driver,
	char buf[VIA_DRIVER_MAX], struct via_err *err)
{
	if (strlen(driver) >= VIA_DRIVER_MAX || strpbrk(driver, "/ \t\n"))
		return via_err_set(
			err, VIA_REFUSED_INVALID, "\"%.80s\" is no name of a driver", driver);
	if (*driver)
		via_plan_text(buf, VIA_DRIVER_MAX, driver);
	else if (!via_plan_driver_for(p, d, VIA_DRIVER_VFIO, buf))
		via_plan_text(buf, VIA_DRIVER_MAX, "vfio-pci");
	return 0;
}

/* To another driver of the host: nothing is given away, but what it had is taken. */
static int check_rebind(
	const struct via_planner *p, const struct via_device *d, struct via_err *err)
{
	int r = check_protected(p, d, err);

	if (r == 0)
		r = via_policy_unused(p->inv, d, err);
	if (r == 0)
		r = via_policy_no_uppers(p->inv, d, err);
	if (r == 0 && d->kind == VIA_DEVICE_PF && d->sriov && d->sriov->num)
		r = via_policy_vfs_unused(p->inv, d, err);
	if (r == 0 && d->kind == VIA_DEVICE_PF && d->sriov && d->sriov->num)
		r = via_err_set(err, VIA_REFUSED_IN_USE,
			"%s has %u VFs, which go away with its driver; set their number to 0 first",
			via_addr_fmt(d->addr), d->sriov->num);
	return r;
}

/* The policy lets the other functions of a card go along; the guest starts only once they did. */
static void bind_reason(const struct via_planner *p, const struct via_device *d, const char *name,
	struct via_step *s)
{
	via_autostrbuf others = VIA_STRBUF_INIT;
	const char *has = d->driver ? d->driver : "no driver";

	if (via_policy_is_vfio(name) && via_plan_group_users(p->inv, d->iommu_group, d, &others))
		via_plan_because(s,
			"asked for %.32s, found %.32s; its group also needs, before a guest can "
			"have it: %s",
			name, has, via_strbuf_str(&others));
	else
		via_plan_because(s, "asked for %s, found %s", name, has);
}

int via_plan_bind(const struct via_inventory *inv, struct via_addr addr, const char *driver,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err)
{
	VIA_CLEANUP(via_plan_abandon) struct via_planner p = {0};
	const struct via_device *d;
	char name[VIA_DRIVER_MAX];
	struct via_step *s;
	int r = begin(&p, inv, opt, addr, &d, err);

	if (r == 0)
		r = choose(&p, d, driver ? driver : "", name, err);
	if (r)
		return r;
	/* Also when it has that driver already: it would be taken for ours to give back. */
	r = via_plan_unclaimed(&p, d, err);
	if (r)
		return r;
	if (d->driver && !strcmp(d->driver, name))
		return via_plan_end(&p, ret, err);
	r = via_policy_is_vfio(name) ? check_passthrough(&p, d, err) : check_rebind(&p, d, err);
	if (r)
		return r;
	s = via_plan_device_step(&p, VIA_STEP_BIND, d);
	via_plan_text(s->set.text, sizeof(s->set.text), name);
	via_plan_text(s->set.override, sizeof(s->set.override), name);
	bind_reason(&p, d, name, s);
	return via_plan_end(&p, ret, err);
}

/* Back to a driver of the host, or to none when there is none for it. */
static void step_back(struct via_planner *p, const struct via_device *d, const char *original)
{
	char name[VIA_DRIVER_MAX] = "";
	struct via_step *s;

	if (*original)
		via_plan_text(name, sizeof(name), original);
	else
		via_plan_driver_for(p, d, VIA_DRIVER_HOST, name);
	if (d->driver && !strcmp(d->driver, name) && !(d->driver_override && *d->driver_override))
		return;
	if (!*name && !d->driver && !(d->driver_override && *d->driver_override))
		return;
	s = via_plan_device_step(p, *name ? VIA_STEP_BIND : VIA_STEP_UNBIND, d);
	via_plan_text(s->set.text, sizeof(s->set.text), name);
	via_plan_because(s, "given back to %s, found %s",
		*name ? name : "nothing (no host driver knows it)",
		d->driver ? d->driver : "no driver");
}

int via_plan_unbind(const struct via_inventory *inv, struct via_addr addr, const char *original,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err)
{
	VIA_CLEANUP(via_plan_abandon) struct via_planner p = {0};
	const struct via_device *d;
	int r = begin(&p, inv, opt, addr, &d, err);

	if (r == 0)
		r = via_plan_unclaimed(&p, d, err);
	/* On a host driver already (or on none) there is nothing to give back. */
	if (r == 0 && d->driver && !via_policy_is_vfio(d->driver) && !(original && *original))
		return via_plan_end(&p, ret, err);
	if (r == 0 && d->driver)
		r = check_rebind(&p, d, err);
	if (r)
		return r;
	step_back(&p, d, original ? original : "");
	return via_plan_end(&p, ret, err);
}
