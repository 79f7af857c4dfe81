/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "look.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "drift.h"
#include "kernel/bind.h"
#include "kernel/scan.h"
#include "pf.h"
#include "stop.h"
#include "session.h"
#include "stuck.h"

#define LEAVING_MS 1000 /* a thread that has handed in its job ends long before */

struct via_reader *via_reader_create(struct via_mailbox *m)
{
	struct via_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->worker = via_worker_create(m, "reader");
	if (r && r->worker)
		return r;
	free(r);
	return NULL;
}

void via_reader_free(struct via_reader *r)
{
	if (!r)
		return;
	via_worker_free(r->worker);
	via_inv_unref(r->latest);
	free(r);
}

static void look_destroy(struct via_look *l)
{
	free(l->changed);
	free(l->busy);
	free(l->learnt);
	via_config_unref(l->config);
	via_claims_unref(l->claims);
	via_inv_unref(l->inv);
	via_drifts_finish(&l->drifts);
	free(l);
}

struct via_look *via_look_create(
	struct via_daemon *d, enum via_scan_kind scan, void (*done)(struct via_look *l), void *user)
{
	struct via_look *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->d = d;
	l->scan = scan;
	l->done = done;
	l->user = user;
	l->kernel = d->kernel;
	return l;
}

static uint32_t look_unsupported(struct via_addr pf, void *user)
{
	const struct via_look *l = user;

	for (size_t i = 0; i < l->n_learnt; i++)
		if (via_addr_eq(l->learnt[i].pf, pf))
			return l->learnt[i].unsupported;
	return 0;
}

static int look_driver_for(const struct via_device *dev, enum via_driver_choice choice, char *buf,
	size_t size, void *user)
{
	const struct via_look *l = user;

	return via_driver_for(l->kernel, dev, choice, buf, size);
}

void via_look_plan_options(struct via_look *l, struct via_plan_options *opt)
{
	opt->unsupported = look_unsupported;
	opt->driver_for = look_driver_for;
	opt->claims = &l->claims->claims;
	opt->user = l;
}

static void scan(struct via_look *l)
{
	const struct via_inv_ref *latest = l->reader->latest;
	struct via_scan_options opt = {.busy = l->busy, .n_busy = l->n_busy};
	struct via_inventory *inv = NULL;

	if (l->scan == VIA_SCAN_FULL || !latest)
		l->r = via_scan(l->kernel, &opt, &inv, &l->err);
	else
		l->r = via_scan_update(
			l->kernel, &opt, latest->inv, l->changed, l->n_changed, &inv, &l->err);
	if (l->r)
		return;
	via_inv_unref(l->inv);
	l->inv = via_inv_ref_create(inv);
	if (!l->inv)
		l->r = via_err_set(&l->err, -ENOMEM, "out of memory");
}

static void compare(struct via_look *l)
{
	struct via_plan_options opt = {0};

	via_look_plan_options(l, &opt);
	l->compared =
		via_drift_compare(l->inv->inv, l->config->config, &opt, &l->drifts, &l->err) == 0;
}

/* Only one of two happens to a look: it comes through, or it is given up. */
static bool decide(struct via_look *l, enum via_look_phase phase)
{
	int scanning = VIA_LOOK_SCANNING;

	return atomic_compare_exchange_strong(&l->phase, &scanning, phase);
}

/* false: too late, nothing here is this thread's any more. */
static bool scan_in_time(struct via_look *l)
{
	struct via_reader *r = l->reader;

	atomic_store(&l->began_ms, via_now_ms());
	atomic_store(&l->phase, VIA_LOOK_SCANNING);
	scan(l);
	if (!decide(l, VIA_LOOK_SCANNED))
		return false;
	if (l->r)
		return true;
	via_inv_unref(r->latest);
	r->latest = via_inv_ref(l->inv);
	l->scanned = true;
	compare(l);
	return true;
}

