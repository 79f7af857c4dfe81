/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the configuration: what is taken, what is refused and with which words. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "model/codec.h"
#include "model/config.h"

struct outcome {
	int r;
	struct via_config *c;
	struct via_config_problems problems;
	struct via_err err;
};

static void finish(struct outcome *o)
{
	via_config_destroy(o->c);
	via_config_problems_finish(&o->problems);
}
#define autooutcome __attribute__((cleanup(finish))) struct outcome

static struct outcome parse2(const char *a, const char *b)
{
	const struct via_config_source src[] = {
		{"/etc/viaduct/viaduct.json", a, strlen(a)},
		{"/etc/viaduct/conf.d/10.json", b ? b : "", b ? strlen(b) : 0},
	};
	struct outcome o = {0};

	o.r = via_config_parse(src, b ? 2 : 1, &o.c, &o.problems, &o.err);
	assert_int_equal(o.r == 0, o.c != NULL);
	assert_int_equal(o.r == VIA_REFUSED_INVALID, o.problems.n > 0);
	if (o.r)
		assert_string_equal(o.err.msg, o.problems.list[0].message);
	return o;
}

static struct outcome parse(const char *text)
{
	return parse2(text, NULL);
}

static void test_empty(void **state)
{
	autooutcome o = parse("{}");
	struct via_config *none = NULL;

	(void)state;
	assert_int_equal(o.r, 0);
	assert_true(o.c->auto_apply);
	assert_int_equal(o.c->drift_interval_s, 60);
	assert_int_equal(o.c->drift_debounce_ms, 2000);
	assert_int_equal(o.c->step_timeout_s, 30);
	assert_int_equal(o.c->heal, 0);
	assert_int_equal(o.c->n_files, 1);
	assert_string_equal(o.c->files[0], "/etc/viaduct/viaduct.json");
	/* No file at all is a configuration too. */
	assert_int_equal(via_config_parse(NULL, 0, &none, NULL, NULL), 0);
	assert_int_equal(none->n_pfs, 0);
	via_config_destroy(none);
	via_config_destroy(NULL);
}

