/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciliation at work: a fresh look at who holds what, the pure comparison (model/reconcile.h),
 * its actions carried out, its contradictions kept and told. The calls are in claims.h.
 */
#ifndef VIA_DAEMON_RECONCILE_H
#define VIA_DAEMON_RECONCILE_H

#include "context.h"
#include "model/reconcile.h"

/* What contradicts itself, since this daemon saw it first. Ascending by target. */
struct via_contradiction {
	struct via_addr target;
	uint64_t generation; /* 0: of no claim */
	int64_t since_us;    /* CLOCK_REALTIME */
	char text[VIA_ERR_MSG_MAX];
	int64_t first_ms; /* when it was seen first */
	bool told;	  /* it has lasted: no passing state */
};
/* Compare them with the newest ones, and tell what has lasted and what has gone. The time of the
 * next look that this needs, 0 for none. */
int64_t via_contradictions_take(struct via_daemon *d, const struct via_reconciliation *rec);
/* The schema's list of Contradiction. */
json_object *via_contradictions_json(const struct via_daemon *d);

#endif
