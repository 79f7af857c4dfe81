/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods that change who holds what. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base/cleanup.h"
#include "domains.h"
#include "model/codec.h"

#define CAUSE_MAX 96

static void no_memory(struct via_call *call)
{
	struct via_err err;

	via_err_set(&err, -ENOMEM, "out of memory");
	via_call_fail(call, -ENOMEM, &err);
}

json_object *via_api_claims_reply(const struct via_claim *list, size_t n)
{
	json_object *o = json_object_new_object(), *claims = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		if (list[i].generation)
			json_object_array_add(claims, via_codec_claim(&list[i]));
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(o, "claims", claims);
	return o;
}

bool via_api_claim_of(const struct via_claim *c, const char *vm)
{
	char uuid[VIA_UUID_MAX];

	if (c->name[0] && !strcmp(c->name, vm))
		return true;
	return c->uuid[0] && via_uuid_parse(vm, uuid) == 0 && !strcmp(c->uuid, uuid);
}

int via_api_function(
	const struct via_daemon *d, const char *what, struct via_addr *ret, struct via_err *err)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	const struct via_device *dev = inv ? via_resolve(inv, what) : NULL;
	struct via_addr addr;

	if (dev) {
		*ret = dev->addr;
		return 0;
	}
	if (via_addr_parse(what, &addr) == 0 &&
		(via_claims_at(&d->claims, addr) || via_claims_drained(&d->claims, addr))) {
		*ret = addr;
		return 0;
	}
	return via_err_set(err, VIA_REFUSED_NOT_FOUND,
		"there is no device \"%.64s\"; give a PCI address, an interface name or PF/N for "
		"VF N (`viaduct list` shows them)",
		what);
}

static void answer_claims(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	(void)d;
	if (r)
		via_call_fail(user, r, err);
	else
		via_call_reply(user, via_api_claims_reply(list, n));
}

/* --- Claim --- */

static void claimed(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	json_object *o;

	(void)d;
	if (r || !n) {
		via_call_fail(user, r, err);
		return;
	}
	o = json_object_new_object();
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(o, "claim", via_codec_claim(&list[0]));
	via_call_reply(user, o);
}

static int uuid_of(const struct via_params *p, char ret[VIA_UUID_MAX], struct via_err *err)
{
	char other[VIA_UUID_MAX];

	ret[0] = '\0';
	if (p->uuid && via_uuid_parse(p->uuid, ret) < 0)
		return via_err_set(err, VIA_REFUSED_INVALID, "\"%.64s\" is no UUID", p->uuid);
	if (via_uuid_parse(p->vm, other) < 0)
		return 0;
	if (ret[0] && strcmp(ret, other))
		return via_err_set(err, VIA_REFUSED_INVALID,
			"the VM is %s and its UUID is said to be %s", other, ret);
	memcpy(ret, other, sizeof(other));
	return 0;
}

/* libvirt's answer, as it is now: names move from one domain to another, so an old listing does not
 * say whose a name is. */
static int ask_libvirt(const struct via_daemon *d, const char *name, const struct via_domain **ret,
	struct via_err *err)
{
	if (!d->domains.connected)
		return via_err_set(err, VIA_REFUSED_NO_LIBVIRT,
			"libvirt cannot be asked which domain \"%.200s\" is (%.300s); give its "
			"UUID",
			name, d->virt_reason ? d->virt_reason : "there is no connection");
	*ret = via_domains_named(&d->domains, name);
	if (*ret)
		return 0;
	return via_err_set(err, VIA_REFUSED_NOT_FOUND,
		"libvirt has no domain \"%.200s\"; give the name or the UUID of one that it has, "
		"or a UUID besides the name",
		name);
}

