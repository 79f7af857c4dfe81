/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VF attributes over the PF. */
#include "contract/contract.h"

#include <errno.h>
#include <string.h>

#define BIT(a) VIA_ATTR_BIT(VIA_VF_ATTR_##a)
#define ATTRS(mask, ...)                                                                           \
	(&(struct via_vf_attrs){.known = (mask), .vlan_proto = 0x8100, __VA_ARGS__})

static const struct via_mac mac1 = {{0x52, 0x54, 0, 0xaa, 0, 1}};

static void test_defaults(void **state)
{
	struct via_vf_attrs a;

	(void)state;
	make_vfs(2, false);
	a = vf_state(1);
	/* What igb cannot do is either reported with its default or not at all. */
	assert_int_equal(a.known, VIA_ATTR_ALL & ~BIT(RSS_QUERY));
	assert_true(via_mac_is_zero(a.mac));
	assert_int_equal(a.vlan, 0);
	assert_int_equal(a.qos, 0);
	assert_int_equal(a.vlan_proto, VIA_VLAN_PROTO_8021Q);
	assert_int_equal(a.min_tx_mbps, 0);
	assert_int_equal(a.max_tx_mbps, 0);
	assert_true(a.spoofchk);
	assert_false(a.trust);
	assert_int_equal(a.link_state, VIA_LINK_AUTO);
}

static void test_set_each(void **state)
{
	struct via_vf_attrs a;

	(void)state;
	make_vfs(2, false);
	pf_up(true);
	assert_int_equal(set_vf(0, ATTRS(BIT(MAC), .mac = mac1)), 0);
	assert_int_equal(set_vf(0, ATTRS(BIT(VLAN), .vlan = 100, .qos = 3)), 0);
	assert_int_equal(set_vf(0, ATTRS(BIT(RATE), .max_tx_mbps = 200)), 0);
	assert_int_equal(set_vf(0, ATTRS(BIT(SPOOFCHK), .spoofchk = false)), 0);
	assert_int_equal(set_vf(0, ATTRS(BIT(TRUST), .trust = true)), 0);
	a = vf_state(0);
	assert_true(via_mac_eq(a.mac, mac1));
	assert_int_equal(a.vlan, 100);
	assert_int_equal(a.qos, 3);
	assert_int_equal(a.max_tx_mbps, 200);
	assert_false(a.spoofchk);
	assert_true(a.trust);
	/* and the neighbour is as it was */
	a = vf_state(1);
	assert_true(via_mac_is_zero(a.mac));
	assert_int_equal(a.vlan, 0);
	assert_true(a.spoofchk);
}

static void test_all_in_one(void **state)
{
	struct via_vf_attrs a;

	(void)state;
	make_vfs(1, false);
	pf_up(true);
	assert_int_equal(
		set_vf(0, ATTRS(BIT(MAC) | BIT(VLAN) | BIT(RATE) | BIT(SPOOFCHK) | BIT(TRUST),
				  .mac = mac1, .vlan = 7, .max_tx_mbps = 500, .trust = true)),
		0);
	a = vf_state(0);
	assert_true(via_mac_eq(a.mac, mac1));
	assert_int_equal(a.vlan, 7);
	assert_int_equal(a.max_tx_mbps, 500);
	assert_false(a.spoofchk);
	assert_true(a.trust);
}

static void test_clear(void **state)
{
	struct via_vf_attrs a;

	(void)state;
	make_vfs(1, false);
	pf_up(true);
	assert_int_equal(set_vf(0, ATTRS(BIT(MAC) | BIT(VLAN) | BIT(RATE), .mac = mac1, .vlan = 9,
					   .max_tx_mbps = 100)),
		0);
	assert_int_equal(set_vf(0, ATTRS(BIT(MAC) | BIT(VLAN) | BIT(RATE))), 0);
	a = vf_state(0);
	assert_true(via_mac_is_zero(a.mac));
	assert_int_equal(a.vlan, 0);
	assert_int_equal(a.max_tx_mbps, 0);
}

