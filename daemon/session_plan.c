/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a session's look to its intent: which steps are its own to run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "drift.h"
#include "model/codec.h"
#include "session.h"
#include "varlink.h"

static void request_free(struct via_plan_request *q)
{
	if (!q)
		return;
	if (!q->session)
		via_session_options_finish(&q->opt);
	via_plan_destroy(q->plan);
	free(q->known);
	free(q);
}

void via_session_describe(const struct via_session *s, char *buf, size_t size)
{
	snprintf(buf, size, "%s (%s)", via_session_kind_name(s->kind), s->cause);
}

void via_plan_keep(struct via_plan *p, bool (*keep)(struct via_step *s, void *user), void *user)
{
	size_t n = 0;

	p->disruption = VIA_DISRUPTION_NONE;
	for (size_t i = 0; i < p->n_steps; i++) {
		struct via_step s = p->steps[i];

		if (!keep(&s, user))
			continue;
		s.id = (uint32_t)n + 1;
		if (s.disruption > p->disruption)
			p->disruption = s.disruption;
		p->steps[n++] = s;
	}
	p->n_steps = n;
}

static int add_refusal(
	struct via_plan *p, enum via_refusal code, struct via_addr target, const char *message)
{
	struct via_plan_refusal *list = reallocarray(p->refusals, p->n_refusals + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	p->refusals = list;
	list[p->n_refusals].code = code;
	list[p->n_refusals].target = target;
	snprintf(list[p->n_refusals].message, sizeof(list->message), "%.511s", message);
	p->n_refusals++;
	return 0;
}

/* Why no step may run on this PF now: NULL for no reason. */
static enum via_refusal barred(const struct via_pf *pf, char *why, size_t size)
{
	char who[256];

	if (pf && pf->blocked) {
		snprintf(why, size, "PF %s is blocked: %s; see who holds it and end that",
			via_addr_fmt(pf->addr), pf->blocked_by);
		return VIA_REFUSED_BLOCKED;
	}
	if (pf && pf->session) {
		via_session_describe(pf->session, who, sizeof(who));
		snprintf(why, size, "PF %s is being worked on: %s; try again when it is done",
			via_addr_fmt(pf->addr), who);
		return VIA_REFUSED_BUSY;
	}
	return VIA_REFUSAL_NONE;
}

static bool keep_unbarred(struct via_step *s, void *user)
{
	char why[640];

	return barred(via_pf_find(user, s->pf), why, sizeof(why)) == VIA_REFUSAL_NONE;
}

static bool has_steps(const struct via_plan *p, struct via_addr pf)
{
	for (size_t i = 0; i < p->n_steps; i++)
		if (via_addr_eq(p->steps[i].pf, pf))
			return true;
	return false;
}

/* What was refused on a PF in mid-change means nothing: true if there was any. */
static bool drop_its_refusals(struct via_daemon *d, struct via_plan *p, struct via_addr pf)
{
	size_t n = 0, before = p->n_refusals;

	for (size_t i = 0; i < before; i++)
		if (!via_addr_eq(via_lane_of(via_daemon_inv(d), p->refusals[i].target), pf))
			p->refusals[n++] = p->refusals[i];
	p->n_refusals = n;
	return n < before;
}

int via_plan_filter(struct via_daemon *d, struct via_plan *p)
{
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next) {
		char why[640];
		enum via_refusal code = barred(pf, why, sizeof(why));
		bool told = code == VIA_REFUSED_BLOCKED && drop_its_refusals(d, p, pf->addr);

		if (code && (told || has_steps(p, pf->addr)) &&
			add_refusal(p, code, pf->addr, why) < 0)
			return -ENOMEM;
	}
	via_plan_keep(p, keep_unbarred, d);
	return 0;
}

void via_session_refuse(struct via_session *s)
{
	struct via_event ev = {
		.type = VIA_EVENT_REFUSAL,
		.cause = s->cause,
		.message = s->err.msg,
	};

	/* What keeps a release is said of its claim, and tried again and again. */
	if (s->r != -ECANCELED && s->kind != VIA_SESSION_RELEASE)
		via_events_emit(s->d->events, &ev);
	if (s->call)
		via_call_fail(s->call, s->r, &s->err);
	via_session_free(s);
}

