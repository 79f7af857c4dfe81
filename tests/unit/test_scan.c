/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the golden files do not show: options, things that change or fail in mid-scan. */
#include <errno.h>

#include "test_scan_host.h"

/* An igb PF with VFs as the fake makes them. */
static struct scan_host igb(const char *vfs)
{
	struct scan_host h = {.f = via_fake_create()};

	h.k = via_fake_kernel(h.f);
	via_fake_add_usual_drivers(h.f);
	via_fake_add_bridge(h.f, "0000:00:01.0", true);
	via_fake_add_igb(h.f, "0000:01:00.0", "eth0", "52:54:00:76:00:01");
	assert_int_equal(
		via_kernel_write_str(h.k, VIA_PCI_DEVICES "/0000:01:00.0/sriov_numvfs", vfs), 0);
	return h;
}

static void test_names(void **state)
{
	const struct via_scan_options none = {.no_names = true};
	autohost h = igb("2");

	(void)state;
	scan_host_read(&h, NULL);
	assert_string_equal(scan_host_device(&h, "0000:01:10.2")->vendor_name, "Intel Corporation");
	assert_string_equal(
		scan_host_device(&h, "0000:01:10.2")->device_name, "82576 Virtual Function");
	scan_host_read(&h, &none);
	assert_null(scan_host_device(&h, "0000:01:10.2")->vendor_name);
}

static void test_generation_grows(void **state)
{
	autohost h = igb("0");
	uint64_t first;

	(void)state;
	scan_host_read(&h, NULL);
	first = h.inv->generation;
	scan_host_read(&h, NULL);
	assert_true(h.inv->generation > first);
}

static void test_busy(void **state)
{
	struct via_addr pf = {0, 1, 0, 0};
	const struct via_scan_options opt = {.busy = &pf, .n_busy = 1};
	/* These take the PF's device lock, or a VF's, or devlink's. */
	static const char *const locked[] = {"read:*/sriov_numvfs", "read:*/sriov_vf_total_msix",
		"read:*01:*/driver_override", "get_eswitch"};
	autohost h = igb("3");

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(locked); i++)
		via_fake_fail(h.f, locked[i], 0, EIO);
	scan_host_read(&h, NULL);
	assert_non_null(scan_host_device(&h, "0000:01:00.0")->problem);
	assert_false(h.inv->complete);
	scan_host_read(&h, &opt);
	assert_null(scan_host_device(&h, "0000:01:00.0")->problem);
	assert_true(h.inv->complete);
	assert_int_equal(scan_host_device(&h, "0000:01:00.0")->sriov->num, 3);
}

/* What is not read of a busy PF is taken from before. */
static void test_busy_update(void **state)
{
	struct via_addr pf = {0, 1, 0, 0};
	const struct via_scan_options opt = {.busy = &pf, .n_busy = 1};
	autohost h = igb("1");
	struct via_inventory *now = NULL;

	(void)state;
	via_kernel_write_str(h.k, VIA_PCI_DEVICES "/0000:01:10.0/driver_override", "vfio-pci");
	scan_host_read(&h, NULL);
	assert_int_equal(via_scan_update(h.k, &opt, h.inv, &pf, 1, &now, NULL), 0);
	via_inventory_destroy(h.inv);
	h.inv = now;
	assert_string_equal(scan_host_device(&h, "0000:01:10.0")->driver_override, "vfio-pci");
}

static unsigned int struck; /* how often the world changed in mid-scan */

static void drop_nic(struct via_fake *f, void *user)
{
	(void)user;
	struck++;
	via_fake_remove(f, VIA_PCI_DEVICES "/0000:05:00.0");
	via_fake_remove(f, "sys/devices/pci0000:05/0000:05:00.0");
}

static void test_device_vanishes(void **state)
{
	/* Between the listing and the first look; in the middle; at the end. */
	static const char *const when[] = {"list:sys/bus/pci/devices",
		"read:*/0000:05:00.0/modalias", "read:*/0000:05:00.0/config",
		"read:*/0000:05:00.0/reset_method"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(when); i++) {
		autohost h = igb("1");

		via_fake_add_nic(h.f, "0000:05:00.0", NULL, NULL);
		struck = 0;
		via_fake_after(h.f, when[i], drop_nic, NULL);
		scan_host_read(&h, NULL);
		assert_true(struck > 0);
		assert_null(scan_host_device(&h, "0000:05:00.0"));
		assert_non_null(scan_host_device(&h, "0000:01:10.0"));
	}
}

static void drop_vfs(struct via_fake *f, void *user)
{
	(void)user;
	struck++;
	via_kernel_write_str(via_fake_kernel(f), VIA_PCI_DEVICES "/0000:01:00.0/sriov_numvfs", "0");
}

static void make_vfs(struct via_fake *f, void *user)
{
	(void)user;
	struck++;
	via_kernel_write_str(via_fake_kernel(f), VIA_PCI_DEVICES "/0000:01:00.0/sriov_numvfs", "4");
}

/* Whatever was seen: each slot's VF is there, and each VF has a slot. */
static void assert_consistent(const struct via_inventory *inv)
{
	for (size_t i = 0; i < inv->n_devices; i++) {
		const struct via_device *d = &inv->devices[i], *pf;

		for (size_t j = 0; d->sriov && j < d->sriov->n_vfs; j++)
			assert_non_null(via_inventory_device(inv, d->sriov->vfs[j].addr));
		if (d->kind != VIA_DEVICE_VF)
			continue;
		pf = via_inventory_device(inv, d->pf);
		assert_non_null(pf);
		assert_ptr_equal(via_inventory_vf(inv, pf, d->vf_index), d);
	}
}

