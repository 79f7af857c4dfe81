/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When this daemon saw what of its claims, by the clock for durations: what the time of day says of
 * them may jump. Seen later than it happened is on the safe side: one more listing is waited for.
 */
#ifndef VIA_DAEMON_SEEN_H
#define VIA_DAEMON_SEEN_H

#include "model/reconcile.h"

struct via_seen_claim {
	uint64_t generation;
	enum via_claim_state state;
	int64_t changed_us;    /* as the claim has it: to notice a change */
	int64_t changed_ms;    /* 0: before this daemon */
	bool starting;	       /* its hook was told that its VM may start, and no end of it since */
	int64_t gone_ms;       /* its VM was first seen gone; 0: it was not */
	int64_t gone_taken_ms; /* libvirt's listing of that time; 0 none */
	uint32_t renewals;     /* one after the other */
	int64_t renewed_ms;    /* the last one's beginning */
};

struct via_seen {
	size_t n;
	struct via_seen_claim *list; /* ascending by generation */
};
void via_seen_finish(struct via_seen *s);

/* What is new or has changed is of now_ms; what has gone is forgotten. 0 or -ENOMEM. */
int via_seen_update(struct via_seen *s, const struct via_claims *claims, int64_t now_ms);
/* Its VM starts: as if it had changed just now. */
void via_seen_fresh(struct via_seen *s, uint64_t generation, int64_t now_ms);
/* Its VM has ended, or did not start after all. */
void via_seen_over(struct via_seen *s, uint64_t generation);
bool via_seen_starting(const struct via_seen *s, uint64_t generation);
/* Of the last change; 0: before this daemon. Of a claim never seen: now. */
int64_t via_seen_changed_ms(const struct via_seen *s, uint64_t generation);
/* Not before then may the next try to clean it begin. */
int64_t via_seen_clean_ms(
	const struct via_seen *s, const struct via_claim *c, unsigned int backoff_ms);
/* The same for the next try to set it up again; 0: at once. */
int64_t via_seen_renew_ms(
	const struct via_seen *s, const struct via_claim *c, unsigned int backoff_ms);
void via_seen_renewed(struct via_seen *s, uint64_t generation, int64_t now_ms);
/* Those that are not to be released, or only claims' that are no more: not gone after all. */
void via_seen_keep_gone(struct via_seen *s, const struct via_reconciliation *rec);
/*
 * Its VM is gone, as far as is known now (listed: when libvirt's listing was begun, 0 without one).
 * Not before the time returned may it be released: gone_ms after it was first seen gone, and by a
 * later listing than that.
 */
int64_t via_seen_gone_ms(
	struct via_seen *s, uint64_t generation, int64_t listed, unsigned int gone_ms);

#endif
