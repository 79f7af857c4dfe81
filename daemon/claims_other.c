/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adoption, claims that are rewritten, drains. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "claims_work.h"

/* --- adoption --- */

static int64_t never(uint64_t generation, void *user)
{
	(void)generation;
	(void)user;
	return 0;
}

static bool not_due(const struct via_claim *c, void *user)
{
	(void)c;
	(void)user;
	return false;
}

static bool is_busy(struct via_addr addr, void *user)
{
	return via_claims_busy(user, addr);
}

static bool is_named(const struct via_inventory *inv, const char *what, const struct via_claim *c)
{
	const struct via_device *dev;
	char uuid[VIA_UUID_MAX];

	if (!what || !strcmp(what, c->name))
		return true;
	if (via_uuid_parse(what, uuid) == 0)
		return !strcmp(uuid, c->uuid);
	dev = via_resolve(inv, what);
	return dev && via_addr_eq(dev->addr, c->fn.addr);
}

/* Each for itself: one that cannot be adopted keeps no other from it. */
static int add_adopted(
	struct via_claim_work *w, const struct via_reconciliation *rec, struct via_err *err)
{
	int64_t now = via_now_us();
	struct via_err why;
	int r = 0;

	for (size_t i = 0; i < rec->n; i++) {
		struct via_claim c = rec->list[i].claim;
		int e;

		if (rec->list[i].kind != VIA_RECONCILE_ADOPT ||
			!is_named(via_daemon_inv(w->d), w->network, &c))
			continue;
		c.state = VIA_CLAIM_ACTIVE;
		c.since_us = c.changed_us = now;
		e = via_claims_add(&w->d->claims, &c, 1, &why);
		if (!e)
			w->list[w->n++] = c;
		if (e && !r) {
			r = e;
			*err = why;
		}
	}
	return w->n ? 0 : r;
}

static void on_adopted(void *user, int r, const struct via_err *err)
{
	struct via_claim_work *w = user;

	for (size_t i = 0; i < w->n && !r; i++) {
		char place[64], owner[VIA_CLAIM_TEXT], msg[640];

		snprintf(msg, sizeof(msg), "%s is claimed for %s, which runs with it",
			via_work_place(&w->list[i], place, sizeof(place)),
			via_work_owner(&w->list[i], owner, sizeof(owner)));
		via_work_event(w, VIA_EVENT_CLAIMED, &w->list[i], msg);
	}
	via_work_end(w, r, err);
}

static int find_adopted(struct via_claim_work *w, struct via_err *err)
{
	struct via_reconcile_input in = {
		.claimed_ms = never, .clean_due = not_due, .busy = is_busy, .user = w->d};
	struct via_reconciliation rec = {0};
	int r;

	if (w->looked) {
		*err = w->look_err;
		return w->looked;
	}
	via_claims_world(w->d, &in.world);
	r = via_reconcile(&in, &rec, err);
	if (!r && !via_work_room(w, rec.n))
		r = via_err_set(err, -ENOMEM, "out of memory");
	if (!r)
		r = add_adopted(w, &rec, err);
	via_reconciliation_finish(&rec);
	if (!r && !w->n && w->network)
		r = via_err_set(err, VIA_REFUSED_NOT_FOUND,
			"nothing that runs without a claim is called \"%.64s\"; give a VM's name "
			"or "
			"UUID, or a device that a VM holds",
			w->network);
	return r;
}

static void adopt(struct via_claim_work *w)
{
	struct via_claim_change *list;
	struct via_err err = {0};
	int r = find_adopted(w, &err);

	if (r || !w->n) {
		via_work_end(w, r, &err);
		return;
	}
	w->reserved = true;
	list = calloc(w->n, sizeof(*list));
	for (size_t i = 0; i < w->n && list; i++) {
		list[i].has = true;
		list[i].after = w->list[i];
	}
	if (list) {
		via_claims_record(w->d, list, w->n, on_adopted, w);
		return;
	}
	for (size_t i = 0; i < w->n; i++)
		(void)via_claims_drop(
			&w->d->claims, w->list[i].fn.addr, w->list[i].generation, NULL);
	via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
}

