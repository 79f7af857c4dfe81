/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims as JSON: for people, and as the ledger's records, there and back. */
#include "base/json.h"
#include "model/codec.h"
#include "test_claim.h"

static struct via_claim full_claim(void)
{
	struct via_claim c = claim_of("0000:01:10.2", "0000:01:00.0", UUID_A, "52:54:00:00:00:01");

	c.generation = INT64_MAX;
	c.fn.has_mac = true;
	c.fn.mac = mac_of("00:1b:21:00:00:01");
	strcpy(c.fn.serial, "00-1b-21-ff-ff-00-00-01");
	c.state = VIA_CLAIM_RELEASING;
	c.origin = VIA_CLAIM_HOOK;
	strcpy(c.network, "blue");
	strcpy(c.boot_id, "d1a1a54d-5a7e-4a16-b7b0-a8d5b4e4c5f1");
	c.wanted = (struct via_vf_attrs){.known = VIA_ATTR_ALL,
		.mac = c.wanted.mac,
		.vlan = 100,
		.qos = 3,
		.vlan_proto = VIA_VLAN_PROTO_8021AD,
		.min_tx_mbps = 10,
		.max_tx_mbps = 1000,
		.spoofchk = true,
		.trust = true,
		.rss_query = true,
		.link_state = VIA_LINK_DISABLE};
	c.has_driver = true;
	strcpy(c.wanted_driver, "vfio-pci");
	strcpy(c.driver_before, "igbvf");
	strcpy(c.reason, "held by \"domain\" web (pid 812)\nsays the kernel");
	c.attempts = 4;
	c.since_us = 1714564800123456;
	c.changed_us = 1714564801000000;
	return c;
}

static struct via_claim pass(const struct via_claim *c)
{
	via_autojson *o = via_codec_claim_record(c), *back = NULL;
	const char *text;
	struct via_err err = {0};
	struct via_claim out;

	assert_non_null(o);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	assert_null(strchr(text, '\n'));
	assert_int_equal(via_json_parse(text, strlen(text), false, &back, &err), 0);
	if (via_codec_claim_parse(back, &out, &err))
		fail_msg("%s: %s", text, err.msg);
	return out;
}

static void assert_same(const struct via_claim *a, const struct via_claim *b)
{
	assert_int_equal(a->generation, b->generation);
	assert_true(via_addr_eq(a->fn.addr, b->fn.addr));
	assert_int_equal(a->fn.vendor, b->fn.vendor);
	assert_int_equal(a->fn.device, b->fn.device);
	assert_int_equal(a->fn.is_vf, b->fn.is_vf);
	assert_true(via_addr_eq(a->fn.pf, b->fn.pf));
	assert_int_equal(a->fn.vf_index, b->fn.vf_index);
	assert_int_equal(a->fn.has_mac, b->fn.has_mac);
	assert_true(via_mac_eq(a->fn.mac, b->fn.mac));
	assert_string_equal(a->fn.serial, b->fn.serial);
	assert_int_equal(a->whole, b->whole);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->origin, b->origin);
	assert_int_equal(a->managed, b->managed);
	assert_string_equal(a->uuid, b->uuid);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->network, b->network);
	assert_string_equal(a->boot_id, b->boot_id);
	assert_int_equal(a->wanted.known, b->wanted.known);
	assert_int_equal(via_vf_attrs_diff(&a->wanted, &b->wanted), 0);
	assert_int_equal(a->has_driver, b->has_driver);
	assert_string_equal(a->wanted_driver, b->wanted_driver);
	assert_string_equal(a->driver_before, b->driver_before);
	assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->attempts, b->attempts);
	assert_int_equal(a->since_us, b->since_us);
	assert_int_equal(a->changed_us, b->changed_us);
}

static void test_a_full_record_comes_back(void **state)
{
	struct via_claim c = full_claim(), back = pass(&c);

	(void)state;
	assert_same(&c, &back);
}

static void test_a_bare_record_comes_back(void **state)
{
	struct via_claim c = claim_of("0000:01:00.0", NULL, UUID_A, NULL), back;

	(void)state;
	c.generation = 1;
	c.state = VIA_CLAIM_QUARANTINED;
	c.uuid[0] = c.name[0] = '\0';
	back = pass(&c);
	assert_same(&c, &back);
	/* "None" is a MAC that is wanted, and not the same as none known. */
	c.wanted.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	back = pass(&c);
	assert_same(&c, &back);
	for (int s = 0; s <= VIA_CLAIM_QUARANTINED; s++) {
		for (int o = 0; o <= VIA_CLAIM_ADOPTED; o++) {
			c = full_claim();
			c.state = (enum via_claim_state)s;
			c.origin = (enum via_claim_origin)o;
			back = pass(&c);
			assert_same(&c, &back);
		}
	}
}

/* Names and reasons come from processes and kernels; a record that was written can be read. */
static void test_bytes_that_are_no_text_are_no_damage(void **state)
{
	struct via_claim c = full_claim(), back;

	(void)state;
	memset(c.name, '\xff', sizeof(c.name) - 1);
	memset(c.reason, '\xff', sizeof(c.reason) - 1);
	back = pass(&c);
	assert_true(strlen(back.name) < sizeof(back.name));
	assert_int_equal(strlen(back.reason) % 3, 0);
	c = back;
	back = pass(&c);
	assert_same(&c, &back);
}

