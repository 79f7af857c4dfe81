/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to alloc*.c: why none of a network's VFs is free, in one sentence with the way out. */
#ifndef VIA_MODEL_ALLOC_TALLY_H
#define VIA_MODEL_ALLOC_TALLY_H

#include "model/alloc_parts.h"

#define VIA_TALLY_PFS 8

struct via_tally {
	struct {
		uint32_t n, unnamed; /* VFs; those whose owner or address found no room */
		struct via_strbuf names;
	} of[VIA_OBSTACLE_COUNT];
	uint32_t total;	 /* VFs of the network */
	uint32_t others; /* VFs on its uplinks that belong to another network */
	size_t n_pfs;	 /* all; the first few are kept */
	struct {
		const struct via_device *dev;
		const struct via_pf_config *entry;
	} pfs[VIA_TALLY_PFS];
};

void via_tally_finish(struct via_tally *t);
void via_tally_pf(
	struct via_tally *t, const struct via_device *pf, const struct via_pf_config *entry);
void via_tally_add(struct via_tally *t, const struct via_candidate *c, enum via_obstacle what);
/* A VF of another network (NULL: of none). */
void via_tally_other(struct via_tally *t, const char *network);
/* VIA_REFUSED_NO_FREE_VF. */
int via_tally_refuse(const struct via_tally *t, const struct via_world *w,
	const struct via_network_config *network, struct via_err *err);

#endif
