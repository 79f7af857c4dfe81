/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VFs a network has, and how they stand. */
#include "model/alloc_parts.h"

#include <string.h>

static bool names_it(const struct via_vf_config *v, const char *name)
{
	return v->network && !strcmp(v->network, name);
}

static bool entry_names(const struct via_pf_config *e, const char *name)
{
	if (names_it(&e->defaults, name))
		return true;
	for (size_t i = 0; i < e->n_ranges; i++)
		if (names_it(&e->ranges[i].vf, name))
			return true;
	return false;
}

void via_network_view_init(struct via_network_view *v, const struct via_world *w,
	const struct via_network_config *network)
{
	*v = (struct via_network_view){.w = w, .network = network};
	for (size_t i = 0; !network->n_uplinks && !v->named && i < w->config->n_pfs; i++)
		v->named = entry_names(&w->config->pfs[i], network->name);
}

int via_network_rank(const struct via_network_view *v, const struct via_pf_config *entry)
{
	if (!entry)
		return -1;
	if (!v->network->n_uplinks)
		return 0;
	for (size_t i = 0; entry->label && i < v->network->n_uplinks; i++)
		if (!strcmp(entry->label, v->network->uplinks[i]))
			return (int)i;
	return -1;
}

bool via_network_has(const struct via_network_view *v, const struct via_vf_wanted *want)
{
	return want->network ? !strcmp(want->network, v->network->name) : !v->named;
}

void via_network_names(const struct via_config *c, struct via_strbuf *b)
{
	if (!c->n_networks)
		via_strbuf_adds(b, "none");
	for (size_t i = 0; i < c->n_networks; i++) {
		if (b->len > 300) {
			via_strbuf_adds(b, ", …");
			return;
		}
		via_strbuf_addf(b, "%s%.64s", i ? ", " : "", c->networks[i].name);
	}
}

static void count_vf(const struct via_network_view *v, const struct via_candidate *c,
	struct via_network_use *use)
{
	enum via_obstacle what = VIA_OBSTACLE_NONE;
	const struct via_claim *claim = via_claims_at(v->w->claims, c->dev->addr);
	struct via_vf_attrs wanted;

	use->total++;
	if (claim) {
		*(claim->state == VIA_CLAIM_QUARANTINED ? &use->quarantined : &use->claimed) += 1;
		return;
	}
	if (!via_candidate_check(c, &what, NULL)) {
		via_candidate_wanted(c, NULL, &wanted);
		via_candidate_check_all(c, &wanted.mac, &what, NULL);
	}
	*(what == VIA_OBSTACLE_NONE ? &use->free : &use->unusable) += 1;
}

void via_alloc_network_use(
	const struct via_world *w, const struct via_network_config *n, struct via_network_use *ret)
{
	const struct via_alloc_request anybody = {.network = n->name};
	struct via_network_use use = {.network = n};
	struct via_network_view v;

	via_network_view_init(&v, w, n);
	for (size_t i = 0; i < w->inv->n_devices; i++) {
		const struct via_device *pf = &w->inv->devices[i];
		const struct via_pf_config *e =
			pf->sriov ? via_config_for(w->config, w->inv, pf) : NULL;

		if (via_network_rank(&v, e) < 0)
			continue;
		for (size_t k = 0; k < pf->sriov->n_vfs; k++) {
			const struct via_device *vf =
				via_inventory_device(w->inv, pf->sriov->vfs[k].addr);
			struct via_vf_wanted own;
			struct via_candidate c;

			if (!vf)
				continue;
			via_config_vf(w->config, e, w->inv, pf, vf->vf_index, &own);
			if (!via_network_has(&v, &own))
				continue;
			via_candidate_init(&c, w, vf, n);
			c.req = &anybody;
			count_vf(&v, &c, &use);
		}
	}
	*ret = use;
}
