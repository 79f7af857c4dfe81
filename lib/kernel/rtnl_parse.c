/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rtnl_parse.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>

/* <net/if.h> and <linux/if.h> exclude each other and only the latter has it. */
#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP (1 << 16)
#endif

static void get_mac(const struct via_nl_attr *a, struct via_mac *ret, bool *has)
{
	if (a->len != sizeof(ret->b))
		return;
	memcpy(ret->b, a->data, sizeof(ret->b));
	if (has)
		*has = true;
}

static void get_kind(const struct via_nl_attr *info, struct via_link *l)
{
	struct via_nl_span s = via_nl_nest(info);
	struct via_nl_attr a;

	while (via_nl_attr_next(&s, &a)) {
		if (a.type == IFLA_INFO_KIND)
			via_nl_get_str(&a, l->kind, sizeof(l->kind));
	}
}

static void get_index(const struct via_nl_attr *a, int *ret)
{
	uint32_t v;

	if (via_nl_get_u32(a, &v) && v <= INT32_MAX)
		*ret = (int)v;
}

/* What a link is: names, addresses, identity. */
static void link_identity(const struct via_nl_attr *a, struct via_link *l)
{
	switch (a->type) {
	case IFLA_IFNAME:
		via_nl_get_str(a, l->name, sizeof(l->name));
		break;
	case IFLA_ADDRESS:
		get_mac(a, &l->mac, NULL);
		break;
	case IFLA_PERM_ADDRESS:
		get_mac(a, &l->perm_mac, &l->has_perm_mac);
		break;
	case IFLA_PHYS_PORT_ID:
		via_nl_get_hex(a, l->phys_port_id, sizeof(l->phys_port_id));
		break;
	case IFLA_PHYS_SWITCH_ID:
		via_nl_get_hex(a, l->phys_switch_id, sizeof(l->phys_switch_id));
		break;
	case IFLA_PHYS_PORT_NAME:
		via_nl_get_str(a, l->phys_port_name, sizeof(l->phys_port_name));
		break;
	case IFLA_PARENT_DEV_NAME:
		via_nl_get_str(a, l->parent, sizeof(l->parent));
		break;
	}
}

/* What it is connected to, and how it is set. */
static void link_relations(const struct via_nl_attr *a, struct via_link *l)
{
	uint32_t v;

	switch (a->type) {
	case IFLA_LINKINFO:
		get_kind(a, l);
		break;
	case IFLA_MTU:
		via_nl_get_u32(a, &l->mtu);
		break;
	case IFLA_MASTER:
		get_index(a, &l->master);
		break;
	case IFLA_LINK:
		get_index(a, &l->lower);
		break;
	case IFLA_LINK_NETNSID:
		if (via_nl_get_u32(a, &v))
			l->lower_nsid = (int32_t)v;
		break;
	case IFLA_NUM_VF:
		via_nl_get_u32(a, &l->num_vf);
		break;
	}
}

int via_rtnl_parse_link(const struct nlmsghdr *nlh, struct via_link *ret)
{
	struct via_link l = {.lower_nsid = -1};
	struct ifinfomsg ifm;
	struct via_nl_span s;
	struct via_nl_attr a;
	char bus[8] = "";

	if (nlh->nlmsg_type != RTM_NEWLINK || !via_nl_header(nlh, &ifm, sizeof(ifm)))
		return -EBADMSG;
	l.ifindex = ifm.ifi_index;
	l.up = ifm.ifi_flags & IFF_UP;
	/* IFLA_CARRIER keeps its last value while the link is down; the flag does not. */
	l.carrier = ifm.ifi_flags & IFF_LOWER_UP;
	s = via_nl_attrs(nlh, sizeof(ifm));
	while (via_nl_attr_next(&s, &a)) {
		/* Its 16-bit length may have wrapped: nothing behind it can be trusted. */
		if (a.type == IFLA_VFINFO_LIST)
			break;
		if (a.type == IFLA_PARENT_DEV_BUS_NAME)
			via_nl_get_str(&a, bus, sizeof(bus));
		link_identity(&a, &l);
		link_relations(&a, &l);
	}
	if (l.ifindex <= 0 || !l.name[0])
		return -EBADMSG;
	if (strcmp(bus, "pci") != 0)
		l.parent[0] = '\0';
	*ret = l;
	return 0;
}

static size_t address_size(int family)
{
	if (family == AF_INET)
		return 4;
	return family == AF_INET6 ? 16 : 0;
}

