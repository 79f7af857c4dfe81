/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"

static const char text[] = "// a file\n"
			   "{\n"
			   "  /* two\n"
			   "     lines */ \"pfs\": [\n"
			   "    { \"label\": \"a, b] }\\\" // no comment\", \"num_vfs\": 4 },\n"
			   "    { 'label': 'x', // a comment with \" and }\n"
			   "      \"a/b~c\": { \"\": [ [], [ 1, 2 ] ] } }\n"
			   "  ],\n"
			   "  \"twice\": 1, \"twice\": 2,\n"
			   "  \"last\": null }\n";

static void test_locate(void **state)
{
	static const struct {
		const char *pointer;
		unsigned int line, column;
	} cases[] = {
		{"", 2, 1},
		{"/pfs", 4, 22},
		{"/pfs/0", 5, 5},
		{"/pfs/0/label", 5, 16},
		{"/pfs/0/num_vfs", 5, 54},
		{"/pfs/1", 6, 5},
		{"/pfs/1/label", 6, 16},
		{"/pfs/1/a~1b~0c", 7, 16},
		{"/pfs/1/a~1b~0c/", 7, 22},
		{"/pfs/1/a~1b~0c//1/1", 7, 33},
		{"/last", 10, 11},
		/* json-c keeps the last of two. */
		{"/twice", 9, 24},
	};
	static const char *const nowhere[] = {"/pfs/2", "/pf", "/pfss", "/pfs/0/label/0", "/pfs/00",
		"/pfs/-1", "nonsense", "/last/x", "//", "/pfs/1/a/b~c"};
	unsigned int line, column;

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		if (via_json_locate(text, sizeof(text) - 1, cases[i].pointer, &line, &column))
			fail_msg("%s: not found", cases[i].pointer);
		if (line != cases[i].line || column != cases[i].column)
			fail_msg("%s: %u:%u", cases[i].pointer, line, column);
	}
	for (size_t i = 0; i < VIA_ARRAY_SIZE(nowhere); i++)
		if (via_json_locate(text, sizeof(text) - 1, nowhere[i], &line, &column) != -ENOENT)
			fail_msg("%s: found", nowhere[i]);
}

/* It is fed what parsed; what did not must still neither hang nor read past the end. */
static void test_broken_text_ends(void **state)
{
	static const char *const broken[] = {"", " ", "[", "[}", "[:]", "[/]", "{", "{\"", "{\"a",
		"{\"a\"", "{\"a\":", "{\"a\":}", "{]", "{,}", "[,", "[,,]", "\"\\", "\"\\\"", "'",
		"/*", "/", "//", "[1,2", "[[[[", "{\"a\":[}", "[\x01]", "[\"a\"\"b\"]", "}", "]",
		",", ":"};
	unsigned int line, column;

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(broken); i++) {
		/* Exactly as long as the text, without the NUL: a sanitizer sees a step too far. */
		size_t n = strlen(broken[i]);
		via_autofree char *copy = malloc(n + !n);
		struct via_err e;

		memcpy(copy, broken[i], n);
		assert_int_equal(via_json_locate(copy, n, "/x/1", &line, &column), -ENOENT);
		assert_int_equal(via_json_twice(copy, n, &e), 0);
	}
}

static void test_every_prefix_ends(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		via_autofree char *copy = malloc(n + !n);
		unsigned int line, column;
		struct via_err e;

		memcpy(copy, text, n);
		via_json_locate(copy, n, "/pfs/1/a~1b~0c//1/1", &line, &column);
		via_json_twice(copy, n, &e);
	}
}

static void test_depth(void **state)
{
	char deep[4 * VIA_JSON_DEPTH_MAX + 1], pointer[2 * VIA_JSON_DEPTH_MAX + 1] = "";
	unsigned int line, column;
	int n = VIA_JSON_DEPTH_MAX - 1;

	(void)state;
	memset(deep, '[', (size_t)n);
	deep[n] = '7';
	memset(deep + n + 1, ']', (size_t)n);
	for (int i = 0; i < n; i++)
		strcat(pointer, "/0");
	assert_int_equal(via_json_locate(deep, (size_t)(2 * n + 1), pointer, &line, &column), 0);
	assert_int_equal(column, n + 1);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(via_json_locate(deep, sizeof(deep), pointer, &line, &column), -ENOENT);
}

static void test_twice(void **state)
{
	static const char *const once[] = {"{}", "{\"a\":1,\"b\":2}", "[{\"a\":1},{\"a\":1}]",
		"{\"a\":{\"a\":1}}", "{\"a\":\"a\", \"aa\":1}", "[\"a\",\"a\"]",
		"{\"a\":1, /* \"a\":2 */ \"b\":1}"};
	struct via_err e = {0};
	static const char doc[] =
		"{ \"pfs\": [ {},\n { \"vlan\": 1,\n \"mtu\": 2,\n \"vlan\": 3 } ] }";

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(once); i++)
		assert_int_equal(via_json_twice(once[i], strlen(once[i]), &e), 0);
	assert_int_equal(via_json_twice(doc, sizeof(doc) - 1, &e), VIA_REFUSED_INVALID);
	assert_string_equal(e.msg,
		"line 4, column 3: /pfs/1/vlan: the key stands in line 2 already; "
		"keep one of the two");
	assert_int_equal(via_json_twice(text, sizeof(text) - 1, &e), VIA_REFUSED_INVALID);
	assert_non_null(strstr(e.msg, "/twice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_broken_text_ends),
		cmocka_unit_test(test_every_prefix_ends),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
