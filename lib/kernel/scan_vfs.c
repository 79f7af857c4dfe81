/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VFs of one PF are alike by the kernel's own doing: pci_iov_add_virtfn() gives each the PF's
 * vendor and VF device id; class, revision, header type and subsystem are read from VF 0 and taken
 * for the rest (pci_read_vf_config_common); the parent, and with it the NUMA node, is the PF's. FLR
 * is mandatory for a VF (SR-IOV 1.1, 2.2.2), and the kernel finds the same reset methods for each
 * (pci_init_reset_methods). So the first one is read in full, and of the others only what differs:
 * driver, driver_override, IOMMU group. MSI-X table sizes are equal unless the PF can deal them out
 * (sriov_vf_total_msix): then every VF is read in full.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"

#define CHUNK 32 /* VFs a thread takes at a time */

enum { GROUP_NONE = -1, GROUP_UNREADABLE = -2 };

/* One VF to read: what a thread fills in stands behind the line. */
struct job {
	struct via_device *vf;
	const struct via_device *first;
	uint32_t dir; /* in the list of directories */
	bool busy;
	/* --- */
	bool slow; /* something odd: read it again, with all the words */
	int group;
	char name[VIA_ADDR_STR_MAX];
	char override[32];
};

struct jobs {
	struct via_kernel *k;
	struct job *list;
	size_t n, cap;
	struct scan_path *dirs; /* of PFs' parents: the VFs' directories are in them too */
	size_t n_dirs;
	size_t next; /* the first that nobody has taken yet */
};

/* --- the part that runs in threads: reads through the door, touches nothing but its jobs --- */

static int read_group(struct via_kernel *k, const char *path)
{
	char text[32];
	int64_t v;
	int r = via_kernel_link_name(k, path, text, sizeof(text));

	if (r == -ENOENT)
		return GROUP_NONE;
	return r < 0 || via_parse_int(text, 0, INT32_MAX, &v) ? GROUP_UNREADABLE : (int)v;
}

static void read_job(struct via_kernel *k, const struct scan_path *dir, struct job *j)
{
	struct scan_path p = *dir;
	scan_path_set(&p, scan_at(&p, via_addr_str(j->vf->addr, j->name)));
	j->group = read_group(k, scan_at(&p, "iommu_group"));
	j->slow = j->group == GROUP_UNREADABLE || j->busy ||
		  via_kernel_read_str(
			  k, scan_at(&p, "driver_override"), j->override, sizeof(j->override));
}

static void read_jobs(void *user)
{
	struct jobs *jobs = user;
	size_t at;

	while ((at = __atomic_fetch_add(&jobs->next, CHUNK, __ATOMIC_RELAXED)) < jobs->n) {
		for (size_t end = at + CHUNK; at < end && at < jobs->n; at++) {
			struct job *j = &jobs->list[at];

			read_job(jobs->k, &jobs->dirs[j->dir], j);
		}
	}
}

/* --- the jobs --- */

static bool is_pending(struct scan *s, const struct via_device *d)
{
	return d && scan_mark(s, d)->status == SCAN_PENDING;
}

static int read_whole(struct scan *s, struct via_device *vf)
{
	int r = scan_device(s, vf);

	scan_mark(s, vf)->status = r == -ENODEV ? SCAN_GONE : SCAN_DONE;
	return r == -ENODEV ? 0 : r;
}

static int add_job(struct jobs *jobs, const struct job *j)
{
	struct job *grown;

	if (jobs->n == jobs->cap) {
		jobs->cap = jobs->cap ? jobs->cap * 2 : 256;
		grown = reallocarray(jobs->list, jobs->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		jobs->list = grown;
	}
	jobs->list[jobs->n++] = *j;
	return 0;
}

/* The directory that holds the PF's and its VFs'. -ENODEV: gone, and its VFs with it. */
static int add_dir(struct scan *s, struct jobs *jobs, const struct via_device *pf)
{
	struct scan_path *grown = reallocarray(jobs->dirs, jobs->n_dirs + 1, sizeof(*grown));
	const char *slash;

	if (!grown)
		return -ENOMEM;
	jobs->dirs = grown;
	grown += jobs->n_dirs;
	if (scan_device_dir(s->k, pf->addr, grown) < 0)
		return -ENODEV;
	slash = strrchr(scan_dir(grown), '/');
	grown->base = (size_t)(slash - grown->s) + 1;
	jobs->n_dirs++;
	return 0;
}

/* A VF like the first one; its PF's directory has been added. */
static int add_like(struct scan *s, struct jobs *jobs, const struct via_device *pf,
	const struct via_device *first, struct via_device *vf)
{
	struct job j = {
		.vf = vf,
		.first = first,
		.dir = (uint32_t)jobs->n_dirs - 1,
		.busy = scan_busy(s, vf->addr) || scan_busy(s, pf->addr),
	};

	return add_job(jobs, &j);
}

static int add_vfs(struct scan *s, struct jobs *jobs, const struct via_device *pf)
{
	const struct via_sriov *v = pf->sriov;
	const struct via_device *first = NULL;
	bool has_dir = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < v->n_vfs; i++) {
		struct via_device *vf = scan_find(s, v->vfs[i].addr);

		if (!is_pending(s, vf))
			continue;
		if (!first || v->vf_total_msix) {
			r = read_whole(s, vf);
			if (!vf->problem && scan_mark(s, vf)->status == SCAN_DONE)
				first = vf;
			continue;
		}
		if (!has_dir)
			r = add_dir(s, jobs, pf);
		has_dir = true;
		if (r == 0)
			r = add_like(s, jobs, pf, first, vf);
	}
	return r == -ENODEV ? 0 : r;
}

