/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/inventory.h"

/* A PF with VFs 0 and 2, a NIC, net devices; one index in two namespaces. */
static const struct via_vf_slot slots[] = {{0, {0, 1, 0x10, 0}}, {2, {0, 1, 0x10, 4}}};
static const struct via_vf_state states[] = {{.index = 0}, {.index = 1}, {.index = 2}};
static const struct via_sriov sriov = {
	.num = 2, .n_vfs = 2, .vfs = slots, .n_vf_info = 3, .vf_info = states};
static const int pf_netdevs[] = {2, 3}, rep_only[] = {2};
static struct via_device devices[] = {
	{.addr = {0, 1, 0, 0},
		.kind = VIA_DEVICE_PF,
		.sriov = &sriov,
		.iommu_group = 5,
		.n_netdevs = 2,
		.netdevs = pf_netdevs},
	{.addr = {0, 1, 0x10, 0}, .kind = VIA_DEVICE_VF, .pf = {0, 1, 0, 0}, .iommu_group = 6},
	{.addr = {0, 1, 0x10, 4},
		.kind = VIA_DEVICE_VF,
		.pf = {0, 1, 0, 0},
		.vf_index = 2,
		.iommu_group = -1},
	{.addr = {0, 2, 0, 0},
		.kind = VIA_DEVICE_NIC,
		.iommu_group = 5,
		.n_netdevs = 1,
		.netdevs = rep_only},
	{.addr = {1, 0, 0, 0}, .kind = VIA_DEVICE_OTHER, .iommu_group = -1},
};
static struct via_netdev netdevs[] = {
	{.name = "lo", .ifindex = 1},
	{.name = "pf0vf0", .ifindex = 2, .representor = true, .has_dev = true, .dev = {0, 1, 0, 0}},
	{.name = "eth0", .ifindex = 3, .has_dev = true, .dev = {0, 1, 0, 0}},
	{.name = "eth0", .ifindex = 2, .netns = "blue", .has_dev = true, .dev = {0, 1, 0x10, 0}},
	{.name = "vf9", .ifindex = 9, .netns = "blue", .has_dev = true, .dev = {0, 1, 0x10, 4}},
};
static const struct via_inventory inv = {
	.n_devices = 5, .devices = devices, .n_netdevs = 5, .netdevs = netdevs};
static const struct via_inventory empty;

static void test_device(void **state)
{
	(void)state;
	for (size_t i = 0; i < inv.n_devices; i++)
		assert_ptr_equal(via_inventory_device(&inv, devices[i].addr), &devices[i]);
	assert_null(via_inventory_device(&inv, (struct via_addr){0, 1, 0x10, 2}));
	assert_null(via_inventory_device(&empty, devices[0].addr));
}

static void test_netdev(void **state)
{
	(void)state;
	assert_ptr_equal(via_inventory_netdev(&inv, 2), &netdevs[1]);
	assert_ptr_equal(via_inventory_netdev(&inv, 3), &netdevs[2]);
	assert_null(via_inventory_netdev(&inv, 9)); /* another namespace's */
	assert_null(via_inventory_netdev(&inv, 0));
	assert_null(via_inventory_netdev(&empty, 1));
	assert_ptr_equal(via_inventory_netdev_named(&inv, "eth0"), &netdevs[2]);
	assert_null(via_inventory_netdev_named(&inv, "vf9"));
}

static void test_device_netdev(void **state)
{
	(void)state;
	/* The uplink, though the representor has the lower index. */
	assert_ptr_equal(via_device_netdev(&inv, &devices[0]), &netdevs[2]);
	assert_ptr_equal(via_device_netdev(&inv, &devices[3]), &netdevs[1]);
	assert_null(via_device_netdev(&inv, &devices[1]));
}

static void test_vf(void **state)
{
	(void)state;
	assert_ptr_equal(via_inventory_vf(&inv, &devices[0], 0), &devices[1]);
	assert_ptr_equal(via_inventory_vf(&inv, &devices[0], 2), &devices[2]);
	assert_null(via_inventory_vf(&inv, &devices[0], 1));
	assert_null(via_inventory_vf(&inv, &devices[3], 0));
	assert_ptr_equal(via_inventory_vf_state(&inv, &devices[2]), &states[2]);
	assert_null(via_inventory_vf_state(&inv, &devices[0]));
}

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(via_inventory_find(&inv, "0000:01:00.0"), &devices[0]);
	assert_ptr_equal(via_inventory_find(&inv, "01:10.4"), &devices[2]);
	assert_ptr_equal(via_inventory_find(&inv, "eth0"), &devices[0]);
	assert_null(via_inventory_find(&inv, "lo"));
	assert_null(via_inventory_find(&inv, "eth7"));
	assert_null(via_inventory_find(&inv, ""));
}

static int count(const struct via_device *d, void *user)
{
	size_t *n = user;

	(void)d;
	return ++*n == 2 ? 7 : 0;
}

static void test_group(void **state)
{
	size_t n = 0;

	(void)state;
	assert_int_equal(via_inventory_group(&inv, 6, count, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(via_inventory_group(&inv, 5, count, &n), 7); /* the callback's own */
	n = 0;
	assert_int_equal(via_inventory_group(&inv, -1, count, &n), 0); /* no group is no group */
	assert_int_equal(n, 0);
}

static void test_create(void **state)
{
	struct via_inventory *made = via_inventory_create();

	(void)state;
	assert_non_null(made);
	assert_int_equal(made->n_devices, 0);
	assert_non_null(via_arena_intern(&made->arena, "x"));
	via_inventory_destroy(made);
	via_inventory_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_netdev),
		cmocka_unit_test(test_device_netdev),
		cmocka_unit_test(test_vf),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_create),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
