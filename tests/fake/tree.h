/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the fake: directories, attributes, links, devices, found by (parent, name) in a hash.
 */
#ifndef VIA_TESTS_FAKE_TREE_H
#define VIA_TESTS_FAKE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_PATH_MAX  512
#define FAKE_ENTRY_MAX (FAKE_PATH_MAX + 64) /* a directory and a name in it */

enum fake_node_type { FAKE_DIR, FAKE_FILE, FAKE_LINK, FAKE_CHR };

struct fake_node {
	struct fake_node *parent, *hash_next;
	struct fake_node *first, *last, *prev, *next; /* children; siblings */
	enum fake_node_type type;
	uint32_t hash;
	uint32_t ino;
	mode_t mode; /* permission bits */
	uid_t uid;
	dev_t rdev;
	int read_error; /* positive errno */
	char *data;	/* content or link target, NUL behind it */
	size_t len;
	char name[];
};

struct fake_tree {
	struct fake_node *root;
	struct fake_node **buckets;
	size_t n_buckets, n_nodes;
	uint32_t next_ino;
};

void fake_tree_init(struct fake_tree *t);
void fake_tree_finish(struct fake_tree *t);

/* The node at path below at (NULL: the root); follows links on the way, and the last one when
 * asked. NULL and a negative errno in *error (may be NULL). */
struct fake_node *fake_tree_find(
	struct fake_tree *t, struct fake_node *at, const char *path, bool follow, int *error);
/* Make it (with the directories above), or change the one that is there. */
struct fake_node *fake_tree_dir(struct fake_tree *t, const char *path);
struct fake_node *fake_tree_file(
	struct fake_tree *t, const char *path, const void *data, size_t len);
struct fake_node *fake_tree_chr(struct fake_tree *t, const char *path, dev_t rdev);
struct fake_node *fake_tree_link(struct fake_tree *t, const char *path, const char *target);
void fake_tree_remove(struct fake_tree *t, struct fake_node *n); /* takes NULL */
void fake_node_store(struct fake_node *n, const void *data, size_t len);
/* Permission bits an attribute of that name has in the kernel. */
mode_t fake_default_mode(const char *name);
/* The path from the root, without a leading slash. */
const char *fake_node_path(const struct fake_node *n, char buf[FAKE_PATH_MAX]);
/* Every node in order, parents first. */
void fake_tree_each(struct fake_node *n, void (*fn)(struct fake_node *n, void *user), void *user);

/* Die with a message: a fake that lacks memory is of no use to a test. */
void *fake_alloc(size_t size);
char *fake_strdup(const char *s);

#endif
