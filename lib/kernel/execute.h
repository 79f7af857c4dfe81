/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Execute: run steps through the door and read back. Nothing is believed that was not read back.
 * Blocks as long as the kernel blocks: worker threads only.
 */
#ifndef VIA_KERNEL_EXECUTE_H
#define VIA_KERNEL_EXECUTE_H

#include "kernel/kernel.h"
#include "model/plan.h"
#include "model/report.h"

/*
 * Run n consecutive steps of one PF's queue. Adjacent VF_ATTRS steps go out as one batch. Before
 * each act: the identity of the PF and of the target is compared with the step's (MISMATCH),
 * UNBIND, BIND, RESET, NUM_VFS and VF_ATTRS with a MAC look for holders once more (IN_USE, or
 * UNSAFE_GROUP for a group member in use) and make sure that a VF target has its physfn and that
 * the target is no PF of the same address. Stops at the first failed step; results[] of the rest
 * say SKIPPED. Calls progress (may be NULL) with RUNNING before and with the final state after each
 * step. Returns the number of steps done. unsupported: attributes known not to be supported by this
 * PF (a mask); learnt ones are added.
 */
typedef void via_progress_fn(const struct via_step *s, const struct via_step_result *r, void *user);
size_t via_execute(struct via_kernel *k, const struct via_step *steps, size_t n,
	struct via_step_result *results, uint32_t *unsupported, via_progress_fn *progress,
	void *user);

/* Undo one done step (its undo value); the same guards. The result's state is UNDONE or FAILED. */
void via_execute_undo(struct via_kernel *k, const struct via_step *s, struct via_step_result *r);

/*
 * Set attributes of VFs of one PF: leaves out unsupported ones, one batch, reads back, finds out
 * per attribute what a refusal was about (one message an attribute for the VFs that failed),
 * learns. The engine behind VF_ATTRS. results[i] is for sets[i]. Retries EAGAIN and EBUSY with
 * back-off (at most 2 s in all).
 */
int via_execute_vf_attrs(struct via_kernel *k, int ifindex, const struct via_vf_set *sets, size_t n,
	struct via_attrs_result *results, struct via_vf_attrs *left, uint32_t *unsupported,
	struct via_err *err);

#endif
