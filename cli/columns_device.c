/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "columns.h"

#include <inttypes.h>

#include "words.h"

static void cell_ifnames(struct via_strbuf *b, json_object *d, const char *key)
{
	doc_join_member(b, doc_array(d, key), "name", ",");
}

static void cell_macs(struct via_strbuf *b, json_object *d, const char *key)
{
	doc_join_member(b, doc_array(d, key), "mac", ",");
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

static void cell_link(struct via_strbuf *b, json_object *d, const char *key)
{
	words_link(b, doc_object(d, key));
}

static void cell_holders(struct via_strbuf *b, json_object *d, const char *key)
{
	words_holders(b, doc_array(d, key));
}

static void cell_claim(struct via_strbuf *b, json_object *d, const char *key)
{
	words_owner(b, doc_object(d, key));
}

static void cell_name(struct via_strbuf *b, json_object *d, const char *key)
{
	const char *vendor = doc_text(d, "vendor_name");

	if (vendor)
		via_strbuf_addf(b, "%s ", vendor);
	cell_text(b, d, key);
}

const struct list_column columns_of_devices[] = {
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
	{"CLAIM", "claim", cell_claim, false},
	{"HELD-BY", "holders", cell_holders, false},
	{0},
};
