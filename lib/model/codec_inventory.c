/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/codec.h"

static void add_addr(json_object *o, const char *key, struct via_addr a)
{
	if (!via_addr_is_none(a))
		via_json_add_str(o, key, via_addr_fmt(a));
}

static void add_id(json_object *o, const char *key, uint16_t id)
{
	char text[8];

	snprintf(text, sizeof(text), "%04x", id);
	via_json_add_str(o, key, text);
}

static json_object *add_array(json_object *o, const char *key)
{
	json_object *a = json_object_new_array();

	json_object_object_add(o, key, a);
	return a;
}

static void add_texts(json_object *o, const char *key, const char *const *list, size_t n)
{
	json_object *a = add_array(o, key);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, json_object_new_string(list[i]));
}

/* "flr bus" -> ["flr", "bus"] */
static void add_words(json_object *o, const char *key, const char *words)
{
	json_object *a = add_array(o, key);

	while (words && *words) {
		size_t n = strcspn(words, " ");

		if (n)
			json_object_array_add(a, json_object_new_string_len(words, (int)n));
		words += n + (words[n] == ' ');
	}
}

/* --- VF attributes --- */

static const char *proto_name(uint16_t proto)
{
	return proto == VIA_VLAN_PROTO_8021AD ? "802.1ad" : "802.1Q";
}

json_object *via_codec_vf_attrs(const struct via_vf_attrs *a)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) {
		/* null is a value here: none administered. Absent is: not known. */
		json_object_object_add(o, "mac",
			via_mac_is_zero(a->mac) ? NULL
						: json_object_new_string(via_mac_fmt(a->mac)));
	}
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_VLAN)) {
		via_json_add_int(o, "vlan", a->vlan);
		via_json_add_int(o, "qos", a->qos);
		via_json_add_str(o, "vlan_proto", proto_name(a->vlan_proto));
	}
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_RATE)) {
		via_json_add_int(o, "min_tx_mbps", a->min_tx_mbps);
		via_json_add_int(o, "max_tx_mbps", a->max_tx_mbps);
	}
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK))
		via_json_add_bool(o, "spoofchk", a->spoofchk);
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_TRUST))
		via_json_add_bool(o, "trust", a->trust);
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_RSS_QUERY))
		via_json_add_bool(o, "rss_query", a->rss_query);
	if (a->known & VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE))
		via_json_add_str(o, "link_state", via_link_state_name(a->link_state));
	return o;
}

struct attrs_in {
	struct via_mac mac;
	uint32_t vlan, qos, min_tx, max_tx;
	int vlan_proto, link_state;
	bool spoofchk, trust, rss_query;
	bool has_mac, has_vlan, has_qos, has_proto, has_min, has_max, has_spoofchk, has_trust,
		has_rss, has_link;
};

static const char *const proto_names[] = {"802.1Q", "802.1ad", NULL};

#define IN(member)    offsetof(struct attrs_in, member)
#define GIVEN(member) VIA_JSON_SET(struct attrs_in, member)
static const struct via_json_field attr_fields[] = {
	{"mac", via_json_mac, IN(mac), GIVEN(has_mac), 0, 0, NULL, false},
	{"vlan", via_json_u32, IN(vlan), GIVEN(has_vlan), 0, 4095, NULL, false},
	{"qos", via_json_u32, IN(qos), GIVEN(has_qos), 0, 7, NULL, false},
	{"vlan_proto", via_json_enum, IN(vlan_proto), GIVEN(has_proto), 0, 0, proto_names, false},
	{"min_tx_mbps", via_json_u32, IN(min_tx), GIVEN(has_min), 0, UINT32_MAX, NULL, false},
	{"max_tx_mbps", via_json_u32, IN(max_tx), GIVEN(has_max), 0, UINT32_MAX, NULL, false},
	{"spoofchk", via_json_bool, IN(spoofchk), GIVEN(has_spoofchk), 0, 0, NULL, false},
	{"trust", via_json_bool, IN(trust), GIVEN(has_trust), 0, 0, NULL, false},
	{"rss_query", via_json_bool, IN(rss_query), GIVEN(has_rss), 0, 0, NULL, false},
	{"link_state", via_json_enum, IN(link_state), GIVEN(has_link), 0, 0, via_link_state_names,
		false},
	{.key = NULL},
};

