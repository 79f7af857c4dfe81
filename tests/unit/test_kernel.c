/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real door: files in a folder of our own, and what can be asked of any kernel unchanged. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/kernel.h"
#include "kernel/modules.h"

static char dir[] = "/tmp/test_kernel.XXXXXX";
static int root;
static struct via_kernel *k;	/* the folder */
static struct via_kernel *host; /* this host */

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(root, "sys", 0755);
	mkdirat(root, "proc", 0755);
	return via_kernel_linux_create(root, &k, NULL) || via_kernel_linux_create(-1, &host, NULL);
}

static int teardown(void **state)
{
	char cmd[64];

	(void)state;
	via_kernel_destroy(k);
	via_kernel_destroy(host);
	close(root);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void put(const char *path, const void *data, size_t len)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void put_str(const char *path, const char *s)
{
	put(path, s, strlen(s));
}

static void test_paths(void **state)
{
	static const char *const bad[] = {"", "/etc/passwd", "..", "../x", "sys/../../x", "sys/.."};
	char buf[16];
	struct via_stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(k->ops->read(k, bad[i], buf, sizeof(buf)), -EINVAL);
		assert_int_equal(k->ops->write(k, bad[i], "1", 1), -EINVAL);
		assert_int_equal(k->ops->readlink(k, bad[i], buf, sizeof(buf)), -EINVAL);
		assert_int_equal(k->ops->stat(k, bad[i], &st), -EINVAL);
		assert_int_equal(k->ops->list(k, bad[i], NULL, NULL), -EINVAL);
	}
	put_str("sys/..a..", "x");
	assert_int_equal(k->ops->read(k, "sys/..a..", buf, sizeof(buf)), 1);
}

