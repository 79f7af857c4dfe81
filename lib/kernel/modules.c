/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A libkmod context lives as long as one call: it maps the module index and reads modprobe.d, which
 * a daemon that needs it once a bind has no business keeping.
 */
#include "kernel/modules.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MODULE_NAME_MAX 64 /* MODULE_NAME_LEN, include/linux/moduleparam.h */

static void ctx_unref(struct kmod_ctx **ctx)
{
	if (*ctx)
		kmod_unref(*ctx);
}
static void list_unref(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}
#define autoctx	 VIA_CLEANUP(ctx_unref) struct kmod_ctx
#define autolist VIA_CLEANUP(list_unref) struct kmod_list

static void no_log(void *data, int priority, const char *file, int line, const char *fn,
	const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static struct kmod_ctx *ctx_new(const char *dirname, const char *const *config)
{
	struct kmod_ctx *ctx = kmod_new(dirname, config);

	if (ctx)
		kmod_set_log_fn(ctx, no_log, NULL);
	return ctx;
}

/* modules.alias and modprobe.d write '-' and '_' as they like; the kernel's names have '_'. */
static bool normalize(const char *name, char out[MODULE_NAME_MAX])
{
	size_t len = strlen(name);

	if (!len || len >= MODULE_NAME_MAX || strchr(name, '/') || name[0] == '.')
		return false;
	for (size_t i = 0; i <= len; i++)
		out[i] = name[i] == '-' ? '_' : name[i];
	return true;
}

/* Live, or built in: that has a directory in /sys/module and no initstate there. */
static bool is_loaded(int root, const char *module)
{
	char path[MODULE_NAME_MAX + 32], state[8] = "";
	via_autoclose int fd = -1;

	snprintf(path, sizeof(path), "sys/module/%s", module);
	if (faccessat(root, path, F_OK, 0) < 0)
		return false;
	snprintf(path, sizeof(path), "sys/module/%s/initstate", module);
	fd = openat(root, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	return read(fd, state, sizeof(state) - 1) > 0 && strncmp(state, "live", 4) == 0;
}

static int probe(struct kmod_module *m)
{
	/* As modprobe(8): a module that is named is loaded though it be blacklisted, an alias not.
	 */
	int r = kmod_module_probe_insert_module(
		m, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY, NULL, NULL, NULL, NULL);
	int state;

	if (r > 0)
		return -EPERM;
	if (r < 0)
		return r;
	state = kmod_module_get_initstate(m);
	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN ? 0 : -EPERM;
}

int via_modules_load(int root, const char *name)
{
	char module[MODULE_NAME_MAX];
	autolist *list = NULL;
	autoctx *ctx = NULL;
	struct kmod_list *i;
	int r;

	if (!normalize(name, module))
		return -EINVAL;
	if (is_loaded(root, module))
		return 0;
	ctx = ctx_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	r = kmod_module_new_from_lookup(ctx, name, &list);
	if (r < 0)
		return r;
	r = list ? 0 : -ENOENT;
	kmod_list_foreach(i, list)
	{
		struct kmod_module *m = kmod_module_get_module(i);

		if (r == 0)
			r = probe(m);
		kmod_module_unref(m);
	}
	return r;
}

int via_modules_match(const char *pattern, const char *alias)
{
	int n = 0;

	if (fnmatch(pattern, alias, 0) != 0)
		return -1;
	for (; *pattern; pattern++)
		n += *pattern == '*' || *pattern == '?' || *pattern == '[';
	return n;
}

struct match {
	char module[MODULE_NAME_MAX];
	int wildcards; /* INT_MAX: the index has it, modules.alias does not (built in, modprobe.d)
			*/
	bool blacklisted;
	size_t order; /* libkmod's */
};

struct matches {
	struct match *m;
	size_t n;
};

static void matches_finish(struct matches *ms)
{
	free(ms->m);
}

static size_t list_length(struct kmod_list *list)
{
	struct kmod_list *i;
	size_t n = 0;

	kmod_list_foreach(i, list) n++;
	return n;
}

static int collect(struct kmod_list *list, struct matches *ms)
{
	struct kmod_list *i;

	ms->m = calloc(list_length(list), sizeof(*ms->m));
	if (!ms->m)
		return -ENOMEM;
	kmod_list_foreach(i, list)
	{
		struct kmod_module *m = kmod_module_get_module(i);
		struct match *match = &ms->m[ms->n];

		if (normalize(kmod_module_get_name(m), match->module)) {
			match->wildcards = INT_MAX;
			match->order = ms->n++;
		}
		kmod_module_unref(m);
	}
	return 0;
}

static struct match *find(struct matches *ms, const char *name)
{
	char module[MODULE_NAME_MAX];

	for (size_t i = 0; normalize(name, module) && i < ms->n; i++) {
		if (strcmp(ms->m[i].module, module) == 0)
			return &ms->m[i];
	}
	return NULL;
}

/* "alias PATTERN MODULE" */
static void rank_line(char *line, const char *alias, struct matches *ms)
{
	char *save = NULL;
	char *word = strtok_r(line, " \t\n", &save);
	char *pattern = strtok_r(NULL, " \t\n", &save);
	char *module = strtok_r(NULL, " \t\n", &save);
	struct match *m;
	int n;

	if (!word || !pattern || !module || strcmp(word, "alias") != 0)
		return;
	n = via_modules_match(pattern, alias);
	m = n < 0 ? NULL : find(ms, module);
	if (m && n < m->wildcards)
		m->wildcards = n;
}

/* libkmod finds the modules but does not tell by which pattern: the text index does. */
static void rank(struct kmod_ctx *ctx, const char *alias, struct matches *ms)
{
	via_autofclose FILE *f = NULL;
	via_autofree char *line = NULL;
	size_t prefix = strcspn(alias, ":");
	char path[PATH_MAX];
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/modules.alias", kmod_get_dirname(ctx));
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0) {
		if (strncmp(line, "alias ", 6) == 0 && strncmp(line + 6, alias, prefix) == 0)
			rank_line(line, alias, ms);
	}
}

static void mark_blacklisted(struct kmod_ctx *ctx, struct matches *ms)
{
	struct kmod_config_iter *i = kmod_config_get_blacklists(ctx);

	while (i && kmod_config_iter_next(i)) {
		struct match *m = find(ms, kmod_config_iter_get_key(i));

		if (m)
			m->blacklisted = true;
	}
	kmod_config_iter_free_iter(i);
}

static int by_rank(const void *a, const void *b)
{
	const struct match *x = a, *y = b;

	if (x->blacklisted != y->blacklisted)
		return x->blacklisted - y->blacklisted;
	if (x->wildcards != y->wildcards)
		return x->wildcards < y->wildcards ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int find_matches(struct kmod_ctx *ctx, const char *alias, struct matches *ms)
{
	autolist *list = NULL;
	int r;

	r = kmod_module_new_from_lookup(ctx, alias, &list);
	/* A kernel without a module tree: nothing can be loaded, so nothing is found. */
	if (r == -ENOENT || r == -ENOSYS || (r == 0 && !list))
		return 0;
	if (r == 0)
		r = collect(list, ms);
	if (r < 0)
		return r;
	rank(ctx, alias, ms);
	mark_blacklisted(ctx, ms);
	return 0;
}

int via_modules_lookup_in(const char *dirname, const char *const *config, const char *alias,
	via_list_fn *fn, void *user)
{
	VIA_CLEANUP(matches_finish) struct matches ms = {0};
	autoctx *ctx = ctx_new(dirname, config);
	int r = ctx ? find_matches(ctx, alias, &ms) : -ENOMEM;

	if (r == 0 && ms.n)
		qsort(ms.m, ms.n, sizeof(*ms.m), by_rank);
	for (size_t i = 0; r == 0 && i < ms.n; i++)
		r = fn(ms.m[i].module, user);
	return r;
}

int via_modules_lookup(const char *alias, via_list_fn *fn, void *user)
{
	return via_modules_lookup_in(NULL, NULL, alias, fn, user);
}
