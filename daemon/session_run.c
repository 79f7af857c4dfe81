/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lanes: a session's steps, PF by PF, and what happens when one fails or does not come back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "claims.h"
#include "kernel/scan.h"
#include "model/policy.h"
#include "session.h"
#include "watch.h"

/* A driver's probe takes up to a second a VF (design notes: ixgbe 60 VFs over 60 s). */
#define CREATE_MS_PER_VF 1000
#define STOPPING	 "not run: viaductd is stopping; the next start goes on"

/*
 * Steps of the failed step's own device that make no sense without it are undone, latest first: a
 * device that was unbound to be bound gets its driver back, autoprobe and the eswitch mode go back
 * when the VFs cannot be made. Values that are as configured stay: setting a VLAN back because a
 * rate was refused would put a VF on the wrong network.
 */
static const bool undo_makes_sense[VIA_STEP_OP_COUNT] = {
	[VIA_STEP_ESWITCH] = true,
	[VIA_STEP_AUTOPROBE] = true,
	[VIA_STEP_NUM_VFS] = true,
	[VIA_STEP_VF_MSIX] = true,
	[VIA_STEP_BIND] = true,
	[VIA_STEP_UNBIND] = true,
};

static const struct via_step *step_at(const struct via_queue *q, size_t i)
{
	return &q->session->plan->steps[q->steps[i]];
}

static struct via_step_result *result_at(const struct via_queue *q, size_t i)
{
	return &q->session->results[q->steps[i]];
}

static void skip_rest(struct via_queue *q, const char *why)
{
	for (; q->at < q->n; q->at++) {
		struct via_step_result *r = result_at(q, q->at);

		if (r->state != VIA_STEP_PENDING && r->state != VIA_STEP_RUNNING)
			continue;
		r->state = VIA_STEP_SKIPPED;
		snprintf(r->message, sizeof(r->message), "%s", why);
		via_session_progress(q->session, step_at(q, q->at), r);
	}
}

static void lane_end(struct via_queue *q)
{
	q->ended = true;
	via_session_lane_ended(q);
}

static unsigned int timeout_ms(const struct via_batch *b)
{
	unsigned int ms = b->d->config->config->step_timeout_s * 1000;

	for (size_t i = 0; i < b->n; i++)
		if (b->steps[i].op == VIA_STEP_NUM_VFS)
			ms += CREATE_MS_PER_VF * b->steps[i].set.number;
	return ms;
}

/* Who stands in the way, looked up while the step still hangs. */
struct blocked_look {
	struct via_addr pf, target;
	char holder[256];
};

static void find_holder(struct via_look *l)
{
	struct blocked_look *bl = l->user;
	struct via_addr look_at[VIA_BATCH_MAX] = {bl->target};
	const struct via_device *dev = via_inventory_device(l->inv->inv, bl->target);
	struct via_holder holders[4];
	struct via_arena arena = {0};
	size_t n = 1;

	for (size_t i = 0; dev && dev->sriov && i < dev->sriov->n_vfs && n < VIA_BATCH_MAX; i++)
		look_at[n++] = dev->sriov->vfs[i].addr;
	for (size_t i = 0; i < n && !bl->holder[0]; i++) {
		char text[192];

		if (via_scan_keepers(l->kernel, look_at[i], &arena, holders, 4) <= 0)
			continue;
		snprintf(bl->holder, sizeof(bl->holder), "%s holds %s",
			via_holder_text(&holders[0], text, sizeof(text)), via_addr_fmt(look_at[i]));
	}
	via_arena_finish(&arena);
}

static void blocked_event(struct via_daemon *d, const struct blocked_look *bl)
{
	struct via_pf *pf = via_pf_find(d, bl->pf);
	char msg[640];
	struct via_event ev = {
		.type = VIA_EVENT_BLOCKED,
		.cause = "time limit",
		.message = msg,
		.pf = bl->pf,
		.target = bl->target,
	};

	if (!pf || !pf->blocked)
		return;
	if (bl->holder[0]) {
		size_t n = strlen(pf->blocked_by);

		snprintf(pf->blocked_by + n, sizeof(pf->blocked_by) - n, "; %s", bl->holder);
		via_status_touch(d);
	}
	snprintf(msg, sizeof(msg), "PF %s is blocked: %s", via_addr_fmt(bl->pf), pf->blocked_by);
	via_events_emit(d->events, &ev);
}

