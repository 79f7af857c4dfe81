/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and removing VFs. */
#include "contract/contract.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

static void test_bad_counts(void **state)
{
	(void)state;
	assert_int_equal(put(PF("sriov_numvfs"), "x"), -EINVAL);
	assert_int_equal(put(PF("sriov_numvfs"), "-1"), -EINVAL);
	assert_int_equal(put(PF("sriov_numvfs"), "2 3"), -EINVAL);
	assert_int_equal(put(PF("sriov_numvfs"), "70000"), -EINVAL);
	assert_int_equal(put(PF("sriov_numvfs"), "8"), -ERANGE);
	assert_int_equal(put(PF("sriov_numvfs"), "65535"), -ERANGE);
	assert_string_equal(GET(PF("sriov_numvfs")), "0");
	assert_string_equal(VF(0), "");
}

static void test_bases(void **state)
{
	(void)state;
	assert_int_equal(put(PF("sriov_numvfs"), "0x1\n"), 0);
	assert_string_equal(GET(PF("sriov_numvfs")), "1");
	assert_int_equal(put(PF("sriov_numvfs"), "+1"), 0);
	assert_int_equal(put(PF("sriov_numvfs"), "0"), 0);
}

static void test_grow(void **state)
{
	static const char *const expected[] = {"0000:01:10.0", "0000:01:10.2", "0000:01:10.4"};
	char name[64];

	(void)state;
	make_vfs(3, false);
	for (uint32_t i = 0; i < 3; i++) {
		assert_string_equal(VF(i), expected[i]);
		assert_int_equal(
			via_kernel_link_name(host.k, DEV(VF(i), "physfn"), name, sizeof(name)), 0);
		assert_string_equal(name, host.pf_text);
		assert_string_equal(GET(DEV(VF(i), "vendor")), "0x8086");
		assert_string_equal(GET(DEV(VF(i), "device")), "0x10ca");
		assert_string_equal(GET(DEV(VF(i), "class")), "0x020000");
		assert_false(exists(DEV(VF(i), "sriov_totalvfs")));
		assert_true(exists(DEV(VF(i), "iommu_group/devices")));
	}
	assert_string_equal(VF(3), "");
}

static void test_own_groups(void **state)
{
	char a[64], b[64], pf[64];

	(void)state;
	make_vfs(2, false);
	assert_int_equal(via_kernel_link_name(host.k, PF("iommu_group"), pf, sizeof(pf)), 0);
	assert_int_equal(via_kernel_link_name(host.k, DEV(VF(0), "iommu_group"), a, sizeof(a)), 0);
	assert_int_equal(via_kernel_link_name(host.k, DEV(VF(1), "iommu_group"), b, sizeof(b)), 0);
	assert_string_not_equal(a, b);
	assert_string_not_equal(a, pf);
}

static void test_change(void **state)
{
	(void)state;
	make_vfs(2, false);
	assert_int_equal(put(PF("sriov_numvfs"), "2"), 0);
	assert_int_equal(put(PF("sriov_numvfs"), "3"), -EBUSY);
	assert_int_equal(put(PF("sriov_numvfs"), "1"), -EBUSY);
	assert_string_equal(GET(PF("sriov_numvfs")), "2");
}

static void test_remove(void **state)
{
	char gone[VIA_ADDR_STR_MAX], group[64], path[256];

	(void)state;
	make_vfs(2, false);
	vf_addr(1, gone);
	assert_int_equal(
		via_kernel_link_name(host.k, DEV(gone, "iommu_group"), group, sizeof(group)), 0);
	assert_int_equal(put(PF("sriov_numvfs"), "0"), 0);
	assert_string_equal(VF(0), "");
	assert_string_equal(VF(1), "");
	assert_false(exists(DEV(gone, "")));
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%s", group);
	assert_false(exists(path));
	assert_int_equal(put(PF("sriov_numvfs"), "0"), 0);
}

static void test_autoprobe_values(void **state)
{
	(void)state;
	assert_string_equal(GET(PF("sriov_drivers_autoprobe")), "1");
	assert_int_equal(put(PF("sriov_drivers_autoprobe"), "0"), 0);
	assert_string_equal(GET(PF("sriov_drivers_autoprobe")), "0");
	assert_int_equal(put(PF("sriov_drivers_autoprobe"), "x"), -EINVAL);
	assert_int_equal(put(PF("sriov_drivers_autoprobe"), "2"), -EINVAL);
	assert_string_equal(GET(PF("sriov_drivers_autoprobe")), "0");
	assert_int_equal(put(PF("sriov_drivers_autoprobe"), "on"), 0);
	assert_string_equal(GET(PF("sriov_drivers_autoprobe")), "1");
}

static void test_autoprobe_on(void **state)
{
	struct via_net net = {0};
	int found = 0;

	(void)state;
	make_vfs(1, true);
	assert_string_equal(DRIVER(VF(0)), host.vf_driver);
	assert_true(exists(DEV(VF(0), "net")));
	assert_int_equal(host.k->ops->get_net(host.k, false, &net, NULL), 0);
	for (size_t i = 0; i < net.n_links; i++)
		if (!strcmp(net.links[i].parent, VF(0))) {
			found++;
			assert_false(net.links[i].up);
			assert_true(via_mac_is_unicast(net.links[i].mac));
		}
	via_net_finish(&net);
	assert_int_equal(found, 1);
}

