/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the contract tests cannot hold against Linux: faults, hangs, the manifest, what igb lacks.
 */
#include "test_execute.h"

#include <fcntl.h>
#include <signal.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- faults --- */

static void test_fail_nth(void **state)
{
	struct bench *b = *state;
	char buf[16];

	via_fake_fail(b->f, "read:*/vendor", 2, EIO);
	assert_int_equal(b->k->ops->read(b->k, PF_PATH "/vendor", buf, sizeof(buf)), 7);
	assert_int_equal(b->k->ops->read(b->k, PF_PATH "/device", buf, sizeof(buf)), 7);
	assert_int_equal(b->k->ops->read(b->k, PF_PATH "/vendor", buf, sizeof(buf)), -EIO);
	assert_int_equal(b->k->ops->read(b->k, PF_PATH "/vendor", buf, sizeof(buf)), 7);
	via_fake_fail(b->f, "*", 0, ENOMEM);
	assert_int_equal(via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "1"), -ENOMEM);
	assert_int_equal(b->k->ops->load_module(b->k, "igb"), -ENOMEM);
	via_fake_clear_faults(b->f);
	assert_int_equal(b->k->ops->load_module(b->k, "igb"), 0);
}

static void test_counts(void **state)
{
	struct bench *b = *state;
	unsigned int before = via_fake_calls(b->f, "*");

	via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "1");
	via_kernel_write_str(b->k, PF_PATH "/nosuch", "1");
	assert_int_equal(via_fake_calls(b->f, "write"), 2);
	assert_int_equal(via_fake_calls(b->f, "*"), before + 2);
}

static void test_journal(void **state)
{
	struct bench *b = *state;
	char *journal;

	via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "1");
	b->k->ops->load_module(b->k, "vfio-pci");
	journal = via_fake_journal(b->f);
	assert_string_equal(journal, "write " PF_PATH "/sriov_numvfs 1\nload_module vfio-pci\n");
	free(journal);
}

/* --- blocking --- */

struct writer {
	struct bench *b;
	const char *path, *text;
	int result;
};

static void *write_in_thread(void *user)
{
	struct writer *w = user;

	w->result = via_kernel_write_str(w->b->k, w->path, w->text);
	return NULL;
}

static pthread_t start(struct writer *w)
{
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, write_in_thread, w), 0);
	return t;
}

static void hold_vf0(struct bench *b)
{
	make_vfs(b, 2, false);
	bind_step(b, 0, "vfio-pci");
	assert_done(b);
	via_fake_add_guest(b->f, 812, "web1", "5b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d", VF0_ADDR);
}

/* The kernel does not refuse it: it waits for the guest, for ever. */
static void test_removal_waits_for_holder(void **state)
{
	struct bench *b = *state;
	struct writer w = {b, PF_PATH "/sriov_numvfs", "0", 1};
	struct writer r = {b, PF_PATH "/sriov_numvfs", "1", 1};
	char buf[16];
	pthread_t t, u;

	hold_vf0(b);
	t = start(&w);
	assert_true(via_fake_wait_hanging(b->f, 1, 5000));
	/* Others are served meanwhile; the PF's own lock is held. */
	assert_int_equal(b->k->ops->read(b->k, PF_PATH "/vendor", buf, sizeof(buf)), 7);
	u = start(&r);
	assert_true(via_fake_exists(b->f, VF0_PATH));
	via_fake_kill(b->f, 812);
	pthread_join(t, NULL);
	pthread_join(u, NULL);
	assert_int_equal(w.result, 0);
	assert_int_equal(r.result, 0);
	assert_string_equal(via_fake_text(b->f, PF_PATH "/sriov_numvfs"), "1");
}

static void test_unbind_waits_for_holder(void **state)
{
	struct bench *b = *state;
	struct writer w = {b, VF0_PATH "/driver/unbind", VF0_ADDR, 1};
	pthread_t t;

	hold_vf0(b);
	t = start(&w);
	assert_true(via_fake_wait_hanging(b->f, 1, 5000));
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
	via_fake_release(b->f);
	pthread_join(t, NULL);
	assert_int_equal(w.result, 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "");
}

static void test_hang(void **state)
{
	struct bench *b = *state;
	struct writer w = {b, PF_PATH "/sriov_numvfs", "1", 1};
	pthread_t t;

	via_fake_hang(b->f, "write:*/sriov_numvfs");
	assert_false(via_fake_wait_hanging(b->f, 1, 1));
	t = start(&w);
	assert_true(via_fake_wait_hanging(b->f, 1, 5000));
	via_fake_release(b->f);
	pthread_join(t, NULL);
	assert_int_equal(w.result, 0);
}

