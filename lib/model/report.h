/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of steps, and what differs from what is wanted. */
#ifndef VIA_MODEL_REPORT_H
#define VIA_MODEL_REPORT_H

#include "model/plan.h"

enum via_step_state {
	VIA_STEP_PENDING,
	VIA_STEP_RUNNING,
	VIA_STEP_DONE, /* acted and read back as wanted (unsupported attributes are reported, not
			  failed) */
	VIA_STEP_FAILED,
	VIA_STEP_UNDONE,  /* done, then undone because a later step of its plan failed */
	VIA_STEP_SKIPPED, /* not run because an earlier one failed */
};
const char *via_step_state_name(enum via_step_state s); /* "pending", "running", "done", … */

struct via_step_result {
	uint32_t id;
	enum via_step_state state;
	int code;		       /* 0, a negated errno or an enum via_refusal */
	char message[512];	       /* what went wrong, what it left, and the fix */
	struct via_attrs_result attrs; /* VF_ATTRS */
	struct via_vf_attrs left;      /* VF_ATTRS: what the VF has now */
	uint32_t took_ms;
};

/* One difference between wanted and found (schemas: Drift). */
struct via_drift {
	struct via_addr pf, target;
	uint32_t vf_index;
	bool has_vf;
	char what[32]; /* "vlan", "driver", "num_vfs", "autoprobe", "pf_mtu", "present" … */
	char wanted[64], found[64];
	int64_t since_us; /* CLOCK_REALTIME; the daemon keeps the first sight */
	bool heal;	  /* the configuration says that it is set again */
	bool unsupported; /* cannot be brought about on this driver: listed, never healed */
};
struct via_drifts {
	size_t n;
	struct via_drift *list; /* ascending by pf, vf_index, what */
};
void via_drifts_finish(struct via_drifts *d);

/*
 * Pure comparison of wanted and found for every managed PF, verify-only ones too. 0, or
 * VIA_REFUSED_CONFLICT as via_plan_make.
 */
int via_drift_compare(const struct via_inventory *inv, const struct via_config *config,
	const struct via_plan_options *opt, struct via_drifts *ret, struct via_err *err);

#endif
