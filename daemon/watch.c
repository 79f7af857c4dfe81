/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "drift.h"
#include "pf.h"

#define SETTLE_MAX     5   /* debounce times after which a host that never settles is read anyway */
#define DIRTY_MAX      256 /* more functions than this: read everything */
#define UEVENTS_A_TURN 256

static void ignore(struct via_look *l)
{
	(void)l;
}

static void look_at(struct via_daemon *d, enum via_scan_kind kind, struct via_addr *list, size_t n,
	void (*done)(struct via_look *l))
{
	struct via_look *l = via_look_create(d, kind, done ? done : ignore, NULL);

	if (!l) {
		free(list);
		return;
	}
	l->changed = list;
	l->n_changed = n;
	via_look_submit(l);
}

/* Net devices, VF attributes and holders change without a PCI event: read each managed PF. */
void via_watch_look(struct via_daemon *d, void (*done)(struct via_look *l))
{
	struct via_addr *list;
	size_t n = 0;

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		n++;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return;
	n = 0;
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->managed && !pf->session)
			list[n++] = pf->addr;
	if (!n && !done) {
		free(list);
		return;
	}
	look_at(d, VIA_SCAN_UPDATE, list, n, done);
}

static void arm(sd_event_source *src, uint64_t us)
{
	sd_event_source_set_time_relative(src, us);
	sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

static int on_settled(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_daemon *d = user;
	struct via_addr *list = d->dirty;
	size_t n = d->n_dirty;
	bool all = d->dirty_all;

	(void)src;
	(void)usec;
	d->dirty = NULL;
	d->n_dirty = 0;
	d->dirty_all = false;
	d->dirty_since_ms = 0;
	look_at(d, all ? VIA_SCAN_FULL : VIA_SCAN_UPDATE, list, n, NULL);
	return 0;
}

static void settle(struct via_daemon *d)
{
	int64_t ms = d->config->config->drift_debounce_ms, now = via_now_ms();

	if (!d->dirty_since_ms)
		d->dirty_since_ms = now;
	else if (now - d->dirty_since_ms > ms * SETTLE_MAX)
		return;
	arm(d->settle_timer, ms * 1000);
}

static void add_dirty(struct via_daemon *d, struct via_addr addr)
{
	struct via_addr *list;

	for (size_t i = 0; i < d->n_dirty; i++)
		if (via_addr_eq(d->dirty[i], addr))
			return;
	if (d->n_dirty >= DIRTY_MAX) {
		d->dirty_all = true;
		return;
	}
	list = reallocarray(d->dirty, d->n_dirty + 1, sizeof(*list));
	if (!list) {
		d->dirty_all = true;
		return;
	}
	d->dirty = list;
	list[d->n_dirty++] = addr;
}

void via_watch_dirty(struct via_daemon *d, struct via_addr addr)
{
	if (!d->settle_timer)
		return;
	add_dirty(d, addr);
	settle(d);
}

/* Our own transitions: the session looks again when it is through. */
static bool is_ours(const struct via_daemon *d, struct via_addr addr)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	const struct via_pf *pf = via_pf_find(d, inv ? via_lane_of(inv, addr) : addr);

	return pf && pf->session;
}

static void on_one(struct via_daemon *d, const struct via_uevent *ev)
{
	struct via_addr lane;

	if (ev->action == VIA_UEVENT_LOST) {
		d->dirty_all = true;
	} else if (ev->has_pci) {
		if (is_ours(d, ev->pci))
			return;
		/* A VF's PF has its attributes; a function nobody knows yet is read itself. */
		lane = via_daemon_inv(d) ? via_lane_of(via_daemon_inv(d), ev->pci) : ev->pci;
		add_dirty(d, lane);
		if (!via_addr_eq(lane, ev->pci))
			add_dirty(d, ev->pci);
	} else if (strcmp(ev->subsystem, "net") && strcmp(ev->subsystem, "vfio")) {
		return;
	}
	settle(d);
}

static int on_uevent(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	struct via_daemon *d = user;
	struct via_uevent ev;

	(void)src;
	(void)fd;
	(void)revents;
	for (int i = 0; i < UEVENTS_A_TURN; i++) {
		int r = d->kernel->ops->next_uevent(d->kernel, &ev);

		if (r <= 0)
			break;
		on_one(d, &ev);
	}
	return 0;
}

static int on_heal(sd_event_source *src, uint64_t usec, void *user)
{
	(void)src;
	(void)usec;
	via_drift_heal(user);
	return 0;
}

void via_watch_heal_at(struct via_daemon *d, int64_t when_ms)
{
	int64_t now = via_now_ms();

	arm(d->heal_timer, when_ms > now ? (when_ms - now) * 1000 : 0);
}

static int on_drift(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_daemon *d = user;

	(void)src;
	(void)usec;
	via_watch_look(d, NULL);
	via_watch_reset(d);
	return 0;
}

void via_watch_reset(struct via_daemon *d)
{
	uint32_t s = d->config->config->drift_interval_s;

	if (!d->drift_timer)
		return;
	if (s)
		arm(d->drift_timer, (uint64_t)s * 1000000);
	else
		sd_event_source_set_enabled(d->drift_timer, SD_EVENT_OFF);
}

static int add_timer(struct via_daemon *d, sd_event_source **ret, sd_event_time_handler_t fn)
{
	int r = sd_event_add_time_relative(d->event, ret, CLOCK_MONOTONIC, 0, 0, fn, d);

	if (r >= 0)
		sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
	return r;
}

int via_watch_start(struct via_daemon *d)
{
	int fd = d->kernel->ops->uevent_fd(d->kernel);
	int r = add_timer(d, &d->drift_timer, on_drift);

	if (r >= 0)
		r = add_timer(d, &d->settle_timer, on_settled);
	if (r >= 0)
		r = add_timer(d, &d->heal_timer, on_heal);
	if (r < 0)
		return r;
	via_watch_reset(d);
	if (fd < 0) {
		via_log(LOG_WARNING,
			"no uevents (%s): changes are noticed by the periodic "
			"comparison only",
			strerror(-fd));
		return 0;
	}
	r = sd_event_add_io(d->event, &d->uevents, fd, EPOLLIN, on_uevent, d);
	return r < 0 ? r : 0;
}

void via_watch_stop(struct via_daemon *d)
{
	d->drift_timer = sd_event_source_disable_unref(d->drift_timer);
	d->settle_timer = sd_event_source_disable_unref(d->settle_timer);
	d->heal_timer = sd_event_source_disable_unref(d->heal_timer);
	d->confirm_timer = sd_event_source_disable_unref(d->confirm_timer);
	d->uevents = sd_event_source_disable_unref(d->uevents);
	free(d->dirty);
	d->dirty = NULL;
	d->n_dirty = 0;
}