static void *churn(void *user)
{
	struct bench *b = user;

	for (int i = 0; i < 200; i++) {
		struct via_net net = {0};

		via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", i % 2 ? "0" : "3");
		assert_int_equal(b->k->ops->get_net(b->k, true, &net, NULL), 0);
		via_net_finish(&net);
		via_fake_exists(b->f, VF0_PATH "/physfn/vendor");
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct bench *b = *state;
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, churn, b), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "0"), 0);
	assert_false(via_fake_exists(b->f, VF0_PATH));
}

/* --- uevents --- */

static void test_uevents_lost(void **state)
{
	struct bench *b = *state;
	struct via_uevent e = {0};
	unsigned int n = 0;

	assert_int_equal(b->k->ops->next_uevent(b->k, &e), 0);
	assert_true(b->k->ops->uevent_fd(b->k) >= 0);
	for (int i = 0; i < 9000; i++)
		via_fake_uevent(b->f, VIA_UEVENT_CHANGE, "pci", PF_ADDR, PF_ADDR);
	while (b->k->ops->next_uevent(b->k, &e) == 1)
		n++;
	assert_true(n < 9000);
	assert_int_equal(e.action, VIA_UEVENT_LOST);
	struct pollfd p = {.fd = b->k->ops->uevent_fd(b->k), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
	via_fake_uevent(b->f, VIA_UEVENT_CHANGE, "pci", PF_ADDR, PF_ADDR);
	assert_int_equal(poll(&p, 1, 0), 1);
}

/* --- what igb in the lab cannot show --- */

static void test_vf_spread_over_buses(void **state)
{
	static const struct via_fake_pci pf = {.addr = "0000:81:00.0",
		.vendor = 0x15b3,
		.device = 0x101d,
		.driver = "mlx5_core",
		.total_vfs = 300,
		.offset = 2,
		.stride = 1,
		.vf_device = 0x101e,
		.netdev = "p0",
		.mac = "52:54:00:76:00:05",
		.iommu_group = VIA_FAKE_GROUP_NEXT};
	struct bench *b = *state;
	struct via_vf_list l;

	via_fake_add_pci(b->f, &pf);
	assert_int_equal(
		via_kernel_write_str(b->k, VIA_PCI_DEVICES "/0000:81:00.0/sriov_numvfs", "300"), 0);
	assert_true(via_fake_exists(b->f, VIA_PCI_DEVICES "/0000:81:00.2/physfn/sriov_numvfs"));
	assert_true(via_fake_exists(b->f, VIA_PCI_DEVICES "/0000:82:00.0/physfn"));
	assert_true(via_fake_exists(b->f, VIA_PCI_DEVICES "/0000:82:05.5"));
	via_fake_wrap_vfs(b->f, via_fake_ifindex(b->f, "p0"), 221);
	assert_int_equal(b->k->ops->get_vfs(b->k, via_fake_ifindex(b->f, "p0"), &l, NULL), 0);
	assert_int_equal(l.num_vf, 300);
	assert_int_equal(l.n, 221);
	assert_false(l.complete);
	via_vf_list_finish(&l);
}

static void test_traits(void **state)
{
	struct bench *b = *state;
	struct via_vf_set set = {.attrs = {.known = BIT(MAC)}};
	char pf[32], vf[32];

	via_fake_set_traits(b->f, PF_ADDR,
		&(struct via_fake_pf_traits){
			.limit = 4, .enables = 3, .zero_mac_refused = true, .shared_group = true});
	assert_int_equal(via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "5"), -EPERM);
	assert_int_equal(via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "4"), 0);
	assert_string_equal(via_fake_text(b->f, PF_PATH "/sriov_numvfs"), "3");
	assert_int_equal(b->k->ops->set_vfs(b->k, b->eth0, &set, 1, NULL), 0);
	assert_int_equal(set.error, EINVAL);
	assert_int_equal(via_kernel_link_name(b->k, PF_PATH "/iommu_group", pf, 32), 0);
	assert_int_equal(via_kernel_link_name(b->k, VF0_PATH "/iommu_group", vf, 32), 0);
	assert_string_equal(pf, vf);
}

