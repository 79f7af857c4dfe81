/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "doc.h"
#include "print.h"

#define NODES_MAX 64 /* of a host, as far as the daemon tells them apart */

static int add_node(struct cli *c, json_object *array, const char *text, size_t len)
{
	char first[24], *last;
	int64_t from, to;

	if (len >= sizeof(first))
		goto bad;
	memcpy(first, text, len);
	first[len] = '\0';
	last = strchr(first, '-');
	if (last)
		*last++ = '\0';
	if (via_parse_int(first, 0, NODES_MAX - 1, &from) < 0 ||
		via_parse_int(last ? last : first, from, NODES_MAX - 1, &to) < 0)
		goto bad;
	for (; from <= to; from++)
		json_object_array_add(array, json_object_new_int64(from));
	return 0;
bad:
	return cli_usage(c, "\"%.*s\" is no NUMA node for --nodes (like 0, or 0,2-3; up to %d)",
		(int)len, text, NODES_MAX - 1);
}

/* "0,2-3": [0, 2, 3] */
static int add_nodes(struct cli *c, json_object *parameters)
{
	json_object *array = json_object_new_array();

	json_object_object_add(parameters, "nodes", array);
	for (const char *at = c->opt.nodes;; at++) {
		size_t n = strcspn(at, ",");
		int r = add_node(c, array, at, n);

		at += n;
		if (r || !*at)
			return r;
	}
}

static int add_numa(struct cli *c, json_object *parameters)
{
	static const char *const modes[] = {"none", "preferred", "strict", NULL};
	const char *numa = c->opt.numa;
	size_t i = 0;

	if (!numa)
		return c->opt.nodes
			       ? cli_usage(c, "--nodes says where the VM's memory is; say with "
					      "--numa preferred or strict how much that counts")
			       : 0;
	while (modes[i] && strcmp(modes[i], numa))
		i++;
	if (!modes[i])
		return cli_usage(
			c, "--numa %s is not known; there are none, preferred, strict", numa);
	if (i > 0 && !c->opt.nodes)
		return cli_usage(c, "--numa %s needs --nodes LIST", numa);
	if (i == 0 && c->opt.nodes)
		return cli_usage(c, "--numa none and --nodes do not go together");
	via_json_add_str(parameters, "numa", numa);
	return c->opt.nodes ? add_nodes(c, parameters) : 0;
}

static int add_msix(struct cli *c, json_object *parameters)
{
	int64_t n;

	if (!c->opt.msix)
		return 0;
	if (via_parse_int(c->opt.msix, 1, 2048, &n) < 0) /* PCI: a table has 2048 at most */
		return cli_usage(
			c, "\"%s\" is no number of MSI-X vectors (1 to 2048)", c->opt.msix);
	via_json_add_int(parameters, "msix", n);
	return 0;
}

static int add_parameters(struct cli *c, json_object *parameters, const char *vm)
{
	const struct cli_options *o = &c->opt;
	int r;

	if (!o->network && !o->device)
		return cli_usage(c, "claim needs --network NAME, --device DEVICE, or both");
	if (o->whole && !o->device)
		return cli_usage(c, "--whole needs --device: the PF or NIC that is given away");
	via_json_add_str(parameters, "vm", vm);
	via_json_add_str(parameters, "uuid", o->uuid);
	via_json_add_str(parameters, "network", o->network);
	via_json_add_str(parameters, "device", o->device);
	via_json_add_str(parameters, "mac", o->mac);
	if (o->whole)
		via_json_add_bool(parameters, "whole", true);
	if (o->bind)
		via_json_add_bool(parameters, "driver", true);
	r = add_msix(c, parameters);
	return r ? r : add_numa(c, parameters);
}

static int check_xml(const struct cli *c, const char **form)
{
	int r = c->opt.xml ? claim_xml_form(c, form) : 0;

	if (r || !c->opt.xml)
		return r;
	if (c->opt.json)
		return cli_usage(c, "--xml and --json do not go together");
	if (c->opt.whole && !strcmp(*form, "interface"))
		return cli_usage(c, "libvirt takes no PF as an <interface>; use --xml=hostdev");
	return 0;
}

