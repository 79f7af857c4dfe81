/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of one PF: eswitch mode, autoprobe, VF count, MTU, link; then its VFs. */
#include "model/plan_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "model/policy.h"

bool via_plan_protected(const struct via_pf_config *entry, const struct via_device *dev)
{
	return entry->protect == VIA_TRUE || (entry->protect == VIA_UNSET && dev->protected_);
}

/* Why a PF is protected, in words. */
static void protect_reasons(const struct via_device *dev, struct via_strbuf *b)
{
	if (!dev->n_protect)
		via_strbuf_adds(b, "the configuration says so");
	for (size_t i = 0; i < dev->n_protect; i++)
		via_strbuf_addf(b, "%s%s", i ? "; " : "", dev->protect[i]);
}

/* A PF in another network namespace is somebody's there. */
static bool is_lent(struct via_plan_pf *pf, const char *act)
{
	const struct via_device *dev = pf->dev;
	char who[256];

	for (size_t i = 0; !pf->netdev && i < dev->n_holders; i++) {
		if (dev->holders[i].kind != VIA_HOLDER_NETNS)
			continue;
		via_plan_refuse(pf->p, VIA_REFUSED_IN_USE, dev->addr,
			"%s is in %s: %s would disturb what runs there; move it back first",
			via_addr_fmt(dev->addr),
			via_holder_text(&dev->holders[i], who, sizeof(who)), act);
		return true;
	}
	return false;
}

/* May the PF itself be disturbed? Tells why not. */
static bool may_disturb(struct via_plan_pf *pf, const char *act)
{
	via_autostrbuf why = VIA_STRBUF_INIT;

	if (is_lent(pf, act))
		return false;
	if (!via_plan_protected(pf->entry, pf->dev) || via_plan_named(pf->p->opt, pf->dev->addr))
		return true;
	protect_reasons(pf->dev, &why);
	via_plan_refuse(pf->p, VIA_REFUSED_PROTECTED, pf->dev->addr,
		"%s is protected (%.300s): %s would disturb it; allow that with --disturb %s",
		via_addr_fmt(pf->dev->addr), via_strbuf_str(&why), act,
		via_addr_fmt(pf->dev->addr));
	return false;
}

/* "its only VF", "all of its 7 VFs" */
static const char *all_vfs(const struct via_device *dev, char buf[48])
{
	if (dev->sriov->num == 1)
		return "its only VF";
	snprintf(buf, 48, "all of its %u VFs", dev->sriov->num);
	return buf;
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

/* May all VFs go? Tells who holds them, and the flag. */
static bool may_recreate(struct via_plan_pf *pf, const char *act)
{
	const struct via_device *dev = pf->dev;
	struct via_err err = {0};
	int claimed = via_plan_vfs_unclaimed(pf->p, dev, !pf->count, &err);
	int r = claimed ? claimed : via_policy_vfs_unused(pf->p->inv, dev, &err);
	char all[48];

	if (claimed)
		via_plan_refuse(pf->p, (enum via_refusal)claimed, dev->addr,
			"%s: %s takes %s away, and some are %.380s", via_addr_fmt(dev->addr), act,
			all_vfs(dev, all), err.msg);
	else if (r > 0)
		via_plan_refuse(pf->p, VIA_REFUSED_IN_USE, dev->addr,
			"%s: %s takes %s away, and %.380s; then allow it with --recreate",
			via_addr_fmt(dev->addr), act, all_vfs(dev, all), err.msg);
	else if (r == 0 && !pf->p->opt->recreate)
		via_plan_refuse(pf->p, VIA_REFUSED_NEEDS_RECREATE, dev->addr,
			"%s: %s takes %s away (nobody holds %s now); allow it with --recreate",
			via_addr_fmt(dev->addr), act, all_vfs(dev, all),
			dev->sriov->num == 1 ? "it" : "one");
	else if (r < 0)
		pf->p->error = r;
	return r == 0 && pf->p->opt->recreate;
}

static struct via_step *pf_step(
	struct via_plan_pf *pf, enum via_step_op op, uint32_t number, uint32_t before)
{
	struct via_step *s = via_plan_step(pf->p, op, pf->dev, pf->dev->addr);

	s->set.number = number;
	s->undo.number = before;
	s->has_undo = true;
	return s;
}

static void step_remove_vfs(struct via_plan_pf *pf)
{
	uint32_t num = pf->dev->sriov->num;
	struct via_step *s = pf_step(pf, VIA_STEP_NUM_VFS, 0, num);

	s->disruption = VIA_DISRUPTION_VF_RECREATE;
	via_plan_because(s, "configured %u VF%s, found %u%s", pf->count, plural(pf->count), num,
		pf->count ? ": a count only changes by way of 0" : "");
	pf->fresh = pf->removed = true;
}

static void plan_eswitch(struct via_plan_pf *pf)
{
	const char *mode = pf->entry->eswitch_mode, *have = pf->dev->sriov->eswitch_mode;
	struct via_step *s;

	if (!mode || (have && !strcmp(mode, have)))
		return;
	if (!have) {
		via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, pf->dev->addr,
			"%s tells no eswitch mode over devlink, so that it cannot be set to %s; "
			"remove "
			"\"eswitch_mode\"",
			via_addr_fmt(pf->dev->addr), mode);
		return;
	}
	if (!may_disturb(pf, "changing its eswitch mode"))
		return;
	if (pf->dev->sriov->num) {
		if (!may_recreate(pf, "changing the eswitch mode"))
			return;
		step_remove_vfs(pf);
		via_plan_because(&pf->p->plan->steps[pf->p->plan->n_steps - 1],
			"the eswitch mode is changed without VFs");
	}
	s = via_plan_step(pf->p, VIA_STEP_ESWITCH, pf->dev, pf->dev->addr);
	via_plan_text(s->set.text, sizeof(s->set.text), mode);
	via_plan_text(s->undo.text, sizeof(s->undo.text), have);
	s->has_undo = true;
	via_plan_because(s, "configured eswitch mode %s, found %s", mode, have);
}