/* A name and a UUID that libvirt knows as two domains', or that one under another name. */
static int check_name(
	const struct via_daemon *d, const char *name, const char *uuid, struct via_err *err)
{
	const struct via_domain *of_uuid = via_domains_find(&d->domains, uuid);
	const struct via_domain *of_name = via_domains_named(&d->domains, name);

	if (of_uuid && strcmp(of_uuid->name, name))
		return via_err_set(err, VIA_REFUSED_INVALID,
			"the domain with the UUID %s is called \"%.200s\" in libvirt, not "
			"\"%.200s\"",
			uuid, of_uuid->name, name);
	if (of_name && strcmp(of_name->uuid, uuid))
		return via_err_set(err, VIA_REFUSED_INVALID,
			"libvirt's domain \"%.200s\" has the UUID %s, not %s", name, of_name->uuid,
			uuid);
	return 0;
}

/* Who it is: libvirt's word where there is one, else the caller's. */
static int identify_vm(const struct via_daemon *d, const struct via_params *p,
	struct via_alloc_request *req, const struct via_domain **dom, struct via_err *err)
{
	int r = uuid_of(p, req->uuid, err);
	bool named = via_uuid_parse(p->vm, (char[VIA_UUID_MAX]){0}) < 0;

	*dom = NULL;
	if (r)
		return r;
	if (!req->uuid[0]) {
		r = ask_libvirt(d, p->vm, dom, err);
		if (r)
			return r;
		memcpy(req->uuid, (*dom)->uuid, sizeof(req->uuid));
	} else {
		*dom = via_domains_find(&d->domains, req->uuid);
	}
	snprintf(req->name, sizeof(req->name), "%s", *dom ? (*dom)->name : named ? p->vm : "");
	return named && d->domains.connected ? check_name(d, p->vm, req->uuid, err) : 0;
}

static int make_request(const struct via_daemon *d, const struct via_params *p,
	struct via_alloc_request *req, struct via_err *err)
{
	const struct via_domain *dom;
	int r = identify_vm(d, p, req, &dom, err);

	if (!r && p->device) {
		r = via_api_function(d, p->device, &req->device, err);
		req->has_device = true;
	}
	if (r)
		return r;
	req->network = p->network;
	req->whole = p->whole;
	req->has_mac = p->has_mac;
	req->mac = p->mac;
	req->msix = p->msix;
	req->driver = p->bind;
	req->numa = dom ? dom->numa : VIA_NUMA_NONE;
	req->nodes = dom ? dom->nodes : 0;
	if (p->has_numa)
		req->numa = (enum via_numa_mode)p->numa;
	if (p->has_nodes)
		req->nodes = p->nodes;
	/* Nodes without a word on how much they matter are a wish. */
	if (p->has_nodes && !p->has_numa && req->numa == VIA_NUMA_NONE)
		req->numa = VIA_NUMA_PREFERRED;
	return 0;
}

void via_api_claim(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct via_alloc_request req = {0};
	struct via_err err = {0};
	char cause[CAUSE_MAX];
	int r;

	if (!p->network && !p->device) {
		via_api_invalid(call, "network");
		return;
	}
	r = make_request(d, p, &req, &err);
	if (r) {
		via_call_fail(call, r, &err);
		return;
	}
	via_api_cause(call, cause, sizeof(cause));
	via_claims_request(d, &req, cause, claimed, call);
}

/* --- Release --- */

/* Several releases that are one call. */
struct releasing {
	struct via_call *call;
	size_t open, n;
	struct via_claim *list; /* what is left of each */
	int r;
	struct via_err err;
};

static void release_end(struct releasing *q)
{
	if (--q->open)
		return;
	if (q->r)
		via_call_fail(q->call, q->r, &q->err);
	else
		via_call_reply(q->call, via_api_claims_reply(q->list, q->n));
	free(q->list);
	free(q);
}

static void one_released(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct releasing *q = user;

	(void)d;
	/* Gone meanwhile is what was wanted; of several failures the first is told. */
	if (r && r != VIA_REFUSED_NOT_FOUND && !q->r) {
		q->r = r;
		q->err = *err;
	}
	if (!r && n && list[0].generation)
		q->list[q->n++] = list[0];
	release_end(q);
}

