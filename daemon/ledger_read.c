/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model/claim_rules.h"
#include "util.h"

void via_ledger_state_finish(struct via_ledger_state *s)
{
	via_claims_finish(&s->claims);
}

/* --- to JSON --- */

static json_object *with(const char *key, json_object *value)
{
	json_object *o = value ? json_object_new_object() : NULL;

	if (o && json_object_object_add(o, key, value) == 0)
		return o;
	json_object_put(o);
	json_object_put(value);
	return NULL;
}

json_object *via_ledger_claim(const struct via_claim *c)
{
	return with("claim", via_codec_claim_record(c));
}

json_object *via_ledger_gone(struct via_addr addr, uint64_t generation)
{
	json_object *o = with("gone", json_object_new_string(via_addr_fmt(addr)));

	if (o)
		via_json_add_int(o, "generation", (int64_t)generation);
	return o;
}

static json_object *drain_json(const struct via_drain *d)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "pf", via_addr_fmt(d->pf));
	via_json_add_int(o, "since_us", d->since_us);
	if (d->cause[0])
		via_json_add_str(o, "cause", d->cause);
	return o;
}

json_object *via_ledger_drain(const struct via_drain *d)
{
	return with("drain", drain_json(d));
}

json_object *via_ledger_undrain(struct via_addr pf)
{
	return with("undrain", json_object_new_string(via_addr_fmt(pf)));
}

json_object *via_ledger_begin(uint64_t seq)
{
	return with("begin", json_object_new_int64((int64_t)seq));
}

static int add(json_object *list, json_object *o)
{
	if (o && json_object_array_add(list, o) == 0)
		return 0;
	json_object_put(o);
	return -ENOMEM;
}

json_object *via_ledger_line(uint64_t seq, json_object *const *records, size_t n)
{
	via_autojson *line = with("seq", json_object_new_int64((int64_t)seq));
	via_autojson *list = json_object_new_array();

	if (!line || !list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (add(list, json_object_get(records[i])) < 0)
			return NULL;
	if (json_object_object_add(line, "changes", json_object_get(list)) < 0) {
		json_object_put(list);
		return NULL;
	}
	return via_steal(&line);
}

json_object *via_ledger_snapshot(const struct via_claims *c, uint64_t seq)
{
	via_autojson *o = with("seq", json_object_new_int64((int64_t)seq));
	json_object *claims = json_object_new_array(), *drains = json_object_new_array();
	int r = o && claims && drains ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < c->n; i++)
		r = add(claims, via_codec_claim_record(&c->list[i]));
	for (size_t i = 0; !r && i < c->n_drains; i++)
		r = add(drains, drain_json(&c->drains[i]));
	if (r) {
		json_object_put(claims);
		json_object_put(drains);
		return NULL;
	}
	via_json_add_str(o, "time", via_time_fmt(via_now_us()));
	via_json_add_int(o, "last_generation", (int64_t)c->last_generation);
	json_object_object_add(o, "claims", claims);
	json_object_object_add(o, "drains", drains);
	return via_steal(&o);
}

/* --- and back --- */

static int unclean(int r)
{
	return r > 0 ? -EUCLEAN : r;
}

/* Of a decoder that sees to the members itself. */
static int take_object(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	enum json_type type = f->arg ? json_type_array : json_type_object;

	if (!json_object_is_type(o, type))
		return via_json_fail(c, "must be an %s", f->arg ? "array" : "object");
	*(json_object **)dst = o;
	return 0;
}

/* Cut to what fits: what people read is no reason to call a ledger damaged. */
static int read_cause(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	(void)f;
	if (!s)
		return via_json_fail(c, "must be a string");
	via_claim_text(dst, sizeof(((struct via_drain *)NULL)->cause), s);
	return 0;
}

static const struct via_json_field drain_fields[] = {
	{.key = "pf",
		.decode = via_json_addr,
		.offset = offsetof(struct via_drain, pf),
		.required = true},
	{.key = "since_us",
		.decode = via_json_i64,
		.offset = offsetof(struct via_drain, since_us),
		.max = INT64_MAX,
		.required = true},
	{.key = "cause", .decode = read_cause, .offset = offsetof(struct via_drain, cause)},
	{0},
};

