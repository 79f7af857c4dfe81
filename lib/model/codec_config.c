/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration in force as JSON, every default filled in; via_config_parse() reads it again.
 */
#include <stdio.h>

#include "base/json.h"
#include "model/codec.h"
#include "model/config_parse.h"

static void add_hex(json_object *o, const char *key, uint32_t v)
{
	char text[12];

	snprintf(text, sizeof(text), "%04x", v);
	via_json_add_str(o, key, text);
}

static json_object *selector(const struct via_selector *s)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	if (s->has_address)
		via_json_add_str(o, "address", via_addr_fmt(s->address));
	if (s->has_mac)
		via_json_add_str(o, "mac", via_mac_fmt(s->mac));
	if (s->has_vendor)
		add_hex(o, "vendor", s->vendor);
	if (s->has_device)
		add_hex(o, "device", s->device);
	via_json_add_str(o, "driver", s->driver);
	via_json_add_str(o, "id_path", s->id_path);
	via_json_add_str(o, "name", s->name);
	return o;
}

/* The halves that were given, and the attributes that have none. */
static void add_attrs(json_object *o, const struct via_vf_config *v)
{
	const struct via_vf_attrs *a = &v->attrs;

	if (v->has_vlan_id)
		via_json_add_int(o, "vlan", a->vlan);
	if (v->has_vlan_qos)
		via_json_add_int(o, "qos", a->qos);
	if (v->has_vlan_proto)
		via_json_add_str(o, "vlan_proto",
			a->vlan_proto == VIA_VLAN_PROTO_8021AD ? "802.1ad" : "802.1Q");
	if (v->has_min)
		via_json_add_int(o, "min_tx_mbps", a->min_tx_mbps);
	if (v->has_max)
		via_json_add_int(o, "max_tx_mbps", a->max_tx_mbps);
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK))
		via_json_add_bool(o, "spoofchk", a->spoofchk);
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_TRUST))
		via_json_add_bool(o, "trust", a->trust);
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE))
		via_json_add_str(o, "link_state", via_link_state_name(a->link_state));
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY))
		via_json_add_bool(o, "rss_query", a->rss_query);
}

static void add_mac(json_object *o, const struct via_vf_config *v)
{
	switch (v->mac_mode) {
	case VIA_MAC_UNSET:
		break;
	case VIA_MAC_NONE:
		via_json_add_str(o, "mac", "none");
		break;
	case VIA_MAC_GIVEN:
		via_json_add_str(o, "mac", via_mac_fmt(v->attrs.mac));
		break;
	case VIA_MAC_DERIVED:
		via_json_add_str(o, "mac", "derived");
		break;
	}
}

static const char *driver_word(const struct via_vf_config *v)
{
	switch (v->driver) {
	case VIA_DRIVER_UNSET:
		break;
	case VIA_DRIVER_NONE:
		return "none";
	case VIA_DRIVER_HOST:
		return "host";
	case VIA_DRIVER_VFIO:
		return "vfio";
	case VIA_DRIVER_NAMED:
		return v->driver_name;
	}
	return NULL;
}

static void add_vf(json_object *o, const struct via_vf_config *v)
{
	add_mac(o, v);
	add_attrs(o, v);
	via_json_add_str(o, "driver", driver_word(v));
	via_json_add_str(o, "network", v->network);
	if (v->has_msix)
		via_json_add_int(o, "msix", v->msix);
	if (v->has_mtu)
		via_json_add_int(o, "mtu", v->mtu);
}

static json_object *heal(uint32_t attrs, bool driver, bool count, bool pf)
{
	json_object *list = json_object_new_array();

	for (unsigned int i = 0; list && i < VIA_VF_ATTR_COUNT; i++)
		if (attrs & VIA_ATTR_BIT(i))
			json_object_array_add(list,
				json_object_new_string(via_vf_attr_name((enum via_vf_attr)i)));
	if (list && driver)
		json_object_array_add(list, json_object_new_string("driver"));
	if (list && count)
		json_object_array_add(list, json_object_new_string("num_vfs"));
	if (list && pf)
		json_object_array_add(list, json_object_new_string("pf"));
	return list;
}

static json_object *ranges(const struct via_pf_config *p)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < p->n_ranges; i++) {
		json_object *o = json_object_new_object();

		if (!o)
			break;
		via_json_add_int(o, "first", p->ranges[i].first);
		via_json_add_int(o, "last", p->ranges[i].last);
		add_vf(o, &p->ranges[i].vf);
		json_object_array_add(list, o);
	}
	return list;
}

static void add_tristate(json_object *o, const char *key, enum via_tristate t)
{
	if (t != VIA_UNSET)
		via_json_add_bool(o, key, t == VIA_TRUE);
}

