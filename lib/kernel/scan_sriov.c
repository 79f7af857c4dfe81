/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PFs. The virtfn links say who belongs to whom. The kernel computes a VF's address from the PF's,
 * offset and stride (pci_iov_virtfn_bus, pci_iov_virtfn_devfn in drivers/pci/iov.c), which cannot
 * change while VFs exist, and sriov_numvfs says how many there are. So when the first and the last
 * link lead where that says and there is none behind the last, those between are not followed one
 * by one; in any other case the directory is listed and each link followed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"

/* More than 16 bits of VFs cannot be (TotalVFs in the SR-IOV capability). */
#define VFS_MAX 65535

struct slots {
	struct via_vf_slot *list;
	size_t n, cap;
};

static int add_slot(struct slots *slots, uint32_t index, struct via_addr addr)
{
	struct via_vf_slot *grown;

	if (slots->n == slots->cap) {
		slots->cap = slots->cap ? slots->cap * 2 : 64;
		grown = reallocarray(slots->list, slots->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		slots->list = grown;
	}
	slots->list[slots->n++] = (struct via_vf_slot){index, addr};
	return 0;
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = ((const struct via_vf_slot *)a)->index,
		 y = ((const struct via_vf_slot *)b)->index;

	return x < y ? -1 : x > y;
}

/* A VF that was listed already, or will be read later: its place is known now. */
static void claim_vf(struct scan *s, const struct via_device *pf, const struct via_vf_slot *v)
{
	struct via_device *vf = scan_find(s, v->addr);

	if (!vf)
		return;
	vf->kind = VIA_DEVICE_VF;
	vf->pf = pf->addr;
	vf->vf_index = v->index;
	scan_mark(s, vf)->orphan = false;
}

/* pci_iov_virtfn_bus, pci_iov_virtfn_devfn */
static struct via_addr computed(
	const struct via_device *pf, const struct via_sriov *v, uint32_t index)
{
	uint32_t devfn = pf->addr.dev * 8u + pf->addr.fn + v->offset + v->stride * index;

	return (struct via_addr){pf->addr.domain, (uint8_t)(pf->addr.bus + (devfn >> 8)),
		(uint8_t)(devfn >> 3 & 0x1f), (uint8_t)(devfn & 7)};
}

/* Where virtfnINDEX leads; a negated errno, -EINVAL: to something that is no function. */
static int follow(struct scan *s, struct scan_path *p, uint32_t index, struct via_addr *ret)
{
	char name[24], target[SCAN_NAME_MAX];
	int r;

	snprintf(name, sizeof(name), "virtfn%u", index);
	r = via_kernel_link_name(s->k, scan_at(p, name), target, sizeof(target));
	return r < 0 ? r : via_addr_parse(target, ret);
}

static bool leads_to_computed(struct scan *s, const struct via_device *d, const struct via_sriov *v,
	struct scan_path *p, uint32_t index)
{
	struct via_addr a;

	return follow(s, p, index, &a) == 0 && via_addr_eq(a, computed(d, v, index));
}

static bool is_regular(
	struct scan *s, const struct via_device *d, const struct via_sriov *v, struct scan_path *p)
{
	struct via_addr none;

	if (scan_busy(s, d->addr) || d->problem || (v->num > 1 && !v->stride))
		return false;
	return (!v->num || (leads_to_computed(s, d, v, p, 0) &&
				   leads_to_computed(s, d, v, p, v->num - 1))) &&
	       follow(s, p, v->num, &none) == -ENOENT;
}

static int compute_slots(const struct via_device *d, const struct via_sriov *v, struct slots *slots)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < v->num; i++)
		r = add_slot(slots, i, computed(d, v, i));
	return r;
}

struct listing {
	struct scan *s;
	struct via_device *d;
	struct scan_path p;
	struct slots *slots;
};

