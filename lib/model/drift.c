/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drift: the comparison without the act. It judges with the plan's own eyes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/plan_build.h"
#include "model/policy.h"
#include "model/report.h"

struct comparer {
	struct via_planner p; /* for what plan*.c offers; its plan stays empty */
	struct via_drifts out;
	struct via_plan_pf *pf;
};

static struct via_drift *add(struct comparer *c, struct via_addr pf, const char *what)
{
	struct via_drifts *out = &c->out;
	struct via_drift *d;

	if ((out->n & (out->n - 1)) == 0) {
		d = reallocarray(out->list, out->n ? out->n * 2 : 1, sizeof(*d));
		if (!d) {
			c->p.error = -ENOMEM;
			return NULL;
		}
		out->list = d;
	}
	d = &out->list[out->n++];
	*d = (struct via_drift){.pf = pf, .target = pf};
	via_plan_text(d->what, sizeof(d->what), what);
	return d;
}

/* What drift healing sets again: the entry's word, else the whole configuration's. */
static struct via_pf_config heals(const struct via_config *config, const struct via_pf_config *e)
{
	struct via_pf_config h = *e;

	if (!e->has_heal) {
		h.heal = config->heal;
		h.heal_driver = config->heal_driver;
		h.heal_count = config->heal_count;
		h.heal_pf = config->heal_pf;
	}
	if (e->verify_only) {
		h.heal = 0;
		h.heal_driver = h.heal_count = h.heal_pf = false;
	}
	return h;
}

__attribute__((format(printf, 5, 6))) static void add_pf(
	struct comparer *c, const char *what, bool heal, const char *wanted, const char *found, ...)
{
	struct via_drift *d = add(c, c->pf->dev->addr, what);
	va_list ap;

	if (!d)
		return;
	d->heal = heal;
	via_plan_text(d->wanted, sizeof(d->wanted), wanted);
	va_start(ap, found);
	vsnprintf(d->found, sizeof(d->found), found, ap);
	va_end(ap);
}

static void add_pf_number(
	struct comparer *c, const char *what, bool heal, uint32_t wanted, uint32_t found)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", wanted);
	add_pf(c, what, heal, text, "%u", found);
}

static void compare_pf(struct comparer *c, const struct via_pf_config *h)
{
	const struct via_plan_pf *pf = c->pf;
	const struct via_sriov *s = pf->dev->sriov;
	enum via_tristate probe = via_plan_autoprobe(pf->entry, pf->wanted, pf->count);
	const char *mode = pf->entry->eswitch_mode;

	if (probe != VIA_UNSET && s->autoprobe != (probe == VIA_TRUE))
		add_pf(c, "autoprobe", h->heal_pf, probe == VIA_TRUE ? "on" : "off", "%s",
			s->autoprobe ? "on" : "off");
	if (mode && (!s->eswitch_mode || strcmp(mode, s->eswitch_mode)))
		add_pf(c, "eswitch_mode", h->heal_pf, mode, "%s",
			s->eswitch_mode ? s->eswitch_mode : "not known");
	if (h->has_num_vfs && h->num_vfs != s->num)
		add_pf_number(c, "num_vfs", h->heal_count, h->num_vfs, s->num);
	if (h->has_mtu && pf->netdev && pf->netdev->mtu != h->mtu)
		add_pf_number(c, "pf_mtu", h->heal_pf, h->mtu, pf->netdev->mtu);
	if (pf->count && pf->netdev && !pf->netdev->up)
		add_pf(c, "pf_up", h->heal_pf, "up", "%s", "down");
}

static struct via_drift *add_vf(struct comparer *c, const struct via_device *vf, uint32_t index,
	const char *what, bool heal)
{
	struct via_drift *d = add(c, c->pf->dev->addr, what);

	if (!d)
		return NULL;
	d->has_vf = true;
	d->vf_index = index;
	d->heal = heal;
	if (vf)
		d->target = vf->addr;
	return d;
}

