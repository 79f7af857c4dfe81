/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoders of the configuration's single values. */
#include "model/config_parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/plan.h"

const char *const via_config_vswitch_names[] = {"none", "bridge", "ovs", "libvirt", NULL};
const char *const via_config_placement_names[] = {"pack", "spread", NULL};
const char *const via_config_mode_names[] = {"accelerated", "direct", "paravirtual", NULL};
const char *const via_config_eswitch_names[] = {"legacy", "switchdev", NULL};
const char *const via_config_provision_names[] = {"manual", "auto", NULL};
/* By enum via_numa_want. */
const char *const via_config_numa_names[] = {"prefer", "require", "ignore", NULL};
static const char *const proto_names[] = {"802.1Q", "802.1ad", NULL};

/* Mbit/s; 4 Tbit/s is beyond any port and well inside the kernel's 32 bits. */
#define RATE_MAX 4000000

static const struct {
	enum via_vf_attr attr;
	int64_t max;
} parts[] = {
	[VIA_PART_VLAN] = {VIA_VF_ATTR_VLAN, 4094},
	[VIA_PART_QOS] = {VIA_VF_ATTR_VLAN, 7},
	[VIA_PART_PROTO] = {VIA_VF_ATTR_VLAN, 0},
	[VIA_PART_MIN] = {VIA_VF_ATTR_RATE, RATE_MAX},
	[VIA_PART_MAX] = {VIA_VF_ATTR_RATE, RATE_MAX},
	[VIA_PART_SPOOFCHK] = {VIA_VF_ATTR_SPOOFCHK, 0},
	[VIA_PART_TRUST] = {VIA_VF_ATTR_TRUST, 0},
	[VIA_PART_LINK_STATE] = {VIA_VF_ATTR_LINK_STATE, 0},
	[VIA_PART_RSS_QUERY] = {VIA_VF_ATTR_RSS_QUERY, 0},
};

static void set_number(struct via_vf_attrs *a, enum via_config_part part, int64_t v)
{
	if (part == VIA_PART_VLAN)
		a->vlan = (uint16_t)v;
	else if (part == VIA_PART_QOS)
		a->qos = (uint8_t)v;
	else if (part == VIA_PART_MIN)
		a->min_tx_mbps = (uint32_t)v;
	else
		a->max_tx_mbps = (uint32_t)v;
}

static int part_number(
	struct via_json_ctx *c, json_object *o, struct via_vf_attrs *a, enum via_config_part part)
{
	const struct via_json_field limits = {.max = parts[part].max};
	int64_t v;
	int r = via_json_i64(c, o, &v, &limits);

	if (r == 0)
		set_number(a, part, v);
	return r;
}

static int part_name(
	struct via_json_ctx *c, json_object *o, struct via_vf_attrs *a, enum via_config_part part)
{
	bool link = part == VIA_PART_LINK_STATE;
	const struct via_json_field f = {.arg = link ? via_link_state_names : proto_names};
	int v;
	int r = via_json_enum(c, o, &v, &f);

	if (r)
		return r;
	if (link)
		a->link_state = (enum via_link_state)v;
	else
		a->vlan_proto = v ? VIA_VLAN_PROTO_8021AD : VIA_VLAN_PROTO_8021Q;
	return 0;
}

int via_config_attr(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	enum via_config_part part = (enum via_config_part)f->min;
	struct via_vf_attrs *a = dst;
	int r = 0;

	switch (part) {
	case VIA_PART_VLAN:
	case VIA_PART_QOS:
	case VIA_PART_MIN:
	case VIA_PART_MAX:
		r = part_number(c, o, a, part);
		break;
	case VIA_PART_PROTO:
	case VIA_PART_LINK_STATE:
		r = part_name(c, o, a, part);
		break;
	case VIA_PART_SPOOFCHK:
		r = via_json_bool(c, o, &a->spoofchk, f);
		break;
	case VIA_PART_TRUST:
		r = via_json_bool(c, o, &a->trust, f);
		break;
	case VIA_PART_RSS_QUERY:
		r = via_json_bool(c, o, &a->rss_query, f);
		break;
	}
	if (r == 0)
		a->known |= VIA_ATTR_BIT(parts[part].attr);
	return r;
}

