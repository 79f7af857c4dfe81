/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain's host devices as claims. Decided from its XML and what is known here alone. */
#include "model/alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/alloc_parts.h"
#include "model/claim_rules.h"

struct work {
	const struct via_world *w;
	const struct via_domain *dom;
	enum via_claim_origin origin;
	char name[65];		/* for people: as much of it as a message bears */
	struct via_addr *along; /* all its devices */
	struct via_domain_claims out;
};

/* One device of it. */
struct item {
	struct work *k;
	const struct via_domain_dev *dev;
	const struct via_claim *mine; /* the claim it has already; NULL */
	struct via_candidate c;
};

void via_domain_claims_finish(struct via_domain_claims *c)
{
	free(c->list);
	free(c->known);
	*c = (struct via_domain_claims){0};
}

static void work_finish(struct work *k)
{
	free(k->along);
	via_domain_claims_finish(&k->out);
}

static bool running(const struct work *k)
{
	return k->origin == VIA_CLAIM_ADOPTED;
}

static const char *element(const struct via_domain_dev *dev)
{
	return dev->pool	? "<interface type='network'>"
	       : dev->interface ? "<interface type='hostdev'>"
				: "<hostdev>";
}

/* --- the network --- */

/* Of the claim it has by request, else of our metadata, else (NULL) of the VF's configuration. */
static int network_of(struct item *it, const struct via_network_config **ret, struct via_err *err)
{
	const struct via_claim *mine = it->mine;
	const char *said = it->dev->network, *name = said;

	if (mine && mine->origin == VIA_CLAIM_REQUEST && *mine->network) {
		if (*said && strcmp(said, mine->network))
			return via_err_set(err, VIA_REFUSED_CONFLICT,
				"the metadata says network %s, and it is claimed for network %s; "
				"name that one in the metadata, or release the claim",
				said, mine->network);
		name = mine->network;
	}
	*ret = *name ? via_config_network(it->k->w->config, name) : NULL;
	if (*name && !*ret && !running(it->k))
		return via_alloc_unknown_network(it->k->w->config, name, err);
	return 0;
}

/* A policy that nobody would put into effect. */
static int check_applies(const struct item *it, struct via_err *err)
{
	if (!it->c.network || running(it->k))
		return 0;
	if (it->c.whole)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"network %s cannot be put into effect on it, as it is no VF; name one, or "
			"take the network out of the metadata",
			it->c.network->name);
	if (it->c.entry && !it->c.entry->verify_only)
		return via_alloc_on_network(&it->c, err);
	return via_err_set(err, VIA_REFUSED_VERIFY_ONLY,
		"network %s cannot be put into effect on it, as no entry of \"pfs\" %s its PF; add "
		"one, or take the network out of the metadata",
		it->c.network->name, it->c.entry ? "sets (\"verify_only\")" : "manages");
}

/* --- MAC and VLAN --- */

/* The virtio NIC it teams with has the same address (net_failover matches by it). */
static const struct via_mac *partner_mac(const struct item *it)
{
	const struct via_domain *dom = it->k->dom;

	for (size_t i = 0; *it->dev->partner && i < dom->n_nics; i++)
		if (dom->nics[i].has_mac && !strcmp(dom->nics[i].alias, it->dev->partner))
			return &dom->nics[i].mac;
	return NULL;
}

/* libvirt sets the one of an interface's XML, whatever anybody else does. */
static const struct via_mac *given_mac(const struct item *it)
{
	const uint32_t bit = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
	const struct via_mac *partner = partner_mac(it);

	if (it->dev->has_mac)
		return &it->dev->mac;
	if (partner)
		return partner;
	return it->mine && (it->mine->wanted.known & bit) ? &it->mine->wanted.mac : NULL;
}