static bool is_meant(const struct via_claim *c, const struct via_params *p)
{
	return via_api_claim_of(c, p->vm) &&
	       (!p->has_generation || c->generation == (uint64_t)p->generation);
}

/* Two VMs may have had one name, one after the other. */
static int check_vm(const struct via_daemon *d, const struct via_params *p, struct via_err *err)
{
	const struct via_claim *first = NULL;
	bool any = false;

	for (size_t i = 0; i < d->claims.n; i++) {
		const struct via_claim *c = &d->claims.list[i];

		any = any || via_api_claim_of(c, p->vm);
		if (!is_meant(c, p))
			continue;
		if (first && strcmp(first->uuid, c->uuid))
			return via_err_set(err, VIA_REFUSED_CONFLICT,
				"two VMs with claims are called \"%.200s\": %s and %s; give the "
				"UUID",
				p->vm, first->uuid, c->uuid);
		first = c;
	}
	if (first)
		return 0;
	if (any)
		return via_err_set(err, VIA_REFUSED_STALE,
			"no claim of VM \"%.200s\" has the generation %lld (`viaduct list claims` "
			"shows them)",
			p->vm, (long long)p->generation);
	return via_err_set(err, VIA_REFUSED_NOT_FOUND,
		"VM \"%.200s\" has no claim (`viaduct list claims` shows them)", p->vm);
}

static void release_vm(struct via_daemon *d, struct via_call *call, const struct via_params *p)
{
	struct releasing *q = calloc(1, sizeof(*q));
	via_autofree struct via_claim *list = calloc(d->claims.n + 1, sizeof(*list));
	char cause[CAUSE_MAX];
	size_t n = 0;

	if (q)
		q->list = calloc(d->claims.n + 1, sizeof(*q->list));
	if (!q || !list || !q->list) {
		if (q)
			free(q->list);
		free(q);
		no_memory(call);
		return;
	}
	for (size_t i = 0; i < d->claims.n; i++)
		if (is_meant(&d->claims.list[i], p))
			list[n++] = d->claims.list[i];
	via_api_cause(call, cause, sizeof(cause));
	q->call = call;
	q->open = n + 1; /* one for the loop: a release may end at once */
	for (size_t i = 0; i < n; i++)
		via_claims_release(d, list[i].fn.addr, list[i].generation, cause, one_released, q);
	release_end(q);
}

void via_api_release(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	uint64_t generation = p->has_generation ? (uint64_t)p->generation : 0;
	const struct via_claim *c;
	struct via_addr addr;
	struct via_err err = {0};
	char cause[CAUSE_MAX];
	int r;

	if (!p->device && !p->vm) {
		via_api_invalid(call, "device");
		return;
	}
	r = p->device ? via_api_function(d, p->device, &addr, &err) : check_vm(d, p, &err);
	c = !r && p->device ? via_claims_at(&d->claims, addr) : NULL;
	if (c && p->vm && !via_api_claim_of(c, p->vm))
		r = via_err_set(&err, VIA_REFUSED_CLAIMED,
			"%s is claimed for VM %s, not for \"%.200s\"", via_addr_fmt(addr),
			c->name[0] ? c->name : c->uuid, p->vm);
	if (r) {
		via_call_fail(call, r, &err);
		return;
	}
	via_api_cause(call, cause, sizeof(cause));
	if (p->device)
		via_claims_release(d, addr, generation, cause, answer_claims, call);
	else
		release_vm(d, call, p);
}

/* --- the others --- */

void via_api_clear(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct via_addr addr;
	struct via_err err = {0};
	char cause[CAUSE_MAX];
	int r = via_api_function(d, p->device, &addr, &err);

	if (r) {
		via_call_fail(call, r, &err);
		return;
	}
	via_api_cause(call, cause, sizeof(cause));
	via_claims_clear(d, addr, p->force, cause, answer_claims, call);
}

