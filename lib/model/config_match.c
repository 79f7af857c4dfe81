/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which entry of the configuration a PF belongs to. */
#include "model/config.h"

#include <string.h>

/* Whoever owns another network namespace may call its devices what it likes: our names do not reach
 * there. A permanent MAC is the card's wherever it is. */
static bool match_name(
	const char *glob, const struct via_inventory *inv, const struct via_device *pf)
{
	for (size_t i = 0; i < inv->n_netdevs; i++) {
		const struct via_netdev *n = &inv->netdevs[i];

		if (n->has_dev && !n->netns && !n->representor && via_addr_eq(n->dev, pf->addr) &&
			via_glob_match(glob, n->name))
			return true;
	}
	return false;
}

static bool match_mac(
	struct via_mac mac, const struct via_inventory *inv, const struct via_device *pf)
{
	for (size_t i = 0; i < inv->n_netdevs; i++) {
		const struct via_netdev *n = &inv->netdevs[i];

		if (n->has_dev && !n->representor && n->has_perm_mac &&
			via_addr_eq(n->dev, pf->addr) && via_mac_eq(n->perm_mac, mac))
			return true;
	}
	return false;
}

static bool match_ids(const struct via_selector *s, const struct via_device *pf)
{
	return (!s->has_address || via_addr_eq(s->address, pf->addr)) &&
	       (!s->has_vendor || s->vendor == pf->vendor) &&
	       (!s->has_device || s->device == pf->device);
}

bool via_selector_match(
	const struct via_selector *s, const struct via_inventory *inv, const struct via_device *pf)
{
	if (pf->kind != VIA_DEVICE_PF || !match_ids(s, pf))
		return false;
	if (s->driver && (!pf->driver || strcmp(s->driver, pf->driver)))
		return false;
	if (s->id_path && (!pf->id_path || !via_glob_match(s->id_path, pf->id_path)))
		return false;
	if (s->has_mac && !match_mac(s->mac, inv, pf))
		return false;
	return !s->name || match_name(s->name, inv, pf);
}

static const struct via_pf_config *match_from(const struct via_config *c, size_t from,
	const struct via_inventory *inv, const struct via_device *pf)
{
	for (size_t i = from; i < c->n_pfs; i++)
		if (via_selector_match(&c->pfs[i].match, inv, pf))
			return &c->pfs[i];
	return NULL;
}

const struct via_pf_config *via_config_for(
	const struct via_config *c, const struct via_inventory *inv, const struct via_device *pf)
{
	return match_from(c, 0, inv, pf);
}

static int conflict(const struct via_device *pf, const struct via_pf_config *a,
	const struct via_pf_config *b, struct via_err *err)
{
	return via_err_set(err, VIA_REFUSED_CONFLICT,
		"%s is matched by two entries: %s:%u (%s) and %s:%u (%s); narrow the selector of "
		"one",
		via_addr_fmt(pf->addr), a->place.file, a->place.line, a->place.pointer,
		b->place.file, b->place.line, b->place.pointer);
}

/* Conflicts first: a caller that acts in fn must not have begun when one shows up. */
static int check_conflicts(
	const struct via_config *c, const struct via_inventory *inv, struct via_err *err)
{
	for (size_t i = 0; i < inv->n_devices; i++) {
		const struct via_device *d = &inv->devices[i];
		const struct via_pf_config *a = match_from(c, 0, inv, d), *b;

		b = a ? match_from(c, (size_t)(a - c->pfs) + 1, inv, d) : NULL;
		if (b)
			return conflict(d, a, b, err);
	}
	return 0;
}

int via_config_match(const struct via_config *c, const struct via_inventory *inv,
	int (*fn)(const struct via_pf_config *pf, const struct via_device *dev, void *user),
	void *user, struct via_err *err)
{
	int r = check_conflicts(c, inv, err);

	for (size_t i = 0; i < inv->n_devices && r == 0; i++) {
		const struct via_pf_config *pf = match_from(c, 0, inv, &inv->devices[i]);

		if (pf)
			r = fn(pf, &inv->devices[i], user);
	}
	return r;
}
