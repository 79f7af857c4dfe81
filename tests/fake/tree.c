/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What path resolution gives up after (MAXSYMLINKS in the kernel's namei.h). */
#define LINKS_MAX 40

void *fake_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p) {
		fputs("fake: out of memory\n", stderr);
		abort();
	}
	return p;
}

char *fake_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(fake_alloc(n), s, n);
}

static uint32_t hash_name(const struct fake_node *parent, const char *name, size_t len)
{
	uint32_t h = parent ? parent->hash ^ (parent->ino * 2654435761u) : 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

static void hash_insert(struct fake_tree *t, struct fake_node *n)
{
	struct fake_node **slot = &t->buckets[n->hash & (t->n_buckets - 1)];

	n->hash_next = *slot;
	*slot = n;
}

static void hash_grow(struct fake_tree *t)
{
	struct fake_node **old = t->buckets;
	size_t n_old = t->n_buckets;

	t->n_buckets = n_old ? n_old * 2 : 1024;
	t->buckets = fake_alloc(t->n_buckets * sizeof(struct fake_node *));
	for (size_t i = 0; i < n_old; i++) {
		while (old[i]) {
			struct fake_node *n = old[i];

			old[i] = n->hash_next;
			hash_insert(t, n);
		}
	}
	free(old);
}

static void hash_remove(struct fake_tree *t, struct fake_node *n)
{
	struct fake_node **slot = &t->buckets[n->hash & (t->n_buckets - 1)];

	while (*slot != n)
		slot = &(*slot)->hash_next;
	*slot = n->hash_next;
}

static struct fake_node *child(
	struct fake_tree *t, const struct fake_node *parent, const char *name, size_t len)
{
	uint32_t h = hash_name(parent, name, len);

	for (struct fake_node *n = t->buckets[h & (t->n_buckets - 1)]; n; n = n->hash_next)
		if (n->hash == h && n->parent == parent && !strncmp(n->name, name, len) &&
			!n->name[len])
			return n;
	return NULL;
}

/* drivers/pci/pci-sysfs.c, iov.c, drivers/base/bus.c, net/core/net-sysfs.c of 6.1 */
mode_t fake_default_mode(const char *name)
{
	static const char *const rw[] = {"sriov_numvfs", "sriov_drivers_autoprobe",
		"driver_override", "reset_method", "numa_node", "enable", "msi_bus",
		"d3cold_allowed", "broken_parity_status", "config", "uevent", "mtu"};
	static const char *const wo[] = {"sriov_vf_msix_count", "reset", "remove", "rescan", "bind",
		"unbind", "new_id", "remove_id", "drivers_probe"};

	for (size_t i = 0; i < sizeof(rw) / sizeof(rw[0]); i++)
		if (!strcmp(rw[i], name))
			return 0644;
	for (size_t i = 0; i < sizeof(wo) / sizeof(wo[0]); i++)
		if (!strcmp(wo[i], name))
			return 0200;
	return 0444;
}

static struct fake_node *add_child(struct fake_tree *t, struct fake_node *parent, const char *name,
	size_t len, enum fake_node_type type)
{
	struct fake_node *n = fake_alloc(sizeof(*n) + len + 1);

	if (t->n_nodes >= t->n_buckets)
		hash_grow(t);
	memcpy(n->name, name, len);
	n->mode = type == FAKE_DIR ? 0755 : type == FAKE_LINK ? 0777 : fake_default_mode(n->name);
	n->parent = parent;
	n->type = type;
	n->ino = ++t->next_ino;
	n->hash = hash_name(parent, name, len);
	if (parent) {
		n->prev = parent->last;
		*(parent->last ? &parent->last->next : &parent->first) = n;
		parent->last = n;
		hash_insert(t, n);
		t->n_nodes++;
	}
	return n;
}

void fake_tree_init(struct fake_tree *t)
{
	memset(t, 0, sizeof(*t));
	hash_grow(t);
	t->root = add_child(t, NULL, "", 0, FAKE_DIR);
}

static void node_free(struct fake_tree *t, struct fake_node *n)
{
	while (n->first) {
		struct fake_node *c = n->first;

		n->first = c->next;
		node_free(t, c);
	}
	if (n->parent) {
		hash_remove(t, n);
		t->n_nodes--;
	}
	free(n->data);
	free(n);
}

void fake_tree_finish(struct fake_tree *t)
{
	if (t->root)
		node_free(t, t->root);
	free(t->buckets);
	memset(t, 0, sizeof(*t));
}

void fake_tree_remove(struct fake_tree *t, struct fake_node *n)
{
	if (!n || !n->parent)
		return;
	*(n->prev ? &n->prev->next : &n->parent->first) = n->next;
	*(n->next ? &n->next->prev : &n->parent->last) = n->prev;
	node_free(t, n);
}

struct walk {
	struct fake_tree *t;
	int links;
	bool make;   /* missing directories */
	bool follow; /* the last component too */
	int error;
};

static struct fake_node *walk(struct walk *w, struct fake_node *at, const char *path, bool last);

static struct fake_node *fail(struct walk *w, int error)
{
	w->error = error;
	return NULL;
}

static struct fake_node *follow_link(struct walk *w, struct fake_node *n)
{
	const char *target = n->data ? n->data : "";

	if (++w->links > LINKS_MAX)
		return fail(w, -ELOOP);
	return walk(w, *target == '/' ? w->t->root : n->parent, target, true);
}

/* One component: name[len] below at, which is no link. */
static struct fake_node *step(struct walk *w, struct fake_node *at, const char *name, size_t len)
{
	struct fake_node *n;

	if (at->type != FAKE_DIR)
		return fail(w, -ENOTDIR);
	if (len == 1 && name[0] == '.')
		return at;
	if (len == 2 && name[0] == '.' && name[1] == '.')
		return at->parent ? at->parent : at;
	n = child(w->t, at, name, len);
	if (!n && w->make)
		n = add_child(w->t, at, name, len, FAKE_DIR);
	return n ? n : fail(w, -ENOENT);
}

/* last: path's last component is followed when it is a link. */
static struct fake_node *walk(struct walk *w, struct fake_node *at, const char *path, bool last)
{
	while (at) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len)
			return at;
		at = step(w, at, path, len);
		path += len;
		if (at && at->type == FAKE_LINK && (last || path[strspn(path, "/")]))
			at = follow_link(w, at);
	}
	return NULL;
}

