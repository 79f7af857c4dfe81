/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each operation: done and read back, or failed with a sentence that says why and what is left. */
#include "test_execute.h"

static void test_num_vfs(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 3, false);
	assert_string_equal(via_fake_text(b->f, PF_PATH "/sriov_numvfs"), "3");
	/* The same again writes nothing. */
	free(via_fake_journal(b->f));
	pf_step(b, VIA_STEP_NUM_VFS, 3);
	assert_done(b);
	char *journal = via_fake_journal(b->f);
	assert_string_equal(journal, "");
	free(journal);
	pf_step(b, VIA_STEP_NUM_VFS, 0);
	assert_done(b);
	assert_false(via_fake_exists(b->f, VF0_PATH));
}

static void test_num_vfs_never_other_to_other(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	pf_step(b, VIA_STEP_NUM_VFS, 3);
	ASSERT_FAILS(b, VIA_REFUSED_NEEDS_RECREATE, PF_ADDR, "2", "3");
}

static void test_num_vfs_errors(void **state)
{
	static const struct {
		int error;
		const char *word;
	} errors[] = {{ENOMEM, "pci=realloc"}, {EBUSY, "by way of 0"}, {ERANGE, "sriov_totalvfs"},
		{EPERM, "lower num_vfs"}, {EIO, "firmware"}};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		via_fake_fail(b->f, "write:*/sriov_numvfs", 1, errors[i].error);
		pf_step(b, VIA_STEP_NUM_VFS, 4);
		ASSERT_FAILS(b, -errors[i].error, PF_ADDR, "4 VFs", errors[i].word, "it has 0 now");
	}
	pf_step(b, VIA_STEP_NUM_VFS, 8);
	ASSERT_FAILS(b, -ERANGE, "8 VFs", "can have 7");
}

static void test_num_vfs_driver_limit(void **state)
{
	struct bench *b = *state;

	via_fake_set_traits(b->f, PF_ADDR, &(struct via_fake_pf_traits){.limit = 4});
	pf_step(b, VIA_STEP_NUM_VFS, 5);
	ASSERT_FAILS(b, -EPERM, "driver does not allow");
}

static void test_num_vfs_fewer(void **state)
{
	struct bench *b = *state;

	via_fake_set_traits(b->f, PF_ADDR, &(struct via_fake_pf_traits){.enables = 2});
	pf_step(b, VIA_STEP_NUM_VFS, 5);
	ASSERT_FAILS(b, VIA_REFUSED_KERNEL_REFUSED, "5 VFs", "made 2", "num_vfs");
}

static void test_num_vfs_no_driver(void **state)
{
	struct bench *b = *state;

	via_kernel_write_str(b->k, PF_PATH "/driver/unbind", PF_ADDR);
	pf_step(b, VIA_STEP_NUM_VFS, 2)->has_pf_mac = false;
	ASSERT_FAILS(b, -ENOENT, "no driver that can make VFs");
}

static void test_num_vfs_waits_for_links(void **state)
{
	struct bench *b = *state;

	via_fake_set_traits(b->f, PF_ADDR, &(struct via_fake_pf_traits){.slow_links = 12});
	make_vfs(b, 3, false);
	assert_true(via_fake_exists(b->f, VF0_PATH "/physfn"));
}

static void test_num_vfs_not_sriov(void **state)
{
	struct bench *b = *state;
	struct via_step *s;

	via_fake_add_nic(b->f, "0000:03:00.0", "eth7", "52:54:00:76:00:07");
	s = pf_step(b, VIA_STEP_NUM_VFS, 2);
	s->pf = s->target = addr("0000:03:00.0");
	s->has_pf_mac = false;
	s->vendor = s->device = 0;
	ASSERT_FAILS(b, VIA_REFUSED_UNSUPPORTED, "no SR-IOV");
}

static void test_autoprobe(void **state)
{
	struct bench *b = *state;

	pf_step(b, VIA_STEP_AUTOPROBE, 0);
	assert_done(b);
	assert_string_equal(via_fake_text(b->f, PF_PATH "/sriov_drivers_autoprobe"), "0");
	via_fake_fail(b->f, "write:*/sriov_drivers_autoprobe", 1, EIO);
	pf_step(b, VIA_STEP_AUTOPROBE, 1);
	ASSERT_FAILS(b, -EIO, "sriov_drivers_autoprobe");
}

static void test_mtu(void **state)
{
	struct bench *b = *state;

	pf_step(b, VIA_STEP_PF_MTU, 9000);
	assert_done(b);
	assert_string_equal(via_fake_text(b->f, "sys/class/net/eth0/mtu"), "9000");
	pf_step(b, VIA_STEP_PF_MTU, 20000);
	ASSERT_FAILS(b, -EINVAL, "eth0", "20000", "greater than device maximum");
}

