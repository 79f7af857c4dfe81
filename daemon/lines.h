/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of JSON objects, one a line, that only grows at its end: journal and ledger. What the
 * append returned 0 for is on the disk; what failed is cut off again.
 *
 * A line that failed and could not be cut off either stays behind. The next one then starts on a
 * line of its own and has the member "from", a byte offset: what stands from there up to this line
 * was never taken for done, and is passed over.
 */
#ifndef VIA_DAEMON_LINES_H
#define VIA_DAEMON_LINES_H

#include <json-c/json.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/disk.h"

/* Where a record stands when the hook is called. */
enum via_journal_point {
	VIA_JOURNAL_BEFORE,  /* not written */
	VIA_JOURNAL_WRITTEN, /* in the file, and not synced */
	VIA_JOURNAL_AFTER,   /* on the disk */
};
/* Called around each record, n from 1 for the first of this process: for tests that kill it there.
 */
struct via_journal_hook {
	void (*fn)(unsigned int n, enum via_journal_point at, void *user);
	void *user;
	atomic_uint *count; /* shared by files that are counted together; NULL: each for itself */
};

struct via_lines;
struct via_lines_options {
	struct via_disk *disk;
	int dirfd;	  /* borrowed for its lifetime */
	const char *dir;  /* for messages */
	const char *name; /* of the file */
	size_t max;	  /* a larger file is none of ours */
	/* A last line that has its newline and yet is no JSON is torn too. Off: only one that ends
	 * without, or holds NULs (a block that never came), as that is all a crash can do. */
	bool lenient;
	const struct via_journal_hook *hook; /* NULL: none */
};
/* Where it is damaged. */
struct via_lines_place {
	unsigned int line, lines; /* this one of so many */
};
/* One whole record. 0; else it cannot be: below 0, or a refusal. */
typedef int via_lines_fn(json_object *o, void *user, struct via_err *err);

/*
 * Open, made when it is not there; read all lines; cut off a torn last one. -EUCLEAN: damaged at
 * *place (may be NULL), the message names file and line; other errors as read(2) and open(2).
 */
int via_lines_open(const struct via_lines_options *opt, via_lines_fn *fn, void *user,
	struct via_lines **ret, struct via_lines_place *place, struct via_err *err);
void via_lines_close(struct via_lines *l); /* takes NULL */
const char *via_lines_path(const struct via_lines *l);
uint64_t via_lines_size(const struct via_lines *l);
/* o stays the caller's, and may get a member. Not thread-safe. Below 0: it is not on the disk; its
 * remains are gone, or will be passed over. */
int via_lines_append(struct via_lines *l, json_object *o);
/* Nothing in it is needed any more. */
int via_lines_empty(struct via_lines *l);
/* Another file stands under the name now: go on at its end. Below 0: the next append tries again,
 * and fails if it cannot. */
int via_lines_reopen(struct via_lines *l);

/* lines_read.c, pure: the same over a text. *good: bytes up to the end of the last whole record. */
int via_lines_read(const char *path, const char *text, size_t len, bool lenient, via_lines_fn *fn,
	void *user, size_t *good, struct via_lines_place *place, struct via_err *err);

#endif
