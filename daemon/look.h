/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at the host: jobs of the reader thread. A look may scan (all, or some functions), and may
 * then think about what it saw (plan, findings) on the same thread; back on the main loop the new
 * inventory is taken over before `done` is called.
 */
#ifndef VIA_DAEMON_LOOK_H
#define VIA_DAEMON_LOOK_H

#include <stdatomic.h>

#include "context.h"
#include "model/report.h"

enum via_scan_kind {
	VIA_SCAN_NONE,	 /* the newest inventory will do */
	VIA_SCAN_UPDATE, /* the functions in changed */
	VIA_SCAN_FULL,
};

struct via_learnt {
	struct via_addr pf;
	uint32_t unsupported;
};

/* The thread that looks run on, in order. When one hangs, the thread is left to it and another
 * reader takes over; what the old one finds in the end is thrown away. */
struct via_reader {
	struct via_worker *worker;
	struct via_inv_ref *latest; /* the thread's own: what an update scan starts from */
};
struct via_reader *via_reader_create(struct via_mailbox *m); /* NULL out of memory */
/* Its worker has ended. Takes NULL. */
void via_reader_free(struct via_reader *r);

enum via_look_phase {
	VIA_LOOK_QUEUED,
	VIA_LOOK_SCANNING,
	VIA_LOOK_SCANNED,  /* its result counts */
	VIA_LOOK_GIVEN_UP, /* another was made in its place */
};

struct via_look {
	struct via_job job;
	struct via_look *next;
	struct via_daemon *d;
	/* in */
	enum via_scan_kind scan;
	struct via_addr *changed; /* taken over */
	size_t n_changed;
	void (*think)(struct via_look *l);
	void (*done)(struct via_look *l); /* main loop; l is freed right after */
	void *user;
	bool pure; /* think touches no door and needs no scan: the encoder runs it */
	/* filled at submission: a copy of what the thread needs */
	struct via_kernel *kernel;
	struct via_addr *busy;
	size_t n_busy;
	struct via_learnt *learnt;
	size_t n_learnt;
	struct via_config_ref *config;
	struct via_claims_ref *claims;
	uint64_t seq;		   /* of d->release_seq at submission */
	struct via_reader *reader; /* NULL: the encoder */
	/* on the way */
	atomic_int phase; /* enum via_look_phase */
	atomic_uint_least64_t began_ms;
	bool told; /* that it takes long */
	/* out; inv is the base before the scan and the result after it */
	struct via_inv_ref *inv;
	int r; /* of the scan, or else of think */
	struct via_err err;
	bool scanned; /* inv is new */
	bool compared;
	struct via_drifts drifts;
};

/* NULL out of memory. */
struct via_look *via_look_create(struct via_daemon *d, enum via_scan_kind scan,
	void (*done)(struct via_look *l), void *user);
void via_look_submit(struct via_look *l);
/* A scan that was submitted may read this PF: a step that holds its device lock must wait for it.
 */
bool via_look_reads(const struct via_daemon *d, struct via_addr pf);
bool via_look_reads_pf(const struct via_look *l, struct via_addr pf);
/* A scan is under way or in line. */
bool via_look_scans(const struct via_daemon *d);
/* The look that has been scanning for so long; NULL. */
struct via_look *via_look_overdue(const struct via_daemon *d, unsigned int ms);
/* It hangs: another reader does it over, and goes on with those in line. No-op if it has just come
 * through. */
void via_look_give_up(struct via_look *l);
/* For `think`: what the daemon knows, as the planner wants it. l stays the callbacks' user. */
void via_look_plan_options(struct via_look *l, struct via_plan_options *opt);

#endif