void via_api_adopt(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	const struct via_device *dev = inv && p->what ? via_resolve(inv, p->what) : NULL;
	char cause[CAUSE_MAX], uuid[VIA_UUID_MAX];
	const char *what = dev ? via_addr_fmt(dev->addr) : p->what;

	if (what && via_uuid_parse(what, uuid) == 0)
		what = uuid;
	via_api_cause(call, cause, sizeof(cause));
	via_claims_adopt(d, what, cause, answer_claims, call);
}

static bool stands_on(const struct via_claim *c, struct via_addr pf)
{
	return via_addr_eq(c->fn.addr, pf) || (c->fn.is_vf && via_addr_eq(c->fn.pf, pf));
}

json_object *via_api_drain_json(const struct via_daemon *d, const struct via_drain *drain)
{
	json_object *o = json_object_new_object();
	int64_t remaining = 0;

	for (size_t i = 0; i < d->claims.n; i++)
		remaining += stands_on(&d->claims.list[i], drain->pf);
	via_json_add_str(o, "pf", via_addr_fmt(drain->pf));
	via_json_add_str(o, "since", via_time_fmt(drain->since_us));
	via_json_add_str(o, "cause", drain->cause);
	via_json_add_int(o, "remaining", remaining);
	return o;
}

struct draining {
	struct via_call *call;
	struct via_addr pf;
};

static void drained(struct via_daemon *d, int r, const struct via_err *err,
	const struct via_claim *list, size_t n, void *user)
{
	struct draining *q = user;
	json_object *o, *claims;

	(void)list;
	(void)n;
	if (r) {
		via_call_fail(q->call, r, err);
		free(q);
		return;
	}
	o = json_object_new_object();
	claims = json_object_new_array();
	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	for (size_t i = 0; i < d->claims.n_drains; i++)
		if (via_addr_eq(d->claims.drains[i].pf, q->pf))
			json_object_object_add(
				o, "drain", via_api_drain_json(d, &d->claims.drains[i]));
	for (size_t i = 0; i < d->claims.n; i++)
		if (stands_on(&d->claims.list[i], q->pf))
			json_object_array_add(claims, via_codec_claim(&d->claims.list[i]));
	json_object_object_add(o, "claims", claims);
	via_call_reply(q->call, o);
	free(q);
}

/* A VF would be drained as little as its PF's other ones. */
static int drain_target(
	const struct via_daemon *d, const char *what, struct via_addr *ret, struct via_err *err)
{
	const struct via_device *dev;
	int r = via_api_function(d, what, ret, err);

	if (r)
		return r;
	dev = via_daemon_inv(d) ? via_inventory_device(via_daemon_inv(d), *ret) : NULL;
	if (!dev || dev->kind == VIA_DEVICE_PF || dev->kind == VIA_DEVICE_NIC)
		return 0;
	return via_err_set(err, VIA_REFUSED_INVALID, "%s is a %s; drain a PF%s%s",
		via_addr_fmt(dev->addr), via_device_kind_name(dev->kind),
		dev->kind == VIA_DEVICE_VF ? ": its own is " : "",
		dev->kind == VIA_DEVICE_VF ? via_addr_fmt(dev->pf) : "");
}

void via_api_drain(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct draining *q;
	struct via_addr pf;
	struct via_err err = {0};
	char cause[CAUSE_MAX];
	int r = drain_target(d, p->pf, &pf, &err);

	if (r) {
		via_call_fail(call, r, &err);
		return;
	}
	q = calloc(1, sizeof(*q));
	if (!q) {
		no_memory(call);
		return;
	}
	q->call = call;
	q->pf = pf;
	via_api_cause(call, cause, sizeof(cause));
	via_claims_set_drain(d, pf, p->off, cause, drained, q);
}

void via_api_hook_qemu(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct via_domain dom = {0};
	struct via_err err = {0};
	int r = via_domain_parse(p->domain, &dom, &err);

	if (r) {
		via_err_prefix(&err, "the domain that the hook sent");
		via_call_fail(call, r, &err);
	} else {
		via_hook(d, call, p->operation, p->suboperation, &dom, p->generations,
			p->n_generations);
	}
	via_domain_finish(&dom);
}
