/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PFs. The virtfn links say who belongs to whom. The kernel computes a VF's address from the PF's,
 * offset and stride (pci_iov_virtfn_bus, pci_iov_virtfn_devfn in drivers/pci/iov.c), which cannot
 * change while VFs exist; so when the first and the last link lead where that says, those between
 * are not followed one by one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"

/* More than 16 bits of VFs cannot be (TotalVFs in the SR-IOV capability). */
#define VFS_MAX 65535

int scan_add_slot(struct scan_slots *slots, const char *name)
{
	struct via_vf_slot *grown;
	int64_t index;

	if (strncmp(name, "virtfn", 6) || via_parse_int(name + 6, 0, VFS_MAX, &index))
		return 0;
	if (slots->n == slots->cap) {
		slots->cap = slots->cap ? slots->cap * 2 : 64;
		grown = reallocarray(slots->list, slots->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		slots->list = grown;
	}
	slots->list[slots->n++] = (struct via_vf_slot){ .index = (uint32_t)index };
	return 0;
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = ((const struct via_vf_slot *)a)->index, y = ((const struct via_vf_slot *)b)->index;

	return x < y ? -1 : x > y;
}

static bool read_slot(struct scan *s, struct via_device *d, struct scan_path *p, struct via_vf_slot *v)
{
	char name[24], target[SCAN_NAME_MAX];

	snprintf(name, sizeof(name), "virtfn%u", v->index);
	if (!scan_link(s, d, p, name, target, sizeof(target)))
		return false;
	if (via_addr_parse(target, &v->addr)) {
		scan_problem(s, d, "%s: \"%s\" is no PCI address", name, target);
		return false;
	}
	return true;
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

	return (struct via_addr){ pf->addr.domain, (uint8_t)(pf->addr.bus + (devfn >> 8)),
		(uint8_t)(devfn >> 3 & 0x1f), (uint8_t)(devfn & 7) };
}

static bool is_computed(struct scan *s, struct via_device *d, const struct via_sriov *v,
	struct scan_path *p, const struct via_vf_slot *slot)
{
	struct via_vf_slot real = { .index = slot->index };

	return read_slot(s, d, p, &real) &&
	       via_addr_eq(real.addr, computed(d, v, slot->index));
}

static size_t resolve(struct scan *s, struct via_device *d, const struct via_sriov *v,
	struct scan_path *p, struct scan_slots *slots)
{
	struct via_vf_slot *list = slots->list;
	bool regular = slots->n > 2 && v->stride && is_computed(s, d, v, p, &list[0]) &&
		       is_computed(s, d, v, p, &list[slots->n - 1]);
	size_t kept = 0;

	for (size_t i = 0; i < slots->n; i++) {
		if (regular)
			list[i].addr = computed(d, v, list[i].index);
		else if (!read_slot(s, d, p, &list[i]))
			continue;
		list[kept++] = list[i];
		claim_vf(s, d, &list[i]);
	}
	return kept;
}

static int read_slots(struct scan *s, struct via_device *d, struct via_sriov *v,
	struct scan_path *p, struct scan_slots *slots)
{
	size_t kept;

	if (slots->n)
		qsort(slots->list, slots->n, sizeof(*slots->list), by_index);
	kept = resolve(s, d, v, p, slots);
	v->vfs = scan_copy(s, slots->list, kept, sizeof(*slots->list));
	v->n_vfs = v->vfs ? kept : 0;
	return kept && !v->vfs ? -ENOMEM : 0;
}

/* Attributes that take the PF's device lock: a step under way may hold it for long. */
static void read_locked(struct scan *s, struct via_device *d, struct via_sriov *v, struct scan_path *p)
{
	const struct via_device *before = s->old ? via_inventory_device(s->old, d->addr) : NULL;

	v->num = (uint32_t)v->n_vfs;
	if (scan_busy(s, d->addr)) {
		v->vf_total_msix = before && before->sriov ? before->sriov->vf_total_msix : 0;
		return;
	}
	scan_u32(s, d, p, "sriov_numvfs", VFS_MAX, &v->num);
	scan_u32(s, d, p, "sriov_vf_total_msix", UINT32_MAX, &v->vf_total_msix);
}

int scan_pf(struct scan *s, struct via_device *d, struct scan_path *p, struct scan_slots *slots)
{
	struct via_sriov *v = via_arena_alloc(&s->inv->arena, sizeof(*v));
	uint32_t autoprobe = 0;
	int r;

	if (!v)
		return -ENOMEM;
	d->sriov = v;
	scan_u32(s, d, p, "sriov_totalvfs", VFS_MAX, &v->total);
	scan_u32(s, d, p, "sriov_offset", VFS_MAX, &v->offset);
	scan_u32(s, d, p, "sriov_stride", VFS_MAX, &v->stride);
	scan_hex16(s, d, p, "sriov_vf_device", &v->vf_device);
	scan_u32(s, d, p, "sriov_drivers_autoprobe", 1, &autoprobe);
	v->autoprobe = autoprobe;
	v->vf_info_complete = true;
	r = read_slots(s, d, v, p, slots);
	if (r == 0)
		read_locked(s, d, v, p);
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
