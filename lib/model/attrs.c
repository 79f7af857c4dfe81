/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/attrs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const attr_names[VIA_VF_ATTR_COUNT] = {
#define VIA_X(sym, name) [VIA_VF_ATTR_##sym] = name,
	VIA_VF_ATTRS(VIA_X)
#undef VIA_X
};

const char *const via_link_state_names[] = {"auto", "enable", "disable", NULL};

static const char *const outcome_names[] = {
	[VIA_OUTCOME_NONE] = "none",
	[VIA_OUTCOME_APPLIED] = "applied",
	[VIA_OUTCOME_UNSUPPORTED] = "unsupported",
	[VIA_OUTCOME_REFUSED] = "refused",
	[VIA_OUTCOME_FAILED] = "failed",
};

const char *via_vf_attr_name(enum via_vf_attr a)
{
	return (unsigned int)a < VIA_VF_ATTR_COUNT ? attr_names[a] : "unknown";
}

int via_vf_attr_parse(const char *name, enum via_vf_attr *ret)
{
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		if (!strcmp(attr_names[i], name)) {
			*ret = (enum via_vf_attr)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *via_link_state_name(enum via_link_state s)
{
	return (unsigned int)s <= VIA_LINK_DISABLE ? via_link_state_names[s] : "unknown";
}

const char *via_attr_outcome_name(enum via_attr_outcome o)
{
	return (unsigned int)o < VIA_ARRAY_SIZE(outcome_names) ? outcome_names[o] : "unknown";
}

static uint16_t proto_of(const struct via_vf_attrs *a)
{
	return a->vlan_proto ? a->vlan_proto : VIA_VLAN_PROTO_8021Q;
}

static bool vlan_equal(const struct via_vf_attrs *a, const struct via_vf_attrs *b)
{
	/* Without a tag there is nothing that a protocol could say. */
	if (!a->vlan && !a->qos && !b->vlan && !b->qos)
		return true;
	return a->vlan == b->vlan && a->qos == b->qos && proto_of(a) == proto_of(b);
}

static bool attr_equal(
	const struct via_vf_attrs *a, const struct via_vf_attrs *b, enum via_vf_attr which)
{
	switch (which) {
	case VIA_VF_ATTR_MAC:
		return via_mac_eq(a->mac, b->mac);
	case VIA_VF_ATTR_VLAN:
		return vlan_equal(a, b);
	case VIA_VF_ATTR_RATE:
		return a->min_tx_mbps == b->min_tx_mbps && a->max_tx_mbps == b->max_tx_mbps;
	case VIA_VF_ATTR_SPOOFCHK:
		return a->spoofchk == b->spoofchk;
	case VIA_VF_ATTR_LINK_STATE:
		return a->link_state == b->link_state;
	case VIA_VF_ATTR_RSS_QUERY:
		return a->rss_query == b->rss_query;
	case VIA_VF_ATTR_TRUST:
		return a->trust == b->trust;
	case VIA_VF_ATTR_COUNT:
		break;
	}
	return true;
}

uint32_t via_vf_attrs_diff(const struct via_vf_attrs *want, const struct via_vf_attrs *have)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		if (!(want->known & VIA_ATTR_BIT(i)))
			continue;
		if (!(have->known & VIA_ATTR_BIT(i)) ||
			!attr_equal(want, have, (enum via_vf_attr)i))
			mask |= VIA_ATTR_BIT(i);
	}
	return mask;
}

static void copy_one(
	struct via_vf_attrs *dst, const struct via_vf_attrs *src, enum via_vf_attr which)
{
	switch (which) {
	case VIA_VF_ATTR_MAC:
		dst->mac = src->mac;
		break;
	case VIA_VF_ATTR_VLAN:
		dst->vlan = src->vlan;
		dst->qos = src->qos;
		dst->vlan_proto = src->vlan_proto;
		break;
	case VIA_VF_ATTR_RATE:
		dst->min_tx_mbps = src->min_tx_mbps;
		dst->max_tx_mbps = src->max_tx_mbps;
		break;
	case VIA_VF_ATTR_SPOOFCHK:
		dst->spoofchk = src->spoofchk;
		break;
	case VIA_VF_ATTR_LINK_STATE:
		dst->link_state = src->link_state;
		break;
	case VIA_VF_ATTR_RSS_QUERY:
		dst->rss_query = src->rss_query;
		break;
	case VIA_VF_ATTR_TRUST:
		dst->trust = src->trust;
		break;
	case VIA_VF_ATTR_COUNT:
		break;
	}
}

void via_vf_attrs_copy(struct via_vf_attrs *dst, const struct via_vf_attrs *src, uint32_t mask)
{
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++)
		if (mask & VIA_ATTR_BIT(i))
			copy_one(dst, src, (enum via_vf_attr)i);
	dst->known |= mask & VIA_ATTR_ALL;
}

static void vlan_value(const struct via_vf_attrs *a, char *buf, unsigned int size)
{
	bool ad = proto_of(a) == VIA_VLAN_PROTO_8021AD;

	if (!a->vlan && !a->qos)
		snprintf(buf, size, "none");
	else if (a->qos)
		snprintf(buf, size, "%u (priority %u%s)", a->vlan, a->qos, ad ? ", 802.1ad" : "");
	else
		snprintf(buf, size, "%u%s", a->vlan, ad ? " (802.1ad)" : "");
}

static void mac_value(const struct via_vf_attrs *a, char *buf, unsigned int size)
{
	snprintf(buf, size, "%s", via_mac_is_zero(a->mac) ? "none" : via_mac_fmt(a->mac));
}

static void rate_value(const struct via_vf_attrs *a, char *buf, unsigned int size)
{
	if (a->max_tx_mbps)
		snprintf(buf, size, "%u to %u Mbit/s", a->min_tx_mbps, a->max_tx_mbps);
	else if (a->min_tx_mbps)
		snprintf(buf, size, "at least %u Mbit/s", a->min_tx_mbps);
	else
		snprintf(buf, size, "no limit");
}

const char *via_vf_attr_value(
	const struct via_vf_attrs *a, enum via_vf_attr which, char *buf, unsigned int size)
{
	const char *text = NULL;

	if ((unsigned int)which >= VIA_VF_ATTR_COUNT || !(a->known & VIA_ATTR_BIT(which))) {
		snprintf(buf, size, "not known");
		return buf;
	}
	switch (which) {
	case VIA_VF_ATTR_MAC:
		mac_value(a, buf, size);
		break;
	case VIA_VF_ATTR_VLAN:
		vlan_value(a, buf, size);
		break;
	case VIA_VF_ATTR_RATE:
		rate_value(a, buf, size);
		break;
	case VIA_VF_ATTR_SPOOFCHK:
		text = a->spoofchk ? "on" : "off";
		break;
	case VIA_VF_ATTR_LINK_STATE:
		text = via_link_state_name(a->link_state);
		break;
	case VIA_VF_ATTR_RSS_QUERY:
		text = a->rss_query ? "on" : "off";
		break;
	case VIA_VF_ATTR_TRUST:
		text = a->trust ? "on" : "off";
		break;
	case VIA_VF_ATTR_COUNT:
		break;
	}
	if (text)
		snprintf(buf, size, "%s", text);
	return buf;
}