/* MAC, VLAN, RATE, SPOOFCHK come before LINK_STATE, TRUST behind it. */
static void test_unsupported_hides(void **state)
{
	struct via_vf_attrs a;

	(void)state;
	make_vfs(1, false);
	assert_int_equal(
		set_vf(0, ATTRS(BIT(VLAN) | BIT(SPOOFCHK) | BIT(LINK_STATE) | BIT(TRUST), .vlan = 5,
				  .link_state = VIA_LINK_ENABLE, .trust = true)),
		EOPNOTSUPP);
	a = vf_state(0);
	assert_int_equal(a.vlan, 5);
	assert_false(a.spoofchk);
	assert_int_equal(a.link_state, VIA_LINK_AUTO);
	assert_false(a.trust);
	assert_int_equal(set_vf(0, ATTRS(BIT(RSS_QUERY), .rss_query = true)), EOPNOTSUPP);
}

static void test_refused_values(void **state)
{
	struct via_vf_attrs stacked = {.known = BIT(VLAN), .vlan = 5, .vlan_proto = 0x88a8};

	(void)state;
	make_vfs(1, false);
	pf_up(true);
	assert_int_equal(
		set_vf(0, ATTRS(BIT(RATE), .min_tx_mbps = 10, .max_tx_mbps = 100)), EINVAL);
	assert_int_equal(set_vf(0, ATTRS(BIT(RATE), .max_tx_mbps = 5000)), EINVAL);
	assert_int_equal(set_vf(0, ATTRS(BIT(VLAN), .vlan = 4096)), EINVAL);
	assert_int_equal(set_vf(0, ATTRS(BIT(VLAN), .vlan = 5, .qos = 8)), EINVAL);
	assert_int_equal(set_vf(0, &stacked), EPROTONOSUPPORT);
	assert_int_equal(set_vf(0, ATTRS(BIT(MAC), .mac = {{1, 0, 0x5e, 0, 0, 1}})), EINVAL);
	assert_int_equal(set_vf(1, ATTRS(BIT(VLAN), .vlan = 5)), EINVAL);
	assert_int_equal(vf_state(0).vlan, 0);
}

static void test_rate_without_carrier(void **state)
{
	(void)state;
	make_vfs(1, false);
	pf_up(false);
	assert_int_equal(set_vf(0, ATTRS(BIT(RATE), .max_tx_mbps = 100)), EINVAL);
	assert_int_equal(set_vf(0, ATTRS(BIT(VLAN), .vlan = 3)), 0);
	pf_up(true);
	assert_int_equal(set_vf(0, ATTRS(BIT(RATE), .max_tx_mbps = 100)), 0);
}

static void test_many(void **state)
{
	struct via_vf_set sets[8] = {0};

	(void)state;
	make_vfs(7, false);
	for (uint32_t i = 0; i < 8; i++) {
		sets[i].index = i; /* 7 is none */
		sets[i].attrs =
			*ATTRS(BIT(VLAN) | BIT(TRUST), .vlan = (uint16_t)(100 + i), .trust = true);
	}
	sets[3].attrs = *ATTRS(BIT(LINK_STATE), .link_state = VIA_LINK_DISABLE);
	assert_int_equal(host.k->ops->set_vfs(host.k, pf_index(), sets, 8, NULL), 0);
	for (uint32_t i = 0; i < 7; i++) {
		assert_int_equal(sets[i].error, i == 3 ? EOPNOTSUPP : 0);
		assert_int_equal(vf_state(i).vlan, i == 3 ? 0 : 100 + i);
	}
	assert_int_equal(sets[7].error, EINVAL);
}

