/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a word on the command line means: a device, or a VM. */
#ifndef VIA_CLI_TARGET_H
#define VIA_CLI_TARGET_H

#include "cli.h"

enum cli_target_kind { CLI_TARGET_DEVICE, CLI_TARGET_VM };

struct cli_target {
	enum cli_target_kind kind;
	const char *name;
	json_object *reply; /* of Show or ShowVm, when it was asked; NULL */
};
void cli_target_finish(struct cli_target *t);
#define cli_autotarget __attribute__((cleanup(cli_target_finish))) struct cli_target

/*
 * "vm NAME", "device NAME", or NAME alone. Alone, an address and a name with a slash are a device's
 * (libvirt allows no slash in a domain's name), a UUID is a VM's; for anything else the daemon is
 * asked. A name that both have is refused with both ways out, and so is one that nothing has.
 * 0, or an exit code, reported.
 */
int cli_target_find(struct cli *c, char **args, size_t n, struct cli_target *ret);
/* Fill t->reply, unless it is. 0, or an exit code, reported. */
int cli_target_ask(struct cli *c, struct cli_target *t);

#endif
