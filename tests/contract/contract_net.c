/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links, routes, devlink. */
#include "contract/contract.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static void test_pf_link(void **state)
{
	struct via_link l = pf_link();

	(void)state;
	assert_int_not_equal(l.ifindex, 0);
	assert_string_equal(l.name, host.netdev);
	assert_string_equal(l.kind, "");
	assert_string_equal(l.netns, "");
	assert_true(l.has_perm_mac);
	assert_true(via_mac_is_unicast(l.perm_mac));
	assert_true(via_mac_eq(l.mac, l.perm_mac));
	assert_int_equal(l.mtu, 1500);
	assert_int_equal(l.master, 0);
	assert_int_equal(l.lower, 0);
	assert_int_equal(l.num_vf, 0);
	assert_string_equal(l.phys_port_id, "");
	assert_string_equal(l.phys_switch_id, "");
	/* Only get_vfs asks for what IFLA_NUM_VF comes with (RTEXT_FILTER_VF). */
	make_vfs(2, false);
	assert_int_equal(pf_link().num_vf, 0);
}

static void test_loopback(void **state)
{
	struct via_net net = {0};
	bool found = false;

	(void)state;
	assert_int_equal(host.k->ops->get_net(host.k, false, &net, NULL), 0);
	for (size_t i = 0; i < net.n_links; i++)
		if (net.links[i].ifindex == 1) {
			found = true;
			assert_string_equal(net.links[i].name, "lo");
			assert_string_equal(net.links[i].parent, "");
		}
	via_net_finish(&net);
	assert_true(found);
}

static void test_mtu(void **state)
{
	struct via_link_set set = {.has_mtu = true, .mtu = 2000};
	int index = pf_index();

	(void)state;
	assert_int_equal(host.k->ops->set_link(host.k, index, &set, NULL), 0);
	assert_int_equal(pf_link().mtu, 2000);
	assert_string_equal(GET("sys/class/net/eth0/mtu"), "2000");
	set.mtu = 10;
	assert_int_equal(host.k->ops->set_link(host.k, index, &set, NULL), -EINVAL);
	set.mtu = 100000;
	assert_int_equal(host.k->ops->set_link(host.k, index, &set, NULL), -EINVAL);
	assert_int_equal(pf_link().mtu, 2000);
	set.mtu = 1500;
	assert_int_equal(host.k->ops->set_link(host.k, index, &set, NULL), 0);
	assert_int_equal(host.k->ops->set_link(host.k, 9999, &set, NULL), -ENODEV);
}

static void test_updown(void **state)
{
	char buf[16];

	(void)state;
	assert_true(pf_link().up);
	assert_string_equal(GET("sys/class/net/eth0/carrier"), "1");
	assert_string_equal(GET("sys/class/net/eth0/operstate"), "up");
	assert_string_equal(GET("sys/class/net/eth0/speed"), "1000");
	pf_up(false);
	assert_int_equal(
		host.k->ops->read(host.k, "sys/class/net/eth0/carrier", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(
		host.k->ops->read(host.k, "sys/class/net/eth0/speed", buf, sizeof(buf)), -EINVAL);
	assert_string_equal(GET("sys/class/net/eth0/operstate"), "down");
	pf_up(true);
}

static void test_port_attrs(void **state)
{
	static const char *const attrs[] = {"phys_port_id", "phys_port_name", "phys_switch_id"};
	char path[256], buf[64];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "sys/class/net/eth0/%s", attrs[i]);
		assert_int_equal(host.k->ops->read(host.k, path, buf, sizeof(buf)), -EOPNOTSUPP);
	}
}

static void test_route(void **state)
{
	struct in_addr nowhere;
	int ifindex = 0;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.1", &nowhere), 1);
	assert_int_equal(host.k->ops->route_to(host.k, AF_INET, &nowhere, &ifindex), -ENETUNREACH);
	assert_int_equal(ifindex, 0);
}

static void test_eswitch(void **state)
{
	char mode[16];

	(void)state;
	assert_int_equal(
		host.k->ops->get_eswitch(host.k, host.pf, mode, sizeof(mode)), -EOPNOTSUPP);
	assert_int_equal(host.k->ops->set_eswitch(host.k, host.pf, "switchdev", NULL), -EOPNOTSUPP);
}

int contract_net(void)
{
	const struct CMUnitTest tests[] = {CONTRACT_TEST(test_pf_link),
		CONTRACT_TEST(test_loopback), CONTRACT_TEST(test_mtu), CONTRACT_TEST(test_updown),
		CONTRACT_TEST(test_port_attrs), CONTRACT_TEST(test_route),
		CONTRACT_TEST(test_eswitch)};

	return cmocka_run_group_tests_name("contract net", tests, NULL, NULL);
}
