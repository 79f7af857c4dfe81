/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "offline.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "check.h"
#include "config_load.h"
#include "kernel/bind.h"
#include "kernel/scan.h"
#include "model/codec.h"

static void print_json(json_object *o)
{
	puts(json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void print_problems_json(
	int r, const struct via_config_problems *problems, const struct via_err *err)
{
	via_autojson *o = json_object_new_object();
	json_object *list = json_object_new_array();

	via_json_add_bool(o, "ok", r == 0);
	for (size_t i = 0; i < problems->n; i++)
		json_object_array_add(list, json_object_new_string(problems->list[i].message));
	if (r && !problems->n)
		json_object_array_add(list, json_object_new_string(err->msg));
	json_object_object_add(o, "problems", list);
	print_json(o);
}

int via_offline_check_config(const char *path, bool json)
{
	struct via_config_problems problems = {0};
	struct via_config *c = NULL;
	struct via_err err = {0};
	int r = via_config_load(path, &c, &problems, &err);

	if (json)
		print_problems_json(r, &problems, &err);
	else
		for (size_t i = 0; i < problems.n; i++)
			puts(problems.list[i].message);
	if (r && !problems.n && !json)
		puts(err.msg);
	via_config_destroy(c);
	via_config_problems_finish(&problems);
	return r ? 1 : 0;
}

static int driver_for(const struct via_device *dev, enum via_driver_choice choice, char *buf,
	size_t size, void *user)
{
	return via_driver_for(user, dev, choice, buf, size);
}

static json_object *plan_json(struct via_kernel *k, const struct via_inventory *inv,
	const struct via_config *c, struct via_err *err)
{
	const struct via_plan_options opt = {.driver_for = driver_for, .user = k};
	struct via_plan *plan = NULL;
	json_object *o;

	if (via_plan_make(inv, c, &opt, &plan, err))
		return NULL;
	o = via_codec_plan(plan);
	via_plan_destroy(plan);
	return o;
}

static json_object *check_json(
	struct via_kernel *k, const struct via_inventory *inv, const struct via_config *c)
{
	struct via_groups groups = {.read_name = "viaduct", .change_name = "viaduct-admin"};
	const struct via_check_input in = {
		.kernel = k,
		.inv = inv,
		.config = c,
		.groups = &groups,
	};
	json_object *o = json_object_new_object();

	via_groups_lookup(&groups);
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(o, "findings", via_check(&in));
	return o;
}

static json_object *make(struct via_kernel *k, const char *what, const struct via_inventory *inv,
	const struct via_config *c, struct via_err *err)
{
	if (!strcmp(what, "plan"))
		return plan_json(k, inv, c, err);
	if (!strcmp(what, "check"))
		return check_json(k, inv, c);
	return via_codec_inventory(inv);
}

int via_offline_print(struct via_kernel *k, const struct via_options *o)
{
	const struct via_scan_options opt = {0};
	via_autoinventory *inv = NULL;
	struct via_config *c = NULL;
	via_autojson *out = NULL;
	struct via_err err = {0};
	int r = via_scan(k, &opt, &inv, &err);

	if (!r)
		r = via_config_load(o->config, &c, NULL, &err);
	if (!r)
		out = make(k, o->print, inv, c, &err);
	via_config_destroy(c);
	if (!out) {
		fprintf(stderr, "viaductd: %s\n", err.msg);
		return 1;
	}
	print_json(out);
	return 0;
}
