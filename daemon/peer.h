/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a socket, and what that permits. */
#ifndef VIA_DAEMON_PEER_H
#define VIA_DAEMON_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* The two groups; looked up at the start and at each reload, as a look-up may block. */
struct via_groups {
	const char *read_name, *change_name;
	gid_t read, change;
	bool has_read, has_change;
};
void via_groups_lookup(struct via_groups *g);

struct via_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool may_read, may_change;
};

/*
 * Root, and whoever the daemon runs as (that user could control it anyway), may do all; members of
 * the change group read and change, members of the read group read. 0 or a negated errno.
 */
int via_peer_of(int fd, const struct via_groups *g, struct via_peer *ret);

#endif
