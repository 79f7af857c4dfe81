/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink answers other than VFs, parsed from bytes. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/rtnl.h"
#include "kernel/rtnl_parse.h"

/* A message under construction. Lengths are set at the end, so a test may spoil them. */
struct msg {
	_Alignas(struct nlmsghdr) uint8_t b[1024];
	size_t len;
};

static void add(struct msg *m, const void *data, size_t len)
{
	memcpy(m->b + m->len, data, len);
	memset(m->b + m->len + len, 0, NLMSG_ALIGN(len) - len);
	m->len += NLMSG_ALIGN(len);
}

static void begin(struct msg *m, uint16_t type, const void *header, size_t size)
{
	struct nlmsghdr h = {.nlmsg_type = type};

	m->len = 0;
	add(m, &h, sizeof(h));
	add(m, header, size);
}

static void attr(struct msg *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = {.nla_type = type, .nla_len = (uint16_t)(sizeof(a) + len)};

	add(m, &a, sizeof(a));
	add(m, data, len);
}

static void attr_u32(struct msg *m, uint16_t type, uint32_t v)
{
	attr(m, type, &v, sizeof(v));
}

static void attr_str(struct msg *m, uint16_t type, const char *s)
{
	attr(m, type, s, strlen(s) + 1);
}

/* A copy of exactly its length: a sanitizer sees every byte read past it. */
static struct nlmsghdr *finish(const struct msg *m)
{
	struct nlmsghdr *nlh = malloc(m->len);

	assert_non_null(nlh);
	memcpy(nlh, m->b, m->len);
	nlh->nlmsg_len = (uint32_t)m->len;
	return nlh;
}

static int parse_link(const struct msg *m, struct via_link *ret)
{
	struct nlmsghdr *nlh = finish(m);
	int r = via_rtnl_parse_link(nlh, ret);

	free(nlh);
	return r;
}

static void begin_link(struct msg *m, int ifindex, unsigned int flags)
{
	struct ifinfomsg ifm = {.ifi_index = ifindex, .ifi_flags = flags};

	begin(m, RTM_NEWLINK, &ifm, sizeof(ifm));
}

static void test_link(void **state)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 1, 2, 3}, perm[6] = {0, 1, 2, 3, 4, 5};
	static const uint8_t id[3] = {0xa0, 0x36, 0x9f};
	struct via_link l;
	struct msg m;

	(void)state;
	begin_link(&m, 7, IFF_UP | 1 << 16);
	attr_str(&m, IFLA_IFNAME, "eth0");
	attr(&m, IFLA_ADDRESS, mac, 6);
	attr(&m, IFLA_PERM_ADDRESS, perm, 6);
	attr_u32(&m, IFLA_MTU, 9000);
	attr_u32(&m, IFLA_MASTER, 12);
	attr(&m, IFLA_PHYS_PORT_ID, id, 3);
	attr(&m, IFLA_PHYS_SWITCH_ID, id, 2);
	attr_str(&m, IFLA_PHYS_PORT_NAME, "p0");
	attr_str(&m, IFLA_PARENT_DEV_NAME, "0000:01:00.0");
	attr_str(&m, IFLA_PARENT_DEV_BUS_NAME, "pci");
	assert_int_equal(parse_link(&m, &l), 0);
	assert_int_equal(l.ifindex, 7);
	assert_string_equal(l.name, "eth0");
	assert_memory_equal(l.mac.b, mac, 6);
	assert_true(l.has_perm_mac);
	assert_memory_equal(l.perm_mac.b, perm, 6);
	assert_int_equal(l.mtu, 9000);
	assert_int_equal(l.master, 12);
	assert_true(l.up && l.carrier);
	assert_string_equal(l.phys_port_id, "a0369f");
	assert_string_equal(l.phys_switch_id, "a036");
	assert_string_equal(l.phys_port_name, "p0");
	assert_string_equal(l.parent, "0000:01:00.0");
	assert_int_equal(l.lower_nsid, -1);
	assert_string_equal(l.netns, "");
}

