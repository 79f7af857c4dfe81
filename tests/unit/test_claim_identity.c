/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The function that was meant, when cards are added, changed and moved. */
#include "test_claim_host.h"

static void inventory_cleanup(struct via_inventory **p)
{
	via_inventory_destroy(*p);
}
#define autoinv __attribute__((cleanup(inventory_cleanup))) struct via_inventory

static struct via_identity identity_of(const struct host *h, const char *addr, const char *serial)
{
	autoinv *inv = render(h);
	struct via_identity id;

	if (serial) {
		device_at(inv, PF1)->serial = serial;
		device_at(inv, PF2)->serial = serial;
	}
	via_identity_of(inv, device_at(inv, addr), &id);
	return id;
}

static void assert_found(
	const struct via_inventory *inv, const struct via_identity *id, const char *addr)
{
	const struct via_device *d = NULL;
	struct via_err err = {0};

	if (via_identity_find(inv, id, &d, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(via_addr_fmt(d->addr), addr);
}

static void assert_lost(const struct via_inventory *inv, const struct via_identity *id,
	enum via_refusal code, const char *text)
{
	const struct via_device *d = NULL;
	struct via_err err = {0};

	assert_answer(via_identity_find(inv, id, &d, &err), (int)code, &err, text);
	assert_null(d);
}

static void test_a_vf_goes_by_its_pf(void **state)
{
	struct host h = two_pfs();
	struct via_identity id = identity_of(&h, VF11, "aa-bb");

	(void)state;
	assert_true(id.is_vf);
	assert_int_equal(id.vf_index, 1);
	assert_string_equal(via_addr_fmt(id.pf), PF1);
	assert_true(id.has_mac);
	assert_string_equal(via_mac_fmt(id.mac), "52:54:00:76:00:01");
	assert_string_equal(id.serial, "aa-bb");
	id = identity_of(&h, PF2, NULL);
	assert_false(id.is_vf);
	assert_true(id.has_mac);
	assert_string_equal(id.serial, "");
}

static void test_it_is_where_it_was(void **state)
{
	struct host h = two_pfs();
	struct via_identity vf = identity_of(&h, VF11, NULL), pf = identity_of(&h, PF1, NULL);
	autoinv *inv = render(&h);

	(void)state;
	assert_found(inv, &vf, VF11);
	assert_found(inv, &pf, PF1);
}

static void test_harvester_6518_a_card_was_added_and_addresses_moved(void **state)
{
	struct host h = two_pfs(), after = {.n_pfs = 0};
	struct via_identity vf1 = identity_of(&h, VF11, NULL), vf2 = identity_of(&h, VF20, NULL);
	struct via_identity pf = identity_of(&h, PF1, NULL);
	autoinv *inv = NULL;

	(void)state;
	/* A new card takes the first slot's address, the two others are one bus further. */
	add_card(&after, PF1, "eth0");
	add_card(&after, PF2, "eth1");
	add_card(&after, "0000:03:00.0", "eth2");
	after.pfs[0].mac = mac_of("52:54:00:76:00:09");
	after.pfs[1].mac = h.pfs[0].mac;
	after.pfs[2].mac = h.pfs[1].mac;
	inv = render(&after);
	assert_found(inv, &vf1, "0000:02:10.2");
	assert_found(inv, &vf2, "0000:03:10.0");
	assert_found(inv, &pf, PF2);
}

static void test_another_card_at_the_address(void **state)
{
	struct host h = two_pfs();
	struct via_identity vf = identity_of(&h, VF11, NULL), pf = identity_of(&h, PF1, NULL);
	autoinv *inv = NULL;

	(void)state;
	h.pfs[0].mac = mac_of("52:54:00:76:00:09");
	inv = render(&h);
	assert_lost(inv, &vf, VIA_REFUSED_MISMATCH,
		"another card is at " PF1 " than the one that was meant (MAC 52:54:00:76:00:01)");
	assert_lost(inv, &pf, VIA_REFUSED_MISMATCH, "another card is at " PF1);
}

static void test_another_model_at_the_address(void **state)
{
	struct host h = two_pfs();
	struct via_identity vf = identity_of(&h, VF11, NULL), pf = identity_of(&h, PF1, NULL);
	autoinv *inv = render(&h);

	(void)state;
	device_at(inv, VF11)->device = 0x1520;
	device_at(inv, PF1)->device = 0x1521;
	assert_lost(inv, &vf, VIA_REFUSED_MISMATCH, "is 8086:1520 now, and 8086:10ca was meant");
	assert_lost(inv, &pf, VIA_REFUSED_MISMATCH, "another card");
}

static void test_it_is_gone(void **state)
{
	struct host h = two_pfs();
	struct via_identity vf = identity_of(&h, "0000:01:10.6", NULL);
	struct via_identity pf = identity_of(&h, PF1, NULL);
	autoinv *fewer = NULL, *none = NULL;

	(void)state;
	host_set_vfs(&h.pfs[0], 2);
	fewer = render(&h);
	assert_lost(fewer, &vf, VIA_REFUSED_NOT_FOUND, PF1 " is there and has no VF 3");
	h.pfs[0] = h.pfs[1];
	h.n_pfs = 1;
	none = render(&h);
	assert_lost(none, &vf, VIA_REFUSED_NOT_FOUND, "is not there, nor is its card");
	assert_lost(none, &pf, VIA_REFUSED_NOT_FOUND, PF1 " is not there");
}

static void test_what_cannot_be_seen_does_not_count(void **state)
{
	struct host h = two_pfs();
	struct via_identity both = identity_of(&h, VF10, "aa-bb"),
			    mac = identity_of(&h, VF10, NULL);
	struct via_identity none = mac;
	autoinv *inv = NULL;

	(void)state;
	h.pfs[0].name[0] = '\0';
	inv = render(&h);
	device_at(inv, PF1)->serial = "aa-bb";
	assert_found(inv, &both, VF10);
	device_at(inv, PF1)->serial = "cc-dd";
	assert_lost(inv, &both, VIA_REFUSED_MISMATCH, "another card");
	device_at(inv, PF1)->serial = NULL;
	assert_lost(inv, &both, VIA_REFUSED_MISMATCH, "cannot be told");
	assert_lost(inv, &mac, VIA_REFUSED_MISMATCH, "cannot be told");
	assert_int_equal(via_identity_compare(inv, device_at(inv, VF10), &mac), VIA_IDENTITY_BLIND);
	/* Where nothing was ever known, place and model are all there is. */
	none.has_mac = false;
	assert_found(inv, &none, VF10);
}

static void test_ports_of_one_card_share_its_serial(void **state)
{
	struct host h = two_pfs();
	struct via_identity id = identity_of(&h, VF10, "aa-bb");
	autoinv *inv = NULL;

	(void)state;
	/* The port has lost its net device and moved; the other one is told apart by its function.
	 */
	h.pfs[0].addr = addr_of("0000:05:00.0");
	h.pfs[0].name[0] = '\0';
	h.pfs[1].addr = addr_of("0000:05:00.1");
	inv = render(&h);
	device_at(inv, "0000:05:00.0")->serial = "aa-bb";
	device_at(inv, "0000:05:00.1")->serial = "aa-bb";
	assert_found(inv, &id, "0000:05:10.0");
}

static void test_two_cards_could_be_it(void **state)
{
	struct host h = two_pfs();
	struct via_identity id = identity_of(&h, VF10, "aa-bb");
	autoinv *inv = NULL;

	(void)state;
	h.pfs[0].addr = addr_of("0000:05:00.0");
	h.pfs[1].addr = addr_of("0000:06:00.0");
	h.pfs[0].name[0] = h.pfs[1].name[0] = '\0';
	inv = render(&h);
	device_at(inv, "0000:05:00.0")->serial = "aa-bb";
	device_at(inv, "0000:06:00.0")->serial = "aa-bb";
	assert_lost(inv, &id, VIA_REFUSED_MISMATCH, "2 cards could be the one that was at " PF1);
}

static void test_a_permanent_mac_in_another_namespace_counts(void **state)
{
	struct host h = two_pfs();
	struct via_identity id = identity_of(&h, VF10, NULL);
	autoinv *inv = render(&h);
	struct via_device *pf = device_at(inv, PF1);
	struct via_netdev *n = (struct via_netdev *)via_device_netdev(inv, pf), moved = *n;

	(void)state;
	moved.netns = "blue";
	*n = (struct via_netdev){.name = "lo", .ifindex = n->ifindex};
	pf->n_netdevs = 0;
	inv->netdevs[inv->n_netdevs++] = moved;
	assert_found(inv, &id, VF10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_vf_goes_by_its_pf),
		cmocka_unit_test(test_it_is_where_it_was),
		cmocka_unit_test(test_harvester_6518_a_card_was_added_and_addresses_moved),
		cmocka_unit_test(test_another_card_at_the_address),
		cmocka_unit_test(test_another_model_at_the_address),
		cmocka_unit_test(test_it_is_gone),
		cmocka_unit_test(test_what_cannot_be_seen_does_not_count),
		cmocka_unit_test(test_ports_of_one_card_share_its_serial),
		cmocka_unit_test(test_two_cards_could_be_it),
		cmocka_unit_test(test_a_permanent_mac_in_another_namespace_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