static int on_entry(const char *name, void *user)
{
	struct listing *l = user;
	struct via_addr a;
	int64_t index;
	int r;

	if (strncmp(name, "virtfn", 6) || via_parse_int(name + 6, 0, VFS_MAX, &index))
		return 0;
	r = follow(l->s, &l->p, (uint32_t)index, &a);
	if (r == -EINVAL)
		scan_problem(l->s, l->d, "%s: leads to no PCI function", name);
	/* A link that is gone again is a VF that is gone again. */
	return r < 0 ? 0 : add_slot(l->slots, (uint32_t)index, a);
}

static int list_slots(
	struct scan *s, struct via_device *d, struct scan_path *p, struct slots *slots)
{
	struct listing l = {s, d, *p, slots};
	int r = s->k->ops->list(s->k, scan_dir(p), on_entry, &l);

	if (slots->n)
		qsort(slots->list, slots->n, sizeof(*slots->list), by_index);
	return r == -ENOENT ? -ENODEV : r;
}

static int read_slots(
	struct scan *s, struct via_device *d, struct via_sriov *v, struct scan_path *p)
{
	struct slots slots = {0};
	int r = is_regular(s, d, v, p) ? compute_slots(d, v, &slots) : list_slots(s, d, p, &slots);

	for (size_t i = 0; r == 0 && i < slots.n; i++)
		claim_vf(s, d, &slots.list[i]);
	v->vfs = r == 0 ? scan_copy(s, slots.list, slots.n, sizeof(*slots.list)) : NULL;
	v->n_vfs = v->vfs ? slots.n : 0;
	free(slots.list);
	return r == 0 && v->n_vfs != slots.n ? -ENOMEM : r;
}

/* Attributes that take the PF's device lock: a step under way may hold it for long. */
static void read_locked(
	struct scan *s, struct via_device *d, struct via_sriov *v, struct scan_path *p)
{
	const struct via_device *before = s->old ? via_inventory_device(s->old, d->addr) : NULL;

	if (!scan_busy(s, d->addr)) {
		scan_u32(s, d, p, "sriov_numvfs", VFS_MAX, &v->num);
		scan_u32(s, d, p, "sriov_vf_total_msix", UINT32_MAX, &v->vf_total_msix);
	} else if (before && before->sriov) {
		v->vf_total_msix = before->sriov->vf_total_msix;
	}
}

int scan_pf(struct scan *s, struct via_device *d, struct scan_path *p, uint32_t total)
{
	struct via_sriov *v = via_arena_alloc(&s->inv->arena, sizeof(*v));
	uint32_t autoprobe = 0;
	int r;

	if (!v)
		return -ENOMEM;
	d->sriov = v;
	v->total = total;
	scan_u32(s, d, p, "sriov_offset", VFS_MAX, &v->offset);
	scan_u32(s, d, p, "sriov_stride", VFS_MAX, &v->stride);
	scan_hex16(s, d, p, "sriov_vf_device", &v->vf_device);
	scan_u32(s, d, p, "sriov_drivers_autoprobe", 1, &autoprobe);
	v->autoprobe = autoprobe;
	v->vf_info_complete = true;
	read_locked(s, d, v, p);
	r = read_slots(s, d, v, p);
	if (scan_busy(s, d->addr) || d->problem)
		v->num = (uint32_t)v->n_vfs;
	return r;
}

void scan_prune_slots(struct scan *s)
{
	for (size_t i = 0; i < s->inv->n_devices; i++) {
		/* Made by this scan and not shown to anybody yet. */
		struct via_sriov *v = (struct via_sriov *)s->inv->devices[i].sriov;
		struct via_vf_slot *slots = v ? (struct via_vf_slot *)v->vfs : NULL;
		size_t kept = 0;

		for (size_t j = 0; v && j < v->n_vfs; j++) {
			const struct via_device *vf = scan_find(s, slots[j].addr);

			if (vf && vf->kind == VIA_DEVICE_VF &&
				via_addr_eq(vf->pf, s->inv->devices[i].addr))
				slots[kept++] = slots[j];
		}
		if (v)
			v->n_vfs = kept;
	}
}
