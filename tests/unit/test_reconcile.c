/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims against what is: whose VM runs, whose is gone, and who else has it. */
#include "test_reconcile.h"

/* --- a VM that runs with what it was given --- */

/* It cannot be told what a VM has that libvirt does not let be read: its teamed VF may not be open
 * yet. */
static void test_a_vm_that_cannot_be_read_is_not_gone(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	n.list[0].active = n.list[0].unread = true;
	assert_nothing(&n);
	n.list[0].unread = false;
	assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "no such VM running with it");
}

static void test_device_plugin_565_a_running_vm_keeps_its_vf(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	assert_nothing(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	hold(&n, VF10, UUID_A);
	list_in(&n, 0, VF10);
	assert_nothing(&n);
	/* libvirtd is away, or has never been asked, or does not know of it: its process says it.
	 */
	n.domains.connected = false;
	assert_nothing(&n);
	n.domains.connected = true;
	n.list[0].active = false;
	assert_nothing(&n);
	n.domains.n = 0;
	assert_nothing(&n);
}

static void test_a_teamed_guest_that_does_not_hold_it_yet(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	list_in(&n, 0, VF10);
	assert_nothing(&n);
	/* An old listing that says so is still a sign. */
	n.claimed_ms = 9000;
	assert_nothing(&n);
	n.domains.connected = false;
	assert_nothing(&n);
}

static void test_holder_without_a_uuid_goes_by_its_name(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	hold_by(n.inv, VF10, VIA_HOLDER_DOMAIN, "web", NULL);
	assert_nothing(&n);
}

/* --- a VM that is gone --- */

static void test_release_needs_a_listing_newer_than_the_claim(void **state)
{
	static const enum via_claim_origin origins[] = {VIA_CLAIM_HOOK, VIA_CLAIM_ADOPTED};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(origins); i++) {
		autonow n;

		start(&n);
		claim(&n, VF10, VIA_CLAIM_ACTIVE, origins[i]);
		assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "libvirt has no such VM");
		n.claimed_ms = 500;
		assert_nothing(&n);
		n.claimed_ms = 501;
		assert_nothing(&n);
		n.claimed_ms = 499;
		assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "VM web (UUID " UUID_A ")");
		n.domains.connected = false;
		assert_nothing(&n);
	}
}

static void test_a_vm_that_runs_without_the_device_has_let_go(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	list_in(&n, 0, VF20);
	assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "nothing holds it");
	/* Not while it still has it open: the guest has not let go. */
	hold(&n, VF10, UUID_A);
	assert_nothing(&n);
}

static void test_a_claim_by_request_stays(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	assert_nothing(&n);
	n.domains.n = 0;
	assert_nothing(&n);
}

static void test_an_earlier_boot_ends_what_ends_with_its_vm(void **state)
{
	autonow n;
	struct via_claim *c;

	(void)state;
	start(&n);
	c = claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	strcpy(c->boot_id, "0");
	n.domains.connected = false;
	assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "the host was booted since");
	/* A boot that is not known is no other one. */
	c->boot_id[0] = '\0';
	assert_nothing(&n);
	strcpy(c->boot_id, "0");
	n.inv->host.boot_id = NULL;
	assert_nothing(&n);
}

static void test_an_earlier_boot_renews_a_claim_by_request(void **state)
{
	autonow n;
	struct via_claim *c;

	(void)state;
	start(&n);
	c = claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	strcpy(c->boot_id, "0");
	assert_only(&n, VIA_RECONCILE_REBOOT, VF10, "by the identity of its card");
	hold(&n, VF10, UUID_A);
	assert_only(&n, VIA_RECONCILE_REBOOT, VF10, "as wanted");
	c->wanted = (struct via_vf_attrs){.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN), .vlan = 100};
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "its vlan is none, and 100 was wanted");
}

static bool never_due(const struct via_claim *c, void *user)
{
	(void)c;
	(void)user;
	return false;
}

