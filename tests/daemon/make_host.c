/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make-host KIND: the manifest of a host the daemon tests and benches run on, to stdout. */
#include <stdio.h>
#include <string.h>

#include "fake/fake.h"

/* As the lab: two igb PFs with 7 VFs each. Neither carries the host's life. */
static void lab(struct via_fake *f)
{
	via_fake_add_igb(f, "0000:01:00.0", "eth0", "52:54:00:76:00:01");
	via_fake_add_igb(f, "0000:02:00.0", "eth1", "52:54:00:76:00:02");
	via_fake_add_nic(f, "0000:03:00.0", "eth2", "52:54:00:76:00:03");
}

/* eth0 has the default route. */
static void protected_(struct via_fake *f)
{
	lab(f);
	via_fake_add_addr(f, via_fake_ifindex(f, "eth0"), "192.0.2.2/24");
	via_fake_add_route(f, via_fake_ifindex(f, "eth0"), "192.0.2.1");
}

static void big(struct via_fake *f)
{
	for (int i = 0; i < 64; i++) {
		char addr[16], name[16], mac[18], path[80];
		struct via_fake_pci pf = {
			.addr = addr,
			.vendor = 0x8086,
			.device = 0x1572,
			.driver = "igb",
			.iommu_group = VIA_FAKE_GROUP_NEXT,
			.msix = 64,
			.total_vfs = 128,
			.offset = 16,
			.stride = 1,
			.vf_device = 0x10ca,
			.netdev = name,
			.mac = mac,
			.up = true,
			.carrier = true,
		};

		snprintf(addr, sizeof(addr), "%04x:%02x:00.0", i / 32, 8 + i % 32 * 4);
		snprintf(name, sizeof(name), "ens%d", i);
		snprintf(mac, sizeof(mac), "52:54:00:77:00:%02x", i);
		via_fake_add_pci(f, &pf);
		snprintf(
			path, sizeof(path), "sys/bus/pci/devices/%s/sriov_drivers_autoprobe", addr);
		via_fake_kernel(f)->ops->write(via_fake_kernel(f), path, "0", 1);
		snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/sriov_numvfs", addr);
		if (via_fake_kernel(f)->ops->write(via_fake_kernel(f), path, "128", 3) < 0)
			fprintf(stderr, "%s: no VFs\n", addr);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(struct via_fake *f);
	} kinds[] = {{"lab", lab}, {"protected", protected_}, {"big", big}};
	struct via_fake *f = via_fake_create();
	int r = 2;

	via_fake_add_usual_drivers(f);
	for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		kinds[i].fn(f);
		r = via_fake_save(f, stdout) < 0;
	}
	via_kernel_destroy(via_fake_kernel(f));
	return r;
}
