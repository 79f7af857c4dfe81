/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

#define NAMES_MAX  32
#define FAULTS_MAX 16

struct blob {
	bool there;
	char *data;
	size_t len;
};

/* A name in the directory, the file it leads to, and what is durable of both. */
struct name {
	char *name;
	ino_t ino;
	struct blob synced; /* contents of the file */
	bool pending;	    /* that the name leads to it is not */
	struct blob old;    /* pending: what it led to before */
};

struct fault {
	enum via_fake_disk_op op;
	unsigned int nth, times;
	int error;
	size_t part;
};

struct via_fake_disk {
	struct via_disk door;
	struct via_disk *real;
	pthread_mutex_t lock;
	int dirfd;
	struct name names[NAMES_MAX];
	size_t n_names;
	struct fault faults[FAULTS_MAX];
	size_t n_faults;
	size_t space, taken; /* free; written since that is limited */
	unsigned int calls, stop_at;
	enum via_fake_disk_when stop_when;
	bool stopped;
	void (*on_stop)(void *user);
	void *user;
};

/* --- what is durable --- */

static void blob_free(struct blob *b)
{
	free(b->data);
	*b = (struct blob){0};
}

static void blob_copy(struct blob *dst, const struct blob *src)
{
	struct blob out = *src;

	if (src->there) {
		out.data = malloc(src->len + 1);
		if (!out.data)
			abort();
		memcpy(out.data, src->data ? src->data : "", src->len);
	}
	blob_free(dst);
	*dst = out;
}

static struct blob blob_read(int dirfd, const char *name)
{
	struct blob b = {0};

	b.there = via_file_read(dirfd, name, SIZE_MAX / 2, &b.data, &b.len, NULL) == 0;
	return b;
}

