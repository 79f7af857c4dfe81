/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli.h"

static int run_help(struct cli *c, char **args, size_t n)
{
	const struct cli_command *command;

	if (!n) {
		cli_help_overview(c);
		return CLI_OK;
	}
	command = cli_command_find(args[0]);
	if (!command)
		return cli_usage(c, "there is no command \"%s\"", args[0]);
	cli_help_command(c, command);
	return CLI_OK;
}

const struct cli_command cli_cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "Tell about viaduct, or one of its commands",
	.examples = "viaduct help\nviaduct help plan",
	.exits = "0  told",
	.max_args = 1,
	.run = run_help,
};
