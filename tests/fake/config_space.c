/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configuration space that agrees with a function's description. Offsets and bits: PCI Local Bus
 * Specification 3.0 and PCI Express Base Specification, as in linux/pci_regs.h. The extended list
 * follows the emulated 82576's layout.
 */
#include <string.h>

#include "fake/state.h"

enum {
	CAP_MSIX = 0x70,
	CAP_PCIE = 0xa0,
	EXT_SERIAL = 0x140,
	EXT_ARI = 0x150,
	EXT_SRIOV = 0x160,
	EXT_ACS = 0x1b0,
};

static void put16(uint8_t *c, size_t at, uint16_t v)
{
	c[at] = (uint8_t)v;
	c[at + 1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *c, size_t at, uint32_t v)
{
	put16(c, at, (uint16_t)v);
	put16(c, at + 2, (uint16_t)(v >> 16));
}

/* Chains conventional capabilities: *link is where the next one's offset goes. */
static void add_cap(uint8_t *c, size_t *link, uint8_t at, uint8_t id)
{
	c[*link] = at;
	c[at] = id;
	*link = at + 1u;
}

static void add_ext(uint8_t *c, size_t *prev, uint16_t at, uint16_t id, uint8_t version)
{
	if (*prev)
		put16(c, *prev + 2, (uint16_t)((c[*prev + 2] & 0x0f) | at << 4));
	put32(c, at, id | (uint32_t)version << 16);
	*prev = at;
}

static void header(uint8_t *c, uint16_t vendor, uint16_t device, uint32_t class_code, bool bridge)
{
	put16(c, 0x00, vendor);
	put16(c, 0x02, device);
	put16(c, 0x04, 0x0507); /* I/O, memory, bus master, SERR, INTx off */
	put16(c, 0x06, 0x0010); /* has a capability list */
	c[0x09] = (uint8_t)class_code;
	c[0x0a] = (uint8_t)(class_code >> 8);
	c[0x0b] = (uint8_t)(class_code >> 16);
	c[0x0e] = bridge ? 1 : 0;
}

/* PCI Express capability: version 2, a 2.5 GT/s x1 link as the emulated card has. */
static void pcie(uint8_t *c, size_t *link, uint8_t type, bool flr)
{
	add_cap(c, link, CAP_PCIE, 0x10);
	put16(c, CAP_PCIE + 0x02, (uint16_t)(2 | type << 4));
	put32(c, CAP_PCIE + 0x04, 0x8020 | (flr ? 1u << 28 : 0));
	put32(c, CAP_PCIE + 0x0c, 0x1 | 1 << 4);
	put16(c, CAP_PCIE + 0x12, 0x1 | 1 << 4);
}

static void msix(uint8_t *c, size_t *link, uint32_t entries)
{
	add_cap(c, link, CAP_MSIX, 0x11);
	put16(c, CAP_MSIX + 2, (uint16_t)(entries - 1));
	put32(c, CAP_MSIX + 4, 3);
	put32(c, CAP_MSIX + 8, 0x2003);
}

static void sriov(uint8_t *c, const struct via_fake_pci *d)
{
	put16(c, EXT_SRIOV + 0x0c, (uint16_t)d->total_vfs); /* InitialVFs */
	put16(c, EXT_SRIOV + 0x0e, (uint16_t)d->total_vfs);
	put16(c, EXT_SRIOV + 0x14, (uint16_t)d->offset);
	put16(c, EXT_SRIOV + 0x16, (uint16_t)d->stride);
	put16(c, EXT_SRIOV + 0x1a, d->vf_device);
	put32(c, EXT_SRIOV + 0x1c, 0x553);
	put32(c, EXT_SRIOV + 0x20, 1);
}

static void serial(uint8_t *c, uint64_t number)
{
	put32(c, EXT_SERIAL + 4, (uint32_t)number);
	put32(c, EXT_SERIAL + 8, (uint32_t)(number >> 32));
}

static void extended(const struct via_fake_pci *d, uint8_t *c)
{
	size_t prev = 0;

	/* The list starts at 0x100 (AER, as nearly everything has). */
	add_ext(c, &prev, 0x100, 0x0001, 1);
	if (d->serial) {
		add_ext(c, &prev, EXT_SERIAL, 0x0003, 1);
		serial(c, d->serial);
	}
	if (d->total_vfs) {
		add_ext(c, &prev, EXT_ARI, 0x000e, 1);
		add_ext(c, &prev, EXT_SRIOV, 0x0010, 1);
		sriov(c, d);
	}
	if (d->acs) {
		add_ext(c, &prev, EXT_ACS, 0x000d, 1);
		put16(c, EXT_ACS + 4, 0x5d); /* SV, RR, CR, UF, DT can */
		put16(c, EXT_ACS + 6, 0x1d); /* SV, RR, CR, UF are on */
	}
}

void fake_config_space(const struct via_fake_pci *d, uint8_t *c, size_t size)
{
	bool bridge = d->class_code >> 8 == 0x0604;
	size_t link = 0x34;
	uint8_t whole[4096] = {0};

	header(whole, d->vendor, d->device, d->class_code, bridge);
	if (!bridge) {
		put16(whole, 0x2c, d->subvendor);
		put16(whole, 0x2e, d->subdevice);
	}
	if (d->msix)
		msix(whole, &link, d->msix);
	pcie(whole, &link, d->port_type, !d->no_flr);
	extended(d, whole);
	memcpy(c, whole, size < sizeof(whole) ? size : sizeof(whole));
}

void fake_config_space_vf(const struct fake_pci_files *p, uint8_t *c, size_t size)
{
	uint8_t whole[4096] = {0};
	size_t link = 0x34, prev = 0;

	/* A VF's own vendor and device id read as all ones (SR-IOV 1.1, 3.4.1.1). */
	header(whole, 0xffff, 0xffff, p->class_code, false);
	put16(whole, 0x04, 0);
	put16(whole, 0x2c, p->subvendor);
	put16(whole, 0x2e, p->subdevice);
	msix(whole, &link, 3);
	pcie(whole, &link, 0, p->flr);
	add_ext(whole, &prev, 0x100, 0x0001, 1);
	add_ext(whole, &prev, EXT_ARI, 0x000e, 1);
	memcpy(c, whole, size < sizeof(whole) ? size : sizeof(whole));
}
