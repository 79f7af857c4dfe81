/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration as a whole: reading sources, collecting problems, freeing. */
#include "model/config_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

#define DRIFT_INTERVAL_S  60
#define DRIFT_DEBOUNCE_MS 2000
#define STEP_TIMEOUT_S	  30

void *via_config_grow(void **list, size_t *n, size_t size)
{
	void *bigger = reallocarray(*list, *n + 1, size);

	if (!bigger)
		return NULL;
	*list = bigger;
	return memset((char *)bigger + (*n)++ * size, 0, size);
}

void via_vf_config_finish(struct via_vf_config *v)
{
	free(v->driver_name);
	free(v->network);
	*v = (struct via_vf_config){0};
}

int via_vf_config_copy(struct via_vf_config *dst, const struct via_vf_config *src)
{
	via_autofree char *driver = src->driver_name ? strdup(src->driver_name) : NULL;
	via_autofree char *network = src->network ? strdup(src->network) : NULL;

	if ((src->driver_name && !driver) || (src->network && !network))
		return -ENOMEM;
	*dst = *src;
	dst->driver_name = via_steal(&driver);
	dst->network = via_steal(&network);
	return 0;
}

void via_config_problems_finish(struct via_config_problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i].message);
	free(p->list);
	*p = (struct via_config_problems){0};
}

struct via_config *via_config_create(void)
{
	struct via_config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->auto_apply = true;
	c->drift_interval_s = DRIFT_INTERVAL_S;
	c->drift_debounce_ms = DRIFT_DEBOUNCE_MS;
	c->step_timeout_s = STEP_TIMEOUT_S;
	return c;
}

void via_config_destroy(struct via_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_pfs; i++)
		via_pf_config_finish(&c->pfs[i]);
	for (size_t i = 0; i < c->n_networks; i++)
		via_network_config_finish(&c->networks[i]);
	for (size_t i = 0; i < c->n_files; i++)
		free(c->files[i]);
	free(c->pfs);
	free(c->networks);
	free(c->files);
	free(c);
}

/* The line of a pointer, or of the nearest thing around it that can be found. */
static unsigned int line_of(const struct via_config_source *s, const char *pointer)
{
	char at[VIA_JSON_POINTER_MAX];
	unsigned int line, column;
	char *slash;

	snprintf(at, sizeof(at), "%s", pointer);
	while (via_json_locate(s->text, s->len, at, &line, &column) < 0) {
		slash = strrchr(at, '/');
		if (!slash)
			return 1;
		*slash = '\0';
	}
	return line;
}

static bool already_said(const struct via_config_problems *p, const char *message)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->list[i].message, message))
			return true;
	return false;
}

static int add_problem(struct via_config_reader *rd, char *message)
{
	struct via_config_problems *p = &rd->problems;
	struct via_config_problem *new;

	if (!message)
		return via_err_set(&rd->err, -ENOMEM, "out of memory");
	if (already_said(p, message)) {
		free(message);
		return 0;
	}
	new = via_config_grow((void **)&p->list, &p->n, sizeof(*new));
	if (!new) {
		free(message);
		return via_err_set(&rd->err, -ENOMEM, "out of memory");
	}
	new->message = message;
	return p->n < VIA_CONFIG_PROBLEMS_MAX ? 0 : VIA_REFUSED_INVALID;
}

/* Takes "POINTER: what" and says where that is. */
static int note(struct via_json_ctx *c)
{
	struct via_config_reader *rd = c->user;
	char *message = NULL;

	if (asprintf(&message, "%s:%u: %s", rd->file->name, line_of(rd->file, c->pointer),
		    rd->err.msg) < 0)
		message = NULL;
	return add_problem(rd, message);
}

int via_place_here(struct via_json_ctx *c, struct via_place *ret)
{
	const struct via_config_reader *rd = c->user;

	ret->file = strdup(rd->file->name);
	if (!ret->file)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	ret->line = line_of(rd->file, c->pointer);
	snprintf(ret->pointer, sizeof(ret->pointer), "%.*s", (int)sizeof(ret->pointer) - 1,
		c->pointer);
	return 0;
}

static const struct via_config_source *source_named(
	const struct via_config_reader *rd, const char *name)
{
	for (size_t i = 0; i < rd->n_src; i++)
		if (!strcmp(rd->src[i].name, name))
			return &rd->src[i];
	return rd->file;
}

