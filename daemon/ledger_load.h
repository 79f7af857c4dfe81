/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger's start, and what helps when its files are damaged. */
#ifndef VIA_DAEMON_LEDGER_LOAD_H
#define VIA_DAEMON_LEDGER_LOAD_H

#include "ledger_read.h"
#include "store_file.h"

#define VIA_LEDGER_MAX (256u << 20) /* a larger log is none of ours */

/* Nothing was ever recorded here: no snapshot, and at most the log that is made before it. */
bool via_ledger_none(const struct via_store_place *p);
/*
 * The snapshot, and when the log goes on from a later one (the snapshot before was put back) the
 * log before; the log itself is still to come. fresh: the directory has no version of its own yet.
 * -EUCLEAN: damaged or missing, with file, place and a command that helps.
 */
int via_ledger_load(const struct via_store_place *p, bool fresh, struct via_ledger_state *ret,
	struct via_err *err);
/* Add to what stands in err what to do about a log damaged there, after this snapshot. -EUCLEAN. */
int via_ledger_log_damaged(const struct via_store_place *p, const struct via_ledger_state *s,
	const struct via_lines_place *where, struct via_err *err);

#endif
