/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space and names (libpci behind it). */
#ifndef VIA_KERNEL_PCI_H
#define VIA_KERNEL_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/inventory.h"

/* What we take from configuration space; works on 64, 256 or 4096 bytes (what is not there is
 * unknown). */
struct via_pci_caps {
	bool has_list;	   /* the capability list was there to be read (256 bytes or more) */
	bool has_extended; /* so was the extended one (more than 256 bytes) */
	bool flr;	   /* PCIe FLR or AF FLR */
	bool pcie;
	uint8_t port_type; /* PCIe device/port type: 4 root port, 5 upstream, 6 downstream */
	uint32_t msix;	   /* table size */
	bool has_acs;
	uint16_t acs_cap, acs_ctrl;
	bool has_serial;
	uint8_t serial[8]; /* in the order it is written: most significant byte first */
	uint32_t link_speed, link_max_speed, link_width, link_max_width; /* as via_pcie_link */
};
/* Bounds-checked, loop-safe; never reads past len. */
void via_pci_parse_config(const uint8_t *config, size_t len, struct via_pci_caps *ret);
/* ACS of one port: FULL when SV, RR, CR and UF are enabled; UNKNOWN when it could not be read. */
enum via_acs via_pci_acs(const struct via_pci_caps *c);

/* Names from pci.ids; opened lazily, closed to give the memory back. */
struct via_pci_names;
struct via_pci_names *via_pci_names_create(void);
void via_pci_names_destroy(struct via_pci_names *n);
/* Fills buf, "" when unknown. */
void via_pci_vendor_name(struct via_pci_names *n, uint16_t vendor, char *buf, size_t size);
void via_pci_device_name(
	struct via_pci_names *n, uint16_t vendor, uint16_t device, char *buf, size_t size);

#endif
