/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Line and column of a JSON pointer, and keys given twice: json-c keeps neither, messages need
 * them. */
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct span {
	const char *s;
	size_t n;
};

struct walk {
	const char *p, *end;
	unsigned int depth;
	const char *found;	    /* value of the pointer that is looked for */
	bool twice;		    /* look for keys given twice instead */
	struct via_json_ctx at;	    /* pointer of the value being walked over, for twice */
	const char *first, *second; /* the two keys, and the object's pointer in at */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip(struct walk *w)
{
	while (w->p < w->end) {
		const char *e;

		if (is_space(*w->p)) {
			w->p++;
			continue;
		}
		if (*w->p != '/' || w->end - w->p < 2 || (w->p[1] != '/' && w->p[1] != '*'))
			return;
		e = w->p[1] == '/' ? memchr(w->p, '\n', (size_t)(w->end - w->p))
				   : memmem(w->p + 2, (size_t)(w->end - w->p - 2), "*/", 2);
		w->p = !e ? w->end : w->p[1] == '/' ? e + 1 : e + 2;
	}
}

/* Past a string; *ret is its raw inside. */
static int string(struct walk *w, struct span *ret)
{
	char quote = *w->p;

	ret->s = ++w->p;
	for (; w->p < w->end && *w->p != quote; w->p++)
		if (*w->p == '\\' && w->end - w->p > 1)
			w->p++;
	if (w->p >= w->end)
		return -EINVAL;
	ret->n = (size_t)(w->p - ret->s);
	w->p++;
	return 0;
}

/* Does the pointer's first token name this key (or index)? Gives what is behind the token. */
static const char *behind_token(const char *pointer, struct span key)
{
	const char *p = pointer + 1;

	for (size_t i = 0; i < key.n; i++, p++) {
		char want = *p;

		if (want == '~') {
			want = p[1] == '1' ? '/' : '~';
			p++;
		}
		if (!*p || want != key.s[i])
			return NULL;
	}
	return *p && *p != '/' ? NULL : p;
}

static int value(struct walk *w, const char *ptr);

static int key_of(struct walk *w, struct span *key)
{
	if ((*w->p != '"' && *w->p != '\'') || string(w, key) < 0)
		return -EINVAL;
	skip(w);
	return w->p < w->end && *w->p++ == ':' ? 0 : -EINVAL;
}

static size_t push_span(struct walk *w, struct span key)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", key.n < sizeof(text) ? (int)key.n : 63, key.s);
	return via_json_push(&w->at, text);
}

/* One member or element; what it is called is in *key. */
static int member(
	struct walk *w, bool object, size_t index, const char *ptr, struct span *key, char num[24])
{
	const char *rest = NULL;
	size_t n = 0;
	int r;

	if (object) {
		if (key_of(w, key) < 0)
			return -EINVAL;
	} else {
		*key = (struct span){num, (size_t)snprintf(num, 24, "%zu", index)};
	}
	if (ptr && *ptr == '/')
		rest = behind_token(ptr, *key);
	if (w->twice)
		n = push_span(w, *key);
	r = value(w, rest);
	if (w->twice && !w->second)
		via_json_pop(&w->at, n);
	return r;
}

static int compare_span(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int r = memcmp(x->s, y->s, n);

	if (!r && x->n != y->n)
		r = x->n < y->n ? -1 : 1;
	return r ? r : x->s < y->s ? -1 : x->s > y->s;
}

static void find_twice(struct walk *w, struct span *keys, size_t n)
{
	if (n)
		qsort(keys, n, sizeof(*keys), compare_span);
	for (size_t i = 1; i < n && !w->second; i++) {
		if (keys[i].n != keys[i - 1].n || memcmp(keys[i].s, keys[i - 1].s, keys[i].n))
			continue;
		w->first = keys[i - 1].s;
		w->second = keys[i].s;
		push_span(w, keys[i]);
	}
}

static int remember(struct span **keys, size_t n, struct span key)
{
	struct span *more = *keys;

	if ((n & (n - 1)) == 0) {
		more = reallocarray(*keys, n ? n * 2 : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		*keys = more;
	}
	more[n] = key;
	return 0;
}

static int container(struct walk *w, const char *ptr)
{
	bool object = *w->p == '{';
	via_autofree struct span *keys = NULL;
	size_t n = 0;

	w->p++;
	for (;;) {
		struct span key;
		char num[24];

		skip(w);
		if (w->p >= w->end)
			return -EINVAL;
		if (*w->p == (object ? '}' : ']'))
			break;
		if (member(w, object, n, ptr, &key, num) < 0)
			return -EINVAL;
		if (w->second)
			return 0;
		if (w->twice && object && remember(&keys, n, key) < 0)
			return -ENOMEM;
		n++;
		skip(w);
		if (w->p < w->end && *w->p == ',')
			w->p++;
	}
	w->p++;
	if (w->twice && object)
		find_twice(w, keys, n);
	return 0;
}

static int scalar(struct walk *w)
{
	const char *from = w->p;

	while (w->p < w->end && *w->p && !strchr(",:[]{}\"' \t\r\n/", *w->p))
		w->p++;
	return w->p > from ? 0 : -EINVAL;
}

/* Walk over one value; ptr is the rest of the pointer when this value is on its way, else NULL. */
static int value(struct walk *w, const char *ptr)
{
	struct span inside;
	int r;

	skip(w);
	if (w->p >= w->end || w->depth >= VIA_JSON_DEPTH_MAX)
		return -EINVAL;
	/* The last of two equal keys is the one that json-c keeps: go on looking. */
	if (ptr && !*ptr)
		w->found = w->p;
	w->depth++;
	if (*w->p == '{' || *w->p == '[')
		r = container(w, ptr);
	else if (*w->p == '"' || *w->p == '\'')
		r = string(w, &inside);
	else
		r = scalar(w);
	w->depth--;
	return r;
}

static void position(const char *text, const char *at, unsigned int *line, unsigned int *column)
{
	*line = 1;
	*column = 1;
	for (const char *p = text; p < at; p++) {
		(*column)++;
		if (*p == '\n') {
			(*line)++;
			*column = 1;
		}
	}
}

int via_json_locate(
	const char *text, size_t len, const char *pointer, unsigned int *line, unsigned int *column)
{
	struct walk w = {.p = text, .end = text + len};

	if (value(&w, pointer) < 0 || !w.found)
		return -ENOENT;
	position(text, w.found, line, column);
	return 0;
}

int via_json_twice(const char *text, size_t len, struct via_err *err)
{
	struct walk w = {.p = text, .end = text + len, .twice = true};
	unsigned int l1, l2, c1, c2;

	if (value(&w, NULL) < 0 || !w.second)
		return 0;
	position(text, w.first, &l1, &c1);
	position(text, w.second, &l2, &c2);
	return via_err_set(err, VIA_REFUSED_INVALID,
		"line %u, column %u: %s: the key stands in line %u already; keep one of the two",
		l2, c2, w.at.pointer, l1);
}
