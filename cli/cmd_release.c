/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways a claim ends, or begins by itself. */
#include <stdio.h>

#include "base/parse.h"
#include "doc.h"
#include "print.h"
#include "target.h"

static int add_generation(struct cli *c, json_object *parameters)
{
	int64_t n;

	if (!c->opt.generation)
		return 0;
	if (via_parse_int(c->opt.generation, 1, INT64_MAX, &n) < 0)
		return cli_usage(c, "\"%s\" is no generation of a claim (a whole number from 1 on)",
			c->opt.generation);
	via_json_add_int(parameters, "generation", n);
	return 0;
}

static int run_release(struct cli *c, char **args, size_t n)
{
	via_autojson *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	cli_autotarget target = {0};
	int r;

	r = add_generation(c, parameters);
	if (!r)
		r = cli_target_find(c, args, n, &target);
	if (r)
		return r;
	via_json_add_str(parameters, target.kind == CLI_TARGET_VM ? "vm" : "device", target.name);
	r = cli_call(c, CLI_CHANGES, "Release", json_object_get(parameters), NULL, &reply);
	if (r)
		return r;
	if (target.kind == CLI_TARGET_VM)
		return print_given_up(
			c, reply, "All that %s had is clean and free.\n", target.name);
	return print_given_up(c, reply, "%s is clean and free.\n", target.name);
}

static const struct cli_option release_options[] = {
	{"generation", 0, CLI_OPTION_TEXT, offsetof(struct cli_options, generation), 0, "N",
		"only if the claim still is that one"},
	{0},
};

const struct cli_command cli_cmd_release = {
	.name = "release",
	.args = "VM | DEVICE | vm NAME | device NAME",
	.summary = "End a claim: clean the function, and have it free again",
	.about = "All claims of a VM, or the one on a device. Refused while the VM runs with it. "
		 "The\n"
		 "function is reset, set back to what it was when it was made, and read back; "
		 "what does\n"
		 "not come clean is quarantined: nobody gets it until it does.\n\n"
		 "A name that a device and a VM have needs the word vm or device before it.",
	.examples = "viaduct release web1\n"
		    "viaduct release 0000:01:10.0\n"
		    "viaduct release 0000:01:10.0 --generation 12",
	.exits = "0  clean and free\n"
		 "11 its VM runs with it\n"
		 "16 there is no such claim\n"
		 "28 the claim is another one by now\n"
		 "29 it did not come clean and is quarantined",
	.options = release_options,
	.min_args = 1,
	.max_args = 2,
	.changes = true,
	.run = run_release,
};

static int run_adopt(struct cli *c, char **args, size_t n)
{
	json_object *parameters = json_object_new_object();
	via_autojson *reply = NULL;
	json_object *claims;
	int r;

	via_json_add_str(parameters, "what", n ? args[0] : NULL);
	r = cli_call(c, CLI_CHANGES, "Adopt", parameters, NULL, &reply);
	if (r)
		return r;
	if (c->opt.json)
		return cli_print_json(c, reply);
	claims = doc_array(reply, "claims");
	print_claims_held(claims);
	if (!doc_length(claims))
		printf("Nothing runs without a claim.\n");
	return 0;
}

const struct cli_command cli_cmd_adopt = {
	.name = "adopt",
	.args = "[VM | DEVICE]",
	.summary = "Claim for their VMs what already runs",
	.about = "A VM that holds a function without a claim gets one, as the function is. The "
		 "daemon does\n"
		 "so by itself when it starts, when libvirt comes back, and from time to time; "
		 "adopt does\n"
		 "it now, and prints what it claimed. A claim by adoption ends when its VM does.",
	.examples = "viaduct adopt\n"
		    "viaduct adopt web1",
	.exits = "0  adopted, be it nothing",
	.max_args = 1,
	.changes = true,
	.run = run_adopt,
};
