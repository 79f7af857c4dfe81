/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Works: their beginning, their waiting for each other, their end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims_work.h"
#include "kernel/bind.h"
#include "kernel/quirks.h"

/* --- the world --- */

static const struct via_drift_entry *drift_of(const struct via_pf *pf, struct via_addr vf)
{
	for (size_t i = 0; i < pf->n_drift; i++) {
		const struct via_drift_entry *e = &pf->drift[i];

		if (e->confirmed && !e->drift.unsupported && e->drift.has_vf &&
			via_addr_eq(e->drift.target, vf))
			return e;
	}
	return NULL;
}

static bool is_drifted(struct via_addr vf, void *user)
{
	const struct via_daemon *d = user;
	const struct via_pf *pf = via_pf_find(d, via_lane_of(via_daemon_inv(d), vf));

	return pf && drift_of(pf, vf);
}

static bool is_blocked(struct via_addr addr, void *user)
{
	const struct via_pf *pf = via_pf_find(user, addr);

	return pf && pf->blocked;
}

static int find_driver(const struct via_device *dev, enum via_driver_choice choice, char *buf,
	size_t size, void *user)
{
	const struct via_daemon *d = user;

	return via_driver_for(d->kernel, dev, choice, buf, size);
}

static bool takes_no_zero_mac(const struct via_device *pf, void *user)
{
	(void)user;
	return via_quirks_for(pf->driver)->zero_mac_refused;
}

void via_claims_world(struct via_daemon *d, struct via_world *ret)
{
	*ret = (struct via_world){
		.inv = via_daemon_inv(d),
		.config = d->config->config,
		.claims = &d->claims,
		.domains = d->virt_asked ? &d->domains : NULL,
		.drifted = is_drifted,
		.blocked = is_blocked,
		.driver_for = find_driver,
		.parks_mac = takes_no_zero_mac,
		.user = d,
		.now_us = via_now_us(),
	};
}

/* --- words --- */

const char *via_work_place(const struct via_claim *c, char *buf, size_t size)
{
	if (c->fn.is_vf)
		snprintf(buf, size, "VF %u of %s (%s)", c->fn.vf_index, via_addr_fmt(c->fn.pf),
			via_addr_fmt(c->fn.addr));
	else
		snprintf(buf, size, "%s", via_addr_fmt(c->fn.addr));
	return buf;
}

const char *via_work_owner(const struct via_claim *c, char *buf, size_t size)
{
	if (c->name[0] && c->uuid[0])
		snprintf(buf, size, "VM %s (%s)", c->name, c->uuid);
	else if (c->name[0] || c->uuid[0])
		snprintf(buf, size, "VM %s", c->name[0] ? c->name : c->uuid);
	else
		snprintf(buf, size, "nobody");
	return buf;
}

void via_work_event(struct via_claim_work *w, enum via_event_type type, const struct via_claim *c,
	const char *message)
{
	struct via_event ev = {
		.type = type,
		.cause = w->cause,
		.message = message,
		.pf = via_claim_lane(c),
		.target = c->fn.addr,
		.claim = c,
	};

	via_events_emit(w->d->events, &ev);
}

/* --- works --- */

static bool has_addr(const struct via_claim_work *w, struct via_addr addr)
{
	for (size_t i = 0; i < w->n; i++)
		if (via_addr_eq(w->list[i].fn.addr, addr))
			return true;
	return false;
}

struct via_claim_work *via_work_at(
	const struct via_daemon *d, struct via_addr addr, const struct via_claim_work *but)
{
	for (struct via_claim_work *w = d->works; w; w = w->next)
		if (w != but && w->reserved && has_addr(w, addr))
			return w;
	return NULL;
}

bool via_claims_busy(const struct via_daemon *d, struct via_addr addr)
{
	for (const struct via_claim_work *w = d->works; w; w = w->next)
		if ((w->reserved && has_addr(w, addr)) ||
			((w->releases || w->rewrites || w->renews) && via_addr_eq(w->addr, addr)))
			return true;
	return false;
}

bool via_work_room(struct via_claim_work *w, size_t n)
{
	w->list = calloc(n + 1, sizeof(*w->list));
	w->known = calloc(n + 1, sizeof(*w->known));
	return w->list && w->known;
}

/* As they are now; a generation of 0 says that it is gone. */
static void refresh(struct via_claim_work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct via_claim *now = via_claims_at(&w->d->claims, w->list[i].fn.addr);

		if (now && now->generation == w->list[i].generation)
			w->list[i] = *now;
		else
			w->list[i].generation = 0;
	}
}

void via_work_tell(struct via_claim_work *w, int r, const struct via_err *err)
{
	via_claims_done_fn *done = w->done;
	struct via_claim *list = w->list;

	if (!done)
		return;
	w->done = NULL;
	/* What is told is a copy: the work goes on with what it has. */
	w->list = calloc(w->n + 1, sizeof(*list));
	if (w->list && w->n)
		memcpy(w->list, list, w->n * sizeof(*list));
	if (w->list) {
		refresh(w);
		done(w->d, r, err, w->list, w->n, w->user);
	} else {
		done(w->d, r, err, NULL, 0, w->user);
	}
	free(w->list);
	w->list = list;
}

