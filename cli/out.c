/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

const char *cli_color(const struct cli *c, enum cli_color color)
{
	static const char *const sequences[] = {
		[CLI_PLAIN] = "\033[0m",
		[CLI_BOLD] = "\033[1m",
		[CLI_DIM] = "\033[2m",
		[CLI_RED] = "\033[31m",
		[CLI_GREEN] = "\033[32m",
		[CLI_YELLOW] = "\033[33m",
	};

	return c->color ? sequences[color] : "";
}

static int print_with(json_object *o, int flags)
{
	const char *s = json_object_to_json_string_ext(o, flags | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!s || puts(s) == EOF)
		return CLI_FAILED;
	return CLI_OK;
}

int cli_print_json(const struct cli *c, json_object *o)
{
	int pretty = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;

	return print_with(o, c->tty ? pretty : JSON_C_TO_STRING_PLAIN);
}

int cli_print_json_line(json_object *o)
{
	int r = print_with(o, JSON_C_TO_STRING_PLAIN);

	return fflush(stdout) == 0 ? r : CLI_FAILED;
}

/* A reader that has seen enough (`| head`) is no news to anybody. */
static bool reader_is_gone(int error)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return error == EPIPE || (!error && poll(&p, 1, 0) > 0 && p.revents & POLLERR);
}

int cli_finish_output(int code)
{
	bool failed = ferror(stdout) != 0;
	int error;

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return code;
	error = errno;
	if (!reader_is_gone(error))
		fprintf(stderr, "viaduct: cannot write the output%s%s\n", error ? ": " : "",
			error ? strerror(error) : "");
	return code == CLI_OK ? CLI_FAILED : code;
}
