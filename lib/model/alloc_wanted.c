/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a function is to be for its VM, and the claim that says so. */
#include "model/alloc_parts.h"

#include <stdio.h>
#include <string.h>

#include "model/policy.h"

void via_claim_set(char *dst, size_t size, const char *src)
{
	snprintf(dst, size, "%s", src ? src : "");
}

void via_world_driver(const struct via_world *w, const struct via_device *dev,
	enum via_driver_choice choice, char buf[VIA_DRIVER_MAX])
{
	*buf = '\0';
	if (w->driver_for && w->driver_for(dev, choice, buf, VIA_DRIVER_MAX, w->user))
		*buf = '\0';
	if (!*buf && choice == VIA_DRIVER_VFIO)
		via_claim_set(buf, VIA_DRIVER_MAX, "vfio-pci");
}

/*
 * Safe unless told otherwise: no VLAN but the configured one (not the last owner's), only its own
 * addresses, no promiscuous mode. Rates and link state are not touched unless something names them:
 * drivers refuse a rate while there is no link.
 */
static void add_defaults(struct via_vf_attrs *a)
{
	static const struct via_vf_attrs safe = {
		.vlan_proto = VIA_VLAN_PROTO_8021Q, .spoofchk = true};
	const uint32_t mask = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) | VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK) |
			      VIA_ATTR_BIT(VIA_VF_ATTR_TRUST);

	via_vf_attrs_copy(a, &safe, mask & ~a->known);
}

static void set_mac(
	const struct via_candidate *c, const struct via_mac *given, struct via_vf_attrs *a)
{
	uint32_t bit = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);

	if (given)
		a->mac = *given;
	else if (!(a->known & bit) || via_mac_is_zero(a->mac))
		a->mac = via_config_vf_mac(c->entry, c->w->inv, c->pf, c->dev->vf_index);
	a->known |= bit;
}

/* A guest that runs keeps what it runs with, as far as nothing is configured. */
static void as_it_runs(
	const struct via_candidate *c, const struct via_mac *given, struct via_vf_attrs *a)
{
	const struct via_vf_state *s = via_inventory_vf_state(c->w->inv, c->dev);
	const uint32_t mac = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);

	if (s && (s->attrs.known & mac) && !via_mac_is_zero(s->attrs.mac))
		via_vf_attrs_copy(a, &s->attrs, mac);
	else if (given)
		set_mac(c, given, a);
	else
		a->known &= ~mac;
}

void via_candidate_wanted(
	const struct via_candidate *c, const struct via_mac *given, struct via_vf_attrs *ret)
{
	*ret = c->want.attrs;
	if (c->running) {
		as_it_runs(c, given, ret);
		return;
	}
	add_defaults(ret);
	set_mac(c, given, ret);
}

void via_candidate_driver(const struct via_candidate *c, struct via_claim *claim)
{
	if (via_policy_is_vfio(c->dev->driver))
		return;
	claim->has_driver = true;
	via_world_driver(c->w, c->dev, VIA_DRIVER_VFIO, claim->wanted_driver);
}

void via_candidate_claim(const struct via_candidate *c, const struct via_mac *given,
	enum via_claim_origin origin, struct via_claim *ret)
{
	struct via_claim claim = {.whole = c->whole,
		.state = VIA_CLAIM_PREPARING,
		.origin = origin,
		.managed =
			c->entry ? !c->entry->verify_only : c->whole && origin == VIA_CLAIM_REQUEST,
		.since_us = c->w->now_us,
		.changed_us = c->w->now_us};

	via_identity_of(c->w->inv, c->dev, &claim.fn);
	via_claim_set(claim.uuid, sizeof(claim.uuid), c->uuid);
	via_claim_set(claim.name, sizeof(claim.name), c->name);
	via_claim_set(claim.network, sizeof(claim.network), c->want.network);
	via_claim_set(claim.boot_id, sizeof(claim.boot_id), c->w->inv->host.boot_id);
	via_claim_set(claim.driver_before, sizeof(claim.driver_before), c->dev->driver);
	if (claim.managed && !claim.whole)
		via_candidate_wanted(c, given, &claim.wanted);
	*ret = claim;
}
