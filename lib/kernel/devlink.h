/* SPDX-License-Identifier: GPL-2.0-or-later */
/* devlink over generic netlink: the eswitch of a PF. As struct via_kernel_ops says. */
#ifndef VIA_KERNEL_DEVLINK_H
#define VIA_KERNEL_DEVLINK_H

#include "kernel/kernel.h"

int via_devlink_get_eswitch(struct via_addr pf, char *buf, size_t size);
int via_devlink_set_eswitch(struct via_addr pf, const char *mode, struct via_err *err);

#endif
