/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims, networks, VMs. */
#include "columns.h"

#include <string.h>

#include "words.h"

static void cell_vm(struct via_strbuf *b, json_object *claim, const char *key)
{
	const char *name = doc_text(claim, key);

	cell_text(b, claim, name && *name ? key : "uuid");
}

const struct list_column columns_of_claims[] = {
	{"ADDRESS", "address", cell_text, false},
	{"PF", "pf", cell_text, false},
	{"VF", "vf_index", cell_number, true},
	{"WHOLE", "whole", cell_yes, false},
	{"NETWORK", "network", cell_text, false},
	{"MAC", "mac", cell_text, false},
	{"VLAN", "vlan", cell_wanted, false},
	{"MBIT/S", "rate", cell_wanted, false},
	{"SPOOFCHK", "spoofchk", cell_wanted, false},
	{"LINK", "link_state", cell_wanted, false},
	{"TRUST", "trust", cell_wanted, false},
	{"DRIVER", "driver", cell_text, false},
	{"MANAGED", "managed", cell_yes, false},
	{"STATE", "state", cell_text, false},
	{"ORIGIN", "origin", cell_text, false},
	{"GENERATION", "generation", cell_number, true},
	{"ATTEMPTS", "attempts", cell_number, true},
	{"SINCE", "since", cell_time, false},
	{"CHANGED", "changed", cell_time, false},
	{"BOOT-ID", "boot_id", cell_text, false},
	{"UUID", "uuid", cell_text, false},
	{"VM", "vm", cell_vm, false},
	{"REASON", "reason", cell_text, false},
	{0},
};

static void cell_vlan(struct via_strbuf *b, json_object *network, const char *key)
{
	(void)key;
	words_attr_cell(b, network, "vlan");
}

const struct list_column columns_of_networks[] = {
	{"NAME", "name", cell_text, false},
	{"VLAN", "", cell_vlan, false},
	{"MTU", "mtu", cell_number, true},
	{"MODE", "mode", cell_text, false},
	{"PLACEMENT", "placement", cell_text, false},
	{"NUMA", "numa", cell_text, false},
	{"MSIX", "msix", cell_number, true},
	{"MBIT/S", "rate", cell_wanted, false},
	{"SPOOFCHK", "spoofchk", cell_wanted, false},
	{"LINK", "link_state", cell_wanted, false},
	{"TRUST", "trust", cell_wanted, false},
	{"LIMIT", "limit_mbps", cell_number, true},
	{"RESERVATION", "reservation_mbps", cell_number, true},
	{"SHARES", "shares", cell_number, true},
	{"VSWITCH", "vswitch", cell_text, false},
	{"TOTAL", "total", cell_number, true},
	{"CLAIMED", "claimed", cell_number, true},
	{"QUARANTINED", "quarantined", cell_number, true},
	{"UNUSABLE", "unusable", cell_number, true},
	{"FREE", "free", cell_number, true},
	{"UPLINKS", "uplinks", cell_list, false},
	{0},
};

static void cell_state(struct via_strbuf *b, json_object *vm, const char *key)
{
	(void)key;
	via_strbuf_adds(b, words_vm_state(vm));
}

static void cell_devices(struct via_strbuf *b, json_object *vm, const char *key)
{
	doc_join_member(b, doc_array(vm, key), "address", ",");
}

const struct list_column columns_of_vms[] = {
	{"UUID", "uuid", cell_text, false},
	{"STATE", "", cell_state, false},
	{"CLAIMS", "claims", cell_count, true},
	{"NICS", "nics", cell_count, true},
	{"DEVICES", "devices", cell_devices, false},
	{"NAME", "name", cell_text, false},
	{0},
};
