/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64 * 1024)
#define ALIGN (_Alignof(max_align_t))

struct via_arena_chunk {
	struct via_arena_chunk *next;
	size_t size;
	_Alignas(max_align_t) unsigned char data[];
};

void via_arena_finish(struct via_arena *a)
{
	while (a->chunks) {
		struct via_arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	free(a->strings.slots);
	*a = (struct via_arena){0};
}

static void *take(struct via_arena *a, size_t size, size_t align)
{
	size_t at = (a->used + align - 1) & ~(align - 1);

	if (!a->chunks || size > a->chunks->size || at > a->chunks->size - size) {
		size_t want = size > CHUNK ? size : CHUNK;
		struct via_arena_chunk *c;

		if (want > SIZE_MAX - sizeof(*c))
			return NULL;
		c = calloc(1, sizeof(*c) + want);
		if (!c)
			return NULL;
		c->size = want;
		c->next = a->chunks;
		a->chunks = c;
		a->total += sizeof(*c) + want;
		at = 0;
	}
	a->used = at + size;
	return a->chunks->data + at;
}

void *via_arena_alloc(struct via_arena *a, size_t size)
{
	return take(a, size, ALIGN);
}

/* FNV-1a */
static uint32_t hash(const char *s, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static int grow(struct via_arena_strings *t)
{
	size_t cap = t->cap ? t->cap * 2 : 64;
	const char **slots = calloc(cap, sizeof(*slots));

	if (!slots)
		return -1;
	for (size_t i = 0; i < t->cap; i++) {
		size_t at;

		if (!t->slots[i])
			continue;
		at = hash(t->slots[i], strlen(t->slots[i])) & (cap - 1);
		while (slots[at])
			at = (at + 1) & (cap - 1);
		slots[at] = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->cap = cap;
	return 0;
}

const char *via_arena_intern_n(struct via_arena *a, const char *s, size_t len)
{
	struct via_arena_strings *t = &a->strings;
	size_t at;
	char *copy;

	len = strnlen(s, len); /* a text ends at its NUL: what is behind it could not be compared */
	if (t->count * 2 >= t->cap && grow(t) < 0)
		return NULL;
	for (at = hash(s, len) & (t->cap - 1); t->slots[at]; at = (at + 1) & (t->cap - 1))
		if (!strncmp(t->slots[at], s, len) && !t->slots[at][len])
			return t->slots[at];
	copy = take(a, len + 1, 1);
	if (!copy)
		return NULL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	t->slots[at] = copy;
	t->count++;
	return copy;
}

const char *via_arena_intern(struct via_arena *a, const char *s)
{
	return s ? via_arena_intern_n(a, s, strlen(s)) : NULL;
}
