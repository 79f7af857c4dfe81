/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "log.h"
#include "model/codec.h"
#include "util.h"
#include "varlink.h"

#define RING_EVENTS 1024
#define RING_BYTES  (256u * 1024)

struct subscriber {
	struct subscriber *next;
	struct via_events *events;
	struct via_call *call;
	uint64_t cursor; /* seq of the next event to look at */
	uint32_t mask;
};

struct slot {
	enum via_event_type type;
	struct via_text *text; /* a whole reply */
};

struct via_events {
	struct slot ring[RING_EVENTS]; /* event seq stands at seq % RING_EVENTS */
	uint64_t first, next;	       /* seqs in the ring: [first, next) */
	size_t bytes;
	struct subscriber *subscribers;
};

static const char *const names[] = {
#define VIA_X(sym, name, prio) name,
	VIA_EVENTS(VIA_X)
#undef VIA_X
};

static const int priorities[] = {
#define VIA_X(sym, name, prio) prio,
	VIA_EVENTS(VIA_X)
#undef VIA_X
};

const char *via_event_name(enum via_event_type t)
{
	return (unsigned int)t < VIA_EVENT_COUNT ? names[t] : "unknown";
}

int via_event_parse(const char *name, enum via_event_type *ret)
{
	for (int i = 0; i < VIA_EVENT_COUNT; i++) {
		if (!strcmp(names[i], name)) {
			*ret = (enum via_event_type)i;
			return 0;
		}
	}
	return -EINVAL;
}

struct via_events *via_events_create(void)
{
	struct via_events *e = calloc(1, sizeof(*e));

	if (e)
		e->first = e->next = 1;
	return e;
}

static void drop_oldest(struct via_events *e)
{
	struct slot *s = &e->ring[e->first++ % RING_EVENTS];

	e->bytes -= s->text->len;
	via_text_unref(s->text);
	s->text = NULL;
}

static void forget(struct subscriber *sub)
{
	struct subscriber **p = &sub->events->subscribers;

	while (*p != sub)
		p = &(*p)->next;
	*p = sub->next;
	free(sub);
}

void via_events_end(struct via_events *e, int r, const struct via_err *err)
{
	while (e->subscribers) {
		struct via_call *call = e->subscribers->call;

		forget(e->subscribers);
		call->drained = NULL;
		call->closed = NULL;
		via_call_fail(call, r, err);
	}
}

void via_events_destroy(struct via_events *e)
{
	if (!e)
		return;
	while (e->subscribers)
		forget(e->subscribers);
	while (e->first < e->next)
		drop_oldest(e);
	free(e);
}

static json_object *event_json(const struct via_event *ev, uint64_t seq)
{
	json_object *o = json_object_new_object();

	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	via_json_add_int(o, "seq", (int64_t)seq);
	via_json_add_str(o, "time", via_time_fmt(via_now_us()));
	via_json_add_str(o, "type", via_event_name(ev->type));
	via_json_add_str(o, "cause", ev->cause ? ev->cause : "");
	if (!via_addr_is_none(ev->pf))
		via_json_add_str(o, "pf", via_addr_fmt(ev->pf));
	if (!via_addr_is_none(ev->target))
		via_json_add_str(o, "target", via_addr_fmt(ev->target));
	via_json_add_str(o, "message", ev->message);
	if (ev->step)
		json_object_object_add(o, "step", via_codec_step(ev->step));
	if (ev->result)
		json_object_object_add(o, "result", via_codec_step_result(ev->result));
	if (ev->drift)
		json_object_object_add(o, "drift", via_codec_drift(ev->drift));
	if (ev->claim)
		json_object_object_add(o, "claim", via_codec_claim(ev->claim));
	return o;
}

static struct via_text *event_text(const struct via_event *ev, uint64_t seq)
{
	json_object *p = json_object_new_object();

	json_object_object_add(p, "event", event_json(ev, seq));
	return via_varlink_reply(p, NULL, true);
}

/* false: the subscriber is gone, or will be. */
static bool send_lost(struct subscriber *sub, uint64_t count)
{
	char msg[96];
	struct via_event ev = {
		.type = VIA_EVENT_LOST,
		.cause = "slow reader",
		.message = msg,
	};

	snprintf(msg, sizeof(msg), "%llu events were lost: this client reads too slowly",
		(unsigned long long)count);
	return via_call_continue(sub->call, event_text(&ev, sub->events->first));
}

/* Hand on events until the client's queue fills up. It may be freed in here. */
static void pump(struct subscriber *sub)
{
	struct via_events *e = sub->events;

	while (sub->cursor < e->next && via_call_has_room(sub->call)) {
		const struct slot *s;

		if (sub->cursor < e->first) {
			uint64_t lost = e->first - sub->cursor;

			sub->cursor = e->first;
			if (!send_lost(sub, lost))
				return;
			continue;
		}
		s = &e->ring[sub->cursor++ % RING_EVENTS];
		if ((sub->mask & (1u << s->type)) &&
			!via_call_continue(sub->call, via_text_ref(s->text)))
			return;
	}
}

static void log_event(const struct via_event *ev)
{
	char pf[VIA_ADDR_STR_MAX], target[VIA_ADDR_STR_MAX];
	const struct via_log_field fields[] = {
		{"VIADUCT_EVENT", via_event_name(ev->type)},
		{"VIADUCT_CAUSE", ev->cause},
		{"VIADUCT_PF", via_addr_is_none(ev->pf) ? NULL : via_addr_str(ev->pf, pf)},
		{"VIADUCT_TARGET",
			via_addr_is_none(ev->target) ? NULL : via_addr_str(ev->target, target)},
	};

	via_log_fields(priorities[ev->type], fields, VIA_ARRAY_SIZE(fields), ev->message);
}

void via_events_emit(struct via_events *e, const struct via_event *ev)
{
	struct subscriber *sub, *next;
	struct via_text *text;

	log_event(ev);
	if (!e->subscribers) {
		/* Nobody's place is behind this one. */
		while (e->first < e->next)
			drop_oldest(e);
		e->first = ++e->next;
		return;
	}
	text = event_text(ev, e->next);
	if (!text)
		return;
	while (e->first < e->next &&
		(e->next - e->first == RING_EVENTS || e->bytes + text->len > RING_BYTES))
		drop_oldest(e);
	e->ring[e->next++ % RING_EVENTS] = (struct slot){ev->type, text};
	e->bytes += text->len;
	for (sub = e->subscribers; sub; sub = next) {
		next = sub->next;
		pump(sub);
	}
}

static void on_drained(struct via_call *call, void *user)
{
	(void)call;
	pump(user);
}

static void on_closed(struct via_call *call, void *user)
{
	(void)call;
	forget(user);
}

void via_events_subscribe(struct via_events *e, struct via_call *call, uint32_t mask)
{
	struct subscriber *sub = calloc(1, sizeof(*sub));
	struct via_err err;

	if (!sub) {
		via_err_set(&err, -ENOMEM, "out of memory");
		via_call_fail(call, -ENOMEM, &err);
		return;
	}
	*sub = (struct subscriber){
		.next = e->subscribers,
		.events = e,
		.call = call,
		.cursor = e->next,
		.mask = mask,
	};
	e->subscribers = sub;
	call->drained = on_drained;
	call->closed = on_closed;
	call->user = sub;
}
