/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "batch.h"
#include "model/codec.h"

static const char *const kind_names[] = {
	[VIA_SESSION_APPLY] = "apply",
	[VIA_SESSION_AUTO] = "provisioning",
	[VIA_SESSION_HEAL] = "healing",
	[VIA_SESSION_BIND] = "bind",
	[VIA_SESSION_UNBIND] = "unbind",
	[VIA_SESSION_RECOVER] = "recovery",
	[VIA_SESSION_CLAIM] = "claim",
	[VIA_SESSION_RELEASE] = "release",
};

const char *via_session_kind_name(enum via_session_kind k)
{
	return kind_names[k];
}

void via_session_options_finish(struct via_session_options *o)
{
	for (char **s = o->disturb; s && *s; s++)
		free(*s);
	free(o->disturb);
	free(o->only);
	free(o->device);
	free(o->driver);
	*o = (struct via_session_options){0};
}

void via_session_free(struct via_session *s)
{
	struct via_session **p = &s->d->sessions;

	while (*p && *p != s)
		p = &(*p)->next;
	if (*p)
		*p = s->next;
	via_session_give_turn(s);
	if (s->ended)
		s->ended(s);
	for (size_t i = 0; i < s->n_queues; i++)
		free(s->queues[i].steps);
	free(s->queues);
	free(s->results);
	via_plan_destroy(s->plan);
	via_session_options_finish(&s->opt);
	via_unfinished_destroy(s->recover);
	via_claims_unref(s->claims);
	free(s->lanes);
	free(s);
}

struct via_session *via_session_start(struct via_daemon *d, enum via_session_kind kind,
	const char *cause, struct via_call *call, struct via_session_options *opt)
{
	struct via_session *s = calloc(1, sizeof(*s)), **last = &d->sessions;
	struct via_err err;

	if (!s || d->stopping) {
		free(s);
		via_session_options_finish(opt);
		via_err_set(&err, -ECANCELED, "viaductd is stopping");
		if (call)
			via_call_fail(call, -ECANCELED, &err);
		return NULL;
	}
	s->d = d;
	s->kind = kind;
	s->call = call;
	s->opt = *opt;
	*opt = (struct via_session_options){0};
	snprintf(s->cause, sizeof(s->cause), "%s", cause);
	while (*last)
		last = &(*last)->next;
	*last = s;
	return s;
}

static void on_provisioned(struct via_session *s)
{
	if (s->d->provisioning)
		s->d->provisioning--;
}

/* One session for a PF is enough: one that has not looked yet will see what this one would. */
static bool is_queued(const struct via_daemon *d, const char *only)
{
	for (const struct via_session *s = d->sessions; s; s = s->next)
		if (s->kind == VIA_SESSION_AUTO && s->waiting &&
			(!s->opt.only || (only && !strcmp(s->opt.only, only))))
			return true;
	return false;
}

void via_session_provision(struct via_daemon *d, const struct via_addr *pf, const char *cause)
{
	struct via_session_options opt = {0};
	struct via_session *s;
	const char *only = pf ? via_addr_fmt(*pf) : NULL;

	if (!d->config->config->auto_apply || !d->provisioned || is_queued(d, only))
		return;
	if (only) {
		opt.only = strdup(only);
		if (!opt.only)
			return;
	}
	s = via_session_start(d, VIA_SESSION_AUTO, cause, NULL, &opt);
	if (s)
		via_session_plan(s);
}

static char **string_list(json_object *list)
{
	size_t n = list ? json_object_array_length(list) : 0;
	char **strings = calloc(n + 1, sizeof(*strings));

	for (size_t i = 0; strings && i < n; i++)
		strings[i] = strdup(json_object_get_string(json_object_array_get_idx(list, i)));
	return strings;
}

/* The options an unfinished apply was begun with. */
static void read_options(const struct via_unfinished *u, struct via_session_options *opt)
{
	json_object *o = json_object_object_get(u->intent, "options"), *v;

	if (json_object_object_get_ex(o, "recreate", &v))
		opt->recreate = json_object_get_boolean(v);
	if (json_object_object_get_ex(o, "disturb", &v))
		opt->disturb = string_list(v);
	if (json_object_object_get_ex(o, "only", &v))
		opt->only = strdup(json_object_get_string(v));
}

static const char *unfinished_kind(const struct via_unfinished *u)
{
	const char *kind = json_object_get_string(json_object_object_get(u->intent, "kind"));

	return kind ? kind : "";
}

static bool all_done(const struct via_unfinished *u)
{
	for (size_t i = 0; i < u->n_steps; i++)
		if (u->states[i] != VIA_STEP_DONE)
			return false;
	return true;
}

/* All its steps were done: only the record of it was missing. */
static void complete_bind(struct via_daemon *d, const struct via_unfinished *u)
{
	json_object *o = json_object_object_get(u->intent, "bind");
	struct via_bound b;
	struct via_err err = {0};
	int r = o ? via_bound_parse(o, "/bind", &b, &err) : -EINVAL;

	if (!r && !strcmp(unfinished_kind(u), "bind"))
		r = via_store_bound_set(d->store, &b, &err);
	else if (!r)
		r = via_store_bound_remove(d->store, b.addr, &err);
	if (!r)
		r = via_journal_append(d->journal, via_journal_done(u->session), &err);
	if (r)
		via_log(LOG_ERR, "cannot complete an unfinished bind: %s", err.msg);
}

/* Not to be gone on with as an apply, which would set more than was meant: what is still to be
 * healed is found as drift again, and of claims the ledger knows how far they came. */
