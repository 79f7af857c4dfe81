/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "columns.h"

#include <string.h>

#include "words.h"

void cell_text(struct via_strbuf *b, json_object *row, const char *key)
{
	const char *s = doc_text(row, key);

	via_strbuf_adds(b, s ? s : "");
}

void cell_number(struct via_strbuf *b, json_object *row, const char *key)
{
	doc_add_number(b, row, key);
}

void cell_yes(struct via_strbuf *b, json_object *row, const char *key)
{
	via_strbuf_adds(b, doc_true(row, key) ? "yes" : "no");
}

void cell_list(struct via_strbuf *b, json_object *row, const char *key)
{
	doc_join(b, doc_array(row, key), ",");
}

void cell_count(struct via_strbuf *b, json_object *row, const char *key)
{
	via_strbuf_addf(b, "%zu", doc_length(doc_array(row, key)));
}

void cell_time(struct via_strbuf *b, json_object *row, const char *key)
{
	const char *s = doc_word(row, key), *fraction = strchr(s, '.');

	if (fraction && strlen(s) > 20)
		via_strbuf_addf(b, "%.*sZ", (int)(fraction - s), s);
	else
		via_strbuf_adds(b, s);
}

void cell_wanted(struct via_strbuf *b, json_object *row, const char *key)
{
	words_attr_cell(b, doc_object(row, "wanted"), key);
}
