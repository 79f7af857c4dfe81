/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void via_strbuf_finish(struct via_strbuf *b)
{
	free(b->s);
	*b = VIA_STRBUF_INIT;
}

void via_strbuf_reset(struct via_strbuf *b)
{
	via_strbuf_truncate(b, 0);
}

static bool reserve(struct via_strbuf *b, size_t extra)
{
	size_t need = b->len + extra + 1, cap = b->cap ? b->cap : 64;
	char *s;

	if (b->failed)
		return false;
	if (need <= extra || need > SIZE_MAX / 2) {
		b->failed = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	s = realloc(b->s, cap);
	if (!s) {
		b->failed = true;
		return false;
	}
	b->s = s;
	b->cap = cap;
	return true;
}

void via_strbuf_add(struct via_strbuf *b, const void *data, size_t len)
{
	if (!reserve(b, len))
		return;
	if (len)
		memcpy(b->s + b->len, data, len);
	b->len += len;
	b->s[b->len] = '\0';
}

void via_strbuf_adds(struct via_strbuf *b, const char *s)
{
	via_strbuf_add(b, s, strlen(s));
}

void via_strbuf_addc(struct via_strbuf *b, char c)
{
	via_strbuf_add(b, &c, 1);
}

void via_strbuf_addf(struct via_strbuf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		b->failed = true;
	if (n < 0 || !reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void via_strbuf_truncate(struct via_strbuf *b, size_t len)
{
	if (len > b->len || !b->s)
		return;
	b->len = len;
	b->s[len] = '\0';
}

const char *via_strbuf_str(const struct via_strbuf *b)
{
	return b->s ? b->s : "";
}

char *via_strbuf_steal(struct via_strbuf *b)
{
	char *s = b->failed ? NULL : b->s;

	if (b->failed)
		free(b->s);
	else if (!s)
		s = strdup("");
	*b = VIA_STRBUF_INIT;
	return s;
}
