/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A work's session: its plan from the newest inventory, and what is to be thought of its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "claims_work.h"
#include "store.h"

static uint32_t unsupported_by(struct via_addr addr, void *user)
{
	const struct via_pf *pf = via_pf_find(user, addr);

	return pf ? pf->unsupported : 0;
}

static void plan_options(
	struct via_daemon *d, const struct via_world *world, struct via_plan_options *ret)
{
	*ret = (struct via_plan_options){
		.unsupported = unsupported_by,
		.driver_for = world->driver_for,
		.user = d,
		.claims = &d->claims,
	};
}

static int make_claim(struct via_session *s)
{
	struct via_claim_work *w = s->user;
	via_autofree const struct via_claim **list = calloc(w->n + 1, sizeof(*list));
	struct via_plan_options opt;
	struct via_world world;
	size_t n = 0;

	if (!list)
		return via_err_set(&s->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < w->n; i++)
		if (w->list[i].managed)
			list[n++] = &w->list[i];
	via_claims_world(w->d, &world);
	plan_options(w->d, &world, &opt);
	return via_claim_plan(&world, list, n, &opt, &s->plan, &s->err);
}

static int make_release(struct via_session *s)
{
	struct via_claim_work *w = s->user;
	struct via_plan_options opt;
	struct via_world world;

	via_claims_world(w->d, &world);
	plan_options(w->d, &world, &opt);
	return via_release_plan(&world, &w->list[0], w->has_baseline ? &w->baseline : NULL, &opt,
		&s->plan, &s->err);
}

/* --- what became of it --- */

/* What its VM must not go without; the rest is told and lived with, as in an apply. */
static uint32_t indispensable(const struct via_claim_work *w, const struct via_step *step)
{
	struct via_world world;

	via_claims_world(w->d, &world);
	for (size_t i = 0; i < w->n; i++)
		if (via_addr_eq(w->list[i].fn.addr, step->target))
			return via_claim_needs(&world, &w->list[i]);
	return step->set.attrs.known; /* nobody's: then nothing is let pass */
}

static int judge_attrs(const struct via_claim_work *w, const struct via_step *step,
	const struct via_step_result *res, struct via_err *err)
{
	uint32_t needed = indispensable(w, step);

	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		const struct via_attr_result *a = &res->attrs.attr[i];
		char value[64];

		if (!(needed & VIA_ATTR_BIT(i)) || a->outcome == VIA_OUTCOME_APPLIED)
			continue;
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"VF %u of %s: %s %s: %s (%s%s%s); a VM does not get the VF without it",
			step->vf_index, via_addr_fmt(step->pf),
			via_vf_attr_name((enum via_vf_attr)i),
			via_vf_attr_value(
				&step->set.attrs, (enum via_vf_attr)i, value, sizeof(value)),
			via_attr_outcome_name(a->outcome), strerror(a->error),
			a->extack[0] ? ": " : "", a->extack);
	}
	return 0;
}

static int judge_step(const struct via_session *s, size_t i, struct via_err *err)
{
	const struct via_step *step = &s->plan->steps[i];
	const struct via_step_result *res = &s->results[i];

	if (res->state == VIA_STEP_FAILED)
		return via_err_set(err, res->code ? res->code : -EIO, "%s", res->message);
	if (res->state == VIA_STEP_DONE && step->op == VIA_STEP_VF_ATTRS &&
		s->kind == VIA_SESSION_CLAIM)
		return judge_attrs(s->user, step, res, err);
	return 0;
}

static int judge(const struct via_session *s, struct via_err *err)
{
	int r = 0;

	if (s->r) {
		*err = s->err;
		return s->r;
	}
	if (!s->plan || !s->results)
		return via_err_set(err, -ECANCELED, "viaductd is stopping");
	for (size_t i = 0; i < s->plan->n_steps && !r; i++)
		r = judge_step(s, i, err);
	/* None failed by itself: then who has cut it short is us. */
	for (size_t i = 0; i < s->plan->n_steps && !r; i++)
		if (s->results[i].state != VIA_STEP_DONE)
			r = via_err_set(err, -ECANCELED, "%s",
				s->results[i].message[0] ? s->results[i].message
							 : "viaductd is stopping");
	if (!r && s->kind == VIA_SESSION_RELEASE && s->plan->n_steps && !s->looked)
		r = via_err_set(err, -EIO, "it could not be read after it was cleaned");
	return r;
}

static void on_ended(struct via_session *s)
{
	struct via_claim_work *w = s->user;
	struct via_err err = {0};
	int r = judge(s, &err);

	w->session = NULL;
	w->ran(w, s, r, &err);
}

/* --- its beginning --- */

static bool add_lanes(struct via_session *s, const struct via_claim_work *w)
{
	s->lanes = calloc(w->n + 1, sizeof(*s->lanes));
	for (size_t i = 0; i < w->n && s->lanes; i++) {
		struct via_addr lane = via_claim_lane(&w->list[i]);
		size_t j = 0;

		while (j < s->n_lanes && !via_addr_eq(s->lanes[j], lane))
			j++;
		if (j == s->n_lanes && w->list[i].managed)
			s->lanes[s->n_lanes++] = lane;
	}
	return s->lanes != NULL;
}

static void run(struct via_claim_work *w, enum via_session_kind kind,
	int (*make)(struct via_session *s), via_work_ran_fn *then)
{
	struct via_session_options opt = {0};
	struct via_session *s = via_session_start(w->d, kind, w->cause, NULL, &opt);
	struct via_err err;

	if (!s) {
		then(w, NULL, via_err_set(&err, -ECANCELED, "viaductd is stopping"), &err);
		return;
	}
	if (!add_lanes(s, w)) {
		via_session_free(s);
		then(w, NULL, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	w->ran = then;
	w->session = s;
	s->user = w;
	s->make = make;
	s->ended = on_ended;
	via_session_plan(s);
}

void via_work_run_claim(struct via_claim_work *w, via_work_ran_fn *then)
{
	run(w, VIA_SESSION_CLAIM, make_claim, then);
}

void via_work_run_release(struct via_claim_work *w, via_work_ran_fn *then)
{
	const struct via_identity *fn = &w->list[0].fn;

	w->has_baseline = fn->is_vf &&
			  via_store_baseline_of(w->d->store, fn->pf, fn->has_mac ? &fn->mac : NULL,
				  fn->vf_index, &w->baseline) == 0;
	run(w, VIA_SESSION_RELEASE, make_release, then);
}
