/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "journal_read.h"
#include "model/codec.h"
#include "util.h"

#define ROTATE_BYTES (256 * 1024)

struct via_journal {
	pthread_mutex_t lock;
	struct via_journal_hook hook;
	char *path; /* for messages */
	int fd;
	off_t size;
	uint64_t last_session;
	size_t open; /* sessions with an intent and no done */
	unsigned int records;
};

void via_journal_close(struct via_journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	pthread_mutex_destroy(&j->lock);
	free(j->path);
	free(j);
}

/* Every session is done: nothing in the file is needed any more. */
static int rotate(struct via_journal *j)
{
	if (ftruncate(j->fd, 0) < 0 || fsync(j->fd) < 0)
		return -errno;
	j->size = 0;
	return 0;
}

static int open_file(struct via_journal *j, int dirfd, struct via_err *err)
{
	j->fd = openat(dirfd, VIA_JOURNAL_FILE,
		O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return via_err_set(err, -errno, "%s: cannot open: %m", j->path);
	/* The file's own entry must survive a crash as well. */
	if (fsync(dirfd) < 0)
		return via_err_set(err, -errno, "%s: cannot sync the directory: %m", j->path);
	return 0;
}

static int load(struct via_journal *j, int dirfd, struct via_unfinished **ret, struct via_err *err)
{
	struct via_journal_contents c = {0};
	via_autofree char *text = NULL;
	size_t len;
	int r = via_file_read(dirfd, VIA_JOURNAL_FILE, VIA_JOURNAL_MAX, &text, &len, err);

	if (r == 0)
		r = via_journal_read(j->path, text, len, &c, err);
	if (r)
		return r;
	if (c.good < len && ftruncate(j->fd, (off_t)c.good) < 0) {
		r = via_err_set(err, -errno, "%s: cannot cut off its torn last line: %m", j->path);
		via_unfinished_destroy(c.unfinished);
		return r;
	}
	j->size = (off_t)c.good;
	j->last_session = c.last_session;
	for (const struct via_unfinished *u = c.unfinished; u; u = u->next)
		j->open++;
	*ret = c.unfinished;
	return 0;
}

int via_journal_open(int dirfd, const char *dir, const struct via_journal_hook *hook,
	struct via_journal **ret, struct via_unfinished **unfinished, struct via_err *err)
{
	struct via_journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return via_err_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&j->lock, NULL);
	j->fd = -1;
	if (hook)
		j->hook = *hook;
	if (asprintf(&j->path, "%s/%s", dir, VIA_JOURNAL_FILE) < 0) {
		j->path = NULL;
		r = via_err_set(err, -ENOMEM, "out of memory");
	} else {
		r = open_file(j, dirfd, err);
	}
	if (!r)
		r = load(j, dirfd, unfinished, err);
	if (!r && !j->open && j->size && rotate(j) < 0)
		r = via_err_set(err, -errno, "%s: cannot be emptied: %m", j->path);
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

/* A record that is not wholly there is taken away again: the next one must start on its own line.
 */
static int write_line(struct via_journal *j, const char *s, size_t len)
{
	int r = via_write_all(j->fd, s, len);

	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0)
		(void)!ftruncate(j->fd, j->size);
	else
		j->size += (off_t)len;
	return r;
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

static int append_locked(struct via_journal *j, json_object *record)
{
	via_autofree char *line = NULL;
	const char *s = json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN);
	int n, r;

	n = s ? asprintf(&line, "%s\n", s) : -1;
	if (n < 0) {
		line = NULL;
		return -ENOMEM;
	}
	j->records++;
	if (j->hook.fn)
		j->hook.fn(j->records, false, j->hook.user);
	r = write_line(j, line, (size_t)n);
	if (r < 0)
		return r;
	count_sessions(j, record);
	if (j->hook.fn)
		j->hook.fn(j->records, true, j->hook.user);
	if (!j->open && j->size > ROTATE_BYTES)
		r = rotate(j);
	return r;
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
			j->path, strerror(-r));
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
