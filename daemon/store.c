/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model/codec.h"
#include "store_file.h"
#include "util.h"

#define BOUND_FILE     "bound.json"
#define LEARNT_FILE    "learnt.json"
#define BASELINES_FILE "baselines.json"

struct via_store {
	char *dir;
	int dirfd, lockfd;
	size_t n_bound;
	struct via_bound *bound;
	json_object *learnt; /* {"driver vendor:device kernel": [attribute names]} */
	pthread_mutex_t baseline_lock;
};

void via_store_close(struct via_store *s)
{
	if (!s)
		return;
	json_object_put(s->learnt);
	free(s->bound);
	if (s->dirfd >= 0)
		close(s->dirfd);
	if (s->lockfd >= 0)
		close(s->lockfd);
	pthread_mutex_destroy(&s->baseline_lock);
	free(s->dir);
	free(s);
}

int via_store_dirfd(const struct via_store *s)
{
	return s->dirfd;
}

static int other_daemon(struct via_store *s, struct via_err *err)
{
	char pid[24] = "";
	ssize_t n = pread(s->lockfd, pid, sizeof(pid) - 1, 0);

	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return via_err_set(err, VIA_REFUSED_BUSY,
		"%s: another viaductd (pid %s) uses this state directory; stop it, or give this "
		"one "
		"another with --state-dir and --socket",
		s->dir, pid[0] ? pid : "unknown");
}

static int take_lock(struct via_store *s, struct via_err *err)
{
	char pid[24];

	s->lockfd = openat(s->dirfd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lockfd < 0)
		return via_err_set(err, -errno, "%s/lock: cannot open: %m", s->dir);
	if (flock(s->lockfd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? other_daemon(s, err)
			       : via_err_set(err, -errno, "%s/lock: cannot lock: %m", s->dir);
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(s->lockfd, 0) < 0 ||
		pwrite(s->lockfd, pid, strlen(pid), 0) != (ssize_t)strlen(pid))
		return via_err_set(err, -EIO, "%s/lock: cannot write", s->dir);
	return 0;
}

static int load_bound(struct via_store *s, struct via_err *err)
{
	via_autojson *o = NULL;
	json_object *list;
	int r = via_store_file_load(s->dirfd, s->dir, BOUND_FILE, &o, err);

	if (r || !o)
		return r;
	list = json_object_object_get(o, "bound");
	if (!json_object_is_type(list, json_type_array)) {
		via_err_set(err, -EUCLEAN, "/bound: must be an array");
		return via_store_file_damaged(s->dir, BOUND_FILE, err);
	}
	s->bound = calloc(json_object_array_length(list) + 1, sizeof(*s->bound));
	if (!s->bound)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		char pointer[32];

		snprintf(pointer, sizeof(pointer), "/bound/%zu", i);
		r = via_bound_parse(json_object_array_get_idx(list, i), pointer, &s->bound[i], err);
		if (r)
			return via_store_file_damaged(s->dir, BOUND_FILE, err);
		s->n_bound++;
	}
	return 0;
}

static int load_learnt(struct via_store *s, struct via_err *err)
{
	via_autojson *o = NULL;
	int r = via_store_file_load(s->dirfd, s->dir, LEARNT_FILE, &o, err);

	if (r)
		return r;
	s->learnt =
		o ? json_object_get(json_object_object_get(o, "learnt")) : json_object_new_object();
	if (json_object_is_type(s->learnt, json_type_object))
		return 0;
	via_err_set(err, -EUCLEAN, "/learnt: must be an object");
	return via_store_file_damaged(s->dir, LEARNT_FILE, err);
}

/* Not kept in memory, only looked at: better now than in the middle of an apply. */
static int check_baselines(struct via_store *s, struct via_err *err)
{
	via_autojson *o = NULL;

	return via_store_file_load(s->dirfd, s->dir, BASELINES_FILE, &o, err);
}

static int open_dir(struct via_store *s, struct via_err *err)
{
	if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
		return via_err_set(err, -errno, "%s: cannot make the state directory: %m", s->dir);
	s->dirfd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return via_err_set(err, -errno, "%s: cannot open the state directory: %m", s->dir);
	return 0;
}

int via_store_open(const char *dir, struct via_store **ret, struct via_err *err)
{
	struct via_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return via_err_set(err, -ENOMEM, "out of memory");
	s->dirfd = s->lockfd = -1;
	pthread_mutex_init(&s->baseline_lock, NULL);
	s->dir = strdup(dir);
	r = s->dir ? open_dir(s, err) : via_err_set(err, -ENOMEM, "out of memory");
	if (!r)
		r = take_lock(s, err);
	if (!r)
		r = load_bound(s, err);
	if (!r)
		r = load_learnt(s, err);
	if (!r)
		r = check_baselines(s, err);
	if (r) {
		via_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

size_t via_store_n_bound(const struct via_store *s)
{
	return s->n_bound;
}

const struct via_bound *via_store_bound_at(const struct via_store *s, size_t i)
{
	return &s->bound[i];
}

const struct via_bound *via_store_bound(const struct via_store *s, struct via_addr addr)
{
	for (size_t i = 0; i < s->n_bound; i++)
		if (via_addr_eq(s->bound[i].addr, addr))
			return &s->bound[i];
	return NULL;
}

static int save_bound(struct via_store *s, struct via_err *err)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < s->n_bound; i++)
		json_object_array_add(list, via_bound_json(&s->bound[i]));
	json_object_object_add(o, "bound", list);
	return via_store_file_save(s->dirfd, s->dir, BOUND_FILE, o, err);
}

