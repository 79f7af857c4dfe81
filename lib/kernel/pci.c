/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Offsets and bits are those of linux/pci_regs.h. Configuration space comes from a device: every
 * offset in it is checked against what was read, and both lists are cut where they could loop.
 */
#include "kernel/pci.h"

#include <linux/pci_regs.h>
#include <string.h>

/* A list cannot hold more entries than fit side by side (drivers/pci/pci.c, PCI_FIND_CAP_TTL). */
#define CAPS_MAX     48
#define EXT_CAPS_MAX ((4096 - 256) / 8)
#define EXT_START    0x100

struct config {
	const uint8_t *data;
	size_t len;
};

static uint32_t read8(const struct config *c, size_t at)
{
	return at < c->len ? c->data[at] : 0;
}

static uint32_t read16(const struct config *c, size_t at)
{
	return read8(c, at) | read8(c, at + 1) << 8;
}

static uint32_t read32(const struct config *c, size_t at)
{
	return read16(c, at) | read16(c, at + 2) << 16;
}

/* Speed code of LNKCAP and LNKSTA in 0.1 GT/s; bit N of LNKCAP2's vector stands for code N. */
static uint32_t link_speed(uint32_t code)
{
	static const uint16_t speeds[] = {0, 25, 50, 80, 160, 320, 640};

	return code < sizeof(speeds) / sizeof(speeds[0]) ? speeds[code] : 0;
}

static uint32_t max_link_speed(const struct config *c, size_t at)
{
	uint32_t vector = 0;

	/* LNKCAP2 exists from capability version 2 on; zero in it: LNKCAP speaks (as
	 * pcie_get_speed_cap in drivers/pci/pci.c has it). */
	if ((read16(c, at + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_VERS) >= 2)
		vector = read32(c, at + PCI_EXP_LNKCAP2) & 0x7e;
	if (vector)
		return link_speed(31 - (uint32_t)__builtin_clz(vector));
	return link_speed(read32(c, at + PCI_EXP_LNKCAP) & PCI_EXP_LNKCAP_SLS);
}

static void parse_express(const struct config *c, size_t at, struct via_pci_caps *ret)
{
	uint32_t cap = read32(c, at + PCI_EXP_LNKCAP), sta = read16(c, at + PCI_EXP_LNKSTA);

	ret->pcie = true;
	ret->port_type = (read16(c, at + PCI_EXP_FLAGS) & PCI_EXP_FLAGS_TYPE) >> 4;
	ret->flr |= (read32(c, at + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_FLR) != 0;
	ret->link_speed = link_speed(sta & PCI_EXP_LNKSTA_CLS);
	ret->link_width = (sta & PCI_EXP_LNKSTA_NLW) >> PCI_EXP_LNKSTA_NLW_SHIFT;
	ret->link_max_speed = max_link_speed(c, at);
	ret->link_max_width = (cap & PCI_EXP_LNKCAP_MLW) >> 4;
}

static void parse_msix(const struct config *c, size_t at, struct via_pci_caps *ret)
{
	/* A capability that is cut off says nothing; the field holds the size less one. */
	if (at + PCI_MSIX_FLAGS + 2 <= c->len)
		ret->msix = (read16(c, at + PCI_MSIX_FLAGS) & PCI_MSIX_FLAGS_QSIZE) + 1;
}

static void parse_advanced_features(const struct config *c, size_t at, struct via_pci_caps *ret)
{
	const uint32_t need = PCI_AF_CAP_TP | PCI_AF_CAP_FLR; /* pci_af_flr in drivers/pci/pci.c */

	ret->flr |= (read8(c, at + PCI_AF_CAP) & need) == need;
}

static void parse_acs(const struct config *c, size_t at, struct via_pci_caps *ret)
{
	ret->has_acs = true;
	ret->acs_cap = (uint16_t)read16(c, at + PCI_ACS_CAP);
	ret->acs_ctrl = (uint16_t)read16(c, at + PCI_ACS_CTRL);
}

static void parse_serial(const struct config *c, size_t at, struct via_pci_caps *ret)
{
	if (at + 12 > c->len)
		return;
	ret->has_serial = true;
	for (size_t i = 0; i < sizeof(ret->serial); i++)
		ret->serial[i] = c->data[at + 11 - i];
}

static const struct cap_parser {
	uint16_t id;
	void (*parse)(const struct config *c, size_t at, struct via_pci_caps *ret);
} caps[] =
	{
		{PCI_CAP_ID_EXP, parse_express},
		{PCI_CAP_ID_MSIX, parse_msix},
		{PCI_CAP_ID_AF, parse_advanced_features},
},
  ext_caps[] = {
	  {PCI_EXT_CAP_ID_ACS, parse_acs},
	  {PCI_EXT_CAP_ID_DSN, parse_serial},
};

static void dispatch(const struct cap_parser *table, size_t n, uint32_t id, const struct config *c,
	size_t at, struct via_pci_caps *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].id == id)
			table[i].parse(c, at, ret);
	}
}

static void walk_caps(const struct config *c, struct via_pci_caps *ret)
{
	size_t at = read8(c, PCI_CAPABILITY_LIST) & ~3u;

	if (!(read16(c, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return;
	for (int i = 0; i < CAPS_MAX && at >= PCI_STD_HEADER_SIZEOF; i++) {
		if (read8(c, at) == 0xff) /* the device does not answer */
			return;
		dispatch(caps, sizeof(caps) / sizeof(caps[0]), read8(c, at), c, at, ret);
		at = read8(c, at + 1) & ~3u;
	}
}

static void walk_ext_caps(const struct config *c, struct via_pci_caps *ret)
{
	size_t at = EXT_START;

	for (int i = 0; i < EXT_CAPS_MAX && at >= EXT_START; i++) {
		uint32_t head = read32(c, at);

		if (head == 0 || head == 0xffffffff)
			return;
		dispatch(ext_caps, sizeof(ext_caps) / sizeof(ext_caps[0]), PCI_EXT_CAP_ID(head), c,
			at, ret);
		at = PCI_EXT_CAP_NEXT(head);
	}
}

void via_pci_parse_config(const uint8_t *config, size_t len, struct via_pci_caps *ret)
{
	struct config c = {config, len > 4096 ? 4096 : len};

	*ret = (struct via_pci_caps){.has_list = len >= 256, .has_extended = len > 256};
	walk_caps(&c, ret);
	walk_ext_caps(&c, ret);
}

enum via_acs via_pci_acs(const struct via_pci_caps *c)
{
	const uint16_t need = PCI_ACS_SV | PCI_ACS_RR | PCI_ACS_CR | PCI_ACS_UF;

	if (!c->has_list || (c->pcie && !c->has_extended))
		return VIA_ACS_UNKNOWN;
	if (!c->has_acs)
		return VIA_ACS_ABSENT;
	return (c->acs_ctrl & need) == need ? VIA_ACS_FULL : VIA_ACS_PARTIAL;
}
