/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stop.h"

#include <errno.h>
#include <systemd/sd-daemon.h>

#include "claims.h"
#include "session.h"
#include "status.h"
#include "watch.h"

static const char *ready_text(bool all)
{
	return all ? "every configured PF that is present is as configured"
		   : "not every configured PF is as configured, see status";
}

void via_ready_tell(struct via_daemon *d)
{
	bool all = via_status_ready(d);

	if (!d->ready || d->told_ready == all)
		return;
	d->told_ready = all;
	sd_notifyf(false, "STATUS=%s",
		d->config_error ? "the configuration is refused" : ready_text(all));
}

void via_ready_send(struct via_daemon *d)
{
	bool all = via_status_ready(d);
	struct via_event ev = {
		.type = VIA_EVENT_READY,
		.cause = "start",
		.message = ready_text(all),
	};

	if (d->ready)
		return;
	d->ready = true;
	d->told_ready = all;
	d->ready_timer = sd_event_source_disable_unref(d->ready_timer);
	sd_notifyf(false, "READY=1\nSTATUS=%s",
		d->config_error ? "the configuration is refused" : ev.message);
	via_events_emit(d->events, &ev);
	via_status_touch(d);
}

void via_ready_check(struct via_daemon *d)
{
	if (d->provisioned && !d->provisioning && !d->ready && !d->stopping)
		via_ready_send(d);
}

static int on_stop_timeout(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_daemon *d = user;

	(void)src;
	(void)usec;
	via_log(LOG_ERR, "a running step did not come back in time");
	d->hung = true;
	sd_event_exit(d->event, 0);
	return 0;
}

void via_stop(struct via_daemon *d)
{
	struct via_err err;

	if (d->stopping)
		return;
	d->stopping = true;
	sd_notify(false, "STOPPING=1");
	via_log(LOG_NOTICE, "stopping");
	via_watch_stop(d);
	via_reconcile_stop(d);
	via_claims_stop(d);
	via_session_stop_all(d);
	via_err_set(&err, -ECANCELED, "viaductd is stopping");
	via_events_end(d->events, -ECANCELED, &err);
	sd_event_add_time_relative(d->event, &d->stop_timer, CLOCK_MONOTONIC,
		(uint64_t)d->opt.stop_timeout_s * 1000000, 0, on_stop_timeout, d);
	via_stop_check(d);
}

void via_stop_check(struct via_daemon *d)
{
	if (d->stopping && via_mailbox_open(d->mailbox) <= d->left)
		sd_event_exit(d->event, 0);
}