static void test_every_malformed_member(void **state)
{
	static const struct {
		const char *key, *value, *text;
	} cases[] = {
		{"generation", "0", "/generation"},
		{"generation", "-1", "/generation"},
		{"generation", "\"7\"", "/generation"},
		{"generation", NULL, "generation"},
		{"address", "\"nowhere\"", "/address"},
		{"address", NULL, "address"},
		{"pf", "12", "/pf"},
		{"pf", NULL, "go together"},
		{"vf_index", "70000", "/vf_index"},
		{"vf_index", NULL, "go together"},
		{"whole", "1", "/whole"},
		{"whole", "true", "whole PF"},
		{"whole", NULL, "whole"},
		{"state", "\"lost\"", "/state"},
		{"state", NULL, "state"},
		{"origin", "\"stork\"", "/origin"},
		{"origin", NULL, "origin"},
		{"managed", "\"yes\"", "/managed"},
		{"managed", "false", "nothing of it is cleaned"},
		{"managed", NULL, "managed"},
		{"vm", "5", "/vm"},
		{"uuid", "\"4dea\"", "/uuid"},
		{"uuid", NULL, "names no VM"},
		{"network", "[]", "/network"},
		{"network", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
			"/network"},
		{"boot_id", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", "/boot_id"},
		{"reason", "{}", "/reason"},
		{"attempts", "-1", "/attempts"},
		{"attempts", NULL, "attempts"},
		{"driver", "true", "/driver"},
		{"wanted", "{\"vlan\": 5000}", "/wanted"},
		{"wanted", "{\"colour\": 1}", "/wanted"},
		{"wanted", NULL, "wanted"},
		{"vendor", "65536", "/vendor"},
		{"vendor", NULL, "vendor"},
		{"device", "\"10ca\"", "/device"},
		{"device", NULL, "device"},
		{"card_mac", "\"01:00:00:00:00:00\"", "/card_mac"},
		{"serial", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", "/serial"},
		{"has_driver", "0", "/has_driver"},
		{"has_driver", NULL, "has_driver"},
		{"driver_before", "7", "/driver_before"},
		{"since_us", "-5", "/since_us"},
		{"since_us", NULL, "since_us"},
		{"changed_us", "\"now\"", "/changed_us"},
		{"changed_us", NULL, "changed_us"},
		{"surprise", "1", "surprise"},
	};
	struct via_claim c = full_claim();

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *o = via_codec_claim_record(&c);
		struct via_claim out = {.generation = 99};
		struct via_err err = {0};
		int r;

		if (cases[i].value)
			json_object_object_add(o, cases[i].key, json_tokener_parse(cases[i].value));
		else
			json_object_object_del(o, cases[i].key);
		r = via_codec_claim_parse(o, &out, &err);
		if (r != VIA_REFUSED_INVALID || !strstr(err.msg, cases[i].text))
			fail_msg("%s = %s: %d \"%s\"", cases[i].key,
				cases[i].value ? cases[i].value : "(none)", r, err.msg);
		assert_int_equal(out.generation, 99);
	}
}

static void test_what_people_see(void **state)
{
	static const char wanted[] =
		"{\"generation\":7,\"address\":\"0000:01:10.2\",\"pf\":\"0000:01:00.0\","
		"\"vf_index\":1,\"whole\":false,\"state\":\"active\",\"origin\":\"hook\","
		"\"managed\":true,\"vm\":\"web\",\"uuid\":\"" UUID_A "\",\"attempts\":0,"
		"\"mac\":\"52:54:00:00:00:01\",\"wanted\":{\"mac\":\"52:54:00:00:00:01\"},"
		"\"since\":\"2024-05-01T12:00:00.123Z\",\"changed\":\"2024-05-01T12:00:01.000Z\"}";
	struct via_claim c = claim_of("0000:01:10.2", "0000:01:00.0", UUID_A, "52:54:00:00:00:01");
	via_autojson *o = NULL, *whole = NULL;

	(void)state;
	c.generation = 7;
	c.state = VIA_CLAIM_ACTIVE;
	c.origin = VIA_CLAIM_HOOK;
	c.since_us = 1714564800123456;
	c.changed_us = 1714564801000000;
	o = via_codec_claim(&c);
	assert_string_equal(json_object_to_json_string_ext(
				    o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		wanted);
	c = claim_of("0000:01:00.0", NULL, UUID_A, NULL);
	whole = via_codec_claim(&c);
	assert_null(json_object_object_get(whole, "pf"));
	assert_null(json_object_object_get(whole, "mac"));
	assert_null(json_object_object_get(whole, "wanted"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_record_comes_back),
		cmocka_unit_test(test_a_bare_record_comes_back),
		cmocka_unit_test(test_bytes_that_are_no_text_are_no_damage),
		cmocka_unit_test(test_every_malformed_member),
		cmocka_unit_test(test_what_people_see),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