static void take_attrs(const struct attrs_in *in, struct via_vf_attrs *a)
{
	const struct {
		bool given;
		enum via_vf_attr attr;
	} given[] = {
		{in->has_mac, VIA_VF_ATTR_MAC},
		{in->has_vlan || in->has_qos || in->has_proto, VIA_VF_ATTR_VLAN},
		{in->has_min || in->has_max, VIA_VF_ATTR_RATE},
		{in->has_spoofchk, VIA_VF_ATTR_SPOOFCHK},
		{in->has_trust, VIA_VF_ATTR_TRUST},
		{in->has_rss, VIA_VF_ATTR_RSS_QUERY},
		{in->has_link, VIA_VF_ATTR_LINK_STATE},
	};

	*a = (struct via_vf_attrs){.mac = in->mac,
		.vlan = (uint16_t)in->vlan,
		.qos = (uint8_t)in->qos,
		.vlan_proto = in->vlan_proto ? VIA_VLAN_PROTO_8021AD : VIA_VLAN_PROTO_8021Q,
		.min_tx_mbps = in->min_tx,
		.max_tx_mbps = in->max_tx,
		.spoofchk = in->spoofchk,
		.trust = in->trust,
		.rss_query = in->rss_query,
		.link_state = (enum via_link_state)in->link_state};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (given[i].given)
			a->known |= VIA_ATTR_BIT(given[i].attr);
	}
}

int via_codec_vf_attrs_parse(json_object *o, struct via_vf_attrs *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	struct attrs_in in = {.has_mac = false};
	json_object *mac;
	int r = via_json_object(&c, o, attr_fields, &in);

	if (r)
		return r;
	/* The table takes null for "not given"; for a MAC it says: none. */
	if (json_object_object_get_ex(o, "mac", &mac) && !mac)
		in.has_mac = true;
	take_attrs(&in, ret);
	return 0;
}

/* --- holders, net devices --- */

json_object *via_codec_holder(const struct via_holder *h)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "kind", via_holder_kind_name(h->kind));
	via_json_add_str(o, "name", h->name);
	if (h->pid)
		via_json_add_int(o, "pid", h->pid);
	via_json_add_str(o, "detail", h->detail);
	return o;
}

static void add_holders(json_object *o, const struct via_device *d)
{
	json_object *a = add_array(o, "holders");

	for (size_t i = 0; i < d->n_holders; i++)
		json_object_array_add(a, via_codec_holder(&d->holders[i]));
}

/* Interfaces are told by name; one of another namespace or gone is left out. */
static void add_interface(
	json_object *o, const char *key, const struct via_inventory *inv, int ifindex)
{
	const struct via_netdev *n = ifindex ? via_inventory_netdev(inv, ifindex) : NULL;

	if (n)
		via_json_add_str(o, key, n->name);
}

static void add_representor(json_object *o, const struct via_netdev *n)
{
	json_object *r;

	if (!n->representor || via_addr_is_none(n->rep_pf))
		return;
	r = json_object_new_object();
	json_object_object_add(o, "representor", r);
	add_addr(r, "pf", n->rep_pf);
	if (n->rep_vf >= 0)
		via_json_add_int(r, "vf", n->rep_vf);
}

json_object *via_codec_netdev(const struct via_inventory *inv, const struct via_netdev *n)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "name", n->name);
	via_json_add_int(o, "ifindex", n->ifindex);
	via_json_add_str(o, "netns", n->netns);
	if (!via_mac_is_zero(n->mac))
		via_json_add_str(o, "mac", via_mac_fmt(n->mac));
	if (n->has_perm_mac)
		via_json_add_str(o, "permanent_mac", via_mac_fmt(n->perm_mac));
	via_json_add_int(o, "mtu", n->mtu);
	via_json_add_bool(o, "up", n->up);
	via_json_add_bool(o, "carrier", n->carrier);
	if (n->speed_mbps)
		via_json_add_int(o, "speed_mbps", n->speed_mbps);
	via_json_add_str(o, "kind", n->kind);
	if (!n->netns) {
		add_interface(o, "master", inv, n->master);
		add_interface(o, "lower", inv, n->lower);
	}
	via_json_add_str(o, "phys_port_id", n->phys_port_id);
	via_json_add_str(o, "phys_port_name", n->phys_port_name);
	via_json_add_str(o, "phys_switch_id", n->phys_switch_id);
	add_representor(o, n);
	add_texts(o, "addresses", n->addrs, n->n_addrs);
	return o;
}