static void test_everything(void **state)
{
	autooutcome o = parse(
		"// comment\n{ \"$schema\": \"x\", \"provision\": \"manual\", \"step_timeout_s\": "
		"5,\n"
		"\"drift\": { \"interval_s\": 0, \"debounce_ms\": 1, \"heal\": [\"mac\", "
		"\"num_vfs\"] },\n"
		"\"pfs\": [ { \"label\": \"a\", \"match\": { \"address\": \"3b:00.0\", \"mac\": "
		"\"52:54:00:00:00:01\", \"vendor\": \"8086\", \"device\": \"0x10C9\", \"driver\": "
		"\"igb\","
		"\"id_path\": \"pci-*\", \"name\": \"eth?\" }, \"num_vfs\": 8, \"autoprobe\": "
		"true, \"mtu\": "
		"9000, \"eswitch_mode\": \"legacy\", \"protect\": false, \"verify_only\": false, "
		"\"mac_prefix\": \"52:54:01\", \"heal\": true,\n"
		"\"vf\": { \"mac\": \"none\", \"driver\": \"vfio-pci\", \"network\": \"n\" },\n"
		"\"vfs\": [ { \"index\": 7, \"mac\": \"02:00:00:00:00:09\", \"driver\": \"none\" "
		"},\n"
		"{ \"range\": \"0-3,5\", \"vlan\": 7, \"qos\": 3, \"vlan_proto\": \"802.1ad\","
		"\"min_tx_mbps\": 1, \"max_tx_mbps\": 2, \"spoofchk\": true, \"trust\": true, "
		"\"link_state\": \"disable\", \"rss_query\": true, \"msix\": 4, \"mtu\": 1500 } ] "
		"} ],\n"
		"\"networks\": [ { \"name\": \"n\", \"vlan\": 5, \"mtu\": 1400, \"uplinks\": "
		"[\"a\"], "
		"\"placement\": \"pack\", \"numa\": \"require\", \"msix\": 9, \"vswitch\": { "
		"\"ovs\": \"br0\" }, \"mode\": \"direct\", "
		"\"reservation_mbps\": 1, \"limit_mbps\": 2, \"shares\": 3, \"average_kbps\": 4, "
		"\"peak_kbps\": 5, \"burst_kb\": 6 } ] } // end");
	const struct via_pf_config *p;
	const struct via_network_config *n;

	(void)state;
	if (o.r)
		fail_msg("%s", o.err.msg);
	assert_false(o.c->auto_apply);
	assert_int_equal(o.c->heal, VIA_ATTR_BIT(VIA_VF_ATTR_MAC));
	assert_true(o.c->heal_count && !o.c->heal_driver && !o.c->heal_pf);
	p = &o.c->pfs[0];
	assert_string_equal(p->label, "a");
	assert_true(p->match.has_address && p->match.has_mac && p->match.has_vendor);
	assert_int_equal(p->match.device, 0x10c9);
	assert_string_equal(p->match.name, "eth?");
	assert_int_equal(p->autoprobe, VIA_TRUE);
	assert_int_equal(p->protect, VIA_FALSE);
	assert_true(p->has_heal && p->heal == VIA_ATTR_ALL && p->heal_pf);
	assert_int_equal(p->mac_prefix[2], 1);
	assert_int_equal(p->defaults.mac_mode, VIA_MAC_NONE);
	assert_int_equal(p->defaults.driver, VIA_DRIVER_NAMED);
	assert_string_equal(p->defaults.driver_name, "vfio-pci");
	assert_int_equal(p->n_ranges, 3);
	assert_int_equal(p->ranges[0].first, 7);
	assert_int_equal(p->ranges[0].vf.driver, VIA_DRIVER_NONE);
	assert_int_equal(p->ranges[1].last, 3);
	assert_int_equal(p->ranges[2].first, 5);
	assert_int_equal(p->ranges[2].vf.attrs.vlan_proto, VIA_VLAN_PROTO_8021AD);
	assert_int_equal(p->ranges[2].vf.attrs.link_state, VIA_LINK_DISABLE);
	assert_string_equal(p->ranges[2].place.pointer, "/pfs/0/vfs/1");
	assert_int_equal(p->ranges[2].place.line, 7);
	n = &o.c->networks[0];
	assert_false(n->spread);
	assert_int_equal(n->vswitch, VIA_VSWITCH_OVS);
	assert_string_equal(n->vswitch_name, "br0");
	assert_int_equal(n->mode, VIA_PORT_DIRECT);
	assert_int_equal(n->burst_kb, 6);
	assert_int_equal(n->numa, VIA_NUMA_REQUIRE);
	assert_int_equal(n->msix, 9);
}

#define PF(members)  "{\"pfs\":[{\"match\":{\"name\":\"e\"}," members "}]}"
#define NET(members) "{\"networks\":[{\"name\":\"a\"," members "}]}"

