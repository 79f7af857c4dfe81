/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libvirt's hook asks. It is answered from the domain's XML and our own state: libvirt holds
 * the domain's lock meanwhile, and whoever waits for libvirt in here waits for himself.
 *
 * What concerns one domain is done in its order, one after the other: a start that its hook has
 * given up waiting for, the release that libvirt calls then, the next start. A client that went
 * away while its prepare ran has failed that start, as a hook without an answer fails: what was
 * claimed for it is released again. Should even that be cut short, the reconciliation finds a claim
 * without a VM.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base/cleanup.h"
#include "claims.h"
#include "domains.h"
#include "virt_post.h"

struct hook_op;
struct hook_kind {
	const char *operation;
	/* Answers, now or later, and ends the op. */
	void (*run)(struct hook_op *op);
	bool needs_client; /* nothing is to be done when nobody waits for it any more */
	bool answer_first; /* it can only succeed: libvirt is not kept waiting */
	bool at_once;	   /* in no order with others, needs no look at the host */
};

struct hook_op {
	struct hook_op *next;
	struct via_daemon *d;
	const struct hook_kind *kind;
	struct via_call *call; /* NULL: answered */
	struct via_domain dom;
	size_t n;
	uint64_t *generations;
	bool running;
	char cause[VIA_DOMAIN_NAME_MAX + 32];
};

struct via_hooks {
	bool open;
	struct hook_op *ops; /* in the order they came */
	sd_event_source *timer;
};

static void op_free(struct hook_op *op)
{
	via_domain_finish(&op->dom);
	free(op->generations);
	free(op);
}

static void reply(struct hook_op *op, const struct via_claim *list, size_t n)
{
	json_object *o, *generations;

	if (!op->call)
		return;
	o = json_object_new_object();
	generations = json_object_new_array();
	for (size_t i = 0; i < n; i++)
		if (list[i].generation)
			json_object_array_add(
				generations, json_object_new_int64((int64_t)list[i].generation));
	json_object_object_add(o, "generations", generations);
	via_call_reply(op->call, o);
	op->call = NULL;
}

static void fail(struct hook_op *op, int r, const struct via_err *err)
{
	if (op->call)
		via_call_fail(op->call, r, err);
	op->call = NULL;
}

/* The next one of its domain may begin, but not from in here. */
static void op_end(struct hook_op *op)
{
	struct via_hooks *h = op->d->hooks;
	struct hook_op **p = h ? &h->ops : NULL;

	while (p && *p && *p != op)
		p = &(*p)->next;
	if (p && *p)
		*p = op->next;
	via_hook_kick(op->d);
	op_free(op);
}

static void undone(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	(void)d;
	(void)list;
	(void)n;
	if (r && r != VIA_REFUSED_NOT_FOUND)
		via_log(LOG_WARNING, "what was claimed for a hook that has gone: %s", err->msg);
	op_end(user);
}

/* Its start has failed, and libvirt may have called release before there was anything to release.
 */
static void undo(struct hook_op *op, const struct via_claim *list, size_t n)
{
	char cause[sizeof(op->cause) + 48];

	free(op->generations);
	op->generations = calloc(n + 1, sizeof(*op->generations));
	if (!op->generations) {
		op_end(op);
		return;
	}
	for (op->n = 0; op->n < n; op->n++)
		op->generations[op->n] = list[op->n].generation;
	via_reconcile_over(op->d, op->dom.uuid);
	snprintf(cause, sizeof(cause), "%s, whose client has gone", op->cause);
	via_log(LOG_NOTICE, "%s: released again", cause);
	via_claims_release_vm(op->d, op->dom.uuid, op->generations, op->n, cause, undone, op);
}

static void prepared(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct hook_op *op = user;
	bool gone = op->call && !op->call->conn;

	if (r)
		fail(op, r, err);
	else
		reply(op, list, n);
	for (size_t i = 0; i < n && !r; i++)
		via_reconcile_fresh(d, list[i].generation);
	if (!r && gone && n && !d->stopping)
		undo(op, list, n);
	else
		op_end(op);
}

static void run_prepare(struct hook_op *op)
{
	via_claims_domain(op->d, &op->dom, op->cause, prepared, op);
}

static void released(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct hook_op *op = user;

	(void)d;
	if (r == VIA_REFUSED_NOT_FOUND)
		r = 0;
	if (r)
		fail(op, r, err);
	else
		reply(op, list, n);
	op_end(op);
}

static void run_release(struct hook_op *op)
{
	via_reconcile_over(op->d, op->dom.uuid);
	via_claims_release_vm(op->d, op->dom.uuid, op->generations, op->n, op->cause, released, op);
}

static void adopted(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct hook_op *op = user;

	(void)list;
	(void)n;
	if (r && r != VIA_REFUSED_NOT_FOUND)
		via_log(LOG_WARNING, "%s: %s", op->cause, err->msg);
	via_reconcile_soon(d, op->cause);
	op_end(op);
}

