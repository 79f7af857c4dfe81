/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims by a line each, for the tests. */
#ifndef TEST_CLAIM_H
#define TEST_CLAIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/claim.h"

#define UUID_A "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
#define UUID_B "5dea22b3-1d52-d8f3-2516-782e98ab3fa1"

static inline void claims_cleanup(struct via_claims *c)
{
	via_claims_finish(c);
}
#define autoclaims __attribute__((cleanup(claims_cleanup))) struct via_claims

static inline struct via_addr addr_of(const char *s)
{
	struct via_addr a;

	assert_int_equal(via_addr_parse(s, &a), 0);
	return a;
}

static inline struct via_mac mac_of(const char *s)
{
	struct via_mac m;

	assert_int_equal(via_mac_parse(s, &m), 0);
	return m;
}

/* The name of a VM is that of its UUID's letter. pf NULL: a whole PF. mac NULL: none. */
static inline struct via_claim claim_of(
	const char *addr, const char *pf, const char *uuid, const char *mac)
{
	struct via_claim c = {.fn.addr = addr_of(addr),
		.fn.vendor = 0x8086,
		.fn.device = pf ? 0x10ca : 0x10c9,
		.managed = true,
		.whole = !pf,
		.since_us = 1000,
		.changed_us = 1000};

	if (pf) {
		c.fn.is_vf = true;
		c.fn.pf = addr_of(pf);
		c.fn.vf_index = (uint32_t)((c.fn.addr.dev - 16) * 4 + c.fn.addr.fn / 2);
	}
	snprintf(c.uuid, sizeof(c.uuid), "%s", uuid);
	snprintf(c.name, sizeof(c.name), "%s", !strcmp(uuid, UUID_A) ? "web" : "db");
	if (mac) {
		c.wanted.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC);
		c.wanted.mac = mac_of(mac);
	}
	return c;
}

/* Add one, and say which generation it got. */
static inline uint64_t add_claim(struct via_claims *c, struct via_claim claim)
{
	struct via_err err = {0};

	if (via_claims_add(c, &claim, 1, &err))
		fail_msg("%s", err.msg);
	return claim.generation;
}

static inline void assert_whole(const struct via_claims *c)
{
	struct via_err err = {0};

	if (via_claims_check(c, &err))
		fail_msg("%s", err.msg);
}

static inline void assert_answer(int r, int wanted, const struct via_err *err, const char *text)
{
	if (r != wanted || err->code != wanted || !strstr(err->msg, text))
		fail_msg("got %d (%d) \"%s\", wanted %d \"%s\"", r, err->code, err->msg, wanted,
			text);
}

#endif
