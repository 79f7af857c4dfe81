/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "api.h"
#include "base/cleanup.h"
#include "claims.h"
#include "context.h"
#include "domains.h"
#include "drift.h"
#include "look.h"
#include "pf.h"
#include "reload.h"
#include "session.h"
#include "status.h"
#include "stop.h"
#include "virt.h"
#include "watch.h"

void via_daemon_options_init(struct via_daemon_options *o)
{
	*o = (struct via_daemon_options){
		.config = VIADUCT_SYSCONFDIR,
		.state_dir = VIADUCT_STATEDIR,
		.socket = VIADUCT_SOCKET,
		.read_group = "viaduct",
		.change_group = "viaduct-admin",
		.ready_timeout_s = 120,
		.stop_timeout_s = 20,
		.heal_backoff_ms = 5000,
		.clean_backoff_ms = 5000,
		.reconcile_interval_s = 30,
		.vm_gone_ms = 10000,
	};
}

static int on_mailbox(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	struct via_daemon *d = user;

	(void)src;
	(void)fd;
	(void)revents;
	via_mailbox_dispatch(d->mailbox);
	via_ready_check(d);
	via_stop_check(d);
	return 0;
}

static int make_loop(struct via_daemon *d)
{
	int r = sd_event_new(&d->event);

	if (r >= 0)
		r = via_mailbox_create(&d->mailbox);
	if (r >= 0)
		r = sd_event_add_io(
			d->event, NULL, via_mailbox_fd(d->mailbox), EPOLLIN, on_mailbox, d);
	if (r < 0)
		return r;
	d->reader = via_reader_create(d->mailbox);
	d->encoder = via_worker_create(d->mailbox, "encoder");
	d->scribe = via_worker_create(d->mailbox, "journal");
	d->events = via_events_create();
	return d->reader && d->encoder && d->scribe && d->events ? 0 : -ENOMEM;
}

/* Sockets that systemd listens on for us. */
static int adopt_sockets(struct via_daemon *d, int *ret_n, struct via_err *err)
{
	int n = sd_listen_fds(true), r = 0;

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n && !r; fd++) {
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
			r = via_err_set(err, -EINVAL,
				"descriptor %d that was handed over is no listening Unix stream "
				"socket",
				fd);
		else
			r = via_server_adopt(d->server, fd, err);
	}
	*ret_n = n;
	return r;
}

/* The default socket's directory is made by us where no systemd does it; others must be there. */
static void make_rundir(const char *socket)
{
	if (!strcmp(socket, VIADUCT_SOCKET))
		(void)!mkdir(VIADUCT_RUNDIR, 0755);
}

static int make_server(struct via_daemon *d, struct via_err *err)
{
	const struct via_server_options opt = {
		.event = d->event,
		.groups = &d->groups,
		.dispatch = via_api_dispatch,
		.user = d,
	};
	int n = 0, r;

	d->groups.read_name = d->opt.read_group;
	d->groups.change_name = d->opt.change_group;
	via_groups_lookup(&d->groups);
	r = via_server_create(&opt, &d->server);
	if (r < 0)
		return via_err_set(err, r, "cannot make the server: %s", strerror(-r));
	r = adopt_sockets(d, &n, err);
	if (r || n || !d->opt.socket)
		return r;
	make_rundir(d->opt.socket);
	return via_server_listen(d->server, d->opt.socket, err);
}

static int on_reload(sd_event_source *src, const struct signalfd_siginfo *si, void *user)
{
	struct via_daemon *d = user;
	struct via_err err;

	(void)src;
	(void)si;
	/* sd_notify(3): the time lets systemd tell this reload from an earlier one. */
	sd_notifyf(
		false, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)via_now_ms() * 1000);
	(void)via_reload(d, "SIGHUP", NULL, &err);
	sd_notify(false, "READY=1");
	return 0;
}

static int on_stop(sd_event_source *src, const struct signalfd_siginfo *si, void *user)
{
	(void)src;
	(void)si;
	via_stop(user);
	return 0;
}

static int add_signals(struct via_daemon *d)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL, SIGHUP, on_reload, d);
	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	return r < 0 ? r : 0;
}

static int load_state(struct via_daemon *d, struct via_err *err)
{
	int r;

	d->disk = d->opt.disk ? d->opt.disk : via_disk_linux();
	r = via_store_open(d->disk, d->opt.state_dir, &d->store, err);
	if (!r)
		r = via_journal_open(d->disk, via_store_dirfd(d->store), d->opt.state_dir,
			&d->opt.journal_hook, &d->journal, &d->unfinished, err);
	if (!r)
		r = via_ledger_open(d->disk, via_store_dirfd(d->store), d->opt.state_dir,
			via_store_old(d->store), &d->opt.journal_hook, &d->ledger, &d->claims, err);
	/* Last: until then the directory is upgraded anew at each start. */
	return r ? r : via_store_stamp(d->store, err);
}

