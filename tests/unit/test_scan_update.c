/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scan that is told what changed gives what reading everything gives. */
#include "test_scan_host.h"

#define ROUNDS 300
#define VFS    4

static const char *const pfs[] = {"0000:01:00.0", "0000:02:00.0"};

static struct scan_host two_pfs(void)
{
	struct scan_host h = {.f = via_fake_create()};

	h.k = via_fake_kernel(h.f);
	via_fake_add_usual_drivers(h.f);
	via_fake_add_bridge(h.f, "0000:00:01.0", true);
	via_fake_add_igb(h.f, pfs[0], "eth0", "52:54:00:76:00:01");
	via_fake_add_igb(h.f, pfs[1], "eth1", "52:54:00:76:00:02");
	via_fake_add_nic(h.f, "0000:03:00.0", "eth2", "52:54:00:76:00:03");
	h.k->ops->load_module(h.k, "vfio-pci");
	h.k->ops->load_module(h.k, "igbvf");
	assert_true(h.k->ops->uevent_fd(h.k) >= 0); /* from now on events count */
	return h;
}

/* --- changes; n picks one --- */

static void vf_name(unsigned int n, char buf[16])
{
	snprintf(buf, 16, "0000:%02x:%02x.%x", 1 + n % 2, 0x10 + n / 2 % VFS / 4,
		n / 2 % VFS * 2 % 8);
}

static void write_to(struct scan_host *h, const char *addr, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/%s", addr, name);
	via_kernel_write_str(h->k, path, text);
}

static void change_count(struct scan_host *h, unsigned int n)
{
	char count[4];

	via_fake_kill(h->f, 800); /* a VF that is held would not go */
	snprintf(count, sizeof(count), "%u", n / 2 % (VFS + 1));
	write_to(h, pfs[n % 2], "sriov_numvfs", "0");
	write_to(h, pfs[n % 2], "sriov_numvfs", count);
}

static void rebind(struct scan_host *h, const char *addr, const char *driver)
{
	write_to(h, addr, "driver_override", driver);
	write_to(h, addr, "driver/unbind", addr);
	via_kernel_write_str(h->k, "sys/bus/pci/drivers_probe", addr);
}

static void change_driver(struct scan_host *h, unsigned int n)
{
	char addr[16];

	vf_name(n, addr);
	via_fake_kill(h->f, 800);
	rebind(h, addr, n % 3 ? "vfio-pci" : "");
}

static void change_autoprobe(struct scan_host *h, unsigned int n)
{
	/* No event tells of it: the one who writes it says so. */
	write_to(h, pfs[n % 2], "sriov_drivers_autoprobe", n % 3 ? "1" : "0");
	via_fake_uevent(h->f, VIA_UEVENT_CHANGE, "pci", pfs[n % 2], pfs[n % 2]);
}

static void change_guest(struct scan_host *h, unsigned int n)
{
	char addr[16], path[128];

	vf_name(n, addr);
	via_fake_kill(h->f, 800);
	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/iommu_group", addr);
	if (via_fake_exists(h->f, path))
		via_fake_add_guest(h->f, 800, "g", "uuid", addr);
}

static void change_net(struct scan_host *h, unsigned int n)
{
	int ifindex = via_fake_ifindex(h->f, n % 2 ? "eth0" : "eth2");
	const struct via_link_set set = {
		.has_up = true, .up = n % 3 != 0, .has_mtu = true, .mtu = 1400 + n % 5};

	h->k->ops->set_link(h->k, ifindex, &set, NULL);
}

static void change_card(struct scan_host *h, unsigned int n)
{
	if (via_fake_exists(h->f, VIA_PCI_DEVICES "/0000:04:00.0")) {
		via_fake_remove(h->f, VIA_PCI_DEVICES "/0000:04:00.0");
		via_fake_remove(h->f, "sys/devices/pci0000:04/0000:04:00.0");
		via_fake_uevent(h->f, VIA_UEVENT_REMOVE, "pci", "0000:04:00.0", "0000:04:00.0");
	} else {
		via_fake_add_nic(h->f, "0000:04:00.0", NULL, NULL);
	}
	(void)n;
}

