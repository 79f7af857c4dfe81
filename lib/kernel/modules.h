/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel modules (libkmod behind it): as struct via_kernel_ops says. */
#ifndef VIA_KERNEL_MODULES_H
#define VIA_KERNEL_MODULES_H

#include "kernel/kernel.h"

/*
 * root stands for "/". -ENOENT: there is no such module; -EPERM: modprobe.d has it disabled (a
 * blacklisted alias, an install command that loads nothing).
 */
int via_modules_load(int root, const char *name);
/* A blacklisted module comes last. Nothing is listed on a host without modules. */
int via_modules_lookup(const char *alias, via_list_fn *fn, void *user);
/* The same in a module folder and with modprobe.d folders (NULL-terminated); NULL: the host's. */
int via_modules_lookup_in(const char *dirname, const char *const *config, const char *alias,
	via_list_fn *fn, void *user);

/*
 * How specific a pattern of modules.alias is for an alias: the number of its wildcards, fewer being
 * more specific, or -1 when it does not match.
 */
int via_modules_match(const char *pattern, const char *alias);

#endif
