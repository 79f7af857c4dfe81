/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "domains.h"
#include "look.h"
#include "seen.h"

#define SOON_MS	   20		   /* wishes that come together become one */
#define START_MS   (2 * 60 * 1000) /* a VM that starts has opened its functions by then */
#define RECHECK_MS 50		   /* after the moment at which something is due */

struct via_reconciler {
	struct via_daemon *d;
	sd_event_source *soon, *periodic, *recheck;
	bool looking, again;
	struct via_seen seen;
	int64_t next_ms; /* something is due then; 0: nothing */
};

static void arm(sd_event_source *src, int64_t ms)
{
	sd_event_source_set_time_relative(src, (uint64_t)(ms > 0 ? ms : 0) * 1000);
	sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

static void due_at(struct via_reconciler *r, int64_t when_ms)
{
	if (!r->next_ms || when_ms < r->next_ms)
		r->next_ms = when_ms;
}

static int64_t claimed_ms(uint64_t generation, void *user)
{
	const struct via_reconciler *r = user;

	return via_seen_changed_ms(&r->seen, generation);
}

static bool clean_due(const struct via_claim *c, void *user)
{
	struct via_reconciler *r = user;
	int64_t when = via_seen_clean_ms(&r->seen, c, r->d->opt.clean_backoff_ms);

	if (when <= via_now_ms())
		return true;
	due_at(r, when);
	return false;
}

static bool renew_due(const struct via_claim *c, void *user)
{
	struct via_reconciler *r = user;
	int64_t when = via_seen_renew_ms(&r->seen, c, r->d->opt.clean_backoff_ms);

	if (when <= via_now_ms())
		return true;
	due_at(r, when);
	return false;
}

static bool busy(struct via_addr addr, void *user)
{
	const struct via_reconciler *r = user;

	return via_claims_busy(r->d, addr) || via_hook_holds(r->d, addr);
}

static void acted(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	(void)d;
	(void)list;
	(void)n;
	(void)user;
	/* Not done is not lost: the next comparison finds it again. */
	if (r && r != -ECANCELED)
		via_log(LOG_INFO, "reconciliation: %s", err->msg);
}

static const char *because(const struct via_reconcile_action *a, char *buf, size_t size)
{
	snprintf(buf, size, "reconciliation: %s", a->text);
	return buf;
}

/* One that is away now may come back, and what libvirt said may have been old: it must have been
 * away for a while, in two looks and two listings. libvirt is not needed for one of an earlier
 * boot. One that is half made was never answered: nobody may run with it. */
static void do_release(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	struct via_daemon *d = r->d;
	const struct via_claim *c = via_claims_at(&d->claims, a->addr);
	const char *boot_id = via_daemon_inv(d)->host.boot_id;
	bool of_this_boot = c && boot_id && !strcmp(c->boot_id, boot_id);
	int64_t listed = of_this_boot && d->domains.connected ? d->domains.taken_ms : 0;
	unsigned int gone_ms = c && c->state == VIA_CLAIM_PREPARING ? 0 : d->opt.vm_gone_ms;
	int64_t when = via_seen_gone_ms(&r->seen, a->generation, listed, gone_ms);
	char cause[VIA_ERR_MSG_MAX + 32];

	if (when > via_now_ms())
		due_at(r, when);
	else
		via_claims_release(
			d, a->addr, a->generation, because(a, cause, sizeof(cause)), acted, NULL);
}

static void do_adopt(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	char cause[VIA_ERR_MSG_MAX + 32];

	via_claims_adopt(
		r->d, via_addr_fmt(a->addr), because(a, cause, sizeof(cause)), acted, NULL);
}

static void do_clean(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	char cause[VIA_ERR_MSG_MAX + 32];

	via_claims_clear(r->d, a->addr, false, because(a, cause, sizeof(cause)), acted, NULL);
}

static void rewrite(struct via_reconciler *r, const struct via_reconcile_action *a,
	const struct via_claim *now, enum via_event_type type)
{
	char cause[VIA_ERR_MSG_MAX + 32];
	struct via_event ev = {
		.type = type,
		.cause = "reconciliation",
		.message = a->text,
		.pf = now->fn.is_vf ? now->fn.pf : now->fn.addr,
		.target = now->fn.addr,
		.claim = now,
	};

	via_events_emit(r->d->events, &ev);
	via_claims_rewrite(
		r->d, a->addr, a->generation, now, because(a, cause, sizeof(cause)), acted, NULL);
}

static void do_confirm(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	const struct via_claim *c = via_claims_at(&r->d->claims, a->addr);
	struct via_claim now;

	if (!c || c->generation != a->generation)
		return;
	now = *c;
	now.state = VIA_CLAIM_ACTIVE;
	now.changed_us = via_now_us();
	rewrite(r, a, &now, VIA_EVENT_CLAIMED);
}

static void do_moved(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	const struct via_claim *c = via_claims_at(&r->d->claims, a->addr);
	const struct via_inventory *inv = via_daemon_inv(r->d);
	const struct via_device *dev = via_inventory_device(inv, a->to);
	struct via_claim now;

	if (!c || c->generation != a->generation || !dev)
		return;
	now = *c;
	via_identity_of(inv, dev, &now.fn);
	/* What was known of it and cannot be seen just now (no net device) stays known. */
	if (!now.fn.has_mac && c->fn.has_mac) {
		now.fn.has_mac = true;
		now.fn.mac = c->fn.mac;
	}
	rewrite(r, a, &now, VIA_EVENT_DEVICE_CHANGED);
}

static void do_renew(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	char cause[VIA_ERR_MSG_MAX + 32];

	via_seen_renewed(&r->seen, a->generation, via_now_ms());
	due_at(r, via_now_ms() + r->d->opt.clean_backoff_ms);
	via_claims_renew(
		r->d, a->addr, a->generation, because(a, cause, sizeof(cause)), acted, NULL);
}

static void do_reboot(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	const struct via_claim *c = via_claims_at(&r->d->claims, a->addr);
	const struct via_device *dev = via_inventory_device(via_daemon_inv(r->d), a->addr);
	const char *boot_id = via_daemon_inv(r->d)->host.boot_id;
	struct via_claim now;
	char cause[VIA_ERR_MSG_MAX + 32];

	if (!c || c->generation != a->generation || !boot_id)
		return;
	/* Its VF was made anew. One that its VM runs with is as it was wanted. */
	if (!dev || !dev->n_holders) {
		via_claims_renew(r->d, a->addr, a->generation, because(a, cause, sizeof(cause)),
			acted, NULL);
		return;
	}
	now = *c;
	snprintf(now.boot_id, sizeof(now.boot_id), "%s", boot_id);
	rewrite(r, a, &now, VIA_EVENT_CLAIMED);
}

static void do_nothing(struct via_reconciler *r, const struct via_reconcile_action *a)
{
	(void)r;
	(void)a;
}

static void (*const acts[])(struct via_reconciler *r, const struct via_reconcile_action *a) = {
	[VIA_RECONCILE_RELEASE] = do_release,
	[VIA_RECONCILE_ADOPT] = do_adopt,
	[VIA_RECONCILE_CONFIRM] = do_confirm,
	[VIA_RECONCILE_CLEAN] = do_clean,
	[VIA_RECONCILE_MOVED] = do_moved,
	[VIA_RECONCILE_REBOOT] = do_reboot,
	[VIA_RECONCILE_RENEW] = do_renew,
	[VIA_RECONCILE_CONTRADICTION] = do_nothing,
};

static void carry_out(struct via_reconciler *r, const struct via_reconciliation *rec)
{
	via_seen_keep_gone(&r->seen, rec);
	for (size_t i = 0; i < rec->n; i++)
		acts[rec->list[i].kind](r, &rec->list[i]);
}

static void compare(struct via_reconciler *r)
{
	struct via_reconcile_input in = {
		.claimed_ms = claimed_ms,
		.clean_due = clean_due,
		.renew_due = renew_due,
		.busy = busy,
		.user = r,
	};
	struct via_reconciliation rec = {0};
	struct via_err err = {0};
	int64_t when;

	if (via_seen_update(&r->seen, &r->d->claims, via_now_ms()) < 0)
		return;
	via_claims_world(r->d, &in.world);
	r->next_ms = 0;
	if (via_reconcile(&in, &rec, &err)) {
		via_log(LOG_ERR, "cannot compare claims with the host: %s", err.msg);
		return;
	}
	when = via_contradictions_take(r->d, &rec);
	if (when)
		due_at(r, when);
	carry_out(r, &rec);
	via_reconciliation_finish(&rec);
	if (r->next_ms)
		arm(r->recheck, r->next_ms - via_now_ms() + RECHECK_MS);
}

static void looked(struct via_look *l)
{
	struct via_daemon *d = l->d;
	struct via_reconciler *r = d->reconciler;

	if (!r)
		return;
	r->looking = false;
	if (d->stopping)
		return;
	if (!l->r)
		compare(r);
	via_hook_kick(d);
	if (r->again)
		arm(r->soon, SOON_MS);
	r->again = false;
}

/* No function in particular: such a look reads who holds what. */
static int on_soon(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_reconciler *r = user;
	struct via_look *l;

	(void)src;
	(void)usec;
	if (r->looking) {
		r->again = true;
		return 0;
	}
	l = via_look_create(r->d, VIA_SCAN_UPDATE, looked, NULL);
	if (!l)
		return 0;
	r->looking = true;
	via_look_submit(l);
	return 0;
}

static int on_recheck(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_reconciler *r = user;

	(void)src;
	(void)usec;
	/* The listing wished for begins the comparison; without libvirt, or while it hangs, this
	 * one goes by what else is known. */
	via_domains_refresh(r->d);
	via_reconcile_soon(r->d, "recheck");
	return 0;
}

static int on_periodic(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_reconciler *r = user;

	(void)usec;
	via_notes_apply(r->d);
	via_domains_refresh(r->d);
	via_reconcile_soon(r->d, "periodic");
	arm(src, (int64_t)r->d->opt.reconcile_interval_s * 1000);
	return 0;
}

void via_reconcile_soon(struct via_daemon *d, const char *cause)
{
	struct via_reconciler *r = d->reconciler;
	int enabled = SD_EVENT_OFF;

	if (!r || d->stopping)
		return;
	(void)sd_event_source_get_enabled(r->soon, &enabled);
	if (enabled)
		return;
	via_log(LOG_DEBUG, "reconciliation soon: %s", cause);
	arm(r->soon, SOON_MS);
}

void via_reconcile_fresh(struct via_daemon *d, uint64_t generation)
{
	struct via_reconciler *r = d->reconciler;

	if (!r)
		return;
	/* It may have been made since the last comparison. */
	(void)via_seen_update(&r->seen, &d->claims, via_now_ms());
	via_seen_fresh(&r->seen, generation, via_now_ms());
}

void via_reconcile_over(struct via_daemon *d, const char *uuid)
{
	for (size_t i = 0; d->reconciler && i < d->claims.n; i++)
		if (!strcmp(d->claims.list[i].uuid, uuid))
			via_seen_over(&d->reconciler->seen, d->claims.list[i].generation);
}

/* A listing that was begun later has the last word: libvirt lists a domain that starts. Without
 * libvirt there may never be one, and no start takes for ever. */
bool via_reconcile_starting(const struct via_daemon *d, const struct via_claim *c)
{
	const struct via_reconciler *r = d->reconciler;
	int64_t changed;

	if (!r || !via_seen_starting(&r->seen, c->generation))
		return false;
	changed = via_seen_changed_ms(&r->seen, c->generation);
	return via_now_ms() - changed < START_MS &&
	       !(d->domains.connected && d->domains.taken_ms > changed);
}

static int add_timer(struct via_reconciler *r, sd_event_source **ret, sd_event_time_handler_t fn)
{
	int e = sd_event_add_time_relative(r->d->event, ret, CLOCK_MONOTONIC, 0, 0, fn, r);

	if (e >= 0)
		e = sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
	return e;
}

static int make(struct via_daemon *d)
{
	struct via_reconciler *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return -ENOMEM;
	d->reconciler = r;
	r->d = d;
	e = add_timer(r, &r->soon, on_soon);
	if (e >= 0)
		e = add_timer(r, &r->periodic, on_periodic);
	if (e >= 0)
		e = add_timer(r, &r->recheck, on_recheck);
	/* What was claimed before this daemon began is older than any listing. */
	if (e >= 0)
		e = via_seen_update(&r->seen, &d->claims, 0);
	if (e < 0)
		via_reconcile_stop(d);
	return e;
}

void via_reconcile_start(struct via_daemon *d)
{
	if (d->reconciler || d->stopping)
		return;
	if (make(d) < 0) {
		via_log(LOG_ERR, "out of memory: claims are not compared with the host");
		return;
	}
	if (d->opt.reconcile_interval_s)
		arm(d->reconciler->periodic, (int64_t)d->opt.reconcile_interval_s * 1000);
	via_notes_apply(d);
	via_managed_publish(d);
	via_reconcile_soon(d, "start");
}

void via_reconcile_stop(struct via_daemon *d)
{
	struct via_reconciler *r = d->reconciler;

	d->reconciler = NULL;
	if (!r)
		return;
	sd_event_source_disable_unref(r->soon);
	sd_event_source_disable_unref(r->periodic);
	sd_event_source_disable_unref(r->recheck);
	via_seen_finish(&r->seen);
	free(r);
}
