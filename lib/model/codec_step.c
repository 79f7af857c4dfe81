/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A step on its way through the journal and back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model/codec.h"
#include "model/codec_read.h"

static const char *const op_names[] = {
#define VIA_X(sym, name) [VIA_STEP_##sym] = name,
	VIA_STEP_OPS(VIA_X)
#undef VIA_X
		NULL};

static const char *const disruption_names[] = {"none", "vf_reset", "vf_recreate", "reboot", NULL};

json_object *via_codec_step_journal(const struct via_step *s)
{
	json_object *o = via_codec_step(s), *id = json_object_new_object();

	if (!o || !id) {
		json_object_put(o);
		json_object_put(id);
		return NULL;
	}
	if (s->has_pf_mac)
		via_json_add_str(id, "pf_mac", via_mac_fmt(s->pf_mac));
	via_json_add_int(id, "vendor", s->vendor);
	via_json_add_int(id, "device", s->device);
	json_object_object_add(o, "identity", id);
	return o;
}

int via_codec_read_text(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	if (!s)
		return via_json_fail(c, "must be a string");
	if (strlen(s) >= (size_t)f->max)
		return via_json_fail(c, "is no text of less than %lld bytes", (long long)f->max);
	strcpy(dst, s);
	return 0;
}

int via_codec_read_u16(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	uint32_t v;
	int r = via_json_u32(c, o, &v, f);

	if (r == 0)
		*(uint16_t *)dst = (uint16_t)v;
	return r;
}

int via_codec_read_attrs(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_err err = {0};
	int r = via_codec_vf_attrs_parse(o, dst, &err);

	(void)f;
	return r > 0 ? via_json_fail(c, "%s", err.msg) : r;
}

#define V(key, fn, member, lo, hi)                                                                 \
	{                                                                                          \
		key, fn, offsetof(struct via_step_value, member), 0, lo, hi, NULL, false           \
	}
static const struct via_json_field value_fields[] = {
	V("number", via_json_u32, number, 0, UINT32_MAX),
	V("driver", via_codec_read_text, text, 0, VIA_DRIVER_MAX),
	V("mode", via_codec_read_text, text, 0, VIA_DRIVER_MAX),
	V("override", via_codec_read_text, override, 0, VIA_DRIVER_MAX),
	V("attrs", via_codec_read_attrs, attrs, 0, 0),
	{0},
};

static int read_value(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_object(c, o, value_fields, dst);
}

#define S(key, fn, member, set, lo, hi, arg, required)                                             \
	{                                                                                          \
		key, fn, offsetof(struct via_step, member), set, lo, hi, arg, required             \
	}
#define SET(member) VIA_JSON_SET(struct via_step, member)
static const struct via_json_field identity_fields[] = {
	S("pf_mac", via_json_mac, pf_mac, SET(has_pf_mac), 0, 0, NULL, false),
	S("vendor", via_codec_read_u16, vendor, 0, 0, UINT16_MAX, NULL, true),
	S("device", via_codec_read_u16, device, 0, 0, UINT16_MAX, NULL, true),
	{0},
};

static int read_identity(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_object(c, o, identity_fields, dst);
}

static const struct via_json_field step_fields[] = {
	S("id", via_json_u32, id, 0, 0, UINT32_MAX, NULL, true),
	S("op", via_json_enum, op, 0, 0, 0, op_names, true),
	S("pf", via_json_addr, pf, 0, 0, 0, NULL, true),
	S("target", via_json_addr, target, 0, 0, 0, NULL, true),
	S("vf_index", via_json_u32, vf_index, SET(has_vf), 0, UINT16_MAX, NULL, false),
	S("set", read_value, set, 0, 0, 0, NULL, true),
	S("undo", read_value, undo, SET(has_undo), 0, 0, NULL, false),
	S("disruption", via_json_enum, disruption, 0, 0, 0, disruption_names, true),
	S("reason", via_codec_read_text, reason, 0, 0, sizeof(((struct via_step *)0)->reason), NULL,
		true),
	{"identity", read_identity, 0, 0, 0, 0, NULL, true},
	{0},
};

int via_codec_step_parse(json_object *o, struct via_step *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	struct via_step s = {0};
	int r = via_json_object(&c, o, step_fields, &s);

	if (r == 0)
		*ret = s;
	return r;
}
