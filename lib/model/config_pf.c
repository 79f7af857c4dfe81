/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of "pfs". */
#include "model/config_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NUMBER(key, type, member, set, lo, hi)                                                     \
	{                                                                                          \
		key, via_json_u32, offsetof(type, member), set, lo, hi, NULL, false                \
	}
#define TEXT(key, type, member, max)                                                               \
	{                                                                                          \
		key, via_json_string, offsetof(type, member), 0, 0, max, NULL, false               \
	}
#define OTHER(key, fn, offset, set)                                                                \
	{                                                                                          \
		key, fn, offset, set, 0, 0, NULL, false                                            \
	}

/* An interface's MTU: 68 is the least that IPv4 allows (RFC 791), 65535 the most that it can use.
 */
#define MTU_MIN 68
#define MTU_MAX 65535
/* An MSI-X table has at most 2048 entries (PCI 3.0, 6.8.2). */
#define MSIX_MAX 2048

/* One element of "vfs" as it is written. vf comes first: the fields behind the naming ones serve
 * the defaults ("vf") as well. */
struct entry {
	struct via_vf_config vf;
	uint32_t index, first, last;
	bool has_index, has_first, has_last;
	char *range;
};
_Static_assert(offsetof(struct entry, vf) == 0, "the fields of a VF serve both");

#define INDEX_MAX      (VIA_CONFIG_VFS_MAX - 1)
#define VF_SET(member) VIA_JSON_SET(struct via_vf_config, member)
static const struct via_json_field entry_fields[] = {
	NUMBER("index", struct entry, index, VIA_JSON_SET(struct entry, has_index), 0, INDEX_MAX),
	NUMBER("first", struct entry, first, VIA_JSON_SET(struct entry, has_first), 0, INDEX_MAX),
	NUMBER("last", struct entry, last, VIA_JSON_SET(struct entry, has_last), 0, INDEX_MAX),
	TEXT("range", struct entry, range, 1023),
#define NAMING_FIELDS 4
	OTHER("mac", via_config_mac, 0, 0),
	OTHER("driver", via_config_driver, 0, 0),
	TEXT("network", struct via_vf_config, network, VIA_CONFIG_NAME_MAX),
	NUMBER("msix", struct via_vf_config, msix, VF_SET(has_msix), 1, MSIX_MAX),
	NUMBER("mtu", struct via_vf_config, mtu, VF_SET(has_mtu), MTU_MIN, MTU_MAX),
	VIA_CONFIG_ATTR_FIELDS(struct via_vf_config),
	VIA_PART("rss_query", RSS_QUERY, struct via_vf_config, attrs, 0),
	{0},
};

static const struct via_json_field match_fields[] = {
	OTHER("address", via_json_addr, offsetof(struct via_selector, address),
		VIA_JSON_SET(struct via_selector, has_address)),
	OTHER("mac", via_json_mac, offsetof(struct via_selector, mac),
		VIA_JSON_SET(struct via_selector, has_mac)),
	OTHER("vendor", via_config_hex16, offsetof(struct via_selector, vendor),
		VIA_JSON_SET(struct via_selector, has_vendor)),
	OTHER("device", via_config_hex16, offsetof(struct via_selector, device),
		VIA_JSON_SET(struct via_selector, has_device)),
	TEXT("driver", struct via_selector, driver, VIA_CONFIG_NAME_MAX),
	TEXT("id_path", struct via_selector, id_path, 255),
	TEXT("name", struct via_selector, name, VIA_CONFIG_NAME_MAX),
	{0},
};

void via_pf_config_finish(struct via_pf_config *p)
{
	free(p->label);
	free(p->match.name);
	free(p->match.driver);
	free(p->match.id_path);
	free(p->eswitch_mode);
	free(p->place.file);
	via_vf_config_finish(&p->defaults);
	for (size_t i = 0; i < p->n_ranges; i++) {
		via_vf_config_finish(&p->ranges[i].vf);
		free(p->ranges[i].place.file);
	}
	free(p->ranges);
	*p = (struct via_pf_config){0};
}

static int read_match(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	if (json_object_is_type(o, json_type_object) && json_object_object_length(o) == 0)
		return via_json_fail(c,
			"names no PF; give at least one of \"address\", \"mac\", "
			"\"vendor\", \"device\", \"driver\", \"id_path\", \"name\"");
	return via_json_object(c, o, match_fields, dst);
}

static int read_defaults(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_object(c, o, entry_fields + NAMING_FIELDS, dst);
}

/* One range more, its place and members copied; the entry keeps its own. */
static int add_range(struct via_json_ctx *c, struct via_pf_config *pf, const struct entry *e,
	uint32_t first, uint32_t last)
{
	struct via_vf_range *r;

	if (pf->n_ranges >= VIA_CONFIG_RANGES_MAX)
		return via_json_fail(
			c, "more than %u ranges on one PF; join neighbours", VIA_CONFIG_RANGES_MAX);
	r = via_config_grow((void **)&pf->ranges, &pf->n_ranges, sizeof(*r));
	if (!r || via_vf_config_copy(&r->vf, &e->vf) < 0)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	r->first = first;
	r->last = last;
	return via_place_here(c, &r->place);
}

