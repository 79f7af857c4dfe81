/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/kv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OF(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

const struct fake_kv fake_kv_netdev[] = {
	{"mac", FAKE_KV_MAC, OF(struct fake_netdev, link.mac)},
	{"perm", FAKE_KV_MAC, OF(struct fake_netdev, link.perm_mac),
		.has = offsetof(struct fake_netdev, link.has_perm_mac) + 1},
	{"mtu", FAKE_KV_U32, OF(struct fake_netdev, link.mtu)},
	{"up", FAKE_KV_FLAG, OF(struct fake_netdev, link.up)},
	{"carrier", FAKE_KV_FLAG, OF(struct fake_netdev, plugged)},
	{"kind", FAKE_KV_STR, OF(struct fake_netdev, link.kind)},
	{"parent", FAKE_KV_STR, OF(struct fake_netdev, link.parent)},
	{"netns", FAKE_KV_STR, OF(struct fake_netdev, link.netns)},
	{"master", FAKE_KV_I32, OF(struct fake_netdev, link.master)},
	{"lower", FAKE_KV_I32, OF(struct fake_netdev, link.lower)},
	{"lower-nsid", FAKE_KV_I32, OF(struct fake_netdev, link.lower_nsid), .always = true},
	{"port-id", FAKE_KV_STR, OF(struct fake_netdev, link.phys_port_id)},
	{"switch-id", FAKE_KV_STR, OF(struct fake_netdev, link.phys_switch_id)},
	{"port-name", FAKE_KV_STR, OF(struct fake_netdev, link.phys_port_name)},
	{"numvf", FAKE_KV_U32, OF(struct fake_netdev, link.num_vf)},
	{"speed", FAKE_KV_U32, OF(struct fake_netdev, speed_mbps)},
	{0},
};

#define KNOWN(attr) .known = VIA_ATTR_BIT(VIA_VF_ATTR_##attr)
const struct fake_kv fake_kv_vf[] = {
	{"mac", FAKE_KV_MAC, OF(struct via_vf_attrs, mac), KNOWN(MAC)},
	{"vlan", FAKE_KV_VLAN, KNOWN(VLAN)},
	{"rate", FAKE_KV_RATE, KNOWN(RATE)},
	{"spoofchk", FAKE_KV_BOOL, OF(struct via_vf_attrs, spoofchk), KNOWN(SPOOFCHK)},
	{"link_state", FAKE_KV_LINK_STATE, KNOWN(LINK_STATE)},
	{"rss_query", FAKE_KV_BOOL, OF(struct via_vf_attrs, rss_query), KNOWN(RSS_QUERY)},
	{"trust", FAKE_KV_BOOL, OF(struct via_vf_attrs, trust), KNOWN(TRUST)},
	{0},
};

const struct fake_kv fake_kv_pf[] = {
	{"limit", FAKE_KV_U32, OF(struct via_fake_pf_traits, limit)},
	{"enables", FAKE_KV_U32, OF(struct via_fake_pf_traits, enables)},
	{"unsupported", FAKE_KV_ATTRS, OF(struct via_fake_pf_traits, unsupported)},
	{"no-min-rate", FAKE_KV_FLAG, OF(struct via_fake_pf_traits, no_min_rate)},
	{"no-8021ad", FAKE_KV_FLAG, OF(struct via_fake_pf_traits, no_8021ad)},
	{"rate-needs-carrier", FAKE_KV_FLAG, OF(struct via_fake_pf_traits, rate_needs_carrier)},
	{"zero-mac-refused", FAKE_KV_FLAG, OF(struct via_fake_pf_traits, zero_mac_refused)},
	{"shared-group", FAKE_KV_FLAG, OF(struct via_fake_pf_traits, shared_group)},
	{"slow-links", FAKE_KV_U32, OF(struct via_fake_pf_traits, slow_links)},
	{"vf-config", FAKE_KV_U32, OF(struct via_fake_pf_traits, vf_config)},
	{0},
};

const struct fake_kv fake_kv_driver[] = {
	{"module", FAKE_KV_STR, OF(struct fake_driver, module)},
	{"sriov", FAKE_KV_FLAG, OF(struct fake_driver, sriov)},
	{"msix", FAKE_KV_FLAG, OF(struct fake_driver, msix)},
	{"override-only", FAKE_KV_FLAG, OF(struct fake_driver, override_only)},
	{"netdev", FAKE_KV_STR, OF(struct fake_driver, netdev)},
	{"match", FAKE_KV_MATCH, OF(struct fake_driver, match)},
	{0},
};

static int parse_u32(const char *v, uint32_t *ret)
{
	int64_t n;
	int r = via_parse_int(v, 0, UINT32_MAX, &n);

	if (!r)
		*ret = (uint32_t)n;
	return r;
}

static int parse_i32(const char *v, int32_t *ret)
{
	int64_t n;
	int r = via_parse_int(v, INT32_MIN, INT32_MAX, &n);

	if (!r)
		*ret = (int32_t)n;
	return r;
}

static int parse_bool(const char *v, bool *ret)
{
	if (strcmp(v, "0") && strcmp(v, "1"))
		return -EINVAL;
	*ret = *v == '1';
	return 0;
}

static int parse_attrs(char *v, uint32_t *ret)
{
	for (char *save, *s = strtok_r(v, ",", &save); s; s = strtok_r(NULL, ",", &save)) {
		enum via_vf_attr a;

		if (via_vf_attr_parse(s, &a))
			return -EINVAL;
		*ret |= VIA_ATTR_BIT(a);
	}
	return 0;
}

static int parse_vlan(const char *v, struct via_vf_attrs *a)
{
	unsigned int id, qos, proto;
	int end = 0;

	if (sscanf(v, "%u,%u,%x%n", &id, &qos, &proto, &end) != 3 || v[end])
		return -EINVAL;
	a->vlan = (uint16_t)id;
	a->qos = (uint8_t)qos;
	a->vlan_proto = (uint16_t)proto;
	return 0;
}

static int parse_rate(const char *v, struct via_vf_attrs *a)
{
	int end = 0;

	return sscanf(v, "%u,%u%n", &a->min_tx_mbps, &a->max_tx_mbps, &end) == 2 && !v[end]
		       ? 0
		       : -EINVAL;
}

static int parse_link_state(const char *v, struct via_vf_attrs *a)
{
	for (int i = VIA_LINK_AUTO; i <= VIA_LINK_DISABLE; i++)
		if (!strcmp(v, via_link_state_name((enum via_link_state)i))) {
			a->link_state = (enum via_link_state)i;
			return 0;
		}
	return -EINVAL;
}

static int parse_match(const char *v, char **list)
{
	for (int i = 0; i < 4; i++)
		if (!list[i]) {
			list[i] = fake_strdup(v);
			return 0;
		}
	return -EINVAL;
}

static int parse_str(const char *v, char *dst, size_t size)
{
	if (strlen(v) >= size)
		return -EINVAL;
	strcpy(dst, v);
	return 0;
}

static int parse_value(const struct fake_kv *kv, void *base, char *v)
{
	void *at = (char *)base + kv->offset;

	switch (kv->kind) {
	case FAKE_KV_FLAG:
		*(bool *)at = true;
		return v ? -EINVAL : 0;
	case FAKE_KV_BOOL:
		return parse_bool(v, at);
	case FAKE_KV_U32:
		return parse_u32(v, at);
	case FAKE_KV_I32:
		return parse_i32(v, at);
	case FAKE_KV_STR:
		return parse_str(v, at, kv->size);
	case FAKE_KV_MAC:
		return via_mac_parse(v, at);
	case FAKE_KV_ATTRS:
		return parse_attrs(v, at);
	case FAKE_KV_VLAN:
		return parse_vlan(v, base);
	case FAKE_KV_RATE:
		return parse_rate(v, base);
	case FAKE_KV_LINK_STATE:
		return parse_link_state(v, base);
	case FAKE_KV_MATCH:
		return parse_match(v, at);
	}
	return -EINVAL;
}

static const struct fake_kv *find_key(const struct fake_kv *table, const char *key)
{
	for (; table->key; table++)
		if (!strcmp(table->key, key))
			return table;
	return NULL;
}

int fake_kv_parse(const struct fake_kv *table, void *base, char *rest, struct via_err *err)
{
	char *field;

	while ((field = fake_field(&rest))) {
		char *value = strchr(field, '=');
		const struct fake_kv *kv;

		if (value)
			*value++ = '\0';
		kv = find_key(table, field);
		if (!kv)
			return via_err_set(err, -EINVAL, "there is no key \"%s\"", field);
		if ((!value && kv->kind != FAKE_KV_FLAG) || parse_value(kv, base, value))
			return via_err_set(err, -EINVAL, "%s: bad value", field);
		if (kv->has)
			*(bool *)((char *)base + kv->has - 1) = true;
		if (kv->known)
			((struct via_vf_attrs *)base)->known |= kv->known;
	}
	return 0;
}

static bool is_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n && !*b)
		b++, n--;
	return !n;
}