static void compare_attrs(struct comparer *c, const struct via_device *vf,
	const struct via_vf_wanted *want, const struct via_pf_config *h, uint32_t ignore)
{
	const struct via_vf_state *s = via_inventory_vf_state(c->p.inv, vf);
	uint32_t differ;

	/* What the PF does not tell about is not known; that is no difference. */
	if (!s)
		return;
	differ = via_plan_attrs_differ(want, &s->attrs, vf, vf->driver) & ~ignore;
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		bool unsupported = c->pf->unsupported & VIA_ATTR_BIT(i);
		struct via_drift *d;

		if (!(differ & VIA_ATTR_BIT(i)))
			continue;
		d = add_vf(c, vf, vf->vf_index, via_vf_attr_name((enum via_vf_attr)i),
			(h->heal & VIA_ATTR_BIT(i)) && !unsupported);
		if (!d)
			return;
		d->unsupported = unsupported;
		via_vf_attr_value(&want->attrs, (enum via_vf_attr)i, d->wanted, sizeof(d->wanted));
		via_vf_attr_value(&s->attrs, (enum via_vf_attr)i, d->found, sizeof(d->found));
	}
}

static const char *choice_text(struct via_plan_pf *pf, const struct via_vf_wanted *want)
{
	const char *meant = via_plan_driver_meant(pf, want);

	if (want->driver == VIA_DRIVER_NONE)
		return "none";
	return *meant ? meant : "a host driver";
}

static void compare_function(struct comparer *c, const struct via_device *vf,
	const struct via_vf_wanted *want, const struct via_pf_config *h)
{
	const struct via_netdev *n = via_device_netdev(c->p.inv, vf);
	struct via_drift *d;

	if (!via_plan_driver_right(c->pf, want, vf) &&
		(d = add_vf(c, vf, vf->vf_index, "driver", h->heal_driver))) {
		via_plan_text(d->wanted, sizeof(d->wanted), choice_text(c->pf, want));
		via_plan_text(d->found, sizeof(d->found), vf->driver ? vf->driver : "none");
	}
	if (want->has_msix && vf->msix != want->msix &&
		(d = add_vf(c, vf, vf->vf_index, "msix", h->heal_driver))) {
		d->unsupported = !c->pf->dev->sriov->vf_total_msix || !vf->has_vf_msix_count;
		d->heal &= !d->unsupported;
		snprintf(d->wanted, sizeof(d->wanted), "%u", want->msix);
		snprintf(d->found, sizeof(d->found), "%u", vf->msix);
	}
	if (want->has_mtu && n && n->mtu != want->mtu &&
		(d = add_vf(c, vf, vf->vf_index, "vf_mtu", h->heal_driver))) {
		snprintf(d->wanted, sizeof(d->wanted), "%u", want->mtu);
		snprintf(d->found, sizeof(d->found), "%u", n->mtu);
	}
}

/* What nobody configured but claims set to be safe is not missed where a driver has no such thing.
 */
static void compare_vf(struct comparer *c, const struct via_device *vf, struct via_vf_wanted *want,
	const struct via_pf_config *h)
{
	uint32_t configured = want->attrs.known;

	switch (via_plan_want_claimed(&c->p, vf, want)) {
	case VIA_OWNER_NONE:
		compare_attrs(c, vf, want, h, 0);
		compare_function(c, vf, want, h);
		break;
	case VIA_OWNER_VM:
		compare_attrs(c, vf, want, h, c->pf->unsupported & ~configured);
		break;
	case VIA_OWNER_OTHER:
		break;
	}
}

static void compare_vfs(struct comparer *c, const struct via_pf_config *h)
{
	struct via_plan_pf *pf = c->pf;
	uint32_t n = pf->count < pf->dev->sriov->num ? pf->count : pf->dev->sriov->num;

	for (uint32_t i = 0; i < n; i++) {
		const struct via_device *vf = via_inventory_vf(c->p.inv, pf->dev, i);
		struct via_drift *d;

		if (vf) {
			compare_vf(c, vf, &pf->wanted[i], h);
			continue;
		}
		d = add_vf(c, NULL, i, "present", h->heal_count);
		if (d) {
			via_plan_text(d->wanted, sizeof(d->wanted), "present");
			via_plan_text(d->found, sizeof(d->found), "absent");
		}
	}
}

