/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target.h"

#include <string.h>

#include "base/parse.h"
#include "doc.h"

/* The words before a name, which are the parameters' as well, and the methods that show one. */
static const struct {
	const char *word, *method;
} kinds[] = {
	[CLI_TARGET_DEVICE] = {"device", "Show"},
	[CLI_TARGET_VM] = {"vm", "ShowVm"},
};

void cli_target_finish(struct cli_target *t)
{
	json_object_put(t->reply);
	t->reply = NULL;
}

static bool is_uuid(const char *s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(s) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '-' ? s[i] != '-' : !strchr("0123456789abcdefABCDEF", s[i]))
			return false;
	return true;
}

static json_object *naming(enum cli_target_kind kind, const char *name)
{
	json_object *parameters = json_object_new_object();

	via_json_add_str(parameters, kinds[kind].word, name);
	return parameters;
}

int cli_target_ask(struct cli *c, struct cli_target *t)
{
	if (t->reply)
		return 0;
	return cli_call(
		c, CLI_READS, kinds[t->kind].method, naming(t->kind, t->name), NULL, &t->reply);
}

static int ambiguous(struct cli *c, const char *name)
{
	return cli_fail(c, CLI_USAGE,
		"there are a device and a VM called \"%s\"; say which one: \"viaduct %s device "
		"%s\" or "
		"\"viaduct %s vm %s\"",
		name, c->command->name, name, c->command->name, name);
}

static int ask_for_both(struct cli *c, const char *name, struct cli_target *ret)
{
	via_autojson *device = NULL, *vm = NULL;
	int r;

	r = cli_ask(c, "Show", naming(CLI_TARGET_DEVICE, name), &device);
	if (!r)
		r = cli_ask(c, "ShowVm", naming(CLI_TARGET_VM, name), &vm);
	if (r)
		return r;
	if (device && vm)
		return ambiguous(c, name);
	if (!device && !vm)
		return cli_fail(c, via_refusal_exit(VIA_REFUSED_NOT_FOUND),
			"there is no device and no VM called \"%s\": see \"viaduct list all\" and "
			"\"viaduct list vms\"",
			name);
	ret->kind = vm ? CLI_TARGET_VM : CLI_TARGET_DEVICE;
	ret->name = name;
	ret->reply = json_object_get(vm ? vm : device);
	return 0;
}

static int named_kind(struct cli *c, char **args, struct cli_target *ret)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(kinds); i++) {
		if (strcmp(args[0], kinds[i].word))
			continue;
		*ret = (struct cli_target){.kind = (enum cli_target_kind)i, .name = args[1]};
		return 0;
	}
	return cli_usage(c, "%s does not take \"%s\": what stands before a name is vm or device",
		c->command->name, args[0]);
}

int cli_target_find(struct cli *c, char **args, size_t n, struct cli_target *ret)
{
	struct via_addr addr;

	if (n > 1)
		return named_kind(c, args, ret);
	*ret = (struct cli_target){.kind = CLI_TARGET_DEVICE, .name = args[0]};
	if (via_addr_parse(args[0], &addr) == 0 || strchr(args[0], '/'))
		return 0;
	if (is_uuid(args[0])) {
		ret->kind = CLI_TARGET_VM;
		return 0;
	}
	return ask_for_both(c, args[0], ret);
}
