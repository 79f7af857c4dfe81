/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An immutable text that several output queues share. One thread at a time may hold and drop it. */
#ifndef VIA_DAEMON_TEXT_H
#define VIA_DAEMON_TEXT_H

#include <stddef.h>

struct via_text {
	unsigned int refs;
	size_t len;
	char s[]; /* len bytes and a NUL */
};

/* A copy with one reference; NULL out of memory. */
struct via_text *via_text_create(const char *s, size_t len);
struct via_text *via_text_ref(struct via_text *t);
void via_text_unref(struct via_text *t); /* takes NULL */

static inline void via_text_cleanup(struct via_text **t)
{
	via_text_unref(*t);
}
#define via_autotext __attribute__((cleanup(via_text_cleanup))) struct via_text

#endif
