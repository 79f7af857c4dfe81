/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

static bool lookup(const char *name, gid_t *ret)
{
	struct group *g = name ? getgrnam(name) : NULL;

	if (!g)
		return false;
	*ret = g->gr_gid;
	return true;
}

void via_groups_lookup(struct via_groups *g)
{
	g->has_read = lookup(g->read_name, &g->read);
	g->has_change = lookup(g->change_name, &g->change);
}

/* SO_PEERGROUPS (Linux 4.13): ERANGE tells the size that is needed. */
static int peer_groups(int fd, gid_t **ret, size_t *ret_n)
{
	socklen_t len = 64 * sizeof(gid_t);
	gid_t *groups = malloc(len);

	if (!groups)
		return -ENOMEM;
	while (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0) {
		int e = errno;

		free(groups);
		if (e != ERANGE || len > GROUPS_MAX * sizeof(gid_t))
			return -e;
		groups = malloc(len);
		if (!groups)
			return -ENOMEM;
	}
	*ret = groups;
	*ret_n = len / sizeof(gid_t);
	return 0;
}

/* Without SO_PEERGROUPS: what the user database says. */
static int listed_groups(const struct via_peer *p, gid_t **ret, size_t *ret_n)
{
	struct passwd *pw = getpwuid(p->uid);
	int n = 256;
	gid_t *groups;

	if (!pw)
		return -ENOENT;
	groups = malloc((size_t)n * sizeof(gid_t));
	if (groups && getgrouplist(pw->pw_name, p->gid, groups, &n) < 0) {
		free(groups);
		groups = malloc((size_t)n * sizeof(gid_t));
		if (groups && getgrouplist(pw->pw_name, p->gid, groups, &n) < 0)
			n = 0;
	}
	if (!groups)
		return -ENOMEM;
	*ret = groups;
	*ret_n = (size_t)n;
	return 0;
}

static void grant(struct via_peer *p, const struct via_groups *g, gid_t gid)
{
	if (g->has_change && gid == g->change)
		p->may_change = true;
	if (p->may_change || (g->has_read && gid == g->read))
		p->may_read = true;
}

int via_peer_of(int fd, const struct via_groups *g, struct via_peer *ret)
{
	via_autofree gid_t *groups = NULL;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct via_peer p;
	size_t n = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	p = (struct via_peer){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
	if (p.uid == 0 || p.uid == geteuid()) {
		p.may_read = p.may_change = true;
	} else {
		grant(&p, g, p.gid);
		if (peer_groups(fd, &groups, &n) < 0)
			(void)listed_groups(&p, &groups, &n);
		for (size_t i = 0; i < n; i++)
			grant(&p, g, groups[i]);
	}
	*ret = p;
	return 0;
}
