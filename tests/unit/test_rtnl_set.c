/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request that sets a VF's attributes. */
#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/rtnl.h"

/* The attribute of the one VF of a request, or false. */
static bool find(const struct nlmsghdr *nlh, uint16_t type, struct via_nl_attr *ret)
{
	struct via_nl_span s = via_nl_attrs(nlh, sizeof(struct ifinfomsg));

	if (!via_nl_attr_next(&s, ret) || ret->type != IFLA_VFINFO_LIST)
		return false;
	s = via_nl_nest(ret);
	if (!via_nl_attr_next(&s, ret) || ret->type != IFLA_VF_INFO)
		return false;
	s = via_nl_nest(ret);
	while (via_nl_attr_next(&s, ret)) {
		if (ret->type == type)
			return true;
	}
	return false;
}

static void test_request(void **state)
{
	_Alignas(struct nlmsghdr) char buf[VIA_RTNL_VF_MESSAGE_MAX];
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
	struct via_vf_set set = {.index = 5,
		.attrs = {.known = VIA_ATTR_ALL,
			.mac = {{2, 0, 0, 0, 0, 9}},
			.vlan = 100,
			.qos = 3,
			.vlan_proto = VIA_VLAN_PROTO_8021AD,
			.min_tx_mbps = 1,
			.max_tx_mbps = 2,
			.link_state = VIA_LINK_DISABLE,
			.trust = true}};
	struct ifla_vf_link_state link;
	struct ifla_vf_vlan_info info;
	struct ifla_vf_rate rate;
	struct ifla_vf_mac mac;
	struct via_nl_attr a;
	struct via_nl_span s;

	(void)state;
	assert_true(via_rtnl_put_vf(buf, 2, 77, &set) <= 168);
	assert_int_equal(nlh->nlmsg_type, RTM_SETLINK);
	assert_int_equal(nlh->nlmsg_seq, 77);
	assert_true(nlh->nlmsg_flags & NLM_F_ACK);
	assert_true(find(nlh, IFLA_VF_MAC, &a) && via_nl_get(&a, &mac, sizeof(mac)));
	assert_int_equal(mac.vf, 5);
	assert_memory_equal(mac.mac, set.attrs.mac.b, 6);
	assert_true(find(nlh, IFLA_VF_RATE, &a) && via_nl_get(&a, &rate, sizeof(rate)));
	assert_int_equal(rate.min_tx_rate, 1);
	assert_int_equal(rate.max_tx_rate, 2);
	assert_true(find(nlh, IFLA_VF_LINK_STATE, &a) && via_nl_get(&a, &link, sizeof(link)));
	assert_int_equal(link.link_state, IFLA_VF_LINK_STATE_DISABLE);
	/* 802.1ad needs the list, and must not be given as a plain VLAN as well. */
	assert_false(find(nlh, IFLA_VF_VLAN, &a));
	assert_true(find(nlh, IFLA_VF_VLAN_LIST, &a));
	s = via_nl_nest(&a);
	assert_true(via_nl_attr_next(&s, &a) && via_nl_get(&a, &info, sizeof(info)));
	assert_int_equal(info.vf, 5);
	assert_int_equal(info.vlan, 100);
	assert_int_equal(info.qos, 3);
	assert_int_equal(ntohs(info.vlan_proto), VIA_VLAN_PROTO_8021AD);
}

static void test_request_leaves_out(void **state)
{
	_Alignas(struct nlmsghdr) char buf[VIA_RTNL_VF_MESSAGE_MAX];
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
	struct via_vf_set set = {.index = 5,
		.attrs = {.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN),
			.vlan = 7,
			.vlan_proto = VIA_VLAN_PROTO_8021Q}};
	struct ifla_vf_vlan vlan;
	struct via_nl_attr a;

	(void)state;
	via_rtnl_put_vf(buf, 2, 1, &set);
	assert_true(find(nlh, IFLA_VF_VLAN, &a) && via_nl_get(&a, &vlan, sizeof(vlan)));
	assert_int_equal(vlan.vlan, 7);
	assert_false(find(nlh, IFLA_VF_VLAN_LIST, &a));
	assert_false(find(nlh, IFLA_VF_MAC, &a));
	assert_false(find(nlh, IFLA_VF_TRUST, &a));
	/* Clearing has no protocol: a driver that knows 802.1Q alone would refuse 802.1ad. */
	set.attrs.vlan = 0;
	set.attrs.vlan_proto = VIA_VLAN_PROTO_8021AD;
	via_rtnl_put_vf(buf, 2, 1, &set);
	assert_true(find(nlh, IFLA_VF_VLAN, &a));
	assert_false(find(nlh, IFLA_VF_VLAN_LIST, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_leaves_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