/* Does the domain have a NIC that is not claimed for it? */
static bool lacks_claim(const struct hook_op *op, struct via_addr addr)
{
	const struct via_inventory *inv = via_daemon_inv(op->d);
	const struct via_device *dev = inv ? via_inventory_device(inv, addr) : NULL;
	const struct via_claim *c = via_claims_at(&op->d->claims, addr);

	return dev && dev->is_nic && (!c || strcmp(c->uuid, op->dom.uuid));
}

/* A failure would kill the guest. When libvirtd comes back it asks for every guest there is, and
 * nearly all of them are known. */
static void run_reconnect(struct hook_op *op)
{
	size_t i = 0;

	while (i < op->dom.n_devs && !lacks_claim(op, op->dom.devs[i].addr))
		i++;
	if (i < op->dom.n_devs)
		via_claims_adopt(op->d, op->dom.uuid, op->cause, adopted, op);
	else
		op_end(op);
}

/*
 * The XML may name functions of the host that the domain comes from, or those it had when it was
 * saved; its own hook may still put others in their place. So only what is here and ours counts:
 * what prepare would refuse of it is refused before the source has done anything.
 */
static bool is_ours(const struct via_world *w, struct via_addr addr)
{
	const struct via_device *dev = via_inventory_device(w->inv, addr), *pf;
	const struct via_pf_config *conf;

	if (!dev)
		return false;
	if (via_claims_at(w->claims, addr))
		return true;
	pf = dev->kind == VIA_DEVICE_VF ? via_inventory_device(w->inv, dev->pf) : dev;
	conf = pf ? via_config_for(w->config, w->inv, pf) : NULL;
	return conf && !conf->verify_only;
}

static void run_check(struct hook_op *op)
{
	struct via_domain_claims claims = {0};
	struct via_err err = {0};
	struct via_world w;
	size_t n = 0;
	int r;

	via_claims_world(op->d, &w);
	for (size_t i = 0; i < op->dom.n_devs; i++)
		if (is_ours(&w, op->dom.devs[i].addr))
			op->dom.devs[n++] = op->dom.devs[i];
	op->dom.n_devs = n;
	r = via_alloc_domain(&w, &op->dom, VIA_CLAIM_HOOK, &claims, &err);
	/* What is being claimed or cleaned just now is what prepare waits for, and decides. */
	if (r && r != VIA_REFUSED_BUSY)
		fail(op, r, &err);
	else
		reply(op, NULL, 0);
	via_domain_claims_finish(&claims);
	op_end(op);
}

static void reply_known(struct hook_op *op)
{
	const struct via_claims *c = &op->d->claims;
	struct via_claim *list = calloc(c->n + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; list && i < c->n; i++)
		if (!strcmp(c->list[i].uuid, op->dom.uuid))
			list[n++] = c->list[i];
	reply(op, list, n);
	free(list);
}

/* It runs. There is nothing left to refuse: what should have been claimed is told, and adopted. */
static void run_started(struct hook_op *op)
{
	struct via_daemon *d = op->d;

	for (size_t i = 0; i < op->dom.n_devs; i++) {
		struct via_addr addr = op->dom.devs[i].addr;
		const struct via_claim *c = via_claims_at(&d->claims, addr);

		if (lacks_claim(op, addr))
			via_log(LOG_WARNING, "domain %s started with %s, which %s%s", op->dom.name,
				via_addr_fmt(addr), c ? "is claimed for " : "nobody claimed for it",
				c ? (c->name[0] ? c->name : c->uuid) : "");
	}
	reply_known(op);
	via_domains_refresh(d);
	via_reconcile_soon(d, op->cause);
	op_end(op);
}

static void run_nothing(struct hook_op *op)
{
	reply_known(op);
	op_end(op);
}

static const struct hook_kind kinds[] = {
	{.operation = "prepare", .run = run_prepare, .needs_client = true},
	{.operation = "start", .run = run_nothing, .at_once = true},
	{.operation = "started", .run = run_started, .at_once = true},
	{.operation = "stopped", .run = run_nothing, .at_once = true},
	{.operation = "release", .run = run_release},
	{.operation = "reconnect", .run = run_reconnect, .answer_first = true},
	{.operation = "restore", .run = run_check, .needs_client = true},
	{.operation = "migrate", .run = run_check, .needs_client = true},
};

/* A release does not wait for a prepare that runs: that one is called off by it. */
static bool must_wait(const struct via_hooks *h, const struct hook_op *op)
{
	for (const struct hook_op *o = h->ops; o != op; o = o->next)
		if (!strcmp(o->dom.uuid, op->dom.uuid) &&
			!(o->running && op->kind->run == run_release))
			return true;
	return false;
}

/* A start of this domain is under way. */
static bool is_starting(const struct via_hooks *h, const struct hook_op *op)
{
	for (const struct hook_op *o = h->ops; o; o = o->next)
		if (o->running && o->kind->run == run_prepare && !strcmp(o->dom.uuid, op->dom.uuid))
			return true;
	return false;
}

