/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt's hook with a test's places: options first, then what libvirt gives it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "hooks/hook.h"

int main(int argc, char **argv)
{
	struct via_hook_places places = {
		.socket = VIADUCT_SOCKET,
		.state_dir = VIADUCT_STATEDIR,
		.run_dir = VIADUCT_RUNDIR,
		.module = HOOK_MODULE,
		.root = "",
		.timeout_ms = 5000,
	};
	const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"state-dir", required_argument, NULL, 'd'},
		{"run-dir", required_argument, NULL, 'r'},
		{"module", required_argument, NULL, 'm'},
		{"root", required_argument, NULL, 'R'},
		{"timeout-ms", required_argument, NULL, 't'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 's':
			places.socket = optarg;
			break;
		case 'd':
			places.state_dir = optarg;
			break;
		case 'r':
			places.run_dir = optarg;
			break;
		case 'm':
			places.module = optarg;
			break;
		case 'R':
			places.root = optarg;
			break;
		case 't':
			places.timeout_ms = (unsigned int)atoi(optarg);
			break;
		default:
			return 99;
		}
	}
	argv[optind - 1] = argv[0];
	return via_hook_run(&places, argc - optind + 1, argv + optind - 1);
}