static void test_processes(void **state)
{
	struct bench *b = *state;
	struct via_stat st, group;
	char buf[256], path[300];

	hold_vf0(b);
	assert_int_equal(b->k->ops->stat(b->k, "proc/812/fd/4", &st), 0);
	assert_true(S_ISCHR(st.mode));
	assert_int_equal(via_kernel_link_name(b->k, VF0_PATH "/iommu_group", buf, 32), 0);
	snprintf(path, sizeof(path), "dev/vfio/%s", buf);
	assert_int_equal(b->k->ops->stat(b->k, path, &group), 0);
	assert_int_equal(st.rdev, group.rdev);
	assert_true(b->k->ops->read(b->k, "proc/812/cmdline", buf, sizeof(buf)) > 0);
	assert_non_null(memmem(buf, 200, "guest=web1", 10));
	via_fake_add_ssh(b->f, 500, "10.0.0.1", "10.0.0.9");
	assert_int_equal(b->k->ops->stat(b->k, "proc/500/fd/3", &st), 0);
	assert_true(S_ISSOCK(st.mode));
	assert_int_equal(st.ino, 100500);
	assert_true(b->k->ops->read(b->k, "proc/net/tcp", buf, sizeof(buf)) > 0);
	ssize_t n = b->k->ops->read(b->k, "proc/net/tcp", buf, sizeof(buf) - 1);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_non_null(strstr(buf, "0100000A:0016 0900000A:"));
}

/* --- the manifest --- */

static char *manifest_of(struct via_fake *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(via_fake_save(f, out), 0);
	fclose(out);
	return text;
}

static void make_all_kinds(struct bench *b)
{
	make_vfs(b, 3, true);
	bind_step(b, 0, "vfio-pci");
	vlan_step(b, 1, 100);
	assert_done(b);
	via_fake_add_guest(b->f, 812, "web 1", "5b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d", VF0_ADDR);
	via_fake_add_bridge(b->f, "0000:00:11.0", true);
	via_fake_add_nic(b->f, "0000:03:00.0", "eth9", "52:54:00:76:00:09");
	via_fake_enslave(b->f, b->eth0, via_fake_add_virtual(b->f, "br0", "bridge", 0));
	via_fake_add_addr(b->f, via_fake_ifindex(b->f, "br0"), "10.0.0.1/24");
	via_fake_add_addr(b->f, via_fake_ifindex(b->f, "br0"), "fe80::1/64");
	via_fake_add_route(b->f, via_fake_ifindex(b->f, "br0"), "10.0.0.254");
	via_fake_add_route(b->f, via_fake_ifindex(b->f, "br0"), "inet6");
	via_fake_add_destination(b->f, b->eth0, "192.168.0.0/16");
	via_fake_set_eswitch(b->f, PF_ADDR, "switchdev", true);
	via_fake_add_representor(b->f, PF_ADDR, "pf0vf0", 0);
	via_fake_add_alias(b->f, "pci:v0000*", "some_module");
	via_fake_read_fails(b->f, PF_PATH "/numa_node", EIO);
	via_fake_chmod(b->f, "proc/812/comm", 0400, 107);
	via_fake_refuse(b->f, PF_ADDR, 2, VIA_VF_ATTR_MAC, EPERM, 3, "no, thank you");
	via_fake_fail(b->f, "write:*/remove", 2, EIO);
	via_fake_hang(b->f, "set_eswitch");
	via_fake_crash(b->f, "set_link:eth5", 3, true);
	via_fake_attr(b->f, "run/odd name/with\ttab", "back\\slash and  blanks ");
	via_fake_move_netns(b->f, via_fake_ifindex(b->f, "eth2"), "blue");
}

static void test_save_and_load(void **state)
{
	struct bench *b = *state;
	struct via_fake *copy = via_fake_create();
	struct via_err err = {0};
	char *first, *second;
	FILE *in;

	make_all_kinds(b);
	first = manifest_of(b->f);
	in = fmemopen(first, strlen(first), "r");
	if (via_fake_load(copy, in, &err))
		print_error("%s\n", err.msg);
	fclose(in);
	second = manifest_of(copy);
	assert_string_equal(first, second);
	/* And it behaves: the guest holds its VF, the driver refuses a second count. */
	struct via_kernel *k = via_fake_kernel(copy);
	assert_int_equal(via_kernel_write_str(k, PF_PATH "/sriov_numvfs", "2"), -EBUSY);
	assert_string_equal(
		via_fake_text(copy, "run/odd name/with\ttab"), "back\\slash and  blanks ");
	assert_true(via_fake_exists(copy, VF0_PATH "/driver"));
	via_kernel_destroy(k);
	free(first);
	free(second);
}

