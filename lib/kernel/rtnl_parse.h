/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink answers into the door's structures, without sockets. Every function may read
 * nlh->nlmsg_len bytes (via_nl_next has seen to that) and reads no others; what is malformed is
 * skipped or -EBADMSG.
 */
#ifndef VIA_KERNEL_RTNL_PARSE_H
#define VIA_KERNEL_RTNL_PARSE_H

#include "kernel/kernel.h"
#include "kernel/linux_nl.h"

/* RTM_NEWLINK. -EBADMSG: no link (other type, no header, no index, no name). */
int via_rtnl_parse_link(const struct nlmsghdr *nlh, struct via_link *ret);
/* RTM_NEWADDR of IPv4 or IPv6; -EBADMSG for anything else. */
int via_rtnl_parse_addr(const struct nlmsghdr *nlh, struct via_ifaddr *ret);

/* Called per next hop. nh_id: not 0 when only a next hop object is named (ifindex is 0 then). */
typedef int via_rtnl_hop_fn(const struct via_route *hop, uint32_t nh_id, void *user);
/* RTM_NEWROUTE: calls fn for each next hop of a unicast default route, for nothing else. Stops at
 * and returns the first non-zero. */
int via_rtnl_parse_route(const struct nlmsghdr *nlh, via_rtnl_hop_fn *fn, void *user);
/* RTM_NEWROUTE as the answer to a look-up: the outgoing interface, or -EBADMSG. */
int via_rtnl_parse_oif(const struct nlmsghdr *nlh, int *ret);

/*
 * RTM_NEWLINK with RTEXT_FILTER_VF. 0 and *ret (caller finishes), -EBADMSG, -ENOMEM.
 * An attribute that the driver does not report, or that makes no sense, stays out of `known`.
 */
int via_rtnl_parse_vfs(const struct nlmsghdr *nlh, struct via_vf_list *ret);

#endif
