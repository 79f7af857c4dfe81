/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Around every call: counters, and what the call was told to do instead of succeeding. */
#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake/state.h"

static const char *const op_names[FAKE_OP_COUNT] = {
#define VIA_X(name) [FAKE_OP_##name] = #name,
	FAKE_OPS(VIA_X)
#undef VIA_X
};

const char *fake_op_name(enum fake_op op)
{
	return op_names[op];
}

/* "OP", "OP:GLOB" or "*" */
static bool matches(const char *what, enum fake_op op, const char *subject)
{
	size_t n = strcspn(what, ":");

	if (!strcmp(what, "*"))
		return true;
	if (strncmp(what, op_names[op], n) || op_names[op][n])
		return false;
	return !what[n] || !fnmatch(what + n + 1, subject, 0);
}

static bool strikes(struct fake_fault *ft)
{
	return ft->nth == 0 || --ft->nth == 0;
}

void fake_fault_free(struct fake_fault *ft)
{
	free(ft->what);
}

static void forget(struct via_fake *f, size_t i)
{
	fake_fault_free(&f->faults[i]);
	fake_drop(f->faults, f->n_faults, i);
}

static void crash(struct via_fake *f, size_t i)
{
	/* What starts again on this host must not be killed at the same place. */
	forget(f, i);
	fake_autosave(f);
	kill(getpid(), SIGKILL);
}

static void wait_release(struct via_fake *f)
{
	uint64_t seen = f->releases;

	fake_autosave(f);
	f->hanging++;
	pthread_cond_broadcast(&f->wake);
	while (f->releases == seen)
		pthread_cond_wait(&f->wake, &f->lock);
	f->hanging--;
}

/* The first fault that strikes before a call: the error it gives. */
static int strike_before(struct via_fake *f, enum fake_op op, const char *subject)
{
	for (size_t i = 0; i < f->n_faults; i++) {
		struct fake_fault *ft = &f->faults[i];
		int error = ft->error;

		if (ft->after || !matches(ft->what, op, subject) || !strikes(ft))
			continue;
		if (ft->kind == FAKE_FAULT_CRASH)
			crash(f, i);
		if (ft->kind == FAKE_FAULT_HANG)
			return wait_release(f), 0;
		if (ft->once)
			forget(f, i);
		return -error;
	}
	return 0;
}

int fake_enter(struct via_fake *f, enum fake_op op, const char *subject)
{
	int r;

	fake_lock(f);
	f->calls[op]++;
	r = f->n_faults ? strike_before(f, op, subject) : 0;
	if (f->n_deferred)
		fake_deferred_tick(f);
	if (r)
		fake_unlock(f);
	return r;
}

void fake_leave(struct via_fake *f, enum fake_op op, const char *subject)
{
	void (*fn)(struct via_fake *, void *) = NULL;
	void *user = NULL;

	for (size_t i = 0; i < f->n_faults && !fn; i++) {
		struct fake_fault *ft = &f->faults[i];

		if (!ft->after || !matches(ft->what, op, subject) || !strikes(ft))
			continue;
		if (ft->kind == FAKE_FAULT_CRASH)
			crash(f, i);
		fn = ft->fn;
		user = ft->user;
		if (fn)
			forget(f, i);
	}
	fake_unlock(f);
	if (fn)
		fn(f, user);
}

/* A process has the vfio group's node open. */
bool fake_group_held(struct via_fake *f, int group)
{
	struct fake_node *proc = fake_find(f, "proc");
	char node[32];

	snprintf(node, sizeof(node), "/dev/vfio/%d", group);
	for (struct fake_node *p = proc ? proc->first : NULL; p; p = p->next) {
		struct fake_node *fds =
			p->type == FAKE_DIR && p->name[0] >= '0' && p->name[0] <= '9'
				? fake_tree_find(&f->tree, p, "fd", true, NULL)
				: NULL;

		for (struct fake_node *n = fds ? fds->first : NULL; n; n = n->next)
			if (n->type == FAKE_LINK && !strcmp(n->data, node))
				return true;
	}
	return false;
}

void fake_wait_group(struct via_fake *f, int group)
{
	uint64_t seen = f->releases;

	if (group < 0 || !fake_group_held(f, group))
		return;
	fake_autosave(f);
	f->hanging++;
	pthread_cond_broadcast(&f->wake);
	while (f->releases == seen && fake_group_held(f, group))
		pthread_cond_wait(&f->wake, &f->lock);
	f->hanging--;
}

static struct fake_fault *add(struct via_fake *f, enum fake_fault_kind kind, const char *what)
{
	struct fake_fault *ft = fake_push(&f->faults, &f->n_faults);

	ft->kind = kind;
	ft->what = fake_strdup(what);
	f->dirty = true;
	return ft;
}

void via_fake_fail(struct via_fake *f, const char *what, unsigned int nth, int error)
{
	struct fake_fault *ft;

	FAKE_GUARD(f);
	ft = add(f, FAKE_FAULT_FAIL, what);
	ft->nth = nth;
	ft->once = nth != 0;
	ft->error = error;
}

void via_fake_hang(struct via_fake *f, const char *what)
{
	FAKE_GUARD(f);
	add(f, FAKE_FAULT_HANG, what);
}

void via_fake_crash(struct via_fake *f, const char *what, unsigned int nth, bool after)
{
	struct fake_fault *ft;

	FAKE_GUARD(f);
	ft = add(f, FAKE_FAULT_CRASH, what);
	ft->nth = nth;
	ft->after = after;
}

void via_fake_after(struct via_fake *f, const char *what,
	void (*fn)(struct via_fake *f, void *user), void *user)
{
	struct fake_fault *ft;

	FAKE_GUARD(f);
	ft = add(f, FAKE_FAULT_AFTER, what);
	ft->nth = 1;
	ft->after = true;
	ft->fn = fn;
	ft->user = user;
}

void via_fake_release(struct via_fake *f)
{
	FAKE_GUARD(f);
	for (size_t i = f->n_faults; i-- > 0;)
		if (f->faults[i].kind == FAKE_FAULT_HANG)
			forget(f, i);
	f->releases++;
	f->dirty = true;
	pthread_cond_broadcast(&f->wake);
}

void via_fake_clear_faults(struct via_fake *f)
{
	FAKE_GUARD(f);
	while (f->n_faults)
		forget(f, f->n_faults - 1);
	f->n_rules = 0;
	f->dirty = true;
}

bool via_fake_wait_hanging(struct via_fake *f, unsigned int n, unsigned int timeout_ms)
{
	struct timespec until;

	FAKE_GUARD(f);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (f->hanging < n)
		if (pthread_cond_timedwait(&f->wake, &f->lock, &until) == ETIMEDOUT)
			return f->hanging >= n;
	return true;
}

unsigned int via_fake_calls(struct via_fake *f, const char *op)
{
	unsigned int n = 0;

	FAKE_GUARD(f);
	for (int i = 0; i < FAKE_OP_COUNT; i++)
		if (!strcmp(op, "*") || !strcmp(op, op_names[i]))
			n += f->calls[i];
	return n;
}
