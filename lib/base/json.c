/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strbuf.h"

static void line_col(const char *text, size_t at, unsigned int *line, unsigned int *col)
{
	*line = 1;
	*col = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			(*line)++;
			*col = 1;
		} else {
			(*col)++;
		}
	}
}

static int parse_fail(const char *text, size_t at, const char *what, struct via_err *err)
{
	unsigned int line, col;

	line_col(text, at, &line, &col);
	return via_err_set(err, VIA_REFUSED_INVALID, "line %u, column %u: %s", line, col, what);
}

static size_t skip_space(const char *text, size_t len, size_t at)
{
	while (at < len && strchr(" \t\r\n", text[at]) && text[at])
		at++;
	return at;
}

/* Where trailing comments and space end; json-c stops right behind the value. */
static size_t skip_trailer(const char *text, size_t len, size_t at, bool comments)
{
	for (;;) {
		const char *end;

		at = skip_space(text, len, at);
		if (!comments || at + 1 >= len || text[at] != '/')
			return at;
		if (text[at + 1] == '/')
			end = memchr(text + at, '\n', len - at);
		else if (text[at + 1] == '*')
			end = memmem(text + at + 2, len - at - 2, "*/", 2);
		else
			return at;
		if (!end)
			return text[at + 1] == '/' ? len : at;
		at = (size_t)(end - text) + (text[at + 1] == '*' ? 2 : 1);
	}
}

/* RFC 8259's number: no leading zero, digits on both sides of the point. */
static bool is_number(const char *s, size_t n)
{
	size_t i = n && s[0] == '-', from = i;

	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	if (i == from || (s[from] == '0' && i > from + 1))
		return false;
	if (i < n && s[i] == '.') {
		for (from = ++i; i < n && isdigit((unsigned char)s[i]);)
			i++;
		if (i == from)
			return false;
	}
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		i += i < n && (s[i] == '+' || s[i] == '-');
		for (from = i; i < n && isdigit((unsigned char)s[i]);)
			i++;
		if (i == from)
			return false;
	}
	return i == n;
}

static bool is_word(const char *s, size_t n)
{
	return (n == 4 && (!memcmp(s, "true", 4) || !memcmp(s, "null", 4))) ||
	       (n == 5 && !memcmp(s, "false", 5)) || is_number(s, n);
}

/* Length of the string that starts at s, quotes included; 0 when it holds a control character. */
static size_t plain_string(const char *s, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if ((unsigned char)s[i] < 0x20)
			return 0;
		if (s[i] == '"')
			return i + 1;
		i += s[i] == '\\';
	}
	return 0;
}

/*
 * json-c's strict mood still takes 'single quotes', NaN, "1." and bare control characters. What it
 * has accepted is looked through word by word; true, or *at is the first that is no plain JSON.
 */
static bool is_plain(const char *text, size_t len, size_t *at)
{
	size_t n;

	for (*at = 0; *at < len; *at += n) {
		const char *s = text + *at;

		if (strchr("{}[],: \t\r\n", *s))
			n = 1;
		else if (*s == '"')
			n = plain_string(s, len - *at);
		else
			for (n = 0; n < len - *at && !strchr("{}[],:\" \t\r\n", s[n]);)
				n++;
		if (!n || (n > 1 && *s != '"' && !is_word(s, n)) ||
			(n == 1 && !strchr("{}[],: \t\r\n", *s) && !isdigit((unsigned char)*s)))
			return false;
	}
	return true;
}

int via_json_parse(
	const char *text, size_t len, bool comments, json_object **ret, struct via_err *err)
{
	json_tokener *tok;
	json_object *o;
	enum json_tokener_error e;
	size_t end;

	if (len > INT_MAX)
		return via_err_set(err, VIA_REFUSED_INVALID, "too large");
	if (memchr(text, '\0', len))
		return via_err_set(err, VIA_REFUSED_INVALID, "holds a NUL byte");
	tok = json_tokener_new_ex(VIA_JSON_DEPTH_MAX);
	if (!tok)
		return via_err_set(err, -ENOMEM, "out of memory");
	json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8 | JSON_TOKENER_ALLOW_TRAILING_CHARS |
					    (comments ? 0 : JSON_TOKENER_STRICT));
	o = json_tokener_parse_ex(tok, text, (int)len);
	e = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	if (e == json_tokener_continue) {
		/* A bare number at the end of the text is complete only once something follows it.
		 */
		o = json_tokener_parse_ex(tok, "\n", 1);
		e = json_tokener_get_error(tok);
		end = len;
	}
	json_tokener_free(tok);
	if (e == json_tokener_continue)
		return parse_fail(text, len, "the text ends in the middle of a value", err);
	if (e != json_tokener_success)
		return parse_fail(text, end, json_tokener_error_desc(e), err);
	end = skip_trailer(text, len, end, comments);
	if (end < len) {
		json_object_put(o);
		return parse_fail(text, end, "something follows the value", err);
	}
	if (!comments && !is_plain(text, len, &end)) {
		json_object_put(o);
		return parse_fail(text, end, "this is no plain JSON", err);
	}
	*ret = o;
	return 0;
}

