/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two functions with one MAC on one wire are an outage: is this one still free? */
#include "model/claim_rules.h"

#include <stdio.h>
#include <string.h>

#include "model/policy.h"

struct search {
	const struct via_claims *claims;
	const struct via_inventory *inv;
	const struct via_domains *domains;
	struct via_mac mac;
	struct via_addr self;
	const char *uuid;
	struct via_err *err;
};

static int found(const struct search *s, const char *who, const char *help)
{
	return via_err_set(s->err, VIA_REFUSED_DUPLICATE_MAC, "MAC %s for %s is taken: %s; %s",
		via_mac_fmt(s->mac), via_addr_fmt(s->self), who, help);
}

/* --- claims --- */

static int check_claims(const struct search *s)
{
	char who[VIA_CLAIM_VM_MAX + 80], vm[VIA_CLAIM_VM_MAX];
	struct via_mac mac;

	for (size_t i = 0; i < s->claims->n; i++) {
		const struct via_claim *c = &s->claims->list[i];

		if (via_addr_eq(c->fn.addr, s->self) || !via_claim_mac(c, &mac) ||
			!via_mac_eq(mac, s->mac))
			continue;
		/* Its last function, on the way back: the host says whether the MAC is still on it.
		 */
		if (!via_claim_is_live(c) && !strcmp(c->uuid, s->uuid))
			continue;
		snprintf(who, sizeof(who), "%s has it with %s (%s)", via_claim_vm_text(c, vm),
			via_addr_fmt(c->fn.addr), via_claim_state_name(c->state));
		return found(s, who, "use another MAC, or release that claim first");
	}
	return 0;
}

/* --- VFs, as their PFs see them --- */

/* Who is to blame for a VF that shows the MAC, and what helps. */
static int refuse_vf(const struct search *s, const struct via_device *pf, uint32_t index,
	const struct via_device *vf)
{
	const struct via_claim *c = vf ? via_claims_at(s->claims, vf->addr) : NULL;
	char who[VIA_CLAIM_VM_MAX + 200], text[VIA_CLAIM_VM_MAX];
	int n = snprintf(who, sizeof(who), "VF %u of %s (%s) has it", index, via_addr_fmt(pf->addr),
		vf ? via_addr_fmt(vf->addr) : "not there");
	char *end = who + n;
	size_t left = sizeof(who) - (size_t)n;

	if (c) {
		snprintf(end, left, ", claimed by %s (%s)", via_claim_vm_text(c, text),
			via_claim_state_name(c->state));
		return found(s, who,
			via_claim_is_live(c)
				? "use another MAC, or release that claim first"
				: "it has to come clean first: see viaduct quarantine list, "
				  "and clear it");
	}
	if (vf && vf->n_holders) {
		snprintf(end, left, ", held by %s",
			via_holder_text(&vf->holders[0], text, sizeof(text)));
		return found(s, who, "use another MAC, or stop what holds it");
	}
	snprintf(end, left,
		", and nobody has claimed that: it was left behind "
		"there, or the configuration gives it that MAC");
	return found(s, who,
		"take it off (ip link set dev PF vf N mac 00:00:00:00:00:00, or viaduct apply), or "
		"use "
		"that VF");
}

static int check_pf_vfs(const struct search *s, const struct via_device *pf)
{
	for (size_t i = 0; i < pf->sriov->n_vf_info; i++) {
		const struct via_vf_state *v = &pf->sriov->vf_info[i];
		const struct via_device *vf;

		if (!(v->attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) ||
			!via_mac_eq(v->attrs.mac, s->mac))
			continue;
		vf = via_inventory_vf(s->inv, pf, v->index);
		if (!vf || !via_addr_eq(vf->addr, s->self))
			return refuse_vf(s, pf, v->index, vf);
	}
	return 0;
}

static int check_vfs(const struct search *s)
{
	int r = 0;

	for (size_t i = 0; i < s->inv->n_devices && r == 0; i++)
		if (s->inv->devices[i].sriov)
			r = check_pf_vfs(s, &s->inv->devices[i]);
	return r;
}

/* --- net devices of the host --- */

static const struct via_domain *own_domain(const struct search *s)
{
	const struct via_domain *d = s->domains ? via_domains_find(s->domains, s->uuid) : NULL;

	return d && d->active ? d : NULL;
}

/* A tap or macvtap of its own VM: what its NIC is allowed, check_domains() says. */
static bool is_own_tap(const struct search *s, const struct via_netdev *n)
{
	const struct via_domain *d = own_domain(s);

	for (size_t i = 0; d && !n->netns && i < d->n_nics; i++)
		if (!strcmp(d->nics[i].target, n->name))
			return true;
	return false;
}

