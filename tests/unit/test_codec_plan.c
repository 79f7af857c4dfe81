/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans, reports and drift as JSON; steps through the journal and back. */
#include <errno.h>
#include <json-c/json.h>

#include "base/json.h"
#include "model/codec.h"
#include "test_plan_host.h"

#define CONFIG                                                                                     \
	"{\"pfs\":[{\"match\":{\"name\":\"eth0\"},\"num_vfs\":2,\"mtu\":9000,\"vf\":{\"driver\":"  \
	"\"vfio\",\"vlan\":100,\"mac\":\"derived\",\"link_state\":\"enable\"}},"                   \
	"{\"match\":{\"name\":\"eth1\"},\"num_vfs\":9}]}"

static struct via_plan *sample_plan(struct host *h)
{
	*h = (struct host){0};
	host_add_pf(h, "0000:01:00.0", "eth0")->up = false;
	host_set_vfs(host_add_pf(h, "0000:03:00.0", "eth1"), 1);
	return host_plan(h, CONFIG);
}

/* Hand a document to the suite that validates them all. */
static void keep(const char *name, const char *kind, json_object *o)
{
	const char *docs = getenv("VIADUCT_DOCS");
	char path[512];

	if (!docs)
		return;
	snprintf(path, sizeof(path), "%s/unit-%s.%s.json", docs, name, kind);
	json_object_to_file_ext(path, o, JSON_C_TO_STRING_PLAIN);
}

static const char *at(json_object *o, const char *pointer)
{
	json_object *v;

	if (json_pointer_get(o, pointer, &v))
		return "(absent)";
	return v ? json_object_get_string(v) : "(null)";
}

static void test_plan(void **state)
{
	struct host h;
	host_autoplan *p = sample_plan(&h);
	via_autojson *o = via_codec_plan(p);

	(void)state;
	keep("plan", "plan", o);
	assert_string_equal(at(o, "/version"), "1");
	assert_string_equal(at(o, "/inventory_generation"), "42");
	assert_string_equal(at(o, "/disruption"), "none");
	assert_string_equal(at(o, "/steps/0/op"), "set_autoprobe");
	assert_string_equal(at(o, "/steps/0/id"), "1");
	assert_string_equal(at(o, "/steps/0/pf"), "0000:01:00.0");
	assert_string_equal(at(o, "/steps/0/vf_index"), "(absent)");
	assert_string_equal(at(o, "/steps/0/set"), "{ \"number\": 0 }");
	assert_string_equal(at(o, "/steps/0/undo"), "{ \"number\": 1 }");
	assert_string_equal(at(o, "/steps/4/op"), "set_vf_attrs");
	assert_string_equal(at(o, "/steps/4/vf_index"), "0");
	assert_string_equal(at(o, "/steps/4/set/attrs/vlan"), "100");
	assert_string_equal(at(o, "/steps/4/undo"), "(absent)");
	assert_string_equal(
		at(o, "/steps/6/set"), "{ \"driver\": \"vfio-pci\", \"override\": \"vfio-pci\" }");
	assert_string_equal(at(o, "/steps/6/undo"), "{ }");
	assert_string_equal(at(o, "/refusals/0/code"), "invalid");
	assert_string_equal(at(o, "/refusals/0/target"), "0000:03:00.0");
}

static void test_report(void **state)
{
	struct host h;
	host_autoplan *p = sample_plan(&h);
	struct via_step_result *r = calloc(p->n_steps, sizeof(*r));
	via_autojson *o = NULL;

	(void)state;
	for (size_t i = 0; i < p->n_steps; i++) {
		r[i].id = p->steps[i].id;
		r[i].state = i < 4 ? VIA_STEP_DONE : i == 4 ? VIA_STEP_FAILED : VIA_STEP_SKIPPED;
	}
	r[4].code = VIA_REFUSED_KERNEL_REFUSED;
	strcpy(r[4].message, "the driver refused the VLAN");
	r[4].took_ms = 12;
	r[4].attrs.attr[VIA_VF_ATTR_MAC].outcome = VIA_OUTCOME_APPLIED;
	r[4].attrs.attr[VIA_VF_ATTR_VLAN] =
		(struct via_attr_result){VIA_OUTCOME_REFUSED, EINVAL, "VLAN out of range"};
	r[4].left = (struct via_vf_attrs){.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN)};
	r[5].code = -EIO;
	r[0].state = VIA_STEP_UNDONE;
	o = via_codec_report(p, r);
	keep("report", "report", o);
	assert_string_equal(at(o, "/done"), "3");
	assert_string_equal(at(o, "/failed"), "1");
	assert_string_equal(at(o, "/undone"), "1");
	assert_int_equal(atoi(at(o, "/skipped")), p->n_steps - 5);
	assert_string_equal(at(o, "/results/4/state"), "failed");
	assert_string_equal(at(o, "/results/4/code"), "refused-by-kernel");
	assert_string_equal(
		at(o, "/results/4/attrs/0"), "{ \"name\": \"mac\", \"outcome\": \"applied\" }");
	assert_string_equal(at(o, "/results/4/attrs/1/error"), "EINVAL");
	assert_string_equal(at(o, "/results/4/attrs/1/extack"), "VLAN out of range");
	assert_string_equal(at(o, "/results/4/attrs/2"), "(absent)");
	assert_string_equal(at(o, "/results/4/left/vlan"), "0");
	assert_string_equal(at(o, "/results/5/code"), "EIO");
	assert_string_equal(at(o, "/results/3/code"), "(absent)");
	assert_string_equal(at(o, "/results/3/attrs"), "[ ]");
	assert_string_equal(at(o, "/plan/version"), "1");
	free(r);
}

