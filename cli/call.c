/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "cli.h"
#include "doc.h"

/*
 * An answer to a question takes milliseconds, a rescan of a large host a second. A change waits for
 * the device's queue and for the kernel: the daemon gives up on a step after step_timeout_s (30
 * unless configured), and a bind has a few.
 */
static const unsigned int default_timeout_ms[] = {
	[CLI_READS] = 60 * 1000,
	[CLI_CHANGES] = 300 * 1000,
};

int cli_seconds(struct cli *c, const char *option, const char *text, unsigned int *ret_ms)
{
	int64_t s;

	if (via_parse_int(text, 0, 1000000, &s) < 0)
		return cli_usage(c,
			"\"%s\" is not a number of seconds for --%s (a whole number, 0 to 1000000)",
			text, option);
	*ret_ms = (unsigned int)s * 1000;
	return 0;
}

int cli_connect(struct cli *c, enum cli_pace pace)
{
	int r;

	if (c->v)
		return 0;
	if (!c->has_timeout)
		c->timeout_ms = default_timeout_ms[pace];
	r = viaduct_open(c->opt.socket, c->timeout_ms, &c->v);
	return r < 0 ? cli_fail_connection(c, r) : 0;
}

static char *take_text(json_object *parameters)
{
	const char *s = json_object_to_json_string_ext(parameters, JSON_C_TO_STRING_PLAIN);
	char *copy = parameters && s ? strdup(s) : NULL;

	json_object_put(parameters);
	return copy;
}

/* What libviaduct hands out it has parsed and printed itself: it is an object. */
static json_object *parse_reply(const struct cli *c, const char *text)
{
	json_object *o = NULL;

	if (via_json_parse(text, strlen(text), false, &o, NULL))
		return NULL;
	if (!c->opt.json)
		doc_clean(o);
	return o;
}

static int hand_out(struct cli *c, json_object *parameters, const char *member, json_object **ret)
{
	json_object *o = member ? doc_object(parameters, member) : parameters;

	if (!o)
		return cli_fail_connection(c, -EPROTO);
	*ret = json_object_get(o);
	return 0;
}

/* 0 and *ret, the parameters of the reply; *refused: of an error. Else an exit code, reported. */
static int call(struct cli *c, enum cli_pace pace, const char *method, json_object *parameters,
	json_object **ret, bool *refused)
{
	via_autofree char *text = take_text(parameters);
	via_autofree char *reply = NULL;
	int r;

	r = cli_connect(c, pace);
	if (r)
		return r;
	r = viaduct_call(c->v, method, text, &reply);
	if (r < 0)
		return cli_fail_connection(c, r);
	*refused = r > 0;
	*ret = parse_reply(c, reply);
	return *ret ? 0 : cli_fail_connection(c, -ENOMEM);
}

int cli_call(struct cli *c, enum cli_pace pace, const char *method, json_object *parameters,
	const char *member, json_object **ret)
{
	via_autojson *o = NULL;
	bool refused;
	int r = call(c, pace, method, parameters, &o, &refused);

	if (r)
		return r;
	if (refused)
		return cli_fail_reply(c, viaduct_error_name(c->v), o);
	return hand_out(c, o, member, ret);
}

int cli_ask(struct cli *c, const char *method, json_object *parameters, json_object **ret)
{
	/* A connection has one pace: what is asked on the way to a change must not shorten its. */
	enum cli_pace pace = c->command->changes ? CLI_CHANGES : CLI_READS;
	via_autojson *o = NULL;
	bool refused;
	int r = call(c, pace, method, parameters, &o, &refused);

	if (r)
		return r;
	if (!refused)
		return hand_out(c, o, NULL, ret);
	if (strcmp(viaduct_error_name(c->v), "org.viaduct.NotFound"))
		return cli_fail_reply(c, viaduct_error_name(c->v), o);
	*ret = NULL;
	return 0;
}

struct more {
	struct cli *c;
	cli_reply_fn *fn;
	void *user;
	int code; /* what fn ended it with */
};

static int on_reply(const char *reply, void *user)
{
	struct more *m = user;
	via_autojson *o = parse_reply(m->c, reply);

	m->code = o ? m->fn(m->c, o, m->user) : cli_fail_connection(m->c, -ENOMEM);
	return m->code ? -ECANCELED : 0;
}

int cli_call_more(
	struct cli *c, const char *method, json_object *parameters, cli_reply_fn *fn, void *user)
{
	struct more m = {.c = c, .fn = fn, .user = user};
	via_autofree char *text = take_text(parameters);
	via_autofree char *last = NULL;
	via_autojson *o = NULL;
	int r;

	r = cli_connect(c, CLI_READS);
	if (r)
		return r;
	r = viaduct_call_more(c->v, method, text, on_reply, &m, &last);
	if (m.code)
		return m.code;
	if (r < 0)
		return cli_fail_connection(c, r);
	if (r == 0)
		return 0;
	o = parse_reply(c, last);
	return o ? cli_fail_reply(c, viaduct_error_name(c->v), o) : cli_fail_connection(c, -ENOMEM);
}

void cli_add_list(json_object *parameters, const char *key, const struct cli_list *l)
{
	json_object *array;

	if (!l->n)
		return;
	array = json_object_new_array();
	for (size_t i = 0; i < l->n; i++)
		json_object_array_add(array, json_object_new_string(l->v[i]));
	json_object_object_add(parameters, key, array);
}
