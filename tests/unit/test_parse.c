/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/parse.h"

static void test_int(void **state)
{
	static const struct {
		const char *s;
		int64_t min, max;
		int r;
		int64_t v;
	} cases[] = {
		{"0", 0, 10, 0, 0},
		{"10", 0, 10, 0, 10},
		{"11", 0, 10, -ERANGE, 0},
		{"007", 0, 10, 0, 7},
		{"-3", -5, 5, 0, -3},
		{"-6", -5, 5, -ERANGE, 0},
		{"-0", 0, 5, -EINVAL, 0},
		{"-1", 0, 5, -EINVAL, 0},
		{"+1", -5, 5, -EINVAL, 0},
		{"--1", -5, 5, -EINVAL, 0},
		{"-", -5, 5, -EINVAL, 0},
		{"", 0, 5, -EINVAL, 0},
		{" 1", 0, 5, -EINVAL, 0},
		{"1 ", 0, 5, -EINVAL, 0},
		{"1\n", 0, 5, -EINVAL, 0},
		{"0x1", 0, 5, -EINVAL, 0},
		{"1.0", 0, 5, -EINVAL, 0},
		{"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
		{"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
		{"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
		{"99999999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		int64_t v = 4711;
		int r = via_parse_int(cases[i].s, cases[i].min, cases[i].max, &v);

		if (r != cases[i].r)
			fail_msg("\"%s\": %d", cases[i].s, r);
		assert_int_equal(v, r ? 4711 : cases[i].v);
	}
}

static void test_hex(void **state)
{
	static const struct {
		const char *s;
		uint64_t max;
		int r;
		uint64_t v;
	} cases[] = {
		{"8086", 0xffff, 0, 0x8086},
		{"0x8086", 0xffff, 0, 0x8086},
		{"0X10c9", 0xffff, 0, 0x10c9},
		{"ABcd", 0xffff, 0, 0xabcd},
		{"10000", 0xffff, -ERANGE, 0},
		{"ffffffffffffffff", UINT64_MAX, 0, UINT64_MAX},
		{"1ffffffffffffffff", UINT64_MAX, -ERANGE, 0},
		{"", 0xffff, -EINVAL, 0},
		{"0x", 0xffff, -EINVAL, 0},
		{"0x0x5", 0xffff, -EINVAL, 0},
		{"00x5", 0xffff, -EINVAL, 0},
		{"-5", 0xffff, -EINVAL, 0},
		{"+5", 0xffff, -EINVAL, 0},
		{" 5", 0xffff, -EINVAL, 0},
		{"5 ", 0xffff, -EINVAL, 0},
		{"g", 0xffff, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		uint64_t v = 4711;
		int r = via_parse_hex(cases[i].s, cases[i].max, &v);

		if (r != cases[i].r)
			fail_msg("\"%s\": %d", cases[i].s, r);
		assert_int_equal(v, r ? 4711 : cases[i].v);
	}
}

static void test_addr(void **state)
{
	static const struct {
		const char *s, *text; /* text NULL: refused */
	} cases[] = {
		{"0000:01:10.0", "0000:01:10.0"},
		{"01:10.0", "0000:01:10.0"},
		{"0000:FF:1F.7", "0000:ff:1f.7"},
		{"10000:00:1f.7", "10000:00:1f.7"},
		{"ffffffff:ff:1f.7", "ffffffff:ff:1f.7"},
		{"1ffffffff:00:00.0", NULL},
		{"0000:01:20.0", NULL},
		{"0000:01:10.8", NULL},
		{"0000:100:10.0", NULL},
		{"0000:1:10.0", NULL},
		{"0:01:10.0", NULL},
		{"0000:01:1.0", NULL},
		{"0000:01:10.00", NULL},
		{"0000:01:10", NULL},
		{"0000:01:10.", NULL},
		{"0000:01.10.0", NULL},
		{":01:10.0", NULL},
		{"0000:01:10.0 ", NULL},
		{" 0000:01:10.0", NULL},
		{"0000:01:10.0\n", NULL},
		{"0000:00:01:10.0", NULL},
		{"0x00:01:10.0", NULL},
		{"", NULL},
		{":", NULL},
		{"::", NULL},
		{"eth0", NULL},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_addr a = {9, 9, 9, 9};
		int r = via_addr_parse(cases[i].s, &a);

		if (!cases[i].text != (r == -EINVAL))
			fail_msg("\"%s\": %d", cases[i].s, r);
		assert_string_equal(
			via_addr_fmt(a), cases[i].text ? cases[i].text : "0009:09:09.9");
	}
}

static void test_addr_order(void **state)
{
	static const char *const sorted[] = {"0000:00:00.0", "0000:00:00.1", "0000:00:01.0",
		"0000:01:00.0", "0001:00:00.0", "10000:00:00.0", "ffffffff:00:00.0"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(sorted); i++) {
		for (size_t k = 0; k < VIA_ARRAY_SIZE(sorted); k++) {
			struct via_addr a, b;
			int c;

			assert_int_equal(via_addr_parse(sorted[i], &a), 0);
			assert_int_equal(via_addr_parse(sorted[k], &b), 0);
			c = via_addr_cmp(a, b);
			assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
			assert_int_equal(via_addr_eq(a, b), i == k);
		}
	}
	assert_true(via_addr_is_none((struct via_addr){0}));
	assert_false(via_addr_is_none((struct via_addr){.fn = 1}));
}

static void test_mac(void **state)
{
	static const char *const bad[] = {"", "52:54:00:00:00", "52:54:00:00:00:0",
		"52:54:00:00:00:0g", "52-54-00-00-00-01", "52:54:00:00:00:01:02",
		" 2:54:00:00:00:01", "+2:54:00:00:00:01", "0x:54:00:00:00:01", "52:54:00:00:00:01 ",
		"525:4:00:00:00:01"};
	struct via_mac m = {{1, 2, 3, 4, 5, 6}};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++) {
		assert_int_equal(via_mac_parse(bad[i], &m), -EINVAL);
		assert_string_equal(via_mac_fmt(m), "01:02:03:04:05:06");
	}
	assert_int_equal(via_mac_parse("52:54:00:aB:Cd:fF", &m), 0);
	assert_string_equal(via_mac_fmt(m), "52:54:00:ab:cd:ff");
	assert_true(via_mac_is_unicast(m));
	assert_false(via_mac_is_zero(m));
	assert_int_equal(via_mac_parse("00:00:00:00:00:00", &m), 0);
	assert_true(via_mac_is_zero(m));
	assert_false(via_mac_is_unicast(m));
	assert_int_equal(via_mac_parse("01:00:5e:00:00:01", &m), 0);
	assert_false(via_mac_is_unicast(m));
}

static void test_glob(void **state)
{
	(void)state;
	assert_true(via_glob_match("eth*", "eth0"));
	assert_true(via_glob_match("eth[0-2]", "eth1"));
	assert_false(via_glob_match("eth[0-2]", "eth3"));
	assert_false(via_glob_match("eth", "eth0"));
	assert_true(via_glob_match("pci-0000:3b:00.?", "pci-0000:3b:00.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_addr),
		cmocka_unit_test(test_addr_order),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_glob),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
