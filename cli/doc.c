/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_object *member(json_object *o, const char *key, json_type type)
{
	json_object *v;

	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v))
		return NULL;
	return v && json_object_is_type(v, type) ? v : NULL;
}

json_object *doc_object(json_object *o, const char *key)
{
	return member(o, key, json_type_object);
}

json_object *doc_array(json_object *o, const char *key)
{
	return member(o, key, json_type_array);
}

size_t doc_length(json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

json_object *doc_at(json_object *array, size_t i)
{
	return array ? json_object_array_get_idx(array, i) : NULL;
}

const char *doc_word_at(json_object *array, size_t i)
{
	json_object *v = doc_at(array, i);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : "-";
}

const char *doc_text(json_object *o, const char *key)
{
	json_object *v = member(o, key, json_type_string);

	return v ? json_object_get_string(v) : NULL;
}

const char *doc_word(json_object *o, const char *key)
{
	const char *s = doc_text(o, key);

	return s && *s ? s : "-";
}

bool doc_is_number(json_object *o, const char *key)
{
	return member(o, key, json_type_int) || member(o, key, json_type_double);
}

int64_t doc_number(json_object *o, const char *key, int64_t otherwise)
{
	json_object *v = member(o, key, json_type_int);

	return v ? json_object_get_int64(v) : otherwise;
}

bool doc_is_bool(json_object *o, const char *key)
{
	return member(o, key, json_type_boolean);
}

bool doc_true(json_object *o, const char *key)
{
	json_object *v = member(o, key, json_type_boolean);

	return v && json_object_get_boolean(v);
}

static void join_one(struct via_strbuf *b, json_object *text, const char *separator, size_t start)
{
	if (!json_object_is_type(text, json_type_string))
		return;
	if (b->len > start)
		via_strbuf_adds(b, separator);
	via_strbuf_adds(b, json_object_get_string(text));
}

void doc_join(struct via_strbuf *b, json_object *array, const char *separator)
{
	size_t start = b->len;

	for (size_t i = 0; i < doc_length(array); i++)
		join_one(b, doc_at(array, i), separator, start);
}

void doc_join_member(struct via_strbuf *b, json_object *array, const char *key, const char *sep)
{
	size_t start = b->len;

	for (size_t i = 0; i < doc_length(array); i++)
		join_one(b, member(doc_at(array, i), key, json_type_string), sep, start);
}

void doc_add_number(struct via_strbuf *b, json_object *o, const char *key)
{
	json_object *v = member(o, key, json_type_int);

	if (v)
		via_strbuf_addf(b, "%" PRId64, json_object_get_int64(v));
	else
		via_strbuf_addc(b, '-');
}

/* C1 controls in UTF-8 are 0xc2 0x80 to 0xc2 0x9f. */
static bool is_c1(const unsigned char *s, size_t left)
{
	return left > 1 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f;
}

static void clean_text(json_object *o)
{
	size_t len = (size_t)json_object_get_string_len(o);
	const unsigned char *s = (const unsigned char *)json_object_get_string(o);
	char *copy = NULL;

	for (size_t i = 0; i < len; i++) {
		bool c1 = is_c1(s + i, len - i);

		if (s[i] >= 0x20 && s[i] != 0x7f && !c1)
			continue;
		if (!copy) {
			copy = malloc(len);
			if (!copy)
				abort(); /* better no text than one that was not cleaned */
			memcpy(copy, s, len);
		}
		copy[i] = s[i] == '\n' || s[i] == '\t' ? ' ' : '?';
		if (c1)
			copy[++i] = '?';
	}
	if (copy)
		json_object_set_string_len(o, copy, (int)len);
	free(copy);
}

void doc_clean(json_object *o)
{
	if (json_object_is_type(o, json_type_string)) {
		clean_text(o);
	} else if (json_object_is_type(o, json_type_array)) {
		for (size_t i = 0; i < doc_length(o); i++)
			doc_clean(doc_at(o, i));
	} else if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value)
		{
			(void)key;
			doc_clean(value);
		}
	}
}
