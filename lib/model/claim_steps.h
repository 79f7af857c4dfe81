/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to claim_plan.c and claim_release.c: a plan of a claim's steps while it is made. */
#ifndef VIA_MODEL_CLAIM_STEPS_H
#define VIA_MODEL_CLAIM_STEPS_H

#include "model/alloc.h"
#include "model/plan_build.h"

/* The PF is set up when it is down, once a plan. why: "claimed". */
void via_claim_step_up(struct via_planner *p, const struct via_device *pf, const char *why);
/* A VF_ATTRS step without undo, its reason still to be said. */
struct via_step *via_claim_attrs_step(
	struct via_planner *p, const struct via_device *dev, const struct via_vf_attrs *set);

#endif