static void test_no_such_netdev(void **state)
{
	struct via_vf_set set = {.attrs = *ATTRS(BIT(VLAN), .vlan = 1)};
	struct via_vf_list l = {0};

	(void)state;
	assert_int_equal(host.k->ops->set_vfs(host.k, 9999, &set, 1, NULL), 0);
	assert_int_equal(set.error, ENODEV);
	assert_int_equal(host.k->ops->get_vfs(host.k, 9999, &l, NULL), -ENODEV);
}

static void test_no_vfs(void **state)
{
	struct via_vf_list l = {.num_vf = 9};

	(void)state;
	assert_int_equal(host.k->ops->get_vfs(host.k, pf_index(), &l, NULL), 0);
	assert_int_equal(l.num_vf, 0);
	assert_int_equal(l.n, 0);
	assert_true(l.complete);
	assert_int_equal(set_vf(0, ATTRS(BIT(VLAN), .vlan = 1)), EINVAL);
	via_vf_list_finish(&l);
}

/* Attributes do not outlive the VFs. */
static void test_recreate_resets(void **state)
{
	(void)state;
	make_vfs(1, false);
	assert_int_equal(set_vf(0, ATTRS(BIT(MAC) | BIT(VLAN), .mac = mac1, .vlan = 77)), 0);
	assert_int_equal(put(PF("sriov_numvfs"), "0"), 0);
	make_vfs(1, false);
	assert_int_equal(vf_state(0).vlan, 0);
	assert_true(via_mac_is_zero(vf_state(0).mac));
}

/* An administered MAC is the VF's MAC when the host binds it. */
static void test_mac_reaches_vf(void **state)
{
	struct via_net net = {0};
	bool found = false;

	(void)state;
	make_vfs(1, false);
	assert_int_equal(set_vf(0, ATTRS(BIT(MAC), .mac = mac1)), 0);
	assert_int_equal(put(DEV(VF(0), "driver_override"), host.vf_driver), 0);
	assert_int_equal(put("sys/bus/pci/drivers_probe", VF(0)), 0);
	assert_int_equal(host.k->ops->get_net(host.k, false, &net, NULL), 0);
	for (size_t i = 0; i < net.n_links; i++)
		if (!strcmp(net.links[i].parent, VF(0)))
			found = via_mac_eq(net.links[i].mac, mac1);
	via_net_finish(&net);
	assert_true(found);
}

/* Without one the VF makes one up and tells the PF, which reports it as if administered. */
static void test_own_mac_shows(void **state)
{
	struct via_net net = {0};
	struct via_mac own = {{0}};

	(void)state;
	make_vfs(1, true);
	assert_int_equal(host.k->ops->get_net(host.k, false, &net, NULL), 0);
	for (size_t i = 0; i < net.n_links; i++)
		if (!strcmp(net.links[i].parent, VF(0)))
			own = net.links[i].mac;
	via_net_finish(&net);
	assert_true(via_mac_is_unicast(own));
	assert_true(via_mac_eq(vf_state(0).mac, own) || via_mac_is_zero(vf_state(0).mac));
	print_message(
		"PF reports %s, the VF has %s\n", via_mac_fmt(vf_state(0).mac), via_mac_fmt(own));
}

int contract_attrs(void)
{
	const struct CMUnitTest tests[] = {CONTRACT_TEST(test_defaults),
		CONTRACT_TEST(test_set_each), CONTRACT_TEST(test_all_in_one),
		CONTRACT_TEST(test_clear), CONTRACT_TEST(test_unsupported_hides),
		CONTRACT_TEST(test_refused_values), CONTRACT_TEST(test_rate_without_carrier),
		CONTRACT_TEST(test_many), CONTRACT_TEST(test_no_such_netdev),
		CONTRACT_TEST(test_no_vfs), CONTRACT_TEST(test_recreate_resets),
		CONTRACT_TEST(test_mac_reaches_vf), CONTRACT_TEST(test_own_mac_shows)};

	return cmocka_run_group_tests_name("contract attrs", tests, NULL, NULL);
}
