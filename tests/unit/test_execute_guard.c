/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last look: a step never runs on another card, on a PF instead of a VF, or on what is held. */
#include "test_execute.h"

#define UUID "5b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d"

/* Nothing was written when a guard says no. */
static void assert_untouched(struct bench *b)
{
	char *journal = via_fake_journal(b->f);

	assert_string_equal(journal, "");
	free(journal);
}

static void forget(struct bench *b)
{
	free(via_fake_journal(b->f));
}

static void test_other_card(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	via_fake_swap_card(b->f, PF_ADDR, "52:54:00:76:00:99");
	forget(b);
	pf_step(b, VIA_STEP_NUM_VFS, 0);
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, PF_ADDR, "52:54:00:76:00:99", "52:54:00:76:00:01");
	vlan_step(b, 0, 5);
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "another card");
	bind_step(b, 0, "vfio-pci");
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "another card");
	assert_untouched(b);
}

static void test_other_ids(void **state)
{
	struct bench *b = *state;

	pf_step(b, VIA_STEP_NUM_VFS, 2)->device = 0x1521;
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "8086:10c9", "8086:1521");
	assert_untouched(b);
}

static void test_gone(void **state)
{
	struct bench *b = *state;

	vlan_step(b, 3, 5);
	ASSERT_FAILS(b, VIA_REFUSED_NOT_FOUND, "0000:01:10.6", "not there");
	assert_untouched(b);
}

static void test_netdev_in_other_namespace(void **state)
{
	struct bench *b = *state;

	/* The card can still be told, and what needs no net device goes on. */
	via_fake_move_netns(b->f, b->eth0, "blue");
	pf_step(b, VIA_STEP_AUTOPROBE, 0);
	assert_done(b);
	pf_step(b, VIA_STEP_PF_MTU, 2000);
	ASSERT_FAILS(b, -ENODEV, PF_ADDR, "network namespace");
}

static void test_netdev_gone(void **state)
{
	struct bench *b = *state;

	via_kernel_write_str(b->k, PF_PATH "/driver/unbind", PF_ADDR);
	forget(b);
	pf_step(b, VIA_STEP_AUTOPROBE, 0);
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "no net device any more", "52:54:00:76:00:01");
	assert_untouched(b);
	/* Giving the PF itself to a driver is how it gets one back. */
	struct via_step *s = pf_step(b, VIA_STEP_BIND, 0);
	strcpy(s->set.text, "igb");
	assert_done(b);
	assert_string_equal(DRIVER(b, PF_PATH), "igb");
}

/* sriov-network-operator, pull request 797: the PF was unbound instead of a VF. */
static void test_pf_instead_of_vf(void **state)
{
	struct bench *b = *state;
	struct via_step *s;

	make_vfs(b, 1, false);
	forget(b);
	s = vf_step(b, VIA_STEP_UNBIND, 0);
	s->target = addr(PF_ADDR);
	s->device = 0x10c9;
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, PF_ADDR, "physfn");
	assert_untouched(b);
	assert_string_equal(DRIVER(b, PF_PATH), "igb");
}

static void test_vf_instead_of_pf(void **state)
{
	struct bench *b = *state;
	struct via_step *s;

	make_vfs(b, 1, false);
	forget(b);
	s = pf_step(b, VIA_STEP_UNBIND, 0);
	s->target = addr(VF0_ADDR);
	s->device = 0x10ca;
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, VF0_ADDR, "is a VF");
	assert_untouched(b);
}

/* The address belongs to another VF of the PF than the step thinks. */
static void test_vf_replaced(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	forget(b);
	vlan_step(b, 0, 5)->target = addr(VF1_ADDR);
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "virtfn0", VF0_ADDR, VF1_ADDR);
	/* And to a VF of another PF. */
	via_fake_symlink(b->f, VF0_PATH "/physfn", "../0000:09:00.0");
	vlan_step(b, 0, 5);
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "physfn", "0000:09:00.0");
	assert_untouched(b);
}

