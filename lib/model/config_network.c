/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of "networks". */
#include "model/config_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NET(member) offsetof(struct via_network_config, member)
#define NUMBER(key, member, hi)                                                                    \
	{                                                                                          \
		key, via_json_u32, NET(member), 0, 0, hi, NULL, false                              \
	}

#define MBPS_MAX 4000000
#define KBPS_MAX 500000000 /* kilobytes a second: 4 Tbit/s */

struct vswitch {
	char *names[4]; /* by enum via_vswitch_kind */
};

static const struct via_json_field vswitch_fields[] = {
	{"bridge", via_json_string, offsetof(struct vswitch, names[VIA_VSWITCH_BRIDGE]), 0, 0, 15,
		NULL, false},
	{"ovs", via_json_string, offsetof(struct vswitch, names[VIA_VSWITCH_OVS]), 0, 0, 15, NULL,
		false},
	{"libvirt", via_json_string, offsetof(struct vswitch, names[VIA_VSWITCH_LIBVIRT]), 0, 0,
		VIA_CONFIG_NAME_MAX, NULL, false},
	{0},
};

void via_network_config_finish(struct via_network_config *n)
{
	free(n->name);
	for (size_t i = 0; i < n->n_uplinks; i++)
		free(n->uplinks[i]);
	free(n->uplinks);
	free(n->vswitch_name);
	free(n->place.file);
	*n = (struct via_network_config){0};
}

static int read_uplink(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	static const struct via_json_field limits = {.max = VIA_CONFIG_NAME_MAX};
	struct via_network_config *n = user;
	char *label = NULL, **slot;
	int r = via_json_string(c, o, &label, &limits);

	(void)i;
	if (r)
		return r;
	for (size_t k = 0; k < n->n_uplinks; k++) {
		if (strcmp(n->uplinks[k], label))
			continue;
		r = via_json_fail(c, "\"%s\" is an uplink twice; keep one of them", label);
		free(label);
		return r;
	}
	slot = via_config_grow((void **)&n->uplinks, &n->n_uplinks, sizeof(*slot));
	if (!slot) {
		free(label);
		return via_err_set(c->err, -ENOMEM, "out of memory");
	}
	*slot = label;
	return 0;
}

static int read_uplinks(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_array(c, o, read_uplink, dst);
}

static int read_placement(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	int v;
	int r = via_json_enum(c, o, &v, f);

	if (r == 0)
		*(bool *)dst = v;
	return r;
}

static int read_numa(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	int v;
	int r = via_json_enum(c, o, &v, f);

	if (r == 0)
		*(enum via_numa_want *)dst = (enum via_numa_want)v;
	return r;
}

static int read_vswitch(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_network_config *n = dst;
	const struct via_config_reader *rd = c->user;
	size_t told = rd->problems.n;
	struct vswitch v = {0};
	int r = via_json_object(c, o, vswitch_fields, &v);
	int given = 0;

	(void)f;
	for (int k = VIA_VSWITCH_BRIDGE; k <= VIA_VSWITCH_LIBVIRT; k++) {
		if (!v.names[k])
			continue;
		given++;
		free(n->vswitch_name);
		n->vswitch_name = v.names[k];
		n->vswitch = (enum via_vswitch_kind)k;
	}
	if (r == 0 && given != 1 && rd->problems.n == told)
		r = via_json_fail(
			c, "must hold one of \"bridge\", \"ovs\" or \"libvirt\" and its name");
	return r;
}

static const struct via_json_field fields[] = {
	{"name", via_json_string, NET(name), 0, 0, VIA_CONFIG_NAME_MAX, NULL, true},
	VIA_CONFIG_ATTR_FIELDS(struct via_network_config),
	{"mtu", via_json_u32, NET(mtu), VIA_JSON_SET(struct via_network_config, has_mtu), 68, 65535,
		NULL, false},
	{"uplinks", read_uplinks, 0, 0, 0, 0, NULL, false},
	{"placement", read_placement, NET(spread), 0, 0, 0, via_config_placement_names, false},
	{"numa", read_numa, NET(numa), 0, 0, 0, via_config_numa_names, false},
	NUMBER("msix", msix, 2048),
	{"vswitch", read_vswitch, 0, 0, 0, 0, NULL, false},
	{"mode", via_json_enum, NET(mode), 0, 0, 0, via_config_mode_names, false},
	NUMBER("reservation_mbps", reservation_mbps, MBPS_MAX),
	NUMBER("limit_mbps", limit_mbps, MBPS_MAX),
	NUMBER("shares", shares, 1000000),
	NUMBER("average_kbps", average_kbps, KBPS_MAX),
	NUMBER("peak_kbps", peak_kbps, KBPS_MAX),
	NUMBER("burst_kb", burst_kb, KBPS_MAX),
	{0},
};

int via_config_read_network(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct via_config_reader *rd = user;
	struct via_config *config = rd->config;
	struct via_network_config *n =
		via_config_grow((void **)&config->networks, &config->n_networks, sizeof(*n));
	int r;

	(void)i;
	if (!n)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	n->spread = true;
	r = via_place_here(c, &n->place);
	if (r == 0)
		r = via_json_object(c, o, fields, n);
	/* A network says which VLAN it is: one that names none is the untagged one. */
	if (!n->has_vlan_id) {
		n->has_vlan_id = true;
		n->attrs.known |= VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	}
	return r;
}
