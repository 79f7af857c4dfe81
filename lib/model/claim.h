/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims: who holds which function. A pure registry: it answers, refuses and changes itself;
 * writing it down (daemon/ledger.h) and acting on the host (sessions) is its caller's work.
 *
 * Invariants, kept by every function here and checked by via_claims_check():
 *  - a function has at most one claim;
 *  - a PF that is claimed whole has no claimed VF, and the other way round;
 *  - generations only grow: each new claim, and each change of owner, has one that no claim ever
 * had;
 *  - no MAC stands in two claims, but for those of one VM of which one is being cleaned.
 */
#ifndef VIA_MODEL_CLAIM_H
#define VIA_MODEL_CLAIM_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/domain.h"
#include "model/attrs.h"
#include "model/inventory.h"
#include "model/plan.h"

/*
 *   (absent) -> preparing -> active -> releasing -> (absent)
 *                   |                     |  ^
 *                   +------> releasing    v  | next try, or by hand
 *                                      quarantined
 * An unmanaged claim goes from active to absent: nothing is done to its device. From releasing to
 * releasing and from quarantined to quarantined is a change of reason.
 */
enum via_claim_state {
	VIA_CLAIM_PREPARING,   /* reserved; being configured */
	VIA_CLAIM_ACTIVE,      /* configured and read back: its VM's */
	VIA_CLAIM_RELEASING,   /* its VM is gone; being cleaned */
	VIA_CLAIM_QUARANTINED, /* it did not come clean: see reason; nobody's */
};
const char *via_claim_state_name(enum via_claim_state s); /* "preparing", "active", … */

enum via_claim_origin {
	VIA_CLAIM_REQUEST, /* stays until it is released by request, VM running or not */
	VIA_CLAIM_HOOK,	   /* libvirt started the VM: ends with it */
	VIA_CLAIM_ADOPTED, /* found running: ends with it */
};
const char *via_claim_origin_name(enum via_claim_origin o); /* "request", "hook", "adopted" */

/* Which function, so that it is known again when addresses move. */
struct via_identity {
	struct via_addr addr;
	uint16_t vendor, device;
	bool is_vf;
	struct via_addr pf; /* VF: its PF's address */
	uint32_t vf_index;  /* VF */
	bool has_mac;
	struct via_mac mac; /* permanent MAC: of the PF for a VF, else its own */
	char serial[32];    /* of the PF for a VF; "" none */
};
void via_identity_of(
	const struct via_inventory *inv, const struct via_device *d, struct via_identity *ret);
/* Is it the one that is meant? BLIND: nothing says otherwise, and what would tell cannot be seen.
 */
enum via_identity_match { VIA_IDENTITY_SAME, VIA_IDENTITY_OTHER, VIA_IDENTITY_BLIND };
enum via_identity_match via_identity_compare(
	const struct via_inventory *inv, const struct via_device *d, const struct via_identity *id);
/*
 * The function that is meant, as the inventory has it now. 0 and *ret; VIA_REFUSED_MISMATCH when
 * another one stands at the address and the one meant is nowhere, or cannot be told;
 * VIA_REFUSED_NOT_FOUND. The address may differ from id->addr: then the card has moved. What cannot
 * be seen (a PF without a net device) does not count against it, unless nothing at all can be seen.
 */
int via_identity_find(const struct via_inventory *inv, const struct via_identity *id,
	const struct via_device **ret, struct via_err *err);

struct via_claim {
	uint64_t generation;
	struct via_identity fn;
	bool whole; /* a PF or a NIC given away as such */
	enum via_claim_state state;
	enum via_claim_origin origin;
	bool managed; /* ours to configure; else recorded and left alone */
	char uuid[VIA_UUID_MAX],
		name[VIA_DOMAIN_NAME_MAX];  /* the VM; "" both: quarantined without one */
	char network[VIA_NETWORK_NAME_MAX]; /* "" none */
	char boot_id[40];
	struct via_vf_attrs
		wanted;	 /* what is set on the VF for its VM; known: mask. MAC included */
	bool has_driver; /* it is bound to wanted_driver for its VM (managed='no') */
	char wanted_driver[VIA_DRIVER_MAX];
	char driver_before[VIA_DRIVER_MAX]; /* what it goes back to; "" none */
	char reason[256];   /* quarantined: what is not clean; releasing: what keeps it; "" none */
	uint32_t attempts;  /* of cleaning that failed: grows on the way into quarantine */
	int64_t since_us;   /* CLOCK_REALTIME: of the claim's making */
	int64_t changed_us; /* CLOCK_REALTIME: of the last change of state */
};

/* PFs that take no new claims. */
struct via_drain {
	struct via_addr pf;
	int64_t since_us;
	char cause[96];
};

