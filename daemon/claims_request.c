/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claiming: chosen and reserved at once, written down, configured, active. All of it, or none. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "claims_work.h"

/* libvirt waits for the hook, and its patience is short. */
#define HOOK_WAIT_MS	4000
#define REQUEST_WAIT_MS 60000
#define VM_ENDED	"its VM ended while it was being claimed"

static void tell_refusal(struct via_claim_work *w, int r, const struct via_err *err)
{
	struct via_event ev = {
		.type = VIA_EVENT_REFUSAL,
		.cause = w->cause,
		.message = err->msg,
	};

	if (r != -ECANCELED)
		via_events_emit(w->d->events, &ev);
}

static void refuse(struct via_claim_work *w, int r, const struct via_err *err)
{
	tell_refusal(w, r, err);
	via_work_end(w, r, err);
}

/* --- when it does not come about --- */

struct failure {
	struct via_claim_work *w;
	int r;
	struct via_err err;
};

static void dropped(void *user, int r, const struct via_err *err)
{
	struct failure *f = user;

	/* They stand as preparing then, and the next reconciliation takes them back. */
	if (r && r != -ECANCELED)
		via_log(LOG_ERR, "a claim that was not made cannot be taken back: %s", err->msg);
	if (r)
		via_work_retry(f->w->d);
	via_work_end(f->w, f->r, &f->err);
	free(f);
}

/* Those that nothing was done for on the host are simply no more. */
static size_t list_untouched(
	const struct via_claim_work *w, bool touched, struct via_claim_change *list)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct via_claim *c = via_claims_at(&w->d->claims, w->list[i].fn.addr);

		if (w->known[i] || (touched && w->list[i].managed) || !c ||
			c->generation != w->list[i].generation)
			continue;
		list[n].had = true;
		list[n++].before = *c;
	}
	return n;
}

static void release_touched(struct via_claim_work *w)
{
	w->reserved = false;
	for (size_t i = 0; i < w->n; i++) {
		const struct via_claim *c = &w->list[i];

		if (!c->managed)
			continue;
		/* What was claimed before is as it was before, on the host as well; unless it ends
		 * with its VM, which has ended: then its release is what comes next. */
		if (!w->known[i])
			via_release_start(w->d, c, w->cause);
		else if (!w->cancelled || c->origin == VIA_CLAIM_REQUEST)
			via_claims_renew(w->d, c->fn.addr, c->generation, w->cause, NULL, NULL);
	}
}

static void fail(struct via_claim_work *w, bool touched, int r, const struct via_err *err)
{
	struct via_claim_change *list = calloc(w->n + 1, sizeof(*list));
	struct failure *f = calloc(1, sizeof(*f));
	size_t n = list ? list_untouched(w, touched, list) : 0;

	if (touched)
		release_touched(w);
	if (!f || !n) {
		free(f);
		free(list);
		via_work_end(w, r, err);
		return;
	}
	f->w = w;
	f->r = r;
	f->err = *err;
	via_claims_change(w->d, list, n, dropped, f);
}

/* --- active --- */

static void tell_claimed(struct via_claim_work *w, const struct via_claim *c)
{
	char place[64], owner[VIA_CLAIM_TEXT], msg[640];

	snprintf(msg, sizeof(msg), "%s is claimed for %s%s%s%s",
		via_work_place(c, place, sizeof(place)), via_work_owner(c, owner, sizeof(owner)),
		c->network[0] ? ", network " : "", c->network,
		c->managed ? "" : "; it is not managed and left as it is");
	via_work_event(w, VIA_EVENT_CLAIMED, c, msg);
}

static int no_new_claims(struct via_err *ret, int r, const struct via_err *err)
{
	return via_err_set(
		ret, r, "%s; no claims are made until they can be written down", err->msg);
}

static void activated(void *user, int r, const struct via_err *err)
{
	struct via_claim_work *w = user;
	struct via_err why;

	if (r == -ECANCELED) {
		via_work_end(w, r, err);
		return;
	}
	if (r) {
		r = no_new_claims(&why, r, err);
		tell_refusal(w, r, &why);
		fail(w, true, r, &why);
		return;
	}
	if (w->cancelled) {
		fail(w, true, via_err_set(&why, -ECANCELED, VM_ENDED), &why);
		return;
	}
	for (size_t i = 0; i < w->n; i++)
		if (!w->known[i])
			tell_claimed(w, &w->list[i]);
	via_work_end(w, 0, err);
}

static void activate(struct via_claim_work *w)
{
	struct via_claim_change *list = calloc(w->n + 1, sizeof(*list));
	struct via_err err = {0};
	size_t n = 0;

	for (size_t i = 0; i < w->n && list; i++) {
		const struct via_claim *c = via_claims_at(&w->d->claims, w->list[i].fn.addr);

		w->list[i].state = VIA_CLAIM_ACTIVE;
		if (!c || !memcmp(c, &w->list[i], sizeof(*c)))
			continue;
		w->list[i].changed_us = via_now_us();
		list[n].had = list[n].has = true;
		list[n].before = *c;
		list[n++].after = w->list[i];
	}
	if (list && !n) {
		free(list);
		activated(w, 0, &err);
		return;
	}
	via_claims_change(w->d, list, n, activated, w);
}

static void ran(
	struct via_claim_work *w, const struct via_session *s, int r, const struct via_err *err)
{
	bool touched = s && s->began;
	struct via_err why;

