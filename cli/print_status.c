/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "table.h"
#include "words.h"

/* Differences that are printed for one PF. */
#define DRIFT_LINES_MAX 16

static enum cli_color state_color(const char *state)
{
	static const struct {
		const char *state;
		enum cli_color color;
	} colors[] = {
		{"ok", CLI_GREEN},
		{"pending", CLI_YELLOW},
		{"applying", CLI_YELLOW},
		{"drifted", CLI_YELLOW},
		{"absent", CLI_RED},
		{"blocked", CLI_RED},
		{"failed", CLI_RED},
	};

	for (size_t i = 0; i < VIA_ARRAY_SIZE(colors); i++)
		if (!strcmp(colors[i].state, state))
			return colors[i].color;
	return CLI_PLAIN;
}

static void print_head(const struct cli *c, json_object *status)
{
	bool ready = doc_true(status, "ready");
	const char *provision = doc_text(status, "provision");
	via_autostrbuf started = VIA_STRBUF_INIT, files = VIA_STRBUF_INIT;

	words_time(&started, doc_text(status, "started"));
	printf("%s%s%s: viaductd %s, pid %" PRId64 ", since %s\n",
		cli_color(c, ready ? CLI_GREEN : CLI_YELLOW), ready ? "ready" : "not ready",
		cli_color(c, CLI_PLAIN), doc_word(status, "daemon_version"),
		doc_number(status, "pid", 0), via_strbuf_str(&started));
	doc_join(&files, doc_array(status, "config_files"), ", ");
	printf("configuration: %s; %s\n", files.len ? via_strbuf_str(&files) : "none",
		provision && !strcmp(provision, "manual") ? "changes wait for viaduct apply"
							  : "applied by itself");
	print_status_owners(c, status);
}

static void note(struct via_strbuf *b, const char *text)
{
	if (b->len)
		via_strbuf_adds(b, "; ");
	via_strbuf_adds(b, text);
}

static void pf_notes(struct via_strbuf *b, json_object *pf)
{
	json_object *unsupported = doc_array(pf, "unsupported");
	const char *reason = doc_text(pf, "reason"), *blocked_by = doc_text(pf, "blocked_by");

	if (reason && *reason)
		note(b, reason);
	if (blocked_by && *blocked_by && !(reason && strstr(reason, blocked_by))) {
		note(b, "blocked by ");
		via_strbuf_adds(b, blocked_by);
	}
	if (!doc_true(pf, "managed"))
		note(b, "not managed");
	if (doc_true(pf, "verify_only"))
		note(b, "verify-only");
	if (doc_true(pf, "protected"))
		note(b, "protected");
	if (doc_length(unsupported)) {
		note(b, "not supported by the driver: ");
		doc_join(b, unsupported, ", ");
	}
}

static void add_pf(struct cli_table *t, json_object *pf)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *state = doc_word(pf, "state");
	static const char *const numbers[] = {"vfs", "wanted_vfs", "vfs_in_use", "vfs_on_vfio"};

	cli_table_line(t);
	cli_table_cell(t, doc_text(pf, "address"), CLI_PLAIN);
	doc_join(&b, doc_array(pf, "names"), ",");
	cli_table_cell_from(t, &b, CLI_PLAIN);
	cli_table_cell(t, doc_text(pf, "label"), CLI_PLAIN);
	cli_table_cell(t, doc_text(pf, "driver"), CLI_PLAIN);
	cli_table_cell(t, doc_true(pf, "managed") ? state : "-", state_color(state));
	for (size_t i = 0; i < VIA_ARRAY_SIZE(numbers); i++) {
		doc_add_number(&b, pf, numbers[i]);
		cli_table_cell_from(t, &b, CLI_PLAIN);
	}
	pf_notes(&b, pf);
	cli_table_cell_from(t, &b, CLI_PLAIN);
}