static void test_autoprobe_off(void **state)
{
	(void)state;
	make_vfs(1, false);
	assert_string_equal(DRIVER(VF(0)), "");
	assert_false(exists(DEV(VF(0), "net")));
	/* Probing again changes nothing … */
	assert_int_equal(put("sys/bus/pci/drivers_probe", VF(0)), 0);
	assert_string_equal(DRIVER(VF(0)), "");
	/* … naming the driver does. */
	assert_int_equal(put(DEV(VF(0), "driver_override"), host.vf_driver), 0);
	assert_int_equal(put("sys/bus/pci/drivers_probe", VF(0)), 0);
	assert_string_equal(DRIVER(VF(0)), host.vf_driver);
}

static void test_msix(void **state)
{
	char buf[16];

	(void)state;
	make_vfs(1, false);
	assert_int_equal(put(DEV(VF(0), "sriov_vf_msix_count"), "x"), -EINVAL);
	assert_int_equal(put(DEV(VF(0), "sriov_vf_msix_count"), "-1"), -EINVAL);
	assert_int_equal(put(DEV(VF(0), "sriov_vf_msix_count"), "3"), -EOPNOTSUPP);
	assert_int_equal(
		host.k->ops->read(host.k, DEV(VF(0), "sriov_vf_msix_count"), buf, 16), -EACCES);
	assert_false(exists(PF("sriov_vf_msix_count")));
}

/* --- uevents --- */

static void drain(void)
{
	struct via_uevent e;

	/* Events are heard from the first call of uevent_fd on. */
	assert_true(host.k->ops->uevent_fd(host.k) >= 0);
	while (host.k->ops->next_uevent(host.k, &e) == 1)
		;
}

/* The next event of the bus or of the network, waiting for it. */
static bool next_event(struct via_uevent *e)
{
	struct pollfd p = {.fd = host.k->ops->uevent_fd(host.k), .events = POLLIN};

	assert_true(p.fd >= 0);
	for (;;) {
		while (host.k->ops->next_uevent(host.k, e) == 1)
			if (!strcmp(e->subsystem, "pci") || !strcmp(e->subsystem, "net"))
				return true;
		if (poll(&p, 1, 2000) <= 0)
			return false;
	}
}

static void test_uevents(void **state)
{
	struct via_uevent e;
	unsigned int added = 0, changed = 0, removed = 0;

	(void)state;
	drain();
	make_vfs(2, false);
	/* Each VF says "add", and "change" once its physfn link is there; the PF's own change comes
	 * when all VFs are. */
	while (next_event(&e) && !via_addr_eq(e.pci, host.pf)) {
		assert_string_equal(e.subsystem, "pci");
		assert_true(e.has_pci);
		added += e.action == VIA_UEVENT_ADD;
		changed += e.action == VIA_UEVENT_CHANGE;
	}
	assert_int_equal(added, 2);
	assert_int_equal(changed, 2);
	assert_int_equal(e.action, VIA_UEVENT_CHANGE);
	assert_string_equal(e.sysname, host.pf_text);
	assert_int_equal(put(PF("sriov_numvfs"), "0"), 0);
	while (removed < 2 && next_event(&e))
		removed += e.action == VIA_UEVENT_REMOVE && !strcmp(e.subsystem, "pci");
	assert_int_equal(removed, 2);
}

static void test_uevents_of_binding(void **state)
{
	struct via_uevent e;
	bool bound = false, net = false;

	(void)state;
	make_vfs(1, false);
	drain();
	assert_int_equal(put(DEV(VF(0), "driver_override"), host.vf_driver), 0);
	assert_int_equal(put("sys/bus/pci/drivers_probe", VF(0)), 0);
	while (!bound && next_event(&e)) {
		if (!strcmp(e.subsystem, "net") && e.action == VIA_UEVENT_ADD) {
			assert_true(e.has_pci);
			assert_string_equal(via_addr_fmt(e.pci), VF(0));
			net = true;
		}
		bound = e.action == VIA_UEVENT_BIND;
	}
	/* The net device is there before the bus says "bind". */
	assert_true(net);
	assert_true(bound);
	assert_string_equal(e.sysname, VF(0));
	assert_int_equal(put(DEV(VF(0), "driver/unbind"), VF(0)), 0);
	while (next_event(&e) && e.action != VIA_UEVENT_UNBIND)
		;
	assert_int_equal(e.action, VIA_UEVENT_UNBIND);
}

int contract_sriov(void)
{
	const struct CMUnitTest tests[] = {CONTRACT_TEST(test_bad_counts),
		CONTRACT_TEST(test_bases), CONTRACT_TEST(test_grow), CONTRACT_TEST(test_own_groups),
		CONTRACT_TEST(test_change), CONTRACT_TEST(test_remove),
		CONTRACT_TEST(test_autoprobe_values), CONTRACT_TEST(test_autoprobe_on),
		CONTRACT_TEST(test_autoprobe_off), CONTRACT_TEST(test_msix),
		CONTRACT_TEST(test_uevents), CONTRACT_TEST(test_uevents_of_binding)};

	return cmocka_run_group_tests_name("contract sriov", tests, NULL, NULL);
}
