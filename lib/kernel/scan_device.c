/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One PCI function. Which files are read and which are not:
 * - modalias gives vendor, device, subsystem and class in one read and takes no lock
 *   (drivers/pci/pci-sysfs.c, modalias_show); uevent would take the device lock on some kernels.
 * - driver_override and sriov_vf_total_msix take the device lock (driver_override_show,
 *   sriov_vf_total_msix_show), as sriov_numvfs does: they are left alone while a step is under way.
 * - Extended configuration space is read where we look for something in it: each 4 bytes are a
 *   transaction on the bus, 4096 bytes of a real device take about a millisecond.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "kernel/scan_parts.h"

#define CLASS_BRIDGE	 0x06
#define CLASS_NETWORK	 0x02
#define CLASS_PCI_BRIDGE 0x0604

/* "../../../devices/pci0000:00/0000:00:01.0" -> "sys/devices/pci0000:00/0000:00:01.0" */
int scan_device_dir(struct via_kernel *k, struct via_addr addr, struct scan_path *p)
{
	char link[64], target[SCAN_PATH_MAX - 8], dir[SCAN_PATH_MAX];
	const char *t = target;
	int r;

	snprintf(link, sizeof(link), VIA_PCI_DEVICES "/%s", via_addr_fmt(addr));
	r = k->ops->readlink(k, link, target, sizeof(target));
	while (r == 0 && !strncmp(t, "../", 3))
		t += 3;
	/* Anything else than the kernel's layout still works through the link itself. */
	if (r == -EINVAL || (r == 0 && strncmp(t, "devices/", 8)))
		snprintf(dir, sizeof(dir), "%s", link);
	else if (r < 0)
		return r;
	else
		snprintf(dir, sizeof(dir), "sys/%s", t);
	scan_path_set(p, dir);
	return 0;
}

struct via_device *scan_find(struct scan *s, struct via_addr addr)
{
	return (struct via_device *)via_inventory_device(s->inv, addr);
}

/* The upstream bridge is the directory above, when that is a PCI function. */
static void read_parent(struct via_device *d, struct scan_path *p)
{
	char above[VIA_ADDR_STR_MAX] = "";
	const char *dir = scan_dir(p), *slash = strrchr(dir, '/');
	const char *start = slash ? memrchr(dir, '/', (size_t)(slash - dir)) : NULL;

	if (start && (size_t)(slash - start) < sizeof(above))
		memcpy(above, start + 1, (size_t)(slash - start) - 1);
	if (via_addr_parse(above, &d->parent))
		d->parent = (struct via_addr){0};
}

/*
 * As udev's path_id builtin (src/udev/udev-builtin-path_id.c): "pci-ADDRESS" of the function,
 * behind "platform-NAME-" when its root bus hangs below a platform device.
 */
static void read_id_path(struct scan *s, struct via_device *d, struct scan_path *p)
{
	static const char platform[] = "sys/devices/platform/";
	const char *dir = scan_dir(p), *name = dir + sizeof(platform) - 1, *end;
	char text[SCAN_NAME_MAX + VIA_ADDR_STR_MAX + 16];

	if (strncmp(dir, platform, sizeof(platform) - 1)) {
		snprintf(text, sizeof(text), "pci-%s", via_addr_fmt(d->addr));
	} else {
		end = strstr(name, "/pci");
		while (end && memchr(name, '/', (size_t)(end - name)))
			name = (const char *)memchr(name, '/', (size_t)(end - name)) + 1;
		snprintf(text, sizeof(text), "platform-%.*s-pci-%s", (int)(end ? end - name : 0),
			name, via_addr_fmt(d->addr));
	}
	d->id_path = scan_intern(s, text);
}

/* "pci:v00008086d000010C9sv00008086sd00000000bc02sc00i00" (modalias_show). */
static void read_ids(struct scan *s, struct via_device *d, struct scan_path *p)
{
	unsigned int v, dev, sv, sd, bc, sc, i;
	char text[128];
	int end = 0;

	if (!scan_str(s, d, p, "modalias", text, sizeof(text)))
		return;
	if (sscanf(text, "pci:v%8xd%8xsv%8xsd%8xbc%2xsc%2xi%2x%n", &v, &dev, &sv, &sd, &bc, &sc, &i,
		    &end) != 7 ||
		text[end] || v > 0xffff || dev > 0xffff) {
		scan_problem(s, d, "modalias: \"%.80s\" is not what the kernel writes", text);
		return;
	}
	d->modalias = scan_intern(s, text);
	d->vendor = (uint16_t)v;
	d->device = (uint16_t)dev;
	d->subvendor = (uint16_t)sv;
	d->subdevice = (uint16_t)sd;
	d->class_code = bc << 16 | sc << 8 | i;
}

