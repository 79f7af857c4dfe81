/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "varlink.h"

static void expect_next(struct via_varlink_in *in, const char *want)
{
	const char *msg;
	size_t len;

	assert_int_equal(via_varlink_in_next(in, &msg, &len), 1);
	assert_string_equal(msg, want);
	assert_int_equal(len, strlen(want));
}

static void expect_none(struct via_varlink_in *in)
{
	const char *msg;
	size_t len;

	assert_int_equal(via_varlink_in_next(in, &msg, &len), 0);
}

static void test_frames_in_any_pieces(void **state)
{
	static const char stream[] = "one\0two\0\0three";

	(void)state;
	for (size_t piece = 1; piece <= sizeof(stream); piece++) {
		struct via_varlink_in in = {0};
		const char *msg;
		size_t len, n = 0;

		for (size_t at = 0; at < sizeof(stream); at += piece) {
			size_t rest = sizeof(stream) - at;

			assert_int_equal(
				via_varlink_in_add(&in, stream + at, rest < piece ? rest : piece),
				0);
			while (via_varlink_in_next(&in, &msg, &len) == 1)
				n++;
		}
		assert_int_equal(n, 4);
		assert_false(via_varlink_in_pending(&in));
		via_varlink_in_finish(&in);
	}
}

static void test_frames_in_order(void **state)
{
	struct via_varlink_in in = {0};

	(void)state;
	expect_none(&in);
	assert_int_equal(via_varlink_in_add(&in, "a\0b\0c", 5), 0);
	expect_next(&in, "a");
	expect_next(&in, "b");
	expect_none(&in);
	assert_true(via_varlink_in_pending(&in));
	assert_int_equal(via_varlink_in_add(&in, "d\0", 2), 0);
	expect_next(&in, "cd");
	expect_none(&in);
	assert_null(in.buf);
	via_varlink_in_finish(&in);
}

static void test_size_limit(void **state)
{
	struct via_varlink_in in = {0};
	char *big = calloc(1, VIA_VARLINK_MESSAGE_MAX + 2);
	const char *msg;
	size_t len;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', VIA_VARLINK_MESSAGE_MAX + 1);
	assert_int_equal(via_varlink_in_add(&in, big, VIA_VARLINK_MESSAGE_MAX), 0);
	expect_none(&in);
	assert_int_equal(via_varlink_in_add(&in, "", 1), 0);
	assert_int_equal(via_varlink_in_next(&in, &msg, &len), 1);
	assert_int_equal(len, VIA_VARLINK_MESSAGE_MAX);
	/* One more is too many, whether its end is there or not. */
	assert_int_equal(via_varlink_in_add(&in, big, VIA_VARLINK_MESSAGE_MAX + 1), 0);
	assert_int_equal(via_varlink_in_next(&in, &msg, &len), -EMSGSIZE);
	assert_int_equal(via_varlink_in_add(&in, "", 1), 0);
	assert_int_equal(via_varlink_in_next(&in, &msg, &len), -EMSGSIZE);
	via_varlink_in_finish(&in);
	free(big);
}

static void test_calls(void **state)
{
	static const char full[] =
		"{\"method\":\"org.viaduct.Apply\",\"parameters\":{\"pf\":\"eth0\"},"
		"\"more\":true,\"oneway\":false}";
	struct via_varlink_msg m = {0};
	struct via_err err;

	(void)state;
	assert_int_equal(via_varlink_parse(full, strlen(full), &m, &err), 0);
	assert_string_equal(m.method, "org.viaduct.Apply");
	assert_string_equal(
		json_object_get_string(json_object_object_get(m.parameters, "pf")), "eth0");
	assert_true(m.more);
	assert_false(m.oneway);
	assert_int_equal(via_varlink_interface_len(m.method), strlen("org.viaduct"));
	via_varlink_msg_finish(&m);
}

static void test_refused_calls(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", ""},
		{"3", "object"},
		{"[]", "object"},
		{"{}", "method"},
		{"{\"method\":7}", "method"},
		{"{\"method\":\"Apply\"}", "method name"},
		{"{\"method\":\"org.viaduct.apply\"}", "method name"},
		{"{\"method\":\"org.via duct.Apply\"}", "method name"},
		{"{\"method\":\"org.viaduct.App-ly\"}", "method name"},
		{"{\"method\":\"org.viaduct.\\u0000Apply\"}", "method name"},
		{"{\"method\":\"a.B\",\"parameters\":[]}", "parameters"},
		{"{\"method\":\"a.B\",\"more\":1}", "more"},
		{"{\"method\":\"a.B\",\"oneway\":\"yes\"}", "oneway"},
		{"{\"method\":\"a.B\",\"upgrade\":true}", "upgrade"},
		{"{\"method\":\"a.B\"} {}", ""},
		{"{\"method\":\"a.B\xff\"}", ""},
		{"{\"method\":\"a.B\",\"parameters\":{\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}}",
			"nested"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct via_varlink_msg m = {0};
		struct via_err err = {0};

		assert_int_equal(via_varlink_parse(bad[i].text, strlen(bad[i].text), &m, &err),
			VIA_REFUSED_INVALID);
		assert_non_null(strstr(err.msg, bad[i].why));
		assert_null(m.method);
	}
}

static void test_brackets_in_strings_are_no_depth(void **state)
{
	static const char text[] =
		"{\"method\":\"a.B\",\"parameters\":{\"x\":\"[[[[[[[[[[[[[[[[[[[[[\\\"{{{{{\"}}";
	struct via_varlink_msg m = {0};
	struct via_err err;

	(void)state;
	assert_int_equal(via_varlink_parse(text, strlen(text), &m, &err), 0);
	via_varlink_msg_finish(&m);
}

static void expect_reply(struct via_text *t, const char *want)
{
	assert_non_null(t);
	assert_string_equal(t->s, want);
	assert_int_equal(t->len, strlen(want) + 1);
	via_text_unref(t);
}

static void test_replies(void **state)
{
	json_object *p = json_object_new_object();

	(void)state;
	json_object_object_add(p, "a", json_object_new_string("x/y"));
	expect_reply(via_varlink_reply(NULL, NULL, false), "{\"parameters\":{}}");
	expect_reply(via_varlink_reply(p, NULL, true),
		"{\"parameters\":{\"a\":\"x/y\"},\"continues\":true}");
	expect_reply(
		via_varlink_reply(NULL, "a.b.C", false), "{\"error\":\"a.b.C\",\"parameters\":{}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_in_any_pieces),
		cmocka_unit_test(test_frames_in_order),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_refused_calls),
		cmocka_unit_test(test_brackets_in_strings_are_no_depth),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
