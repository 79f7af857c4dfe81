/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry: what it lets in, how a claim moves, what it finds broken. */
#include <errno.h>

#include "test_claim.h"

#define PF   "0000:01:00.0"
#define VF0  "0000:01:10.0"
#define VF1  "0000:01:10.2"
#define VF2  "0000:01:10.4"
#define MAC1 "52:54:00:00:00:01"
#define MAC2 "52:54:00:00:00:02"

/* --- in and out --- */

static void test_add_and_look_up(void **state)
{
	autoclaims c = {0};
	struct via_claim two[] = {claim_of(VF1, PF, UUID_A, MAC1), claim_of(VF0, PF, UUID_B, MAC2)};
	struct via_err err = {0};

	(void)state;
	assert_null(via_claims_at(&c, addr_of(VF0)));
	assert_int_equal(via_claims_add(&c, two, 2, &err), 0);
	assert_int_equal(two[0].generation, 1);
	assert_int_equal(two[1].generation, 2);
	assert_int_equal(c.n, 2);
	assert_true(via_addr_eq(c.list[0].fn.addr, addr_of(VF0)));
	assert_string_equal(via_claims_at(&c, addr_of(VF1))->uuid, UUID_A);
	assert_string_equal(via_claims_generation(&c, 2)->uuid, UUID_B);
	assert_null(via_claims_generation(&c, 3));
	assert_null(via_claims_generation(&c, 0));
	assert_null(via_claims_at(&c, addr_of(VF2)));
	assert_whole(&c);
	assert_int_equal(via_claims_add(&c, NULL, 0, &err), 0);
}

static void test_device_plugin_369_one_vf_two_owners(void **state)
{
	static const struct {
		enum via_claim_state there;
		enum via_refusal code;
		const char *text;
	} cases[] = {
		{VIA_CLAIM_PREPARING, VIA_REFUSED_CLAIMED, "VM web (UUID " UUID_A ") (preparing"},
		{VIA_CLAIM_ACTIVE, VIA_REFUSED_CLAIMED, "stop the VM or release the claim"},
		{VIA_CLAIM_RELEASING, VIA_REFUSED_CLAIMED, "being cleaned"},
		{VIA_CLAIM_QUARANTINED, VIA_REFUSED_QUARANTINED, "VLAN left; clean it once more"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autoclaims c = {0};
		struct via_claim first = claim_of(VF0, PF, UUID_A, NULL);
		struct via_claim second = claim_of(VF0, PF, UUID_B, NULL);
		struct via_err err = {0};

		first.state = cases[i].there;
		strcpy(first.reason, "VLAN left");
		add_claim(&c, first);
		assert_answer(via_claims_add(&c, &second, 1, &err), (int)cases[i].code, &err,
			cases[i].text);
		assert_int_equal(c.n, 1);
	}
}

static void test_nova_1969496_pf_and_vf_both_handed_out(void **state)
{
	struct via_claim vf = claim_of(VF0, PF, UUID_A, NULL),
			 pf = claim_of(PF, NULL, UUID_B, NULL);
	struct via_claim both[] = {
		claim_of(VF1, PF, UUID_A, NULL), claim_of(PF, NULL, UUID_A, NULL)};
	autoclaims c = {0};
	struct via_err err = {0};
	uint64_t g;

	(void)state;
	g = add_claim(&c, vf);
	assert_answer(via_claims_add(&c, &pf, 1, &err), VIA_REFUSED_CLAIMED, &err,
		PF " cannot be claimed: " VF0 ", a VF of it, belongs to VM web");
	assert_non_null(via_claims_excluding(&c, addr_of(PF), (struct via_addr){0}, true));
	assert_null(via_claims_excluding(&c, addr_of(VF1), addr_of(PF), false));
	assert_int_equal(via_claims_remove(&c, addr_of(VF0), g, &err), 0);
	add_claim(&c, pf);
	assert_answer(via_claims_add(&c, &vf, 1, &err), VIA_REFUSED_CLAIMED, &err,
		VF0 " cannot be claimed: " PF ", whole and with all its VFs,");
	assert_non_null(via_claims_excluding(&c, addr_of(VF0), addr_of(PF), false));
	assert_null(
		via_claims_excluding(&c, addr_of("0000:02:10.0"), addr_of("0000:02:00.0"), false));
	assert_null(via_claims_excluding(&c, addr_of("0000:09:00.0"), (struct via_addr){0}, false));
	via_claims_finish(&c);
	/* Nor in one and the same step, whoever it is for. */
	assert_int_equal(via_claims_add(&c, both, 2, &err), VIA_REFUSED_CLAIMED);
	assert_int_equal(c.n, 0);
}

static void test_add_is_all_or_nothing(void **state)
{
	struct via_claim list[] = {claim_of(VF0, PF, UUID_A, MAC1), claim_of(VF1, PF, UUID_A, MAC2),
		claim_of(VF2, PF, UUID_A, NULL)};
	struct via_claim twice[] = {
		claim_of(VF0, PF, UUID_A, NULL), claim_of(VF0, PF, UUID_A, NULL)};
	autoclaims c = {0};
	struct via_err err = {0};

	(void)state;
	add_claim(&c, claim_of(VF2, PF, UUID_B, NULL));
	assert_int_equal(via_claims_add(&c, list, 3, &err), VIA_REFUSED_CLAIMED);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.last_generation, 1);
	assert_int_equal(list[0].generation, 0);
	assert_int_equal(via_claims_add(&c, twice, 2, &err), VIA_REFUSED_CLAIMED);
	assert_int_equal(c.n, 1);
	assert_int_equal(via_claims_add(&c, list, 2, &err), 0);
	assert_int_equal(list[1].generation, 3);
	assert_whole(&c);
}

