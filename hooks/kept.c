/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <unistd.h>

#include "hooks/hook.h"

const char *via_hook_kept_path(
	const struct via_hook_places *p, const char *uuid, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/hook/%s", p->run_dir, uuid) >= PATH_MAX)
		path[0] = '\0';
	return path;
}

bool via_hook_is_kept(const struct via_hook_places *p, const char *uuid)
{
	char path[PATH_MAX];

	return access(via_hook_kept_path(p, uuid, path), F_OK) == 0;
}