static void test_read(void **state)
{
	static char big[100000], back[sizeof(big)];
	char buf[4];

	(void)state;
	put_str("sys/a", "abcdef");
	assert_int_equal(k->ops->read(k, "sys/a", buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "abcd", 4);
	assert_int_equal(k->ops->read(k, "sys/none", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(k->ops->read(k, "sys", buf, sizeof(buf)), -EISDIR);
	memset(big, 'x', sizeof(big));
	put("proc/big", big, sizeof(big));
	assert_int_equal(k->ops->read(k, "proc/big", back, sizeof(back)), sizeof(big));
	assert_memory_equal(big, back, sizeof(big));
}

/* A seq_file hands out its text in pieces of a page or less. */
static void test_read_pieces(void **state)
{
	static char buf[4 * 1024 * 1024];
	ssize_t n;

	(void)state;
	n = host->ops->read(host, "proc/self/smaps", buf, sizeof(buf));
	assert_true(n > 8192);
	assert_int_equal(buf[n - 1], '\n');
}

static void test_write(void **state)
{
	char buf[8];

	(void)state;
	put_str("sys/w", "");
	assert_int_equal(via_kernel_write_str(k, "sys/w", "7"), 0);
	assert_int_equal(k->ops->read(k, "sys/w", buf, sizeof(buf)), 1);
	/* Empty is a newline: the kernel would drop a write of nothing. */
	put_str("sys/w", "");
	assert_int_equal(via_kernel_write_str(k, "sys/w", ""), 0);
	assert_int_equal(k->ops->read(k, "sys/w", buf, sizeof(buf)), 1);
	assert_int_equal(buf[0], '\n');
	/* Attributes are never created. */
	assert_int_equal(via_kernel_write_str(k, "sys/none", "7"), -ENOENT);
}

static int count(const char *name, void *user)
{
	assert_true(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	return ++*(int *)user == 700 ? 42 : 0;
}

static void test_list(void **state)
{
	char path[64];
	int n = 0;

	(void)state;
	mkdirat(root, "sys/many", 0755);
	assert_int_equal(k->ops->list(k, "sys/many", count, &n), 0);
	assert_int_equal(n, 0);
	for (int i = 0; i < 699; i++) {
		snprintf(path, sizeof(path), "sys/many/0000:00:00.%d-with-a-long-name", i);
		put_str(path, "");
	}
	assert_int_equal(k->ops->list(k, "sys/many", count, &n), 0);
	assert_int_equal(n, 699);
	n = 690;
	assert_int_equal(k->ops->list(k, "sys/many", count, &n), 42);
	assert_int_equal(n, 700);
	assert_int_equal(k->ops->list(k, "sys/none", count, &n), -ENOENT);
	assert_int_equal(k->ops->list(k, "sys/a", count, &n), -ENOTDIR);
}

static void test_links(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(symlinkat("../bus/igb", root, "sys/driver"), 0);
	assert_int_equal(symlinkat("dir/", root, "sys/slash"), 0);
	assert_int_equal(k->ops->readlink(k, "sys/driver", buf, 8), -ENAMETOOLONG);
	assert_int_equal(via_kernel_link_name(k, "sys/driver", buf, 4), 0);
	assert_string_equal(buf, "igb");
	assert_int_equal(via_kernel_link_name(k, "sys/driver", buf, 3), -ENAMETOOLONG);
	assert_int_equal(via_kernel_link_name(k, "sys/none", buf, 8), -ENOENT);
	assert_int_equal(via_kernel_link_name(k, "sys/slash", buf, 8), -EINVAL);
}

static void test_stat(void **state)
{
	struct via_stat st;
	struct stat want;

	(void)state;
	assert_int_equal(host->ops->stat(host, "dev/null", &st), 0);
	assert_int_equal(stat("/dev/null", &want), 0);
	assert_true(S_ISCHR(st.mode));
	assert_int_equal(st.rdev, makedev(1, 3));
	assert_int_equal(st.ino, want.st_ino);
	assert_int_equal(st.dev, want.st_dev);
	assert_int_equal(st.uid, want.st_uid);
	assert_int_equal(host->ops->stat(host, "dev/no-such-node", &st), -ENOENT);
}

static void test_read_str(void **state)
{
	static const struct {
		const char *data;
		size_t len, size;
		int want;
		const char *text;
	} cases[] = {
		{"igb\n", 4, 8, 0, "igb"},
		{"igb", 3, 8, 0, "igb"},
		{"", 0, 8, 0, ""},
		{"\n", 1, 1, 0, ""},
		{"igb\n", 4, 4, 0, "igb"}, /* just fits */
		{"igb", 3, 4, 0, "igb"},
		{"igbv\n", 5, 4, -EOVERFLOW, NULL},
		{"igb\nx", 5, 4, -EOVERFLOW, NULL},
		{"a\nb\n", 4, 8, -EILSEQ, NULL},
		{"a\n\n", 3, 8, -EILSEQ, NULL},
		{"a\0b", 3, 8, -EILSEQ, NULL},
		{"a\x1b[", 3, 8, -EILSEQ, NULL},
		{"\xc3\xa9\n", 3, 8, 0, "\xc3\xa9"},
	};
	static char big[8000];
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put("sys/s", cases[i].data, cases[i].len);
		assert_int_equal(
			via_kernel_read_str(k, "sys/s", buf, cases[i].size), cases[i].want);
		if (cases[i].text)
			assert_string_equal(buf, cases[i].text);
	}
	memset(big, 'x', 6000);
	put("sys/s", big, 6000);
	assert_int_equal(via_kernel_read_str(k, "sys/s", buf, sizeof(buf)), -EOVERFLOW);
	assert_int_equal(via_kernel_read_str(k, "sys/s", big, sizeof(big)), 0);
	assert_int_equal(strlen(big), 6000);
	assert_int_equal(via_kernel_read_str(k, "sys/s", big, 6000), -EOVERFLOW);
	assert_int_equal(via_kernel_read_str(k, "sys/none", buf, sizeof(buf)), -ENOENT);
}

static void test_read_u64(void **state)
{
	static const struct {
		const char *text;
		int want;
		uint64_t value;
	} cases[] = {
		{"0\n", 0, 0},
		{"256\n", 0, 256},
		{"0x8086\n", 0, 0x8086},
		{"18446744073709551615\n", 0, UINT64_MAX},
		{"18446744073709551616\n", -EINVAL, 0},
		{"0x10000000000000000\n", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"\n", -EINVAL, 0},
		{"-1\n", -EINVAL, 0},
		{" 1\n", -EINVAL, 0},
		{"1 \n", -EINVAL, 0},
		{"0x\n", -EINVAL, 0},
		{"1\n2\n", -EINVAL, 0},
		{"12345678901234567890123456789012345\n", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t v = 99;

		put_str("sys/u", cases[i].text);
		assert_int_equal(via_kernel_read_u64(k, "sys/u", &v), cases[i].want);
		assert_int_equal(v, cases[i].want ? 99 : cases[i].value);
	}
}

static int never(const char *name, void *user)
{
	(void)name;
	(void)user;
	fail();
	return 0;
}

/* A copy of some other host: this host's network is not its. */
static void test_copy_of_a_host(void **state)
{
	struct via_vf_set set = {0};
	struct via_link_set link = {0};
	struct via_vf_list vfs;
	struct via_uevent e;
	struct via_net net;
	char buf[16];
	int ifindex;

	(void)state;
	assert_int_equal(k->ops->get_net(k, true, &net, NULL), 0);
	assert_int_equal(net.n_links + net.n_addrs + net.n_routes, 0);
	via_net_finish(&net);
	assert_int_equal(k->ops->route_to(k, AF_INET, "\x7f\0\0\1", &ifindex), -ENETUNREACH);
	assert_int_equal(k->ops->get_vfs(k, 1, &vfs, NULL), -EOPNOTSUPP);
	assert_int_equal(k->ops->set_vfs(k, 1, &set, 1, NULL), -EOPNOTSUPP);
	assert_int_equal(k->ops->set_link(k, 1, &link, NULL), -EOPNOTSUPP);
	assert_int_equal(k->ops->get_eswitch(k, (struct via_addr){0}, buf, 16), -EOPNOTSUPP);
	assert_int_equal(k->ops->set_eswitch(k, (struct via_addr){0}, "legacy", NULL), -EOPNOTSUPP);
	assert_int_equal(k->ops->load_module(k, "vfio-pci"), -EOPNOTSUPP);
	assert_int_equal(k->ops->lookup_alias(k, "pci:v*", never, NULL), 0);
	assert_int_equal(k->ops->uevent_fd(k), -EOPNOTSUPP);
	assert_int_equal(k->ops->next_uevent(k, &e), 0);
}

static void test_net(void **state)
{
	unsigned int lo = if_nametoindex("lo");
	struct via_vf_list vfs;
	struct via_err err;
	struct via_net net;
	bool seen = false;

	(void)state;
	assert_int_equal(host->ops->get_net(host, true, &net, NULL), 0);
	for (size_t i = 0; i < net.n_links; i++) {
		const struct via_link *l = &net.links[i];

		seen = seen || ((unsigned int)l->ifindex == lo && strcmp(l->name, "lo") == 0);
		if (i && !l->netns[0])
			assert_true(l->ifindex > net.links[i - 1].ifindex);
	}
	assert_true(seen);
	via_net_finish(&net);
	assert_int_equal(host->ops->get_vfs(host, (int)lo, &vfs, NULL), 0);
	assert_int_equal(vfs.num_vf, 0);
	assert_true(vfs.complete);
	via_vf_list_finish(&vfs);
	assert_int_equal(host->ops->get_vfs(host, INT_MAX, &vfs, &err), -ENODEV);
	assert_non_null(strstr(err.msg, "2147483647"));
	assert_int_equal(host->ops->get_vfs(host, 0, &vfs, NULL), -ENODEV);
}

/* The loopback device has no VFs: each message gets its refusal, across several chunks. */
static void test_every_set_is_answered(void **state)
{
	int lo = (int)if_nametoindex("lo");
	struct via_vf_set sets[300];

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		sets[i] = (struct via_vf_set){.index = i,
			.attrs = {.known = VIA_ATTR_BIT(VIA_VF_ATTR_TRUST), .trust = true}};
	}
	/* Nothing to set: no message, no error. */
	sets[130].attrs.known = 0;
	assert_int_equal(host->ops->set_vfs(host, lo, sets, 300, NULL), 0);
	for (int i = 0; i < 300; i++) {
		if (i == 130)
			assert_int_equal(sets[i].error, 0);
		else
			assert_true(sets[i].error == EOPNOTSUPP || sets[i].error == EPERM);
	}
	assert_int_equal(host->ops->set_vfs(host, lo, sets, 0, NULL), 0);
	assert_int_equal(host->ops->set_vfs(host, 0, sets, 1, NULL), -ENODEV);
}

static void test_refusals(void **state)
{
	struct via_link_set set = {.has_mtu = true, .mtu = 1500};
	struct via_addr nowhere = {.domain = 0xffff, .bus = 0xff, .dev = 0x1f, .fn = 7};
	struct via_err err;
	int ifindex = 0;
	char buf[16];
	int r;

	(void)state;
	r = host->ops->set_link(host, INT_MAX, &set, &err);
	assert_true(r == -ENODEV || r == -EPERM);
	assert_non_null(strstr(err.msg, "2147483647"));
	r = host->ops->get_eswitch(host, nowhere, buf, sizeof(buf));
	assert_true(r == -EOPNOTSUPP || r == -EPERM);
	assert_int_equal(host->ops->set_eswitch(host, nowhere, "bridge", &err), -EINVAL);
	assert_non_null(strstr(err.msg, "\"switchdev\""));
	assert_int_equal(host->ops->route_to(host, AF_UNIX, "", &ifindex), -EAFNOSUPPORT);
	assert_int_equal(host->ops->load_module(host, "../../tmp/evil"), -EINVAL);
	assert_int_equal(host->ops->load_module(host, ""), -EINVAL);
	assert_true(host->ops->load_module(host, "no_such_module_anywhere") < 0);
}

static void *get_net_often(void *arg)
{
	char before[64] = "", after[64] = "";
	struct via_net net;

	(void)arg;
	if (readlink("/proc/thread-self/ns/net", before, sizeof(before) - 1) < 0)
		return (void *)"no /proc";
	for (int i = 0; i < 20; i++) {
		if (host->ops->get_net(host, true, &net, NULL) < 0)
			return (void *)"get_net failed";
		via_net_finish(&net);
	}
	if (readlink("/proc/thread-self/ns/net", after, sizeof(after) - 1) < 0)
		return (void *)"no /proc";
	return strcmp(before, after) ? (void *)"the thread changed its namespace" : NULL;
}

static void test_threads(void **state)
{
	pthread_t t[4];
	void *r;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, get_net_often, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(t[i], &r), 0);
		if (r)
			fail_msg("%s", (const char *)r);
	}
}

static void test_module_match(void **state)
{
	static const char alias[] = "vfio_pci:v000015B3d0000101Esv000015B3sd00000001bc02sc00i00";

	(void)state;
	assert_int_equal(via_modules_match("vfio_pci:v*d*sv*sd*bc*sc*i*", alias), 7);
	assert_int_equal(via_modules_match("vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i*", alias), 5);
	assert_int_equal(via_modules_match(alias, alias), 0);
	assert_int_equal(via_modules_match("vfio_pci:v000015B3d0000101Csv*sd*bc*sc*i*", alias), -1);
	assert_int_equal(via_modules_match("pci:v000015B3d0000101Esv*sd*bc*sc*i*", alias), -1);
}

static int join(const char *name, void *user)
{
	strcat(user, name);
	strcat(user, " ");
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

static int lookup(const char *alias, char *names)
{
	char config[64];

	names[0] = '\0';
	snprintf(config, sizeof(config), "%s/modprobe.d", dir);
	return via_modules_lookup_in(dir, (const char *const[]){config, NULL}, alias, join, names);
}

/* The variant before the driver for everything; what is blacklisted after all others. */
static void test_module_lookup(void **state)
{
	char names[256];

	(void)state;
	mkdirat(root, "modprobe.d", 0755);
	put_str("modules.alias",
		"# Aliases\nalias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
		"alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5-vfio-pci\n"
		"alias vfio_pci:v000015B3d*sv*sd*bc*sc*i* listed\n"
		"alias vfio_pci:v000015B3d0000101Esv000015B3sd00000001bc02sc00i00 evil\n"
		"alias\nalias vfio_pci:x\n");
	put_str("modprobe.d/a.conf", "alias vfio_pci:v* vfio-pci\nalias vfio_pci:v*15B3d* evil\n"
				     "alias vfio_pci:v*15B3d* unlisted\n"
				     "alias vfio_pci:v*15B3d* listed\n"
				     "alias vfio_pci:v*15B3d* mlx5_vfio_pci\n"
				     "alias only:* stop\nalias only:a* after\nblacklist evil\n");
	assert_int_equal(
		lookup("vfio_pci:v000015B3d0000101Esv000015B3sd00000001bc02sc00i00", names), 0);
	assert_string_equal(names, "mlx5_vfio_pci listed vfio_pci unlisted evil ");
	assert_int_equal(lookup("vfio_pci:v00008086d000010EDsv0sd0bc02sc00i00", names), 0);
	assert_string_equal(names, "vfio_pci ");
	assert_int_equal(lookup("pci:v00008086d000010EDsv0sd0bc02sc00i00", names), 0);
	assert_string_equal(names, "");
	assert_int_equal(lookup("only:z", names), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_pieces),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_read_str),
		cmocka_unit_test(test_read_u64),
		cmocka_unit_test(test_copy_of_a_host),
		cmocka_unit_test(test_net),
		cmocka_unit_test(test_every_set_is_answered),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_module_match),
		cmocka_unit_test(test_module_lookup),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