static void test_duplicate_macs(void **state)
{
	static const struct {
		enum via_claim_state there;
		const char *uuid;
		int wanted;
	} cases[] = {
		{VIA_CLAIM_ACTIVE, UUID_B, VIA_REFUSED_DUPLICATE_MAC},
		{VIA_CLAIM_PREPARING, UUID_B, VIA_REFUSED_DUPLICATE_MAC},
		{VIA_CLAIM_RELEASING, UUID_B, VIA_REFUSED_DUPLICATE_MAC},
		{VIA_CLAIM_QUARANTINED, UUID_B, VIA_REFUSED_DUPLICATE_MAC},
		{VIA_CLAIM_ACTIVE, UUID_A, VIA_REFUSED_DUPLICATE_MAC},
		{VIA_CLAIM_PREPARING, UUID_A, VIA_REFUSED_DUPLICATE_MAC},
		{VIA_CLAIM_RELEASING, UUID_A, 0},
		{VIA_CLAIM_QUARANTINED, UUID_A, 0},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_claim there = claim_of(VF0, PF, cases[i].uuid, MAC1);
		struct via_claim wanted = claim_of(VF1, PF, UUID_A, MAC1);
		struct via_err err = {0};
		autoclaims c = {0};

		there.state = cases[i].there;
		add_claim(&c, there);
		assert_answer(via_claims_add(&c, &wanted, 1, &err), cases[i].wanted, &err,
			cases[i].wanted ? "MAC " MAC1 " of " VF1 " is also that of " VF0 : "");
		assert_whole(&c);
	}
}

static void test_no_mac_is_no_duplicate(void **state)
{
	struct via_claim a = claim_of(VF0, PF, UUID_A, NULL), b = claim_of(VF1, PF, UUID_B, NULL);
	autoclaims c = {0};

	(void)state;
	a.wanted.known = b.wanted.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	add_claim(&c, a);
	add_claim(&c, b);
	assert_whole(&c);
}

static void test_insane_claims_are_not_let_in(void **state)
{
	struct via_claim good = claim_of(VF0, PF, UUID_A, MAC1), bad[8];
	struct via_err err = {0};
	autoclaims c = {0};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].uuid[0] = '\0';
	bad[1].fn.pf = (struct via_addr){0};
	bad[2].fn.pf = bad[2].fn.addr;
	bad[3].whole = true;
	bad[4].state = (enum via_claim_state)9;
	strcpy(bad[5].uuid, "4DEA22B3-1d52-d8f3-2516-782e98ab3fa0");
	bad[6].wanted.mac.b[0] = 1;
	bad[7].managed = false;
	bad[7].state = VIA_CLAIM_RELEASING;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++)
		assert_int_equal(via_claims_add(&c, &bad[i], 1, &err), VIA_REFUSED_INVALID);
	assert_int_equal(c.n, 0);
	good.state = VIA_CLAIM_QUARANTINED;
	good.uuid[0] = good.name[0] = '\0';
	add_claim(&c, good);
}

