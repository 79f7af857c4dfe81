/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the scan: collecting lifelines. */
#ifndef VIA_KERNEL_SCAN_LIFELINES_H
#define VIA_KERNEL_SCAN_LIFELINES_H

#include "kernel/scan_parts.h"

struct scan_lifes {
	struct scan *s;
	struct via_lifeline *list;
	size_t n, cap;
};

/* 0 or -ENOMEM; one that is there already is not added again. */
int scan_lifeline_add(
	struct scan_lifes *l, enum via_lifeline_kind kind, int ifindex, const char *detail);
/* The interface towards an address. */
int scan_lifeline_towards(
	struct scan_lifes *l, enum via_lifeline_kind kind, int family, const void *addr);

int scan_ssh(struct scan_lifes *l); /* scan_ssh.c */

#endif
