/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "store_parts.h"

#define STATE_MAX 65536

static int damaged(const struct via_store_place *p, const char *what, struct via_err *err)
{
	return via_err_set(err, -EUCLEAN,
		"%s/%s: %.300s; \"echo '{\"version\": %d}' > %s/%s\" puts back what this viaductd "
		"writes there, and nothing is lost by it, unless a newer one wrote it",
		p->dir, VIA_STATE_FILE, what, VIA_STATE_VERSION, p->dir, VIA_STATE_FILE);
}

static int parse(const struct via_store_place *p, const char *text, size_t len, int *ret,
	struct via_err *err)
{
	via_autojson *o = NULL;
	struct via_err what = {0};
	json_object *v;
	int64_t version;

	if (via_json_parse(text, len, false, &o, &what))
		return damaged(p, what.msg, err);
	if (!json_object_is_type(o, json_type_object) ||
		!json_object_object_get_ex(o, "version", &v) ||
		!json_object_is_type(v, json_type_int) || (version = json_object_get_int64(v)) < 2)
		return damaged(p, "/version: missing, or no version there ever was", err);
	if (version > VIA_STATE_VERSION)
		return via_err_set(err, -EUCLEAN,
			"%s/%s: /version: %lld, but this viaductd knows up to %d: a newer one "
			"keeps its "
			"state there; install that one again, or give this one a directory of its "
			"own "
			"with --state-dir",
			p->dir, VIA_STATE_FILE, (long long)version, VIA_STATE_VERSION);
	*ret = (int)version;
	return 0;
}

int via_state_version(const struct via_store_place *p, int *ret, struct via_err *err)
{
	via_autofree char *text = NULL;
	struct via_err what = {0};
	size_t len;
	int r = via_file_read(p->dirfd, VIA_STATE_FILE, STATE_MAX, &text, &len, &what);

	if (r == -ENOENT) {
		*ret = 0;
		return 0;
	}
	if (r < 0)
		return via_err_set(err, r, "%s/%s", p->dir, what.msg);
	return parse(p, text, len, ret, err);
}

int via_state_stamp(const struct via_store_place *p, struct via_err *err)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "{\"version\": %d}\n", VIA_STATE_VERSION);
	int r = p->disk->ops->replace(p->disk, p->dirfd, VIA_STATE_FILE, text, (size_t)n, 0600);

	return r < 0 ? via_err_set(err, r, "%s/%s: cannot write: %s", p->dir, VIA_STATE_FILE,
			       strerror(-r))
		     : 0;
}
