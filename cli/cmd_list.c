/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "doc.h"
#include "print.h"

static const char *const kinds[] = {"pf", "vf", "nic", "bridge", "other", "all", NULL};

static int check_kind(struct cli *c, const char *kind)
{
	for (size_t i = 0; kinds[i]; i++)
		if (!strcmp(kinds[i], kind))
			return 0;
	return cli_usage(
		c, "\"%s\" is no kind of device; there are pf, vf, nic, bridge, other, all", kind);
}

static int add_kinds(struct cli *c, json_object *parameters, char **args, size_t n)
{
	struct cli_list list = {0};
	const char *given[CLI_ARGS_ANY];

	for (size_t i = 0; i < n; i++) {
		int r = check_kind(c, args[i]);

		if (r)
			return r;
		given[list.n++] = args[i];
		if (!strcmp(args[i], "all")) {
			memcpy(given, kinds, 5 * sizeof(*given));
			list.n = 5;
			break;
		}
	}
	list.v = given;
	cli_add_list(parameters, "kinds", &list);
	return 0;
}

static int run_list(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	int r;

	r = print_devices_check(c, c->opt.columns);
	if (!r)
		r = add_kinds(c, parameters, args, n);
	if (r) {
		json_object_put(parameters);
		return r;
	}
	r = cli_call(c, CLI_READS, "List", parameters, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	return print_devices(c, doc_array(reply, "devices"), c->opt.columns, !c->opt.no_header);
}

static const struct cli_option options[] = {
	{"columns", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, columns), 0, "NAME,…",
		"print these columns, in this order"},
	{"no-header", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, no_header), 0, NULL,
		"leave the names of the columns out"},
	{0},
};

const struct cli_command cli_cmd_list = {
	.name = "list",
	.args = "[pf|vf|nic|bridge|other|all]…",
	.summary = "List devices, one a line",
	.about = "Without a kind: PFs (functions with SR-IOV) and NICs without it. \"other\" is "
		 "every\n"
		 "further PCI function that could be passed through.\n\n"
		 "Columns: ADDRESS KIND DRIVER IFNAMES NUMA GROUP VFS PROTECTED HELD-BY (these "
		 "unless\n"
		 "told), IDS MAC PF VF ACS FLR SERIAL ID-PATH LINK NAME. VFS is \"there are/there "
		 "can\n"
		 "be\", GROUP the IOMMU group, \"-\" what does not apply or is not known. Off a "
		 "terminal\n"
		 "no cell is ever cut.",
	.examples = "viaduct list\n"
		    "viaduct list vf\n"
		    "viaduct list all --no-header --columns ADDRESS,DRIVER\n"
		    "viaduct --json list pf | jq -r '.devices[].address'",
	.exits = "0  listed, be it nothing",
	.options = options,
	.max_args = CLI_ARGS_ANY,
	.run = run_list,
};
