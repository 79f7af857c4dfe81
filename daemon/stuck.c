/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stuck.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "batch.h"
#include "kernel/scan.h"
#include "look.h"
#include "model/policy.h"
#include "pf.h"
#include "session.h"
#include "stop.h"

#define OVERDUE_MS 3000 /* a scan that takes longer is looked into */
#define STUCK_MS   1000 /* an attribute is read in microseconds */
#define TICK_MS	   1000
#define AGAIN_MS   5000 /* after a sweep that found nothing */

/* What takes the device lock when it is read (sriov_numvfs_show in drivers/pci/iov.c,
 * driver_override_show in drivers/pci/pci-sysfs.c). */
static const char *const locked[] = {"sriov_numvfs", "driver_override"};

/* Reading the locked attributes of every function but some, on a thread of its own. */
struct via_sweep {
	struct via_job job;
	struct via_daemon *d;
	struct via_worker *worker;
	struct via_kernel *kernel;
	struct via_addr *skip;
	size_t n_skip;
	struct via_pf *pf; /* of the main loop: blocked until this comes back */
	bool left;	   /* of the main loop: another goes on in its place */
	pthread_mutex_t lock;
	/* by the lock: what is being read, and since when (0: nothing) */
	struct via_addr at;
	const char *what;
	int64_t since_ms;
	bool stop;
};

/* --- which functions are of a PF --- */

/* Where VF `index` is: pci_iov_virtfn_bus and pci_iov_virtfn_devfn in drivers/pci/iov.c. While a VF
 * is being removed neither virtfn nor physfn leads to it any more. */
static struct via_addr vf_addr(struct via_addr pf, uint64_t offset, uint64_t stride, uint32_t index)
{
	uint64_t devfn = pf.dev * 8u + pf.fn + offset + stride * index;

	return (struct via_addr){pf.domain, (uint8_t)(pf.bus + (devfn >> 8)),
		(uint8_t)(devfn >> 3 & 0x1f), (uint8_t)(devfn & 7)};
}

static const struct via_sriov *sriov_of(const struct via_pf *pf)
{
	const struct via_inventory *inv = via_daemon_inv(pf->d);
	const struct via_device *dev = inv ? via_inventory_device(inv, pf->addr) : NULL;

	return dev ? dev->sriov : NULL;
}

static bool has_vf(const struct via_pf *pf, struct via_addr addr)
{
	const struct via_sriov *v = sriov_of(pf);

	for (uint32_t i = 0; v && v->stride && i < v->total; i++)
		if (via_addr_eq(vf_addr(pf->addr, v->offset, v->stride, i), addr))
			return true;
	return false;
}

static struct via_addr lane_of(const struct via_daemon *d, struct via_addr addr)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	struct via_addr lane = inv ? via_lane_of(inv, addr) : addr;

	if (!via_addr_eq(lane, addr))
		return lane;
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->is_pf && has_vf(pf, addr))
			return pf->addr;
	return addr;
}

static size_t count_functions(const struct via_pf *pf)
{
	const struct via_sriov *v = sriov_of(pf);

	return 2 + (v ? v->total : 0);
}

/* The PF, its VFs, and where it is stuck. list has room for count_functions() of them. */
static size_t add_functions(const struct via_pf *pf, struct via_addr *list)
{
	const struct via_sriov *v = sriov_of(pf);
	size_t n = 0;

	list[n++] = pf->addr;
	if (pf->stuck)
		list[n++] = pf->stuck_at;
	for (uint32_t i = 0; v && i < v->total; i++)
		list[n++] = vf_addr(pf->addr, v->offset, v->stride, i);
	return n;
}

/* By somebody else's doing or by a step of ours. */
static bool hangs(const struct via_pf *pf)
{
	return pf->stuck || (pf->batch && pf->blocked);
}