static void take_xml_vlan(const struct via_domain_dev *dev, struct via_vf_attrs *wanted)
{
	const struct via_vf_attrs xml = {
		.vlan = dev->n_tags ? dev->tag : 0, .vlan_proto = VIA_VLAN_PROTO_8021Q};

	via_vf_attrs_copy(wanted, &xml, VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
}

static const char *policy_name(const struct item *it, char buf[80])
{
	if (it->c.want.network)
		snprintf(buf, 80, "network %.64s", it->c.want.network);
	else
		snprintf(buf, 80, "the configuration of the VF");
	return buf;
}

static int wrong_vlan(const struct item *it, const struct via_vf_attrs *want, struct via_err *err)
{
	char who[80], has[64];

	if (it->dev->n_tags)
		snprintf(has, sizeof(has), "<tag id='%u'/>", it->dev->tag);
	else
		snprintf(has, sizeof(has), "no <vlan>");
	if (!want->vlan)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"%s has no VLAN, and the XML has %s, which libvirt would set; take <vlan> "
			"out "
			"of it, or name the network with that VLAN",
			policy_name(it, who), has);
	return via_err_set(err, VIA_REFUSED_INVALID,
		"%s has VLAN %u, and the XML has %s: libvirt would take it away again, and the VM "
		"would not be in its VLAN; put <vlan><tag id='%u'/></vlan> into the <interface>",
		policy_name(it, who), want->vlan, has, want->vlan);
}

/*
 * libvirt sets the VLAN of an <interface> in any case, to none where the XML has none, and with
 * priority 0 and 802.1Q (virNetDevSetVfConfig). A plain <hostdev> it leaves alone.
 */
static int check_vlan(const struct item *it, struct via_claim *claim, struct via_err *err)
{
	bool configured = (it->c.entry ? it->c.want.attrs.known : claim->wanted.known) &
			  VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	const struct via_vf_attrs *want = &claim->wanted;
	const struct via_domain_dev *dev = it->dev;
	char who[80];

	if (!dev->interface || !claim->managed || claim->whole)
		return 0;
	if (running(it->k)) {
		if (!configured)
			take_xml_vlan(dev, &claim->wanted);
		return 0;
	}
	if (dev->trunk || dev->n_tags > 1)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"a VF has one VLAN, no trunk; leave one <tag> in its <vlan>");
	if (!configured) {
		take_xml_vlan(dev, &claim->wanted);
		return 0;
	}
	if (want->qos || (want->vlan && want->vlan_proto == VIA_VLAN_PROTO_8021AD))
		return via_err_set(err, VIA_REFUSED_INVALID,
			"%s has a VLAN with %s, and libvirt would set it back to %s; use "
			"<hostdev mode='subsystem' type='pci'> in place of the <interface>",
			policy_name(it, who), want->qos ? "a priority" : "802.1ad",
			want->qos ? "priority 0" : "802.1Q");
	return want->vlan == (dev->n_tags ? dev->tag : 0) ? 0 : wrong_vlan(it, want, err);
}

/* --- one device --- */

/* What of the claim it has stays: who made it, when, and where the driver goes back to. */
static void keep_known(const struct via_claim *mine, struct via_claim *claim)
{
	claim->generation = mine->generation;
	claim->origin = mine->origin;
	claim->state = mine->state;
	claim->since_us = mine->since_us;
	memcpy(claim->driver_before, mine->driver_before, sizeof(claim->driver_before));
	if (mine->has_driver && !claim->has_driver) {
		claim->has_driver = true;
		memcpy(claim->wanted_driver, mine->wanted_driver, sizeof(claim->wanted_driver));
	}
}

/* One of no entry (a NIC, or one whose entry was taken out since) is ours if it was ours by
 * request, and as it was then; a VM that starts does not change that. */
static void keep_ours(const struct via_claim *mine, struct via_claim *claim)
{
	claim->managed = mine->managed;
	claim->wanted = mine->wanted;
	memcpy(claim->network, mine->network, sizeof(claim->network));
}

static int add(struct work *k, const struct via_claim *claim, bool known)
{
	k->out.list[k->out.n] = *claim;
	k->out.known[k->out.n++] = known;
	return 0;
}

static int check(const struct item *it, struct via_err *err)
{
	enum via_obstacle what;

	if (it->c.entry && !it->c.entry->verify_only)
		return via_candidate_check(&it->c, &what, err);
	return it->mine ? 0 : via_candidate_unclaimed(&it->c, &what, err);
}

static int make_claim(struct item *it, struct via_err *err)
{
	struct via_claim claim;
	enum via_obstacle what;
	int r;

	via_candidate_claim(&it->c, given_mac(it), it->k->origin, &claim);
	if (it->mine && !it->c.entry)
		keep_ours(it->mine, &claim);
	r = check_vlan(it, &claim, err);
	if (r == 0 && claim.managed)
		r = via_candidate_check_all(&it->c,
			claim.wanted.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC) ? &claim.wanted.mac
									   : NULL,
			&what, err);
	if (r)
		return r;
	if (claim.managed && !it->dev->managed && !running(it->k))
		via_candidate_driver(&it->c, &claim);
	if (it->dev->pool)
		via_claim_set(claim.reason, sizeof(claim.reason),
			"libvirt chose it from a network of its own");
	if (it->mine)
		keep_known(it->mine, &claim);
	return add(it->k, &claim, it->mine);
}

