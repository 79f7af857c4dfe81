/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which driver a VF is given, and whether it may be. */
#include "model/plan_build.h"

#include <stdio.h>
#include <string.h>

#include "model/policy.h"

const char via_plan_iommu_help[] = "add intel_iommu=on iommu=pt (AMD: iommu=pt) to the kernel's "
				   "arguments, switch VT-d or AMD-Vi on "
				   "in the firmware, and reboot";

/* A VF that does not exist yet has the ids that its PF foretells (drivers/pci/iov.c takes vendor
 * and subsystem from the PF, the device from the capability). */
static void ghost_vf(const struct via_device *pf, struct via_device *vf, char *alias, size_t size)
{
	*vf = (struct via_device){.kind = VIA_DEVICE_VF,
		.is_nic = pf->is_nic,
		.vendor = pf->vendor,
		.device = pf->sriov->vf_device,
		.subvendor = pf->subvendor,
		.subdevice = pf->subdevice,
		.class_code = pf->class_code,
		.modalias = alias,
		.numa_node = pf->numa_node,
		.iommu_group = -1,
		.pf = pf->addr};
	snprintf(alias, size, "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X", vf->vendor, vf->device,
		vf->subvendor, vf->subdevice, vf->class_code >> 16 & 0xff,
		vf->class_code >> 8 & 0xff, vf->class_code & 0xff);
}

/* All VFs of a PF are alike: one look at the host's modules serves them all. */
void via_plan_know_drivers(struct via_plan_pf *pf)
{
	const struct via_device *vf = NULL;
	struct via_device ghost;
	char alias[80];

	if (pf->dev->sriov->n_vfs)
		vf = via_inventory_vf(pf->p->inv, pf->dev, pf->dev->sriov->vfs[0].index);
	ghost_vf(pf->dev, &ghost, alias, sizeof(alias));
	if (!via_plan_driver_for(pf->p, vf ? vf : &ghost, VIA_DRIVER_VFIO, pf->vfio_driver))
		via_plan_text(pf->vfio_driver, sizeof(pf->vfio_driver), "vfio-pci");
	if (!via_plan_driver_for(pf->p, vf ? vf : &ghost, VIA_DRIVER_HOST, pf->host_driver))
		pf->host_driver[0] = '\0';
}

const char *via_plan_driver_meant(struct via_plan_pf *pf, const struct via_vf_wanted *want)
{
	switch (want->driver) {
	case VIA_DRIVER_HOST:
		return pf->host_driver;
	case VIA_DRIVER_VFIO:
		return pf->vfio_driver;
	case VIA_DRIVER_NAMED:
		return want->driver_name;
	case VIA_DRIVER_UNSET:
	case VIA_DRIVER_NONE:
		break;
	}
	return "";
}

static bool right(
	struct via_plan_pf *pf, const struct via_vf_wanted *want, const char *has, bool held)
{
	bool vfio = *has && via_policy_is_vfio(has);

	switch (want->driver) {
	case VIA_DRIVER_UNSET:
		return true;
	case VIA_DRIVER_NONE:
		return !*has;
	case VIA_DRIVER_HOST:
		return *has && !vfio;
	case VIA_DRIVER_VFIO:
		/* libvirt binds plain vfio-pci to what it hands out: good enough while it runs. */
		if (held && vfio)
			return true;
		break;
	case VIA_DRIVER_NAMED:
		break;
	}
	return !strcmp(has, via_plan_driver_meant(pf, want));
}

bool via_plan_driver_right(
	struct via_plan_pf *pf, const struct via_vf_wanted *want, const struct via_device *dev)
{
	return right(pf, want, dev->driver ? dev->driver : "", dev->n_holders);
}

struct group_walk {
	const struct via_plan_pf *pf;
	struct via_addr self;
};

static bool wants_vfio(const struct via_vf_wanted *w)
{
	return w->driver == VIA_DRIVER_VFIO ||
	       (w->driver == VIA_DRIVER_NAMED && via_policy_is_vfio(w->driver_name));
}

/* 1 for a member that stays with another owner once the plan has run. */
static int stays_behind(const struct via_device *d, void *user)
{
	const struct group_walk *w = user;

	if (via_addr_eq(d->addr, w->self) || !d->driver ||
		(d->kind == VIA_DEVICE_BRIDGE && !strcmp(d->driver, "pcieport")) ||
		(via_policy_is_vfio(d->driver) && !d->n_holders))
		return 0;
	return d->kind != VIA_DEVICE_VF || !via_addr_eq(d->pf, w->pf->dev->addr) || d->n_holders ||
	       d->vf_index >= w->pf->count || !wants_vfio(&w->pf->wanted[d->vf_index]);
}

