/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* Small, as there may be one a PF; the sanitizers' frames need more. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE (2048 * 1024)
#else
#define STACK_SIZE (256 * 1024)
#endif
#define LINGER_S 2 /* an idle thread ends after this long */

struct via_mailbox {
	pthread_mutex_t lock;
	struct via_job *first, **last;
	size_t open;
	int fd;
};

struct via_worker {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* there is a job, or the end */
	pthread_cond_t idle; /* the thread ended */
	struct via_mailbox *mailbox;
	struct via_job *first, **last;
	bool alive, stop;
	char name[16];
};

int via_mailbox_create(struct via_mailbox **ret)
{
	struct via_mailbox *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (m->fd < 0) {
		free(m);
		return -errno;
	}
	pthread_mutex_init(&m->lock, NULL);
	m->last = &m->first;
	*ret = m;
	return 0;
}

void via_mailbox_destroy(struct via_mailbox *m)
{
	if (!m)
		return;
	close(m->fd);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

int via_mailbox_fd(const struct via_mailbox *m)
{
	return m->fd;
}

static void post(struct via_mailbox *m, struct via_job *job)
{
	uint64_t one = 1;

	job->next = NULL;
	pthread_mutex_lock(&m->lock);
	*m->last = job;
	m->last = &job->next;
	pthread_mutex_unlock(&m->lock);
	/* EAGAIN means that the counter is full, so the loop is awake anyway. */
	if (write(m->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		via_log(LOG_ERR, "cannot wake the main loop: %m");
}

void via_mailbox_note(struct via_mailbox *m, struct via_job *job)
{
	job->note = true;
	post(m, job);
}

static void count_open(struct via_mailbox *m, int by)
{
	pthread_mutex_lock(&m->lock);
	m->open += (size_t)by;
	pthread_mutex_unlock(&m->lock);
}

size_t via_mailbox_open(struct via_mailbox *m)
{
	size_t n;

	pthread_mutex_lock(&m->lock);
	n = m->open;
	pthread_mutex_unlock(&m->lock);
	return n;
}

void via_mailbox_dispatch(struct via_mailbox *m)
{
	struct via_job *job, *next;
	uint64_t count;

	if (read(m->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		via_log(LOG_ERR, "cannot read the mailbox's counter: %m");
	pthread_mutex_lock(&m->lock);
	job = m->first;
	m->first = NULL;
	m->last = &m->first;
	pthread_mutex_unlock(&m->lock);
	for (; job; job = next) {
		next = job->next;
		if (!job->note)
			count_open(m, -1);
		job->done(job);
	}
}

struct via_worker *via_worker_create(struct via_mailbox *m, const char *name)
{
	struct via_worker *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_cond_init(&w->idle, &attr);
	pthread_condattr_destroy(&attr);
	w->mailbox = m;
	w->last = &w->first;
	snprintf(w->name, sizeof(w->name), "%s", name);
	return w;
}

static struct timespec deadline_in(unsigned int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* The next job, or NULL when the thread is to end. Called and returns with the lock held. */
static struct via_job *next_job(struct via_worker *w)
{
	struct timespec until = deadline_in(LINGER_S * 1000);
	struct via_job *job;
	int r = 0;

	while (!w->first && !w->stop && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&w->wake, &w->lock, &until);
	job = w->first;
	if (!job)
		return NULL;
	w->first = job->next;
	if (!w->first)
		w->last = &w->first;
	return job;
}

static void *thread_main(void *arg)
{
	struct via_worker *w = arg;
	struct via_job *job;

	pthread_setname_np(pthread_self(), w->name);
	pthread_mutex_lock(&w->lock);
	while ((job = next_job(w))) {
		pthread_mutex_unlock(&w->lock);
		job->work(job);
		post(w->mailbox, job);
		pthread_mutex_lock(&w->lock);
	}
	w->alive = false;
	pthread_cond_signal(&w->idle);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static int start_thread(struct via_worker *w)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t t;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	/* Signals are the main loop's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&t, &attr, thread_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return r;
}

static void cancel(struct via_worker *w, struct via_job *job)
{
	while (job) {
		struct via_job *next = job->next;

		job->cancelled = true;
		post(w->mailbox, job);
		job = next;
	}
}

void via_worker_submit(struct via_worker *w, struct via_job *job)
{
	struct via_job *failed = NULL;

	job->next = NULL;
	count_open(w->mailbox, 1);
	pthread_mutex_lock(&w->lock);
	*w->last = job;
	w->last = &job->next;
	if (w->alive) {
		pthread_cond_signal(&w->wake);
	} else if (!w->stop && start_thread(w) == 0) {
		w->alive = true;
	} else {
		failed = w->first;
		w->first = NULL;
		w->last = &w->first;
	}
	pthread_mutex_unlock(&w->lock);
	cancel(w, failed);
}

void via_worker_cancel(struct via_worker *w)
{
	struct via_job *job;

	pthread_mutex_lock(&w->lock);
	job = w->first;
	w->first = NULL;
	w->last = &w->first;
	pthread_mutex_unlock(&w->lock);
	cancel(w, job);
}

bool via_worker_end(struct via_worker *w, unsigned int timeout_ms)
{
	struct timespec until = deadline_in(timeout_ms);
	bool ended;
	int r = 0;

	if (!w)
		return true;
	via_worker_cancel(w);
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	while (w->alive && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&w->idle, &w->lock, &until);
	ended = !w->alive;
	pthread_mutex_unlock(&w->lock);
	return ended;
}

void via_worker_free(struct via_worker *w)
{
	if (!w)
		return;
	pthread_cond_destroy(&w->wake);
	pthread_cond_destroy(&w->idle);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
