/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events: what happened and why, for the log and for those who subscribed. They stand in a ring;
 * each subscriber has a place in it and takes what comes after as fast as it reads. One that is
 * overtaken gets a `lost` event and goes on with the oldest that is left: no client costs memory by
 * not reading.
 */
#ifndef VIA_DAEMON_EVENTS_H
#define VIA_DAEMON_EVENTS_H

#include "model/claim.h"
#include "model/report.h"
#include "server.h"

/* X(symbol, name, log priority) */
#define VIA_EVENTS(X)                                                                              \
	X(READY, "ready", LOG_NOTICE)                                                              \
	X(DEVICE_ADDED, "device_added", LOG_INFO)                                                  \
	X(DEVICE_REMOVED, "device_removed", LOG_NOTICE)                                            \
	X(DEVICE_CHANGED, "device_changed", LOG_INFO)                                              \
	X(PLAN_STARTED, "plan_started", LOG_NOTICE)                                                \
	X(STEP_STARTED, "step_started", LOG_DEBUG)                                                 \
	X(STEP_DONE, "step_done", LOG_INFO)                                                        \
	X(STEP_FAILED, "step_failed", LOG_ERR)                                                     \
	X(STEP_UNDONE, "step_undone", LOG_WARNING)                                                 \
	X(PLAN_DONE, "plan_done", LOG_NOTICE)                                                      \
	X(DRIFT_FOUND, "drift_found", LOG_WARNING)                                                 \
	X(DRIFT_GONE, "drift_gone", LOG_NOTICE)                                                    \
	X(DRIFT_HEALED, "drift_healed", LOG_NOTICE)                                                \
	X(BLOCKED, "blocked", LOG_ERR)                                                             \
	X(UNBLOCKED, "unblocked", LOG_NOTICE)                                                      \
	X(CONFIG_LOADED, "config_loaded", LOG_NOTICE)                                              \
	X(CONFIG_REFUSED, "config_refused", LOG_ERR)                                               \
	X(BOUND, "bound", LOG_NOTICE)                                                              \
	X(UNBOUND, "unbound", LOG_NOTICE)                                                          \
	X(REFUSAL, "refusal", LOG_WARNING)                                                         \
	X(CLAIMED, "claimed", LOG_NOTICE)                                                          \
	X(RELEASED, "released", LOG_NOTICE)                                                        \
	X(QUARANTINED, "quarantined", LOG_ERR)                                                     \
	X(CONTRADICTION, "contradiction", LOG_ERR)                                                 \
	X(CONTRADICTION_GONE, "contradiction_gone", LOG_NOTICE)                                    \
	X(DRAIN, "drain", LOG_NOTICE)                                                              \
	X(LIBVIRT, "libvirt", LOG_NOTICE)                                                          \
	X(LOST, "lost", LOG_WARNING)

enum via_event_type {
#define VIA_X(sym, name, prio) VIA_EVENT_##sym,
	VIA_EVENTS(VIA_X)
#undef VIA_X
		VIA_EVENT_COUNT
};
#define VIA_EVENT_ALL ((1u << VIA_EVENT_COUNT) - 1)
const char *via_event_name(enum via_event_type t);
int via_event_parse(const char *name, enum via_event_type *ret); /* 0 or -EINVAL */

struct via_event {
	enum via_event_type type;
	const char *cause, *message;
	struct via_addr pf, target; /* none: all zero */
	const struct via_step *step;
	const struct via_step_result *result;
	const struct via_drift *drift;
	const struct via_claim *claim;
};

struct via_events;
struct via_events *via_events_create(void); /* NULL out of memory */
/* Subscriptions end without a reply. */
void via_events_destroy(struct via_events *e);
void via_events_emit(struct via_events *e, const struct via_event *ev);
/* From now on, those in mask (of 1u << type). The call is the subscription's from here on. */
void via_events_subscribe(struct via_events *e, struct via_call *call, uint32_t mask);
/* End every subscription with an error of the interface org.viaduct. */
void via_events_end(struct via_events *e, int r, const struct via_err *err);

#endif
