/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/inventory.h"

#include <stdlib.h>
#include <string.h>

static const char *const device_kind_names[] = {
	[VIA_DEVICE_OTHER] = "other",
	[VIA_DEVICE_BRIDGE] = "bridge",
	[VIA_DEVICE_NIC] = "nic",
	[VIA_DEVICE_PF] = "pf",
	[VIA_DEVICE_VF] = "vf",
};

const char *via_device_kind_name(enum via_device_kind k)
{
	return device_kind_names[k];
}

static const char *const acs_names[] = {
	[VIA_ACS_UNKNOWN] = "unknown",
	[VIA_ACS_ABSENT] = "absent",
	[VIA_ACS_PARTIAL] = "partial",
	[VIA_ACS_FULL] = "full",
};

const char *via_acs_name(enum via_acs a)
{
	return acs_names[a];
}

static const char *const holder_kind_names[] = {
	[VIA_HOLDER_PROCESS] = "process",
	[VIA_HOLDER_DOMAIN] = "domain",
	[VIA_HOLDER_HOST] = "host",
	[VIA_HOLDER_NETNS] = "netns",
};

const char *via_holder_kind_name(enum via_holder_kind k)
{
	return holder_kind_names[k];
}

struct via_inventory *via_inventory_create(void)
{
	return calloc(1, sizeof(struct via_inventory));
}

void via_inventory_destroy(struct via_inventory *inv)
{
	if (!inv)
		return;
	via_arena_finish(&inv->arena);
	free(inv);
}

static int compare_device(const void *key, const void *element)
{
	return via_addr_cmp(
		*(const struct via_addr *)key, ((const struct via_device *)element)->addr);
}

const struct via_device *via_inventory_device(const struct via_inventory *inv, struct via_addr addr)
{
	if (!inv->n_devices)
		return NULL;
	return bsearch(&addr, inv->devices, inv->n_devices, sizeof(*inv->devices), compare_device);
}

/* Those of other namespaces stand behind ours; an ifindex alone means one of ours. */
static int compare_netdev(const void *key, const void *element)
{
	const struct via_netdev *n = element;
	int ifindex = *(const int *)key;

	if (n->netns)
		return -1;
	return ifindex < n->ifindex ? -1 : ifindex > n->ifindex;
}

const struct via_netdev *via_inventory_netdev(const struct via_inventory *inv, int ifindex)
{
	if (!inv->n_netdevs)
		return NULL;
	return bsearch(
		&ifindex, inv->netdevs, inv->n_netdevs, sizeof(*inv->netdevs), compare_netdev);
}

const struct via_netdev *via_inventory_netdev_named(
	const struct via_inventory *inv, const char *name)
{
	for (size_t i = 0; i < inv->n_netdevs && !inv->netdevs[i].netns; i++) {
		if (!strcmp(inv->netdevs[i].name, name))
			return &inv->netdevs[i];
	}
	return NULL;
}

const struct via_netdev *via_device_netdev(
	const struct via_inventory *inv, const struct via_device *d)
{
	const struct via_netdev *first = NULL;

	for (size_t i = 0; i < d->n_netdevs; i++) {
		const struct via_netdev *n = via_inventory_netdev(inv, d->netdevs[i]);

		if (n && !n->representor)
			return n;
		if (!first)
			first = n;
	}
	return first;
}

/* The lower of two permanent MACs: a function with several net devices numbers them as it likes. */
static void lower_mac(
	const struct via_netdev *n, const struct via_device *dev, const struct via_netdev **best)
{
	if (!n || !n->has_dev || n->representor || !n->has_perm_mac ||
		!via_addr_eq(n->dev, dev->addr))
		return;
	if (!*best || memcmp(n->perm_mac.b, (*best)->perm_mac.b, sizeof(n->perm_mac.b)) < 0)
		*best = n;
}

const struct via_netdev *via_device_permanent(
	const struct via_inventory *inv, const struct via_device *dev)
{
	const struct via_netdev *best = NULL;

	for (size_t i = 0; i < dev->n_netdevs; i++)
		lower_mac(via_inventory_netdev(inv, dev->netdevs[i]), dev, &best);
	/* Those of other namespaces stand at the end of the list. */
	for (size_t i = inv->n_netdevs; i > 0 && inv->netdevs[i - 1].netns; i--)
		lower_mac(&inv->netdevs[i - 1], dev, &best);
	return best;
}

static int compare_slot(const void *key, const void *element)
{
	uint32_t index = *(const uint32_t *)key, n = ((const struct via_vf_slot *)element)->index;

	return index < n ? -1 : index > n;
}

const struct via_device *via_inventory_vf(
	const struct via_inventory *inv, const struct via_device *pf, uint32_t index)
{
	const struct via_sriov *s = pf->sriov;
	const struct via_vf_slot *slot;

	if (!s || !s->n_vfs)
		return NULL;
	slot = bsearch(&index, s->vfs, s->n_vfs, sizeof(*s->vfs), compare_slot);
	return slot ? via_inventory_device(inv, slot->addr) : NULL;
}

static int compare_state(const void *key, const void *element)
{
	uint32_t index = *(const uint32_t *)key, n = ((const struct via_vf_state *)element)->index;

	return index < n ? -1 : index > n;
}

const struct via_vf_state *via_inventory_vf_state(
	const struct via_inventory *inv, const struct via_device *vf)
{
	const struct via_device *pf;

	if (vf->kind != VIA_DEVICE_VF)
		return NULL;
	pf = via_inventory_device(inv, vf->pf);
	if (!pf || !pf->sriov || !pf->sriov->n_vf_info)
		return NULL;
	return bsearch(&vf->vf_index, pf->sriov->vf_info, pf->sriov->n_vf_info,
		sizeof(*pf->sriov->vf_info), compare_state);
}

const struct via_device *via_inventory_find(const struct via_inventory *inv, const char *what)
{
	const struct via_netdev *n;
	struct via_addr addr;

	if (!via_addr_parse(what, &addr))
		return via_inventory_device(inv, addr);
	n = via_inventory_netdev_named(inv, what);
	return n && n->has_dev ? via_inventory_device(inv, n->dev) : NULL;
}

int via_inventory_group(const struct via_inventory *inv, int group,
	int (*fn)(const struct via_device *d, void *user), void *user)
{
	int r = 0;

	for (size_t i = 0; group >= 0 && !r && i < inv->n_devices; i++) {
		if (inv->devices[i].iommu_group == group)
			r = fn(&inv->devices[i], user);
	}
	return r;
}
