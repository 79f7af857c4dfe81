/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The executor on both doors: what it says of the fake, it says of a real driver. */
#include "contract/contract.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/bind.h"
#include "kernel/execute.h"

#define BIT(a) VIA_ATTR_BIT(VIA_VF_ATTR_##a)

static struct via_step steps[16];
static struct via_step_result results[16];
static size_t n_steps;

static struct via_step *pf_step(enum via_step_op op, uint32_t number)
{
	struct via_step *s = &steps[n_steps++];

	*s = (struct via_step){.id = (uint32_t)n_steps,
		.op = op,
		.pf = host.pf,
		.target = host.pf,
		.pf_mac = host.perm_mac,
		.has_pf_mac = true,
		.vendor = 0x8086,
		.device = 0x10c9,
		.set = {.number = number}};
	return s;
}

static struct via_step *vf_step(enum via_step_op op, uint32_t index)
{
	struct via_step *s = pf_step(op, 0);

	s->target.dev = (uint8_t)(0x10 + index / 4);
	s->target.fn = (uint8_t)(index % 4 * 2);
	s->device = 0x10ca;
	s->vf_index = index;
	s->has_vf = true;
	return s;
}

static struct via_step *bind_step(uint32_t index, const char *driver)
{
	struct via_step *s = vf_step(VIA_STEP_BIND, index);

	strcpy(s->set.text, driver);
	strcpy(s->set.override, driver);
	return s;
}

static struct via_step *attrs_step(uint32_t index)
{
	struct via_step *s = vf_step(VIA_STEP_VF_ATTRS, index);

	s->set.attrs = (struct via_vf_attrs){.known = VIA_ATTR_ALL & ~BIT(RSS_QUERY),
		.mac = {{0x52, 0x54, 0, 0xbb, 0, (uint8_t)index}},
		.vlan = (uint16_t)(100 + index),
		.qos = 2,
		.vlan_proto = VIA_VLAN_PROTO_8021Q,
		.max_tx_mbps = 100 + index,
		.link_state = VIA_LINK_ENABLE,
		.trust = true};
	return s;
}

static size_t run(uint32_t *unsupported)
{
	size_t done = via_execute(host.k, steps, n_steps, results, unsupported, NULL, NULL);

	for (size_t i = 0; i < n_steps; i++)
		if (results[i].code)
			print_message("step %zu: %s\n", i, results[i].message);
	return done;
}

/* The main job, whole. */
static void test_main_job(void **state)
{
	uint32_t unsupported = 0;
	char group[64], path[256];

	(void)state;
	n_steps = 0;
	pf_step(VIA_STEP_PF_UP, 1);
	pf_step(VIA_STEP_AUTOPROBE, 0);
	pf_step(VIA_STEP_NUM_VFS, 3);
	for (uint32_t i = 0; i < 3; i++)
		attrs_step(i);
	for (uint32_t i = 0; i < 3; i++)
		bind_step(i, "vfio-pci");
	assert_int_equal(run(&unsupported), n_steps);
	assert_int_equal(unsupported, BIT(LINK_STATE));
	for (uint32_t i = 0; i < 3; i++) {
		const struct via_attr_result *a = results[3 + i].attrs.attr;
		struct via_vf_attrs have = vf_state(i);

		assert_int_equal(a[VIA_VF_ATTR_MAC].outcome, VIA_OUTCOME_APPLIED);
		assert_int_equal(a[VIA_VF_ATTR_VLAN].outcome, VIA_OUTCOME_APPLIED);
		assert_int_equal(a[VIA_VF_ATTR_RATE].outcome, VIA_OUTCOME_APPLIED);
		assert_int_equal(a[VIA_VF_ATTR_SPOOFCHK].outcome, VIA_OUTCOME_APPLIED);
		assert_int_equal(a[VIA_VF_ATTR_LINK_STATE].outcome, VIA_OUTCOME_UNSUPPORTED);
		assert_int_equal(a[VIA_VF_ATTR_TRUST].outcome, VIA_OUTCOME_APPLIED);
		assert_int_equal(a[VIA_VF_ATTR_RSS_QUERY].outcome, VIA_OUTCOME_NONE);
		assert_int_equal(have.vlan, 100 + i);
		assert_int_equal(have.max_tx_mbps, 100 + i);
		assert_true(have.trust);
		assert_string_equal(DRIVER(VF(i)), "vfio-pci");
		assert_int_equal(via_kernel_link_name(
					 host.k, DEV(VF(i), "iommu_group"), group, sizeof(group)),
			0);
		snprintf(path, sizeof(path), "sys/class/vfio/%s", group);
		assert_true(exists(path));
	}
}

