/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs that may block, off the main loop. A worker is a queue that one thread works off in order;
 * the thread starts with the first job and ends when there is none for a while. A job is a value:
 * what it needs is in it, what it found out comes back in it. A finished job goes to the mailbox,
 * whose descriptor wakes the main loop, which calls its `done`.
 */
#ifndef VIA_DAEMON_WORKER_H
#define VIA_DAEMON_WORKER_H

#include <stdbool.h>
#include <stddef.h>

struct via_mailbox;
struct via_worker;

struct via_job {
	struct via_job *next;
	void (*work)(struct via_job *job); /* on the worker's thread; NULL for a note */
	void (*done)(struct via_job *job); /* on the main loop; frees the job */
	bool cancelled;			   /* work was not called: the daemon stops */
	bool note;
};

/* 0 or a negated errno. */
int via_mailbox_create(struct via_mailbox **ret);
/* All workers of it must be destroyed, or have been given up (then it is leaked on purpose). */
void via_mailbox_destroy(struct via_mailbox *m);
int via_mailbox_fd(const struct via_mailbox *m);
/* Call `done` of everything that came in. */
void via_mailbox_dispatch(struct via_mailbox *m);
/* From any thread: a message without work, in order with the sender's other messages. */
void via_mailbox_note(struct via_mailbox *m, struct via_job *job);
/* Jobs submitted and not yet dispatched. */
size_t via_mailbox_open(struct via_mailbox *m);

/* NULL out of memory. name: of the thread, at most 15 characters. */
struct via_worker *via_worker_create(struct via_mailbox *m, const char *name);
void via_worker_submit(struct via_worker *w, struct via_job *job);
/* Give back what was not begun: those jobs come through the mailbox, cancelled. */
void via_worker_cancel(struct via_worker *w);
/* Cancel what is queued, now and from here on, and wait at most timeout_ms for the running job.
 * false: it is still running, and the worker and all it uses must stay where they are. */
bool via_worker_end(struct via_worker *w, unsigned int timeout_ms);
/* An ended one. */
void via_worker_free(struct via_worker *w); /* both take NULL */

#define via_container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

#endif
