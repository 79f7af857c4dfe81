/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attributes of a VF that its PF administers, by one table. Everything that walks over
 * attributes (configuration, plan, netlink, JSON, drift) walks over VIA_VF_ATTRS.
 */
#ifndef VIA_MODEL_ATTRS_H
#define VIA_MODEL_ATTRS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/parse.h"

/* X(symbol, name in configuration and JSON). Order: the kernel's order of application
 * (net/core/rtnetlink.c, do_setvfinfo). */
#define VIA_VF_ATTRS(X)                                                                            \
	X(MAC, "mac")                                                                              \
	X(VLAN, "vlan") /* id, priority and protocol together: one kernel operation */             \
	X(RATE, "rate") /* min and max together: one kernel operation */                           \
	X(SPOOFCHK, "spoofchk")                                                                    \
	X(LINK_STATE, "link_state")                                                                \
	X(RSS_QUERY, "rss_query")                                                                  \
	X(TRUST, "trust")

enum via_vf_attr {
#define VIA_X(sym, name) VIA_VF_ATTR_##sym,
	VIA_VF_ATTRS(VIA_X)
#undef VIA_X
		VIA_VF_ATTR_COUNT
};
#define VIA_ATTR_BIT(a) (1u << (a))
#define VIA_ATTR_ALL	((1u << VIA_VF_ATTR_COUNT) - 1)
const char *via_vf_attr_name(enum via_vf_attr a);
int via_vf_attr_parse(const char *name, enum via_vf_attr *ret); /* 0 or -EINVAL */

enum via_link_state { VIA_LINK_AUTO, VIA_LINK_ENABLE, VIA_LINK_DISABLE };
const char *via_link_state_name(enum via_link_state s); /* "auto", "enable", "disable" */
extern const char *const via_link_state_names[];

#define VIA_VLAN_PROTO_8021Q  0x8100
#define VIA_VLAN_PROTO_8021AD 0x88a8

/* Values of a VF's attributes. Only those in `known` (VIA_ATTR_BIT) mean something. */
struct via_vf_attrs {
	uint32_t known;
	struct via_mac mac;   /* zero: none administered */
	uint16_t vlan;	      /* 0: none */
	uint8_t qos;	      /* 0 to 7 */
	uint16_t vlan_proto;  /* VIA_VLAN_PROTO_*, 802.1Q unless given */
	uint32_t min_tx_mbps; /* 0: no guarantee */
	uint32_t max_tx_mbps; /* 0: no limit */
	bool spoofchk, rss_query, trust;
	enum via_link_state link_state;
};

/* One VF as the kernel reports it. */
struct via_vf_state {
	uint32_t index;
	struct via_vf_attrs attrs;
};

/* Attributes known in `want` whose value in `have` differs or is not known, as a mask. */
uint32_t via_vf_attrs_diff(const struct via_vf_attrs *want, const struct via_vf_attrs *have);
/* Copy the attributes in mask from src to dst and mark them known. */
void via_vf_attrs_copy(struct via_vf_attrs *dst, const struct via_vf_attrs *src, uint32_t mask);
/* A value in words: "52:54:00:00:00:01", "100 (priority 3)", "0 to 500 Mbit/s", "on". */
const char *via_vf_attr_value(
	const struct via_vf_attrs *a, enum via_vf_attr which, char *buf, unsigned int size);

/* What became of one attribute after a step. */
enum via_attr_outcome {
	VIA_OUTCOME_NONE,	 /* was not asked for */
	VIA_OUTCOME_APPLIED,	 /* set and read back equal */
	VIA_OUTCOME_UNSUPPORTED, /* the driver has no such operation (EOPNOTSUPP) */
	VIA_OUTCOME_REFUSED,	 /* the driver has it and refused this value (EINVAL, EPERM, ERANGE,
				    EPROTONOSUPPORT…) */
	VIA_OUTCOME_FAILED,	 /* anything else, or accepted and read back different */
};
const char *via_attr_outcome_name(enum via_attr_outcome o); /* "none", "applied", … */

struct via_attr_result {
	enum via_attr_outcome outcome;
	int error;	 /* positive errno, 0 for none */
	char extack[96]; /* the kernel's own words, "" none */
};

struct via_attrs_result {
	struct via_attr_result attr[VIA_VF_ATTR_COUNT];
};

#endif