int via_rtnl_parse_addr(const struct nlmsghdr *nlh, struct via_ifaddr *ret)
{
	struct via_ifaddr addr = {0};
	bool has_local = false, has = false;
	struct ifaddrmsg ifa;
	struct via_nl_span s;
	struct via_nl_attr a;
	size_t size;

	if (nlh->nlmsg_type != RTM_NEWADDR || !via_nl_header(nlh, &ifa, sizeof(ifa)))
		return -EBADMSG;
	size = address_size(ifa.ifa_family);
	if (!size || ifa.ifa_prefixlen > size * 8 || ifa.ifa_index > INT32_MAX)
		return -EBADMSG;
	s = via_nl_attrs(nlh, sizeof(ifa));
	/* On a point-to-point link IFA_ADDRESS is the peer and IFA_LOCAL is ours. */
	while (via_nl_attr_next(&s, &a)) {
		if (a.len != size)
			continue;
		if (a.type == IFA_LOCAL)
			has_local = via_nl_get(&a, addr.addr, size);
		else if (a.type == IFA_ADDRESS && !has_local)
			has = via_nl_get(&a, addr.addr, size);
	}
	if (!has && !has_local)
		return -EBADMSG;
	addr.ifindex = (int)ifa.ifa_index;
	addr.family = ifa.ifa_family;
	addr.prefix = ifa.ifa_prefixlen;
	addr.scope = ifa.ifa_scope;
	*ret = addr;
	return 0;
}

static void get_gateway(const struct via_nl_attr *a, struct via_route *hop)
{
	size_t size = address_size(hop->family);

	if (a->len == size)
		hop->has_gateway = via_nl_get(a, hop->gateway, size);
}

/* RTA_MULTIPATH: a sequence of struct rtnexthop, each with attributes of its own. */
static int each_hop(
	const struct via_nl_attr *multipath, int family, via_rtnl_hop_fn *fn, void *user)
{
	const uint8_t *p = multipath->data;
	size_t left = multipath->len;
	struct rtnexthop nh;
	int r = 0;

	while (r == 0 && left >= sizeof(nh)) {
		struct via_route hop = {.family = family};
		struct via_nl_span s;
		struct via_nl_attr a;
		size_t step;

		memcpy(&nh, p, sizeof(nh));
		if (nh.rtnh_len < sizeof(nh) || nh.rtnh_len > left)
			break;
		hop.ifindex = nh.rtnh_ifindex;
		s = (struct via_nl_span){p + sizeof(nh), nh.rtnh_len - sizeof(nh)};
		while (via_nl_attr_next(&s, &a)) {
			if (a.type == RTA_GATEWAY)
				get_gateway(&a, &hop);
		}
		if (hop.ifindex > 0)
			r = fn(&hop, 0, user);
		step = RTNH_ALIGN((size_t)nh.rtnh_len);
		step = step > left ? left : step;
		p += step;
		left -= step;
	}
	return r;
}

static bool default_route(const struct nlmsghdr *nlh, struct rtmsg *rtm)
{
	return nlh->nlmsg_type == RTM_NEWROUTE && via_nl_header(nlh, rtm, sizeof(*rtm)) &&
	       address_size(rtm->rtm_family) && rtm->rtm_dst_len == 0 &&
	       rtm->rtm_type == RTN_UNICAST && !(rtm->rtm_flags & RTM_F_CLONED);
}

int via_rtnl_parse_route(const struct nlmsghdr *nlh, via_rtnl_hop_fn *fn, void *user)
{
	struct via_nl_attr a, multipath = {0};
	struct via_route hop = {0};
	struct via_nl_span s;
	struct rtmsg rtm;
	uint32_t nh_id = 0;

	if (!default_route(nlh, &rtm))
		return 0;
	hop.family = rtm.rtm_family;
	s = via_nl_attrs(nlh, sizeof(rtm));
	while (via_nl_attr_next(&s, &a)) {
		if (a.type == RTA_OIF)
			get_index(&a, &hop.ifindex);
		else if (a.type == RTA_GATEWAY)
			get_gateway(&a, &hop);
		else if (a.type == RTA_MULTIPATH)
			multipath = a;
		else if (a.type == RTA_NH_ID)
			via_nl_get_u32(&a, &nh_id);
	}
	if (multipath.data)
		return each_hop(&multipath, hop.family, fn, user);
	if (hop.ifindex)
		return fn(&hop, 0, user);
	return nh_id ? fn(&hop, nh_id, user) : 0;
}

int via_rtnl_parse_oif(const struct nlmsghdr *nlh, int *ret)
{
	struct via_nl_span s;
	struct via_nl_attr a;
	struct rtmsg rtm;
	int ifindex = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE || !via_nl_header(nlh, &rtm, sizeof(rtm)))
		return -EBADMSG;
	s = via_nl_attrs(nlh, sizeof(rtm));
	while (via_nl_attr_next(&s, &a)) {
		if (a.type == RTA_OIF)
			get_index(&a, &ifindex);
	}
	if (!ifindex)
		return -EBADMSG;
	*ret = ifindex;
	return 0;
}
