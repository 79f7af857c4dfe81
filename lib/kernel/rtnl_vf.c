/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/rtnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/rtnl_parse.h"

/* Messages a sendmsg: their acks must fit into the socket's receive buffer. */
#define CHUNK 128
/* Stands in via_vf_set.error until the answer is there; no errno is negative. */
#define UNANSWERED (-1)

static int on_vfs(const struct nlmsghdr *nlh, void *user)
{
	struct via_vf_list l;
	int r;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	r = via_rtnl_parse_vfs(nlh, &l);
	if (r < 0)
		return r;
	via_vf_list_finish(user);
	*(struct via_vf_list *)user = l;
	return 0;
}

int via_rtnl_get_vfs(int ifindex, struct via_vf_list *ret, struct via_err *err)
{
	VIA_CLEANUP(via_vf_list_finish) struct via_vf_list list = {0};
	_Alignas(struct nlmsghdr) char buf[64];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	via_autonl nl = {0};
	struct ifinfomsg *ifm;
	int r;

	if (ifindex <= 0)
		return via_err_set(err, -ENODEV, "there is no net device %d", ifindex);
	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));
	ifm->ifi_index = ifindex;
	/* Statistics would make the list wrap at 221 VFs instead of 334, and cost the driver time.
	 */
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_VF | RTEXT_FILTER_SKIP_STATS);
	r = via_nl_open(&nl, NETLINK_ROUTE);
	if (r == 0)
		r = via_nl_ask(&nl, nlh, on_vfs, &list);
	if (r < 0)
		return via_err_set(err, r, "cannot read the VFs of net device %d: %s%s%s", ifindex,
			strerror(-r), nl.extack[0] ? ": " : "", nl.extack);
	*ret = list;
	list = (struct via_vf_list){0};
	return 0;
}

static void put_mac(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	struct ifla_vf_mac mac = {.vf = vf};

	memcpy(mac.mac, v->mac.b, sizeof(v->mac.b));
	mnl_attr_put(nlh, IFLA_VF_MAC, sizeof(mac), &mac);
}

/*
 * Both attributes end in the same ndo_set_vf_vlan, IFLA_VF_VLAN with 802.1Q as its protocol
 * (net/core/rtnetlink.c, do_setvfinfo). IFLA_VF_VLAN_LIST is therefore used only where it says
 * more; clearing says nothing about a protocol, and drivers that know 802.1Q alone refuse another.
 */
static void put_vlan(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	struct ifla_vf_vlan_info info = {
		.vf = vf, .vlan = v->vlan, .qos = v->qos, .vlan_proto = htons(v->vlan_proto)};
	struct ifla_vf_vlan plain = {.vf = vf, .vlan = v->vlan, .qos = v->qos};
	struct nlattr *list;

	if (v->vlan_proto != VIA_VLAN_PROTO_8021AD || (!v->vlan && !v->qos)) {
		mnl_attr_put(nlh, IFLA_VF_VLAN, sizeof(plain), &plain);
		return;
	}
	list = mnl_attr_nest_start(nlh, IFLA_VF_VLAN_LIST);
	mnl_attr_put(nlh, IFLA_VF_VLAN_INFO, sizeof(info), &info);
	mnl_attr_nest_end(nlh, list);
}

static void put_rate(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	struct ifla_vf_rate rate = {
		.vf = vf, .min_tx_rate = v->min_tx_mbps, .max_tx_rate = v->max_tx_mbps};

	mnl_attr_put(nlh, IFLA_VF_RATE, sizeof(rate), &rate);
}

static void put_spoofchk(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	struct ifla_vf_spoofchk s = {.vf = vf, .setting = v->spoofchk};

	mnl_attr_put(nlh, IFLA_VF_SPOOFCHK, sizeof(s), &s);
}

static void put_link_state(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	static const uint32_t states[] = {
		[VIA_LINK_AUTO] = IFLA_VF_LINK_STATE_AUTO,
		[VIA_LINK_ENABLE] = IFLA_VF_LINK_STATE_ENABLE,
		[VIA_LINK_DISABLE] = IFLA_VF_LINK_STATE_DISABLE,
	};
	struct ifla_vf_link_state s = {.vf = vf, .link_state = states[v->link_state]};

	mnl_attr_put(nlh, IFLA_VF_LINK_STATE, sizeof(s), &s);
}

static void put_rss_query(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	struct ifla_vf_rss_query_en s = {.vf = vf, .setting = v->rss_query};

	mnl_attr_put(nlh, IFLA_VF_RSS_QUERY_EN, sizeof(s), &s);
}

static void put_trust(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v)
{
	struct ifla_vf_trust s = {.vf = vf, .setting = v->trust};

	mnl_attr_put(nlh, IFLA_VF_TRUST, sizeof(s), &s);
}

typedef void put_fn(struct nlmsghdr *nlh, uint32_t vf, const struct via_vf_attrs *v);