/* One PF asked for, or one device: then a barred PF refuses the whole request. */
static int check_barred(struct via_session *s, const struct via_plan_request *q)
{
	struct via_pf *pf = NULL;
	const struct via_device *dev;
	char why[640];
	enum via_refusal code;

	if (s->kind == VIA_SESSION_BIND || s->kind == VIA_SESSION_UNBIND)
		pf = via_pf_find(s->d, via_lane_of(via_daemon_inv(s->d), q->bound.addr));
	else if (s->opt.only && (dev = via_resolve(via_daemon_inv(s->d), s->opt.only)))
		pf = via_pf_find(s->d, dev->addr);
	if (!pf || !pf->blocked)
		return 0;
	code = barred(pf, why, sizeof(why));
	return via_err_set(&s->err, (int)code, "%s", why);
}

/* A session of somebody else (or of ours, for an internal one) has a PF of this plan. */
static struct via_session *in_the_way(const struct via_session *s)
{
	for (size_t i = 0; i < s->plan->n_steps; i++) {
		const struct via_pf *pf = via_pf_find(s->d, s->plan->steps[i].pf);

		if (pf && pf->session)
			return pf->session;
	}
	return NULL;
}

/* A PF was let go after our scan was made: what the scan says of it may be from the middle of that.
 */
static bool is_stale(const struct via_session *s)
{
	for (size_t i = 0; i < s->plan->n_steps; i++) {
		const struct via_pf *pf = via_pf_find(s->d, s->plan->steps[i].pf);

		if (pf && pf->released > s->seq)
			return true;
	}
	return false;
}

static bool keep_unfailed(struct via_step *s, void *user)
{
	const struct via_pf *pf = via_pf_find(user, s->pf);

	return !pf || !pf->failed;
}

static bool keep_healing(struct via_step *s, void *user)
{
	const struct via_pf *pf = via_pf_find(user, s->pf);
	uint32_t mask = 0;

	if (!pf || pf->failed || !via_drift_wants(pf, s, &mask))
		return false;
	if (s->op == VIA_STEP_VF_ATTRS) {
		s->set.attrs.known &= mask;
		s->undo.attrs.known &= mask;
	}
	return true;
}

static void emit_refusal(struct via_session *s, const struct via_plan_refusal *r)
{
	struct via_event ev = {
		.type = VIA_EVENT_REFUSAL,
		.cause = s->cause,
		.message = r->message,
		.pf = via_lane_of(via_daemon_inv(s->d), r->target),
		.target = r->target,
	};

	for (size_t i = 0; i < s->d->n_refusals; i++)
		if (via_addr_eq(s->d->refusals[i].target, r->target) &&
			!strcmp(s->d->refusals[i].message, r->message))
			return;
	via_events_emit(s->d->events, &ev);
}

/* The daemon's list becomes that of this plan, for the PFs that it was about. */
static void take_refusals(struct via_session *s)
{
	struct via_daemon *d = s->d;
	const struct via_device *only =
		s->opt.only ? via_resolve(via_daemon_inv(d), s->opt.only) : NULL;
	struct via_plan_refusal *list;
	size_t n = 0;

	list = calloc(d->n_refusals + s->plan->n_refusals + 1, sizeof(*list));
	if (!list || s->kind > VIA_SESSION_HEAL) {
		free(list);
		return;
	}
	for (size_t i = 0; i < s->plan->n_refusals; i++) {
		emit_refusal(s, &s->plan->refusals[i]);
		list[n++] = s->plan->refusals[i];
	}
	for (size_t i = 0; i < d->n_refusals && only; i++)
		if (!via_addr_eq(via_lane_of(via_daemon_inv(d), d->refusals[i].target), only->addr))
			list[n++] = d->refusals[i];
	free(d->refusals);
	d->refusals = list;
	d->n_refusals = n;
	via_status_touch(d);
}

static struct via_queue *queue_of(struct via_session *s, struct via_addr pf)
{
	for (size_t i = 0; i < s->n_queues; i++)
		if (via_addr_eq(s->queues[i].pf->addr, pf))
			return &s->queues[i];
	s->queues[s->n_queues].session = s;
	s->queues[s->n_queues].pf = via_pf_get(s->d, pf);
	return s->queues[s->n_queues].pf ? &s->queues[s->n_queues++] : NULL;
}

static size_t count_pfs(const struct via_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_steps; i++) {
		size_t j = 0;

		while (j < i && !via_addr_eq(p->steps[j].pf, p->steps[i].pf))
			j++;
		n += j == i;
	}
	return n;
}