static int apply_drain(struct via_claims *c, json_object *o, struct via_err *err)
{
	struct via_json_ctx ctx = {.err = err};
	struct via_drain d = {0};
	int r = via_json_object(&ctx, o, drain_fields, &d);

	return r ? r : via_claims_drain(c, d.pf, d.cause, d.since_us, err);
}

struct change {
	json_object *claim, *drain;
	struct via_addr gone, undrain;
	bool has_gone, has_undrain;
	int64_t generation;
};

static const struct via_json_field change_fields[] = {
	{.key = "claim", .decode = take_object, .offset = offsetof(struct change, claim)},
	{.key = "gone",
		.decode = via_json_addr,
		.offset = offsetof(struct change, gone),
		.set_offset = VIA_JSON_SET(struct change, has_gone)},
	{.key = "generation",
		.decode = via_json_i64,
		.offset = offsetof(struct change, generation),
		.min = 1,
		.max = INT64_MAX},
	{.key = "drain", .decode = take_object, .offset = offsetof(struct change, drain)},
	{.key = "undrain",
		.decode = via_json_addr,
		.offset = offsetof(struct change, undrain),
		.set_offset = VIA_JSON_SET(struct change, has_undrain)},
	{0},
};

static int put_claim(struct via_claims *c, json_object *o, struct via_err *err)
{
	struct via_claim claim = {0};
	int r = via_codec_claim_parse(o, &claim, err);

	return r ? r : via_claims_put(c, &claim, err);
}

static int apply_change(struct via_claims *c, json_object *o, struct via_err *err)
{
	struct via_json_ctx ctx = {.err = err};
	struct change ch = {0};
	int r = via_json_object(&ctx, o, change_fields, &ch);

	if (r)
		return r;
	if (!!ch.claim + !!ch.drain + ch.has_gone + ch.has_undrain != 1 ||
		ch.has_gone != !!ch.generation)
		return via_err_set(err, -EUCLEAN, "no change that viaductd knows");
	if (ch.claim)
		return put_claim(c, ch.claim, err);
	if (ch.drain)
		return apply_drain(c, ch.drain, err);
	if (ch.has_gone)
		return via_claims_drop(c, ch.gone, (uint64_t)ch.generation, err);
	via_claims_undrain(c, ch.undrain);
	return 0;
}

static int apply_changes(struct via_claims *c, json_object *list, struct via_err *err)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		int r = apply_change(c, json_object_array_get_idx(list, i), err);

		if (r) {
			via_err_prefix(err, "/changes/%zu", i);
			return unclean(r);
		}
	}
	return 0;
}

struct line {
	int64_t begin, seq, from;
	bool has_begin, has_seq;
	json_object *changes;
};

static const struct via_json_field line_fields[] = {
	{.key = "begin",
		.decode = via_json_i64,
		.offset = offsetof(struct line, begin),
		.set_offset = VIA_JSON_SET(struct line, has_begin),
		.max = INT64_MAX},
	{.key = "seq",
		.decode = via_json_i64,
		.offset = offsetof(struct line, seq),
		.set_offset = VIA_JSON_SET(struct line, has_seq),
		.min = 1,
		.max = INT64_MAX},
	{.key = "changes",
		.decode = take_object,
		.arg = "array",
		.offset = offsetof(struct line, changes)},
	{.key = "from",
		.decode = via_json_i64,
		.offset = offsetof(struct line, from),
		.max = INT64_MAX},
	{0},
};

static int parse_line(json_object *o, struct line *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	int r = via_json_object(&c, o, line_fields, ret);

	if (r)
		return unclean(r);
	if (ret->has_begin ? ret->has_seq || ret->changes : !ret->has_seq || !ret->changes)
		return via_err_set(err, -EUCLEAN, "no record of viaductd");
	return 0;
}

