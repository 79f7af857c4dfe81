/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "lines.h"

struct line {
	size_t at, len; /* without the newline */
	bool ended;	/* by a newline */
	bool passed;	/* it never counted */
	json_object *o; /* NULL: it is no JSON object */
};

struct text {
	size_t n;
	struct line *lines;
};

static void text_finish(struct text *t)
{
	for (size_t i = 0; i < t->n; i++)
		json_object_put(t->lines[i].o);
	free(t->lines);
}

static int text_split(struct text *t, const char *text, size_t len)
{
	size_t n = 1;

	for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
		n++;
	t->lines = calloc(n, sizeof(*t->lines));
	if (!t->lines)
		return -ENOMEM;
	for (size_t at = 0; at < len; t->n++) {
		const char *end = memchr(text + at, '\n', len - at);
		struct line *l = &t->lines[t->n];

		l->at = at;
		l->ended = end != NULL;
		l->len = (end ? (size_t)(end - text) : len) - at;
		at += l->len + l->ended;
	}
	return 0;
}

static int parse_line(struct line *l, const char *text, struct via_err *err)
{
	int r = via_json_parse(text + l->at, l->len, false, &l->o, err);

	if (r == 0 && !json_object_is_type(l->o, json_type_object)) {
		json_object_put(via_steal(&l->o));
		return via_err_set(err, -EUCLEAN, "not an object");
	}
	return r;
}

/* What stands from there on up to line i was never taken for done. */
static void pass_over(struct text *t, size_t i)
{
	json_object *from;

	if (!t->lines[i].o || !json_object_object_get_ex(t->lines[i].o, "from", &from))
		return;
	for (size_t j = i; j-- > 0 && t->lines[j].at >= json_object_get_uint64(from);)
		t->lines[j].passed = true;
}

/*
 * A record is on the disk before anything follows from it, so only the very last one can be half
 * there: nothing was done on its account. Remains that could not be cut off may stand before it.
 */
static bool torn(const struct text *t, size_t i, const char *text, bool lenient)
{
	const struct line *l = &t->lines[i];

	if (i + 1 < t->n)
		return !l->o && torn(t, i + 1, text, lenient);
	return !l->ended || (!l->o && (lenient || memchr(text + l->at, '\0', l->len)));
}

static int give(const struct text *t, size_t i, const char *text, via_lines_fn *fn, void *user,
	struct via_err *err)
{
	struct line *l = &t->lines[i];
	struct line again = *l;
	int r = 0;

	if (!l->o)
		r = parse_line(&again, text, err); /* for the message */
	else
		r = fn(l->o, user, err);
	return r > 0 ? -EUCLEAN : r;
}

static int give_all(const struct text *t, const char *text, bool lenient, via_lines_fn *fn,
	void *user, size_t *at, size_t *good, struct via_err *err)
{
	*good = 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct line *l = &t->lines[i];
		int r;

		if (torn(t, i, text, lenient))
			break;
		*at = i;
		r = l->passed ? 0 : give(t, i, text, fn, user, err);
		if (r)
			return r;
		*good = l->at + l->len + 1;
	}
	return 0;
}

int via_lines_read(const char *path, const char *text, size_t len, bool lenient, via_lines_fn *fn,
	void *user, size_t *good, struct via_lines_place *place, struct via_err *err)
{
	VIA_CLEANUP(text_finish) struct text t = {0};
	struct via_err what = {0};
	size_t at = 0, end = 0;
	int r = text_split(&t, text, len);

	for (size_t i = 0; !r && i < t.n; i++) {
		r = parse_line(&t.lines[i], text, NULL);
		r = r == -ENOMEM ? r : 0;
		if (!r)
			pass_over(&t, i);
	}
	if (!r)
		r = give_all(&t, text, lenient, fn, user, &at, &end, &what);
	if (r == -EUCLEAN && place)
		*place = (struct via_lines_place){(unsigned int)at + 1, (unsigned int)t.n};
	if (r == -EUCLEAN)
		return via_err_set(err, r, "%s:%zu: %.600s", path, at + 1, what.msg);
	if (r)
		return via_err_set(err, r, "%s: %s", path, what.msg[0] ? what.msg : strerror(-r));
	*good = end;
	return 0;
}
