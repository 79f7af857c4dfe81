/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the scan: processes. */
#ifndef VIA_KERNEL_SCAN_PROC_H
#define VIA_KERNEL_SCAN_PROC_H

#include "kernel/scan_parts.h"

/* Calls fn for every process; stops at and returns the first non-zero. */
int scan_proc_each(struct via_kernel *k, int (*fn)(int pid, void *user), void *user);
/* Calls fn for every descriptor of a process; 0 also when the process has ended. */
int scan_proc_fds(struct via_kernel *k, int pid, int (*fn)(int fd, void *user), void *user);
/* Its name, "" unknown. */
void scan_proc_comm(struct via_kernel *k, int pid, char *buf, size_t size);
/* Who it is: a QEMU guest by name and UUID, else a process by name. */
void scan_proc_who(struct via_kernel *k, struct via_arena *arena, int pid, struct via_holder *ret);

#endif
