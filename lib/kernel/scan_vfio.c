/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/scan_vfio.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel/scan_parts.h"
#include "kernel/scan_proc.h"

/* Groups (drivers/vfio/group.c) and, from 6.6 on, functions (drivers/vfio/device_cdev.c). */
static const char *const classes[] = {"sys/class/vfio", "sys/class/vfio-dev"};
#define N_CLASSES (sizeof(classes) / sizeof(classes[0]))

struct walk {
	struct via_kernel *k;
	struct scan_vfio *found;
	bool has_major[N_CLASSES];
	unsigned int majors[N_CLASSES];
	int pid;
};

static int node_number(struct via_kernel *k, const char *class, const char *name, dev_t *ret)
{
	unsigned int major, minor;
	char path[PATH_MAX], text[32];
	int r;

	snprintf(path, sizeof(path), "%s/%s/dev", class, name);
	r = via_kernel_read_str(k, path, text, sizeof(text));
	if (r < 0)
		return r;
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return -EINVAL;
	*ret = makedev(major, minor);
	return 0;
}

struct lookup {
	struct via_kernel *k;
	const char *class;
	bool any; /* the first node will do: all of a class have one major number */
	dev_t number;
	char name[NAME_MAX + 1];
};

static int on_node(const char *name, void *user)
{
	struct lookup *l = user;
	dev_t number;

	if (node_number(l->k, l->class, name, &number) || (!l->any && number != l->number))
		return 0;
	l->number = number;
	snprintf(l->name, sizeof(l->name), "%s", name);
	return 1;
}

static void find_majors(struct walk *w)
{
	for (size_t i = 0; i < N_CLASSES; i++) {
		struct lookup l = {.k = w->k, .class = classes[i], .any = true};

		w->has_major[i] = w->k->ops->list(w->k, classes[i], on_node, &l) == 1;
		w->majors[i] = major(l.number);
	}
}

/* The descriptor's own text usually names the node; the number decides. */
static bool find_node(
	struct walk *w, size_t class, const char *hint, dev_t number, struct lookup *l)
{
	dev_t hinted;

	*l = (struct lookup){.k = w->k, .class = classes[class], .number = number};
	if (node_number(w->k, classes[class], hint, &hinted) == 0 && hinted == number) {
		snprintf(l->name, sizeof(l->name), "%s", hint);
		return true;
	}
	return w->k->ops->list(w->k, classes[class], on_node, l) == 1;
}

/* "12", or "noiommu-12" (vfio_noiommu_group_alloc) */
static bool parse_group(const char *name, struct scan_vfio_open *o)
{
	const char *number = strncmp(name, "noiommu-", 8) ? name : name + 8;
	int64_t v;

	if (via_parse_int(number, 0, INT_MAX, &v))
		return false;
	o->group = (int)v;
	return true;
}

/* "../../devices/pci0000:00/0000:01:10.0/vfio-dev/vfio3": the last address in it. */
static bool parse_function(struct walk *w, const char *name, struct scan_vfio_open *o)
{
	char path[PATH_MAX], target[SCAN_PATH_MAX], *part, *save = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "sys/class/vfio-dev/%s", name);
	if (w->k->ops->readlink(w->k, path, target, sizeof(target)) < 0)
		return false;
	for (part = strtok_r(target, "/", &save); part; part = strtok_r(NULL, "/", &save))
		found |= via_addr_parse(part, &o->addr) == 0;
	return found;
}

static int add(struct scan_vfio *f, const struct scan_vfio_open *o)
{
	struct scan_vfio_open *grown;

	for (size_t i = 0; i < f->n; i++) { /* a process may have it open twice */
		if (f->list[i].pid == o->pid && f->list[i].group == o->group &&
			via_addr_eq(f->list[i].addr, o->addr))
			return 0;
	}
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 16;
		grown = reallocarray(f->list, f->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		f->list = grown;
	}
	f->list[f->n++] = *o;
	return 0;
}

static int open_node(struct walk *w, size_t class, const char *fd_path, dev_t number)
{
	struct scan_vfio_open o = {.pid = w->pid, .group = -1};
	char target[PATH_MAX];
	const char *hint;
	struct lookup l;

	if (w->k->ops->readlink(w->k, fd_path, target, sizeof(target)) < 0)
		target[0] = '\0';
	hint = strrchr(target, '/');
	if (!find_node(w, class, hint ? hint + 1 : ".", number, &l))
		return 0;
	if (class == 0 ? !parse_group(l.name, &o) : !parse_function(w, l.name, &o))
		return 0;
	return add(w->found, &o);
}

static int on_fd(int fd, void *user)
{
	struct walk *w = user;
	struct via_stat st;
	char path[48];

	snprintf(path, sizeof(path), "proc/%d/fd/%d", w->pid, fd);
	if (w->k->ops->stat(w->k, path, &st) < 0 || !S_ISCHR(st.mode))
		return 0; /* closed meanwhile, or no device node */
	for (size_t i = 0; i < N_CLASSES; i++) {
		if (w->has_major[i] && major(st.rdev) == w->majors[i])
			return open_node(w, i, path, st.rdev);
	}
	return 0;
}

static int on_process(int pid, void *user)
{
	struct walk *w = user;

	w->pid = pid;
	return scan_proc_fds(w->k, pid, on_fd, w);
}

int scan_vfio_opens(struct via_kernel *k, struct scan_vfio *ret)
{
	struct walk w = {.k = k, .found = ret};
	int r;

	*ret = (struct scan_vfio){0};
	find_majors(&w);
	if (!w.has_major[0] && !w.has_major[1])
		return 0;
	r = scan_proc_each(k, on_process, &w);
	if (r < 0) {
		free(ret->list);
		*ret = (struct scan_vfio){0};
	}
	return r == -ENOENT ? 0 : r;
}
