/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/generations.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"

json_object *via_generations_json(const int64_t *list, size_t n)
{
	json_object *o = json_object_new_array();

	for (size_t i = 0; o && i < n; i++)
		json_object_array_add(o, json_object_new_int64(list[i]));
	return o;
}

static int add(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field bounds = {.min = 1, .max = INT64_MAX};

	if (i >= VIA_HOOK_GENERATIONS_MAX)
		return via_json_fail(c, "has too many elements");
	return via_json_i64(c, o, (int64_t *)user + i, &bounds);
}

int via_generations_parse(json_object *o, int64_t *ret, size_t *ret_n)
{
	int64_t list[VIA_HOOK_GENERATIONS_MAX];
	struct via_json_ctx c = {0};

	if (via_json_array(&c, o, add, list))
		return -EINVAL;
	*ret_n = json_object_array_length(o);
	memcpy(ret, list, *ret_n * sizeof(*list));
	return 0;
}