static void holder_found(struct via_look *l)
{
	blocked_event(l->d, l->user);
	free(l->user);
}

static void tell_blocked(struct via_pf *pf, struct via_addr target)
{
	struct blocked_look *bl = calloc(1, sizeof(*bl));
	struct via_look *l = bl ? via_look_create(pf->d, VIA_SCAN_NONE, holder_found, bl) : NULL;

	if (!l) {
		free(bl);
		return;
	}
	bl->pf = pf->addr;
	bl->target = target;
	l->think = find_holder;
	via_look_submit(l);
}

/* Kernels that serialize making and removing VFs against hotplug do it by one lock for all PFs
 * (pci_lock_rescan_remove in drivers/pci/iov.c; seen with Debian's 6.1.192). */
static void name_other(struct via_pf *pf, const struct via_step *s)
{
	const struct via_pf *other = pf->d->pfs;
	size_t n = strlen(pf->blocked_by);

	while (other && (other == pf || !other->blocked))
		other = other->next;
	if (other && s->op == VIA_STEP_NUM_VFS)
		snprintf(pf->blocked_by + n, sizeof(pf->blocked_by) - n,
			"; PF %s is blocked too, and kernels may change one PF's VFs at a time",
			via_addr_fmt(other->addr));
}

/* The steps of a batch that have not come back fail, the session goes on without this PF. */
static int on_deadline(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_pf *pf = user;
	struct via_batch *b = pf->batch;
	struct via_queue *q = b ? b->queue : NULL;
	const struct via_step *s = NULL;

	(void)src;
	(void)usec;
	if (!q)
		return 0;
	for (size_t i = 0; i < b->n && !s; i++)
		if (b->undo || q->session->results[b->steps[i].id - 1].state == VIA_STEP_RUNNING)
			s = &b->steps[i];
	if (!s)
		s = &b->steps[0];
	pf->blocked = true;
	snprintf(pf->blocked_by, sizeof(pf->blocked_by),
		"step %u (%s %s) has not come back in %u s", s->id, via_step_op_name(s->op),
		via_addr_fmt(s->target), timeout_ms(b) / 1000);
	name_other(pf, s);
	b->queue = NULL;
	if (!b->undo) {
		struct via_step_result *r = &q->session->results[s->id - 1];

		r->state = VIA_STEP_FAILED;
		r->code = VIA_REFUSED_BLOCKED;
		snprintf(r->message, sizeof(r->message),
			"%s; the PF stays blocked until it does, nothing else is done to it",
			pf->blocked_by);
		via_session_progress(q->session, s, r);
	}
	q->failed = true;
	tell_blocked(pf, s->target);
	skip_rest(q, "not run: an earlier step of this PF has not come back");
	lane_end(q);
	return 0;
}

static void arm_deadline(struct via_pf *pf)
{
	unsigned int ms = timeout_ms(pf->batch);

	if (!ms)
		return;
	if (!pf->deadline && sd_event_add_time_relative(pf->d->event, &pf->deadline,
				     CLOCK_MONOTONIC, 0, 0, on_deadline, pf) < 0)
		return;
	sd_event_source_set_time_relative(pf->deadline, (uint64_t)ms * 1000);
	sd_event_source_set_enabled(pf->deadline, SD_EVENT_ONESHOT);
}

static void disarm_deadline(struct via_pf *pf)
{
	if (pf->deadline)
		sd_event_source_set_enabled(pf->deadline, SD_EVENT_OFF);
}

/* A scan that reads sriov_numvfs waits for the device lock a step holds: were the step to hang, all
 * reading of the host would hang with it. So the step waits for the scan. */
void via_batch_try(struct via_batch *b)
{
	if (b->submitted)
		return;
	/* Undoing is not put off: what it finds after a restart may be another device. */
	if (b->d->stopping && !b->undo) {
		b->job.cancelled = true;
		b->job.done(&b->job);
		return;
	}
	if (b->pf->stuck) {
		via_batch_refuse(b);
		return;
	}
	if (via_look_reads(b->d, b->pf->addr))
		return;
	b->submitted = true;
	arm_deadline(b->pf);
	via_worker_submit(b->pf->worker, &b->job);
}

