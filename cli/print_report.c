/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "words.h"

static enum cli_color state_color(const char *state)
{
	if (!strcmp(state, "failed"))
		return CLI_RED;
	return strcmp(state, "done") ? CLI_YELLOW : CLI_GREEN;
}

/* "applied: mac, vlan; unsupported: link_state" */
static void outcomes(struct via_strbuf *b, json_object *attrs)
{
	static const char *const order[] = {"applied", "unsupported", "refused", "failed"};

	for (size_t i = 0; i < VIA_ARRAY_SIZE(order); i++) {
		const char *before = b->len ? "; " : "";
		bool any = false;

		for (size_t j = 0; j < doc_length(attrs); j++) {
			json_object *a = doc_at(attrs, j);

			if (strcmp(doc_word(a, "outcome"), order[i]))
				continue;
			if (any)
				via_strbuf_adds(b, ", ");
			else
				via_strbuf_addf(b, "%s%s: ", before, order[i]);
			via_strbuf_adds(b, doc_word(a, "name"));
			any = true;
		}
	}
}

/* Why the kernel did not take an attribute, in its own words where it has some. */
static void print_attr_errors(json_object *attrs)
{
	for (size_t i = 0; i < doc_length(attrs); i++) {
		json_object *a = doc_at(attrs, i);
		const char *error = doc_text(a, "error"), *extack = doc_text(a, "extack");
		const char *outcome = doc_word(a, "outcome");

		if (!strcmp(outcome, "applied") || (!error && !extack))
			continue;
		printf("       %s %s: %s%s%s\n", doc_word(a, "name"), outcome, error ? error : "",
			error && extack ? ", " : "", extack ? extack : "");
	}
}

/* "  3/12 set_vf_attrs 0000:01:10.0 (VF 0)" */
static void step_head(struct via_strbuf *b, json_object *plan, json_object *result)
{
	int64_t id = doc_number(result, "id", 0);
	json_object *step = plan_step(plan, id);
	int64_t vf = doc_number(step, "vf_index", -1);
	size_t n = doc_length(doc_array(plan, "steps"));

	via_strbuf_addf(b, "%3" PRId64, id);
	if (n)
		via_strbuf_addf(b, "/%zu", n);
	if (step)
		via_strbuf_addf(b, " %s %s", doc_word(step, "op"), doc_word(step, "target"));
	if (vf >= 0)
		via_strbuf_addf(b, " (VF %" PRId64 ")", vf);
}

static void print_line(const struct cli *c, json_object *plan, json_object *result)
{
	via_autostrbuf head = VIA_STRBUF_INIT, attrs = VIA_STRBUF_INIT;
	const char *state = doc_word(result, "state"), *message = doc_text(result, "message");
	json_object *list = doc_array(result, "attrs");

	step_head(&head, plan, result);
	outcomes(&attrs, list);
	printf("%s: %s%s%s", via_strbuf_str(&head), cli_color(c, state_color(state)), state,
		cli_color(c, CLI_PLAIN));
	if (!strcmp(state, "done"))
		printf(" in %" PRId64 " ms", doc_number(result, "took_ms", 0));
	printf("%s%s\n", attrs.len ? "; " : "", via_strbuf_str(&attrs));
	if (message && *message)
		printf("       %s\n", message);
	print_attr_errors(list);
}

void print_progress(const struct cli *c, json_object *plan, json_object *result)
{
	const char *state = doc_word(result, "state");
	via_autostrbuf head = VIA_STRBUF_INIT;

	if (!strcmp(state, "pending"))
		return;
	/* One line that the next one writes over. */
	if (c->tty)
		fputs("\r\033[K", stdout);
	if (strcmp(state, "running")) {
		print_line(c, plan, result);
	} else if (c->tty) {
		step_head(&head, plan, result);
		printf("%s: running", via_strbuf_str(&head));
	}
	fflush(stdout);
}

static void add_count(struct via_strbuf *b, json_object *report, const char *what)
{
	int64_t n = doc_number(report, what, 0);

	if (n > 0)
		via_strbuf_addf(b, "%s%" PRId64 " %s", b->len ? ", " : "", n, what);
}

static size_t count_unsupported(json_object *results)
{
	size_t n = 0;

	for (size_t i = 0; i < doc_length(results); i++) {
		json_object *attrs = doc_array(doc_at(results, i), "attrs");

		for (size_t j = 0; j < doc_length(attrs); j++)
			n += !strcmp(doc_word(doc_at(attrs, j), "outcome"), "unsupported");
	}
	return n;
}

int print_report(const struct cli *c, json_object *report)
{
	json_object *plan = doc_object(report, "plan"), *refusals = doc_array(plan, "refusals");
	size_t unsupported = count_unsupported(doc_array(report, "results"));
	via_autostrbuf b = VIA_STRBUF_INIT;

	print_refusals(c, refusals, doc_length(doc_array(plan, "steps")) > 0);
	if (doc_length(doc_array(plan, "steps")) || doc_length(refusals))
		putchar('\n');
	add_count(&b, report, "done");
	add_count(&b, report, "failed");
	add_count(&b, report, "undone");
	add_count(&b, report, "skipped");
	if (!b.len)
		via_strbuf_adds(&b, doc_length(refusals) ? "Nothing done" : "Nothing to do");
	if (doc_length(refusals)) {
		via_strbuf_adds(&b, ", ");
		words_count(&b, doc_length(refusals), "refusal", "refusals");
	}
	if (unsupported) {
		via_strbuf_adds(&b, "; ");
		words_count(&b, unsupported, "attribute the driver does not support",
			"attributes the driver does not support");
	}
	printf("%s.\n", via_strbuf_str(&b));
	return 0;
}
