/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config_load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"

struct sources {
	size_t n;
	struct via_config_source list[VIA_CONFIG_FILES_MAX];
};

static void sources_destroy(struct sources **p)
{
	struct sources *s = *p;

	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free((char *)s->list[i].name);
		free((char *)s->list[i].text);
	}
	free(s);
}

static int add_file(struct sources *s, const char *path, bool may_miss, struct via_err *err)
{
	via_autofree char *name = strdup(path), *text = NULL;
	size_t len;
	int r;

	if (!name)
		return via_err_set(err, -ENOMEM, "out of memory");
	if (s->n == VIA_CONFIG_FILES_MAX)
		return via_err_set(err, -E2BIG, "%s: more than %d configuration files", path,
			VIA_CONFIG_FILES_MAX);
	r = via_file_read(AT_FDCWD, path, VIA_CONFIG_FILE_MAX, &text, &len, err);
	if (r == -ENOENT && may_miss)
		return 0;
	if (r < 0)
		return r;
	s->list[s->n++] = (struct via_config_source){via_steal(&name), via_steal(&text), len};
	return 0;
}

static int is_fragment(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".json");
}

/* By bytes, not by locale: the order must be the same on every host. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_fragments(struct sources *s, const char *dir, struct via_err *err)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_fragment, by_bytes), r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : via_err_set(err, -errno, "%s: cannot list: %m", dir);
	for (int i = 0; i < n; i++) {
		via_autofree char *path = NULL;

		if (!r && asprintf(&path, "%s/%s", dir, names[i]->d_name) < 0) {
			path = NULL;
			r = via_err_set(err, -ENOMEM, "out of memory");
		}
		if (!r)
			r = add_file(s, path, false, err);
		free(names[i]);
	}
	free(names);
	return r;
}

static int add_dir(struct sources *s, const char *dir, struct via_err *err)
{
	via_autofree char *main_file = NULL, *fragments = NULL;
	int r;

	if (asprintf(&main_file, "%s/viaduct.json", dir) < 0) {
		main_file = NULL;
		return via_err_set(err, -ENOMEM, "out of memory");
	}
	if (asprintf(&fragments, "%s/conf.d", dir) < 0) {
		fragments = NULL;
		return via_err_set(err, -ENOMEM, "out of memory");
	}
	r = add_file(s, main_file, true, err);
	return r ? r : add_fragments(s, fragments, err);
}

int via_config_load(const char *path, struct via_config **ret, struct via_config_problems *problems,
	struct via_err *err)
{
	__attribute__((cleanup(sources_destroy))) struct sources *s = calloc(1, sizeof(*s));
	struct stat st;
	int r;

	if (!s)
		return via_err_set(err, -ENOMEM, "out of memory");
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		r = add_file(s, path, false, err);
	else if (strlen(path) > 5 && !strcmp(path + strlen(path) - 5, ".json"))
		r = add_file(s, path, false, err);
	else
		r = add_dir(s, path, err);
	if (r)
		return r;
	return via_config_parse(s->list, s->n, ret, problems, err);
}
