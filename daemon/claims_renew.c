/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A claim by request is brought about on its own once more: after a boot, which makes new VFs, and
 * when nobody uses its function and it is no longer what its VM needs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims_work.h"

static const struct via_claim *current(const struct via_claim_work *w)
{
	const struct via_claim *c = via_claims_at(&w->d->claims, w->addr);

	return c && c->generation == w->generation && c->state == VIA_CLAIM_ACTIVE ? c : NULL;
}

static void on_recorded(void *user, int r, const struct via_err *err)
{
	via_work_end(user, r, err);
}

/* Only now is it of this boot: what fails before that is tried again by the next comparison. */
static void on_configured(
	struct via_claim_work *w, const struct via_session *s, int r, const struct via_err *err)
{
	const struct via_inventory *inv = via_daemon_inv(w->d);
	const struct via_claim *c = current(w);
	struct via_claim_change *list;
	struct via_err oom;

	const char *boot_id = inv && inv->host.boot_id ? inv->host.boot_id : "";

	(void)s;
	if (r || !c || !strcmp(c->boot_id, boot_id)) {
		via_work_end(w, r, err);
		return;
	}
	list = calloc(1, sizeof(*list));
	if (!list) {
		via_work_end(w, via_err_set(&oom, -ENOMEM, "out of memory"), &oom);
		return;
	}
	list->had = list->has = true;
	list->before = list->after = *c;
	snprintf(list->after.boot_id, sizeof(list->after.boot_id), "%s", boot_id);
	via_claims_change(w->d, list, 1, on_recorded, w);
}

static void begin(struct via_claim_work *w)
{
	const struct via_claim *c = current(w);
	struct via_err err = {0};

	if (!c) {
		via_err_set(&err, VIA_REFUSED_STALE, "the claim on %s is another one by now",
			via_addr_fmt(w->addr));
		via_work_end(w, VIA_REFUSED_STALE, &err);
		return;
	}
	if (via_work_at(w->d, w->addr, w)) {
		via_work_park(w);
		return;
	}
	w->list[0] = *c;
	w->n = 1;
	w->reserved = true;
	if (c->managed)
		via_work_run_claim(w, on_configured);
	else
		on_configured(w, NULL, 0, &err);
}

void via_claims_renew(struct via_daemon *d, struct via_addr addr, uint64_t generation,
	const char *cause, via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = via_work_create(d, cause, 0, done, user);
	struct via_err err;

	if (!w)
		return;
	w->renews = true;
	w->addr = addr;
	w->generation = generation;
	w->begin = begin;
	if (via_work_room(w, 1))
		via_work_begin(w);
	else
		via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
}
