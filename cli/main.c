/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

const struct cli_command *const cli_commands[] = {
	&cli_cmd_status,
	&cli_cmd_list,
	&cli_cmd_show,
	&cli_cmd_inventory,
	&cli_cmd_check,
	&cli_cmd_plan,
	&cli_cmd_apply,
	&cli_cmd_bind,
	&cli_cmd_unbind,
	&cli_cmd_claim,
	&cli_cmd_release,
	&cli_cmd_adopt,
	&cli_cmd_quarantine,
	&cli_cmd_drain,
	&cli_cmd_monitor,
	&cli_cmd_config,
	&cli_cmd_reload,
	&cli_cmd_help,
	NULL,
};

const struct cli_command *cli_command_find(const char *name)
{
	for (const struct cli_command *const *i = cli_commands; *i; i++)
		if (!strcmp((*i)->name, name))
			return *i;
	return NULL;
}

static int unknown_command(const struct cli *c, const char *name)
{
	const char *names[VIA_ARRAY_SIZE(cli_commands)] = {0};
	const char *near;

	for (size_t i = 0; cli_commands[i]; i++)
		names[i] = cli_commands[i]->name;
	near = via_json_nearest(name, names);
	if (near)
		return cli_usage(c, "there is no command \"%s\"; did you mean \"%s\"?", name, near);
	return cli_usage(c, "there is no command \"%s\"", name);
}

static void decide_colors(struct cli *c)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	c->tty = isatty(STDOUT_FILENO);
	c->color = c->tty && !c->opt.no_color && !(no_color && *no_color) && term &&
		   strcmp(term, "dumb");
}

/* What every command obeys; *done when nothing is left to run. */
static int obey_globals(struct cli *c, bool *done)
{
	decide_colors(c);
	*done = c->opt.help || c->opt.version;
	if (c->opt.version)
		printf("viaduct %s\n", viaduct_version());
	else if (c->opt.help && c->command)
		cli_help_command(c, c->command);
	else if (c->opt.help)
		cli_help_overview(c);
	if (*done || !c->opt.timeout)
		return 0;
	c->has_timeout = true;
	return cli_seconds(c, "timeout", c->opt.timeout, &c->timeout_ms);
}

static int check_args(const struct cli *c, char **args, size_t n)
{
	if (n < c->command->min_args)
		return cli_usage(c, "%s needs %s", c->command->name, c->command->args);
	if (n > c->command->max_args)
		return cli_usage(
			c, "%s does not take \"%s\"", c->command->name, args[c->command->max_args]);
	return 0;
}

static int run(struct cli *c, char **args, size_t n)
{
	bool done = false;
	int r;

	r = cli_options_parse(c, NULL, true, args, &n);
	if (r)
		return r;
	if (n > 0) {
		c->command = cli_command_find(args[0]);
		if (!c->command)
			return unknown_command(c, args[0]);
		args++;
		n--;
		r = cli_options_parse(c, c->command->options, false, args, &n);
		if (r)
			return r;
	}
	r = obey_globals(c, &done);
	if (r || done)
		return r;
	if (!c->command)
		return cli_usage(c, "which command?");
	r = check_args(c, args, n);
	return r ? r : c->command->run(c, args, n);
}

/*
 * A descriptor from 0 to 2 that came closed would be given to the next socket, and the output sent
 * to the daemon. Opened for reading alone, writing to it still fails and is reported.
 */
static void keep_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			_exit(CLI_FAILED);
}

int main(int argc, char **argv)
{
	struct cli c = {0};
	int code;

	keep_standard_descriptors();
	setlocale(LC_CTYPE, "");
	/* An apply whose output nobody reads still runs to its end and says by its exit how it
	 * went. */
	signal(SIGPIPE, SIG_IGN);
	code = run(&c, argv + 1, argc > 0 ? (size_t)(argc - 1) : 0);
	viaduct_close(c.v);
	code = cli_finish_output(code);
	cli_list_finish(&c.opt.disturb);
	cli_list_finish(&c.opt.types);
	cli_list_finish(&c.opt.states);
	return code;
}