/* --- devices --- */

static void add_group(json_object *o, const char *key, int group)
{
	if (group >= 0)
		via_json_add_int(o, key, group);
}

static json_object *vf_entry(const struct via_inventory *inv, const struct via_device *vf)
{
	const struct via_vf_state *state = via_inventory_vf_state(inv, vf);
	json_object *o = json_object_new_object(), *names;

	if (!o)
		return NULL;
	via_json_add_int(o, "index", vf->vf_index);
	add_addr(o, "address", vf->addr);
	via_json_add_str(o, "driver", vf->driver);
	add_group(o, "iommu_group", vf->iommu_group);
	names = add_array(o, "netdevs");
	for (size_t i = 0; i < vf->n_netdevs; i++) {
		const struct via_netdev *n = via_inventory_netdev(inv, vf->netdevs[i]);

		if (n)
			json_object_array_add(names, json_object_new_string(n->name));
	}
	add_holders(o, vf);
	if (state)
		json_object_object_add(o, "attrs", via_codec_vf_attrs(&state->attrs));
	add_array(o, "drift"); /* the daemon's to fill: an inventory wants nothing */
	return o;
}

static void add_sriov(json_object *o, const struct via_inventory *inv, const struct via_device *d)
{
	const struct via_sriov *v = d->sriov;
	json_object *s, *vfs;

	if (!v)
		return;
	s = json_object_new_object();
	json_object_object_add(o, "sriov", s);
	via_json_add_int(s, "total", v->total);
	via_json_add_int(s, "num", v->num);
	via_json_add_int(s, "offset", v->offset);
	via_json_add_int(s, "stride", v->stride);
	add_id(s, "vf_device", v->vf_device);
	via_json_add_bool(s, "autoprobe", v->autoprobe);
	if (v->vf_total_msix)
		via_json_add_int(s, "vf_total_msix", v->vf_total_msix);
	via_json_add_str(s, "eswitch_mode", v->eswitch_mode);
	via_json_add_bool(s, "vf_info_complete", v->vf_info_complete);
	vfs = add_array(s, "vfs");
	for (size_t i = 0; i < v->n_vfs; i++) {
		const struct via_device *vf = via_inventory_device(inv, v->vfs[i].addr);

		if (vf)
			json_object_array_add(vfs, vf_entry(inv, vf));
	}
}

static void add_ids(json_object *o, const struct via_device *d)
{
	char text[8];

	add_id(o, "vendor", d->vendor);
	add_id(o, "device", d->device);
	if (d->subvendor || d->subdevice) {
		add_id(o, "subvendor", d->subvendor);
		add_id(o, "subdevice", d->subdevice);
	}
	via_json_add_int(o, "revision", d->revision);
	snprintf(text, sizeof(text), "%06x", d->class_code & 0xffffff);
	via_json_add_str(o, "class_code", text);
	via_json_add_str(o, "vendor_name", d->vendor_name);
	via_json_add_str(o, "device_name", d->device_name);
}

static int add_member(const struct via_device *d, void *user)
{
	json_object_array_add(user, json_object_new_string(via_addr_fmt(d->addr)));
	return 0;
}

static void add_speed(json_object *o, const char *key, uint32_t tenths)
{
	if (tenths)
		json_object_object_add(o, key, json_object_new_double(tenths / 10.0));
}

static void add_width(json_object *o, const char *key, uint32_t lanes)
{
	if (lanes)
		via_json_add_int(o, key, lanes);
}

static void add_link(json_object *o, const struct via_pcie_link *l)
{
	json_object *link;

	if (!l->speed && !l->max_speed && !l->width && !l->max_width)
		return;
	link = json_object_new_object();
	json_object_object_add(o, "link", link);
	add_speed(link, "speed_gts", l->speed);
	add_width(link, "width", l->width);
	add_speed(link, "max_speed_gts", l->max_speed);
	add_width(link, "max_width", l->max_width);
}

static void add_place(json_object *o, const struct via_inventory *inv, const struct via_device *d)
{
	json_object *members;

	if (d->numa_node >= 0)
		via_json_add_int(o, "numa_node", d->numa_node);
	add_group(o, "iommu_group", d->iommu_group);
	members = add_array(o, "iommu_group_members");
	via_inventory_group(inv, d->iommu_group, add_member, members);
	add_addr(o, "parent", d->parent);
	add_link(o, &d->link);
}