void via_batch_progress(struct via_batch *b, const struct via_step_result *r)
{
	struct via_queue *q = b->queue;

	if (!q)
		return;
	arm_deadline(b->pf);
	if (r->id < 1 || r->id > q->session->plan->n_steps)
		return;
	/* What an undo came to must not hide what its step had come to: see undo_ended(). */
	if (!b->undo)
		q->session->results[r->id - 1] = *r;
	via_session_progress(q->session, &q->session->plan->steps[r->id - 1], r);
}

static void drop_refusals(struct via_daemon *d, struct via_addr pf)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_refusals; i++)
		if (d->refusals[i].code != VIA_REFUSED_BLOCKED ||
			!via_addr_eq(d->refusals[i].target, pf))
			d->refusals[n++] = d->refusals[i];
	d->n_refusals = n;
}

void via_session_unblock(struct via_pf *pf, const char *cause)
{
	char msg[512];
	struct via_event ev = {
		.type = VIA_EVENT_UNBLOCKED,
		.cause = cause,
		.message = msg,
		.pf = pf->addr,
		.target = pf->addr,
	};

	snprintf(msg, sizeof(msg), "PF %s is no longer blocked", via_addr_fmt(pf->addr));
	pf->blocked = false;
	pf->blocked_by[0] = '\0';
	pf->released = ++pf->d->release_seq;
	drop_refusals(pf->d, pf->addr);
	via_pf_fail(pf, NULL);
	via_events_emit(pf->d->events, &ev);
	via_watch_dirty(pf->d, pf->addr);
	via_session_provision(pf->d, &pf->addr, "unblocked");
	via_reconcile_soon(pf->d, "unblocked");
}

/* Steps of the same device, done in this session, that the failed one leaves hanging. */
static size_t to_undo(const struct via_queue *q, size_t failed, size_t *list)
{
	const struct via_step *f = step_at(q, failed);
	size_t n = 0;

	/* What a claim leaves half made, a release takes back; and what did not come clean is to
	 * stay without a driver. */
	if (q->session->make)
		return 0;
	/* A VF count that was accepted and came out different is half done itself. */
	if (f->op == VIA_STEP_NUM_VFS && f->has_undo && result_at(q, failed)->code < 0)
		list[n++] = q->steps[failed];
	for (size_t i = failed; i-- > 0;) {
		const struct via_step *s = step_at(q, i);

		if (s->has_undo && undo_makes_sense[s->op] && via_addr_eq(s->target, f->target) &&
			s->vf_index == f->vf_index && result_at(q, i)->state == VIA_STEP_DONE)
			list[n++] = q->steps[i];
	}
	return n;
}

/* Of one VF alone: the PF's other VFs have nothing to do with it. */
static bool is_of_one_vf(const struct via_step *s)
{
	return s->has_vf && !via_addr_eq(s->target, s->pf);
}

/* What was still to come for the failed step's VF; its neighbours go on. */
static void skip_target(struct via_queue *q, const struct via_step *failed)
{
	for (size_t i = q->at; i < q->n; i++) {
		struct via_step_result *r = result_at(q, i);

		if (step_at(q, i)->vf_index != failed->vf_index || !is_of_one_vf(step_at(q, i)) ||
			r->state != VIA_STEP_PENDING)
			continue;
		r->state = VIA_STEP_SKIPPED;
		snprintf(r->message, sizeof(r->message),
			"not run: an earlier step of this VF failed");
		via_session_progress(q->session, step_at(q, i), r);
	}
}

static void lane_go_on(struct via_queue *q)
{
	if (!q->given_up && q->session->kind != VIA_SESSION_RECOVER) {
		via_queue_next(q);
		return;
	}
	skip_rest(q, "not run: an earlier step of this PF failed");
	lane_end(q);
}

/* Its VF alone is concerned; not so when the PF is gone, is another one, or does not answer. */
static bool is_local(const struct via_step *s, const struct via_step_result *r)
{
	return is_of_one_vf(s) && r->code != -ENODEV && r->code != VIA_REFUSED_MISMATCH &&
	       r->code != VIA_REFUSED_BLOCKED;
}

/* n steps before q->at were run and some failed. */
static void on_failed(struct via_queue *q, size_t n)
{
	size_t *list = calloc(q->n + 1, sizeof(*list)), undo = 0, first = q->at - n;

	q->failed = true;
	for (size_t i = first; i < q->at; i++) {
		if (result_at(q, i)->state == VIA_STEP_DONE)
			continue;
		undo += list ? to_undo(q, i, list + undo) : 0;
		/* A VM's devices are claimed all or none. */
		if (q->session->kind != VIA_SESSION_CLAIM &&
			is_local(step_at(q, i), result_at(q, i)))
			skip_target(q, step_at(q, i));
		else
			q->given_up = true;
	}
	/* The undoing's end goes on from here. */
	if (!undo || via_batch_start(q, list, undo, true) < 0)
		lane_go_on(q);
	free(list);
}