int via_config_mac(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_vf_config *v = dst;
	const char *s = via_json_text(o) ? via_json_text(o) : "";
	struct via_mac mac = {{0}};

	(void)f;
	if (!strcmp(s, "none")) {
		v->mac_mode = VIA_MAC_NONE;
	} else if (!strcmp(s, "derived")) {
		v->mac_mode = VIA_MAC_DERIVED;
	} else {
		if (via_mac_parse(s, &mac) < 0)
			return via_json_fail(c,
				"must be \"none\", \"derived\" or a MAC address such as "
				"\"52:54:00:12:34:56\"");
		if (!via_mac_is_unicast(mac))
			return via_json_fail(c,
				"%s is not a unicast address; give one whose first byte "
				"is even, or \"none\"",
				via_mac_fmt(mac));
		v->mac_mode = VIA_MAC_GIVEN;
	}
	v->attrs.mac = mac;
	v->attrs.known &= ~VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	if (v->mac_mode != VIA_MAC_DERIVED)
		v->attrs.known |= VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	return 0;
}

static bool driver_name_ok(const char *s)
{
	if (!*s || strlen(s) >= VIA_DRIVER_MAX)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '_' && *s != '-')
			return false;
	return true;
}

int via_config_driver(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	static const struct {
		const char *word;
		enum via_driver_choice choice;
	} words[] = {
		{"none", VIA_DRIVER_NONE},
		{"host", VIA_DRIVER_HOST},
		{"vfio", VIA_DRIVER_VFIO},
	};
	struct via_vf_config *v = dst;
	const char *s = via_json_text(o) ? via_json_text(o) : "";
	char *name;

	(void)f;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(words); i++) {
		if (!strcmp(s, words[i].word)) {
			v->driver = words[i].choice;
			return 0;
		}
	}
	if (!driver_name_ok(s))
		return via_json_fail(c,
			"must be \"vfio\", \"vfio-pci\", \"host\", \"none\" or the name "
			"of a driver");
	name = strdup(s);
	if (!name)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	free(v->driver_name);
	v->driver_name = name;
	v->driver = VIA_DRIVER_NAMED;
	return 0;
}

int via_config_tristate(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	bool v;
	int r = via_json_bool(c, o, &v, f);

	if (r == 0)
		*(enum via_tristate *)dst = v ? VIA_TRUE : VIA_FALSE;
	return r;
}

int via_config_hex16(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);
	uint64_t v;

	(void)f;
	if (!s || via_parse_hex(s, 0xffff, &v) < 0)
		return via_json_fail(c, "must be a PCI id in hexadecimal such as \"8086\"");
	*(uint32_t *)dst = (uint32_t)v;
	return 0;
}

int via_config_prefix(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	char full[VIA_MAC_STR_MAX + 8];
	struct via_mac m;
	const char *s = via_json_text(o) ? via_json_text(o) : "";

	(void)f;
	if (strlen(s) != 8)
		return via_json_fail(c, "must be three bytes such as \"56:49:41\"");
	snprintf(full, sizeof(full), "%s:00:00:00", s);
	if (via_mac_parse(full, &m) < 0)
		return via_json_fail(c, "must be three bytes such as \"56:49:41\"");
	if (m.b[0] & 1)
		return via_json_fail(
			c, "%s makes multicast addresses; give a first byte that is even", s);
	memcpy(dst, m.b, 3);
	return 0;
}

int via_config_eswitch(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const struct via_json_field names = {.arg = via_config_eswitch_names};
	int v;
	int r = via_json_enum(c, o, &v, &names);
	char *mode;

	(void)f;
	if (r)
		return r;
	mode = strdup(via_config_eswitch_names[v]);
	if (!mode)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	free(*(char **)dst);
	*(char **)dst = mode;
	return 0;
}

static int heal_name(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct via_config_heal *h = user;
	const char *s = via_json_text(o) ? via_json_text(o) : "";
	enum via_vf_attr a;

	(void)i;
	if (!strcmp(s, "driver"))
		h->driver = true;
	else if (!strcmp(s, "num_vfs"))
		h->count = true;
	else if (!strcmp(s, "pf"))
		h->pf = true;
	else if (via_vf_attr_parse(s, &a) == 0)
		h->attrs |= VIA_ATTR_BIT(a);
	else
		return via_json_fail(c, "must be one of \"mac\", \"vlan\", \"rate\", \"spoofchk\", "
					"\"link_state\", \"rss_query\", \"trust\", \"driver\", "
					"\"num_vfs\", \"pf\"");
	return 0;
}

int via_config_heal(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_config_heal h = {0};
	int r = 0;

	(void)f;
	if (json_object_is_type(o, json_type_array))
		r = via_json_array(c, o, heal_name, &h);
	else if (!json_object_is_type(o, json_type_boolean))
		r = via_json_fail(c, "must be true, false or a list of what is to be healed");
	else if (json_object_get_boolean(o))
		h = (struct via_config_heal){VIA_ATTR_ALL, true, true, true};
	if (r == 0)
		*(struct via_config_heal *)dst = h;
	return r;
}
