/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What plan, apply, bind and unbind share. */
#ifndef VIA_CLI_CMD_PLAN_H
#define VIA_CLI_CMD_PLAN_H

#include "cli.h"

/* The parameters of GetPlan and Apply. */
json_object *cmd_plan_parameters(const struct cli *c, char **args, size_t n);
/* The exit code that an ApplyReport comes to. */
int cmd_report_exit(json_object *report);

#endif
