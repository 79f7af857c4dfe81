/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What contradicts itself: kept as long as it lasts, told when it has lasted and when it goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "claims.h"
#include "reconcile.h"

/* A VM that starts or ends is seen in parts: libvirt's word, the process, the hook. */
#define SETTLE_MS 1000

static void tell(struct via_daemon *d, enum via_event_type type, const struct via_contradiction *c,
	const char *message)
{
	struct via_event ev = {
		.type = type,
		.cause = "reconciliation",
		.message = message,
		.pf = via_lane_of(via_daemon_inv(d), c->target),
		.target = c->target,
		.claim = c->generation ? via_claims_generation(&d->claims, c->generation) : NULL,
	};

	via_events_emit(d->events, &ev);
}

static const struct via_contradiction *same_in(
	const struct via_contradiction *list, size_t n, const struct via_contradiction *c)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].generation == c->generation && via_addr_eq(list[i].target, c->target) &&
			!strcmp(list[i].text, c->text))
			return &list[i];
	return NULL;
}

static unsigned int settle_ms(const struct via_daemon *d)
{
	return d->opt.vm_gone_ms < SETTLE_MS ? d->opt.vm_gone_ms : SETTLE_MS;
}

/* When it is to be looked at again, 0 when it has been told. */
static int64_t settle(struct via_daemon *d, struct via_contradiction *c)
{
	const struct via_contradiction *old = same_in(d->contradictions, d->n_contradictions, c);
	int64_t now = via_now_ms();

	c->since_us = old ? old->since_us : via_now_us();
	c->first_ms = old ? old->first_ms : now;
	c->told = old && old->told;
	if (c->told)
		return 0;
	if (!old || now - c->first_ms < settle_ms(d))
		return c->first_ms + settle_ms(d) + 1;
	c->told = true;
	tell(d, VIA_EVENT_CONTRADICTION, c, c->text);
	via_status_touch(d);
	return 0;
}

static void tell_gone(struct via_daemon *d, const struct via_contradiction *list, size_t n)
{
	for (size_t i = 0; i < d->n_contradictions; i++) {
		const struct via_contradiction *old = &d->contradictions[i];
		char msg[VIA_ERR_MSG_MAX + 32];

		if (!old->told || same_in(list, n, old))
			continue;
		snprintf(msg, sizeof(msg), "no longer: %s", old->text);
		tell(d, VIA_EVENT_CONTRADICTION_GONE, old, msg);
		via_status_touch(d);
	}
}

int64_t via_contradictions_take(struct via_daemon *d, const struct via_reconciliation *rec)
{
	struct via_contradiction *list = calloc(rec->n + 1, sizeof(*list));
	int64_t next = 0;
	size_t n = 0;

	if (!list)
		return 0;
	for (size_t i = 0; i < rec->n; i++) {
		const struct via_reconcile_action *a = &rec->list[i];
		int64_t when;

		if (a->kind != VIA_RECONCILE_CONTRADICTION)
			continue;
		list[n].target = a->addr;
		list[n].generation = a->generation;
		snprintf(list[n].text, sizeof(list[n].text), "%s", a->text);
		when = settle(d, &list[n++]);
		if (when && (!next || when < next))
			next = when;
	}
	tell_gone(d, list, n);
	free(d->contradictions);
	d->contradictions = list;
	d->n_contradictions = n;
	return next;
}

json_object *via_contradictions_json(const struct via_daemon *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->n_contradictions; i++) {
		const struct via_contradiction *c = &d->contradictions[i];
		json_object *o;

		if (!c->told)
			continue;
		o = json_object_new_object();
		via_json_add_str(o, "target", via_addr_fmt(c->target));
		if (c->generation)
			via_json_add_int(o, "generation", (int64_t)c->generation);
		via_json_add_str(o, "since", via_time_fmt(c->since_us));
		via_json_add_str(o, "message", c->text);
		json_object_array_add(list, o);
	}
	return list;
}