static void add_prefix(json_object *o, const struct via_pf_config *p)
{
	const uint8_t *b = p->has_mac_prefix ? p->mac_prefix : via_config_default_prefix;
	char text[12];

	snprintf(text, sizeof(text), "%02x:%02x:%02x", b[0], b[1], b[2]);
	via_json_add_str(o, "mac_prefix", text);
}

static json_object *pf(const struct via_pf_config *p)
{
	json_object *o = json_object_new_object(), *vf = json_object_new_object();

	if (!o || !vf) {
		json_object_put(o);
		json_object_put(vf);
		return NULL;
	}
	via_json_add_str(o, "label", p->label);
	json_object_object_add(o, "match", selector(&p->match));
	if (p->has_num_vfs)
		via_json_add_int(o, "num_vfs", p->num_vfs);
	add_tristate(o, "autoprobe", p->autoprobe);
	if (p->has_mtu)
		via_json_add_int(o, "mtu", p->mtu);
	via_json_add_str(o, "eswitch_mode", p->eswitch_mode);
	add_tristate(o, "protect", p->protect);
	via_json_add_bool(o, "verify_only", p->verify_only);
	add_prefix(o, p);
	if (p->has_heal)
		json_object_object_add(
			o, "heal", heal(p->heal, p->heal_driver, p->heal_count, p->heal_pf));
	add_vf(vf, &p->defaults);
	json_object_object_add(o, "vf", vf);
	json_object_object_add(o, "vfs", ranges(p));
	return o;
}

static json_object *uplinks(const struct via_network_config *n)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < n->n_uplinks; i++)
		json_object_array_add(list, json_object_new_string(n->uplinks[i]));
	return list;
}

static void add_vswitch(json_object *o, const struct via_network_config *n)
{
	json_object *v;

	if (n->vswitch == VIA_VSWITCH_NONE)
		return;
	v = json_object_new_object();
	if (v)
		via_json_add_str(v, via_config_vswitch_names[n->vswitch], n->vswitch_name);
	json_object_object_add(o, "vswitch", v);
}

static void add_shaping(json_object *o, const struct via_network_config *n)
{
	via_json_add_int(o, "reservation_mbps", n->reservation_mbps);
	via_json_add_int(o, "limit_mbps", n->limit_mbps);
	via_json_add_int(o, "shares", n->shares);
	via_json_add_int(o, "average_kbps", n->average_kbps);
	via_json_add_int(o, "peak_kbps", n->peak_kbps);
	via_json_add_int(o, "burst_kb", n->burst_kb);
}

static json_object *network(const struct via_network_config *n)
{
	const struct via_vf_config attrs = {.attrs = n->attrs,
		.has_vlan_id = n->has_vlan_id,
		.has_vlan_qos = n->has_vlan_qos,
		.has_vlan_proto = n->has_vlan_proto,
		.has_min = n->has_min,
		.has_max = n->has_max};
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "name", n->name);
	add_attrs(o, &attrs);
	if (n->has_mtu)
		via_json_add_int(o, "mtu", n->mtu);
	json_object_object_add(o, "uplinks", uplinks(n));
	via_json_add_str(o, "placement", via_config_placement_names[n->spread]);
	via_json_add_str(o, "numa", via_config_numa_names[n->numa]);
	via_json_add_int(o, "msix", n->msix);
	add_vswitch(o, n);
	via_json_add_str(o, "mode", via_config_mode_names[n->mode]);
	add_shaping(o, n);
	return o;
}

static json_object *drift(const struct via_config *c)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_int(o, "interval_s", c->drift_interval_s);
	via_json_add_int(o, "debounce_ms", c->drift_debounce_ms);
	json_object_object_add(o, "heal", heal(c->heal, c->heal_driver, c->heal_count, c->heal_pf));
	return o;
}

json_object *via_codec_config(const struct via_config *c)
{
	json_object *o = json_object_new_object();
	json_object *pfs = json_object_new_array(), *networks = json_object_new_array();

	if (!o || !pfs || !networks) {
		json_object_put(o);
		json_object_put(pfs);
		json_object_put(networks);
		return NULL;
	}
	for (size_t i = 0; i < c->n_pfs; i++)
		json_object_array_add(pfs, pf(&c->pfs[i]));
	for (size_t i = 0; i < c->n_networks; i++)
		json_object_array_add(networks, network(&c->networks[i]));
	json_object_object_add(o, "pfs", pfs);
	json_object_object_add(o, "networks", networks);
	via_json_add_str(o, "provision", via_config_provision_names[c->auto_apply]);
	json_object_object_add(o, "drift", drift(c));
	via_json_add_int(o, "step_timeout_s", c->step_timeout_s);
	return o;
}
