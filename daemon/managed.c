/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STATE/managed.json: what is ours, for a hook that finds no daemon. {"version": 1, "pfs": [PFs
 * that an entry of the configuration manages], "functions": [what is claimed or bound]}. Written by
 * the scribe a moment after it has changed, so that many claims at once do not wait for many files.
 */
#include <stdlib.h>
#include <string.h>

#include "base/disk.h"
#include "base/json.h"
#include "claims.h"
#include "pf.h"

#define MANAGED_FILE "managed.json"
#define DELAY_MS     200

struct via_managed {
	struct via_daemon *d;
	sd_event_source *timer;
	char *written; /* what stands in the file, as far as is known; NULL */
	struct writing *job;
};

struct writing {
	struct via_job job;
	struct via_daemon *d;
	struct via_disk *disk;
	int dirfd, r;
	char *text;
};

static void add(json_object *list, struct via_addr addr)
{
	json_object_array_add(list, json_object_new_string(via_addr_fmt(addr)));
}

static json_object *pfs_json(const struct via_daemon *d)
{
	json_object *list = json_object_new_array();

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->is_pf && pf->managed && !pf->verify_only)
			add(list, pf->addr);
	return list;
}

static json_object *functions_json(const struct via_daemon *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->claims.n; i++)
		if (d->claims.list[i].managed)
			add(list, d->claims.list[i].fn.addr);
	for (size_t i = 0; i < via_store_n_bound(d->store); i++) {
		struct via_addr addr = via_store_bound_at(d->store, i)->addr;
		const struct via_claim *c = via_claims_at(&d->claims, addr);

		if (!c || !c->managed)
			add(list, addr);
	}
	return list;
}

static char *make_text(const struct via_daemon *d)
{
	via_autojson *o = json_object_new_object();

	via_json_add_int(o, "version", 1);
	json_object_object_add(o, "pfs", pfs_json(d));
	json_object_object_add(o, "functions", functions_json(d));
	return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
}

static void write_work(struct via_job *job)
{
	struct writing *w = via_container_of(job, struct writing, job);

	w->r = w->disk->ops->replace(
		w->disk, w->dirfd, MANAGED_FILE, w->text, strlen(w->text), 0600);
}

static void arm(struct via_managed *m)
{
	sd_event_source_set_time_relative(m->timer, DELAY_MS * 1000);
	sd_event_source_set_enabled(m->timer, SD_EVENT_ONESHOT);
}

static void write_done(struct via_job *job)
{
	struct writing *w = via_container_of(job, struct writing, job);
	struct via_managed *m = w->d->managed;

	if (w->r)
		via_log(LOG_ERR,
			"%s/%s: cannot write: %s; a hook without viaductd goes by the old one",
			w->d->opt.state_dir, MANAGED_FILE, strerror(-w->r));
	if (m && !job->cancelled && !w->r) {
		free(m->written);
		m->written = w->text;
		w->text = NULL;
	}
	if (m) {
		m->job = NULL;
		/* It may have changed meanwhile; after a failure the next change tries again. */
		if (!w->r && !job->cancelled && !w->d->stopping)
			arm(m);
	}
	free(w->text);
	free(w);
}

static void submit(struct via_managed *m, char *text)
{
	struct writing *w = calloc(1, sizeof(*w));

	if (!w) {
		free(text);
		return;
	}
	w->job.work = write_work;
	w->job.done = write_done;
	w->d = m->d;
	w->disk = m->d->disk;
	w->dirfd = via_store_dirfd(m->d->store);
	w->text = text;
	m->job = w;
	via_worker_submit(m->d->scribe, &w->job);
}

static int on_timer(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_managed *m = user;
	char *text;

	(void)src;
	(void)usec;
	if (m->job)
		return 0;
	text = make_text(m->d);
	if (text && (!m->written || strcmp(text, m->written)))
		submit(m, text);
	else
		free(text);
	return 0;
}

void via_managed_publish(struct via_daemon *d)
{
	struct via_managed *m = d->managed;
	int enabled = SD_EVENT_OFF;

	/* Before the first look nothing is known, and what the last daemon wrote still holds. */
	if (!d->inv || d->stopping)
		return;
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return;
		m->d = d;
		if (sd_event_add_time_relative(
			    d->event, &m->timer, CLOCK_MONOTONIC, 0, 0, on_timer, m) < 0) {
			free(m);
			return;
		}
		d->managed = m;
		return;
	}
	(void)sd_event_source_get_enabled(m->timer, &enabled);
	if (!enabled)
		arm(m);
}

void via_managed_stop(struct via_daemon *d)
{
	struct via_managed *m = d->managed;
	char *text = m && !d->hung ? make_text(d) : NULL;

	if (!m)
		return;
	if (text && (!m->written || strcmp(text, m->written)))
		(void)d->disk->ops->replace(
			d->disk, via_store_dirfd(d->store), MANAGED_FILE, text, strlen(text), 0600);
	free(text);
	d->managed = NULL;
	sd_event_source_disable_unref(m->timer);
	free(m->written);
	free(m);
}
