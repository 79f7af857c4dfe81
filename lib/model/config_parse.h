/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to config*.c: how the parts of the configuration's parser hang together. */
#ifndef VIA_MODEL_CONFIG_PARSE_H
#define VIA_MODEL_CONFIG_PARSE_H

#include "base/json.h"
#include "model/config.h"

/* Limits that keep a hostile or broken file from costing more than it is worth. A PF has at most
 * 65535 VFs (NumVFs is 16 bits wide, PCIe SR-IOV capability). */
#define VIA_CONFIG_VFS_MAX	65535
#define VIA_CONFIG_RANGES_MAX	2048
#define VIA_CONFIG_PROBLEMS_MAX 100
#define VIA_CONFIG_NAME_MAX	63

enum via_config_scalar {
	VIA_SCALAR_PROVISION,
	VIA_SCALAR_INTERVAL,
	VIA_SCALAR_DEBOUNCE,
	VIA_SCALAR_HEAL,
	VIA_SCALAR_TIMEOUT,
	VIA_SCALAR_COUNT
};

struct via_config_reader {
	struct via_config *config;
	const struct via_config_source *src;
	size_t n_src;
	const struct via_config_source *file; /* being read */
	struct via_config_problems problems;
	struct via_json_ctx ctx;
	struct via_err err;
	struct via_place
		scalars[VIA_SCALAR_COUNT]; /* where each was given first; file NULL: not yet */
};

/* config.c */
/* The place of the value being decoded. 0 or -ENOMEM. */
int via_place_here(struct via_json_ctx *c, struct via_place *ret);
/* Note a problem of an entry; member (may be NULL) is the key inside it. -ENOMEM, or
 * VIA_REFUSED_INVALID when there are too many to go on, else 0. */
int via_config_complain(struct via_config_reader *rd, const struct via_place *at,
	const char *member, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Room for one more zeroed element; NULL out of memory. */
void *via_config_grow(void **list, size_t *n, size_t size);
void via_vf_config_finish(struct via_vf_config *v);
int via_vf_config_copy(struct via_vf_config *dst, const struct via_vf_config *src);

/* config_value.c: decoders of single values. */
struct via_config_heal {
	uint32_t attrs;
	bool driver, count, pf;
};
extern const char *const via_config_vswitch_names[];
extern const char *const via_config_placement_names[];
extern const char *const via_config_numa_names[];
extern const char *const via_config_mode_names[];
extern const char *const via_config_eswitch_names[];
extern const char *const via_config_provision_names[];
via_json_decode_fn
	via_config_attr;	   /* struct via_vf_attrs; field->min is the enum via_config_part */
via_json_decode_fn via_config_mac; /* struct via_vf_config */
via_json_decode_fn via_config_driver;	/* struct via_vf_config */
via_json_decode_fn via_config_tristate; /* enum via_tristate */
via_json_decode_fn via_config_hex16;	/* uint32_t */
via_json_decode_fn via_config_prefix;	/* uint8_t[3] */
via_json_decode_fn via_config_eswitch;	/* char * */
via_json_decode_fn via_config_heal;	/* struct via_config_heal */

/* The members of a VF's attributes in JSON; VLAN and rate have several each. */
enum via_config_part {
	VIA_PART_VLAN,
	VIA_PART_QOS,
	VIA_PART_PROTO,
	VIA_PART_MIN,
	VIA_PART_MAX,
	VIA_PART_SPOOFCHK,
	VIA_PART_TRUST,
	VIA_PART_LINK_STATE,
	VIA_PART_RSS_QUERY,
};

#define VIA_PART(key, part, type, member, set)                                                     \
	{                                                                                          \
		key, via_config_attr, offsetof(type, member), set, VIA_PART_##part, 0, NULL, false \
	}
/* Those that PFs' VFs and networks have in common; `type` holds them in attrs and has_*. */
#define VIA_CONFIG_ATTR_FIELDS(type)                                                               \
	VIA_PART("vlan", VLAN, type, attrs, VIA_JSON_SET(type, has_vlan_id)),                      \
		VIA_PART("qos", QOS, type, attrs, VIA_JSON_SET(type, has_vlan_qos)),               \
		VIA_PART("vlan_proto", PROTO, type, attrs, VIA_JSON_SET(type, has_vlan_proto)),    \
		VIA_PART("min_tx_mbps", MIN, type, attrs, VIA_JSON_SET(type, has_min)),            \
		VIA_PART("max_tx_mbps", MAX, type, attrs, VIA_JSON_SET(type, has_max)),            \
		VIA_PART("spoofchk", SPOOFCHK, type, attrs, 0),                                    \
		VIA_PART("trust", TRUST, type, attrs, 0),                                          \
		VIA_PART("link_state", LINK_STATE, type, attrs, 0)

/* config_pf.c, config_network.c: one element of the list; user is the reader. */
int via_config_read_pf(struct via_json_ctx *c, json_object *o, size_t i, void *user);
int via_config_read_network(struct via_json_ctx *c, json_object *o, size_t i, void *user);
void via_pf_config_finish(struct via_pf_config *p);
void via_network_config_finish(struct via_network_config *n);

/* config_vf.c */
extern const uint8_t via_config_default_prefix[3];
/* Put src over dst: what src says wins, halves of VLAN and rate one by one. Strings are borrowed.
 */
void via_vf_config_overlay(struct via_vf_config *dst, const struct via_vf_config *src);
/* A VF's layers put together; the layers count from 0 (PF defaults) over 1 + range. Strings belong
 * to the configuration. */
void via_vf_config_resolve(const struct via_config *c, const struct via_pf_config *pf,
	uint32_t index, struct via_vf_config *ret);

/* config_check.c: what no single entry can see. 0, -ENOMEM or VIA_REFUSED_INVALID (too many). */
int via_config_check(struct via_config_reader *rd);

#endif
