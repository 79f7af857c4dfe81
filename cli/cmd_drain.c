/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "doc.h"
#include "print.h"
#include "words.h"

static int print_drain(const struct cli *c, json_object *reply)
{
	json_object *claims = doc_array(reply, "claims");
	via_autostrbuf b = VIA_STRBUF_INIT;

	if (!doc_length(claims))
		via_strbuf_adds(&b, "no claim remains");
	else
		words_count(&b, doc_length(claims), "claim remains", "claims remain");
	printf("%s takes no new claims; %s.\n", doc_word(doc_object(reply, "drain"), "pf"),
		via_strbuf_str(&b));
	return doc_length(claims) ? print_rows(c, PRINT_CLAIMS, claims) : 0;
}

static int run_drain(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	int r;

	(void)n;
	via_json_add_str(parameters, "pf", args[0]);
	if (c->opt.off)
		via_json_add_bool(parameters, "off", true);
	r = cli_call(c, CLI_CHANGES, "Drain", parameters, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		r = cli_print_json(c, reply);
	else if (c->opt.off)
		printf("%s takes claims again.\n", args[0]);
	else
		r = print_drain(c, reply);
	if (r || c->opt.off)
		return r;
	return doc_length(doc_array(reply, "claims")) ? CLI_HAS_STEPS : CLI_OK;
}

static const struct cli_option options[] = {
	{"off", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, off), 0, NULL,
		"it takes claims again"},
	{0},
};

const struct cli_command cli_cmd_drain = {
	.name = "drain",
	.args = "PF",
	.summary = "Let a PF take no new claims, and show what remains on it",
	.about = "Neither a request nor the start of a domain claims it or a VF of it any more, "
		 "also after\n"
		 "a restart. What is claimed stays so; it is printed, to be moved or released. "
		 "Again on a\n"
		 "drained PF, it shows what remains now.\n\n"
		 "PF is an address or the name of a net device.",
	.examples = "viaduct drain enp1s0f0\n"
		    "until viaduct drain enp1s0f0 >/dev/null; do sleep 10; done\n"
		    "viaduct drain enp1s0f0 --off",
	.exits = "0  drained, and nothing remains; with --off: it takes claims again\n"
		 "3  drained, and claims remain",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.changes = true,
	.run = run_drain,
};