static void test_vf_mtu(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	vf_step(b, VIA_STEP_VF_MTU, 0)->set.number = 2000;
	assert_done(b);
	via_kernel_write_str(b->k, VF0_PATH "/driver/unbind", VF0_ADDR);
	vf_step(b, VIA_STEP_VF_MTU, 0)->set.number = 3000;
	ASSERT_FAILS(b, -ENODEV, VF0_ADDR, "no net device");
}

static void test_up_waits_for_carrier(void **state)
{
	struct bench *b = *state;

	pf_step(b, VIA_STEP_PF_UP, 0);
	assert_done(b);
	via_fake_carrier_delay(b->f, b->eth0, 60);
	pf_step(b, VIA_STEP_PF_UP, 1);
	assert_int_equal(run(b), 1);
	assert_true(b->results[0].took_ms >= 50);
	b->n = 0;
	via_fake_fail(b->f, "set_link", 1, EPERM);
	pf_step(b, VIA_STEP_PF_UP, 1);
	ASSERT_FAILS(b, -EPERM, "eth0");
}

static void test_msix(void **state)
{
	static const struct via_fake_driver mlx = {
		.name = "mlxfake", .sriov = true, .msix = true, .loaded = true, .netdev = "m%d"};
	static const struct via_fake_pci pf = {.addr = "0000:05:00.0",
		.vendor = 0x15b3,
		.device = 0x1017,
		.driver = "mlxfake",
		.total_vfs = 4,
		.offset = 8,
		.stride = 1,
		.vf_device = 0x1018,
		.vf_total_msix = 64,
		.netdev = "m0",
		.iommu_group = -1,
		.mac = "52:54:00:76:00:05"};
	struct bench *b = *state;
	struct via_step *s;

	make_vfs(b, 1, false);
	vf_step(b, VIA_STEP_VF_MSIX, 0)->set.number = 8;
	ASSERT_FAILS(b, VIA_REFUSED_UNSUPPORTED, VF0_ADDR, PF_ADDR, "leave msix out");

	via_fake_add_driver(b->f, &mlx);
	via_fake_add_pci(b->f, &pf);
	via_kernel_write_str(b->k, VIA_PCI_DEVICES "/0000:05:00.0/sriov_numvfs", "2");
	s = vf_step(b, VIA_STEP_VF_MSIX, 1);
	s->pf = addr("0000:05:00.0");
	s->target = addr("0000:05:01.1");
	s->has_pf_mac = false;
	s->vendor = s->device = 0;
	s->set.number = 8;
	assert_done(b);
	b->n = 1;
	b->steps[0].set.number = 65;
	ASSERT_FAILS(b, -EINVAL, "0000:05:01.1", "65");
}

static void test_msix_needs_no_driver(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	via_fake_fail(b->f, "write:*/sriov_vf_msix_count", 1, EBUSY);
	vf_step(b, VIA_STEP_VF_MSIX, 0)->set.number = 8;
	ASSERT_FAILS(b, -EBUSY, "while it has a driver");
}

static void test_eswitch(void **state)
{
	struct bench *b = *state;

	strcpy(pf_step(b, VIA_STEP_ESWITCH, 0)->set.text, "switchdev");
	ASSERT_FAILS(b, VIA_REFUSED_UNSUPPORTED, PF_ADDR, "no eswitch");
	via_fake_set_eswitch(b->f, PF_ADDR, "legacy", false);
	strcpy(pf_step(b, VIA_STEP_ESWITCH, 0)->set.text, "switchdev");
	assert_done(b);
	make_vfs(b, 1, false);
	strcpy(pf_step(b, VIA_STEP_ESWITCH, 0)->set.text, "legacy");
	ASSERT_FAILS(b, -EOPNOTSUPP, "eswitch mode legacy", "no VF created");
}

static void test_bind_and_unbind(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	bind_step(b, 0, "vfio-pci");
	assert_done(b);
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
	assert_string_equal(via_fake_text(b->f, VF0_PATH "/driver_override"), "vfio-pci");
	vf_step(b, VIA_STEP_UNBIND, 0);
	assert_done(b);
	assert_string_equal(DRIVER(b, VF0_PATH), "");
	assert_string_equal(via_fake_text(b->f, VF0_PATH "/driver_override"), "(null)");
	/* "": the host's own driver */
	bind_step(b, 0, "");
	assert_done(b);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
}

static void test_stops_at_first_failure(void **state)
{
	struct bench *b = *state;

	pf_step(b, VIA_STEP_AUTOPROBE, 0);
	pf_step(b, VIA_STEP_NUM_VFS, 9);
	vlan_step(b, 0, 5);
	assert_int_equal(run(b), 1);
	assert_int_equal(b->results[0].state, VIA_STEP_DONE);
	assert_int_equal(b->results[1].state, VIA_STEP_FAILED);
	assert_int_equal(b->results[2].state, VIA_STEP_SKIPPED);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(b->results[i].id, i + 1);
}

