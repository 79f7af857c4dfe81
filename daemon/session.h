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
	VIA_SESSION_CLAIM,   /* these two: claims.c makes their plans, the ledger recovers them */
	VIA_SESSION_RELEASE,
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
	void *user;			      /* of ended and make */
	/* CLAIM, RELEASE: fill in plan from the newest inventory, on the main loop; called anew
	 * when it had to wait. 0, or s->err filled. */
	int (*make)(struct via_session *s);
	struct via_addr *lanes; /* with make: the PFs it is about */
	size_t n_lanes;

	/* planned */
	bool waiting; /* for another session to end, then to plan again */
	bool kicked;  /* in the turn that is under way */
	bool running; /* its PFs are its own */
	bool began;   /* its intent is written: from here on steps may have been run */
	bool looked;  /* what it left was read afterwards */
	bool silent;  /* nothing happened worth an event */
	struct via_plan *plan;
	struct via_step_result *results; /* one a step */
	struct via_queue *queues;
	size_t n_queues, open_queues;
	struct via_bound bound; /* BIND, UNBIND: the device */
	int r;
	struct via_err err;
	uint64_t seq;			/* d->release_seq its scan was made at */
	struct via_claims_ref *claims;	/* that its plan was made with */
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
/* One that waits for others: end it with r and err. false: it waits no more. */
bool via_session_call_off(struct via_session *s, int r, const struct via_err *err);
/* Something ended that sessions or batches may have been waiting for. */
void via_session_kick(struct via_daemon *d);
/* There is a newer inventory: those that wait for one to be made from. */
void via_session_kick_made(struct via_daemon *d);
/* No new steps; sessions end as their running steps come back. */
void via_session_stop_all(struct via_daemon *d);

/* session_plan.c: the look, and what comes of it. */
void via_session_plan(struct via_session *s);
/* Queues of the steps of s->plan. 0 or -ENOMEM. */
int via_session_queues(struct via_session *s);
/* Take the PFs, write the intent, run. */
void via_session_begin(struct via_session *s);
/* session_claim.c: the plan of one that has `make`. */
void via_session_make(struct via_session *s);
/* It waits for PFs that claims have, or had: it is to come next, or no more. A claim is made in a
 * moment and looks at nothing; without that, many of them would keep others off a PF for ever. */
void via_session_take_turn(const struct via_session *s);
void via_session_give_turn(const struct via_session *s);
/* Read what claims have changed; several wishes become one look. */
void via_session_refresh(struct via_daemon *d);
/* Claims on what this plan changes are others than those it was made with. */
bool via_session_claims_changed(const struct via_session *s);
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