static void test_held_by_guest(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	bind_step(b, 1, "vfio-pci");
	assert_done(b);
	via_fake_add_guest(b->f, 812, "web1", UUID, VF1_ADDR);
	forget(b);
	pf_step(b, VIA_STEP_NUM_VFS, 0);
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF1_ADDR, "web1", "812");
	vf_step(b, VIA_STEP_UNBIND, 1);
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF1_ADDR, "web1");
	bind_step(b, 1, "igbvf");
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF1_ADDR, "web1");
	via_fake_set_eswitch(b->f, PF_ADDR, "legacy", true);
	strcpy(pf_step(b, VIA_STEP_ESWITCH, 0)->set.text, "switchdev");
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF1_ADDR, "web1");
	assert_untouched(b);
	/* What disturbs nobody goes on. */
	vlan_step(b, 1, 7);
	assert_done(b);
	via_fake_kill(b->f, 812);
	pf_step(b, VIA_STEP_NUM_VFS, 0);
	assert_done(b);
}

static void test_held_by_process(void **state)
{
	static const char *const argv[] = {"/usr/bin/dpdk-testpmd", NULL};
	struct bench *b = *state;

	make_vfs(b, 1, false);
	bind_step(b, 0, "vfio-pci");
	assert_done(b);
	via_fake_add_process(b->f, 77, "dpdk-testpmd", argv);
	via_fake_hold(b->f, 77, VF0_ADDR);
	vf_step(b, VIA_STEP_UNBIND, 0);
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR, "dpdk-testpmd", "77");
}

/* The host's net device of a VF, up and with an address. */
static void host_uses(struct bench *b, const char *name)
{
	struct via_link_set up = {.has_up = true, .up = true};
	int vf = via_fake_ifindex(b->f, name);

	assert_int_not_equal(vf, 0);
	assert_int_equal(b->k->ops->set_link(b->k, vf, &up, NULL), 0);
	via_fake_add_addr(b->f, vf, "10.1.1.1/24");
}

static void test_held_by_host(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	host_uses(b, "eth1");
	bind_step(b, 0, "vfio-pci");
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR, "10.1.1.1/24");
	pf_step(b, VIA_STEP_NUM_VFS, 0);
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR);
}

static void test_held_in_other_namespace(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	via_fake_move_netns(b->f, via_fake_ifindex(b->f, "eth1"), "blue");
	bind_step(b, 0, "vfio-pci");
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR, "blue");
}

/* The holder comes between the plan and the act. */
static void guest_starts(struct via_fake *f, void *user)
{
	(void)user;
	via_fake_add_guest(f, 900, "late1", UUID, VF0_ADDR);
}

static void test_holder_appears(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	bind_step(b, 0, "vfio-pci");
	assert_done(b);
	pf_step(b, VIA_STEP_AUTOPROBE, 1);
	vf_step(b, VIA_STEP_UNBIND, 0);
	via_fake_after(b->f, "write:*/sriov_drivers_autoprobe", guest_starts, NULL);
	assert_int_equal(run(b), 1);
	assert_int_equal(b->results[1].code, VIA_REFUSED_IN_USE);
	assert_non_null(strstr(b->results[1].message, "late1"));
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
}

static void test_shared_group(void **state)
{
	struct bench *b = *state;

	via_fake_set_traits(b->f, PF_ADDR, &(struct via_fake_pf_traits){.shared_group = true});
	make_vfs(b, 2, true);
	host_uses(b, "eth2");
	forget(b);
	/* VF 1 is in the group and the host uses it. */
	bind_step(b, 0, "vfio-pci");
	ASSERT_FAILS(b, VIA_REFUSED_UNSAFE_GROUP, VF0_ADDR, VF1_ADDR, "10.1.1.1/24");
	assert_untouched(b);
	/* That does not keep VF 0 from no driver, or from the host's own. */
	vf_step(b, VIA_STEP_UNBIND, 0);
	bind_step(b, 0, "igbvf");
	assert_done(b);
}

