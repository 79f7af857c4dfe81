/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function for one VM: the named one, or the best of a network. */
#include "model/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/alloc_parts.h"
#include "model/alloc_tally.h"

/* A VF that could be given away, and what makes it better than another. */
struct option {
	const struct via_device *dev;
	uint32_t rank;	   /* of its PF among the uplinks */
	uint32_t distance; /* from the VM's memory: 0 near, 1 unknown, 2 far */
	uint32_t load;	   /* claims on its PF */
};

struct search {
	const struct via_world *w;
	const struct via_alloc_request *req;
	const struct via_network_config *network;
	struct via_network_view view;
	struct option *options;
	size_t n;
	struct via_tally tally;
};

static void search_finish(struct search *s)
{
	free(s->options);
	via_tally_finish(&s->tally);
}

int via_alloc_unknown_network(
	const struct via_config *config, const char *name, struct via_err *err)
{
	via_autostrbuf names = VIA_STRBUF_INIT;

	via_network_names(config, &names);
	return via_err_set(err, VIA_REFUSED_INVALID,
		"there is no network \"%.64s\" in the configuration; configured are: %s", name,
		via_strbuf_str(&names));
}

static void candidate(const struct search *s, const struct via_device *dev, struct via_candidate *c)
{
	via_candidate_init(c, s->w, dev, s->network);
	c->req = s->req;
	c->uuid = s->req->uuid;
	c->name = s->req->name;
}

/* --- the best one --- */

static uint32_t distance(
	const struct search *s, const struct via_device *vf, const struct via_device *pf)
{
	int node = vf->numa_node >= 0 ? vf->numa_node : pf->numa_node;

	if (s->network->numa == VIA_NUMA_IGNORE || s->req->numa == VIA_NUMA_NONE || !s->req->nodes)
		return 0;
	if (node < 0)
		return 1;
	return node < 64 && (s->req->nodes >> node & 1) ? 0 : 2;
}

static uint32_t claims_on(const struct via_claims *claims, struct via_addr pf)
{
	uint32_t n = 0;

	for (size_t i = 0; i < claims->n; i++)
		n += claims->list[i].fn.is_vf && via_addr_eq(claims->list[i].fn.pf, pf);
	return n;
}

static int consider(struct search *s, const struct via_device *vf, struct option o)
{
	enum via_obstacle what;
	struct via_candidate c;
	int r;

	candidate(s, vf, &c);
	r = via_candidate_check(&c, &what, NULL);
	if (r > 0)
		via_tally_add(&s->tally, &c, what);
	if (r)
		return r < 0 ? r : 0;
	o.dev = vf;
	o.distance = distance(s, vf, c.pf);
	s->options[s->n++] = o;
	return 0;
}

