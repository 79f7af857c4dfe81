/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "words.h"

static enum cli_color type_color(const char *type)
{
	static const struct {
		const char *type;
		enum cli_color color;
	} colors[] = {
		{"ready", CLI_GREEN},
		{"step_done", CLI_GREEN},
		{"drift_gone", CLI_GREEN},
		{"drift_healed", CLI_GREEN},
		{"unblocked", CLI_GREEN},
		{"claimed", CLI_GREEN},
		{"released", CLI_GREEN},
		{"contradiction_gone", CLI_GREEN},
		{"drift_found", CLI_YELLOW},
		{"step_undone", CLI_YELLOW},
		{"refusal", CLI_YELLOW},
		{"device_removed", CLI_YELLOW},
		{"lost", CLI_YELLOW},
		{"drain", CLI_YELLOW},
		{"libvirt", CLI_YELLOW},
		{"step_failed", CLI_RED},
		{"blocked", CLI_RED},
		{"config_refused", CLI_RED},
		{"quarantined", CLI_RED},
		{"contradiction", CLI_RED},
	};

	for (size_t i = 0; i < VIA_ARRAY_SIZE(colors); i++)
		if (!strcmp(colors[i].type, type))
			return colors[i].color;
	return CLI_PLAIN;
}

static void print_attrs(json_object *attrs)
{
	for (size_t i = 0; i < doc_length(attrs); i++) {
		json_object *a = doc_at(attrs, i);
		const char *error = doc_text(a, "error"), *extack = doc_text(a, "extack");

		if (!strcmp(doc_word(a, "outcome"), "applied"))
			continue;
		printf("    %s %s%s%s%s%s\n", doc_word(a, "name"), doc_word(a, "outcome"),
			error ? ": " : "", error ? error : "", extack ? ", " : "",
			extack ? extack : "");
	}
}

/* "2026-01-02 10:00:00 UTC  drift_found  0000:01:10.0  message (cause: uevent)" */
void print_event(const struct cli *c, json_object *event)
{
	const char *type = doc_word(event, "type"), *target = doc_text(event, "target");
	const char *cause = doc_text(event, "cause");
	via_autostrbuf time = VIA_STRBUF_INIT;

	if (!target)
		target = doc_word(event, "pf");
	words_time(&time, doc_text(event, "time"));
	printf("%s  %s%-18s%s  %-12s  %s", via_strbuf_str(&time), cli_color(c, type_color(type)),
		type, cli_color(c, CLI_PLAIN), target, doc_word(event, "message"));
	if (cause && *cause)
		printf(" %s(cause: %s)%s", cli_color(c, CLI_DIM), cause, cli_color(c, CLI_PLAIN));
	putchar('\n');
	print_attrs(doc_array(doc_object(event, "result"), "attrs"));
}
