/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VF attributes: net/core/rtnetlink.c (do_setvfinfo: order, stop at the first error, no undo) with
 * the answers of drivers/net/ethernet/intel/igb/igb_main.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

/* What a driver that lacks the operation does not report either: rtnl_fill_vfinfo starts them as
 * "not known" (-1). The others start as zero and are always reported. */
#define REPORTED_ONLY_BY_DRIVER                                                                    \
	(VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK) | VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY) |                \
		VIA_ATTR_BIT(VIA_VF_ATTR_TRUST))

void fake_vf_reset(const struct fake_pf *pf, struct via_vf_state *s, uint32_t index)
{
	*s = (struct via_vf_state){.index = index};
	s->attrs.known = VIA_ATTR_ALL & ~(pf->traits.unsupported & REPORTED_ONLY_BY_DRIVER);
	s->attrs.vlan_proto = VIA_VLAN_PROTO_8021Q;
	s->attrs.spoofchk = true;
}

int fake_get_vfs(struct via_fake *f, int ifindex, struct via_vf_list *ret)
{
	struct fake_netdev *n = fake_netdev(f, ifindex);
	struct via_vf_list l = {0};

	if (!n || n->link.netns[0])
		return -ENODEV;
	l.num_vf = n->link.num_vf;
	l.n = l.num_vf < n->wrap ? l.num_vf : n->wrap;
	l.complete = l.n == l.num_vf;
	if (l.n) {
		l.vfs = fake_alloc(l.n * sizeof(*l.vfs));
		memcpy(l.vfs, n->vfs, l.n * sizeof(*l.vfs));
	}
	*ret = l;
	return 0;
}

struct vf_setting {
	struct via_fake *f;
	struct fake_netdev *netdev;
	const struct via_fake_pf_traits *traits;
	struct via_vf_attrs *have;
	const struct via_vf_attrs *want;
};

static int check_mac(const struct vf_setting *s)
{
	if (via_mac_is_zero(s->want->mac))
		return s->traits->zero_mac_refused ? -EINVAL : 0;
	return via_mac_is_unicast(s->want->mac) ? 0 : -EINVAL;
}

static int check_vlan(const struct vf_setting *s)
{
	if (s->want->vlan > 4095 || s->want->qos > 7)
		return -EINVAL;
	if (s->want->vlan_proto == VIA_VLAN_PROTO_8021AD && !s->traits->no_8021ad)
		return 0;
	return s->want->vlan_proto == VIA_VLAN_PROTO_8021Q ? 0 : -EPROTONOSUPPORT;
}

static int check_rate(const struct vf_setting *s)
{
	if (s->want->min_tx_mbps && s->traits->no_min_rate)
		return -EINVAL;
	if (s->want->max_tx_mbps && s->want->min_tx_mbps > s->want->max_tx_mbps)
		return -EINVAL; /* do_setvfinfo itself */
	if (s->traits->rate_needs_carrier && !fake_netdev_carrier(s->netdev))
		return -EINVAL;
	if (s->netdev->speed_mbps && s->want->max_tx_mbps > s->netdev->speed_mbps)
		return -EINVAL;
	return 0;
}

static int check_nothing(const struct vf_setting *s)
{
	(void)s;
	return 0;
}

static int (*const checks[VIA_VF_ATTR_COUNT])(const struct vf_setting *s) = {
	[VIA_VF_ATTR_MAC] = check_mac,
	[VIA_VF_ATTR_VLAN] = check_vlan,
	[VIA_VF_ATTR_RATE] = check_rate,
	[VIA_VF_ATTR_SPOOFCHK] = check_nothing,
	[VIA_VF_ATTR_LINK_STATE] = check_nothing,
	[VIA_VF_ATTR_RSS_QUERY] = check_nothing,
	[VIA_VF_ATTR_TRUST] = check_nothing,
};

