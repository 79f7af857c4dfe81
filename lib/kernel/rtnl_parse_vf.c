/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VFs in an RTM_NEWLINK (net/core/rtnetlink.c, rtnl_fill_vf and rtnl_fill_vfinfo):
 *
 *	IFLA_NUM_VF
 *	IFLA_VFINFO_LIST	one IFLA_VF_INFO a VF, ascending; none for a VF whose
 *		IFLA_VF_INFO	ndo_get_vf_config failed
 *			IFLA_VF_MAC first, then the others, each starting with the VF's number
 *
 * The list's length has 16 bits and the kernel does not check that it fits: past 65,535 bytes (334
 * VFs without statistics) it wraps, while the VFs' own lengths stay right. So the list is walked by
 * the VFs' lengths, and believed when its true length agrees with the declared one modulo 65,536.
 */
#include "kernel/rtnl_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* What ndo_get_vf_config leaves in a field that the driver knows nothing about. */
#define NOT_REPORTED UINT32_MAX

/* One VF's nest: its number when it is a plausible successor of `last`, or -1. */
static int64_t vf_index(const struct via_nl_attr *vf, int64_t last, uint32_t num_vf)
{
	struct via_nl_span s = via_nl_nest(vf);
	struct ifla_vf_mac mac;
	struct via_nl_attr a;

	if (vf->type != IFLA_VF_INFO || !via_nl_attr_next(&s, &a))
		return -1;
	if (a.type != IFLA_VF_MAC || a.len != sizeof(mac) || !via_nl_get(&a, &mac, sizeof(mac)))
		return -1;
	return mac.vf < num_vf && (int64_t)mac.vf > last ? (int64_t)mac.vf : -1;
}

static void set_known(struct via_vf_attrs *v, enum via_vf_attr a)
{
	v->known |= VIA_ATTR_BIT(a);
}

static void get_mac(const struct via_nl_attr *a, struct via_vf_attrs *v)
{
	struct ifla_vf_mac mac;

	if (!via_nl_get(a, &mac, sizeof(mac)))
		return;
	memcpy(v->mac.b, mac.mac, sizeof(v->mac.b));
	set_known(v, VIA_VF_ATTR_MAC);
}

static void set_vlan(struct via_vf_attrs *v, uint32_t vlan, uint32_t qos, uint16_t proto)
{
	/* No VLAN has no protocol, whatever the driver left there. */
	if (!vlan && !qos)
		proto = VIA_VLAN_PROTO_8021Q;
	if (vlan > 4095 || qos > 7 ||
		(proto != VIA_VLAN_PROTO_8021Q && proto != VIA_VLAN_PROTO_8021AD)) {
		v->known &= ~VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
		return;
	}
	v->vlan = (uint16_t)vlan;
	v->qos = (uint8_t)qos;
	v->vlan_proto = proto;
	set_known(v, VIA_VF_ATTR_VLAN);
}

static void get_vlan(const struct via_nl_attr *a, struct via_vf_attrs *v)
{
	struct ifla_vf_vlan vlan;

	if (via_nl_get(a, &vlan, sizeof(vlan)))
		set_vlan(v, vlan.vlan, vlan.qos, VIA_VLAN_PROTO_8021Q);
}

/* Comes behind IFLA_VF_VLAN and says the protocol too: it has the last word. */
static void get_vlan_list(const struct via_nl_attr *list, struct via_vf_attrs *v)
{
	struct via_nl_span s = via_nl_nest(list);
	struct ifla_vf_vlan_info info;
	struct via_nl_attr a;

	if (via_nl_attr_next(&s, &a) && a.type == IFLA_VF_VLAN_INFO &&
		via_nl_get(&a, &info, sizeof(info)))
		set_vlan(v, info.vlan, info.qos, ntohs(info.vlan_proto));
}

static void get_rate(const struct via_nl_attr *a, struct via_vf_attrs *v)
{
	struct ifla_vf_rate rate;

	if (!via_nl_get(a, &rate, sizeof(rate)))
		return;
	v->min_tx_mbps = rate.min_tx_rate;
	v->max_tx_mbps = rate.max_tx_rate;
	set_known(v, VIA_VF_ATTR_RATE);
}

/* A struct of VF number and setting, as all the switches are. */
static bool get_setting(const struct via_nl_attr *a, uint32_t *ret)
{
	struct ifla_vf_spoofchk s;

	if (!via_nl_get(a, &s, sizeof(s)) || s.setting == NOT_REPORTED)
		return false;
	*ret = s.setting;
	return true;
}

static void get_switch(
	const struct via_nl_attr *a, struct via_vf_attrs *v, enum via_vf_attr which, bool *ret)
{
	uint32_t setting;

	if (!get_setting(a, &setting))
		return;
	*ret = setting;
	set_known(v, which);
}

