/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PFs whose device lock somebody else keeps: a `sriov_numvfs` written by hand that waits for a VF's
 * holder, a driver that hangs. sysfs gives no way to try that lock, and a thread that reads
 * sriov_numvfs or driver_override then waits without end and cannot be killed. So when a scan takes
 * too long, a thread of its own reads those attributes one after the other; where it stays, there
 * it is left: that function's PF is blocked until it comes back, and scans leave the PF alone.
 */
#ifndef VIA_DAEMON_STUCK_H
#define VIA_DAEMON_STUCK_H

#include "context.h"

struct via_look;

/* A scan was submitted: see to it that it comes back. */
void via_stuck_watch(struct via_daemon *d);
/* Fill in what a scan must leave alone now. 0 or -ENOMEM. */
int via_stuck_busy(const struct via_daemon *d, struct via_look *l);

#endif