static int print_pfs(const struct cli *c, json_object *pfs)
{
	static const struct cli_column columns[] = {
		{"ADDRESS", false},
		{"NAMES", false},
		{"LABEL", false},
		{"DRIVER", false},
		{"STATE", false},
		{"VFS", true},
		{"WANTED", true},
		{"IN-USE", true},
		{"VFIO", true},
		{"NOTES", false},
		{NULL, false},
	};
	cli_autotable *t = cli_table_create(c, columns, true, 0);

	if (!t)
		return cli_fail(c, CLI_FAILED, "out of memory");
	putchar('\n');
	if (!doc_length(pfs)) {
		printf("This host has no device with SR-IOV, and the configuration names none.\n");
		return 0;
	}
	for (size_t i = 0; i < doc_length(pfs); i++)
		add_pf(t, doc_at(pfs, i));
	return cli_table_print(t);
}

static void print_one_drift(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	words_target(&b, d);
	via_strbuf_adds(&b, ": ");
	words_drift(&b, d);
	via_strbuf_adds(&b, ", since ");
	words_time(&b, doc_text(d, "since"));
	printf("  %s\n", via_strbuf_str(&b));
}

/*
 * What the driver cannot do stands in the notes of its PF, once and not once a VF. Returns how many
 * differences there are besides.
 */
static size_t print_drift_of(const struct cli *c, json_object *pf, bool first)
{
	json_object *drift = doc_array(pf, "drift");
	size_t n = 0;

	for (size_t i = 0; i < doc_length(drift); i++) {
		json_object *d = doc_at(drift, i);

		if (doc_true(d, "unsupported"))
			continue;
		if (first && !n)
			printf("\n%sDrift%s\n", cli_color(c, CLI_YELLOW), cli_color(c, CLI_PLAIN));
		if (n++ < DRIFT_LINES_MAX)
			print_one_drift(d);
	}
	if (n > DRIFT_LINES_MAX)
		printf("  …and %zu more: see viaduct show %s\n", n - DRIFT_LINES_MAX,
			doc_word(pf, "address"));
	return n;
}

static void print_drift(const struct cli *c, json_object *pfs)
{
	size_t n = 0;

	for (size_t i = 0; i < doc_length(pfs); i++)
		n += print_drift_of(c, doc_at(pfs, i), n == 0);
}

static void print_bound(const struct cli *c, json_object *bound)
{
	for (size_t i = 0; i < doc_length(bound); i++) {
		json_object *o = doc_at(bound, i);
		const char *original = doc_text(o, "original");

		if (!i)
			printf("\n%sDirectPath%s\n", cli_color(c, CLI_BOLD),
				cli_color(c, CLI_PLAIN));
		printf("  %s: %s, %s%s%s%s\n", doc_word(o, "address"), doc_word(o, "driver"),
			original && *original ? "instead of " : "had no driver",
			original ? original : "",
			doc_true(o, "persistent") ? ", again after each boot" : "",
			doc_true(o, "present") ? "" : "; the device is not there");
	}
}

static void print_problems(const struct cli *c, json_object *status)
{
	json_object *problems = doc_array(status, "problems");
	const char *config_error = doc_text(status, "config_error");
	bool any = doc_length(problems) || (config_error && *config_error);

	if (any)
		printf("\n%sProblems%s\n", cli_color(c, CLI_RED), cli_color(c, CLI_PLAIN));
	if (config_error && *config_error)
		printf("  the configuration was not taken, the one before it is in force: %s\n",
			config_error);
	for (size_t i = 0; i < doc_length(problems); i++)
		printf("  %s\n", doc_word_at(problems, i));
}

int print_status(const struct cli *c, json_object *status)
{
	json_object *pfs = doc_array(status, "pfs");
	int r;

	print_head(c, status);
	r = print_pfs(c, pfs);
	if (r)
		return r;
	print_drift(c, pfs);
	print_bound(c, doc_array(status, "bound"));
	print_status_ownership(c, status);
	print_refusals(c, doc_array(status, "refusals"), true);
	print_problems(c, status);
	return 0;
}
