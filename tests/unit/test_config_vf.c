/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which entry a PF belongs to, and what each of its VFs should be. */
#include "test_plan_host.h"

struct fixture {
	struct host h;
	struct via_inventory *inv;
	struct via_config *c;
};

static struct fixture open_(const char *config)
{
	struct fixture f = {0};

	host_add_pf(&f.h, "0000:01:00.0", "eth0");
	host_add_pf(&f.h, "0000:05:00.0", "ens5f0");
	f.h.pfs[0].num = 0;
	host_set_vfs(&f.h.pfs[1], 2);
	f.inv = host_inventory(&f.h);
	f.c = host_config(config);
	return f;
}

static void close_(struct fixture *f)
{
	via_inventory_destroy(f->inv);
	via_config_destroy(f->c);
}
#define autofixture __attribute__((cleanup(close_))) struct fixture

static struct via_vf_wanted vf(const struct fixture *f, uint32_t index)
{
	const struct via_device *d = via_inventory_device(f->inv, f->h.pfs[0].addr);
	struct via_vf_wanted w;

	via_config_vf(f->c, &f->c->pfs[0], f->inv, d, index, &w);
	return w;
}

#define ONE(members) "{\"pfs\":[{\"match\":{\"name\":\"eth0\"}," members "}]}"
#define NETS                                                                                       \
	"],\"networks\":[{\"name\":\"blue\",\"vlan\":100,\"qos\":2,\"max_tx_mbps\":50,"            \
	"\"spoofchk\":true,"                                                                       \
	"\"mtu\":1400},{\"name\":\"plain\"},{\"name\":\"green\",\"vlan\":200,\"trust\":true}]}"
#define WITH_NETS(members) "{\"pfs\":[{\"match\":{\"name\":\"eth0\"}," members "}" NETS

#define VLAN VIA_ATTR_BIT(VIA_VF_ATTR_VLAN)
#define RATE VIA_ATTR_BIT(VIA_VF_ATTR_RATE)

static void test_nothing_wanted(void **state)
{
	autofixture f = open_(ONE("\"num_vfs\":1"));
	struct via_vf_wanted w = vf(&f, 0);

	(void)state;
	assert_int_equal(w.attrs.known, 0);
	assert_int_equal(w.driver, VIA_DRIVER_UNSET);
	assert_false(w.has_msix || w.has_mtu);
	assert_null(w.network);
}

static void test_later_entries_win(void **state)
{
	autofixture f = open_(ONE(
		"\"vf\":{\"vlan\":1,\"trust\":true,\"driver\":\"vfio\"},\"vfs\":["
		"{\"first\":0,\"last\":9,\"vlan\":2,\"msix\":4},{\"range\":\"3-5,8\",\"vlan\":3,"
		"\"driver\":\"host\"},{\"index\":4,\"trust\":false}]"));
	static const uint16_t vlans[] = {2, 2, 2, 3, 3, 3, 2, 2, 3, 2, 1};

	(void)state;
	for (uint32_t i = 0; i < VIA_ARRAY_SIZE(vlans); i++) {
		struct via_vf_wanted w = vf(&f, i);

		assert_int_equal(w.attrs.vlan, vlans[i]);
		assert_int_equal(w.attrs.vlan_proto, VIA_VLAN_PROTO_8021Q);
		assert_int_equal(w.attrs.trust, i != 4);
		assert_int_equal(w.has_msix, i < 10);
		assert_int_equal(w.driver, vlans[i] == 3 ? VIA_DRIVER_HOST : VIA_DRIVER_VFIO);
	}
}

/* VLAN and rate have halves that may come from different layers. */
static void test_halves(void **state)
{
	autofixture f = open_(ONE("\"vf\":{\"vlan\":1,\"qos\":5,\"max_tx_mbps\":100},\"vfs\":["
				  "{\"index\":1,\"vlan\":2},{\"index\":2,\"min_tx_mbps\":10},{"
				  "\"index\":3,\"vlan\":0},"
				  "{\"index\":4,\"vlan_proto\":\"802.1ad\"}]"));

	(void)state;
	assert_int_equal(vf(&f, 1).attrs.vlan, 2);
	assert_int_equal(vf(&f, 1).attrs.qos, 5);
	assert_int_equal(vf(&f, 2).attrs.min_tx_mbps, 10);
	assert_int_equal(vf(&f, 2).attrs.max_tx_mbps, 100);
	assert_int_equal(vf(&f, 0).attrs.known, VLAN | RATE);
	/* Without a tag there is no priority either. */
	assert_int_equal(vf(&f, 3).attrs.known & VLAN, VLAN);
	assert_int_equal(vf(&f, 3).attrs.qos, 0);
	assert_int_equal(vf(&f, 4).attrs.vlan_proto, VIA_VLAN_PROTO_8021AD);
}