static bool group_goes_along(const struct via_plan_vf *vf)
{
	struct group_walk w = {vf->pf, vf->addr};

	return !via_inventory_group(vf->pf->p->inv, vf->dev->iommu_group, stays_behind, &w);
}

static bool refuse_iommu(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;

	if (!(pf->told & VIA_TOLD_IOMMU))
		via_plan_refuse(pf->p, VIA_REFUSED_NO_IOMMU, pf->dev->addr,
			"the VFs of %s cannot be bound to %s: the host has no IOMMU in use; %s",
			via_addr_fmt(pf->dev->addr), vf->goal, via_plan_iommu_help);
	pf->told |= VIA_TOLD_IOMMU;
	return false;
}

struct users_walk {
	const struct via_device *leave_out;
	struct via_strbuf *b;
	unsigned int n;
};

static int add_user(const struct via_device *d, void *user)
{
	struct users_walk *w = user;

	if (d == w->leave_out || !d->driver || via_policy_is_vfio(d->driver) ||
		(d->kind == VIA_DEVICE_BRIDGE && !strcmp(d->driver, "pcieport")))
		return 0;
	via_strbuf_addf(w->b, "%s%s (%s)", w->n++ ? ", " : "", via_addr_fmt(d->addr), d->driver);
	return 0;
}

unsigned int via_plan_group_users(const struct via_inventory *inv, int group,
	const struct via_device *leave_out, struct via_strbuf *b)
{
	struct users_walk w = {leave_out, b, 0};

	via_inventory_group(inv, group, add_user, &w);
	return w.n;
}

/*
 * A PF that shares its group with the bridge above it does so because nothing isolates what is
 * below that bridge (pci_device_group() in drivers/iommu/iommu.c walks up to the first bridge with
 * ACS); its VFs will be found in the same group, and it stays with the host itself.
 */
static bool joins_the_group(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;
	const struct via_device *dev = pf->dev;
	const struct via_device *up = via_inventory_device(pf->p->inv, dev->parent);
	via_autostrbuf users = VIA_STRBUF_INIT;

	if (!up || dev->iommu_group < 0 || up->iommu_group != dev->iommu_group)
		return false;
	if (pf->told & VIA_TOLD_GROUP)
		return true;
	pf->told |= VIA_TOLD_GROUP;
	via_plan_group_users(pf->p->inv, dev->iommu_group, NULL, &users);
	via_plan_refuse(pf->p, VIA_REFUSED_UNSAFE_GROUP, dev->addr,
		"the VFs of %s cannot be bound to %s: bridge %s above it does not isolate what is "
		"below, so that they will be in IOMMU group %d with what the host uses: %.200s; "
		"put the card into a slot with a group of its own",
		via_addr_fmt(dev->addr), vf->goal, via_addr_fmt(up->addr), dev->iommu_group,
		via_strbuf_str(&users));
	return true;
}

/* One that exists is asked about; one that does not at least has to have an IOMMU above it, and
 * something that keeps it apart. */
static bool passthrough_allowed(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;
	struct via_err err = {0};
	int r;

	if (!pf->p->inv->host.iommu)
		return refuse_iommu(vf);
	if (!vf->dev)
		return !joins_the_group(vf);
	r = via_policy_passthrough(pf->p->inv, vf->dev, &err);
	if (r == VIA_REFUSED_NO_IOMMU)
		return refuse_iommu(vf);
	if (r == VIA_REFUSED_UNSAFE_GROUP && group_goes_along(vf))
		return true;
	return via_plan_allowed(pf->p, vf->addr, r, &err);
}

static bool driver_exists(struct via_plan_vf *vf)
{
	struct via_plan_pf *pf = vf->pf;

	if (vf->want->driver == VIA_DRIVER_NONE || *vf->goal)
		return true;
	if (!(pf->told & VIA_TOLD_DRIVER))
		via_plan_refuse(pf->p, VIA_REFUSED_NOT_FOUND, pf->dev->addr,
			"no driver of this host knows the VFs of %s (%04x:%04x); install its "
			"module or name "
			"one with \"driver\"",
			via_addr_fmt(pf->dev->addr), pf->dev->vendor, pf->dev->sriov->vf_device);
	pf->told |= VIA_TOLD_DRIVER;
	return false;
}

static bool change_allowed(struct via_plan_vf *vf)
{
	struct via_err err = {0};

	if (*vf->held) {
		int r = via_policy_unused(vf->pf->p->inv, vf->dev, &err);

		if (r)
			return via_plan_allowed(vf->pf->p, vf->addr, r, &err);
	}
	return !via_policy_is_vfio(vf->goal) || passthrough_allowed(vf);
}