/* Told once, by the plan, when the device cannot have so many. */
static uint32_t wanted_count(const struct via_plan_pf *pf)
{
	const struct via_sriov *s = pf->dev->sriov;

	return pf->entry->has_num_vfs && pf->entry->num_vfs <= s->total ? pf->entry->num_vfs
									: s->num;
}

static int compare_one(const struct via_pf_config *entry, const struct via_device *dev, void *user)
{
	struct comparer *c = user;
	struct via_plan_pf pf = {.p = &c->p, .entry = entry, .dev = dev};
	const struct via_pf_config h = heals(c->p.config, entry);

	if (!dev->sriov || via_plan_given_away(&c->p, dev) ||
		(c->p.opt->has_only && !via_addr_eq(c->p.opt->only, dev->addr)))
		return 0;
	pf.netdev = via_device_netdev(c->p.inv, dev);
	if (c->p.opt->unsupported)
		pf.unsupported = c->p.opt->unsupported(dev->addr, c->p.opt->user);
	c->pf = &pf;
	if (!dev->driver || via_policy_is_vfio(dev->driver)) {
		if (dev->driver || via_plan_wants_something(&pf))
			add_pf(c, "driver", false, "a driver of the host", "%s",
				dev->driver ? dev->driver : "none");
		return c->p.error;
	}
	pf.count = wanted_count(&pf);
	via_plan_want_vfs(&pf);
	via_plan_know_drivers(&pf);
	compare_pf(c, &h);
	compare_vfs(c, &h);
	free(pf.wanted);
	return c->p.error;
}

/* An entry that gives an address expects a PF there. */
static void compare_presence(struct comparer *c, const struct via_pf_config *entry)
{
	const struct via_selector *s = &entry->match;
	const struct via_device *dev =
		s->has_address ? via_inventory_device(c->p.inv, s->address) : NULL;
	struct via_drift *d;

	if (!s->has_address || (dev && via_selector_match(s, c->p.inv, dev)) ||
		(c->p.opt->has_only && !via_addr_eq(c->p.opt->only, s->address)))
		return;
	d = add(c, s->address, "present");
	if (!d)
		return;
	via_plan_text(d->wanted, sizeof(d->wanted), "present");
	if (dev)
		snprintf(d->found, sizeof(d->found), "another device (%04x:%04x)", dev->vendor,
			dev->device);
	else
		via_plan_text(d->found, sizeof(d->found), "absent");
}

static int compare_drift(const void *a, const void *b)
{
	const struct via_drift *x = a, *y = b;
	int r = via_addr_cmp(x->pf, y->pf);

	if (!r)
		r = x->has_vf - y->has_vf;
	if (!r && x->vf_index != y->vf_index)
		r = x->vf_index < y->vf_index ? -1 : 1;
	return r ? r : strcmp(x->what, y->what);
}

static const struct via_plan_options no_options;

static void comparer_finish(struct comparer *c)
{
	via_drifts_finish(&c->out);
}

int via_drift_compare(const struct via_inventory *inv, const struct via_config *config,
	const struct via_plan_options *opt, struct via_drifts *ret, struct via_err *err)
{
	__attribute__((cleanup(comparer_finish))) struct comparer c = {
		.p = {.inv = inv, .config = config, .opt = opt ? opt : &no_options}};
	int r = via_config_match(config, inv, compare_one, &c, err);

	for (size_t i = 0; i < config->n_pfs && r == 0; i++) {
		compare_presence(&c, &config->pfs[i]);
		r = c.p.error;
	}
	if (r < 0)
		return via_err_set(err, r, "cannot compare: %s", strerror(-r));
	if (r)
		return r;
	if (c.out.n)
		qsort(c.out.list, c.out.n, sizeof(*c.out.list), compare_drift);
	*ret = c.out;
	c.out = (struct via_drifts){0};
	return 0;
}
