/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a session: lanes let go, a last look, the journal closed, the report. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/codec.h"
#include "session.h"
#include "varlink.h"

struct scribe_job {
	struct via_job job;
	struct via_journal *journal;
	json_object *record;
	int r;
	struct via_err err;
	void (*fn)(void *user, int r, const struct via_err *err);
	void *user;
};

static void scribe_work(struct via_job *job)
{
	struct scribe_job *j = via_container_of(job, struct scribe_job, job);

	j->r = via_journal_append(j->journal, j->record, &j->err);
	j->record = NULL;
}

static void scribe_done(struct via_job *job)
{
	struct scribe_job *j = via_container_of(job, struct scribe_job, job);

	if (job->cancelled)
		j->r = via_err_set(&j->err, -ECANCELED, "viaductd is stopping");
	json_object_put(j->record);
	j->fn(j->user, j->r, &j->err);
	free(j);
}

void via_scribe(struct via_daemon *d, json_object *record,
	void (*fn)(void *user, int r, const struct via_err *err), void *user)
{
	struct scribe_job *j = calloc(1, sizeof(*j));
	struct via_err err;

	if (!j) {
		json_object_put(record);
		fn(user, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	j->job.work = scribe_work;
	j->job.done = scribe_done;
	j->journal = d->journal;
	j->record = record;
	j->fn = fn;
	j->user = user;
	via_worker_submit(d->scribe, &j->job);
}

static const struct {
	enum via_event_type event;
	bool told;
} state_events[] = {
	[VIA_STEP_PENDING] = {0, false},
	[VIA_STEP_RUNNING] = {VIA_EVENT_STEP_STARTED, true},
	[VIA_STEP_DONE] = {VIA_EVENT_STEP_DONE, true},
	[VIA_STEP_FAILED] = {VIA_EVENT_STEP_FAILED, true},
	[VIA_STEP_UNDONE] = {VIA_EVENT_STEP_UNDONE, true},
	[VIA_STEP_SKIPPED] = {0, false},
};

static void step_event(
	struct via_session *s, const struct via_step *step, const struct via_step_result *r)
{
	char msg[768];
	struct via_event ev = {
		.type = state_events[r->state].event,
		.cause = s->cause,
		.message = msg,
		.pf = step->pf,
		.target = step->target,
		.step = step,
		.result = r,
	};

	snprintf(msg, sizeof(msg), "step %u of %zu, %s %s: %s%s%s", step->id, s->plan->n_steps,
		via_step_op_name(step->op), via_addr_fmt(step->target),
		via_step_state_name(r->state), r->message[0] ? ": " : "", r->message);
	via_events_emit(s->d->events, &ev);
}

void via_session_progress(
	struct via_session *s, const struct via_step *step, const struct via_step_result *r)
{
	json_object *p;

	if (state_events[r->state].told)
		step_event(s, step, r);
	if (!s->call || !s->call->more || s->kind != VIA_SESSION_APPLY)
		return;
	p = json_object_new_object();
	json_object_object_add(p, "progress", via_codec_step_result(r));
	via_call_continue(s->call, via_varlink_reply(p, NULL, true));
}

json_object *via_session_report(const struct via_session *s)
{
	return via_codec_report(s->plan, s->results);
}

static bool any_failed(const struct via_session *s)
{
	for (size_t i = 0; i < s->n_queues; i++)
		if (s->queues[i].failed)
			return true;
	return false;
}

/* Steps that were left out because we stop are for the next start. */
static bool cut_short(const struct via_session *s)
{
	if (!s->d->stopping)
		return false;
	for (size_t i = 0; s->results && i < s->plan->n_steps; i++)
		if (s->results[i].state == VIA_STEP_SKIPPED)
			return true;
	return false;
}

static void count_states(const struct via_session *s, size_t counts[VIA_STEP_SKIPPED + 1])
{
	for (size_t i = 0; s->results && i < s->plan->n_steps; i++)
		counts[s->results[i].state]++;
}

static void done_event(const struct via_session *s)
{
	size_t n[VIA_STEP_SKIPPED + 1] = {0};
	char msg[256];
	struct via_event ev = {
		.type = VIA_EVENT_PLAN_DONE,
		.cause = s->cause,
		.message = msg,
	};

	if (!s->id)
		return;
	count_states(s, n);
	if (s->n_queues == 1)
		ev.pf = s->queues[0].pf->addr;
	snprintf(msg, sizeof(msg), "%s: %zu done, %zu failed, %zu undone, %zu not run",
		via_session_kind_name(s->kind), n[VIA_STEP_DONE], n[VIA_STEP_FAILED],
		n[VIA_STEP_UNDONE], n[VIA_STEP_SKIPPED]);
	via_events_emit(s->d->events, &ev);
}

static void bound_event(struct via_session *s)
{
	bool bind = s->kind == VIA_SESSION_BIND;
	char msg[320];
	struct via_event ev = {
		.type = bind ? VIA_EVENT_BOUND : VIA_EVENT_UNBOUND,
		.cause = s->cause,
		.message = msg,
		.pf = via_lane_of(via_daemon_inv(s->d), s->bound.addr),
		.target = s->bound.addr,
	};

	snprintf(msg, sizeof(msg), "%s %s %s%s", via_addr_fmt(s->bound.addr),
		bind ? "is bound to" : "was given back by", s->bound.driver,
		bind && s->bound.persistent ? ", after each boot as well" : "");
	via_events_emit(s->d->events, &ev);
}

/* A device is "bound" from when its driver was read back, and before the session is done. */
static void keep_bound(struct via_session *s)
{
	struct via_daemon *d = s->d;
	struct via_err err;
	int r;

	if ((s->kind != VIA_SESSION_BIND && s->kind != VIA_SESSION_UNBIND) || any_failed(s))
		return;
	if (s->kind == VIA_SESSION_BIND)
		r = via_store_bound_set(d->store, &s->bound, &err);
	else
		r = via_store_bound_remove(d->store, s->bound.addr, &err);
	if (r)
		via_log(LOG_ERR, "%s", err.msg);
	bound_event(s);
}

static const char *first_failure(const struct via_queue *q)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct via_step_result *r = &q->session->results[q->steps[i]];

		if (r->state == VIA_STEP_FAILED && r->message[0])
			return r->message;
	}
	return "a step failed";
}

