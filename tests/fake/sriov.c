/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and removing VFs: drivers/pci/iov.c of Linux 6.1 (sriov_numvfs_store, sriov_enable). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

struct fake_pf *fake_pf_find(struct via_fake *f, struct via_addr a)
{
	for (size_t i = 0; i < f->n_pfs; i++)
		if (via_addr_eq(f->pfs[i].addr, a))
			return &f->pfs[i];
	return NULL;
}

struct fake_pf *fake_pf_make(struct via_fake *f, struct via_addr a)
{
	struct fake_pf *pf = fake_pf_find(f, a);

	if (pf)
		return pf;
	pf = fake_push(&f->pfs, &f->n_pfs);
	pf->addr = a;
	return pf;
}

void via_fake_set_traits(struct via_fake *f, const char *pf, const struct via_fake_pf_traits *t)
{
	FAKE_GUARD(f);
	fake_pf_make(f, fake_addr(pf))->traits = *t;
	f->dirty = true;
}

static uint64_t pf_num(struct via_fake *f, struct via_addr pf, const char *attr)
{
	return fake_get_num(f, 10, VIA_PCI_DEVICES "/%s/%s", via_addr_fmt(pf), attr);
}

static uint64_t pf_hex(struct via_fake *f, struct via_addr pf, const char *attr)
{
	return fake_get_num(f, 16, VIA_PCI_DEVICES "/%s/%s", via_addr_fmt(pf), attr);
}

/* First VF Offset and VF Stride count routing ids: bus, device and function as one number. */
struct via_addr fake_vf_addr(struct via_fake *f, struct via_addr pf, uint32_t index)
{
	uint32_t rid = (uint32_t)(pf.bus << 8 | pf.dev << 3 | pf.fn);

	rid += (uint32_t)(pf_num(f, pf, "sriov_offset") + index * pf_num(f, pf, "sriov_stride"));
	return (struct via_addr){.domain = pf.domain,
		.bus = (uint8_t)(rid >> 8),
		.dev = rid >> 3 & 31,
		.fn = rid & 7};
}

static void link_to_pf(
	struct via_fake *f, struct fake_pf *pf, const char *vf_dir, const char *pf_dir)
{
	char name[FAKE_PATH_MAX + 16];

	if (pf->traits.slow_links) {
		struct fake_deferred *d = fake_push(&f->deferred, &f->n_deferred);

		snprintf(name, sizeof(name), "%s/physfn", vf_dir);
		d->path = fake_strdup(name);
		d->target = fake_strdup(pf_dir);
		d->calls = pf->traits.slow_links;
		return;
	}
	fake_link(f, vf_dir, "physfn", pf_dir);
}

void fake_deferred_tick(struct via_fake *f)
{
	for (size_t i = 0; i < f->n_deferred;) {
		struct fake_deferred *d = &f->deferred[i];
		char *slash;

		if (--d->calls) {
			i++;
			continue;
		}
		slash = strrchr(d->path, '/');
		*slash = '\0';
		if (fake_find(f, "%s", d->path))
			fake_link(f, d->path, slash + 1, d->target);
		free(d->path);
		free(d->target);
		fake_drop(f->deferred, f->n_deferred, i);
	}
}

static void vf_files(struct via_fake *f, struct fake_pf *pf, struct via_addr a, const char *dir)
{
	uint8_t config[4096];
	char path[FAKE_ENTRY_MAX], group[32];
	struct fake_pci_files p = {.addr = a,
		.is_vf = true,
		.dir = dir,
		.revision = 1,
		.vendor = (uint16_t)pf_hex(f, pf->addr, "vendor"),
		.device = (uint16_t)pf_hex(f, pf->addr, "sriov_vf_device"),
		.subvendor = (uint16_t)pf_hex(f, pf->addr, "subsystem_vendor"),
		.subdevice = (uint16_t)pf_hex(f, pf->addr, "subsystem_device"),
		.class_code = (uint32_t)pf_hex(f, pf->addr, "class"),
		.numa_node = (int)(int64_t)pf_num(f, pf->addr, "numa_node"),
		.flr = true,
		.config = config,
		.config_size = pf->traits.vf_config};

	if (!p.config_size || p.config_size > sizeof(config))
		p.config_size = 256;
	fake_config_space_vf(&p, config, p.config_size);
	fake_link_name(
		f, group, sizeof(group), VIA_PCI_DEVICES "/%s/iommu_group", via_addr_fmt(pf->addr));
	p.iommu_group = !group[0]		  ? -1
			: pf->traits.shared_group ? atoi(group)
						  : VIA_FAKE_GROUP_NEXT;
	fake_pci_make(f, &p);
	snprintf(path, sizeof(path), "%s/sriov_vf_msix_count", dir);
	fake_tree_file(&f->tree, path, "", 0);
}

static void vf_add(struct via_fake *f, struct fake_pf *pf, uint32_t index)
{
	struct via_addr a = fake_vf_addr(f, pf->addr, index);
	char pf_dir[FAKE_PATH_MAX], dir[FAKE_PATH_MAX], name[32];
	struct fake_node *above = fake_pci(f, pf->addr)->parent;

	fake_node_path(fake_pci(f, pf->addr), pf_dir);
	fake_node_path(above, dir);
	if (strlen(dir) + VIA_ADDR_STR_MAX + 2 > sizeof(dir))
		abort();
	strcat(strcat(dir, "/"), via_addr_fmt(a));
	vf_files(f, pf, a, dir);
	snprintf(name, sizeof(name), "virtfn%u", index);
	fake_link(f, pf_dir, name, dir);
	link_to_pf(f, pf, dir, pf_dir);
	/* pci_iov_sysfs_link says so once the links are there. */
	fake_uevent(f, VIA_UEVENT_CHANGE, "pci", via_addr_fmt(a), &a);
}

