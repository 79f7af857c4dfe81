/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/parse.h"
#include "base/strbuf.h"

static int parse(const char *text, bool comments, struct via_err *err)
{
	via_autojson *o = NULL;

	return via_json_parse(text, strlen(text), comments, &o, err);
}

static void test_parse_accepts(void **state)
{
	static const char *const plain[] = {"{}", "[]",
		" { \"a\" : [1, 2.5, true, null, \"x\"] } \n", "7", "-7", "\"x\"", "true", "null",
		"1e3", "{\"\\u00e4\":\"\\ud83d\\ude00\"}"};
	static const char *const commented[] = {"// first\n{}", "{} // last",
		"{} /* a */ /* b */\n", "/**/ { /* in */ \"a\": 1 // end\n }", "{}//",
		"{} // x\n\n// y\n"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(plain); i++) {
		assert_int_equal(parse(plain[i], false, NULL), 0);
		assert_int_equal(parse(plain[i], true, NULL), 0);
	}
	for (size_t i = 0; i < VIA_ARRAY_SIZE(commented); i++) {
		struct via_err e = {0};

		if (parse(commented[i], true, &e))
			fail_msg("%s: %s", commented[i], e.msg);
		assert_int_equal(parse(commented[i], false, NULL), VIA_REFUSED_INVALID);
	}
}

static void test_parse_refuses(void **state)
{
	static const char *const bad[] = {"", " ", "{", "[1", "\"x", "{\"a\"}", "{\"a\":}", "{} {}",
		"{}x", "1 2", "[1 2]", "{\"a\" 1}", "tru", "truex", "\"\xff\"", "\"\xc3\"", "nul",
		"-", "{} /* never ends", "/", "{} /", "'x", "{a:1}"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(bad); i++) {
		struct via_err e = {0};

		if (parse(bad[i], false, &e) != VIA_REFUSED_INVALID ||
			parse(bad[i], true, &e) != VIA_REFUSED_INVALID)
			fail_msg("accepted: %s", bad[i]);
		assert_true(*e.msg);
	}
}

/* What json-c takes in its lenient mood and JSON does not know. */
static void test_plain_is_strict(void **state)
{
	static const char *const lenient[] = {"'x'", "{'a':1}", "[1,]", "{\"a\":1,}", "NaN",
		"Infinity", "[NaN]", "[-Infinity]", "TRUE", "Null", "01", "[01]", "1.", "\"a\nb\"",
		"\"\t\"", "+1"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(lenient); i++)
		if (parse(lenient[i], false, NULL) != VIA_REFUSED_INVALID)
			fail_msg("accepted: %s", lenient[i]);
}

static void test_parse_bounds(void **state)
{
	char deep[4 * VIA_JSON_DEPTH_MAX];
	struct via_err e = {0};
	via_autojson *o = NULL;

	(void)state;
	for (int n = 1; n < 2 * VIA_JSON_DEPTH_MAX; n++) {
		int r;

		memset(deep, '[', (size_t)n);
		memset(deep + n, ']', (size_t)n);
		deep[2 * n] = '\0';
		r = parse(deep, false, &e);
		assert_int_equal(r, n <= VIA_JSON_DEPTH_MAX ? 0 : VIA_REFUSED_INVALID);
	}
	assert_int_equal(via_json_parse("{}\0", 3, false, &o, &e), VIA_REFUSED_INVALID);
	assert_non_null(strstr(e.msg, "NUL"));
	assert_null(o);
}

static void test_parse_says_where(void **state)
{
	struct via_err e = {0};

	(void)state;
	assert_int_equal(parse("{\n \"a\": 1,\n \"b\" 2\n}", true, &e), VIA_REFUSED_INVALID);
	assert_ptr_equal(strstr(e.msg, "line 3, column "), e.msg);
	assert_int_equal(parse("{}\n\nx", true, &e), VIA_REFUSED_INVALID);
	assert_ptr_equal(strstr(e.msg, "line 3, column 1: something follows"), e.msg);
}

struct sample {
	bool flag, has_n;
	uint32_t n;
	int64_t big;
	char *text;
	int word;
	struct via_addr addr;
	struct via_mac mac;
};

static const char *const words[] = {"auto", "enable", "disable", NULL};
#define F(key, fn, member, set, lo, hi, arg, required)                                             \
	{                                                                                          \
		key, fn, offsetof(struct sample, member), set, lo, hi, arg, required               \
	}
static const struct via_json_field fields[] = {
	F("flag", via_json_bool, flag, 0, 0, 0, NULL, false),
	F("n", via_json_u32, n, VIA_JSON_SET(struct sample, has_n), 1, 4294967295u, NULL, false),
	F("big", via_json_i64, big, 0, INT64_MIN, INT64_MAX, NULL, false),
	F("text", via_json_string, text, 0, 0, 5, NULL, false),
	F("word", via_json_enum, word, 0, 0, 0, words, false),
	F("addr", via_json_addr, addr, 0, 0, 0, NULL, false),
	F("mac", via_json_mac, mac, 0, 0, 0, NULL, false),
	{0},
};

