/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Line and column of a JSON pointer: json-c keeps no positions, messages need them. */
#include "base/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const char *p, *end;
	unsigned int depth;
};

static void skip(struct walk *w)
{
	while (w->p < w->end) {
		const char *e;

		if (strchr(" \t\r\n", *w->p)) {
			w->p++;
			continue;
		}
		if (*w->p != '/' || w->p + 1 >= w->end)
			return;
		e = w->p[1] == '/' ? memchr(w->p, '\n', (size_t)(w->end - w->p)) :
				     memmem(w->p + 2, (size_t)(w->end - w->p - 2), "*/", 2);
		w->p = !e ? w->end : w->p[1] == '/' ? e + 1 : e + 2;
	}
}

/* Past a string; *s and *n are its raw inside. */
static int string(struct walk *w, const char **s, size_t *n)
{
	char quote = *w->p;

	*s = ++w->p;
	while (w->p < w->end && *w->p != quote)
		w->p += *w->p == '\\' ? 2 : 1;
	if (w->p >= w->end)
		return -EINVAL;
	*n = (size_t)(w->p - *s);
	w->p++;
	return 0;
}

/* Does the pointer's first token name this key (or index)? Moves *ptr behind the token. */
static bool token_is(const char **ptr, const char *key, size_t n)
{
	const char *p = *ptr + 1;

	for (size_t i = 0; i < n; i++, p++) {
		char want = *p;

		if (want == '~') {
			want = p[1] == '1' ? '/' : '~';
			p++;
		}
		if (!*p || want != key[i])
			return false;
	}
	if (*p && *p != '/')
		return false;
	*ptr = p;
	return true;
}

static int value(struct walk *w, const char *ptr, const char **found);

static int container(struct walk *w, const char *ptr, const char **found)
{
	char close = *w->p == '{' ? '}' : ']';
	size_t index = 0;

	w->p++;
	for (;; index++) {
		const char *rest = ptr, *key;
		char num[24];
		size_t n;

		skip(w);
		if (w->p >= w->end)
			return -EINVAL;
		if (*w->p == close) {
			w->p++;
			return 0;
		}
		if (close == '}') {
			if ((*w->p != '"' && *w->p != '\'') || string(w, &key, &n) < 0)
				return -EINVAL;
			skip(w);
			if (w->p >= w->end || *w->p++ != ':')
				return -EINVAL;
		} else {
			n = (size_t)snprintf(num, sizeof(num), "%zu", index);
			key = num;
		}
		if (!ptr || *ptr != '/' || !token_is(&rest, key, n))
			rest = NULL;
		if (value(w, rest, found) < 0)
			return -EINVAL;
		if (*found)
			return 0;
		skip(w);
		if (w->p < w->end && *w->p == ',')
			w->p++;
	}
}

/* Walk over one value; ptr is the rest of the pointer when this value is on its way, else NULL. */
static int value(struct walk *w, const char *ptr, const char **found)
{
	const char *s;
	size_t n;
	int r = 0;

	skip(w);
	if (w->p >= w->end || w->depth >= VIA_JSON_DEPTH_MAX)
		return -EINVAL;
	if (ptr && !*ptr) {
		*found = w->p;
		return 0;
	}
	w->depth++;
	if (*w->p == '{' || *w->p == '[')
		r = container(w, ptr, found);
	else if (*w->p == '"' || *w->p == '\'')
		r = string(w, &s, &n);
	else
		while (w->p < w->end && !strchr(",]} \t\r\n/", *w->p))
			w->p++;
	w->depth--;
	return r;
}

int via_json_locate(
	const char *text, size_t len, const char *pointer, unsigned int *line, unsigned int *column)
{
	struct walk w = { text, text + len, 0 };
	const char *found = NULL;

	if (value(&w, pointer, &found) < 0 || !found)
		return -ENOENT;
	*line = 1;
	*column = 1;
	for (const char *p = text; p < found; p++) {
		(*column)++;
		if (*p == '\n') {
			(*line)++;
			*column = 1;
		}
	}
	return 0;
}