struct fake_node *fake_tree_find(
	struct fake_tree *t, struct fake_node *at, const char *path, bool follow, int *error)
{
	struct walk w = {.t = t};
	struct fake_node *n = walk(&w, at ? at : t->root, path, follow);

	if (error)
		*error = w.error;
	return n;
}

/* The node for path, of the type; what is there and is of another type is replaced. */
static struct fake_node *make(struct fake_tree *t, const char *path, enum fake_node_type type)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct walk w = {.t = t, .make = true};
	struct fake_node *dir = t->root, *n;
	char above[FAKE_PATH_MAX];

	if (slash) {
		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		dir = walk(&w, t->root, above, true);
	}
	if (!dir || dir->type != FAKE_DIR || !*name) {
		fprintf(stderr, "fake: cannot make %s\n", path);
		abort();
	}
	n = child(t, dir, name, strlen(name));
	if (n && n->type != type) {
		fake_tree_remove(t, n);
		n = NULL;
	}
	return n ? n : add_child(t, dir, name, strlen(name), type);
}

struct fake_node *fake_tree_dir(struct fake_tree *t, const char *path)
{
	struct fake_node *n = fake_tree_find(t, NULL, path, true, NULL);

	return n && n->type == FAKE_DIR ? n : make(t, path, FAKE_DIR);
}

void fake_node_store(struct fake_node *n, const void *data, size_t len)
{
	char *copy = fake_alloc(len + 1);

	memcpy(copy, data, len);
	free(n->data);
	n->data = copy;
	n->len = len;
}

struct fake_node *fake_tree_file(
	struct fake_tree *t, const char *path, const void *data, size_t len)
{
	struct fake_node *n = make(t, path, FAKE_FILE);

	fake_node_store(n, len ? data : "", len);
	return n;
}

struct fake_node *fake_tree_link(struct fake_tree *t, const char *path, const char *target)
{
	struct fake_node *n = make(t, path, FAKE_LINK);

	fake_node_store(n, target, strlen(target));
	return n;
}

struct fake_node *fake_tree_chr(struct fake_tree *t, const char *path, dev_t rdev)
{
	struct fake_node *n = make(t, path, FAKE_CHR);

	n->mode = 0600;
	n->rdev = rdev;
	return n;
}

const char *fake_node_path(const struct fake_node *n, char buf[FAKE_PATH_MAX])
{
	size_t at = FAKE_PATH_MAX - 1;

	buf[at] = '\0';
	for (; n->parent; n = n->parent) {
		size_t len = strlen(n->name);

		if (at < len + 1)
			abort();
		at -= len;
		memcpy(buf + at, n->name, len);
		if (n->parent->parent)
			buf[--at] = '/';
	}
	memmove(buf, buf + at, FAKE_PATH_MAX - at);
	return buf;
}

void fake_tree_each(struct fake_node *n, void (*fn)(struct fake_node *n, void *user), void *user)
{
	fn(n, user);
	for (struct fake_node *c = n->first; c; c = c->next)
		fake_tree_each(c, fn, user);
}
