/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What netlink says about PFs: VF attributes, eswitch mode; and who their representors are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/scan_parts.h"

/* --- representors --- */

/* "pf0vf3", "c0pf0vf3", "pf0sf88", "pf0": Documentation/networking/devlink/devlink-port.rst and
 * devlink_nl_port_phys_port_name in net/devlink. "p0" and "p0s1" are uplinks. */
struct port_name {
	unsigned int controller, pf;
	int vf; /* -1: of no VF */
};

static bool parse_port_name(const char *name, struct port_name *ret)
{
	struct port_name p = {.vf = -1};
	unsigned int vf, sf;
	int at = 0, end = -1;

	if (!name)
		return false;
	if (sscanf(name, "c%u%n", &p.controller, &at) != 1)
		at = 0;
	if (sscanf(name + at, "pf%uvf%u%n", &p.pf, &vf, &end) == 2 && end > 0)
		p.vf = (int)vf;
	else if (!(sscanf(name + at, "pf%usf%u%n", &p.pf, &sf, &end) == 2 && end > 0) &&
		 !(sscanf(name + at, "pf%u%n", &p.pf, &end) == 1 && end > 0))
		return false;
	*ret = p;
	return name[at + end] == '\0';
}

static bool same_switch(const struct via_netdev *a, const struct via_netdev *b)
{
	/* Interned texts: equal means the same pointer. */
	return a->phys_switch_id && a->phys_switch_id == b->phys_switch_id;
}

/* The PF whose uplink is on the same switch; among several the one with that function number. */
static bool find_pf(
	struct scan *s, const struct via_netdev *rep, unsigned int number, struct via_addr *ret)
{
	const struct via_device *d = rep->has_dev ? scan_find(s, rep->dev) : NULL;
	bool found = false;

	if (d && d->kind == VIA_DEVICE_PF) {
		*ret = d->addr;
		return true;
	}
	for (size_t i = 0; i < s->inv->n_netdevs; i++) {
		const struct via_netdev *n = &s->inv->netdevs[i];
		struct port_name p;

		if (n == rep || !n->has_dev || !same_switch(n, rep) ||
			parse_port_name(n->phys_port_name, &p))
			continue;
		if (!found || n->dev.fn == number)
			*ret = n->dev;
		found = true;
	}
	return found;
}

void scan_representors(struct scan *s)
{
	for (size_t i = 0; i < s->inv->n_netdevs; i++) {
		struct via_netdev *n = &s->inv->netdevs[i];
		struct port_name p;

		if (!n->phys_switch_id || !parse_port_name(n->phys_port_name, &p))
			continue;
		n->representor = true;
		/* Another controller's functions are another host's: of no PF here. */
		if (p.controller == 0 && find_pf(s, n, p.pf, &n->rep_pf))
			n->rep_vf = p.vf;
	}
}

/* --- VF attributes --- */

static int read_vfs(struct scan *s, struct via_device *d, struct via_sriov *v, int ifindex)
{
	struct via_vf_list list = {0};
	struct via_err err = {0};
	int r = s->k->ops->get_vfs(s->k, ifindex, &list, &err);

	if (r < 0) {
		v->vf_info_complete = v->n_vfs == 0;
		/* The net device may have gone, or its driver may know nothing of VFs. */
		if (r != -ENODEV && r != -EOPNOTSUPP)
			scan_problem(
				s, d, "VF attributes: %s", err.msg[0] ? err.msg : strerror(-r));
		return r == -ENOMEM ? r : 0;
	}
	v->vf_info = scan_copy(s, list.vfs, list.n, sizeof(*list.vfs));
	v->n_vf_info = v->vf_info ? list.n : 0;
	v->vf_info_complete = list.complete && list.n >= v->n_vfs;
	r = list.n && !v->vf_info ? -ENOMEM : 0;
	via_vf_list_finish(&list);
	return r;
}

static void read_eswitch(struct scan *s, struct via_device *d, struct via_sriov *v)
{
	const struct via_device *before = s->old ? via_inventory_device(s->old, d->addr) : NULL;
	char mode[32];
	int r;

	/* The driver may hold devlink's lock for as long as it makes VFs. */
	if (scan_busy(s, d->addr)) {
		v->eswitch_mode = before && before->sriov
					  ? scan_intern(s, before->sriov->eswitch_mode)
					  : NULL;
		return;
	}
	r = s->k->ops->get_eswitch(s->k, d->addr, mode, sizeof(mode));
	if (r == 0)
		v->eswitch_mode = scan_intern(s, mode);
	else if (r != -EOPNOTSUPP && r != -ENODEV && r != -ENOENT)
		scan_problem(s, d, "eswitch mode: cannot read: %s", strerror(-r));
}

static int read_pf(struct scan *s, struct via_device *d)
{
	struct via_sriov *v = (struct via_sriov *)d->sriov;
	const struct via_netdev *n = via_device_netdev(s->inv, d);

	if (d->driver && !strstr(d->driver, "vfio"))
		read_eswitch(s, d, v);
	if (!v->n_vfs)
		return 0;
	if (!n || n->representor) {
		v->vf_info_complete = false;
		return 0;
	}
	return read_vfs(s, d, v, n->ifindex);
}

int scan_pf_net(struct scan *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->inv->n_devices; i++) {
		if (s->inv->devices[i].sriov)
			r = read_pf(s, &s->inv->devices[i]);
	}
	return r;
}