static bool is_forgotten(const struct via_unfinished *u)
{
	static const enum via_session_kind kinds[] = {
		VIA_SESSION_HEAL, VIA_SESSION_CLAIM, VIA_SESSION_RELEASE};

	for (size_t i = 0; i < VIA_ARRAY_SIZE(kinds); i++)
		if (!strcmp(unfinished_kind(u), kind_names[kinds[i]]))
			return true;
	return false;
}

static void forget(struct via_daemon *d, const struct via_unfinished *u)
{
	struct via_err err;

	if (via_journal_append(d->journal, via_journal_done(u->session), &err))
		via_log(LOG_ERR, "%s", err.msg);
}

static void recover_one(struct via_daemon *d, struct via_unfinished *u)
{
	bool bind = !strcmp(unfinished_kind(u), "bind") || !strcmp(unfinished_kind(u), "unbind");
	struct via_session_options opt = {0};
	struct via_session *s;

	if (bind && all_done(u)) {
		complete_bind(d, u);
		via_unfinished_destroy(u);
		return;
	}
	if (is_forgotten(u)) {
		forget(d, u);
		via_unfinished_destroy(u);
		return;
	}
	if (!bind)
		read_options(u, &opt);
	s = via_session_start(d, bind ? VIA_SESSION_RECOVER : VIA_SESSION_APPLY,
		"unfinished when viaductd ended", NULL, &opt);
	if (!s) {
		via_unfinished_destroy(u);
		return;
	}
	s->recover = u;
	s->ended = on_provisioned;
	d->provisioning++;
	via_session_plan(s);
}

static void rebind(struct via_daemon *d, const struct via_bound *b)
{
	struct via_session_options opt = {0};
	struct via_session *s;

	opt.device = strdup(via_addr_fmt(b->addr));
	opt.driver = strdup(b->driver);
	opt.persistent = true;
	if (!opt.device || !opt.driver) {
		via_session_options_finish(&opt);
		return;
	}
	s = via_session_start(d, VIA_SESSION_BIND, "persistent", NULL, &opt);
	if (!s)
		return;
	s->ended = on_provisioned;
	d->provisioning++;
	via_session_plan(s);
}

static void rebind_problem(struct via_daemon *d, const struct via_bound *b, const char *why)
{
	struct via_event ev = {
		.type = VIA_EVENT_REFUSAL,
		.cause = "start",
		.message = why,
		.pf = via_lane_of(via_daemon_inv(d), b->addr),
		.target = b->addr,
	};

	via_events_emit(d->events, &ev);
	if (d->n_rebind_problems < VIA_ARRAY_SIZE(d->rebind_problem))
		d->rebind_problem[d->n_rebind_problems++] = strdup(why);
}

/* A device that is not there may come later, or never: that is no problem, Bound says "present". */
void via_session_rebind(struct via_daemon *d, const struct via_inventory *before)
{
	const struct via_inventory *inv = via_daemon_inv(d);

	for (size_t i = 0; i < via_store_n_bound(d->store); i++) {
		const struct via_bound *b = via_store_bound_at(d->store, i);
		const struct via_device *dev = via_inventory_device(inv, b->addr);
		struct via_err err;

		if (!dev || !b->persistent || (before && via_inventory_device(before, b->addr)))
			continue;
		if (via_bound_check(b, inv, dev, &err))
			rebind_problem(d, b, err.msg);
		else if (!dev->driver || strcmp(dev->driver, b->driver))
			rebind(d, b);
	}
}

static void first_provisioning(struct via_daemon *d)
{
	struct via_session_options opt = {0};
	struct via_session *s;

	d->provisioned = true;
	if (!d->config->config->auto_apply)
		return;
	s = via_session_start(d, VIA_SESSION_AUTO, "start", NULL, &opt);
	if (!s)
		return;
	s->ended = on_provisioned;
	d->provisioning++;
	via_session_plan(s);
}

void via_session_recover(struct via_daemon *d)
{
	struct via_unfinished *u = d->unfinished;

	d->unfinished = NULL;
	while (u) {
		struct via_unfinished *next = u->next;

		u->next = NULL;
		recover_one(d, u);
		u = next;
	}
	via_session_rebind(d, NULL);
	first_provisioning(d);
}

static void kick_batches(struct via_daemon *d)
{
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->batch)
			via_batch_try(pf->batch);
}

/* made: only those whose plan needs no look of their own. */
static void kick_waiting(struct via_daemon *d, bool made)
{
	struct via_session *s;

	for (s = d->sessions; s; s = s->next)
		s->kicked = s->waiting && (!made || s->make);
	/* One that goes on may end, and kick others, which end as well: each time from the start.
	 */
	for (s = d->sessions; s;) {
		if (!s->kicked) {
			s = s->next;
			continue;
		}
		s->kicked = false;
		if (s->waiting) {
			s->waiting = false;
			via_session_plan(s);
		}
		s = d->sessions;
	}
}

void via_session_kick(struct via_daemon *d)
{
	kick_batches(d);
	if (d->release_seq != d->kicked_seq) {
		d->kicked_seq = d->release_seq;
		kick_waiting(d, false);
	}
}

void via_session_kick_made(struct via_daemon *d)
{
	kick_waiting(d, true);
}

bool via_session_call_off(struct via_session *s, int r, const struct via_err *err)
{
	if (!s->waiting)
		return false;
	s->waiting = false;
	s->r = r;
	s->err = *err;
	via_session_refuse(s);
	return true;
}

void via_session_stop_all(struct via_daemon *d)
{
	struct via_session *s = d->sessions;

	while (s) {
		struct via_session *next = s->next;

		if (s->waiting) {
			s->r = via_err_set(&s->err, -ECANCELED, "viaductd is stopping");
			via_session_refuse(s);
		}
		s = next;
	}
	kick_batches(d);
}
