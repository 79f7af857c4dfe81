/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "domain/domain.h"

#define UUID "c7a5fdbd-cdaf-9455-926a-d65c16db1809"

static void test_uuid(void **state)
{
	static const char *const bad[] = {"", "c7a5fdbd", "c7a5fdbdcdaf9455926ad65c16db1809",
		"c7a5fdbd-cdaf-9455-926a-d65c16db180", UUID "0", UUID " ", " " UUID,
		"c7a5fdbd-cdaf-9455-926a-d65c16db180g", "c7a5fdbd_cdaf-9455-926a-d65c16db1809",
		"{c7a5fdbd-cdaf-9455-926a-d65c16db1809}"};
	char got[VIA_UUID_MAX] = "untouched";

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++) {
		assert_int_equal(via_uuid_parse(bad[i], got), -EINVAL);
		assert_string_equal(got, "untouched");
	}
	assert_int_equal(via_uuid_parse("C7A5FDBD-cdaf-9455-926A-d65c16db1809", got), 0);
	assert_string_equal(got, UUID);
}

static json_object *json(const char *text)
{
	struct via_err err = {0};
	json_object *o = NULL;

	if (via_json_parse(text, strlen(text), false, &o, &err))
		fail_msg("%s: %s", text, err.msg);
	return o;
}

static const char full[] =
	"{\"uuid\":\"" UUID
	"\",\"name\":\"guest & co\",\"active\":true,\"numa\":\"strict\",\"nodes\":[0,2,63],"
	"\"devices\":["
	"{\"address\":\"0000:01:10.0\",\"interface\":true,\"managed\":true,\"pool\":false,"
	"\"mac\":\"52:54:00:6d:90:02\",\"tags\":2,\"tag\":42,\"trunk\":true,"
	"\"alias\":\"ua-vf0\",\"partner\":\"ua-tap0\",\"network\":\"blue\"},"
	"{\"address\":\"10000:e1:00.7\",\"interface\":false,\"managed\":false,\"pool\":true}],"
	"\"nics\":[{\"type\":\"bridge\",\"mac\":\"52:54:00:6d:90:03\",\"source\":\"br0\","
	"\"target\":\"vnet0\",\"alias\":\"ua-tap0\",\"persistent\":true},"
	"{\"type\":\"user\",\"persistent\":false}]}";

static const char plain[] =
	"{\"uuid\":\"" UUID "\",\"name\":\"n\",\"active\":false,\"devices\":[],\"nics\":[]}";

