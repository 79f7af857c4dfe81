/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "words.h"

static const struct {
	const char *name, *text;
} disruptions[] = {
	{"none", "disturbs nothing"},
	{"vf_reset", "resets the VF"},
	{"vf_recreate", "recreates all VFs of the PF"},
	{"reboot", "takes a reboot"},
};

static const char *disruption_text(const char *name)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(disruptions); i++)
		if (!strcmp(disruptions[i].name, name))
			return disruptions[i].text;
	return name;
}

static enum cli_color disruption_color(const char *name)
{
	if (!strcmp(name, "none"))
		return CLI_DIM;
	return strcmp(name, "vf_reset") ? CLI_RED : CLI_YELLOW;
}

static void print_step(const struct cli *c, json_object *step)
{
	via_autostrbuf target = VIA_STRBUF_INIT, change = VIA_STRBUF_INIT, undo = VIA_STRBUF_INIT;
	const char *op = doc_word(step, "op"), *disruption = doc_word(step, "disruption");
	int64_t vf = doc_number(step, "vf_index", -1);

	via_strbuf_adds(&target, doc_word(step, "target"));
	if (vf >= 0)
		via_strbuf_addf(&target, " (VF %" PRId64 ")", vf);
	words_change(&change, step);
	if (doc_object(step, "undo"))
		words_value(&undo, op, doc_object(step, "undo"));
	printf("  %3" PRId64 ". %s%s%s %s: %s\n", doc_number(step, "id", 0), cli_color(c, CLI_BOLD),
		op, cli_color(c, CLI_PLAIN), via_strbuf_str(&target), via_strbuf_str(&change));
	printf("       why:  %s\n", doc_word(step, "reason"));
	printf("       cost: %s%s%s\n", cli_color(c, disruption_color(disruption)),
		disruption_text(disruption), cli_color(c, CLI_PLAIN));
	printf("       undo: %s\n", undo.len ? via_strbuf_str(&undo) : "none");
}

void print_refusals(const struct cli *c, json_object *refusals, bool gap)
{
	for (size_t i = 0; i < doc_length(refusals); i++) {
		json_object *o = doc_at(refusals, i);
		const char *target = doc_word(o, "target"), *message = doc_word(o, "message");
		bool named = strstr(message, target);

		if (!i)
			printf("%s%sRefused%s\n", gap ? "\n" : "", cli_color(c, CLI_RED),
				cli_color(c, CLI_PLAIN));
		printf("  %s: %s%s%s\n", doc_word(o, "code"), named ? "" : target,
			named ? "" : ": ", message);
	}
}

json_object *plan_step(json_object *plan, int64_t id)
{
	json_object *steps = doc_array(plan, "steps");
	size_t n = doc_length(steps);

	/* Ids count from 1 in order; look there before looking everywhere. */
	if (id > 0 && (uint64_t)id <= n && doc_number(doc_at(steps, (size_t)id - 1), "id", 0) == id)
		return doc_at(steps, (size_t)id - 1);
	for (size_t i = 0; i < n; i++)
		if (doc_number(doc_at(steps, i), "id", 0) == id)
			return doc_at(steps, i);
	return NULL;
}

/* Steps come PF by PF, but nothing forbids them to alternate: a heading wherever the PF changes. */
static size_t print_steps(const struct cli *c, json_object *steps)
{
	const char *pf = "";
	size_t pfs = 0;

	for (size_t i = 0; i < doc_length(steps); i++) {
		json_object *step = doc_at(steps, i);
		const char *this_pf = doc_word(step, "pf");

		if (strcmp(pf, this_pf)) {
			printf("%s%s%s%s\n", pfs ? "\n" : "", cli_color(c, CLI_BOLD), this_pf,
				cli_color(c, CLI_PLAIN));
			pfs++;
		}
		pf = this_pf;
		print_step(c, step);
	}
	return pfs;
}

int print_plan(const struct cli *c, json_object *plan)
{
	json_object *steps = doc_array(plan, "steps"), *refusals = doc_array(plan, "refusals");
	size_t n = doc_length(steps), refused = doc_length(refusals);
	via_autostrbuf summary = VIA_STRBUF_INIT;

	print_steps(c, steps);
	print_refusals(c, refusals, n > 0);
	if (n || refused)
		putchar('\n');
	if (n)
		words_count(&summary, n, "step to run", "steps to run");
	else
		via_strbuf_adds(&summary, refused ? "No step to run" : "Nothing to do");
	if (refused) {
		via_strbuf_adds(&summary, ", ");
		words_count(&summary, refused, "refusal", "refusals");
	}
	if (n)
		via_strbuf_addf(&summary, "; the whole plan %s",
			disruption_text(doc_word(plan, "disruption")));
	printf("%s.\n", via_strbuf_str(&summary));
	return 0;
}
