/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hook could not tell a daemon that was away: STATE/notes/NAME.json, put there whole by
 * rename(2), one release each. They are applied in the order of their time, one after the other,
 * before any hook is answered, and removed when what they say is recorded.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "claims.h"
#include "notes.h"

#define NOTES_DIR   "notes"
#define NOTE_MAX    (256u * 1024) /* bytes of one */
#define NOTES_MAX   1024	  /* at a time; what is beyond them waits for the next time */
#define DEVICES_MAX VIA_DOMAIN_DEVS_MAX
#define TELL_MAX    8 /* bad ones named in status */

struct note {
	char file[NAME_MAX + 1];
	char *uuid, *name, *boot_id, *operation;
	int64_t time_us, version;
	size_t n_devices, n_generations;
	struct via_addr devices[DEVICES_MAX];
	uint64_t generations[DEVICES_MAX];
};

struct via_notes {
	int dirfd;
	sd_event_source *watch;
	bool again; /* a file came while these were worked off */
	bool busy;
	size_t n, at;
	struct note *list; /* being applied */
	size_t n_bad;
	char *bad[TELL_MAX];
};

static int note_device(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct note *n = user;
	int r = i < DEVICES_MAX ? via_json_addr(c, o, &n->devices[i], NULL)
				: via_json_fail(c, "has more than %d elements", DEVICES_MAX);

	if (!r)
		n->n_devices = i + 1;
	return r;
}

static int decode_devices(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_array(c, o, note_device, dst);
}

static int note_generation(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field f = {.min = 1, .max = INT64_MAX};
	struct note *n = user;
	int64_t v = 0;
	int r = i < DEVICES_MAX ? via_json_i64(c, o, &v, &f)
				: via_json_fail(c, "has more than %d elements", DEVICES_MAX);

	if (r)
		return r;
	n->generations[i] = (uint64_t)v;
	n->n_generations = i + 1;
	return 0;
}

static int decode_generations(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_array(c, o, note_generation, dst);
}

#define STRING(member, needed)                                                                     \
	{                                                                                          \
		.key = #member, .decode = via_json_string,                                         \
		.offset = offsetof(struct note, member), .max = VIA_DOMAIN_NAME_MAX - 1,           \
		.required = needed                                                                 \
	}

static const struct via_json_field fields[] = {
	{.key = "version",
		.decode = via_json_i64,
		.offset = offsetof(struct note, version),
		.min = 1,
		.max = 1,
		.required = true},
	STRING(operation, true),
	STRING(uuid, true),
	STRING(name, false),
	STRING(boot_id, false),
	{.key = "time_us",
		.decode = via_json_i64,
		.offset = offsetof(struct note, time_us),
		.min = 0,
		.max = INT64_MAX,
		.required = true},
	{.key = "devices", .decode = decode_devices},
	{.key = "generations", .decode = decode_generations},
	{0},
};

static void note_finish(struct note *n)
{
	free(n->uuid);
	free(n->name);
	free(n->boot_id);
	free(n->operation);
	*n = (struct note){0};
}

static int parse(const char *text, size_t len, struct note *n, struct via_err *err)
{
	via_autojson *o = NULL;
	struct via_json_ctx c = {.err = err};
	char uuid[VIA_UUID_MAX];
	int r = via_json_parse(text, len, false, &o, err);

	if (!r)
		r = via_json_object(&c, o, fields, n);
	if (r)
		return r;
	if (strcmp(n->operation, "release"))
		return via_err_set(err, VIA_REFUSED_INVALID, "/operation: must be \"release\"");
	if (via_uuid_parse(n->uuid, uuid) < 0)
		return via_err_set(err, VIA_REFUSED_INVALID, "/uuid: is no UUID");
	memcpy(n->uuid, uuid, strlen(n->uuid));
	return 0;
}

static int load(struct via_notes *ns, const char *file, struct note *n, struct via_err *err)
{
	via_autofree char *text = NULL;
	size_t len = 0;
	int r = via_file_read(ns->dirfd, file, NOTE_MAX, &text, &len, err);

	if (!r)
		r = parse(text, len, n, err);
	snprintf(n->file, sizeof(n->file), "%s", file);
	return r;
}

/* Kept for a person to look at: what it meant to say is not known. */
static void keep_bad(
	struct via_daemon *d, struct via_notes *ns, const char *file, const struct via_err *why)
{
	char bad[NAME_MAX + 8], msg[512];

