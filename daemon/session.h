/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: one plan from its making to its report. It looks afresh, plans, writes its intent,
 * runs each PF's steps in that PF's lane (one after the other, PFs beside each other), undoes what
 * a failed step leaves hanging, looks again, writes done, reports. A PF belongs to one session at a
 * time.
 */
#ifndef VIA_DAEMON_SESSION_H
#define VIA_DAEMON_SESSION_H

#include "context.h"
#include "look.h"
#include "pf.h"

enum via_session_kind {
	VIA_SESSION_APPLY, /* somebody asked, or an unfinished one goes on */
	VIA_SESSION_AUTO,  /* provisioning: what disturbs nobody */
	VIA_SESSION_HEAL,  /* of drift */
	VIA_SESSION_BIND,
	VIA_SESSION_UNBIND,
	VIA_SESSION_RECOVER, /* undo of an unfinished bind or unbind */
};
const char *via_session_kind_name(enum via_session_kind k);

struct via_session_options {
	bool recreate;
	char **disturb; /* as the caller wrote them; NULL-terminated or NULL */
	char *only;	/* NULL: all PFs */
	char *device;	/* BIND, UNBIND */
	char *driver;	/* BIND; NULL: choose */
	bool persistent;
};
void via_session_options_finish(struct via_session_options *o);

/* A PF's part of the plan. */
struct via_queue {
	struct via_session *session;
	struct via_pf *pf;
	size_t n, at;  /* at: steps that have their final result */
	size_t *steps; /* indexes in the plan */
	bool failed, ended;
	bool given_up; /* a step of the PF itself failed: nothing more of it runs */
};

struct via_session {
	struct via_session *next;
	struct via_daemon *d;
	enum via_session_kind kind;
	uint64_t id; /* 0 until its intent is written */
	char cause[160];
	struct via_call *call; /* NULL: nobody waits for it */
	struct via_session_options opt;
	void (*ended)(struct via_session *s); /* NULL, or told right before it is freed */

	/* planned */
	bool waiting; /* for another session to end, then to plan again */
	bool running; /* its PFs are its own */
	bool silent;  /* nothing happened worth an event */
	struct via_plan *plan;
	struct via_step_result *results; /* one a step */
	struct via_queue *queues;
	size_t n_queues, open_queues;
	struct via_bound bound; /* BIND, UNBIND: the device */
	int r;
	struct via_err err;
	uint64_t seq;			/* d->release_seq its scan was made at */
	struct via_unfinished *recover; /* RECOVER, or the journalled apply that goes on */
};

/*
 * Begin. opt is taken over. cause: a sentence part ("request of uid 0 (pid 12)"). call: answered
 * when it is over, may be NULL. NULL: out of memory (the call has been answered).
 */
struct via_session *via_session_start(struct via_daemon *d, enum via_session_kind kind,
	const char *cause, struct via_call *call, struct via_session_options *opt);
/* Provision one PF, or all when pf is NULL, if the configuration says auto. */
void via_session_provision(struct via_daemon *d, const struct via_addr *pf, const char *cause);
/* Bind again what is bound persistently and was not there before (NULL: all). */
void via_session_rebind(struct via_daemon *d, const struct via_inventory *before);
/* Work off what the journal has unfinished, then provision for the first time. */
void via_session_recover(struct via_daemon *d);
/* Something ended that sessions or batches may have been waiting for. */
void via_session_kick(struct via_daemon *d);
/* No new steps; sessions end as their running steps come back. */
void via_session_stop_all(struct via_daemon *d);

/* session_plan.c: the look, and what comes of it. */
void via_session_plan(struct via_session *s);
/* What the reader thread plans: for a session, or for GetPlan, which runs nothing. */
struct via_plan_request {
	struct via_session *session; /* NULL: GetPlan */
	struct via_call *call;	     /* GetPlan's */
	enum via_session_kind kind;
	struct via_session_options opt; /* a session's are borrowed */
	struct via_bound *known;	/* UNBIND: what is bound by request */
	size_t n_known;
	struct via_bound bound; /* out: BIND, UNBIND */
	struct via_plan *plan;	/* out */
};
/* GetPlan: plan, filter, answer. opt is taken over. */
void via_session_get_plan(
	struct via_daemon *d, struct via_call *call, struct via_session_options *opt);
/* plan_think.c: on the reader thread; the look's user is a struct via_plan_request. */
void via_plan_think(struct via_look *l);
/* Who is at this PF, for a message. */
void via_session_describe(const struct via_session *s, char *buf, size_t size);
/* Take out the steps of PFs that no step may run on now, each with a refusal in its place. */
int via_plan_filter(struct via_daemon *d, struct via_plan *p);
/* Leave only the steps keep() says; ids anew. */
void via_plan_keep(struct via_plan *p, bool (*keep)(struct via_step *s, void *user), void *user);

/* session_run.c */
void via_session_run(struct via_session *s);
void via_queue_next(struct via_queue *q);
/* What kept the PF has come back. */
void via_session_unblock(struct via_pf *pf, const char *cause);
/* session_end.c */
void via_session_lane_ended(struct via_queue *q);
void via_session_end(struct via_session *s); /* after the last lane, or without any step */
void via_session_free(struct via_session *s);
/* End with s->r and s->err, nothing having been done. */
void via_session_refuse(struct via_session *s);
/* A journal record on the scribe's thread, then fn with the outcome. */
void via_scribe(struct via_daemon *d, json_object *record,
	void (*fn)(void *user, int r, const struct via_err *err), void *user);
/* Tell subscribers and the caller about a step's new state. */
void via_session_progress(
	struct via_session *s, const struct via_step *step, const struct via_step_result *r);
json_object *via_session_report(const struct via_session *s);

#endif