enum via_tristate via_plan_autoprobe(
	const struct via_pf_config *entry, const struct via_vf_wanted *wanted, uint32_t count)
{
	if (entry->autoprobe != VIA_UNSET)
		return entry->autoprobe;
	for (uint32_t i = 0; i < count; i++)
		if (wanted[i].driver == VIA_DRIVER_VFIO || wanted[i].driver == VIA_DRIVER_NONE ||
			(wanted[i].driver == VIA_DRIVER_NAMED &&
				via_policy_is_vfio(wanted[i].driver_name)))
			return VIA_FALSE;
	return VIA_UNSET;
}

/*
 * A host driver reads its MAC when it probes (igbvf makes one up when there is none yet), and udev
 * may load it at any moment after the VFs are made: new VFs with a MAC are configured before they
 * are bound.
 */
static bool probe_would_race(const struct via_plan_pf *pf)
{
	for (uint32_t i = 0; pf->fresh && i < pf->count; i++) {
		const struct via_vf_wanted *w = &pf->wanted[i];

		if ((w->driver == VIA_DRIVER_HOST || w->driver == VIA_DRIVER_NAMED) &&
			(w->attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) &&
			!via_mac_is_zero(w->attrs.mac))
			return true;
	}
	return false;
}

static void plan_autoprobe(struct via_plan_pf *pf)
{
	enum via_tristate want = via_plan_autoprobe(pf->entry, pf->wanted, pf->count);
	bool have = pf->dev->sriov->autoprobe, race = want == VIA_UNSET && probe_would_race(pf);
	struct via_step *s;

	pf->autoprobe = want == VIA_UNSET ? have && !race : want == VIA_TRUE;
	if (pf->autoprobe == have)
		return;
	s = pf_step(pf, VIA_STEP_AUTOPROBE, pf->autoprobe, have);
	if (race)
		via_plan_because(s, "VFs get their MAC before the host's driver probes them");
	else if (pf->entry->autoprobe == VIA_UNSET)
		via_plan_because(
			s, "VFs are meant for passthrough: the host's driver is not to probe them");
	else
		via_plan_because(s, "configured autoprobe %s, found %s",
			pf->autoprobe ? "on" : "off", have ? "on" : "off");
}

