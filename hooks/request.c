/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "hooks/generations.h"
#include "hooks/judge.h"
#include "viaduct/viaduct.h"

#define OURS "org.viaduct."

static json_object *parameters(const struct via_hook *h)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "operation", h->op->name);
	via_json_add_str(o, "suboperation", h->suboperation);
	json_object_object_add(o, "domain", via_domain_json(&h->dom));
	if (h->op->ends)
		json_object_object_add(
			o, "generations", via_generations_json(h->generations, h->n_generations));
	return o;
}

static int no_answer(const struct via_hook *h, int r, struct via_err *err)
{
	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
		return via_err_set(
			err, r, "viaductd is not running (%s: %s)", h->p->socket, strerror(-r));
	case -ETIMEDOUT:
		return via_err_set(err, r, "viaductd did not answer in time (%s)", h->p->socket);
	case -EPROTO:
	case -EMSGSIZE:
		return via_err_set(
			err, r, "what answers at %s does not speak as viaductd does", h->p->socket);
	case -ECONNRESET:
		return via_err_set(err, r, "viaductd hung up without an answer (%s)", h->p->socket);
	default:
		return via_err_set(
			err, r, "viaductd cannot be asked (%s: %s)", h->p->socket, strerror(-r));
	}
}

/*
 * An error of our interface is an answer, with its reason. Any other one comes from a daemon that
 * does not know this request: it has not answered. The end of a guest is nothing to be refused: a
 * daemon that failed to write it down, or stops just now, has not taken it either.
 */
static int refused(
	const struct via_hook *h, const char *name, json_object *reply, struct via_err *err)
{
	json_object *reason = NULL;
	const char *text;
	enum via_refusal r;

	if (strncmp(name, OURS, sizeof(OURS) - 1))
		return via_err_set(
			err, -EOPNOTSUPP, "viaductd does not know this request (%s)", name);
	json_object_object_get_ex(reply, "reason", &reason);
	text = via_json_text(reason);
	r = via_refusal_from_varlink(name + sizeof(OURS) - 1);
	if (!r && h->op->note)
		return via_err_set(err, -EREMOTEIO, "%s", text && *text ? text : name);
	return via_err_set(
		err, r ? (int)r : VIA_REFUSED_INVALID, "%s", text && *text ? text : name);
}

static int take_answer(struct via_hook *h, json_object *reply, struct via_err *err)
{
	json_object *list = NULL;

	json_object_object_get_ex(reply, "generations", &list);
	return via_generations_parse(list, h->generations, &h->n_generations) < 0
		       ? no_answer(h, -EPROTO, err)
		       : 0;
}

static int call(struct via_hook *h, struct viaduct *v, struct via_err *err)
{
	via_autojson *request = parameters(h), *reply = NULL;
	via_autofree char *text = NULL;
	int r;

	if (!request)
		return via_err_set(err, -ENOMEM, "out of memory");
	r = viaduct_call(v, "HookQemu",
		json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN), &text);
	if (r < 0)
		return no_answer(h, r, err);
	/* libviaduct has parsed it before. */
	if (via_json_parse(text, strlen(text), false, &reply, NULL))
		return no_answer(h, -EPROTO, err);
	return r ? refused(h, viaduct_error_name(v), reply, err) : take_answer(h, reply, err);
}

int via_hook_request(struct via_hook *h, struct via_err *err)
{
	int64_t left = h->deadline - via_now_ms();
	struct viaduct *v = NULL;
	int r;

	if (left <= 0)
		return via_err_set(err, -ETIMEDOUT, "there is no time left to ask viaductd");
	r = viaduct_open(h->p->socket, (unsigned int)left, &v);
	if (r < 0)
		return no_answer(h, r, err);
	r = call(h, v, err);
	viaduct_close(v);
	return r;
}
