/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "look.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "drift.h"
#include "kernel/bind.h"
#include "kernel/scan.h"
#include "pf.h"
#include "session.h"

static void look_destroy(struct via_look *l)
{
	free(l->changed);
	free(l->busy);
	free(l->learnt);
	via_config_unref(l->config);
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
	opt->user = l;
}

static void scan(struct via_look *l)
{
	struct via_daemon *d = l->d;
	struct via_scan_options opt = {.busy = l->busy, .n_busy = l->n_busy};
	struct via_inventory *inv = NULL;

	if (l->scan == VIA_SCAN_FULL || !d->latest)
		l->r = via_scan(l->kernel, &opt, &inv, &l->err);
	else
		l->r = via_scan_update(
			l->kernel, &opt, d->latest->inv, l->changed, l->n_changed, &inv, &l->err);
	if (l->r)
		return;
	via_inv_unref(l->inv);
	l->inv = via_inv_ref_create(inv);
	if (!l->inv) {
		l->r = via_err_set(&l->err, -ENOMEM, "out of memory");
		return;
	}
	via_inv_unref(d->latest);
	d->latest = via_inv_ref(l->inv);
	l->scanned = true;
}

static void compare(struct via_look *l)
{
	struct via_plan_options opt = {0};

	via_look_plan_options(l, &opt);
	l->compared =
		via_drift_compare(l->inv->inv, l->config->config, &opt, &l->drifts, &l->err) == 0;
}

static void look_work(struct via_job *job)
{
	struct via_look *l = via_container_of(job, struct via_look, job);

	if (l->scan != VIA_SCAN_NONE) {
		scan(l);
		if (!l->r)
			compare(l);
	} else if (!l->inv && l->d->latest) {
		/* Asked before the first scan was done: it has come in since, on this very thread.
		 */
		l->inv = via_inv_ref(l->d->latest);
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

static void adopt(struct via_look *l, const char *cause)
{
	struct via_daemon *d = l->d;
	struct via_inv_ref *old = d->inv;

	d->inv = via_inv_ref(l->inv);
	via_pf_adopt(d, old ? old->inv : NULL, d->inv->inv, cause);
	/* Against another configuration than today's, the comparison means nothing. */
	if (l->compared && l->config == d->config)
		via_drift_take(d, &l->drifts);
	if (old && d->provisioned && !d->stopping)
		via_session_rebind(d, old->inv);
	via_inv_unref(old);
	via_status_touch(d);
	/* The scan's garbage is most of our heap; give it back. */
	malloc_trim(0);
}

static void look_done(struct via_job *job)
{
	struct via_look *l = via_container_of(job, struct via_look, job);
	struct via_daemon *d = l->d;

	forget(l);
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
	l->busy = calloc(n + 1, sizeof(*l->busy));
	l->learnt = calloc(n + 1, sizeof(*l->learnt));
	if (!l->busy || !l->learnt)
		return -ENOMEM;
	for (const struct via_pf *pf = l->d->pfs; pf; pf = pf->next) {
		if (pf->batch)
			l->busy[l->n_busy++] = pf->addr;
		l->learnt[l->n_learnt++] = (struct via_learnt){pf->addr, pf->unsupported};
	}
	return 0;
}

void via_look_submit(struct via_look *l)
{
	struct via_daemon *d = l->d;

	l->job.work = look_work;
	l->job.done = look_done;
	l->config = via_config_ref(d->config);
	l->inv = via_inv_ref(d->inv);
	l->seq = d->release_seq;
	if (copy_lanes(l) < 0)
		l->r = via_err_set(&l->err, -ENOMEM, "out of memory");
	l->next = d->looks;
	d->looks = l;
	/* Without an inventory even a pure look stands in line behind the first scan. */
	via_worker_submit(l->pure && l->inv ? d->encoder : d->reader, &l->job);
}

bool via_look_reads(const struct via_daemon *d, struct via_addr pf)
{
	for (const struct via_look *l = d->looks; l; l = l->next) {
		bool leaves_out = l->scan == VIA_SCAN_NONE;

		for (size_t i = 0; i < l->n_busy && !leaves_out; i++)
			leaves_out = via_addr_eq(l->busy[i], pf);
		if (!leaves_out)
			return true;
	}
	return false;
}
