/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans, steps and reports as JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model/codec.h"

/* What each op's value is made of; only those members are written. */
enum value_part { NUMBER = 1, DRIVER = 2, MODE = 4, ATTRS = 8 };
static const unsigned int op_parts[VIA_STEP_OP_COUNT] = {
	[VIA_STEP_ESWITCH] = MODE,
	[VIA_STEP_AUTOPROBE] = NUMBER,
	[VIA_STEP_NUM_VFS] = NUMBER,
	[VIA_STEP_PF_MTU] = NUMBER,
	[VIA_STEP_PF_UP] = NUMBER,
	[VIA_STEP_VF_MSIX] = NUMBER,
	[VIA_STEP_VF_ATTRS] = ATTRS,
	[VIA_STEP_BIND] = DRIVER,
	[VIA_STEP_UNBIND] = DRIVER,
	[VIA_STEP_VF_MTU] = NUMBER,
};

static void add_addr(json_object *o, const char *key, struct via_addr a)
{
	via_json_add_str(o, key, via_addr_fmt(a));
}

static void add_text(json_object *o, const char *key, const char *s)
{
	via_json_add_str(o, key, *s ? s : NULL);
}

static json_object *value(enum via_step_op op, const struct via_step_value *v)
{
	unsigned int parts = op_parts[op];
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	if (parts & NUMBER)
		via_json_add_int(o, "number", v->number);
	if (parts & DRIVER) {
		add_text(o, "driver", v->text);
		add_text(o, "override", v->override);
	}
	if (parts & MODE)
		add_text(o, "mode", v->text);
	if (parts & ATTRS)
		json_object_object_add(o, "attrs", via_codec_vf_attrs(&v->attrs));
	return o;
}

json_object *via_codec_step(const struct via_step *s)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_int(o, "id", s->id);
	via_json_add_str(o, "op", via_step_op_name(s->op));
	add_addr(o, "pf", s->pf);
	add_addr(o, "target", s->target);
	if (s->has_vf)
		via_json_add_int(o, "vf_index", s->vf_index);
	json_object_object_add(o, "set", value(s->op, &s->set));
	if (s->has_undo)
		json_object_object_add(o, "undo", value(s->op, &s->undo));
	via_json_add_str(o, "disruption", via_disruption_name(s->disruption));
	via_json_add_str(o, "reason", s->reason);
	return o;
}

json_object *via_codec_refusal(const struct via_plan_refusal *r)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "code", via_refusal_code(r->code));
	add_addr(o, "target", r->target);
	via_json_add_str(o, "message", r->message);
	return o;
}

json_object *via_codec_plan(const struct via_plan *p)
{
	json_object *o = json_object_new_object();
	json_object *steps = json_object_new_array(), *refusals = json_object_new_array();

	if (!o || !steps || !refusals) {
		json_object_put(o);
		json_object_put(steps);
		json_object_put(refusals);
		return NULL;
	}
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	via_json_add_int(o, "inventory_generation", (int64_t)p->inventory_generation);
	via_json_add_str(o, "disruption", via_disruption_name(p->disruption));
	for (size_t i = 0; i < p->n_steps; i++)
		json_object_array_add(steps, via_codec_step(&p->steps[i]));
	for (size_t i = 0; i < p->n_refusals; i++)
		json_object_array_add(refusals, via_codec_refusal(&p->refusals[i]));
	json_object_object_add(o, "steps", steps);
	json_object_object_add(o, "refusals", refusals);
	return o;
}

static json_object *attr_result(enum via_vf_attr a, const struct via_attr_result *r)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "name", via_vf_attr_name(a));
	via_json_add_str(o, "outcome", via_attr_outcome_name(r->outcome));
	if (r->error)
		via_json_add_str(o, "error", strerrorname_np(r->error));
	add_text(o, "extack", r->extack);
	return o;
}

static json_object *attr_results(const struct via_attrs_result *r)
{
	json_object *list = json_object_new_array();

	for (unsigned int i = 0; list && i < VIA_VF_ATTR_COUNT; i++)
		if (r->attr[i].outcome != VIA_OUTCOME_NONE)
			json_object_array_add(list, attr_result((enum via_vf_attr)i, &r->attr[i]));
	return list;
}

static const char *code_name(int code)
{
	if (code > 0)
		return via_refusal_code((enum via_refusal)code);
	return code < 0 ? strerrorname_np(-code) : NULL;
}

json_object *via_codec_step_result(const struct via_step_result *r)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_int(o, "id", r->id);
	via_json_add_str(o, "state", via_step_state_name(r->state));
	via_json_add_str(o, "code", code_name(r->code));
	add_text(o, "message", r->message);
	json_object_object_add(o, "attrs", attr_results(&r->attrs));
	if (r->left.known)
		json_object_object_add(o, "left", via_codec_vf_attrs(&r->left));
	via_json_add_int(o, "took_ms", r->took_ms);
	return o;
}

void via_codec_add_time(json_object *o, const char *key, int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	char text[40];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&seconds, &tm))
		return;
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(us / 1000 % 1000));
	via_json_add_str(o, key, text);
}

json_object *via_codec_drift(const struct via_drift *d)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	add_addr(o, "pf", d->pf);
	add_addr(o, "target", d->target);
	if (d->has_vf)
		via_json_add_int(o, "vf_index", d->vf_index);
	via_json_add_str(o, "what", d->what);
	via_json_add_str(o, "wanted", d->wanted);
	via_json_add_str(o, "found", d->found);
	via_codec_add_time(o, "since", d->since_us);
	via_json_add_bool(o, "heal", d->heal);
	via_json_add_bool(o, "unsupported", d->unsupported);
	return o;
}

json_object *via_codec_report(const struct via_plan *p, const struct via_step_result *results)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	int64_t counts[VIA_STEP_SKIPPED + 1] = {0};

	if (!o || !list) {
		json_object_put(o);
		json_object_put(list);
		return NULL;
	}
	for (size_t i = 0; i < p->n_steps; i++) {
		json_object_array_add(list, via_codec_step_result(&results[i]));
		counts[results[i].state]++;
	}
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(o, "plan", via_codec_plan(p));
	json_object_object_add(o, "results", list);
	via_json_add_int(o, "done", counts[VIA_STEP_DONE]);
	via_json_add_int(o, "failed", counts[VIA_STEP_FAILED]);
	via_json_add_int(o, "undone", counts[VIA_STEP_UNDONE]);
	via_json_add_int(o, "skipped", counts[VIA_STEP_SKIPPED]);
	return o;
}