static void test_generations_end_before_they_come_again(void **state)
{
	struct via_claim claim = claim_of(VF0, PF, UUID_A, NULL);
	autoclaims c = {.last_generation = INT64_MAX};
	struct via_err err = {0};

	(void)state;
	assert_answer(via_claims_add(&c, &claim, 1, &err), -EOVERFLOW, &err, "no generations left");
	c.last_generation--;
	assert_int_equal(via_claims_add(&c, &claim, 1, &err), 0);
	assert_whole(&c);
}

/* --- transitions --- */

static const bool legal[4][4] = {
	/*                preparing active releasing quarantined */
	/* preparing */ {false, true, true, false},
	/* active */ {false, false, true, false},
	/* releasing */ {false, false, true, true},
	/* quarantined */ {false, false, true, true},
};

static void test_every_transition(void **state)
{
	(void)state;
	for (int from = 0; from < 4; from++) {
		for (int to = 0; to < 4; to++) {
			struct via_claim claim = claim_of(VF0, PF, UUID_A, NULL);
			struct via_err err = {0};
			autoclaims c = {0};
			uint64_t g;
			int r;

			claim.state = (enum via_claim_state)from;
			strcpy(claim.reason, "old");
			g = add_claim(&c, claim);
			r = via_claims_move(
				&c, addr_of(VF0), g, (enum via_claim_state)to, "new", 7, &err);
			assert_int_equal(r, legal[from][to] ? 0 : VIA_REFUSED_INVALID);
			assert_int_equal(c.list[0].state, r ? from : to);
			assert_string_equal(c.list[0].reason, r ? "old" : "new");
			assert_int_equal(c.list[0].changed_us, r || from == to ? 1000 : 7);
			assert_int_equal(c.list[0].since_us, 1000);
			assert_int_equal(c.list[0].attempts, from == 2 && to == 3);
			assert_int_equal(c.list[0].generation, g);
			assert_whole(&c);
		}
	}
}

static void test_unmanaged_claims_are_never_cleaned(void **state)
{
	struct via_claim claim = claim_of(VF0, PF, UUID_A, NULL);
	struct via_err err = {0};
	autoclaims c = {0};
	uint64_t g;

	(void)state;
	claim.managed = false;
	g = add_claim(&c, claim);
	assert_int_equal(via_claims_move(&c, addr_of(VF0), g, VIA_CLAIM_ACTIVE, NULL, 7, &err), 0);
	assert_answer(via_claims_move(&c, addr_of(VF0), g, VIA_CLAIM_RELEASING, NULL, 8, &err),
		VIA_REFUSED_INVALID, &err, "is unmanaged, active and does not become releasing");
	assert_int_equal(via_claims_remove(&c, addr_of(VF0), g, &err), 0);
	assert_int_equal(c.n, 0);
}

static void test_sriov_cni_219_a_late_release_is_refused(void **state)
{
	struct via_err err = {0};
	autoclaims c = {0};
	uint64_t old, now;

	(void)state;
	old = add_claim(&c, claim_of(VF0, PF, UUID_A, NULL));
	assert_int_equal(via_claims_remove(&c, addr_of(VF0), old, &err), 0);
	now = add_claim(&c, claim_of(VF0, PF, UUID_B, NULL));
	assert_true(now > old);
	assert_answer(via_claims_move(&c, addr_of(VF0), old, VIA_CLAIM_RELEASING, NULL, 1, &err),
		VIA_REFUSED_STALE, &err,
		"has generation 2 by now, not 1: it is another one, of VM db");
	assert_int_equal(via_claims_remove(&c, addr_of(VF0), old, &err), VIA_REFUSED_STALE);
	assert_int_equal(via_claims_drop(&c, addr_of(VF0), old, &err), -EUCLEAN);
	assert_int_equal(err.code, -EUCLEAN);
	assert_int_equal(c.list[0].state, VIA_CLAIM_PREPARING);
	assert_int_equal(via_claims_move(&c, addr_of(VF1), now, VIA_CLAIM_ACTIVE, NULL, 1, &err),
		VIA_REFUSED_NOT_FOUND);
	assert_int_equal(via_claims_remove(&c, addr_of(VF1), now, &err), VIA_REFUSED_NOT_FOUND);
}

