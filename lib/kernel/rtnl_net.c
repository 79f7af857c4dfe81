/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/rtnl_parse.h"

/* A dump is repeated when its objects change meanwhile; a host that never holds still is an error.
 */
#define DUMP_TRIES 16

struct list {
	void *items;
	size_t n, cap;
};

static void list_finish(struct list *l)
{
	free(l->items);
}
#define autolist VIA_CLEANUP(list_finish) struct list

static int list_add(struct list *l, const void *item, size_t size)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		void *p = reallocarray(l->items, cap, size);

		if (!p)
			return -ENOMEM;
		l->items = p;
		l->cap = cap;
	}
	memcpy((char *)l->items + l->n++ * size, item, size);
	return 0;
}

/* A request with its fixed header; room for a few small attributes behind it. */
struct request {
	_Alignas(struct nlmsghdr) char buf[256];
};

static struct nlmsghdr *request_init(
	struct request *rq, uint16_t type, uint16_t flags, const void *header, size_t size)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rq->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, size), header, size);
	return nlh;
}

static int dump(struct via_nl *nl, struct nlmsghdr *nlh, via_nl_fn *fn, struct list *l)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < DUMP_TRIES; i++) {
		l->n = 0;
		r = via_nl_ask(nl, nlh, fn, l);
	}
	return r;
}

static int on_link(const struct nlmsghdr *nlh, void *user)
{
	struct via_link link;

	if (via_rtnl_parse_link(nlh, &link) < 0)
		return 0;
	return list_add(user, &link, sizeof(link));
}

static int by_ifindex(const void *a, const void *b)
{
	int x = ((const struct via_link *)a)->ifindex, y = ((const struct via_link *)b)->ifindex;

	return (x > y) - (x < y);
}

int via_rtnl_dump_links(struct via_nl *nl, struct via_link **ret, size_t *ret_n)
{
	struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
	autolist links = {0};
	struct nlmsghdr *nlh;
	struct request rq;
	int r;

	nlh = request_init(&rq, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
	/* No VFs here: a PF with hundreds of them would not fit into a dump's message. */
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	r = dump(nl, nlh, on_link, &links);
	if (r < 0)
		return r;
	if (links.n)
		qsort(links.items, links.n, sizeof(**ret), by_ifindex);
	*ret_n = links.n;
	*ret = via_steal(&links.items);
	return 0;
}

static int on_addr(const struct nlmsghdr *nlh, void *user)
{
	struct via_ifaddr addr;

	if (via_rtnl_parse_addr(nlh, &addr) < 0)
		return 0;
	return list_add(user, &addr, sizeof(addr));
}

static int get_addrs(struct via_nl *nl, struct via_net *net)
{
	struct ifaddrmsg header = {.ifa_family = AF_UNSPEC};
	autolist addrs = {0};
	struct request rq;
	int r;

	r = dump(nl, request_init(&rq, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header)), on_addr,
		&addrs);
	if (r < 0)
		return r;
	net->n_addrs = addrs.n;
	net->addrs = via_steal(&addrs.items);
	return 0;
}

/* A next hop, or (ifindex 0) the next hop object that stands for it. */
struct hop {
	struct via_route route;
	uint32_t nh_id;
};

static int add_hop(const struct via_route *route, uint32_t nh_id, void *user)
{
	struct hop h = {*route, nh_id};

	return list_add(user, &h, sizeof(h));
}

static int on_route(const struct nlmsghdr *nlh, void *user)
{
	return via_rtnl_parse_route(nlh, add_hop, user);
}

/* What a next hop object says: an interface, or a group of objects. */
struct nexthop {
	uint32_t oif;
	size_t n;
	struct nexthop_grp group[64];
};

static int on_nexthop(const struct nlmsghdr *nlh, void *user)
{
	struct nexthop *nh = user;
	struct via_nl_span s;
	struct via_nl_attr a;

	if (nlh->nlmsg_type != RTM_NEWNEXTHOP)
		return 0;
	s = via_nl_attrs(nlh, sizeof(struct nhmsg));
	while (via_nl_attr_next(&s, &a)) {
		if (a.type == NHA_OIF)
			via_nl_get_u32(&a, &nh->oif);
		if (a.type != NHA_GROUP)
			continue;
		nh->n = a.len / sizeof(nh->group[0]);
		if (nh->n > VIA_ARRAY_SIZE(nh->group))
			nh->n = VIA_ARRAY_SIZE(nh->group);
		via_nl_get(&a, nh->group, nh->n * sizeof(nh->group[0]));
	}
	return 0;
}

static int get_nexthop(struct via_nl *nl, uint32_t id, struct nexthop *ret)
{
	struct nhmsg header = {0};
	struct nlmsghdr *nlh;
	struct request rq;

	*ret = (struct nexthop){0};
	nlh = request_init(&rq, RTM_GETNEXTHOP, NLM_F_ACK, &header, sizeof(header));
	mnl_attr_put_u32(nlh, NHA_ID, id);
	return via_nl_ask(nl, nlh, on_nexthop, ret);
}

static int add_route(struct list *routes, struct via_route route, uint32_t ifindex)
{
	route.ifindex = (int)ifindex;
	return ifindex ? list_add(routes, &route, sizeof(route)) : 0;
}

