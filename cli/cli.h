/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the subcommands of viaduct share: options, the connection, exit codes. */
#ifndef VIA_CLI_H
#define VIA_CLI_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <viaduct/viaduct.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"

/* Exit codes; refusals follow from 10 on (VIA_REFUSALS in base/err.h). Stable: viaduct(1). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_HAS_STEPS = 3,   /* plan: there are steps to run; drain: claims remain */
	CLI_REFUSED = 4,     /* plan, apply: nothing failed, something wanted is refused */
	CLI_UNREACHABLE = 5, /* no daemon, or none that answers */
};

/* Texts given by an option that may be repeated. */
struct cli_list {
	const char **v;
	size_t n;
};

/* The options of all subcommands; each subcommand's table says which of them it takes. */
struct cli_options {
	/* everywhere */
	const char *socket, *timeout;
	bool json, no_color, help, version;
	/* of some */
	const char *pf, *driver, *columns, *wait_ready;
	const char *network, *device, *uuid, *mac, *msix, *numa, *nodes, *xml_form, *generation,
		*vm;
	struct cli_list disturb, types, states;
	bool watch, waits, recreate, progress, persistent, no_header, rescan;
	bool whole, bind, xml, force, off;
};

enum cli_option_kind {
	CLI_OPTION_FLAG,     /* bool */
	CLI_OPTION_TEXT,     /* const char *, the last one wins */
	CLI_OPTION_LIST,     /* struct cli_list */
	CLI_OPTION_OPTIONAL, /* const char *, only as --name=VALUE; and the bool at flag_offset */
};

struct cli_option {
	const char *name; /* without the dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum cli_option_kind kind;
	size_t offset; /* in struct cli_options */
	size_t flag_offset;
	const char *value; /* what the value is, for --help */
	const char *help;
};

struct cli {
	struct cli_options opt;
	const struct cli_command *command; /* NULL before it is known */
	unsigned int timeout_ms;	   /* from --timeout */
	bool has_timeout;
	bool tty;   /* the output is a terminal */
	bool color; /* …and may be coloured */
	struct viaduct *v;
};

struct cli_command {
	const char *name;
	const char *args; /* of the synopsis: "DEVICE", "" */
	const char *summary;
	const char *about;    /* paragraphs of --help */
	const char *examples; /* lines of --help */
	const char *exits;    /* lines of --help, beyond those of every command */
	const struct cli_option *options;
	size_t min_args, max_args;
	bool changes; /* the host, or what the daemon goes by */
	int (*run)(struct cli *c, char **args, size_t n_args); /* returns the exit code */
};

#define CLI_ARGS_ANY 4096

/* Shared by plan and apply. */
#define CLI_OPTIONS_PLAN                                                                           \
	{"recreate", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, recreate), 0, NULL,          \
		"a VF count may change by recreating all VFs, if nobody holds one"},               \
		CLI_OPTION_DISTURB
#define CLI_OPTION_DISTURB                                                                         \
	{                                                                                          \
		"disturb", 0, CLI_OPTION_LIST, offsetof(struct cli_options, disturb), 0,           \
			"ADDRESS", "this protected PF may be disturbed; may be given again"        \
	}

extern const struct cli_option cli_global_options[];
/* Ends with a NULL pointer. */
extern const struct cli_command *const cli_commands[];
extern const struct cli_command cli_cmd_status, cli_cmd_list, cli_cmd_show, cli_cmd_inventory,
	cli_cmd_check, cli_cmd_plan, cli_cmd_apply, cli_cmd_bind, cli_cmd_unbind, cli_cmd_monitor,
	cli_cmd_config, cli_cmd_reload, cli_cmd_help, cli_cmd_claim, cli_cmd_release, cli_cmd_adopt,
	cli_cmd_quarantine, cli_cmd_drain;

const struct cli_command *cli_command_find(const char *name);

/* options.c. Parse the words of a command line; what is no option is moved, in order, to the front
 * of args and counted in *n_args. stop_at_word: leave everything from the first such word on as it
 * is. 0 or CLI_USAGE, reported. */
int cli_options_parse(struct cli *c, const struct cli_option *table, bool stop_at_word, char **args,
	size_t *n_args);
void cli_list_finish(struct cli_list *l);

/* help.c */
void cli_help_overview(const struct cli *c);
void cli_help_command(const struct cli *c, const struct cli_command *command);

/* call.c. Each returns 0, or the exit code after having reported what went wrong. */
enum cli_pace { CLI_READS, CLI_CHANGES }; /* how long an answer may take unless told */
int cli_connect(struct cli *c, enum cli_pace pace);
/* Connect when that was not done, call, and hand out the reply's parameters (caller puts), or only
 * the member when one is named. parameters is put; NULL: none. */
int cli_call(struct cli *c, enum cli_pace pace, const char *method, json_object *parameters,
	const char *member, json_object **ret);
/* The same for something that need not be there: 0 and *ret NULL when the daemon says NotFound. */
int cli_ask(struct cli *c, const char *method, json_object *parameters, json_object **ret);
/* A subscription. fn gets the parameters (the callee's caller puts), returns 0 or an exit code that
 * ends it. */
typedef int cli_reply_fn(struct cli *c, json_object *parameters, void *user);
int cli_call_more(
	struct cli *c, const char *method, json_object *parameters, cli_reply_fn *fn, void *user);
/* Add an array of texts to parameters, unless the list is empty. */
void cli_add_list(json_object *parameters, const char *key, const struct cli_list *l);
/* Numeric value of a number of seconds for an option; 0 or CLI_USAGE, reported. */
int cli_seconds(struct cli *c, const char *option, const char *text, unsigned int *ret_ms);

/* error.c. Print "viaduct: SENTENCE" (and the same as a document under --json); return code. */
int cli_fail(const struct cli *c, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A mistake in the command line: the sentence, and where the help is. Returns CLI_USAGE. */
int cli_usage(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The environment of a connection failed: what that means and what to do. */
int cli_fail_connection(const struct cli *c, int error);
/* The daemon answered with an error. */
int cli_fail_reply(const struct cli *c, const char *name, json_object *parameters);

/* out.c */
enum cli_color { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_GREEN, CLI_YELLOW };
/* The escape sequence; "" without colours. CLI_PLAIN: back to normal. */
const char *cli_color(const struct cli *c, enum cli_color color);
/* Print a document: indented on a terminal, else one line. */
int cli_print_json(const struct cli *c, json_object *o);
/* One line, flushed. 0, or CLI_FAILED when nobody can read it any more. */
int cli_print_json_line(json_object *o);
/* Flush the output: code, or CLI_FAILED when it could not be written. */
int cli_finish_output(int code);

#endif
