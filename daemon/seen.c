/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seen.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

#define BACKOFF_MAX_MS (10 * 60 * 1000)
#define LISTING_MS     5000 /* before libvirt is asked again: a new listing wakes us by itself */

void via_seen_finish(struct via_seen *s)
{
	free(s->list);
	*s = (struct via_seen){0};
}

static struct via_seen_claim *find(const struct via_seen *s, uint64_t generation)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->list[mid].generation == generation)
			return &s->list[mid];
		if (s->list[mid].generation < generation)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int by_generation(const void *a, const void *b)
{
	const struct via_seen_claim *x = a, *y = b;

	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

int via_seen_update(struct via_seen *s, const struct via_claims *claims, int64_t now_ms)
{
	struct via_seen_claim *list = calloc(claims->n + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < claims->n; i++) {
		const struct via_claim *c = &claims->list[i];
		const struct via_seen_claim *old = find(s, c->generation);

		if (old && old->changed_us == c->changed_us && old->state == c->state)
			list[i] = *old;
		else
			list[i] = (struct via_seen_claim){
				.generation = c->generation,
				.state = c->state,
				.changed_us = c->changed_us,
				.changed_ms = now_ms,
			};
	}
	free(s->list);
	s->list = list;
	s->n = claims->n;
	qsort(s->list, s->n, sizeof(*s->list), by_generation);
	return 0;
}

void via_seen_fresh(struct via_seen *s, uint64_t generation, int64_t now_ms)
{
	struct via_seen_claim *c = find(s, generation);

	if (!c)
		return;
	c->changed_ms = now_ms;
	c->gone_ms = c->gone_taken_ms = 0;
	c->starting = true;
}

void via_seen_over(struct via_seen *s, uint64_t generation)
{
	struct via_seen_claim *c = find(s, generation);

	if (c)
		c->starting = false;
}

bool via_seen_starting(const struct via_seen *s, uint64_t generation)
{
	const struct via_seen_claim *c = find(s, generation);

	return c && c->starting;
}

int64_t via_seen_changed_ms(const struct via_seen *s, uint64_t generation)
{
	const struct via_seen_claim *c = find(s, generation);

	return c ? c->changed_ms : via_now_ms();
}

/* Doubled with each attempt after the first. */
static int64_t backoff(unsigned int first_ms, uint32_t attempts)
{
	int64_t wait = first_ms;

	for (uint32_t i = 1; i < attempts && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	return wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
}

int64_t via_seen_clean_ms(
	const struct via_seen *s, const struct via_claim *c, unsigned int backoff_ms)
{
	int64_t changed = via_seen_changed_ms(s, c->generation);

	/* Left by a daemon before this one: no reason to wait. */
	return changed ? changed + backoff(backoff_ms, c->attempts) : 0;
}

int64_t via_seen_renew_ms(
	const struct via_seen *s, const struct via_claim *c, unsigned int backoff_ms)
{
	const struct via_seen_claim *seen = find(s, c->generation);

	if (!seen || !seen->renewals)
		return 0;
	return seen->renewed_ms + backoff(backoff_ms, seen->renewals);
}

void via_seen_renewed(struct via_seen *s, uint64_t generation, int64_t now_ms)
{
	struct via_seen_claim *c = find(s, generation);

	if (!c)
		return;
	c->renewals++;
	c->renewed_ms = now_ms;
}

static bool to_be_released(const struct via_reconciliation *rec, uint64_t generation)
{
	for (size_t i = 0; i < rec->n; i++)
		if (rec->list[i].kind == VIA_RECONCILE_RELEASE &&
			rec->list[i].generation == generation)
			return true;
	return false;
}

void via_seen_keep_gone(struct via_seen *s, const struct via_reconciliation *rec)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].gone_ms && !to_be_released(rec, s->list[i].generation))
			s->list[i].gone_ms = s->list[i].gone_taken_ms = 0;
}

int64_t via_seen_gone_ms(
	struct via_seen *s, uint64_t generation, int64_t listed, unsigned int gone_ms)
{
	struct via_seen_claim *c = find(s, generation);
	int64_t now = via_now_ms();

	if (!c)
		return now + gone_ms;
	if (!c->gone_ms) {
		c->gone_ms = now;
		c->gone_taken_ms = listed;
		/* Never at its first sight. */
		return now + (gone_ms ? gone_ms : 1);
	}
	if (now - c->gone_ms < gone_ms)
		return c->gone_ms + gone_ms;
	return listed && listed <= c->gone_taken_ms ? now + LISTING_MS : now;
}
