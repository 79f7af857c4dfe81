/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods that plan, and those that change the host. */
#include <string.h>

#include "api.h"
#include "reload.h"
#include "session.h"

/* The parameters become the session's. */
static struct via_session_options take_options(struct via_params *p)
{
	struct via_session_options o = {
		.recreate = p->recreate,
		.disturb = p->disturb,
		.only = p->pf,
		.device = p->device,
		.driver = p->driver,
		.persistent = p->persistent,
	};

	p->disturb = NULL;
	p->pf = p->device = p->driver = NULL;
	return o;
}

void via_api_get_plan(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct via_session_options opt = take_options(p);

	via_session_get_plan(d, call, &opt);
}

static void start(struct via_daemon *d, struct via_call *call, struct via_params *p,
	enum via_session_kind kind)
{
	struct via_session_options opt = take_options(p);
	struct via_session *s;
	char cause[96];

	via_api_cause(call, cause, sizeof(cause));
	s = via_session_start(d, kind, cause, call, &opt);
	if (s)
		via_session_plan(s);
}

void via_api_apply(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	start(d, call, p, VIA_SESSION_APPLY);
}

void via_api_bind(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	start(d, call, p, VIA_SESSION_BIND);
}

void via_api_unbind(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	start(d, call, p, VIA_SESSION_UNBIND);
}

static void refuse(struct via_call *call, const struct via_config_problems *problems,
	const struct via_err *err)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < problems->n; i++)
		json_object_array_add(list, json_object_new_string(problems->list[i].message));
	via_json_add_str(o, "reason", err->msg);
	json_object_object_add(o, "problems", list);
	via_call_error(call, "org.viaduct.Invalid", o);
}

void via_api_reload(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct via_config_problems problems = {0};
	struct via_err err = {0};
	char cause[96];
	json_object *o, *list;
	int r;

	(void)p;
	via_api_cause(call, cause, sizeof(cause));
	r = via_reload(d, cause, &problems, &err);
	if (r > 0) {
		refuse(call, &problems, &err);
	} else if (r < 0) {
		via_call_fail(call, r, &err);
	} else {
		o = json_object_new_object();
		list = json_object_new_array();
		for (size_t i = 0; i < d->config->config->n_files; i++)
			json_object_array_add(
				list, json_object_new_string(d->config->config->files[i]));
		json_object_object_add(o, "config_files", list);
		via_call_reply(call, o);
	}
	via_config_problems_finish(&problems);
}