static void let_go(struct via_queue *q)
{
	struct via_session *s = q->session;
	struct via_pf *pf = q->pf;

	pf->session = NULL;
	/* What a claim changes is told by the claims, not by the scan: see
	 * via_session_claims_changed(). */
	if (s->kind != VIA_SESSION_CLAIM && s->kind != VIA_SESSION_RELEASE)
		pf->released = pf->reshaped = s->d->release_seq;
	if (s->kind > VIA_SESSION_HEAL)
		return;
	if (!q->failed) {
		pf->last_apply_us = via_now_us();
		pf->healing = s->kind == VIA_SESSION_HEAL;
		via_pf_fail(pf, NULL);
	} else if (!pf->blocked && !s->d->stopping) {
		via_pf_fail(pf, first_failure(q));
	}
}

static void reply(struct via_session *s)
{
	json_object *p;
	struct via_err err;

	if (!s->call)
		return;
	if (cut_short(s)) {
		via_err_set(&err, -ECANCELED,
			"viaductd is stopping; the steps that were not run are run at its next "
			"start");
		via_call_fail(s->call, -ECANCELED, &err);
		return;
	}
	p = json_object_new_object();
	json_object_object_add(p, "report", via_session_report(s));
	via_call_reply(s->call, p);
}

static void let_all_go(struct via_session *s)
{
	if (s->n_queues)
		s->d->release_seq++;
	for (size_t i = 0; i < s->n_queues; i++)
		let_go(&s->queues[i]);
	via_status_touch(s->d);
}

static void finish(struct via_session *s)
{
	struct via_daemon *d = s->d;

	if (s->kind == VIA_SESSION_RELEASE)
		let_all_go(s);
	done_event(s);
	reply(s);
	via_session_free(s);
	via_status_touch(d);
	via_session_kick(d);
}

static void looked(struct via_look *l)
{
	struct via_session *s = l->user;

	s->looked = !l->r;
	finish(s);
}

/* What we did is looked at before it is reported: status then agrees with the report. */
static void look_again(struct via_session *s)
{
	struct via_look *l = via_look_create(s->d, VIA_SCAN_UPDATE, looked, s);

	if (l)
		l->changed = calloc(s->n_queues + 1, sizeof(*l->changed));
	if (!l || !l->changed || s->d->stopping) {
		if (l)
			free(l->changed);
		free(l);
		finish(s);
		return;
	}
	for (size_t i = 0; i < s->n_queues; i++)
		l->changed[l->n_changed++] = s->queues[i].pf->addr;
	via_look_submit(l);
}

static void on_done_written(void *user, int r, const struct via_err *err)
{
	if (r && r != -ECANCELED)
		via_log(LOG_ERR, "%s", err->msg);
	look_again(user);
}

static void on_closed(void *user, int r, const struct via_err *err)
{
	(void)user;
	if (r && r != -ECANCELED)
		via_log(LOG_ERR, "%s", err->msg);
}

/* A VM waits for it, and every value was read back: looking at the host again can wait. */
static void end_claim(struct via_session *s)
{
	via_scribe(s->d, via_journal_done(s->id), on_closed, NULL);
	for (size_t i = 0; i < s->n_queues; i++)
		s->queues[i].pf->refresh = true;
	via_session_refresh(s->d);
	finish(s);
}

void via_session_end(struct via_session *s)
{
	struct via_daemon *d = s->d;
	bool cut = cut_short(s);

	keep_bound(s);
	/* One that cleans keeps its PFs until it was seen what came of it. */
	if (s->kind != VIA_SESSION_RELEASE)
		let_all_go(s);
	if (!s->id)
		finish(s);
	else if (s->kind == VIA_SESSION_CLAIM)
		end_claim(s);
	else if (cut)
		look_again(s);
	else
		via_scribe(d, via_journal_done(s->id), on_done_written, s);
}

void via_session_lane_ended(struct via_queue *q)
{
	struct via_session *s = q->session;

	if (--s->open_queues == 0)
		via_session_end(s);
}