	snprintf(bad, sizeof(bad), "%.240s.bad", file);
	if (renameat(ns->dirfd, file, ns->dirfd, bad) < 0)
		via_log(LOG_ERR, "%s/%s: cannot rename: %m", d->opt.state_dir, file);
	snprintf(msg, sizeof(msg),
		"%.128s/%s/%.64s.bad: a hook's note that cannot be read (%.192s); it was passed "
		"over, remove it",
		d->opt.state_dir, NOTES_DIR, file, why->msg);
	via_log(LOG_ERR, "%s", msg);
	if (ns->n_bad < TELL_MAX)
		ns->bad[ns->n_bad++] = strdup(msg);
	via_status_touch(d);
}

static void remove_note(struct via_daemon *d, struct via_notes *ns, const char *file)
{
	/* Should it come back after a power cut, it is stale by then, or right. */
	if (unlinkat(ns->dirfd, file, 0) < 0 && errno != ENOENT)
		via_log(LOG_ERR, "%s/%s/%s: cannot remove: %m", d->opt.state_dir, NOTES_DIR, file);
}

static bool is_note(const char *file)
{
	size_t len = strlen(file);

	return file[0] != '.' && len > 5 && !strcmp(file + len - 5, ".json");
}

static int by_time(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

static void read_one(struct via_daemon *d, struct via_notes *ns, const char *file)
{
	struct note *list = reallocarray(ns->list, ns->n + 1, sizeof(*list));
	struct via_err err = {0};
	int r;

	if (!list)
		return;
	ns->list = list;
	list[ns->n] = (struct note){0};
	r = load(ns, file, &list[ns->n], &err);
	if (!r) {
		ns->n++;
		return;
	}
	note_finish(&list[ns->n]);
	/* What is not there any more, or cannot be read just now, is no bad note; what is no file
	 * is. */
	if (r > 0 || r == -EFBIG || r == -EISDIR || r == -EINVAL || r == -ELOOP)
		keep_bad(d, ns, file, &err);
	else if (r != -ENOENT)
		via_log(LOG_WARNING, "%s", err.msg);
}

static void read_all(struct via_daemon *d, struct via_notes *ns)
{
	int fd = openat(ns->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (ns->n < NOTES_MAX && (e = readdir(dir)))
		if (is_note(e->d_name))
			read_one(d, ns, e->d_name);
	closedir(dir);
	if (ns->n)
		qsort(ns->list, ns->n, sizeof(*ns->list), by_time);
}

static bool holds(const struct via_device *dev, const char *uuid)
{
	for (size_t i = 0; dev && i < dev->n_holders; i++)
		if (dev->holders[i].kind == VIA_HOLDER_DOMAIN && dev->holders[i].detail &&
			!strcmp(dev->holders[i].detail, uuid))
			return true;
	return false;
}

static bool names(const struct note *n, const struct via_claim *c)
{
	bool found = !n->n_generations;

	for (size_t i = 0; i < n->n_generations; i++)
		found = found || n->generations[i] == c->generation;
	if (!found)
		return false;
	found = !n->n_devices;
	for (size_t i = 0; i < n->n_devices; i++)
		found = found || via_addr_eq(n->devices[i], c->fn.addr);
	return found;
}

/* It was claimed after the note was written, or its VM was started once more since. */
static bool is_newer(const struct via_claim *c, const struct note *n)
{
	return c->since_us > n->time_us ||
	       (c->state == VIA_CLAIM_ACTIVE && c->changed_us > n->time_us);
}

/* Does the note speak of this claim? One that was made after it, or whose VM has the function
 * again, is another start's. */
static bool speaks_of(const struct via_daemon *d, const struct note *n, const struct via_claim *c)
{
	return !strcmp(c->uuid, n->uuid) && c->origin != VIA_CLAIM_REQUEST && names(n, c) &&
	       !is_newer(c, n) &&
	       !holds(via_inventory_device(via_daemon_inv(d), c->fn.addr), n->uuid);
}

/* Nothing to do is the usual end of a note whose release was not answered in time. */
static void tell_stale(struct via_daemon *d, const struct note *n)
{
	char msg[512];
	const struct via_event ev = {
		.type = VIA_EVENT_REFUSAL,
		.cause = "hook's note",
		.message = msg,
	};
	size_t i = 0;

	while (i < d->claims.n && strcmp(d->claims.list[i].uuid, n->uuid))
		i++;
	snprintf(msg, sizeof(msg), "a hook's note of the end of %.200s (%s) was passed over: %s",
		n->name ? n->name : "a domain", n->uuid,
		i < d->claims.n ? "it was started again since" : "what it had is released already");
	if (i < d->claims.n)
		via_events_emit(d->events, &ev);
	else
		via_log(LOG_INFO, "%s", msg);
}

static void next_note(struct via_daemon *d);

static void applied(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct via_notes *ns = d->notes;

	(void)list;
	(void)n;
	(void)user;
	if (!ns)
		return;
	if (!r || r == VIA_REFUSED_NOT_FOUND || r == VIA_REFUSED_STALE)
		remove_note(d, ns, ns->list[ns->at].file);
	else if (r != -ECANCELED)
		via_log(LOG_WARNING, "hook's note %s, to be tried again: %s", ns->list[ns->at].file,
			err->msg);
	ns->at++;
	next_note(d);
}

static bool apply_one(struct via_daemon *d, const struct note *n)
{
	uint64_t generations[DEVICES_MAX];
	size_t count = 0;
	char cause[VIA_DOMAIN_NAME_MAX + 48];

	for (size_t i = 0; i < d->claims.n && count < DEVICES_MAX; i++)
		if (speaks_of(d, n, &d->claims.list[i]))
			generations[count++] = d->claims.list[i].generation;
	if (!count)
		return false;
	snprintf(cause, sizeof(cause), "hook's note: release of %.255s", n->name ? n->name : "");
	via_claims_release_vm(d, n->uuid, generations, count, cause, applied, NULL);
	return true;
}

static void finish_round(struct via_daemon *d, struct via_notes *ns)
{
	for (size_t i = 0; i < ns->n; i++)
		note_finish(&ns->list[i]);
	free(ns->list);
	ns->list = NULL;
	ns->n = ns->at = 0;
	ns->busy = false;
	via_hook_open(d);
	if (ns->again)
		via_notes_apply(d);
}

static void next_note(struct via_daemon *d)
{
	struct via_notes *ns = d->notes;

	for (; ns->at < ns->n && !d->stopping; ns->at++) {
		if (apply_one(d, &ns->list[ns->at]))
			return;
		tell_stale(d, &ns->list[ns->at]);
		remove_note(d, ns, ns->list[ns->at].file);
	}
	finish_round(d, ns);
}

static int on_file(sd_event_source *src, const struct inotify_event *ev, void *user)
{
	(void)src;
	if ((ev->mask & IN_Q_OVERFLOW) || (ev->len && is_note(ev->name)))
		via_notes_apply(user);
	return 0;
}

static struct via_notes *notes_of(struct via_daemon *d)
{
	struct via_notes *ns = d->notes;
	char path[PATH_MAX];
	int state = via_store_dirfd(d->store);

	if (ns)
		return ns;
	ns = calloc(1, sizeof(*ns));
	if (!ns)
		return NULL;
	d->notes = ns;
	if (mkdirat(state, NOTES_DIR, 0700) < 0 && errno != EEXIST)
		via_log(LOG_ERR, "%s/%s: cannot make: %m", d->opt.state_dir, NOTES_DIR);
	ns->dirfd = openat(state, NOTES_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ns->dirfd < 0) {
		via_log(LOG_ERR, "%s/%s: cannot open: %m", d->opt.state_dir, NOTES_DIR);
		return ns;
	}
	snprintf(path, sizeof(path), "%s/%s", d->opt.state_dir, NOTES_DIR);
	if (sd_event_add_inotify(
		    d->event, &ns->watch, path, IN_MOVED_TO | IN_CLOSE_WRITE, on_file, d) < 0)
		via_log(LOG_WARNING, "%s: cannot be watched: %m; it is read periodically", path);
	return ns;
}

void via_notes_apply(struct via_daemon *d)
{
	struct via_notes *ns = d->stopping ? NULL : notes_of(d);

	if (!ns)
		return;
	/* Without an inventory it cannot be told who holds what. */
	ns->again = ns->busy;
	if (ns->busy || !d->inv)
		return;
	ns->busy = true;
	if (ns->dirfd >= 0)
		read_all(d, ns);
	next_note(d);
}

void via_notes_stop(struct via_daemon *d)
{
	struct via_notes *ns = d->notes;

	if (!ns)
		return;
	d->notes = NULL;
	sd_event_source_disable_unref(ns->watch);
	for (size_t i = 0; i < ns->n; i++)
		note_finish(&ns->list[i]);
	free(ns->list);
	for (size_t i = 0; i < ns->n_bad; i++)
		free(ns->bad[i]);
	if (ns->dirfd >= 0)
		close(ns->dirfd);
	free(ns);
}

size_t via_notes_bad(const struct via_daemon *d, char *const **ret)
{
	*ret = d->notes ? d->notes->bad : NULL;
	return d->notes ? d->notes->n_bad : 0;
}