static ino_t inode_of(const struct via_fake_disk *k, const char *name)
{
	struct stat st;

	return fstatat(k->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}

/* What is there before we see it first is durable. */
static struct name *name_of(struct via_fake_disk *k, int dirfd, const char *name)
{
	struct name *n;

	if (k->dirfd < 0)
		k->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
	for (size_t i = 0; i < k->n_names; i++)
		if (!strcmp(k->names[i].name, name))
			return &k->names[i];
	if (k->n_names == NAMES_MAX || k->dirfd < 0)
		abort();
	n = &k->names[k->n_names++];
	*n = (struct name){.name = strdup(name), .ino = inode_of(k, name)};
	if (!n->name)
		abort();
	n->synced = blob_read(k->dirfd, name);
	return n;
}

/* The name leads elsewhere from now on, which is not durable yet. */
static void lead_to(struct via_fake_disk *k, struct name *n, const struct blob *contents)
{
	if (!n->pending)
		blob_copy(&n->old, &n->synced);
	n->pending = true;
	blob_copy(&n->synced, contents);
	n->ino = inode_of(k, n->name);
}

static void directory_synced(struct via_fake_disk *k)
{
	for (size_t i = 0; i < k->n_names; i++) {
		k->names[i].pending = false;
		blob_free(&k->names[i].old);
	}
}

/* --- faults --- */

/* Before a call: 0, or what it returns without being made. *middle: what it does will not last. */
static int begin(struct via_fake_disk *k, enum via_fake_disk_op op, struct fault *hit)
{
	*hit = (struct fault){0};
	k->calls++;
	if (k->stopped)
		return -EIO;
	if (k->stop_at && k->calls >= k->stop_at) {
		k->stopped = true;
		return k->stop_when == VIA_FAKE_DISK_BEFORE ? -EIO : 0;
	}
	for (size_t i = 0; i < k->n_faults; i++) {
		struct fault *f = &k->faults[i];

		if (f->op != op && f->op != VIA_FAKE_DISK_ANY)
			continue;
		if (f->nth > 1) {
			f->nth--;
			continue;
		}
		if (f->times == 1)
			f->nth = UINT32_MAX;
		else if (f->times)
			f->times--;
		*hit = *f;
		return -f->error;
	}
	return 0;
}

/* Is what the call did durable by its end? */
static bool lasts(const struct via_fake_disk *k)
{
	return !k->stopped || k->stop_when == VIA_FAKE_DISK_AFTER;
}

static int end(struct via_fake_disk *k, int r)
{
	bool stopped = k->stopped;
	void (*fn)(void *user) = stopped ? k->on_stop : NULL;

	k->on_stop = stopped ? NULL : k->on_stop;
	pthread_mutex_unlock(&k->lock);
	if (fn)
		fn(k->user);
	return stopped ? -EIO : r;
}

static struct via_fake_disk *lock(struct via_disk *door)
{
	struct via_fake_disk *k = (struct via_fake_disk *)door;

	pthread_mutex_lock(&k->lock);
	return k;
}

/* --- the door --- */

static int fake_open(struct via_disk *door, int dirfd, const char *name)
{
	struct via_fake_disk *k = lock(door);
	struct name *n = name_of(k, dirfd, name);
	struct fault hit;
	int r = begin(k, VIA_FAKE_DISK_OPEN, &hit);

	if (r == 0 && !k->space && !n->ino)
		r = -ENOSPC;
	if (r == 0)
		r = k->real->ops->open(k->real, dirfd, name);
	if (r >= 0 && !n->ino)
		lead_to(k, n, &(struct blob){.there = true});
	if (r >= 0 && lasts(k))
		directory_synced(k);
	if (r >= 0 && k->stopped)
		close(r);
	return end(k, r);
}

static int append_part(struct via_fake_disk *k, int fd, const void *data, size_t len, int error)
{
	int r = len ? k->real->ops->append(k->real, fd, data, len) : 0;

	return r < 0 ? r : -error;
}

static void take(struct via_fake_disk *k, size_t len)
{
	if (k->space == SIZE_MAX)
		return;
	k->space -= len;
	k->taken += len;
}

/* Others have filled the disk: only what we took from the rest is ours again. */
static void give_back(struct via_fake_disk *k, size_t len)
{
	if (k->space == SIZE_MAX)
		return;
	len = len < k->taken ? len : k->taken;
	k->space += len;
	k->taken -= len;
}

static int fake_append(struct via_disk *door, int fd, const void *data, size_t len)
{
	struct via_fake_disk *k = lock(door);
	struct fault hit;
	int r = begin(k, VIA_FAKE_DISK_APPEND, &hit);

	if (r < 0 && hit.error) {
		r = append_part(k, fd, data, hit.part < len ? hit.part : len, hit.error);
	} else if (r == 0 && k->space < len) {
		r = append_part(k, fd, data, k->space, ENOSPC);
		take(k, k->space);
	} else if (r == 0) {
		r = k->real->ops->append(k->real, fd, data, len);
		take(k, len);
	}
	return end(k, r);
}

static void synced(struct via_fake_disk *k, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		abort();
	for (size_t i = 0; i < k->n_names; i++)
		if (k->names[i].ino == st.st_ino) {
			blob_free(&k->names[i].synced);
			k->names[i].synced = blob_read(k->dirfd, k->names[i].name);
		}
}

static int fake_sync(struct via_disk *door, int fd)
{
	struct via_fake_disk *k = lock(door);
	struct fault hit;
	int r = begin(k, VIA_FAKE_DISK_SYNC, &hit);

	if (r == 0)
		r = k->real->ops->sync(k->real, fd);
	if (r == 0 && lasts(k))
		synced(k, fd);
	return end(k, r);
}

static int fake_cut(struct via_disk *door, int fd, uint64_t size)
{
	struct via_fake_disk *k = lock(door);
	struct fault hit;
	struct stat st;
	int r = begin(k, VIA_FAKE_DISK_CUT, &hit);

	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r == 0)
		r = k->real->ops->cut(k->real, fd, size);
	if (r == 0 && (uint64_t)st.st_size > size)
		give_back(k, (size_t)((uint64_t)st.st_size - size));
	return end(k, r);
}

static int fake_replace(struct via_disk *door, int dirfd, const char *name, const void *data,
	size_t len, unsigned int mode)
{
	struct via_fake_disk *k = lock(door);
	struct name *n = name_of(k, dirfd, name);
	struct fault hit;
	int r = begin(k, VIA_FAKE_DISK_REPLACE, &hit);

	if (r == 0 && k->space < len)
		r = -ENOSPC;
	if (r == 0)
		r = k->real->ops->replace(k->real, dirfd, name, data, len, mode);
	if (r == 0) {
		lead_to(k, n, &(struct blob){.there = true, .data = (char *)data, .len = len});
		if (lasts(k))
			directory_synced(k);
	}
	return end(k, r);
}

static int fake_keep(struct via_disk *door, int dirfd, const char *name, const char *other)
{
	struct via_fake_disk *k = lock(door);
	struct name *n = name_of(k, dirfd, name), *o = name_of(k, dirfd, other);
	struct fault hit;
	int r = begin(k, VIA_FAKE_DISK_KEEP, &hit);

	if (r == 0)
		r = k->real->ops->keep(k->real, dirfd, name, other);
	if (r == 0 && n->ino)
		lead_to(k, o, &n->synced);
	return end(k, r);
}

