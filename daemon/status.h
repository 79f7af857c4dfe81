/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer of GetStatus: made once per change, sent many times. */
#ifndef VIA_DAEMON_STATUS_H
#define VIA_DAEMON_STATUS_H

#include "context.h"

/* The whole reply, a new reference; NULL out of memory. */
struct via_text *via_status_reply(struct via_daemon *d);
/* Every managed, present PF is as configured. */
bool via_status_ready(const struct via_daemon *d);

#endif
