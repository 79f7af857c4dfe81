/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the fake: "key=value" fields of the manifest, read and written by one table. */
#ifndef VIA_TESTS_FAKE_KV_H
#define VIA_TESTS_FAKE_KV_H

#include "fake/state.h"

enum fake_kv_kind {
	FAKE_KV_FLAG, /* bool: present or not */
	FAKE_KV_BOOL, /* bool: 0 or 1 */
	FAKE_KV_U32,
	FAKE_KV_I32,
	FAKE_KV_STR, /* char[size] */
	FAKE_KV_MAC,
	FAKE_KV_ATTRS, /* uint32_t mask: attribute names with commas */
	FAKE_KV_VLAN,
	FAKE_KV_RATE,
	FAKE_KV_LINK_STATE, /* of struct via_vf_attrs, base is it */
	FAKE_KV_MATCH,	    /* char *[4] */
};

struct fake_kv {
	const char *key;
	enum fake_kv_kind kind;
	size_t offset, size;
	size_t has;	/* offset of a bool plus 1; 0: none */
	bool always;	/* written when zero too */
	uint32_t known; /* bit of a leading uint32_t mask that says it is there; 0: none */
};

extern const struct fake_kv fake_kv_netdev[], fake_kv_vf[], fake_kv_pf[], fake_kv_driver[];

/* rest: fields with spaces between. -EINVAL and err. */
int fake_kv_parse(const struct fake_kv *table, void *base, char *rest, struct via_err *err);
/* " key=value" for all that is not its zero. */
void fake_kv_print(const struct fake_kv *table, const void *base, FILE *out);

/* Cut the first field off *rest (unescaped in place); NULL when none is left. */
char *fake_field(char **rest);
/* Unescape in place; the length, or -1. */
ssize_t fake_unescape(char *s);
void fake_escape(FILE *out, const char *s, size_t len, bool spaces);
/* "EINVAL" or a number; -1 for neither. */
int fake_errno_parse(const char *s);
const char *fake_errno_name(int error, char buf[16]);

#endif
