/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "model/policy.h"
#include "test_scan_host.h"

struct held {
	struct via_arena arena;
	struct via_holder list[4];
	int n;
};

static void held_finish(struct held *h)
{
	via_arena_finish(&h->arena);
}
#define autoheld __attribute__((cleanup(held_finish))) struct held

static void look(struct held *held, struct scan_host *h, const char *addr)
{
	struct via_addr a;

	assert_int_equal(via_addr_parse(addr, &a), 0);
	held->n = via_scan_holders(h->k, a, &held->arena, held->list, 4);
}

/* The last look before an act and the inventory say the same. */
static void assert_agrees(struct scan_host *h, const char *addr)
{
	const struct via_device *d = scan_host_device(h, addr);
	autoheld held = {.n = 0};

	look(&held, h, addr);
	assert_int_equal(held.n, d->n_holders);
	for (int i = 0; i < held.n; i++) {
		char one[256], other[256];

		assert_string_equal(via_holder_text(&held.list[i], one, sizeof(one)),
			via_holder_text(&d->holders[i], other, sizeof(other)));
	}
}

static void test_agrees(void **state)
{
	static const char *const hosts[] = {
		"domain-vf", "host-vf", "netns", "gpu", "disks", "switchdev", "many-vfs"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(hosts); i++) {
		autohost h = scan_host_load(hosts[i]);

		for (size_t j = 0; j < h.inv->n_devices && j < 20; j++)
			assert_agrees(&h, via_addr_fmt(h.inv->devices[j].addr));
	}
}

