/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"

static void test_set(void **state)
{
	struct via_err e = {0};

	(void)state;
	assert_int_equal(via_err_set(&e, -ENOENT, "%s: %d", "x", 7), -ENOENT);
	assert_int_equal(e.code, -ENOENT);
	assert_string_equal(e.msg, "x: 7");
	assert_int_equal(
		via_err_set(NULL, VIA_REFUSED_IN_USE, "nobody listens"), VIA_REFUSED_IN_USE);
}

/* Wrapping a message in itself is what callers do. */
static void test_set_from_itself(void **state)
{
	struct via_err e = {0};

	(void)state;
	via_err_set(&e, -EIO, "inner");
	via_err_set(&e, -EIO, "outer(%s)", e.msg);
	assert_string_equal(e.msg, "outer(inner)");
	via_err_prefix(&e, "%s", e.msg);
	assert_string_equal(e.msg, "outer(inner): outer(inner)");
	assert_int_equal(e.code, -EIO);
	via_err_prefix(NULL, "x");
}

static void test_long_message_is_cut(void **state)
{
	char big[3 * VIA_ERR_MSG_MAX];
	struct via_err e;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	via_err_set(&e, -EIO, "%s", big);
	assert_int_equal(strlen(e.msg), VIA_ERR_MSG_MAX - 1);
	via_err_prefix(&e, "%s", big);
	assert_int_equal(strlen(e.msg), VIA_ERR_MSG_MAX - 1);
}

/* A cut inside a character would make the message unfit for JSON. */
static void test_cut_keeps_utf8_whole(void **state)
{
	static const char *const chars[] = {"\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t c = 0; c < VIA_ARRAY_SIZE(chars); c++) {
		size_t n = strlen(chars[c]);

		for (size_t pad = 0; pad < n; pad++) {
			char big[2 * VIA_ERR_MSG_MAX] = "";
			struct via_err e;
			size_t at = pad;

			memset(big, 'x', pad);
			for (; at + n < sizeof(big); at += n)
				memcpy(big + at, chars[c], n);
			via_err_set(&e, -EIO, "%s", big);
			assert_int_equal((strlen(e.msg) - pad) % n, 0);
			assert_true(strlen(e.msg) > VIA_ERR_MSG_MAX - 5);
		}
	}
}

static void test_refusals_have_every_name(void **state)
{
	(void)state;
	for (int i = 1; i < VIA_REFUSAL_COUNT; i++) {
		enum via_refusal r = (enum via_refusal)i;

		assert_int_equal(via_refusal_from_code(via_refusal_code(r)), r);
		assert_int_equal(via_refusal_from_varlink(via_refusal_varlink(r)), r);
		assert_true(via_refusal_exit(r) >= 10);
		assert_true(*via_refusal_text(r));
		for (int k = 1; k < i; k++)
			assert_int_not_equal(
				via_refusal_exit((enum via_refusal)k), via_refusal_exit(r));
	}
}

static void test_refusals_out_of_range(void **state)
{
	static const int odd[] = {0, VIA_REFUSAL_COUNT, 1000, -1};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(odd); i++) {
		enum via_refusal r = (enum via_refusal)odd[i];

		assert_string_equal(via_refusal_code(r), "none");
		assert_null(via_refusal_varlink(r));
		assert_int_equal(via_refusal_exit(r), 1);
		assert_string_equal(via_refusal_text(r), "");
	}
	assert_int_equal(via_refusal_from_code("nonsense"), VIA_REFUSAL_NONE);
	assert_int_equal(via_refusal_from_code("none"), VIA_REFUSAL_NONE);
	assert_int_equal(via_refusal_from_code(NULL), VIA_REFUSAL_NONE);
	assert_int_equal(via_refusal_from_varlink("in-use"), VIA_REFUSAL_NONE);
	assert_int_equal(via_refusal_from_varlink(NULL), VIA_REFUSAL_NONE);
}

/* Exit codes and reason codes are an interface: these numbers stay. */
static void test_codes_are_stable(void **state)
{
	(void)state;
	assert_int_equal(via_refusal_exit(VIA_REFUSED_CLAIMED), 10);
	assert_int_equal(via_refusal_exit(VIA_REFUSED_PERMISSION), 27);
	assert_string_equal(via_refusal_code(VIA_REFUSED_UNSAFE_GROUP), "unsafe-iommu-group");
	assert_string_equal(via_refusal_varlink(VIA_REFUSED_KERNEL_REFUSED), "KernelRefused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_from_itself),
		cmocka_unit_test(test_long_message_is_cut),
		cmocka_unit_test(test_cut_keeps_utf8_whole),
		cmocka_unit_test(test_refusals_have_every_name),
		cmocka_unit_test(test_refusals_out_of_range),
		cmocka_unit_test(test_codes_are_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
