/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times, and small things that several modules need. */
#ifndef VIA_DAEMON_UTIL_H
#define VIA_DAEMON_UTIL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "model/claim.h"
#include "model/config.h"
#include "model/inventory.h"

#define VIA_TIME_STR_MAX 32
/* CLOCK_REALTIME in microseconds. */
int64_t via_now_us(void);
/* RFC 3339, UTC, to the millisecond: "2024-05-01T12:00:00.123Z". Returns buf. */
const char *via_time_str(int64_t us, char buf[VIA_TIME_STR_MAX]);
#define via_time_fmt(us) via_time_str((us), (char[VIA_TIME_STR_MAX]){0})

/* Inventory and configuration are immutable and cross threads: counted, the last one frees. */
struct via_inv_ref {
	atomic_uint refs;
	struct via_inventory *inv;
};
/* Takes inv over, also on failure (NULL: out of memory). */
struct via_inv_ref *via_inv_ref_create(struct via_inventory *inv);
struct via_inv_ref *via_inv_ref(struct via_inv_ref *r); /* takes NULL */
void via_inv_unref(struct via_inv_ref *r);		/* takes NULL */

struct via_config_ref {
	atomic_uint refs;
	struct via_config *config;
};
struct via_config_ref *via_config_ref_create(struct via_config *c);
struct via_config_ref *via_config_ref(struct via_config_ref *r);
void via_config_unref(struct via_config_ref *r);

/* Claims as they stood at a moment, for a thread. */
struct via_claims_ref {
	atomic_uint refs;
	struct via_claims claims;
};
/* A copy; NULL out of memory. */
struct via_claims_ref *via_claims_ref_create(const struct via_claims *c);
struct via_claims_ref *via_claims_ref(struct via_claims_ref *r); /* takes NULL */
void via_claims_unref(struct via_claims_ref *r);		 /* takes NULL */

/*
 * What people call a device: an address, an interface's name, or "PF/N" for VF N of a PF. NULL for
 * none.
 */
const struct via_device *via_resolve(const struct via_inventory *inv, const char *what);
/* The queue a device's steps run on: its PF, or itself. */
struct via_addr via_lane_of(const struct via_inventory *inv, struct via_addr addr);

#endif
