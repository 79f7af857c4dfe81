/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host with so many functions that two threads read it: each is what its own files say. */
#include <errno.h>

#include "test_scan_host.h"

#define PFS 3
#define VFS 200

static struct scan_host large(void)
{
	struct scan_host h = {.f = via_fake_create()};

	h.k = via_fake_kernel(h.f);
	via_fake_add_usual_drivers(h.f);
	via_fake_add_driver(
		h.f, &(struct via_fake_driver){.name = "ice", .sriov = true, .loaded = true});
	h.k->ops->load_module(h.k, "vfio-pci");
	for (unsigned int i = 0; i < PFS; i++) {
		char addr[16], path[96];

		snprintf(addr, sizeof(addr), "0000:%02x:00.0", 0x10 + i * 2);
		via_fake_add_pci(h.f, &(struct via_fake_pci){.addr = addr,
					      .vendor = 0x8086,
					      .device = 0x1592,
					      .driver = "ice",
					      .iommu_group = VIA_FAKE_GROUP_NEXT,
					      .total_vfs = VFS,
					      .offset = 8,
					      .stride = 2,
					      .vf_device = 0x1889});
		snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/sriov_numvfs", addr);
		assert_int_equal(via_kernel_write_str(h.k, path, "200"), 0);
	}
	return h;
}

static const char *file(const struct via_device *d, const char *name, char buf[96])
{
	snprintf(buf, 96, VIA_PCI_DEVICES "/%s/%s", via_addr_fmt(d->addr), name);
	return buf;
}

static void assert_as_read(struct scan_host *h, const struct via_device *d)
{
	char path[96], text[64];
	int r = via_kernel_link_name(h->k, file(d, "driver", path), text, sizeof(text));

	if (r == -ENOENT)
		assert_null(d->driver);
	else
		assert_string_equal(d->driver, text);
	assert_int_equal(
		via_kernel_link_name(h->k, file(d, "iommu_group", path), text, sizeof(text)), 0);
	assert_int_equal(d->iommu_group, atoi(text));
	assert_int_equal(
		via_kernel_read_str(h->k, file(d, "driver_override", path), text, sizeof(text)), 0);
	assert_string_equal(d->driver_override ? d->driver_override : "(null)", text);
	if (d->kind == VIA_DEVICE_VF) {
		assert_int_equal(
			via_kernel_link_name(h->k, file(d, "physfn", path), text, sizeof(text)), 0);
		assert_string_equal(via_addr_fmt(d->pf), text);
		assert_int_equal(d->device, 0x1889);
	}
}

/* Every seventh VF to vfio-pci, every eleventh with an override and no driver. */
static void vary(struct scan_host *h)
{
	for (size_t i = 0; i < h->inv->n_devices; i++) {
		const struct via_device *d = &h->inv->devices[i];
		char path[96];

		if (d->kind != VIA_DEVICE_VF || (d->vf_index % 7 && d->vf_index % 11))
			continue;
		via_kernel_write_str(h->k, file(d, "driver_override", path), "vfio-pci");
		if (d->vf_index % 7 == 0)
			via_kernel_write_str(
				h->k, "sys/bus/pci/drivers_probe", via_addr_fmt(d->addr));
	}
}

static void test_each(void **state)
{
	autohost h = large();

	(void)state;
	scan_host_read(&h, NULL);
	assert_int_equal(h.inv->n_devices, PFS * (VFS + 1));
	vary(&h);
	via_fake_add_guest(h.f, 500, "g", "u", "0000:10:01.0");
	scan_host_read(&h, NULL);
	assert_true(h.inv->complete);
	for (size_t i = 0; i < h.inv->n_devices; i++)
		assert_as_read(&h, &h.inv->devices[i]);
	assert_string_equal(scan_host_device(&h, "0000:10:01.0")->holders[0].name, "g");
	assert_int_equal(scan_host_device(&h, "0000:10:01.2")->n_holders, 0);
}

static unsigned int struck;

static void drop_vfs(struct via_fake *f, void *user)
{
	(void)user;
	if (__atomic_fetch_add(&struck, 1, __ATOMIC_RELAXED) == 0)
		via_kernel_write_str(
			via_fake_kernel(f), VIA_PCI_DEVICES "/0000:12:00.0/sriov_numvfs", "0");
}

/* A PF's VFs go while both threads read them. */
static void test_vanish(void **state)
{
	autohost h = large();

	(void)state;
	via_fake_after(h.f, "readlink:*/0000:12:0a.*/iommu_group", drop_vfs, NULL);
	scan_host_read(&h, NULL);
	assert_true(struck > 0);
	for (size_t i = 0; i < h.inv->n_devices; i++) {
		if (h.inv->devices[i].addr.bus < 0x12 || h.inv->devices[i].addr.bus > 0x13)
			assert_as_read(&h, &h.inv->devices[i]);
	}
	scan_host_read(&h, NULL);
	assert_int_equal(h.inv->n_devices, PFS * (VFS + 1) - VFS);
}

static void test_error_is_not_lost(void **state)
{
	autohost h = large();

	(void)state;
	scan_host_read(&h, NULL);
	vary(&h);
	via_fake_fail(h.f, "read:*/0000:14:05.0/driver_override", 0, EIO);
	via_fake_fail(h.f, "list:sys/bus/pci/drivers", 0, EIO);
	scan_host_read(&h, NULL); /* each is asked for its driver then */
	assert_string_equal(scan_host_device(&h, "0000:10:01.0")->driver, "vfio-pci");
	assert_null(scan_host_device(&h, "0000:10:01.2")->driver);
	assert_string_equal(scan_host_device(&h, "0000:14:05.0")->problem,
		"driver_override: cannot read: Input/output error");
	assert_null(scan_host_device(&h, "0000:14:05.2")->problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_vanish),
		cmocka_unit_test(test_error_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
