/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims against what is: what is being cleaned, what is elsewhere, what runs without one. */
#include "test_reconcile.h"

/* --- what is being cleaned --- */

static void test_device_plugin_714_cleaning_waits_for_its_holder(void **state)
{
	static const enum via_claim_state states[] = {VIA_CLAIM_RELEASING, VIA_CLAIM_QUARANTINED};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(states); i++) {
		autonow n;
		struct via_claim *c;

		start(&n);
		c = claim(&n, VF10, states[i], VIA_CLAIM_HOOK);
		strcpy(c->reason, "VLAN left");
		assert_only(&n, VIA_RECONCILE_CLEAN, VF10, "VLAN left: the next try is due");
		n.not_due = true;
		assert_nothing(&n);
		n.not_due = false;
		list_in(&n, 0, VF10);
		assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "does not hold");
		n.claimed_ms = 9000;
		assert_only(&n, VIA_RECONCILE_CLEAN, VF10, "due");
		hold(&n, VF10, UUID_A);
		assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
			"VLAN left, but VM web (UUID " UUID_A ") still holds it; stop the VM");
	}
}

static void test_quarantined_without_a_vm(void **state)
{
	autonow n;
	struct via_claim *c;

	(void)state;
	start(&n);
	c = claim(&n, VF10, VIA_CLAIM_QUARANTINED, VIA_CLAIM_HOOK);
	c->uuid[0] = c->name[0] = '\0';
	assert_only(&n, VIA_RECONCILE_CLEAN, VF10, "due");
	hold_by(n.inv, VF10, VIA_HOLDER_DOMAIN, "", "");
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "holds it");
}

/* --- functions that are not there, or elsewhere --- */

static void test_the_function_is_gone(void **state)
{
	autonow n;
	struct via_claim *c;

	(void)state;
	start(&n);
	c = claim(&n, VF11, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	host_set_vfs(&n.h.pfs[0], 1);
	again(&n);
	list_in(&n, 0, VF11);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF11, "has no VF 1 (that was " VF11 ")");
	n.list[0].active = false;
	assert_only(&n, VIA_RECONCILE_RELEASE, VF11, "has no VF 1");
	n.domains.connected = false;
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF11, "is claimed by VM web");
	strcpy(c->boot_id, "0");
	assert_only(&n, VIA_RECONCILE_RELEASE, VF11, "booted since");
	c->origin = VIA_CLAIM_REQUEST;
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF11, "is claimed by VM web");
	c->state = VIA_CLAIM_PREPARING;
	assert_only(&n, VIA_RECONCILE_RELEASE, VF11, "");
	c->state = VIA_CLAIM_QUARANTINED;
	assert_only(&n, VIA_RECONCILE_CLEAN, VF11, "due");
}

static void test_another_card_at_the_address(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	n.h.pfs[0].mac = mac_of("52:54:00:76:00:09");
	again(&n);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "another card is at " PF1);
	/* Whoever holds what stands there now is no owner of what was claimed. */
	hold(&n, VF10, UUID_A);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "another card is at " PF1);
}

static void test_a_whole_nic_that_a_vm_has_shows_nothing(void **state)
{
	autonow n;
	struct via_claim *c;

	(void)state;
	start(&n);
	c = claim(&n, PF1, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	host_set_vfs(&n.h.pfs[0], 0);
	n.h.pfs[0].name[0] = '\0';
	again(&n);
	hold(&n, PF1, UUID_A);
	assert_nothing(&n);
	/* After a boot it may be another one. */
	strcpy(c->boot_id, "0");
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, PF1, "cannot be told");
	c->state = VIA_CLAIM_QUARANTINED;
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, PF1, "cannot be told");
}

static void shift(struct now *n)
{
	struct via_mac first = n->h.pfs[0].mac, second = n->h.pfs[1].mac;

	add_card(&n->h, "0000:03:00.0", "eth2");
	n->h.pfs[0].mac = mac_of("52:54:00:76:00:09");
	n->h.pfs[1].mac = first;
	n->h.pfs[2].mac = second;
	again(n);
}

static void test_harvester_6518_claims_follow_their_cards(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	claim(&n, VF20, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	shift(&n);
	run(&n);
	assert_int_equal(n.got.n, 2);
	assert_int_equal(n.got.list[0].kind, VIA_RECONCILE_MOVED);
	assert_string_equal(via_addr_fmt(n.got.list[0].addr), VF10);
	assert_string_equal(via_addr_fmt(n.got.list[0].to), VF20);
	assert_int_equal(n.got.list[1].kind, VIA_RECONCILE_MOVED);
	assert_string_equal(via_addr_fmt(n.got.list[1].to), "0000:03:10.0");
	/* Somebody is at work there: not now. */
	n.busy = addr_of("0000:03:10.0");
	run(&n);
	assert_int_equal(n.got.n, 1);
	assert_int_equal(n.got.list[0].kind, VIA_RECONCILE_CONTRADICTION);
	assert_non_null(strstr(n.got.list[0].text, "but that is claimed by VM web"));
}

static void test_a_claim_does_not_move_onto_another(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF10, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	shift(&n);
	/* Made since, where the first one is now. */
	add_claim(&n.claims, claim_on(n.inv, VF20, UUID_B, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST));
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
		"is at " VF20 " now by its identity, but that is claimed by VM db");
}

/* --- what runs without a claim --- */