static void look_work(struct via_job *job)
{
	struct via_look *l = via_container_of(job, struct via_look, job);

	/* Without what it has to know of, it must not look. */
	if (l->r)
		return;
	if (l->scan != VIA_SCAN_NONE) {
		if (!scan_in_time(l))
			return;
	} else if (!l->inv && l->reader && l->reader->latest) {
		/* Asked before the first scan was done: it has come in since, on this very thread.
		 */
		l->inv = via_inv_ref(l->reader->latest);
	} else if (!l->inv) {
		l->r = via_err_set(&l->err, -EAGAIN, "the host could not be read yet; try again");
	}
	if (!l->r && l->think)
		l->think(l);
}

static void forget(struct via_look *l)
{
	struct via_look **p = &l->d->looks;

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
}

/* The same functions at the same addresses? */
static bool same_devices(const struct via_inventory *a, const struct via_inventory *b)
{
	bool same = a->n_devices == b->n_devices;

	for (size_t i = 0; i < a->n_devices && same; i++)
		same = via_addr_eq(a->devices[i].addr, b->devices[i].addr) &&
		       a->devices[i].kind == b->devices[i].kind;
	return same;
}

static bool was_read(const struct via_look *l, struct via_addr addr)
{
	bool read = l->scan == VIA_SCAN_FULL;

	for (size_t i = 0; i < l->n_changed && !read; i++)
		read = via_addr_eq(l->changed[i], addr);
	return read && via_look_reads_pf(l, addr);
}

/* Whoever waits to see what became of a PF. */
static void note_seen(const struct via_look *l)
{
	for (struct via_pf *pf = l->d->pfs; pf; pf = pf->next)
		if (was_read(l, pf->addr))
			pf->seen = l->seq;
	via_session_kick_made(l->d);
}

static void adopt(struct via_look *l, const char *cause)
{
	struct via_daemon *d = l->d;
	struct via_inv_ref *old = d->inv;
	bool same = old && same_devices(old->inv, l->inv->inv);

	d->inv = via_inv_ref(l->inv);
	note_seen(l);
	via_pf_adopt(d, old ? old->inv : NULL, d->inv->inv, cause);
	/* Against another configuration than today's, the comparison means nothing. */
	if (l->compared && l->config == d->config)
		via_drift_take(d, &l->drifts);
	if (old && d->provisioned && !d->stopping)
		via_session_rebind(d, old->inv);
	via_inv_unref(old);
	via_managed_publish(d);
	if (!same && d->claims_open)
		via_reconcile_soon(d, "devices came or went");
	via_status_touch(d);
	via_ready_tell(d);
	/* The scan's garbage is most of our heap; give it back. */
	malloc_trim(0);
}

/* A look that was given up: nobody waits for it, and its thread has nothing else to do. */
static void came_back(struct via_look *l)
{
	struct via_reader *r = l->reader;

	l->d->left--;
	look_destroy(l);
	if (via_worker_end(r->worker, LEAVING_MS))
		via_reader_free(r);
}

static void submit_again(struct via_look *l)
{
	free(l->busy);
	free(l->learnt);
	via_config_unref(l->config);
	via_claims_unref(l->claims);
	via_inv_unref(l->inv);
	l->n_busy = l->n_learnt = 0;
	l->job.cancelled = false;
	via_look_submit(l);
}

static void look_done(struct via_job *job)
{
	struct via_look *l = via_container_of(job, struct via_look, job);
	struct via_daemon *d = l->d;

	if (atomic_load(&l->phase) == VIA_LOOK_GIVEN_UP) {
		came_back(l);
		return;
	}
	forget(l);
	/* It stood in line behind one that was given up. */
	if (job->cancelled && l->reader && l->reader != d->reader && !d->stopping) {
		submit_again(l);
		return;
	}
	if (job->cancelled)
		l->r = via_err_set(&l->err, -ECANCELED, "viaductd is stopping");
	if (l->scanned)
		adopt(l, "scan");
	else if (l->scan != VIA_SCAN_NONE && !job->cancelled)
		via_log(LOG_ERR, "cannot read the host: %s", l->err.msg);
	l->done(l);
	look_destroy(l);
	via_session_kick(d);
}

