/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon's modules share. Everything in here belongs to the main loop. */
#ifndef VIA_DAEMON_CONTEXT_H
#define VIA_DAEMON_CONTEXT_H

#include <systemd/sd-event.h>

#include "daemon.h"
#include "events.h"
#include "ledger.h"
#include "log.h"
#include "model/config.h"
#include "server.h"
#include "store.h"
#include "util.h"
#include "worker.h"

struct via_pf;
struct via_session;
struct via_look;
struct via_reader;
struct via_sweep;
struct via_claim_work;
struct via_contradiction;
struct via_hooks;
struct via_managed;
struct via_notes;
struct via_reconciler;

struct via_daemon {
	struct via_daemon_options opt;
	struct via_kernel *kernel;
	sd_event *event;
	struct via_mailbox *mailbox;
	struct via_reader *reader;  /* everything that reads the host: scans, plans, findings */
	struct via_worker *encoder; /* large JSON out of an inventory; never touches the host */
	struct via_worker *scribe;  /* journal records of whole sessions */
	struct via_server *server;
	struct via_groups groups;
	struct via_events *events;
	struct via_store *store;
	struct via_journal *journal;
	struct via_unfinished *unfinished; /* found at the start, worked off one by one */

	struct via_disk *disk;
	struct via_ledger *ledger;
	struct via_claims claims;	   /* as they will be on disk when the scribe is through */
	struct via_claims_ref *claims_ref; /* a copy for threads; NULL: to be made anew */
	struct via_claim_work *works;	   /* claimings and releases under way (claims.c) */
	bool claims_open;		   /* the host is known, claims can be made */
	bool refreshing;		   /* the PFs that claims have changed are being read */
	sd_event_source *claims_kick, *claims_retry;
	struct via_virt *virt;			  /* NULL: without libvirt */
	struct via_domains domains;		  /* newest listing */
	char *virt_reason;			  /* why there is no connection; NULL */
	bool virt_asked;			  /* there was an answer: a listing or a reason */
	struct via_contradiction *contradictions; /* of the newest reconciliation (reconcile.c) */
	size_t n_contradictions;
	struct via_reconciler *reconciler; /* these four: NULL until there is something in them */
	struct via_hooks *hooks;
	struct via_notes *notes;
	struct via_managed *managed;

	struct via_config_ref *config;
	char *config_error;	 /* the last load was refused: why; NULL */
	struct via_inv_ref *inv; /* newest; NULL before the first scan */
	struct via_pf *pfs;	 /* ascending by address */
	struct via_session *sessions;
	struct via_look *looks;	 /* submitted and not done */
	uint64_t release_seq;	 /* grows when a session lets go of its PFs */
	uint64_t kicked_seq;	 /* release_seq that waiting sessions know of */
	struct via_sweep *sweep; /* looks for what hangs a scan; NULL */
	int64_t sweep_after_ms;	 /* not before */
	size_t left;		 /* jobs that hang and that nobody waits for */

	struct via_plan_refusal *refusals; /* of the newest plans */
	size_t n_refusals;
	char *rebind_problem[16]; /* persistent devices that were not bound again, and why */
	size_t n_rebind_problems;

	struct via_text *status; /* the reply of GetStatus; NULL: to be made anew */
	int64_t started_us;

	sd_event_source *uevents, *drift_timer, *settle_timer, *confirm_timer, *heal_timer;
	sd_event_source *ready_timer, *stop_timer, *stuck_timer;
	struct via_addr *dirty; /* functions that uevents named, to be read again */
	size_t n_dirty;
	bool dirty_all;
	int64_t dirty_since_ms; /* 0: nothing is dirty */
	bool provisioned;	/* the first provisioning is over */
	bool ready;		/* READY=1 was sent */
	bool told_ready;	/* what systemd's status line says */
	bool stopping;
	bool hung;		   /* a thread did not come back: free nothing it may use */
	unsigned int provisioning; /* sessions of the start still under way */
};

/* Something that GetStatus shows has changed. */
static inline void via_status_touch(struct via_daemon *d)
{
	via_text_unref(d->status);
	d->status = NULL;
}

static inline const struct via_inventory *via_daemon_inv(const struct via_daemon *d)
{
	return d->inv ? d->inv->inv : NULL;
}

#endif
