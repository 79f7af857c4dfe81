/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which function is meant, when addresses move and cards are changed. */
#include "model/claim_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What carries the identity: a VF's permanent MAC is whatever its PF gave it, so its PF. */
static const struct via_device *card_of(const struct via_inventory *inv, const struct via_device *d)
{
	return d->kind == VIA_DEVICE_VF ? via_inventory_device(inv, d->pf) : d;
}

void via_identity_of(
	const struct via_inventory *inv, const struct via_device *d, struct via_identity *ret)
{
	const struct via_device *card = card_of(inv, d);
	const struct via_netdev *n = card ? via_device_permanent(inv, card) : NULL;

	*ret = (struct via_identity){.addr = d->addr,
		.vendor = d->vendor,
		.device = d->device,
		.is_vf = d->kind == VIA_DEVICE_VF,
		.has_mac = n && via_mac_is_unicast(n->perm_mac)};
	if (ret->is_vf) {
		ret->pf = d->pf;
		ret->vf_index = d->vf_index;
	}
	if (ret->has_mac)
		ret->mac = n->perm_mac;
	if (card && card->serial)
		snprintf(ret->serial, sizeof(ret->serial), "%s", card->serial);
}

/* The ports of one card may share its serial number: a MAC says more. */
static enum via_identity_match compare_card(const struct via_inventory *inv,
	const struct via_device *card, const struct via_identity *id)
{
	const struct via_netdev *n = via_device_permanent(inv, card);
	const char *serial = card->serial && card->serial[0] ? card->serial : NULL;

	if (id->serial[0] && serial && strncmp(id->serial, serial, sizeof(id->serial) - 1) != 0)
		return VIA_IDENTITY_OTHER;
	if (id->has_mac && n)
		return via_mac_eq(id->mac, n->perm_mac) ? VIA_IDENTITY_SAME : VIA_IDENTITY_OTHER;
	if (id->serial[0] && serial)
		return VIA_IDENTITY_SAME;
	return VIA_IDENTITY_BLIND;
}

enum via_identity_match via_identity_compare(
	const struct via_inventory *inv, const struct via_device *d, const struct via_identity *id)
{
	const struct via_device *card = card_of(inv, d);

	if ((d->kind == VIA_DEVICE_VF) != id->is_vf || d->vendor != id->vendor ||
		d->device != id->device || (id->is_vf && d->vf_index != id->vf_index))
		return VIA_IDENTITY_OTHER;
	return card ? compare_card(inv, card, id) : VIA_IDENTITY_BLIND;
}

/* --- the card --- */

/* Could it be the card at all, not looking at where it is? */
static bool is_kind(const struct via_device *d, const struct via_identity *id)
{
	if (id->is_vf)
		return d->kind == VIA_DEVICE_PF;
	return d->kind != VIA_DEVICE_VF && d->vendor == id->vendor && d->device == id->device;
}

/* By a serial number alone, the functions of one card are told apart by their number. */
static bool is_moved_card(const struct via_inventory *inv, const struct via_device *d,
	const struct via_identity *id, struct via_addr home)
{
	if (via_addr_eq(d->addr, home) || !is_kind(d, id) ||
		compare_card(inv, d, id) != VIA_IDENTITY_SAME)
		return false;
	return (id->has_mac && via_device_permanent(inv, d)) || d->addr.fn == home.fn;
}

static size_t find_moved(const struct via_inventory *inv, const struct via_identity *id,
	struct via_addr home, const struct via_device **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < inv->n_devices; i++) {
		if (!is_moved_card(inv, &inv->devices[i], id, home))
			continue;
		*ret = &inv->devices[i];
		n++;
	}
	return n;
}

static struct via_addr home_of(const struct via_identity *id)
{
	return id->is_vf ? id->pf : id->addr;
}

size_t via_identity_moved(const struct via_inventory *inv, const struct via_identity *id)
{
	const struct via_device *any;

	return find_moved(inv, id, home_of(id), &any);
}

static enum via_identity_match at_home(const struct via_inventory *inv,
	const struct via_device *card, const struct via_identity *id)
{
	enum via_identity_match m;

	if (!is_kind(card, id))
		return VIA_IDENTITY_OTHER;
	m = compare_card(inv, card, id);
	/* Nothing was ever known but its place and model: that is all there is to compare. */
	return m == VIA_IDENTITY_BLIND && !id->has_mac && !id->serial[0] ? VIA_IDENTITY_SAME : m;
}

static const char *known_by(const struct via_identity *id, char *buf, size_t size)
{
	if (id->has_mac)
		snprintf(buf, size, "MAC %s", via_mac_fmt(id->mac));
	else if (id->serial[0])
		snprintf(buf, size, "serial number %s", id->serial);
	else
		snprintf(buf, size, "no MAC and no serial number known");
	return buf;
}

static int refuse_card(const struct via_identity *id, struct via_addr home,
	enum via_identity_match m, size_t moved, struct via_err *err)
{
	char by[64];

	known_by(id, by, sizeof(by));
	if (moved)
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"%zu cards could be the one that was at %s (%s); nothing is done until "
			"only "
			"one is left",
			moved, via_addr_fmt(home), by);
	if (m == VIA_IDENTITY_BLIND)
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"whether the card at %s is still the one that was meant (%s) cannot be "
			"told: it "
			"shows neither MAC nor serial number now; give it its host driver back",
			via_addr_fmt(home), by);
	return via_err_set(err, VIA_REFUSED_MISMATCH,
		"another card is at %s than the one that was meant (%s), and that one is nowhere; "
		"put "
		"it back, or release what was claimed on it",
		via_addr_fmt(home), by);
}

static int find_card(const struct via_inventory *inv, const struct via_identity *id,
	const struct via_device **ret, struct via_err *err)
{
	struct via_addr home = home_of(id);
	const struct via_device *card = via_inventory_device(inv, home), *other = NULL;
	enum via_identity_match m = card ? at_home(inv, card, id) : VIA_IDENTITY_OTHER;
	size_t moved;

	if (m == VIA_IDENTITY_SAME) {
		*ret = card;
		return 0;
	}
	moved = find_moved(inv, id, home, &other);
	if (moved == 1) {
		*ret = other;
		return 0;
	}
	if (!card && !moved)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND,
			"%s is not there, nor is its card (%s) anywhere else",
			via_addr_fmt(id->addr), known_by(id, (char[64]){0}, 64));
	return refuse_card(id, home, m, moved, err);
}

/* --- the function --- */

int via_identity_find(const struct via_inventory *inv, const struct via_identity *id,
	const struct via_device **ret, struct via_err *err)
{
	const struct via_device *card = NULL, *d;
	int r = find_card(inv, id, &card, err);

	if (r)
		return r;
	d = id->is_vf ? via_inventory_vf(inv, card, id->vf_index) : card;
	if (!d)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND,
			"%s is there and has no VF %u (that was %s); make its VFs again (viaduct "
			"apply)",
			via_addr_fmt(card->addr), id->vf_index, via_addr_fmt(id->addr));
	if (d->vendor != id->vendor || d->device != id->device)
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"%s is %04x:%04x now, and %04x:%04x was meant; release what was claimed on "
			"it",
			via_addr_fmt(d->addr), d->vendor, d->device, id->vendor, id->device);
	*ret = d;
	return 0;
}