int via_session_queues(struct via_session *s)
{
	const struct via_plan *p = s->plan;

	s->results = calloc(p->n_steps + 1, sizeof(*s->results));
	s->queues = calloc(count_pfs(p) + 1, sizeof(*s->queues));
	if (!s->results || !s->queues)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_steps; i++) {
		struct via_queue *q = queue_of(s, p->steps[i].pf);
		size_t *steps = q ? reallocarray(q->steps, q->n + 1, sizeof(*steps)) : NULL;

		if (!steps)
			return -ENOMEM;
		q->steps = steps;
		steps[q->n++] = i;
		s->results[i].id = p->steps[i].id;
	}
	return 0;
}

static json_object *options_json(const struct via_session *s)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	via_json_add_bool(o, "recreate", s->opt.recreate);
	for (char **x = s->opt.disturb; x && *x; x++)
		json_object_array_add(list, json_object_new_string(*x));
	json_object_object_add(o, "disturb", list);
	via_json_add_str(o, "only", s->opt.only);
	return o;
}

static void emit_started(struct via_session *s)
{
	char msg[256];
	struct via_event ev = {
		.type = VIA_EVENT_PLAN_STARTED,
		.cause = s->cause,
		.message = msg,
	};

	snprintf(msg, sizeof(msg), "%s: %zu steps on %zu devices", via_session_kind_name(s->kind),
		s->plan->n_steps, s->n_queues);
	if (s->n_queues == 1)
		ev.pf = s->queues[0].pf->addr;
	via_events_emit(s->d->events, &ev);
}

static void send_plan(struct via_session *s)
{
	json_object *p;

	if (!s->call || !s->call->more || s->kind != VIA_SESSION_APPLY)
		return;
	p = json_object_new_object();
	json_object_object_add(p, "plan", via_codec_plan(s->plan));
	via_call_continue(s->call, via_varlink_reply(p, NULL, true));
}

static void abandon(struct via_session *s)
{
	for (size_t i = 0; i < s->n_queues; i++)
		s->queues[i].pf->session = NULL;
	s->d->release_seq++;
	via_session_refuse(s);
}

static void on_old_done(void *user, int r, const struct via_err *err)
{
	(void)user;
	if (r)
		via_log(LOG_ERR, "%s", err->msg);
}

static void on_intent(void *user, int r, const struct via_err *err)
{
	struct via_session *s = user;

	if (r) {
		s->r = r;
		s->err = *err;
		abandon(s);
		return;
	}
	s->began = true;
	/* From here on this session stands for the one it goes on with. */
	if (s->recover && s->kind == VIA_SESSION_APPLY)
		via_scribe(s->d, via_journal_done(s->recover->session), on_old_done, NULL);
	emit_started(s);
	send_plan(s);
	via_session_run(s);
}

void via_session_begin(struct via_session *s)
{
	struct via_daemon *d = s->d;

	for (size_t i = 0; i < s->n_queues; i++)
		s->queues[i].pf->session = s;
	s->running = true;
	via_status_touch(d);
	s->id = via_journal_session(d->journal);
	via_scribe(d,
		via_journal_intent(s->id, via_session_kind_name(s->kind), s->cause, options_json(s),
			s->kind == VIA_SESSION_BIND || s->kind == VIA_SESSION_UNBIND
				? via_bound_json(&s->bound)
				: NULL,
			s->plan),
		on_intent, s);
}

static void nothing_to_do(struct via_session *s)
{
	if (s->recover && s->kind == VIA_SESSION_APPLY)
		via_scribe(s->d, via_journal_done(s->recover->session), on_old_done, NULL);
	send_plan(s);
	via_session_end(s);
}

/* true: it was sent back to plan again, or refused. */
static bool must_wait(struct via_session *s)
{
	struct via_session *other = in_the_way(s);
	char who[256];

	if (!other && !is_stale(s) && !via_session_claims_changed(s))
		return false;
	/* Our own work passes; two requests at once are told of each other. */
	if (other && s->call && other->call) {
		via_session_describe(other, who, sizeof(who));
		s->r = via_err_set(&s->err, VIA_REFUSED_BUSY,
			"another request is under way on PFs of this plan: %s; try again when it "
			"is done",
			who);
		via_session_refuse(s);
		return true;
	}
	via_session_take_turn(s);
	via_plan_destroy(s->plan);
	s->plan = NULL;
	s->waiting = other != NULL;
	if (!other)
		via_session_plan(s);
	return true;
}

static void take_plan(struct via_session *s)
{
	if (s->kind == VIA_SESSION_AUTO)
		via_plan_keep(s->plan, keep_unfailed, s->d);
	if (s->kind == VIA_SESSION_HEAL)
		via_plan_keep(s->plan, keep_healing, s->d);
	if (must_wait(s))
		return;
	via_session_give_turn(s);
	if (via_plan_filter(s->d, s->plan) < 0 || via_session_queues(s) < 0) {
		s->r = via_err_set(&s->err, -ENOMEM, "out of memory");
		via_session_refuse(s);
		return;
	}
	take_refusals(s);
	if (s->plan->n_steps)
		via_session_begin(s);
	else
		nothing_to_do(s);
}