static void change_attribute(struct scan_host *h, unsigned int n)
{
	struct via_vf_attrs a = {.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN),
		.vlan = (uint16_t)(n % 90),
		.vlan_proto = VIA_VLAN_PROTO_8021Q};
	char link[64];

	snprintf(link, sizeof(link), VIA_PCI_DEVICES "/%s/virtfn0", pfs[n % 2]);
	if (via_fake_exists(h->f, link))
		via_fake_set_vf(h->f, via_fake_ifindex(h->f, n % 2 ? "eth1" : "eth0"), 0, &a);
}

static void (*const changes[])(struct scan_host *h, unsigned int n) = {
	change_count,
	change_driver,
	change_autoprobe,
	change_guest,
	change_net,
	change_card,
	change_attribute,
	change_driver,
};

/* --- */

/* What the daemon does: every function that an event names. */
static size_t drain(struct scan_host *h, struct via_addr *list, size_t max)
{
	struct via_uevent e;
	size_t n = 0;

	while (h->k->ops->next_uevent(h->k, &e) == 1) {
		assert_int_not_equal(e.action, VIA_UEVENT_LOST);
		if (e.has_pci && n < max)
			list[n++] = e.pci;
	}
	return n;
}

static void update(struct scan_host *h)
{
	struct via_addr changed[256];
	size_t n = drain(h, changed, VIA_ARRAY_SIZE(changed));
	struct via_inventory *now = NULL;
	struct via_err err = {0};

	if (via_scan_update(h->k, NULL, h->inv, changed, n, &now, &err))
		fail_msg("update: %s", err.msg);
	via_inventory_destroy(h->inv);
	h->inv = now;
}

static size_t differs_at(const char *a, const char *b)
{
	size_t at = 0;

	while (a[at] && a[at] == b[at])
		at++;
	return at > 80 ? at - 80 : 0;
}

static void test_random_changes(void **state)
{
	autohost h = two_pfs();
	unsigned int seed = 12345;

	(void)state;
	scan_host_read(&h, NULL);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int n = (unsigned int)rand_r(&seed), which = n % VIA_ARRAY_SIZE(changes);
		via_autoinventory *all = NULL;
		via_autofree char *want = NULL, *got = NULL;

		changes[which](&h, n / 8);
		update(&h);
		assert_int_equal(via_scan(h.k, NULL, &all, NULL), 0);
		want = scan_host_text(all);
		got = scan_host_text(h.inv);
		if (strcmp(want, got)) {
			size_t at = differs_at(want, got);

			fail_msg("round %u, change %u: %.200s\n--- instead of ---\n%.200s", i,
				which, got + at, want + at);
		}
	}
}

/* Strings of the new inventory are its own: the old one may go. */
static void test_outlives_the_old(void **state)
{
	autohost h = two_pfs();
	via_autofree char *text = NULL;

	(void)state;
	change_count(&h, 8);
	scan_host_read(&h, NULL);
	drain(&h, (struct via_addr[64]){{0}}, 64);
	update(&h);
	text = scan_host_text(h.inv);
	assert_non_null(strstr(text, "82576 Virtual Function") ?: strstr(text, "82576 Gigabit"));
}

/* Functions that nobody told of are noticed all the same. */
static void test_unannounced(void **state)
{
	autohost h = two_pfs();

	(void)state;
	scan_host_read(&h, NULL);
	change_card(&h, 0);
	drain(&h, (struct via_addr[64]){{0}}, 64);
	update(&h);
	assert_non_null(scan_host_device(&h, "0000:04:00.0"));
	change_card(&h, 0);
	drain(&h, (struct via_addr[64]){{0}}, 64);
	update(&h);
	assert_null(scan_host_device(&h, "0000:04:00.0"));
}

/* What is above decides about all that is below: a bridge that changes has everything read. */
static void test_bridge(void **state)
{
	autohost h = scan_host_load("domain-vf");
	struct via_addr port = {0, 0, 1, 0};
	struct via_inventory *now = NULL;

	(void)state;
	assert_int_equal(scan_host_device(&h, "0000:01:10.0")->acs, VIA_ACS_FULL);
	via_fake_file(h.f, "sys/devices/pci0000:00/0000:00:01.0/config", (uint8_t[256]){0}, 256);
	assert_int_equal(via_scan_update(h.k, NULL, h.inv, &port, 1, &now, NULL), 0);
	via_inventory_destroy(h.inv);
	h.inv = now;
	assert_int_equal(scan_host_device(&h, "0000:01:10.0")->acs, VIA_ACS_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_changes),
		cmocka_unit_test(test_outlives_the_old),
		cmocka_unit_test(test_unannounced),
		cmocka_unit_test(test_bridge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
