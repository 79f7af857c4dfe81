/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reconciliation's files share. */
#ifndef VIA_MODEL_RECONCILE_VIEW_H
#define VIA_MODEL_RECONCILE_VIEW_H

#include "model/claim_rules.h"
#include "model/reconcile.h"

/* One run. */
struct via_reconcile_run {
	const struct via_reconcile_input *in;
	struct via_reconciliation *out; /* with room for an action a claim and a device */
};

/* What is known about one claim's function. */
struct via_reconcile_view {
	const struct via_claim *claim;
	const struct via_device *dev; /* NULL: not there */
	bool unsure;		      /* dev NULL: it may be there, and cannot be told */
	struct via_err why;	      /* dev NULL: why */
	bool earlier_boot;
	bool held_by_own;		  /* its VM's process has it open */
	const struct via_holder *foreign; /* somebody else who uses it; NULL */
	bool fresh;			  /* the listing was begun after the claim's last change */
	const struct via_domain *own;	  /* its VM runs with it, as listed; NULL */
	const struct via_domain *other;	  /* another VM does, in a fresh listing; NULL */
};

/* Room was made for it. */
struct via_reconcile_action *via_reconcile_push(struct via_reconcile_run *r,
	enum via_reconcile_kind kind, struct via_addr addr, uint64_t generation);
/* Its text; longer ones are cut. */
void via_reconcile_say(struct via_reconcile_action *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* reconcile_view.c */
void via_reconcile_look(const struct via_reconcile_input *in, const struct via_claim *c,
	struct via_reconcile_view *ret);
bool via_reconcile_is_fresh(const struct via_reconcile_input *in, const struct via_claim *c);
bool via_reconcile_is_own(const struct via_claim *c, const struct via_holder *h);
bool via_reconcile_busy(const struct via_reconcile_input *in, struct via_addr addr);
/* Does the domain have the function? */
bool via_reconcile_has(const struct via_domain *d, struct via_addr addr);

/* reconcile_claim.c: what one claim comes to; at most one action. */
void via_reconcile_claim(struct via_reconcile_run *r, const struct via_claim *c);
/* reconcile_adopt.c: what VMs hold without a claim. */
void via_reconcile_unclaimed(struct via_reconcile_run *r);

#endif
