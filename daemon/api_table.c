/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods: their parameters and who may call them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base/cleanup.h"

#define LIST_MAX       1024
#define NAME_MAX_BYTES 255

static void strings_free(char **list)
{
	for (char **s = list; s && *s; s++)
		free(*s);
	free(list);
}

void via_params_finish(struct via_params *p)
{
	free(p->pf);
	free(p->device);
	free(p->driver);
	free(p->interface);
	free(p->vm);
	free(p->uuid);
	free(p->network);
	free(p->what);
	free(p->operation);
	free(p->suboperation);
	free(p->generations);
	strings_free(p->disturb);
	strings_free(p->kinds);
	strings_free(p->types);
	strings_free(p->states);
}

static int string_item(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field f = {.max = NAME_MAX_BYTES};

	return via_json_string(c, o, &((char **)user)[i], &f);
}

/* A list of strings as a NULL-terminated array. */
static int decode_strings(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	size_t n = json_object_is_type(o, json_type_array) ? json_object_array_length(o) : 0;
	char **list;
	int r;

	(void)f;
	if (n > LIST_MAX)
		return via_json_fail(c, "has more than %d elements", LIST_MAX);
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	r = via_json_array(c, o, string_item, list);
	if (r) {
		/* Elements up to the bad one are there, the rest is NULL. */
		strings_free(list);
		return r;
	}
	strings_free(*(char ***)dst);
	*(char ***)dst = list;
	return 0;
}

static int node_item(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field f = {.min = 0, .max = 63};
	struct via_params *p = user;
	int64_t node = 0;
	int r = via_json_i64(c, o, &node, &f);

	(void)i;
	if (!r)
		p->nodes |= (uint64_t)1 << node;
	return r;
}

static int decode_nodes(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_params *p = dst;

	(void)f;
	p->nodes = 0;
	p->has_nodes = true;
	return via_json_array(c, o, node_item, p);
}

static int generation_item(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field f = {.min = 1, .max = INT64_MAX};
	struct via_params *p = user;
	int64_t v = 0;
	int r = via_json_i64(c, o, &v, &f);

	if (r)
		return r;
	p->generations[i] = (uint64_t)v;
	p->n_generations = i + 1;
	return 0;
}

static int decode_generations(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	size_t n = json_object_is_type(o, json_type_array) ? json_object_array_length(o) : 0;
	struct via_params *p = dst;

	(void)f;
	if (n > LIST_MAX)
		return via_json_fail(c, "has more than %d elements", LIST_MAX);
	free(p->generations);
	p->n_generations = 0;
	p->generations = calloc(n + 1, sizeof(*p->generations));
	if (!p->generations)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	return via_json_array(c, o, generation_item, p);
}

/* Who handles it parses it: what is wrong with a domain deserves a sentence. */
static int decode_domain(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	if (!json_object_is_type(o, json_type_object))
		return via_json_fail(c, "must be an object");
	*(json_object **)dst = o;
	return 0;
}

static const char *const numa_names[] = {"none", "preferred", "strict", NULL};

#define FLAG(name)                                                                                 \
	{                                                                                          \
		.key = #name, .decode = via_json_bool, .offset = offsetof(struct via_params, name) \
	}
#define STRING(name, needed)                                                                       \
	{                                                                                          \
		.key = #name, .decode = via_json_string,                                           \
		.offset = offsetof(struct via_params, name), .max = NAME_MAX_BYTES,                \
		.required = needed                                                                 \
	}
#define STRINGS(name)                                                                              \
	{                                                                                          \
		.key = #name, .decode = decode_strings,                                            \
		.offset = offsetof(struct via_params, name)                                        \
	}

static const struct via_json_field none[] = {{0}};
static const struct via_json_field interface_fields[] = {STRING(interface, true), {0}};
static const struct via_json_field inventory_fields[] = {FLAG(rescan), {0}};
static const struct via_json_field list_fields[] = {STRINGS(kinds), {0}};
static const struct via_json_field show_fields[] = {STRING(device, true), {0}};
static const struct via_json_field plan_fields[] = {
	FLAG(recreate), STRINGS(disturb), STRING(pf, false), {0}};
static const struct via_json_field bind_fields[] = {
	STRING(device, true), STRING(driver, false), FLAG(persistent), STRINGS(disturb), {0}};
