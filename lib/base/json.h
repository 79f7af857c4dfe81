/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON over json-c: bounded parsing, and decoding into structs by tables.
 *
 * A decoder walks an object by its field table. Unknown keys, wrong types, missing keys and values
 * out of range are errors whose message starts with the JSON pointer of the value (RFC 6901).
 */
#ifndef VIA_BASE_JSON_H
#define VIA_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define VIA_JSON_DEPTH_MAX 32

/*
 * Parse text (with // and block comments when comments is true, plain JSON otherwise). One value
 * and nothing behind it; depth at most VIA_JSON_DEPTH_MAX; duplicate keys: the last wins (json-c).
 * 0 and *ret (caller puts), or VIA_REFUSED_INVALID with "line L, column C: what".
 */
int via_json_parse(
	const char *text, size_t len, bool comments, json_object **ret, struct via_err *err);

static inline void via_json_cleanup(json_object **o)
{
	json_object_put(*o);
}
#define via_autojson __attribute__((cleanup(via_json_cleanup))) json_object

#define VIA_JSON_POINTER_MAX 256

struct via_json_ctx {
	char pointer[VIA_JSON_POINTER_MAX]; /* of the value being decoded; of the bad one on failure
					     */
	struct via_err *err;
	void *user; /* for the decoders */
	/*
	 * To collect every problem rather than stop at the first: called for each member or element
	 * that failed (refusals only, not errno), with pointer and err filled. 0 goes on with the
	 * next one, anything else is the result. A bad member stays as it was. NULL: the first one
	 * ends it.
	 */
	int (*problem)(struct via_json_ctx *c);
};

struct via_json_field;
/* Decode o into dst (already offset). Returns 0 or the result of via_json_fail. */
typedef int via_json_decode_fn(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f);

struct via_json_field {
	const char *key; /* NULL ends the table */
	via_json_decode_fn *decode;
	size_t offset;	   /* of the member */
	size_t set_offset; /* of a bool "was given" member plus 1, or 0 for none: VIA_JSON_SET() */
	int64_t min, max;  /* for numbers */
	const void *arg;   /* enum names, element tables, … */
	bool required;
};
#define VIA_JSON_SET(type, member) (offsetof(type, member) + 1)

/* Decode an object's members. JSON null for a member counts as not given. With c->problem 0 may
 * mean that there were problems: the callback knows. */
int via_json_object(
	struct via_json_ctx *c, json_object *o, const struct via_json_field *fields, void *base);
/* Call fn for each element of an array, the pointer extended by its index. */
int via_json_array(struct via_json_ctx *c, json_object *o,
	int (*fn)(struct via_json_ctx *c, json_object *o, size_t i, void *user), void *user);

/* Decoders. String: char* (strdup, the old one freed). Enum: int, arg is a NULL-terminated
 * const char *const[] whose index is the value. */
via_json_decode_fn via_json_bool; /* bool */
via_json_decode_fn via_json_u32;  /* uint32_t, min..max */
via_json_decode_fn via_json_i64;  /* int64_t, min..max */
via_json_decode_fn
	via_json_string; /* char *, not empty, no control characters, at most max bytes if max */
via_json_decode_fn via_json_enum; /* int */
via_json_decode_fn via_json_addr; /* struct via_addr */
via_json_decode_fn via_json_mac;  /* struct via_mac */

/* The string of a decoder's value; NULL for anything else and for one that a NUL would cut short.
 */
const char *via_json_text(json_object *o);

/* Record "POINTER: message", return VIA_REFUSED_INVALID. */
int via_json_fail(struct via_json_ctx *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Extend and cut the pointer around a nested decode: n = push(); decode; pop(n). */
size_t via_json_push(struct via_json_ctx *c, const char *key);
size_t via_json_push_index(struct via_json_ctx *c, size_t i);
void via_json_pop(struct via_json_ctx *c, size_t n);

/*
 * Where in text a JSON pointer's value starts: for messages that name a line. Understands what
 * via_json_parse(comments) accepts. 0 and line, column (both from 1), or -ENOENT.
 */
int via_json_locate(const char *text, size_t len, const char *pointer, unsigned int *line,
	unsigned int *column);

/*
 * A key that stands twice in one object, of which json-c would keep the last in silence: for texts
 * that people write. 0 for none (and for what via_json_parse does not accept), or
 * VIA_REFUSED_INVALID with "line L, column C: POINTER: what".
 */
int via_json_twice(const char *text, size_t len, struct via_err *err);

/* The name among names that is nearest to got (edit distance at most 2), or NULL. */
const char *via_json_nearest(const char *got, const char *const *names);

/* Shorthands to build: add a member, NULL strings are left out; bytes that are no UTF-8 become
 * U+FFFD. */
void via_json_add_str(json_object *o, const char *key, const char *s);
void via_json_add_int(json_object *o, const char *key, int64_t v);
void via_json_add_bool(json_object *o, const char *key, bool v);

#endif
