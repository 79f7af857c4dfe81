/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cmd_plan.h"
#include "doc.h"
#include "print.h"

/* Only one device was meant: why it was refused, in the plan or by its step, is the answer. */
static int report_exit(json_object *report)
{
	json_object *refusals = doc_array(doc_object(report, "plan"), "refusals");
	json_object *results = doc_array(report, "results");
	const char *code = doc_text(doc_at(refusals, 0), "code");
	int r = cmd_report_exit(report);

	if (r == CLI_OK)
		return r;
	for (size_t i = 0; i < doc_length(results); i++)
		if (!strcmp(doc_word(doc_at(results, i), "state"), "failed"))
			code = doc_text(doc_at(results, i), "code");
	return code ? via_refusal_exit(via_refusal_from_code(code)) : CLI_FAILED;
}

static int call_and_print(struct cli *c, const char *method, json_object *parameters)
{
	via_autojson *report = NULL;
	json_object *plan, *results;
	int r;

	cli_add_list(parameters, "disturb", &c->opt.disturb);
	r = cli_call(c, CLI_CHANGES, method, parameters, "report", &report);
	if (r)
		return r;
	plan = doc_object(report, "plan");
	results = doc_array(report, "results");
	if (c->opt.json) {
		r = cli_print_json(c, report);
	} else {
		for (size_t i = 0; i < doc_length(results); i++)
			print_progress(c, plan, doc_at(results, i));
		r = print_report(c, report);
	}
	return r ? r : report_exit(report);
}

static int run_bind(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();

	(void)n;
	via_json_add_str(parameters, "device", args[0]);
	via_json_add_str(parameters, "driver", c->opt.driver);
	if (c->opt.persistent)
		via_json_add_bool(parameters, "persistent", true);
	return call_and_print(c, "Bind", parameters);
}

static int run_unbind(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();

	(void)n;
	via_json_add_str(parameters, "device", args[0]);
	return call_and_print(c, "Unbind", parameters);
}

static const struct cli_option bind_options[] = {
	{"driver", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, driver), 0, "DRIVER",
		"this driver, not the device's variant of vfio-pci, or vfio-pci"},
	{"persistent", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, persistent), 0, NULL,
		"bind it again after each boot, until unbind"},
	CLI_OPTION_DISTURB,
	{0},
};

const struct cli_command cli_cmd_bind = {
	.name = "bind",
	.args = "DEVICE",
	.summary = "Take a device for passthrough (DirectPath)",
	.about = "Takes the device from its driver and gives it to vfio, where a VM can have it "
		 "whole.\n"
		 "Refused, with the holder's name, when somebody uses the device, when its IOMMU "
		 "group\n"
		 "holds a device of another owner, and when it carries the host's network. What "
		 "fails\n"
		 "half-way is rolled back.",
	.examples = "viaduct bind 0000:03:00.0\n"
		    "viaduct bind 0000:03:00.0 --persistent\n"
		    "viaduct bind 0000:03:00.0 --driver mlx5_vfio_pci",
	.exits = "0  bound",
	.options = bind_options,
	.min_args = 1,
	.max_args = 1,
	.changes = true,
	.run = run_bind,
};

static const struct cli_option unbind_options[] = {CLI_OPTION_DISTURB, {0}};

const struct cli_command cli_cmd_unbind = {
	.name = "unbind",
	.args = "DEVICE",
	.summary = "Give a device back to the driver it had",
	.about = "The way back from bind: the driver the device had, or the host's own, and no "
		 "binding at\n"
		 "the next boot. Refused when a VM or a process still uses the device.",
	.examples = "viaduct unbind 0000:03:00.0",
	.exits = "0  given back",
	.options = unbind_options,
	.min_args = 1,
	.max_args = 1,
	.changes = true,
	.run = run_unbind,
};