int via_store_bound_set(struct via_store *s, const struct via_bound *b, struct via_err *err)
{
	struct via_bound *known = (struct via_bound *)via_store_bound(s, b->addr);
	struct via_bound *list;

	if (!known) {
		list = reallocarray(s->bound, s->n_bound + 1, sizeof(*list));
		if (!list)
			return via_err_set(err, -ENOMEM, "out of memory");
		s->bound = list;
		known = &list[s->n_bound++];
	}
	*known = *b;
	return save_bound(s, err);
}

int via_store_bound_remove(struct via_store *s, struct via_addr addr, struct via_err *err)
{
	struct via_bound *b = (struct via_bound *)via_store_bound(s, addr);
	size_t i;

	if (!b)
		return 0;
	i = (size_t)(b - s->bound);
	memmove(b, b + 1, (s->n_bound - i - 1) * sizeof(*b));
	s->n_bound--;
	return save_bound(s, err);
}

int via_store_bound_expire(struct via_store *s, const char *boot_id, struct via_err *err)
{
	size_t kept = 0, before = s->n_bound;

	for (size_t i = 0; i < s->n_bound; i++)
		if (s->bound[i].persistent || !boot_id || !strcmp(s->bound[i].boot_id, boot_id))
			s->bound[kept++] = s->bound[i];
	s->n_bound = kept;
	return kept == before ? 0 : save_bound(s, err);
}

static void learnt_key(char *buf, size_t size, const char *driver, uint16_t vendor, uint16_t device,
	const char *kernel)
{
	snprintf(buf, size, "%s %04x:%04x %s", driver ? driver : "-", vendor, device,
		kernel ? kernel : "-");
}

uint32_t via_store_learnt(const struct via_store *s, const char *driver, uint16_t vendor,
	uint16_t device, const char *kernel)
{
	json_object *list;
	char key[256];
	uint32_t mask = 0;

	learnt_key(key, sizeof(key), driver, vendor, device, kernel);
	if (!json_object_object_get_ex(s->learnt, key, &list) ||
		!json_object_is_type(list, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(list, i));
		enum via_vf_attr a;

		if (name && via_vf_attr_parse(name, &a) == 0)
			mask |= VIA_ATTR_BIT(a);
	}
	return mask;
}

int via_store_learn(struct via_store *s, const char *driver, uint16_t vendor, uint16_t device,
	const char *kernel, uint32_t mask, struct via_err *err)
{
	json_object *list = json_object_new_array(), *o = json_object_new_object();
	char key[256];

	for (int a = 0; a < VIA_VF_ATTR_COUNT; a++)
		if (mask & VIA_ATTR_BIT(a))
			json_object_array_add(list, json_object_new_string(via_vf_attr_name(a)));
	learnt_key(key, sizeof(key), driver, vendor, device, kernel);
	json_object_object_add(s->learnt, key, list);
	json_object_object_add(o, "learnt", json_object_get(s->learnt));
	return via_store_file_save(s->dirfd, s->dir, LEARNT_FILE, o, err);
}

static json_object *baseline_json(const struct via_mac *pf_mac, const struct via_vf_list *vfs)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();

	via_json_add_str(o, "time", via_time_fmt(via_now_us()));
	if (pf_mac)
		via_json_add_str(o, "mac", via_mac_fmt(*pf_mac));
	via_json_add_bool(o, "complete", vfs->complete);
	for (size_t i = 0; i < vfs->n; i++) {
		json_object *vf = json_object_new_object();

		via_json_add_int(vf, "index", vfs->vfs[i].index);
		json_object_object_add(vf, "attrs", via_codec_vf_attrs(&vfs->vfs[i].attrs));
		json_object_array_add(list, vf);
	}
	json_object_object_add(o, "vfs", list);
	return o;
}

/* Read, change, replace: they are large and seldom wanted, so they are not kept in memory. */
static int baseline_locked(struct via_store *s, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs, struct via_err *err)
{
	json_object *o = NULL, *pfs;
	int r = via_store_file_load(s->dirfd, s->dir, BASELINES_FILE, &o, err);

	if (r)
		return r;
	if (!o)
		o = json_object_new_object();
	if (!json_object_object_get_ex(o, "pfs", &pfs) ||
		!json_object_is_type(pfs, json_type_object)) {
		pfs = json_object_new_object();
		json_object_object_add(o, "pfs", pfs);
	}
	json_object_object_add(pfs, via_addr_fmt(pf), baseline_json(pf_mac, vfs));
	return via_store_file_save(s->dirfd, s->dir, BASELINES_FILE, o, err);
}

int via_store_baseline(struct via_store *s, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs, struct via_err *err)
{
	int r;

	pthread_mutex_lock(&s->baseline_lock);
	r = baseline_locked(s, pf, pf_mac, vfs, err);
	pthread_mutex_unlock(&s->baseline_lock);
	return r;
}
