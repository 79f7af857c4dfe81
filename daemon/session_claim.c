/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of claims: their plan is made at once, from the newest inventory, as a VM waits for
 * them. Where another session has one of the PFs they wait, whoever asked for it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "session.h"

static const struct via_pf *first_lane(
	const struct via_session *s, bool (*is)(const struct via_pf *pf))
{
	for (size_t i = 0; i < s->n_lanes; i++) {
		const struct via_pf *pf = via_pf_find(s->d, s->lanes[i]);

		if (pf && is(pf))
			return pf;
	}
	return NULL;
}

static bool is_blocked(const struct via_pf *pf)
{
	return pf->blocked;
}

/* Somebody is at work on it, or is about to be, or was and nobody has looked since. */
static bool is_taken(const struct via_pf *pf)
{
	return pf->session || pf->turn || pf->reshaped > pf->seen;
}

static int make(struct via_session *s)
{
	const struct via_pf *pf = first_lane(s, is_blocked);

	if (s->d->stopping)
		return via_err_set(&s->err, -ECANCELED, "viaductd is stopping");
	if (pf)
		return via_err_set(&s->err, VIA_REFUSED_BLOCKED,
			"PF %s is blocked: %s; see who holds it and end that",
			via_addr_fmt(pf->addr), pf->blocked_by);
	s->waiting = first_lane(s, is_taken) != NULL;
	if (s->waiting)
		return 0;
	via_plan_destroy(s->plan);
	s->plan = NULL;
	return s->make(s);
}

void via_session_make(struct via_session *s)
{
	s->r = make(s);
	if (!s->r && s->waiting)
		return;
	if (!s->r && via_session_queues(s) < 0)
		s->r = via_err_set(&s->err, -ENOMEM, "out of memory");
	if (s->r)
		via_session_refuse(s);
	else if (s->plan->n_steps)
		via_session_begin(s);
	else
		via_session_end(s);
}

void via_session_take_turn(const struct via_session *s)
{
	for (size_t i = 0; i < s->plan->n_steps; i++) {
		struct via_pf *pf = via_pf_find(s->d, s->plan->steps[i].pf);

		if (pf && !pf->turn)
			pf->turn = s;
	}
}

void via_session_give_turn(const struct via_session *s)
{
	bool had = false;

	for (struct via_pf *pf = s->d->pfs; pf; pf = pf->next) {
		had = had || pf->turn == s;
		if (pf->turn == s)
			pf->turn = NULL;
	}
	if (had)
		via_claims_kick(s->d);
}

static void refreshed(struct via_look *l)
{
	l->d->refreshing = false;
	via_session_refresh(l->d);
}

static bool list_changed(struct via_look *l)
{
	size_t n = 0;

	for (const struct via_pf *pf = l->d->pfs; pf; pf = pf->next)
		n += pf->refresh;
	l->changed = n ? calloc(n, sizeof(*l->changed)) : NULL;
	if (!l->changed)
		return false;
	for (struct via_pf *pf = l->d->pfs; pf; pf = pf->next) {
		if (pf->refresh)
			l->changed[l->n_changed++] = pf->addr;
		pf->refresh = false;
	}
	return true;
}

void via_session_refresh(struct via_daemon *d)
{
	struct via_look *l;

	if (d->refreshing || d->stopping)
		return;
	l = via_look_create(d, VIA_SCAN_UPDATE, refreshed, NULL);
	if (!l || !list_changed(l)) {
		free(l);
		return;
	}
	d->refreshing = true;
	via_look_submit(l);
}

/* --- plans of others against claims that were made meanwhile --- */

static bool same_claim(const struct via_claim *a, const struct via_claim *b)
{
	return a && b ? a->generation == b->generation && a->state == b->state : a == b;
}

/* Changes what VFs there are. */
static bool is_of_all(const struct via_step *s)
{
	return s->op == VIA_STEP_NUM_VFS || s->op == VIA_STEP_ESWITCH;
}

static bool pf_changed(
	const struct via_claims *old, const struct via_claims *now, struct via_addr pf)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct via_identity *fn = &now->list[i].fn;

		if (via_addr_eq(fn->is_vf ? fn->pf : fn->addr, pf) &&
			!same_claim(via_claims_at(old, fn->addr), &now->list[i]))
			return true;
	}
	return false;
}

bool via_session_claims_changed(const struct via_session *s)
{
	const struct via_claims *now = &s->d->claims, *old;

	if (!s->claims || s->claims == s->d->claims_ref)
		return false;
	old = &s->claims->claims;
	for (size_t i = 0; i < s->plan->n_steps; i++) {
		const struct via_step *step = &s->plan->steps[i];

		if (!same_claim(via_claims_at(old, step->target), via_claims_at(now, step->target)))
			return true;
		if (is_of_all(step) && pf_changed(old, now, step->pf))
			return true;
	}
	return false;
}