int via_daemon_create(
	const struct via_daemon_options *opt, struct via_daemon **ret, struct via_err *err)
{
	struct via_daemon *d = calloc(1, sizeof(*d));
	int r;

	if (!d) {
		via_kernel_destroy(opt->kernel);
		if (opt->virt)
			opt->virt->ops->destroy(opt->virt);
		return via_err_set(err, -ENOMEM, "out of memory");
	}
	d->opt = *opt;
	d->kernel = opt->kernel;
	d->virt = opt->virt;
	d->started_us = via_now_us();
	r = make_loop(d);
	if (r < 0)
		via_err_set(err, r, "cannot make the event loop: %s", strerror(-r));
	if (!r)
		r = load_state(d, err);
	if (!r)
		r = via_reload_first(d, err);
	if (!r)
		r = make_server(d, err);
	if (!r && (r = add_signals(d)) < 0)
		via_err_set(err, r, "cannot handle signals: %s", strerror(-r));
	if (!r && (r = via_watch_start(d)) < 0)
		via_err_set(err, r, "cannot watch the host: %s", strerror(-r));
	if (!r && (r = via_domains_start(d)) < 0)
		via_err_set(err, r, "cannot listen to libvirt: %s", strerror(-r));
	if (r) {
		via_daemon_destroy(d);
		return r;
	}
	*ret = d;
	return 0;
}

static int on_ready_timeout(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_daemon *d = user;

	(void)src;
	(void)usec;
	via_log(LOG_WARNING, "provisioning goes on; ready as far as it can be told now");
	via_ready_send(d);
	return 0;
}

/* The first look at the host failed: another in a while, there is nothing else to do. */
static int on_retry(sd_event_source *src, uint64_t usec, void *user)
{
	(void)usec;
	sd_event_source_unref(src);
	via_first_look(user);
	return 0;
}

#define RETRY_US (5 * 1000000)

static void first_looked(struct via_look *l)
{
	struct via_daemon *d = l->d;
	struct via_err err;
	sd_event_source *src;

	if (l->r && !d->stopping) {
		if (sd_event_add_time_relative(
			    d->event, &src, CLOCK_MONOTONIC, RETRY_US, 0, on_retry, d) < 0)
			via_stop(d);
		return;
	}
	if (l->r)
		return;
	if (via_store_bound_expire(d->store, l->inv->inv->host.boot_id, &err))
		via_log(LOG_WARNING, "%s", err.msg);
	via_session_recover(d);
	via_claims_open(d);
	via_reconcile_start(d);
	via_ready_check(d);
}

void via_first_look(struct via_daemon *d)
{
	struct via_look *l = via_look_create(d, VIA_SCAN_FULL, first_looked, NULL);

	if (l)
		via_look_submit(l);
}

int via_daemon_run(struct via_daemon *d)
{
	uint64_t us = (uint64_t)d->opt.ready_timeout_s * 1000000;
	int r = sd_event_add_time_relative(
		d->event, &d->ready_timer, CLOCK_MONOTONIC, us, 0, on_ready_timeout, d);

	if (r < 0)
		return r;
	via_first_look(d);
	r = sd_event_loop(d->event);
	sd_notify(false, "STOPPING=1");
	return r < 0 ? r : 0;
}

static bool end_workers(struct via_daemon *d)
{
	unsigned int ms = d->hung ? 0 : 1000;
	bool ok = !d->left && !d->sweep;

	ok = via_worker_end(d->reader ? d->reader->worker : NULL, ms) && ok;

	ok = via_worker_end(d->encoder, ms) && ok;
	ok = via_worker_end(d->scribe, ms) && ok;
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next)
		ok = via_worker_end(pf->worker, ms) && ok;
	return ok;
}

static void free_workers(struct via_daemon *d)
{
	via_reader_free(d->reader);
	via_worker_free(d->encoder);
	via_worker_free(d->scribe);
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next)
		via_worker_free(pf->worker);
}

static void destroy_rest(struct via_daemon *d)
{
	via_server_destroy(d->server);
	via_mailbox_destroy(d->mailbox);
	via_pf_destroy_all(d);
	via_events_destroy(d->events);
	via_unfinished_destroy(d->unfinished);
	via_inv_unref(d->inv);
	via_config_unref(d->config);
	via_text_unref(d->status);
	via_journal_close(d->journal);
	via_ledger_close(d->ledger);
	via_claims_finish(&d->claims);
	via_store_close(d->store);
	via_kernel_destroy(d->kernel);
	sd_event_source_disable_unref(d->ready_timer);
	sd_event_source_disable_unref(d->stop_timer);
	sd_event_source_disable_unref(d->stuck_timer);
	sd_event_unref(d->event);
	for (size_t i = 0; i < d->n_rebind_problems; i++)
		free(d->rebind_problem[i]);
	via_domains_finish(&d->domains);
	free(d->virt_reason);
	free(d->contradictions);
	free(d->config_error);
	free(d->refusals);
	free(d);
}

bool via_daemon_destroy(struct via_daemon *d)
{
	bool ended;

	if (!d)
		return true;
	d->stopping = true;
	via_watch_stop(d);
	via_reconcile_stop(d);
	ended = via_domains_stop(d);
	if (!end_workers(d) || !ended) {
		/* A thread is in the kernel and may come back to any of this. */
		via_log(LOG_ERR, "a thread has not come back from the kernel; leaving without it");
		d->hung = true;
		via_server_destroy(d->server);
		return false;
	}
	/* Cancelled jobs come back and end their sessions and calls; what those submit is
	 * cancelled. */
	while (d->mailbox && via_mailbox_open(d->mailbox))
		via_mailbox_dispatch(d->mailbox);
	/* Notes do not count as open, and hold memory all the same. */
	if (d->mailbox)
		via_mailbox_dispatch(d->mailbox);
	free_workers(d);
	while (d->sessions)
		via_session_free(d->sessions);
	via_claims_destroy(d);
	via_hook_stop(d);
	via_notes_stop(d);
	via_managed_stop(d);
	destroy_rest(d);
	return true;
}
