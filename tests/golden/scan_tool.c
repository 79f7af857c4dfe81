/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scan-tool [ROOT | HOST.host]: the inventory of this machine, of a tree, or of a captured host, as
 * JSON. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fake/fake.h"
#include "kernel/scan.h"
#include "model/codec.h"

static bool is_manifest(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && !strcmp(path + n - 5, ".host");
}

static int open_door(const char *what, int *root, struct via_kernel **ret, struct via_err *err)
{
	struct via_fake *f;

	if (what && is_manifest(what)) {
		f = via_fake_create();
		*ret = via_fake_kernel(f);
		return via_fake_load_path(f, what, err);
	}
	if (what) {
		*root = open(what, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (*root < 0)
			return via_err_set(err, -errno, "%s: %s", what, strerror(errno));
	}
	return via_kernel_linux_create(*root, ret, err);
}

static int print(struct via_kernel *k, struct via_err *err)
{
	via_autoinventory *inv = NULL;
	via_autojson *o = NULL;
	int r = via_scan(k, NULL, &inv, err);

	if (r)
		return r;
	o = via_codec_inventory(inv);
	if (!o)
		return via_err_set(err, -ENOMEM, "out of memory");
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	return 0;
}

int main(int argc, char **argv)
{
	via_autoclose int root = -1;
	struct via_kernel *k = NULL;
	struct via_err err = {0};
	int r = open_door(argc > 1 ? argv[1] : NULL, &root, &k, &err);

	if (r == 0)
		r = print(k, &err);
	if (r)
		fprintf(stderr, "scan-tool: %s\n", err.msg);
	via_kernel_destroy(k);
	return r ? 1 : 0;
}