/* Its own net device; and what stands for it on the other side of a switch. */
static bool is_own_netdev(const struct search *s, const struct via_netdev *n)
{
	const struct via_device *self;

	if (n->has_dev && !n->representor && via_addr_eq(n->dev, s->self))
		return true;
	if (!n->representor || n->rep_vf < 0)
		return false;
	self = via_inventory_device(s->inv, s->self);
	return self && self->kind == VIA_DEVICE_VF && via_addr_eq(n->rep_pf, self->pf) &&
	       (uint32_t)n->rep_vf == self->vf_index;
}

static int check_netdevs(const struct search *s)
{
	char who[160];

	for (size_t i = 0; i < s->inv->n_netdevs; i++) {
		const struct via_netdev *n = &s->inv->netdevs[i];
		bool now = via_mac_eq(n->mac, s->mac);

		if (!now && !(n->has_perm_mac && via_mac_eq(n->perm_mac, s->mac)))
			continue;
		if (is_own_netdev(s, n) || is_own_tap(s, n))
			continue;
		snprintf(who, sizeof(who), "net device %s of the host%s%s%s has it%s", n->name,
			n->has_dev ? " (" : "", n->has_dev ? via_addr_fmt(n->dev) : "",
			n->has_dev ? ")" : "", now ? "" : " as its permanent address");
		return found(s, who, "use another MAC");
	}
	return 0;
}

/* --- domains --- */

static int refuse_nic(const struct search *s, const struct via_domain *d, const char *what)
{
	char who[VIA_DOMAIN_NAME_MAX + 256];
	bool own = !strcmp(d->uuid, s->uuid);

	snprintf(who, sizeof(who), "%s domain %s (UUID %s) has it on %s", own ? "its own" : "the",
		d->name, d->uuid, what);
	return found(s, who,
		own ? "two NICs of one domain may only share a MAC as a teaming pair: alias ua-… "
		      "with "
		      "<teaming type='persistent'/> on the one, <teaming type='transient' "
		      "persistent='ua-…'/> on the other"
		    : "use another MAC, or stop that domain");
}

/* Is the NIC the persistent half of a pair with the function? One that the domain does not name yet
 * will be given to it as the other half. */
static bool teams(
	const struct search *s, const struct via_domain *d, const struct via_domain_nic *nic)
{
	if (!nic->persistent || !nic->alias[0])
		return false;
	for (size_t i = 0; i < d->n_devs; i++)
		if (via_addr_eq(d->devs[i].addr, s->self))
			return !strcmp(d->devs[i].partner, nic->alias);
	return true;
}

static int check_domain(const struct search *s, const struct via_domain *d)
{
	bool own = !strcmp(d->uuid, s->uuid);
	char what[128];

	for (size_t i = 0; i < d->n_nics; i++) {
		const struct via_domain_nic *n = &d->nics[i];

		if (!n->has_mac || !via_mac_eq(n->mac, s->mac) || (own && teams(s, d, n)))
			continue;
		snprintf(what, sizeof(what), "its NIC %s",
			n->target[0]  ? n->target
			: n->alias[0] ? n->alias
				      : n->type);
		return refuse_nic(s, d, what);
	}
	for (size_t i = 0; i < d->n_devs; i++) {
		const struct via_domain_dev *v = &d->devs[i];

		if (!v->has_mac || !via_mac_eq(v->mac, s->mac) ||
			(own && via_addr_eq(v->addr, s->self)))
			continue;
		snprintf(what, sizeof(what), "its device %s", via_addr_fmt(v->addr));
		return refuse_nic(s, d, what);
	}
	return 0;
}

static int check_domains(const struct search *s)
{
	int r = 0;

	for (size_t i = 0; s->domains && i < s->domains->n && r == 0; i++)
		if (s->domains->list[i].active)
			r = check_domain(s, &s->domains->list[i]);
	return r;
}

int via_claims_mac_free(const struct via_claims *c, const struct via_inventory *inv,
	const struct via_domains *domains, struct via_mac mac, struct via_addr self,
	const char *uuid, struct via_err *err)
{
	struct search s = {c, inv, domains, mac, self, uuid, err};
	int r;

	if (via_mac_is_zero(mac))
		return 0;
	r = check_claims(&s);
	if (r == 0)
		r = check_vfs(&s);
	if (r == 0)
		r = check_netdevs(&s);
	return r ? r : check_domains(&s);
}
