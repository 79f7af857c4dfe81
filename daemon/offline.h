/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What viaductd does without being a daemon. Each returns an exit status. */
#ifndef VIA_DAEMON_OFFLINE_H
#define VIA_DAEMON_OFFLINE_H

#include "kernel/kernel.h"
#include "options.h"

int via_offline_check_config(const char *path, bool json);
/* k stays the caller's. */
int via_offline_print(struct via_kernel *k, const struct via_options *o);

#endif
