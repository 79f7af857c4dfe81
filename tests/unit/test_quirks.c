/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/quirks.h"
#include "model/attrs.h"

static void test_igb(void **state)
{
	const struct via_quirks *q = via_quirks_for("igb");

	(void)state;
	assert_string_equal(q->driver, "igb");
	assert_int_equal(q->unsupported,
		VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE) | VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY));
	assert_true(q->rate_needs_carrier);
	assert_true(q->no_min_rate);
	assert_int_equal(q->max_vfs, 7);
}

static void test_unknown(void **state)
{
	static const char *const names[] = {"nosuch", "", "ig", "igbvf", NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct via_quirks *q = via_quirks_for(names[i]);

		assert_non_null(q);
		assert_null(q->driver);
		assert_int_equal(q->unsupported, 0);
		assert_false(q->pf_up_first);
		assert_int_equal(q->max_vfs, 0);
	}
}

/* Nobody lacks the MAC; all that is named exists. */
static void test_sane(void **state)
{
	static const char *const names[] = {"igb", "ixgbe", "i40e", "ice", "mlx5_core", "bnxt_en",
		"qede", "sfc", "cxgb4", "enic"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct via_quirks *q = via_quirks_for(names[i]);

		assert_string_equal(q->driver, names[i]);
		assert_int_equal(q->unsupported & ~VIA_ATTR_ALL, 0);
		assert_int_equal(q->unsupported & VIA_ATTR_BIT(VIA_VF_ATTR_MAC), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_igb),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_sane)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