static void test_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"", "viaduct.json:1: /: the text ends"},
		{"{\n\"pfs\": [\n}", "viaduct.json:3: /: "},
		{"[]", "viaduct.json:1: /: must be an object"},
		{"{\n\"pf\": []}",
			"viaduct.json:2: /pf: there is no such key; did you mean \"pfs\"?"},
		{"{\"pfs\":{}}", "/pfs: must be an array"},
		{"{\"pfs\":[7]}", "/pfs/0: must be an object"},
		{"{\"pfs\":[{}]}", "/pfs/0: the key \"match\" is missing"},
		{"{\"provision\":\"always\"}",
			"/provision: \"always\" is not one of \"manual\", \"auto\""},
		{"{\"step_timeout_s\":0}", "/step_timeout_s: 0 is outside 1 to 3600"},
		{"{\"drift\":{\"heal\":[\"vlna\"]}}", "/drift/heal/0: must be one of \"mac\""},
		{"{\"drift\":{\"heal\":\"yes\"}}", "/drift/heal: must be true, false or a list"},
		{"{\"pfs\":[{\"match\":{}}]}", "/pfs/0/match: names no PF; give at least one of"},
		{"{\"pfs\":[{\"match\":{\"vendor\":\"18086\"}}]}",
			"/pfs/0/match/vendor: must be a PCI id"},
		{"{\"pfs\":[{\"match\":{\"vendor\":8086}}]}",
			"/pfs/0/match/vendor: must be a PCI id"},
		{"{\"pfs\":[{\"match\":{\"address\":\"eth0\"}}]}",
			"/pfs/0/match/address: must be a PCI"},
		{PF("\"num_vfs\":-1"), "/pfs/0/num_vfs: -1 is outside 0 to 65535"},
		{PF("\"mtu\":67"), "/pfs/0/mtu: 67 is outside 68 to 65535"},
		{PF("\"eswitch_mode\":\"x\""),
			"/pfs/0/eswitch_mode: \"x\" is not one of \"legacy\""},
		{PF("\"mac_prefix\":\"53:00:00\""), "/pfs/0/mac_prefix: 53:00:00 makes multicast"},
		{PF("\"mac_prefix\":\"52:54\""), "/pfs/0/mac_prefix: must be three bytes"},
		{PF("\"vf\":{\"vlan\":4095}"), "/pfs/0/vf/vlan: 4095 is outside 0 to 4094"},
		{PF("\"vf\":{\"qos\":3}"), "/pfs/0/vf/qos: is a priority without a VLAN"},
		{PF("\"vf\":{\"vlan\":0,\"qos\":3}"),
			"/pfs/0/vf/qos: is a priority without a VLAN"},
		{PF("\"vf\":{\"min_tx_mbps\":5,\"max_tx_mbps\":4}"),
			"/pfs/0/vf/min_tx_mbps: \"min_tx_mbps\" is above \"max_tx_mbps\""},
		{PF("\"vf\":{\"mac\":\"01:00:5e:00:00:01\"}"),
			"/pfs/0/vf/mac: 01:00:5e:00:00:01 is not a unicast address"},
		{PF("\"vf\":{\"mac\":\"none\\u0000\"}"), "/pfs/0/vf/mac: must be \"none\""},
		{PF("\"vf\":{\"mac\":\"02:00:00:00:00:01\"}"),
			"/pfs/0/vf/mac: gives one MAC address to every VF"},
		{PF("\"vf\":{\"driver\":\"a/b\"}"), "/pfs/0/vf/driver: must be \"vfio\""},
		{PF("\"vf\":{\"network\":\"none\"}"),
			"/pfs/0/vf/network: there is no network \"none\""},
		{PF("\"vf\":{\"index\":1}"), "/pfs/0/vf/index: there is no such key"},
		{PF("\"vfs\":[{\"vlan\":1}]"), "/pfs/0/vfs/0: must name its VFs in one way"},
		{PF("\"vfs\":[{\"index\":1,\"range\":\"2\"}]"),
			"/pfs/0/vfs/0: must name its VFs in one"},
		{PF("\"vfs\":[{\"first\":1}]"), "/pfs/0/vfs/0: must name its VFs in one way"},
		{PF("\"vfs\":[{\"first\":2,\"last\":1}]"),
			"/pfs/0/vfs/0: \"last\" (1) is below \"first\""},
		{PF("\"vfs\":[{\"range\":\"1,,2\"}]"), "/pfs/0/vfs/0: \"1,,2\" is no list of VFs"},
		{PF("\"vfs\":[{\"range\":\"3-1\"}]"), "/pfs/0/vfs/0: \"3-1\" is no list of VFs"},
		{PF("\"vfs\":[{\"range\":\"1-\"}]"), "/pfs/0/vfs/0: \"1-\" is no list of VFs"},
		{PF("\"vfs\":[{\"range\":\"1-2-3\"}]"), "is no list of VFs"},
		{PF("\"vfs\":[{\"range\":\",\"}]"), "is no list of VFs"},
		{PF("\"vfs\":[{\"range\":\"65535\"}]"), "is no list of VFs"},
		{PF("\"vfs\":[{\"range\":\"1-2\",\"mac\":\"02:00:00:00:00:01\"}]"),
			"/pfs/0/vfs/0: gives one MAC address to several VFs"},
		{PF("\"vfs\":[{\"first\":1,\"last\":2,\"mac\":\"02:00:00:00:00:01\"}]"),
			"/pfs/0/vfs/0: gives one MAC address to 2 VFs"},
		{PF("\"num_vfs\":2,\"vfs\":[{\"index\":2}]"),
			"/pfs/0/vfs/0: VF 2 is none of the 2 VFs (they count from 0)"},
		{PF("\"vfs\":[{\"index\":0,\"network\":\"x\"}]"),
			"/pfs/0/vfs/0/network: there is no"},
		{PF("\"verify_only\":true,\"heal\":true"), "/pfs/0/heal: has nothing to heal"},
		{PF("\"vfs\":[{\"index\":0,\"mac\":\"02:00:00:00:00:01\"},{\"index\":1,\"mac\":"
		    "\"02:00:00:00:00:01\"}]"),
			"/pfs/0/vfs/1/mac: 02:00:00:00:00:01 is given in"},
		{PF("\"vf\":{\"vlan\":1},\"vfs\":[{\"index\":0,\"vlan\":0,\"qos\":1}]"),
			"/pfs/0/vfs/0/qos: is a priority without a VLAN"},
		{PF("\"vf\":{\"max_tx_mbps\":5},\"vfs\":[{\"index\":3,\"min_tx_mbps\":9}]"),
			"/pfs/0/vfs/0/min_tx_mbps: "},
		{"{\"networks\":[{}]}", "/networks/0: the key \"name\" is missing"},
		{NET("\"qos\":1"), "/networks/0/qos: is a priority without a VLAN"},
		{NET("\"uplinks\":[\"b\"]"), "/networks/0/uplinks/0: no PF has the label \"b\""},
		{"{\"pfs\":[{\"match\":{\"name\":\"e\"},\"label\":\"b\"}],\"networks\":[{\"name\":"
		 "\"a\","
		 "\"uplinks\":[\"b\",\"b\"]}]}",
			"/networks/0/uplinks/1: \"b\" is an uplink twice"},
		{NET("\"uplinks\":[7]"), "/networks/0/uplinks/0: must be a string"},
		{NET("\"vswitch\":{}"), "/networks/0/vswitch: must hold one of"},
		{NET("\"vswitch\":{\"ovs\":\"a\",\"bridge\":\"b\"}"),
			"/networks/0/vswitch: must hold one"},
		{NET("\"vswitch\":{\"bridge\":\"0123456789abcdef\"}"),
			"/networks/0/vswitch/bridge: is longer than 15 bytes"},
		{NET("\"reservation_mbps\":5,\"limit_mbps\":4"),
			"/networks/0/reservation_mbps: is above"},
		{NET("\"min_tx_mbps\":5,\"max_tx_mbps\":4"), "/networks/0/min_tx_mbps: "},
		{NET("\"peak_kbps\":5"),
			"/networks/0/peak_kbps: means nothing without \"average_kbps\""},
		{NET("\"average_kbps\":5,\"peak_kbps\":4"), "/networks/0/peak_kbps: is below"},
		{NET("\"numa\":\"near\""), "/networks/0/numa: \"near\" is not one of \"prefer\", "
					   "\"require\", \"ignore\""},
		{NET("\"numa\":1"), "/networks/0/numa: "},
		{NET("\"msix\":2049"), "/networks/0/msix: 2049 is outside 0 to 2048"},
		{NET("\"msix\":-1"), "/networks/0/msix: -1 is outside 0 to 2048"},
		{NET("\"msix\":\"4\""), "/networks/0/msix: "},
		{NET("\"mac\":\"none\""), "/networks/0/mac: there is no such key"},
		{"{\"networks\":[{\"name\":\"a\"},\n{\"name\":\"a\"}]}",
			"viaduct.json:2: /networks/1/name: \"a\" is the name of "
			"/etc/viaduct/viaduct.json:1 "
			"(/networks/0) too"},
		{"{\"pfs\":[{\"match\":{\"address\":\"01:00.0\"}},\n{\"match\":{\"address\":\"01:"
		 "00.0\"}}]}",
			"viaduct.json:2: /pfs/1/match/address: names the same PF as "
			"/etc/viaduct/viaduct.json:1 (/pfs/0)"},
		{PF("\"vf\":{\"vlan\":1,\n\"vlan\":2}"),
			"viaduct.json:2: /pfs/0/vf/vlan: the key stands in line 1 already"},
		{"{\"pfs\":[{\"match\":{\"mac\":\"02:00:00:00:00:01\"},\"vfs\":[{\"index\":0,"
		 "\"mac\":"
		 "\"02:00:00:00:00:01\"}]}]}",
			"/pfs/0/vfs/0/mac: 02:00:00:00:00:01 is given in"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autooutcome o = parse(cases[i].text);

		if (o.r != VIA_REFUSED_INVALID || !strstr(o.err.msg, cases[i].message) ||
			o.problems.n != 1)
			fail_msg("%s\n%zu: %s", cases[i].text, o.problems.n, o.err.msg);
		assert_ptr_equal(strstr(o.err.msg, "/etc/viaduct/viaduct.json:"), o.err.msg);
	}
}