static void begin_adopt(struct via_claim_work *w)
{
	via_work_look(w, adopt);
}

void via_claims_adopt(struct via_daemon *d, const char *what, const char *cause,
	via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = via_work_create(d, cause, 0, done, user);
	struct via_err err;

	if (!w)
		return;
	w->begin = begin_adopt;
	w->network = what ? strdup(what) : NULL;
	if (what && !w->network)
		via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
	else
		via_work_begin(w);
}

/* --- rewriting --- */

static void on_rewritten(void *user, int r, const struct via_err *err)
{
	via_work_end(user, r, err);
}

struct rewriting {
	size_t n;
	struct via_claim_work **works;
};

/* Functions may have changed places with each other: all at once, or the one is in the other's way.
 */
static void all_rewritten(void *user, int r, const struct via_err *err)
{
	struct rewriting *all = user;

	for (size_t i = 0; i < all->n; i++)
		on_rewritten(all->works[i], r, err);
	free(all->works);
	free(all);
}

static int check_rewrite(const struct via_claim_work *w, struct via_err *err)
{
	const struct via_claim *c = via_claims_at(&w->d->claims, w->addr);

	if (!c)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND, "there is no claim on %s",
			via_addr_fmt(w->addr));
	if (c->generation != w->generation)
		return via_err_set(err, VIA_REFUSED_STALE,
			"the claim on %s has generation %llu by now", via_addr_fmt(w->addr),
			(unsigned long long)c->generation);
	if (via_work_at(w->d, w->addr, w) || via_work_at(w->d, w->now.fn.addr, w))
		return via_err_set(err, VIA_REFUSED_BUSY, "the claim on %s is being worked on",
			via_addr_fmt(w->addr));
	return 0;
}

static void rewrite_one(
	struct via_claim_work *w, struct rewriting *all, struct via_claim_change *list)
{
	struct via_err err;
	int r = check_rewrite(w, &err);

	w->parked = w->due = false;
	if (r) {
		via_work_end(w, r, &err);
		return;
	}
	list[all->n].had = list[all->n].has = true;
	list[all->n].before = *via_claims_at(&w->d->claims, w->addr);
	list[all->n].after = w->now;
	w->list[0] = w->now;
	w->n = 1;
	all->works[all->n++] = w;
}

static void reserve_rewritten(const struct rewriting *all)
{
	for (size_t i = 0; i < all->n; i++)
		all->works[i]->reserved = true;
}