struct seen {
	uint32_t ids[32];
	enum via_step_state states[32];
	size_t n;
};

static void record(const struct via_step *s, const struct via_step_result *r, void *user)
{
	struct seen *seen = user;

	assert_int_equal(s->id, r->id);
	seen->ids[seen->n] = s->id;
	seen->states[seen->n++] = r->state;
}

static void test_progress(void **state)
{
	struct bench *b = *state;
	struct seen seen = {0};

	pf_step(b, VIA_STEP_AUTOPROBE, 0);
	pf_step(b, VIA_STEP_NUM_VFS, 9);
	pf_step(b, VIA_STEP_AUTOPROBE, 1);
	via_execute(b->k, b->steps, 3, b->results, NULL, record, &seen);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.states[0], VIA_STEP_RUNNING);
	assert_int_equal(seen.states[1], VIA_STEP_DONE);
	assert_int_equal(seen.states[2], VIA_STEP_RUNNING);
	assert_int_equal(seen.states[3], VIA_STEP_FAILED);
	assert_int_equal(seen.states[4], VIA_STEP_SKIPPED);
	assert_int_equal(seen.ids[4], 3);
}

/* --- undo --- */

static void undo(struct bench *b, size_t i)
{
	struct via_step_result r;

	b->steps[i].has_undo = true;
	via_execute_undo(b->k, &b->steps[i], &r);
	if (r.code)
		print_error("%s\n", r.message);
	assert_int_equal(r.state, VIA_STEP_UNDONE);
	assert_int_equal(r.code, 0);
	assert_int_equal(r.id, b->steps[i].id);
}

static void test_undo_each(void **state)
{
	struct bench *b = *state;

	pf_step(b, VIA_STEP_AUTOPROBE, 0)->undo.number = 1;
	pf_step(b, VIA_STEP_PF_MTU, 9000)->undo.number = 1500;
	pf_step(b, VIA_STEP_NUM_VFS, 2)->undo.number = 0;
	vlan_step(b, 0, 100)->undo.attrs =
		(struct via_vf_attrs){.known = BIT(VLAN), .vlan_proto = VIA_VLAN_PROTO_8021Q};
	bind_step(b, 1, "vfio-pci");
	assert_int_equal(run(b), 5);
	undo(b, 4);
	assert_string_equal(DRIVER(b, VIA_PCI_DEVICES "/" VF1_ADDR), "");
	undo(b, 3);
	undo(b, 2);
	assert_string_equal(via_fake_text(b->f, PF_PATH "/sriov_numvfs"), "0");
	undo(b, 1);
	assert_string_equal(via_fake_text(b->f, "sys/class/net/eth0/mtu"), "1500");
	undo(b, 0);
	assert_string_equal(via_fake_text(b->f, PF_PATH "/sriov_drivers_autoprobe"), "1");
}

static void test_undo_of_unbind_binds(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	strcpy(vf_step(b, VIA_STEP_UNBIND, 0)->undo.text, "igbvf");
	assert_int_equal(run(b), 1);
	undo(b, 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	assert_string_equal(via_fake_text(b->f, VF0_PATH "/driver_override"), "(null)");
}

static void test_undo_keeps_guards(void **state)
{
	struct bench *b = *state;
	struct via_step_result r;

	make_vfs(b, 1, false);
	bind_step(b, 0, "vfio-pci")->has_undo = true;
	assert_int_equal(run(b), 1);
	via_fake_add_guest(b->f, 812, "web1", "5b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d", VF0_ADDR);
	via_execute_undo(b->k, &b->steps[0], &r);
	assert_int_equal(r.state, VIA_STEP_FAILED);
	assert_int_equal(r.code, VIA_REFUSED_IN_USE);
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
	b->steps[0].has_undo = false;
	via_execute_undo(b->k, &b->steps[0], &r);
	assert_int_equal(r.code, VIA_REFUSED_UNSUPPORTED);
	assert_non_null(strstr(r.message, "no undo"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_num_vfs),
		TEST(test_num_vfs_never_other_to_other), TEST(test_num_vfs_errors),
		TEST(test_num_vfs_driver_limit), TEST(test_num_vfs_fewer),
		TEST(test_num_vfs_no_driver), TEST(test_num_vfs_waits_for_links),
		TEST(test_num_vfs_not_sriov), TEST(test_autoprobe), TEST(test_mtu),
		TEST(test_vf_mtu), TEST(test_up_waits_for_carrier), TEST(test_msix),
		TEST(test_msix_needs_no_driver), TEST(test_eswitch), TEST(test_bind_and_unbind),
		TEST(test_stops_at_first_failure), TEST(test_progress), TEST(test_undo_each),
		TEST(test_undo_of_unbind_binds), TEST(test_undo_keeps_guards)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