static void test_a_claim_by_request_that_lost_its_vlan_is_renewed(void **state)
{
	struct via_claim *c;
	autonow n;

	(void)state;
	start(&n);
	c = claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	c->wanted = (struct via_vf_attrs){.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN), .vlan = 100};
	assert_only(&n, VIA_RECONCILE_RENEW, VF10, "its vlan is none, and 100 was wanted");
	n.renew_due = never_due;
	assert_nothing(&n);
	n.renew_due = NULL;
	/* What it can do without may differ: the driver may not have it. */
	c->wanted =
		(struct via_vf_attrs){.known = VIA_ATTR_BIT(VIA_VF_ATTR_RATE), .max_tx_mbps = 100};
	assert_nothing(&n);
	c->wanted = (struct via_vf_attrs){.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN), .vlan = 100};
	/* A guest that runs on it has the last word, as has one that is about to. */
	list_in(&n, 0, VF10);
	assert_nothing(&n);
	n.list[0].active = false;
	hold(&n, VF10, UUID_A);
	assert_nothing(&n);
}

/* --- a claim that was never finished --- */

static void test_sriov_cni_119_half_made_claims_are_finished_or_undone(void **state)
{
	static const enum via_claim_origin origins[] = {
		VIA_CLAIM_HOOK, VIA_CLAIM_ADOPTED, VIA_CLAIM_REQUEST};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(origins); i++) {
		autonow n;
		struct via_claim *c;

		start(&n);
		c = claim(&n, VF10, VIA_CLAIM_PREPARING, origins[i]);
		assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "never finished");
		n.domains.connected = false;
		assert_only(&n, VIA_RECONCILE_RELEASE, VF10, "never finished");
		n.domains.connected = true;
		n.busy = addr_of(VF10);
		assert_nothing(&n);
		n.busy = (struct via_addr){0};
		list_in(&n, 0, VF10);
		assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "does not hold");
		n.claimed_ms = 9000;
		assert_nothing(&n); /* wait for a newer listing */
		hold(&n, VF10, UUID_A);
		assert_only(&n, VIA_RECONCILE_CONFIRM, VF10, "as wanted");
		c->wanted.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
		c->wanted.vlan = 100;
		assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "its vlan is none");
	}
}

static void test_as_wanted_is_what_can_be_seen(void **state)
{
	autonow n;
	struct via_claim *c;

	(void)state;
	start(&n);
	n.h.pfs[0].vfs[0].attrs.known &= ~VIA_ATTR_BIT(VIA_VF_ATTR_TRUST);
	n.h.pfs[0].vfs[0].attrs.mac = mac_of(MAC);
	again(&n);
	c = claim(&n, VF10, VIA_CLAIM_PREPARING, VIA_CLAIM_HOOK);
	c->wanted = n.h.pfs[0].vfs[0].attrs;
	c->wanted.known = VIA_ATTR_ALL;
	c->wanted.trust = true; /* the driver does not report it */
	hold(&n, VF10, UUID_A);
	assert_only(&n, VIA_RECONCILE_CONFIRM, VF10, "as wanted");
	/* Where no MAC is administered the guest has one of its own. */
	c->wanted.mac = (struct via_mac){{0}};
	assert_only(&n, VIA_RECONCILE_CONFIRM, VF10, "as wanted");
	c->wanted.mac = mac_of("52:54:00:aa:00:02");
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "its mac is " MAC);
	n.h.pfs[0].name[0] = '\0'; /* its net device is away: nothing can be read back */
	again(&n);
	hold(&n, VF10, UUID_A);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "does not show its attributes");
	c->managed = false;
	assert_only(&n, VIA_RECONCILE_CONFIRM, VF10, "");
}

/* --- two owners --- */

static void test_device_plugin_198_one_vf_two_owners(void **state)
{
	(void)state;
	for (int s = 0; s <= VIA_CLAIM_QUARANTINED; s++) {
		for (int o = 0; o <= VIA_CLAIM_ADOPTED; o++) {
			autonow n;

			start(&n);
			claim(&n, VF10, (enum via_claim_state)s, (enum via_claim_origin)o);
			hold(&n, VF10, UUID_B);
			assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
				"but domain db (pid 812, UUID " UUID_B ") holds it; stop that VM");
			hold(&n, VF10, UUID_A);
			assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
				", which holds it, but domain db");
		}
	}
}

