/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/virt.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "fake/virt_diff.h"
#include "virt_post.h"

#define POLL_MS	 20
#define FILE_MAX (16u << 20)

struct via_fake_virt {
	struct via_virt door;
	pthread_mutex_t lock;
	pthread_cond_t wake;	/* for the thread */
	pthread_cond_t settled; /* for via_fake_virt_settle */
	pthread_t thread;
	bool started, stop;

	struct via_virt_post *post;
	struct via_domains now, told; /* as it is; as of the last listing */
	bool connected, hang, muted;
	char why[256];
	bool refresh, change; /* a listing is due; so is what leads to one */
	struct via_virt_event *extra;
	size_t n_extra;
	unsigned int listings;

	char *path;
	struct stat seen;
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake libvirt: %s\n", what);
	abort();
}

/* --- the thread --- */

static void tell(struct via_fake_virt *f, const struct via_virt_event *ev)
{
	must(via_virt_post_event(f->post, ev) == 0, "out of memory");
}

static void tell_change(const struct via_virt_event *ev, void *user)
{
	tell(user, ev);
}

static void list_domains(struct via_fake_virt *f)
{
	via_domains_finish(&f->told);
	must(via_virt_copy_domains(&f->now, &f->told) == 0, "out of memory");
	f->told.taken_ms = via_now_ms();
	must(via_virt_post_domains(f->post, &f->told, true, NULL) == 0, "out of memory");
	f->listings++;
}

/* With the lock held, connected and not hanging. */
static void work_connected(struct via_fake_virt *f)
{
	bool told = f->refresh;

	if (!f->muted) {
		told = via_fake_virt_diff(&f->told, &f->now, tell_change, f) || f->n_extra || told;
		for (size_t i = 0; i < f->n_extra; i++)
			tell(f, &f->extra[i]);
	}
	f->n_extra = 0;
	if (told)
		list_domains(f);
}

static void work(struct via_fake_virt *f)
{
	f->change = false;
	if (f->connected) {
		work_connected(f);
	} else {
		f->n_extra = 0;
		if (f->refresh)
			must(via_virt_post_domains(f->post, &f->told, false, f->why) == 0,
				"out of memory");
	}
	f->refresh = false;
}

static void read_file(struct via_fake_virt *f);

static void wait_for_work(struct via_fake_virt *f)
{
	struct timespec t;

	if (!f->path) {
		pthread_cond_wait(&f->wake, &f->lock);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += POLL_MS * 1000000L;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&f->wake, &f->lock, &t);
	read_file(f);
}

static void *thread_main(void *arg)
{
	struct via_fake_virt *f = arg;

	pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		if (f->change && !f->hang) {
			work(f);
			pthread_cond_broadcast(&f->settled);
		} else {
			wait_for_work(f);
		}
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* --- the door --- */

static struct via_fake_virt *fake_of(struct via_virt *v)
{
	return via_container_of(v, struct via_fake_virt, door);
}

static void changed(struct via_fake_virt *f, bool refresh)
{
	f->change = true;
	f->refresh |= refresh;
	pthread_cond_signal(&f->wake);
}

static int fake_start(struct via_virt *v, struct via_mailbox *m, const struct via_virt_listener *l)
{
	struct via_fake_virt *f = fake_of(v);
	sigset_t all, old;
	int r;

	f->post = via_virt_post_create(m, l);
	if (!f->post)
		return -ENOMEM;
	changed(f, true);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&f->thread, NULL, thread_main, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	f->started = !r;
	return -r;
}

static void fake_refresh(struct via_virt *v)
{
	struct via_fake_virt *f = fake_of(v);

	pthread_mutex_lock(&f->lock);
	changed(f, true);
	pthread_mutex_unlock(&f->lock);
}

static bool fake_destroy(struct via_virt *v)
{
	struct via_fake_virt *f = fake_of(v);
	bool hang;

	pthread_mutex_lock(&f->lock);
	hang = f->hang;
	f->stop = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
	if (f->started)
		pthread_join(f->thread, NULL);
	via_virt_post_close(f->post);
	via_virt_post_unref(f->post);
	via_domains_finish(&f->now);
	via_domains_finish(&f->told);
	free(f->extra);
	free(f->path);
	pthread_cond_destroy(&f->wake);
	pthread_cond_destroy(&f->settled);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return !hang;
}

static const struct via_virt_ops ops = {
	.start = fake_start,
	.refresh = fake_refresh,
	.destroy = fake_destroy,
};

struct via_fake_virt *via_fake_virt_create(void)
{
	struct via_fake_virt *f = calloc(1, sizeof(*f));

	must(f, "out of memory");
	f->door.ops = &ops;
	f->connected = true;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->wake, NULL);
	pthread_cond_init(&f->settled, NULL);
	return f;
}

struct via_virt *via_fake_virt_door(struct via_fake_virt *f)
{
	return &f->door;
}

/* --- control --- */