static void test_adopt(void **state)
{
	autonow n;
	const struct via_reconcile_action *a;

	(void)state;
	start(&n);
	n.h.pfs[0].vfs[0].attrs.mac = mac_of(MAC);
	n.h.pfs[0].vfs[0].attrs.vlan = 100;
	again(&n);
	hold_by(n.inv, VF10, VIA_HOLDER_DOMAIN, "web-x", "4DEA22B3-1d52-d8f3-2516-782e98ab3fa0");
	a = assert_only(&n, VIA_RECONCILE_ADOPT, VF10, "domain web-x (pid 812");
	assert_string_equal(a->claim.uuid, UUID_A);
	assert_string_equal(a->claim.name, "web"); /* libvirt's name of it */
	assert_string_equal(a->claim.network, "blue");
	assert_string_equal(a->claim.boot_id, BOOT);
	assert_true(a->claim.managed);
	assert_false(a->claim.whole);
	assert_int_equal(a->claim.state, VIA_CLAIM_ACTIVE);
	assert_int_equal(a->claim.origin, VIA_CLAIM_ADOPTED);
	assert_int_equal(a->claim.wanted.vlan, 100);
	assert_true(via_mac_eq(a->claim.wanted.mac, mac_of(MAC)));
	assert_int_equal(a->claim.since_us, 77);
	assert_true(a->claim.fn.is_vf && a->claim.fn.has_mac);
	/* What comes of it stands by itself. */
	add_claim(&n.claims, a->claim);
	assert_nothing(&n);
	/* A device of a domain's XML, with a network in our metadata. */
	via_claims_finish(&n.claims);
	list_in(&n, 0, VF10);
	strcpy(n.devs[0].network, "red");
	a = assert_only(&n, VIA_RECONCILE_ADOPT, VF10, "");
	assert_string_equal(a->claim.network, "red");
	n.busy = addr_of(VF10);
	assert_nothing(&n);
}

static void test_adopt_what_is_not_ours(void **state)
{
	autonow n;
	const struct via_reconcile_action *a;

	(void)state;
	start(&n);
	hold(&n, VF20, UUID_A);
	a = assert_only(&n, VIA_RECONCILE_ADOPT, VF20, "");
	assert_false(a->claim.managed);
	via_reconciliation_finish(&n.got);
	n.h.pfs[1].num = 0;
	again(&n);
	hold(&n, PF2, UUID_A);
	a = assert_only(&n, VIA_RECONCILE_ADOPT, PF2, "");
	assert_true(a->claim.whole);
	assert_false(a->claim.fn.is_vf);
	/* A guest's disk controller is none of our business, nor is what no VM holds. */
	device_at(n.inv, PF2)->is_nic = false;
	assert_nothing(&n);
	again(&n);
	hold_by(n.inv, VF10, VIA_HOLDER_PROCESS, "dpdk", NULL);
	assert_nothing(&n);
}

static void test_what_cannot_be_adopted(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	hold(&n, VF10, UUID_A);
	hold(&n, VF10, UUID_A); /* once more by the same VM */
	assert_only(&n, VIA_RECONCILE_ADOPT, VF10, "");
	hold(&n, VF10, UUID_B);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10,
		"domain web (pid 812, UUID " UUID_A ") holds " VF10
		" without a claim, and so does domain db");
	again(&n);
	hold_by(n.inv, VF10, VIA_HOLDER_DOMAIN, "stranger", NULL);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "its UUID is not known");
	again(&n);
	hold_by(n.inv, VF10, VIA_HOLDER_DOMAIN, "db", NULL);
	run(&n);
	assert_int_equal(n.got.n, 1);
	assert_int_equal(n.got.list[0].kind, VIA_RECONCILE_ADOPT);
	assert_string_equal(n.got.list[0].claim.uuid, UUID_B);
	list_in(&n, 0, VF10);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF10, "libvirt has it in domain web");
}

static void test_two_vms_with_one_mac_are_not_both_adopted(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	n.h.pfs[0].vfs[0].attrs.mac = n.h.pfs[0].vfs[1].attrs.mac = mac_of(MAC);
	again(&n);
	hold(&n, VF10, UUID_A);
	hold(&n, VF11, UUID_B);
	run(&n);
	assert_int_equal(n.got.n, 2);
	assert_int_equal(n.got.list[0].kind, VIA_RECONCILE_ADOPT);
	assert_int_equal(n.got.list[1].kind, VIA_RECONCILE_CONTRADICTION);
	assert_non_null(strstr(n.got.list[1].text, "MAC " MAC));
	add_claim(&n.claims, n.got.list[0].claim);
	assert_only(&n, VIA_RECONCILE_CONTRADICTION, VF11, "is also that of " VF10);
}

static void test_actions_come_by_address(void **state)
{
	autonow n;

	(void)state;
	start(&n);
	claim(&n, VF20, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	claim(&n, VF11, VIA_CLAIM_QUARANTINED, VIA_CLAIM_HOOK);
	hold(&n, VF10, UUID_B);
	run(&n);
	assert_int_equal(n.got.n, 3);
	assert_int_equal(n.got.list[0].kind, VIA_RECONCILE_ADOPT);
	assert_int_equal(n.got.list[1].kind, VIA_RECONCILE_CLEAN);
	assert_int_equal(n.got.list[2].kind, VIA_RECONCILE_RELEASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_plugin_714_cleaning_waits_for_its_holder),
		cmocka_unit_test(test_quarantined_without_a_vm),
		cmocka_unit_test(test_the_function_is_gone),
		cmocka_unit_test(test_another_card_at_the_address),
		cmocka_unit_test(test_a_whole_nic_that_a_vm_has_shows_nothing),
		cmocka_unit_test(test_harvester_6518_claims_follow_their_cards),
		cmocka_unit_test(test_a_claim_does_not_move_onto_another),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_adopt_what_is_not_ours),
		cmocka_unit_test(test_what_cannot_be_adopted),
		cmocka_unit_test(test_two_vms_with_one_mac_are_not_both_adopted),
		cmocka_unit_test(test_actions_come_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
