/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of a PF's VFs. They go in rounds over all VFs rather than VF by VF: one VF's steps keep
 * their order, and neighbouring attribute steps can go to the kernel as one batch.
 */
#include "model/plan_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "model/policy.h"

bool via_plan_vf_addr(const struct via_device *pf, uint32_t index, struct via_addr *ret)
{
	const struct via_sriov *s = pf->sriov;
	uint64_t rid = (uint64_t)pf->addr.bus << 8 | (uint64_t)pf->addr.dev << 3 | pf->addr.fn;

	/* The specification leaves both registers open while NumVFs is 0. */
	if (!s->offset || (index && !s->stride))
		return false;
	rid += s->offset + (uint64_t)index * s->stride;
	if (rid > 0xffff)
		return false;
	*ret = (struct via_addr){pf->addr.domain, (uint8_t)(rid >> 8), (uint8_t)(rid >> 3 & 0x1f),
		(uint8_t)(rid & 7)};
	return true;
}

struct via_step *via_plan_vf_step(struct via_plan_vf *vf, enum via_step_op op)
{
	struct via_step *s = via_plan_step(vf->pf->p, op, vf->pf->dev, vf->addr);

	s->has_vf = true;
	s->vf_index = vf->index;
	if (!vf->dev)
		s->vendor = s->device = 0;
	return s;
}

static void find_holder(struct via_plan_vf *vf)
{
	const struct via_device *d = vf->dev;

	if (d && d->n_holders)
		via_holder_text(&d->holders[0], vf->held, sizeof(vf->held));
}

static bool find_vf(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;

	if (pf->fresh) {
		via_plan_text(vf->had, sizeof(vf->had), pf->autoprobe ? pf->host_driver : "");
		return via_plan_vf_addr(pf->dev, vf->index, &vf->addr);
	}
	vf->dev = via_inventory_vf(pf->p->inv, pf->dev, vf->index);
	if (!vf->dev) {
		via_plan_refuse(pf->p, VIA_REFUSED_NOT_FOUND, pf->dev->addr,
			"VF %u of %s is missing though the PF counts %u VFs; rescan the bus (echo "
			"1 > "
			"/sys/bus/pci/rescan) or recreate the VFs",
			vf->index, via_addr_fmt(pf->dev->addr), pf->dev->sriov->num);
		return false;
	}
	vf->addr = vf->dev->addr;
	via_plan_text(vf->had, sizeof(vf->had), vf->dev->driver);
	find_holder(vf);
	return true;
}

static const struct via_vf_attrs *found_attrs(const struct via_plan_vf *vf)
{
	const struct via_vf_state *s =
		vf->dev ? via_inventory_vf_state(vf->pf->p->inv, vf->dev) : NULL;

	return s ? &s->attrs : NULL;
}

/* A guest that loses its MAC loses its network, and two with one MAC lose both. */
static bool mac_allowed(struct via_plan_vf *vf)
{
	struct via_planner *p = vf->pf->p;
	struct via_mac mac = vf->want->attrs.mac;
	const struct via_plan_mac *twin =
		via_mac_is_zero(mac) ? NULL
				     : via_plan_mac_twin(p, mac, vf->pf->dev->addr, vf->index);
	struct via_err err = {0};
	char who[40] = "";

	if (*vf->held) {
		via_policy_unused(p->inv, vf->dev, &err);
		via_plan_refuse(p, VIA_REFUSED_IN_USE, vf->addr,
			"the MAC of %s is not changed to %s while it is in use: %s",
			via_addr_fmt(vf->addr), via_mac_is_zero(mac) ? "none" : via_mac_fmt(mac),
			err.msg);
		return false;
	}
	if (!twin)
		return true;
	if (twin->index >= 0)
		snprintf(who, sizeof(who), "VF %lld of ", (long long)twin->index);
	via_plan_refuse(p, VIA_REFUSED_CONFLICT, vf->addr,
		"%s is the MAC of %s%s too and is not given to %s; configure another one",
		via_mac_fmt(mac), who, via_addr_fmt(twin->pf), via_addr_fmt(vf->addr));
	return false;
}

static const char *driver_after(const struct via_plan_vf *vf)
{
	return vf->has_goal ? vf->goal : vf->had;
}

/* Without its VLAN a guest would be on the wire as such: then it does not get the VF at all. */
static void check_vlan(struct via_plan_vf *vf, uint32_t differ)
{
	struct via_plan_pf *pf = vf->pf;
	const struct via_vf_attrs *want = &vf->want->attrs;
	char vlan[64];

	if (!(differ & pf->unsupported & VIA_ATTR_BIT(VIA_VF_ATTR_VLAN)) ||
		!(want->vlan || want->qos))
		return;
	via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, vf->addr,
		"the driver of %s sets no VLAN on a VF (some do so only with eswitch_mode legacy): "
		"VF %u is not given VLAN %s, nor to another driver; remove \"vlan\"",
		via_addr_fmt(pf->dev->addr), vf->index,
		via_vf_attr_value(want, VIA_VF_ATTR_VLAN, vlan, sizeof(vlan)));
	vf->has_goal = false;
}