static void print_claim(json_object *claim)
{
	json_object *list = json_object_new_array();

	json_object_array_add(list, json_object_get(claim));
	print_claims_held(list);
	json_object_put(list);
	printf("The element for its domain: viaduct show %s --xml\n", doc_word(claim, "address"));
}

static int run_claim(struct cli *c, char **args, size_t n)
{
	via_autojson *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	json_object *claim;
	const char *form = NULL;
	int r;

	(void)n;
	r = check_xml(c, &form);
	if (!r)
		r = add_parameters(c, parameters, args[0]);
	if (!r)
		r = cli_call(c, CLI_CHANGES, "Claim", json_object_get(parameters), NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	claim = doc_object(reply, "claim");
	if (!claim)
		return cli_fail(c, CLI_FAILED, "viaductd answered without a claim");
	if (form)
		return print_claim_xml(c, claim, form);
	print_claim(claim);
	return 0;
}

#define TEXT(name) CLI_OPTION_TEXT, offsetof(struct cli_options, name), 0
#define FLAG(name) CLI_OPTION_FLAG, offsetof(struct cli_options, name), 0, NULL

static const struct cli_option options[] = {
	{"network", 0, TEXT(network), "NAME", "a VF of this network, set up as it says"},
	{"device", 0, TEXT(device), "DEVICE", "this one; with --network: set up as that says"},
	{"uuid", 0, TEXT(uuid), "UUID", "the VM's, where VM is a name that libvirt does not know"},
	{"mac", 0, TEXT(mac), "MAC", "this one, not the configured or a derived one"},
	{"whole", 0, FLAG(whole), "a PF or a NIC as such, with all its VFs"},
	{"msix", 0, TEXT(msix), "N", "a VF with at least so many MSI-X vectors"},
	{"numa", 0, TEXT(numa), "MODE", "none, preferred, strict: how much --nodes counts"},
	{"nodes", 0, TEXT(nodes), "LIST", "NUMA nodes of the VM's memory: 0, or 0,2-3"},
	{"bind", 0, FLAG(bind), "bind it to vfio as well, for managed='no'"},
	{"xml", 0, CLI_OPTION_OPTIONAL, offsetof(struct cli_options, xml_form),
		offsetof(struct cli_options, xml), "ELEMENT",
		"print the element for the domain: hostdev, or interface"},
	{0},
};

const struct cli_command cli_cmd_claim = {
	.name = "claim",
	.args = "VM",
	.summary = "Give a VM a VF, or a device, that stays its own",
	.about = "VM is the name or the UUID of a libvirt domain. The claim stays until it is "
		 "released,\n"
		 "whether the VM runs or not. Of a network the daemon chooses: a free VF of its "
		 "uplinks in\n"
		 "order, near the VM's memory. It is set up and read back before the claim "
		 "counts.\n\n"
		 "What the VM is started with must name the function: --xml prints the element "
		 "to put\n"
		 "into its domain, a <hostdev> unless told, or an <interface> with MAC and VLAN, "
		 "which\n"
		 "libvirt would undo if they did not stand there.\n\n"
		 "VMs whose domains name a function need no claim by hand: libvirt's hook makes "
		 "it when\n"
		 "they start.",
	.examples = "viaduct claim web1 --network blue\n"
		    "viaduct claim web1 --network blue --xml > nic.xml &&\n"
		    "  virsh attach-device web1 nic.xml --config\n"
		    "viaduct claim web1 --device enp1s0f0/3 --network blue\n"
		    "viaduct claim db1 --device 0000:03:00.0 --whole --bind",
	.exits = "0  claimed\n"
		 "10 somebody else has it\n"
		 "14 no VF is free: the message counts what stands in the way\n"
		 "29 it is quarantined\n"
		 "30 its PF is drained\n"
		 "31 somebody else has that MAC",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.changes = true,
	.run = run_claim,
};
