/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "varlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"

#define IN_CHUNK 4096

void via_varlink_in_finish(struct via_varlink_in *in)
{
	free(in->buf);
	*in = (struct via_varlink_in){0};
}

static void in_compact(struct via_varlink_in *in)
{
	if (in->start && in->len)
		memmove(in->buf, in->buf + in->start, in->len);
	in->start = 0;
}

static int in_reserve(struct via_varlink_in *in, size_t more)
{
	size_t want = in->len + more, cap = in->cap ? in->cap : IN_CHUNK;
	char *buf;

	if (in->start + want <= in->cap)
		return 0;
	in_compact(in);
	if (want <= in->cap)
		return 0;
	while (cap < want)
		cap *= 2;
	buf = realloc(in->buf, cap);
	if (!buf)
		return -ENOMEM;
	in->buf = buf;
	in->cap = cap;
	return 0;
}

int via_varlink_in_add(struct via_varlink_in *in, const void *data, size_t len)
{
	int r;

	if (!len)
		return 0;
	r = in_reserve(in, len);
	if (r < 0)
		return r;
	memcpy(in->buf + in->start + in->len, data, len);
	in->len += len;
	return 0;
}

int via_varlink_in_next(struct via_varlink_in *in, const char **msg, size_t *len)
{
	const char *begin, *nul;

	if (!in->len) {
		/* An idle connection costs no buffer. */
		via_varlink_in_finish(in);
		return 0;
	}
	begin = in->buf + in->start;
	nul = memchr(begin + in->scanned, '\0', in->len - in->scanned);
	if (!nul) {
		in->scanned = in->len;
		return in->len > VIA_VARLINK_MESSAGE_MAX ? -EMSGSIZE : 0;
	}
	if ((size_t)(nul - begin) > VIA_VARLINK_MESSAGE_MAX)
		return -EMSGSIZE;
	*msg = begin;
	*len = (size_t)(nul - begin);
	in->start += *len + 1;
	in->len -= *len + 1;
	in->scanned = 0;
	return 1;
}

bool via_varlink_in_pending(const struct via_varlink_in *in)
{
	return in->len > 0;
}

void via_varlink_msg_finish(struct via_varlink_msg *m)
{
	free(m->method);
	json_object_put(m->parameters);
	*m = (struct via_varlink_msg){0};
}

/* Depth by brackets outside of strings: cheap, and before anything is allocated for the message. */
static bool too_deep(const char *text, size_t len)
{
	unsigned int depth = 0;
	bool string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > VIA_VARLINK_DEPTH_MAX)
				return true;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

size_t via_varlink_interface_len(const char *method)
{
	const char *dot = strrchr(method, '.');

	return dot ? (size_t)(dot - method) : 0;
}

/* reverse-domain interface, a dot, an upper-case method: nothing else goes into a log or a reply.
 */
static bool method_ok(const char *m)
{
	size_t n = strlen(m), iface = via_varlink_interface_len(m);

	if (!iface || n > VIA_VARLINK_METHOD_MAX || m[iface + 1] < 'A' || m[iface + 1] > 'Z')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_name_char(m[i]) && ((m[i] != '.' && m[i] != '-') || i > iface))
			return false;
	return true;
}

static int take_flag(json_object *o, const char *key, bool *ret, struct via_err *err)
{
	json_object *v;

	if (!json_object_object_get_ex(o, key, &v) || !v)
		return 0;
	if (!json_object_is_type(v, json_type_boolean))
		return via_err_set(err, VIA_REFUSED_INVALID, "\"%s\" is not a boolean", key);
	*ret = json_object_get_boolean(v);
	return 0;
}

static int take_method(json_object *o, char **ret, struct via_err *err)
{
	json_object *v;

	if (!json_object_object_get_ex(o, "method", &v) ||
		!json_object_is_type(v, json_type_string))
		return via_err_set(err, VIA_REFUSED_INVALID, "no \"method\"");
	if (strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v) ||
		!method_ok(json_object_get_string(v)))
		return via_err_set(err, VIA_REFUSED_INVALID, "\"method\" is no method name");
	*ret = strdup(json_object_get_string(v));
	return *ret ? 0 : via_err_set(err, -ENOMEM, "out of memory");
}

static int take_parameters(json_object *o, json_object **ret, struct via_err *err)
{
	json_object *v;

	if (!json_object_object_get_ex(o, "parameters", &v) || !v)
		return 0;
	if (!json_object_is_type(v, json_type_object))
		return via_err_set(err, VIA_REFUSED_INVALID, "\"parameters\" is no object");
	*ret = json_object_get(v);
	return 0;
}

static int take_members(json_object *o, struct via_varlink_msg *m, struct via_err *err)
{
	bool upgrade = false;
	int r;

	if (!json_object_is_type(o, json_type_object))
		return via_err_set(err, VIA_REFUSED_INVALID, "not an object");
	r = take_method(o, &m->method, err);
	if (!r)
		r = take_parameters(o, &m->parameters, err);
	if (!r)
		r = take_flag(o, "oneway", &m->oneway, err);
	if (!r)
		r = take_flag(o, "more", &m->more, err);
	if (!r)
		r = take_flag(o, "upgrade", &upgrade, err);
	if (!r && upgrade)
		return via_err_set(err, VIA_REFUSED_INVALID, "no method here upgrades");
	return r;
}

int via_varlink_parse(
	const char *text, size_t len, struct via_varlink_msg *ret, struct via_err *err)
{
	via_autojson *o = NULL;
	struct via_varlink_msg m = {0};
	int r;

	if (len > VIA_VARLINK_MESSAGE_MAX)
		return via_err_set(
			err, VIA_REFUSED_INVALID, "longer than %u bytes", VIA_VARLINK_MESSAGE_MAX);
	if (too_deep(text, len))
		return via_err_set(
			err, VIA_REFUSED_INVALID, "nested deeper than %d", VIA_VARLINK_DEPTH_MAX);
	r = via_json_parse(text, len, false, &o, err);
	if (r)
		return r;
	r = take_members(o, &m, err);
	if (r) {
		via_varlink_msg_finish(&m);
		return r;
	}
	*ret = m;
	return 0;
}

struct via_text *via_varlink_reply(json_object *parameters, const char *error, bool continues)
{
	via_autojson *o = json_object_new_object();
	const char *s;
	size_t len;

	if (!parameters)
		parameters = json_object_new_object();
	if (!o || !parameters) {
		json_object_put(parameters);
		return NULL;
	}
	via_json_add_str(o, "error", error);
	json_object_object_add(o, "parameters", parameters);
	if (continues)
		via_json_add_bool(o, "continues", true);
	s = json_object_to_json_string_length(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	return s ? via_text_create(s, len + 1) : NULL;
}
