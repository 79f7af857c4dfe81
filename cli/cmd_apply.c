/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd_plan.h"
#include "doc.h"
#include "print.h"
#include "words.h"

struct apply {
	json_object *plan, *report; /* own references; NULL until they came */
};

static void apply_finish(struct apply *a)
{
	json_object_put(a->plan);
	json_object_put(a->report);
}

int cmd_report_exit(json_object *report)
{
	json_object *plan = doc_object(report, "plan");

	if (doc_number(report, "failed", 0) > 0 || doc_number(report, "undone", 0) > 0 ||
		doc_number(report, "skipped", 0) > 0)
		return CLI_FAILED;
	return doc_length(doc_array(plan, "refusals")) ? CLI_REFUSED : CLI_OK;
}

static void keep(json_object **place, json_object *o)
{
	if (!o)
		return;
	json_object_put(*place);
	*place = json_object_get(o);
}

static int on_reply(struct cli *c, json_object *reply, void *user)
{
	struct apply *a = user;
	json_object *progress = doc_object(reply, "progress");

	keep(&a->plan, doc_object(reply, "plan"));
	keep(&a->report, doc_object(reply, "report"));
	/* An output that nobody reads any more is no reason to stop listening: the exit code
	 * counts. */
	if (c->opt.json && c->opt.progress)
		(void)cli_print_json_line(reply);
	else if (!c->opt.json && progress)
		print_progress(c, a->plan, progress);
	return 0;
}

static int run_apply(struct cli *c, char **args, size_t n)
{
	__attribute__((cleanup(apply_finish))) struct apply a = {0};
	int r;

	r = cli_call_more(c, "Apply", cmd_plan_parameters(c, args, n), on_reply, &a);
	if (r)
		return r;
	if (!a.report)
		return cli_fail(c, CLI_FAILED, "viaductd ended the apply without a report");
	if (!c->opt.json)
		r = print_report(c, a.report);
	else if (!c->opt.progress)
		r = cli_print_json(c, a.report);
	return r ? r : cmd_report_exit(a.report);
}

static const struct cli_option apply_options[] = {
	CLI_OPTIONS_PLAN,
	{"progress", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, progress), 0, NULL,
		"with --json: every reply as it comes, one a line"},
	{0},
};

const struct cli_command cli_cmd_apply = {
	.name = "apply",
	.args = "[PF]",
	.summary = "Run the plan",
	.about = "Runs the very steps that plan prints with the same options, and reads back what "
		 "each\n"
		 "one set. Per attribute the outcome is applied, unsupported (the driver cannot do "
		 "it;\n"
		 "no failure), refused (the kernel did not take the value; its words are printed) "
		 "or\n"
		 "failed. When a step fails, those of its PF after it are skipped and what the "
		 "plan says\n"
		 "is undone.\n\n"
		 "The daemon runs the plan: it goes on when this command is interrupted.",
	.examples = "viaduct apply\n"
		    "viaduct apply --recreate enp1s0f0\n"
		    "viaduct --json apply | jq '.results[] | select(.state != \"done\")'",
	.exits = "0  all done, or nothing to do\n"
		 "1  a step failed\n"
		 "4  nothing failed, but something wanted is refused",
	.options = apply_options,
	.max_args = 1,
	.changes = true,
	.run = run_apply,
};