/* The kernel probes a new VF with what is loaded; nobody promises that the driver is (udev loads it
 * later, or not at all). So it is bound by a step of its own, which finds it done most times. */
static bool is_hoped_for(const struct via_plan_vf *vf)
{
	return !vf->dev && *vf->had && vf->want->driver != VIA_DRIVER_UNSET;
}

/* A plan that was cut short took its driver and left its name in driver_override. */
static bool left_without(const struct via_plan_vf *vf)
{
	const char *name = vf->dev ? vf->dev->driver_override : NULL;

	return vf->want->driver == VIA_DRIVER_UNSET && name && *name && !*vf->had && !*vf->held &&
	       !via_policy_is_vfio(name);
}

void via_plan_vf_driver(struct via_plan_vf *vf)
{
	if (left_without(vf)) {
		via_plan_text(vf->goal, sizeof(vf->goal), vf->dev->driver_override);
		vf->has_goal = true;
		return;
	}
	if (right(vf->pf, vf->want, vf->had, *vf->held) && !is_hoped_for(vf))
		return;
	via_plan_text(vf->goal, sizeof(vf->goal), via_plan_driver_meant(vf->pf, vf->want));
	vf->has_goal = driver_exists(vf) && change_allowed(vf);
}

static struct via_step *driver_step(struct via_plan_vf *vf, enum via_step_op op)
{
	struct via_step *s = via_plan_vf_step(vf, op);

	s->has_undo = true;
	via_plan_text(s->undo.text, sizeof(s->undo.text), vf->had);
	if (vf->dev)
		via_plan_text(s->undo.override, sizeof(s->undo.override), vf->dev->driver_override);
	if (*vf->had && vf->dev)
		s->disruption = VIA_DISRUPTION_VF_RESET;
	return s;
}

void via_plan_vf_detach(struct via_plan_vf *vf)
{
	struct via_step *s;

	if (!vf->detach)
		return;
	s = driver_step(vf, VIA_STEP_UNBIND);
	/* The configuration does not say which driver it is to have again; should this plan be cut
	 * short, its driver_override does: see left_without(). */
	if (vf->want->driver == VIA_DRIVER_UNSET)
		via_plan_text(s->set.override, sizeof(s->set.override), vf->had);
	via_plan_because(s, "%s has to let go: %s", vf->had,
		vf->msix ? "the MSI-X count is set without a driver"
			 : "it reads the MAC only when it probes");
}

/*
 * What is left in driver_override: what was there when the driver comes back to where it was; else
 * its name, so that a later probe finds the same driver; but nothing where the kernel's own choice
 * is meant and autoprobe lets it choose.
 */
static const char *override_for(const struct via_plan_vf *vf)
{
	enum via_driver_choice c = vf->want->driver;
	bool kernels_choice = c == VIA_DRIVER_HOST || c == VIA_DRIVER_UNSET;

	if (vf->dev && !strcmp(vf->goal, vf->had))
		return vf->dev->driver_override;
	if (kernels_choice && vf->pf->autoprobe && !via_policy_is_vfio(vf->goal))
		return "";
	return vf->goal;
}

static void bind_reason(const struct via_plan_vf *vf, struct via_step *s)
{
	const char *had = *vf->had ? vf->had : "no driver";

	if (left_without(vf))
		via_plan_because(s, "its driver_override names %s, found no driver", vf->goal);
	else if (is_hoped_for(vf) && !vf->detach && !strcmp(vf->goal, vf->had))
		via_plan_because(
			s, "configured %s, whose module may not be loaded yet (new VF)", vf->goal);
	else if (vf->detach && !strcmp(vf->goal, vf->had))
		via_plan_because(s, "given back to %s once it is configured", vf->goal);
	else
		via_plan_because(s, "configured %s, found %s%s", *vf->goal ? vf->goal : "no driver",
			had, vf->dev ? "" : " (new VF)");
}

void via_plan_vf_bind(struct via_plan_vf *vf)
{
	const char *has = vf->detach ? "" : vf->had;
	bool none = !*vf->goal;
	struct via_step *s;

	if (!vf->has_goal || (!strcmp(vf->goal, has) && !is_hoped_for(vf)))
		return;
	s = driver_step(vf, none ? VIA_STEP_UNBIND : VIA_STEP_BIND);
	if (vf->detach) {
		/* The step before took its driver: this one's undo takes it no further back. */
		s->undo.text[0] = '\0';
		s->disruption = VIA_DISRUPTION_NONE;
	}
	if (!none) {
		via_plan_text(s->set.text, sizeof(s->set.text), vf->goal);
		via_plan_text(s->set.override, sizeof(s->set.override), override_for(vf));
	}
	bind_reason(vf, s);
}
