/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "field.h"
#include "print.h"
#include "table.h"
#include "words.h"

void print_libvirt_warning(json_object *libvirt)
{
	const char *reason = doc_text(libvirt, "reason");

	if (!libvirt || doc_true(libvirt, "connected"))
		return;
	fflush(stdout);
	fprintf(stderr, "viaduct: there is no connection to libvirt%s%s; VMs are as last seen\n",
		reason ? ": " : "", reason ? reason : "");
}

static void add_device(struct cli_table *t, json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	cli_table_line(t);
	cli_table_cell(t, doc_text(d, "address"), CLI_PLAIN);
	cli_table_cell(t, doc_true(d, "interface") ? "interface" : "hostdev", CLI_PLAIN);
	cli_table_cell(t, doc_true(d, "managed") ? "yes" : "no", CLI_PLAIN);
	cli_table_cell(t, doc_text(d, "mac"), CLI_PLAIN);
	doc_add_number(&b, d, "vlan");
	cli_table_cell_from(t, &b, CLI_PLAIN);
	cli_table_cell(t, doc_text(d, "alias"), CLI_PLAIN);
	cli_table_cell(t, doc_text(d, "network"), CLI_PLAIN);
	cli_table_cell(t, doc_true(d, "held") ? "yes" : "no", CLI_PLAIN);
	words_owner(&b, doc_object(d, "claim"));
	cli_table_cell_from(t, &b, CLI_PLAIN);
}

static int print_devices(const struct cli *c, json_object *devices)
{
	static const struct cli_column columns[] = {
		{"ADDRESS", false},
		{"ELEMENT", false},
		{"MANAGED", false},
		{"MAC", false},
		{"VLAN", true},
		{"ALIAS", false},
		{"NETWORK", false},
		{"HELD", false},
		{"CLAIM", false},
		{NULL, false},
	};
	cli_autotable *t = NULL;

	if (!doc_length(devices))
		return 0;
	t = cli_table_create(c, columns, true, 2);
	if (!t)
		return cli_fail(c, CLI_FAILED, "out of memory");
	for (size_t i = 0; i < doc_length(devices); i++)
		add_device(t, doc_at(devices, i));
	cli_table_squeeze(t);
	printf("\n%sPCI functions%s\n", cli_color(c, CLI_BOLD), cli_color(c, CLI_PLAIN));
	return cli_table_print(t);
}

static int print_nics(const struct cli *c, json_object *nics)
{
	static const struct cli_column columns[] = {
		{"TYPE", false},
		{"MAC", false},
		{"SOURCE", false},
		{"TARGET", false},
		{"ALIAS", false},
		{NULL, false},
	};
	cli_autotable *t = NULL;

	if (!doc_length(nics))
		return 0;
	t = cli_table_create(c, columns, true, 2);
	if (!t)
		return cli_fail(c, CLI_FAILED, "out of memory");
	for (size_t i = 0; i < doc_length(nics); i++) {
		cli_table_line(t);
		for (size_t k = 0; columns[k].name; k++) {
			static const char *const keys[] = {
				"type", "mac", "source", "target", "alias"};

			cli_table_cell(t, doc_text(doc_at(nics, i), keys[k]), CLI_PLAIN);
		}
	}
	printf("\n%sOther NICs%s\n", cli_color(c, CLI_BOLD), cli_color(c, CLI_PLAIN));
	return cli_table_print(t);
}

static void print_claims(const struct cli *c, json_object *claims)
{
	for (size_t i = 0; i < doc_length(claims); i++) {
		json_object *claim = doc_at(claims, i);
		via_autostrbuf b = VIA_STRBUF_INIT;

		words_claim_device(&b, claim);
		printf("\n%sClaim%s %s\n", cli_color(c, CLI_BOLD), cli_color(c, CLI_PLAIN),
			via_strbuf_str(&b));
		field_claim(claim);
	}
}

int print_vm(const struct cli *c, json_object *vm, json_object *libvirt)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *name = doc_text(vm, "name");
	int r;

	printf("%s%s%s\n", cli_color(c, CLI_BOLD), name ? name : doc_word(vm, "uuid"),
		cli_color(c, CLI_PLAIN));
	field_text(vm, "uuid", "UUID");
	via_strbuf_adds(&b, doc_is_bool(vm, "active") ? words_vm_state(vm)
						      : "not known: libvirt cannot be asked");
	field_print("state", &b);
	r = print_devices(c, doc_array(vm, "devices"));
	if (!r)
		r = print_nics(c, doc_array(vm, "nics"));
	if (r)
		return r;
	print_claims(c, doc_array(vm, "claims"));
	print_libvirt_warning(libvirt);
	return 0;
}
