/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "doc.h"
#include "print.h"

static int on_reply(struct cli *c, json_object *reply, void *user)
{
	json_object *event = doc_object(reply, "event");

	(void)user;
	if (!event)
		return 0; /* the daemon saying that it listens */
	if (c->opt.json)
		return cli_print_json_line(event);
	print_event(c, event);
	return fflush(stdout) == 0 ? 0 : CLI_FAILED;
}

static int run_monitor(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();

	(void)args;
	(void)n;
	cli_add_list(parameters, "types", &c->opt.types);
	return cli_call_more(c, "Monitor", parameters, on_reply, NULL);
}

static const struct cli_option options[] = {
	{"type", 0, CLI_OPTION_LIST, offsetof(struct cli_options, types), 0, "TYPE",
		"only events of this type; may be given again"},
	{0},
};

const struct cli_command cli_cmd_monitor = {
	.name = "monitor",
	.args = "",
	.summary = "Print what happens, and why, until interrupted",
	.about = "One line an event: time, type, device, what happened, and what set it off. With "
		 "--json\n"
		 "one document a line.\n\n"
		 "Types: ready device_added device_removed device_changed plan_started "
		 "step_started\n"
		 "step_done step_failed step_undone plan_done drift_found drift_gone drift_healed "
		 "blocked\n"
		 "unblocked config_loaded config_refused bound unbound refusal claimed released "
		 "quarantined\n"
		 "contradiction contradiction_gone drain libvirt lost. \"lost\" says that this "
		 "reader was too\n"
		 "slow and how many events it missed.",
	.examples = "viaduct monitor\n"
		    "viaduct monitor --type drift_found --type drift_gone\n"
		    "viaduct monitor --type claimed --type released --type quarantined\n"
		    "viaduct --json monitor | jq -c '{type, target, cause}'",
	.exits = "0  the daemon ended the subscription",
	.options = options,
	.run = run_monitor,
};
