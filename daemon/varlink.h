/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Varlink without a socket: framing, the checks a message must pass before and after it is parsed,
 * and the making of replies. Pure, so that it can be fuzzed. The format: https://varlink.org, a
 * JSON object per message, each ended by a NUL byte.
 */
#ifndef VIA_DAEMON_VARLINK_H
#define VIA_DAEMON_VARLINK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "text.h"

#define VIA_VARLINK_MESSAGE_MAX (1u << 20) /* bytes of one incoming message */
#define VIA_VARLINK_DEPTH_MAX	16	   /* of nested objects and arrays in it */
#define VIA_VARLINK_METHOD_MAX	255

/* Bytes that came in and were not yet taken out as messages. A zeroed struct is empty. */
struct via_varlink_in {
	char *buf;
	size_t start, len, cap; /* unread bytes are buf[start .. start + len) */
	size_t scanned;		/* of them, known to hold no NUL */
};
void via_varlink_in_finish(struct via_varlink_in *in);
/* 0 or -ENOMEM. */
int via_varlink_in_add(struct via_varlink_in *in, const void *data, size_t len);
/*
 * The next whole message, without its NUL, valid until the next call on in: 1. 0: there is none
 * yet. -EMSGSIZE: it is, or is going to be, longer than VIA_VARLINK_MESSAGE_MAX.
 */
int via_varlink_in_next(struct via_varlink_in *in, const char **msg, size_t *len);
/* Part of a message is there (or whole ones that were not taken). */
bool via_varlink_in_pending(const struct via_varlink_in *in);

/* One call. */
struct via_varlink_msg {
	char *method;		 /* "interface.Method", checked to look like one */
	json_object *parameters; /* an object; NULL: none were given */
	bool oneway, more;
};
void via_varlink_msg_finish(struct via_varlink_msg *m);
/* 0, -ENOMEM, or VIA_REFUSED_INVALID: not a varlink call; the connection cannot be answered. */
int via_varlink_parse(
	const char *text, size_t len, struct via_varlink_msg *ret, struct via_err *err);
/* The interface part's length in a method's full name, 0 without one. */
size_t via_varlink_interface_len(const char *method);

/*
 * A reply with its NUL. parameters (taken, may be NULL for an empty object); error: NULL for a
 * result. NULL when out of memory.
 */
struct via_text *via_varlink_reply(json_object *parameters, const char *error, bool continues);

#endif
