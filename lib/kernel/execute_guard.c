/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last look before an act. What was true when the plan was made need not be now: a card was
 * added and addresses moved, a VM was started, VFs were made anew by somebody else.
 */
#include <errno.h>
#include <string.h>

#include "kernel/execute_parts.h"
#include "kernel/scan.h"
#include "model/policy.h"

#define HOLDERS_MAX 8

static bool has_perm_mac(const struct via_net *net, const char *parent, struct via_mac mac,
	bool *any, struct via_mac *other)
{
	for (size_t i = 0; i < net->n_links; i++) {
		const struct via_link *l = &net->links[i];

		if (strcmp(l->parent, parent) || !l->has_perm_mac)
			continue;
		if (via_mac_eq(l->perm_mac, mac))
			return true;
		*any = true;
		*other = l->perm_mac;
	}
	return false;
}

static int mac_matches(
	struct via_kernel *k, const struct via_step *s, bool others, struct via_err *err)
{
	char parent[VIA_ADDR_STR_MAX];
	struct via_mac other = {{0}};
	struct via_net net = {0};
	bool any = false;
	int r = k->ops->get_net(k, others, &net, err);

	if (r)
		return r;
	via_addr_str(s->pf, parent);
	if (!has_perm_mac(&net, parent, s->pf_mac, &any, &other))
		r = any ? via_err_set(err, VIA_REFUSED_MISMATCH,
				  "%s is another card now: its "
				  "permanent MAC is %s, %s was meant",
				  parent, via_mac_fmt(other), via_mac_fmt(s->pf_mac))
			: -ENODEV;
	via_net_finish(&net);
	return r;
}

/* A function on vfio, or on nothing, has no net device: then its ids must do. */
static bool may_lack_netdev(const struct via_step *s)
{
	return s->op == VIA_STEP_BIND || s->op == VIA_STEP_UNBIND || s->op == VIA_STEP_RESET;
}

int via_execute_guard_pf(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	int r;

	if (!s->has_pf_mac)
		return 0;
	r = mac_matches(k, s, false, err);
	if (r == -ENODEV)
		r = mac_matches(k, s, true, err);
	if (r != -ENODEV)
		return r;
	if (may_lack_netdev(s))
		return 0;
	return via_err_set(err, VIA_REFUSED_MISMATCH,
		"%s has no net device any more: whether it is "
		"the card with permanent MAC %s cannot be told",
		via_addr_fmt(s->pf), via_mac_fmt(s->pf_mac));
}

static int read_id(struct via_kernel *k, struct via_addr a, const char *attr, uint64_t *ret,
	struct via_err *err)
{
	int r = via_kernel_read_u64(k, DEVICE_PATH(a, attr), ret);

	if (r == -ENOENT)
		return via_err_set(
			err, VIA_REFUSED_NOT_FOUND, "%s is not there any more", via_addr_fmt(a));
	return r ? via_err_set(err, r, "%s: %s: %s", via_addr_fmt(a), attr, strerror(-r)) : 0;
}

static int check_ids(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	uint64_t vendor = 0, device = 0;
	int r = read_id(k, s->target, "vendor", &vendor, err);

	if (!r)
		r = read_id(k, s->target, "device", &device, err);
	if (r || (!s->vendor && !s->device))
		return r;
	if (vendor == s->vendor && device == s->device)
		return 0;
	return via_err_set(err, VIA_REFUSED_MISMATCH, "%s is %04x:%04x now, %04x:%04x was meant",
		via_addr_fmt(s->target), (unsigned int)vendor, (unsigned int)device, s->vendor,
		s->device);
}

static int link_is(struct via_kernel *k, struct via_addr from, const char *link,
	struct via_addr wanted, struct via_err *err)
{
	char name[64];
	struct via_addr a;
	int r = via_kernel_link_name(k, DEVICE_PATH(from, link), name, sizeof(name));

	if (r && r != -ENOENT)
		return via_err_set(err, r, "%s: %s: %s", via_addr_fmt(from), link, strerror(-r));
	if (!r && !via_addr_parse(name, &a) && via_addr_eq(a, wanted))
		return 0;
	return via_err_set(err, VIA_REFUSED_MISMATCH, "%s: %s leads to %s, not to %s",
		via_addr_fmt(from), link, r ? "nothing" : name, via_addr_fmt(wanted));
}

/* A step for a VF must never hit a PF (sriov-network-operator did: its pull request 797). */
static int check_is_vf(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char link[32];
	uint32_t n;
	int r = link_is(k, s->target, "physfn", s->pf, err);

	if (r)
		return r;
	if (!via_execute_num_vfs(k, s->target, &n))
		return via_err_set(err, VIA_REFUSED_MISMATCH, "%s is a PF, a VF was meant",
			via_addr_fmt(s->target));
	snprintf(link, sizeof(link), "virtfn%u", s->vf_index);
	return link_is(k, s->pf, link, s->target, err);
}

static int check_is_no_vf(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char name[64];

	if (via_kernel_link_name(k, DEVICE_PATH(s->target, "physfn"), name, sizeof(name)) ==
		-ENOENT)
		return 0;
	return via_err_set(err, VIA_REFUSED_MISMATCH, "%s is a VF of %s now, it was none",
		via_addr_fmt(s->target), name);
}

static int unheld(struct via_kernel *k, struct via_addr a, struct via_err *err)
{
	struct via_holder holders[HOLDERS_MAX];
	struct via_arena arena = {0};
	char text[256];
	int n = via_scan_holders(k, a, &arena, holders, HOLDERS_MAX), r = 0;

	if (n < 0)
		r = via_err_set(err, n, "who holds %s cannot be found out: %s", via_addr_fmt(a),
			strerror(-n));
	else if (n > 0)
		r = via_err_set(err, VIA_REFUSED_IN_USE, "%s is in use: %s%s", via_addr_fmt(a),
			via_holder_text(&holders[0], text, sizeof(text)),
			n > 1 ? " and others" : "");
	via_arena_finish(&arena);
	return r;
}