static void test_link_virtual(void **state)
{
	static const uint8_t kind[] = {
		12, 0, IFLA_INFO_KIND, 0, 'm', 'a', 'c', 'v', 'l', 'a', 'n', 0};
	struct via_link l;
	struct msg m;

	(void)state;
	begin_link(&m, 9, 0);
	attr_str(&m, IFLA_IFNAME, "mv0");
	attr_u32(&m, IFLA_LINK, 2);
	attr_u32(&m, IFLA_LINK_NETNSID, 0);
	attr(&m, IFLA_LINKINFO | NLA_F_NESTED, kind, sizeof(kind));
	attr_str(&m, IFLA_PARENT_DEV_NAME, "virtio0");
	attr_str(&m, IFLA_PARENT_DEV_BUS_NAME, "virtio");
	assert_int_equal(parse_link(&m, &l), 0);
	assert_string_equal(l.kind, "macvlan");
	assert_int_equal(l.lower, 2);
	assert_int_equal(l.lower_nsid, 0);
	assert_false(l.up || l.carrier || l.has_perm_mac);
	/* The parent is no PCI device. */
	assert_string_equal(l.parent, "");
}

static void test_link_bad(void **state)
{
	static const uint8_t long_mac[20] = {1};
	struct via_link l;
	struct msg m;

	(void)state;
	begin_link(&m, 7, 0);
	assert_int_equal(parse_link(&m, &l), -EBADMSG); /* no name */
	begin_link(&m, 0, 0);
	attr_str(&m, IFLA_IFNAME, "eth0");
	assert_int_equal(parse_link(&m, &l), -EBADMSG); /* no index */
	begin_link(&m, 7, 0);
	attr_str(&m, IFLA_IFNAME, "a-name-longer-than-15");
	assert_int_equal(parse_link(&m, &l), -EBADMSG);
	begin_link(&m, 7, 0);
	attr(&m, IFLA_IFNAME, "eth0", 4);     /* not terminated: its length ends it */
	attr(&m, IFLA_ADDRESS, long_mac, 20); /* InfiniBand */
	attr(&m, IFLA_MTU, "\1", 1);	      /* too short */
	attr_u32(&m, IFLA_MASTER, UINT32_MAX);
	assert_int_equal(parse_link(&m, &l), 0);
	assert_string_equal(l.name, "eth0");
	assert_true(via_mac_is_zero(l.mac));
	assert_int_equal(l.mtu, 0);
	assert_int_equal(l.master, 0);
	m.len = NLMSG_HDRLEN + 8; /* half a header */
	assert_int_equal(parse_link(&m, &l), -EBADMSG);
}

static void test_link_cut(void **state)
{
	struct via_link l;
	struct msg m;

	(void)state;
	begin_link(&m, 7, 0);
	attr_str(&m, IFLA_IFNAME, "eth0");
	attr_u32(&m, IFLA_MTU, 1500);
	m.len -= 4; /* the MTU's attribute claims more than there is */
	assert_int_equal(parse_link(&m, &l), 0);
	assert_int_equal(l.mtu, 0);
	/* Behind a VF list nothing is believed: it may have wrapped. */
	begin_link(&m, 7, 0);
	attr_str(&m, IFLA_IFNAME, "eth0");
	attr(&m, IFLA_VFINFO_LIST, "", 0);
	attr_u32(&m, IFLA_MTU, 1500);
	assert_int_equal(parse_link(&m, &l), 0);
	assert_int_equal(l.mtu, 0);
}

static int parse_addr(const struct msg *m, struct via_ifaddr *ret)
{
	struct nlmsghdr *nlh = finish(m);
	int r = via_rtnl_parse_addr(nlh, ret);

	free(nlh);
	return r;
}

static void test_addr(void **state)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_INET,
		.ifa_prefixlen = 24,
		.ifa_index = 3,
		.ifa_scope = RT_SCOPE_LINK};
	static const uint8_t peer[4] = {10, 0, 0, 2}, own[4] = {10, 0, 0, 1};
	static const uint8_t six[16] = {0xfd, [15] = 1};
	struct via_ifaddr a;
	struct msg m;

	(void)state;
	begin(&m, RTM_NEWADDR, &ifa, sizeof(ifa));
	attr(&m, IFA_LOCAL, own, 4);
	attr(&m, IFA_ADDRESS, peer, 4);
	assert_int_equal(parse_addr(&m, &a), 0);
	assert_memory_equal(a.addr, own, 4);
	assert_int_equal(a.ifindex, 3);
	assert_int_equal(a.prefix, 24);
	assert_int_equal(a.scope, RT_SCOPE_LINK);
	begin(&m, RTM_NEWADDR, &ifa, sizeof(ifa));
	attr(&m, IFA_ADDRESS, peer, 4);
	attr(&m, IFA_LOCAL, own, 4);
	assert_int_equal(parse_addr(&m, &a), 0);
	assert_memory_equal(a.addr, own, 4);
	ifa.ifa_family = AF_INET6;
	begin(&m, RTM_NEWADDR, &ifa, sizeof(ifa));
	attr(&m, IFA_ADDRESS, own, 4); /* too short for IPv6 */
	assert_int_equal(parse_addr(&m, &a), -EBADMSG);
	attr(&m, IFA_ADDRESS, six, 16);
	assert_int_equal(parse_addr(&m, &a), 0);
	assert_memory_equal(a.addr, six, 16);
	ifa.ifa_prefixlen = 129;
	begin(&m, RTM_NEWADDR, &ifa, sizeof(ifa));
	attr(&m, IFA_ADDRESS, six, 16);
	assert_int_equal(parse_addr(&m, &a), -EBADMSG);
}

