/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims and networks, as lists. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "look.h"
#include "model/codec.h"

/* --- ListClaims --- */

static int state_of(const char *name)
{
	for (int s = VIA_CLAIM_PREPARING; s <= VIA_CLAIM_QUARANTINED; s++)
		if (!strcmp(via_claim_state_name((enum via_claim_state)s), name))
			return s;
	return -1;
}

struct claim_filter {
	uint32_t states; /* of 1u << via_claim_state */
	const char *vm;
	bool has_pf;
	struct via_addr pf;
};

static bool passes(const struct claim_filter *f, const struct via_claim *c)
{
	if (!(f->states & (1u << c->state)) || (f->vm && !via_api_claim_of(c, f->vm)))
		return false;
	return !f->has_pf || via_addr_eq(f->pf, c->fn.addr) ||
	       (c->fn.is_vf && via_addr_eq(f->pf, c->fn.pf));
}

static json_object *drains_json(const struct via_daemon *d, const struct claim_filter *f)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->claims.n_drains; i++)
		if (!f->has_pf || via_addr_eq(f->pf, d->claims.drains[i].pf))
			json_object_array_add(list, via_api_drain_json(d, &d->claims.drains[i]));
	return list;
}

void via_api_list_claims(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct claim_filter f = {.vm = p->vm, .has_pf = p->pf};
	json_object *o, *list;
	struct via_err err;
	int r;

	for (char **s = p->states; s && *s; s++) {
		int state = state_of(*s);

		if (state < 0) {
			via_api_invalid(call, "states");
			return;
		}
		f.states |= 1u << state;
	}
	if (!f.states)
		f.states = UINT32_MAX;
	r = p->pf ? via_api_function(d, p->pf, &f.pf, &err) : 0;
	if (r) {
		via_call_fail(call, r, &err);
		return;
	}
	o = json_object_new_object();
	list = json_object_new_array();
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	for (size_t i = 0; i < d->claims.n; i++)
		if (passes(&f, &d->claims.list[i]))
			json_object_array_add(list, via_codec_claim(&d->claims.list[i]));
	json_object_object_add(o, "claims", list);
	json_object_object_add(o, "drains", drains_json(d, &f));
	via_call_reply(call, o);
}

/* --- ListNetworks --- */

static const char *const numa_names[] = {
	[VIA_NUMA_PREFER] = "prefer",
	[VIA_NUMA_REQUIRE] = "require",
	[VIA_NUMA_IGNORE] = "ignore",
};
static const char *const mode_names[] = {
	[VIA_PORT_ACCELERATED] = "accelerated",
	[VIA_PORT_DIRECT] = "direct",
	[VIA_PORT_PARAVIRTUAL] = "paravirtual",
};
static const char *const vswitch_names[] = {
	[VIA_VSWITCH_NONE] = NULL,
	[VIA_VSWITCH_BRIDGE] = "bridge",
	[VIA_VSWITCH_OVS] = "ovs",
	[VIA_VSWITCH_LIBVIRT] = "libvirt",
};

static void add_positive(json_object *o, const char *key, uint32_t v)
{
	if (v)
		via_json_add_int(o, key, v);
}

static void add_vlan(json_object *o, const struct via_network_config *n)
{
	if (!n->has_vlan_id)
		return;
	via_json_add_int(o, "vlan", n->attrs.vlan);
	if (n->has_vlan_qos)
		via_json_add_int(o, "qos", n->attrs.qos);
	via_json_add_str(o, "vlan_proto",
		n->attrs.vlan_proto == VIA_VLAN_PROTO_8021AD ? "802.1ad" : "802.1Q");
}

static void add_policy(json_object *o, const struct via_network_config *n)
{
	json_object *uplinks = json_object_new_array();

	add_vlan(o, n);
	if (n->has_mtu)
		via_json_add_int(o, "mtu", n->mtu);
	for (size_t i = 0; i < n->n_uplinks; i++)
		json_object_array_add(uplinks, json_object_new_string(n->uplinks[i]));
	json_object_object_add(o, "uplinks", uplinks);
	via_json_add_str(o, "placement", n->spread ? "spread" : "pack");
	via_json_add_str(o, "numa", numa_names[n->numa]);
	add_positive(o, "msix", n->msix);
	via_json_add_str(o, "mode", mode_names[n->mode]);
	if (vswitch_names[n->vswitch]) {
		char text[128];

		snprintf(text, sizeof(text), "%s %.100s", vswitch_names[n->vswitch],
			n->vswitch_name ? n->vswitch_name : "");
		via_json_add_str(o, "vswitch", text);
	}
	if (n->attrs.known)
		json_object_object_add(o, "wanted", via_codec_vf_attrs(&n->attrs));
	add_positive(o, "limit_mbps", n->limit_mbps);
	add_positive(o, "reservation_mbps", n->reservation_mbps);
	add_positive(o, "shares", n->shares);
}

static json_object *network_json(const struct via_world *w, const struct via_network_config *n)
{
	json_object *o = json_object_new_object();
	struct via_network_use use = {0};

	via_alloc_network_use(w, n, &use);
	via_json_add_str(o, "name", n->name);
	add_policy(o, n);
	via_json_add_int(o, "total", use.total);
	via_json_add_int(o, "claimed", use.claimed);
	via_json_add_int(o, "quarantined", use.quarantined);
	via_json_add_int(o, "unusable", use.unusable);
	via_json_add_int(o, "free", use.free);
	return o;
}

static void networks_looked(struct via_look *l)
{
	struct via_daemon *d = l->d;
	json_object *o, *list;
	struct via_world w;

	if (l->r) {
		via_call_fail(l->user, l->r, &l->err);
		return;
	}
	via_claims_world(d, &w);
	o = json_object_new_object();
	list = json_object_new_array();
	for (size_t i = 0; i < w.config->n_networks; i++)
		json_object_array_add(list, network_json(&w, &w.config->networks[i]));
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(o, "networks", list);
	via_call_reply(l->user, o);
}

void via_api_list_networks(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	(void)p;
	via_api_look(d, call, networks_looked, call);
}
