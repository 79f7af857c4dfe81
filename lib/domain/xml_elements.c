/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain/xml_elements.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "domain/xml_items.h"

/* The elements that matter, by what they are and where they stand. */
enum kind {
	NOWHERE,
	DOCUMENT,
	DOMAIN,
	NAME,
	UUID,
	NUMATUNE,
	LEAF, /* has no children that matter */
	METADATA,
	OURS,
	DEVICES,
	INTERFACE,
	HOSTDEV,
	DISK,
	IMAGE, /* of a disk's chain */
	ACTUAL,
	SOURCE,
	VLAN,
};

void via_xml_fail(struct via_xml *x, const char *what, const char *fmt, ...)
{
	char msg[VIA_ERR_MSG_MAX];
	va_list ap;

	if (x->r)
		return; /* the first one counts */
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	x->r = via_err_set(x->err, VIA_REFUSED_INVALID, "line %d: <%.64s>: %s", x->line, what, msg);
}

static void collect(struct via_xml *x, char *buf, size_t cap)
{
	x->text = buf;
	x->text_cap = cap;
	x->text_len = 0;
}

void via_xml_text(struct via_xml *x, const char *s, size_t len)
{
	if (!x->text)
		return;
	if (len >= x->text_cap - x->text_len) {
		via_xml_fail(x, x->text == x->uuid ? "uuid" : "name", "longer than %zu bytes",
			x->text_cap - 1);
		return;
	}
	memcpy(x->text + x->text_len, s, len);
	x->text_len += len;
	x->text[x->text_len] = '\0';
}

static void start_domain(struct via_xml *x, const struct via_xml_tag *t)
{
	char id[16];

	x->d.active = via_xml_hint(x, t, "id", id, sizeof(id)) && strcmp(id, "-1");
}

static void start_name(struct via_xml *x, const struct via_xml_tag *t)
{
	if (x->named)
		via_xml_fail(x, t->name, "stands twice");
	x->named = true;
	collect(x, x->d.name, sizeof(x->d.name));
}

static void start_uuid(struct via_xml *x, const struct via_xml_tag *t)
{
	if (x->numbered)
		via_xml_fail(x, t->name, "stands twice");
	x->numbered = true;
	collect(x, x->uuid, sizeof(x->uuid));
}

/* strict is libvirt's own default; interleave and restrictive bind as well. */
static void add_numa(struct via_xml *x, const struct via_xml_tag *t)
{
	enum via_numa_mode mode = VIA_NUMA_STRICT;
	uint64_t nodes;
	char s[16];

	if (!via_xml_nodeset(x, t, "nodeset", &nodes) || !nodes)
		return;
	if (via_xml_hint(x, t, "mode", s, sizeof(s)) && !strcmp(s, "preferred"))
		mode = VIA_NUMA_PREFERRED;
	x->d.nodes |= nodes;
	if (mode > x->d.numa)
		x->d.numa = mode;
}

static void start_memory(struct via_xml *x, const struct via_xml_tag *t)
{
	x->d.nodes = 0;
	x->d.numa = VIA_NUMA_NONE;
	add_numa(x, t);
	x->numa_memory = x->d.numa != VIA_NUMA_NONE;
}

/* Cell by cell; <memory> is the word on the whole. */
static void start_memnode(struct via_xml *x, const struct via_xml_tag *t)
{
	if (!x->numa_memory)
		add_numa(x, t);
}

static void start_wish(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_wish w = {.line = x->line};
	char s[VIA_ADDR_STR_MAX];
	int given = 0;

	if (via_xml_attr(x, t, "address", s, sizeof(s))) {
		given++;
		if (via_addr_parse(s, &w.addr) < 0 || via_addr_is_none(w.addr))
			via_xml_fail(x, "viaduct:device",
				"address='%s' is no PCI address such as 0000:01:10.0", s);
	}
	w.has_mac = via_xml_mac(x, t, "mac", &w.mac);
	given += w.has_mac + via_xml_attr(x, t, "alias", w.alias, sizeof(w.alias));
	if (x->r)
		return;
	if (given != 1 || (!w.has_mac && via_addr_is_none(w.addr) && !w.alias[0]))
		via_xml_fail(x, "viaduct:device", "needs one of address, mac and alias");
	else if (!via_xml_attr(x, t, "network", w.network, sizeof(w.network)) || !w.network[0])
		via_xml_fail(x, "viaduct:device", "needs a network");
	else if (x->n_wishes == VIA_ARRAY_SIZE(x->wishes))
		via_xml_fail(x, "viaduct:device", "there are more than %zu", x->n_wishes);
	else
		x->wishes[x->n_wishes++] = w;
}