static void test_claimed_and_used_by_something_else(void **state)
{
	static const struct {
		enum via_holder_kind kind;
		const char *name, *text;
	} cases[] = {
		{VIA_HOLDER_PROCESS, "dpdk-testpmd",
			"process dpdk-testpmd (pid 812) holds it; end"},
		{VIA_HOLDER_HOST, "eth0v0", "the host itself (eth0v0"},
		{VIA_HOLDER_NETNS, "blue", "network namespace blue"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autonow n;

		start(&n);
		claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
		hold_by(n.inv, VF10, cases[i].kind, cases[i].name, "");
		assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, cases[i].text);
	}
}

static void test_libvirt_has_it_in_two_running_domains(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	list_in(&n, 0, VF10);
	list_in(&n, 1, VF10);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
		"which runs with it, but libvirt has it in domain db (UUID " UUID_B ") as well");
	/* What an old listing says of others is no reason. */
	n.claimed_ms = 9000;
	assert_nothing(&n);
	n.claimed_ms = 0;
	n.list[1].active = false;
	assert_nothing(&n);
	/* Defined with it and not running: no owner. */
	n.list[0].active = false;
	n.list[1].active = true;
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "libvirt has it in domain db");
}

static void test_listed_in_a_running_domain_and_held_by_nobody(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	list_in(&n, 1, VF10);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
		"libvirt has 0000:01:10.0 in domain db (UUID " UUID_B "), which runs, but nothing");
	n.domains.connected = false;
	assert_nothing(&n);
	n.domains.connected = true;
	n.list[1].active = false;
	assert_nothing(&n);
	/* What no entry manages is not ours to wonder about. */
	list_in(&n, 1, VF20);
	assert_nothing(&n);
}

static void test_nova_1986838_pf_and_vf_held_by_two(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, PF1, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	hold(&n, VF11, UUID_B);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, PF1,
		"holds " VF11 ", a VF of it; a PF goes to one owner");
	via_claims_finish(&n.claims);
	again(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	hold(&n, PF1, UUID_B);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "holds " PF1 ", the PF it is on");
	/* The host using its PF is how it should be. */
	again(&n);
	hold_by(n.inv, PF1, VIA_HOLDER_HOST, "eth0", "has address 10.0.0.1/24");
	assert_nothing(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_plugin_565_a_running_vm_keeps_its_vf),
		cmocka_unit_test(test_a_vm_that_cannot_be_read_is_not_gone),
		cmocka_unit_test(test_a_teamed_guest_that_does_not_hold_it_yet),
		cmocka_unit_test(test_holder_without_a_uuid_goes_by_its_name),
		cmocka_unit_test(test_release_needs_a_listing_newer_than_the_claim),
		cmocka_unit_test(test_a_vm_that_runs_without_the_device_has_let_go),
		cmocka_unit_test(test_a_claim_by_request_stays),
		cmocka_unit_test(test_an_earlier_boot_ends_what_ends_with_its_vm),
		cmocka_unit_test(test_a_claim_by_request_that_lost_its_vlan_is_renewed),
		cmocka_unit_test(test_an_earlier_boot_renews_a_claim_by_request),
		cmocka_unit_test(test_sriov_cni_119_half_made_claims_are_finished_or_undone),
		cmocka_unit_test(test_as_wanted_is_what_can_be_seen),
		cmocka_unit_test(test_device_plugin_198_one_vf_two_owners),
		cmocka_unit_test(test_claimed_and_used_by_something_else),
		cmocka_unit_test(test_libvirt_has_it_in_two_running_domains),
		cmocka_unit_test(test_listed_in_a_running_domain_and_held_by_nobody),
		cmocka_unit_test(test_nova_1986838_pf_and_vf_held_by_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
