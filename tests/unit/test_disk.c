/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door to the disk, and the fake behind it that loses what was not synced. */
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
#include "fake/disk.h"

static char dir[64];
static int dirfd_;
static struct via_fake_disk *fake;
static struct via_disk *disk;

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/via-disk-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dirfd_ = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fake = via_fake_disk_create();
	disk = via_fake_disk_door(fake);
	return dirfd_ < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	via_fake_disk_destroy(fake);
	close(dirfd_);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* NULL: there is no such file. */
static void expect(const char *name, const char *text)
{
	via_autofree char *got = NULL;
	size_t len;
	int r = via_file_read(dirfd_, name, 1000000, &got, &len, NULL);

	assert_int_equal(r, text ? 0 : -ENOENT);
	if (text)
		assert_string_equal(got, text);
}

static void add(int fd, const char *text)
{
	assert_int_equal(disk->ops->append(disk, fd, text, strlen(text)), 0);
}

static int replace(const char *name, const char *text)
{
	return disk->ops->replace(disk, dirfd_, name, text, strlen(text), 0600);
}

/* Both doors, the same habits. */
static void check_habits(struct via_disk *k)
{
	via_autoclose int fd = -1, other = -1;
	struct stat st;

	disk = k;
	fd = k->ops->open(k, dirfd_, "log");
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	add(fd, "one\n");
	add(fd, "two\n");
	assert_int_equal(k->ops->sync(k, fd), 0);
	expect("log", "one\ntwo\n");
	assert_int_equal(k->ops->cut(k, fd, 4), 0);
	add(fd, "three\n");
	expect("log", "one\nthree\n");
	other = k->ops->open(k, dirfd_, "log");
	assert_true(other >= 0);
	add(other, "four\n");
	expect("log", "one\nthree\nfour\n");

	assert_int_equal(k->ops->keep(k, dirfd_, "none", "none.bak"), 0);
	expect("none.bak", NULL);
	assert_int_equal(replace("f", "old"), 0);
	assert_int_equal(k->ops->keep(k, dirfd_, "f", "f.bak"), 0);
	/* Again, with nothing changed: both names lead to one file. */
	assert_int_equal(k->ops->keep(k, dirfd_, "f", "f.bak"), 0);
	expect("f.bak.new", NULL);
	assert_int_equal(replace("f", "new"), 0);
	expect("f", "new");
	expect("f.bak", "old");
	assert_int_equal(k->ops->keep(k, dirfd_, "f", "f.bak"), 0);
	expect("f.bak", "new");
	assert_int_equal(k->ops->remove(k, dirfd_, "f"), 0);
	assert_int_equal(k->ops->remove(k, dirfd_, "f"), 0);
	expect("f", NULL);
	expect("f.bak", "new");

	assert_int_equal(symlinkat("/etc/passwd", dirfd_, "link"), 0);
	assert_int_equal(k->ops->open(k, dirfd_, "link"), -ELOOP);
}

static void test_linux(void **state)
{
	(void)state;
	check_habits(via_disk_linux());
}

static void test_fake(void **state)
{
	(void)state;
	check_habits(disk);
}

static void test_calls_fail(void **state)
{
	via_autoclose int fd = disk->ops->open(disk, dirfd_, "log");

	(void)state;
	via_fake_disk_fail(fake, VIA_FAKE_DISK_APPEND, 2, 1, ENOSPC, 3);
	add(fd, "one\n");
	assert_int_equal(disk->ops->append(disk, fd, "second\n", 7), -ENOSPC);
	expect("log", "one\nsec");
	add(fd, "three\n");
	expect("log", "one\nsecthree\n");
	via_fake_disk_fail(fake, VIA_FAKE_DISK_SYNC, 1, 2, EIO, 0);
	assert_int_equal(disk->ops->sync(disk, fd), -EIO);
	assert_int_equal(disk->ops->sync(disk, fd), -EIO);
	assert_int_equal(disk->ops->sync(disk, fd), 0);
	via_fake_disk_fail(fake, VIA_FAKE_DISK_REPLACE, 1, 0, EROFS, 0);
	assert_int_equal(replace("f", "x"), -EROFS);
	assert_int_equal(replace("f", "x"), -EROFS);
	via_fake_disk_heal(fake);
	assert_int_equal(replace("f", "x"), 0);
}

