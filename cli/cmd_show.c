/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doc.h"
#include "print.h"

static int run_show(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	int r;

	(void)n;
	via_json_add_str(parameters, "device", args[0]);
	r = cli_call(c, CLI_READS, "Show", parameters, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	return print_device(c, doc_object(reply, "device"));
}

const struct cli_command cli_cmd_show = {
	.name = "show",
	.args = "DEVICE",
	.summary = "Show all that is known of one device",
	.about = "DEVICE is a PCI address (0000:01:00.0, 01:00.0), the name of a net device "
		 "(enp1s0f0),\n"
		 "or a VF as PF/N, the PF by address or name (enp1s0f0/3).\n\n"
		 "A PF comes with the table of its VFs: VLAN is \"id\" or \"id/priority\", MBIT/S "
		 "the rate\n"
		 "\"least..most\".",
	.examples = "viaduct show 0000:01:00.0\n"
		    "viaduct show enp1s0f0/3\n"
		    "viaduct --json show enp1s0f0 | jq '.device.sriov.vfs[].holders'",
	.exits = "0  shown\n16 there is no such device",
	.min_args = 1,
	.max_args = 1,
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