static const struct via_json_field unbind_fields[] = {STRING(device, true), STRINGS(disturb), {0}};
static const struct via_json_field monitor_fields[] = {STRINGS(types), {0}};

static const struct via_json_field claim_fields[] = {STRING(vm, true), STRING(uuid, false),
	STRING(network, false), STRING(device, false),
	{.key = "mac",
		.decode = via_json_mac,
		.offset = offsetof(struct via_params, mac),
		.set_offset = VIA_JSON_SET(struct via_params, has_mac)},
	FLAG(whole),
	{.key = "msix",
		.decode = via_json_u32,
		.offset = offsetof(struct via_params, msix),
		.min = 0,
		.max = 4096},
	{.key = "numa",
		.decode = via_json_enum,
		.offset = offsetof(struct via_params, numa),
		.set_offset = VIA_JSON_SET(struct via_params, has_numa),
		.arg = numa_names},
	{.key = "nodes", .decode = decode_nodes},
	{.key = "driver", .decode = via_json_bool, .offset = offsetof(struct via_params, bind)},
	{0}};
static const struct via_json_field release_fields[] = {STRING(device, false), STRING(vm, false),
	{.key = "generation",
		.decode = via_json_i64,
		.offset = offsetof(struct via_params, generation),
		.set_offset = VIA_JSON_SET(struct via_params, has_generation),
		.min = 1,
		.max = INT64_MAX},
	{0}};
static const struct via_json_field claims_fields[] = {
	STRINGS(states), STRING(vm, false), STRING(pf, false), {0}};
static const struct via_json_field vm_fields[] = {STRING(vm, true), {0}};
static const struct via_json_field adopt_fields[] = {STRING(what, false), {0}};
static const struct via_json_field clear_fields[] = {STRING(device, true), FLAG(force), {0}};
static const struct via_json_field drain_fields[] = {STRING(pf, true), FLAG(off), {0}};
static const struct via_json_field hook_fields[] = {STRING(operation, true),
	STRING(suboperation, false),
	{.key = "domain",
		.decode = decode_domain,
		.offset = offsetof(struct via_params, domain),
		.required = true},
	{.key = "generations", .decode = decode_generations}, {0}};

static const struct via_method methods[] = {
	{"org.varlink.service.GetInfo", none, false, false, via_api_get_info},
	{"org.varlink.service.GetInterfaceDescription", interface_fields, false, false,
		via_api_get_interface},
	{"org.viaduct.GetStatus", none, false, false, via_api_get_status},
	{"org.viaduct.GetInventory", inventory_fields, false, false, via_api_get_inventory},
	{"org.viaduct.List", list_fields, false, false, via_api_list},
	{"org.viaduct.Show", show_fields, false, false, via_api_show},
	{"org.viaduct.GetPlan", plan_fields, false, false, via_api_get_plan},
	{"org.viaduct.Check", none, false, false, via_api_check},
	{"org.viaduct.GetConfig", none, false, false, via_api_get_config},
	{"org.viaduct.Monitor", monitor_fields, false, true, via_api_monitor},
	{"org.viaduct.Apply", plan_fields, true, false, via_api_apply},
	{"org.viaduct.Bind", bind_fields, true, false, via_api_bind},
	{"org.viaduct.Unbind", unbind_fields, true, false, via_api_unbind},
	{"org.viaduct.Reload", none, true, false, via_api_reload},
	{"org.viaduct.Claim", claim_fields, true, false, via_api_claim},
	{"org.viaduct.Release", release_fields, true, false, via_api_release},
	{"org.viaduct.ListClaims", claims_fields, false, false, via_api_list_claims},
	{"org.viaduct.ListNetworks", none, false, false, via_api_list_networks},
	{"org.viaduct.ListVms", none, false, false, via_api_list_vms},
	{"org.viaduct.ShowVm", vm_fields, false, false, via_api_show_vm},
	{"org.viaduct.Adopt", adopt_fields, true, false, via_api_adopt},
	{"org.viaduct.ClearQuarantine", clear_fields, true, false, via_api_clear},
	{"org.viaduct.Drain", drain_fields, true, false, via_api_drain},
	{"org.viaduct.HookQemu", hook_fields, true, false, via_api_hook_qemu},
};

const struct via_method *via_api_method(const char *name)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}