int via_ledger_apply(struct via_claims *c, json_object *o, struct via_err *err)
{
	struct line line = {0};
	int r = parse_line(o, &line, err);

	return r ? r : apply_changes(c, line.changes, err);
}

static int gap(int64_t got, uint64_t have, struct via_err *err)
{
	return via_err_set(err, -EUCLEAN,
		"this goes on from record %lld, and what stands before it ends with %llu",
		(long long)got, (unsigned long long)have);
}

static int begin(struct via_ledger_replay *p, const struct line *line, struct via_err *err)
{
	if (!line->has_begin)
		return via_err_set(
			err, -EUCLEAN, "this is not a ledger's first line, {\"begin\": …}");
	if ((uint64_t)line->begin > p->state->seq)
		return gap(line->begin, p->state->seq, err);
	p->begun = true;
	p->last = (uint64_t)line->begin;
	return 0;
}

int via_ledger_replay(json_object *o, void *replay, struct via_err *err)
{
	struct via_ledger_replay *p = replay;
	struct line line = {0};
	int r = parse_line(o, &line, err);

	if (r || !p->begun)
		return r ? r : begin(p, &line, err);
	if (line.has_begin)
		return via_err_set(err, -EUCLEAN, "the ledger begins a second time");
	if ((uint64_t)line.seq != p->last + 1)
		return gap(line.seq - 1, p->last, err);
	p->last++;
	if (p->last <= p->state->seq)
		return 0;
	p->state->seq = p->last;
	return apply_changes(&p->state->claims, line.changes, err);
}

struct snapshot {
	int64_t version, seq, last_generation;
	char *time;
	json_object *claims, *drains;
};

static const struct via_json_field snapshot_fields[] = {
	{.key = "version",
		.decode = via_json_i64,
		.offset = offsetof(struct snapshot, version),
		.max = INT64_MAX},
	{.key = "seq",
		.decode = via_json_i64,
		.offset = offsetof(struct snapshot, seq),
		.max = INT64_MAX,
		.required = true},
	{.key = "time",
		.decode = via_json_string,
		.offset = offsetof(struct snapshot, time),
		.max = sizeof(((struct via_ledger_state *)0)->time) - 1},
	{.key = "last_generation",
		.decode = via_json_i64,
		.offset = offsetof(struct snapshot, last_generation),
		.max = INT64_MAX,
		.required = true},
	{.key = "claims",
		.decode = take_object,
		.arg = "array",
		.offset = offsetof(struct snapshot, claims),
		.required = true},
	{.key = "drains",
		.decode = take_object,
		.arg = "array",
		.offset = offsetof(struct snapshot, drains),
		.required = true},
	{0},
};

static int apply_list(struct via_claims *c, const char *key, json_object *list,
	int (*fn)(struct via_claims *c, json_object *o, struct via_err *err), struct via_err *err)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		int r = fn(c, json_object_array_get_idx(list, i), err);

		if (r) {
			via_err_prefix(err, "/%s/%zu", key, i);
			return unclean(r);
		}
	}
	return 0;
}

int via_ledger_snapshot_parse(json_object *o, struct via_ledger_state *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	struct via_ledger_state s = {0};
	struct snapshot raw = {0};
	int r = unclean(via_json_object(&c, o, snapshot_fields, &raw));

	if (!r)
		r = apply_list(&s.claims, "claims", raw.claims, put_claim, err);
	if (!r)
		r = apply_list(&s.claims, "drains", raw.drains, apply_drain, err);
	if (!r && (uint64_t)raw.last_generation < s.claims.last_generation)
		r = via_err_set(err, -EUCLEAN,
			"/last_generation: %lld, but there is a claim with %llu",
			(long long)raw.last_generation,
			(unsigned long long)s.claims.last_generation);
	if (!r) {
		s.claims.last_generation = (uint64_t)raw.last_generation;
		s.seq = (uint64_t)raw.seq;
		snprintf(s.time, sizeof(s.time), "%s", raw.time ? raw.time : "");
		*ret = s;
	} else {
		via_ledger_state_finish(&s);
	}
	free(raw.time);
	return r;
}