/* The count that is wanted; what the device cannot have leaves what is. */
static void want_count(struct via_plan_pf *pf)
{
	const struct via_sriov *s = pf->dev->sriov;

	pf->count = pf->entry->has_num_vfs ? pf->entry->num_vfs : s->num;
	if (pf->count <= s->total || pf->count == s->num)
		return;
	/* A total that cannot be read is 0 here: it says nothing against the VFs there are. */
	if (s->total)
		via_plan_refuse(pf->p, VIA_REFUSED_INVALID, pf->dev->addr,
			"%s has at most %u VF%s (sriov_totalvfs) and %u are configured; lower "
			"\"num_vfs\"",
			via_addr_fmt(pf->dev->addr), s->total, plural(s->total), pf->count);
	else
		via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, pf->dev->addr,
			"%s does not tell how many VFs it can have (sriov_totalvfs: 0 or not "
			"readable%s%.200s), and %u are configured; switch SR-IOV on in the card's "
			"firmware, or remove \"num_vfs\"",
			via_addr_fmt(pf->dev->addr), pf->dev->problem ? "; " : "",
			pf->dev->problem ? pf->dev->problem : "", pf->count);
	pf->count = s->num;
}

/* Before autoprobe is changed: the undo, which goes backwards, then makes the old VFs again with
 * the autoprobe that they were made with. */
static void plan_removal(struct via_plan_pf *pf)
{
	if (pf->fresh && pf->dev->sriov->num && !pf->removed)
		step_remove_vfs(pf);
}

/* May the count change as wanted? If not, the VFs that stay are configured all the same. */
static void allow_count(struct via_plan_pf *pf)
{
	uint32_t num = pf->dev->sriov->num;
	char act[64];

	if (pf->fresh || pf->count == num)
		return;
	snprintf(act, sizeof(act), "changing the VF count from %u to %u", num, pf->count);
	if (may_disturb(pf, act) && (!num || may_recreate(pf, act)))
		pf->fresh = true;
	else if (num < pf->count)
		pf->count = num;
}

static void step_create_vfs(struct via_plan_pf *pf)
{
	uint32_t num = pf->dev->sriov->num;
	struct via_step *s = pf_step(pf, VIA_STEP_NUM_VFS, pf->count, 0);
	struct via_addr last;

	s->disruption = num ? VIA_DISRUPTION_VF_RECREATE : VIA_DISRUPTION_NONE;
	if (via_plan_vf_addr(pf->dev, pf->count - 1, &last))
		via_plan_because(
			s, "configured %u VF%s, found %u", pf->count, plural(pf->count), num);
	else
		via_plan_because(s,
			"configured %u VF%s, found %u; the device tells their addresses only "
			"then: plan again to configure them",
			pf->count, plural(pf->count), num);
}

static void plan_count(struct via_plan_pf *pf)
{
	if (pf->fresh && pf->count)
		step_create_vfs(pf);
}

static bool needs_netdev(struct via_plan_pf *pf, const char *what)
{
	if (pf->netdev)
		return true;
	via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, pf->dev->addr,
		"%s has no net device in this network namespace, so that its %s cannot be set",
		via_addr_fmt(pf->dev->addr), what);
	return false;
}

static void plan_mtu(struct via_plan_pf *pf)
{
	const struct via_pf_config *entry = pf->entry;
	struct via_step *s;

	if (!entry->has_mtu || (pf->netdev && pf->netdev->mtu == entry->mtu))
		return;
	if (!needs_netdev(pf, "MTU") || !may_disturb(pf, "changing its MTU"))
		return;
	s = pf_step(pf, VIA_STEP_PF_MTU, entry->mtu, pf->netdev->mtu);
	via_plan_because(s, "configured MTU %u, found %u on %s", entry->mtu, pf->netdev->mtu,
		pf->netdev->name);
}

static void plan_up(struct via_plan_pf *pf)
{
	struct via_step *s;

	if (!pf->count || !pf->netdev || pf->netdev->up)
		return;
	s = pf_step(pf, VIA_STEP_PF_UP, 1, 0);
	via_plan_because(s, "VFs are wanted and %s is down", pf->netdev->name);
}

/*
 * VFs that are probed at once want their PF up already (igbvf on a PF that is down says "PF still
 * resetting" and makes do with a random address). Otherwise the link comes after them: creating VFs
 * makes several drivers reset the PF, and the step waits for the carrier.
 */