static void test_remove_by_state(void **state)
{
	static const bool may[] = {[VIA_CLAIM_PREPARING] = true,
		[VIA_CLAIM_ACTIVE] = false,
		[VIA_CLAIM_RELEASING] = true,
		[VIA_CLAIM_QUARANTINED] = true};

	(void)state;
	for (int s = 0; s < 4; s++) {
		struct via_claim claim = claim_of(VF0, PF, UUID_A, NULL);
		struct via_err err = {0};
		autoclaims c = {0};
		uint64_t g;

		claim.state = (enum via_claim_state)s;
		g = add_claim(&c, claim);
		add_claim(&c, claim_of(VF1, PF, UUID_A, NULL));
		assert_int_equal(via_claims_remove(&c, addr_of(VF0), g, &err),
			may[s] ? 0 : VIA_REFUSED_INVALID);
		assert_int_equal(c.n, may[s] ? 1 : 2);
		assert_non_null(via_claims_at(&c, addr_of(VF1)));
		assert_int_equal(c.last_generation, 2);
	}
}

static void test_a_long_reason_is_cut_between_characters(void **state)
{
	char reason[400];
	struct via_err err = {0};
	autoclaims c = {0};
	uint64_t g;

	(void)state;
	memset(reason, 'x', sizeof(reason));
	memcpy(reason + 254, "\xc3\xa9", 2); /* its second byte is one too many */
	reason[sizeof(reason) - 1] = '\0';
	g = add_claim(&c, claim_of(VF0, PF, UUID_A, NULL));
	assert_int_equal(
		via_claims_move(&c, addr_of(VF0), g, VIA_CLAIM_RELEASING, reason, 1, &err), 0);
	assert_int_equal(strlen(c.list[0].reason), 254);
	assert_int_equal(
		via_claims_move(&c, addr_of(VF0), g, VIA_CLAIM_QUARANTINED, NULL, 1, &err), 0);
	assert_string_equal(c.list[0].reason, "");
}

/* --- replay --- */

static void test_put_and_drop(void **state)
{
	struct via_claim claim = claim_of(VF0, PF, UUID_A, MAC1);
	struct via_err err = {0};
	autoclaims c = {0};

	(void)state;
	claim.generation = 5;
	assert_int_equal(via_claims_put(&c, &claim, &err), 0);
	assert_int_equal(c.last_generation, 5);
	/* The same claim later on, and the same record once more: replay doubles nothing. */
	claim.state = VIA_CLAIM_ACTIVE;
	assert_int_equal(via_claims_put(&c, &claim, &err), 0);
	assert_int_equal(via_claims_put(&c, &claim, &err), 0);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.list[0].state, VIA_CLAIM_ACTIVE);
	/* Another owner, by a newer generation. */
	claim.generation = 6;
	strcpy(claim.uuid, UUID_B);
	assert_int_equal(via_claims_put(&c, &claim, &err), 0);
	assert_int_equal(c.n, 1);
	assert_string_equal(c.list[0].uuid, UUID_B);
	assert_int_equal(via_claims_drop(&c, addr_of(VF0), 6, &err), 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(via_claims_drop(&c, addr_of(VF0), 6, &err), -EUCLEAN);
	/* One that has moved keeps its generation. */
	claim.fn.addr = addr_of(VF1);
	claim.fn.vf_index = 1;
	assert_int_equal(via_claims_put(&c, &claim, &err), 0);
	assert_int_equal(add_claim(&c, claim_of(VF0, PF, UUID_A, NULL)), 7);
	assert_whole(&c);
}

static void test_put_refuses_what_breaks_an_invariant(void **state)
{
	struct via_claim there = claim_of(VF0, PF, UUID_A, MAC1), bad[6];
	struct via_err err = {0};
	autoclaims c = {0};

	(void)state;
	there.generation = 5;
	assert_int_equal(via_claims_put(&c, &there, &err), 0);
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++)
		bad[i] = claim_of(VF1, PF, UUID_B, MAC2);
	bad[0].generation = 0;
	bad[1].generation = 5; /* stands for another one */
	bad[2] = there, bad[2].generation = 4;
	bad[3] = claim_of(PF, NULL, UUID_B, NULL), bad[3].generation = 6;
	bad[4].generation = 6, bad[4].wanted.mac = mac_of(MAC1);
	bad[5].generation = 6, bad[5].uuid[0] = '\0';
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++) {
		err = (struct via_err){0};
		assert_int_equal(via_claims_put(&c, &bad[i], &err), -EUCLEAN);
		assert_int_equal(err.code, -EUCLEAN);
		assert_string_not_equal(err.msg, "");
		assert_int_equal(c.n, 1);
		assert_int_equal(c.last_generation, 5);
	}
}

