/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon keeps of one PF (or of another function that is bound by request): the lane its
 * steps run in, how it stands to its configuration, what its driver turned out not to support.
 */
#ifndef VIA_DAEMON_PF_H
#define VIA_DAEMON_PF_H

#include "context.h"
#include "model/report.h"

struct via_batch;

/* A difference, and since when we know of it. */
struct via_drift_entry {
	struct via_drift drift;
	int64_t first_ms;
	bool confirmed; /* seen twice, a debounce apart: not a passing state */
	bool told;	/* by an event */
};

struct via_pf {
	struct via_pf *next;
	struct via_daemon *d;
	struct via_addr addr;

	/* as the newest inventory and the configuration have it */
	bool is_pf, present, managed, verify_only;
	char driver[VIA_DRIVER_MAX];
	uint32_t vfs_in_use, vfs_on_vfio;

	/* lane */
	struct via_worker *worker;	/* NULL until there is work */
	struct via_session *session;	/* whose steps run here */
	const struct via_session *turn; /* waits for the one that has it: claims let it go first */
	struct via_batch *batch;	/* running, or waiting for a scan to end */
	sd_event_source *deadline;
	uint64_t released; /* release_seq when a session last let go */
	uint64_t reshaped; /* the same, of a session that may have changed more than a VF's settings
			    */
	bool refresh;	   /* a claim has changed it: to be read when there is time */
	uint64_t seen;	   /* release_seq when the newest scan that read it was begun */
	bool blocked;
	char blocked_by[320];
	bool stuck; /* blocked by somebody else's step: reading stuck_at hangs (stuck.h) */
	struct via_addr stuck_at;

	/* learnt */
	uint32_t unsupported;
	bool learnt;

	/* drift */
	struct via_drift_entry *drift;
	size_t n_drift;
	bool healing; /* what goes away at the next look was healed */
	bool in_sync; /* was once as configured since the configuration was loaded */
	unsigned int heal_tries;
	int64_t heal_after_ms; /* not before; 0: now */
	int64_t healed_ms;     /* last heal that went well */
	bool failed;	       /* no more tries by ourselves until something changes */
	char reason[512];
	int64_t last_apply_us; /* 0 never */
};

struct via_pf *via_pf_find(const struct via_daemon *d, struct via_addr addr);
/* Find or make; NULL out of memory. */
struct via_pf *via_pf_get(struct via_daemon *d, struct via_addr addr);
/* Take over what a new inventory says; tells what appeared, went and changed by events. */
void via_pf_adopt(struct via_daemon *d, const struct via_inventory *old,
	const struct via_inventory *now, const char *cause);
/* A configuration was loaded: everybody gets another chance. */
void via_pf_reset(struct via_daemon *d);
void via_pf_destroy_all(struct via_daemon *d);
/* The entry of the configuration, NULL: not managed or absent. */
const struct via_pf_config *via_pf_config(const struct via_pf *pf);
/* Count a failure; the reason is kept. Clears with NULL. */
void via_pf_fail(struct via_pf *pf, const char *reason);
/* What a driver turned out not to support is remembered. */
void via_pf_learn(struct via_pf *pf, uint32_t unsupported);

#endif