struct hops {
	size_t n;
	struct via_route r[4];
	uint32_t nh_id[4];
};

static int on_hop(const struct via_route *hop, uint32_t nh_id, void *user)
{
	struct hops *h = user;

	h->r[h->n] = *hop;
	h->nh_id[h->n++] = nh_id;
	return h->n == 4 ? -E2BIG : 0;
}

static int parse_route(const struct msg *m, struct hops *h)
{
	struct nlmsghdr *nlh = finish(m);
	int r;

	*h = (struct hops){0};
	r = via_rtnl_parse_route(nlh, on_hop, h);
	free(nlh);
	return r;
}

static const struct rtmsg default4 = {.rtm_family = AF_INET, .rtm_type = RTN_UNICAST};
static const uint8_t gateway[4] = {10, 0, 0, 254};

static void test_route(void **state)
{
	struct rtmsg other = default4;
	struct hops h;
	struct msg m;

	(void)state;
	begin(&m, RTM_NEWROUTE, &default4, sizeof(default4));
	attr(&m, RTA_GATEWAY, gateway, 4);
	attr_u32(&m, RTA_OIF, 4);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.r[0].ifindex, 4);
	assert_true(h.r[0].has_gateway);
	assert_memory_equal(h.r[0].gateway, gateway, 4);
	/* Not a default route, and one that leads nowhere. */
	other.rtm_dst_len = 24;
	begin(&m, RTM_NEWROUTE, &other, sizeof(other));
	attr_u32(&m, RTA_OIF, 4);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 0);
	other = default4;
	other.rtm_type = RTN_UNREACHABLE;
	begin(&m, RTM_NEWROUTE, &other, sizeof(other));
	attr_u32(&m, RTA_OIF, 1);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 0);
	/* A next hop object alone. */
	begin(&m, RTM_NEWROUTE, &default4, sizeof(default4));
	attr_u32(&m, RTA_NH_ID, 77);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.nh_id[0], 77);
	assert_int_equal(h.r[0].ifindex, 0);
}

/* Appends one struct rtnexthop with a gateway. */
static void hop(struct msg *m, int ifindex)
{
	struct rtnexthop nh = {.rtnh_len = sizeof(nh) + 8, .rtnh_ifindex = ifindex};

	add(m, &nh, sizeof(nh));
	attr(m, RTA_GATEWAY, gateway, 4);
}

static void test_route_multipath(void **state)
{
	struct msg m, hops = {.len = 0};
	struct hops h;

	(void)state;
	hop(&hops, 4);
	hop(&hops, 5);
	begin(&m, RTM_NEWROUTE, &default4, sizeof(default4));
	attr(&m, RTA_MULTIPATH, hops.b, hops.len);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.r[0].ifindex, 4);
	assert_int_equal(h.r[1].ifindex, 5);
	assert_true(h.r[1].has_gateway);
	/* The second one is cut off. */
	begin(&m, RTM_NEWROUTE, &default4, sizeof(default4));
	attr(&m, RTA_MULTIPATH, hops.b, hops.len - 4);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 1);
	/* A length of nothing does not loop. */
	memset(hops.b, 0, 2);
	begin(&m, RTM_NEWROUTE, &default4, sizeof(default4));
	attr(&m, RTA_MULTIPATH, hops.b, hops.len);
	assert_int_equal(parse_route(&m, &h), 0);
	assert_int_equal(h.n, 0);
	/* What the callback says ends it. */
	hops.len = 0;
	for (int i = 0; i < 6; i++)
		hop(&hops, 4 + i);
	begin(&m, RTM_NEWROUTE, &default4, sizeof(default4));
	attr(&m, RTA_MULTIPATH, hops.b, hops.len);
	assert_int_equal(parse_route(&m, &h), -E2BIG);
	assert_int_equal(h.n, 4);
}

