/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a sheet about one thing: "  name            text". */
#ifndef VIA_CLI_FIELD_H
#define VIA_CLI_FIELD_H

#include "doc.h"

/* A line, left out when there is nothing to say. Takes the text out of b. */
void field_print(const char *name, struct via_strbuf *b);
/* The same for a member of a document. */
void field_text(json_object *o, const char *key, const char *name);
void field_number(json_object *o, const char *key, const char *name);
/* A Claim, on as many lines as it takes. */
void field_claim(json_object *claim);

#endif
