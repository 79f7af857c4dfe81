/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* Width of the left column of options and commands. */
#define LEFT 26

static void heading(const struct cli *c, const char *text)
{
	printf("\n%s%s%s\n", cli_color(c, CLI_BOLD), text, cli_color(c, CLI_PLAIN));
}

static void indented(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf(n ? "  %.*s\n" : "%.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void print_option(const struct cli_option *o)
{
	char left[64], letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s%s", letter, o->name,
		!o->value			 ? ""
		: o->kind == CLI_OPTION_OPTIONAL ? "[="
						 : " ",
		o->value ? o->value : "", o->kind == CLI_OPTION_OPTIONAL ? "]" : "");
	if (strlen(left) > LEFT)
		printf("  %s\n  %-*s  %s\n", left, LEFT, "", o->help);
	else
		printf("  %-*s  %s\n", LEFT, left, o->help);
}

static void print_options(const struct cli *c, const char *title, const struct cli_option *table)
{
	if (!table || !table->name)
		return;
	heading(c, title);
	for (; table->name; table++)
		print_option(table);
}

void cli_help_overview(const struct cli *c)
{
	printf("viaduct [OPTION]… COMMAND [ARGUMENT]…\n\n"
	       "Looks after SR-IOV virtual functions and passthrough devices, by way of "
	       "viaductd.\n");
	heading(c, "Commands");
	for (const struct cli_command *const *i = cli_commands; *i; i++)
		printf("  %-*s  %s\n", 10, (*i)->name, (*i)->summary);
	print_options(c, "Options", cli_global_options);
	heading(c, "Exit codes");
	indented("0  done; nothing to do\n"
		 "1  failed; check: a finding of severity error\n"
		 "2  the command line is wrong\n"
		 "3  plan: there are steps to run\n"
		 "4  plan, apply: nothing failed, but something wanted is refused\n"
		 "5  the daemon is not running, went away or did not answer\n"
		 "10 and above: refused; the table of reasons is in viaduct(1)");
	heading(c, "More");
	indented("viaduct COMMAND --help tells all about one command.\n"
		 "Reading is for root and the group viaduct, changing for root and viaduct-admin.");
}

void cli_help_command(const struct cli *c, const struct cli_command *command)
{
	printf("viaduct %s%s%s%s\n\n%s\n", command->name, command->options ? " [OPTION]…" : "",
		*command->args ? " " : "", command->args, command->summary);
	if (command->about) {
		putchar('\n');
		fputs(command->about, stdout);
		putchar('\n');
	}
	print_options(c, "Options", command->options);
	print_options(c, "Options of every command", cli_global_options);
	heading(c, "Examples");
	indented(command->examples);
	heading(c, "Exit codes");
	indented(command->exits);
	indented("1  failed\n"
		 "2  the command line is wrong\n"
		 "5  the daemon is not running, went away or did not answer\n"
		 "10 and above: refused; the table of reasons is in viaduct(1)");
}