static void test_domain(void **state)
{
	autohost h = scan_host_load("domain-vf");
	autoheld held = {.n = 0};

	(void)state;
	look(&held, &h, "0000:01:10.0");
	assert_int_equal(held.n, 1);
	assert_int_equal(held.list[0].kind, VIA_HOLDER_DOMAIN);
	assert_int_equal(held.list[0].pid, 812);
	assert_string_equal(held.list[0].name, "web1");
	assert_string_equal(held.list[0].detail, "4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
	via_fake_kill(h.f, 812);
	look(&held, &h, "0000:01:10.0");
	assert_int_equal(held.n, 0);
}

static void test_more_than_fit(void **state)
{
	autohost h = scan_host_load("domain-vf");
	struct via_arena arena = {0};
	struct via_holder one;
	struct via_addr a = {0, 1, 0x10, 0};

	(void)state;
	via_fake_add_process(h.f, 913, "second", NULL);
	via_fake_hold(h.f, 913, "0000:01:10.0");
	assert_int_equal(via_scan_holders(h.k, a, &arena, &one, 1), 1);
	assert_int_equal(via_scan_holders(h.k, a, &arena, NULL, 0), 0);
	via_arena_finish(&arena);
}

/* QEMU's name without "guest=", without a UUID; a process with QEMU's words that is none. */
static void test_command_lines(void **state)
{
	static const struct {
		const char *argv[8];
		enum via_holder_kind kind;
		const char *name;
	} cases[] = {
		{{"/usr/libexec/qemu-kvm", "-name", "plain", NULL}, VIA_HOLDER_DOMAIN, "plain"},
		{{"kvm", "-name", "debug-threads=on,guest=late", NULL}, VIA_HOLDER_DOMAIN, "late"},
		{{"qemu-system-x86_64", "-uuid", "x", NULL}, VIA_HOLDER_DOMAIN, "comm"},
		{{"qemu-system-x86_64", "-name", NULL}, VIA_HOLDER_PROCESS, "comm"},
		{{"dpdk-app", "-name", "guest=no", NULL}, VIA_HOLDER_PROCESS, "comm"},
		{{NULL}, VIA_HOLDER_PROCESS, "comm"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autohost h = scan_host_load("domain-vf");
		autoheld held = {.n = 0};

		via_fake_add_process(h.f, 77, "comm", cases[i].argv);
		via_fake_hold(h.f, 77, "0000:01:10.4");
		look(&held, &h, "0000:01:10.4");
		assert_int_equal(held.n, 1);
		assert_int_equal(held.list[0].kind, cases[i].kind);
		assert_string_equal(held.list[0].name, cases[i].name);
	}
}

/* From 6.6 on a function has a node of its own. */
static void test_function_node(void **state)
{
	autohost h = scan_host_load("domain-vf");
	autoheld held = {.n = 0};

	(void)state;
	via_fake_attr(h.f, "sys/devices/pci0000:00/0000:00:01.0/0000:01:10.4/vfio-dev/vfio3/dev",
		"510:3");
	via_fake_symlink(h.f, "sys/class/vfio-dev/vfio3",
		"../../devices/pci0000:00/0000:00:01.0/0000:01:10.4/vfio-dev/vfio3");
	via_fake_node(h.f, "dev/vfio/devices/vfio3", 510, 3);
	via_fake_symlink(h.f, "proc/901/fd/9", "/dev/vfio/devices/vfio3");
	look(&held, &h, "0000:01:10.4");
	assert_int_equal(held.n, 1);
	assert_string_equal(held.list[0].name, "cat");
	look(&held, &h, "0000:01:10.0"); /* the neighbour's holder is another */
	assert_string_equal(held.list[0].name, "web1");
}

/* A node that was renamed is found by its number. */
static void test_other_name(void **state)
{
	autohost h = scan_host_load("domain-vf");
	autoheld held = {.n = 0};

	(void)state;
	via_fake_node(h.f, "run/secret", 511, 2);
	via_fake_symlink(h.f, "proc/901/fd/9", "/run/secret");
	look(&held, &h, "0000:01:10.4");
	assert_int_equal(held.n, 1);
	assert_int_equal(held.list[0].pid, 901);
}

/* Nobody may be believed to hold nothing when he could not be looked at. */
static void test_no_right_to_look(void **state)
{
	autohost h = scan_host_load("domain-vf");
	autoheld held = {.n = 0};

	(void)state;
	via_fake_fail(h.f, "list:proc/812/fd", 0, EACCES);
	look(&held, &h, "0000:01:10.0");
	assert_int_equal(held.n, -EACCES);
	scan_host_read(&h, NULL);
	assert_false(h.inv->complete);
}

static void test_process_ends_meanwhile(void **state)
{
	autohost h = scan_host_load("domain-vf");
	autoheld held = {.n = 0};

	(void)state;
	via_fake_fail(h.f, "list:proc/900/fd", 0, ENOENT);
	via_fake_fail(h.f, "stat:proc/812/fd/3", 0, ENOENT);
	look(&held, &h, "0000:01:10.0");
	assert_int_equal(held.n, 1);
}

static void test_gone(void **state)
{
	autohost h = scan_host_load("domain-vf");
	autoheld held = {.n = 0};

	(void)state;
	look(&held, &h, "0000:77:00.0");
	assert_int_equal(held.n, -ENODEV);
}

/* /proc is walked only where something is bound to vfio. */
static void test_not_looked_for_nothing(void **state)
{
	const struct via_scan_options none = {.no_holders = true};
	autohost plain = scan_host_load("bond"), h = scan_host_load("domain-vf");

	(void)state;
	via_fake_fail(plain.f, "list:proc", 0, EIO);
	scan_host_read(&plain, NULL);
	via_fake_fail(h.f, "list:proc", 0, EIO);
	scan_host_read(&h, &none);
	assert_int_equal(scan_host_device(&h, "0000:01:10.0")->n_holders, 0);
}

/* A container's macvlan is on a VF of ours: its net device is not here, its traffic is. */
static void test_macvlan_in_a_container(void **state)
{
	autohost h = scan_host_load("host-vf");
	struct via_link l = {.ifindex = 900, .mtu = 1500, .up = true, .lower_nsid = 0};
	autoheld held = {.n = 0};

	(void)state;
	l.lower = via_fake_ifindex(h.f, "eth1");
	assert_int_not_equal(l.lower, 0);
	strcpy(l.name, "mv0");
	strcpy(l.kind, "macvlan");
	strcpy(l.netns, "blue");
	via_fake_add_netdev(h.f, &l, 0);
	scan_host_read(&h, NULL);
	assert_agrees(&h, "0000:01:10.0");
	look(&held, &h, "0000:01:10.0");
	assert_int_equal(held.n, 2); /* and its own address */
	assert_int_equal(held.list[0].kind, VIA_HOLDER_NETNS);
	assert_string_equal(held.list[0].name, "blue");
	assert_non_null(strstr(held.list[0].detail, "mv0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_more_than_fit),
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_function_node),
		cmocka_unit_test(test_other_name),
		cmocka_unit_test(test_no_right_to_look),
		cmocka_unit_test(test_process_ends_meanwhile),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_not_looked_for_nothing),
		cmocka_unit_test(test_macvlan_in_a_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
