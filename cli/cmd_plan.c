/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd_plan.h"
#include "doc.h"
#include "print.h"

json_object *cmd_plan_parameters(const struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();

	if (c->opt.recreate)
		via_json_add_bool(parameters, "recreate", true);
	cli_add_list(parameters, "disturb", &c->opt.disturb);
	via_json_add_str(parameters, "pf", n ? args[0] : NULL);
	return parameters;
}

static int run_plan(struct cli *c, char **args, size_t n)
{
	via_autojson *plan = NULL;
	int r;

	r = cli_call(c, CLI_READS, "GetPlan", cmd_plan_parameters(c, args, n), "plan", &plan);
	if (r)
		return r;
	r = c->opt.json ? cli_print_json(c, plan) : print_plan(c, plan);
	if (r)
		return r;
	if (doc_length(doc_array(plan, "steps")))
		return CLI_HAS_STEPS;
	return doc_length(doc_array(plan, "refusals")) ? CLI_REFUSED : CLI_OK;
}

static const struct cli_option plan_options[] = {CLI_OPTIONS_PLAN, {0}};

const struct cli_command cli_cmd_plan = {
	.name = "plan",
	.args = "[PF]",
	.summary = "Print the steps that apply would run",
	.about = "Every step in order: what it changes from what to what, why, what it costs those "
		 "who\n"
		 "use the device, and how it is undone when a later one fails. What is wanted and "
		 "will\n"
		 "not be done stands under \"Refused\" with the way out. Changes nothing.\n\n"
		 "PF, an address or the name of its net device, limits the plan to that one.",
	.examples = "viaduct plan\n"
		    "viaduct plan enp1s0f0\n"
		    "viaduct plan --recreate --disturb 0000:01:00.0",
	.exits = "0  nothing to do\n3  there are steps to run\n"
		 "4  no step to run, but something wanted is refused",
	.options = plan_options,
	.max_args = 1,
	.run = run_plan,
};
