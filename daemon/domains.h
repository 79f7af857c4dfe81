/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt says, taken over on the main loop: the listing, the connection, what happened. */
#ifndef VIA_DAEMON_DOMAINS_H
#define VIA_DAEMON_DOMAINS_H

#include "context.h"

/* Begin to listen, when there is a libvirt at all. 0 or a negated errno. */
int via_domains_start(struct via_daemon *d);
/* false: its thread hangs in libvirt and was left there with all it uses. */
bool via_domains_stop(struct via_daemon *d);
/* Wish for a new listing; the answer begins a reconciliation. */
void via_domains_refresh(struct via_daemon *d);
/* The schema's type Libvirt. */
json_object *via_domains_json(const struct via_daemon *d);

#endif
