/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading documents. Nothing is believed about their shape: a member that is absent, null or of
 * another type reads as "not there", so that an odd daemon gives odd text and never a crash.
 */
#ifndef VIA_CLI_DOC_H
#define VIA_CLI_DOC_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

json_object *doc_object(json_object *o, const char *key); /* NULL: not there */
json_object *doc_array(json_object *o, const char *key);  /* NULL: not there */
size_t doc_length(json_object *array);			  /* takes NULL: 0 */
json_object *doc_at(json_object *array, size_t i);
const char *doc_word_at(json_object *array, size_t i); /* "-": not there */
const char *doc_text(json_object *o, const char *key); /* NULL: not there */
const char *doc_word(json_object *o, const char *key); /* "-": not there */
bool doc_is_number(json_object *o, const char *key);   /* whole number or not */
int64_t doc_number(json_object *o, const char *key, int64_t otherwise);
bool doc_true(json_object *o, const char *key);
bool doc_is_bool(json_object *o, const char *key);

/* The texts of an array, with separator between them; nothing for none. */
void doc_join(struct via_strbuf *b, json_object *array, const char *separator);
/* The same for one member of each object in an array. */
void doc_join_member(struct via_strbuf *b, json_object *array, const char *key, const char *sep);
/* A whole number, or "-". */
void doc_add_number(struct via_strbuf *b, json_object *o, const char *key);

/*
 * Take every control character out of the document's texts: names come from devices, processes and
 * namespaces, and must not be able to move the cursor of who reads them. Not for --json, which
 * escapes them.
 */
void doc_clean(json_object *o);

#endif
