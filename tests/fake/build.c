/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Building blocks on top of via_fake_add_pci: the cards and changes tests ask for. */
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

int via_fake_add_igb(struct via_fake *f, const char *addr, const char *netdev, const char *mac)
{
	/* The emulated 82576 as the lab shows it. The driver lowers sriov_totalvfs from 8 to 7
	 * (igb_probe_vfs). */
	struct via_fake_pci d = {.addr = addr,
		.vendor = 0x8086,
		.device = 0x10c9,
		.subvendor = 0x1af4,
		.subdevice = 0x1100,
		.driver = "igb",
		.numa_node = -1,
		.iommu_group = VIA_FAKE_GROUP_NEXT,
		.msix = 10,
		.total_vfs = 7,
		.offset = 128,
		.stride = 2,
		.vf_device = 0x10ca,
		.netdev = netdev,
		.mac = mac,
		.carrier = true,
		.up = true,
		.traits = {.unsupported = VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE) |
					  VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY),
			.no_min_rate = true,
			.no_8021ad = true,
			.rate_needs_carrier = true}};

	return via_fake_add_pci(f, &d);
}

int via_fake_add_nic(struct via_fake *f, const char *addr, const char *netdev, const char *mac)
{
	struct via_fake_pci d = {.addr = addr,
		.vendor = 0x1af4,
		.device = 0x1041,
		.subvendor = 0x1af4,
		.subdevice = 0x1100,
		.driver = "virtio-pci",
		.numa_node = -1,
		.iommu_group = VIA_FAKE_GROUP_NEXT,
		.msix = 3,
		.netdev = netdev,
		.mac = mac,
		.carrier = true,
		.up = true};

	return via_fake_add_pci(f, &d);
}

void via_fake_add_bridge(struct via_fake *f, const char *addr, bool acs)
{
	struct via_fake_pci d = {.addr = addr,
		.vendor = 0x1b36,
		.device = 0x000c,
		.class_code = 0x060400,
		.driver = "pcieport",
		.numa_node = -1,
		.iommu_group = VIA_FAKE_GROUP_NEXT,
		.no_flr = true,
		.acs = acs,
		.port_type = 4};

	via_fake_add_pci(f, &d);
}

void via_fake_swap_card(struct via_fake *f, const char *pf, const char *new_mac)
{
	struct via_addr a = fake_addr(pf);
	struct fake_netdev *n;
	struct via_mac mac;

	FAKE_GUARD(f);
	n = fake_netdev_of(f, a);
	if (!n || via_mac_parse(new_mac, &mac))
		abort();
	n->link.mac = n->link.perm_mac = mac;
	for (size_t i = 0; i < f->n_cards; i++)
		if (via_addr_eq(f->cards[i].addr, a))
			f->cards[i].mac = mac;
	fake_netdev_files(f, n);
	f->dirty = true;
}

void via_fake_add_representor(struct via_fake *f, const char *pf, const char *name, int vf_index)
{
	struct via_link l = {.mtu = 1500, .up = true, .carrier = true, .lower_nsid = -1};
	struct fake_netdev *uplink;
	struct via_addr a = fake_addr(pf);

	fake_lock(f);
	uplink = fake_netdev_of(f, a);
	if (!uplink)
		abort();
	memcpy(l.phys_switch_id, uplink->link.phys_switch_id, sizeof(l.phys_switch_id));
	if (!l.phys_switch_id[0]) {
		snprintf(l.phys_switch_id, sizeof(l.phys_switch_id), "%02x%02x00000000fa4e", a.bus,
			a.dev);
		memcpy(uplink->link.phys_switch_id, l.phys_switch_id, sizeof(l.phys_switch_id));
		snprintf(uplink->link.phys_port_name, sizeof(uplink->link.phys_port_name), "p%u",
			a.fn);
		fake_netdev_files(f, uplink);
	}
	fake_unlock(f);
	snprintf(l.name, sizeof(l.name), "%s", name);
	/* devlink_port_phys_port_name_get: "pf<N>vf<M>" */
	snprintf(l.phys_port_name, sizeof(l.phys_port_name), "pf%uvf%d", a.fn, vf_index);
	via_addr_str(a, l.parent);
	l.mac = (struct via_mac){
		{0x02, 0xfc, a.bus, a.fn, (uint8_t)(vf_index >> 8), (uint8_t)vf_index}};
	via_fake_add_netdev(f, &l, 0);
}

void via_fake_carrier(struct via_fake *f, int ifindex, bool carrier)
{
	struct fake_netdev *n;

	FAKE_GUARD(f);
	n = fake_netdev(f, ifindex);
	if (!n)
		abort();
	n->plugged = carrier;
	fake_netdev_files(f, n);
	f->dirty = true;
}

void via_fake_carrier_delay(struct via_fake *f, int ifindex, uint32_t ms)
{
	FAKE_GUARD(f);
	fake_netdev(f, ifindex)->carrier_delay_ms = ms;
}

int via_fake_ifindex(struct via_fake *f, const char *name)
{
	struct fake_netdev *n;

	FAKE_GUARD(f);
	n = fake_netdev_named(f, name);
	return n ? n->link.ifindex : 0;
}
