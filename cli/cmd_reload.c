/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "doc.h"
#include "print.h"

static int run_reload(struct cli *c, char **args, size_t n)
{
	via_autojson *reply = NULL;
	json_object *files;
	int r;

	(void)args;
	(void)n;
	r = cli_call(c, CLI_CHANGES, "Reload", NULL, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	files = doc_array(reply, "config_files");
	if (!doc_length(files))
		printf("There is no configuration file; the built-in defaults are in force.\n");
	for (size_t i = 0; i < doc_length(files); i++)
		printf("%s\n", doc_word_at(files, i));
	return 0;
}

const struct cli_command cli_cmd_reload = {
	.name = "reload",
	.args = "",
	.summary = "Have the daemon read its configuration again",
	.about = "Prints the files that were read. When they are not valid every problem is "
		 "printed with\n"
		 "its file and line, and the configuration before stays in force.",
	.examples = "viaduct reload",
	.exits = "0  read, and in force\n19 not valid; nothing changed",
	.changes = true,
	.run = run_reload,
};