/* A VF that the host's own life hangs on is not put into another VLAN, nor its link switched. */
static void check_carries_host(struct via_plan_vf *vf)
{
	const uint32_t cuts = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) | VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE);
	struct via_plan_pf *pf = vf->pf;

	if (!(vf->attrs & cuts) || !vf->dev || !vf->dev->carries_host ||
		!via_plan_protected(pf->entry, pf->dev) ||
		via_plan_named(pf->p->opt, pf->dev->addr))
		return;
	via_plan_refuse(pf->p, VIA_REFUSED_PROTECTED, vf->addr,
		"VF %u of %s carries the host's own traffic (held by %s): changing its VLAN or "
		"link state could cut the host off; allow that with --disturb %s",
		vf->index, via_addr_fmt(pf->dev->addr), *vf->held ? vf->held : "the host",
		via_addr_fmt(pf->dev->addr));
	vf->attrs &= ~cuts;
}

static void decide_attrs(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;
	const struct via_vf_attrs *have = found_attrs(vf);
	uint32_t mac = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);

	vf->attrs = via_plan_attrs_differ(vf->want, have, vf->dev, driver_after(vf));
	check_vlan(vf, vf->attrs);
	vf->attrs &= ~pf->unsupported;
	if (vf->attrs && !pf->netdev) {
		if (!(pf->told & VIA_TOLD_NETDEV))
			via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, pf->dev->addr,
				"%s has no net device in this network namespace, so that the "
				"attributes of "
				"its VFs cannot be set; nor are they given to another driver "
				"without them",
				via_addr_fmt(pf->dev->addr));
		pf->told |= VIA_TOLD_NETDEV;
		vf->attrs = 0;
		vf->has_goal = false;
	}
	if ((vf->attrs & mac) && !mac_allowed(vf))
		vf->attrs &= ~mac;
	check_carries_host(vf);
}

static bool msix_allowed(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;
	struct via_err err = {0};

	if (!pf->dev->sriov->vf_total_msix || (vf->dev && !vf->dev->has_vf_msix_count)) {
		if (!(pf->told & VIA_TOLD_MSIX))
			via_plan_refuse(pf->p, VIA_REFUSED_UNSUPPORTED, pf->dev->addr,
				"the driver of %s cannot set the MSI-X count of its VFs "
				"(sriov_vf_total_msix); remove \"msix\"",
				via_addr_fmt(pf->dev->addr));
		pf->told |= VIA_TOLD_MSIX;
		return false;
	}
	/* The kernel answers EBUSY while the VF has a driver (pci-sysfs: sriov_vf_msix_count). */
	if (*vf->held) {
		via_policy_unused(pf->p->inv, vf->dev, &err);
		via_plan_refuse(pf->p, VIA_REFUSED_IN_USE, vf->addr,
			"the MSI-X count of %s can only be set while it has no driver: %s",
			via_addr_fmt(vf->addr), err.msg);
		return false;
	}
	return true;
}

/*
 * Does the driver have to let go first? For MSI-X always. For a MAC too: a host driver reads it
 * when it probes (igb: "Reload the VF driver to make this change effective").
 */
static void decide_detach(struct via_plan_vf *vf)
{
	bool mac = (vf->attrs & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) && !via_policy_is_vfio(vf->had);

	vf->msix = vf->want->has_msix && (!vf->dev || vf->dev->msix != vf->want->msix) &&
		   msix_allowed(vf);
	vf->detach = *vf->had && !*vf->held && (vf->msix || mac);
	if (vf->detach && !vf->has_goal) {
		via_plan_text(vf->goal, sizeof(vf->goal), vf->had);
		vf->has_goal = true;
	}
}

static void prepare(struct via_plan_vf *vf)
{
	enum via_plan_owner owner = VIA_OWNER_NONE;

	if (!find_vf(vf))
		return;
	if (vf->dev)
		owner = via_plan_want_claimed(vf->pf->p, vf->dev, &vf->pf->wanted[vf->index]);
	else
		via_plan_want_new(vf->pf->p, vf->pf->dev, vf->index, &vf->pf->wanted[vf->index]);
	if (owner == VIA_OWNER_OTHER)
		return;
	vf->claimed = owner == VIA_OWNER_VM;
	vf->want = &vf->pf->wanted[vf->index];
	if (!vf->claimed)
		via_plan_vf_driver(vf);
	decide_attrs(vf);
	if (!vf->claimed)
		decide_detach(vf);
}

