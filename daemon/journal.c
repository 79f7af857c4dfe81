/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "journal_read.h"
#include "model/codec.h"
#include "util.h"

#define ROTATE_BYTES (256 * 1024)

struct via_journal {
	pthread_mutex_t lock;
	struct via_lines *lines;
	uint64_t last_session;
	size_t open; /* sessions with an intent and no done */
	/* Sessions that are done, which could not be written: made up for with the next record.
	 * Until then the file would not be emptied, and a start would take them for unfinished. */
	size_t n_owed;
	uint64_t *owed;
};

void via_journal_close(struct via_journal *j)
{
	if (!j)
		return;
	via_lines_close(j->lines);
	free(j->owed);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

static int load(struct via_journal *j, const struct via_lines_options *opt,
	struct via_unfinished **ret, struct via_err *err)
{
	struct via_journal_contents c = {0};
	int r = via_lines_open(opt, via_journal_record, &c, &j->lines, NULL, err);

	if (r) {
		via_unfinished_destroy(c.unfinished);
		return r == -EUCLEAN ? via_journal_damaged(opt->dir, err) : r;
	}
	j->last_session = c.last_session;
	for (const struct via_unfinished *u = c.unfinished; u; u = u->next)
		j->open++;
	*ret = c.unfinished;
	return 0;
}

int via_journal_open(struct via_disk *disk, int dirfd, const char *dir,
	const struct via_journal_hook *hook, struct via_journal **ret,
	struct via_unfinished **unfinished, struct via_err *err)
{
	const struct via_lines_options opt = {
		.disk = disk,
		.dirfd = dirfd,
		.dir = dir,
		.name = VIA_JOURNAL_FILE,
		.max = VIA_JOURNAL_MAX,
		.lenient = true,
		.hook = hook,
	};
	struct via_journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return via_err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&j->lock, NULL);
	r = load(j, &opt, unfinished, err);
	/* Every session is done: nothing in the file is needed any more. */
	if (!r && !j->open && via_lines_size(j->lines)) {
		r = via_lines_empty(j->lines);
		if (r)
			via_err_set(err, r, "%s: cannot be emptied: %s", via_lines_path(j->lines),
				strerror(-r));
	}
	if (r) {
		via_journal_close(j);
		return r;
	}
	*ret = j;
	return 0;
}

uint64_t via_journal_session(struct via_journal *j)
{
	uint64_t n;

	pthread_mutex_lock(&j->lock);
	n = ++j->last_session;
	pthread_mutex_unlock(&j->lock);
	return n;
}

static void count_sessions(struct via_journal *j, json_object *record)
{
	json_object *rec;
	const char *name;

	if (!json_object_object_get_ex(record, "rec", &rec))
		return;
	name = json_object_get_string(rec);
	if (!strcmp(name, "intent"))
		j->open++;
	else if (!strcmp(name, "done") && j->open)
		j->open--;
}

static void owe(struct via_journal *j, json_object *record)
{
	json_object *rec = json_object_object_get(record, "rec");
	uint64_t *owed;

	if (strcmp(json_object_get_string(rec), "done"))
		return;
	owed = reallocarray(j->owed, j->n_owed + 1, sizeof(*owed));
	if (!owed)
		return;
	j->owed = owed;
	owed[j->n_owed++] = json_object_get_uint64(json_object_object_get(record, "session"));
}

static int write_record(struct via_journal *j, json_object *record)
{
	int r = via_lines_append(j->lines, record);

	if (r == 0)
		count_sessions(j, record);
	return r;
}

static void make_up(struct via_journal *j)
{
	int r = 0;

	while (!r && j->n_owed) {
		json_object *done = via_journal_done(j->owed[j->n_owed - 1]);

		r = done ? write_record(j, done) : -ENOMEM;
		if (!r)
			j->n_owed--;
		json_object_put(done);
	}
}

static int append_locked(struct via_journal *j, json_object *record)
{
	int r;

	make_up(j);
	r = write_record(j, record);
	if (r < 0) {
		owe(j, record);
		return r;
	}
	/* That it stays long for now takes nothing away from the record. */
	if (!j->open && via_lines_size(j->lines) > ROTATE_BYTES)
		(void)via_lines_empty(j->lines);
	return 0;
}

int via_journal_append(struct via_journal *j, json_object *record, struct via_err *err)
{
	int r;

	if (!record)
		return via_err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_lock(&j->lock);
	r = append_locked(j, record);
	pthread_mutex_unlock(&j->lock);
	json_object_put(record);
	if (r < 0)
		return via_err_set(err, r,
			"%s: cannot be written: %s; nothing is done to the host without it",
			via_lines_path(j->lines), strerror(-r));
	return 0;
}

static json_object *record_new(const char *rec, uint64_t session)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "rec", rec);
	via_json_add_int(o, "session", (int64_t)session);
	return o;
}

json_object *via_journal_intent(uint64_t session, const char *kind, const char *cause,
	json_object *options, json_object *bind, const struct via_plan *plan)
{
	json_object *o = record_new("intent", session), *steps = json_object_new_array();

	if (!o || !steps)
		return NULL;
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	via_json_add_str(o, "time", via_time_fmt(via_now_us()));
	via_json_add_str(o, "kind", kind);
	via_json_add_str(o, "cause", cause);
	if (options)
		json_object_object_add(o, "options", options);
	if (bind)
		json_object_object_add(o, "bind", bind);
	for (size_t i = 0; i < plan->n_steps; i++)
		json_object_array_add(steps, via_codec_step_journal(&plan->steps[i]));
	json_object_object_add(o, "steps", steps);
	return o;
}

json_object *via_journal_act(uint64_t session, const struct via_step *steps, size_t n, bool undo)
{
	json_object *o = record_new("act", session), *ids = json_object_new_array();

	if (!o || !ids)
		return NULL;
	for (size_t i = 0; i < n; i++)
		json_object_array_add(ids, json_object_new_int64(steps[i].id));
	json_object_object_add(o, "steps", ids);
	if (undo)
		via_json_add_bool(o, "undo", true);
	return o;
}

json_object *via_journal_result(
	uint64_t session, const struct via_step_result *results, size_t n, bool undo)
{
	json_object *o = record_new("result", session), *list = json_object_new_array();

	if (!o || !list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, via_codec_step_result(&results[i]));
	json_object_object_add(o, "results", list);
	if (undo)
		via_json_add_bool(o, "undo", true);
	return o;
}

json_object *via_journal_done(uint64_t session)
{
	return record_new("done", session);
}
