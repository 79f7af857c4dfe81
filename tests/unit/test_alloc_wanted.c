/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VF is to be for its VM: attributes, MAC, driver. */
#include "test_alloc_host.h"

static struct via_vf_attrs *attrs_at(struct scene *s, size_t pf, uint32_t vf)
{
	return &s->host.pfs[pf].vfs[vf].attrs;
}

static void test_safe_unless_told_otherwise(void **state)
{
	const uint32_t bits = VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) |
			      VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK) | VIA_ATTR_BIT(VIA_VF_ATTR_TRUST);
	struct via_alloc_request q = scene_named(VF10);
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	/* The last owner's, as nobody configured anything. */
	attrs_at(&s, 0, 0)->vlan = 42;
	attrs_at(&s, 0, 0)->trust = true;
	attrs_at(&s, 0, 0)->spoofchk = false;
	scene_render(&s);
	c = scene_alloc(&s, &q);
	assert_int_equal(c.wanted.known, bits);
	assert_int_equal(c.wanted.vlan, 0);
	assert_true(c.wanted.spoofchk);
	assert_false(c.wanted.trust);
	assert_true(via_mac_is_unicast(c.wanted.mac));
	assert_int_equal(c.wanted.mac.b[0], 0x56);
	assert_string_equal(c.network, "");
	assert_string_equal(c.boot_id, BOOT);
	assert_string_equal(c.uuid, UUID_A);
	assert_int_equal(c.state, VIA_CLAIM_PREPARING);
	assert_int_equal(c.origin, VIA_CLAIM_REQUEST);
	assert_int_equal(c.since_us, 5000);
	assert_string_equal(c.driver_before, HOST_DRIVER);
	assert_false(c.has_driver);
}

static void test_network_over_configured(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vfs\":[{\"index\":0,\"vlan\":7,\"trust\":true,\"link_"
				    "state\":\"enable\","
				    "\"mac\":\"52:54:00:00:00:09\",\"max_tx_mbps\":10}]",
				"", ",\"qos\":3,\"spoofchk\":false,\"max_tx_mbps\":500", ""));
	c = scene_alloc(&s, &q);
	assert_int_equal(c.wanted.vlan, 100);
	assert_int_equal(c.wanted.qos, 3);
	assert_int_equal(c.wanted.max_tx_mbps, 500);
	assert_false(c.wanted.spoofchk);
	assert_true(c.wanted.trust); /* what the network does not say */
	assert_int_equal(c.wanted.link_state, VIA_LINK_ENABLE);
	assert_true(via_mac_eq(c.wanted.mac, mac_of("52:54:00:00:00:09")));
	assert_string_equal(c.network, "blue");
	/* As configured where the VF names the network itself. */
	scene_end(&s);
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"network\":\"blue\",\"vlan\":101}", "", "", ""));
	q = scene_named(VF10);
	c = scene_alloc(&s, &q);
	assert_int_equal(c.wanted.vlan, 101);
	assert_string_equal(c.network, "blue");
}

static void test_macs(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"mac\":\"none\"}", "", PACK, ""));
	c = scene_alloc(&s, &q); /* "none" is for VFs that nobody has */
	assert_true(via_mac_is_unicast(c.wanted.mac));
	q.has_mac = true;
	q.mac = mac_of("52:54:00:11:22:33");
	c = scene_alloc(&s, &q);
	assert_true(via_mac_eq(c.wanted.mac, q.mac));
	/* Somewhere else already: no other VF would make that right. */
	attrs_at(&s, 1, 3)->mac = q.mac;
	scene_render(&s);
	scene_refused(&s, &q, VIA_REFUSED_DUPLICATE_MAC, "52:54:00:11:22:33");
	/* One that is only configured so is passed over. */
	scene_end(&s);
	scene_begin(&s, CONFIG_WITH(",\"vfs\":[{\"index\":0,\"mac\":\"52:54:00:11:22:33\"}]", "",
				PACK, ""));
	attrs_at(&s, 1, 3)->mac = mac_of("52:54:00:11:22:33");
	scene_render(&s);
	q = scene_request("blue");
	scene_gets(&s, &q, VF11);
}

static void test_driver(void **state)
{
	struct via_alloc_request q = scene_named(VF10);
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	q.driver = true;
	c = scene_alloc(&s, &q);
	assert_true(c.has_driver);
	assert_string_equal(c.wanted_driver, "vfio-pci");
	scene_all_vfio(&s);
	c = scene_alloc(&s, &q);
	assert_false(c.has_driver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe_unless_told_otherwise),
		cmocka_unit_test(test_network_over_configured),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
