/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "domain/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define NODES_MAX 64   /* of the mask */
#define TAGS_MAX  4096 /* VLAN ids */

static const char *const numa_names[] = {"none", "preferred", "strict", NULL};

void via_domain_finish(struct via_domain *d)
{
	free(d->devs);
	free(d->nics);
	*d = (struct via_domain){0};
}

/* "" is not given. */
static void add_text(json_object *o, const char *key, const char *s)
{
	via_json_add_str(o, key, *s ? s : NULL);
}

static void add_mac(json_object *o, bool given, struct via_mac m)
{
	via_json_add_str(o, "mac", given ? via_mac_fmt(m) : NULL);
}

static json_object *dev_json(const struct via_domain_dev *v)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "address", via_addr_fmt(v->addr));
	via_json_add_bool(o, "interface", v->interface);
	via_json_add_bool(o, "managed", v->managed);
	via_json_add_bool(o, "pool", v->pool);
	add_mac(o, v->has_mac, v->mac);
	if (v->n_tags) {
		via_json_add_int(o, "tags", v->n_tags);
		via_json_add_int(o, "tag", v->tag);
		via_json_add_bool(o, "trunk", v->trunk);
	}
	add_text(o, "alias", v->alias);
	add_text(o, "partner", v->partner);
	add_text(o, "network", v->network);
	return o;
}

static json_object *nic_json(const struct via_domain_nic *n)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "type", n->type);
	add_mac(o, n->has_mac, n->mac);
	add_text(o, "source", n->source);
	add_text(o, "target", n->target);
	add_text(o, "alias", n->alias);
	via_json_add_bool(o, "persistent", n->persistent);
	return o;
}

static json_object *devs_json(const struct via_domain *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < d->n_devs; i++)
		json_object_array_add(list, dev_json(&d->devs[i]));
	return list;
}

static json_object *nics_json(const struct via_domain *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < d->n_nics; i++)
		json_object_array_add(list, nic_json(&d->nics[i]));
	return list;
}

static json_object *nodes_json(uint64_t nodes)
{
	json_object *list = json_object_new_array();

	for (int i = 0; list && i < NODES_MAX; i++)
		if (nodes >> i & 1)
			json_object_array_add(list, json_object_new_int(i));
	return list;
}

json_object *via_domain_json(const struct via_domain *d)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "uuid", d->uuid);
	via_json_add_str(o, "name", d->name);
	via_json_add_bool(o, "active", d->active);
	if (d->numa != VIA_NUMA_NONE) {
		via_json_add_str(o, "numa", numa_names[d->numa]);
		json_object_object_add(o, "nodes", nodes_json(d->nodes));
	}
	json_object_object_add(o, "devices", devs_json(d));
	json_object_object_add(o, "nics", nics_json(d));
	return o;
}

/* A string into an array of f->max bytes, NUL included. */
static int decode_text(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const struct via_json_field as_string = {.max = f->max - 1};
	char *s = NULL;
	int r = via_json_string(c, o, &s, &as_string);

	if (r == 0)
		memcpy(dst, s, strlen(s) + 1);
	free(s);
	return r;
}

static int decode_uuid(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	const char *s = via_json_text(o);

	(void)f;
	if (!s || via_uuid_parse(s, dst) < 0)
		return via_json_fail(
			c, "must be a UUID such as \"c7a5fdbd-cdaf-9455-926a-d65c16db1809\"");
	return 0;
}

static int decode_tag(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	uint32_t tag;
	int r = via_json_u32(c, o, &tag, f);

	if (r == 0)
		*(uint16_t *)dst = (uint16_t)tag;
	return r;
}

static int add_node(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	const struct via_json_field bounds = {.max = NODES_MAX - 1};
	uint32_t node;
	int r = via_json_u32(c, o, &node, &bounds);

	(void)i;
	if (r == 0)
		*(uint64_t *)user |= UINT64_C(1) << node;
	return r;
}

static int decode_nodes(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_array(c, o, add_node, dst);
}

/* clang-format off */
#define FIELD(type, key_, member, decode_, ...) \
	{.key = (key_), .decode = (decode_), .offset = offsetof(struct type, member), __VA_ARGS__}
#define BOOL(type, member, ...) FIELD(type, #member, member, via_json_bool, __VA_ARGS__)
#define TEXT(type, member, ...) \
	FIELD(type, #member, member, decode_text, \
		.max = sizeof(((struct type *)0)->member), __VA_ARGS__)
