/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drivers: override, probe, bind, unbind, vfio groups, modules. */
#include "contract/contract.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define PROBE "sys/bus/pci/drivers_probe"

static void test_override(void **state)
{
	(void)state;
	make_vfs(1, false);
	assert_string_equal(GET(DEV(VF(0), "driver_override")), "(null)");
	assert_int_equal(put(DEV(VF(0), "driver_override"), "vfio-pci\n"), 0);
	assert_string_equal(GET(DEV(VF(0), "driver_override")), "vfio-pci");
	/* It neither binds nor loads. */
	assert_string_equal(DRIVER(VF(0)), "");
	assert_int_equal(put(DEV(VF(0), "driver_override"), "nosuch"), 0);
	assert_string_equal(GET(DEV(VF(0), "driver_override")), "nosuch");
	assert_int_equal(put(PROBE, VF(0)), 0);
	assert_string_equal(DRIVER(VF(0)), "");
	assert_int_equal(put(DEV(VF(0), "driver_override"), "\n"), 0);
	assert_string_equal(GET(DEV(VF(0), "driver_override")), "(null)");
}

static void bind_to(const char *addr, const char *driver)
{
	assert_int_equal(put(DEV(addr, "driver_override"), driver), 0);
	assert_int_equal(put(PROBE, addr), 0);
	assert_string_equal(DRIVER(addr), driver);
}

static void test_vfio(void **state)
{
	char group[64], path[256], vf[VIA_ADDR_STR_MAX];
	unsigned int maj, min;
	struct via_stat st;

	(void)state;
	assert_int_equal(host.k->ops->load_module(host.k, "vfio-pci"), 0);
	make_vfs(1, false);
	vf_addr(0, vf);
	bind_to(vf, "vfio-pci");
	assert_int_equal(
		via_kernel_link_name(host.k, DEV(vf, "iommu_group"), group, sizeof(group)), 0);
	snprintf(path, sizeof(path), "sys/class/vfio/%s/dev", group);
	assert_int_equal(sscanf(GET(path), "%u:%u", &maj, &min), 2);
	snprintf(path, sizeof(path), "dev/vfio/%s", group);
	assert_int_equal(host.k->ops->stat(host.k, path, &st), 0);
	assert_true(S_ISCHR(st.mode));
	assert_int_equal(st.rdev, makedev(maj, min));
	snprintf(path, sizeof(path), "sys/bus/pci/drivers/vfio-pci/%s", vf);
	assert_true(exists(path));
	/* Gone with the driver; the override stays. */
	assert_int_equal(put(DEV(vf, "driver/unbind"), vf), 0);
	assert_string_equal(DRIVER(vf), "");
	snprintf(path, sizeof(path), "sys/class/vfio/%s", group);
	assert_false(exists(path));
	assert_string_equal(GET(DEV(vf, "driver_override")), "vfio-pci");
}

static void test_switch_driver(void **state)
{
	char vf[VIA_ADDR_STR_MAX];

	(void)state;
	assert_int_equal(host.k->ops->load_module(host.k, "vfio-pci"), 0);
	make_vfs(1, true);
	vf_addr(0, vf);
	assert_string_equal(DRIVER(vf), host.vf_driver);
	/* A bound function is not probed again. */
	assert_int_equal(put(DEV(vf, "driver_override"), "vfio-pci"), 0);
	assert_int_equal(put(PROBE, vf), 0);
	assert_string_equal(DRIVER(vf), host.vf_driver);
	assert_int_equal(put(DEV(vf, "driver/unbind"), vf), 0);
	assert_false(exists(DEV(vf, "net")));
	assert_int_equal(put(PROBE, vf), 0);
	assert_string_equal(DRIVER(vf), "vfio-pci");
	/* And back: without an override the host's driver takes it. */
	assert_int_equal(put(DEV(vf, "driver_override"), "\n"), 0);
	assert_int_equal(put(DEV(vf, "driver/unbind"), vf), 0);
	assert_int_equal(put(PROBE, vf), 0);
	assert_string_equal(DRIVER(vf), host.vf_driver);
}

static void test_bind_file(void **state)
{
	char vf[VIA_ADDR_STR_MAX];

	(void)state;
	assert_int_equal(host.k->ops->load_module(host.k, "vfio-pci"), 0);
	make_vfs(1, false);
	vf_addr(0, vf);
	/* No id of vfio-pci matches, and no override. */
	assert_int_equal(put("sys/bus/pci/drivers/vfio-pci/bind", vf), -ENODEV);
	/* igbvf matches, and autoprobe is off. */
	assert_int_equal(put("sys/bus/pci/drivers/igbvf/bind", vf), -ENODEV);
	assert_int_equal(put(DEV(vf, "driver_override"), "igbvf"), 0);
	assert_int_equal(put("sys/bus/pci/drivers/igbvf/bind", vf), 0);
	assert_int_equal(put("sys/bus/pci/drivers/igbvf/bind", vf), -EBUSY);
	assert_int_equal(put("sys/bus/pci/drivers/vfio-pci/unbind", vf), -ENODEV);
	assert_int_equal(put("sys/bus/pci/drivers/igbvf/unbind", "0000:7f:00.0"), -ENODEV);
	assert_int_equal(put("sys/bus/pci/drivers/igbvf/unbind", vf), 0);
	assert_int_equal(put(DEV(vf, "driver/unbind"), vf), -ENOENT);
	assert_int_equal(put(PROBE, "0000:7f:00.0"), -ENODEV);
	assert_int_equal(put("sys/bus/pci/drivers/nosuch/bind", vf), -ENOENT);
}

