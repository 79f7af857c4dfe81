/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing string. Once an allocation fails the buffer stays failed and later calls do nothing. */
#ifndef VIA_BASE_STRBUF_H
#define VIA_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct via_strbuf {
	char *s; /* NUL-terminated, or NULL while empty */
	size_t len;
	size_t cap;
	bool failed;
};

#define VIA_STRBUF_INIT ((struct via_strbuf){0})

void via_strbuf_finish(struct via_strbuf *b);
void via_strbuf_reset(struct via_strbuf *b); /* empty it, keep the memory */
void via_strbuf_add(struct via_strbuf *b, const void *data, size_t len);
void via_strbuf_adds(struct via_strbuf *b, const char *s);
void via_strbuf_addc(struct via_strbuf *b, char c);
void via_strbuf_addf(struct via_strbuf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void via_strbuf_truncate(struct via_strbuf *b, size_t len);
/* The string, "" when empty; valid until the next call. */
const char *via_strbuf_str(const struct via_strbuf *b);
/* Take the string over (caller frees); NULL when an allocation failed. Leaves the buffer empty. */
char *via_strbuf_steal(struct via_strbuf *b);

#define via_autostrbuf __attribute__((cleanup(via_strbuf_finish))) struct via_strbuf

#endif
