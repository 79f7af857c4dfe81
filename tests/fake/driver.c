/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers and how the bus matches them: drivers/pci/pci-driver.c (pci_match_device,
 * pci_device_can_probe) and drivers/base/dd.c of Linux 6.1.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "fake/state.h"

/* vfio's character device numbers are dynamic; 245 is what the lab shows. */
#define VFIO_MAJOR 245

struct fake_driver *fake_driver_find(struct via_fake *f, const char *name)
{
	for (size_t i = 0; i < f->n_drivers; i++)
		if (!strcmp(f->drivers[i].name, name))
			return &f->drivers[i];
	return NULL;
}

bool fake_driver_is_vfio(const char *name)
{
	return strstr(name, "vfio") != NULL;
}

static bool loaded(struct via_fake *f, const struct fake_driver *d)
{
	return fake_find(f, "sys/bus/pci/drivers/%s", d->name) != NULL;
}

/* modules.alias spells a vfio variant's devices "vfio_pci:…" */
static bool pattern_matches(const char *pattern, const char *modalias)
{
	const char *rest = strncmp(pattern, "vfio_pci:", 9) ? NULL : pattern + 9;

	if (rest && !strncmp(modalias, "pci:", 4))
		return !fnmatch(rest, modalias + 4, 0);
	return !fnmatch(pattern, modalias, 0);
}

static bool driver_matches(struct via_fake *f, const struct fake_driver *d, struct via_addr a)
{
	char override[64], modalias[128];

	fake_get(f, override, sizeof(override), VIA_PCI_DEVICES "/%s/driver_override",
		via_addr_fmt(a));
	if (override[0] && strcmp(override, "(null)"))
		return !strcmp(override, d->name);
	if (d->override_only)
		return false;
	fake_get(f, modalias, sizeof(modalias), VIA_PCI_DEVICES "/%s/modalias", via_addr_fmt(a));
	for (size_t i = 0; i < VIA_ARRAY_SIZE(d->match) && d->match[i]; i++)
		if (pattern_matches(d->match[i], modalias))
			return true;
	return false;
}

/* A VF whose PF has autoprobe off binds only with an override. */
static bool can_probe(struct via_fake *f, struct via_addr a)
{
	char override[64];

	if (!fake_find(f, VIA_PCI_DEVICES "/%s/physfn", via_addr_fmt(a)) ||
		fake_get_num(f, 10, VIA_PCI_DEVICES "/%s/physfn/sriov_drivers_autoprobe",
			via_addr_fmt(a)))
		return true;
	fake_get(f, override, sizeof(override), VIA_PCI_DEVICES "/%s/driver_override",
		via_addr_fmt(a));
	return override[0] && strcmp(override, "(null)");
}

static int group_of(struct via_fake *f, struct via_addr a)
{
	char buf[32];

	fake_link_name(f, buf, sizeof(buf), VIA_PCI_DEVICES "/%s/iommu_group", via_addr_fmt(a));
	return buf[0] ? atoi(buf) : -1;
}

static unsigned int free_vfio_minor(struct via_fake *f)
{
	struct fake_node *dir = fake_find(f, "dev/vfio");
	unsigned int minor = 0;

	for (struct fake_node *n = dir ? dir->first : NULL; n; n = n ? n->next : dir->first)
		if (n->type == FAKE_CHR && n->rdev == makedev(VFIO_MAJOR, minor)) {
			minor++;
			n = NULL; /* look at all again */
		}
	return minor;
}

static void vfio_group_make(struct via_fake *f, int group)
{
	char path[FAKE_PATH_MAX], name[16];
	unsigned int minor = free_vfio_minor(f);

	snprintf(path, sizeof(path), "sys/devices/virtual/vfio/%d/dev", group);
	if (fake_find(f, "%s", path))
		return;
	fake_put(f, path, "%d:%u", VFIO_MAJOR, minor);
	snprintf(path, sizeof(path), "sys/devices/virtual/vfio/%d", group);
	fake_link(f, path, "subsystem", "sys/class/vfio");
	snprintf(name, sizeof(name), "%d", group);
	fake_link(f, "sys/class/vfio", name, path);
	snprintf(path, sizeof(path), "dev/vfio/%d", group);
	fake_tree_chr(&f->tree, path, makedev(VFIO_MAJOR, minor));
	fake_uevent(f, VIA_UEVENT_ADD, "vfio", name, NULL);
}

