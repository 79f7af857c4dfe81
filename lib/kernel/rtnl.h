/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink behind the door: what struct via_kernel_ops promises, in this network namespace. */
#ifndef VIA_KERNEL_RTNL_H
#define VIA_KERNEL_RTNL_H

#include "kernel/kernel.h"
#include "kernel/linux_nl.h"

/* Links (ascending by ifindex), addresses and default routes of this namespace. */
int via_rtnl_get_net(struct via_net *ret, struct via_err *err);
int via_rtnl_route_to(int family, const void *addr, int *ret_ifindex);
int via_rtnl_set_link(int ifindex, const struct via_link_set *set, struct via_err *err);
int via_rtnl_get_vfs(int ifindex, struct via_vf_list *ret, struct via_err *err);
int via_rtnl_set_vfs(int ifindex, struct via_vf_set *sets, size_t n, struct via_err *err);

/* With every attribute, 802.1ad among them, a message takes 168 bytes. */
#define VIA_RTNL_VF_MESSAGE_MAX 256
/* Writes the RTM_SETLINK for one VF (aligned as struct nlmsghdr) and returns its length. */
size_t via_rtnl_put_vf(void *buf, int ifindex, uint32_t seq, const struct via_vf_set *set);

/* The links of the namespace nl was opened in, ascending by ifindex. Caller frees *ret. */
int via_rtnl_dump_links(struct via_nl *nl, struct via_link **ret, size_t *ret_n);

#endif
