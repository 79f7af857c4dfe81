/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When to look at the host again: uevents (after they have settled), the periodic comparison. */
#ifndef VIA_DAEMON_WATCH_H
#define VIA_DAEMON_WATCH_H

#include "context.h"
#include "look.h"

/* Listen to uevents, start the periodic comparison. 0 or a negated errno. */
int via_watch_start(struct via_daemon *d);
/* The configuration changed: its interval counts from now. */
void via_watch_reset(struct via_daemon *d);
void via_watch_stop(struct via_daemon *d);
/* Compare all managed PFs with what is. done may be NULL. */
void via_watch_look(struct via_daemon *d, void (*done)(struct via_look *l));
/* A function that was changed: read it soon, with others. */
void via_watch_dirty(struct via_daemon *d, struct via_addr addr);
/* Try to heal again at this time (via_now_ms). */
void via_watch_heal_at(struct via_daemon *d, int64_t when_ms);

#endif