static void test_undo(void **state)
{
	struct via_step_result r;

	(void)state;
	n_steps = 0;
	pf_step(VIA_STEP_AUTOPROBE, 0)->undo.number = 1;
	pf_step(VIA_STEP_NUM_VFS, 2)->undo.number = 0;
	attrs_step(0)->undo.attrs = (struct via_vf_attrs){
		.known = BIT(MAC) | BIT(VLAN), .vlan_proto = VIA_VLAN_PROTO_8021Q};
	bind_step(1, "vfio-pci");
	assert_int_equal(run(NULL), 4);
	for (size_t i = n_steps; i-- > 0;) {
		steps[i].has_undo = true;
		via_execute_undo(host.k, &steps[i], &r);
		if (r.code)
			print_message("%s\n", r.message);
		assert_int_equal(r.state, VIA_STEP_UNDONE);
		if (i == 3)
			assert_string_equal(DRIVER(VF(1)), "");
		if (i == 2)
			assert_int_equal(vf_state(0).vlan, 0);
	}
	assert_string_equal(GET(PF("sriov_numvfs")), "0");
	assert_string_equal(GET(PF("sriov_drivers_autoprobe")), "1");
}

static void test_refused_value(void **state)
{
	(void)state;
	n_steps = 0;
	pf_step(VIA_STEP_NUM_VFS, 1);
	attrs_step(0)->set.attrs.min_tx_mbps = 10;
	assert_int_equal(run(NULL), 1);
	assert_int_equal(results[1].code, VIA_REFUSED_KERNEL_REFUSED);
	assert_int_equal(results[1].attrs.attr[VIA_VF_ATTR_RATE].outcome, VIA_OUTCOME_REFUSED);
	assert_int_equal(results[1].attrs.attr[VIA_VF_ATTR_TRUST].outcome, VIA_OUTCOME_APPLIED);
	assert_true(results[1].left.trust);
	assert_int_equal(results[1].left.max_tx_mbps, 0);
}

static void test_failures(void **state)
{
	(void)state;
	n_steps = 0;
	pf_step(VIA_STEP_NUM_VFS, 8);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(results[0].code, -ERANGE);
	n_steps = 0;
	make_vfs(2, false);
	pf_step(VIA_STEP_NUM_VFS, 3);
	assert_int_equal(run(NULL), 0);
	assert_int_equal(results[0].code, VIA_REFUSED_NEEDS_RECREATE);
	n_steps = 0;
	pf_step(VIA_STEP_AUTOPROBE, 0)->pf_mac.b[5] ^= 0x55;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(results[0].code, VIA_REFUSED_MISMATCH);
	n_steps = 0;
	vf_step(VIA_STEP_VF_MSIX, 0)->set.number = 3;
	assert_int_equal(run(NULL), 0);
	assert_int_equal(results[0].code, VIA_REFUSED_UNSUPPORTED);
	n_steps = 0;
	strcpy(pf_step(VIA_STEP_ESWITCH, 0)->set.text, "switchdev");
	assert_int_equal(run(NULL), 0);
	assert_int_equal(results[0].code, VIA_REFUSED_UNSUPPORTED);
}

static void test_bind_and_back(void **state)
{
	struct via_addr vf;
	struct via_err err = {0};

	(void)state;
	make_vfs(1, true);
	assert_int_equal(via_addr_parse(VF(0), &vf), 0);
	assert_int_equal(via_bind(host.k, vf, "vfio-pci", "vfio-pci", &err), 0);
	assert_string_equal(DRIVER(VF(0)), "vfio-pci");
	assert_int_equal(via_bind(host.k, vf, host.vf_driver, "", &err), 0);
	assert_string_equal(DRIVER(VF(0)), host.vf_driver);
	assert_string_equal(GET(DEV(VF(0), "driver_override")), "(null)");
	/* igb takes no VF: its probe is not even asked, and the VF gets its driver back. */
	assert_int_equal(via_bind(host.k, vf, "viaduct-nosuch", "", &err), -ENOENT);
	assert_string_equal(DRIVER(VF(0)), host.vf_driver);
	assert_int_equal(via_unbind(host.k, vf, "", &err), 0);
	assert_string_equal(DRIVER(VF(0)), "");
}

/* A driver whose probe fails: the write succeeds, the device goes back where it was. */
static void test_probe_fails(void **state)
{
	struct via_addr vf;
	struct via_err err = {0};

	(void)state;
	make_vfs(1, true);
	assert_int_equal(via_addr_parse(VF(0), &vf), 0);
	assert_int_equal(via_bind(host.k, vf, "pcieport", "pcieport", &err), -ENODEV);
	assert_non_null(strstr(err.msg, "igbvf as before"));
	assert_string_equal(DRIVER(VF(0)), host.vf_driver);
	assert_string_equal(GET(DEV(VF(0), "driver_override")), "(null)");
}

int contract_execute(void)
{
	const struct CMUnitTest tests[] = {CONTRACT_TEST(test_main_job), CONTRACT_TEST(test_undo),
		CONTRACT_TEST(test_refused_value), CONTRACT_TEST(test_failures),
		CONTRACT_TEST(test_bind_and_back), CONTRACT_TEST(test_probe_fails)};

	return cmocka_run_group_tests_name("contract execute", tests, NULL, NULL);
}
