/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model to JSON and back. The shapes are the types of schemas/org.viaduct.varlink, member for
 * member (what is not known is left out); documents also validate against schemas/NAME.schema.json.
 * Functions return a new object (caller puts) or NULL out of memory.
 */
#ifndef VIA_MODEL_CODEC_H
#define VIA_MODEL_CODEC_H

#include <json-c/json.h>

#include "model/config.h"
#include "model/inventory.h"
#include "model/plan.h"
#include "model/report.h"

#define VIA_SCHEMA_VERSION 1

/* codec_inventory.c */
json_object *via_codec_inventory(const struct via_inventory *inv); /* Inventory */
json_object *via_codec_device(
	const struct via_inventory *inv, const struct via_device *d); /* Device */
json_object *via_codec_netdev(
	const struct via_inventory *inv, const struct via_netdev *n); /* Netdev */
json_object *via_codec_holder(const struct via_holder *h);	      /* Holder */
json_object *via_codec_vf_attrs(const struct via_vf_attrs *a);	      /* VfAttrs */
int via_codec_vf_attrs_parse(json_object *o, struct via_vf_attrs *ret, struct via_err *err);

/* codec_plan.c */
/* A CLOCK_REALTIME in microseconds as RFC 3339 in UTC, to the millisecond. */
void via_codec_add_time(json_object *o, const char *key, int64_t us);
json_object *via_codec_plan(const struct via_plan *p);		     /* Plan */
json_object *via_codec_step(const struct via_step *s);		     /* Step */
json_object *via_codec_refusal(const struct via_plan_refusal *r);    /* Refusal */
json_object *via_codec_step_result(const struct via_step_result *r); /* StepResult */
json_object *via_codec_drift(const struct via_drift *d);	     /* Drift */
/* ApplyReport; results has one entry a step of the plan. */
json_object *via_codec_report(const struct via_plan *p, const struct via_step_result *results);
/* The journal's way back. 0 or VIA_REFUSED_INVALID. A step comes back complete (identity included:
 * members the interface does not show stand in "identity"). */
json_object *via_codec_step_journal(const struct via_step *s);
int via_codec_step_parse(json_object *o, struct via_step *ret, struct via_err *err);

/* codec_config.c */
json_object *via_codec_config(
	const struct via_config *c); /* valid input for via_config_parse again */

#endif
