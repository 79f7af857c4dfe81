/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/report.h"

#include <stdlib.h>

#include "base/cleanup.h"

static const char *const state_names[] = {
	[VIA_STEP_PENDING] = "pending",
	[VIA_STEP_RUNNING] = "running",
	[VIA_STEP_DONE] = "done",
	[VIA_STEP_FAILED] = "failed",
	[VIA_STEP_UNDONE] = "undone",
	[VIA_STEP_SKIPPED] = "skipped",
};

const char *via_step_state_name(enum via_step_state s)
{
	return (unsigned int)s < VIA_ARRAY_SIZE(state_names) ? state_names[s] : "unknown";
}

void via_drifts_finish(struct via_drifts *d)
{
	free(d->list);
	*d = (struct via_drifts){0};
}
