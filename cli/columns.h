/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of what list prints: one table a kind of rows, and the cells that they share. */
#ifndef VIA_CLI_COLUMNS_H
#define VIA_CLI_COLUMNS_H

#include "cli.h"
#include "doc.h"

struct list_column {
	const char *name, *key; /* name NULL: the end */
	void (*cell)(struct via_strbuf *b, json_object *row, const char *key);
	bool right;
};

extern const struct list_column columns_of_devices[], columns_of_claims[], columns_of_networks[],
	columns_of_vms[];

void cell_text(struct via_strbuf *b, json_object *row, const char *key);
void cell_number(struct via_strbuf *b, json_object *row, const char *key);
void cell_yes(struct via_strbuf *b, json_object *row, const char *key); /* not there: no */
void cell_list(struct via_strbuf *b, json_object *row, const char *key);
void cell_count(struct via_strbuf *b, json_object *row, const char *key);
/* Without a space, to the second. */
void cell_time(struct via_strbuf *b, json_object *row, const char *key);
/* Of the VfAttrs "wanted": the one called key. */
void cell_wanted(struct via_strbuf *b, json_object *row, const char *key);

#endif
