/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "drift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "look.h"
#include "pf.h"
#include "session.h"
#include "watch.h"

#define HEAL_FORGET_MS	    (10 * 60 * 1000) /* this long without drift, and the tries start anew */
#define HEAL_BACKOFF_MAX_MS (5 * 60 * 1000)

/* What a difference is called (model/drift.c), and the steps that set it again. */
static const struct {
	const char *what;
	uint32_t ops;
	bool all; /* new VFs need everything */
} heals[] = {
	{"driver", 1u << VIA_STEP_BIND | 1u << VIA_STEP_UNBIND, false},
	{"msix", 1u << VIA_STEP_BIND | 1u << VIA_STEP_UNBIND | 1u << VIA_STEP_VF_MSIX, false},
	{"vf_mtu", 1u << VIA_STEP_VF_MTU, false},
	{"pf_mtu", 1u << VIA_STEP_PF_MTU, false},
	{"pf_up", 1u << VIA_STEP_PF_UP, false},
	{"autoprobe", 1u << VIA_STEP_AUTOPROBE, false},
	{"eswitch_mode", 1u << VIA_STEP_ESWITCH, false},
	{"num_vfs", 0, true},
	{"present", 0, true},
};

/* Which difference it is, whatever its values; a PF's list is kept in this order. */
static int by_what(const void *a, const void *b)
{
	const struct via_drift *x = &((const struct via_drift_entry *)a)->drift;
	const struct via_drift *y = &((const struct via_drift_entry *)b)->drift;

	if (x->has_vf != y->has_vf)
		return x->has_vf ? 1 : -1;
	if (x->has_vf && x->vf_index != y->vf_index)
		return x->vf_index > y->vf_index ? 1 : -1;
	return strcmp(x->what, y->what);
}

static const struct via_drift_entry *find(
	const struct via_drift_entry *list, size_t n, const struct via_drift_entry *e)
{
	return n ? bsearch(e, list, n, sizeof(*list), by_what) : NULL;
}

static bool heals_step(const struct via_drift *d, const struct via_step *s, uint32_t *attrs)
{
	enum via_vf_attr a;

	if (via_vf_attr_parse(d->what, &a) == 0) {
		*attrs |= VIA_ATTR_BIT(a);
		return s->op == VIA_STEP_VF_ATTRS && (s->set.attrs.known & VIA_ATTR_BIT(a));
	}
	for (size_t i = 0; i < sizeof(heals) / sizeof(heals[0]); i++)
		if (!strcmp(heals[i].what, d->what))
			return heals[i].all || (heals[i].ops & (1u << s->op));
	return false;
}

bool via_drift_wants(const struct via_pf *pf, const struct via_step *s, uint32_t *attrs)
{
	bool wanted = false;

	*attrs = 0;
	for (size_t i = 0; i < pf->n_drift; i++) {
		const struct via_drift *d = &pf->drift[i].drift;
		uint32_t mask = 0;

		if (!pf->drift[i].confirmed || !d->heal || d->unsupported)
			continue;
		if (!strcmp(d->what, "num_vfs") || !strcmp(d->what, "present")) {
			*attrs = VIA_ATTR_ALL;
			return true;
		}
		if (d->has_vf != s->has_vf || (d->has_vf && d->vf_index != s->vf_index) ||
			!heals_step(d, s, &mask))
			continue;
		*attrs |= mask;
		wanted = true;
	}
	return wanted;
}

static void emit(struct via_pf *pf, enum via_event_type type, const struct via_drift *drift,
	const char *verb)
{
	char vf[32] = "", msg[384];
	struct via_event ev = {
		.type = type,
		.cause = "comparison",
		.message = msg,
		.pf = drift->pf,
		.target = drift->target,
		.drift = drift,
	};

	if (drift->has_vf)
		snprintf(vf, sizeof(vf), " VF %u", drift->vf_index);
	snprintf(msg, sizeof(msg), "PF %s%s: %s %s: configured %s, %s %s", via_addr_fmt(pf->addr),
		vf, drift->what, verb, drift->wanted,
		type == VIA_EVENT_DRIFT_FOUND ? "found" : "it was", drift->found);
	via_events_emit(pf->d->events, &ev);
}

/* What provisioning has not got to yet is pending, not drift: no news. */
static bool is_news(const struct via_pf *pf)
{
	return pf->in_sync || pf->verify_only || !pf->d->config->config->auto_apply;
}

/* Seen before, a debounce ago: then it is no passing state. */
static void settle_entry(struct via_pf *pf, struct via_drift_entry *e)
{
	const struct via_drift_entry *before = find(pf->drift, pf->n_drift, e);
	uint32_t debounce_ms = pf->d->config->config->drift_debounce_ms;
	int64_t now = via_now_ms();

	e->first_ms = before ? before->first_ms : now;
	e->drift.since_us = before ? before->drift.since_us : via_now_us();
	e->confirmed =
		!debounce_ms || (before && (before->confirmed || now - e->first_ms >= debounce_ms));
	e->told = before && before->told;
	if (!e->confirmed || e->told || e->drift.unsupported || !is_news(pf))
		return;
	emit(pf, VIA_EVENT_DRIFT_FOUND, &e->drift, "drifted");
	e->told = true;
}

