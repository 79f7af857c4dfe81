/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planning on the reader thread: from what a caller wrote to a plan. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/bind.h"
#include "model/policy.h"
#include "session.h"

static int find(struct via_look *l, const char *what, const struct via_device **ret)
{
	*ret = via_resolve(l->inv->inv, what);
	if (*ret)
		return 0;
	return via_err_set(&l->err, VIA_REFUSED_NOT_FOUND,
		"there is no device \"%.64s\"; give a PCI address, an interface name or PF/N for "
		"VF "
		"N (`viaduct list` shows them)",
		what);
}

static int resolve_disturb(struct via_look *l, const struct via_session_options *o,
	struct via_addr **ret, struct via_plan_options *opt)
{
	size_t n = 0;
	int r = 0;

	while (o->disturb && o->disturb[n])
		n++;
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return via_err_set(&l->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n && !r; i++) {
		const struct via_device *dev;

		r = find(l, o->disturb[i], &dev);
		if (!r)
			(*ret)[i] = dev->addr;
	}
	opt->disturb = *ret;
	opt->n_disturb = n;
	return r;
}

static int resolve_only(struct via_look *l, const char *only, struct via_plan_options *opt)
{
	const struct via_device *dev;
	int r = only ? find(l, only, &dev) : 0;

	if (r || !only)
		return r;
	if (dev->kind != VIA_DEVICE_PF)
		return via_err_set(&l->err, VIA_REFUSED_INVALID,
			"%s is no PF (it has no SR-IOV capability of its own); name a PF", only);
	opt->has_only = true;
	opt->only = dev->addr;
	return 0;
}

/* A driver that the configuration wants otherwise would be taken away again as drift. */
static bool agrees(const struct via_vf_wanted *want, const char *driver)
{
	if (want->driver == VIA_DRIVER_UNSET)
		return true;
	if (!driver)
		return want->driver == VIA_DRIVER_HOST;
	return want->driver == VIA_DRIVER_VFIO ||
	       (want->driver == VIA_DRIVER_NAMED && want->driver_name &&
		       !strcmp(want->driver_name, driver));
}

/* driver: NULL for giving it back to the host's. */
static int check_configured(struct via_look *l, const struct via_device *dev, const char *driver)
{
	const struct via_inventory *inv = l->inv->inv;
	const struct via_device *pf = via_inventory_device(inv, dev->pf);
	const struct via_pf_config *conf;
	struct via_vf_wanted want;

	if (dev->kind != VIA_DEVICE_VF || !pf)
		return 0;
	conf = via_config_for(l->config->config, inv, pf);
	if (!conf)
		return 0;
	via_config_vf(l->config->config, conf, inv, pf, dev->vf_index, &want);
	if (agrees(&want, driver))
		return 0;
	return via_err_set(&l->err, VIA_REFUSED_CONFLICT,
		"the configuration (%s:%u) says otherwise about the driver of %s, VF %u of %s; "
		"change "
		"\"driver\" there instead",
		conf->place.file ? conf->place.file : "?", conf->place.line,
		via_addr_fmt(dev->addr), dev->vf_index, via_addr_fmt(pf->addr));
}

/* What the scan found out is the policy's; what the configuration says of a PF is said here. */
static int check_promised(
	struct via_look *l, const struct via_device *dev, const struct via_plan_options *opt)
{
	const struct via_pf_config *conf = via_config_for(l->config->config, l->inv->inv, dev);
	const char *file = conf && conf->place.file ? conf->place.file : "?";

	if (!conf)
		return 0;
	if (conf->verify_only)
		return via_err_set(&l->err, VIA_REFUSED_VERIFY_ONLY,
			"%s is only verified (%s:%u): its driver is its manager's to change; "
			"remove \"verify_only\" there first",
			via_addr_fmt(dev->addr), file, conf->place.line);
	for (size_t i = 0; i < opt->n_disturb; i++)
		if (via_addr_eq(opt->disturb[i], dev->addr))
			return 0;
	if (conf->protect != VIA_TRUE)
		return 0;
	return via_err_set(&l->err, VIA_REFUSED_PROTECTED,
		"%s is protected: the configuration says so (%s:%u); allow it with --disturb %s",
		via_addr_fmt(dev->addr), file, conf->place.line, via_addr_fmt(dev->addr));
}

static const struct via_bound *known(const struct via_plan_request *q, struct via_addr addr)
{
	for (size_t i = 0; i < q->n_known; i++)
		if (via_addr_eq(q->known[i].addr, addr))
			return &q->known[i];
	return NULL;
}

static int choose_driver(struct via_look *l, const struct via_plan_request *q,
	const struct via_device *dev, char *driver)
{
	if (q->opt.driver)
		snprintf(driver, VIA_DRIVER_MAX, "%s", q->opt.driver);
	else if (via_driver_for(l->kernel, dev, VIA_DRIVER_VFIO, driver, VIA_DRIVER_MAX) < 0)
		snprintf(driver, VIA_DRIVER_MAX, "vfio-pci");
	return 0;
}

static int plan_bind(
	struct via_look *l, struct via_plan_request *q, const struct via_plan_options *opt)
{
	const struct via_inventory *inv = l->inv->inv;
	const struct via_device *dev;
	const struct via_bound *before;
	char driver[VIA_DRIVER_MAX];
	int r = find(l, q->opt.device, &dev);

	if (r)
		return r;
	choose_driver(l, q, dev, driver);
	before = known(q, dev->addr);
	q->bound.persistent = q->opt.persistent;
	snprintf(q->bound.driver, sizeof(q->bound.driver), "%s", driver);
	snprintf(q->bound.original, sizeof(q->bound.original), "%s",
		before	      ? before->original
		: dev->driver ? dev->driver
			      : "");
	via_bound_identify(&q->bound, inv, dev);
	r = via_plan_bind(inv, dev->addr, driver, opt, &q->plan, &l->err);
	if (!r && q->plan->n_steps)
		r = check_promised(l, dev, opt);
	/* What is unsafe is said first: the configuration may be changed in a minute. */
	return r ? r : check_configured(l, dev, driver);
}

static int plan_unbind(
	struct via_look *l, struct via_plan_request *q, const struct via_plan_options *opt)
{
	const struct via_inventory *inv = l->inv->inv;
	const struct via_device *dev;
	const struct via_bound *before;
	int r = find(l, q->opt.device, &dev);

	if (r)
		return r;
	before = known(q, dev->addr);
	if (before)
		q->bound = *before;
	else
		via_bound_identify(&q->bound, inv, dev);
	if (!q->bound.driver[0])
		snprintf(q->bound.driver, sizeof(q->bound.driver), "%s",
			dev->driver ? dev->driver : "none");
	r = via_plan_unbind(inv, dev->addr, before ? before->original : "", opt, &q->plan, &l->err);
	return r ? r : check_configured(l, dev, NULL);
}

void via_plan_think(struct via_look *l)
{
	struct via_plan_request *q = l->user;
	struct via_plan_options opt = {.recreate = q->opt.recreate};
	via_autofree struct via_addr *disturb = NULL;

	via_look_plan_options(l, &opt);
	l->r = resolve_disturb(l, &q->opt, &disturb, &opt);
	if (!l->r)
		l->r = resolve_only(l, q->opt.only, &opt);
	if (l->r)
		return;
	if (q->kind == VIA_SESSION_BIND)
		l->r = plan_bind(l, q, &opt);
	else if (q->kind == VIA_SESSION_UNBIND)
		l->r = plan_unbind(l, q, &opt);
	else
		l->r = via_plan_make(l->inv->inv, l->config->config, &opt, &q->plan, &l->err);
}