static void read_numa(struct scan *s, struct via_device *d, struct scan_path *p)
{
	char text[32];
	int64_t v;

	d->numa_node = -1;
	if (!scan_str(s, d, p, "numa_node", text, sizeof(text)))
		return;
	if (via_parse_int(text, -1, INT_MAX, &v))
		scan_problem(s, d, "numa_node: \"%s\" is no NUMA node", text);
	else
		d->numa_node = (int)v;
}

static void read_group(struct scan *s, struct via_device *d, struct scan_path *p)
{
	char text[SCAN_NAME_MAX];
	int64_t v;

	d->iommu_group = -1;
	if (!scan_link(s, d, p, "iommu_group", text, sizeof(text)))
		return;
	if (via_parse_int(text, 0, INT_MAX, &v))
		scan_problem(s, d, "iommu_group: \"%s\" is no group number", text);
	else
		d->iommu_group = (int)v;
}

/* Who drives it, who may: what differs from VF to VF. */
void scan_binding(struct scan *s, struct via_device *d, struct scan_path *p, bool busy)
{
	const struct via_device *before;
	char text[SCAN_NAME_MAX];

	if (scan_link(s, d, p, "driver", text, sizeof(text)))
		d->driver = scan_intern(s, text);
	read_group(s, d, p);
	if (busy) {
		before = s->old ? via_inventory_device(s->old, d->addr) : NULL;
		d->driver_override = before ? scan_intern(s, before->driver_override) : NULL;
	} else if (scan_str(s, d, p, "driver_override", text, sizeof(text)) &&
		   strcmp(text, "(null)")) { /* printf's text for NULL: no override */
		d->driver_override = scan_intern(s, text);
	}
}

static void read_reset_methods(struct scan *s, struct via_device *d, struct scan_path *p)
{
	char text[128];

	if (scan_str(s, d, p, "reset_method", text, sizeof(text)))
		d->reset_methods = scan_intern(s, text);
}

/*
 * What its directory holds. sriov_totalvfs is there for every function with an SR-IOV capability,
 * physfn for every VF (drivers/pci/iov.c). Directories that may hold hundreds of entries are not
 * listed for this: a PF's with its links, a bridge's with all that is behind it.
 */
struct entries {
	bool virtual, sriov, net, msix_count;
	uint32_t total_vfs;
};

static int on_entry(const char *name, void *user)
{
	struct entries *e = user;

	e->virtual |= !strcmp(name, "physfn");
	e->net |= !strcmp(name, "net");
	e->msix_count |= !strcmp(name, "sriov_vf_msix_count");
	return 0;
}

static int look_inside(struct scan *s, struct via_device *d, struct scan_path *p, struct entries *e)
{
	const char *before = d->problem;

	e->sriov = scan_u32(s, d, p, "sriov_totalvfs", 65535, &e->total_vfs) ||
		   d->problem != before; /* malformed, but there */
	e->net = e->sriov;
	if (e->sriov || d->class_code >> 16 == CLASS_BRIDGE)
		return 0;
	return s->k->ops->list(s->k, scan_dir(p), on_entry, e);
}

static enum via_device_kind kind_of(const struct via_device *d, const struct entries *e)
{
	uint32_t base = d->class_code >> 16;

	if (e->virtual)
		return VIA_DEVICE_VF;
	if (e->sriov)
		return VIA_DEVICE_PF;
	if (base == CLASS_BRIDGE)
		return VIA_DEVICE_BRIDGE;
	return base == CLASS_NETWORK || e->net ? VIA_DEVICE_NIC : VIA_DEVICE_OTHER;
}

static void note_port(struct scan *s, struct via_device *d, const struct via_pci_caps *c)
{
	struct scan_mark *m = scan_mark(s, d);

	/* Root and downstream ports route between peers and need ACS; an upstream port does not; a
	 * conventional bridge cannot have it (pci_acs_enabled in drivers/pci/pci.c). */
	m->port = !c->pcie || c->port_type == 4 || c->port_type == 6 || c->port_type == 7 ||
		  c->port_type == 8;
	m->port_acs = c->port_type == 4 || c->port_type == 6 || !c->has_list
			      ? (uint8_t)via_pci_acs(c)
			      : VIA_ACS_ABSENT;
}

static void use_caps(struct scan *s, struct via_device *d, const struct via_pci_caps *c)
{
	char text[24];

	d->flr = c->flr;
	d->msix = c->msix;
	d->link = (struct via_pcie_link){
		c->link_speed, c->link_max_speed, c->link_width, c->link_max_width};
	if (c->has_serial) {
		snprintf(text, sizeof(text), "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x",
			c->serial[0], c->serial[1], c->serial[2], c->serial[3], c->serial[4],
			c->serial[5], c->serial[6], c->serial[7]);
		d->serial = scan_intern(s, text);
	}
}