int via_stuck_busy(const struct via_daemon *d, struct via_look *l)
{
	size_t n = 1;

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		n += hangs(pf) ? count_functions(pf) : 1;
	l->busy = calloc(n, sizeof(*l->busy));
	if (!l->busy)
		return -ENOMEM;
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next) {
		if (hangs(pf))
			l->n_busy += add_functions(pf, l->busy + l->n_busy);
		else if (pf->batch)
			l->busy[l->n_busy++] = pf->addr;
	}
	return 0;
}

/* --- the sweep's thread --- */

struct functions {
	struct via_addr *list;
	size_t n;
};

static int on_function(const char *name, void *user)
{
	struct functions *f = user;
	struct via_addr addr, *list;

	if (via_addr_parse(name, &addr))
		return 0;
	list = reallocarray(f->list, f->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	f->list = list;
	list[f->n++] = addr;
	return 0;
}

static bool is_skipped(const struct via_sweep *sw, struct via_addr addr)
{
	for (size_t i = 0; i < sw->n_skip; i++)
		if (via_addr_eq(sw->skip[i], addr))
			return true;
	return false;
}

/* false: another sweep goes on from here. */
static bool step_to(struct via_sweep *sw, struct via_addr addr, const char *what, int64_t now)
{
	bool stop;

	pthread_mutex_lock(&sw->lock);
	sw->at = addr;
	sw->what = what;
	sw->since_ms = now;
	stop = sw->stop;
	pthread_mutex_unlock(&sw->lock);
	return !stop;
}

static bool read_function(struct via_sweep *sw, struct via_addr addr)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(locked); i++) {
		char path[128], text[256];

		if (!step_to(sw, addr, locked[i], via_now_ms()))
			return false;
		snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/%s", via_addr_fmt(addr),
			locked[i]);
		/* What it says, or whether there is such a file, is the scan's business. */
		(void)via_kernel_read_str(sw->kernel, path, text, sizeof(text));
	}
	return true;
}

static void sweep_work(struct via_job *job)
{
	struct via_sweep *sw = via_container_of(job, struct via_sweep, job);
	struct functions f = {0};

	(void)sw->kernel->ops->list(sw->kernel, VIA_PCI_DEVICES, on_function, &f);
	for (size_t i = 0; i < f.n; i++)
		if (!is_skipped(sw, f.list[i]) && !read_function(sw, f.list[i]))
			break;
	(void)step_to(sw, (struct via_addr){0}, NULL, 0);
	free(f.list);
}

/* --- who holds it --- */

/* Looked up in the PF's own lane, which has nothing else to do now. */
struct holder_job {
	struct via_job job;
	struct via_daemon *d;
	struct via_kernel *kernel;
	struct via_addr pf, at;
	char text[192];
};

static bool find_holder(struct holder_job *h, struct via_addr addr)
{
	struct via_arena arena = {0};
	struct via_holder holder;
	struct via_stat st;
	char path[96], who[160];
	bool found;

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s", via_addr_fmt(addr));
	found = h->kernel->ops->stat(h->kernel, path, &st) == 0 &&
		via_scan_keepers(h->kernel, addr, &arena, &holder, 1) > 0;
	if (found)
		snprintf(h->text, sizeof(h->text), "; %s holds %s",
			via_holder_text(&holder, who, sizeof(who)), via_addr_fmt(addr));
	via_arena_finish(&arena);
	return found;
}

static uint64_t pf_number(const struct holder_job *h, const char *name)
{
	uint64_t value = 0;
	char path[128];

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/%s", via_addr_fmt(h->pf), name);
	return via_kernel_read_u64(h->kernel, path, &value) == 0 ? value : 0;
}

static void holder_work(struct via_job *job)
{
	struct holder_job *h = via_container_of(job, struct holder_job, job);
	uint64_t total = pf_number(h, "sriov_totalvfs"), offset = pf_number(h, "sriov_offset"),
		 stride = pf_number(h, "sriov_stride");

	if (find_holder(h, h->at))
		return;
	for (uint32_t i = 0; i < total && i <= UINT16_MAX; i++)
		if (find_holder(h, vf_addr(h->pf, offset, stride, i)))
			return;
}