static void planned(struct via_look *l)
{
	struct via_plan_request *q = l->user;
	struct via_session *s = q->session;

	s->r = l->r;
	s->err = l->err;
	s->seq = l->seq;
	via_claims_unref(s->claims);
	s->claims = via_claims_ref(l->claims);
	s->bound = q->bound;
	s->plan = via_steal(&q->plan);
	if (!s->r)
		s->r = check_barred(s, q);
	if (!s->r && s->d->stopping)
		s->r = via_err_set(&s->err, -ECANCELED, "viaductd is stopping");
	request_free(q);
	if (s->r)
		via_session_refuse(s);
	else
		take_plan(s);
}

static int copy_bound(struct via_daemon *d, struct via_plan_request *q)
{
	size_t n = via_store_n_bound(d->store);

	q->known = calloc(n + 1, sizeof(*q->known));
	if (!q->known)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		q->known[q->n_known++] = *via_store_bound_at(d->store, i);
	return 0;
}

static struct via_plan_request *request_new(struct via_daemon *d, enum via_session_kind kind,
	const struct via_session_options *opt, void (*done)(struct via_look *l),
	struct via_look **ret)
{
	struct via_plan_request *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->kind = kind;
	q->opt = *opt;
	*ret = copy_bound(d, q) == 0 ? via_look_create(d, VIA_SCAN_FULL, done, q) : NULL;
	if (!*ret) {
		free(q->known);
		free(q);
		return NULL;
	}
	(*ret)->think = via_plan_think;
	return q;
}

/* The unfinished steps as the journal has them, ids included: its records go on referring to them.
 */
static int recovery_plan(struct via_session *s)
{
	const struct via_unfinished *u = s->recover;

	s->plan = calloc(1, sizeof(*s->plan));
	if (!s->plan)
		return -ENOMEM;
	s->plan->steps = calloc(u->n_steps + 1, sizeof(*s->plan->steps));
	if (!s->plan->steps)
		return -ENOMEM;
	memcpy(s->plan->steps, u->steps, u->n_steps * sizeof(*u->steps));
	s->plan->n_steps = u->n_steps;
	return via_session_queues(s);
}

static void recover(struct via_session *s)
{
	if (recovery_plan(s) < 0) {
		s->r = via_err_set(&s->err, -ENOMEM, "out of memory");
		via_session_refuse(s);
		return;
	}
	for (size_t i = 0; i < s->n_queues; i++)
		s->queues[i].pf->session = s;
	s->running = true;
	s->id = s->recover->session;
	if (!s->plan->n_steps) {
		via_session_end(s);
		return;
	}
	emit_started(s);
	via_session_run(s);
}

void via_session_plan(struct via_session *s)
{
	struct via_look *l;
	struct via_plan_request *q;

	if (s->make) {
		via_session_make(s);
		return;
	}
	if (s->kind == VIA_SESSION_RECOVER) {
		recover(s);
		return;
	}
	q = request_new(s->d, s->kind, &s->opt, planned, &l);
	if (!q) {
		s->r = via_err_set(&s->err, -ENOMEM, "out of memory");
		via_session_refuse(s);
		return;
	}
	q->session = s;
	via_look_submit(l);
}

static void answer_plan(struct via_look *l)
{
	struct via_plan_request *q = l->user;
	json_object *p;

	if (!l->r && via_plan_filter(l->d, q->plan) < 0)
		l->r = via_err_set(&l->err, -ENOMEM, "out of memory");
	if (l->r) {
		via_call_fail(q->call, l->r, &l->err);
	} else {
		p = json_object_new_object();
		json_object_object_add(p, "plan", via_codec_plan(q->plan));
		via_call_reply(q->call, p);
	}
	request_free(q);
}

void via_session_get_plan(
	struct via_daemon *d, struct via_call *call, struct via_session_options *opt)
{
	struct via_look *l;
	struct via_plan_request *q = request_new(d, VIA_SESSION_APPLY, opt, answer_plan, &l);
	struct via_err err;

	if (!q) {
		via_session_options_finish(opt);
		via_err_set(&err, -ENOMEM, "out of memory");
		via_call_fail(call, -ENOMEM, &err);
		return;
	}
	*opt = (struct via_session_options){0};
	q->call = call;
	via_look_submit(l);
}
