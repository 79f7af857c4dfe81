/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to execute: one step's act, the guards before it, and what they share. */
#ifndef VIA_KERNEL_EXECUTE_PARTS_H
#define VIA_KERNEL_EXECUTE_PARTS_H

#include <stdio.h>

#include "kernel/execute.h"

#define EXECUTE_PATH_MAX 256

/* "sys/bus/pci/devices/ADDR/ATTR"; lives until the end of the enclosing block. */
const char *via_execute_path(struct via_addr a, const char *attr, char buf[EXECUTE_PATH_MAX]);
#define DEVICE_PATH(addr, attr) via_execute_path((addr), (attr), (char[EXECUTE_PATH_MAX]){0})

/* Sleeps a little; false once the time is over. Start with *waited_ms 0. */
bool via_execute_wait(unsigned int *waited_ms, unsigned int limit_ms);

/* The net device that speaks for a function in our namespace, copied. -ENODEV and err. */
int via_execute_link(
	struct via_kernel *k, struct via_addr a, struct via_link *ret, struct via_err *err);
/* One of ours by index. -ENODEV. */
int via_execute_link_at(
	struct via_kernel *k, int ifindex, struct via_link *ret, struct via_err *err);

/* Everything that must still hold right before the step acts: the PF is the card that was meant;
 * the target is the function that was meant and nobody holds it. 0, a refusal or an errno. */
int via_execute_guard_pf(struct via_kernel *k, const struct via_step *s, struct via_err *err);
int via_execute_guard_target(struct via_kernel *k, const struct via_step *s, struct via_err *err);
/* Nobody holds any VF of the PF. IN_USE names the holder. */
int via_execute_vfs_unheld(struct via_kernel *k, struct via_addr pf, struct via_err *err);

/* One step that is no VF_ATTRS: act and read back. */
int via_execute_act(struct via_kernel *k, const struct via_step *s, struct via_err *err);

/* sriov_numvfs; -ENOENT when it is no PF. */
int via_execute_num_vfs(struct via_kernel *k, struct via_addr pf, uint32_t *ret);
int via_execute_set_num_vfs(struct via_kernel *k, const struct via_step *s, struct via_err *err);

#endif