static int decode(const char *text, struct sample *s, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	via_autojson *o = NULL;

	assert_int_equal(via_json_parse(text, strlen(text), false, &o, err), 0);
	return via_json_object(&c, o, fields, s);
}

static void test_decode(void **state)
{
	struct sample s = {.text = strdup("old")};

	(void)state;
	assert_int_equal(decode("{\"flag\":true,\"n\":4294967295,\"big\":-9223372036854775808,"
				"\"text\":\"new\",\"word\":\"enable\",\"addr\":\"3b:00.1\","
				"\"mac\":\"52:54:00:00:00:01\"}",
				 &s, NULL),
		0);
	assert_true(s.flag && s.has_n);
	assert_int_equal(s.n, 4294967295u);
	assert_true(s.big == INT64_MIN);
	assert_string_equal(s.text, "new");
	assert_int_equal(s.word, 1);
	assert_string_equal(via_addr_fmt(s.addr), "0000:3b:00.1");
	free(s.text);
}

static void test_null_is_not_given(void **state)
{
	struct sample s = {.n = 5};

	(void)state;
	assert_int_equal(decode("{\"n\":null,\"text\":null}", &s, NULL), 0);
	assert_false(s.has_n);
	assert_int_equal(s.n, 5);
	assert_null(s.text);
}

static void test_decode_refuses(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[]", "/: must be an object"},
		{"{\"flag\":1}", "/flag: must be true or false"},
		{"{\"n\":0}", "/n: 0 is outside 1 to 4294967295"},
		{"{\"n\":4294967296}", "/n: 4294967296 is outside"},
		{"{\"n\":-1}", "/n: -1 is outside"},
		{"{\"n\":1.0}", "/n: must be a whole number"},
		{"{\"n\":\"1\"}", "/n: must be a whole number"},
		{"{\"n\":99999999999999999999}", "/n: "},
		{"{\"big\":9223372036854775808}", "/big: the number is too large"},
		{"{\"big\":99999999999999999999999}", "/big: "},
		{"{\"text\":\"\"}", "/text: must not be empty"},
		{"{\"text\":\"123456\"}", "/text: is longer than 5 bytes"},
		{"{\"text\":\"a\\u0000b\"}", "/text: must not hold control characters"},
		{"{\"text\":\"a\\nb\"}", "/text: must not hold control characters"},
		{"{\"text\":\"\\u007f\"}", "/text: must not hold control characters"},
		{"{\"text\":7}", "/text: must be a string"},
		{"{\"word\":\"on\"}",
			"/word: \"on\" is not one of \"auto\", \"enable\", \"disable\""},
		{"{\"word\":\"auto\\u0000x\"}", "/word: "},
		{"{\"word\":true}", "/word: must be one of \"auto\""},
		{"{\"addr\":\"01:00\"}", "/addr: must be a PCI address"},
		{"{\"addr\":\"3b:00.1\\u0000\"}", "/addr: must be a PCI address"},
		{"{\"mac\":\"01:00:5e:00:00:01\"}", "/mac: 01:00:5e:00:00:01 is not a unicast"},
		{"{\"mac\":\"00:00:00:00:00:00\"}", "/mac: "},
		{"{\"mac\":5}", "/mac: must be a MAC address"},
		{"{\"txt\":5}", "/txt: there is no such key; did you mean \"text\"?"},
		{"{\"quite\":5}", "/quite: there is no such key here"},
		{"{\"a/b~c\":5}", "/a~1b~0c: "},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct sample s = {0};
		struct via_err e = {0};

		if (decode(cases[i].text, &s, &e) != VIA_REFUSED_INVALID ||
			strncmp(e.msg, cases[i].message, strlen(cases[i].message)))
			fail_msg("%s: %s", cases[i].text, e.msg);
		free(s.text);
	}
}

static void test_required(void **state)
{
	static const struct via_json_field need[] = {
		{"a", via_json_bool, 0, 0, 0, 0, NULL, true},
		{0},
	};
	struct via_err e = {0};
	struct via_json_ctx c = {.err = &e};
	via_autojson *o = json_object_new_object();
	bool a = false;

	(void)state;
	assert_int_equal(via_json_object(&c, o, need, &a), VIA_REFUSED_INVALID);
	assert_string_equal(e.msg, "/: the key \"a\" is missing");
	json_object_object_add(o, "a", NULL);
	assert_int_equal(via_json_object(&c, o, need, &a), VIA_REFUSED_INVALID);
	json_object_object_add(o, "a", json_object_new_boolean(1));
	assert_int_equal(via_json_object(&c, o, need, &a), 0);
	assert_true(a);
}

