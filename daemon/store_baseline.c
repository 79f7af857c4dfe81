/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VFs as they were right after their creation: what a VF goes back to when its owner has gone. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model/codec.h"
#include "store_parts.h"
#include "util.h"

struct baseline {
	struct via_addr pf;
	struct via_mac mac;
	bool has_mac, complete;
	char time[VIA_TIME_STR_MAX];
	size_t n;
	struct via_vf_state *vfs;
};

struct list {
	size_t n;
	struct baseline *pfs;
};

struct via_baselines {
	const struct via_store_place *place;
	pthread_mutex_t saving; /* held over the disk: one change after the other */
	pthread_mutex_t lock;	/* of list; never held over anything that waits */
	struct list list;
};

static void list_finish(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->pfs[i].vfs);
	free(l->pfs);
	*l = (struct list){0};
}

static struct baseline *list_find(const struct list *l, struct via_addr pf)
{
	for (size_t i = 0; i < l->n; i++)
		if (via_addr_eq(l->pfs[i].pf, pf))
			return &l->pfs[i];
	return NULL;
}

/* b's VFs are taken over, also on failure. */
static int list_put(struct list *l, const struct baseline *b)
{
	struct baseline *there = list_find(l, b->pf), *pfs;

	if (there) {
		free(there->vfs);
		*there = *b;
		return 0;
	}
	pfs = reallocarray(l->pfs, l->n + 1, sizeof(*pfs));
	if (!pfs) {
		free(b->vfs);
		return -ENOMEM;
	}
	l->pfs = pfs;
	pfs[l->n++] = *b;
	return 0;
}

/* --- JSON --- */

static json_object *baseline_json(const struct baseline *b)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	via_json_add_str(o, "time", b->time);
	if (b->has_mac)
		via_json_add_str(o, "mac", via_mac_fmt(b->mac));
	via_json_add_bool(o, "complete", b->complete);
	for (size_t i = 0; i < b->n; i++) {
		json_object *vf = json_object_new_object();

		via_json_add_int(vf, "index", b->vfs[i].index);
		json_object_object_add(vf, "attrs", via_codec_vf_attrs(&b->vfs[i].attrs));
		json_object_array_add(list, vf);
	}
	json_object_object_add(o, "vfs", list);
	return o;
}

static json_object *list_json(const struct list *l)
{
	json_object *o = json_object_new_object(), *pfs = json_object_new_object();

	for (size_t i = 0; i < l->n; i++)
		json_object_object_add(pfs, via_addr_fmt(l->pfs[i].pf), baseline_json(&l->pfs[i]));
	json_object_object_add(o, "pfs", pfs);
	return o;
}

static int parse_attrs(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_err what;

	(void)f;
	if (via_codec_vf_attrs_parse(o, dst, &what))
		return via_json_fail(c, "%.200s", what.msg);
	return 0;
}

static const struct via_json_field vf_fields[] = {
	{.key = "index",
		.decode = via_json_u32,
		.offset = offsetof(struct via_vf_state, index),
		.max = UINT16_MAX,
		.required = true},
	{.key = "attrs",
		.decode = parse_attrs,
		.offset = offsetof(struct via_vf_state, attrs),
		.required = true},
	{0},
};

static int parse_vf(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct baseline *b = user;

	(void)i;
	return via_json_object(c, o, vf_fields, &b->vfs[b->n++]);
}

static int parse_vfs(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct baseline *b = dst;

	(void)f;
	if (json_object_is_type(o, json_type_array)) {
		b->vfs = calloc(json_object_array_length(o) + 1, sizeof(*b->vfs));
		if (!b->vfs)
			return -ENOMEM;
	}
	return via_json_array(c, o, parse_vf, b);
}

static int parse_time(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	(void)f;
	if (!s)
		return via_json_fail(c, "must be a time");
	snprintf(dst, VIA_TIME_STR_MAX, "%s", s);
	return 0;
}

static const struct via_json_field fields[] = {
	{.key = "time", .decode = parse_time, .offset = offsetof(struct baseline, time)},
	{.key = "mac",
		.decode = via_json_mac,
		.offset = offsetof(struct baseline, mac),
		.set_offset = VIA_JSON_SET(struct baseline, has_mac)},
	{.key = "complete", .decode = via_json_bool, .offset = offsetof(struct baseline, complete)},
	{.key = "vfs", .decode = parse_vfs, .offset = 0, .required = true},
	{0},
};

static int parse_pf(struct via_json_ctx *c, const char *key, json_object *o, struct list *l)
{
	struct baseline b = {0};
	int r = via_json_object(c, o, fields, &b);

	if (!r && via_addr_parse(key, &b.pf) < 0)
		r = via_json_fail(c, "\"%.40s\" is no PCI address", key);
	if (r) {
		free(b.vfs);
		return r;
	}
	return list_put(l, &b);
}