/* A failed step stays failed, whatever was tidied up after it. */
static void note_undone(struct via_step_result *kept, const struct via_step_result *undo)
{
	size_t n = strlen(kept->message);

	if (kept->state != VIA_STEP_FAILED && undo->state == VIA_STEP_UNDONE) {
		*kept = *undo;
		return;
	}
	snprintf(kept->message + n, sizeof(kept->message) - n, "%s%s%.200s", n ? "; " : "",
		undo->state == VIA_STEP_UNDONE ? "what it had begun was undone"
					       : "could not be undone, it stays as it is: ",
		undo->state == VIA_STEP_UNDONE ? "" : undo->message);
}

static void undo_ended(struct via_queue *q, const struct via_batch *b)
{
	struct via_session *s = q->session;

	for (size_t i = 0; i < b->n; i++)
		note_undone(&s->results[b->steps[i].id - 1], &b->results[i]);
	lane_go_on(q);
}

static void forward_ended(struct via_queue *q, const struct via_batch *b)
{
	bool failed = false;

	for (size_t i = 0; i < b->n; i++) {
		*result_at(q, q->at + i) = b->results[i];
		failed |= b->results[i].state != VIA_STEP_DONE;
	}
	q->at += b->n;
	if (failed)
		on_failed(q, b->n);
	else
		via_queue_next(q);
}

void via_batch_ended(struct via_batch *b)
{
	struct via_pf *pf = b->pf;
	struct via_queue *q = b->queue;

	disarm_deadline(pf);
	pf->batch = NULL;
	via_pf_learn(pf, b->unsupported);
	if (!q) {
		via_session_unblock(pf, "the step came back");
	} else if (b->job.cancelled) {
		q->failed = true;
		skip_rest(q, STOPPING);
		lane_end(q);
	} else if (b->undo) {
		undo_ended(q, b);
	} else {
		forward_ended(q, b);
	}
	via_batch_free(b);
}

static size_t batch_size(const struct via_queue *q)
{
	size_t n = 1;

	if (step_at(q, q->at)->op != VIA_STEP_VF_ATTRS)
		return 1;
	while (q->at + n < q->n && n < VIA_BATCH_MAX &&
		step_at(q, q->at + n)->op == VIA_STEP_VF_ATTRS &&
		result_at(q, q->at + n)->state != VIA_STEP_SKIPPED)
		n++;
	return n;
}

void via_queue_next(struct via_queue *q)
{
	struct via_daemon *d = q->session->d;

	while (q->at < q->n && result_at(q, q->at)->state == VIA_STEP_SKIPPED)
		q->at++;
	if (q->at < q->n && !d->stopping &&
		via_batch_start(q, q->steps + q->at, batch_size(q), false) == 0)
		return;
	if (q->at < q->n) {
		q->failed = true;
		skip_rest(q, d->stopping ? STOPPING : "not run: out of memory");
	}
	lane_end(q);
}

/* The journal says of these steps that they were begun: undo them, latest first. */
static void queue_recover(struct via_queue *q)
{
	const struct via_unfinished *u = q->session->recover;
	size_t *list = calloc(q->n + 1, sizeof(*list)), n = 0;

	for (size_t i = q->n; list && i-- > 0;) {
		enum via_step_state state = u->states[q->steps[i]];

		if (step_at(q, i)->has_undo && state != VIA_STEP_PENDING &&
			state != VIA_STEP_UNDONE && state != VIA_STEP_SKIPPED)
			list[n++] = q->steps[i];
	}
	if (!n || via_batch_start(q, list, n, true) < 0) {
		skip_rest(q, "was not begun");
		lane_end(q);
	}
	free(list);
}

void via_session_run(struct via_session *s)
{
	bool undo = s->kind == VIA_SESSION_RECOVER;

	s->open_queues = s->n_queues;
	/* Starting a lane may end it, and with the last one the session is over. */
	for (size_t i = 0, n = s->n_queues; i < n; i++)
		undo ? queue_recover(&s->queues[i]) : via_queue_next(&s->queues[i]);
}