/* --- the check of all of it --- */

typedef void break_fn(struct via_claims *c);

static void break_nothing(struct via_claims *c)
{
	(void)c;
}
static void break_order(struct via_claims *c)
{
	struct via_claim first = c->list[0];

	c->list[0] = c->list[1];
	c->list[1] = first;
}
static void break_address(struct via_claims *c)
{
	c->list[1].fn.addr = c->list[0].fn.addr;
}
static void break_exclusion(struct via_claims *c)
{
	c->list[0].fn.is_vf = c->list[0].whole = false;
	c->list[0].fn.addr = c->list[1].fn.pf;
}
static void break_generation(struct via_claims *c)
{
	c->list[1].generation = c->list[0].generation;
}
static void break_no_generation(struct via_claims *c)
{
	c->list[1].generation = 0;
}
static void break_newest(struct via_claims *c)
{
	c->last_generation = 1;
}
static void break_range(struct via_claims *c)
{
	c->last_generation = UINT64_MAX;
}
static void break_mac(struct via_claims *c)
{
	c->list[1].wanted.mac = c->list[0].wanted.mac;
}
static void break_vm(struct via_claims *c)
{
	c->list[1].uuid[0] = '\0';
}
static void break_drains(struct via_claims *c)
{
	c->drains[1] = c->drains[0];
}