#define MAC(type) \
	FIELD(type, "mac", mac, via_json_mac, .set_offset = VIA_JSON_SET(struct type, has_mac))

static const struct via_json_field dev_fields[] = {
	FIELD(via_domain_dev, "address", addr, via_json_addr, .required = true),
	BOOL(via_domain_dev, interface, .required = true),
	BOOL(via_domain_dev, managed, .required = true),
	BOOL(via_domain_dev, pool, .required = true),
	MAC(via_domain_dev),
	FIELD(via_domain_dev, "tags", n_tags, via_json_u32, .min = 1, .max = TAGS_MAX),
	FIELD(via_domain_dev, "tag", tag, decode_tag, .max = 4095),
	BOOL(via_domain_dev, trunk),
	TEXT(via_domain_dev, alias),
	TEXT(via_domain_dev, partner),
	TEXT(via_domain_dev, network),
	{0},
};

static const struct via_json_field nic_fields[] = {
	TEXT(via_domain_nic, type, .required = true),
	MAC(via_domain_nic),
	TEXT(via_domain_nic, source),
	TEXT(via_domain_nic, target),
	TEXT(via_domain_nic, alias),
	BOOL(via_domain_nic, persistent),
	{0},
};
/* clang-format on */

static int check_dev(struct via_json_ctx *c, const struct via_domain *d, size_t n)
{
	const struct via_domain_dev *v = &d->devs[n];

	if (via_addr_is_none(v->addr))
		return via_json_fail(c, "0000:00:00.0 is no function to give away");
	if (!v->n_tags && (v->tag || v->trunk))
		return via_json_fail(c, "tag and trunk need tags");
	for (size_t i = 0; i < n; i++)
		if (via_addr_eq(d->devs[i].addr, v->addr))
			return via_json_fail(c, "%s stands twice", via_addr_fmt(v->addr));
	return 0;
}

static int decode_dev(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct via_domain *d = user;
	int r = via_json_object(c, o, dev_fields, &d->devs[i]);

	return r ? r : check_dev(c, d, i);
}

static int decode_nic(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct via_domain *d = user;

	return via_json_object(c, o, nic_fields, &d->nics[i]);
}

/* Room for an array's elements, max at most. */
static int make_list(
	struct via_json_ctx *c, json_object *o, size_t max, size_t size, void **list, size_t *n)
{
	if (!json_object_is_type(o, json_type_array))
		return via_json_fail(c, "must be an array");
	if (json_object_array_length(o) > max)
		return via_json_fail(c, "has more than %zu elements", max);
	free(*list); /* a key may stand twice */
	*n = json_object_array_length(o);
	*list = calloc(*n + 1, size);
	return *list ? 0 : via_err_set(c->err, -ENOMEM, "out of memory");
}

static int decode_devs(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_domain *d = dst;
	int r = make_list(
		c, o, VIA_DOMAIN_DEVS_MAX, sizeof(*d->devs), (void **)&d->devs, &d->n_devs);

	(void)f;
	return r ? r : via_json_array(c, o, decode_dev, d);
}

static int decode_nics(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_domain *d = dst;
	int r = make_list(
		c, o, VIA_DOMAIN_NICS_MAX, sizeof(*d->nics), (void **)&d->nics, &d->n_nics);

	(void)f;
	return r ? r : via_json_array(c, o, decode_nic, d);
}

/* clang-format off */
static const struct via_json_field domain_fields[] = {
	FIELD(via_domain, "uuid", uuid, decode_uuid, .required = true),
	TEXT(via_domain, name, .required = true),
	BOOL(via_domain, active),
	FIELD(via_domain, "numa", numa, via_json_enum, .arg = numa_names),
	FIELD(via_domain, "nodes", nodes, decode_nodes),
	{.key = "devices", .decode = decode_devs, .required = true},
	{.key = "nics", .decode = decode_nics, .required = true},
	{0},
};
/* clang-format on */

/* What can only be told when all members are there. */
static int check_domain(struct via_json_ctx *c, const struct via_domain *d)
{
	if ((d->numa == VIA_NUMA_NONE) != !d->nodes)
		return via_json_fail(c, "numa and nodes need each other");
	return 0;
}

int via_domain_parse(json_object *o, struct via_domain *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	struct via_domain d = {0};
	int r = via_json_object(&c, o, domain_fields, &d);

	if (r == 0)
		r = check_domain(&c, &d);
	if (r) {
		via_domain_finish(&d);
		return r;
	}
	*ret = d;
	return 0;
}
