/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of libvirt that may hang, and what is told then. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "log.h"
#include "virt_libvirt.h"

bool via_virt_stopping(struct via_virt_libvirt *v)
{
	bool stop;

	pthread_mutex_lock(&v->lock);
	stop = v->stop;
	pthread_mutex_unlock(&v->lock);
	return stop;
}

void via_virt_call_begin(struct via_virt_libvirt *v)
{
	pthread_mutex_lock(&v->lock);
	v->call_since_ms = via_now_ms();
	pthread_cond_broadcast(&v->cond);
	pthread_mutex_unlock(&v->lock);
}

void via_virt_call_end(struct via_virt_libvirt *v)
{
	pthread_mutex_lock(&v->lock);
	v->call_since_ms = 0;
	v->told_hung = false;
	pthread_mutex_unlock(&v->lock);
}

/* With the lock held. */
static void tell(struct via_virt_libvirt *v, const char *why)
{
	if (!strcmp(v->told, why))
		return;
	if (via_virt_post_domains(v->post, &v->last, false, why) < 0)
		via_log(LOG_ERR, "%s (out of memory to tell)", why);
	else
		snprintf(v->told, sizeof(v->told), "%s", why);
}

void via_virt_tell_gone(struct via_virt_libvirt *v, const char *why)
{
	pthread_mutex_lock(&v->lock);
	tell(v, why);
	pthread_mutex_unlock(&v->lock);
}

static void tell_hung(struct via_virt_libvirt *v)
{
	char why[VIA_VIRT_WHY_MAX];

	snprintf(why, sizeof(why), "libvirtd has not answered for %g s", v->patience_ms / 1000.0);
	v->told_hung = true;
	tell(v, why);
}

/* When the call under way counts as hanging. */
static struct timespec limit_of(const struct via_virt_libvirt *v)
{
	int64_t at = v->call_since_ms + v->patience_ms;

	return (struct timespec){.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
}

void *via_virt_watchdog(void *arg)
{
	struct via_virt_libvirt *v = arg;

	pthread_setname_np(pthread_self(), "libvirt-watch");
	pthread_mutex_lock(&v->lock);
	while (!v->stop) {
		struct timespec until = limit_of(v);

		if (!v->call_since_ms || v->told_hung)
			pthread_cond_wait(&v->cond, &v->lock);
		else if (via_now_ms() >= v->call_since_ms + v->patience_ms)
			tell_hung(v);
		else
			pthread_cond_timedwait(&v->cond, &v->lock, &until);
	}
	pthread_mutex_unlock(&v->lock);
	return NULL;
}
