/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "client/conn.h"

#define INTERFACE "org.viaduct."

struct reply {
	json_object *message;	 /* owns what follows */
	json_object *parameters; /* NULL: none */
	const char *error;	 /* NULL: none */
	bool continues;
};

static void reply_finish(struct reply *r)
{
	json_object_put(r->message);
}

/* Names of varlink methods: letters, digits, dots and dashes; so none needs escaping. */
static bool method_name_ok(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

	return *name && strspn(name, allowed) == strlen(name);
}

/* 0 when text is one JSON object. The text itself is sent, so that no number loses a digit. */
static int check_parameters(const char *text)
{
	via_autojson *o = NULL;
	int r = via_json_parse(text, strlen(text), false, &o, NULL);

	if (r < 0)
		return r;
	return r == 0 && json_object_is_type(o, json_type_object) ? 0 : -EINVAL;
}

static int build_call(
	const char *method, const char *parameters, bool more, struct via_strbuf *call)
{
	int r;

	if (!method || !method_name_ok(method))
		return -EINVAL;
	via_strbuf_addf(call, "{\"method\":\"%s%s\"", strchr(method, '.') ? "" : INTERFACE, method);
	if (more)
		via_strbuf_adds(call, ",\"more\":true");
	if (parameters) {
		r = check_parameters(parameters);
		if (r < 0)
			return r;
		via_strbuf_adds(call, ",\"parameters\":");
		via_strbuf_adds(call, parameters);
	}
	via_strbuf_add(call, "}", 2); /* with the NUL that ends a message */
	return call->failed ? -ENOMEM : 0;
}

/* The members of a reply, each of the type that varlink says. */
static int decode_reply(struct reply *r)
{
	json_object *o;

	if (!json_object_is_type(r->message, json_type_object))
		return -EPROTO;
	if (json_object_object_get_ex(r->message, "parameters", &o) && o) {
		if (!json_object_is_type(o, json_type_object))
			return -EPROTO;
		r->parameters = o;
	}
	if (json_object_object_get_ex(r->message, "continues", &o) && o) {
		if (!json_object_is_type(o, json_type_boolean))
			return -EPROTO;
		r->continues = json_object_get_boolean(o);
	}
	if (json_object_object_get_ex(r->message, "error", &o) && o) {
		if (!json_object_is_type(o, json_type_string) || !json_object_get_string_len(o))
			return -EPROTO;
		r->error = json_object_get_string(o);
	}
	return r->error && r->continues ? -EPROTO : 0;
}

static int receive_reply(struct viaduct *v, int64_t deadline, struct reply *reply)
{
	const char *text;
	size_t len;
	int r;

	r = via_conn_receive(v, deadline, &text, &len);
	if (r < 0)
		return r;
	r = via_json_parse(text, len, false, &reply->message, NULL);
	if (r < 0)
		return r;
	return r > 0 ? -EPROTO : decode_reply(reply);
}

static int parameters_text(const struct reply *r, char **ret)
{
	const char *s = "{}";

	if (r->parameters)
		s = json_object_to_json_string_ext(
			r->parameters, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	*ret = s ? strdup(s) : NULL;
	return *ret ? 0 : -ENOMEM;
}

static void set_error(struct viaduct *v, const char *name)
{
	snprintf(v->error, sizeof(v->error), "%s", name);
}

/* Send a call; a daemon that refused it unread may have left a reply before it hung up. */
static int start_call(
	struct viaduct *v, const char *method, const char *parameters, bool more, int64_t deadline)
{
	via_autostrbuf call = VIA_STRBUF_INIT;
	int r;

	if (v->busy)
		return -EBUSY;
	if (v->dead)
		return -ENOTCONN;
	set_error(v, "");
	r = build_call(method, parameters, more, &call);
	if (r < 0)
		return r;
	v->dead = true; /* until the last reply is in */
	if (via_conn_has_rest(v))
		return -EPROTO;
	r = via_conn_send(v, call.s, call.len, deadline);
	return r == -ECONNRESET ? 0 : r;
}

/* The last reply is here: hand its parameters over, 1 for an error. */
static int end_call(struct viaduct *v, const struct reply *reply, char **ret)
{
	if (ret) {
		int r = parameters_text(reply, ret);

		if (r < 0)
			return r;
	}
	v->dead = false;
	set_error(v, reply->error ? reply->error : "");
	return reply->error ? 1 : 0;
}

int viaduct_call(struct viaduct *v, const char *method, const char *parameters, char **ret)
{
	__attribute__((cleanup(reply_finish))) struct reply reply = {0};
	int64_t deadline;
	int r;

	if (!v || !ret)
		return -EINVAL;
	deadline = via_conn_deadline(v->timeout_ms);
	r = start_call(v, method, parameters, false, deadline);
	if (r < 0)
		return r;
	r = receive_reply(v, deadline, &reply);
	if (r < 0)
		return r;
	return reply.continues ? -EPROTO : end_call(v, &reply, ret);
}

static int hand_out(struct viaduct *v, const struct reply *reply, viaduct_reply_fn *fn, void *user)
{
	via_autofree char *text = NULL;
	int r;

	if (reply->error || !fn)
		return 0;
	r = parameters_text(reply, &text);
	if (r < 0)
		return r;
	v->busy = true;
	r = fn(text, user);
	v->busy = false;
	return r;
}

int viaduct_call_more(struct viaduct *v, const char *method, const char *parameters,
	viaduct_reply_fn *fn, void *user, char **last)
{
	int r;

	if (!v)
		return -EINVAL;
	r = start_call(v, method, parameters, true, via_conn_deadline(v->timeout_ms));
	while (r == 0) {
		__attribute__((cleanup(reply_finish))) struct reply reply = {0};

		r = receive_reply(v, -1, &reply);
		if (r == 0)
			r = hand_out(v, &reply, fn, user);
		if (r == 0 && !reply.continues)
			return end_call(v, &reply, last);
	}
	return r;
}

const char *viaduct_error_name(const struct viaduct *v)
{
	return v ? v->error : "";
}

int viaduct_fd(const struct viaduct *v)
{
	return v ? v->fd : -EINVAL;
}

const char *viaduct_version(void)
{
	return VIADUCT_VERSION;
}
