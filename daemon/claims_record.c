/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of claims: in memory at once, on the disk in the same order, and back when the disk will
 * not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "claims_work.h"

struct append_job {
	struct via_job job;
	struct via_daemon *d;
	struct via_ledger *ledger;
	json_object **records;
	size_t n;
	int r;
	struct via_err err;
	via_recorded_fn *fn;
	void *user;
};

static void append_work(struct via_job *job)
{
	struct append_job *j = via_container_of(job, struct append_job, job);

	j->r = via_ledger_append(j->ledger, j->records, j->n, &j->err);
	j->n = 0;
}

static void put_all(json_object **records, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_object_put(records[i]);
	free(records);
}

static void append_done(struct via_job *job)
{
	struct append_job *j = via_container_of(job, struct append_job, job);

	if (job->cancelled)
		j->r = via_err_set(&j->err, -ECANCELED, "viaductd is stopping");
	put_all(j->records, j->n);
	j->fn(j->user, j->r, &j->err);
	via_status_touch(j->d);
	free(j);
}

static bool all_made(json_object *const *records, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!records[i])
			return false;
	return records != NULL;
}

void via_claims_append(
	struct via_daemon *d, json_object **records, size_t n, via_recorded_fn *fn, void *user)
{
	struct append_job *j = all_made(records, n) ? calloc(1, sizeof(*j)) : NULL;
	struct via_err err;

	if (!j) {
		put_all(records, records ? n : 0);
		fn(user, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	j->job.work = append_work;
	j->job.done = append_done;
	j->d = d;
	j->ledger = d->ledger;
	j->records = records;
	j->n = n;
	j->fn = fn;
	j->user = user;
	via_worker_submit(d->scribe, &j->job);
}

void via_claims_touch(struct via_daemon *d)
{
	via_claims_unref(d->claims_ref);
	d->claims_ref = NULL;
	via_status_touch(d);
}

/* --- changes --- */

struct change {
	struct via_daemon *d;
	struct via_claim_change *list;
	size_t n;
	via_recorded_fn *fn;
	void *user;
};

static int drop_all(struct via_claims *c, const struct via_claim_change *list, size_t n,
	bool before, struct via_err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++) {
		const struct via_claim *x = before ? &list[i].before : &list[i].after;

		if (before ? list[i].had : list[i].has)
			r = via_claims_drop(c, x->fn.addr, x->generation, err);
	}
	return r;
}

static int add_all(struct via_claims *c, const struct via_claim_change *list, size_t n, bool before,
	struct via_err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && !r; i++)
		if (before ? list[i].had : list[i].has)
			r = via_claims_put(c, before ? &list[i].before : &list[i].after, err);
	return r;
}

/* Memory as it was: whatever of the change stands there goes. */
static void take_back(struct via_daemon *d, const struct via_claim_change *list, size_t n)
{
	struct via_err err;

	for (size_t i = 0; i < n; i++) {
		const struct via_claim *c = list[i].has ? &list[i].after : &list[i].before;

		(void)via_claims_drop(&d->claims, c->fn.addr, c->generation, NULL);
		if (list[i].had)
			(void)via_claims_drop(&d->claims, list[i].before.fn.addr,
				list[i].before.generation, NULL);
	}
	if (add_all(&d->claims, list, n, true, &err))
		via_log(LOG_CRIT, "a change of claims cannot be taken back: %s", err.msg);
	via_claims_touch(d);
}

static void change_recorded(void *user, int r, const struct via_err *err)
{
	struct change *c = user;

	if (r)
		take_back(c->d, c->list, c->n);
	c->fn(c->user, r, err);
	via_hook_kick(c->d);
	free(c->list);
	free(c);
}

static bool is_replaced(const struct via_claim_change *c)
{
	return c->had && (!c->has || c->before.generation != c->after.generation ||
				 !via_addr_eq(c->before.fn.addr, c->after.fn.addr));
}

/* What goes first: an address may be another's by the same change. */
static json_object **make_records(const struct via_claim_change *list, size_t n, size_t *ret_n)
{
	json_object **records = calloc(2 * n + 1, sizeof(json_object *));
	size_t m = 0;

	for (size_t i = 0; i < n && records; i++)
		if (is_replaced(&list[i]))
			records[m++] =
				via_ledger_gone(list[i].before.fn.addr, list[i].before.generation);
	for (size_t i = 0; i < n && records; i++)
		if (list[i].has)
			records[m++] = via_ledger_claim(&list[i].after);
	*ret_n = m;
	return records;
}

void via_claims_record(struct via_daemon *d, struct via_claim_change *list, size_t n,
	via_recorded_fn *fn, void *user)
{
	struct change *c = calloc(1, sizeof(*c));
	struct via_err err;
	json_object **records;
	size_t m;

	via_claims_touch(d);
	if (!c) {
		take_back(d, list, n);
		free(list);
		fn(user, via_err_set(&err, -ENOMEM, "out of memory"), &err);
		return;
	}
	*c = (struct change){d, list, n, fn, user};
	records = make_records(list, n, &m);
	via_claims_append(d, records, m, change_recorded, c);
}

void via_claims_change(struct via_daemon *d, struct via_claim_change *list, size_t n,
	via_recorded_fn *fn, void *user)
{
	struct via_err err;
	int r = list ? drop_all(&d->claims, list, n, true, &err)
		     : via_err_set(&err, -ENOMEM, "out of memory");

	if (!r)
		r = add_all(&d->claims, list, n, false, &err);
	if (!r) {
		via_claims_record(d, list, n, fn, user);
		return;
	}
	if (list)
		take_back(d, list, n);
	free(list);
	fn(user, r, &err);
}
