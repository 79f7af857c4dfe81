/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch: consecutive steps of one lane that run together on its worker, journalled by one act and
 * one result record. Adjacent attribute steps go out in one batch, all else alone; undoing is a
 * batch as well.
 */
#ifndef VIA_DAEMON_BATCH_H
#define VIA_DAEMON_BATCH_H

#include "session.h"

#define VIA_BATCH_MAX 128 /* as many messages as one sendmsg carries */

struct via_batch {
	struct via_job job;
	struct via_daemon *d;
	struct via_pf *pf;
	struct via_queue *queue; /* NULL: the session went on without it (blocked) */
	bool undo, submitted;
	uint64_t session;
	/* by value: the worker sees nothing of ours */
	struct via_kernel *kernel;
	struct via_journal *journal;
	struct via_store *store;
	struct via_mailbox *mailbox;
	size_t n;
	struct via_step *steps;		 /* undo: in the order of undoing */
	struct via_step_result *results; /* out */
	uint32_t unsupported;		 /* in and out */
};

/* Take the next steps of a queue (n of them), or undo the given ones. It starts as soon as no scan
 * reads its PF. Below 0: out of memory. */
int via_batch_start(struct via_queue *q, const size_t *steps, size_t n, bool undo);
/* Start it now if it may. */
void via_batch_try(struct via_batch *b);

/* Its PF is blocked: none of it is run. */
void via_batch_refuse(struct via_batch *b);

/* session_run.c: its worker is through. */
void via_batch_ended(struct via_batch *b);
/* A step in it has a new state. */
void via_batch_progress(struct via_batch *b, const struct via_step_result *r);
void via_batch_free(struct via_batch *b);

#endif