int via_json_fail(struct via_json_ctx *c, const char *fmt, ...)
{
	char msg[VIA_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return via_err_set(
		c->err, VIA_REFUSED_INVALID, "%s: %s", c->pointer[0] ? c->pointer : "/", msg);
}

size_t via_json_push(struct via_json_ctx *c, const char *key)
{
	size_t old = strlen(c->pointer), n = old;

	if (n + 1 < sizeof(c->pointer))
		c->pointer[n++] = '/';
	/* RFC 6901: ~ is ~0, / is ~1 */
	for (; *key && n + 3 < sizeof(c->pointer); key++) {
		if (*key == '~' || *key == '/') {
			c->pointer[n++] = '~';
			c->pointer[n++] = *key == '~' ? '0' : '1';
		} else {
			c->pointer[n++] = *key;
		}
	}
	c->pointer[n] = '\0';
	return old;
}

size_t via_json_push_index(struct via_json_ctx *c, size_t i)
{
	char num[24];

	snprintf(num, sizeof(num), "%zu", i);
	return via_json_push(c, num);
}

void via_json_pop(struct via_json_ctx *c, size_t n)
{
	c->pointer[n] = '\0';
}

static int unknown_key(struct via_json_ctx *c, const char *key, const struct via_json_field *fields)
{
	const char *names[64] = {0};
	const char *near;
	size_t n = 0;

	for (; fields[n].key && n < VIA_ARRAY_SIZE(names) - 1; n++)
		names[n] = fields[n].key;
	near = via_json_nearest(key, names);
	via_json_push(c, key);
	if (near)
		return via_json_fail(c, "there is no such key; did you mean \"%s\"?", near);
	return via_json_fail(c, "there is no such key here");
}

/* Hand a refusal to the collector, if there is one, and go back to the container's pointer. */
static int settle(struct via_json_ctx *c, int r, size_t n)
{
	if (r > 0 && c->problem)
		r = c->problem(c);
	if (r == 0)
		via_json_pop(c, n);
	return r;
}

static int decode_member(
	struct via_json_ctx *c, json_object *o, const struct via_json_field *f, void *base)
{
	size_t n = via_json_push(c, f->key);
	int r = f->decode(c, o, (char *)base + f->offset, f);

	if (r == 0 && f->set_offset)
		*(bool *)((char *)base + f->set_offset - 1) = true;
	return settle(c, r, n);
}

static const struct via_json_field *field_named(const struct via_json_field *f, const char *key)
{
	while (f->key && strcmp(f->key, key))
		f++;
	return f->key ? f : NULL;
}

static int check_required(
	struct via_json_ctx *c, json_object *o, const struct via_json_field *fields)
{
	size_t n = strlen(c->pointer);

	for (const struct via_json_field *f = fields; f->key; f++) {
		json_object *v;
		int r;

		if (!f->required || (json_object_object_get_ex(o, f->key, &v) && v))
			continue;
		r = settle(c, via_json_fail(c, "the key \"%s\" is missing", f->key), n);
		if (r)
			return r;
	}
	return 0;
}

int via_json_object(
	struct via_json_ctx *c, json_object *o, const struct via_json_field *fields, void *base)
{
	size_t n = strlen(c->pointer);

	if (!json_object_is_type(o, json_type_object))
		return via_json_fail(c, "must be an object");
	json_object_object_foreach(o, key, val)
	{
		const struct via_json_field *f = field_named(fields, key);
		int r = 0;

		if (!f)
			r = settle(c, unknown_key(c, key, fields), n);
		else if (val)
			r = decode_member(c, val, f, base);
		if (r)
			return r;
	}
	return check_required(c, o, fields);
}

int via_json_array(struct via_json_ctx *c, json_object *o,
	int (*fn)(struct via_json_ctx *c, json_object *o, size_t i, void *user), void *user)
{
	if (!json_object_is_type(o, json_type_array))
		return via_json_fail(c, "must be an array");
	for (size_t i = 0; i < json_object_array_length(o); i++) {
		size_t n = via_json_push_index(c, i);
		int r = settle(c, fn(c, json_object_array_get_idx(o, i), i, user), n);

		if (r)
			return r;
	}
	return 0;
}

int via_json_bool(struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	if (!json_object_is_type(o, json_type_boolean))
		return via_json_fail(c, "must be true or false");
	*(bool *)dst = json_object_get_boolean(o);
	return 0;
}

int via_json_i64(struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	int64_t v;

	if (!json_object_is_type(o, json_type_int))
		return via_json_fail(c, "must be a whole number");
	v = json_object_get_int64(o);
	/* json-c answers with the nearest int64_t for what has more digits. */
	if (v == INT64_MAX && json_object_get_uint64(o) > INT64_MAX)
		return via_json_fail(c, "the number is too large");
	if (v < f->min || v > f->max)
		return via_json_fail(c, "%lld is outside %lld to %lld", (long long)v,
			(long long)f->min, (long long)f->max);
	*(int64_t *)dst = v;
	return 0;
}

int via_json_u32(struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	int64_t v = 0;
	int r = via_json_i64(c, o, &v, f);

	if (r == 0)
		*(uint32_t *)dst = (uint32_t)v;
	return r;
}

const char *via_json_text(json_object *o)
{
	const char *s;

	if (!json_object_is_type(o, json_type_string))
		return NULL;
	s = json_object_get_string(o);
	return strlen(s) == (size_t)json_object_get_string_len(o) ? s : NULL;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

int via_json_string(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s;
	char *copy;

	if (!json_object_is_type(o, json_type_string))
		return via_json_fail(c, "must be a string");
	s = via_json_text(o);
	if (s && !*s)
		return via_json_fail(c, "must not be empty");
	if (!s || has_control(s))
		return via_json_fail(c, "must not hold control characters");
	if (f->max && strlen(s) > (size_t)f->max)
		return via_json_fail(c, "is longer than %lld bytes", (long long)f->max);
	copy = strdup(s);
	if (!copy)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	free(*(char **)dst);
	*(char **)dst = copy;
	return 0;
}

static void join_names(const char *const *names, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (size_t i = 0; names[i] && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s\"%s\"", i ? ", " : "", names[i]);
}

int via_json_enum(struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *const *names = f->arg;
	char all[512];
	const char *s = via_json_text(o);

	join_names(names, all, sizeof(all));
	if (!s)
		return via_json_fail(c, "must be one of %s", all);
	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], s)) {
			*(int *)dst = i;
			return 0;
		}
	}
	return via_json_fail(c, "\"%.64s\" is not one of %s", s, all);
}

