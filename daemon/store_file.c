/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"

#define FILE_MAX (64u << 20)

int via_store_file_damaged(const char *dir, const char *name, struct via_err *err)
{
	char what[VIA_ERR_MSG_MAX];

	snprintf(what, sizeof(what), "%.400s", err ? err->msg : "");
	return via_err_set(err, -EUCLEAN,
		"%s/%s: %s; if %s.bak beside it is whole, \"mv %s/%s.bak %s/%s\" puts the last "
		"good "
		"copy back",
		dir, name, what, name, dir, name, dir, name);
}

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

int via_store_file_load(
	int dirfd, const char *dir, const char *name, json_object **ret, struct via_err *err)
{
	via_autofree char *text = NULL;
	via_autojson *o = NULL;
	struct via_err what = {0};
	size_t len;
	int r = via_file_read(dirfd, name, FILE_MAX, &text, &len, &what);

	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (r < 0)
		return via_err_set(err, r, "%s/%s", dir, what.msg);
	r = via_json_parse(text, len, false, &o, &what);
	if (r == 0)
		r = check_version(o, &what);
	if (r) {
		via_err_set(err, r, "%s", what.msg);
		return via_store_file_damaged(dir, name, err);
	}
	*ret = via_steal(&o);
	return 0;
}

/* A link to the file as it is: the replacing rename leaves it with the old contents. */
static void keep_copy(int dirfd, const char *name)
{
	char bak[64];

	snprintf(bak, sizeof(bak), "%s.bak", name);
	if (faccessat(dirfd, name, F_OK, 0) < 0)
		return;
	unlinkat(dirfd, bak, 0);
	(void)!linkat(dirfd, name, dirfd, bak, 0);
}

int via_store_file_save(
	int dirfd, const char *dir, const char *name, json_object *object, struct via_err *err)
{
	via_autojson *o = object;
	const char *s;
	int r;

	if (!o)
		return via_err_set(err, -ENOMEM, "out of memory");
	via_json_add_int(o, "version", VIA_STORE_VERSION);
	s = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY);
	if (!s)
		return via_err_set(err, -ENOMEM, "out of memory");
	keep_copy(dirfd, name);
	r = via_file_replace(dirfd, name, s, strlen(s), 0600, err);
	if (r < 0)
		via_err_prefix(err, "%s", dir);
	return r;
}