static void soon(struct via_hooks *h)
{
	sd_event_source_set_time_relative(h->timer, 0);
	sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

/* Each turn begins one, which may end at once and take others from the list. */
static int on_timer(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_hooks *h = user;
	struct hook_op *op = h->open ? h->ops : NULL;

	(void)src;
	(void)usec;
	while (op && (op->running || must_wait(h, op)))
		op = op->next;
	if (!op)
		return 0;
	op->running = true;
	soon(h);
	if (op->kind->needs_client && !op->call->conn) {
		reply(op, NULL, 0);
		op_end(op);
	} else {
		op->kind->run(op);
	}
	return 0;
}

static struct via_hooks *hooks_of(struct via_daemon *d)
{
	struct via_hooks *h = d->hooks;

	if (h)
		return h;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	/* Without an accuracy of its own a timer may be a quarter of a second late. */
	if (sd_event_add_time_relative(d->event, &h->timer, CLOCK_MONOTONIC, 0, 1, on_timer, h) <
		0) {
		free(h);
		return NULL;
	}
	d->hooks = h;
	return h;
}

static struct hook_op *op_create(struct via_daemon *d, struct via_call *call,
	const struct hook_kind *kind, const struct via_domain *dom, const uint64_t *generations,
	size_t n)
{
	struct hook_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->generations = calloc(n + 1, sizeof(*op->generations));
	if (!op->generations || via_virt_copy_domain(dom, &op->dom) < 0) {
		free(op->generations);
		free(op);
		return NULL;
	}
	if (n)
		memcpy(op->generations, generations, n * sizeof(*generations));
	op->n = n;
	op->d = d;
	op->kind = kind;
	op->call = call;
	snprintf(op->cause, sizeof(op->cause), "libvirt's hook: %s of %.255s", kind->operation,
		dom->name);
	return op;
}

static void enqueue(struct via_hooks *h, struct hook_op *op)
{
	struct hook_op **last = &h->ops;

	while (*last)
		last = &(*last)->next;
	*last = op;
	/* The release of a start that is still under way: it will be done, and libvirt need not
	 * wait for that start's steps. */
	if (op->kind->answer_first || (op->kind->run == run_release && is_starting(h, op)))
		reply_known(op);
	if (h->open)
		soon(h);
}

static const struct hook_kind *kind_of(const char *operation)
{
	for (size_t i = 0; i < VIA_ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].operation, operation))
			return &kinds[i];
	return NULL;
}

void via_hook(struct via_daemon *d, struct via_call *call, const char *operation,
	const char *suboperation, const struct via_domain *dom, const uint64_t *generations,
	size_t n)
{
	const struct hook_kind *kind = kind_of(operation);
	struct via_hooks *h = hooks_of(d);
	struct hook_op *op;
	struct via_err err;

	(void)suboperation;
	if (!kind) {
		via_api_invalid(call, "operation");
		return;
	}
	/* What only tells us something is heard to the end: a refusal might stop a guest that runs.
	 */
	if (d->stopping && !kind->at_once && !kind->answer_first) {
		via_err_set(&err, -ECANCELED, "viaductd is stopping");
		via_call_fail(call, -ECANCELED, &err);
		return;
	}
	op = h ? op_create(d, call, kind, dom, generations, n) : NULL;
	if (!op) {
		via_err_set(&err, -ENOMEM, "out of memory");
		via_call_fail(call, -ENOMEM, &err);
		return;
	}
	if (kind->at_once)
		kind->run(op);
	else
		enqueue(h, op);
}

void via_hook_open(struct via_daemon *d)
{
	struct via_hooks *h = hooks_of(d);

	if (!h || h->open)
		return;
	h->open = true;
	soon(h);
}

void via_hook_kick(struct via_daemon *d)
{
	if (d->hooks && d->hooks->open && d->hooks->ops)
		soon(d->hooks);
}

bool via_hook_holds(const struct via_daemon *d, struct via_addr addr)
{
	for (const struct hook_op *op = d->hooks ? d->hooks->ops : NULL; op; op = op->next)
		for (size_t i = 0; i < op->dom.n_devs && op->running; i++)
			if (via_addr_eq(op->dom.devs[i].addr, addr))
				return true;
	return false;
}

void via_hook_stop(struct via_daemon *d)
{
	struct via_hooks *h = d->hooks;
	struct hook_op *op = h ? h->ops : NULL;
	struct via_err err;

	if (!h)
		return;
	via_err_set(&err, -ECANCELED, "viaductd is stopping");
	d->hooks = NULL;
	while (op) {
		struct hook_op *next = op->next;

		fail(op, -ECANCELED, &err);
		/* One that runs is ended by who works on it. */
		if (!op->running)
			op_free(op);
		op = next;
	}
	sd_event_source_disable_unref(h->timer);
	free(h);
}
