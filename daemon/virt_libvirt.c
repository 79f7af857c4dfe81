/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door to libvirt: its thread, the connection, and the end of both. */
#include "virt_libvirt.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "log.h"

/* Longer than a hook may take, as listing waits for hooks. */
#define PATIENCE_MS 10000
#define BACKOFF_MS  250
/* libvirt's own: so many probes unanswered, so many seconds apart, and it ends the connection. */
#define KEEPALIVE_S	5
#define KEEPALIVE_COUNT 3

/* --- the connection; on the thread --- */

static void schedule(struct via_virt_libvirt *v, unsigned int ms)
{
	virEventUpdateTimeout(v->timer, (int)ms);
}

static void on_close(virConnectPtr conn, int reason, void *user)
{
	static const char *const reasons[] = {
		[VIR_CONNECT_CLOSE_REASON_ERROR] = "the connection failed",
		[VIR_CONNECT_CLOSE_REASON_EOF] = "libvirtd ended the connection",
		[VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "libvirtd stopped answering",
		[VIR_CONNECT_CLOSE_REASON_CLIENT] = "the connection was closed",
	};
	struct via_virt_libvirt *v = user;

	(void)conn;
	snprintf(v->lost, sizeof(v->lost), "%s",
		reason >= 0 && (size_t)reason < VIA_ARRAY_SIZE(reasons) ? reasons[reason]
									: "the connection ended");
	/* Not from within the callback. */
	schedule(v, 0);
}

/* Each callback holds a reference: with one left libvirt would keep the connection, and call us. */
static void disconnect(struct via_virt_libvirt *v)
{
	v->lost[0] = '\0';
	if (!v->conn)
		return;
	virConnectUnregisterCloseCallback(v->conn, on_close);
	via_virt_unlisten(v);
	/* Asks libvirtd once more, which may hang. */
	via_virt_call_begin(v);
	if (virConnectClose(v->conn) > 0)
		via_log(LOG_ERR, "a connection to libvirt is still in use after its end");
	via_virt_call_end(v);
	v->conn = NULL;
}

static void retry_later(struct via_virt_libvirt *v)
{
	schedule(v, v->backoff_ms);
	v->backoff_ms *= 2;
	if (v->backoff_ms > v->backoff_max_ms)
		v->backoff_ms = v->backoff_max_ms;
}

/* what: "" or "…: ". why: NULL for libvirt's last error. */
static void failed(struct via_virt_libvirt *v, const char *what, const char *why)
{
	char text[VIA_VIRT_WHY_MAX];

	snprintf(text, sizeof(text), "%s%s", what, why ? why : virGetLastErrorMessage());
	via_virt_tell_gone(v, text);
	disconnect(v);
	retry_later(v);
}

static int open_connection(struct via_virt_libvirt *v)
{
	via_virt_call_begin(v);
	/* Not read-only: a read-only one does not see what it needs on every libvirt, and the
	 * socket is root's either way. */
	v->conn = virConnectOpen(v->uri);
	via_virt_call_end(v);
	if (!v->conn)
		return -1;
	/* Drivers without a daemon have neither; they do not lose connections. */
	(void)virConnectSetKeepAlive(v->conn, KEEPALIVE_S, KEEPALIVE_COUNT);
	(void)virConnectRegisterCloseCallback(v->conn, on_close, v, NULL);
	return via_virt_listen(v);
}

static void list_now(struct via_virt_libvirt *v)
{
	int64_t took, begun = via_now_ms();
	char why[VIA_VIRT_WHY_MAX];

	v->listing_due = false;
	if (via_virt_list(v, why) < 0) {
		failed(v, "cannot list the domains: ", why);
		return;
	}
	v->backoff_ms = BACKOFF_MS;
	/* A host that starts all its guests is not to be kept busy by being asked who they are. */
	took = via_now_ms() - begun;
	v->pause_ms = took < 25 ? 50 : took > 2500 ? 5000 : (unsigned int)took * 2;
}

static void connect_now(struct via_virt_libvirt *v)
{
	if (open_connection(v) < 0)
		failed(v, "", NULL);
	else
		list_now(v);
}

static void on_timer(int timer, void *user)
{
	struct via_virt_libvirt *v = user;

	virEventUpdateTimeout(timer, -1);
	if (via_virt_stopping(v))
		return;
	if (v->lost[0])
		failed(v, "", v->lost);
	else if (!v->conn)
		connect_now(v);
	else if (v->listing_due)
		list_now(v);
}

void via_virt_list_soon(struct via_virt_libvirt *v)
{
	if (!v->conn || v->lost[0] || v->listing_due)
		return;
	v->listing_due = true;
	schedule(v, v->pause_ms);
}

static void on_wake(int handle, int fd, int events, void *user)
{
	struct via_virt_libvirt *v = user;
	uint64_t count;

	(void)handle;
	(void)events;
	if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		via_log(LOG_ERR, "cannot read the counter of libvirt's thread: %m");
	if (atomic_exchange(&v->wanted, false))
		via_virt_list_soon(v);
}

static void *thread_main(void *arg)
{
	struct via_virt_libvirt *v = arg;

	pthread_setname_np(pthread_self(), "libvirt");
	while (!via_virt_stopping(v))
		if (virEventRunDefaultImpl() < 0)
			usleep(100 * 1000); /* without descriptors left, say; not to spin */
	disconnect(v);
	pthread_mutex_lock(&v->lock);
	v->ended = true;
	pthread_cond_broadcast(&v->cond);
	pthread_mutex_unlock(&v->lock);
	return NULL;
}

/* --- the door; on the main loop --- */

static struct via_virt_libvirt *door_of(struct via_virt *v)
{
	return via_container_of(v, struct via_virt_libvirt, door);
}

static void ignore_error(void *user, virErrorPtr e)
{
	(void)user;
	(void)e;
}

static void set_up_libvirt(void)
{
	/* Or it writes every error to stderr; the reasons told are made of them. */
	virSetErrorFunc(NULL, ignore_error);
	virEventRegisterDefaultImpl();
}

static int start_threads(struct via_virt_libvirt *v)
{
	sigset_t all, old;
	int r;

	/* Signals are the main loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&v->watchdog, NULL, via_virt_watchdog, v);
	if (!r) {
		r = pthread_create(&v->thread, NULL, thread_main, v);
		v->ended = r != 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -r;
}

static int door_start(
	struct via_virt *door, struct via_mailbox *m, const struct via_virt_listener *l)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct via_virt_libvirt *v = door_of(door);

	pthread_once(&once, set_up_libvirt);
	v->post = via_virt_post_create(m, l);
	if (!v->post)
		return -ENOMEM;
	v->wake_handle = virEventAddHandle(v->wake_fd, VIR_EVENT_HANDLE_READABLE, on_wake, v, NULL);
	v->timer = virEventAddTimeout(0, on_timer, v, NULL);
	if (v->wake_handle < 0 || v->timer < 0)
		return -ENOMEM;
	return start_threads(v);
}

static void wake(struct via_virt_libvirt *v)
{
	uint64_t one = 1;

	if (write(v->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		via_log(LOG_ERR, "cannot wake libvirt's thread: %m");
}

static void door_refresh(struct via_virt *door)
{
	struct via_virt_libvirt *v = door_of(door);

	atomic_store(&v->wanted, true);
	wake(v);
}

static struct timespec deadline_in(unsigned int ms)
{
	int64_t at = via_now_ms() + ms;

	return (struct timespec){.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
}

/* Tell the threads to end; have they? */
static bool end_threads(struct via_virt_libvirt *v)
{
	struct timespec until = deadline_in(v->end_ms);
	bool ended;
	int r = 0;

	pthread_mutex_lock(&v->lock);
	v->stop = true;
	pthread_cond_broadcast(&v->cond);
	wake(v);
	while (!v->ended && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&v->cond, &v->lock, &until);
	ended = v->ended;
	pthread_mutex_unlock(&v->lock);
	if (v->watchdog)
		pthread_join(v->watchdog, NULL);
	if (ended && v->thread)
		pthread_join(v->thread, NULL);
	return ended;
}

static bool door_destroy(struct via_virt *door)
{
	struct via_virt_libvirt *v = door_of(door);

	via_virt_post_close(v->post);
	if (!end_threads(v))
		return false;
	if (v->timer >= 0)
		virEventRemoveTimeout(v->timer);
	if (v->wake_handle >= 0)
		virEventRemoveHandle(v->wake_handle);
	via_virt_post_unref(v->post);
	via_domains_finish(&v->last);
	via_domains_finish(&v->unreadable);
	pthread_cond_destroy(&v->cond);
	pthread_mutex_destroy(&v->lock);
	close(v->wake_fd);
	free(v->uri);
	free(v);
	return true;
}

static const struct via_virt_ops ops = {
	.start = door_start,
	.refresh = door_refresh,
	.destroy = door_destroy,
};

struct via_virt *via_virt_libvirt_create(const char *uri)
{
	struct via_virt_libvirt *v = calloc(1, sizeof(*v));
	pthread_condattr_t attr;

	if (!v)
		return NULL;
	v->door.ops = &ops;
	v->patience_ms = PATIENCE_MS;
	v->backoff_ms = BACKOFF_MS;
	v->backoff_max_ms = 10000;
	v->end_ms = 2000;
	v->pause_ms = 50;
	v->timer = v->wake_handle = -1;
	v->ended = true; /* there is no thread yet */
	v->uri = strdup(uri);
	v->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (v->uri && v->wake_fd >= 0)
		return &v->door;
	if (v->wake_fd >= 0)
		close(v->wake_fd);
	free(v->uri);
	free(v);
	return NULL;
}
