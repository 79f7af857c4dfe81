/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIA_DAEMON_OPTIONS_H
#define VIA_DAEMON_OPTIONS_H

#include <stdbool.h>

enum via_mode { VIA_MODE_DAEMON, VIA_MODE_CHECK_CONFIG, VIA_MODE_PRINT };

struct via_options {
	enum via_mode mode;
	const char *config, *state_dir, *socket;
	const char *check; /* --check-config's own path, or NULL */
	const char *print;
	const char *libvirt; /* URI; NULL: without */
	bool json, debug;
};

/* 0: go on; 1: done (help, version); 2: wrong usage, said on stderr. */
int via_options_parse(int argc, char **argv, struct via_options *ret);

#endif
