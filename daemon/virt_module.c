/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to libvirt as long as libvirt is not needed: a host whose libvirtd does not run, or that
 * has no libvirt, does not pay for the library (12 MiB resident). A thread waits for libvirtd's
 * socket, then loads the module that has the real door in it (virt_libvirt.c) and hands over.
 */
#include "virt_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "virt_post.h"

#define SYMBOL	      "via_virt_libvirt_create"
#define LOOK_AGAIN_MS 1000

struct module_door {
	struct via_virt door;
	char *uri, *run_dir, *module;
	struct via_mailbox *mailbox;
	struct via_virt_listener listener;
	struct via_virt_post *post;
	pthread_t thread;
	bool started; /* there is a thread to be joined */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool stop;
	struct via_virt *inner; /* the real one, once there is a libvirtd */
};

static struct module_door *door_of(struct via_virt *v)
{
	return via_container_of(v, struct module_door, door);
}

/* Where the system's daemon listens: the old one's socket, and the one that has QEMU alone. Other
 * URIs may lead anywhere. */
static bool libvirtd_is_there(const struct module_door *v)
{
	static const char *const sockets[] = {"libvirt-sock", "virtqemud-sock"};
	char path[PATH_MAX];

	if (strncmp(v->uri, "qemu:///system", strlen("qemu:///system")) != 0)
		return true;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(sockets); i++) {
		snprintf(path, sizeof(path), "%s/%s", v->run_dir, sockets[i]);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void tell(struct module_door *v, const char *why)
{
	static const struct via_domains none;

	(void)via_virt_post_domains(v->post, &none, false, why);
}

static struct via_virt *load(struct module_door *v)
{
	struct via_virt *(*create)(const char *uri);
	void *module = dlopen(v->module, RTLD_NOW | RTLD_LOCAL);
	struct via_virt *inner;

	if (!module) {
		tell(v, dlerror());
		return NULL;
	}
	/* POSIX: what dlsym returns may be taken for a function. */
	*(void **)&create = dlsym(module, SYMBOL);
	inner = create ? create(v->uri) : NULL;
	if (!inner)
		tell(v, create ? "out of memory" : dlerror());
	return inner;
}

/* false: the door is to end. */
static bool wait_a_while(struct module_door *v)
{
	int64_t at = via_now_ms() + LOOK_AGAIN_MS;
	struct timespec until = {.tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000};
	bool stop;

	pthread_mutex_lock(&v->lock);
	if (!v->stop)
		(void)pthread_cond_timedwait(&v->cond, &v->lock, &until);
	stop = v->stop;
	pthread_mutex_unlock(&v->lock);
	return !stop;
}

static void *thread_main(void *arg)
{
	struct module_door *v = arg;
	struct via_virt *inner;

	pthread_setname_np(pthread_self(), "libvirt-wait");
	char why[PATH_MAX + 64];

	snprintf(why, sizeof(why), "libvirtd does not run: there is no socket of it in %s",
		v->run_dir);
	if (!libvirtd_is_there(v))
		tell(v, why);
	while (!libvirtd_is_there(v))
		if (!wait_a_while(v))
			return NULL;
	inner = load(v);
	if (!inner)
		return NULL;
	pthread_mutex_lock(&v->lock);
	if (!v->stop && inner->ops->start(inner, v->mailbox, &v->listener) == 0)
		v->inner = via_steal(&inner);
	pthread_mutex_unlock(&v->lock);
	if (!inner)
		return NULL;
	tell(v, "its door could not be opened: out of memory");
	(void)inner->ops->destroy(inner);
	return NULL;
}

static int door_start(
	struct via_virt *door, struct via_mailbox *m, const struct via_virt_listener *l)
{
	struct module_door *v = door_of(door);
	sigset_t all, old;
	int r;

	v->mailbox = m;
	v->listener = *l;
	v->post = via_virt_post_create(m, l);
	if (!v->post)
		return -ENOMEM;
	/* Signals are the main loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&v->thread, NULL, thread_main, v);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	v->started = r == 0;
	return -r;
}

static void door_refresh(struct via_virt *door)
{
	struct module_door *v = door_of(door);

	pthread_mutex_lock(&v->lock);
	if (v->inner)
		v->inner->ops->refresh(v->inner);
	pthread_mutex_unlock(&v->lock);
}

static void door_free(struct module_door *v)
{
	pthread_cond_destroy(&v->cond);
	pthread_mutex_destroy(&v->lock);
	free(v->uri);
	free(v->run_dir);
	free(v->module);
	free(v);
}

static bool door_destroy(struct via_virt *door)
{
	struct module_door *v = door_of(door);
	bool ended;

	via_virt_post_close(v->post);
	pthread_mutex_lock(&v->lock);
	v->stop = true;
	pthread_cond_broadcast(&v->cond);
	pthread_mutex_unlock(&v->lock);
	if (v->started)
		pthread_join(v->thread, NULL);
	ended = !v->inner || v->inner->ops->destroy(v->inner);
	via_virt_post_unref(v->post);
	door_free(v);
	return ended;
}

static const struct via_virt_ops ops = {
	.start = door_start,
	.refresh = door_refresh,
	.destroy = door_destroy,
};

struct via_virt *via_virt_module_create(const char *uri, const char *run_dir, const char *module)
{
	struct module_door *v = calloc(1, sizeof(*v));
	pthread_condattr_t attr;

	if (!v)
		return NULL;
	v->door.ops = &ops;
	pthread_mutex_init(&v->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&v->cond, &attr);
	pthread_condattr_destroy(&attr);
	v->uri = strdup(uri);
	v->run_dir = strdup(run_dir);
	v->module = strdup(module);
	if (v->uri && v->run_dir && v->module)
		return &v->door;
	door_free(v);
	return NULL;
}