static void test_all_problems_are_told(void **state)
{
	autooutcome o =
		parse2("{ \"pfs\": [\n"
		       "  { \"match\": { \"name\": \"e\", \"speed\": 1 },\n"
		       "    \"num_vfs\": \"2\",\n"
		       "    \"vf\": { \"vlan\": 5000, \"spoofchk\": 1 },\n"
		       "    \"vfs\": [ { \"index\": 0, \"qos\": 9 }, { \"trust\": true } ] } ],\n"
		       "  \"color\": 1 }",
			"{ \"networks\": [ { \"name\": \"a\", \"mode\": \"fast\" } ],\n"
			"  \"step_timeout_s\": 0 }");
	static const char *const want[] = {"viaduct.json:2: /pfs/0/match/speed: ",
		"viaduct.json:3: /pfs/0/num_vfs: ", "viaduct.json:4: /pfs/0/vf/vlan: ",
		"viaduct.json:4: /pfs/0/vf/spoofchk: ", "viaduct.json:5: /pfs/0/vfs/0/qos: ",
		"viaduct.json:5: /pfs/0/vfs/1: ", "viaduct.json:6: /color: ",
		"conf.d/10.json:1: /networks/0/mode: ", "conf.d/10.json:2: /step_timeout_s: "};

	(void)state;
	assert_int_equal(o.problems.n, VIA_ARRAY_SIZE(want));
	for (size_t i = 0; i < VIA_ARRAY_SIZE(want); i++)
		if (!strstr(o.problems.list[i].message, want[i]))
			fail_msg("%zu: %s", i, o.problems.list[i].message);
}

