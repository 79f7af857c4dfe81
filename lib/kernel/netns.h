/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI net devices of the other network namespaces. */
#ifndef VIA_KERNEL_NETNS_H
#define VIA_KERNEL_NETNS_H

#include "kernel/kernel.h"

/*
 * Append to net->links (which holds ours, ascending by ifindex) the links of every other namespace
 * that sit on a PCI device: directly, or through IFLA_LINK on such a link of the same namespace
 * (lower_nsid -1) or of ours (lower_nsid 0 or above; links on a third namespace are left out).
 * Namespaces are those that /run/netns names or a process lives in; one that vanishes or may not be
 * entered is left out. Works in a thread of its own; the caller's namespace stays.
 * root stands for "/". 0, -ENOMEM, or what pthread_create said.
 */
int via_netns_add_links(int root, struct via_net *net);

#endif
