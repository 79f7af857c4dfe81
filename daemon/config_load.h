/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the configuration's files. What they mean is model/config.h's business. */
#ifndef VIA_DAEMON_CONFIG_LOAD_H
#define VIA_DAEMON_CONFIG_LOAD_H

#include "model/config.h"

#define VIA_CONFIG_FILE_MAX  (1u << 20)
#define VIA_CONFIG_FILES_MAX 256

/*
 * path: a directory (its viaduct.json, then the files conf.d/NAME.json in the order of their names)
 * or one file. A directory, or files in it, that are not there are an empty configuration; a named
 * file must be there. 0 and *ret; below 0: a file could not be read; VIA_REFUSED_INVALID: problems
 * has all of them (may be NULL).
 */
int via_config_load(const char *path, struct via_config **ret, struct via_config_problems *problems,
	struct via_err *err);

#endif
