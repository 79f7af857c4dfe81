/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RUN/hook/UUID: {"version": 1, "generations": […]}. RUN is lost with a reboot, as every guest is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "hooks/generations.h"
#include "hooks/judge.h"

#define FILE_MAX 16384

static int make_dirs(const struct via_hook *h, struct via_err *err)
{
	char path[PATH_MAX];

	via_hook_kept_path(h->p, "", path);
	if (mkdir(h->p->run_dir, 0755) < 0 && errno != EEXIST)
		return via_err_set(err, -errno, "%s: cannot make: %m", h->p->run_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return via_err_set(err, -errno, "%s: cannot make: %m", path);
	return 0;
}

int via_hook_keep(const struct via_hook *h, struct via_err *err)
{
	via_autojson *o = json_object_new_object();
	char path[PATH_MAX];
	const char *text;
	int r;

	via_json_add_int(o, "version", 1);
	json_object_object_add(
		o, "generations", via_generations_json(h->generations, h->n_generations));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	r = make_dirs(h, err);
	if (r == 0)
		r = via_file_replace(AT_FDCWD, via_hook_kept_path(h->p, h->dom.uuid, path), text,
			strlen(text), 0600, err);
	/* Those of an earlier start would keep what this one holds from being released. */
	if (r < 0)
		via_hook_forget(h);
	return r;
}

static int64_t version_of(json_object *o)
{
	json_object *v = NULL;

	json_object_object_get_ex(o, "version", &v);
	return json_object_is_type(v, json_type_int) ? json_object_get_int64(v) : 0;
}

void via_hook_recall(struct via_hook *h)
{
	via_autofree char *text = NULL;
	via_autojson *o = NULL;
	json_object *list = NULL;
	char path[PATH_MAX];
	size_t len;

	h->n_generations = 0;
	if (via_file_read(AT_FDCWD, via_hook_kept_path(h->p, h->dom.uuid, path), FILE_MAX, &text,
		    &len, NULL) ||
		via_json_parse(text, len, false, &o, NULL) ||
		!json_object_is_type(o, json_type_object) || version_of(o) != 1)
		return;
	json_object_object_get_ex(o, "generations", &list);
	if (via_generations_parse(list, h->generations, &h->n_generations) < 0)
		h->n_generations = 0;
}

void via_hook_forget(const struct via_hook *h)
{
	char path[PATH_MAX];

	unlink(via_hook_kept_path(h->p, h->dom.uuid, path));
}