/* Net devices of the function, those it has in other namespaces included. */
static void add_netdevs(json_object *o, const struct via_inventory *inv, const struct via_device *d)
{
	json_object *a = add_array(o, "netdevs");

	for (size_t i = 0; i < d->n_netdevs; i++) {
		const struct via_netdev *n = via_inventory_netdev(inv, d->netdevs[i]);

		if (n)
			json_object_array_add(a, via_codec_netdev(inv, n));
	}
	for (size_t i = inv->n_netdevs; d->is_nic && i > 0 && inv->netdevs[i - 1].netns; i--) {
		const struct via_netdev *n = &inv->netdevs[i - 1];

		if (n->has_dev && via_addr_eq(n->dev, d->addr))
			json_object_array_add(a, via_codec_netdev(inv, n));
	}
}

static void add_vf(json_object *o, const struct via_inventory *inv, const struct via_device *d)
{
	const struct via_vf_state *state;

	if (d->kind != VIA_DEVICE_VF)
		return;
	add_addr(o, "pf", d->pf);
	via_json_add_int(o, "vf_index", d->vf_index);
	state = via_inventory_vf_state(inv, d);
	if (state)
		json_object_object_add(o, "attrs", via_codec_vf_attrs(&state->attrs));
}

json_object *via_codec_device(const struct via_inventory *inv, const struct via_device *d)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "address", via_addr_fmt(d->addr));
	via_json_add_str(o, "kind", via_device_kind_name(d->kind));
	via_json_add_bool(o, "nic", d->is_nic);
	add_ids(o, d);
	via_json_add_str(o, "driver", d->driver);
	via_json_add_str(o, "driver_override", d->driver_override);
	via_json_add_str(o, "modalias", d->modalias);
	via_json_add_str(o, "id_path", d->id_path);
	add_place(o, inv, d);
	via_json_add_bool(o, "flr", d->flr);
	add_words(o, "reset_methods", d->reset_methods);
	via_json_add_str(o, "acs", via_acs_name(d->acs));
	if (d->msix)
		via_json_add_int(o, "msix", d->msix);
	via_json_add_str(o, "serial", d->serial);
	add_sriov(o, inv, d);
	add_vf(o, inv, d);
	add_netdevs(o, inv, d);
	add_holders(o, d);
	via_json_add_bool(o, "protected", d->protected_);
	add_texts(o, "protected_by", d->protect, d->n_protect);
	add_texts(o, "other_managers", d->others, d->n_others);
	via_json_add_str(o, "problem", d->problem);
	return o;
}

/* A VF stands in its PF's list; one that is in nobody's stands for itself. */
static bool is_listed_by_pf(const struct via_inventory *inv, const struct via_device *d)
{
	const struct via_device *pf = via_inventory_device(inv, d->pf);

	return d->kind == VIA_DEVICE_VF && pf && via_inventory_vf(inv, pf, d->vf_index) == d;
}

static json_object *codec_host(const struct via_host *h)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "hostname", h->hostname);
	via_json_add_str(o, "kernel", h->kernel);
	via_json_add_str(o, "boot_id", h->boot_id);
	via_json_add_bool(o, "iommu", h->iommu);
	via_json_add_bool(o, "vfio_pci", h->vfio_pci);
	via_json_add_bool(o, "unsafe_interrupts", h->unsafe_interrupts);
	via_json_add_str(o, "cmdline", h->cmdline);
	return o;
}

json_object *via_codec_inventory(const struct via_inventory *inv)
{
	json_object *o = json_object_new_object(), *a;

	if (!o)
		return NULL;
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	via_json_add_int(o, "generation", (int64_t)inv->generation);
	via_json_add_bool(o, "complete", inv->complete);
	json_object_object_add(o, "host", codec_host(&inv->host));
	a = add_array(o, "devices");
	for (size_t i = 0; i < inv->n_devices; i++) {
		if (!is_listed_by_pf(inv, &inv->devices[i]))
			json_object_array_add(a, via_codec_device(inv, &inv->devices[i]));
	}
	a = add_array(o, "netdevs");
	for (size_t i = 0; i < inv->n_netdevs; i++)
		json_object_array_add(a, via_codec_netdev(inv, &inv->netdevs[i]));
	return o;
}
