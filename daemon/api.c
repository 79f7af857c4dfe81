/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "varlink.h"

#define NAME_MAX_BYTES 255

static void service_error(
	struct via_call *call, const char *error, const char *key, const char *value)
{
	json_object *p = json_object_new_object();
	char full[96];

	snprintf(full, sizeof(full), "org.varlink.service.%s", error);
	if (key)
		via_json_add_str(p, key, value);
	via_call_error(call, full, p);
}

void via_api_invalid(struct via_call *call, const char *parameter)
{
	service_error(call, "InvalidParameter", "parameter", parameter);
}

void via_api_cause(const struct via_call *call, char *buf, size_t size)
{
	snprintf(buf, size, "request of uid %u (pid %d)", (unsigned int)call->peer.uid,
		(int)call->peer.pid);
}

static void not_found(struct via_call *call)
{
	size_t n = via_varlink_interface_len(call->method);
	via_autofree char *interface = strndup(call->method, n);

	if (interface &&
		(!strcmp(interface, "org.viaduct") || !strcmp(interface, "org.varlink.service")))
		service_error(call, "MethodNotFound", "method", call->method);
	else
		service_error(call, "InterfaceNotFound", "interface", interface);
}

/* false: the call has been refused. */
static bool permitted(struct via_daemon *d, struct via_call *call, const struct via_method *m)
{
	const struct via_groups *g = &d->groups;
	struct via_err err;

	if (m->change ? call->peer.may_change : call->peer.may_read)
		return true;
	if (m->change)
		via_err_set(&err, VIA_REFUSED_PERMISSION,
			"%s changes the host: it is for root and the group %s%s; uid %u is neither",
			m->name, g->change_name,
			g->has_change ? "" : " (which does not exist on this host)",
			(unsigned int)call->peer.uid);
	else
		via_err_set(&err, VIA_REFUSED_PERMISSION,
			"%s is for root and the groups %s and %s; uid %u is none of them", m->name,
			g->read_name, g->change_name, (unsigned int)call->peer.uid);
	via_call_fail(call, VIA_REFUSED_PERMISSION, &err);
	return false;
}

/* The parameter's name is the pointer's first part; the message of a missing one ends with it. */
static void bad_parameter(
	struct via_call *call, const struct via_json_ctx *c, const struct via_method *m)
{
	char name[NAME_MAX_BYTES + 1] = "";

	if (c->pointer[0])
		snprintf(name, sizeof(name), "%s", c->pointer + 1);
	for (const struct via_json_field *f = m->fields; !name[0] && f->key; f++)
		if (f->required)
			snprintf(name, sizeof(name), "%s", f->key);
	name[strcspn(name, "/")] = '\0';
	via_api_invalid(call, name);
}

static int decode(struct via_call *call, const struct via_method *m, struct via_params *p)
{
	struct via_err err = {0};
	struct via_json_ctx c = {.err = &err};
	via_autojson *empty = NULL;
	int r;

	if (!call->parameters)
		empty = json_object_new_object();
	r = via_json_object(&c, call->parameters ? call->parameters : empty, m->fields, p);
	if (r > 0)
		bad_parameter(call, &c, m);
	else if (r < 0)
		via_call_fail(call, r, &err);
	return r;
}

void via_api_dispatch(struct via_call *call, void *user)
{
	struct via_daemon *d = user;
	const struct via_method *m = via_api_method(call->method);
	struct via_params p = {0};

	if (!m) {
		not_found(call);
		return;
	}
	if (!permitted(d, call, m))
		return;
	if (m->more_only && !call->more) {
		service_error(call, "ExpectedMore", NULL, NULL);
		return;
	}
	if (decode(call, m, &p) == 0)
		m->call(d, call, &p);
	via_params_finish(&p);
}
