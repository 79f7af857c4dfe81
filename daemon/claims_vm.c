/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a VM: all claims that end with it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "claims_work.h"

struct group {
	struct via_daemon *d;
	via_claims_done_fn *done;
	void *user;
	size_t left;
	int r;
	struct via_err err;
	size_t n;
	struct via_claim *list;
};

static void put(struct group *g)
{
	if (--g->left)
		return;
	if (g->done)
		g->done(g->d, g->r, &g->err, g->list, g->n, g->user);
	free(g->list);
	free(g);
}

/* The first failure is told; that it went meanwhile is none. */
static void on_one(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct group *g = user;

	(void)d;
	if (n)
		g->list[g->n++] = list[0];
	if (r && !g->r && r != VIA_REFUSED_NOT_FOUND && r != VIA_REFUSED_STALE) {
		g->r = r;
		g->err = *err;
	}
	put(g);
}

static bool is_meant(
	const struct via_claim *c, const char *uuid, const uint64_t *generations, size_t n)
{
	bool named = n == 0;

	for (size_t i = 0; i < n && !named; i++)
		named = generations[i] == c->generation;
	return named && c->origin != VIA_CLAIM_REQUEST && c->state != VIA_CLAIM_QUARANTINED &&
	       !strcmp(c->uuid, uuid);
}

/* A prepare that has nothing yet, and whose domain will not start any more. */
static void call_off_waiting(struct via_daemon *d, const char *uuid)
{
	struct via_claim_work *w = d->works;
	struct via_err err;
	int r = via_err_set(&err, -ECANCELED, "its VM ended while it waited");

	while (w) {
		if (!w->parked || !w->dom.uuid[0] || strcmp(w->dom.uuid, uuid)) {
			w = w->next;
			continue;
		}
		via_work_end(w, r, &err);
		w = d->works;
	}
}

void via_claims_release_vm(struct via_daemon *d, const char *uuid, const uint64_t *generations,
	size_t n, const char *cause, via_claims_done_fn *done, void *user)
{
	struct group *g = calloc(1, sizeof(*g));
	struct via_claims copy = {0};
	struct via_err err;

	if (g)
		g->list = calloc(d->claims.n + 1, sizeof(*g->list));
	if (!g || !g->list || via_claims_copy(&d->claims, &copy) < 0) {
		if (g)
			free(g->list);
		free(g);
		if (done)
			done(d, via_err_set(&err, -ENOMEM, "out of memory"), &err, NULL, 0, user);
		return;
	}
	*g = (struct group){.d = d, .done = done, .user = user, .left = 1, .list = g->list};
	if (!n)
		call_off_waiting(d, uuid);
	for (size_t i = 0; i < copy.n; i++) {
		if (!is_meant(&copy.list[i], uuid, generations, n))
			continue;
		g->left++;
		via_release_early(d, &copy.list[i], cause, on_one, g);
	}
	via_claims_finish(&copy);
	put(g);
}