static int fake_remove(struct via_disk *door, int dirfd, const char *name)
{
	struct via_fake_disk *k = lock(door);
	struct name *n = name_of(k, dirfd, name);
	struct fault hit;
	int r = begin(k, VIA_FAKE_DISK_REMOVE, &hit);

	if (r == 0)
		r = k->real->ops->remove(k->real, dirfd, name);
	if (r == 0) {
		lead_to(k, n, &(struct blob){0});
		if (lasts(k))
			directory_synced(k);
	}
	return end(k, r);
}

static const struct via_disk_ops ops = {
	.open = fake_open,
	.append = fake_append,
	.sync = fake_sync,
	.cut = fake_cut,
	.replace = fake_replace,
	.keep = fake_keep,
	.remove = fake_remove,
};

/* --- the power --- */

static void rewrite(struct via_fake_disk *k, const char *name, const char *data, size_t len)
{
	via_autoclose int fd = -1;

	/* Another file: the old one may have a second name. */
	(void)unlinkat(k->dirfd, name, 0);
	fd = openat(k->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || via_write_all(fd, data, len) < 0)
		abort();
}

/* What the file held when the power went, against what was synced of it. */
static void restore(struct via_fake_disk *k, struct name *n, const struct via_fake_power_cut *how)
{
	struct blob now = blob_read(k->dirfd, n->name);
	struct blob *last = n->pending && !how->entries ? &n->old : &n->synced;

	if (last == &n->synced && now.there && now.len > last->len) {
		size_t more = now.len - last->len;

		now.len = last->len + (how->tail < more ? how->tail : more);
		if (how->zeroes)
			memset(now.data + last->len, 0, now.len - last->len);
		rewrite(k, n->name, now.data, now.len);
	} else if (last == &n->synced && now.there && now.len < last->len && how->cuts) {
		rewrite(k, n->name, now.data, now.len);
	} else if (last->there) {
		rewrite(k, n->name, last->data, last->len);
	} else {
		(void)unlinkat(k->dirfd, n->name, 0);
	}
	blob_free(&now);
}

void via_fake_disk_power_cut(struct via_fake_disk *k, const struct via_fake_power_cut *how)
{
	pthread_mutex_lock(&k->lock);
	k->stopped = true;
	k->on_stop = NULL;
	for (size_t i = 0; i < k->n_names; i++)
		restore(k, &k->names[i], how);
	pthread_mutex_unlock(&k->lock);
}

/* --- the object --- */

struct via_fake_disk *via_fake_disk_create(void)
{
	struct via_fake_disk *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->door.ops = &ops;
	k->real = via_disk_linux();
	k->dirfd = -1;
	k->space = SIZE_MAX;
	pthread_mutex_init(&k->lock, NULL);
	return k;
}

void via_fake_disk_destroy(struct via_fake_disk *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n_names; i++) {
		free(k->names[i].name);
		blob_free(&k->names[i].synced);
		blob_free(&k->names[i].old);
	}
	if (k->dirfd >= 0)
		close(k->dirfd);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

struct via_disk *via_fake_disk_door(struct via_fake_disk *k)
{
	return &k->door;
}

void via_fake_disk_fail(struct via_fake_disk *k, enum via_fake_disk_op op, unsigned int nth,
	unsigned int times, int error, size_t part)
{
	pthread_mutex_lock(&k->lock);
	if (k->n_faults == FAULTS_MAX)
		abort();
	k->faults[k->n_faults++] = (struct fault){op, nth, times, error, part};
	pthread_mutex_unlock(&k->lock);
}

void via_fake_disk_heal(struct via_fake_disk *k)
{
	pthread_mutex_lock(&k->lock);
	k->n_faults = 0;
	k->space = SIZE_MAX;
	pthread_mutex_unlock(&k->lock);
}

void via_fake_disk_space(struct via_fake_disk *k, size_t bytes)
{
	pthread_mutex_lock(&k->lock);
	k->space = bytes;
	k->taken = 0;
	pthread_mutex_unlock(&k->lock);
}

void via_fake_disk_stop(struct via_fake_disk *k, unsigned int nth, enum via_fake_disk_when when)
{
	pthread_mutex_lock(&k->lock);
	k->stop_at = k->calls + nth;
	k->stop_when = when;
	pthread_mutex_unlock(&k->lock);
}

bool via_fake_disk_stopped(const struct via_fake_disk *k)
{
	return k->stopped;
}

void via_fake_disk_on_stop(struct via_fake_disk *k, void (*fn)(void *user), void *user)
{
	k->on_stop = fn;
	k->user = user;
}

unsigned int via_fake_disk_calls(const struct via_fake_disk *k)
{
	return k->calls;
}