static int copy_lanes(struct via_look *l)
{
	size_t n = 0;

	for (const struct via_pf *pf = l->d->pfs; pf; pf = pf->next)
		n++;
	l->learnt = calloc(n + 1, sizeof(*l->learnt));
	if (!l->learnt)
		return -ENOMEM;
	for (const struct via_pf *pf = l->d->pfs; pf; pf = pf->next)
		l->learnt[l->n_learnt++] = (struct via_learnt){pf->addr, pf->unsupported};
	return via_stuck_busy(l->d, l);
}

/* A copy for all threads, made anew only when claims have changed. */
static int take_claims(struct via_look *l)
{
	struct via_daemon *d = l->d;

	if (!d->claims_ref)
		d->claims_ref = via_claims_ref_create(&d->claims);
	l->claims = via_claims_ref(d->claims_ref);
	return l->claims ? 0 : -ENOMEM;
}

void via_look_submit(struct via_look *l)
{
	struct via_daemon *d = l->d;

	l->job.work = look_work;
	l->job.done = look_done;
	l->config = via_config_ref(d->config);
	l->inv = via_inv_ref(d->inv);
	l->seq = d->release_seq;
	if (copy_lanes(l) < 0 || take_claims(l) < 0)
		l->r = via_err_set(&l->err, -ENOMEM, "out of memory");
	l->next = d->looks;
	d->looks = l;
	/* Without an inventory even a pure look stands in line behind the first scan. */
	l->reader = l->pure && l->inv ? NULL : d->reader;
	via_worker_submit(l->reader ? l->reader->worker : d->encoder, &l->job);
	if (l->scan != VIA_SCAN_NONE)
		via_stuck_watch(d);
}

bool via_look_reads_pf(const struct via_look *l, struct via_addr pf)
{
	bool leaves_out = l->scan == VIA_SCAN_NONE;

	for (size_t i = 0; i < l->n_busy && !leaves_out; i++)
		leaves_out = via_addr_eq(l->busy[i], pf);
	return !leaves_out;
}

bool via_look_reads(const struct via_daemon *d, struct via_addr pf)
{
	for (const struct via_look *l = d->looks; l; l = l->next)
		if (via_look_reads_pf(l, pf))
			return true;
	return false;
}

bool via_look_scans(const struct via_daemon *d)
{
	for (const struct via_look *l = d->looks; l; l = l->next)
		if (l->scan != VIA_SCAN_NONE)
			return true;
	return false;
}

struct via_look *via_look_overdue(const struct via_daemon *d, unsigned int ms)
{
	for (struct via_look *l = d->looks; l; l = l->next)
		if (atomic_load(&l->phase) == VIA_LOOK_SCANNING &&
			via_now_ms() - atomic_load(&l->began_ms) >= ms)
			return l;
	return NULL;
}

/* The same question once more. What the first one has is still its thread's. */
static struct via_look *repeat(const struct via_look *l)
{
	struct via_look *again = via_look_create(l->d, l->scan, l->done, l->user);

	if (!again)
		return NULL;
	again->think = l->think;
	again->pure = l->pure;
	again->changed = calloc(l->n_changed + 1, sizeof(*again->changed));
	if (!again->changed) {
		look_destroy(again);
		return NULL;
	}
	if (l->n_changed)
		memcpy(again->changed, l->changed, l->n_changed * sizeof(*l->changed));
	again->n_changed = l->n_changed;
	return again;
}

static void finish_stopping(struct via_look *l)
{
	l->r = via_err_set(&l->err, -ECANCELED, "viaductd is stopping");
	l->done(l);
	look_destroy(l);
}

void via_look_give_up(struct via_look *l)
{
	struct via_daemon *d = l->d;
	struct via_reader *fresh = via_reader_create(d->mailbox);
	struct via_look *again = fresh ? repeat(l) : NULL;

	if (!again || !decide(l, VIA_LOOK_GIVEN_UP)) {
		via_reader_free(fresh);
		if (again)
			look_destroy(again);
		return;
	}
	fresh->latest = via_inv_ref(l->reader->latest);
	d->reader = fresh;
	d->left++;
	forget(l);
	via_worker_cancel(l->reader->worker);
	d->stopping ? finish_stopping(again) : via_look_submit(again);
}