int via_config_complain(struct via_config_reader *rd, const struct via_place *at,
	const char *member, const char *fmt, ...)
{
	via_autostrbuf text = VIA_STRBUF_INIT;
	char pointer[VIA_JSON_POINTER_MAX], what[VIA_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(pointer, sizeof(pointer), "%s%s%s", at->pointer, member ? "/" : "",
		member ? member : "");
	via_strbuf_addf(&text, "%s:%u: %s: %s", at->file,
		line_of(source_named(rd, at->file), pointer), pointer, what);
	return add_problem(rd, via_strbuf_steal(&text));
}

/* A scalar of the whole configuration: given once in all files together. */
static int scalar_once(struct via_json_ctx *c, enum via_config_scalar which)
{
	struct via_config_reader *rd = c->user;
	struct via_place *first = &rd->scalars[which];

	if (first->file)
		return via_json_fail(c, "was given already in %s:%u (%s); keep one of the two",
			first->file, first->line, first->pointer);
	return via_place_here(c, first);
}

static int read_provision(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	int v;
	int r = via_json_enum(c, o, &v, f);

	if (r == 0)
		r = scalar_once(c, VIA_SCALAR_PROVISION);
	if (r == 0)
		*(bool *)dst = v;
	return r;
}

/* arg points to the enum via_config_scalar. */
static int read_number(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	uint32_t v;
	int r = via_json_u32(c, o, &v, f);

	if (r == 0)
		r = scalar_once(c, *(const enum via_config_scalar *)f->arg);
	if (r == 0)
		*(uint32_t *)dst = v;
	return r;
}

static int read_heal(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_config *config = dst;
	struct via_config_heal h;
	int r = via_config_heal(c, o, &h, f);

	if (r == 0)
		r = scalar_once(c, VIA_SCALAR_HEAL);
	if (r)
		return r;
	config->heal = h.attrs;
	config->heal_driver = h.driver;
	config->heal_count = h.count;
	config->heal_pf = h.pf;
	return 0;
}

static const enum via_config_scalar scalar_ids[] = {
	VIA_SCALAR_INTERVAL, VIA_SCALAR_DEBOUNCE, VIA_SCALAR_TIMEOUT};

static const struct via_json_field drift_fields[] = {
	{"interval_s", read_number, offsetof(struct via_config, drift_interval_s), 0, 0, 86400,
		&scalar_ids[0], false},
	{"debounce_ms", read_number, offsetof(struct via_config, drift_debounce_ms), 0, 0, 600000,
		&scalar_ids[1], false},
	{"heal", read_heal, 0, 0, 0, 0, NULL, false},
	{0},
};

static int read_drift(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_object(c, o, drift_fields, dst);
}

static int read_pfs(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)dst;
	(void)f;
	return via_json_array(c, o, via_config_read_pf, c->user);
}

static int read_networks(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)dst;
	(void)f;
	return via_json_array(c, o, via_config_read_network, c->user);
}

/* Editors look for it; it says nothing to us. */
static int read_schema(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)dst;
	(void)f;
	return via_json_text(o) ? 0 : via_json_fail(c, "must be a string");
}

static const struct via_json_field top_fields[] = {
	{"$schema", read_schema, 0, 0, 0, 0, NULL, false},
	{"pfs", read_pfs, 0, 0, 0, 0, NULL, false},
	{"networks", read_networks, 0, 0, 0, 0, NULL, false},
	{"provision", read_provision, offsetof(struct via_config, auto_apply), 0, 0, 0,
		via_config_provision_names, false},
	{"drift", read_drift, 0, 0, 0, 0, NULL, false},
	{"step_timeout_s", read_number, offsetof(struct via_config, step_timeout_s), 0, 1, 3600,
		&scalar_ids[2], false},
	{0},
};

/* What says "line L, column C: …" itself: put it like every other message. */
static int note_text(struct via_config_reader *rd, const char *pointer)
{
	char *message = NULL;
	unsigned int line = 1, column = 1;
	int at = 0;

	sscanf(rd->err.msg, "line %u, column %u: %n", &line, &column, &at);
	if (asprintf(&message, "%s:%u: %s%s (column %u)", rd->file->name, line, pointer,
		    rd->err.msg + at, column) < 0)
		message = NULL;
	return add_problem(rd, message);
}

static int add_file(struct via_config_reader *rd)
{
	char **slot =
		via_config_grow((void **)&rd->config->files, &rd->config->n_files, sizeof(*slot));

	if (slot)
		*slot = strdup(rd->file->name);
	return slot && *slot ? 0 : via_err_set(&rd->err, -ENOMEM, "out of memory");
}

static int read_source(struct via_config_reader *rd, const struct via_config_source *s)
{
	via_autojson *o = NULL;
	int r;

	rd->file = s;
	rd->ctx = (struct via_json_ctx){.err = &rd->err, .user = rd, .problem = note};
	r = add_file(rd);
	if (r < 0)
		return r;
	r = via_json_parse(s->text, s->len, true, &o, &rd->err);
	if (r == 0 && via_json_twice(s->text, s->len, &rd->err)) {
		r = note_text(rd, "");
		if (r)
			return r;
	}
	if (r > 0)
		return note_text(rd, "/: ");
	if (r < 0)
		return r;
	if (!json_object_is_type(o, json_type_object)) {
		via_json_fail(&rd->ctx, "must be an object such as { \"pfs\": [] }");
		return note(&rd->ctx);
	}
	return via_json_object(&rd->ctx, o, top_fields, rd->config);
}

static void reader_finish(struct via_config_reader *rd)
{
	via_config_destroy(rd->config);
	via_config_problems_finish(&rd->problems);
	for (size_t i = 0; i < VIA_SCALAR_COUNT; i++)
		free(rd->scalars[i].file);
}

static int refuse(
	struct via_config_reader *rd, struct via_config_problems *problems, struct via_err *err)
{
	via_err_set(err, VIA_REFUSED_INVALID, "%s", rd->problems.list[0].message);
	if (problems) {
		*problems = rd->problems;
		rd->problems = (struct via_config_problems){0};
	}
	return VIA_REFUSED_INVALID;
}

int via_config_parse(const struct via_config_source *src, size_t n, struct via_config **ret,
	struct via_config_problems *problems, struct via_err *err)
{
	__attribute__((cleanup(reader_finish))) struct via_config_reader rd = {
		.src = src, .n_src = n};
	int r = 0;

	rd.config = via_config_create();
	if (!rd.config)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n && r == 0; i++)
		r = read_source(&rd, &src[i]);
	if (r == 0)
		r = via_config_check(&rd);
	if (r < 0)
		return via_err_set(err, r, "%s", rd.err.msg);
	if (rd.problems.n)
		return refuse(&rd, problems, err);
	*ret = via_steal(&rd.config);
	return 0;
}
