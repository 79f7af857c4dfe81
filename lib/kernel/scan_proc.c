/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: who they are and which descriptors they have. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernel/scan_proc.h"

#define CMDLINE_MAX 32768 /* of a QEMU command line: name and UUID stand in its first half */

struct each {
	int (*fn)(int number, void *user);
	void *user;
};

static int on_number(const char *name, void *user)
{
	const struct each *e = user;
	int64_t n;

	return via_parse_int(name, 0, INT32_MAX, &n) ? 0 : e->fn((int)n, e->user);
}

int scan_proc_each(struct via_kernel *k, int (*fn)(int pid, void *user), void *user)
{
	struct each e = {fn, user};

	return k->ops->list(k, "proc", on_number, &e);
}

int scan_proc_fds(struct via_kernel *k, int pid, int (*fn)(int fd, void *user), void *user)
{
	struct each e = {fn, user};
	char path[32];
	int r;

	snprintf(path, sizeof(path), "proc/%d/fd", pid);
	r = k->ops->list(k, path, on_number, &e);
	/* It has ended meanwhile. */
	return r == -ENOENT || r == -ESRCH ? 0 : r;
}

void scan_proc_comm(struct via_kernel *k, int pid, char *buf, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	if (via_kernel_read_str(k, path, buf, size))
		buf[0] = '\0';
}

/* The argument behind option, in a command line of NUL-separated words; NULL for none. */
static const char *argument(const char *line, size_t len, const char *option)
{
	const char *end = line + len;

	for (const char *word = line; word < end; word += strlen(word) + 1) {
		const char *next = word + strlen(word) + 1;

		if (!strcmp(word, option) && next < end)
			return next;
	}
	return NULL;
}

/* The name in QEMU's "-name guest=NAME,debug-threads=on" or "-name NAME"; ",," stands for a comma
 * (util/qemu-option.c). */
static void guest_name(const char *arg, char *buf, size_t size)
{
	const char *start = strstr(arg, "guest=");
	size_t n = 0;

	if (start && (start == arg || start[-1] == ','))
		arg = start + 6;
	for (; *arg && n + 1 < size; arg++) {
		if (*arg == ',' && *++arg != ',')
			break;
		buf[n++] = *arg;
	}
	buf[n] = '\0';
}

static bool is_qemu(const char *argv0)
{
	const char *base = strrchr(argv0, '/');

	base = base ? base + 1 : argv0;
	return strstr(base, "qemu") || !strcmp(base, "kvm");
}

void scan_proc_who(struct via_kernel *k, struct via_arena *arena, int pid, struct via_holder *ret)
{
	char path[32], name[128] = "", *line = malloc(CMDLINE_MAX);
	const char *arg, *uuid = NULL;
	size_t len;

	*ret = (struct via_holder){.kind = VIA_HOLDER_PROCESS, .pid = pid};
	scan_proc_comm(k, pid, name, sizeof(name));
	snprintf(path, sizeof(path), "proc/%d/cmdline", pid);
	len = line ? scan_text(k, path, line, CMDLINE_MAX) : 0;
	if (len && is_qemu(line)) {
		arg = argument(line, len, "-name");
		uuid = argument(line, len, "-uuid");
		if (arg)
			guest_name(arg, name, sizeof(name));
		if (arg || uuid)
			ret->kind = VIA_HOLDER_DOMAIN;
	}
	ret->name = name[0] ? via_arena_intern(arena, name) : NULL;
	ret->detail = via_arena_intern(arena, uuid);
	free(line);
}
