/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a PCI function. */
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

/* What 6.1 shows for every function and the fake gives no life to. */
static const struct {
	const char *name, *text;
} constant_attrs[] = {
	{"ari_enabled", "1"},
	{"broken_parity_status", "0"},
	{"consistent_dma_mask_bits", "64"},
	{"d3cold_allowed", "1"},
	{"dma_mask_bits", "64"},
	{"enable", "1"},
	{"irq", "0"},
	{"local_cpulist", "0-1"},
	{"local_cpus", "3"},
	{"msi_bus", "1"},
	{"power_state", "D0"},
	{"current_link_speed", "2.5 GT/s PCIe"},
	{"max_link_speed", "2.5 GT/s PCIe"},
	{"current_link_width", "1"},
	{"max_link_width", "1"},
	{"driver_override", "(null)"},
};

static void attr(struct via_fake *f, const char *dir, const char *name, const char *text)
{
	char path[FAKE_ENTRY_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fake_put(f, path, "%s", text);
}

#define ATTR(f, dir, name, ...)                                                                    \
	do {                                                                                       \
		char text_[256];                                                                   \
		snprintf(text_, sizeof(text_), __VA_ARGS__);                                       \
		attr(f, dir, name, text_);                                                         \
	} while (0)

static void identity(struct via_fake *f, const char *dir, const struct fake_pci_files *p)
{
	char modalias[128];

	ATTR(f, dir, "vendor", "0x%04x", p->vendor);
	ATTR(f, dir, "device", "0x%04x", p->device);
	ATTR(f, dir, "subsystem_vendor", "0x%04x", p->subvendor);
	ATTR(f, dir, "subsystem_device", "0x%04x", p->subdevice);
	ATTR(f, dir, "class", "0x%06x", p->class_code);
	ATTR(f, dir, "revision", "0x%02x", p->revision);
	snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		p->vendor, p->device, p->subvendor, p->subdevice, p->class_code >> 16,
		p->class_code >> 8 & 0xff, p->class_code & 0xff);
	attr(f, dir, "modalias", modalias);
	ATTR(f, dir, "uevent",
		"PCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
		"PCI_SLOT_NAME=%s\nMODALIAS=%s",
		p->class_code, p->vendor, p->device, p->subvendor, p->subdevice,
		via_addr_fmt(p->addr), modalias);
}

static void capabilities(struct via_fake *f, const char *dir, const struct fake_pci_files *p)
{
	char path[FAKE_ENTRY_MAX];

	if (p->flr) {
		attr(f, dir, "reset", "");
		attr(f, dir, "reset_method", p->is_vf ? "flr" : "flr bus");
	}
	ATTR(f, dir, "numa_node", "%d", p->numa_node);
	if (!p->config_size)
		return;
	snprintf(path, sizeof(path), "%s/config", dir);
	fake_tree_file(&f->tree, path, p->config, p->config_size);
}

int fake_group_next(struct via_fake *f)
{
	int g = 0;

	/* The kernel hands out the lowest free number (ida_alloc in drivers/iommu/iommu.c). */
	while (fake_find(f, "sys/kernel/iommu_groups/%d", g))
		g++;
	return g;
}

void fake_group_join(struct via_fake *f, const char *dir, struct via_addr a, int group)
{
	char path[FAKE_PATH_MAX], real[FAKE_PATH_MAX];

	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/type", group);
	if (!fake_find(f, "%s", path))
		fake_put(f, path, "DMA-FQ");
	fake_node_path(fake_find(f, "%s", dir), real);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d/devices", group);
	fake_link(f, path, via_addr_fmt(a), real);
	snprintf(path, sizeof(path), "sys/kernel/iommu_groups/%d", group);
	fake_link(f, real, "iommu_group", path);
}

void fake_pci_make(struct via_fake *f, const struct fake_pci_files *p)
{
	char dir[FAKE_PATH_MAX];

	fake_node_path(fake_tree_dir(&f->tree, p->dir), dir);
	for (size_t i = 0; i < VIA_ARRAY_SIZE(constant_attrs); i++)
		attr(f, dir, constant_attrs[i].name, constant_attrs[i].text);
	identity(f, dir, p);
	capabilities(f, dir, p);
	fake_link(f, dir, "subsystem", "sys/bus/pci");
	if (strncmp(dir, VIA_PCI_DEVICES "/", strlen(VIA_PCI_DEVICES) + 1))
		fake_link(f, VIA_PCI_DEVICES, via_addr_fmt(p->addr), dir);
	if (p->iommu_group != -1)
		fake_group_join(
			f, dir, p->addr, p->iommu_group >= 0 ? p->iommu_group : fake_group_next(f));
	fake_uevent(f, VIA_UEVENT_ADD, "pci", via_addr_fmt(p->addr), &p->addr);
}