static void get_link_state(const struct via_nl_attr *a, struct via_vf_attrs *v)
{
	static const enum via_link_state states[] = {
		[IFLA_VF_LINK_STATE_AUTO] = VIA_LINK_AUTO,
		[IFLA_VF_LINK_STATE_ENABLE] = VIA_LINK_ENABLE,
		[IFLA_VF_LINK_STATE_DISABLE] = VIA_LINK_DISABLE,
	};
	uint32_t state;

	if (!get_setting(a, &state) || state >= sizeof(states) / sizeof(states[0]))
		return;
	v->link_state = states[state];
	set_known(v, VIA_VF_ATTR_LINK_STATE);
}

static void get_attr(const struct via_nl_attr *a, struct via_vf_attrs *v)
{
	switch (a->type) {
	case IFLA_VF_MAC:
		get_mac(a, v);
		break;
	case IFLA_VF_VLAN:
		get_vlan(a, v);
		break;
	case IFLA_VF_VLAN_LIST:
		get_vlan_list(a, v);
		break;
	case IFLA_VF_RATE:
		get_rate(a, v);
		break;
	case IFLA_VF_SPOOFCHK:
		get_switch(a, v, VIA_VF_ATTR_SPOOFCHK, &v->spoofchk);
		break;
	case IFLA_VF_LINK_STATE:
		get_link_state(a, v);
		break;
	case IFLA_VF_RSS_QUERY_EN:
		get_switch(a, v, VIA_VF_ATTR_RSS_QUERY, &v->rss_query);
		break;
	case IFLA_VF_TRUST:
		get_switch(a, v, VIA_VF_ATTR_TRUST, &v->trust);
		break;
	}
}

static void get_vf(const struct via_nl_attr *vf, uint32_t index, struct via_vf_state *ret)
{
	struct via_nl_span s = via_nl_nest(vf);
	struct via_nl_attr a;

	*ret = (struct via_vf_state){.index = index, .attrs.vlan_proto = VIA_VLAN_PROTO_8021Q};
	while (via_nl_attr_next(&s, &a))
		get_attr(&a, &ret->attrs);
}

/*
 * Walk from the list's first child, at most to the end of the message, as long as VFs follow. vfs
 * may be NULL to count. Returns how many; *length is the list's true length with its header.
 */
static size_t walk(struct via_nl_span s, uint32_t num_vf, struct via_vf_state *vfs, size_t *length)
{
	size_t start = s.left;
	size_t n = 0;
	int64_t index = -1;
	struct via_nl_attr a;

	*length = NLA_HDRLEN;
	while (via_nl_attr_next(&s, &a)) {
		index = vf_index(&a, index, num_vf);
		if (index < 0)
			break;
		if (vfs)
			get_vf(&a, (uint32_t)index, &vfs[n]);
		n++;
		*length = NLA_HDRLEN + (start - s.left);
	}
	return n;
}

/* The list's header, found even when its wrapped length makes no attribute of it. */
static bool find_list(const struct nlmsghdr *nlh, uint32_t *num_vf, struct via_nl_span *ret)
{
	struct via_nl_span s = via_nl_attrs(nlh, sizeof(struct ifinfomsg));
	struct via_nl_attr a;
	struct nlattr head;

	while (s.left >= sizeof(head)) {
		memcpy(&head, s.p, sizeof(head));
		if ((head.nla_type & NLA_TYPE_MASK) == IFLA_VFINFO_LIST) {
			*ret = s;
			return true;
		}
		if (!via_nl_attr_next(&s, &a))
			break;
		if (a.type == IFLA_NUM_VF)
			via_nl_get_u32(&a, num_vf);
	}
	return false;
}

static int read_list(struct via_nl_span s, struct via_vf_list *l)
{
	struct via_nl_span children = {s.p + NLA_HDRLEN, s.left - NLA_HDRLEN};
	struct nlattr head;
	size_t length, n;

	memcpy(&head, s.p, sizeof(head));
	n = walk(children, l->num_vf, NULL, &length);
	/* No other length explains both the header and the VFs; else only what lies inside counts.
	 */
	if ((length & UINT16_MAX) != head.nla_len) {
		if (head.nla_len < NLA_HDRLEN || head.nla_len > s.left)
			return 0;
		children.left = head.nla_len - (size_t)NLA_HDRLEN;
		n = walk(children, l->num_vf, NULL, &length);
	}
	if (!n)
		return 0;
	l->vfs = calloc(n, sizeof(*l->vfs));
	if (!l->vfs)
		return -ENOMEM;
	l->n = walk(children, l->num_vf, l->vfs, &length);
	return 0;
}

int via_rtnl_parse_vfs(const struct nlmsghdr *nlh, struct via_vf_list *ret)
{
	struct via_vf_list l = {0};
	struct via_nl_span list;
	struct ifinfomsg ifm;
	int r;

	if (nlh->nlmsg_type != RTM_NEWLINK || !via_nl_header(nlh, &ifm, sizeof(ifm)))
		return -EBADMSG;
	if (find_list(nlh, &l.num_vf, &list)) {
		r = read_list(list, &l);
		if (r < 0)
			return r;
	}
	l.complete = l.n == l.num_vf;
	*ret = l;
	return 0;
}