struct unheld_vfs {
	struct via_kernel *k;
	struct via_addr pf;
	struct via_err *err;
};

static int vf_unheld(const char *name, void *user)
{
	struct unheld_vfs *u = user;
	char target[64];
	struct via_addr a;

	if (strncmp(name, "virtfn", 6))
		return 0;
	/* A VF that vanishes meanwhile holds nothing up. */
	if (via_kernel_link_name(u->k, DEVICE_PATH(u->pf, name), target, sizeof(target)) ||
		via_addr_parse(target, &a))
		return 0;
	return unheld(u->k, a, u->err);
}

int via_execute_vfs_unheld(struct via_kernel *k, struct via_addr pf, struct via_err *err)
{
	struct unheld_vfs u = {.k = k, .pf = pf, .err = err};

	return k->ops->list(k, DEVICE_PATH(pf, ""), vf_unheld, &u);
}

struct group_check {
	struct via_kernel *k;
	const struct via_step *step;
	struct via_err *err;
	bool to_vfio;
};

/* Held through vfio; what the host itself does with a neighbour matters only to vfio. */
static bool matters(const struct via_holder *h, bool to_vfio)
{
	return to_vfio || h->kind == VIA_HOLDER_PROCESS || h->kind == VIA_HOLDER_DOMAIN;
}

static int member_free(const char *name, void *user)
{
	struct group_check *g = user;
	struct via_holder holders[HOLDERS_MAX];
	struct via_arena arena = {0};
	struct via_addr a;
	char text[256];
	int n, r = 0;

	if (via_addr_parse(name, &a) || via_addr_eq(a, g->step->target))
		return 0;
	n = via_scan_holders(g->k, a, &arena, holders, HOLDERS_MAX);
	for (int i = 0; i < n && i < HOLDERS_MAX && !r; i++)
		if (matters(&holders[i], g->to_vfio))
			r = via_err_set(g->err, VIA_REFUSED_UNSAFE_GROUP,
				"%s shares its IOMMU group with %s, which is in use: %s",
				via_addr_fmt(g->step->target), name,
				via_holder_text(&holders[i], text, sizeof(text)));
	via_arena_finish(&arena);
	return n < 0 ? via_err_set(g->err, n, "who holds %s cannot be found out: %s", name,
			       strerror(-n))
		     : r;
}

static int check_group(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	struct group_check g = {.k = k,
		.step = s,
		.err = err,
		.to_vfio = s->op == VIA_STEP_BIND && via_policy_is_vfio(s->set.text)};
	int r = k->ops->list(k, DEVICE_PATH(s->target, "iommu_group/devices"), member_free, &g);

	return r == -ENOENT ? 0 : r; /* no group: nothing shared */
}

/* A new VF that its host driver took by itself: nothing is taken away from whoever uses it. */
static bool is_bound_already(struct via_kernel *k, const struct via_step *s)
{
	char now[VIA_DRIVER_MAX];

	return s->op == VIA_STEP_BIND && !via_policy_is_vfio(s->set.text) &&
	       !via_kernel_link_name(k, DEVICE_PATH(s->target, "driver"), now, sizeof(now)) &&
	       !strcmp(now, s->set.text);
}

/* What its VFs do ends with its driver, and a function-level reset of a PF resets them under
 * whoever runs them (it clears VF Enable, which the kernel sets again: pci_restore_iov_state()). */
static int check_idle(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	int r = unheld(k, s->target, err);
	uint32_t n;

	if (r || via_execute_num_vfs(k, s->target, &n) || !n)
		return r;
	return via_err_set(err, VIA_REFUSED_IN_USE,
		"%s has %u VFs, which would go with its %s: remove them first",
		via_addr_fmt(s->target), n, s->op == VIA_STEP_RESET ? "state" : "driver");
}

static int check_unheld(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	int r;

	if (is_bound_already(k, s))
		return 0;
	r = check_idle(k, s, err);
	return r ? r : check_group(k, s, err);
}

/* Somebody may have started on it since the plan (or since the step that is undone) and would lose
 * the address. Without a driver there is nobody. */
static int check_mac_free(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char driver[VIA_DRIVER_MAX];

	if (!(s->set.attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) ||
		via_kernel_link_name(k, DEVICE_PATH(s->target, "driver"), driver, sizeof(driver)) ==
			-ENOENT)
		return 0;
	return unheld(k, s->target, err);
}

int via_execute_guard_target(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	int r = check_ids(k, s, err);

	if (!r)
		r = s->has_vf ? check_is_vf(k, s, err) : check_is_no_vf(k, s, err);
	if (r)
		return r;
	switch (s->op) {
	case VIA_STEP_BIND:
	case VIA_STEP_UNBIND:
		return check_unheld(k, s, err);
	case VIA_STEP_RESET:
		return check_idle(k, s, err);
	case VIA_STEP_NUM_VFS:
	case VIA_STEP_ESWITCH: /* may destroy the VFs */
		return via_execute_vfs_unheld(k, s->pf, err);
	case VIA_STEP_VF_ATTRS:
		return check_mac_free(k, s, err);
	case VIA_STEP_AUTOPROBE:
	case VIA_STEP_PF_MTU:
	case VIA_STEP_PF_UP:
	case VIA_STEP_VF_MSIX:
	case VIA_STEP_VF_MTU:
	case VIA_STEP_OP_COUNT:
		return 0;
	}
	return 0;
}