static int element(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	int64_t *sum = user, v;
	static const struct via_json_field f = {.max = 9};
	int r = via_json_i64(c, o, &v, &f);

	if (r == 0)
		*sum += v * (int64_t)(i + 1);
	return r;
}

static int collect(struct via_json_ctx *c)
{
	via_strbuf_addf(c->user, "%s|", c->err->msg);
	return 0;
}

static void test_array(void **state)
{
	struct via_err e = {0};
	via_autostrbuf said = VIA_STRBUF_INIT;
	struct via_json_ctx c = {.err = &e};
	via_autojson *o = json_tokener_parse("[1, 2, 10, 3, null, 4]");
	int64_t sum = 0;

	(void)state;
	assert_int_equal(via_json_array(&c, o, element, &sum), VIA_REFUSED_INVALID);
	assert_string_equal(e.msg, "/2: 10 is outside 0 to 9");
	assert_string_equal(c.pointer, "/2");
	c = (struct via_json_ctx){.err = &e, .user = &said, .problem = collect};
	sum = 0;
	assert_int_equal(via_json_array(&c, o, element, &sum), 0);
	assert_int_equal(sum, 1 + 4 + 12 + 24);
	assert_string_equal(
		via_strbuf_str(&said), "/2: 10 is outside 0 to 9|/4: must be a whole number|");
	assert_string_equal(c.pointer, "");
}

static void test_collects_every_problem(void **state)
{
	struct via_err e = {0};
	via_autostrbuf said = VIA_STRBUF_INIT;
	struct via_json_ctx c = {.err = &e, .user = &said, .problem = collect};
	via_autojson *o = json_tokener_parse(
		"{\"n\":0,\"flag\":true,\"x\":1,\"word\":\"no\",\"text\":\"ok\"}");
	struct sample s = {0};

	(void)state;
	assert_int_equal(via_json_object(&c, o, fields, &s), 0);
	assert_string_equal(via_strbuf_str(&said),
		"/n: 0 is outside 1 to 4294967295|/x: there is no such key here|"
		"/word: \"no\" is not one of \"auto\", \"enable\", \"disable\"|");
	assert_true(s.flag);
	assert_false(s.has_n);
	assert_string_equal(s.text, "ok");
	free(s.text);
}

/* The pointer has a fixed size; deep and long keys must not write past it. */
static void test_pointer_is_bounded(void **state)
{
	struct via_json_ctx c = {0};
	char key[200];
	size_t marks[8];

	(void)state;
	memset(key, '~', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	for (int i = 0; i < 8; i++) {
		marks[i] = via_json_push(&c, key);
		assert_true(strlen(c.pointer) < sizeof(c.pointer));
	}
	for (int i = 7; i >= 0; i--)
		via_json_pop(&c, marks[i]);
	assert_string_equal(c.pointer, "");
	via_json_push(&c, "pfs");
	via_json_push_index(&c, 3);
	assert_string_equal(c.pointer, "/pfs/3");
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"num_vfs", "mtu", "trust", "vlan", NULL};

	(void)state;
	assert_string_equal(via_json_nearest("numvfs", names), "num_vfs");
	assert_string_equal(via_json_nearest("vlna", names), "vlan");
	assert_string_equal(via_json_nearest("mtu", names), "mtu");
	assert_null(via_json_nearest("completely", names));
	assert_null(via_json_nearest("", names));
	assert_null(via_json_nearest(
		"a key that is longer than any name could ever be, by far, really", names));
}

static void test_add(void **state)
{
	via_autojson *o = json_object_new_object();

	(void)state;
	via_json_add_str(o, "none", NULL);
	via_json_add_str(o, "s", "x");
	via_json_add_int(o, "i", INT64_MIN);
	via_json_add_bool(o, "b", true);
	assert_string_equal(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
		"{\"s\":\"x\",\"i\":-9223372036854775808,\"b\":true}");
}

/* Interface names and serial numbers may hold any byte; a JSON text may not. */
static void test_add_keeps_utf8(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
			"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"a\xff"
		 "b",
			"a\xef\xbf\xbd"
			"b"},
		{"\xc3", "\xef\xbf\xbd"},
		{"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autojson *o = json_object_new_object(), *back = NULL;
		const char *text;
		json_object *s;

		via_json_add_str(o, "s", cases[i].in);
		assert_true(json_object_object_get_ex(o, "s", &s));
		assert_string_equal(json_object_get_string(s), cases[i].out);
		text = json_object_to_json_string(o);
		assert_int_equal(via_json_parse(text, strlen(text), false, &back, NULL), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_accepts),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_plain_is_strict),
		cmocka_unit_test(test_parse_bounds),
		cmocka_unit_test(test_parse_says_where),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_null_is_not_given),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_collects_every_problem),
		cmocka_unit_test(test_pointer_is_bounded),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_keeps_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