static void test_every_broken_invariant_is_found(void **state)
{
	static const struct {
		break_fn *fn;
		const char *text;
	} cases[] = {
		{break_nothing, NULL},
		{break_order, "out of order"},
		{break_address, "belongs to VM web"},
		{break_exclusion, "whole and with all its VFs"},
		{break_generation, "generation 1 stands for claims on " VF0 " and on " VF1},
		{break_no_generation, "has generation 0"},
		{break_newest, "the newest one ever is 1"},
		{break_range, "out of range"},
		{break_mac, "is also that of " VF0},
		{break_vm, "names no VM"},
		{break_drains, "drains are out of order"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_err err = {0};
		autoclaims c = {0};

		add_claim(&c, claim_of(VF0, PF, UUID_A, MAC1));
		add_claim(&c, claim_of(VF1, PF, UUID_B, MAC2));
		assert_int_equal(via_claims_drain(&c, addr_of(PF), "", 1, &err), 0);
		assert_int_equal(via_claims_drain(&c, addr_of("0000:02:00.0"), "", 1, &err), 0);
		cases[i].fn(&c);
		assert_answer(via_claims_check(&c, &err), cases[i].text ? -EUCLEAN : 0, &err,
			cases[i].text ? cases[i].text : "");
	}
}

/* --- copies, drains, domains --- */

static void test_a_copy_is_deep(void **state)
{
	struct via_err err = {0};
	autoclaims c = {0}, empty = {0}, copy = {0};

	(void)state;
	assert_int_equal(via_claims_copy(&empty, &copy), 0);
	assert_int_equal(copy.n, 0);
	add_claim(&c, claim_of(VF0, PF, UUID_A, MAC1));
	assert_int_equal(via_claims_drain(&c, addr_of(PF), "why", 3, &err), 0);
	assert_int_equal(via_claims_copy(&c, &copy), 0);
	c.list[0].state = VIA_CLAIM_ACTIVE;
	strcpy(c.drains[0].cause, "changed");
	assert_int_equal(copy.n, 1);
	assert_int_equal(copy.last_generation, 1);
	assert_int_equal(copy.list[0].state, VIA_CLAIM_PREPARING);
	assert_string_equal(copy.drains[0].cause, "why");
	add_claim(&copy, claim_of("0000:02:10.0", "0000:02:00.0", UUID_B, MAC2));
	assert_int_equal(c.n, 1);
	assert_whole(&copy);
}

static void test_drain(void **state)
{
	struct via_claim vf = claim_of(VF0, PF, UUID_A, NULL),
			 pf = claim_of(PF, NULL, UUID_A, NULL);
	struct via_claim adopted = vf;
	struct via_err err = {0};
	autoclaims c = {0};

	(void)state;
	assert_int_equal(via_claims_drain(&c, addr_of("0000:02:00.0"), "b", 2, &err), 0);
	assert_int_equal(via_claims_drain(&c, addr_of(PF), "request", 1, &err), 0);
	assert_int_equal(via_claims_drain(&c, addr_of(PF), "again", 9, &err), 0);
	assert_int_equal(c.n_drains, 2);
	assert_string_equal(c.drains[0].cause, "request");
	assert_int_equal(c.drains[0].since_us, 1);
	assert_true(via_claims_drained(&c, addr_of(PF)));
	assert_answer(via_claims_add(&c, &vf, 1, &err), VIA_REFUSED_DRAINING, &err,
		PF " takes no new claims and " VF0 " is on it");
	assert_int_equal(via_claims_add(&c, &pf, 1, &err), VIA_REFUSED_DRAINING);
	adopted.origin = VIA_CLAIM_ADOPTED;
	adopted.state = VIA_CLAIM_ACTIVE;
	add_claim(&c, adopted);
	via_claims_undrain(&c, addr_of(PF));
	via_claims_undrain(&c, addr_of(PF));
	assert_false(via_claims_drained(&c, addr_of(PF)));
	assert_int_equal(c.n_drains, 1);
	add_claim(&c, claim_of(VF1, PF, UUID_A, NULL));
	assert_whole(&c);
}

static void test_domains(void **state)
{
	struct via_domain list[] = {{.uuid = UUID_A, .name = "web"}, {.uuid = UUID_B, .name = "db"},
		{.uuid = "6dea22b3-1d52-d8f3-2516-782e98ab3fa1", .name = "twin"},
		{.uuid = "7dea22b3-1d52-d8f3-2516-782e98ab3fa1", .name = "twin"}};
	struct via_domains d = {.n = VIA_ARRAY_SIZE(list), .list = list}, none = {0};
	struct via_domains heap = {.connected = true, .n = 1, .list = calloc(1, sizeof(*list))};

	(void)state;
	assert_ptr_equal(via_domains_find(&d, UUID_B), &list[1]);
	assert_null(via_domains_find(&d, "8dea22b3-1d52-d8f3-2516-782e98ab3fa1"));
	assert_null(via_domains_find(&none, UUID_A));
	assert_ptr_equal(via_domains_named(&d, "web"), &list[0]);
	assert_ptr_equal(via_domains_named(&d, "5DEA22B3-1d52-d8f3-2516-782e98ab3fa1"), &list[1]);
	assert_null(via_domains_named(&d, "twin"));
	assert_null(via_domains_named(&d, "nobody"));
	assert_null(via_domains_named(&none, "web"));
	assert_non_null(heap.list);
	heap.list[0].n_devs = 1;
	heap.list[0].devs = calloc(1, sizeof(struct via_domain_dev));
	via_domains_finish(&heap);
	assert_null(heap.list);
	assert_false(heap.connected);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(via_claim_state_name(VIA_CLAIM_QUARANTINED), "quarantined");
	assert_string_equal(via_claim_origin_name(VIA_CLAIM_ADOPTED), "adopted");
	assert_string_equal(via_claim_state_name((enum via_claim_state)77), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_look_up),
		cmocka_unit_test(test_device_plugin_369_one_vf_two_owners),
		cmocka_unit_test(test_nova_1969496_pf_and_vf_both_handed_out),
		cmocka_unit_test(test_add_is_all_or_nothing),
		cmocka_unit_test(test_duplicate_macs),
		cmocka_unit_test(test_no_mac_is_no_duplicate),
		cmocka_unit_test(test_insane_claims_are_not_let_in),
		cmocka_unit_test(test_generations_end_before_they_come_again),
		cmocka_unit_test(test_every_transition),
		cmocka_unit_test(test_unmanaged_claims_are_never_cleaned),
		cmocka_unit_test(test_sriov_cni_219_a_late_release_is_refused),
		cmocka_unit_test(test_remove_by_state),
		cmocka_unit_test(test_a_long_reason_is_cut_between_characters),
		cmocka_unit_test(test_put_and_drop),
		cmocka_unit_test(test_put_refuses_what_breaks_an_invariant),
		cmocka_unit_test(test_every_broken_invariant_is_found),
		cmocka_unit_test(test_a_copy_is_deep),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