static void tell(const struct via_pf *pf)
{
	char msg[512];
	struct via_event ev = {
		.type = VIA_EVENT_BLOCKED,
		.cause = "reading the host hangs",
		.message = msg,
		.pf = pf->addr,
		.target = pf->stuck_at,
	};

	snprintf(msg, sizeof(msg), "PF %s is blocked: %s", via_addr_fmt(pf->addr), pf->blocked_by);
	via_events_emit(pf->d->events, &ev);
}

static void holder_done(struct via_job *job)
{
	struct holder_job *h = via_container_of(job, struct holder_job, job);
	struct via_pf *pf = via_pf_find(h->d, h->pf);

	if (pf && pf->stuck && !job->cancelled) {
		size_t n = strlen(pf->blocked_by);

		snprintf(pf->blocked_by + n, sizeof(pf->blocked_by) - n, "%s", h->text);
		via_status_touch(h->d);
		tell(pf);
	}
	free(h);
}

static void look_for_holder(struct via_pf *pf)
{
	struct holder_job *h = calloc(1, sizeof(*h));

	if (!pf->worker)
		pf->worker = via_worker_create(pf->d->mailbox, via_addr_fmt(pf->addr));
	if (!h || !pf->worker) {
		free(h);
		tell(pf);
		return;
	}
	h->job.work = holder_work;
	h->job.done = holder_done;
	h->d = pf->d;
	h->kernel = pf->d->kernel;
	h->pf = pf->addr;
	h->at = pf->stuck_at;
	via_worker_submit(pf->worker, &h->job);
}

/* --- the main loop's side --- */

static void block(struct via_pf *pf, struct via_addr at, const char *what)
{
	pf->stuck = pf->blocked = true;
	pf->stuck_at = at;
	snprintf(pf->blocked_by, sizeof(pf->blocked_by),
		"reading %s of %s does not come back: a change that somebody else makes hangs",
		what, via_addr_fmt(at));
	via_status_touch(pf->d);
	look_for_holder(pf);
}

static void reread(struct via_look *l)
{
	struct via_pf *pf = l->user;

	/* It may hang again by now. */
	if (!pf->stuck && !l->d->stopping)
		via_session_unblock(pf, "reading it came back");
}

/* Whatever somebody else did to the PF is done now: everything about it may be different, so it
 * stays blocked until it was read. */
static void came_back(struct via_pf *pf)
{
	struct via_look *l = via_look_create(pf->d, VIA_SCAN_FULL, reread, pf);

	pf->stuck = false;
	if (l)
		via_look_submit(l);
	else
		via_session_unblock(pf, "reading it came back");
}

static void sweep_free(struct via_sweep *sw)
{
	/* The thread has handed in its job and is on its way out. */
	if (!sw->worker || via_worker_end(sw->worker, STUCK_MS))
		via_worker_free(sw->worker);
	pthread_mutex_destroy(&sw->lock);
	free(sw->skip);
	free(sw);
}

static bool reads_stuck(const struct via_look *l)
{
	for (const struct via_pf *pf = l->d->pfs; pf; pf = pf->next)
		if (pf->stuck && via_look_reads_pf(l, pf->addr))
			return true;
	return false;
}

/* All that can be read was read. Does the scan hang where others were found to? */
static void conclude(struct via_daemon *d)
{
	struct via_look *late = via_look_overdue(d, OVERDUE_MS);

	if (late && reads_stuck(late)) {
		via_look_give_up(late);
		via_session_kick(d);
		return;
	}
	d->sweep_after_ms = via_now_ms() + AGAIN_MS;
	if (late && !late->told)
		via_log(LOG_WARNING,
			"reading the host takes longer than %d s, and no function was found "
			"whose device lock is kept",
			OVERDUE_MS / 1000);
	if (late)
		late->told = true;
}