static void assert_rejected(const char *text, const char *word)
{
	struct via_fake *f = via_fake_create();
	struct via_err err = {0};
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_int_equal(via_fake_load(f, in, &err), -EINVAL);
	if (!strstr(err.msg, word))
		print_error("%s: %s\n", text, err.msg);
	assert_non_null(strstr(err.msg, word));
	fclose(in);
	via_kernel_destroy(via_fake_kernel(f));
}

static void test_bad_manifests(void **state)
{
	static const char *const bad[] = {"nonsense", "attr", "attr /sys/x 1", "attr sys/../x 1",
		"attr sys/x bad\\q", "bin sys/x 0", "bin sys/x 00*0", "bin sys/x 00*99999999",
		"link sys/x", "node dev/x 1", "fail nosuch EIO", "fail sys ENOSUCH",
		"meta sys mode=x", "netdev 0 eth0", "netdev x eth0", "netdev 3",
		"netdev 3 name-that-is-too-long", "netdev 3 e0 mac=zz", "netdev 3 e0 nosuch=1",
		"netdev 3 e0 up=1", "netdev 3 e0 mtu", "netdev 3 e0 numvf=99999999", "vf 1 0",
		"vf 77 0", "addr 1 10.0.0.0.1/8", "addr 1 10.0.0.1/33", "route 1",
		"route 1 nowhere", "to 1 x", "eswitch x legacy", "driver", "driver a\ndriver a",
		"alias x", "pf x", "pf 0000:01:00.0 unsupported=nosuch", "card x",
		"refuse 0000:01:00.0 0 nosuch EIO 1", "fault write 1", "fault write x EIO", "hang",
		"crash write 1", "crash write 0 before", "attr sys/bus 1\nattr sys/bus/x 1"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "viaduct-host 1\n# a remark\n\n%s\n", bad[i]);
		assert_rejected(text, "line ");
	}
	assert_rejected("viaduct-host 2\n", "line 1");
	assert_rejected("\n", "line 1");
}

/* A process that is killed at its third write leaves its host behind, whole. */
static void test_crash_and_restart(void **state)
{
	struct bench *b = *state;
	char path[] = "/tmp/via-fake-XXXXXX";
	struct via_fake *again = via_fake_create();
	int fd = mkstemp(path), status;
	pid_t pid;

	assert_true(fd >= 0);
	close(fd);
	via_fake_autosave(b->f, path);
	via_fake_crash(b->f, "write", 2, true);
	pid = fork();
	if (!pid) {
		via_kernel_write_str(b->k, PF_PATH "/sriov_drivers_autoprobe", "0");
		via_kernel_write_str(b->k, PF_PATH "/sriov_numvfs", "2");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(via_fake_load_path(again, path, NULL), 0);
	assert_string_equal(via_fake_text(again, PF_PATH "/sriov_numvfs"), "2");
	assert_string_equal(via_fake_text(again, PF_PATH "/sriov_drivers_autoprobe"), "0");
	/* It does not strike again. */
	assert_int_equal(
		via_kernel_write_str(via_fake_kernel(again), PF_PATH "/sriov_numvfs", "0"), 0);
	assert_int_equal(
		via_kernel_write_str(via_fake_kernel(again), PF_PATH "/sriov_numvfs", "1"), 0);
	via_kernel_destroy(via_fake_kernel(again));
	unlink(path);
}

static void test_links_and_loops(void **state)
{
	struct bench *b = *state;
	char buf[64];

	via_fake_symlink(b->f, "run/a", "b");
	via_fake_symlink(b->f, "run/b", "a");
	assert_int_equal(b->k->ops->read(b->k, "run/a", buf, sizeof(buf)), -ELOOP);
	via_fake_symlink(b->f, "run/c", "/sys/bus/pci");
	assert_int_equal(b->k->ops->readlink(b->k, "run/c/devices/" PF_ADDR, buf, sizeof(buf)), 0);
	assert_int_equal(b->k->ops->read(b->k, "run/c/../../../../../sys/nosuch", buf, 1), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_fail_nth), TEST(test_counts),
		TEST(test_journal), TEST(test_removal_waits_for_holder),
		TEST(test_unbind_waits_for_holder), TEST(test_hang), TEST(test_threads),
		TEST(test_uevents_lost), TEST(test_vf_spread_over_buses), TEST(test_traits),
		TEST(test_processes), TEST(test_save_and_load), TEST(test_bad_manifests),
		TEST(test_crash_and_restart), TEST(test_links_and_loops)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
