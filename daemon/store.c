/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "store_parts.h"

struct via_store {
	char *dir;
	int dirfd, lockfd;
	struct via_store_place place;
	int version; /* of the directory; 0: new, or of the release that had none */
	size_t n_bound;
	struct via_bound *bound;
	json_object *learnt; /* {"driver vendor:device kernel": [attribute names]} */
	struct via_baselines *baselines;
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
	via_baselines_close(s->baselines);
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

static int parse_bound(json_object *o, struct via_bound **ret, size_t *ret_n, struct via_err *err)
{
	json_object *list = json_object_object_get(o, "bound");
	via_autofree struct via_bound *bound = NULL;
	size_t n;

	if (!json_object_is_type(list, json_type_array))
		return via_err_set(err, -EUCLEAN, "/bound: must be an array");
	n = json_object_array_length(list);
	bound = calloc(n + 1, sizeof(*bound));
	if (!bound)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		char pointer[32];
		int r;

		snprintf(pointer, sizeof(pointer), "/bound/%zu", i);
		r = via_bound_parse(json_object_array_get_idx(list, i), pointer, &bound[i], err);
		if (r)
			return r;
	}
	*ret = via_steal(&bound);
	*ret_n = n;
	return 0;
}

static int check_bound(json_object *o, struct via_err *err)
{
	struct via_bound *bound = NULL;
	size_t n;
	int r = parse_bound(o, &bound, &n, err);

	free(bound);
	return r;
}

static const struct via_store_file bound_file = {
	.name = "bound.json",
	.check = check_bound,
	.without = "devices bound by request stay on their drivers and are not known any more",
};

static int load_bound(struct via_store *s, struct via_err *err)
{
	via_autojson *o = NULL;
	int r = via_store_file_load(&s->place, &bound_file, &o, err);

	return r || !o ? r : parse_bound(o, &s->bound, &s->n_bound, err);
}

static int check_learnt(json_object *o, struct via_err *err)
{
	if (json_object_is_type(json_object_object_get(o, "learnt"), json_type_object))
		return 0;
	return via_err_set(err, -EUCLEAN, "/learnt: must be an object");
}

static const struct via_store_file learnt_file = {
	.name = "learnt.json",
	.check = check_learnt,
	.without = "what drivers do not support is learnt anew",
};

static int load_learnt(struct via_store *s, struct via_err *err)
{
	via_autojson *o = NULL;
	int r = via_store_file_load(&s->place, &learnt_file, &o, err);

	if (r)
		return r;
	s->learnt =
		o ? json_object_get(json_object_object_get(o, "learnt")) : json_object_new_object();
	return s->learnt ? 0 : via_err_set(err, -ENOMEM, "out of memory");
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

static int load_all(struct via_store *s, struct via_err *err)
{
	int r = via_state_version(&s->place, &s->version, err);

	if (!r)
		r = load_bound(s, err);
	if (!r)
		r = load_learnt(s, err);
	if (!r)
		r = via_baselines_open(&s->place, &s->baselines, err);
	return r;
}

int via_store_open(
	struct via_disk *disk, const char *dir, struct via_store **ret, struct via_err *err)
{
	struct via_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return via_err_set(err, -ENOMEM, "out of memory");
	s->dirfd = s->lockfd = -1;
	s->dir = strdup(dir);
	r = s->dir ? open_dir(s, err) : via_err_set(err, -ENOMEM, "out of memory");
	if (!r)
		r = take_lock(s, err);
	s->place = (struct via_store_place){disk, s->dirfd, s->dir};
	if (!r)
		r = load_all(s, err);
	if (r) {
		via_store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

bool via_store_old(const struct via_store *s)
{
	return s->version < VIA_STATE_VERSION;
}

int via_store_stamp(struct via_store *s, struct via_err *err)
{
	int r = via_store_old(s) ? via_state_stamp(&s->place, err) : 0;

	if (!r)
		s->version = VIA_STATE_VERSION;
	return r;
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
	return via_store_file_save(&s->place, bound_file.name, o, err);
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
	return via_store_file_save(&s->place, learnt_file.name, o, err);
}

int via_store_baseline(struct via_store *s, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs, struct via_err *err)
{
	return via_baselines_set(s->baselines, pf, pf_mac, vfs, err);
}

int via_store_baseline_of(struct via_store *s, struct via_addr pf, const struct via_mac *pf_mac,
	uint32_t index, struct via_vf_attrs *ret)
{
	return via_baselines_of(s->baselines, pf, pf_mac, index, ret);
}
