/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of what the daemon does to the host: intent, act, result, done. JSON, a record a
 * line, each on the disk before the call returns. It answers one question after a crash: what was
 * begun and not finished. Safe to append from several threads.
 *
 * Records (member "rec"):
 *   intent  session, kind, cause, options, bind, steps (each as via_codec_step_journal)
 *   act     session, steps: ids about to be run; undo: true when they are being undone
 *   result  session, results (StepResult), undo as above
 *   done    session
 */
#ifndef VIA_DAEMON_JOURNAL_H
#define VIA_DAEMON_JOURNAL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lines.h"
#include "model/report.h"

#define VIA_JOURNAL_FILE "journal.jsonl"
#define VIA_JOURNAL_MAX	 (64u << 20) /* a larger file is no journal of ours */

struct via_journal;

/* A session that has no `done`. */
struct via_unfinished {
	struct via_unfinished *next;
	uint64_t session;
	json_object *intent; /* the record */
	size_t n_steps;
	struct via_step *steps;
	enum via_step_state *states; /* PENDING: never begun; RUNNING: begun, no result */
};
void via_unfinished_destroy(struct via_unfinished *list); /* takes NULL; the whole list */

/*
 * Open DIR/journal.jsonl and read it. A last line that was torn by a crash is cut off. Anything
 * else that cannot be read is an error naming file and line: the journal is evidence, not to be
 * guessed at. dir: for messages. *unfinished: oldest first. disk and dirfd: borrowed.
 */
int via_journal_open(struct via_disk *disk, int dirfd, const char *dir,
	const struct via_journal_hook *hook, struct via_journal **ret,
	struct via_unfinished **unfinished, struct via_err *err);
void via_journal_close(struct via_journal *j); /* takes NULL */

/* A number no session in the journal has. */
uint64_t via_journal_session(struct via_journal *j);

/* Append a record (taken over). Below 0 (-ENOSPC): it is not on the disk, so do not act. */
int via_journal_append(struct via_journal *j, json_object *record, struct via_err *err);

/* Records, to be appended; NULL out of memory. */
json_object *via_journal_intent(uint64_t session, const char *kind, const char *cause,
	json_object *options, json_object *bind, const struct via_plan *plan);
json_object *via_journal_act(uint64_t session, const struct via_step *steps, size_t n, bool undo);
json_object *via_journal_result(
	uint64_t session, const struct via_step_result *results, size_t n, bool undo);
json_object *via_journal_done(uint64_t session);

#endif