static int consider_pf(struct search *s, const struct via_device *pf)
{
	const struct via_pf_config *e = via_config_for(s->w->config, s->w->inv, pf);
	int rank = via_network_rank(&s->view, e), r = 0;
	struct option o = {.rank = (uint32_t)rank};
	struct option *more;

	if (rank < 0)
		return 0;
	via_tally_pf(&s->tally, pf, e);
	more = reallocarray(s->options, s->n + pf->sriov->n_vfs + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->options = more;
	o.load = claims_on(s->w->claims, pf->addr);
	for (size_t i = 0; i < pf->sriov->n_vfs && r == 0; i++) {
		const struct via_device *vf =
			via_inventory_device(s->w->inv, pf->sriov->vfs[i].addr);
		struct via_vf_wanted own;

		if (!vf)
			continue;
		via_config_vf(s->w->config, e, s->w->inv, pf, vf->vf_index, &own);
		if (via_network_has(&s->view, &own))
			r = consider(s, vf, o);
		else
			via_tally_other(&s->tally, own.network);
	}
	return r;
}

static int order(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int by_function(const struct option *a, const struct option *b)
{
	int r = via_addr_cmp(a->dev->pf, b->dev->pf);

	return r ? r : order(a->dev->vf_index, b->dev->vf_index);
}

/* Fill the first uplink, and there the fullest PF. */
static int by_pack(const void *x, const void *y)
{
	const struct option *a = x, *b = y;
	int r = order(a->rank, b->rank);

	if (!r)
		r = order(a->distance, b->distance);
	if (!r)
		r = order(b->load, a->load);
	return r ? r : by_function(a, b);
}

/* Over all uplinks alike; among equals in their order. */
static int by_spread(const void *x, const void *y)
{
	const struct option *a = x, *b = y;
	int r = order(a->distance, b->distance);

	if (!r)
		r = order(a->load, b->load);
	if (!r)
		r = order(a->rank, b->rank);
	return r ? r : by_function(a, b);
}

/* The claim, once the last and dear checks have passed. */
static int settle(const struct via_candidate *c, struct via_claim *ret, enum via_obstacle *what,
	struct via_err *err)
{
	const struct via_mac *given = c->req->has_mac ? &c->req->mac : NULL;
	struct via_claim claim;
	int r;

	via_candidate_claim(c, given, VIA_CLAIM_REQUEST, &claim);
	r = via_candidate_check_all(c, &claim.wanted.mac, what, err);
	if (r)
		return r;
	if (c->req->driver)
		via_candidate_driver(c, &claim);
	*ret = claim;
	return 0;
}

static int take_best(struct search *s, struct via_claim *ret, struct via_err *err)
{
	if (s->n)
		qsort(s->options, s->n, sizeof(*s->options),
			s->network->spread ? by_spread : by_pack);
	for (size_t i = 0; i < s->n; i++) {
		enum via_obstacle what = VIA_OBSTACLE_NONE;
		struct via_candidate c;
		int r;

		candidate(s, s->options[i].dev, &c);
		r = settle(&c, ret, &what, err);
		/* A MAC that was asked for is as wrong on the next one. */
		if (r <= 0 || (what == VIA_OBSTACLE_MAC && s->req->has_mac))
			return r;
		via_tally_add(&s->tally, &c, what);
	}
	return via_tally_refuse(&s->tally, s->w, s->network, err);
}

static int search(const struct via_world *w, const struct via_alloc_request *req,
	const struct via_network_config *network, struct via_claim *ret, struct via_err *err)
{
	VIA_CLEANUP(search_finish)
	struct search s = {.w = w, .req = req, .network = network};
	int r = 0;

	via_network_view_init(&s.view, w, network);
	for (size_t i = 0; i < w->inv->n_devices && r == 0; i++)
		if (w->inv->devices[i].sriov)
			r = consider_pf(&s, &w->inv->devices[i]);
	if (r)
		return via_err_set(err, r, "cannot look for a VF: %s", strerror(-r));
	return take_best(&s, ret, err);
}

/* --- a named one --- */

int via_alloc_on_network(const struct via_candidate *c, struct via_err *err)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	struct via_network_view v;
	struct via_vf_wanted own;

	if (!c->network || c->whole || !c->entry)
		return 0;
	/* Whoever configured this very VF for the network knows its wire. */
	via_config_vf(c->w->config, c->entry, c->w->inv, c->pf, c->dev->vf_index, &own);
	if (own.network && !strcmp(own.network, c->network->name))
		return 0;
	via_network_view_init(&v, c->w, c->network);
	if (via_network_rank(&v, c->entry) >= 0)
		return 0;
	for (size_t i = 0; i < c->network->n_uplinks && b.len < 200; i++)
		via_strbuf_addf(&b, "%s%.64s", i ? ", " : "", c->network->uplinks[i]);
	return via_err_set(err, VIA_REFUSED_INVALID,
		"%s is a VF of %s%s%.64s%s, which is no uplink of network %s (they are: %s): the "
		"VM "
		"would be on the wrong wire; name a VF of an uplink, or add this one to "
		"\"uplinks\"",
		via_addr_fmt(c->dev->addr), via_addr_fmt(c->pf->addr), c->entry->label ? " (" : "",
		c->entry->label ? c->entry->label : "", c->entry->label ? ")" : "",
		c->network->name, via_strbuf_str(&b));
}

/* Nobody would put it into effect: its VM has the whole port. */
static int check_whole(const struct via_candidate *c, struct via_err *err)
{
	const char *addr = via_addr_fmt(c->dev->addr);

	if (c->network)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"network %s cannot be put into effect on %s, as it is given away whole; "
			"claim one of its VFs, or name no network",
			c->network->name, addr);
	if (c->req->has_mac)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"MAC %s cannot be set on %s, as it is given away whole and its VM sets "
			"that itself; claim one of its VFs, or name no MAC",
			via_mac_fmt(c->req->mac), addr);
	return 0;
}

static int check_kind(const struct via_candidate *c, struct via_err *err)
{
	const char *addr = via_addr_fmt(c->dev->addr);

	if (!c->dev->is_nic)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"%s is no NIC; viaduct bind passes other devices through", addr);
	if (c->whole && c->req->whole)
		return check_whole(c, err);
	if (c->whole == c->req->whole)
		return 0;
	return c->whole ? via_err_set(err, VIA_REFUSED_INVALID,
				  "%s is no VF but a whole %s; say --whole to give it away as such",
				  addr, c->dev->kind == VIA_DEVICE_PF ? "PF" : "NIC")
			: via_err_set(err, VIA_REFUSED_INVALID,
				  "%s is a VF; only a PF or a NIC is given away whole", addr);
}

static int take_named(const struct via_world *w, const struct via_alloc_request *req,
	const struct via_network_config *network, struct via_claim *ret, struct via_err *err)
{
	const struct via_device *dev = via_inventory_device(w->inv, req->device);
	struct search s = {.w = w, .req = req, .network = network};
	enum via_obstacle what;
	struct via_candidate c;
	int r;

	if (!dev)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND,
			"there is no device %s; viaduct list names those there are",
			via_addr_fmt(req->device));
	candidate(&s, dev, &c);
	r = check_kind(&c, err);
	if (r == 0)
		r = via_candidate_check(&c, &what, err);
	if (r == 0)
		r = via_alloc_on_network(&c, err);
	return r ? r : settle(&c, ret, &what, err);
}

int via_alloc(const struct via_world *w, const struct via_alloc_request *req, struct via_claim *ret,
	struct via_err *err)
{
	const struct via_network_config *network =
		req->network ? via_config_network(w->config, req->network) : NULL;

	if (req->network && !network)
		return via_alloc_unknown_network(w->config, req->network, err);
	if (!req->network && !req->has_device)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"which function is to be claimed? name a network or a device");
	if (req->whole && !req->has_device)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"which PF or NIC is to be claimed whole? name the device");
	return req->has_device ? take_named(w, req, network, ret, err)
			       : search(w, req, network, ret, err);
}
