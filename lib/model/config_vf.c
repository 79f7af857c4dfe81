/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one VF should be: its layers put together, its MAC derived. */
#include "model/config_parse.h"

#include <stdio.h>
#include <string.h>

/* "VIA" in ASCII, which happens to be locally administered. Not libvirt's 52:54:00, out of which it
 * makes up addresses of its own. */
const uint8_t via_config_default_prefix[3] = {0x56, 0x49, 0x41};

/* Attributes that have no halves. */
#define WHOLE                                                                                      \
	(VIA_ATTR_ALL & ~(VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) |         \
				VIA_ATTR_BIT(VIA_VF_ATTR_RATE)))

static void overlay_vlan(struct via_vf_config *dst, const struct via_vf_config *src)
{
	if (src->has_vlan_id)
		dst->attrs.vlan = src->attrs.vlan;
	if (src->has_vlan_qos)
		dst->attrs.qos = src->attrs.qos;
	if (src->has_vlan_proto)
		dst->attrs.vlan_proto = src->attrs.vlan_proto;
	dst->has_vlan_id |= src->has_vlan_id;
	dst->has_vlan_qos |= src->has_vlan_qos;
	dst->has_vlan_proto |= src->has_vlan_proto;
}

static void overlay_rate(struct via_vf_config *dst, const struct via_vf_config *src)
{
	if (src->has_min)
		dst->attrs.min_tx_mbps = src->attrs.min_tx_mbps;
	if (src->has_max)
		dst->attrs.max_tx_mbps = src->attrs.max_tx_mbps;
	dst->has_min |= src->has_min;
	dst->has_max |= src->has_max;
}

static void overlay_function(struct via_vf_config *dst, const struct via_vf_config *src)
{
	if (src->mac_mode != VIA_MAC_UNSET) {
		dst->mac_mode = src->mac_mode;
		dst->attrs.mac = src->attrs.mac;
	}
	if (src->has_msix)
		dst->msix = src->msix;
	if (src->has_mtu)
		dst->mtu = src->mtu;
	dst->has_msix |= src->has_msix;
	dst->has_mtu |= src->has_mtu;
	if (src->driver != VIA_DRIVER_UNSET) {
		dst->driver = src->driver;
		dst->driver_name = src->driver_name;
	}
	if (src->network)
		dst->network = src->network;
}

void via_vf_config_overlay(struct via_vf_config *dst, const struct via_vf_config *src)
{
	overlay_vlan(dst, src);
	overlay_rate(dst, src);
	overlay_function(dst, src);
	via_vf_attrs_copy(&dst->attrs, &src->attrs, src->attrs.known & WHOLE);
}

const struct via_network_config *via_config_network(const struct via_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_networks; i++)
		if (c->networks[i].name && !strcmp(c->networks[i].name, name))
			return &c->networks[i];
	return NULL;
}

/*
 * A layer that names a network begins a new policy: VLAN and rates of the layers below are those of
 * another network and do not shine through.
 */
static void overlay_network(struct via_vf_config *dst, const struct via_network_config *n)
{
	struct via_vf_config v = {.attrs = n->attrs,
		.has_vlan_id = n->has_vlan_id,
		.has_vlan_qos = true,
		.has_vlan_proto = true,
		.has_min = n->has_min,
		.has_max = n->has_max,
		.mtu = n->mtu,
		.has_mtu = n->has_mtu};

	dst->has_min = dst->has_max = false;
	dst->attrs.min_tx_mbps = dst->attrs.max_tx_mbps = 0;
	via_vf_config_overlay(dst, &v);
}

static const struct via_vf_config *layer(const struct via_pf_config *pf, size_t at, uint32_t index)
{
	const struct via_vf_range *r;

	if (at == 0)
		return &pf->defaults;
	r = &pf->ranges[at - 1];
	return index >= r->first && index <= r->last ? &r->vf : NULL;
}

/* The last layer that names a network: the ones before it that do so say nothing about the VF. */
static size_t network_layer(const struct via_pf_config *pf, uint32_t index)
{
	size_t found = 0;

	for (size_t i = 0; i <= pf->n_ranges; i++) {
		const struct via_vf_config *v = layer(pf, i, index);

		if (v && v->network)
			found = i;
	}
	return found;
}