/* --- what came of them --- */

static void copy_first(struct scan *s, const struct job *j)
{
	struct via_device *vf = j->vf, own = *vf;
	size_t head = strlen(j->first->id_path), tail = strlen(j->name);
	char text[SCAN_NAME_MAX + 2 * VIA_ADDR_STR_MAX];

	*vf = *j->first;
	vf->addr = own.addr;
	vf->pf = own.pf;
	vf->vf_index = own.vf_index;
	vf->driver = vf->driver_override = vf->problem = NULL;
	vf->iommu_group = -1;
	/* It ends in the address, which is as long for each VF of a PF: they share a domain. */
	if (head >= tail && head < sizeof(text)) {
		memcpy(text, j->first->id_path, head - tail);
		memcpy(text + head - tail, j->name, tail + 1);
		vf->id_path = scan_intern(s, text);
	}
}

static void finish_job(struct scan *s, struct jobs *jobs, struct job *j)
{
	struct scan_mark *m = scan_mark(s, j->vf);
	struct via_device *vf = j->vf;
	struct scan_path p = jobs->dirs[j->dir];
	struct via_stat st;

	copy_first(s, j);
	scan_path_set(&p, scan_at(&p, j->name));
	m->status = SCAN_DONE;
	if (j->slow) {
		scan_binding(s, vf, &p, j->busy);
	} else {
		vf->driver = scan_intern(s, scan_drivers_of(&s->helper.drivers, vf->addr));
		vf->iommu_group = j->group;
		if (strcmp(j->override, "(null)"))
			vf->driver_override = scan_intern(s, j->override);
	}
	m->has_net = vf->driver && !strstr(vf->driver, "vfio");
	if (j->slow && s->k->ops->stat(s->k, scan_dir(&p), &st) < 0)
		m->status = SCAN_GONE;
}

static int run_jobs(struct scan *s, struct jobs *jobs)
{
	struct scan_helper *h = &s->helper;
	int r;

	if (!jobs->n)
		return 0;
	scan_helper_share(h, read_jobs, jobs);
	read_jobs(jobs);
	scan_helper_join(h);
	r = h->has_drivers ? h->drivers_result : scan_drivers_read(s->k, &h->drivers);
	for (size_t i = 0; r != -ENOMEM && i < jobs->n; i++) {
		jobs->list[i].slow |= r < 0; /* then each is asked for its driver */
		finish_job(s, jobs, &jobs->list[i]);
	}
	return r == -ENOMEM ? r : 0;
}

/* VFs that came into being after their PF was read: look at the PF once more. */
static int adopt(struct scan *s, struct via_device *vf)
{
	struct via_device *pf = scan_find(s, vf->pf);
	int r = pf && pf->sriov ? scan_device(s, pf) : 0;

	if (r < 0 && r != -ENODEV)
		return r;
	if (scan_mark(s, vf)->orphan)
		scan_problem(s, vf, "physfn: no virtfn link of its PF leads back to it");
	return 0;
}

int scan_vfs(struct scan *s)
{
	struct jobs jobs = {.k = s->k};
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->inv->n_devices; i++) {
		if (s->inv->devices[i].sriov && s->marks[i].status != SCAN_GONE)
			r = add_vfs(s, &jobs, &s->inv->devices[i]);
	}
	if (r == 0)
		r = run_jobs(s, &jobs);
	for (size_t i = 0; r == 0 && i < s->inv->n_devices; i++) {
		if (s->marks[i].orphan && s->marks[i].status == SCAN_DONE)
			r = adopt(s, &s->inv->devices[i]);
	}
	free(jobs.list);
	free(jobs.dirs);
	return r;
}
