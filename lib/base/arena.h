/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that is freed whole. A zeroed struct is an empty arena. Pointers stay valid until finish.
 */
#ifndef VIA_BASE_ARENA_H
#define VIA_BASE_ARENA_H

#include <stddef.h>

struct via_arena_chunk;
struct via_arena {
	struct via_arena_chunk *chunks;
	size_t used;  /* in the newest chunk */
	size_t total; /* bytes taken from malloc */
	struct via_arena_strings {
		const char **slots;
		size_t count, cap;
	} strings; /* interned */
};

void via_arena_finish(struct via_arena *a);
/* Zeroed, aligned for any type; NULL when out of memory. */
void *via_arena_alloc(struct via_arena *a, size_t size);
/* One copy per distinct text: equal texts give the same pointer. NULL gives NULL. */
const char *via_arena_intern(struct via_arena *a, const char *s);
const char *via_arena_intern_n(struct via_arena *a, const char *s, size_t len);

#endif
