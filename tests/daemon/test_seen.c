/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a VM counts as gone, and when what is quarantined is cleaned again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "seen.h"

#define GONE_MS 10000

static struct via_claim claims[2] = {
	{.generation = 7, .state = VIA_CLAIM_ACTIVE, .changed_us = 1},
	{.generation = 3, .state = VIA_CLAIM_QUARANTINED, .changed_us = 2, .attempts = 1},
};
static const struct via_claims registry = {.n = 2, .list = claims};

static struct via_seen make(int64_t now_ms)
{
	struct via_seen s = {0};

	assert_int_equal(via_seen_update(&s, &registry, now_ms), 0);
	return s;
}

static struct via_seen_claim *entry(struct via_seen *s, uint64_t generation)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].generation == generation)
			return &s->list[i];
	fail_msg("no such generation");
	return NULL;
}

static void test_never_at_first_sight(void **state)
{
	struct via_seen s = make(0);

	(void)state;
	assert_true(via_seen_gone_ms(&s, 7, 0, GONE_MS) > via_now_ms() + GONE_MS / 2);
	via_seen_finish(&s);
	s = make(0);
	assert_true(via_seen_gone_ms(&s, 7, 0, 0) > via_now_ms() - 1);
	assert_true(entry(&s, 7)->gone_ms > 0);
	via_seen_finish(&s);
}

static void test_away_long_enough_and_by_a_newer_listing(void **state)
{
	struct via_seen s = make(0);
	int64_t now = via_now_ms();

	(void)state;
	(void)via_seen_gone_ms(&s, 7, 500, GONE_MS);
	entry(&s, 7)->gone_ms = now - GONE_MS + 5000;
	assert_true(via_seen_gone_ms(&s, 7, 501, GONE_MS) > via_now_ms());
	entry(&s, 7)->gone_ms = now - GONE_MS;
	assert_true(via_seen_gone_ms(&s, 7, 500, GONE_MS) > via_now_ms());
	assert_true(via_seen_gone_ms(&s, 7, 501, GONE_MS) <= via_now_ms());
	/* Without a listing, time alone counts. */
	assert_true(via_seen_gone_ms(&s, 7, 0, GONE_MS) <= via_now_ms());
	via_seen_finish(&s);
}

static void test_one_that_came_back_begins_anew(void **state)
{
	const struct via_reconciliation nothing = {0};
	struct via_seen s = make(0);

	(void)state;
	(void)via_seen_gone_ms(&s, 7, 0, GONE_MS);
	entry(&s, 7)->gone_ms = via_now_ms() - GONE_MS;
	via_seen_keep_gone(&s, &nothing);
	assert_true(via_seen_gone_ms(&s, 7, 0, GONE_MS) > via_now_ms());
	entry(&s, 7)->gone_ms = via_now_ms() - GONE_MS;
	via_seen_fresh(&s, 7, via_now_ms());
	assert_true(via_seen_gone_ms(&s, 7, 0, GONE_MS) > via_now_ms());
	assert_true(via_seen_changed_ms(&s, 7) > 0);
	via_seen_finish(&s);
}

static void test_one_that_is_still_gone_stays_so(void **state)
{
	struct via_reconcile_action a = {.kind = VIA_RECONCILE_RELEASE, .generation = 7};
	const struct via_reconciliation rec = {1, &a};
	struct via_seen s = make(0);

	(void)state;
	(void)via_seen_gone_ms(&s, 7, 0, GONE_MS);
	entry(&s, 7)->gone_ms = via_now_ms() - GONE_MS;
	via_seen_keep_gone(&s, &rec);
	assert_int_equal(via_seen_update(&s, &registry, via_now_ms()), 0);
	assert_true(via_seen_gone_ms(&s, 7, 0, GONE_MS) <= via_now_ms());
	via_seen_finish(&s);
}

static void test_changes_are_noticed_and_what_was_before_is_of_no_time(void **state)
{
	struct via_seen s = make(0);

	(void)state;
	assert_int_equal(via_seen_changed_ms(&s, 7), 0);
	claims[0].changed_us = 9;
	assert_int_equal(via_seen_update(&s, &registry, 1234), 0);
	assert_int_equal(via_seen_changed_ms(&s, 7), 1234);
	assert_int_equal(via_seen_changed_ms(&s, 3), 0);
	claims[0].changed_us = 1;
	/* One that was never seen is as new as can be. */
	assert_true(via_seen_changed_ms(&s, 99) >= 1234);
	via_seen_finish(&s);
}

static void test_back_off_doubles_up_to_a_limit(void **state)
{
	struct via_seen s = make(1000);
	struct via_claim c = claims[1];

	(void)state;
	for (uint32_t i = 1; i <= 4; i++) {
		c.attempts = i;
		assert_int_equal(via_seen_clean_ms(&s, &c, 100), 1000 + (100 << (i - 1)));
	}
	c.attempts = 4000000000u;
	assert_int_equal(via_seen_clean_ms(&s, &c, 100), 1000 + 10 * 60 * 1000);
	via_seen_finish(&s);
	/* Left by the daemon before: at once. */
	s = make(0);
	assert_int_equal(via_seen_clean_ms(&s, &c, 100), 0);
	via_seen_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never_at_first_sight),
		cmocka_unit_test(test_away_long_enough_and_by_a_newer_listing),
		cmocka_unit_test(test_one_that_came_back_begins_anew),
		cmocka_unit_test(test_one_that_is_still_gone_stays_so),
		cmocka_unit_test(test_changes_are_noticed_and_what_was_before_is_of_no_time),
		cmocka_unit_test(test_back_off_doubles_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