/*
 * With net.ipv4.nexthop_compat_mode=0 a route names a next hop object and nothing else
 * (net/ipv4/fib_semantics.c, fib_dump_info). A group's members are no groups themselves
 * (net/ipv4/nexthop.c, valid_group_nh).
 */
static int resolve(struct via_nl *nl, const struct hop *h, struct list *routes)
{
	struct nexthop nh, member;
	int r = get_nexthop(nl, h->nh_id, &nh);

	/* Gone since the dump: so is the route. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = add_route(routes, h->route, nh.oif);
	for (size_t i = 0; r == 0 && i < nh.n; i++) {
		r = get_nexthop(nl, nh.group[i].id, &member);
		if (r == 0)
			r = add_route(routes, h->route, member.oif);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

static int get_routes_of(struct via_nl *nl, int family, struct list *routes)
{
	/* Unicast only: leaves the kernel's local and broadcast routes out where checking is
	 * strict. */
	struct rtmsg header = {.rtm_family = (unsigned char)family, .rtm_type = RTN_UNICAST};
	autolist hops = {0};
	struct request rq;
	int r;

	r = dump(nl, request_init(&rq, RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header)), on_route,
		&hops);
	for (size_t i = 0; r == 0 && i < hops.n; i++) {
		const struct hop *h = (const struct hop *)hops.items + i;

		/* A kernel without IPv6 answers for every family it has. */
		if (h->route.family != family)
			continue;
		r = h->nh_id ? resolve(nl, h, routes)
			     : list_add(routes, &h->route, sizeof(h->route));
	}
	return r;
}

static int get_routes(struct via_nl *nl, struct via_net *net)
{
	autolist routes = {0};
	int r = get_routes_of(nl, AF_INET, &routes);

	if (r == 0)
		r = get_routes_of(nl, AF_INET6, &routes);
	if (r < 0)
		return r;
	net->n_routes = routes.n;
	net->routes = via_steal(&routes.items);
	return 0;
}

static int fail(const struct via_nl *nl, int code, const char *what, struct via_err *err)
{
	if (code == -EAGAIN)
		return via_err_set(err, code,
			"cannot list the host's %s: they changed during each "
			"of %d attempts; try again",
			what, DUMP_TRIES);
	return via_err_set(err, code, "cannot list the host's %s over netlink: %s%s%s", what,
		strerror(-code), nl->extack[0] ? ": " : "", nl->extack);
}

int via_rtnl_get_net(struct via_net *ret, struct via_err *err)
{
	VIA_CLEANUP(via_net_finish) struct via_net net = {0};
	via_autonl nl = {0};
	int r = via_nl_open(&nl, NETLINK_ROUTE);

	if (r < 0)
		return via_err_set(err, r, "cannot open a netlink socket: %s", strerror(-r));
	r = via_rtnl_dump_links(&nl, &net.links, &net.n_links);
	if (r < 0)
		return fail(&nl, r, "net devices", err);
	r = get_addrs(&nl, &net);
	if (r < 0)
		return fail(&nl, r, "addresses", err);
	r = get_routes(&nl, &net);
	if (r < 0)
		return fail(&nl, r, "routes", err);
	*ret = net;
	net = (struct via_net){0};
	return 0;
}

static int on_oif(const struct nlmsghdr *nlh, void *user)
{
	via_rtnl_parse_oif(nlh, user);
	return 0;
}

int via_rtnl_route_to(int family, const void *addr, int *ret_ifindex)
{
	size_t size = family == AF_INET6 ? 16 : 4;
	struct rtmsg header = {
		.rtm_family = (unsigned char)family, .rtm_dst_len = (unsigned char)(size * 8)};
	via_autonl nl = {0};
	struct nlmsghdr *nlh;
	struct request rq;
	int ifindex = 0;
	int r;

	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	r = via_nl_open(&nl, NETLINK_ROUTE);
	if (r < 0)
		return r;
	nlh = request_init(&rq, RTM_GETROUTE, NLM_F_ACK, &header, sizeof(header));
	mnl_attr_put(nlh, RTA_DST, size, addr);
	r = via_nl_ask(&nl, nlh, on_oif, &ifindex);
	if (r < 0)
		return r;
	if (!ifindex)
		return -ENETUNREACH;
	*ret_ifindex = ifindex;
	return 0;
}

int via_rtnl_set_link(int ifindex, const struct via_link_set *set, struct via_err *err)
{
	struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	char name[IF_NAMESIZE] = "";
	via_autonl nl = {0};
	struct nlmsghdr *nlh;
	struct request rq;
	int r;

	if (ifindex <= 0)
		return via_err_set(err, -ENODEV, "there is no net device %d", ifindex);
	if (set->has_up) {
		header.ifi_change = IFF_UP;
		header.ifi_flags = set->up ? IFF_UP : 0;
	}
	nlh = request_init(&rq, RTM_SETLINK, NLM_F_ACK, &header, sizeof(header));
	if (set->has_mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, set->mtu);
	r = via_nl_open(&nl, NETLINK_ROUTE);
	if (r == 0)
		r = via_nl_ask(&nl, nlh, NULL, NULL);
	if (r == 0)
		return 0;
	if_indextoname((unsigned int)ifindex, name);
	return via_err_set(err, r, "cannot change net device %s (index %d): %s%s%s", name, ifindex,
		strerror(-r), nl.extack[0] ? ": " : "", nl.extack);
}
