/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables. On a terminal they fit its width (the last column wraps); elsewhere every cell is whole.
 * An empty cell is "-". Only the last columns hold cells with spaces, so that up to them the n-th
 * word of a line is the n-th column.
 */
#ifndef VIA_CLI_TABLE_H
#define VIA_CLI_TABLE_H

#include "cli.h"

struct cli_table;

#define CLI_COLUMNS_MAX 32

struct cli_column {
	const char *name; /* NULL ends a list of columns */
	bool right;	  /* numbers */
};

/* NULL out of memory. header: print the names. indent: spaces before each line. */
struct cli_table *cli_table_create(
	const struct cli *c, const struct cli_column *columns, bool header, unsigned int indent);
void cli_table_destroy(struct cli_table *t); /* takes NULL */
/* On a terminal, where room is scarce, leave out the columns in which no line has anything. */
void cli_table_squeeze(struct cli_table *t);
/* A new line; the cells are added from left to right. */
void cli_table_line(struct cli_table *t);
void cli_table_cell(struct cli_table *t, const char *text, enum cli_color color);
/* The same, taking the text out of b and emptying it. */
void cli_table_cell_from(struct cli_table *t, struct via_strbuf *b, enum cli_color color);
/* 0, or CLI_FAILED, reported, when memory ran out on the way. */
int cli_table_print(struct cli_table *t);

static inline void cli_table_cleanup(struct cli_table **t)
{
	cli_table_destroy(*t);
}
#define cli_autotable __attribute__((cleanup(cli_table_cleanup))) struct cli_table

#endif