/* The first of those that are parked takes all others along. */
static void begin_rewrite(struct via_claim_work *first)
{
	struct via_daemon *d = first->d;
	struct rewriting *all = calloc(1, sizeof(*all));
	struct via_claim_change *list;
	struct via_claim_work *w, *next;
	struct via_err err;
	size_t n = 0;

	for (w = d->works; w; w = w->next)
		n += w->rewrites;
	list = calloc(n + 1, sizeof(*list));
	if (all)
		all->works = calloc(n + 1, sizeof(struct via_claim_work *));
	if (!all || !all->works || !list) {
		if (all)
			free(all->works);
		free(all);
		free(list);
		via_work_end(first, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	for (w = d->works; w; w = next) {
		next = w->next;
		if (w->rewrites && !w->reserved && (w == first || w->parked))
			rewrite_one(w, all, list);
	}
	if (!all->n) {
		free(all->works);
		free(all);
		free(list);
		return;
	}
	reserve_rewritten(all);
	via_claims_change(d, list, all->n, all_rewritten, all);
}

void via_claims_rewrite(struct via_daemon *d, struct via_addr addr, uint64_t generation,
	const struct via_claim *now, const char *cause, via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = via_work_create(d, cause, 0, done, user);
	struct via_err err;

	if (!w)
		return;
	w->rewrites = true;
	w->addr = addr;
	w->generation = generation;
	w->now = *now;
	w->begin = begin_rewrite;
	if (!via_work_room(w, 1)) {
		via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	via_work_park(w);
	via_claims_kick(d);
}

/* --- drains --- */

struct drain_change {
	struct via_daemon *d;
	struct via_addr pf;
	bool off;
	bool had;
	struct via_drain before;
	char cause[160];
	via_claims_done_fn *done;
	void *user;
};

static const struct via_drain *drain_of(const struct via_claims *c, struct via_addr pf)
{
	for (size_t i = 0; i < c->n_drains; i++)
		if (via_addr_eq(c->drains[i].pf, pf))
			return &c->drains[i];
	return NULL;
}

static void drain_event(const struct drain_change *c, size_t left)
{
	char msg[160];
	struct via_event ev = {
		.type = VIA_EVENT_DRAIN,
		.cause = c->cause,
		.message = msg,
		.pf = c->pf,
		.target = c->pf,
	};

	if (c->off)
		snprintf(msg, sizeof(msg), "PF %s takes claims again", via_addr_fmt(c->pf));
	else
		snprintf(msg, sizeof(msg), "PF %s takes no new claims; %zu are left on it",
			via_addr_fmt(c->pf), left);
	via_events_emit(c->d->events, &ev);
}

static void tell_drained(struct drain_change *c, int r, const struct via_err *err)
{
	const struct via_claims *all = &c->d->claims;
	via_autofree struct via_claim *list = calloc(all->n + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < all->n && list; i++)
		if (via_addr_eq(via_claim_lane(&all->list[i]), c->pf))
			list[n++] = all->list[i];
	if (!r)
		drain_event(c, n);
	if (c->done)
		c->done(c->d, r, err, list, n, c->user);
	free(c);
}

static void drain_recorded(void *user, int r, const struct via_err *err)
{
	struct drain_change *c = user;

	if (r) {
		via_claims_undrain(&c->d->claims, c->pf);
		if (c->had)
			(void)via_claims_drain(
				&c->d->claims, c->pf, c->before.cause, c->before.since_us, NULL);
		via_claims_touch(c->d);
	}
	tell_drained(c, r, err);
}

static int change_drain(struct drain_change *c, json_object **record, struct via_err *err)
{
	struct via_claims *all = &c->d->claims;
	const struct via_drain *drain = drain_of(all, c->pf);
	int r = 0;

	c->had = drain != NULL;
	if (drain)
		c->before = *drain;
	if (c->off)
		via_claims_undrain(all, c->pf);
	else
		r = via_claims_drain(all, c->pf, c->cause, via_now_us(), err);
	if (r)
		return r;
	*record = c->off ? via_ledger_undrain(c->pf) : via_ledger_drain(drain_of(all, c->pf));
	via_claims_touch(c->d);
	return 0;
}

void via_claims_set_drain(struct via_daemon *d, struct via_addr pf, bool off, const char *cause,
	via_claims_done_fn *done, void *user)
{
	struct drain_change *c = d->stopping ? NULL : calloc(1, sizeof(*c));
	json_object **records = calloc(1, sizeof(json_object *));
	struct via_err err = {0};
	int r;

	if (!c || !records) {
		free(c);
		free(records);
		r = d->stopping ? via_err_set(&err, -ECANCELED, "viaductd is stopping")
				: via_err_set(&err, -ENOMEM, "out of memory");
		if (done)
			done(d, r, &err, NULL, 0, user);
		return;
	}
	*c = (struct drain_change){.d = d, .pf = pf, .off = off, .done = done, .user = user};
	snprintf(c->cause, sizeof(c->cause), "%s", cause);
	/* Nothing to change is nothing to write down. */
	if ((drain_of(&d->claims, pf) != NULL) != off) {
		free(records);
		tell_drained(c, 0, &err);
		return;
	}
	r = change_drain(c, &records[0], &err);
	if (r) {
		free(records);
		tell_drained(c, r, &err);
		return;
	}
	via_claims_append(d, records, 1, drain_recorded, c);
}