static void print_attrs(uint32_t mask, FILE *out)
{
	const char *sep = "";

	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		if (!(mask & VIA_ATTR_BIT(i)))
			continue;
		fprintf(out, "%s%s", sep, via_vf_attr_name((enum via_vf_attr)i));
		sep = ",";
	}
}

static void print_value(const struct fake_kv *kv, const void *base, const void *at, FILE *out)
{
	const struct via_vf_attrs *a = base;

	switch (kv->kind) {
	case FAKE_KV_FLAG:
	case FAKE_KV_MATCH:
		return;
	case FAKE_KV_BOOL:
		fprintf(out, "%d", *(const bool *)at);
		return;
	case FAKE_KV_U32:
		fprintf(out, "%u", *(const uint32_t *)at);
		return;
	case FAKE_KV_I32:
		fprintf(out, "%d", *(const int32_t *)at);
		return;
	case FAKE_KV_STR:
		fake_escape(out, at, strlen(at), true);
		return;
	case FAKE_KV_MAC:
		fputs(via_mac_fmt(*(const struct via_mac *)at), out);
		return;
	case FAKE_KV_ATTRS:
		print_attrs(*(const uint32_t *)at, out);
		return;
	case FAKE_KV_VLAN:
		fprintf(out, "%u,%u,0x%04x", a->vlan, a->qos, a->vlan_proto);
		return;
	case FAKE_KV_RATE:
		fprintf(out, "%u,%u", a->min_tx_mbps, a->max_tx_mbps);
		return;
	case FAKE_KV_LINK_STATE:
		fputs(via_link_state_name(a->link_state), out);
		return;
	}
}

static bool is_there(const struct fake_kv *kv, const void *base)
{
	if (kv->known)
		return ((const struct via_vf_attrs *)base)->known & kv->known;
	if (kv->has)
		return *(const bool *)((const char *)base + kv->has - 1);
	return kv->always || !is_zero((const char *)base + kv->offset, kv->size);
}

void fake_kv_print(const struct fake_kv *table, const void *base, FILE *out)
{
	for (; table->key; table++) {
		const void *at = (const char *)base + table->offset;

		if (table->kind == FAKE_KV_MATCH) {
			for (char *const *m = at; m < (char *const *)at + 4 && *m; m++) {
				fprintf(out, " %s=", table->key);
				fake_escape(out, *m, strlen(*m), true);
			}
		} else if (is_there(table, base)) {
			fprintf(out, " %s%s", table->key, table->kind == FAKE_KV_FLAG ? "" : "=");
			print_value(table, base, at, out);
		}
	}
}