static void work_free(struct via_claim_work *w)
{
	sd_event_source_disable_unref(w->deadline);
	via_domain_finish(&w->dom);
	free(w->network);
	free(w->list);
	free(w->known);
	free(w);
}

void via_work_end(struct via_claim_work *w, int r, const struct via_err *err)
{
	struct via_daemon *d = w->d;
	struct via_claim_work **p = &d->works;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	via_work_tell(w, r, err);
	work_free(w);
	via_claims_kick(d);
	via_hook_kick(d);
}

static int on_kick(sd_event_source *src, void *user)
{
	struct via_daemon *d = user;
	struct via_claim_work *w;

	(void)src;
	via_session_kick_made(d);
	for (w = d->works; w; w = w->next)
		w->due = w->parked;
	/* What begins may end, and others with it: each time from the start. */
	for (w = d->works; w;) {
		if (!w->due) {
			w = w->next;
			continue;
		}
		w->due = w->parked = false;
		w->begin(w);
		w = d->works;
	}
	return 0;
}

void via_claims_kick(struct via_daemon *d)
{
	if (d->stopping || !d->claims_open || !d->works)
		return;
	if (!d->claims_kick && sd_event_add_defer(d->event, &d->claims_kick, on_kick, d) < 0)
		return;
	sd_event_source_set_enabled(d->claims_kick, SD_EVENT_ONESHOT);
}

static int on_retry(sd_event_source *src, uint64_t usec, void *user)
{
	(void)src;
	(void)usec;
	via_reconcile_soon(user, "another try");
	return 0;
}

void via_work_retry(struct via_daemon *d)
{
	uint64_t us = (uint64_t)d->opt.clean_backoff_ms * 1000;

	if (d->stopping)
		return;
	if (!d->claims_retry && sd_event_add_time_relative(d->event, &d->claims_retry,
					CLOCK_MONOTONIC, us, 0, on_retry, d) < 0)
		return;
	sd_event_source_set_time_relative(d->claims_retry, us);
	sd_event_source_set_enabled(d->claims_retry, SD_EVENT_ONESHOT);
}

void via_claims_open(struct via_daemon *d)
{
	d->claims_open = true;
	via_claims_kick(d);
}

/* It has waited long enough, be it for its turn or in the PF's queue. */
static void give_up_waiting(struct via_claim_work *w, int r, const struct via_err *err)
{
	if (w->parked)
		via_work_end(w, r, err);
	else if (w->session)
		(void)via_session_call_off(w->session, r, err);
}

static int on_deadline(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_claim_work *w = user;
	struct via_err err;
	int r;

	(void)src;
	(void)usec;
	if (w->d->claims_open)
		r = via_err_set(&err, VIA_REFUSED_BUSY,
			"other work on the same PF or function takes too long: `viaduct status` "
			"shows it; try again when it is done");
	else
		r = via_err_set(&err, -EAGAIN, "the host could not be read yet; try again");
	give_up_waiting(w, r, &err);
	return 0;
}

struct via_claim_work *via_work_create(struct via_daemon *d, const char *cause,
	unsigned int deadline_ms, via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = d->stopping ? NULL : calloc(1, sizeof(*w)), **last = &d->works;
	struct via_err err;
	int r = d->stopping ? via_err_set(&err, -ECANCELED, "viaductd is stopping")
			    : via_err_set(&err, -ENOMEM, "out of memory");

	if (w && deadline_ms &&
		sd_event_add_time_relative(d->event, &w->deadline, CLOCK_MONOTONIC,
			(uint64_t)deadline_ms * 1000, 0, on_deadline, w) < 0) {
		free(w);
		w = NULL;
	}
	if (!w) {
		if (done)
			done(d, r, &err, NULL, 0, user);
		return NULL;
	}
	w->d = d;
	w->done = done;
	w->user = user;
	snprintf(w->cause, sizeof(w->cause), "%s", cause);
	while (*last)
		last = &(*last)->next;
	*last = w;
	return w;
}

void via_work_begin(struct via_claim_work *w)
{
	if (w->d->claims_open)
		w->begin(w);
	else
		w->parked = true;
}

void via_work_park(struct via_claim_work *w)
{
	w->parked = true;
}

void via_claims_stop(struct via_daemon *d)
{
	struct via_claim_work *w = d->works;
	struct via_err err;
	int r = via_err_set(&err, -ECANCELED, "viaductd is stopping");

	/* Telling one may end others: each time from the start. */
	while (w) {
		if (!w->parked) {
			w = w->next;
			continue;
		}
		via_work_end(w, r, &err);
		w = d->works;
	}
}

void via_claims_destroy(struct via_daemon *d)
{
	struct via_err err;
	int r = via_err_set(&err, -ECANCELED, "viaductd is stopping");

	while (d->works)
		via_work_end(d->works, r, &err);
	d->claims_kick = sd_event_source_disable_unref(d->claims_kick);
	d->claims_retry = sd_event_source_disable_unref(d->claims_retry);
	via_claims_unref(d->claims_ref);
	d->claims_ref = NULL;
	via_claims_finish(&d->claims);
}
