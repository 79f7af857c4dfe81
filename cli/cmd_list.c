/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "doc.h"
#include "print.h"

static const char *const kinds[] = {"pf", "vf", "nic", "bridge", "other", "all", NULL};

/* What is listed besides devices, each alone. */
static const struct other {
	const char *word, *method, *member;
	enum print_rows rows;
} others[] = {
	{"claims", "ListClaims", "claims", PRINT_CLAIMS},
	{"networks", "ListNetworks", "networks", PRINT_NETWORKS},
	{"vms", "ListVms", "vms", PRINT_VMS},
};

static const struct other *find_other(const char *word)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(others); i++)
		if (!strcmp(others[i].word, word))
			return &others[i];
	return NULL;
}

static int check_kind(struct cli *c, const char *kind)
{
	for (size_t i = 0; kinds[i]; i++)
		if (!strcmp(kinds[i], kind))
			return 0;
	if (find_other(kind))
		return cli_usage(c, "%s are listed alone, not beside devices", kind);
	return cli_usage(c,
		"\"%s\" is no kind; there are pf, vf, nic, bridge, other, all, and claims, "
		"networks, vms",
		kind);
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

static int check_filters(struct cli *c, const struct other *other)
{
	if (other && other->rows == PRINT_CLAIMS)
		return 0;
	if (c->opt.states.n || c->opt.vm || c->opt.pf)
		return cli_usage(c, "--state, --vm and --pf are for list claims");
	return 0;
}

static int check_states(struct cli *c)
{
	static const char *const states[] = {
		"preparing", "active", "releasing", "quarantined", NULL};

	for (size_t i = 0; i < c->opt.states.n; i++) {
		size_t k = 0;

		while (states[k] && strcmp(states[k], c->opt.states.v[i]))
			k++;
		if (!states[k])
			return cli_usage(c,
				"\"%s\" is no state of a claim; there are preparing, active, "
				"releasing, quarantined",
				c->opt.states.v[i]);
	}
	return 0;
}

static int list_other(struct cli *c, const struct other *other, char **args, size_t n)
{
	json_object *parameters;
	via_autojson *reply = NULL;
	int r;

	if (n > 1)
		return cli_usage(c, "list %s does not take \"%s\"", args[0], args[1]);
	r = check_states(c);
	if (r)
		return r;
	parameters = json_object_new_object();
	cli_add_list(parameters, "states", &c->opt.states);
	via_json_add_str(parameters, "vm", c->opt.vm);
	via_json_add_str(parameters, "pf", c->opt.pf);
	r = cli_call(c, CLI_READS, other->method, parameters, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	r = print_rows(c, other->rows, doc_array(reply, other->member));
	print_libvirt_warning(doc_object(reply, "libvirt"));
	return r;
}

static int list_devices(struct cli *c, char **args, size_t n)
{
	via_autojson *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	int r;

	r = add_kinds(c, parameters, args, n);
	if (!r)
		r = cli_call(c, CLI_READS, "List", json_object_get(parameters), NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	return print_rows(c, PRINT_DEVICES, doc_array(reply, "devices"));
}

static int run_list(struct cli *c, char **args, size_t n)
{
	const struct other *other = n ? find_other(args[0]) : NULL;
	int r;

	r = print_rows_check(c, other ? other->rows : PRINT_DEVICES);
	if (!r)
		r = check_filters(c, other);
	if (r)
		return r;
	return other ? list_other(c, other, args, n) : list_devices(c, args, n);
}

static const struct cli_option options[] = {
	{"columns", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, columns), 0, "NAME,…",
		"print these columns, in this order"},
	{"no-header", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, no_header), 0, NULL,
		"leave the names of the columns out"},
	{"state", 0, CLI_OPTION_LIST, offsetof(struct cli_options, states), 0, "STATE",
		"claims in this state; may be given again"},
	{"vm", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, vm), 0, "VM", "claims of this VM"},
	{"pf", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, pf), 0, "PF",
		"claims on this PF and its VFs"},
	{0},
};

const struct cli_command cli_cmd_list = {
	.name = "list",
	.args = "[pf|vf|nic|bridge|other|all]… | claims | networks | vms",
	.summary = "List devices, claims, networks or VMs, one a line",
	.about = "Without a kind: PFs (functions with SR-IOV) and NICs without it. \"other\" is "
		 "every\n"
		 "further PCI function that could be passed through.\n\n"
		 "Columns of devices: ADDRESS KIND DRIVER IFNAMES NUMA GROUP VFS PROTECTED CLAIM "
		 "HELD-BY\n"
		 "(these unless told), IDS MAC PF VF ACS FLR SERIAL ID-PATH LINK NAME. VFS is "
		 "\"there\n"
		 "are/there can be\", GROUP the IOMMU group, CLAIM the VM it belongs to.\n\n"
		 "Columns of claims: ADDRESS PF VF NETWORK MAC VLAN STATE ORIGIN GENERATION VM "
		 "REASON,\n"
		 "WHOLE MBIT/S SPOOFCHK LINK TRUST DRIVER MANAGED ATTEMPTS SINCE CHANGED BOOT-ID "
		 "UUID.\n"
		 "Columns of networks: NAME VLAN MODE PLACEMENT TOTAL CLAIMED QUARANTINED "
		 "UNUSABLE FREE\n"
		 "UPLINKS, MTU NUMA MSIX MBIT/S SPOOFCHK LINK TRUST LIMIT RESERVATION SHARES "
		 "VSWITCH.\n"
		 "Columns of vms: UUID STATE CLAIMS NICS DEVICES NAME.\n\n"
		 "\"-\" is what does not apply or is not known. Off a terminal no cell is ever "
		 "cut.",
	.examples = "viaduct list\n"
		    "viaduct list vf\n"
		    "viaduct list claims --state quarantined\n"
		    "viaduct list networks --no-header --columns NAME,FREE\n"
		    "viaduct --json list pf | jq -r '.devices[].address'",
	.exits = "0  listed, be it nothing",
	.options = options,
	.max_args = CLI_ARGS_ANY,
	.run = run_list,
};