/* The halves joined into attributes that are known, or not. */
static void settle(struct via_vf_config *v)
{
	uint32_t known = v->attrs.known & WHOLE;

	if (v->has_vlan_id)
		known |= VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	if (v->has_min || v->has_max)
		known |= VIA_ATTR_BIT(VIA_VF_ATTR_RATE);
	if (v->mac_mode == VIA_MAC_GIVEN || v->mac_mode == VIA_MAC_NONE)
		known |= VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	if (!v->attrs.vlan_proto || (!v->attrs.vlan && !v->attrs.qos))
		v->attrs.vlan_proto = VIA_VLAN_PROTO_8021Q;
	v->attrs.known = known;
}

void via_vf_config_resolve(const struct via_config *c, const struct via_pf_config *pf,
	uint32_t index, struct via_vf_config *ret)
{
	size_t named = network_layer(pf, index);
	struct via_vf_config out = {0};

	for (size_t i = 0; i <= pf->n_ranges; i++) {
		const struct via_vf_config *v = layer(pf, i, index);
		const struct via_network_config *n;

		if (!v)
			continue;
		n = i == named && v->network ? via_config_network(c, v->network) : NULL;
		if (n)
			overlay_network(&out, n);
		via_vf_config_overlay(&out, v);
		/* "vlan": 0 takes the whole tag away unless the layer says more. */
		if (v->has_vlan_id && !v->attrs.vlan && !v->has_vlan_qos)
			out.attrs.qos = 0;
	}
	settle(&out);
	*ret = out;
}

/* What stays with a card wherever it is plugged, as far as it can be known. */
static void identity(
	const struct via_inventory *inv, const struct via_device *dev, char *buf, size_t size)
{
	const struct via_netdev *n = via_device_permanent(inv, dev);

	if (n)
		snprintf(buf, size, "mac %s", via_mac_fmt(n->perm_mac));
	else if (dev->serial)
		snprintf(buf, size, "serial %s fn %u", dev->serial, dev->addr.fn);
	else
		snprintf(buf, size, "address %s", via_addr_fmt(dev->addr));
}

/* FNV-1a, 64 bits, folded to 24: spread is all that is asked of it. */
static uint32_t hash24(const char *s)
{
	uint64_t h = 14695981039346656037ull;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ull;
	return (uint32_t)((h >> 48) ^ (h >> 24) ^ h) & 0xffffff;
}

struct via_mac via_config_derive_mac(const uint8_t prefix[3], const char *id, uint32_t index)
{
	/* Adding keeps distinct indexes distinct: there are fewer VFs than 24 bits have values. */
	uint32_t low = (hash24(id) + index) & 0xffffff;

	return (struct via_mac){{(uint8_t)((prefix[0] | 2) & ~1), prefix[1], prefix[2],
		(uint8_t)(low >> 16), (uint8_t)(low >> 8), (uint8_t)low}};
}

struct via_mac via_config_vf_mac(const struct via_pf_config *pf, const struct via_inventory *inv,
	const struct via_device *dev, uint32_t index)
{
	char id[96];

	identity(inv, dev, id, sizeof(id));
	return via_config_derive_mac(
		pf->has_mac_prefix ? pf->mac_prefix : via_config_default_prefix, id, index);
}

void via_config_vf_on(const struct via_config *c, const struct via_pf_config *pf,
	const struct via_inventory *inv, const struct via_device *dev, uint32_t index,
	const struct via_network_config *network, struct via_vf_wanted *ret)
{
	struct via_vf_config v;

	via_vf_config_resolve(c, pf, index, &v);
	if (network && (!v.network || strcmp(v.network, network->name))) {
		overlay_network(&v, network);
		settle(&v);
		v.network = network->name;
	}
	if (v.mac_mode == VIA_MAC_DERIVED) {
		v.attrs.mac = via_config_vf_mac(pf, inv, dev, index);
		v.attrs.known |= VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	}
	*ret = (struct via_vf_wanted){.attrs = v.attrs,
		.msix = v.msix,
		.mtu = v.mtu,
		.has_msix = v.has_msix,
		.has_mtu = v.has_mtu,
		.driver = v.driver,
		.driver_name = v.driver == VIA_DRIVER_NAMED ? v.driver_name : NULL,
		.network = v.network};
}

void via_config_vf(const struct via_config *c, const struct via_pf_config *pf,
	const struct via_inventory *inv, const struct via_device *dev, uint32_t index,
	struct via_vf_wanted *ret)
{
	via_config_vf_on(c, pf, inv, dev, index, NULL, ret);
}