void via_fake_virt_put(struct via_fake_virt *f, const struct via_domain *d)
{
	struct via_domain copy;

	must(via_virt_copy_domain(d, &copy) == 0, "out of memory");
	pthread_mutex_lock(&f->lock);
	must(via_virt_put_domain(&f->now, &copy) == 0, "out of memory");
	changed(f, false);
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_remove(struct via_fake_virt *f, const char *uuid)
{
	pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->now.n; i++) {
		if (strcmp(f->now.list[i].uuid, uuid))
			continue;
		via_domain_finish(&f->now.list[i]);
		memmove(&f->now.list[i], &f->now.list[i + 1],
			(f->now.n - i - 1) * sizeof(*f->now.list));
		f->now.n--;
		break;
	}
	changed(f, false);
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_clear(struct via_fake_virt *f)
{
	pthread_mutex_lock(&f->lock);
	via_domains_finish(&f->now);
	changed(f, false);
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_event(struct via_fake_virt *f, const struct via_virt_event *ev)
{
	pthread_mutex_lock(&f->lock);
	f->extra = reallocarray(f->extra, f->n_extra + 1, sizeof(*f->extra));
	must(f->extra, "out of memory");
	f->extra[f->n_extra++] = *ev;
	changed(f, false);
	pthread_mutex_unlock(&f->lock);
}

/* With the lock held. */
static void set_connected(struct via_fake_virt *f, bool connected, const char *why)
{
	bool differs = f->connected != connected || (!connected && strcmp(f->why, why));

	f->connected = connected;
	snprintf(f->why, sizeof(f->why), "%s", why);
	if (differs)
		changed(f, true);
}

void via_fake_virt_disconnect(struct via_fake_virt *f, const char *why)
{
	pthread_mutex_lock(&f->lock);
	set_connected(f, false, why);
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_connect(struct via_fake_virt *f)
{
	pthread_mutex_lock(&f->lock);
	/* What happened meanwhile brings no events: libvirt keeps none for who was not there. */
	if (!f->connected) {
		via_domains_finish(&f->told);
		must(via_virt_copy_domains(&f->now, &f->told) == 0, "out of memory");
	}
	set_connected(f, true, "");
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_hang(struct via_fake_virt *f, bool hang)
{
	pthread_mutex_lock(&f->lock);
	f->hang = hang;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_mute(struct via_fake_virt *f, bool muted)
{
	pthread_mutex_lock(&f->lock);
	f->muted = muted;
	pthread_mutex_unlock(&f->lock);
}

void via_fake_virt_settle(struct via_fake_virt *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->started && f->change && !f->hang)
		pthread_cond_wait(&f->settled, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

unsigned int via_fake_virt_listings(struct via_fake_virt *f)
{
	unsigned int n;

	pthread_mutex_lock(&f->lock);
	n = f->listings;
	pthread_mutex_unlock(&f->lock);
	return n;
}

/* --- the file --- */

static int parse_domains(json_object *array, struct via_domains *ret, struct via_err *err)
{
	for (size_t i = 0; array && i < json_object_array_length(array); i++) {
		struct via_domain d;
		int r = via_domain_parse(json_object_array_get_idx(array, i), &d, err);

		if (r)
			return r;
		must(via_virt_put_domain(ret, &d) == 0, "out of memory");
	}
	return 0;
}

static bool member_bool(json_object *o, const char *key, bool otherwise)
{
	json_object *v = json_object_object_get(o, key);

	return v ? json_object_get_boolean(v) : otherwise;
}

/* With the lock held. */
static void take_file(struct via_fake_virt *f, json_object *o, struct via_domains *list)
{
	const char *why = via_json_text(json_object_object_get(o, "reason"));

	via_domains_finish(&f->now);
	f->now = *list;
	f->hang = member_bool(o, "hang", false);
	f->muted = member_bool(o, "muted", false);
	set_connected(f, member_bool(o, "connected", true), why ? why : "it was told to be away");
	changed(f, false);
}

static int load_file(struct via_fake_virt *f, struct via_err *err)
{
	struct via_domains list = {0};
	via_autojson *o = NULL;
	char *text;
	size_t len;
	int r = via_file_read(AT_FDCWD, f->path, FILE_MAX, &text, &len, err);

	if (r)
		return r;
	r = via_json_parse(text, len, true, &o, err);
	free(text);
	if (!r)
		r = parse_domains(json_object_object_get(o, "domains"), &list, err);
	if (r)
		via_domains_finish(&list);
	else
		take_file(f, o, &list);
	return r;
}

static bool file_changed(struct via_fake_virt *f)
{
	struct stat st;

	if (stat(f->path, &st) < 0)
		return false;
	if (st.st_ino == f->seen.st_ino && st.st_mtim.tv_sec == f->seen.st_mtim.tv_sec &&
		st.st_mtim.tv_nsec == f->seen.st_mtim.tv_nsec && st.st_size == f->seen.st_size)
		return false;
	f->seen = st;
	return true;
}

static void read_file(struct via_fake_virt *f)
{
	struct via_err err;

	if (!file_changed(f) || load_file(f, &err) == 0)
		return;
	fprintf(stderr, "%s: %s\n", f->path, err.msg);
	exit(2);
}

int via_fake_virt_follow(struct via_fake_virt *f, const char *path, struct via_err *err)
{
	int r;

	pthread_mutex_lock(&f->lock);
	f->path = strdup(path);
	must(f->path, "out of memory");
	(void)file_changed(f);
	r = load_file(f, err);
	pthread_mutex_unlock(&f->lock);
	return r;
}
