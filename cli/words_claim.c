/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "words.h"

void words_attrs(struct via_strbuf *b, json_object *attrs)
{
	size_t start = b->len;

	for (const char *const *name = words_attr_names; *name; name++) {
		via_autostrbuf value = VIA_STRBUF_INIT;

		if (words_attr(&value, attrs, *name))
			via_strbuf_addf(b, "%s%s %s", b->len > start ? ", " : "", *name,
				via_strbuf_str(&value));
	}
}

const char *words_claim_vm(json_object *claim)
{
	const char *name = doc_text(claim, "vm"), *uuid = doc_text(claim, "uuid");

	if (name && *name)
		return name;
	return uuid && *uuid ? uuid : "nobody";
}

void words_owner(struct via_strbuf *b, json_object *claim)
{
	const char *state = doc_word(claim, "state");

	if (!claim)
		return;
	if (!strcmp(state, "quarantined")) {
		via_strbuf_adds(b, state);
		return;
	}
	via_strbuf_adds(b, words_claim_vm(claim));
	if (strcmp(state, "active"))
		via_strbuf_addf(b, " (%s)", state);
}

void words_claim_device(struct via_strbuf *b, json_object *claim)
{
	const char *pf = doc_text(claim, "pf");

	via_strbuf_adds(b, doc_word(claim, "address"));
	if (pf && doc_is_number(claim, "vf_index"))
		via_strbuf_addf(
			b, " (VF %" PRId64 " of %s)", doc_number(claim, "vf_index", -1), pf);
	else if (doc_true(claim, "whole"))
		via_strbuf_adds(b, " (whole)");
}

const char *words_vm_state(json_object *vm)
{
	if (!doc_is_bool(vm, "active"))
		return "-";
	return doc_true(vm, "active") ? "running" : "off";
}
