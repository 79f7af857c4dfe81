/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of claims' generations as JSON. */
#ifndef VIA_HOOKS_GENERATIONS_H
#define VIA_HOOKS_GENERATIONS_H

#include <json-c/json.h>

#include "hooks/hook.h"

json_object *via_generations_json(const int64_t *list, size_t n);
/* 0, or -EINVAL: it is no array of numbers from 1, or it is too long. ret has room for
 * VIA_HOOK_GENERATIONS_MAX. */
int via_generations_parse(json_object *o, int64_t *ret, size_t *ret_n);

#endif
