/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "util.h"

#define FILE_MAX (64u << 20)

static int check_version(json_object *o, struct via_err *err)
{
	json_object *v;

	if (!json_object_is_type(o, json_type_object) ||
		!json_object_object_get_ex(o, "version", &v) ||
		!json_object_is_type(v, json_type_int))
		return via_err_set(err, -EUCLEAN, "/version: missing");
	if (json_object_get_int(v) != VIA_STORE_VERSION)
		return via_err_set(err, -EUCLEAN,
			"/version: %d, but this viaductd knows %d only (was it written by a newer "
			"one?)",
			json_object_get_int(v), VIA_STORE_VERSION);
	return 0;
}

static int understand(const struct via_store_file *f, const char *text, size_t len,
	json_object **ret, struct via_err *err)
{
	via_autojson *o = NULL;
	int r = via_json_parse(text, len, false, &o, err);

	if (r == 0)
		r = check_version(o, err);
	if (r == 0)
		r = f->check(o, err);
	if (r)
		return r > 0 ? -EUCLEAN : r;
	*ret = via_steal(&o);
	return 0;
}

int via_store_file_read(const struct via_store_place *p, const struct via_store_file *f,
	json_object **ret, struct via_err *err)
{
	via_autofree char *text = NULL;
	struct via_err what = {0};
	size_t len;
	int r = via_file_read(p->dirfd, f->name, FILE_MAX, &text, &len, &what);

	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (r < 0)
		return via_err_set(err, r, "%s/%s", p->dir, what.msg);
	r = understand(f, text, len, ret, &what);
	return r ? via_err_set(err, r, "%s/%s: %.400s", p->dir, f->name, what.msg) : 0;
}

/* When the copy before was written; "" there is none that is whole. */
static void copy_time(
	const struct via_store_place *p, const struct via_store_file *f, char ret[VIA_TIME_STR_MAX])
{
	via_autojson *o = NULL;
	struct via_store_file bak = *f;
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "%s.bak", f->name);
	bak.name = name;
	ret[0] = '\0';
	if (via_store_file_read(p, &bak, &o, NULL) == 0 && o &&
		fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		via_time_str(st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000, ret);
}

int via_store_file_load(const struct via_store_place *p, const struct via_store_file *f,
	json_object **ret, struct via_err *err)
{
	char time[VIA_TIME_STR_MAX];
	struct via_err what = {0};
	int r = via_store_file_read(p, f, ret, &what);

	if (r != -EUCLEAN)
		return r ? via_err_set(err, r, "%s", what.msg) : 0;
	copy_time(p, f, time);
	if (time[0])
		return via_err_set(err, r,
			"%s; the copy before, of %s, is whole: \"mv %s/%s.bak %s/%s\" puts it "
			"back, and "
			"what changed since is lost",
			what.msg, time, p->dir, f->name, p->dir, f->name);
	return via_err_set(err, r,
		"%s; there is no whole copy beside it: \"mv %s/%s %s/%s.damaged\" starts without "
		"it, "
		"and %s",
		what.msg, p->dir, f->name, p->dir, f->name, f->without);
}

int via_store_file_save(
	const struct via_store_place *p, const char *name, json_object *object, struct via_err *err)
{
	via_autojson *o = object;
	char bak[64];
	const char *s;
	int r;

	if (!o)
		return via_err_set(err, -ENOMEM, "out of memory");
	via_json_add_int(o, "version", VIA_STORE_VERSION);
	s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY);
	if (!s)
		return via_err_set(err, -ENOMEM, "out of memory");
	snprintf(bak, sizeof(bak), "%s.bak", name);
	r = p->disk->ops->keep(p->disk, p->dirfd, name, bak);
	if (r == 0)
		r = p->disk->ops->replace(p->disk, p->dirfd, name, s, strlen(s), 0600);
	return r < 0 ? via_err_set(err, r, "%s/%s: cannot write: %s", p->dir, name, strerror(-r))
		     : 0;
}
