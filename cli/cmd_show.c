/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "doc.h"
#include "print.h"
#include "target.h"

/* The claims on a PF's VFs: of use to the table alone, so that it goes without them, too. */
static int claims_of(struct cli *c, json_object *device, json_object **ret)
{
	json_object *parameters;

	if (!doc_length(doc_array(doc_object(device, "sriov"), "vfs")))
		return 0;
	parameters = json_object_new_object();
	via_json_add_str(parameters, "pf", doc_text(device, "address"));
	return cli_ask(c, "ListClaims", parameters, ret);
}

static int show_device(struct cli *c, json_object *reply)
{
	json_object *device = doc_object(reply, "device");
	via_autojson *claims = NULL;
	int r = claims_of(c, device, &claims);

	return r ? r : print_device(c, device, doc_array(claims, "claims"));
}

/* The elements of a device's claim, or of all claims of a VM. */
static int show_xml(struct cli *c, const struct cli_target *t)
{
	json_object *claims = doc_array(doc_object(t->reply, "vm"), "claims");
	json_object *claim = doc_object(doc_object(t->reply, "device"), "claim");
	const char *form;
	int r = claim_xml_form(c, &form);

	if (r)
		return r;
	if (!claim && !doc_length(claims))
		return cli_fail(c, via_refusal_exit(VIA_REFUSED_NOT_FOUND),
			"there is no claim %s \"%s\": see \"viaduct list claims\"",
			t->kind == CLI_TARGET_VM ? "of" : "on", t->name);
	if (claim)
		return print_claim_xml(c, claim, form);
	for (size_t i = 0; !r && i < doc_length(claims); i++)
		r = print_claim_xml(c, doc_at(claims, i), form);
	return r;
}

static int run_show(struct cli *c, char **args, size_t n)
{
	cli_autotarget target = {0};
	int r;

	if (c->opt.xml && c->opt.json)
		return cli_usage(c, "--xml and --json do not go together");
	r = cli_target_find(c, args, n, &target);
	if (!r)
		r = cli_target_ask(c, &target);
	if (r)
		return r;
	if (c->opt.xml)
		return show_xml(c, &target);
	if (c->opt.json)
		return cli_print_json(c, target.reply);
	if (target.kind == CLI_TARGET_DEVICE)
		return show_device(c, target.reply);
	return print_vm(c, doc_object(target.reply, "vm"), doc_object(target.reply, "libvirt"));
}

static const struct cli_option show_options[] = {
	{"xml", 0, CLI_OPTION_OPTIONAL, offsetof(struct cli_options, xml_form),
		offsetof(struct cli_options, xml), "ELEMENT",
		"print what is claimed as elements for a domain: hostdev, or interface"},
	{0},
};

const struct cli_command cli_cmd_show = {
	.name = "show",
	.args = "DEVICE | VM | device NAME | vm NAME",
	.summary = "Show all that is known of one device, or of one VM",
	.about = "DEVICE is a PCI address (0000:01:00.0, 01:00.0), the name of a net device "
		 "(enp1s0f0),\n"
		 "or a VF as PF/N, the PF by address or name (enp1s0f0/3). VM is the name or "
		 "the UUID of a\n"
		 "libvirt domain. A name that both have needs the word device or vm before it.\n\n"
		 "A PF comes with the table of its VFs: VLAN is \"id\" or \"id/priority\", MBIT/S "
		 "the rate\n"
		 "\"least..most\", CLAIM the VM it belongs to. A VM comes with its PCI functions, "
		 "its other\n"
		 "NICs and its claims; HELD says that it has the function open now.",
	.examples = "viaduct show 0000:01:00.0\n"
		    "viaduct show enp1s0f0/3\n"
		    "viaduct show web1\n"
		    "viaduct show vm web1 --xml=interface\n"
		    "viaduct --json show enp1s0f0 | jq '.device.sriov.vfs[].holders'",
	.exits = "0  shown\n16 there is no such device or VM; with --xml: nothing is claimed",
	.options = show_options,
	.min_args = 1,
	.max_args = 2,
	.run = run_show,
};

static int run_inventory(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();
	via_autojson *inventory = NULL;
	int r;

	(void)args;
	(void)n;
	c->opt.json = true; /* it is JSON in any case */
	if (c->opt.rescan)
		via_json_add_bool(parameters, "rescan", true);
	r = cli_call(c, CLI_READS, "GetInventory", parameters, "inventory", &inventory);
	return r ? r : cli_print_json(c, inventory);
}

static const struct cli_option inventory_options[] = {
	{"rescan", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, rescan), 0, NULL,
		"read the whole host again first"},
	{0},
};

const struct cli_command cli_cmd_inventory = {
	.name = "inventory",
	.args = "",
	.summary = "Print the whole inventory, as JSON",
	.about = "Every device and net device of the host at one moment: for programs, and to "
		 "attach to\n"
		 "a report of a problem. For reading there are list and show.",
	.examples = "viaduct inventory > host.json\n"
		    "viaduct inventory --rescan | jq '.host'",
	.exits = "0  printed",
	.options = inventory_options,
	.run = run_inventory,
};
