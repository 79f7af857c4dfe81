/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "print.h"
#include "table.h"

static const struct {
	const struct list_column *columns;
	const char *unless_told;
	bool squeeze;
} sets[] = {
	[PRINT_DEVICES] = {columns_of_devices,
		"ADDRESS,KIND,DRIVER,IFNAMES,NUMA,GROUP,VFS,PROTECTED,CLAIM,HELD-BY", false},
	[PRINT_CLAIMS] = {columns_of_claims,
		"ADDRESS,PF,VF,NETWORK,MAC,VLAN,STATE,ORIGIN,GENERATION,VM,REASON", true},
	[PRINT_QUARANTINE] = {columns_of_claims,
		"ADDRESS,PF,VF,GENERATION,ATTEMPTS,CHANGED,VM,REASON", false},
	[PRINT_NETWORKS] = {columns_of_networks,
		"NAME,VLAN,MODE,PLACEMENT,TOTAL,CLAIMED,QUARANTINED,UNUSABLE,FREE,UPLINKS", false},
	[PRINT_VMS] = {columns_of_vms, "UUID,STATE,CLAIMS,NICS,DEVICES,NAME", false},
};

/* The column named first in *list; *list moves behind it. NULL: there is none of that name. */
static const struct list_column *next_column(const struct list_column *columns, const char **list)
{
	size_t n = strcspn(*list, ",");
	const struct list_column *found = NULL;

	for (; columns->name; columns++)
		if (strlen(columns->name) == n && !strncasecmp(columns->name, *list, n))
			found = columns;
	*list += n + ((*list)[n] == ',');
	return found;
}

static void all_names(struct via_strbuf *b, const struct list_column *columns)
{
	for (size_t i = 0; columns[i].name; i++)
		via_strbuf_addf(b, "%s%s", i ? ", " : "", columns[i].name);
}

int print_rows_check(const struct cli *c, enum print_rows kind)
{
	const char *list = c->opt.columns;
	size_t n = 0;

	while (list && *list) {
		const char *at = list;
		via_autostrbuf names = VIA_STRBUF_INIT;

		if (++n > CLI_COLUMNS_MAX)
			return cli_usage(c, "more than %d columns", CLI_COLUMNS_MAX);
		if (next_column(sets[kind].columns, &list))
			continue;
		all_names(&names, sets[kind].columns);
		return cli_usage(c, "there is no column \"%.*s\"; there are %s",
			(int)strcspn(at, ","), at, via_strbuf_str(&names));
	}
	return 0;
}

static void add_row(struct cli_table *t, json_object *row, enum print_rows kind, const char *list)
{
	cli_table_line(t);
	while (*list) {
		const struct list_column *column = next_column(sets[kind].columns, &list);
		via_autostrbuf b = VIA_STRBUF_INIT;

		column->cell(&b, row, column->key);
		cli_table_cell_from(t, &b, CLI_PLAIN);
	}
}

int print_rows(const struct cli *c, enum print_rows kind, json_object *rows)
{
	const char *told = c->opt.columns ? c->opt.columns : sets[kind].unless_told;
	struct cli_column shown[CLI_COLUMNS_MAX + 1] = {{NULL, false}};
	cli_autotable *t = NULL;
	size_t n = 0;

	for (const char *list = told; *list;) {
		const struct list_column *column = next_column(sets[kind].columns, &list);

		shown[n++] = (struct cli_column){column->name, column->right};
	}
	t = cli_table_create(c, shown, !c->opt.no_header, 0);
	if (!t)
		return cli_fail(c, CLI_FAILED, "out of memory");
	if (sets[kind].squeeze && !c->opt.columns)
		cli_table_squeeze(t);
	for (size_t i = 0; i < doc_length(rows); i++)
		add_row(t, doc_at(rows, i), kind, told);
	return cli_table_print(t);
}