static void read_config(struct scan *s, struct via_device *d, struct scan_path *p)
{
	bool extended = d->kind != VIA_DEVICE_OTHER;
	struct via_pci_caps caps;
	uint8_t data[4096];
	ssize_t n =
		s->k->ops->read(s->k, scan_at(p, "config"), data, extended ? sizeof(data) : 256);

	if (n < 0 && n != -ENOENT && n != -ENODEV)
		scan_problem(s, d, "config: cannot read: %s", strerror((int)-n));
	else if (n < 64 && n >= 0)
		scan_problem(s, d, "config: %zd bytes are no PCI header", n);
	via_pci_parse_config(data, n < 0 ? 0 : (size_t)n, &caps);
	if (n > 8)
		d->revision = data[8];
	use_caps(s, d, &caps);
	if (d->class_code >> 8 == CLASS_PCI_BRIDGE)
		note_port(s, d, &caps);
}

/* What a VF shares with its PF: its own link registers are reserved (SR-IOV 1.1, 3.5.8 to 3.5.9).
 */
static void read_physfn(struct scan *s, struct via_device *d, struct scan_path *p)
{
	bool claimed = !via_addr_is_none(d->pf);
	char text[SCAN_NAME_MAX];
	const struct via_device *pf;

	if (!scan_link(s, d, p, "physfn", text, sizeof(text)))
		return;
	if (via_addr_parse(text, &d->pf)) {
		scan_problem(s, d, "physfn: \"%s\" is no PCI address", text);
		return;
	}
	pf = scan_find(s, d->pf);
	if (pf)
		d->link = pf->link;
	/* Each VF has the file; it works where the PF can deal vectors out. */
	d->has_vf_msix_count &= pf && pf->sriov && pf->sriov->vf_total_msix;
	scan_mark(s, d)->orphan = !claimed;
}

/* What vanished while it was read may have been read by half. */
static int still_there(struct scan *s, struct via_device *d, struct scan_path *p)
{
	struct via_stat st;

	if (s->k->ops->stat(s->k, scan_dir(p), &st) < 0)
		return -ENODEV;
	if (!d->modalias && !d->problem)
		scan_problem(s, d, "modalias: there is none");
	return 0;
}

static int read_parts(struct scan *s, struct via_device *d, struct scan_path *p, struct entries *e)
{
	int r = 0;

	read_parent(d, p);
	read_id_path(s, d, p);
	read_numa(s, d, p);
	d->kind = kind_of(d, e);
	d->is_nic = d->class_code >> 16 == CLASS_NETWORK || (e->net && !e->sriov);
	scan_mark(s, d)->has_net = e->net;
	d->has_vf_msix_count = e->msix_count;
	read_config(s, d, p);
	if (d->kind == VIA_DEVICE_VF)
		read_physfn(s, d, p);
	scan_binding(s, d, p, scan_busy(s, d->addr) || scan_busy(s, d->pf));
	read_reset_methods(s, d, p);
	if (d->kind == VIA_DEVICE_PF)
		r = scan_pf(s, d, p, e->total_vfs);
	return r < 0 ? r : still_there(s, d, p);
}

int scan_device(struct scan *s, struct via_device *d)
{
	struct scan_path p;
	struct entries e = {.net = false};
	int r = scan_device_dir(s->k, d->addr, &p);

	/* It may be read a second time: keep its place alone. */
	*d = (struct via_device){.addr = d->addr, .pf = d->pf, .vf_index = d->vf_index};
	if (r == 0)
		read_ids(s, d, &p);
	if (r == 0)
		r = look_inside(s, d, &p, &e);
	if (r < 0)
		return r == -ENOMEM ? r : -ENODEV;
	return read_parts(s, d, &p, &e);
}

/* The weaker of two; a path without a port says nothing. */
static enum via_acs weakest(enum via_acs a, bool has_b, enum via_acs b)
{
	return has_b && b < a ? b : a;
}

/* ACS of the path from d upward, d included; false when no port is on it. */
static bool path_acs(struct scan *s, struct via_device *d, int depth, enum via_acs *ret)
{
	struct via_device *up = via_addr_is_none(d->parent) ? NULL : scan_find(s, d->parent);
	struct scan_mark *m = scan_mark(s, d);
	enum via_acs above = VIA_ACS_UNKNOWN;
	bool has_above;

	if (m->status == SCAN_COPIED) {
		*ret = d->acs;
		return d->acs != VIA_ACS_UNKNOWN;
	}
	has_above = up && depth < 32 && path_acs(s, up, depth + 1, &above);
	if (!m->port) {
		*ret = above;
		return has_above;
	}
	*ret = weakest((enum via_acs)m->port_acs, has_above, above);
	return true;
}

void scan_acs(struct scan *s)
{
	for (size_t i = 0; i < s->inv->n_devices; i++) {
		enum via_acs acs = VIA_ACS_UNKNOWN;

		if (s->marks[i].status == SCAN_DONE) {
			path_acs(s, &s->inv->devices[i], 0, &acs);
			s->inv->devices[i].acs = acs;
		}
	}
}
