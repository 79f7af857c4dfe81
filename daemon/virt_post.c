/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virt_post.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct via_virt_post {
	atomic_uint refs;
	bool closed; /* the main loop's */
	struct via_mailbox *mailbox;
	struct via_virt_listener listener;
};

struct note {
	struct via_job job;
	struct via_virt_post *post;
	bool is_event;
	struct via_virt_event event;
	struct via_domains domains;
	char *why;
};

struct via_virt_post *via_virt_post_create(struct via_mailbox *m, const struct via_virt_listener *l)
{
	struct via_virt_post *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	atomic_init(&p->refs, 1);
	p->mailbox = m;
	p->listener = *l;
	return p;
}

void via_virt_post_unref(struct via_virt_post *p)
{
	if (p && atomic_fetch_sub(&p->refs, 1) == 1)
		free(p);
}

void via_virt_post_close(struct via_virt_post *p)
{
	if (p)
		p->closed = true;
}

static void note_free(struct note *n)
{
	via_virt_post_unref(n->post);
	via_domains_finish(&n->domains);
	free(n->why);
	free(n);
}

static void note_arrived(struct via_job *job)
{
	struct note *n = via_container_of(job, struct note, job);
	const struct via_virt_listener *l = &n->post->listener;

	if (n->post->closed)
		;
	else if (n->is_event)
		l->event(&n->event, l->user);
	else
		l->domains(&n->domains, n->why, l->user);
	note_free(n);
}

static void send_note(struct via_virt_post *p, struct note *n)
{
	atomic_fetch_add(&p->refs, 1);
	n->post = p;
	n->job.done = note_arrived;
	via_mailbox_note(p->mailbox, &n->job);
}

int via_virt_post_domains(
	struct via_virt_post *p, const struct via_domains *d, bool connected, const char *why)
{
	struct note *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	if (via_virt_copy_domains(d, &n->domains) < 0 || (why && !(n->why = strdup(why)))) {
		note_free(n);
		return -ENOMEM;
	}
	n->domains.connected = connected;
	send_note(p, n);
	return 0;
}

int via_virt_post_event(struct via_virt_post *p, const struct via_virt_event *ev)
{
	struct note *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->is_event = true;
	n->event = *ev;
	send_note(p, n);
	return 0;
}

/* NULL for nothing and out of memory. */
static void *duplicate(const void *p, size_t n, size_t size)
{
	void *copy = n ? malloc(n * size) : NULL;

	return copy ? memcpy(copy, p, n * size) : NULL;
}

int via_virt_copy_domain(const struct via_domain *d, struct via_domain *ret)
{
	*ret = *d;
	ret->devs = duplicate(d->devs, d->n_devs, sizeof(*d->devs));
	ret->nics = duplicate(d->nics, d->n_nics, sizeof(*d->nics));
	if ((d->n_devs && !ret->devs) || (d->n_nics && !ret->nics)) {
		free(ret->devs);
		free(ret->nics);
		memset(ret, 0, sizeof(*ret));
		return -ENOMEM;
	}
	return 0;
}

int via_virt_copy_domains(const struct via_domains *d, struct via_domains *ret)
{
	struct via_domain *list = calloc(d->n ? d->n : 1, sizeof(*list));

	*ret = (struct via_domains){
		.connected = d->connected, .taken_ms = d->taken_ms, .list = list};
	if (!list)
		return -ENOMEM;
	for (; ret->n < d->n; ret->n++) {
		if (via_virt_copy_domain(&d->list[ret->n], &list[ret->n]) < 0) {
			via_domains_finish(ret);
			return -ENOMEM;
		}
	}
	return 0;
}

int via_virt_put_domain(struct via_domains *d, struct via_domain *dom)
{
	struct via_domain *list;
	size_t i = 0;

	while (i < d->n && strcmp(d->list[i].uuid, dom->uuid) < 0)
		i++;
	if (i < d->n && !strcmp(d->list[i].uuid, dom->uuid)) {
		via_domain_finish(&d->list[i]);
	} else {
		list = reallocarray(d->list, d->n + 1, sizeof(*list));
		if (!list) {
			via_domain_finish(dom);
			return -ENOMEM;
		}
		d->list = list;
		memmove(&list[i + 1], &list[i], (d->n - i) * sizeof(*list));
		d->n++;
	}
	d->list[i] = *dom;
	*dom = (struct via_domain){0};
	return 0;
}
