/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/execute.h"

/* A step's new state on its way to the main loop. */
struct note {
	struct via_job job;
	struct via_batch *batch;
	struct via_step_result result;
};

static void note_done(struct via_job *job)
{
	struct note *n = via_container_of(job, struct note, job);

	via_batch_progress(n->batch, &n->result);
	free(n);
}

/* The worker's notes arrive before its batch does: one mailbox, one order. */
static void on_progress(const struct via_step *s, const struct via_step_result *r, void *user)
{
	struct via_batch *b = user;
	struct note *n = calloc(1, sizeof(*n));

	(void)s;
	if (!n)
		return;
	n->job.done = note_done;
	n->batch = b;
	n->result = *r;
	via_mailbox_note(b->mailbox, &n->job);
}

static int take_first(const char *name, void *user)
{
	snprintf(user, 64, "%s", name);
	return 1;
}

/* The PF's net device as the kernel lists it now; 0 none. */
static int pf_ifindex(struct via_kernel *k, struct via_addr pf)
{
	char path[192], name[64] = "";
	uint64_t ifindex;

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/net", via_addr_fmt(pf));
	if (k->ops->list(k, path, take_first, name) < 0 || !name[0])
		return 0;
	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/net/%s/ifindex", via_addr_fmt(pf), name);
	return via_kernel_read_u64(k, path, &ifindex) == 0 ? (int)ifindex : 0;
}

/* What VFs were like before anything changed them: recorded now or never. */
static int record_baseline(struct via_batch *b, const struct via_step *s, struct via_err *err)
{
	struct via_vf_list vfs = {0};
	int ifindex = pf_ifindex(b->kernel, s->pf), r;

	if (!ifindex)
		return 0;
	r = b->kernel->ops->get_vfs(b->kernel, ifindex, &vfs, err);
	if (r == 0)
		r = via_store_baseline(
			b->store, s->pf, s->has_pf_mac ? &s->pf_mac : NULL, &vfs, err);
	via_vf_list_finish(&vfs);
	return r;
}

static void all_failed(struct via_batch *b, int r, const struct via_err *err)
{
	for (size_t i = 0; i < b->n; i++) {
		b->results[i].id = b->steps[i].id;
		b->results[i].state = i ? VIA_STEP_SKIPPED : VIA_STEP_FAILED;
		b->results[i].code = i ? 0 : r;
		snprintf(b->results[i].message, sizeof(b->results[i].message), "%.500s",
			i ? "not run: an earlier step failed" : err->msg);
	}
}

static void undo_all(struct via_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		b->results[i].id = b->steps[i].id;
		via_execute_undo(b->kernel, &b->steps[i], &b->results[i]);
		on_progress(&b->steps[i], &b->results[i], b);
	}
}

static void run_all(struct via_batch *b)
{
	const struct via_step *s = &b->steps[0];
	struct via_err err = {0};

	via_execute(b->kernel, b->steps, b->n, b->results, &b->unsupported, on_progress, b);
	if (s->op != VIA_STEP_NUM_VFS || !s->set.number || b->results[0].state != VIA_STEP_DONE)
		return;
	if (record_baseline(b, s, &err))
		via_log(LOG_WARNING, "no baseline of the VFs of %s: %s", via_addr_fmt(s->pf),
			err.msg);
}

/* On the lane's worker. */
static void batch_work(struct via_job *job)
{
	struct via_batch *b = via_container_of(job, struct via_batch, job);
	struct via_err err;
	int r = via_journal_append(
		b->journal, via_journal_act(b->session, b->steps, b->n, b->undo), &err);

	if (r) {
		all_failed(b, r, &err);
		return;
	}
	if (b->undo)
		undo_all(b);
	else
		run_all(b);
	r = via_journal_append(
		b->journal, via_journal_result(b->session, b->results, b->n, b->undo), &err);
	if (r)
		via_log(LOG_ERR, "%s", err.msg);
}

static void nothing(struct via_job *job)
{
	(void)job;
}

void via_batch_refuse(struct via_batch *b)
{
	struct via_err err;
	int r = via_err_set(&err, VIA_REFUSED_BLOCKED, "PF %s is blocked: %s",
		via_addr_fmt(b->pf->addr), b->pf->blocked_by);

	all_failed(b, r, &err);
	/* Back by the usual way: who started it is not to find it ended. */
	b->job.work = nothing;
	b->submitted = true;
	via_worker_submit(b->pf->worker, &b->job);
}

void via_batch_free(struct via_batch *b)
{
	free(b->steps);
	free(b->results);
	free(b);
}

static void batch_done(struct via_job *job)
{
	struct via_batch *b = via_container_of(job, struct via_batch, job);

	via_batch_ended(b);
}

int via_batch_start(struct via_queue *q, const size_t *steps, size_t n, bool undo)
{
	struct via_session *s = q->session;
	struct via_daemon *d = s->d;
	struct via_batch *b = calloc(1, sizeof(*b));

	if (b) {
		b->steps = calloc(n, sizeof(*b->steps));
		b->results = calloc(n, sizeof(*b->results));
	}
	if (b && !q->pf->worker)
		q->pf->worker = via_worker_create(d->mailbox, via_addr_fmt(q->pf->addr));
	if (!b || !b->steps || !b->results || !q->pf->worker) {
		if (b)
			via_batch_free(b);
		return -ENOMEM;
	}
	b->d = d;
	b->pf = q->pf;
	b->queue = q;
	b->undo = undo;
	b->session = s->id;
	b->kernel = d->kernel;
	b->journal = d->journal;
	b->store = d->store;
	b->mailbox = d->mailbox;
	b->unsupported = q->pf->unsupported;
	b->n = n;
	for (size_t i = 0; i < n; i++)
		b->steps[i] = s->plan->steps[steps[i]];
	b->job.work = batch_work;
	b->job.done = batch_done;
	q->pf->batch = b;
	via_batch_try(b);
	return 0;
}