static void tell_gone(struct via_pf *pf, const struct via_drift_entry *list, size_t n)
{
	for (size_t i = 0; i < pf->n_drift; i++) {
		const struct via_drift_entry *e = &pf->drift[i];

		if (!e->told || find(list, n, e))
			continue;
		emit(pf, pf->healing ? VIA_EVENT_DRIFT_HEALED : VIA_EVENT_DRIFT_GONE, &e->drift,
			pf->healing ? "was set again" : "is as configured again");
	}
}

static bool is_clean(const struct via_pf *pf)
{
	for (size_t i = 0; i < pf->n_drift; i++)
		if (!pf->drift[i].drift.unsupported)
			return false;
	return true;
}

static void take_one(struct via_pf *pf, const struct via_drifts *found)
{
	struct via_drift_entry *list = calloc(found->n + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return;
	for (size_t i = 0; i < found->n; i++) {
		if (!via_addr_eq(found->list[i].pf, pf->addr))
			continue;
		list[n].drift = found->list[i];
		settle_entry(pf, &list[n++]);
	}
	qsort(list, n, sizeof(*list), by_what);
	tell_gone(pf, list, n);
	if (pf->healing && n < pf->n_drift)
		pf->healed_ms = via_now_ms();
	pf->healing = false;
	free(pf->drift);
	pf->drift = n ? reallocarray(list, n, sizeof(*list)) : NULL;
	if (!pf->drift)
		free(list);
	pf->n_drift = n;
	if (!is_clean(pf))
		return;
	pf->in_sync = true;
	if (via_now_ms() - pf->healed_ms > HEAL_FORGET_MS)
		pf->heal_tries = 0;
}

static int on_confirm(sd_event_source *src, uint64_t usec, void *user)
{
	(void)src;
	(void)usec;
	via_watch_look(user, NULL);
	return 0;
}

static void confirm_later(struct via_daemon *d)
{
	uint64_t us = (uint64_t)d->config->config->drift_debounce_ms * 1000;
	bool open = false;

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		for (size_t i = 0; i < pf->n_drift; i++)
			open = open || !pf->drift[i].confirmed;
	if (!open || d->stopping)
		return;
	if (!d->confirm_timer && sd_event_add_time_relative(d->event, &d->confirm_timer,
					 CLOCK_MONOTONIC, us, 0, on_confirm, d) < 0)
		return;
	sd_event_source_set_time_relative(d->confirm_timer, us);
	sd_event_source_set_enabled(d->confirm_timer, SD_EVENT_ONESHOT);
}

void via_drift_take(struct via_daemon *d, const struct via_drifts *found)
{
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (!pf->session && !pf->batch && !pf->stuck && pf->is_pf)
			take_one(pf, found);
	confirm_later(d);
	via_drift_heal(d);
	via_status_touch(d);
}

static bool wants_healing(const struct via_pf *pf)
{
	if (pf->failed || pf->blocked || pf->session || pf->verify_only || !pf->present)
		return false;
	for (size_t i = 0; i < pf->n_drift; i++)
		if (pf->drift[i].confirmed && pf->drift[i].drift.heal &&
			!pf->drift[i].drift.unsupported)
			return true;
	return false;
}

static bool is_healing(const struct via_daemon *d, const char *pf)
{
	for (const struct via_session *s = d->sessions; s; s = s->next)
		if (s->kind == VIA_SESSION_HEAL && s->opt.only && !strcmp(s->opt.only, pf))
			return true;
	return false;
}

static void give_up(struct via_pf *pf)
{
	char why[256];
	struct via_event ev = {
		.type = VIA_EVENT_STEP_FAILED,
		.cause = "healing",
		.message = why,
		.pf = pf->addr,
		.target = pf->addr,
	};

	snprintf(why, sizeof(why),
		"PF %s: drift came back after being set again %u times; something else changes it. "
		"No more tries until it is applied, reloaded or the device changes",
		via_addr_fmt(pf->addr), pf->heal_tries);
	via_events_emit(pf->d->events, &ev);
	via_pf_fail(pf, why);
}

static void heal_one(struct via_pf *pf)
{
	struct via_session_options opt = {0};
	struct via_session *s;
	uint64_t pause;

	if (pf->heal_tries >= VIA_HEAL_TRIES) {
		give_up(pf);
		return;
	}
	pause = (uint64_t)pf->d->opt.heal_backoff_ms << pf->heal_tries;
	pf->heal_after_ms =
		via_now_ms() + (pause < HEAL_BACKOFF_MAX_MS ? pause : HEAL_BACKOFF_MAX_MS);
	pf->heal_tries++;
	opt.only = strdup(via_addr_fmt(pf->addr));
	if (!opt.only)
		return;
	s = via_session_start(pf->d, VIA_SESSION_HEAL, "drift", NULL, &opt);
	if (s)
		via_session_plan(s);
}

void via_drift_heal(struct via_daemon *d)
{
	int64_t now = via_now_ms(), next = 0;

	if (!d->provisioned || d->stopping)
		return;
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next) {
		if (!wants_healing(pf) || is_healing(d, via_addr_fmt(pf->addr)))
			continue;
		if (pf->heal_after_ms <= now)
			heal_one(pf);
		else if (!next || pf->heal_after_ms < next)
			next = pf->heal_after_ms;
	}
	if (next)
		via_watch_heal_at(d, next);
}
