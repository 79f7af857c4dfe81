/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened to claims, a sentence each. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "words.h"

static void add_part(struct via_strbuf *b, const char *word, const char *value)
{
	if (value && *value)
		via_strbuf_addf(b, "%s %s, ", word, value);
}

static void print_held(json_object *claim)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	json_object *wanted = doc_object(claim, "wanted");
	const char *state = doc_word(claim, "state");

	words_claim_device(&b, claim);
	via_strbuf_addf(&b, " is %s's: ", words_claim_vm(claim));
	if (strcmp(state, "active"))
		via_strbuf_addf(&b, "%s, ", state);
	if (!doc_true(claim, "managed"))
		via_strbuf_adds(&b, "recorded and left alone, ");
	add_part(&b, "network", doc_text(claim, "network"));
	if (!doc_text(wanted, "mac"))
		add_part(&b, "mac", doc_text(claim, "mac"));
	if (wanted && json_object_object_length(wanted)) {
		words_attrs(&b, wanted);
		via_strbuf_adds(&b, ", ");
	}
	add_part(&b, "driver", doc_text(claim, "driver"));
	via_strbuf_addf(&b, "generation %" PRId64, doc_number(claim, "generation", 0));
	printf("%s.\n", via_strbuf_str(&b));
}

void print_claims_held(json_object *claims)
{
	for (size_t i = 0; i < doc_length(claims); i++)
		print_held(doc_at(claims, i));
}

static bool is_quarantined(json_object *claim)
{
	return !strcmp(doc_word(claim, "state"), "quarantined");
}

static void print_left(json_object *claim)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *reason = doc_text(claim, "reason");

	words_claim_device(&b, claim);
	via_strbuf_addf(&b, " is %s", doc_word(claim, "state"));
	if (reason && *reason)
		via_strbuf_addf(&b, ": %s", reason);
	printf("%s.\n", via_strbuf_str(&b));
}

static int exit_of(json_object *claims)
{
	for (size_t i = 0; i < doc_length(claims); i++)
		if (is_quarantined(doc_at(claims, i)))
			return via_refusal_exit(VIA_REFUSED_QUARANTINED);
	return CLI_OK;
}

int print_given_up(const struct cli *c, json_object *reply, const char *clean, ...)
{
	json_object *claims = doc_array(reply, "claims");
	va_list ap;
	int r;

	if (c->opt.json) {
		r = cli_print_json(c, reply);
		return r ? r : exit_of(claims);
	}
	if (!doc_length(claims)) {
		va_start(ap, clean);
		vprintf(clean, ap);
		va_end(ap);
	}
	for (size_t n = 0; n < doc_length(claims); n++)
		print_left(doc_at(claims, n));
	return exit_of(claims);
}
