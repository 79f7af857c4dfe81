/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/attrs.h"

static void test_names(void **state)
{
	enum via_vf_attr a = VIA_VF_ATTR_TRUST;

	(void)state;
	for (int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		assert_int_equal(via_vf_attr_parse(via_vf_attr_name((enum via_vf_attr)i), &a), 0);
		assert_int_equal(a, i);
	}
	a = VIA_VF_ATTR_TRUST;
	assert_int_equal(via_vf_attr_parse("MAC", &a), -EINVAL);
	assert_int_equal(via_vf_attr_parse("", &a), -EINVAL);
	assert_int_equal(a, VIA_VF_ATTR_TRUST);
	assert_string_equal(via_vf_attr_name(VIA_VF_ATTR_RSS_QUERY), "rss_query");
	assert_string_equal(via_link_state_name(VIA_LINK_DISABLE), "disable");
	assert_null(via_link_state_names[3]);
	assert_string_equal(via_attr_outcome_name(VIA_OUTCOME_UNSUPPORTED), "unsupported");
}

static const struct via_vf_attrs full = {.known = VIA_ATTR_ALL,
	.mac = {{2, 0, 0, 0, 0, 1}},
	.vlan = 100,
	.qos = 3,
	.vlan_proto = VIA_VLAN_PROTO_8021Q,
	.min_tx_mbps = 10,
	.max_tx_mbps = 500,
	.spoofchk = true,
	.trust = true,
	.link_state = VIA_LINK_ENABLE};

static void test_diff(void **state)
{
	struct via_vf_attrs b = full;

	(void)state;
	assert_int_equal(via_vf_attrs_diff(&full, &b), 0);
	b.qos = 4;
	assert_int_equal(via_vf_attrs_diff(&full, &b), VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	b.min_tx_mbps = 0;
	b.trust = false;
	b.spoofchk = false;
	b.rss_query = true;
	b.link_state = VIA_LINK_AUTO;
	b.mac.b[5] = 2;
	assert_int_equal(via_vf_attrs_diff(&full, &b), VIA_ATTR_ALL);
}

static void test_diff_minds_what_is_known(void **state)
{
	struct via_vf_attrs want = full, have = full;

	(void)state;
	have.known = 0;
	assert_int_equal(via_vf_attrs_diff(&want, &have), VIA_ATTR_ALL);
	want.known = 0;
	assert_int_equal(via_vf_attrs_diff(&want, &have), 0);
	want.known = VIA_ATTR_BIT(VIA_VF_ATTR_TRUST);
	have.known = VIA_ATTR_ALL & ~want.known;
	assert_int_equal(via_vf_attrs_diff(&want, &have), want.known);
}

static void test_vlan_protocol(void **state)
{
	uint32_t vlan = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	struct via_vf_attrs a = {.known = vlan, .vlan = 5}, b = a;

	(void)state;
	b.vlan_proto = VIA_VLAN_PROTO_8021Q;
	assert_int_equal(via_vf_attrs_diff(&a, &b), 0);
	b.vlan_proto = VIA_VLAN_PROTO_8021AD;
	assert_int_equal(via_vf_attrs_diff(&a, &b), vlan);
	/* No tag: no protocol. */
	a.vlan = b.vlan = 0;
	assert_int_equal(via_vf_attrs_diff(&a, &b), 0);
	a.qos = 1;
	assert_int_equal(via_vf_attrs_diff(&a, &b), vlan);
}

static void test_copy(void **state)
{
	struct via_vf_attrs dst = {.known = VIA_ATTR_BIT(VIA_VF_ATTR_TRUST), .max_tx_mbps = 7};

	(void)state;
	via_vf_attrs_copy(&dst, &full, VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) | 1u << 31);
	assert_int_equal(
		dst.known, VIA_ATTR_BIT(VIA_VF_ATTR_TRUST) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_int_equal(dst.vlan, 100);
	assert_int_equal(dst.qos, 3);
	assert_int_equal(dst.max_tx_mbps, 7);
	assert_false(dst.trust);
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		struct via_vf_attrs one = {0};

		via_vf_attrs_copy(&one, &full, VIA_ATTR_BIT(i));
		assert_int_equal(one.known, VIA_ATTR_BIT(i));
		assert_int_equal(via_vf_attrs_diff(&one, &full), 0);
	}
}

static void test_values(void **state)
{
	static const struct {
		enum via_vf_attr which;
		struct via_vf_attrs a;
		const char *text;
	} cases[] = {
		{VIA_VF_ATTR_MAC, {.mac = {{2, 0, 0, 0, 0, 1}}}, "02:00:00:00:00:01"},
		{VIA_VF_ATTR_MAC, {0}, "none"},
		{VIA_VF_ATTR_VLAN, {.vlan = 100}, "100"},
		{VIA_VF_ATTR_VLAN, {.vlan = 100, .qos = 3}, "100 (priority 3)"},
		{VIA_VF_ATTR_VLAN, {.vlan = 5, .vlan_proto = VIA_VLAN_PROTO_8021AD}, "5 (802.1ad)"},
		{VIA_VF_ATTR_VLAN, {.vlan = 5, .qos = 1, .vlan_proto = VIA_VLAN_PROTO_8021AD},
			"5 (priority 1, 802.1ad)"},
		{VIA_VF_ATTR_VLAN, {0}, "none"},
		{VIA_VF_ATTR_RATE, {.max_tx_mbps = 500}, "0 to 500 Mbit/s"},
		{VIA_VF_ATTR_RATE, {.min_tx_mbps = 5}, "at least 5 Mbit/s"},
		{VIA_VF_ATTR_RATE, {0}, "no limit"},
		{VIA_VF_ATTR_SPOOFCHK, {.spoofchk = true}, "on"},
		{VIA_VF_ATTR_LINK_STATE, {.link_state = VIA_LINK_DISABLE}, "disable"},
		{VIA_VF_ATTR_RSS_QUERY, {.rss_query = true}, "on"},
		{VIA_VF_ATTR_TRUST, {0}, "off"},
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_vf_attrs a = cases[i].a;

		assert_string_equal(
			via_vf_attr_value(&a, cases[i].which, buf, sizeof(buf)), "not known");
		a.known = VIA_ATTR_ALL;
		assert_string_equal(
			via_vf_attr_value(&a, cases[i].which, buf, sizeof(buf)), cases[i].text);
	}
	via_vf_attr_value(&full, VIA_VF_ATTR_MAC, buf, 6);
	assert_string_equal(buf, "02:00");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_diff_minds_what_is_known),
		cmocka_unit_test(test_vlan_protocol),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
