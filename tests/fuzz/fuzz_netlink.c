/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is what recvmsg gave: netlink messages, one behind the other. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/rtnl_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static int check_hop(const struct via_route *hop, uint32_t nh_id, void *user)
{
	(void)user;
	require(hop->family == AF_INET || hop->family == AF_INET6);
	require((hop->ifindex > 0) != (nh_id != 0));
	return 0;
}

static void check_link(const struct nlmsghdr *nlh)
{
	struct via_link l;

	if (via_rtnl_parse_link(nlh, &l) < 0)
		return;
	require(l.ifindex > 0 && l.name[0] && strlen(l.name) < sizeof(l.name));
	require(strlen(l.kind) < sizeof(l.kind) && strlen(l.parent) < sizeof(l.parent));
	require(l.master >= 0 && l.lower >= 0);
}

static void check_vfs(const struct nlmsghdr *nlh)
{
	struct via_vf_list l;
	int64_t last = -1;

	if (via_rtnl_parse_vfs(nlh, &l) < 0)
		return;
	require(l.complete == (l.n == l.num_vf));
	for (size_t i = 0; i < l.n; i++) {
		const struct via_vf_attrs *a = &l.vfs[i].attrs;

		require((int64_t)l.vfs[i].index > last && l.vfs[i].index < l.num_vf);
		last = l.vfs[i].index;
		require(!(a->known & ~VIA_ATTR_ALL));
		require(a->vlan <= 4095 && a->qos <= 7);
		require(a->vlan_proto == VIA_VLAN_PROTO_8021Q ||
			a->vlan_proto == VIA_VLAN_PROTO_8021AD);
		require(a->link_state <= VIA_LINK_DISABLE);
	}
	via_vf_list_finish(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1); /* aligned, and not a byte longer */
	const struct nlmsghdr *nlh;
	const uint8_t *p = copy;
	struct via_ifaddr addr;
	char extack[VIA_NL_EXTACK_MAX];
	int oif = 1;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	while ((nlh = via_nl_next(&p, &size))) {
		check_link(nlh);
		check_vfs(nlh);
		if (via_rtnl_parse_addr(nlh, &addr) == 0)
			require(addr.ifindex >= 0 && addr.prefix <= 128);
		via_rtnl_parse_route(nlh, check_hop, NULL);
		via_rtnl_parse_oif(nlh, &oif);
		require(oif > 0);
		require(via_nl_parse_error(nlh, extack, sizeof(extack)) <= 0);
		require(strlen(extack) < sizeof(extack));
	}
	free(copy);
	return 0;
}