/* The group goes when its last function leaves vfio. */
static void vfio_group_drop(struct via_fake *f, int group)
{
	struct fake_node *dir = fake_find(f, "sys/kernel/iommu_groups/%d/devices", group);
	char driver[64], name[16];

	for (struct fake_node *n = dir ? dir->first : NULL; n; n = n->next) {
		fake_link_name(f, driver, sizeof(driver), VIA_PCI_DEVICES "/%s/driver", n->name);
		if (fake_driver_is_vfio(driver))
			return;
	}
	snprintf(name, sizeof(name), "%d", group);
	fake_drop_path(f, "sys/class/vfio/%d", group);
	fake_drop_path(f, "sys/devices/virtual/vfio/%d", group);
	fake_drop_path(f, "dev/vfio/%d", group);
	fake_uevent(f, VIA_UEVENT_REMOVE, "vfio", name, NULL);
}

static uint32_t vf_index_of(struct via_fake *f, struct via_addr a, struct via_addr *pf)
{
	char name[FAKE_PATH_MAX];
	uint32_t index = 0;

	fake_link_name(f, name, sizeof(name), VIA_PCI_DEVICES "/%s/physfn", via_addr_fmt(a));
	if (!name[0])
		return UINT32_MAX;
	*pf = fake_addr(name);
	for (;; index++) {
		fake_link_name(f, name, sizeof(name), VIA_PCI_DEVICES "/%s/virtfn%u",
			via_addr_fmt(*pf), index);
		if (!name[0])
			return UINT32_MAX;
		if (via_addr_eq(fake_addr(name), a))
			return index;
	}
}

static void expand_name(
	struct via_fake *f, const char *pattern, struct via_addr a, uint32_t index, char out[16])
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *percent_d = strstr(pattern, "%d");

	for (int n = 0;; n++) {
		via_strbuf_reset(&b);
		for (const char *s = pattern; *s; s++) {
			if (*s != '%' || !s[1])
				via_strbuf_addc(&b, *s);
			else if (*++s == 'd')
				via_strbuf_addf(&b, "%d", n);
			else if (*s == 'v')
				via_strbuf_addf(&b, "%u", index);
			else if (*s == 'b')
				via_strbuf_addf(&b, "%u", a.bus);
			else if (*s == 's')
				via_strbuf_addf(&b, "%u", a.dev);
		}
		if (!percent_d || !fake_netdev_named(f, via_strbuf_str(&b)))
			break;
	}
	snprintf(out, 16, "%s", via_strbuf_str(&b));
}

static void make_netdev(struct via_fake *f, const struct fake_driver *d, struct via_addr a)
{
	struct via_link l = {.mtu = 1500, .lower_nsid = -1};
	struct via_addr pf = a;
	uint32_t index = vf_index_of(f, a, &pf), speed = 1000;
	struct fake_netdev *of = index == UINT32_MAX ? NULL : fake_netdev_of(f, pf);

	expand_name(f, d->netdev, pf, index, l.name);
	via_addr_str(a, l.parent);
	if (index != UINT32_MAX)
		/* A VF without an administered MAC makes one up (eth_hw_addr_random). */
		l.mac = (struct via_mac){
			{0x02, 0xfa, pf.bus, pf.fn, (uint8_t)(index >> 8), (uint8_t)index}};
	if (of && index < of->link.num_vf && !via_mac_is_zero(of->vfs[index].attrs.mac))
		l.mac = of->vfs[index].attrs.mac;
	for (size_t i = 0; i < f->n_cards; i++) {
		if (!via_addr_eq(f->cards[i].addr, a))
			continue;
		l.mac = l.perm_mac = f->cards[i].mac;
		l.has_perm_mac = true;
		speed = f->cards[i].speed_mbps;
		memcpy(l.name, f->cards[i].name, sizeof(l.name));
	}
	l.carrier = true; /* plugged; it shows once the device is up */
	fake_netdev_add(f, &l, speed);
}

void fake_driver_attach_bare(struct via_fake *f, struct fake_driver *d, struct via_addr a)
{
	char dir[FAKE_PATH_MAX], driver[FAKE_PATH_MAX];

	fake_node_path(fake_pci(f, a), dir);
	snprintf(driver, sizeof(driver), "sys/bus/pci/drivers/%s", d->name);
	fake_link(f, dir, "driver", driver);
	fake_link(f, driver, via_addr_fmt(a), dir);
}