static void plan_link_and_count(struct via_plan_pf *pf)
{
	bool first = pf->autoprobe;

	if (first) {
		plan_mtu(pf);
		plan_up(pf);
	}
	plan_count(pf);
	if (!first) {
		plan_mtu(pf);
		plan_up(pf);
	}
}

static const char *holder_of(const struct via_device *dev, char *buf, unsigned int size)
{
	if (dev->n_holders)
		return via_holder_text(&dev->holders[0], buf, size);
	return "nobody yet";
}

bool via_plan_wants_something(const struct via_plan_pf *pf)
{
	const struct via_pf_config *e = pf->entry;

	return pf->dev->sriov->num || (e->has_num_vfs && e->num_vfs) || e->has_mtu ||
	       e->eswitch_mode;
}

/* A PF that is given away whole, or has no driver, has no VFs to speak of. */
static bool usable(struct via_plan_pf *pf)
{
	const struct via_device *dev = pf->dev;
	char holder[128];

	if (via_policy_is_vfio(dev->driver)) {
		via_plan_refuse(pf->p, VIA_REFUSED_IN_USE, dev->addr,
			"%s is passed through whole (driver %s, held by %s); give it back with "
			"viaduct "
			"unbind %s, or remove it from \"pfs\"",
			via_addr_fmt(dev->addr), dev->driver,
			holder_of(dev, holder, sizeof(holder)), via_addr_fmt(dev->addr));
		return false;
	}
	if (!dev->driver && via_plan_wants_something(pf))
		via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, dev->addr,
			"%s has no driver, so that nothing can be set on it; bind it to its driver "
			"with "
			"viaduct unbind %s",
			via_addr_fmt(dev->addr), via_addr_fmt(dev->addr));
	return dev->driver;
}

void via_plan_want_vfs(struct via_plan_pf *pf)
{
	if (!pf->count)
		return;
	pf->wanted = calloc(pf->count, sizeof(*pf->wanted));
	if (!pf->wanted) {
		pf->p->error = -ENOMEM;
		pf->count = 0;
	}
	for (uint32_t i = 0; i < pf->count; i++)
		via_config_vf(pf->p->config, pf->entry, pf->p->inv, pf->dev, i, &pf->wanted[i]);
}

static void plan_steps(struct via_plan_pf *pf)
{
	if (!usable(pf))
		return;
	want_count(pf);
	plan_eswitch(pf);
	allow_count(pf);
	via_plan_want_vfs(pf);
	plan_removal(pf);
	plan_autoprobe(pf);
	plan_link_and_count(pf);
	via_plan_vfs(pf);
	free(pf->wanted);
}

/* What would be done is told in one refusal and dropped. */
static void only_verify(
	struct via_planner *p, const struct via_device *dev, size_t steps, size_t refusals)
{
	struct via_plan *plan = p->plan;
	size_t n = plan->n_steps - steps, refused = plan->n_refusals - refusals;
	char first[512];

	if (!n && !refused)
		return;
	if (n)
		snprintf(first, sizeof(first), "%s: %s", via_addr_fmt(plan->steps[steps].target),
			plan->steps[steps].reason);
	else
		via_plan_text(first, sizeof(first), plan->refusals[refusals].message);
	plan->n_steps = steps;
	plan->n_refusals = refusals;
	via_plan_refuse(p, VIA_REFUSED_VERIFY_ONLY, dev->addr,
		"%s is only verified and differs from the configuration (%zu step%s would be "
		"taken; "
		"the first: %.250s); have its manager set it, or remove \"verify_only\"",
		via_addr_fmt(dev->addr), n, plural((uint32_t)n), first);
}

void via_plan_pf(
	struct via_planner *p, const struct via_pf_config *entry, const struct via_device *dev)
{
	struct via_plan_pf pf = {.p = p, .entry = entry, .dev = dev};
	size_t steps = p->plan->n_steps, refusals = p->plan->n_refusals;

	if (!dev->sriov || via_plan_given_away(p, dev))
		return;
	pf.netdev = via_device_netdev(p->inv, dev);
	if (pf.netdev && pf.netdev->representor)
		pf.netdev = NULL;
	if (p->opt->unsupported)
		pf.unsupported = p->opt->unsupported(dev->addr, p->opt->user);
	plan_steps(&pf);
	if (entry->verify_only)
		only_verify(p, dev, steps, refusals);
}
