/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to alloc*.c and claim_plan.c: one function that somebody may get, and what forbids it. */
#ifndef VIA_MODEL_ALLOC_PARTS_H
#define VIA_MODEL_ALLOC_PARTS_H

#include "base/strbuf.h"
#include "model/alloc.h"

/* X(symbol, refusal of a function that was named, what a count of such VFs is followed by) */
#define VIA_OBSTACLES(X)                                                                           \
	X(CLAIMED, CLAIMED, "claimed by")                                                          \
	X(MOVING, BUSY, "being claimed or released:")                                              \
	X(QUARANTINED, QUARANTINED, "quarantined:")                                                \
	X(WHOLE, CLAIMED, "on a PF that is given away whole:")                                     \
	X(DRAINED, DRAINING, "on a drained PF:")                                                   \
	X(BLOCKED, BLOCKED, "on a PF that hangs:")                                                 \
	X(VERIFY_ONLY, VERIFY_ONLY, "on a PF that somebody else manages:")                         \
	X(NO_PF, UNSUPPORTED, "on a PF that cannot configure them:")                               \
	X(MISMATCH, MISMATCH, "not what its PF says:")                                             \
	X(HOST, PROTECTED, "carrying the host's own traffic:")                                     \
	X(FOR_HOST, PROTECTED, "meant for the host (\"driver\": \"host\"):")                       \
	X(HELD, IN_USE, "in use:")                                                                 \
	X(DRIFTED, CONFLICT, "drifted:")                                                           \
	X(NUMA, NO_FREE_VF, "too far from the VM's memory:")                                       \
	X(MSIX, NO_FREE_VF, "with too few MSI-X vectors:")                                         \
	X(IOMMU, NO_IOMMU, "without an IOMMU:")                                                    \
	X(GROUP, UNSAFE_GROUP, "in an IOMMU group with another owner:")                            \
	X(MAC, DUPLICATE_MAC, "whose MAC address another one has:")

enum via_obstacle {
	VIA_OBSTACLE_NONE,
#define VIA_X(sym, refusal, text) VIA_OBSTACLE_##sym,
	VIA_OBSTACLES(VIA_X)
#undef VIA_X
		VIA_OBSTACLE_COUNT
};

/* A function as somebody would get it. */
struct via_candidate {
	const struct via_world *w;
	const struct via_device *dev;
	const struct via_device *pf; /* VF: its PF, NULL when there is none; else dev itself */
	const struct via_pf_config *entry; /* NULL: no entry of the configuration manages it */
	bool whole;			   /* dev is no VF */
	const struct via_network_config *network; /* NULL: as it is configured */
	struct via_vf_wanted want;		  /* VF with an entry */
	const struct via_alloc_request *req;	  /* NULL: what the VM wants is not at issue */
	const char *uuid, *name;		  /* the VM; "" */
	const struct via_addr *along;		  /* other functions for the same VM */
	size_t n_along;
	bool running; /* the VM has it already */
	bool mine;    /* the VM has a claim on it already */
};

/* alloc_check.c. Each 0 and *what NONE, or *what, its refusal and err; or a negated errno. */
/* dev of w->inv; false in *ours: not managed here. */
void via_candidate_init(struct via_candidate *c, const struct via_world *w,
	const struct via_device *dev, const struct via_network_config *network);
/* What can be told without a look at everything else. */
int via_candidate_check(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err);
/* The rest: group, uppers, claims of functions that have moved, duplicates of this MAC. */
int via_candidate_check_all(const struct via_candidate *c, const struct via_mac *mac,
	enum via_obstacle *what, struct via_err *err);
/* Only what the registry says: claims, quarantine, PF against VFs. */
int via_candidate_unclaimed(
	const struct via_candidate *c, enum via_obstacle *what, struct via_err *err);
bool via_claim_is_of(const struct via_claim *c, const char *uuid, const char *name);
/* "web1", its UUID, or "a VM"; short. */
const char *via_claim_owner(const struct via_claim *c, char buf[64]);
const char *via_obstacle_text(enum via_obstacle o);

/* alloc_wanted.c */
/* What is set on the function for its VM. MAC: of given, else configured, else derived. */
void via_candidate_wanted(
	const struct via_candidate *c, const struct via_mac *given, struct via_vf_attrs *ret);
/* A claim in state PREPARING, wanted included (a VF's that is managed). */
void via_candidate_claim(const struct via_candidate *c, const struct via_mac *given,
	enum via_claim_origin origin, struct via_claim *ret);
/* Its vfio driver, unless it is on one: has_driver and wanted_driver. */
void via_candidate_driver(const struct via_candidate *c, struct via_claim *claim);
void via_world_driver(const struct via_world *w, const struct via_device *dev,
	enum via_driver_choice choice, char buf[VIA_DRIVER_MAX]);
void via_claim_set(char *dst, size_t size, const char *src);

/* alloc.c */
/* Is a VF that was named on one of the network's uplinks? 0 or INVALID. */
int via_alloc_on_network(const struct via_candidate *c, struct via_err *err);
int via_alloc_unknown_network(
	const struct via_config *config, const char *name, struct via_err *err);

/* alloc_network.c */
/* Is the VF one of the network's? *rank: of its PF among the uplinks. */
struct via_network_view {
	const struct via_world *w;
	const struct via_network_config *network;
	bool named; /* without uplinks: some VF names it, and those that do not are none of it */
};
void via_network_view_init(struct via_network_view *v, const struct via_world *w,
	const struct via_network_config *network);
/* The place of a PF among the network's uplinks; -1 when it is none. */
int via_network_rank(const struct via_network_view *v, const struct via_pf_config *entry);
bool via_network_has(const struct via_network_view *v, const struct via_vf_wanted *want);
/* "blue, green"; "none" */
void via_network_names(const struct via_config *c, struct via_strbuf *b);

#endif
