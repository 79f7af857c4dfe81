/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Works: what claims.h's calls have under way. A work has its claims to itself from its beginning
 * to its end; one that needs a claim of another's is parked and begun anew when some work has
 * ended. Private to claims*.c.
 */
#ifndef VIA_DAEMON_CLAIMS_WORK_H
#define VIA_DAEMON_CLAIMS_WORK_H

#include "claims.h"

/* A claim before and after a change; either may be missing. */
struct via_claim_change {
	bool had, has;
	struct via_claim before, after;
};

struct via_claim_work;
/* See via_work_run_claim(). */
typedef void via_work_ran_fn(
	struct via_claim_work *w, const struct via_session *s, int r, const struct via_err *err);

struct via_claim_work {
	struct via_claim_work *next; /* in the order of asking */
	struct via_daemon *d;
	char cause[160];
	via_claims_done_fn *done; /* NULL: told, or nobody asked */
	void *user;

	/* Called anew after it was parked. */
	void (*begin)(struct via_claim_work *w);
	bool parked, due; /* due: in the turn that is under way */
	/* Its VM went while it was being claimed. */
	bool cancelled;
	sd_event_source *deadline; /* for waiting */

	/* Its claims, as they were when it last changed them. Reserved: they are its own. */
	bool reserved;
	size_t n;
	struct via_claim *list;
	bool *known; /* of a claiming: list[i] stood in the registry before */
	struct via_session *session;
	via_work_ran_fn *ran;

	/* a claiming */
	bool has_req;
	struct via_alloc_request req;
	char *network;
	struct via_domain dom;

	/* a release */
	bool releases;
	bool early;    /* done is told when it is recorded */
	bool unforced; /* whoever holds it has the last word: look first */
	bool clears;   /* what is quarantined */
	bool force;    /* as it is */
	bool recorded;
	struct via_addr addr;
	uint64_t generation;	/* 0 any */
	struct via_claim found; /* generation 0: not found yet */
	bool has_baseline;
	struct via_vf_attrs baseline;
	int looked; /* what became of the look */
	struct via_err look_err;
	void (*then)(struct via_claim_work *w); /* after it */

	/* claims.h: via_claims_rewrite() */
	bool rewrites;
	bool renews; /* via_claims_renew() */
	struct via_claim now;
};

/* --- claims.c --- */
/* NULL: out of memory, or the daemon stops: done was told. deadline_ms: for waiting, 0 none. */
struct via_claim_work *via_work_create(struct via_daemon *d, const char *cause,
	unsigned int deadline_ms, via_claims_done_fn *done, void *user);
/* Begin, as soon as the host is known. */
void via_work_begin(struct via_claim_work *w);
/* Begin anew when something has changed. */
void via_work_park(struct via_claim_work *w);
/* Tell who asked, once. */
void via_work_tell(struct via_claim_work *w, int r, const struct via_err *err);
/* Tell, if that is still to be done, and free it. */
void via_work_end(struct via_claim_work *w, int r, const struct via_err *err);
/* The other work that has this function; NULL. */
struct via_claim_work *via_work_at(
	const struct via_daemon *d, struct via_addr addr, const struct via_claim_work *but);
/* It could not be brought to its end (a full disk): have it compared again after a while. */
void via_work_retry(struct via_daemon *d);
/* Room for n claims; false: out of memory. */
bool via_work_room(struct via_claim_work *w, size_t n);
void via_work_event(struct via_claim_work *w, enum via_event_type type, const struct via_claim *c,
	const char *message);
/* "VF 3 of 0000:01:00.0 (0000:01:10.6)", "0000:01:00.0". Returns buf. */
const char *via_work_place(const struct via_claim *c, char *buf, size_t size);
/* "VM web1 (UUID)", "nobody". */
const char *via_work_owner(const struct via_claim *c, char *buf, size_t size);
#define VIA_CLAIM_TEXT 340
static inline struct via_addr via_claim_lane(const struct via_claim *c)
{
	return c->fn.is_vf ? c->fn.pf : c->fn.addr;
}

/* --- claims_record.c --- */
typedef void via_recorded_fn(void *user, int r, const struct via_err *err);
/*
 * The changes (taken over) are made in memory, written down, and fn is told. What cannot be made
 * or written is as before when fn is told.
 */
void via_claims_change(struct via_daemon *d, struct via_claim_change *list, size_t n,
	via_recorded_fn *fn, void *user);
/* The same for changes that are in memory already. */
void via_claims_record(struct via_daemon *d, struct via_claim_change *list, size_t n,
	via_recorded_fn *fn, void *user);
/* Records (taken over) alone. */
void via_claims_append(
	struct via_daemon *d, json_object **records, size_t n, via_recorded_fn *fn, void *user);
/* The registry is another now. */
void via_claims_touch(struct via_daemon *d);

/* --- claims_session.c --- */
/* Configure the claims of w->list that are managed. then is told the end: s is NULL when there was
 * no session; r: 0, or why not. */
void via_work_run_claim(struct via_claim_work *w, via_work_ran_fn *then);
/* Clean w->list[0]. After it w->baseline is what the function was made with. */
void via_work_run_release(struct via_claim_work *w, via_work_ran_fn *then);

/* --- claims_release.c --- */
/* Give back what a claiming did not come to an end with: a work of its own. */
void via_release_start(struct via_daemon *d, const struct via_claim *c, const char *cause);
/* The same for a VM's end: done is told when it is recorded. */
void via_release_early(struct via_daemon *d, const struct via_claim *c, const char *cause,
	via_claims_done_fn *done, void *user);
/* By whatever way: the claim is no more. */
void via_release_gone(struct via_claim_work *w);
/* Nobody holds it, now that it was looked at. 0, or IN_USE. */
int via_release_unused(struct via_claim_work *w, struct via_err *err);
/* Read it and its PF again, then go on. */
void via_work_look(struct via_claim_work *w, void (*then)(struct via_claim_work *w));

#endif