static void add_sriov(struct via_fake *f, const char *dir, const struct via_fake_pci *d)
{
	ATTR(f, dir, "sriov_totalvfs", "%u", d->total_vfs);
	ATTR(f, dir, "sriov_numvfs", "0");
	ATTR(f, dir, "sriov_offset", "%u", d->offset);
	ATTR(f, dir, "sriov_stride", "%u", d->stride);
	ATTR(f, dir, "sriov_vf_device", "%x", d->vf_device);
	ATTR(f, dir, "sriov_drivers_autoprobe", "1");
	ATTR(f, dir, "sriov_vf_total_msix", "%u", d->vf_total_msix);
	fake_pf_make(f, fake_addr(d->addr))->traits = d->traits;
}

/* Where the function's directory goes: below its bridge's, else below its root bus. */
static void directory_for(struct via_fake *f, const struct via_fake_pci *d, char *buf)
{
	struct via_addr a = fake_addr(d->addr);
	char above[FAKE_PATH_MAX] = "";

	if (d->parent)
		fake_node_path(fake_pci(f, fake_addr(d->parent)), above);
	else
		snprintf(above, sizeof(above), "sys/devices/pci%04x:%02x", a.domain, a.bus);
	if (strlen(above) + VIA_ADDR_STR_MAX + 2 > FAKE_PATH_MAX)
		abort();
	strcat(strcat(strcpy(buf, above), "/"), via_addr_fmt(a));
}

static void bind_first(struct via_fake *f, const struct via_fake_pci *d)
{
	struct fake_driver *drv = d->driver ? fake_driver_find(f, d->driver) : NULL;

	if (!d->driver)
		return;
	if (!drv) {
		struct fake_driver *made = fake_push(&f->drivers, &f->n_drivers);

		snprintf(made->name, sizeof(made->name), "%s", d->driver);
		snprintf(made->module, sizeof(made->module), "%s", d->driver);
		made->sriov = d->total_vfs != 0;
		drv = made;
	}
	if (!fake_find(f, "sys/bus/pci/drivers/%s", drv->name))
		fake_driver_load(f, drv);
	fake_driver_attach_bare(f, drv, fake_addr(d->addr));
}

static int add_own_netdev(struct via_fake *f, const struct via_fake_pci *d)
{
	struct fake_card *card;
	struct via_link l = {.mtu = 1500, .up = d->up, .carrier = d->carrier, .lower_nsid = -1};

	if (!d->netdev)
		return 0;
	snprintf(l.name, sizeof(l.name), "%s", d->netdev);
	via_addr_str(fake_addr(d->addr), l.parent);
	if (d->mac && via_mac_parse(d->mac, &l.mac)) {
		fprintf(stderr, "fake: \"%s\" is no MAC\n", d->mac);
		abort();
	}
	l.perm_mac = l.mac;
	l.has_perm_mac = d->mac != NULL;
	card = fake_push(&f->cards, &f->n_cards);
	card->addr = fake_addr(d->addr);
	card->mac = l.mac;
	card->speed_mbps = d->speed_mbps ? d->speed_mbps : 1000;
	memcpy(card->name, l.name, sizeof(card->name));
	return fake_netdev_add(f, &l, card->speed_mbps)->link.ifindex;
}

int via_fake_add_pci(struct via_fake *f, const struct via_fake_pci *given)
{
	struct via_fake_pci d = *given;
	char dir[FAKE_PATH_MAX];
	uint8_t config[4096];

	FAKE_GUARD(f);
	d.class_code = d.class_code ? d.class_code : 0x020000;
	d.config_size = d.config_size ? d.config_size : sizeof(config);
	fake_config_space(&d, config, d.config_size);
	directory_for(f, &d, dir);
	fake_pci_make(f, &(struct fake_pci_files){.addr = fake_addr(d.addr),
				 .dir = dir,
				 .vendor = d.vendor,
				 .device = d.device,
				 .subvendor = d.subvendor,
				 .subdevice = d.subdevice,
				 .class_code = d.class_code,
				 .revision = 1,
				 .numa_node = d.numa_node,
				 .iommu_group = d.iommu_group,
				 .flr = !d.no_flr,
				 .config = config,
				 .config_size = d.config_size});
	if (d.total_vfs)
		add_sriov(f, dir, &d);
	f->dirty = true;
	/* The spec's own net device stands for the one the driver would make. */
	bind_first(f, &d);
	return add_own_netdev(f, &d);
}
