/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <stdlib.h>
#include <string.h>

struct via_text *via_text_create(const char *s, size_t len)
{
	struct via_text *t = malloc(sizeof(*t) + len + 1);

	if (!t)
		return NULL;
	t->refs = 1;
	t->len = len;
	memcpy(t->s, s, len);
	t->s[len] = '\0';
	return t;
}

struct via_text *via_text_ref(struct via_text *t)
{
	t->refs++;
	return t;
}

void via_text_unref(struct via_text *t)
{
	if (t && --t->refs == 0)
		free(t);
}
