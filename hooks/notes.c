/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hooks/notes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "hooks/generations.h"

static int64_t realtime_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void add_boot_id(const struct via_hook *h, json_object *o)
{
	via_autofree char *text = NULL;
	char path[PATH_MAX], id[VIA_UUID_MAX];
	size_t len;

	snprintf(path, sizeof(path), "%s/proc/sys/kernel/random/boot_id", h->p->root);
	if (via_file_read(AT_FDCWD, path, 256, &text, &len, NULL))
		return;
	text[strcspn(text, "\n")] = '\0';
	if (via_uuid_parse(text, id) == 0)
		via_json_add_str(o, "boot_id", id);
}

static json_object *devices(const struct via_domain *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < d->n_devs; i++)
		json_object_array_add(list, json_object_new_string(via_addr_fmt(d->devs[i].addr)));
	return list;
}

static json_object *make_note(const struct via_hook *h, int64_t ns)
{
	json_object *o = json_object_new_object();

	via_json_add_int(o, "version", VIA_NOTES_VERSION);
	via_json_add_str(o, "operation", h->op->name);
	via_json_add_str(o, "uuid", h->dom.uuid);
	via_json_add_str(o, "name", h->dom.name);
	via_json_add_int(o, "time_us", ns / 1000);
	add_boot_id(h, o);
	json_object_object_add(o, "devices", devices(&h->dom));
	json_object_object_add(
		o, "generations", via_generations_json(h->generations, h->n_generations));
	return o;
}

static int make_dir(const struct via_hook *h, struct via_err *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/" VIA_NOTES_DIR, h->p->state_dir) >= (int)sizeof(path))
		return via_err_set(err, -ENAMETOOLONG, "%s: the path is too long", h->p->state_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return via_err_set(err, -errno, "%s: cannot make: %m", path);
	return 0;
}

int via_hook_note(const struct via_hook *h, struct via_err *err)
{
	int64_t ns = realtime_ns();
	via_autojson *o = make_note(h, ns);
	const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	char path[PATH_MAX];
	int r = make_dir(h, err);

	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/" VIA_NOTES_DIR "/%s-%lld.json", h->p->state_dir,
		h->dom.uuid, (long long)ns);
	return via_file_replace(AT_FDCWD, path, text, strlen(text), 0600, err);
}
