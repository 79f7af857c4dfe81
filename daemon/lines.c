/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"

struct via_lines {
	struct via_lines_options opt;
	struct via_journal_hook hook;
	atomic_uint count; /* without a shared one */
	char *path, *name;
	int fd;
	uint64_t size; /* up to the end of the last record that counts */
	bool remains;  /* behind it stands what could not be cut off */
	bool stale;    /* fd may not be what stands under the name now */
};

void via_lines_close(struct via_lines *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l->name);
	free(l);
}

const char *via_lines_path(const struct via_lines *l)
{
	return l->path;
}

uint64_t via_lines_size(const struct via_lines *l)
{
	return l->size;
}

static int cut_and_sync(struct via_lines *l, uint64_t size)
{
	struct via_disk *k = l->opt.disk;
	int r = k->ops->cut(k, l->fd, size);

	return r < 0 ? r : k->ops->sync(k, l->fd);
}

static int open_file(struct via_lines *l)
{
	struct via_disk *k = l->opt.disk;
	int fd = k->ops->open(k, l->opt.dirfd, l->name);

	if (fd < 0)
		return fd;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = fd;
	return 0;
}

static int load(struct via_lines *l, via_lines_fn *fn, void *user, struct via_lines_place *place,
	struct via_err *err)
{
	via_autofree char *text = NULL;
	struct via_err what = {0};
	size_t len, good;
	int r = via_file_read(l->opt.dirfd, l->name, l->opt.max, &text, &len, &what);

	if (r)
		return via_err_set(err, r, "%s/%s", l->opt.dir, what.msg);
	r = via_lines_read(l->path, text, len, l->opt.lenient, fn, user, &good, place, err);
	if (r)
		return r;
	if (good < len && (r = cut_and_sync(l, good)) < 0)
		return via_err_set(
			err, r, "%s: cannot cut off its torn last line: %s", l->path, strerror(-r));
	l->size = good;
	return 0;
}

static struct via_lines *lines_new(const struct via_lines_options *opt)
{
	struct via_lines *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->opt = *opt;
	l->fd = -1;
	if (opt->hook)
		l->hook = *opt->hook;
	if (!l->hook.count)
		l->hook.count = &l->count;
	l->name = strdup(opt->name);
	if (!l->name || asprintf(&l->path, "%s/%s", opt->dir, opt->name) < 0) {
		l->path = NULL;
		via_lines_close(l);
		return NULL;
	}
	/* They are the caller's. */
	l->opt.hook = NULL;
	l->opt.name = l->name;
	return l;
}

int via_lines_open(const struct via_lines_options *opt, via_lines_fn *fn, void *user,
	struct via_lines **ret, struct via_lines_place *place, struct via_err *err)
{
	struct via_lines *l = lines_new(opt);
	int r;

	if (!l)
		return via_err_set(err, -ENOMEM, "out of memory");
	r = open_file(l);
	if (r < 0)
		via_err_set(err, r, "%s: cannot open: %s", l->path, strerror(-r));
	else
		r = load(l, fn, user, place, err);
	l->opt.dir = NULL;
	if (r) {
		via_lines_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

static void call_hook(struct via_lines *l, unsigned int n, enum via_journal_point at)
{
	if (l->hook.fn)
		l->hook.fn(n, at, l->hook.user);
}

/* What is written to a file that somebody has deleted is lost with it. */
static int check_deleted(const struct via_lines *l)
{
	struct stat st;

	if (fstat(l->fd, &st) < 0)
		return -errno;
	return st.st_nlink ? 0 : -ENOENT;
}

static int write_text(struct via_lines *l, const struct via_strbuf *b)
{
	struct via_disk *k = l->opt.disk;
	unsigned int n = atomic_fetch_add(l->hook.count, 1) + 1;
	int r;

	call_hook(l, n, VIA_JOURNAL_BEFORE);
	r = k->ops->append(k, l->fd, b->s, b->len);
	if (r < 0)
		return r;
	call_hook(l, n, VIA_JOURNAL_WRITTEN);
	r = k->ops->sync(k, l->fd);
	if (r < 0)
		return r;
	call_hook(l, n, VIA_JOURNAL_AFTER);
	return 0;
}

static int written(struct via_lines *l, size_t len)
{
	struct stat st;

	if (!l->remains) {
		l->size += len;
		return 0;
	}
	/* How much of what failed before stands in the file, only the file knows. */
	if (fstat(l->fd, &st) < 0)
		return -errno;
	l->size = (uint64_t)st.st_size;
	l->remains = false;
	return 0;
}

int via_lines_append(struct via_lines *l, json_object *o)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *s;
	int r;

	if (l->stale && (r = via_lines_reopen(l)) < 0)
		return r;
	r = check_deleted(l);
	if (r < 0)
		return r;
	if (l->remains && cut_and_sync(l, l->size) == 0)
		l->remains = false;
	if (l->remains) {
		via_json_add_int(o, "from", (int64_t)l->size);
		via_strbuf_addc(&b, '\n');
	}
	s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	if (s)
		via_strbuf_adds(&b, s);
	via_strbuf_addc(&b, '\n');
	if (!s || b.failed)
		return -ENOMEM;
	r = write_text(l, &b);
	if (r == 0)
		r = written(l, b.len);
	if (r < 0)
		l->remains = cut_and_sync(l, l->size) < 0;
	return r;
}

int via_lines_empty(struct via_lines *l)
{
	struct via_disk *k = l->opt.disk;
	int r = k->ops->cut(k, l->fd, 0);

	if (r < 0)
		return r;
	l->size = 0;
	l->remains = false;
	return k->ops->sync(k, l->fd);
}

int via_lines_reopen(struct via_lines *l)
{
	struct stat st;
	int r = open_file(l);

	if (r == 0 && fstat(l->fd, &st) < 0)
		r = -errno;
	l->stale = r < 0;
	if (r < 0)
		return r;
	l->size = (uint64_t)st.st_size;
	l->remains = false;
	return 0;
}
