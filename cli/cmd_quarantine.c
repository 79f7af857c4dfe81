/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "doc.h"
#include "print.h"

static int quarantine_list(struct cli *c)
{
	json_object *parameters = json_object_new_object(), *states = json_object_new_array();
	via_autojson *reply = NULL;
	int r;

	json_object_array_add(states, json_object_new_string("quarantined"));
	json_object_object_add(parameters, "states", states);
	r = cli_call(c, CLI_READS, "ListClaims", parameters, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	return print_rows(c, PRINT_QUARANTINE, doc_array(reply, "claims"));
}

static int quarantine_clear(struct cli *c, const char *device)
{
	json_object *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	int r;

	via_json_add_str(parameters, "device", device);
	if (c->opt.force)
		via_json_add_bool(parameters, "force", true);
	r = cli_call(c, CLI_CHANGES, "ClearQuarantine", parameters, NULL, &reply);
	if (r)
		return r;
	return print_given_up(
		c, reply, "%s is free%s.\n", device, c->opt.force ? ", as it is" : " and clean");
}

static int run_quarantine(struct cli *c, char **args, size_t n)
{
	bool clear = !strcmp(args[0], "clear");

	if (!clear && strcmp(args[0], "list"))
		return cli_usage(c,
			"\"%s\" is not something to do with the quarantine; there are list and "
			"clear",
			args[0]);
	if (n > (clear ? 2u : 1u))
		return cli_usage(c, "quarantine %s does not take \"%s\"", args[0], args[n - 1]);
	if (clear && n < 2)
		return cli_usage(c, "quarantine clear needs DEVICE");
	if (clear && (c->opt.columns || c->opt.no_header))
		return cli_usage(c, "--columns and --no-header are for quarantine list");
	if (clear)
		return quarantine_clear(c, args[1]);
	if (c->opt.force)
		return cli_usage(c, "--force is for quarantine clear");
	if (print_rows_check(c, PRINT_QUARANTINE))
		return CLI_USAGE;
	return quarantine_list(c);
}

static const struct cli_option options[] = {
	{"force", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, force), 0, NULL,
		"clear: free it as it is, when nothing holds it"},
	{"columns", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, columns), 0, "NAME,…",
		"list: print these columns, in this order"},
	{"no-header", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, no_header), 0, NULL,
		"list: leave the names of the columns out"},
	{0},
};

const struct cli_command cli_cmd_quarantine = {
	.name = "quarantine",
	.args = "list | clear DEVICE",
	.summary = "Functions that did not come clean after their last owner",
	.about = "list prints each with its last VM, how often it was cleaned in vain, and what "
		 "is not\n"
		 "clean. Nobody gets such a function, and the daemon tries it again, ever more "
		 "slowly.\n"
		 "Columns are those of \"viaduct list claims\".\n\n"
		 "clear tries at once. With --force the function is free as it is, with whatever "
		 "its last\n"
		 "owner left on it; while somebody holds it that is refused, too.",
	.examples = "viaduct quarantine list\n"
		    "viaduct quarantine clear 0000:01:10.0\n"
		    "viaduct quarantine clear 0000:01:10.0 --force",
	.exits = "0  listed, be it nothing; clean and free\n"
		 "11 somebody holds it\n"
		 "16 it is not quarantined\n"
		 "29 it is not clean yet",
	.options = options,
	.min_args = 1,
	.max_args = 3,
	.changes = true,
	.run = run_quarantine,
};