static void test_drift(void **state)
{
	struct via_drift d = {.pf = {0, 1, 0, 0},
		.target = {0, 1, 0x10, 2},
		.vf_index = 1,
		.has_vf = true,
		.what = "vlan",
		.wanted = "100",
		.found = "none",
		.since_us = 1767348001250999,
		.heal = true};
	via_autojson *o = via_codec_drift(&d);

	(void)state;
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		"{\"pf\":\"0000:01:00.0\",\"target\":\"0000:01:10.2\",\"vf_index\":1,\"what\":"
		"\"vlan\","
		"\"wanted\":\"100\",\"found\":\"none\",\"since\":\"2026-01-02T10:00:01.250Z\","
		"\"heal\":true,\"unsupported\":false}");
}

static void test_every_step_comes_back(void **state)
{
	struct host h;
	host_autoplan *p = sample_plan(&h);

	(void)state;
	assert_true(p->n_steps > 5);
	for (size_t i = 0; i < p->n_steps; i++) {
		via_autojson *o = via_codec_step_journal(&p->steps[i]), *again = NULL, *back = NULL;
		struct via_step s;
		struct via_err e = {0};
		const char *text = json_object_to_json_string(o);

		/* By way of text, as the journal has it. */
		assert_int_equal(via_json_parse(text, strlen(text), false, &back, &e), 0);
		if (via_codec_step_parse(back, &s, &e))
			fail_msg("%s: %s", text, e.msg);
		again = via_codec_step_journal(&s);
		assert_string_equal(json_object_to_json_string(again), text);
		assert_int_equal(s.has_undo, p->steps[i].has_undo);
		assert_int_equal(s.has_pf_mac, p->steps[i].has_pf_mac);
		assert_true(via_mac_eq(s.pf_mac, p->steps[i].pf_mac));
		assert_int_equal(s.vendor, p->steps[i].vendor);
		assert_int_equal(s.set.attrs.known, p->steps[i].set.attrs.known);
		assert_int_equal(via_vf_attrs_diff(&s.set.attrs, &p->steps[i].set.attrs), 0);
	}
}

/* "No administered MAC" is a value; it must not come back as "not known". */
static void test_zero_mac_comes_back(void **state)
{
	struct via_step in = {.id = 1,
				.op = VIA_STEP_VF_ATTRS,
				.has_vf = true,
				.has_undo = true,
				.reason = "x"},
			out;
	via_autojson *o = NULL;

	(void)state;
	in.set.attrs.known = in.undo.attrs.known = VIA_ATTR_ALL;
	o = via_codec_step_journal(&in);
	assert_int_equal(via_codec_step_parse(o, &out, NULL), 0);
	assert_int_equal(out.set.attrs.known, VIA_ATTR_ALL);
	assert_true(via_mac_is_zero(out.set.attrs.mac));
	assert_int_equal(out.undo.attrs.known, VIA_ATTR_ALL);
}

static void test_parse_refuses(void **state)
{
	static const struct {
		const char *change, *message;
	} cases[] = {
		{"{\"op\":\"explode\"}", "/op: \"explode\" is not one of"},
		{"{\"id\":-1}", "/id: -1 is outside"},
		{"{\"pf\":\"eth0\"}", "/pf: must be a PCI address"},
		{"{\"set\":{\"number\":-4}}", "/set/number: "},
		{"{\"set\":{\"driver\":"
		 "\"0123456789012345678901234567890123456789012345678901234567890123"
		 "\"}}",
			"/set/driver: is no text of less than 64 bytes"},
		{"{\"set\":{\"attrs\":{\"vlan\":5000}}}", "/set/attrs: /vlan: 5000"},
		{"{\"set\":{\"what\":1}}", "/set/what: there is no such key"},
		{"{\"disruption\":1}", "/disruption: must be one of"},
		{"{\"identity\":{\"vendor\":70000,\"device\":1}}", "/identity/vendor: 70000"},
		{"{\"identity\":{\"vendor\":7}}", "/identity: the key \"device\" is missing"},
		{"{\"identity\":null}", "/: the key \"identity\" is missing"},
		{"{\"more\":1}", "/more: there is no such key"},
		{"{\"reason\":\"a\\u0000b\"}", "/reason: must be a string"},
	};
	struct host h;
	host_autoplan *p = sample_plan(&h);

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *o = via_codec_step_journal(&p->steps[0]);
		via_autojson *change = json_tokener_parse(cases[i].change);
		struct via_step s = {.id = 4711};
		struct via_err e = {0};

		json_object_object_foreach(change, key, val)
			json_object_object_add(o, key, json_object_get(val));
		if (via_codec_step_parse(o, &s, &e) != VIA_REFUSED_INVALID ||
			strncmp(e.msg, cases[i].message, strlen(cases[i].message)))
			fail_msg("%s: %s", cases[i].change, e.msg);
		assert_int_equal(s.id, 4711);
	}
}

static void test_inventory_is_kept(void **state)
{
	struct host h;
	via_autoinventory *inv = NULL;
	via_autojson *o = NULL;

	(void)state;
	h = (struct host){.has_nic = true, .nic_driver = "e1000e"};
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", "eth0"), 2);
	host_hold(&h.pfs[0].vfs[1], VIA_HOLDER_DOMAIN, "web1");
	inv = host_inventory(&h);
	o = via_codec_inventory(inv);
	keep("inventory", "inventory", o);
	assert_string_equal(at(o, "/devices/0/sriov/vfs/1/holders/0/name"), "web1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_every_step_comes_back),
		cmocka_unit_test(test_zero_mac_comes_back),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_inventory_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
