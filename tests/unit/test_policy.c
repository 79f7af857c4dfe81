/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each refusal with its text, on the captured hosts. */
#include "model/policy.h"
#include "test_scan_host.h"

typedef int check_fn(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err);

static void assert_refused(struct scan_host *h, check_fn *check, const char *addr,
	enum via_refusal code, const char *text)
{
	struct via_err err = {0};
	const struct via_device *d = scan_host_device(h, addr);
	int r;

	assert_non_null(d);
	r = check(h->inv, d, &err);
	if (r != (int)code || !strstr(err.msg, text))
		fail_msg("%s: got %d \"%s\", wanted %d \"%s\"", addr, r, err.msg, code, text);
}

static void assert_allowed(struct scan_host *h, check_fn *check, const char *addr)
{
	struct via_err err = {0};

	if (check(h->inv, scan_host_device(h, addr), &err))
		fail_msg("%s: %s", addr, err.msg);
}

static void test_is_vfio(void **state)
{
	(void)state;
	assert_true(via_policy_is_vfio("vfio-pci"));
	assert_true(via_policy_is_vfio("mlx5_vfio_pci"));
	assert_true(via_policy_is_vfio("hisi_acc_vfio_pci"));
	assert_false(via_policy_is_vfio("pci-stub"));
	assert_false(via_policy_is_vfio("vfio-platform"));
	assert_false(via_policy_is_vfio(""));
	assert_false(via_policy_is_vfio(NULL));
}

static void test_holder_text(void **state)
{
	static const struct {
		struct via_holder h;
		const char *text;
	} cases[] = {
		{{VIA_HOLDER_DOMAIN, 812, "web1", "4dea"}, "domain web1 (pid 812, UUID 4dea)"},
		{{VIA_HOLDER_DOMAIN, 812, "web1", NULL}, "domain web1 (pid 812)"},
		{{VIA_HOLDER_PROCESS, 9, "dpdk", NULL}, "process dpdk (pid 9)"},
		{{VIA_HOLDER_PROCESS, 9, NULL, NULL}, "process without a name (pid 9)"},
		{{VIA_HOLDER_HOST, 0, "eth1", "member of br0"},
			"the host itself (eth1 member of br0)"},
		{{VIA_HOLDER_HOST, 0, NULL, "mounted at /"}, "the host itself (mounted at /)"},
		{{VIA_HOLDER_NETNS, 0, "blue", "vf0 is in it"},
			"network namespace blue (vf0 is in it)"},
	};
	char buf[128], small[8];

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++)
		assert_string_equal(via_holder_text(&cases[i].h, buf, sizeof(buf)), cases[i].text);
	assert_string_equal(via_holder_text(&cases[0].h, small, sizeof(small)), "domain ");
}

static void test_unused(void **state)
{
	autohost h = scan_host_load("domain-vf");

	(void)state;
	assert_refused(&h, via_policy_unused, "0000:01:10.0", VIA_REFUSED_IN_USE,
		"domain web1 (pid 812, UUID 4dea22b3-1d52-d8f3-2516-782e98ab3fa0) holds "
		"0000:01:10.0; "
		"stop it or detach the device first");
	assert_refused(&h, via_policy_unused, "0000:01:10.2", VIA_REFUSED_IN_USE,
		"process dpdk-testpmd (pid 900) holds 0000:01:10.2; end the process first");
	assert_allowed(&h, via_policy_unused, "0000:01:10.4");
	assert_allowed(&h, via_policy_unused, "0000:01:00.0");
	assert_refused(&h, via_policy_vfs_unused, "0000:01:00.0", VIA_REFUSED_IN_USE,
		"holds 0000:01:10.0 (VF 0), process dpdk-testpmd (pid 900) holds 0000:01:10.2 (VF "
		"1)");
}

static void test_host_uses_vf(void **state)
{
	autohost h = scan_host_load("host-vf");

	(void)state;
	assert_refused(&h, via_policy_unused, "0000:01:10.0", VIA_REFUSED_IN_USE,
		"the host itself (eth1 has address 10.5.0.1/24) holds 0000:01:10.0; take it out of "
		"use");
	assert_refused(&h, via_policy_unused, "0000:01:10.2", VIA_REFUSED_IN_USE, "member of br0");
	assert_refused(&h, via_policy_unused, "0000:01:10.4", VIA_REFUSED_IN_USE, "carries eth3.9");
	assert_refused(&h, via_policy_passthrough, "0000:01:10.6", VIA_REFUSED_IN_USE,
		"carries the default route");
}

static void test_netns(void **state)
{
	autohost h = scan_host_load("netns");

	(void)state;
	assert_refused(&h, via_policy_unused, "0000:01:10.0", VIA_REFUSED_IN_USE,
		"network namespace blue (vf0 is in it) holds 0000:01:10.0; move it back");
	assert_allowed(&h, via_policy_passthrough, "0000:01:10.4");
}

static void test_no_iommu(void **state)
{
	autohost h = scan_host_load("no-iommu");

	(void)state;
	assert_refused(&h, via_policy_passthrough, "0000:01:10.0", VIA_REFUSED_NO_IOMMU,
		"0000:01:10.0 has no IOMMU group");
}