static int parse_error(const struct msg *m, uint16_t flags, char extack[VIA_NL_EXTACK_MAX])
{
	struct nlmsghdr *nlh = finish(m);
	int r;

	nlh->nlmsg_flags = flags;
	r = via_nl_parse_error(nlh, extack, VIA_NL_EXTACK_MAX);
	free(nlh);
	return r;
}

static void test_error(void **state)
{
	struct nlmsgerr e = {.error = -EINVAL, .msg.nlmsg_len = NLMSG_HDRLEN + 16};
	char extack[VIA_NL_EXTACK_MAX];
	char words[200];
	struct msg m;

	(void)state;
	/* With the request left out (NETLINK_CAP_ACK), and with its copy. */
	begin(&m, NLMSG_ERROR, &e, sizeof(e));
	attr_str(&m, NLMSGERR_ATTR_MSG, "no such VLAN");
	assert_int_equal(parse_error(&m, NLM_F_CAPPED | NLM_F_ACK_TLVS, extack), -EINVAL);
	assert_string_equal(extack, "no such VLAN");
	begin(&m, NLMSG_ERROR, &e, sizeof(e));
	add(&m, words, 16);
	attr_str(&m, NLMSGERR_ATTR_MSG, "no such VLAN");
	assert_int_equal(parse_error(&m, NLM_F_ACK_TLVS, extack), -EINVAL);
	assert_string_equal(extack, "no such VLAN");
	assert_int_equal(parse_error(&m, 0, extack), -EINVAL);
	assert_string_equal(extack, "");
	/* Longer than is kept, and not terminated. */
	memset(words, 'x', sizeof(words));
	begin(&m, NLMSG_ERROR, &e, sizeof(e));
	attr(&m, NLMSGERR_ATTR_MSG, words, sizeof(words));
	assert_int_equal(parse_error(&m, NLM_F_CAPPED | NLM_F_ACK_TLVS, extack), -EINVAL);
	assert_int_equal(strlen(extack), VIA_NL_EXTACK_MAX - 1);
	/* The copy claims to be longer than the message. */
	e.msg.nlmsg_len = UINT32_MAX;
	begin(&m, NLMSG_ERROR, &e, sizeof(e));
	attr_str(&m, NLMSGERR_ATTR_MSG, "no such VLAN");
	assert_int_equal(parse_error(&m, NLM_F_ACK_TLVS, extack), -EINVAL);
	assert_string_equal(extack, "");
}

static void test_error_codes(void **state)
{
	static const struct {
		int error, want;
	} cases[] = {{0, 0}, {-EPERM, -EPERM}, {1, -EBADMSG}, {INT32_MIN, -EBADMSG}};
	char extack[VIA_NL_EXTACK_MAX];
	struct msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nlmsgerr e = {.error = cases[i].error};

		begin(&m, NLMSG_ERROR, &e, sizeof(e));
		assert_int_equal(parse_error(&m, NLM_F_CAPPED, extack), cases[i].want);
		begin(&m, NLMSG_DONE, &e.error, sizeof(e.error));
		assert_int_equal(parse_error(&m, 0, extack), cases[i].want);
	}
	begin(&m, NLMSG_DONE, "", 0);
	assert_int_equal(parse_error(&m, 0, extack), 0);
	begin(&m, NLMSG_ERROR, "", 0);
	assert_int_equal(parse_error(&m, 0, extack), -EBADMSG);
}

static void test_messages(void **state)
{
	struct nlmsghdr h[3] = {{.nlmsg_len = sizeof(h[0]), .nlmsg_type = 1},
		{.nlmsg_len = sizeof(h[0]), .nlmsg_type = 2}, {.nlmsg_len = 0}};
	const uint8_t *p = (const uint8_t *)h;
	size_t left = sizeof(h);

	(void)state;
	assert_int_equal(via_nl_next(&p, &left)->nlmsg_type, 1);
	assert_int_equal(via_nl_next(&p, &left)->nlmsg_type, 2);
	assert_null(via_nl_next(&p, &left));
	/* A length that is negative as an int, which libmnl lets through. */
	h[0].nlmsg_len = 0x80000010;
	p = (const uint8_t *)h;
	left = sizeof(h);
	assert_null(via_nl_next(&p, &left));
	left = 8;
	assert_null(via_nl_next(&p, &left));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_virtual),
		cmocka_unit_test(test_link_bad),
		cmocka_unit_test(test_link_cut),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_multipath),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_error_codes),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