static void test_network(void **state)
{
	autofixture f =
		open_(WITH_NETS("\"vf\":{\"network\":\"blue\",\"qos\":6},\"vfs\":[{\"index\":1,"
				"\"vlan\":7},{\"index\":2,\"network\":\"green\"},{\"index\":3,"
				"\"network\":\"plain\"}]"));
	struct via_vf_wanted w = vf(&f, 0);

	(void)state;
	assert_string_equal(w.network, "blue");
	assert_int_equal(w.attrs.vlan, 100);
	assert_int_equal(w.attrs.qos, 6); /* what stands beside the network wins */
	assert_int_equal(w.attrs.max_tx_mbps, 50);
	assert_int_equal(w.mtu, 1400);
	assert_true(w.attrs.spoofchk);
	assert_int_equal(vf(&f, 1).attrs.vlan, 7);
}

/* A wrong VLAN is a breach: nothing of one network shines through in another. */
static void test_networks_do_not_mix(void **state)
{
	autofixture f =
		open_(WITH_NETS("\"vf\":{\"network\":\"blue\"},\"vfs\":[{\"index\":2,\"network\":"
				"\"green\"},{\"index\":3,\"network\":\"plain\"}]"));
	struct via_vf_wanted green = vf(&f, 2), plain = vf(&f, 3);

	(void)state;
	assert_string_equal(green.network, "green");
	assert_int_equal(green.attrs.vlan, 200);
	assert_int_equal(green.attrs.qos, 0);
	assert_int_equal(green.attrs.known & RATE, 0);
	assert_false(green.has_mtu);
	/* A network that names no VLAN is the untagged one. */
	assert_int_equal(plain.attrs.known, VLAN);
	assert_int_equal(plain.attrs.vlan, 0);
}

static void test_explicit_vlan_below_a_network(void **state)
{
	autofixture f = open_(WITH_NETS("\"vf\":{\"vlan\":9,\"qos\":1,\"min_tx_mbps\":3},\"vfs\":["
					"{\"index\":0,\"network\":\"plain\"}]"));

	(void)state;
	assert_int_equal(vf(&f, 0).attrs.vlan, 0);
	assert_int_equal(vf(&f, 0).attrs.known & RATE, 0);
	assert_int_equal(vf(&f, 1).attrs.vlan, 9);
}

static void test_macs(void **state)
{
	autofixture f = open_(
		ONE("\"mac_prefix\":\"50:54:01\",\"vf\":{\"mac\":\"derived\"},\"vfs\":["
		    "{\"index\":1,\"mac\":\"02:00:00:00:00:01\"},{\"index\":2,\"mac\":\"none\"}]"));
	struct via_vf_wanted w = vf(&f, 0);

	(void)state;
	assert_true(w.attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC));
	/* Derived addresses are locally administered, whatever the prefix said. */
	assert_int_equal(w.attrs.mac.b[0], 0x52);
	assert_int_equal(w.attrs.mac.b[1], 0x54);
	assert_int_equal(w.attrs.mac.b[2], 0x01);
	assert_string_equal(via_mac_fmt(vf(&f, 1).attrs.mac), "02:00:00:00:00:01");
	assert_true(via_mac_is_zero(vf(&f, 2).attrs.mac));
	assert_true(vf(&f, 2).attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC));
}

static void test_derived_macs_are_stable_and_distinct(void **state)
{
	static const uint8_t prefix[3] = {0x56, 0x49, 0x41};
	static uint8_t seen[1 << 21];
	const char *id = "mac 52:54:00:76:00:01";

	(void)state;
	/* The interface promises these on every boot and host: they must not change with the code.
	 */
	assert_string_equal(via_mac_fmt(via_config_derive_mac(prefix, id, 0)), "56:49:41:fd:ab:48");
	for (uint32_t i = 0; i < 65536; i++) {
		struct via_mac m = via_config_derive_mac(prefix, id, i);
		uint32_t low = (uint32_t)m.b[3] << 16 | (uint32_t)m.b[4] << 8 | m.b[5];

		assert_true(via_mac_is_unicast(m));
		assert_false(seen[low >> 3] & 1 << (low & 7));
		seen[low >> 3] |= (uint8_t)(1 << (low & 7));
	}
	assert_false(via_mac_eq(via_config_derive_mac(prefix, "mac 52:54:00:76:00:02", 0),
		via_config_derive_mac(prefix, id, 0)));
}