static void test_group(void **state)
{
	autohost h = scan_host_load("shared-group");
	autohost g = scan_host_load("gpu");

	(void)state;
	assert_refused(&h, via_policy_passthrough, "0000:05:01.0", VIA_REFUSED_UNSAFE_GROUP,
		"IOMMU group 4 of 0000:05:01.0 also has 0000:05:00.0, which driver igb uses on the "
		"host");
	/* A GPU and its own sound function go together; both are free here, held there. */
	assert_allowed(&g, via_policy_passthrough, "0000:01:00.0");
	assert_allowed(&g, via_policy_passthrough, "0000:01:00.1");
	assert_refused(&g, via_policy_passthrough, "0000:02:00.1", VIA_REFUSED_UNSAFE_GROUP,
		"0000:02:00.0, which domain game,station");
}

static void test_disk(void **state)
{
	autohost h = scan_host_load("disks");

	(void)state;
	assert_refused(&h, via_policy_passthrough, "0000:00:17.0", VIA_REFUSED_IN_USE,
		"the host itself (mounted at /srv data) holds 0000:00:17.0");
	assert_allowed(&h, via_policy_passthrough, "0000:00:1e.0");
	assert_refused(&h, via_policy_passthrough, "0000:01:00.0", VIA_REFUSED_PROTECTED,
		"0000:01:00.0 is protected: it carries the root file system from 10.7.0.3 on eth0");
}

static void test_pf(void **state)
{
	autohost h = scan_host_load("vlan-bridge");
	autohost v = scan_host_load("two-ports");

	(void)state;
	/* In a bridge: not to be taken, whatever may be disturbed. */
	assert_refused(&h, via_policy_passthrough, "0000:01:00.0", VIA_REFUSED_IN_USE,
		"the host itself uses 0000:01:00.0: br0 is on eth0; take br0 off it first");
	assert_allowed(&h, via_policy_passthrough, "0000:02:00.0");
	assert_refused(&v, via_policy_passthrough, "0000:06:00.0", VIA_REFUSED_IN_USE,
		"0000:06:00.0 has 1 VFs, and they would go with it");
}

static void test_macvlan_below(void **state)
{
	autohost h = scan_host_load("macvlan");

	(void)state;
	assert_refused(
		&h, via_policy_passthrough, "0000:01:00.0", VIA_REFUSED_IN_USE, "mac0 is on eth0");
}

static bool is_protected_by(struct scan_host *h, const char *addr, const char *text)
{
	const struct via_device *d = scan_host_device(h, addr);

	for (size_t i = 0; i < d->n_protect; i++) {
		if (strstr(d->protect[i], text))
			return d->protected_;
	}
	return false;
}

static void test_protect(void **state)
{
	static const struct {
		const char *host, *addr, *text;
	} cases[] = {
		{"bond", "0000:01:00.0",
			"default route (IPv4) via 10.30.0.1 on bond0.30 through eth0"},
		{"bond", "0000:02:00.0",
			"default route (IPv6) via fe80::1 on bond0.30 through eth1"},
		{"vlan-bridge", "0000:01:00.0", "address 192.168.7.1/24 on br0.7 through eth0"},
		{"openvswitch", "0000:01:00.0",
			"default route (IPv4) via 10.1.1.1 on br-ex through eth0"},
		{"macvlan", "0000:01:00.0", "address 10.9.0.4/24 on mac0 through eth0"},
		{"macvlan", "0000:02:00.0", "address 10.10.0.4/24 on veth0 through eth1"},
		{"nfs-root", "0000:01:00.0", "root file system from 10.0.0.9 on eth0"},
		{"nfs-root", "0000:02:00.0", "ssh session from 10.2.0.7 on eth1"},
		{"disks", "0000:01:00.0", "root file system from 10.7.0.3 on eth0"},
		{"host-vf", "0000:01:00.0",
			"default route (IPv4) via 10.6.0.1 on eth4 through its VF 3"},
		{"plain-nic", "0000:00:14.0", "default route (IPv4) via 198.51.100.1 on usb0"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autohost h = scan_host_load(cases[i].host);

		if (!is_protected_by(&h, cases[i].addr, cases[i].text))
			fail_msg("%s: %s: %s", cases[i].host, cases[i].addr, cases[i].text);
	}
}

static void test_not_protected(void **state)
{
	static const struct {
		const char *host, *addr;
	} cases[] = {
		{"vlan-bridge", "0000:02:00.0"}, /* a loop of masters elsewhere */
		{"nfs-root", "0000:00:01.0"},
		{"domain-vf", "0000:01:00.0"},
		{"switchdev", "0000:08:00.0"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		autohost h = scan_host_load(cases[i].host);

		assert_false(scan_host_device(&h, cases[i].addr)->protected_);
		assert_int_equal(scan_host_device(&h, cases[i].addr)->n_protect, 0);
	}
}

/* Called twice it says the same, not the same twice. */
static void test_protect_again(void **state)
{
	autohost h = scan_host_load("bond");
	const struct via_device *d = scan_host_device(&h, "0000:01:00.0");
	size_t n = d->n_protect;

	(void)state;
	assert_int_equal(via_policy_protect(h.inv), 0);
	assert_int_equal(d->n_protect, n);
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_vfio),
		cmocka_unit_test(test_holder_text),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_host_uses_vf),
		cmocka_unit_test(test_netns),
		cmocka_unit_test(test_no_iommu),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_pf),
		cmocka_unit_test(test_macvlan_below),
		cmocka_unit_test(test_protect),
		cmocka_unit_test(test_not_protected),
		cmocka_unit_test(test_protect_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