static void test_across_files(void **state)
{
	autooutcome both = parse2("{\"pfs\":[{\"match\":{\"name\":\"a\"},\"label\":\"x\"}]}",
		"{\"pfs\":[{\"match\":{\"name\":\"b\"},\"label\":\"y\",\"vf\":{\"network\":\"n\"}}]"
		","
		"\"networks\":[{\"name\":\"n\",\"uplinks\":[\"x\",\"y\"]}]}");
	autooutcome twice = parse2("{\"pfs\":[{\"match\":{\"name\":\"a\"},\"label\":\"x\"}]}",
		"{\n\"pfs\":[{\"match\":{\"name\":\"b\"},\"label\":\"x\"}]}");
	autooutcome scalar = parse2("{\"provision\":\"auto\",\"drift\":{\"interval_s\":5}}",
		"{\"provision\":\"auto\",\n\"drift\":{\"interval_s\":5,\"debounce_ms\":7}}");

	(void)state;
	assert_int_equal(both.r, 0);
	assert_int_equal(both.c->n_pfs, 2);
	assert_string_equal(both.c->pfs[1].place.file, "/etc/viaduct/conf.d/10.json");
	assert_int_equal(twice.r, VIA_REFUSED_INVALID);
	assert_string_equal(twice.err.msg,
		"/etc/viaduct/conf.d/10.json:2: /pfs/0/label: \"x\" is the "
		"label of /etc/viaduct/viaduct.json:1 (/pfs/0) too; choose another");
	assert_int_equal(scalar.r, VIA_REFUSED_INVALID);
	assert_int_equal(scalar.problems.n, 2);
	assert_string_equal(scalar.problems.list[0].message,
		"/etc/viaduct/conf.d/10.json:1: /provision: "
		"was given already in /etc/viaduct/viaduct.json:1 (/provision); keep one of the "
		"two");
	assert_non_null(strstr(scalar.problems.list[1].message, "10.json:2: /drift/interval_s"));
}

/* However broken, a file costs bounded time and ends in a bounded list. */
static void test_too_many_problems(void **state)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	struct via_config_source src = {"big.json", NULL, 0};
	autooutcome o = {0};

	(void)state;
	via_strbuf_adds(&b, "{");
	for (int i = 0; i < 20000; i++)
		via_strbuf_addf(&b, "\"k%d\":1,\n", i);
	via_strbuf_adds(&b, "\"last\":1}");
	src.text = via_strbuf_str(&b);
	src.len = b.len;
	o.r = via_config_parse(&src, 1, &o.c, &o.problems, &o.err);
	assert_int_equal(o.r, VIA_REFUSED_INVALID);
	assert_int_equal(o.problems.n, 100);
}

