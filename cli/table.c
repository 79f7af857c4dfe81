/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* A last column narrower than that is not wrapped. */
#define LAST_COLUMN_MIN 20

struct cli_table {
	const struct cli *c;
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t next; /* cell of line */
	unsigned int indent;
	struct {
		size_t width; /* of the widest cell, the name included */
		bool filled;  /* some line has something in it */
	} columns[CLI_COLUMNS_MAX];
	size_t n_columns;
	bool squeeze;
	bool failed;
};

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
		return size.ws_col;
	return 80;
}

static size_t text_width(const char *text)
{
	wchar_t wide[1024];
	size_t n = mbstowcs(wide, text, VIA_ARRAY_SIZE(wide));
	int width = n < VIA_ARRAY_SIZE(wide) ? wcswidth(wide, n) : -1;

	return width >= 0 ? (size_t)width : strlen(text);
}

static int add_columns(struct cli_table *t, const struct cli_column *columns)
{
	for (; columns->name && t->n_columns < CLI_COLUMNS_MAX; columns++) {
		int flags = columns->right ? SCOLS_FL_RIGHT : 0;

		if (!scols_table_new_column(t->scols, columns->name, 0, flags))
			return -1;
		t->columns[t->n_columns++].width = text_width(columns->name);
	}
	return 0;
}

struct cli_table *cli_table_create(
	const struct cli *c, const struct cli_column *columns, bool header, unsigned int indent)
{
	struct cli_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->c = c;
	t->indent = indent;
	t->scols = scols_new_table();
	if (!t->scols || add_columns(t, columns) < 0) {
		cli_table_destroy(t);
		return NULL;
	}
	scols_table_enable_noheadings(t->scols, !header);
	scols_table_enable_colors(t->scols, c->color);
	scols_table_set_termforce(
		t->scols, c->tty ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (c->tty)
		scols_table_set_termwidth(t->scols, terminal_width() - indent);
	return t;
}

void cli_table_destroy(struct cli_table *t)
{
	if (!t)
		return;
	scols_unref_table(t->scols);
	free(t);
}

void cli_table_line(struct cli_table *t)
{
	t->line = scols_table_new_line(t->scols, NULL);
	t->next = 0;
	if (!t->line)
		t->failed = true;
}

void cli_table_cell(struct cli_table *t, const char *text, enum cli_color color)
{
	size_t i = t->next++, width;
	bool empty = !text || !*text || !strcmp(text, "-");

	if (t->failed || i >= t->n_columns)
		return;
	text = empty ? "-" : text;
	width = text_width(text);
	if (width > t->columns[i].width)
		t->columns[i].width = width;
	t->columns[i].filled |= !empty;
	if (scols_line_set_data(t->line, i, text) < 0)
		t->failed = true;
	else if (t->c->color && color != CLI_PLAIN && !empty)
		scols_cell_set_color(scols_line_get_cell(t->line, i), cli_color(t->c, color));
}

void cli_table_cell_from(struct cli_table *t, struct via_strbuf *b, enum cli_color color)
{
	if (b->failed)
		t->failed = true;
	cli_table_cell(t, via_strbuf_str(b), color);
	via_strbuf_reset(b);
}

static void print_indented(const char *text, unsigned int indent)
{
	while (*text) {
		size_t n = strcspn(text, "\n"), used = n;

		while (used > 0 && text[used - 1] == ' ')
			used--;
		printf("%*s%.*s\n", (int)indent, "", (int)used, text);
		text += n + (text[n] == '\n');
	}
}

void cli_table_squeeze(struct cli_table *t)
{
	t->squeeze = t->c->tty;
}

static bool is_hidden(const struct cli_table *t, size_t i)
{
	return t->squeeze && !t->columns[i].filled;
}

static void hide_empty_columns(struct cli_table *t)
{
	for (size_t i = 0; i < t->n_columns; i++) {
		struct libscols_column *column = scols_table_get_column(t->scols, i);

		if (is_hidden(t, i))
			scols_column_set_flags(
				column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
	}
}

/* How wide the last column may be; 0 when it fits, or when so little is left that the terminal's
 * own wrapping looks better. */
static size_t room_for_last(const struct cli_table *t)
{
	size_t used = t->indent, width = terminal_width(), last = t->n_columns - 1;

	for (size_t i = 0; i < last; i++)
		if (!is_hidden(t, i))
			used += t->columns[i].width + 1;
	if (used + t->columns[last].width <= width || used + LAST_COLUMN_MIN > width)
		return 0;
	return width - used;
}

/* Turn the spaces at which a line is full into newlines. */
static void wrap_words(char *text, size_t room)
{
	char *start = text, *space = NULL;

	for (char *p = text; *p; p++) {
		if (*p == ' ')
			space = p;
		if ((size_t)(p - start) >= room && space) {
			*space = '\n';
			start = space + 1;
			space = NULL;
		}
	}
}

static void wrap_last_column(struct cli_table *t)
{
	size_t room = room_for_last(t), last = t->n_columns - 1;
	struct libscols_column *column = scols_table_get_column(t->scols, last);

	if (!room)
		return;
	scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_WRAP);
	scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
	scols_column_set_safechars(column, "\n");
	for (size_t i = 0; i < scols_table_get_nlines(t->scols); i++) {
		struct libscols_line *line = scols_table_get_line(t->scols, i);
		const char *data = scols_cell_get_data(scols_line_get_cell(line, last));
		char *copy = data ? strdup(data) : NULL;

		if (!copy)
			continue;
		wrap_words(copy, room);
		scols_line_refer_data(line, last, copy); /* takes it */
	}
}

int cli_table_print(struct cli_table *t)
{
	via_autofree char *text = NULL;

	hide_empty_columns(t);
	if (t->c->tty)
		wrap_last_column(t);
	if (t->failed || scols_print_table_to_string(t->scols, &text) < 0 || !text)
		return cli_fail(t->c, CLI_FAILED, "out of memory");
	print_indented(text, t->indent);
	return 0;
}