static struct fake_rule *rule_for(
	struct via_fake *f, struct via_addr pf, uint32_t index, enum via_vf_attr attr)
{
	for (size_t i = 0; i < f->n_rules; i++) {
		struct fake_rule *r = &f->rules[i];

		if (via_addr_eq(r->pf, pf) && r->attr == attr && r->times &&
			(r->index < 0 || (uint32_t)r->index == index))
			return r;
	}
	return NULL;
}

static int set_one(
	struct vf_setting *s, struct fake_rule *rule, enum via_vf_attr attr, struct via_vf_set *set)
{
	int r;

	if (s->traits->unsupported & VIA_ATTR_BIT(attr))
		return -EOPNOTSUPP;
	r = checks[attr](s);
	if (r)
		return r;
	if (rule && rule->times > 0)
		rule->times--;
	if (rule && rule->error) {
		snprintf(set->extack, sizeof(set->extack), "%s", rule->extack);
		return -rule->error;
	}
	if (!rule)
		via_vf_attrs_copy(s->have, s->want, VIA_ATTR_BIT(attr));
	if (!rule && attr == VIA_VF_ATTR_MAC)
		fake_guest_mac_drop(s->f, s->netdev->link.ifindex, set->index);
	return 0;
}

void fake_set_vf(struct via_fake *f, int ifindex, struct via_vf_set *set)
{
	static const struct via_fake_pf_traits none;
	struct fake_netdev *n = fake_netdev(f, ifindex);
	struct vf_setting s = {.f = f, .netdev = n, .traits = &none, .want = &set->attrs};
	struct via_addr a = {0};
	struct fake_pf *pf = NULL;

	set->error = 0;
	set->extack[0] = '\0';
	if (!n || n->link.netns[0]) {
		set->error = ENODEV;
		return;
	}
	if (!via_addr_parse(n->link.parent, &a))
		pf = fake_pf_find(f, a);
	if (!pf) {
		set->error = set->attrs.known ? EOPNOTSUPP : 0;
		return;
	}
	s.traits = &pf->traits;
	if (set->index >= n->link.num_vf) {
		set->error = EINVAL;
		return;
	}
	s.have = &n->vfs[set->index].attrs;
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT && !set->error; i++)
		if (set->attrs.known & VIA_ATTR_BIT(i))
			set->error = -set_one(&s, rule_for(f, a, set->index, (enum via_vf_attr)i),
				(enum via_vf_attr)i, set);
}

static void add_rule(struct via_fake *f, const struct fake_rule *rule, const char *extack)
{
	struct fake_rule *r;

	FAKE_GUARD(f);
	r = fake_push(&f->rules, &f->n_rules);
	*r = *rule;
	snprintf(r->extack, sizeof(r->extack), "%s", extack ? extack : "");
	f->dirty = true;
}

void via_fake_refuse(struct via_fake *f, const char *pf, int index, enum via_vf_attr attr,
	int error, int times, const char *extack)
{
	add_rule(f,
		&(struct fake_rule){.pf = fake_addr(pf),
			.index = index,
			.attr = attr,
			.error = error,
			.times = times},
		extack);
}

void via_fake_ignore(struct via_fake *f, const char *pf, enum via_vf_attr attr)
{
	add_rule(f,
		&(struct fake_rule){.pf = fake_addr(pf), .index = -1, .attr = attr, .times = -1},
		NULL);
}

void via_fake_set_vf(struct via_fake *f, int ifindex, uint32_t index, const struct via_vf_attrs *a)
{
	struct fake_netdev *n;

	FAKE_GUARD(f);
	n = fake_netdev(f, ifindex);
	if (!n || index >= n->link.num_vf)
		abort();
	via_vf_attrs_copy(&n->vfs[index].attrs, a, a->known);
	f->dirty = true;
}

void via_fake_wrap_vfs(struct via_fake *f, int ifindex, uint32_t count)
{
	FAKE_GUARD(f);
	fake_netdev(f, ifindex)->wrap = count;
	f->dirty = true;
}