static void test_disk_fills_up(void **state)
{
	via_autoclose int fd = disk->ops->open(disk, dirfd_, "log");

	(void)state;
	via_fake_disk_space(fake, 6);
	add(fd, "one\n");
	assert_int_equal(replace("f", "much more"), -ENOSPC);
	expect("f", NULL);
	assert_int_equal(disk->ops->append(disk, fd, "two\n", 4), -ENOSPC);
	expect("log", "one\ntw");
	assert_int_equal(disk->ops->open(disk, dirfd_, "more"), -ENOSPC);
	assert_int_equal(disk->ops->cut(disk, fd, 4), 0);
	add(fd, "2\n");
	expect("log", "one\n2\n");
}

struct cut {
	struct via_fake_power_cut how;
	const char *log, *kept, *replaced, *copy;
};

/* log: synced "one", then "two" that is not. cut: synced "whole", cut to "wh" without a sync. f:
 * replaced, the directory synced. g: replaced, and it was not; g.bak: its copy. */
static void check_power_cut(const struct cut *c)
{
	via_autoclose int log = disk->ops->open(disk, dirfd_, "log");
	via_autoclose int cut = disk->ops->open(disk, dirfd_, "cut");

	add(log, "one\n");
	assert_int_equal(disk->ops->sync(disk, log), 0);
	add(cut, "whole");
	assert_int_equal(disk->ops->sync(disk, cut), 0);
	assert_int_equal(replace("f", "f1"), 0);
	assert_int_equal(replace("f", "f2"), 0);
	assert_int_equal(replace("g", "g1"), 0);
	add(log, "two\n");
	assert_int_equal(disk->ops->cut(disk, cut, 2), 0);
	assert_int_equal(disk->ops->keep(disk, dirfd_, "g", "g.bak"), 0);
	via_fake_disk_stop(fake, 1, VIA_FAKE_DISK_MIDDLE);
	assert_int_equal(replace("g", "g2"), -EIO);
	assert_true(via_fake_disk_stopped(fake));
	expect("g", "g2");
	assert_int_equal(replace("f", "f3"), -EIO);
	via_fake_disk_power_cut(fake, &c->how);
	assert_int_equal(disk->ops->sync(disk, log), -EIO);
	expect("log", c->log);
	expect("cut", c->kept);
	expect("f", "f2");
	expect("g", c->replaced);
	expect("g.bak", c->copy);
}

static void test_power_cut(void **state)
{
	static const struct cut cuts[] = {
		{{0}, "one\n", "whole", "g1", NULL},
		{{.tail = 2}, "one\ntw", "whole", "g1", NULL},
		{{.tail = SIZE_MAX}, "one\ntwo\n", "whole", "g1", NULL},
		{{.cuts = true}, "one\n", "wh", "g1", NULL},
		{{.entries = true}, "one\n", "whole", "g2", "g1"},
	};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		check_power_cut(&cuts[i]);
		teardown(state);
		setup(state);
	}
}

static void test_zeroes_come_through(void **state)
{
	via_autoclose int fd = disk->ops->open(disk, dirfd_, "log");
	via_autofree char *got = NULL;
	size_t len;

	(void)state;
	add(fd, "one\n");
	assert_int_equal(disk->ops->sync(disk, fd), 0);
	add(fd, "two\n");
	via_fake_disk_power_cut(
		fake, &(struct via_fake_power_cut){.tail = SIZE_MAX, .zeroes = true});
	assert_int_equal(via_file_read(dirfd_, "log", 100, &got, &len, NULL), 0);
	assert_int_equal(len, 8);
	assert_memory_equal(got, "one\n\0\0\0\0", 8);
}

static void test_stop_before_and_after(void **state)
{
	via_autoclose int fd = disk->ops->open(disk, dirfd_, "log");

	(void)state;
	via_fake_disk_stop(fake, 2, VIA_FAKE_DISK_AFTER);
	add(fd, "one\n");
	assert_int_equal(disk->ops->sync(disk, fd), -EIO);
	assert_int_equal(disk->ops->append(disk, fd, "x", 1), -EIO);
	via_fake_disk_power_cut(fake, &(struct via_fake_power_cut){0});
	expect("log", "one\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_linux),
		T(test_fake),
		T(test_calls_fail),
		T(test_disk_fills_up),
		T(test_power_cut),
		T(test_zeroes_come_through),
		T(test_stop_before_and_after),
	};

	return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
