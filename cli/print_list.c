/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "table.h"
#include "words.h"

static void cell_text(struct via_strbuf *b, json_object *d, const char *key)
{
	const char *s = doc_text(d, key);

	via_strbuf_adds(b, s ? s : "");
}

static void cell_ifnames(struct via_strbuf *b, json_object *d, const char *key)
{
	doc_join_member(b, doc_array(d, key), "name", ",");
}

static void cell_macs(struct via_strbuf *b, json_object *d, const char *key)
{
	doc_join_member(b, doc_array(d, key), "mac", ",");
}

static void cell_number(struct via_strbuf *b, json_object *d, const char *key)
{
	doc_add_number(b, d, key);
}

/* "7/63": VFs there are, and could be. */
static void cell_vfs(struct via_strbuf *b, json_object *d, const char *key)
{
	json_object *sriov = doc_object(d, key);

	if (sriov)
		via_strbuf_addf(b, "%" PRId64 "/%" PRId64, doc_number(sriov, "num", 0),
			doc_number(sriov, "total", 0));
}

static void cell_ids(struct via_strbuf *b, json_object *d, const char *key)
{
	(void)key;
	via_strbuf_addf(b, "%s:%s", doc_word(d, "vendor"), doc_word(d, "device"));
}

static void cell_yes(struct via_strbuf *b, json_object *d, const char *key)
{
	via_strbuf_adds(b, doc_true(d, key) ? "yes" : "no");
}

static void cell_link(struct via_strbuf *b, json_object *d, const char *key)
{
	words_link(b, doc_object(d, key));
}

static void cell_holders(struct via_strbuf *b, json_object *d, const char *key)
{
	words_holders(b, doc_array(d, key));
}

static void cell_name(struct via_strbuf *b, json_object *d, const char *key)
{
	const char *vendor = doc_text(d, "vendor_name");

	if (vendor)
		via_strbuf_addf(b, "%s ", vendor);
	cell_text(b, d, key);
}

static const struct list_column {
	const char *name, *key;
	void (*cell)(struct via_strbuf *b, json_object *d, const char *key);
	bool right;
} list_columns[] = {
	{"ADDRESS", "address", cell_text, false},
	{"KIND", "kind", cell_text, false},
	{"DRIVER", "driver", cell_text, false},
	{"IFNAMES", "netdevs", cell_ifnames, false},
	{"NUMA", "numa_node", cell_number, true},
	{"GROUP", "iommu_group", cell_number, true},
	{"VFS", "sriov", cell_vfs, true},
	{"PROTECTED", "protected", cell_yes, false},
	{"IDS", "", cell_ids, false},
	{"MAC", "netdevs", cell_macs, false},
	{"PF", "pf", cell_text, false},
	{"VF", "vf_index", cell_number, true},
	{"ACS", "acs", cell_text, false},
	{"FLR", "flr", cell_yes, false},
	{"SERIAL", "serial", cell_text, false},
	{"ID-PATH", "id_path", cell_text, false},
	{"LINK", "link", cell_link, false},
	{"NAME", "device_name", cell_name, false},
	{"HELD-BY", "holders", cell_holders, false},
};

#define DEFAULT_COLUMNS "ADDRESS,KIND,DRIVER,IFNAMES,NUMA,GROUP,VFS,PROTECTED,HELD-BY"

/* The column named first in *list; *list moves behind it. NULL: there is none of that name. */
static const struct list_column *next_column(const char **list)
{
	size_t n = strcspn(*list, ",");
	const struct list_column *found = NULL;

	for (size_t i = 0; i < VIA_ARRAY_SIZE(list_columns); i++)
		if (strlen(list_columns[i].name) == n &&
			!strncasecmp(list_columns[i].name, *list, n))
			found = &list_columns[i];
	*list += n + ((*list)[n] == ',');
	return found;
}

static void all_names(struct via_strbuf *b)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(list_columns); i++)
		via_strbuf_addf(b, "%s%s", i ? ", " : "", list_columns[i].name);
}

int print_devices_check(const struct cli *c, const char *columns)
{
	size_t n = 0;

	while (columns && *columns) {
		const char *at = columns;
		via_autostrbuf names = VIA_STRBUF_INIT;

		if (++n > CLI_COLUMNS_MAX)
			return cli_usage(c, "more than %d columns", CLI_COLUMNS_MAX);
		if (next_column(&columns))
			continue;
		all_names(&names);
		return cli_usage(c, "there is no column \"%.*s\"; there are %s",
			(int)strcspn(at, ","), at, via_strbuf_str(&names));
	}
	return 0;
}

static void add_device(struct cli_table *t, json_object *d, const char *columns)
{
	while (*columns) {
		const struct list_column *column = next_column(&columns);
		via_autostrbuf b = VIA_STRBUF_INIT;

		column->cell(&b, d, column->key);
		cli_table_cell_from(t, &b, CLI_PLAIN);
	}
}

int print_devices(const struct cli *c, json_object *devices, const char *columns, bool header)
{
	struct cli_column shown[CLI_COLUMNS_MAX + 1] = {{NULL, false}};
	cli_autotable *t = NULL;
	size_t n = 0;

	if (!columns)
		columns = DEFAULT_COLUMNS;
	for (const char *list = columns; *list;) {
		const struct list_column *column = next_column(&list);

		shown[n++] = (struct cli_column){column->name, column->right};
	}
	t = cli_table_create(c, shown, header, 0);
	if (!t)
		return cli_fail(c, CLI_FAILED, "out of memory");
	for (size_t i = 0; i < doc_length(devices); i++) {
		cli_table_line(t);
		add_device(t, doc_at(devices, i), columns);
	}
	return cli_table_print(t);
}
