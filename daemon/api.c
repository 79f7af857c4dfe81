/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "varlink.h"

#define LIST_MAX       1024
#define NAME_MAX_BYTES 255

static void strings_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

static void params_finish(struct via_params *p)
{
	free(p->pf);
	free(p->device);
	free(p->driver);
	free(p->interface);
	strings_free(p->disturb);
	strings_free(p->kinds);
	strings_free(p->types);
}

static int string_item(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field f = {.max = NAME_MAX_BYTES};

	return via_json_string(c, o, &((char **)user)[i], &f);
}

/* A list of strings as a NULL-terminated array. */
static int decode_strings(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	size_t n = json_object_is_type(o, json_type_array) ? json_object_array_length(o) : 0;
	char **list;
	int r;

	(void)f;
	if (n > LIST_MAX)
		return via_json_fail(c, "has more than %d elements", LIST_MAX);
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	r = via_json_array(c, o, string_item, list);
	if (r) {
		/* Elements up to the bad one are there, the rest is NULL. */
		strings_free(list);
		return r;
	}
	strings_free(*(char ***)dst);
	*(char ***)dst = list;
	return 0;
}

#define FLAG(name)                                                                                 \
	{                                                                                          \
		.key = #name, .decode = via_json_bool, .offset = offsetof(struct via_params, name) \
	}
#define STRING(name, needed)                                                                       \
	{                                                                                          \
		.key = #name, .decode = via_json_string,                                           \
		.offset = offsetof(struct via_params, name), .max = NAME_MAX_BYTES,                \
		.required = needed                                                                 \
	}
#define STRINGS(name)                                                                              \
	{                                                                                          \
		.key = #name, .decode = decode_strings,                                            \
		.offset = offsetof(struct via_params, name)                                        \
	}

static const struct via_json_field none[] = {{0}};
static const struct via_json_field interface_fields[] = {STRING(interface, true), {0}};
static const struct via_json_field inventory_fields[] = {FLAG(rescan), {0}};
static const struct via_json_field list_fields[] = {STRINGS(kinds), {0}};
static const struct via_json_field show_fields[] = {STRING(device, true), {0}};
static const struct via_json_field plan_fields[] = {
	FLAG(recreate), STRINGS(disturb), STRING(pf, false), {0}};
static const struct via_json_field bind_fields[] = {
	STRING(device, true), STRING(driver, false), FLAG(persistent), STRINGS(disturb), {0}};
static const struct via_json_field unbind_fields[] = {STRING(device, true), STRINGS(disturb), {0}};
static const struct via_json_field monitor_fields[] = {STRINGS(types), {0}};

static const struct via_method methods[] = {
	{"org.varlink.service.GetInfo", none, false, false, via_api_get_info},
	{"org.varlink.service.GetInterfaceDescription", interface_fields, false, false,
		via_api_get_interface},
	{"org.viaduct.GetStatus", none, false, false, via_api_get_status},
	{"org.viaduct.GetInventory", inventory_fields, false, false, via_api_get_inventory},
	{"org.viaduct.List", list_fields, false, false, via_api_list},
	{"org.viaduct.Show", show_fields, false, false, via_api_show},
	{"org.viaduct.GetPlan", plan_fields, false, false, via_api_get_plan},
	{"org.viaduct.Check", none, false, false, via_api_check},
	{"org.viaduct.GetConfig", none, false, false, via_api_get_config},
	{"org.viaduct.Monitor", monitor_fields, false, true, via_api_monitor},
	{"org.viaduct.Apply", plan_fields, true, false, via_api_apply},
	{"org.viaduct.Bind", bind_fields, true, false, via_api_bind},
	{"org.viaduct.Unbind", unbind_fields, true, false, via_api_unbind},
	{"org.viaduct.Reload", none, true, false, via_api_reload},
};

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
	struct via_params p = {0};
	size_t i = 0;

	while (i < VIA_ARRAY_SIZE(methods) && strcmp(methods[i].name, call->method))
		i++;
	if (i == VIA_ARRAY_SIZE(methods)) {
		not_found(call);
		return;
	}
	if (!permitted(d, call, &methods[i]))
		return;
	if (methods[i].more_only && !call->more) {
		service_error(call, "ExpectedMore", NULL, NULL);
		return;
	}
	if (decode(call, &methods[i], &p) == 0)
		methods[i].call(d, call, &p);
	params_finish(&p);
}
