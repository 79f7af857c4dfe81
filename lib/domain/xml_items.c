/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain/xml_items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void fail_memory(struct via_xml *x)
{
	if (!x->r)
		x->r = via_err_set(x->err, -ENOMEM, "out of memory");
}

static int grow(void **list, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 8;
	void *p;

	if (n < *cap)
		return 0;
	p = realloc(*list, more * size);
	if (!p)
		return -ENOMEM;
	*list = p;
	*cap = more;
	return 0;
}

static const struct via_domain_dev *dev_at(const struct via_domain *d, struct via_addr a)
{
	for (size_t i = 0; i < d->n_devs; i++)
		if (via_addr_eq(d->devs[i].addr, a))
			return &d->devs[i];
	return NULL;
}

static void add_dev(struct via_xml *x, const char *what)
{
	struct via_domain *d = &x->d;
	const struct via_domain_dev *v = &x->item.dev;

	if (x->r)
		return;
	if (dev_at(d, v->addr)) {
		/* Disks may be namespaces of one NVMe controller. */
		if (!x->item.disk)
			via_xml_fail(x, what, "%s is given twice", via_addr_fmt(v->addr));
		return;
	}
	if (d->n_devs == VIA_DOMAIN_DEVS_MAX)
		via_xml_fail(x, what, "there are more than %d host devices", VIA_DOMAIN_DEVS_MAX);
	else if (grow((void **)&d->devs, d->n_devs, &x->devs_cap, sizeof(*d->devs)) < 0)
		fail_memory(x);
	else
		d->devs[d->n_devs++] = *v;
}

static void add_nic(struct via_xml *x)
{
	struct via_domain *d = &x->d;

	if (d->n_nics == VIA_DOMAIN_NICS_MAX)
		via_xml_fail(x, "interface", "there are more than %d", VIA_DOMAIN_NICS_MAX);
	else if (grow((void **)&d->nics, d->n_nics, &x->nics_cap, sizeof(*d->nics)) < 0)
		fail_memory(x);
	else
		d->nics[d->n_nics++] = x->item.net;
}

static struct via_xml_item *new_item(struct via_xml *x)
{
	x->item = (struct via_xml_item){.line = x->line};
	return &x->item;
}

void via_xml_start_interface(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = new_item(x);

	i->nic = true;
	if (!via_xml_attr(x, t, "type", i->net.type, sizeof(i->net.type)) || !i->net.type[0])
		via_xml_fail(x, t->name, "has no type");
	i->hostdev = !strcmp(i->net.type, "hostdev");
	i->dev.interface = true;
	i->dev.managed = via_xml_yes(x, t, "managed");
}

/* What libvirt made of <interface type='network'> when the network is a pool of host devices. */
void via_xml_start_actual(struct via_xml *x, const struct via_xml_tag *t)
{
	char s[16];

	x->item.has_source = false; /* <source network> stands before */
	x->item.dev.pool = true;
	x->item.dev.managed |= via_xml_yes(x, t, "managed");
	x->item.hostdev |= via_xml_hint(x, t, "type", s, sizeof(s)) && !strcmp(s, "hostdev");
}

void via_xml_start_hostdev(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = new_item(x);
	char mode[16] = "subsystem", type[16];

	if (!via_xml_attr(x, t, "type", type, sizeof(type)))
		via_xml_fail(x, t->name, "has no type");
	if (x->r)
		return;
	via_xml_attr(x, t, "mode", mode, sizeof(mode));
	if (strcmp(mode, "subsystem") && strcmp(mode, "capabilities"))
		via_xml_fail(x, t->name, "mode='%s' is neither subsystem nor capabilities", mode);
	i->hostdev = !strcmp(type, "pci") && !strcmp(mode, "subsystem");
	i->dev.managed = via_xml_yes(x, t, "managed");
}

void via_xml_start_disk(struct via_xml *x, const struct via_xml_tag *t)
{
	(void)t;
	new_item(x)->disk = true;
}

static void interface_source(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = &x->item;
	char s[sizeof(i->net.source)];

	/* A host device that came from a network of libvirt's own keeps its name there. */
	i->dev.pool |= via_xml_hint(x, t, "network", s, sizeof(s));
	if (s[0] && !strcmp(i->net.type, "network"))
		strcpy(i->net.source, s);
	else if (via_xml_hint(x, t, "bridge", s, sizeof(s)) ||
		 via_xml_hint(x, t, "dev", s, sizeof(s)))
		strcpy(i->net.source, s);
}

