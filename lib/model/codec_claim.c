/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A claim for people and programs (schemas: type Claim), and as the ledger keeps it. */
#include <stdlib.h>
#include <string.h>

#include "model/claim_rules.h"
#include "model/codec.h"
#include "model/codec_read.h"

static void add_text(json_object *o, const char *key, const char *s)
{
	via_json_add_str(o, key, s[0] ? s : NULL);
}

static void add_place(json_object *o, const struct via_identity *id)
{
	via_json_add_str(o, "address", via_addr_fmt(id->addr));
	if (!id->is_vf)
		return;
	via_json_add_str(o, "pf", via_addr_fmt(id->pf));
	via_json_add_int(o, "vf_index", id->vf_index);
}

/* What both forms have. */
static json_object *common(const struct via_claim *c)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_int(o, "generation", (int64_t)c->generation);
	add_place(o, &c->fn);
	via_json_add_bool(o, "whole", c->whole);
	via_json_add_str(o, "state", via_claim_state_name(c->state));
	via_json_add_str(o, "origin", via_claim_origin_name(c->origin));
	via_json_add_bool(o, "managed", c->managed);
	add_text(o, "vm", c->name);
	add_text(o, "uuid", c->uuid);
	add_text(o, "network", c->network);
	add_text(o, "boot_id", c->boot_id);
	add_text(o, "reason", c->reason);
	via_json_add_int(o, "attempts", c->attempts);
	if (c->has_driver)
		add_text(o, "driver", c->wanted_driver);
	return o;
}

json_object *via_codec_claim(const struct via_claim *c)
{
	json_object *o = common(c);
	struct via_mac mac;

	if (!o)
		return NULL;
	if (via_claim_mac(c, &mac))
		via_json_add_str(o, "mac", via_mac_fmt(mac));
	if (c->wanted.known)
		json_object_object_add(o, "wanted", via_codec_vf_attrs(&c->wanted));
	via_codec_add_time(o, "since", c->since_us);
	via_codec_add_time(o, "changed", c->changed_us);
	return o;
}

json_object *via_codec_claim_record(const struct via_claim *c)
{
	json_object *o = common(c), *attrs = via_codec_vf_attrs(&c->wanted);

	if (!o || !attrs) {
		json_object_put(o);
		json_object_put(attrs);
		return NULL;
	}
	json_object_object_add(o, "wanted", attrs);
	via_json_add_int(o, "vendor", c->fn.vendor);
	via_json_add_int(o, "device", c->fn.device);
	if (c->fn.has_mac)
		via_json_add_str(o, "card_mac", via_mac_fmt(c->fn.mac));
	add_text(o, "serial", c->fn.serial);
	via_json_add_bool(o, "has_driver", c->has_driver);
	add_text(o, "driver_before", c->driver_before);
	via_json_add_int(o, "since_us", c->since_us);
	via_json_add_int(o, "changed_us", c->changed_us);
	return o;
}

/* --- and back --- */

static const char *const state_names[] = {"preparing", "active", "releasing", "quarantined", NULL};
static const char *const origin_names[] = {"request", "hook", "adopted", NULL};

struct raw {
	struct via_claim claim;
	int64_t generation;
	int state, origin;
	bool has_vf_index;
};

static int read_uuid(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	(void)f;
	if (!s || via_uuid_parse(s, dst))
		return via_json_fail(c, "must be a UUID");
	return 0;
}

/* Bytes that were no UTF-8 have grown on the way: what people read is cut then, and is no reason to
 * call a ledger damaged. */
static int read_cut(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	if (!s)
		return via_json_fail(c, "must be a string");
	via_claim_text(dst, (size_t)f->max, s);
	return 0;
}

#define C(key, fn, member, lo, hi, required)                                                       \
	{                                                                                          \
		key, fn, offsetof(struct raw, claim.member), 0, lo, hi, NULL, required             \
	}
#define SIZE(member)	  sizeof(((struct via_claim *)NULL)->member)
#define TEXT(key, member) C(key, via_codec_read_text, member, 0, SIZE(member), false)
#define SET(member)	  VIA_JSON_SET(struct raw, member)
#define RAW(member)	  offsetof(struct raw, member)
static const struct via_json_field fields[] = {
	{"generation", via_json_i64, RAW(generation), 0, 1, INT64_MAX, NULL, true},
	C("address", via_json_addr, fn.addr, 0, 0, true),
	{"pf", via_json_addr, RAW(claim.fn.pf), SET(claim.fn.is_vf), 0, 0, NULL, false},
	{"vf_index", via_json_u32, RAW(claim.fn.vf_index), SET(has_vf_index), 0, UINT16_MAX, NULL,
		false},
	C("whole", via_json_bool, whole, 0, 0, true),
	{"state", via_json_enum, RAW(state), 0, 0, 0, state_names, true},
	{"origin", via_json_enum, RAW(origin), 0, 0, 0, origin_names, true},
	C("managed", via_json_bool, managed, 0, 0, true),
	C("vm", read_cut, name, 0, SIZE(name), false),
	C("uuid", read_uuid, uuid, 0, 0, false),
	TEXT("network", network),
	TEXT("boot_id", boot_id),
	C("reason", read_cut, reason, 0, SIZE(reason), false),
	C("attempts", via_json_u32, attempts, 0, UINT32_MAX, true),
	TEXT("driver", wanted_driver),
	C("wanted", via_codec_read_attrs, wanted, 0, 0, true),
	C("vendor", via_codec_read_u16, fn.vendor, 0, UINT16_MAX, true),
	C("device", via_codec_read_u16, fn.device, 0, UINT16_MAX, true),
	{"card_mac", via_json_mac, RAW(claim.fn.mac), SET(claim.fn.has_mac), 0, 0, NULL, false},
	TEXT("serial", fn.serial),
	C("has_driver", via_json_bool, has_driver, 0, 0, true),
	TEXT("driver_before", driver_before),
	C("since_us", via_json_i64, since_us, 0, INT64_MAX, true),
	C("changed_us", via_json_i64, changed_us, 0, INT64_MAX, true),
	{0},
};

/* What the table cannot say: members that go together. */
static int check(struct via_json_ctx *c, const struct raw *raw)
{
	if (raw->claim.fn.is_vf != raw->has_vf_index)
		return via_json_fail(c, "\"pf\" and \"vf_index\" go together");
	return via_claim_sane(&raw->claim, c->err);
}

int via_codec_claim_parse(json_object *o, struct via_claim *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	struct raw raw = {.generation = 0};
	int r = via_json_object(&c, o, fields, &raw);

	if (r)
		return r;
	raw.claim.generation = (uint64_t)raw.generation;
	raw.claim.state = (enum via_claim_state)raw.state;
	raw.claim.origin = (enum via_claim_origin)raw.origin;
	r = check(&c, &raw);
	if (r == 0)
		*ret = raw.claim;
	return r;
}