int via_json_addr(struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	(void)f;
	if (!s || via_addr_parse(s, dst) < 0)
		return via_json_fail(c, "must be a PCI address such as \"0000:3b:00.0\"");
	return 0;
}

int via_json_mac(struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);
	struct via_mac m;

	(void)f;
	if (!s || via_mac_parse(s, &m) < 0)
		return via_json_fail(c, "must be a MAC address such as \"52:54:00:12:34:56\"");
	if (!via_mac_is_unicast(m))
		return via_json_fail(c, "%s is not a unicast address", via_mac_fmt(m));
	*(struct via_mac *)dst = m;
	return 0;
}

/* Levenshtein distance, given up above 3; names are short. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[64];
	size_t la = strlen(a), lb = strlen(b);

	if (la >= 63 || lb >= 63)
		return UINT_MAX;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned int diag = row[0];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int sub = diag + (a[i - 1] != b[j - 1]);
			unsigned int gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diag = row[j];
			row[j] = sub < gap ? sub : gap;
		}
	}
	return row[lb];
}

const char *via_json_nearest(const char *got, const char *const *names)
{
	const char *best = NULL;
	unsigned int best_d = 3;

	for (; *names; names++) {
		unsigned int d = distance(got, *names);

		if (d < best_d && d < strlen(*names)) {
			best_d = d;
			best = *names;
		}
	}
	return best;
}

/* Length of the UTF-8 character at s, 0 when there is none (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF). */
static size_t utf8_char(const unsigned char *s)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;

	if (*s == 0xe0)
		lo = 0xa0;
	else if (*s == 0xed)
		hi = 0x9f;
	else if (*s == 0xf0)
		lo = 0x90;
	else if (*s == 0xf4)
		hi = 0x8f;
	for (size_t i = 1; i < n; i++, lo = 0x80, hi = 0xbf)
		if (s[i] < lo || s[i] > hi)
			return 0;
	return n;
}

/* The kernel's names may hold any byte; JSON holds UTF-8 only. */
static json_object *clean_string(const char *s)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	while (*s) {
		size_t n = utf8_char((const unsigned char *)s);

		via_strbuf_adds(&b, n ? "" : "\xef\xbf\xbd");
		via_strbuf_add(&b, s, n);
		s += n ? n : 1;
	}
	return json_object_new_string(via_strbuf_str(&b));
}

static bool is_utf8(const char *s)
{
	for (size_t n; *s; s += n) {
		n = utf8_char((const unsigned char *)s);
		if (!n)
			return false;
	}
	return true;
}

void via_json_add_str(json_object *o, const char *key, const char *s)
{
	if (s)
		json_object_object_add(
			o, key, is_utf8(s) ? json_object_new_string(s) : clean_string(s));
}

void via_json_add_int(json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

void via_json_add_bool(json_object *o, const char *key, bool v)
{
	json_object_object_add(o, key, json_object_new_boolean(v));
}
