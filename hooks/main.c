/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/hook.h"

#define TIMEOUT_MS 5000 /* libvirt holds the domain's lock meanwhile */

int main(int argc, char **argv)
{
	static const struct via_hook_places places = {
		.socket = VIADUCT_SOCKET,
		.state_dir = VIADUCT_STATEDIR,
		.run_dir = VIADUCT_RUNDIR,
		.module = VIADUCT_HOOK_MODULE,
		.root = "",
		.timeout_ms = TIMEOUT_MS,
	};

	return via_hook_run(&places, argc, argv);
}