static put_fn *const put[VIA_VF_ATTR_COUNT] = {
	[VIA_VF_ATTR_MAC] = put_mac,
	[VIA_VF_ATTR_VLAN] = put_vlan,
	[VIA_VF_ATTR_RATE] = put_rate,
	[VIA_VF_ATTR_SPOOFCHK] = put_spoofchk,
	[VIA_VF_ATTR_LINK_STATE] = put_link_state,
	[VIA_VF_ATTR_RSS_QUERY] = put_rss_query,
	[VIA_VF_ATTR_TRUST] = put_trust,
};

size_t via_rtnl_put_vf(void *buf, int ifindex, uint32_t seq, const struct via_vf_set *set)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifm));
	struct nlattr *list, *vf;

	nlh->nlmsg_type = RTM_SETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = seq;
	ifm->ifi_index = ifindex;
	list = mnl_attr_nest_start(nlh, IFLA_VFINFO_LIST);
	vf = mnl_attr_nest_start(nlh, IFLA_VF_INFO);
	for (int a = 0; a < VIA_VF_ATTR_COUNT; a++) {
		if (set->attrs.known & VIA_ATTR_BIT(a))
			put[a](nlh, set->index, &set->attrs);
	}
	mnl_attr_nest_end(nlh, vf);
	mnl_attr_nest_end(nlh, list);
	return nlh->nlmsg_len;
}

/*
 * The last message of a chunk. netlink_rcv_skb works through a datagram in order and acks a control
 * message as it stands, but swallows the ack of a request that ended with -EINTR: when the fence is
 * acked, an ack that is not there never comes.
 */
static size_t put_fence(char *buf, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = NLMSG_NOOP;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = seq;
	return nlh->nlmsg_len;
}

struct chunk {
	struct via_vf_set *sets;
	size_t n;
	uint32_t first_seq; /* of sets[0]; the fence's is first_seq + n */
};

static int on_ack(const struct nlmsghdr *nlh, void *user)
{
	struct chunk *c = user;
	uint32_t i = nlh->nlmsg_seq - c->first_seq;
	struct via_vf_set *set;
	int r;

	if (nlh->nlmsg_type != NLMSG_ERROR || i > c->n)
		return 0;
	if (i == c->n)
		return 1;
	set = &c->sets[i];
	r = via_nl_parse_error(nlh, set->extack, sizeof(set->extack));
	set->error = -r;
	return 0;
}

static size_t put_chunk(struct chunk *c, int ifindex, char *buf)
{
	size_t len = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct via_vf_set *set = &c->sets[i];

		set->extack[0] = '\0';
		set->error = 0;
		/* The kernel refuses a VF without attributes (EINVAL); there is nothing to do. */
		if (!(set->attrs.known & VIA_ATTR_ALL))
			continue;
		set->error = UNANSWERED;
		len += via_rtnl_put_vf(buf + len, ifindex, c->first_seq + (uint32_t)i, set);
	}
	return len + put_fence(buf + len, c->first_seq + (uint32_t)c->n);
}

/* Whatever got no answer carries `error` afterwards; returns the first of them. */
static const struct via_vf_set *close_chunk(struct chunk *c, int error)
{
	const struct via_vf_set *first = NULL;

	for (size_t i = 0; i < c->n; i++) {
		if (c->sets[i].error != UNANSWERED)
			continue;
		c->sets[i].error = error;
		first = first ? first : &c->sets[i];
	}
	return first;
}

static int set_chunk(
	struct via_nl *nl, int ifindex, struct chunk *c, char *buf, struct via_err *err)
{
	const struct via_vf_set *lost;
	size_t len = put_chunk(c, ifindex, buf);
	int r = via_nl_send(nl, buf, len);

	if (r == 0)
		r = via_nl_receive(nl, on_ack, c);
	lost = close_chunk(c, r < 0 ? -r : EINTR);
	if (r < 0)
		return via_err_set(err, r, "setting VFs of net device %d: no answer for VF %u: %s",
			ifindex, lost ? lost->index : c->sets[c->n - 1].index, strerror(-r));
	if (lost)
		return via_err_set(err, -EINTR,
			"setting VFs of net device %d: the kernel gave no answer for VF %u: the "
			"driver was interrupted; what it has now must be read back",
			ifindex, lost->index);
	return 0;
}

int via_rtnl_set_vfs(int ifindex, struct via_vf_set *sets, size_t n, struct via_err *err)
{
	via_autofree char *buf = NULL;
	via_autonl nl = {0};
	int r;

	if (ifindex <= 0)
		return via_err_set(err, -ENODEV, "there is no net device %d", ifindex);
	buf = malloc((CHUNK + 1) * VIA_RTNL_VF_MESSAGE_MAX);
	r = buf ? via_nl_open(&nl, NETLINK_ROUTE) : -ENOMEM;
	if (r < 0)
		return via_err_set(err, r, "cannot open a netlink socket: %s", strerror(-r));
	for (size_t i = 0; r == 0 && i < n; i += CHUNK) {
		struct chunk c = {.sets = sets + i,
			.n = n - i < CHUNK ? n - i : CHUNK,
			.first_seq = (uint32_t)i * 2 + 1};

		r = set_chunk(&nl, ifindex, &c, buf, err);
	}
	return r;
}
