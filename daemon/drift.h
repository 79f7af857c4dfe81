/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drift: what differs from the configuration although nobody is at it. A difference counts once it
 * was seen twice with the debounce time between; a PF with a session is not compared. Healing sets
 * again what the configuration says may be healed, with growing pauses and a last try.
 */
#ifndef VIA_DAEMON_DRIFT_H
#define VIA_DAEMON_DRIFT_H

#include "context.h"
#include "model/report.h"

#define VIA_HEAL_TRIES 5

/* A scan's comparison; the daemon's lists become that. */
void via_drift_take(struct via_daemon *d, const struct via_drifts *found);
/* Begin healing where it is due. */
void via_drift_heal(struct via_daemon *d);
struct via_pf;
/* Is this step the healing of a confirmed difference of its PF, and for which attributes? */
bool via_drift_wants(const struct via_pf *pf, const struct via_step *s, uint32_t *attrs);
#endif
