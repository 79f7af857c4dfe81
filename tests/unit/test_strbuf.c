/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"

static void test_empty(void **state)
{
	struct via_strbuf b = VIA_STRBUF_INIT;
	char *s;

	(void)state;
	assert_string_equal(via_strbuf_str(&b), "");
	via_strbuf_reset(&b);
	via_strbuf_truncate(&b, 5);
	via_strbuf_add(&b, NULL, 0);
	assert_string_equal(via_strbuf_str(&b), "");
	s = via_strbuf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	via_strbuf_finish(&b);
}

static void test_grows(void **state)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		via_strbuf_addf(&b, "%d,", i % 10);
	assert_int_equal(b.len, 10000);
	assert_int_equal(strlen(b.s), 10000);
	assert_memory_equal(b.s + 9990, "5,6,7,8,9,", 10);
	via_strbuf_truncate(&b, 3);
	assert_string_equal(via_strbuf_str(&b), "0,1");
	via_strbuf_truncate(&b, 9999);
	assert_string_equal(via_strbuf_str(&b), "0,1");
	via_strbuf_addc(&b, '!');
	via_strbuf_adds(&b, "?");
	assert_string_equal(via_strbuf_str(&b), "0,1!?");
}

static void test_binary(void **state)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	(void)state;
	via_strbuf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.s, "a\0b", 4);
}

static void test_steal_leaves_nothing(void **state)
{
	struct via_strbuf b = VIA_STRBUF_INIT;
	char *s;

	(void)state;
	via_strbuf_adds(&b, "mine");
	s = via_strbuf_steal(&b);
	assert_string_equal(s, "mine");
	assert_null(b.s);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, 0);
	free(s);
}

/* A size that cannot be must fail for good, not spin and not lose data in silence. */
static void test_overflow_fails_for_good(void **state)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 4, SIZE_MAX / 2 + 1};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct via_strbuf b = VIA_STRBUF_INIT;

		via_strbuf_adds(&b, "abc");
		via_strbuf_add(&b, "x", sizes[i]);
		assert_true(b.failed);
		via_strbuf_adds(&b, "later");
		assert_string_equal(via_strbuf_str(&b), "abc");
		assert_null(via_strbuf_steal(&b));
		assert_false(b.failed);
		assert_null(b.s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_steal_leaves_nothing),
		cmocka_unit_test(test_overflow_fails_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
