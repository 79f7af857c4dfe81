/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

void field_print(const char *name, struct via_strbuf *b)
{
	if (b->len)
		printf("  %-16s%s\n", name, via_strbuf_str(b));
	via_strbuf_reset(b);
}

void field_text(json_object *o, const char *key, const char *name)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *s = doc_text(o, key);

	via_strbuf_adds(&b, s ? s : "");
	field_print(name, &b);
}

void field_number(json_object *o, const char *key, const char *name)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	if (doc_is_number(o, key))
		doc_add_number(&b, o, key);
	field_print(name, &b);
}

static void claim_owner(struct via_strbuf *b, json_object *claim)
{
	const char *name = doc_text(claim, "vm"), *uuid = doc_text(claim, "uuid");

	if (!strcmp(doc_word(claim, "state"), "quarantined"))
		via_strbuf_adds(b, "nobody since ");
	via_strbuf_adds(b, words_claim_vm(claim));
	if (name && *name && uuid && *uuid)
		via_strbuf_addf(b, " (%s)", uuid);
	via_strbuf_addf(b, ": %s, origin %s, generation %" PRId64 ", since ",
		doc_word(claim, "state"), doc_word(claim, "origin"),
		doc_number(claim, "generation", 0));
	words_time(b, doc_text(claim, "since"));
	if (!doc_true(claim, "managed"))
		via_strbuf_adds(b, "; recorded and left alone");
}

void field_claim(json_object *claim)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *reason = doc_text(claim, "reason");

	if (!claim)
		return;
	claim_owner(&b, claim);
	field_print("claimed by", &b);
	field_text(claim, "network", "network");
	words_attrs(&b, doc_object(claim, "wanted"));
	field_print("set for its VM", &b);
	if (!reason || !*reason)
		return;
	via_strbuf_adds(&b, reason);
	if (doc_number(claim, "attempts", 0) > 0) {
		via_strbuf_adds(&b, " (");
		words_count(&b, (size_t)doc_number(claim, "attempts", 0), "attempt to clean it",
			"attempts to clean it");
		via_strbuf_addc(&b, ')');
	}
	field_print("reason", &b);
}