static void test_ranges_are_bounded(void **state)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	(void)state;
	for (int n = 2048; n <= 2049; n++) {
		autooutcome o = {0};

		via_strbuf_reset(&b);
		via_strbuf_adds(&b, "{\"pfs\":[{\"match\":{\"name\":\"e\"},\"vfs\":[");
		for (int i = 0; i < n; i++)
			via_strbuf_addf(
				&b, "%s{\"first\":%d,\"last\":65534,\"vlan\":1}", i ? "," : "", i);
		via_strbuf_adds(&b, "]}]}");
		o = parse(via_strbuf_str(&b));
		assert_int_equal(o.r, n == 2048 ? 0 : VIA_REFUSED_INVALID);
		if (o.r)
			assert_non_null(strstr(o.err.msg, "more than 2048 ranges on one PF"));
	}
}

static void check_round_trip(const char *name, const char *text, size_t len)
{
	struct via_config_source src = {name, text, len};
	struct via_config *a = NULL, *b = NULL;
	via_autojson *one = NULL, *two = NULL;
	struct via_err e = {0};

	if (via_config_parse(&src, 1, &a, NULL, &e))
		fail_msg("%s", e.msg);
	one = via_codec_config(a);
	src.text = json_object_to_json_string(one);
	src.len = strlen(src.text);
	if (via_config_parse(&src, 1, &b, NULL, &e))
		fail_msg("%s\n%s", e.msg, src.text);
	two = via_codec_config(b);
	assert_string_equal(json_object_to_json_string(two), json_object_to_json_string(one));
	via_config_destroy(a);
	via_config_destroy(b);
}

/* What is shown as the configuration in force can be used as one. */
static void test_round_trip(void **state)
{
	static const char *const files[] = {"../schemas/examples/config.full.json",
		"../schemas/examples/config.empty.json", "../docs/viaduct.json.example"};
	int dir = open(TESTS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(files); i++) {
		via_autofree char *text = NULL;
		size_t len;

		assert_int_equal(via_file_read(dir, files[i], 1 << 20, &text, &len, NULL), 0);
		check_round_trip(files[i], text, len);
	}
	close(dir);
}

static void test_defaults_are_filled_in(void **state)
{
	autooutcome o =
		parse("{\"pfs\":[{\"match\":{\"name\":\"e\"}}],\"networks\":[{\"name\":\"n\"}]}");
	via_autojson *doc = via_codec_config(o.c);
	json_object *v;

	(void)state;
	assert_int_equal(json_pointer_get(doc, "/provision", &v), 0);
	assert_string_equal(json_object_get_string(v), "auto");
	assert_int_equal(json_pointer_get(doc, "/drift/interval_s", &v), 0);
	assert_int_equal(json_object_get_int(v), 60);
	assert_int_equal(json_pointer_get(doc, "/pfs/0/mac_prefix", &v), 0);
	assert_string_equal(json_object_get_string(v), "56:49:41");
	assert_int_equal(json_pointer_get(doc, "/networks/0/vlan", &v), 0);
	assert_int_equal(json_object_get_int(v), 0);
}

/* What the JSON Schema refuses the daemon refuses. */
static void test_invalid_samples_are_refused(void **state)
{
	DIR *d = opendir(TESTS_DIR "/schemas/invalid");
	struct dirent *e;
	int n = 0;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d))) {
		via_autofree char *text = NULL;
		struct via_config_source src = {e->d_name, NULL, 0};
		struct via_config *c = NULL;

		if (strncmp(e->d_name, "config.", 7))
			continue;
		assert_int_equal(
			via_file_read(dirfd(d), e->d_name, 1 << 20, &text, &src.len, NULL), 0);
		src.text = text;
		if (via_config_parse(&src, 1, &c, NULL, NULL) != VIA_REFUSED_INVALID)
			fail_msg("%s was taken", e->d_name);
		n++;
	}
	closedir(d);
	assert_true(n >= 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_all_problems_are_told),
		cmocka_unit_test(test_across_files),
		cmocka_unit_test(test_too_many_problems),
		cmocka_unit_test(test_ranges_are_bounded),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_defaults_are_filled_in),
		cmocka_unit_test(test_invalid_samples_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