/* --- the line to put into the XML instead --- */

static bool is_along(const struct work *k, struct via_addr a)
{
	for (size_t i = 0; i < k->dom->n_devs; i++)
		if (via_addr_eq(k->along[i], a))
			return true;
	return false;
}

static void suggest(const struct item *it, struct via_err *err)
{
	const struct via_alloc_request q = {.network = it->c.want.network,
		.numa = it->k->dom->numa,
		.nodes = it->k->dom->nodes};
	size_t len = err ? strlen(err->msg) : 0;
	struct via_claim other;
	struct via_addr a;

	if (!err || !q.network || running(it->k) || via_alloc(it->k->w, &q, &other, NULL) ||
		is_along(it->k, other.fn.addr))
		return;
	a = other.fn.addr;
	snprintf(err->msg + len, sizeof(err->msg) - len,
		"; free in network %s: <address type='pci' domain='0x%04x' bus='0x%02x' "
		"slot='0x%02x' function='0x%x'/>",
		q.network, a.domain, a.bus, a.dev, a.fn);
}

static bool another_would_do(int r)
{
	return r == VIA_REFUSED_CLAIMED || r == VIA_REFUSED_QUARANTINED ||
	       r == VIA_REFUSED_IN_USE || r == VIA_REFUSED_DRAINING || r == VIA_REFUSED_BLOCKED ||
	       r == VIA_REFUSED_BUSY || r == VIA_REFUSED_NO_FREE_VF;
}

static int judge(struct item *it, const struct via_device *d, struct via_err *err)
{
	struct via_alloc_request need = {.has_device = true,
		.device = d->addr,
		.numa = it->k->dom->numa,
		.nodes = it->k->dom->nodes};
	const struct via_network_config *network = NULL;
	int r = network_of(it, &network, err);

	if (r)
		return r;
	via_candidate_init(&it->c, it->k->w, d, network);
	it->c.uuid = it->k->dom->uuid;
	it->c.name = it->k->dom->name;
	it->c.along = it->k->along;
	it->c.n_along = it->k->dom->n_devs;
	it->c.running = running(it->k);
	it->c.mine = it->mine;
	it->c.req = &need;
	r = check_applies(it, err);
	if (r == 0)
		r = check(it, err);
	if (r == 0)
		r = make_claim(it, err);
	if (another_would_do(r))
		suggest(it, err);
	it->c.req = NULL;
	return r;
}

static const struct via_claim *own_claim(const struct work *k, struct via_addr a)
{
	const struct via_claim *c = via_claims_at(k->w->claims, a);

	return c && c->state == VIA_CLAIM_ACTIVE && via_claim_is_of(c, k->dom->uuid, k->dom->name)
		       ? c
		       : NULL;
}

/*
 * What the VM has is a card's function, not whatever stands at the address by now. A card that
 * shows nothing (it is on vfio) speaks neither for nor against it, unless the one meant is
 * elsewhere.
 */
static int check_mine(const struct via_inventory *inv, const struct via_claim *mine,
	const struct via_device *d, struct via_err *err)
{
	enum via_identity_match m = via_identity_compare(inv, d, &mine->fn);
	const struct via_device *now = NULL;
	int r;

	if (m == VIA_IDENTITY_SAME)
		return 0;
	r = via_identity_find(inv, &mine->fn, &now, err);
	if (r == 0 && now != d)
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"its card has moved: what is claimed for it is at %s now; put that address "
			"into the XML",
			via_addr_fmt(now->addr));
	return m == VIA_IDENTITY_BLIND && !via_identity_moved(inv, &mine->fn) ? 0 : r;
}