static void test_vfs_come_and_go(void **state)
{
	static const struct {
		const char *vfs, *when;
		void (*what)(struct via_fake *f, void *user);
	} cases[] = {
		{"7", "list:sys/bus/pci/devices", drop_vfs},
		{"7", "read:*/0000:01:00.0/sriov_stride", drop_vfs},
		{"7", "readlink:*/0000:01:10.2/iommu_group", drop_vfs},
		{"0", "list:sys/bus/pci/devices", make_vfs},
		{"0", "read:*/0000:01:00.0/sriov_totalvfs", make_vfs},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autohost h = igb(cases[i].vfs);

		struck = 0;
		via_fake_after(h.f, cases[i].when, cases[i].what, NULL);
		scan_host_read(&h, NULL);
		assert_true(struck > 0);
		assert_consistent(h.inv);
	}
}

/* VFs that come between the look at the PF and the look at them: the PF is looked at again. */
static void test_vfs_found_late(void **state)
{
	autohost h = igb("4");
	struct via_inventory *now = NULL;
	struct via_addr vf = {0, 1, 0x10, 0};

	(void)state;
	drop_vfs(h.f, NULL);
	scan_host_read(&h, NULL);
	make_vfs(h.f, NULL);
	/* The update is told of one VF and finds four new functions. */
	assert_int_equal(via_scan_update(h.k, NULL, h.inv, &vf, 1, &now, NULL), 0);
	assert_consistent(now);
	assert_int_equal(via_inventory_device(now, (struct via_addr){0, 1, 0, 0})->sriov->num, 4);
	via_inventory_destroy(now);
}

static void test_errors_pass(void **state)
{
	autohost h = igb("1");
	struct via_inventory *inv = NULL;
	struct via_err err = {0};

	(void)state;
	via_fake_fail(h.f, "get_net", 1, ENOBUFS);
	assert_int_equal(via_scan(h.k, NULL, &inv, &err), -ENOBUFS);
	assert_null(inv);
	via_fake_fail(h.f, "list:sys/bus/pci/devices", 1, EIO);
	assert_int_equal(via_scan(h.k, NULL, &inv, &err), -EIO);
	assert_non_null(strstr(err.msg, "/sys/bus/pci/devices: cannot list: Input/output error"));
	assert_null(inv);
}

static void test_vf_attributes_unreadable(void **state)
{
	autohost h = igb("2");
	const struct via_device *pf;

	(void)state;
	via_fake_fail(h.f, "get_vfs", 0, EIO);
	scan_host_read(&h, NULL);
	pf = scan_host_device(&h, "0000:01:00.0");
	assert_non_null(strstr(pf->problem, "VF attributes: "));
	assert_false(pf->sriov->vf_info_complete);
	assert_int_equal(pf->sriov->n_vfs, 2);
	assert_null(via_inventory_vf_state(h.inv, scan_host_device(&h, "0000:01:10.0")));
}

static void test_no_bus(void **state)
{
	autohost h = {.f = via_fake_create()};

	(void)state;
	h.k = via_fake_kernel(h.f);
	via_fake_remove(h.f, "sys/bus/pci");
	scan_host_read(&h, NULL);
	assert_int_equal(h.inv->n_devices, 0);
	assert_false(h.inv->host.iommu);
}

static void test_no_netns(void **state)
{
	const struct via_scan_options here = {.no_netns = true};
	autohost h = scan_host_load("netns");

	(void)state;
	assert_int_equal(scan_host_device(&h, "0000:01:10.0")->n_holders, 1);
	scan_host_read(&h, &here);
	assert_int_equal(scan_host_device(&h, "0000:01:10.0")->n_holders, 0);
}

static void test_malformed(void **state)
{
	autohost h = scan_host_load("malformed");

	(void)state;
	assert_false(h.inv->complete);
	assert_non_null(strstr(scan_host_device(&h, "0000:01:00.0")->problem,
		"sriov_totalvfs: \"seven\" is no number"));
	assert_non_null(strstr(scan_host_device(&h, "0000:01:00.0")->problem,
		"driver_override: \"vf\\x00io\" is not text"));
	/* A VF that cannot be the model for its likes is not. */
	assert_non_null(strstr(scan_host_device(&h, "0000:01:10.0")->problem, "modalias"));
	assert_int_equal(scan_host_device(&h, "0000:01:10.4")->device, 0x10ca);
	assert_non_null(
		strstr(scan_host_device(&h, "0000:01:10.2")->problem, "driver_override: \"xxxx"));
	assert_null(scan_host_device(&h, "0000:01:10.4")->problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_generation_grows),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_busy_update),
		cmocka_unit_test(test_device_vanishes),
		cmocka_unit_test(test_vfs_come_and_go),
		cmocka_unit_test(test_vfs_found_late),
		cmocka_unit_test(test_errors_pass),
		cmocka_unit_test(test_vf_attributes_unreadable),
		cmocka_unit_test(test_no_bus),
		cmocka_unit_test(test_no_netns),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
