/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the store. */
#ifndef VIA_DAEMON_STORE_PARTS_H
#define VIA_DAEMON_STORE_PARTS_H

#include "store.h"
#include "store_file.h"

/* store_state.c: the directory's own version. *ret: 0 when it has none: new, or of the first
 * release. */
int via_state_version(const struct via_store_place *p, int *ret, struct via_err *err);
int via_state_stamp(const struct via_store_place *p, struct via_err *err);

/* store_baseline.c; p is borrowed. Behind a lock of its own. */
struct via_baselines;
int via_baselines_open(
	const struct via_store_place *p, struct via_baselines **ret, struct via_err *err);
void via_baselines_close(struct via_baselines *b); /* takes NULL */
int via_baselines_set(struct via_baselines *b, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs, struct via_err *err);
int via_baselines_of(struct via_baselines *b, struct via_addr pf, const struct via_mac *pf_mac,
	uint32_t index, struct via_vf_attrs *ret);

#endif