	if (!r && w->cancelled)
		r = via_err_set(&why, -ECANCELED, VM_ENDED);
	else if (r)
		why = *err;
	if (!r) {
		activate(w);
		return;
	}
	/* Nothing more is done to it now: what stands as preparing is gone on with later, after a
	 * start or when the PF is no longer blocked. */
	if (w->d->stopping || (r == VIA_REFUSED_BLOCKED && touched)) {
		via_work_end(w, r, &why);
		return;
	}
	if (touched)
		tell_refusal(w, r, &why);
	fail(w, touched, r, &why);
}

/* --- reserved --- */

static void reserved(void *user, int r, const struct via_err *err)
{
	struct via_claim_work *w = user;
	struct via_err why = *err;
	bool any = false;

	if (r) {
		if (r != -ECANCELED)
			r = no_new_claims(&why, r, err);
		refuse(w, r, &why);
		return;
	}
	for (size_t i = 0; i < w->n; i++)
		any = any || w->list[i].managed;
	if (any && !w->cancelled)
		via_work_run_claim(w, ran);
	else
		ran(w, NULL, 0, err);
}

static int add(struct via_claim_work *w, struct via_claim *fresh, size_t n, struct via_err *err)
{
	int r = n ? via_claims_add(&w->d->claims, fresh, n, err) : 0;

	for (size_t i = 0, j = 0; i < w->n && !r; i++)
		if (!w->known[i])
			w->list[i] = fresh[j++];
	return r;
}

static void reserve(struct via_claim_work *w)
{
	via_autofree struct via_claim *fresh = calloc(w->n + 1, sizeof(*fresh));
	struct via_claim_change *list = calloc(w->n + 1, sizeof(*list));
	int64_t now = via_now_us();
	struct via_err err = {0};
	size_t n = 0;
	int r;

	for (size_t i = 0; i < w->n && fresh; i++) {
		if (w->known[i])
			continue;
		w->list[i].state = w->list[i].managed ? VIA_CLAIM_PREPARING : VIA_CLAIM_ACTIVE;
		w->list[i].since_us = w->list[i].changed_us = now;
		fresh[n++] = w->list[i];
	}
	r = fresh && list ? add(w, fresh, n, &err) : via_err_set(&err, -ENOMEM, "out of memory");
	if (r) {
		free(list);
		refuse(w, r, &err);
		return;
	}
	w->reserved = true;
	for (size_t i = 0; i < n; i++) {
		list[i].has = true;
		list[i].after = fresh[i];
	}
	if (n) {
		via_claims_record(w->d, list, n, reserved, w);
		return;
	}
	free(list);
	reserved(w, 0, &err);
}

/* --- by request --- */

static void begin_request(struct via_claim_work *w)
{
	struct via_world world;
	struct via_err err = {0};
	int r;

	/* The one that is named may be free in a moment. */
	if (w->req.has_device && via_work_at(w->d, w->req.device, w)) {
		via_work_park(w);
		return;
	}
	if (!via_work_room(w, 1)) {
		refuse(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	via_claims_world(w->d, &world);
	r = via_alloc(&world, &w->req, &w->list[0], &err);
	if (r) {
		refuse(w, r, &err);
		return;
	}
	w->n = 1;
	reserve(w);
}

void via_claims_request(struct via_daemon *d, const struct via_alloc_request *req,
	const char *cause, via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = via_work_create(d, cause, REQUEST_WAIT_MS, done, user);
	struct via_err err;

	if (!w)
		return;
	w->req = *req;
	w->network = req->network ? strdup(req->network) : NULL;
	w->req.network = w->network;
	w->begin = begin_request;
	if (req->network && !w->network)
		via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
	else
		via_work_begin(w);
}

/* --- all of a domain's --- */

static bool any_busy(const struct via_claim_work *w)
{
	for (size_t i = 0; i < w->dom.n_devs; i++)
		if (via_work_at(w->d, w->dom.devs[i].addr, w))
			return true;
	return false;
}

static void begin_domain(struct via_claim_work *w)
{
	struct via_domain_claims claims = {0};
	struct via_world world;
	struct via_err err = {0};
	int r;

	if (any_busy(w)) {
		via_work_park(w);
		return;
	}
	via_claims_world(w->d, &world);
	r = via_alloc_domain(&world, &w->dom, VIA_CLAIM_HOOK, &claims, &err);
	if (r) {
		refuse(w, r, &err);
		return;
	}
	w->n = claims.n;
	w->list = via_steal(&claims.list);
	w->known = via_steal(&claims.known);
	via_domain_claims_finish(&claims);
	if (w->n)
		reserve(w);
	else
		via_work_end(w, 0, &err);
}

static int copy_domain(struct via_domain *to, const struct via_domain *from)
{
	*to = *from;
	to->devs = calloc(from->n_devs + 1, sizeof(*to->devs));
	to->nics = calloc(from->n_nics + 1, sizeof(*to->nics));
	if (!to->devs || !to->nics)
		return -ENOMEM;
	if (from->n_devs)
		memcpy(to->devs, from->devs, from->n_devs * sizeof(*to->devs));
	if (from->n_nics)
		memcpy(to->nics, from->nics, from->n_nics * sizeof(*to->nics));
	return 0;
}

void via_claims_domain(struct via_daemon *d, const struct via_domain *dom, const char *cause,
	via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = via_work_create(d, cause, HOOK_WAIT_MS, done, user);
	struct via_err err;

	if (!w)
		return;
	w->begin = begin_domain;
	if (copy_domain(&w->dom, dom) < 0)
		via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
	else
		via_work_begin(w);
}
