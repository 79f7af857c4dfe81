/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a step changes, in words: its value now (what undo would bring back) and the one it sets. */
#include <inttypes.h>
#include <string.h>

#include "words.h"

enum value_kind {
	VALUE_NUMBER,
	VALUE_ON_OFF,
	VALUE_UP_DOWN,
	VALUE_MODE,
	VALUE_DRIVER,
	VALUE_ATTRS,
	VALUE_NONE, /* the noun says it all */
};

static const struct {
	const char *op, *noun;
	enum value_kind kind;
} ops[] = {
	{"set_eswitch", "eswitch mode", VALUE_MODE},
	{"set_autoprobe", "VF driver autoprobe", VALUE_ON_OFF},
	{"set_num_vfs", "VFs", VALUE_NUMBER},
	{"set_pf_mtu", "MTU", VALUE_NUMBER},
	{"set_pf_up", "link", VALUE_UP_DOWN},
	{"set_vf_msix", "MSI-X vectors", VALUE_NUMBER},
	{"set_vf_attrs", "", VALUE_ATTRS},
	{"bind", "driver", VALUE_DRIVER},
	{"unbind", "driver", VALUE_DRIVER},
	{"set_vf_mtu", "MTU", VALUE_NUMBER},
	{"reset", "function-level reset", VALUE_NONE},
};

static int find_op(const char *op)
{
	for (size_t i = 0; op && i < VIA_ARRAY_SIZE(ops); i++)
		if (!strcmp(ops[i].op, op))
			return (int)i;
	return -1;
}

static void scalar_words(struct via_strbuf *b, enum value_kind kind, json_object *value)
{
	int64_t n = doc_number(value, "number", 0);
	const char *text;

	switch (kind) {
	case VALUE_NUMBER:
		doc_add_number(b, value, "number");
		return;
	case VALUE_ON_OFF:
		via_strbuf_adds(b, n ? "on" : "off");
		return;
	case VALUE_UP_DOWN:
		via_strbuf_adds(b, n ? "up" : "down");
		return;
	case VALUE_MODE:
		via_strbuf_adds(b, doc_word(value, "mode"));
		return;
	case VALUE_DRIVER:
		text = doc_text(value, "driver");
		via_strbuf_adds(b, text && *text ? text : "none");
		return;
	case VALUE_ATTRS:
		words_attrs(b, doc_object(value, "attrs"));
		return;
	case VALUE_NONE:
		return;
	}
}

void words_value(struct via_strbuf *b, const char *op, json_object *value)
{
	int i = find_op(op);

	if (i < 0)
		return;
	if (*ops[i].noun)
		via_strbuf_addf(b, "%s%s", ops[i].noun, ops[i].kind == VALUE_NONE ? "" : " ");
	scalar_words(b, ops[i].kind, value);
}

/* Attribute by attribute, "vlan none -> 100"; without the old values "vlan 100". */
static void attrs_change(struct via_strbuf *b, json_object *set, json_object *undo)
{
	size_t start = b->len;

	for (const char *const *name = words_attr_names; *name; name++) {
		via_autostrbuf from = VIA_STRBUF_INIT, to = VIA_STRBUF_INIT;

		if (!words_attr(&to, doc_object(set, "attrs"), *name))
			continue;
		via_strbuf_addf(b, "%s%s ", b->len > start ? ", " : "", *name);
		if (words_attr(&from, doc_object(undo, "attrs"), *name) &&
			strcmp(via_strbuf_str(&from), via_strbuf_str(&to)))
			via_strbuf_addf(b, "%s -> ", via_strbuf_str(&from));
		via_strbuf_adds(b, via_strbuf_str(&to));
	}
}

void words_change(struct via_strbuf *b, json_object *step)
{
	json_object *set = doc_object(step, "set"), *undo = doc_object(step, "undo");
	int i = find_op(doc_text(step, "op"));

	if (i < 0)
		return;
	if (ops[i].kind == VALUE_ATTRS) {
		attrs_change(b, set, undo);
		return;
	}
	via_strbuf_adds(b, ops[i].noun);
	if (ops[i].kind == VALUE_NONE)
		return;
	via_strbuf_addc(b, ' ');
	if (undo) {
		scalar_words(b, ops[i].kind, undo);
		via_strbuf_adds(b, " -> ");
	}
	scalar_words(b, ops[i].kind, set);
}
