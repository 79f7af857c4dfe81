/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reader of the documents relies on; their whole shape is in the golden files. */
#include "test_scan_host.h"

static const char *string_at(json_object *o, const char *pointer)
{
	json_object *v = NULL;

	json_pointer_get(o, pointer, &v);
	return v ? json_object_get_string(v) : NULL;
}

static void assert_text(json_object *o, const char *pointer, const char *want)
{
	const char *got = string_at(o, pointer);

	if (!got || strcmp(got, want))
		fail_msg("%s: %s instead of %s", pointer, got ? got : "nothing", want);
}

static void test_attrs_round_trip(void **state)
{
	static const struct via_vf_attrs cases[] = {
		{.known = 0},
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC)}, /* none administered */
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC), .mac = {{2, 0, 0, 0, 0, 1}}},
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN),
			.vlan = 4094,
			.qos = 7,
			.vlan_proto = VIA_VLAN_PROTO_8021AD},
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN), .vlan_proto = VIA_VLAN_PROTO_8021Q},
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_RATE),
			.min_tx_mbps = 1,
			.max_tx_mbps = UINT32_MAX},
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK) | VIA_ATTR_BIT(VIA_VF_ATTR_TRUST) |
			  VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY),
			.trust = true},
		{.known = VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE), .link_state = VIA_LINK_DISABLE},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *o = via_codec_vf_attrs(&cases[i]);
		struct via_vf_attrs got;
		struct via_err err;

		assert_int_equal(via_codec_vf_attrs_parse(o, &got, &err), 0);
		assert_int_equal(got.known, cases[i].known);
		assert_int_equal(via_vf_attrs_diff(&cases[i], &got), 0);
		assert_int_equal(via_vf_attrs_diff(&got, &cases[i]), 0);
	}
}

static void test_attrs_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\"vlan\": 4096}", "/vlan"},
		{"{\"qos\": 8}", "/qos"},
		{"{\"mac\": \"x\"}", "/mac"},
		{"{\"vlan_proto\": \"802.1x\"}", "/vlan_proto"},
		{"{\"link_state\": \"on\"}", "/link_state"},
		{"{\"spoofchk\": 1}", "/spoofchk"},
		{"{\"max_tx_mbps\": -1}", "/max_tx_mbps"},
		{"{\"colour\": 1}", "/colour"},
		{"[]", ""},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *o = json_tokener_parse(cases[i].text);
		struct via_vf_attrs got = {.known = 77};
		struct via_err err = {0};

		assert_int_equal(via_codec_vf_attrs_parse(o, &got, &err), VIA_REFUSED_INVALID);
		assert_non_null(strstr(err.msg, cases[i].message));
		assert_int_equal(got.known, 77);
	}
}

static void test_unknown_is_left_out(void **state)
{
	const struct via_device d = {.numa_node = -1, .iommu_group = -1};
	const struct via_inventory inv = {.n_devices = 0};
	via_autojson *o = via_codec_device(&inv, &d);
	static const char *const absent[] = {"/driver", "/numa_node", "/iommu_group", "/link",
		"/msix", "/serial", "/sriov", "/pf", "/vf_index", "/attrs", "/parent", "/problem",
		"/subvendor", "/vendor_name"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(absent); i++)
		assert_null(string_at(o, absent[i]));
	assert_text(o, "/address", "0000:00:00.0");
	assert_text(o, "/reset_methods", "[ ]");
	assert_text(o, "/acs", "unknown");
}

static void test_device(void **state)
{
	autohost h = scan_host_load("domain-vf");
	via_autojson *o = via_codec_device(h.inv, scan_host_device(&h, "0000:01:10.2"));

	(void)state;
	assert_text(o, "/kind", "vf");
	assert_text(o, "/pf", "0000:01:00.0");
	assert_text(o, "/vf_index", "1");
	assert_text(o, "/driver", "vfio-pci");
	assert_text(o, "/driver_override", "vfio-pci");
	assert_text(o, "/holders/0/kind", "process");
	assert_text(o, "/holders/0/pid", "900");
	assert_text(o, "/attrs/vlan_proto", "802.1Q");
	assert_text(o, "/link/speed_gts", "2.5");
	assert_text(o, "/reset_methods/0", "flr");
	assert_text(o, "/parent", "0000:00:01.0");
}

/* VFs stand in their PF's list, and nowhere else in the inventory. */
static void test_inventory(void **state)
{
	autohost h = scan_host_load("domain-vf");
	via_autojson *o = via_codec_inventory(h.inv);
	json_object *devices;

	(void)state;
	assert_text(o, "/version", "1");
	assert_true(json_object_object_get_ex(o, "devices", &devices));
	assert_int_equal(json_object_array_length(devices), 2);
	assert_text(o, "/devices/1/sriov/vfs/3/address", "0000:01:10.6");
	assert_text(o, "/devices/1/sriov/vfs/0/holders/0/name", "web1");
	assert_text(o, "/devices/1/netdevs/0/speed_mbps", "1000");
	assert_text(o, "/netdevs/0/name", "lo");
}

/* A VF that no PF owns up to is not lost. */
static void test_orphan(void **state)
{
	autohost h = scan_host_load("malformed");
	via_autojson *o = via_codec_inventory(h.inv);
	json_object *devices;
	bool found = false;

	(void)state;
	assert_true(json_object_object_get_ex(o, "devices", &devices));
	for (size_t i = 0; i < json_object_array_length(devices); i++)
		found |= !strcmp(string_at(json_object_array_get_idx(devices, i), "/address"),
			"0000:09:00.1");
	assert_true(found);
}

static void test_other_namespace(void **state)
{
	autohost h = scan_host_load("netns");
	via_autojson *o = via_codec_device(h.inv, scan_host_device(&h, "0000:01:10.0"));

	(void)state;
	assert_text(o, "/netdevs/0/name", "vf0");
	assert_text(o, "/netdevs/0/netns", "blue");
	assert_text(o, "/holders/0/kind", "netns");
}

static void test_representor(void **state)
{
	autohost h = scan_host_load("switchdev");
	via_autojson *vf = via_codec_netdev(h.inv, via_inventory_netdev_named(h.inv, "pf1vf1"));
	via_autojson *uplink = via_codec_netdev(h.inv, via_inventory_netdev_named(h.inv, "p0"));
	via_autojson *sf = via_codec_netdev(h.inv, via_inventory_netdev_named(h.inv, "pf0sf88"));
	via_autojson *away = via_codec_netdev(h.inv, via_inventory_netdev_named(h.inv, "c1pf0vf0"));

	(void)state;
	assert_text(vf, "/representor/pf", "0000:08:00.1");
	assert_text(vf, "/representor/vf", "1");
	assert_null(string_at(uplink, "/representor"));
	assert_text(sf, "/representor/pf", "0000:08:00.0"); /* by the switch alone */
	assert_null(string_at(sf, "/representor/vf"));
	assert_null(string_at(away, "/representor")); /* another host's VF */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attrs_round_trip),
		cmocka_unit_test(test_attrs_refused),
		cmocka_unit_test(test_unknown_is_left_out),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_inventory),
		cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_other_namespace),
		cmocka_unit_test(test_representor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
