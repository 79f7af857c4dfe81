/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain XML to struct via_domain, by libxml2: no network, no entities, no DTD, no XInclude, depth
 * and size capped. What a guest's owner can write into the XML is not to be trusted.
 */
#ifndef VIA_DOMAIN_XML_H
#define VIA_DOMAIN_XML_H

#include "domain/domain.h"

#define VIA_DOMAIN_XML_MAX (4u << 20) /* libvirt's own limit for a domain's XML over RPC */

/*
 * The whole text of a <domain>. 0 and *ret (finish it); VIA_REFUSED_INVALID naming line and
 * element; -ENOMEM. Host devices that are no PCI function are left out; so is what is not known
 * here. An NVMe disk by PCI address is a host device.
 */
int via_domain_from_xml(const char *text, size_t len, struct via_domain *ret, struct via_err *err);

/*
 * A quick look for the hook: may this text hold a PCI host device at all? Never false for one that
 * does: false only for a whole <domain>, written plainly (no references to characters, comments,
 * CDATA or other encodings), with neither "hostdev" nor an <address> inside a <source> in it. Needs
 * no libxml2.
 */
bool via_domain_may_have_pci(const char *text, size_t len);

#endif
