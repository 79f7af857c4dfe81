/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "ledger_load.h"
#include "log.h"

/* The log may grow by so much, and by as much as the snapshot it starts from has. */
#define SNAPSHOT_BYTES (256 * 1024)

struct via_ledger {
	pthread_mutex_t lock;
	struct via_store_place place;
	char *dir;
	struct via_lines *log;
	struct via_ledger_state state; /* as it stands on the disk */
	uint64_t due;		       /* size of the log at which the next snapshot is made */
};

void via_ledger_close(struct via_ledger *l)
{
	if (!l)
		return;
	via_lines_close(l->log);
	via_ledger_state_finish(&l->state);
	pthread_mutex_destroy(&l->lock);
	free(l->dir);
	free(l);
}

/* --- snapshot and log --- */

static int write_snapshot(struct via_ledger *l, struct via_err *err)
{
	return via_store_file_save(&l->place, VIA_LEDGER_SNAPSHOT,
		via_ledger_snapshot(&l->state.claims, l->state.seq), err);
}

/* An empty log that goes on from the snapshot; the one before is kept beside the snapshot before.
 */
static int write_log(struct via_ledger *l, struct via_err *err)
{
	struct via_disk *k = l->place.disk;
	via_autojson *o = via_ledger_begin(l->state.seq);
	via_autofree char *text = NULL;
	int r;

	if (!o || asprintf(&text, "%s\n",
			  json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN)) < 0) {
		text = NULL;
		return via_err_set(err, -ENOMEM, "out of memory");
	}
	r = k->ops->keep(k, l->place.dirfd, VIA_LEDGER_FILE, VIA_LEDGER_FILE ".bak");
	if (r == 0)
		r = k->ops->replace(k, l->place.dirfd, VIA_LEDGER_FILE, text, strlen(text), 0600);
	return r < 0 ? via_err_set(err, r, "%s/%s: cannot write: %s", l->place.dir, VIA_LEDGER_FILE,
			       strerror(-r))
		     : 0;
}

/* from: of the log's bytes. */
static void set_due(struct via_ledger *l, uint64_t from)
{
	/* A claim's record and its place in the snapshot are about as long. */
	l->due = from + SNAPSHOT_BYTES + l->state.claims.n * 1024;
}

/* What fails here takes nothing away: the log has it all. It is tried again when it has grown. */
static void make_snapshot(struct via_ledger *l)
{
	struct via_err err;
	int r = write_snapshot(l, &err);

	if (!r)
		r = write_log(l, &err);
	/* Also when that failed: the new log may stand there, only its directory not be synced. */
	if (via_lines_reopen(l->log) < 0 && !r)
		r = via_err_set(&err, -EIO, "%s: cannot open it again", via_lines_path(l->log));
	if (r)
		via_log(LOG_WARNING, "no snapshot of the claims is made for now: %s", err.msg);
	set_due(l, r ? via_lines_size(l->log) : 0);
}

/* --- open --- */

/* A directory without claims so far. The snapshot comes last: with it, the ledger is there. */
static int make_new(struct via_ledger *l, struct via_err *err)
{
	int r = write_log(l, err);

	return r ? r : write_snapshot(l, err);
}

static int open_log(struct via_ledger *l, const struct via_journal_hook *hook, struct via_err *err)
{
	const struct via_lines_options opt = {
		.disk = l->place.disk,
		.dirfd = l->place.dirfd,
		.dir = l->place.dir,
		.name = VIA_LEDGER_FILE,
		.max = VIA_LEDGER_MAX,
		.hook = hook,
	};
	struct via_ledger_replay replay = {.state = &l->state};
	struct via_lines_place where = {0};
	int r = via_lines_open(&opt, via_ledger_replay, &replay, &l->log, &where, err);

	if (r == 0 && !replay.begun)
		r = via_err_set(err, -EUCLEAN, "%s:1: there is no first line, {\"begin\": …}",
			via_lines_path(l->log));
	if (r == -EUCLEAN)
		return via_ledger_log_damaged(&l->place, &l->state, &where, err);
	if (r)
		return r;
	/* The log ends before the snapshot does: numbers would not follow each other in it. */
	if (replay.last < l->state.seq) {
		r = write_log(l, err);
		if (!r && (r = via_lines_reopen(l->log)) < 0)
			via_err_set(err, r, "%s: %s", via_lines_path(l->log), strerror(-r));
	}
	return r;
}

static int open_all(
	struct via_ledger *l, bool fresh, const struct via_journal_hook *hook, struct via_err *err)
{
	int r = 0;

	if (fresh && via_ledger_none(&l->place))
		r = make_new(l, err);
	if (!r)
		r = via_ledger_load(&l->place, fresh, &l->state, err);
	if (!r)
		r = open_log(l, hook, err);
	if (!r)
		r = via_claims_check(&l->state.claims, err);
	return r;
}

int via_ledger_open(struct via_disk *disk, int dirfd, const char *dir, bool fresh,
	const struct via_journal_hook *hook, struct via_ledger **ret, struct via_claims *claims,
	struct via_err *err)
{
	struct via_ledger *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return via_err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&l->lock, NULL);
	l->dir = strdup(dir);
	l->place = (struct via_store_place){disk, dirfd, l->dir};
	r = l->dir ? open_all(l, fresh, hook, err) : via_err_set(err, -ENOMEM, "out of memory");
	if (!r && (r = via_claims_copy(&l->state.claims, claims)) < 0)
		via_err_set(err, r, "out of memory");
	if (r) {
		via_ledger_close(l);
		return r;
	}
	set_due(l, 0);
	*ret = l;
	return 0;
}

/* --- append --- */

static int append_line(struct via_ledger *l, json_object *line, struct via_err *err)
{
	struct via_claims next;
	int r = via_claims_copy(&l->state.claims, &next);

	if (r < 0)
		return via_err_set(err, r, "out of memory");
	/* As the next start will read it, and before it is written: what breaks the rules would
	 * keep that start from reading anything. */
	r = via_ledger_apply(&next, line, err);
	if (!r) {
		r = via_lines_append(l->log, line);
		if (r < 0)
			via_err_set(err, r,
				"%s: cannot be written: %s; nothing is claimed or released without "
				"it",
				via_lines_path(l->log), strerror(-r));
	}
	if (r) {
		via_claims_finish(&next);
		return r;
	}
	via_claims_finish(&l->state.claims);
	l->state.claims = next;
	l->state.seq++;
	return 0;
}

int via_ledger_append(
	struct via_ledger *l, json_object *const *records, size_t n, struct via_err *err)
{
	json_object *line;
	int r;

	pthread_mutex_lock(&l->lock);
	line = via_ledger_line(l->state.seq + 1, records, n);
	r = line ? append_line(l, line, err) : via_err_set(err, -ENOMEM, "out of memory");
	if (!r && via_lines_size(l->log) >= l->due)
		make_snapshot(l);
	pthread_mutex_unlock(&l->lock);
	json_object_put(line);
	for (size_t i = 0; i < n; i++)
		json_object_put(records[i]);
	return r;
}