/* "3" or "0-3" up to the next comma; *s moves behind it. */
static int range_part(const char **s, uint32_t *first, uint32_t *last)
{
	size_t n = strcspn(*s, ",");
	char part[32], *dash;
	int64_t a, b;

	if (n >= sizeof(part))
		return -EINVAL;
	memcpy(part, *s, n);
	part[n] = '\0';
	dash = strchr(part, '-');
	if (dash)
		*dash++ = '\0';
	if (via_parse_int(part, 0, INDEX_MAX, &a) < 0 ||
		via_parse_int(dash ? dash : part, a, INDEX_MAX, &b) < 0)
		return -EINVAL;
	*first = (uint32_t)a;
	*last = (uint32_t)b;
	*s += n;
	return 0;
}

static int add_list(struct via_json_ctx *c, struct via_pf_config *pf, const struct entry *e)
{
	const char *s = e->range;
	uint32_t first, last;
	int r;

	if (e->vf.mac_mode == VIA_MAC_GIVEN && strpbrk(s, ",-"))
		return via_json_fail(c,
			"gives one MAC address to several VFs; use \"mac\": \"derived\" "
			"or one entry a VF");
	for (;; s++) {
		if (range_part(&s, &first, &last) < 0)
			return via_json_fail(
				c, "\"%.64s\" is no list of VFs such as \"0-3,5\"", e->range);
		r = add_range(c, pf, e, first, last);
		if (r || !*s)
			return r;
	}
}

static int add_entry(struct via_json_ctx *c, struct via_pf_config *pf, const struct entry *e)
{
	bool span = e->has_first || e->has_last;

	if (e->has_index + span + !!e->range != 1 || e->has_first != e->has_last)
		return via_json_fail(c,
			"must name its VFs in one way: \"index\", \"first\" and \"last\", "
			"or \"range\"");
	if (e->range)
		return add_list(c, pf, e);
	if (e->has_index)
		return add_range(c, pf, e, e->index, e->index);
	if (e->last < e->first)
		return via_json_fail(c, "\"last\" (%u) is below \"first\" (%u)", e->last, e->first);
	if (e->vf.mac_mode == VIA_MAC_GIVEN && e->first != e->last)
		return via_json_fail(c,
			"gives one MAC address to %u VFs; use \"mac\": \"derived\" or one "
			"entry a VF",
			e->last - e->first + 1);
	return add_range(c, pf, e, e->first, e->last);
}

static void entry_finish(struct entry *e)
{
	via_vf_config_finish(&e->vf);
	free(e->range);
}

static int read_range(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct via_config_reader *rd = c->user;
	__attribute__((cleanup(entry_finish))) struct entry e = {0};
	size_t before = rd->problems.n;
	int r = via_json_object(c, o, entry_fields, &e);

	(void)i;
	/* A member that was not understood has been told; what it would have meant is not guessed.
	 */
	if (r || rd->problems.n != before)
		return r;
	return add_entry(c, user, &e);
}

static int read_ranges(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	(void)f;
	return via_json_array(c, o, read_range, dst);
}

static int read_heal(
	struct via_json_ctx *c, json_object *o, void *dst, const struct via_json_field *f)
{
	struct via_pf_config *pf = dst;
	struct via_config_heal h;
	int r = via_config_heal(c, o, &h, f);

	if (r)
		return r;
	pf->heal = h.attrs;
	pf->heal_driver = h.driver;
	pf->heal_count = h.count;
	pf->heal_pf = h.pf;
	return 0;
}

#define PF(member)     offsetof(struct via_pf_config, member)
#define PF_SET(member) VIA_JSON_SET(struct via_pf_config, member)
static const struct via_json_field pf_fields[] = {
	TEXT("label", struct via_pf_config, label, VIA_CONFIG_NAME_MAX),
	{"match", read_match, PF(match), 0, 0, 0, NULL, true},
	NUMBER("num_vfs", struct via_pf_config, num_vfs, PF_SET(has_num_vfs), 0,
		VIA_CONFIG_VFS_MAX),
	OTHER("autoprobe", via_config_tristate, PF(autoprobe), 0),
	NUMBER("mtu", struct via_pf_config, mtu, PF_SET(has_mtu), MTU_MIN, MTU_MAX),
	OTHER("eswitch_mode", via_config_eswitch, PF(eswitch_mode), 0),
	OTHER("protect", via_config_tristate, PF(protect), 0),
	OTHER("verify_only", via_json_bool, PF(verify_only), 0),
	OTHER("mac_prefix", via_config_prefix, PF(mac_prefix), PF_SET(has_mac_prefix)),
	OTHER("heal", read_heal, 0, PF_SET(has_heal)),
	OTHER("vf", read_defaults, PF(defaults), 0),
	OTHER("vfs", read_ranges, 0, 0),
	{0},
};

int via_config_read_pf(struct via_json_ctx *c, json_object *o, size_t i, void *user)
{
	struct via_config_reader *rd = user;
	struct via_config *config = rd->config;
	struct via_pf_config *pf =
		via_config_grow((void **)&config->pfs, &config->n_pfs, sizeof(*pf));
	int r;

	(void)i;
	if (!pf)
		return via_err_set(c->err, -ENOMEM, "out of memory");
	pf->autoprobe = VIA_UNSET;
	pf->protect = VIA_UNSET;
	r = via_place_here(c, &pf->place);
	return r ? r : via_json_object(c, o, pf_fields, pf);
}
