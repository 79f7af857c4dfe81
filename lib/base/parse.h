/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict parsers: the whole string must be the value; no leading or trailing space, no sign where
 * none is meant, no overflow. All return 0 or -EINVAL (-ERANGE for a number out of [min, max]) and
 * leave the output untouched on failure.
 */
#ifndef VIA_BASE_PARSE_H
#define VIA_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal. */
int via_parse_int(const char *s, int64_t min, int64_t max, int64_t *ret);
/* Hexadecimal, with or without 0x. */
int via_parse_hex(const char *s, uint64_t max, uint64_t *ret);

/* PCI address. The text form is DDDD:BB:DD.F (lower case hex; a domain may need more digits). */
struct via_addr {
	uint32_t domain;
	uint8_t bus, dev, fn;
};
#define VIA_ADDR_STR_MAX 20
/* Accepts the full form and the short one without a domain (domain 0). */
int via_addr_parse(const char *s, struct via_addr *ret);
/* Writes into buf and returns buf. */
const char *via_addr_str(struct via_addr a, char buf[VIA_ADDR_STR_MAX]);
/* Order by domain, bus, device, function: below 0, 0, above 0. */
int via_addr_cmp(struct via_addr a, struct via_addr b);
static inline bool via_addr_eq(struct via_addr a, struct via_addr b)
{
	return via_addr_cmp(a, b) == 0;
}
static inline bool via_addr_is_none(struct via_addr a)
{
	return !a.domain && !a.bus && !a.dev && !a.fn;
}
/* For printf: via_addr_fmt(a) lives until the end of the enclosing block. */
#define via_addr_fmt(a) via_addr_str((a), (char[VIA_ADDR_STR_MAX]){0})

/* Ethernet address; text form xx:xx:xx:xx:xx:xx, lower case. */
struct via_mac {
	uint8_t b[6];
};
#define VIA_MAC_STR_MAX 18
int via_mac_parse(const char *s, struct via_mac *ret);
const char *via_mac_str(struct via_mac m, char buf[VIA_MAC_STR_MAX]);
bool via_mac_eq(struct via_mac a, struct via_mac b);
bool via_mac_is_zero(struct via_mac m);
/* Usable as an interface's address: not zero, not multicast. */
bool via_mac_is_unicast(struct via_mac m);
#define via_mac_fmt(m) via_mac_str((m), (char[VIA_MAC_STR_MAX]){0})

/* Shell pattern (*, ?, [set]) against a whole name; fnmatch(3) without flags. */
bool via_glob_match(const char *pattern, const char *name);

#endif
