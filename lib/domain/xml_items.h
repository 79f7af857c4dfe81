/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interfaces, host devices and disks of a domain's XML: what is read of each, and what becomes of
 * it. */
#ifndef VIA_DOMAIN_XML_ITEMS_H
#define VIA_DOMAIN_XML_ITEMS_H

#include "domain/xml_elements.h"

typedef void via_xml_start_fn(struct via_xml *x, const struct via_xml_tag *t);

via_xml_start_fn via_xml_start_interface, via_xml_start_actual, via_xml_start_hostdev,
	via_xml_start_disk, via_xml_start_source, via_xml_start_address, via_xml_start_mac,
	via_xml_start_vlan, via_xml_start_tag, via_xml_start_alias, via_xml_start_teaming,
	via_xml_start_target;

/* What was collected becomes a device or a NIC of the domain. A disk's images do at their address.
 */
void via_xml_end_interface(struct via_xml *x);
void via_xml_end_hostdev(struct via_xml *x);

#endif