static void test_modules(void **state)
{
	(void)state;
	assert_int_equal(host.k->ops->load_module(host.k, "vfio-pci"), 0);
	assert_int_equal(host.k->ops->load_module(host.k, "vfio_pci"), 0);
	assert_true(exists("sys/bus/pci/drivers/vfio-pci"));
	assert_true(exists("sys/module/vfio_pci/drivers/pci:vfio-pci"));
	assert_int_equal(host.k->ops->load_module(host.k, "viaduct-nosuch"), -ENOENT);
}

/* A VF's function-level reset: what its PF administers survives, the driver stays. */
static void test_reset(void **state)
{
	struct via_vf_attrs a = {.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC) |
					  VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) |
					  VIA_ATTR_BIT(VIA_VF_ATTR_TRUST),
		.mac = {{0x02, 0xbb, 0, 0, 0, 1}},
		.vlan = 100,
		.vlan_proto = VIA_VLAN_PROTO_8021Q,
		.trust = true};
	char vf[VIA_ADDR_STR_MAX];
	struct via_vf_attrs now;

	(void)state;
	assert_int_equal(host.k->ops->load_module(host.k, "vfio-pci"), 0);
	make_vfs(1, false);
	vf_addr(0, vf);
	bind_to(vf, "vfio-pci");
	assert_int_equal(set_vf(0, &a), 0);
	assert_int_equal(put(DEV(vf, "reset"), "1"), 0);
	assert_string_equal(DRIVER(vf), "vfio-pci");
	now = vf_state(0);
	assert_int_equal(via_vf_attrs_diff(&a, &now), 0);
	assert_int_equal(put(DEV(vf, "reset"), "0"), -EINVAL);
	assert_int_equal(put(DEV(vf, "reset"), "2"), -EINVAL);
	assert_int_equal(put(DEV(vf, "reset"), "x"), -EINVAL);
	/* Switched off by whoever runs the host. */
	assert_int_equal(put(DEV(vf, "reset_method"), "\n"), 0);
	assert_string_equal(GET(DEV(vf, "reset_method")), "");
	assert_int_equal(put(DEV(vf, "reset"), "1"), -ENOTTY);
}

static int take_name(const char *name, void *user)
{
	snprintf(user, 64, "%s", name);
	return 1;
}

static int lookup(const char *prefix, char name[64])
{
	char alias[256];

	name[0] = '\0';
	snprintf(alias, sizeof(alias), "%s%s", prefix, GET(DEV(VF(0), "modalias")) + 4);
	return host.k->ops->lookup_alias(host.k, alias, take_name, name);
}

static void test_aliases(void **state)
{
	char name[64];

	(void)state;
	make_vfs(1, false);
	assert_int_equal(lookup("pci:", name), 1);
	assert_string_equal(name, host.vf_driver);
	assert_int_equal(lookup("vfio_pci:", name), 1);
	assert_string_equal(name, "vfio_pci");
	assert_int_equal(host.k->ops->lookup_alias(host.k, "pci:nosuch", take_name, name), 0);
}

/* Last: it takes the PF's net device away and brings it back. */
static void test_pf_without_driver(void **state)
{
	(void)state;
	make_vfs(2, false);
	assert_int_equal(put(PF("driver/unbind"), host.pf_text), 0);
	/* The driver took its VFs along. */
	assert_string_equal(VF(0), "");
	assert_string_equal(GET(PF("sriov_numvfs")), "0");
	assert_int_equal(pf_index(), 0);
	assert_int_equal(put(PF("sriov_numvfs"), "1"), -ENOENT);
	assert_int_equal(put(PROBE, host.pf_text), 0);
	assert_string_equal(DRIVER(host.pf_text), "igb");
	assert_int_not_equal(pf_index(), 0);
	assert_true(via_mac_eq(pf_link().perm_mac, host.perm_mac));
	assert_false(pf_link().up);
}

int contract_bind(void)
{
	const struct CMUnitTest tests[] = {CONTRACT_TEST(test_override), CONTRACT_TEST(test_vfio),
		CONTRACT_TEST(test_switch_driver), CONTRACT_TEST(test_bind_file),
		CONTRACT_TEST(test_reset), CONTRACT_TEST(test_modules), CONTRACT_TEST(test_aliases),
		CONTRACT_TEST(test_pf_without_driver)};

	return cmocka_run_group_tests_name("contract bind", tests, NULL, NULL);
}
