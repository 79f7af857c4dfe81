/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIA_DAEMON_RELOAD_H
#define VIA_DAEMON_RELOAD_H

#include "context.h"

/*
 * Read the configuration again and put it into force. On failure the old one stays and status says
 * what is wrong with the files. As via_config_load; VIA_REFUSED_CONFLICT: two entries match one PF
 * of this host.
 */
int via_reload(struct via_daemon *d, const char *cause, struct via_config_problems *problems,
	struct via_err *err);
/* The first time, before the host was read: a bad configuration is an empty one. */
int via_reload_first(struct via_daemon *d, struct via_err *err);

#endif