static const struct rule {
	enum kind parent;
	const char *name;
	enum kind kind;
	via_xml_start_fn *start;
	bool ours; /* of our namespace; else of none */
} rules[] = {
	{DOCUMENT, "domain", DOMAIN, start_domain, false},
	{DOMAIN, "name", NAME, start_name, false},
	{DOMAIN, "uuid", UUID, start_uuid, false},
	{DOMAIN, "numatune", NUMATUNE, NULL, false},
	{NUMATUNE, "memory", LEAF, start_memory, false},
	{NUMATUNE, "memnode", LEAF, start_memnode, false},
	{DOMAIN, "metadata", METADATA, NULL, false},
	{METADATA, "domain", OURS, NULL, true},
	{OURS, "device", LEAF, start_wish, true},
	{DOMAIN, "devices", DEVICES, NULL, false},
	{DEVICES, "interface", INTERFACE, via_xml_start_interface, false},
	{DEVICES, "hostdev", HOSTDEV, via_xml_start_hostdev, false},
	{DEVICES, "disk", DISK, via_xml_start_disk, false},
	{INTERFACE, "source", SOURCE, via_xml_start_source, false},
	{INTERFACE, "actual", ACTUAL, via_xml_start_actual, false},
	{INTERFACE, "mac", LEAF, via_xml_start_mac, false},
	{INTERFACE, "vlan", VLAN, via_xml_start_vlan, false},
	{INTERFACE, "alias", LEAF, via_xml_start_alias, false},
	{INTERFACE, "teaming", LEAF, via_xml_start_teaming, false},
	{INTERFACE, "target", LEAF, via_xml_start_target, false},
	{ACTUAL, "source", SOURCE, via_xml_start_source, false},
	{HOSTDEV, "source", SOURCE, via_xml_start_source, false},
	{HOSTDEV, "alias", LEAF, via_xml_start_alias, false},
	{HOSTDEV, "teaming", LEAF, via_xml_start_teaming, false},
	{DISK, "source", SOURCE, via_xml_start_source, false},
	{DISK, "mirror", IMAGE, NULL, false},
	{DISK, "backingStore", IMAGE, NULL, false},
	{IMAGE, "backingStore", IMAGE, NULL, false},
	{IMAGE, "source", SOURCE, via_xml_start_source, false},
	{SOURCE, "dataStore", IMAGE, NULL, false},
	{SOURCE, "address", LEAF, via_xml_start_address, false},
	{VLAN, "tag", LEAF, via_xml_start_tag, false},
};

static const struct rule *rule_for(enum kind parent, const struct via_xml_tag *t)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(rules); i++) {
		const struct rule *u = &rules[i];

		if (u->parent == parent && !strcmp(u->name, t->name) &&
			(u->ours ? t->uri && !strcmp(t->uri, VIA_DOMAIN_XMLNS) : !t->uri))
			return u;
	}
	return NULL;
}

void via_xml_start(struct via_xml *x, const struct via_xml_tag *t)
{
	enum kind parent = x->depth ? x->where[x->depth - 1] : DOCUMENT;
	const struct rule *u = parent == NOWHERE ? NULL : rule_for(parent, t);

	if (!x->depth && !u)
		via_xml_fail(x, t->name, "is no <domain>");
	if (x->depth == VIA_XML_DEPTH_MAX)
		via_xml_fail(x, t->name, "nested deeper than %d", VIA_XML_DEPTH_MAX);
	if (x->r)
		return;
	x->where[x->depth++] = (unsigned char)(u ? u->kind : NOWHERE);
	x->text = NULL; /* <name> with an element in it: what follows that is no name */
	if (u && u->start)
		u->start(x, t);
}

void via_xml_end(struct via_xml *x)
{
	enum kind kind;

	if (!x->depth || x->r)
		return;
	kind = x->where[--x->depth];
	x->text = NULL;
	x->line = x->item.line;
	if (kind == INTERFACE)
		via_xml_end_interface(x);
	else if (kind == HOSTDEV)
		via_xml_end_hostdev(x);
}

static bool wish_is_for(const struct via_xml_wish *w, const struct via_domain_dev *v)
{
	if (w->has_mac)
		return v->has_mac && via_mac_eq(w->mac, v->mac);
	if (w->alias[0])
		return !strcmp(w->alias, v->alias);
	return via_addr_eq(w->addr, v->addr);
}

/* What is said of a device that is not there is said for another day. */
static void grant(struct via_xml *x, const struct via_xml_wish *w)
{
	x->line = w->line;
	for (size_t i = 0; i < x->d.n_devs; i++) {
		struct via_domain_dev *v = &x->d.devs[i];

		if (!wish_is_for(w, v))
			continue;
		if (v->network[0] && strcmp(v->network, w->network))
			via_xml_fail(x, "viaduct:device", "%s is to be in %s and in %s",
				via_addr_fmt(v->addr), v->network, w->network);
		strcpy(v->network, w->network);
	}
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static void check_uuid(struct via_xml *x)
{
	static const char space[] = " \t\r\n";
	char *s = x->uuid + strspn(x->uuid, space);

	s[strcspn(s, space)] = '\0';
	if (via_uuid_parse(s, x->d.uuid) < 0)
		via_xml_fail(x, "domain", "its <uuid> is missing, or is none");
}

void via_xml_complete(struct via_xml *x)
{
	if (!x->r && !x->d.name[0])
		via_xml_fail(x, "domain", "has no <name>");
	if (!x->r && has_control(x->d.name))
		via_xml_fail(x, "domain", "its <name> holds control characters");
	if (!x->r)
		check_uuid(x);
	for (size_t i = 0; !x->r && i < x->n_wishes; i++)
		grant(x, &x->wishes[i]);
}

void via_xml_finish(struct via_xml *x)
{
	via_domain_finish(&x->d);
}
