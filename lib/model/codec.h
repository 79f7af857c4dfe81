/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model to JSON and back. Each document carries "version": VIA_SCHEMA_VERSION and validates against
 * schemas/NAME.schema.json. Functions return a new object (caller puts) or NULL out of memory. */
#ifndef VIA_MODEL_CODEC_H
#define VIA_MODEL_CODEC_H

#include <json-c/json.h>

#include "model/config.h"
#include "model/inventory.h"
#include "model/plan.h"

#define VIA_SCHEMA_VERSION 1

json_object *via_codec_inventory(const struct via_inventory *inv);
json_object *via_codec_device(const struct via_inventory *inv, const struct via_device *d, bool detail);
json_object *via_codec_netdev(const struct via_netdev *n);
json_object *via_codec_vf_attrs(const struct via_vf_attrs *a);
json_object *via_codec_attrs_result(const struct via_attrs_result *r);
json_object *via_codec_plan(const struct via_plan *p);
json_object *via_codec_step(const struct via_step *s);
json_object *via_codec_config(const struct via_config *c);
/* The journal's way back. 0 or VIA_REFUSED_INVALID. */
int via_codec_step_parse(json_object *o, struct via_step *ret, struct via_err *err);
int via_codec_vf_attrs_parse(json_object *o, struct via_vf_attrs *ret, struct via_err *err);

#endif