static int parse_list(json_object *o, struct list *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	json_object *pfs = json_object_object_get(o, "pfs");
	struct list l = {0};
	int r = 0;

	if (!json_object_is_type(pfs, json_type_object))
		return via_err_set(err, -EUCLEAN, "/pfs: must be an object");
	json_object_object_foreach(pfs, key, value)
	{
		snprintf(c.pointer, sizeof(c.pointer), "/pfs/%.40s", key);
		r = parse_pf(&c, key, value, &l);
		if (r)
			break;
	}
	if (r) {
		list_finish(&l);
		return r == -ENOMEM ? via_err_set(err, r, "out of memory") : r;
	}
	*ret = l;
	return 0;
}

static int check(json_object *o, struct via_err *err)
{
	struct list l = {0};
	int r = parse_list(o, &l, err);

	list_finish(&l);
	return r;
}

static const struct via_store_file file = {
	.name = "baselines.json",
	.check = check,
	.without = "VFs that are there now go back to what their configuration says, without what "
		   "they had when they were created",
};

/* --- the object --- */

void via_baselines_close(struct via_baselines *b)
{
	if (!b)
		return;
	list_finish(&b->list);
	pthread_mutex_destroy(&b->saving);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

int via_baselines_open(
	const struct via_store_place *p, struct via_baselines **ret, struct via_err *err)
{
	via_autojson *o = NULL;
	struct via_baselines *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return via_err_set(err, -ENOMEM, "out of memory");
	b->place = p;
	pthread_mutex_init(&b->saving, NULL);
	pthread_mutex_init(&b->lock, NULL);
	r = via_store_file_load(p, &file, &o, err);
	if (!r && o)
		r = parse_list(o, &b->list, err);
	if (r) {
		via_baselines_close(b);
		return r;
	}
	*ret = b;
	return 0;
}

static int make(struct baseline *ret, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs)
{
	struct baseline b = {.pf = pf, .complete = vfs->complete, .n = vfs->n};

	b.vfs = calloc(vfs->n + 1, sizeof(*b.vfs));
	if (!b.vfs)
		return -ENOMEM;
	for (size_t i = 0; i < vfs->n; i++)
		b.vfs[i] = (struct via_vf_state){vfs->vfs[i].index, vfs->vfs[i].attrs};
	if (pf_mac) {
		b.mac = *pf_mac;
		b.has_mac = true;
	}
	via_time_str(via_now_us(), b.time);
	*ret = b;
	return 0;
}

/* The file first: what is remembered must be on the disk. `saving` is held, so nobody else changes
 * the list. */
static int set_locked(struct via_baselines *b, const struct baseline *new, struct via_err *err)
{
	json_object *o = list_json(&b->list), *pfs = json_object_object_get(o, "pfs");
	int r;

	json_object_object_add(pfs, via_addr_fmt(new->pf), baseline_json(new));
	r = via_store_file_save(b->place, file.name, o, err);
	if (r) {
		free(new->vfs);
		return r;
	}
	pthread_mutex_lock(&b->lock);
	r = list_put(&b->list, new);
	pthread_mutex_unlock(&b->lock);
	return r ? via_err_set(err, r, "out of memory") : 0;
}

int via_baselines_set(struct via_baselines *b, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs, struct via_err *err)
{
	struct baseline new;
	int r = make(&new, pf, pf_mac, vfs);

	if (r)
		return via_err_set(err, r, "out of memory");
	pthread_mutex_lock(&b->saving);
	r = set_locked(b, &new, err);
	pthread_mutex_unlock(&b->saving);
	return r;
}

static int find(const struct via_baselines *b, struct via_addr pf, const struct via_mac *pf_mac,
	uint32_t index, struct via_vf_attrs *ret)
{
	const struct baseline *l = list_find(&b->list, pf);

	if (!l || (pf_mac && l->has_mac && !via_mac_eq(*pf_mac, l->mac)))
		return -ENOENT;
	for (size_t i = 0; i < l->n; i++)
		if (l->vfs[i].index == index) {
			*ret = l->vfs[i].attrs;
			return 0;
		}
	return -ENOENT;
}

int via_baselines_of(struct via_baselines *b, struct via_addr pf, const struct via_mac *pf_mac,
	uint32_t index, struct via_vf_attrs *ret)
{
	int r;

	pthread_mutex_lock(&b->lock);
	r = find(b, pf, pf_mac, index, ret);
	pthread_mutex_unlock(&b->lock);
	return r;
}
