/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims at work: the registry of the main loop, what is written to the ledger about it, and the
 * sessions that bring it about on the host.
 *
 * A claiming: choose and check (pure, on the newest inventory), reserve in memory, record
 * "preparing", a session of kind CLAIM, record "active", answer. Whatever fails on the way sends
 * the functions through the release: record "releasing", a session of kind RELEASE, a look, the
 * check, record "gone", or "quarantined" and another try later. Recovery is the same: what stands
 * as preparing or releasing after a crash is released, unless its VM runs with it.
 *
 * The order of records on disk is that of the changes in memory: one scribe writes them in turn.
 * What cannot be written is taken back in memory and refused.
 */
#ifndef VIA_DAEMON_CLAIMS_H
#define VIA_DAEMON_CLAIMS_H

#include "context.h"
#include "model/alloc.h"
#include "model/reconcile.h"
#include "session.h"

/* The answer to a claiming or a release. r and err as everywhere; claims: those concerned, as they
 * are now (generation 0: gone). */
typedef void via_claims_done_fn(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user);

/* The world as the pure functions want it; valid until the main loop returns to its event. */
void via_claims_world(struct via_daemon *d, struct via_world *ret);

/* By request: choose one function and claim it. */
void via_claims_request(struct via_daemon *d, const struct via_alloc_request *req,
	const char *cause, via_claims_done_fn *done, void *user);
/* All of a domain's devices (HOOK: prepare). Those known by request are confirmed. */
void via_claims_domain(struct via_daemon *d, const struct via_domain *dom, const char *cause,
	via_claims_done_fn *done, void *user);
/* generation 0: whatever it is now. VIA_REFUSED_STALE, NOT_FOUND, IN_USE (its VM runs with it),
 * BUSY. */
void via_claims_release(struct via_daemon *d, struct via_addr addr, uint64_t generation,
	const char *cause, via_claims_done_fn *done, void *user);
/* All of a VM's that end with it (hook: release). Answers when each is recorded as releasing; the
 * cleaning goes on. generations: those the hook knows; n 0: all. Unknown ones are passed over. */
void via_claims_release_vm(struct via_daemon *d, const char *uuid, const uint64_t *generations,
	size_t n, const char *cause, via_claims_done_fn *done, void *user);
/* What runs without a claim gets one. what: VM (UUID, name) or device; NULL all. */
void via_claims_adopt(struct via_daemon *d, const char *what, const char *cause,
	via_claims_done_fn *done, void *user);
/* Try once more at once; force: free it as it is, when nothing holds it. */
void via_claims_clear(struct via_daemon *d, struct via_addr addr, bool force, const char *cause,
	via_claims_done_fn *done, void *user);
/* off: takes claims again. */
void via_claims_set_drain(struct via_daemon *d, struct via_addr pf, bool off, const char *cause,
	via_claims_done_fn *done, void *user);
/* A claiming, a release or another change of it is under way. */
bool via_claims_busy(const struct via_daemon *d, struct via_addr addr);
/* Put a changed claim in the place of the one at addr with this generation: it has another address,
 * is of this boot, is active after all. In memory and in the ledger, in the order of everything
 * else. No event. done may be NULL. VIA_REFUSED_STALE, NOT_FOUND, BUSY. */
void via_claims_rewrite(struct via_daemon *d, struct via_addr addr, uint64_t generation,
	const struct via_claim *now, const char *cause, via_claims_done_fn *done, void *user);
/* A claim by request from an earlier boot: configure its function anew, then it is of this boot. */
void via_claims_renew(struct via_daemon *d, struct via_addr addr, uint64_t generation,
	const char *cause, via_claims_done_fn *done, void *user);

/* What the daemon's other modules tell this one. */
void via_claims_open(struct via_daemon *d); /* the host is known: requests that wait go on */
void via_claims_kick(struct via_daemon *d); /* what waits may go on: it is tried, soon */
void via_claims_stop(
	struct via_daemon *d); /* no new ones; those that wait are answered -ECANCELED */
void via_claims_destroy(struct via_daemon *d);

/* reconcile.c */
/* Compare claims with what is, soon (several wishes become one). cause: for events. */
void via_reconcile_soon(struct via_daemon *d, const char *cause);
/* This claim's VM is about to start: whatever was seen of it before says nothing any more. */
void via_reconcile_fresh(struct via_daemon *d, uint64_t generation);
/* A VM has ended, or did not start after all. */
void via_reconcile_over(struct via_daemon *d, const char *uuid);
/* Its VM may start since its hook was answered, and nothing was heard since: it may not have taken
 * the function yet, and libvirt's listing may be older. */
bool via_reconcile_starting(const struct via_daemon *d, const struct via_claim *c);
/* After the first look: apply notes, answer hooks from then on, reconcile for the first time. */
void via_reconcile_start(struct via_daemon *d);
/* When the daemon stops; may be called twice. */
void via_reconcile_stop(struct via_daemon *d);

/* notes.c: what a hook left while the daemon was down: STATE/notes/NAME.json, applied, then
 * removed. A note that cannot be read is kept, told and passed over. */
void via_notes_apply(struct via_daemon *d);
void via_notes_stop(struct via_daemon *d);
/* managed.c: STATE/managed.json, which tells a hook without a daemon what is ours; replaced when it
 * changes. */
void via_managed_publish(struct via_daemon *d);
void via_managed_stop(struct via_daemon *d);

/* hook.c: the answer to libvirt's hook. The call is answered later. */
void via_hook(struct via_daemon *d, struct via_call *call, const char *operation,
	const char *suboperation, const struct via_domain *dom, const uint64_t *generations,
	size_t n);
/* Notes are applied: hooks that came before are answered now. */
void via_hook_open(struct via_daemon *d);
/* A claim has changed (released, quarantined…): a hook may be waiting for that. */
void via_hook_kick(struct via_daemon *d);
/* A hook's work concerns this function just now. */
bool via_hook_holds(const struct via_daemon *d, struct via_addr addr);
/* Before the daemon is freed: those that still wait are refused. */
void via_hook_stop(struct via_daemon *d);

#endif