struct via_claims {
	uint64_t last_generation;
	size_t n;
	struct via_claim *list; /* ascending by fn.addr */
	size_t n_drains;
	struct via_drain *drains;
};
void via_claims_finish(struct via_claims *c);
/* A deep copy, for a thread; *ret is overwritten. -ENOMEM. */
int via_claims_copy(const struct via_claims *c, struct via_claims *ret);

/* Look-ups: NULL for none; valid until the registry changes. */
const struct via_claim *via_claims_at(const struct via_claims *c, struct via_addr addr);
const struct via_claim *via_claims_generation(const struct via_claims *c, uint64_t generation);
/* The PF's own claim or one of a VF of it, that stands in the way of the given function; NULL. */
const struct via_claim *via_claims_excluding(
	const struct via_claims *c, struct via_addr addr, struct via_addr pf, bool whole);
bool via_claims_drained(const struct via_claims *c, struct via_addr pf);

/*
 * Add claims all together or not at all (a VM's devices). Each gets a fresh generation, state,
 * times as given. VIA_REFUSED_CLAIMED, VIA_REFUSED_QUARANTINED, VIA_REFUSED_DUPLICATE_MAC,
 * VIA_REFUSED_DRAINING (not for adopted ones: they say what is so already), naming the other;
 * VIA_REFUSED_INVALID for one that names no VM, or a VF without its PF; -ENOMEM, -EOVERFLOW.
 * list[i].generation is filled.
 */
int via_claims_add(struct via_claims *c, struct via_claim *list, size_t n, struct via_err *err);
/* Change one in place; VIA_REFUSED_STALE when generation is not the one it has, NOT_FOUND when
 * there is none, INVALID for a transition that is not in the picture above. reason may be NULL:
 * cleared. */
int via_claims_move(struct via_claims *c, struct via_addr addr, uint64_t generation,
	enum via_claim_state to, const char *reason, int64_t now_us, struct via_err *err);
/* Take one out. The same checks. From releasing or quarantined, or an unmanaged or preparing one;
 * else INVALID. */
int via_claims_remove(
	struct via_claims *c, struct via_addr addr, uint64_t generation, struct via_err *err);
/*
 * The record as it was written down: replay, in any state. It replaces the claim that stands at its
 * address: with the same generation, or with one that is newer than all. -EUCLEAN when it breaks an
 * invariant; drop as well when there is no such claim. -ENOMEM.
 */
int via_claims_put(struct via_claims *c, const struct via_claim *claim, struct via_err *err);
int via_claims_drop(
	struct via_claims *c, struct via_addr addr, uint64_t generation, struct via_err *err);
/* One that is drained already stays as it was. -ENOMEM. */
int via_claims_drain(struct via_claims *c, struct via_addr pf, const char *cause, int64_t now_us,
	struct via_err *err);
void via_claims_undrain(struct via_claims *c, struct via_addr pf);

/* Every invariant. 0, or -EUCLEAN naming what is broken. */
int via_claims_check(const struct via_claims *c, struct via_err *err);

/*
 * Who else has this MAC: another VM's claim, a VF, a PF, a net device, a NIC of another domain.
 * 0, or VIA_REFUSED_DUPLICATE_MAC naming it. self: the function it is meant for (its own net device
 * and VF entry do not count, nor does its VM's NIC that it teams with). uuid: of its VM. A claim of
 * that VM that is being cleaned does not count either, but its function does as long as it shows
 * the MAC. Of domains only those that are active: a copy of a VM that does not run disturbs nobody.
 * domains may be NULL.
 */
struct via_domains;
int via_claims_mac_free(const struct via_claims *c, const struct via_inventory *inv,
	const struct via_domains *domains, struct via_mac mac, struct via_addr self,
	const char *uuid, struct via_err *err);

/* The domains libvirt has, as last seen. */
struct via_domains {
	bool connected;	  /* false: what stands here may be old */
	int64_t taken_ms; /* via_now_ms() of the moment the listing was begun */
	size_t n;
	struct via_domain *list; /* ascending by uuid; active ones have their live devices */
};
void via_domains_finish(struct via_domains *d);
const struct via_domain *via_domains_find(const struct via_domains *d, const char *uuid);
/* By UUID or name; NULL for none, and for a name that two have (libvirt allows no such). */
const struct via_domain *via_domains_named(const struct via_domains *d, const char *what);

/* codec_claim.c: the schema's type Claim; and the ledger's form, which has every member. */
json_object *via_codec_claim(const struct via_claim *c);
json_object *via_codec_claim_record(const struct via_claim *c);
int via_codec_claim_parse(json_object *o, struct via_claim *ret, struct via_err *err);

#endif
