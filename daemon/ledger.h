/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: claims and drains on disk. claims.json is the snapshot, claims.jsonl what changed
 * since; the pair before is kept as claims.json.bak and claims.jsonl.bak.
 *
 * claims.jsonl: {"begin": S} first, then a line for each append: {"seq": N, "changes": [RECORD…]},
 * one line so that it is there whole or not at all. N grows by one. Records: {"claim": {…}} (made
 * or changed: the whole claim), {"gone": ADDRESS, "generation": G}, {"drain": {…}}, {"undrain":
 * ADDRESS}. The snapshot says up to which N it reaches, and the log with which S it begins, so that
 * a crash between the two loses and doubles nothing, and nothing is lost either when the snapshot
 * before has to be put back: the log before goes on from there. A torn last line is cut off
 * (lines.h); any other damage stops the start, with file, place and the command that helps, and
 * never means "nothing claimed".
 *
 * The memory's registry is the main loop's; append is called on the scribe's thread, in its order.
 */
#ifndef VIA_DAEMON_LEDGER_H
#define VIA_DAEMON_LEDGER_H

#include "base/disk.h"
#include "lines.h"
#include "model/claim.h"

#define VIA_LEDGER_FILE	    "claims.jsonl"
#define VIA_LEDGER_SNAPSHOT "claims.json"

struct via_ledger;

/*
 * Open, read, replay, check the invariants. fresh: the directory is of a version before there were
 * claims, or new: what is not there yet is made; else a missing file is damage. hook: around the
 * records of this process (lines.h). disk and dirfd: borrowed. *claims is overwritten; finish it.
 * -EUCLEAN: damaged, see the message.
 */
int via_ledger_open(struct via_disk *disk, int dirfd, const char *dir, bool fresh,
	const struct via_journal_hook *hook, struct via_ledger **ret, struct via_claims *claims,
	struct via_err *err);
void via_ledger_close(struct via_ledger *l); /* takes NULL */

/* Records; NULL out of memory. */
json_object *via_ledger_claim(const struct via_claim *c);
json_object *via_ledger_gone(struct via_addr addr, uint64_t generation);
json_object *via_ledger_drain(const struct via_drain *d);
json_object *via_ledger_undrain(struct via_addr pf);

/*
 * Append records (taken over, also on failure; a NULL among them is -ENOMEM) with one sync: all of
 * them are on the disk, or none counts. Below 0 (-ENOSPC): nothing was recorded, the next append
 * will not count it, and the file is cut back as far as the disk lets. -EUCLEAN: they break an
 * invariant of the registry and were not written, as nobody could read them again. Only when the
 * sync itself failed, and the cut too, and then the host dies, a start may find what was said to
 * have failed. Thread-safe. Makes a snapshot when the log has grown.
 */
int via_ledger_append(
	struct via_ledger *l, json_object *const *records, size_t n, struct via_err *err);

#endif
