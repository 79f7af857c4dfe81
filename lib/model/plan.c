/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan as a whole: its names, its list of steps and refusals, the walk over the PFs. */
#include "model/plan_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/policy.h"

static const char *const op_names[VIA_STEP_OP_COUNT] = {
#define VIA_X(sym, name) [VIA_STEP_##sym] = name,
	VIA_STEP_OPS(VIA_X)
#undef VIA_X
};

static const char *const disruption_names[] = {
	[VIA_DISRUPTION_NONE] = "none",
	[VIA_DISRUPTION_VF_RESET] = "vf_reset",
	[VIA_DISRUPTION_VF_RECREATE] = "vf_recreate",
	[VIA_DISRUPTION_REBOOT] = "reboot",
};

const char *via_step_op_name(enum via_step_op op)
{
	return (unsigned int)op < VIA_STEP_OP_COUNT ? op_names[op] : "unknown";
}

int via_step_op_parse(const char *name, enum via_step_op *ret)
{
	for (unsigned int i = 0; i < VIA_STEP_OP_COUNT; i++) {
		if (!strcmp(op_names[i], name)) {
			*ret = (enum via_step_op)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *via_disruption_name(enum via_disruption d)
{
	return (unsigned int)d < VIA_ARRAY_SIZE(disruption_names) ? disruption_names[d] : "unknown";
}

void via_plan_destroy(struct via_plan *p)
{
	if (!p)
		return;
	free(p->steps);
	free(p->refusals);
	free(p);
}

void via_plan_text(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src ? src : "");
}

/* Grow by doubling: the capacity is the next power of two of the count. */
static void *push(void **list, size_t *n, size_t size, int *error)
{
	if ((*n & (*n - 1)) == 0) {
		void *bigger = reallocarray(*list, *n ? *n * 2 : 1, size);

		if (!bigger) {
			*error = -ENOMEM;
			return NULL;
		}
		*list = bigger;
	}
	return memset((char *)*list + (*n)++ * size, 0, size);
}

static const struct via_netdev *identity_netdev(
	const struct via_inventory *inv, const struct via_device *d)
{
	const struct via_netdev *n = via_device_netdev(inv, d);

	return n && n->has_perm_mac && !n->representor ? n : NULL;
}

struct via_step *via_plan_step(struct via_planner *p, enum via_step_op op,
	const struct via_device *queue, struct via_addr target)
{
	struct via_plan *plan = p->plan;
	const struct via_netdev *n = identity_netdev(p->inv, queue);
	const struct via_device *dev = via_inventory_device(p->inv, target);
	struct via_step *s;

	s = push((void **)&plan->steps, &plan->n_steps, sizeof(*s), &p->error);
	if (!s) {
		p->scratch = (struct via_step){0};
		return &p->scratch;
	}
	s->id = (uint32_t)plan->n_steps;
	s->op = op;
	s->pf = queue->addr;
	s->target = target;
	s->has_pf_mac = n;
	if (n)
		s->pf_mac = n->perm_mac;
	if (dev) {
		s->vendor = dev->vendor;
		s->device = dev->device;
	}
	return s;
}

void via_plan_because(struct via_step *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->reason, sizeof(s->reason), fmt, ap);
	va_end(ap);
}

void via_plan_refuse(
	struct via_planner *p, enum via_refusal code, struct via_addr target, const char *fmt, ...)
{
	struct via_plan *plan = p->plan;
	struct via_plan_refusal *r;
	va_list ap;

	r = push((void **)&plan->refusals, &plan->n_refusals, sizeof(*r), &p->error);
	if (!r)
		return;
	r->code = code;
	r->target = target;
	va_start(ap, fmt);
	vsnprintf(r->message, sizeof(r->message), fmt, ap);
	va_end(ap);
}

bool via_plan_allowed(
	struct via_planner *p, struct via_addr target, int r, const struct via_err *err)
{
	if (r < 0 && !p->error)
		p->error = r;
	if (r > 0)
		via_plan_refuse(p, (enum via_refusal)r, target, "%s", err->msg);
	return r == 0;
}

bool via_plan_named(const struct via_plan_options *opt, struct via_addr pf)
{
	for (size_t i = 0; i < opt->n_disturb; i++)
		if (via_addr_eq(opt->disturb[i], pf))
			return true;
	return false;
}

bool via_plan_driver_for(const struct via_planner *p, const struct via_device *dev,
	enum via_driver_choice choice, char buf[VIA_DRIVER_MAX])
{
	int r;

	if (!p->opt->driver_for) {
		via_plan_text(buf, VIA_DRIVER_MAX, choice == VIA_DRIVER_VFIO ? "vfio-pci" : "");
		return *buf;
	}
	*buf = '\0';
	r = p->opt->driver_for(dev, choice, buf, VIA_DRIVER_MAX, p->opt->user);
	return r == 0 && *buf;
}

static int plan_one(const struct via_pf_config *entry, const struct via_device *dev, void *user)
{
	struct via_planner *p = user;

	if (!p->opt->has_only || via_addr_eq(p->opt->only, dev->addr))
		via_plan_pf(p, entry, dev);
	return p->error;
}

/*
 * An entry that names one NIC, by address, MAC or whole name, and wants VFs of it: that it has no
 * SR-IOV is told. One that selects by driver or ids just passes it by.
 */
static bool names_nic(const struct via_planner *p, const struct via_pf_config *entry,
	const struct via_device *dev)
{
	const struct via_selector *s = &entry->match;
	struct via_device as_pf = *dev;

	if (!entry->has_num_vfs || !entry->num_vfs || dev->kind != VIA_DEVICE_NIC)
		return false;
	if (!s->has_address && !s->has_mac && (!s->name || strpbrk(s->name, "*?[")))
		return false;
	as_pf.kind = VIA_DEVICE_PF;
	return via_selector_match(s, p->inv, &as_pf);
}

static void refuse_nics(struct via_planner *p)
{
	for (size_t i = 0; i < p->inv->n_devices; i++) {
		const struct via_device *dev = &p->inv->devices[i];

		if (p->opt->has_only && !via_addr_eq(p->opt->only, dev->addr))
			continue;
		for (size_t k = 0; k < p->config->n_pfs; k++)
			if (names_nic(p, &p->config->pfs[k], dev))
				via_plan_refuse(p, VIA_REFUSED_UNSUPPORTED, dev->addr,
					"%s has no SR-IOV capability, so that it cannot have VFs; "
					"switch SR-IOV on in the card's firmware, or remove "
					"\"num_vfs\" at %s:%u (%s)",
					via_addr_fmt(dev->addr), p->config->pfs[k].place.file,
					p->config->pfs[k].place.line,
					p->config->pfs[k].place.pointer);
	}
}

int via_plan_begin(struct via_planner *p, const struct via_inventory *inv,
	const struct via_config *config, const struct via_plan_options *opt, struct via_err *err)
{
	static const struct via_plan_options no_options;

	*p = (struct via_planner){.inv = inv, .config = config, .opt = opt ? opt : &no_options};
	p->plan = calloc(1, sizeof(*p->plan));
	if (!p->plan)
		return via_err_set(err, -ENOMEM, "out of memory");
	p->plan->inventory_generation = inv->generation;
	return 0;
}

int via_plan_end(struct via_planner *p, struct via_plan **ret, struct via_err *err)
{
	if (p->error)
		return via_err_set(err, p->error, "cannot make the plan: %s", strerror(-p->error));
	for (size_t i = 0; i < p->plan->n_steps; i++)
		if (p->plan->steps[i].disruption > p->plan->disruption)
			p->plan->disruption = p->plan->steps[i].disruption;
	*ret = via_steal(&p->plan);
	return 0;
}

void via_plan_abandon(struct via_planner *p)
{
	via_plan_destroy(p->plan);
	free(p->macs);
}

int via_plan_make(const struct via_inventory *inv, const struct via_config *config,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err)
{
	VIA_CLEANUP(via_plan_abandon) struct via_planner p = {0};
	int r = via_plan_begin(&p, inv, config, opt, err);

	if (r)
		return r;
	r = via_plan_macs_collect(&p);
	if (r == 0)
		r = via_config_match(config, inv, plan_one, &p, err);
	if (r < 0)
		return via_err_set(err, r, "cannot make the plan: %s", strerror(-r));
	if (r)
		return r;
	refuse_nics(&p);
	return via_plan_end(&p, ret, err);
}