static void vf_remove(struct via_fake *f, struct via_addr pf, uint32_t index)
{
	char name[FAKE_PATH_MAX], group[32];
	struct via_addr a;

	fake_link_name(
		f, name, sizeof(name), VIA_PCI_DEVICES "/%s/virtfn%u", via_addr_fmt(pf), index);
	if (!name[0])
		return;
	a = fake_addr(name);
	fake_driver_detach(f, a);
	fake_link_name(f, group, sizeof(group), VIA_PCI_DEVICES "/%s/iommu_group", name);
	if (group[0]) {
		struct fake_node *dir;

		fake_drop_path(f, "sys/kernel/iommu_groups/%s/devices/%s", group, name);
		dir = fake_find(f, "sys/kernel/iommu_groups/%s/devices", group);
		if (dir && !dir->first)
			fake_drop_path(f, "sys/kernel/iommu_groups/%s", group);
	}
	fake_drop_path(f, VIA_PCI_DEVICES "/%s/virtfn%u", via_addr_fmt(pf), index);
	fake_tree_remove(&f->tree, fake_pci(f, a));
	fake_drop_path(f, VIA_PCI_DEVICES "/%s", name);
	fake_uevent(f, VIA_UEVENT_REMOVE, "pci", name, &a);
}

static void netdev_vfs(struct via_fake *f, struct fake_pf *pf, uint32_t num)
{
	struct fake_netdev *n = fake_netdev_of(f, pf->addr);

	if (!n)
		return;
	free(n->vfs);
	n->vfs = num ? fake_alloc(num * sizeof(*n->vfs)) : NULL;
	n->link.num_vf = num;
	for (uint32_t i = 0; i < num; i++) {
		fake_vf_reset(pf, &n->vfs[i], i);
		fake_guest_mac_drop(f, n->link.ifindex, i);
	}
	/* igb and others reset the PF when its VFs come or go: the link flaps (seen in the lab). */
	fake_netdev_restart_carrier(n);
}

static void put_numvfs(struct via_fake *f, struct via_addr pf, uint32_t num)
{
	char path[FAKE_PATH_MAX];

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/sriov_numvfs", via_addr_fmt(pf));
	fake_put(f, path, "%u", num);
}

static int enable(struct via_fake *f, struct fake_pf *pf, uint32_t num)
{
	const struct via_fake_pf_traits *t = &pf->traits;
	struct via_addr a = pf->addr;

	if (t->limit && num > t->limit)
		return -EPERM;
	if (t->enables && num > t->enables)
		num = t->enables;
	/* The driver's own state first, so that a VF driver's probe finds it. */
	netdev_vfs(f, pf, num);
	for (uint32_t i = 0; i < num; i++) {
		vf_add(f, fake_pf_find(f, a), i);
		fake_driver_probe(f, fake_vf_addr(f, a, i));
	}
	put_numvfs(f, a, num);
	fake_uevent(f, VIA_UEVENT_CHANGE, "pci", via_addr_fmt(a), &a);
	return 0;
}

void fake_sriov_disable(struct via_fake *f, struct via_addr a)
{
	uint32_t num = (uint32_t)pf_num(f, a, "sriov_numvfs");
	struct fake_pf *pf = fake_pf_make(f, a);

	pf->locked = true;
	for (uint32_t i = 0; i < num; i++)
		vf_remove(f, a, i);
	pf = fake_pf_make(f, a);
	pf->locked = false;
	netdev_vfs(f, pf, 0);
	put_numvfs(f, a, 0);
	pthread_cond_broadcast(&f->wake);
}

void fake_pf_wait(struct via_fake *f, struct via_addr a)
{
	struct fake_pf *pf;

	while ((pf = fake_pf_find(f, a)) && pf->locked)
		pthread_cond_wait(&f->wake, &f->lock);
}

/* kstrtou16(text, 0): base by prefix, one newline behind it; every failure shows as EINVAL. */
static int parse_count(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long v;

	if (text[0] == '+')
		text++;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 0);
	if (*end == '\n')
		end++;
	if (*end || errno || v > UINT16_MAX)
		return -EINVAL;
	*ret = (uint32_t)v;
	return 0;
}

int fake_sriov_write(struct via_fake *f, struct via_addr a, const char *text)
{
	char driver[64];
	struct fake_driver *d;
	uint32_t num = 0, now;
	int r = parse_count(text, &num);

	if (r)
		return r;
	if (num > pf_num(f, a, "sriov_totalvfs"))
		return -ERANGE;
	fake_pf_wait(f, a);
	now = (uint32_t)pf_num(f, a, "sriov_numvfs");
	if (num == now)
		return 0;
	fake_link_name(f, driver, sizeof(driver), VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a));
	d = driver[0] ? fake_driver_find(f, driver) : NULL;
	if (!d || !d->sriov || !fake_pf_find(f, a))
		return -ENOENT;
	if (!num)
		return fake_sriov_disable(f, a), 0;
	return now ? -EBUSY : enable(f, fake_pf_find(f, a), num);
}
