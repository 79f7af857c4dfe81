/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"

static char dir[64];
static int dirfd_;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/via-file-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd_ < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	close(dirfd_);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void expect(const char *path, const char *text)
{
	via_autofree char *got = NULL;
	size_t len;

	assert_int_equal(via_file_read(dirfd_, path, 1000000, &got, &len, NULL), 0);
	assert_int_equal(len, strlen(text));
	assert_string_equal(got, text);
}

static void test_replace_and_read(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(via_file_replace(dirfd_, "a", "one", 3, 0600, NULL), 0);
	expect("a", "one");
	assert_int_equal(via_file_replace(dirfd_, "a", "", 0, 0600, NULL), 0);
	expect("a", "");
	assert_int_equal(fstatat(dirfd_, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(fstatat(dirfd_, "a.new", &st, 0), -1);
}

static void test_replace_in_a_folder(void **state)
{
	struct via_err e = {0};
	char absolute[128];

	(void)state;
	assert_int_equal(mkdirat(dirfd_, "sub", 0700), 0);
	assert_int_equal(via_file_replace(dirfd_, "sub/f", "x", 1, 0600, NULL), 0);
	expect("sub/f", "x");
	snprintf(absolute, sizeof(absolute), "%s/sub/g", dir);
	assert_int_equal(via_file_replace(AT_FDCWD, absolute, "y", 1, 0600, NULL), 0);
	expect("sub/g", "y");
	assert_int_equal(via_file_replace(dirfd_, "none/f", "x", 1, 0600, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "none/f"));
}

/* What a crash left behind: a link that must not be followed, a mode that must not be kept. */
static void test_replace_over_leftovers(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(via_file_replace(dirfd_, "precious", "keep", 4, 0600, NULL), 0);
	assert_int_equal(symlinkat("precious", dirfd_, "b.new"), 0);
	assert_int_equal(via_file_replace(dirfd_, "b", "two", 3, 0600, NULL), 0);
	expect("precious", "keep");
	expect("b", "two");
	fd = openat(dirfd_, "c.new", O_CREAT | O_WRONLY, 0666);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	close(fd);
	assert_int_equal(via_file_replace(dirfd_, "c", "three", 5, 0600, NULL), 0);
	assert_int_equal(fstatat(dirfd_, "c", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_failed_replace_leaves_the_old(void **state)
{
	struct via_err e = {0};

	(void)state;
	assert_int_equal(mkdirat(dirfd_, "full", 0700), 0);
	assert_int_equal(mkdirat(dirfd_, "full/x", 0700), 0);
	assert_true(via_file_replace(dirfd_, "full", "x", 1, 0600, &e) < 0);
	assert_int_equal(faccessat(dirfd_, "full.new", F_OK, 0), -1);
	assert_int_equal(faccessat(dirfd_, "full/x", F_OK, 0), 0);
	assert_non_null(strstr(e.msg, "full"));
}

static void test_read_limits(void **state)
{
	char *text = (char *)1;
	size_t len = 77;
	struct via_err e = {0};

	(void)state;
	assert_int_equal(via_file_replace(dirfd_, "ten", "0123456789", 10, 0600, NULL), 0);
	assert_int_equal(via_file_read(dirfd_, "ten", 9, &text, &len, &e), -EFBIG);
	assert_ptr_equal(text, (char *)1);
	assert_int_equal(len, 77);
	assert_non_null(strstr(e.msg, "ten"));
	assert_int_equal(via_file_read(dirfd_, "ten", 10, &text, &len, &e), 0);
	assert_int_equal(len, 10);
	free(text);
	assert_int_equal(via_file_read(dirfd_, "missing", 10, &text, &len, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "missing"));
}

/* A FIFO without a writer must not hang the daemon, a device must not feed it for ever. */
static void test_read_takes_regular_files_only(void **state)
{
	char *text;
	size_t len;
	struct via_err e = {0};

	(void)state;
	assert_int_equal(mkfifoat(dirfd_, "fifo", 0600), 0);
	assert_int_equal(via_file_read(dirfd_, "fifo", 10, &text, &len, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "no regular file"));
	assert_int_equal(via_file_read(AT_FDCWD, "/dev/zero", 10, &text, &len, &e), -EINVAL);
	assert_int_equal(via_file_read(dirfd_, ".", 10, &text, &len, &e), -EISDIR);
}

static void test_write_all(void **state)
{
	int fd[2];
	char back[8] = "";

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(via_write_all(fd[1], "hello", 5), 0);
	assert_int_equal(read(fd[0], back, sizeof(back)), 5);
	assert_string_equal(back, "hello");
	close(fd[0]);
	close(fd[1]);
	assert_int_equal(via_write_all(fd[1], "x", 1), -EBADF);
	assert_int_equal(via_write_all(fd[1], "", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replace_and_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace_in_a_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace_over_leftovers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_failed_replace_leaves_the_old, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_read_takes_regular_files_only, setup, teardown),
		cmocka_unit_test(test_write_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
