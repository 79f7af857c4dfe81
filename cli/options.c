/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line options by tables, the same that --help prints. Names count in full only: an
 * abbreviation that works today would stand in the way of tomorrow's option.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

const struct cli_option cli_global_options[] = {
	{"json", 'j', CLI_OPTION_FLAG, offsetof(struct cli_options, json), 0, NULL,
		"print the daemon's documents instead of text"},
	{"socket", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, socket), 0, "PATH",
		"talk to the daemon that listens there (" VIADUCT_SOCKET_DEFAULT ")"},
	{"timeout", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, timeout), 0, "SECONDS",
		"give up on an answer after that long; 0: never (60, changes 300)"},
	{"no-color", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, no_color), 0, NULL,
		"no colours on a terminal; so does NO_COLOR in the environment"},
	{"help", 'h', CLI_OPTION_FLAG, offsetof(struct cli_options, help), 0, NULL,
		"print help and exit"},
	{"version", 'V', CLI_OPTION_FLAG, offsetof(struct cli_options, version), 0, NULL,
		"print the version and exit"},
	{0},
};

struct parser {
	struct cli *c;
	const struct cli_option *table; /* of the subcommand; NULL: none */
	char **args;
	size_t n, at, kept;
};

static const struct cli_option *find_long(
	const struct cli_option *table, const char *name, size_t len)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == len && !strncmp(table->name, name, len))
			return table;
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option *table, char letter)
{
	for (; table && table->name; table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

static int append(struct cli_list *l, const char *value)
{
	const char **v = realloc(l->v, (l->n + 1) * sizeof(*v));

	if (!v)
		return -1;
	l->v = v;
	l->v[l->n++] = value;
	return 0;
}

void cli_list_finish(struct cli_list *l)
{
	free(l->v);
	*l = (struct cli_list){0};
}

static int store(struct parser *p, const struct cli_option *o, const char *value)
{
	char *base = (char *)&p->c->opt;

	switch (o->kind) {
	case CLI_OPTION_FLAG:
		*(bool *)(base + o->offset) = true;
		return 0;
	case CLI_OPTION_OPTIONAL:
		*(bool *)(base + o->flag_offset) = true;
		*(const char **)(base + o->offset) = value;
		return 0;
	case CLI_OPTION_TEXT:
		*(const char **)(base + o->offset) = value;
		return 0;
	case CLI_OPTION_LIST:
		if (append((struct cli_list *)(base + o->offset), value) < 0)
			return cli_fail(p->c, CLI_FAILED, "out of memory");
		return 0;
	}
	return 0;
}

/* value: what stands behind "=", NULL for none. */
static int take(struct parser *p, const struct cli_option *o, const char *value)
{
	bool wants = o->kind == CLI_OPTION_TEXT || o->kind == CLI_OPTION_LIST;

	if (o->kind == CLI_OPTION_FLAG && value)
		return cli_usage(p->c, "the option --%s takes no value", o->name);
	if (wants && !value && p->at < p->n)
		value = p->args[p->at++];
	if (wants && !value)
		return cli_usage(
			p->c, "the option --%s needs a value: --%s %s", o->name, o->name, o->value);
	if (value && !*value)
		return cli_usage(p->c, "the value of the option --%s is empty", o->name);
	return store(p, o, value);
}

static const char *nearest_option(const struct parser *p, const char *name)
{
	const char *names[32] = {0};
	size_t n = 0;

	for (const struct cli_option *o = p->table; o && o->name && n < 20; o++)
		names[n++] = o->name;
	for (const struct cli_option *o = cli_global_options; o->name && n < 31; o++)
		names[n++] = o->name;
	return via_json_nearest(name, names);
}

static int parse_long(struct parser *p, char *word)
{
	char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);
	const struct cli_option *o = find_long(p->table, word, len);
	const char *near;

	if (!o)
		o = find_long(cli_global_options, word, len);
	if (o)
		return take(p, o, value ? value + 1 : NULL);
	if (value)
		*value = '\0';
	near = nearest_option(p, word);
	if (near)
		return cli_usage(
			p->c, "there is no option --%s here; did you mean --%s?", word, near);
	return cli_usage(p->c, "there is no option --%s here", word);
}

static int parse_letters(struct parser *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct cli_option *o = find_letter(p->table, *letters);
		int r;

		if (!o)
			o = find_letter(cli_global_options, *letters);
		if (!o)
			return cli_usage(p->c, "there is no option -%c here", *letters);
		r = take(p, o, NULL);
		if (r)
			return r;
	}
	return 0;
}

int cli_options_parse(struct cli *c, const struct cli_option *table, bool stop_at_word, char **args,
	size_t *n_args)
{
	struct parser p = {.c = c, .table = table, .args = args, .n = *n_args};
	bool words_only = false;

	while (p.at < p.n) {
		char *word = args[p.at];
		bool is_word = words_only || word[0] != '-' || !word[1];
		int r = 0;

		if (is_word && stop_at_word)
			break;
		p.at++;
		if (is_word)
			args[p.kept++] = word;
		else if (!strcmp(word, "--"))
			words_only = true;
		else
			r = word[1] == '-' ? parse_long(&p, word + 2) : parse_letters(&p, word + 1);
		if (r)
			return r;
	}
	while (p.at < p.n)
		args[p.kept++] = args[p.at++];
	*n_args = p.kept;
	return 0;
}