/* What was read is what comes out again, to the letter. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {full, plain};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(texts); i++) {
		via_autojson *in = json(texts[i]), *out = NULL;
		struct via_domain d;
		struct via_err err = {0};

		if (via_domain_parse(in, &d, &err))
			fail_msg("%s", err.msg);
		out = via_domain_json(&d);
		assert_string_equal(
			json_object_to_json_string_ext(
				out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			texts[i]);
		via_domain_finish(&d);
		assert_null(d.devs);
	}
}

static void test_values(void **state)
{
	via_autojson *in = json(full);
	struct via_domain d;
	struct via_err err = {0};

	(void)state;
	assert_int_equal(via_domain_parse(in, &d, &err), 0);
	assert_string_equal(d.name, "guest & co");
	assert_int_equal(d.numa, VIA_NUMA_STRICT);
	assert_int_equal(d.nodes, UINT64_C(1) << 63 | 5);
	assert_int_equal(d.n_devs, 2);
	assert_int_equal(d.devs[0].tag, 42);
	assert_int_equal(d.devs[0].n_tags, 2);
	assert_true(d.devs[0].has_mac && d.devs[0].mac.b[5] == 2);
	assert_int_equal(d.devs[1].addr.domain, 0x10000);
	assert_false(d.devs[1].has_mac);
	assert_int_equal(d.n_nics, 2);
	assert_false(d.nics[1].has_mac);
	via_domain_finish(&d);
}

#define HEAD "{\"uuid\":\"" UUID "\",\"name\":\"n\","
#define DEV  "\"interface\":true,\"managed\":true,\"pool\":false"

/* Each names the member. */
static void test_refused(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"[]", "/: must be an object"},
		{"{}", "\"uuid\" is missing"},
		{HEAD "\"devices\":[]}", "\"nics\" is missing"},
		{HEAD "\"nics\":[]}", "\"devices\" is missing"},
		{HEAD "\"devices\":null,\"nics\":[]}", "\"devices\" is missing"},
		{HEAD "\"devices\":{},\"nics\":[]}", "/devices: must be an array"},
		{HEAD "\"devices\":[null],\"nics\":[]}", "/devices/0: must be an object"},
		{HEAD "\"devices\":[{}],\"nics\":[]}",
			"/devices/0: the key \"address\" is missing"},
		{HEAD "\"devices\":[{\"address\":\"01:10.9\"," DEV "}],\"nics\":[]}",
			"/devices/0/address: must be a PCI address"},
		{HEAD "\"devices\":[{\"address\":\"0000:00:00.0\"," DEV "}],\"nics\":[]}",
			"/devices/0: 0000:00:00.0 is no function"},
		{HEAD "\"devices\":[{\"address\":\"01:10.0\"," DEV
		      "},{\"address\":\"0000:01:10.0\"," DEV "}],\"nics\":[]}",
			"/devices/1: 0000:01:10.0 stands twice"},
		{HEAD "\"devices\":[{\"address\":\"01:10.0\",\"tag\":4," DEV "}],\"nics\":[]}",
			"/devices/0: tag and trunk need tags"},
		{HEAD "\"devices\":[{\"address\":\"01:10.0\",\"tags\":1,\"tag\":4096," DEV
		      "}],\"nics\":[]}",
			"/devices/0/tag: 4096 is outside 0 to 4095"},
		{HEAD "\"devices\":[{\"address\":\"01:10.0\",\"mac\":\"01:00:5e:00:00:01\"," DEV
		      "}],\"nics\":[]}",
			"/devices/0/mac: 01:00:5e:00:00:01 is not a unicast"},
		{HEAD "\"devices\":[{\"address\":\"01:10.0\",\"vlan\":1," DEV "}],\"nics\":[]}",
			"/devices/0/vlan: there is no such key"},
		{HEAD "\"devices\":[],\"nics\":[{\"type\":\"sixteen-letters-\"}]}",
			"/nics/0/type: is longer than 15 bytes"},
		{HEAD "\"devices\":[],\"nics\":[{\"persistent\":true}]}",
			"/nics/0: the key \"type\" is missing"},
		{HEAD "\"numa\":\"strict\",\"devices\":[],\"nics\":[]}", "numa and nodes"},
		{HEAD "\"nodes\":[1],\"devices\":[],\"nics\":[]}", "numa and nodes"},
		{HEAD "\"numa\":\"strict\",\"nodes\":[64],\"devices\":[],\"nics\":[]}",
			"/nodes/0: 64 is outside 0 to 63"},
		{HEAD "\"numa\":\"near\",\"nodes\":[1],\"devices\":[],\"nics\":[]}",
			"/numa: \"near\" is not one of"},
		{"{\"uuid\":\"4\",\"name\":\"n\",\"devices\":[],\"nics\":[]}",
			"/uuid: must be a UUID"},
		{"{\"uuid\":\"" UUID "\",\"name\":\"a\\nb\",\"devices\":[],\"nics\":[]}",
			"/name: must not hold control"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *in = json(cases[i].text);
		struct via_domain d = {.nodes = 4711};
		struct via_err err = {0};

		if (via_domain_parse(in, &d, &err) != VIA_REFUSED_INVALID ||
			!strstr(err.msg, cases[i].told))
			fail_msg("%s: \"%s\"", cases[i].text, err.msg);
		assert_int_equal(d.nodes, 4711);
	}
}

static json_object *domain_of(int devs, int nics)
{
	json_object *o = json(HEAD "\"active\":true}");
	json_object *list = json_object_new_array();

	for (int i = 0; i < devs; i++) {
		json_object *dev = json("{" DEV "}");
		char addr[VIA_ADDR_STR_MAX];

		snprintf(addr, sizeof(addr), "0000:%02x:00.0", i + 1);
		via_json_add_str(dev, "address", addr);
		json_object_array_add(list, dev);
	}
	json_object_object_add(o, "devices", list);
	list = json_object_new_array();
	for (int i = 0; i < nics; i++)
		json_object_array_add(list, json("{\"type\":\"user\"}"));
	json_object_object_add(o, "nics", list);
	return o;
}

static void test_limits(void **state)
{
	static const struct {
		int devs, nics, r;
	} cases[] = {
		{VIA_DOMAIN_DEVS_MAX, VIA_DOMAIN_NICS_MAX, 0},
		{VIA_DOMAIN_DEVS_MAX + 1, 0, VIA_REFUSED_INVALID},
		{0, VIA_DOMAIN_NICS_MAX + 1, VIA_REFUSED_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *in = domain_of(cases[i].devs, cases[i].nics);
		struct via_domain d = {0};
		struct via_err err = {0};

		assert_int_equal(via_domain_parse(in, &d, &err), cases[i].r);
		if (!cases[i].r) {
			assert_int_equal(d.n_devs, cases[i].devs);
			assert_int_equal(d.n_nics, cases[i].nics);
		}
		via_domain_finish(&d);
	}
}

/* json-c keeps the last of two. */
static void test_key_twice(void **state)
{
	via_autojson *in = json("{\"devices\":[{\"address\":\"01:10.0\"," DEV "}],\"devices\":[],"
				"\"uuid\":\"" UUID "\",\"name\":\"n\",\"nics\":[]}");
	struct via_domain d;

	(void)state;
	assert_int_equal(via_domain_parse(in, &d, NULL), 0);
	assert_int_equal(d.n_devs, 0);
	via_domain_finish(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_key_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