void fake_driver_attach(struct via_fake *f, struct fake_driver *d, struct via_addr a)
{
	fake_driver_attach_bare(f, d, a);
	if (fake_driver_is_vfio(d->name))
		vfio_group_make(f, group_of(f, a));
	if (d->netdev[0] && !fake_netdev_of(f, a))
		make_netdev(f, d, a);
	fake_uevent(f, VIA_UEVENT_BIND, "pci", via_addr_fmt(a), &a);
}

/* pcie_portdrv_probe takes ports alone, whatever the override says. */
static bool probe_accepts(struct via_fake *f, const struct fake_driver *d, struct via_addr a)
{
	return strcmp(d->name, "pcieport") ||
	       fake_get_num(f, 16, VIA_PCI_DEVICES "/%s/class", via_addr_fmt(a)) >> 8 == 0x0604;
}

/* One driver's probe: -errno as a write to its "bind" file returns it. */
int fake_driver_bind(struct via_fake *f, struct fake_driver *d, struct via_addr a)
{
	if (!driver_matches(f, d, a))
		return -ENODEV;
	if (fake_find(f, VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a)))
		return -EBUSY;
	if (!can_probe(f, a))
		return -ENODEV;
	/* vfio wants an IOMMU group (vfio_pci_core_register_device). */
	if (fake_driver_is_vfio(d->name) && group_of(f, a) < 0)
		return -EINVAL;
	if (!probe_accepts(f, d, a))
		return -ENODEV;
	fake_driver_attach(f, d, a);
	return 0;
}

void fake_driver_probe(struct via_fake *f, struct via_addr a)
{
	if (fake_find(f, VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a)))
		return;
	for (size_t i = 0; i < f->n_drivers; i++)
		if (loaded(f, &f->drivers[i]) && !fake_driver_bind(f, &f->drivers[i], a))
			return;
}

void fake_driver_detach(struct via_fake *f, struct via_addr a)
{
	char name[64], pf[32];
	struct fake_netdev *n;
	bool vfio;

	fake_link_name(f, name, sizeof(name), VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a));
	vfio = fake_driver_is_vfio(name);
	if (vfio)
		fake_wait_group(f, group_of(f, a));
	/* The world may have moved on while we waited. */
	fake_link_name(f, pf, sizeof(pf), VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a));
	if (!name[0] || strcmp(pf, name))
		return;
	/* A PF driver's remove takes its VFs along. */
	if (fake_get_num(f, 10, VIA_PCI_DEVICES "/%s/sriov_numvfs", via_addr_fmt(a)))
		fake_sriov_disable(f, a);
	while ((n = fake_netdev_of(f, a)))
		fake_netdev_remove(f, n->link.ifindex);
	fake_drop_path(f, VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a));
	fake_drop_path(f, "sys/bus/pci/drivers/%s/%s", name, via_addr_fmt(a));
	if (vfio)
		vfio_group_drop(f, group_of(f, a));
	fake_uevent(f, VIA_UEVENT_UNBIND, "pci", via_addr_fmt(a), &a);
}

static void control_file(struct via_fake *f, const char *driver, const char *name)
{
	char path[FAKE_PATH_MAX];

	snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s/%s", driver, name);
	fake_tree_file(&f->tree, path, "", 0);
}

/* Register the driver: its directory, then every function it matches. */
void fake_driver_load(struct via_fake *f, struct fake_driver *d)
{
	static const char *const files[] = {"bind", "unbind", "new_id", "remove_id"};
	struct fake_node *devices = fake_tree_dir(&f->tree, VIA_PCI_DEVICES);
	char path[FAKE_PATH_MAX], dir[FAKE_PATH_MAX], name[80];

	for (size_t i = 0; i < VIA_ARRAY_SIZE(files); i++)
		control_file(f, d->name, files[i]);
	snprintf(path, sizeof(path), "sys/module/%s", d->module);
	for (char *s = path; *s; s++)
		if (*s == '-')
			*s = '_';
	strcat(path, "/drivers");
	snprintf(name, sizeof(name), "pci:%s", d->name);
	snprintf(dir, sizeof(dir), "sys/bus/pci/drivers/%s", d->name);
	fake_link(f, path, name, dir);
	if (fake_driver_is_vfio(d->name)) {
		fake_tree_dir(&f->tree, "sys/class/vfio");
		fake_tree_chr(&f->tree, "dev/vfio/vfio", makedev(10, 196));
	}
	for (struct fake_node *n = devices->first; n; n = n->next)
		fake_driver_bind(f, d, fake_addr(n->name));
}