static void sweep_done(struct via_job *job)
{
	struct via_sweep *sw = via_container_of(job, struct via_sweep, job);
	struct via_daemon *d = sw->d;

	if (!sw->left) {
		d->sweep = NULL;
		conclude(d);
	} else {
		d->left--;
		if (sw->pf && !d->stopping)
			came_back(sw->pf);
	}
	sweep_free(sw);
}

/* PFs with a step of ours under way, which has a time limit of its own, and those known to hang. */
static int fill_skip(struct via_sweep *sw)
{
	const struct via_daemon *d = sw->d;
	size_t n = 1;

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		n += count_functions(pf);
	sw->skip = calloc(n, sizeof(*sw->skip));
	if (!sw->skip)
		return -ENOMEM;
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->stuck || (pf->batch && pf->batch->submitted))
			sw->n_skip += add_functions(pf, sw->skip + sw->n_skip);
	return 0;
}

static void sweep_start(struct via_daemon *d)
{
	struct via_sweep *sw = calloc(1, sizeof(*sw));

	if (!sw)
		return;
	pthread_mutex_init(&sw->lock, NULL);
	sw->d = d;
	sw->kernel = d->kernel;
	sw->job.work = sweep_work;
	sw->job.done = sweep_done;
	sw->worker = via_worker_create(d->mailbox, "sweep");
	if (!sw->worker || fill_skip(sw) < 0) {
		sweep_free(sw);
		return;
	}
	d->sweep = sw;
	via_worker_submit(sw->worker, &sw->job);
}

/* Where it has been for too long. It stops there, if ever it comes back. */
static bool take_hanging(struct via_sweep *sw, struct via_addr *at, const char **what)
{
	pthread_mutex_lock(&sw->lock);
	*at = sw->at;
	*what = sw->what;
	sw->stop = sw->since_ms && via_now_ms() - sw->since_ms >= STUCK_MS;
	pthread_mutex_unlock(&sw->lock);
	return sw->stop;
}

static void sweep_check(struct via_daemon *d, struct via_sweep *sw)
{
	struct via_pf *pf;
	struct via_addr at;
	const char *what;

	if (!take_hanging(sw, &at, &what))
		return;
	sw->left = true;
	d->left++;
	d->sweep = NULL;
	pf = via_pf_get(d, lane_of(d, at));
	/* It may have met a step of ours that began after it. */
	if (!pf || pf->stuck || (pf->batch && pf->batch->submitted))
		return;
	sw->pf = pf;
	block(pf, at, what);
}

static void arm(struct via_daemon *d, unsigned int ms);

static int on_tick(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_daemon *d = user;
	bool late;

	(void)src;
	(void)usec;
	if (d->sweep)
		sweep_check(d, d->sweep);
	late = via_look_overdue(d, OVERDUE_MS);
	if (late && !d->sweep && via_now_ms() >= d->sweep_after_ms)
		sweep_start(d);
	if (d->sweep || via_look_scans(d))
		arm(d, TICK_MS);
	via_stop_check(d);
	return 0;
}

static void arm(struct via_daemon *d, unsigned int ms)
{
	uint64_t us = (uint64_t)ms * 1000;

	if (!d->stuck_timer && sd_event_add_time_relative(d->event, &d->stuck_timer,
				       CLOCK_MONOTONIC, us, 0, on_tick, d) < 0)
		return;
	sd_event_source_set_time_relative(d->stuck_timer, us);
	sd_event_source_set_enabled(d->stuck_timer, SD_EVENT_ONESHOT);
}

void via_stuck_watch(struct via_daemon *d)
{
	int on = SD_EVENT_OFF;

	if (d->stuck_timer)
		sd_event_source_get_enabled(d->stuck_timer, &on);
	if (on == SD_EVENT_OFF)
		arm(d, OVERDUE_MS);
}
