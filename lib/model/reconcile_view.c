/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known about a claim: the host's word, libvirt's word, and how old it is. */
#include "model/reconcile_view.h"

#include <string.h>
#include <strings.h>

bool via_reconcile_busy(const struct via_reconcile_input *in, struct via_addr addr)
{
	return in->busy && in->busy(addr, in->user);
}

bool via_reconcile_has(const struct via_domain *d, struct via_addr addr)
{
	for (size_t i = 0; i < d->n_devs; i++)
		if (via_addr_eq(d->devs[i].addr, addr))
			return true;
	return false;
}

/* By UUID; by name where its command line says no UUID. */
bool via_reconcile_is_own(const struct via_claim *c, const struct via_holder *h)
{
	if (h->kind != VIA_HOLDER_DOMAIN || !c->uuid[0])
		return false;
	if (h->detail && h->detail[0])
		return !strcasecmp(h->detail, c->uuid);
	return h->name && c->name[0] && !strcmp(h->name, c->name);
}

bool via_reconcile_is_fresh(const struct via_reconcile_input *in, const struct via_claim *c)
{
	const struct via_domains *d = in->world.domains;
	int64_t changed = in->claimed_ms ? in->claimed_ms(c->generation, in->user) : 0;

	return d && d->connected && d->taken_ms > changed;
}

static void look_at_boot(const struct via_inventory *inv, struct via_reconcile_view *v)
{
	const char *now = inv->host.boot_id, *then = v->claim->boot_id;

	/* What is not known is no other boot. */
	v->earlier_boot = now && now[0] && then[0] && strcmp(now, then) != 0;
}

static void look_at_function(const struct via_inventory *inv, struct via_reconcile_view *v)
{
	const struct via_identity *id = &v->claim->fn;
	const struct via_device *there = via_inventory_device(inv, id->addr);
	bool blind = there && via_identity_compare(inv, there, id) == VIA_IDENTITY_BLIND;
	size_t moved;

	if (via_identity_find(inv, id, &v->dev, &v->why) == 0)
		return;
	moved = via_identity_moved(inv, id);
	v->unsure = blind || moved > 1;
	/* A function given away shows no net device. Addresses only move when the host boots or a
	 * card is changed; nothing says that one was. */
	if (blind && !moved && !v->earlier_boot)
		v->dev = there;
}

static void look_at_holders(struct via_reconcile_view *v)
{
	for (size_t i = 0; v->dev && i < v->dev->n_holders; i++) {
		const struct via_holder *h = &v->dev->holders[i];

		if (via_reconcile_is_own(v->claim, h))
			v->held_by_own = true;
		else if (!v->foreign)
			v->foreign = h;
	}
}

/* One that cannot be read may have whatever is claimed for it. */
static bool may_have(const struct via_domain *d, const struct via_claim *c, struct via_addr addr)
{
	return via_reconcile_has(d, addr) || (d->unread && !strcmp(d->uuid, c->uuid));
}

/* An old listing still counts as a sign that the claim's own VM runs: nothing is taken away from
 * one that may. Against somebody it is only used when it is newer than the claim. */
static void look_at_domains(const struct via_reconcile_input *in, struct via_reconcile_view *v)
{
	const struct via_domains *d = in->world.domains;
	struct via_addr addr = v->dev ? v->dev->addr : v->claim->fn.addr;

	v->fresh = via_reconcile_is_fresh(in, v->claim);
	for (size_t i = 0; d && i < d->n; i++) {
		const struct via_domain *dom = &d->list[i];

		if (!dom->active || !may_have(dom, v->claim, addr))
			continue;
		if (!strcmp(dom->uuid, v->claim->uuid))
			v->own = dom;
		else if (v->fresh)
			v->other = dom;
	}
}

void via_reconcile_look(const struct via_reconcile_input *in, const struct via_claim *c,
	struct via_reconcile_view *ret)
{
	*ret = (struct via_reconcile_view){.claim = c};
	look_at_boot(in->world.inv, ret);
	look_at_function(in->world.inv, ret);
	look_at_holders(ret);
	look_at_domains(in, ret);
}
