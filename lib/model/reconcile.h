/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reconciliation: claims against what is. Pure: it says what has to be done and what contradicts
 * itself; it never guesses. Claims on which a session is at work are left out by the caller.
 */
#ifndef VIA_MODEL_RECONCILE_H
#define VIA_MODEL_RECONCILE_H

#include "model/alloc.h"

enum via_reconcile_kind {
	VIA_RECONCILE_RELEASE, /* its VM is gone and nothing holds the device */
	VIA_RECONCILE_ADOPT,   /* a VM holds a NIC without a claim */
	VIA_RECONCILE_CONFIRM, /* preparing, and its VM runs with it, as wanted: active */
	VIA_RECONCILE_CLEAN,   /* quarantined or releasing: the next try is due */
	VIA_RECONCILE_MOVED,   /* the function has another address now */
	VIA_RECONCILE_REBOOT,  /* a claim by request from an earlier boot, its function found: of
				  this boot */
	VIA_RECONCILE_RENEW, /* active, by request, not in use, and no longer as its VM needs it */
	VIA_RECONCILE_CONTRADICTION, /* told, never acted on */
};
const char *via_reconcile_kind_name(enum via_reconcile_kind k);

struct via_reconcile_action {
	enum via_reconcile_kind kind;
	struct via_addr addr;	    /* as the claim has it; ADOPT: the function */
	uint64_t generation;	    /* 0: ADOPT, or a contradiction without a claim */
	struct via_addr to;	    /* MOVED */
	struct via_claim claim;	    /* ADOPT: to be added, state ACTIVE */
	char text[VIA_ERR_MSG_MAX]; /* why; a contradiction's names both sides */
};
struct via_reconciliation {
	size_t n;
	struct via_reconcile_action *list; /* ascending by addr */
};
void via_reconciliation_finish(struct via_reconciliation *r);

/*
 * When is a VM gone? Nothing holds the function, and: the claim is of an earlier boot; or libvirt
 * is connected, its listing was begun after the claim's last change, and it has no such active
 * domain with that device. Claims by request are never released here. A claim by hook or adoption
 * whose function is held by another process or VM is a contradiction. One whose function is not
 * there is a contradiction until its VM is gone, then released as far as there is anything to
 * clean. claimed_ms: via_now_ms() of a claim's last change as the daemon knows it, 0 for before its
 * start. clean_due: may the next try of this one begin now?
 */
struct via_reconcile_input {
	struct via_world world;
	int64_t (*claimed_ms)(uint64_t generation, void *user);
	bool (*clean_due)(const struct via_claim *c, void *user);
	bool (*renew_due)(const struct via_claim *c, void *user); /* NULL: always */
	bool (*busy)(struct via_addr addr, void *user);		  /* a session is at work on it */
	void *user;
};
int via_reconcile(
	const struct via_reconcile_input *in, struct via_reconciliation *ret, struct via_err *err);

#endif
