/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the elements of a domain's XML mean: the state while one is read, fed by the parser (xml.c)
 * element by element. Nothing here is kept of the XML but what struct via_domain has.
 */
#ifndef VIA_DOMAIN_XML_ELEMENTS_H
#define VIA_DOMAIN_XML_ELEMENTS_H

#include <libxml/parser.h>

#include "domain/domain.h"

/*
 * libxml2 itself goes no deeper than 256 without XML_PARSE_HUGE, so what libvirt took is within it:
 * a disk's chain of images, each inside the one above it, has up to 200.
 */
#define VIA_XML_DEPTH_MAX 250

/* What our <metadata> says of a device; it comes before the devices. One of the three is given. */
struct via_xml_wish {
	int line;
	struct via_addr addr; /* none: not given */
	bool has_mac;
	struct via_mac mac;
	char alias[VIA_ALIAS_MAX];
	char network[VIA_NETWORK_NAME_MAX];
};

/* The interface, host device or disk that is open. */
struct via_xml_item {
	int line;
	bool hostdev; /* is to become a host device, so that it needs an address */
	bool nic;     /* an <interface> */
	bool disk;    /* NVMe disks are PCI functions of the host, and images in one chain may be
			 several */
	bool pci_source;
	bool has_source, has_addr, has_vlan, other_addr;
	struct via_domain_dev dev;
	struct via_domain_nic net;
};

struct via_xml {
	struct via_err *err;
	int r;	  /* not 0: it is over */
	int line; /* of the element at hand */
	unsigned int depth, namespaces;
	unsigned char where[VIA_XML_DEPTH_MAX]; /* kinds of the open elements */
	struct via_domain d;
	size_t devs_cap, nics_cap, n_wishes;
	struct via_xml_wish wishes[VIA_DOMAIN_DEVS_MAX];
	struct via_xml_item item;
	char uuid[VIA_UUID_MAX + 32]; /* as it stands there, with space around it */
	char *text;		      /* where characters go now; NULL nowhere */
	size_t text_len, text_cap;
	bool named, numbered, numa_memory;
};

/* A start tag as SAX2 hands it over. */
struct via_xml_tag {
	const char *name, *uri; /* uri NULL: in no namespace */
	int n_attrs;
	const xmlChar **attrs; /* five each: name, prefix, URI, value, its end */
};

void via_xml_start(struct via_xml *x, const struct via_xml_tag *t);
void via_xml_end(struct via_xml *x);
void via_xml_text(struct via_xml *x, const char *s, size_t len);
/* After the last element: is it whole? Puts the wishes to the devices. */
void via_xml_complete(struct via_xml *x);
void via_xml_finish(struct via_xml *x);

/* "line 7: <address>: message" and the end of it all; what: the element's name. */
void via_xml_fail(struct via_xml *x, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* xml_values.c: attributes. All stop with via_xml_fail when the value is wrong; false: not given.
 */
bool via_xml_attr(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, char *buf, size_t size);
/* As above; what does not fit counts as not given. */
bool via_xml_hint(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, char *buf, size_t size);
/* "yes" or "no"; false when not given. */
bool via_xml_yes(struct via_xml *x, const struct via_xml_tag *t, const char *name);
/* As libvirt reads numbers: 0x hexadecimal, leading 0 octal, else decimal. */
bool via_xml_number(struct via_xml *x, const struct via_xml_tag *t, const char *name, uint64_t max,
	uint64_t *ret);
bool via_xml_mac(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, struct via_mac *ret);
/* domain, bus, slot, function. The domain may be absent, nothing else. */
bool via_xml_address(struct via_xml *x, const struct via_xml_tag *t, struct via_addr *ret);
/* "0-3,^1,6" to a mask; nodes of 64 and above are left out. */
bool via_xml_nodeset(
	struct via_xml *x, const struct via_xml_tag *t, const char *name, uint64_t *ret);

#endif
