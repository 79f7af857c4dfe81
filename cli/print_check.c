/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "words.h"

enum severity { SEVERITY_OK, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_COUNT };

static const struct {
	const char *name, *one, *many;
	enum cli_color color;
} severities[] = {
	[SEVERITY_OK] = {"ok", "ok", "ok", CLI_GREEN},
	[SEVERITY_INFO] = {"info", "note", "notes", CLI_BOLD},
	[SEVERITY_WARNING] = {"warning", "warning", "warnings", CLI_YELLOW},
	[SEVERITY_ERROR] = {"error", "error", "errors", CLI_RED},
};

static enum severity severity_of(json_object *finding)
{
	const char *name = doc_word(finding, "severity");

	for (int i = 0; i < SEVERITY_COUNT; i++)
		if (!strcmp(severities[i].name, name))
			return (enum severity)i;
	return SEVERITY_ERROR; /* what is not understood is not fine */
}

static void print_finding(const struct cli *c, json_object *finding)
{
	enum severity s = severity_of(finding);
	const char *subject = doc_text(finding, "subject"), *fix = doc_text(finding, "fix");

	printf("%s%-7s%s  %s%s%s%s: %s\n", cli_color(c, severities[s].color), severities[s].name,
		cli_color(c, CLI_PLAIN), doc_word(finding, "id"), subject ? " (" : "",
		subject ? subject : "", subject ? ")" : "", doc_word(finding, "message"));
	if (fix && *fix)
		printf("         fix: %s\n", fix);
}

int print_findings(const struct cli *c, json_object *findings)
{
	static const enum severity order[] = {
		SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO, SEVERITY_OK};
	size_t n[SEVERITY_COUNT] = {0};
	via_autostrbuf b = VIA_STRBUF_INIT;

	for (size_t i = 0; i < doc_length(findings); i++) {
		print_finding(c, doc_at(findings, i));
		n[severity_of(doc_at(findings, i))]++;
	}
	for (size_t i = 0; i < VIA_ARRAY_SIZE(order); i++) {
		enum severity s = order[i];

		via_strbuf_adds(&b, i ? ", " : "");
		words_count(&b, n[s], severities[s].one, severities[s].many);
	}
	printf("\n%s.\n", via_strbuf_str(&b));
	return 0;
}
