/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void test_alloc_is_zeroed_and_aligned(void **state)
{
	static const char zeros[300000];
	struct via_arena a = {0};

	(void)state;
	for (size_t size = 0; size < 300000; size = size * 2 + 1) {
		char *p = via_arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_memory_equal(p, zeros, size);
		memset(p, 0xff, size);
	}
	assert_true(a.total >= 300000);
	via_arena_finish(&a);
	assert_null(a.chunks);
	assert_int_equal(a.total, 0);
	via_arena_finish(&a);
}

static void test_blocks_do_not_overlap(void **state)
{
	struct via_arena a = {0};
	unsigned char *p[2000];

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		p[i] = via_arena_alloc(&a, 1 + i % 97);
		memset(p[i], (int)(i & 0xff), 1 + i % 97);
		via_arena_intern_n(&a, "between", i % 8);
	}
	for (unsigned int i = 0; i < 2000; i++)
		for (unsigned int k = 0; k < 1 + i % 97; k++)
			assert_int_equal(p[i][k], i & 0xff);
	via_arena_finish(&a);
}

static void test_impossible_size(void **state)
{
	struct via_arena a = {0};

	(void)state;
	assert_null(via_arena_alloc(&a, SIZE_MAX));
	assert_null(via_arena_alloc(&a, SIZE_MAX - 8));
	assert_non_null(via_arena_alloc(&a, 8));
	assert_null(via_arena_alloc(&a, SIZE_MAX));
	assert_non_null(via_arena_alloc(&a, 8));
	via_arena_finish(&a);
}

static void test_intern(void **state)
{
	struct via_arena a = {0};
	const char *first[3000];
	char text[32];

	(void)state;
	assert_null(via_arena_intern(&a, NULL));
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "0000:%02x:%02x.%d", i >> 8, i & 0xff, i & 7);
		first[i] = via_arena_intern(&a, text);
		assert_ptr_not_equal(first[i], text);
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "0000:%02x:%02x.%d", i >> 8, i & 0xff, i & 7);
		assert_string_equal(first[i], text);
		assert_ptr_equal(via_arena_intern(&a, text), first[i]);
	}
	assert_int_equal(a.strings.count, 3000);
	via_arena_finish(&a);
}

static void test_intern_n(void **state)
{
	struct via_arena a = {0};
	const char *abc = via_arena_intern(&a, "abc");

	(void)state;
	assert_ptr_equal(via_arena_intern_n(&a, "abcdef", 3), abc);
	assert_ptr_not_equal(via_arena_intern_n(&a, "abcdef", 4), abc);
	assert_ptr_not_equal(via_arena_intern_n(&a, "abcdef", 2), abc);
	assert_string_equal(via_arena_intern_n(&a, "", 0), "");
	/* A NUL ends the text, whatever length is said. */
	assert_ptr_equal(via_arena_intern_n(&a, "abc\0zzzzzzzzzzzzzzzzzzz", 20), abc);
	via_arena_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc_is_zeroed_and_aligned),
		cmocka_unit_test(test_blocks_do_not_overlap),
		cmocka_unit_test(test_impossible_size),
		cmocka_unit_test(test_intern),
		cmocka_unit_test(test_intern_n),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