/* A guest with one function of a group open has them all. */
static void test_group_held_by_guest(void **state)
{
	struct bench *b = *state;

	via_fake_set_traits(b->f, PF_ADDR, &(struct via_fake_pf_traits){.shared_group = true});
	make_vfs(b, 2, true);
	bind_step(b, 1, "vfio-pci");
	assert_done(b);
	via_fake_add_guest(b->f, 812, "web1", UUID, VF1_ADDR);
	forget(b);
	vf_step(b, VIA_STEP_UNBIND, 0);
	ASSERT_FAILS(b, VIA_REFUSED_UNSAFE_GROUP, VF0_ADDR, VF1_ADDR, "web1");
	assert_untouched(b);
}

static void test_pf_with_vfs(void **state)
{
	struct bench *b = *state;
	struct via_step *s;

	make_vfs(b, 2, false);
	via_fake_carrier(b->f, b->eth0, true);
	s = pf_step(b, VIA_STEP_BIND, 0);
	strcpy(s->set.text, "vfio-pci");
	assert_int_equal(run(b), 0);
	assert_int_equal(b->results[0].code, VIA_REFUSED_IN_USE);
	assert_string_equal(DRIVER(b, PF_PATH), "igb");
}

static void test_proc_unreadable(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	bind_step(b, 0, "vfio-pci");
	assert_done(b);
	forget(b);
	/* Not known is not free. */
	via_fake_fail(b->f, "list:proc", 0, EIO);
	vf_step(b, VIA_STEP_UNBIND, 0);
	ASSERT_FAILS(b, -EIO, VF0_ADDR, "cannot be found out");
	assert_untouched(b);
}

/* A guest was started on the VF after the plan: it keeps the address that it has. */
static void test_mac_of_a_started_guest(void **state)
{
	struct bench *b = *state;
	struct via_step *s;

	make_vfs(b, 1, false);
	bind_step(b, 0, "vfio-pci");
	assert_done(b);
	via_fake_add_guest(b->f, 812, "web1", UUID, VF0_ADDR);
	s = vf_step(b, VIA_STEP_VF_ATTRS, 0);
	s->set.attrs.known = BIT(MAC);
	s->set.attrs.mac = (struct via_mac){{2, 0, 0, 0, 0, 1}};
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR, "web1");
	/* Its VLAN is the host's to set. */
	vlan_step(b, 0, 5);
	assert_done(b);
}

/* A new VF that its driver took by itself, and the host's network manager right after it. */
static void test_bound_already(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	host_uses(b, "eth1");
	bind_step(b, 0, "igbvf")->set.override[0] = '\0';
	assert_done(b);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	bind_step(b, 0, "vfio-pci");
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR);
}

/* Of a link state that is no failure. A VLAN is a wall: without it the VF goes no further. */
static void test_missing_vlan_stops(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	b->unsupported = BIT(VLAN);
	vlan_step(b, 0, 0);
	assert_done(b);
	vlan_step(b, 0, 5);
	ASSERT_FAILS(b, VIA_REFUSED_UNSUPPORTED, "VF 0 of", "vlan 5: unsupported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_other_card), TEST(test_other_ids),
		TEST(test_gone), TEST(test_netdev_in_other_namespace), TEST(test_netdev_gone),
		TEST(test_pf_instead_of_vf), TEST(test_vf_instead_of_pf), TEST(test_vf_replaced),
		TEST(test_held_by_guest), TEST(test_held_by_process), TEST(test_held_by_host),
		TEST(test_held_in_other_namespace), TEST(test_holder_appears),
		TEST(test_shared_group), TEST(test_group_held_by_guest), TEST(test_pf_with_vfs),
		TEST(test_proc_unreadable), TEST(test_mac_of_a_started_guest),
		TEST(test_bound_already), TEST(test_missing_vlan_stops)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