/* The card is the same wherever it is plugged. */
static void test_derived_mac_follows_the_card(void **state)
{
	autofixture f = open_(ONE("\"vf\":{\"mac\":\"derived\"}"));
	struct via_mac first = vf(&f, 3).attrs.mac;

	(void)state;
	via_inventory_destroy(f.inv);
	f.h.pfs[0].addr.bus = 7;
	strcpy(f.h.pfs[0].name, "eth9");
	f.inv = host_inventory(&f.h);
	assert_true(via_mac_eq(vf(&f, 3).attrs.mac, first));
}

static int note(const struct via_pf_config *pf, const struct via_device *dev, void *user)
{
	char *line = user;

	sprintf(line + strlen(line), "%s=%s ", pf->label, via_addr_fmt(dev->addr));
	return 0;
}

static void test_match(void **state)
{
	autofixture f =
		open_("{\"pfs\":[{\"label\":\"b\",\"match\":{\"mac\":\"52:54:00:76:00:02\"}},"
		      "{\"label\":\"a\",\"match\":{\"vendor\":\"8086\",\"device\":\"10c9\","
		      "\"driver\":\"igb\","
		      "\"id_path\":\"pci-0000:01:*\",\"name\":\"eth?\",\"address\":\"01:00.0\"}},"
		      "{\"label\":\"vf\",\"match\":{\"device\":\"10ca\"}}]}");
	char line[256] = "";

	(void)state;
	assert_int_equal(via_config_match(f.c, f.inv, note, line, NULL), 0);
	assert_string_equal(line, "a=0000:01:00.0 b=0000:05:00.0 ");
	assert_ptr_equal(via_config_for(f.c, f.inv, via_inventory_device(f.inv, f.h.pfs[1].addr)),
		&f.c->pfs[0]);
}

static void test_every_member_must_match(void **state)
{
	static const char *const wrong[] = {"\"mac\":\"52:54:00:76:00:09\"", "\"vendor\":\"15b3\"",
		"\"device\":\"1000\"", "\"driver\":\"ixgbe\"", "\"id_path\":\"pci-0000:02:*\"",
		"\"name\":\"eth\"", "\"address\":\"02:00.0\""};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(wrong); i++) {
		char config[256], line[256] = "";

		snprintf(config, sizeof(config), "{\"pfs\":[{\"match\":{%s,%s}}]}", wrong[i],
			strstr(wrong[i], "driver") ? "\"name\":\"eth0\"" : "\"driver\":\"igb\"");
		{
			autofixture f = open_(config);

			assert_int_equal(via_config_match(f.c, f.inv, note, line, NULL), 0);
			assert_string_equal(line, "");
		}
	}
}

static int stop(const struct via_pf_config *pf, const struct via_device *dev, void *user)
{
	(void)pf;
	(void)dev;
	++*(int *)user;
	return -77;
}

/* With a conflict anywhere nothing has been begun. */
static void test_conflict_comes_first(void **state)
{
	autofixture f = open_(
		"{\"pfs\":[{\"match\":{\"driver\":\"igb\"}},{\"match\":{\"name\":\"ens*\"}}]}");
	struct via_err e = {0};
	int calls = 0;

	(void)state;
	assert_int_equal(via_config_match(f.c, f.inv, stop, &calls, &e), VIA_REFUSED_CONFLICT);
	assert_int_equal(calls, 0);
	assert_non_null(strstr(e.msg, "0000:05:00.0 is matched by two entries"));
	f.c->n_pfs--;
	assert_int_equal(via_config_match(f.c, f.inv, stop, &calls, &e), -77);
	f.c->n_pfs++;
	assert_int_equal(calls, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_wanted),
		cmocka_unit_test(test_later_entries_win),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_networks_do_not_mix),
		cmocka_unit_test(test_explicit_vlan_below_a_network),
		cmocka_unit_test(test_macs),
		cmocka_unit_test(test_derived_macs_are_stable_and_distinct),
		cmocka_unit_test(test_derived_mac_follows_the_card),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_every_member_must_match),
		cmocka_unit_test(test_conflict_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