void via_xml_start_source(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = &x->item;
	char s[16];

	if (i->has_source && !i->disk)
		via_xml_fail(x, t->name, "stands twice");
	i->has_source = true;
	if (i->nic)
		interface_source(x, t);
	if (!i->disk)
		return;
	i->has_addr = false; /* each image of a chain has its own */
	i->pci_source = via_xml_hint(x, t, "type", s, sizeof(s)) && !strcmp(s, "pci");
	i->dev.managed = i->pci_source && via_xml_yes(x, t, "managed");
}

/* <address> inside <source>: the host's. The guest's stands beside <source>, and is not looked at.
 */
void via_xml_start_address(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = &x->item;
	char s[16];

	if (i->disk ? !i->pci_source : !i->hostdev && !i->nic)
		return; /* a USB device's, a SCSI one's */
	if (via_xml_hint(x, t, "type", s, sizeof(s)) && strcmp(s, "pci")) {
		i->other_addr = true;
		return;
	}
	if (i->has_addr)
		via_xml_fail(x, t->name, "stands twice");
	i->has_addr = via_xml_address(x, t, &i->dev.addr);
	if (i->disk && i->has_addr)
		add_dev(x, "disk");
}

void via_xml_start_mac(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = &x->item;
	struct via_mac m;

	/* All zero is none: no NIC can have it. */
	if (!via_xml_mac(x, t, "address", &m) || via_mac_is_zero(m))
		return;
	i->dev.mac = i->net.mac = m;
	i->dev.has_mac = i->net.has_mac = true;
}

void via_xml_start_vlan(struct via_xml *x, const struct via_xml_tag *t)
{
	if (x->item.has_vlan)
		via_xml_fail(x, t->name, "stands twice");
	x->item.has_vlan = true;
	x->item.dev.trunk = via_xml_yes(x, t, "trunk");
}

void via_xml_start_tag(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_domain_dev *v = &x->item.dev;
	uint64_t id;

	if (!via_xml_number(x, t, "id", 4095, &id)) {
		via_xml_fail(x, t->name, "has no id");
		return;
	}
	if (v->n_tags == 4096)
		via_xml_fail(x, t->name, "there are more than 4096");
	if (!v->n_tags++)
		v->tag = (uint16_t)id;
}

/* A tap's alias is a help to people; a host device is found by it. */
void via_xml_start_alias(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = &x->item;

	if (!i->hostdev)
		via_xml_hint(x, t, "name", i->net.alias, sizeof(i->net.alias));
	else
		via_xml_attr(x, t, "name", i->dev.alias, sizeof(i->dev.alias));
}

void via_xml_start_teaming(struct via_xml *x, const struct via_xml_tag *t)
{
	struct via_xml_item *i = &x->item;
	char s[16];

	if (!via_xml_hint(x, t, "type", s, sizeof(s)))
		return;
	i->net.persistent = !strcmp(s, "persistent");
	if (!strcmp(s, "transient"))
		via_xml_attr(x, t, "persistent", i->dev.partner, sizeof(i->dev.partner));
}

void via_xml_start_target(struct via_xml *x, const struct via_xml_tag *t)
{
	via_xml_hint(x, t, "dev", x->item.net.target, sizeof(x->item.net.target));
}

/* An address makes a host device of an interface of any type: libvirt writes one for those alone.
 */
void via_xml_end_interface(struct via_xml *x)
{
	struct via_xml_item *i = &x->item;

	if (i->has_addr) {
		i->dev.pool |= strcmp(i->net.type, "hostdev") != 0;
		if (!i->dev.alias[0])
			strcpy(i->dev.alias, i->net.alias);
		add_dev(x, "interface");
	} else if (!i->hostdev) {
		add_nic(x);
	} else if (!i->other_addr) {
		via_xml_fail(x, "interface", "type='hostdev' without <source><address>");
	}
}

void via_xml_end_hostdev(struct via_xml *x)
{
	if (x->item.has_addr)
		add_dev(x, "hostdev");
	else if (x->item.hostdev)
		via_xml_fail(x, "hostdev", "type='pci' without <source><address>");
}