static void plan_msix(struct via_plan_vf *vf)
{
	struct via_step *s;

	via_plan_vf_detach(vf);
	if (!vf->msix)
		return;
	s = via_plan_vf_step(vf, VIA_STEP_VF_MSIX);
	s->set.number = vf->want->msix;
	if (!vf->dev) {
		via_plan_because(s, "configured %u MSI-X vectors for the new VF", vf->want->msix);
		return;
	}
	s->undo.number = vf->dev->msix;
	s->has_undo = true;
	via_plan_because(s, "configured %u MSI-X vectors, found %u", vf->want->msix, vf->dev->msix);
}

/* "held by …: configured vlan 100 (found none), trust on (found off)" */
static void attrs_reason(
	struct via_plan_vf *vf, const struct via_vf_attrs *have, struct via_step *s)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *sep = "configured ";

	if (*vf->held)
		via_strbuf_addf(&b, "held by %s; ", vf->held);
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		enum via_vf_attr a = (enum via_vf_attr)i;
		char want[64], found[64];

		if (!(vf->attrs & VIA_ATTR_BIT(i)))
			continue;
		via_strbuf_addf(&b, "%s%s %s", sep, via_vf_attr_name(a),
			via_vf_attr_value(&vf->want->attrs, a, want, sizeof(want)));
		if (have && (have->known & VIA_ATTR_BIT(i)))
			via_strbuf_addf(&b, " (found %s)",
				via_vf_attr_value(have, a, found, sizeof(found)));
		else if (vf->dev)
			via_strbuf_adds(&b, " (the kernel does not tell what it is)");
		sep = ", ";
	}
	via_plan_because(s, "%s", via_strbuf_str(&b));
}

static void plan_attrs(struct via_plan_vf *vf)
{
	const struct via_vf_attrs *have = found_attrs(vf);
	struct via_step *s;

	if (!vf->attrs)
		return;
	s = via_plan_vf_step(vf, VIA_STEP_VF_ATTRS);
	via_vf_attrs_copy(&s->set.attrs, &vf->want->attrs, vf->attrs);
	if (have)
		via_vf_attrs_copy(&s->undo.attrs, have, vf->attrs & have->known);
	s->has_undo = s->undo.attrs.known;
	attrs_reason(vf, have, s);
}

static bool on_host_driver(const struct via_plan_vf *vf)
{
	const char *driver = driver_after(vf);

	return *driver && !via_policy_is_vfio(driver);
}

/* A VF whose driver was bound by this plan has a net device that nobody has seen yet. */
static void plan_vf_mtu(struct via_plan_vf *vf)
{
	bool new = !vf->dev || vf->has_goal;
	const struct via_netdev *n = new ? NULL : via_device_netdev(vf->pf->p->inv, vf->dev);
	struct via_step *s;

	if (!vf->want->has_mtu || vf->claimed || !on_host_driver(vf))
		return;
	if (!new && !n && * vf->held)
		via_plan_refuse(vf->pf->p, VIA_REFUSED_IN_USE, vf->addr,
			"the MTU of %s cannot be set: %s holds it", via_addr_fmt(vf->addr),
			vf->held);
	if ((!new && !n) || (n && n->mtu == vf->want->mtu))
		return;
	s = via_plan_vf_step(vf, VIA_STEP_VF_MTU);
	s->set.number = vf->want->mtu;
	if (!n) {
		via_plan_because(s, "configured MTU %u for its net device", vf->want->mtu);
		return;
	}
	s->undo.number = n->mtu;
	s->has_undo = true;
	via_plan_because(s, "configured MTU %u, found %u on %s%s%.90s", vf->want->mtu, n->mtu,
		n->name, *vf->held ? ", held by " : "", vf->held);
}

void via_plan_vfs(struct via_plan_pf *pf)
{
	static void (*const rounds[])(struct via_plan_vf * vf) = {
		plan_msix, plan_attrs, via_plan_vf_bind, plan_vf_mtu};
	via_autofree struct via_plan_vf *vfs = NULL;

	if (!pf->count)
		return;
	vfs = calloc(pf->count, sizeof(*vfs));
	if (!vfs) {
		pf->p->error = -ENOMEM;
		return;
	}
	via_plan_know_drivers(pf);
	for (uint32_t i = 0; i < pf->count; i++) {
		vfs[i].pf = pf;
		vfs[i].index = i;
		prepare(&vfs[i]);
	}
	for (size_t r = 0; r < VIA_ARRAY_SIZE(rounds); r++)
		for (uint32_t i = 0; i < pf->count; i++)
			if (vfs[i].want)
				rounds[r](&vfs[i]);
}
