/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Being ready and coming to an end. */
#ifndef VIA_DAEMON_STOP_H
#define VIA_DAEMON_STOP_H

#include "context.h"

/* READY=1 once the first provisioning is over. */
void via_ready_check(struct via_daemon *d);
void via_ready_send(struct via_daemon *d);
/* Keep the status line of `systemctl status` true once READY=1 is out. */
void via_ready_tell(struct via_daemon *d);
/* The first scan; everything else follows from it. */
void via_first_look(struct via_daemon *d);

/* No new steps; leave the loop when the running ones are back, or the time is up. */
void via_stop(struct via_daemon *d);
void via_stop_check(struct via_daemon *d);

#endif