static int take_dev(struct work *k, size_t i, struct via_err *err)
{
	const struct via_domain_dev *dev = &k->dom->devs[i];
	const struct via_device *d = via_inventory_device(k->w->inv, dev->addr);
	struct item it = {.k = k, .dev = dev, .mine = own_claim(k, dev->addr)};
	int r;

	for (size_t j = 0; j < i; j++)
		if (via_addr_eq(k->along[j], dev->addr))
			return via_err_set(err, VIA_REFUSED_INVALID,
				"another element of the domain names it too; keep one of them");
	/* What runs runs: a device that is gone is for the reconciliation to tell. */
	if (!d)
		return running(k) ? 0
				  : via_err_set(err, VIA_REFUSED_NOT_FOUND,
					    "there is no such device on this host; viaduct list "
					    "names those there are");
	if (!d->is_nic)
		return 0;
	r = it.mine && !running(k) ? check_mine(k->w->inv, it.mine, d, err) : 0;
	return r ? r : judge(&it, d, err);
}

/* --- all of them --- */

/* Is the NIC the other half of the function's teaming pair? */
static bool teams(const struct work *k, struct via_addr addr, const struct via_domain_nic *nic)
{
	const struct via_domain *dom = k->dom;

	for (size_t i = 0; *nic->alias && i < dom->n_devs; i++)
		if (via_addr_eq(dom->devs[i].addr, addr))
			return !strcmp(dom->devs[i].partner, nic->alias);
	return false;
}

/* The domain does not run yet: what is known of those that do does not tell of its own NICs. */
static int check_nics(const struct work *k, const struct via_claim *c, struct via_err *err)
{
	struct via_mac mac;

	for (size_t i = 0; via_claim_mac(c, &mac) && i < k->dom->n_nics; i++) {
		const struct via_domain_nic *nic = &k->dom->nics[i];

		if (nic->has_mac && via_mac_eq(nic->mac, mac) && !teams(k, c->fn.addr, nic))
			return via_err_set(err, VIA_REFUSED_DUPLICATE_MAC,
				"domain %s: %s and its NIC %s would both have MAC %s; give one of "
				"them another <mac address='…'/>, or make them a teaming pair "
				"(<teaming type='persistent'/> and an alias ua-… on the NIC, "
				"<teaming type='transient' persistent='ua-…'/> on the function)",
				k->name, via_addr_fmt(c->fn.addr),
				*nic->alias ? nic->alias : nic->type, via_mac_fmt(mac));
	}
	return 0;
}

static int check_macs(const struct work *k, struct via_err *err)
{
	const uint32_t bit = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);

	for (size_t i = 0; i < k->out.n; i++) {
		const struct via_claim *a = &k->out.list[i];
		int r = running(k) ? 0 : check_nics(k, a, err);

		if (r)
			return r;
		for (size_t j = 0; j < i; j++) {
			const struct via_claim *b = &k->out.list[j];

			if ((a->wanted.known & b->wanted.known & bit) &&
				via_mac_eq(a->wanted.mac, b->wanted.mac))
				return via_err_set(err, VIA_REFUSED_DUPLICATE_MAC,
					"domain %s: %s and %s would both have MAC %s; give one "
					"of them another <mac address='…'/>",
					k->name, via_addr_fmt(b->fn.addr), via_addr_fmt(a->fn.addr),
					via_mac_fmt(a->wanted.mac));
		}
	}
	return 0;
}

static int begin(struct work *k, struct via_err *err)
{
	size_t n = k->dom->n_devs ? k->dom->n_devs : 1;

	via_claim_text(k->name, sizeof(k->name), k->dom->name);
	k->along = calloc(n, sizeof(*k->along));
	k->out.list = calloc(n, sizeof(*k->out.list));
	k->out.known = calloc(n, sizeof(*k->out.known));
	if (!k->along || !k->out.list || !k->out.known)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < k->dom->n_devs; i++)
		k->along[i] = k->dom->devs[i].addr;
	return 0;
}

int via_alloc_domain(const struct via_world *w, const struct via_domain *dom,
	enum via_claim_origin origin, struct via_domain_claims *ret, struct via_err *err)
{
	VIA_CLEANUP(work_finish) struct work k = {.w = w, .dom = dom, .origin = origin};
	int r = begin(&k, err);

	for (size_t i = 0; i < dom->n_devs && r == 0; i++) {
		r = take_dev(&k, i, err);
		if (r > 0)
			via_err_prefix(err, "domain %s, %s with source %s", k.name,
				element(&dom->devs[i]), via_addr_fmt(dom->devs[i].addr));
	}
	if (r == 0)
		r = check_macs(&k, err);
	if (r)
		return r;
	*ret = k.out;
	k.out = (struct via_domain_claims){0};
	return 0;
}
