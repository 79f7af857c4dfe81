/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMs: what libvirt knows, what is claimed for them, what they are seen to hold. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "domains.h"
#include "look.h"
#include "model/codec.h"

/* Strings are borrowed from listing, claims and inventory. */
struct vm {
	const char *uuid, *name; /* "" not known */
	const struct via_domain *dom;
};

struct vms {
	size_t n, room;
	struct vm *list;
};

static struct vm *find(const struct vms *v, const char *uuid, const char *name)
{
	for (size_t i = 0; i < v->n; i++)
		if (uuid[0] ? !strcmp(v->list[i].uuid, uuid)
			    : name[0] && !strcmp(v->list[i].name, name))
			return &v->list[i];
	return NULL;
}

static void add(struct vms *v, const char *uuid, const char *name, const struct via_domain *dom)
{
	struct vm *known;

	if (!uuid[0] && !name[0])
		return;
	known = find(v, uuid, name);
	if (known) {
		if (!known->name[0])
			known->name = name;
		return;
	}
	if (v->n == v->room) {
		size_t room = v->room ? v->room * 2 : 32;
		struct vm *list = reallocarray(v->list, room, sizeof(*list));

		if (!list)
			return;
		v->list = list;
		v->room = room;
	}
	v->list[v->n++] = (struct vm){uuid, name, dom};
}

static bool is_domain(const struct via_holder *h)
{
	return h->kind == VIA_HOLDER_DOMAIN && h->detail;
}

static int by_name(const void *a, const void *b)
{
	const struct vm *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->uuid, y->uuid);
}

static void collect(const struct via_world *w, const struct via_domains *domains, struct vms *v)
{
	for (size_t i = 0; i < domains->n; i++)
		add(v, domains->list[i].uuid, domains->list[i].name, &domains->list[i]);
	for (size_t i = 0; i < w->claims->n; i++)
		add(v, w->claims->list[i].uuid, w->claims->list[i].name, NULL);
	for (size_t i = 0; w->inv && i < w->inv->n_devices; i++) {
		const struct via_device *dev = &w->inv->devices[i];

		for (size_t j = 0; j < dev->n_holders; j++)
			if (is_domain(&dev->holders[j]))
				add(v, dev->holders[j].detail,
					dev->holders[j].name ? dev->holders[j].name : "", NULL);
	}
	if (v->n)
		qsort(v->list, v->n, sizeof(*v->list), by_name);
}

static bool holds(const struct via_device *dev, const struct vm *vm)
{
	for (size_t i = 0; dev && i < dev->n_holders; i++)
		if (is_domain(&dev->holders[i]) && !strcmp(dev->holders[i].detail, vm->uuid))
			return true;
	return false;
}

static bool is_its(const struct via_claim *c, const struct vm *vm)
{
	return c && (vm->uuid[0] ? !strcmp(c->uuid, vm->uuid)
				 : !c->uuid[0] && !strcmp(c->name, vm->name));
}

static const struct via_claim *claim_at(
	const struct via_world *w, const struct vm *vm, struct via_addr addr)
{
	const struct via_claim *c = via_claims_at(w->claims, addr);

	return is_its(c, vm) ? c : NULL;
}

static void add_claim(json_object *o, const struct via_claim *c)
{
	if (c)
		json_object_object_add(o, "claim", via_codec_claim(c));
}

static json_object *device_json(
	const struct via_world *w, const struct vm *vm, const struct via_domain_dev *dd)
{
	const struct via_claim *c = claim_at(w, vm, dd->addr);
	const char *network = dd->network[0] ? dd->network : c ? c->network : "";
	json_object *o = json_object_new_object();

	via_json_add_str(o, "address", via_addr_fmt(dd->addr));
	via_json_add_bool(o, "interface", dd->interface);
	via_json_add_bool(o, "managed", dd->managed);
	if (dd->has_mac)
		via_json_add_str(o, "mac", via_mac_fmt(dd->mac));
	if (dd->n_tags)
		via_json_add_int(o, "vlan", dd->tag);
	via_json_add_str(o, "alias", dd->alias[0] ? dd->alias : NULL);
	via_json_add_str(o, "network", network[0] ? network : NULL);
	add_claim(o, c);
	via_json_add_bool(o, "held", holds(via_inventory_device(w->inv, dd->addr), vm));
	return o;
}

static bool names(const struct via_domain *dom, struct via_addr addr)
{
	for (size_t i = 0; dom && i < dom->n_devs; i++)
		if (via_addr_eq(dom->devs[i].addr, addr))
			return true;
	return false;
}

/* What it holds although its XML, as far as we know it, does not say so. */
static void add_held(const struct via_world *w, const struct vm *vm, json_object *list)
{
	for (size_t i = 0; i < w->inv->n_devices; i++) {
		const struct via_device *dev = &w->inv->devices[i];
		struct via_domain_dev dd = {.addr = dev->addr};

		if (!names(vm->dom, dev->addr) && holds(dev, vm))
			json_object_array_add(list, device_json(w, vm, &dd));
	}
}

static json_object *nic_json(const struct via_domain_nic *nic)
{
	json_object *o = json_object_new_object();

	via_json_add_str(o, "type", nic->type);
	if (nic->has_mac)
		via_json_add_str(o, "mac", via_mac_fmt(nic->mac));
	via_json_add_str(o, "source", nic->source[0] ? nic->source : NULL);
	via_json_add_str(o, "target", nic->target[0] ? nic->target : NULL);
	via_json_add_str(o, "alias", nic->alias[0] ? nic->alias : NULL);
	return o;
}

static json_object *vm_json(
	const struct via_world *w, const struct via_domains *domains, const struct vm *vm)
{
	json_object *o = json_object_new_object(), *claims = json_object_new_array();
	json_object *devices = json_object_new_array(), *nics = json_object_new_array();
	const struct via_domain *dom = vm->dom;

	via_json_add_str(o, "uuid", vm->uuid[0] ? vm->uuid : NULL);
	via_json_add_str(o, "name", vm->name[0] ? vm->name : NULL);
	/* One that libvirt would know, and does not, does not run. */
	if (domains->connected)
		via_json_add_bool(o, "active", dom && dom->active);
	for (size_t i = 0; i < w->claims->n; i++)
		if (is_its(&w->claims->list[i], vm))
			json_object_array_add(claims, via_codec_claim(&w->claims->list[i]));
	for (size_t i = 0; dom && i < dom->n_devs; i++)
		json_object_array_add(devices, device_json(w, vm, &dom->devs[i]));
	add_held(w, vm, devices);
	for (size_t i = 0; dom && i < dom->n_nics; i++)
		json_object_array_add(nics, nic_json(&dom->nics[i]));
	json_object_object_add(o, "claims", claims);
	json_object_object_add(o, "devices", devices);
	json_object_object_add(o, "nics", nics);
	return o;
}

static json_object *head(const struct via_daemon *d)
{
	json_object *o = json_object_new_object();

	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(o, "libvirt", via_domains_json(d));
	return o;
}

static void list_looked(struct via_look *l)
{
	struct via_daemon *d = l->d;
	struct vms v = {0};
	struct via_world w;
	json_object *o, *list;

	if (l->r) {
		via_call_fail(l->user, l->r, &l->err);
		return;
	}
	via_claims_world(d, &w);
	collect(&w, &d->domains, &v);
	o = head(d);
	list = json_object_new_array();
	for (size_t i = 0; i < v.n; i++)
		json_object_array_add(list, vm_json(&w, &d->domains, &v.list[i]));
	json_object_object_add(o, "vms", list);
	via_call_reply(l->user, o);
	free(v.list);
}

void via_api_list_vms(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	(void)p;
	via_api_look(d, call, list_looked, call);
}

struct showing {
	struct via_call *call;
	char *vm;
};

/* By UUID, or by name when one has it. */
static int choose(const struct vms *v, const char *what, const struct vm **ret, struct via_err *err)
{
	char uuid[VIA_UUID_MAX];
	bool is_uuid = via_uuid_parse(what, uuid) == 0;

	*ret = NULL;
	for (size_t i = 0; i < v->n; i++) {
		const struct vm *vm = &v->list[i];

		if (is_uuid ? strcmp(vm->uuid, uuid) : strcmp(vm->name, what))
			continue;
		if (*ret)
			return via_err_set(err, VIA_REFUSED_CONFLICT,
				"two VMs are called \"%.200s\": %s and %s; give the UUID", what,
				(*ret)->uuid, vm->uuid);
		*ret = vm;
	}
	if (*ret)
		return 0;
	return via_err_set(err, VIA_REFUSED_NOT_FOUND,
		"there is no VM \"%.200s\": libvirt shows none, none is claimed for and none "
		"holds a device (`viaduct list vms` shows them)",
		what);
}

static int show(struct via_daemon *d, const char *what, json_object **ret, struct via_err *err)
{
	const struct vm *vm;
	struct vms v = {0};
	struct via_world w;
	int r;

	via_claims_world(d, &w);
	collect(&w, &d->domains, &v);
	r = choose(&v, what, &vm, err);
	if (!r) {
		*ret = head(d);
		json_object_object_add(*ret, "vm", vm_json(&w, &d->domains, vm));
	}
	free(v.list);
	return r;
}

static void show_looked(struct via_look *l)
{
	struct showing *q = l->user;
	json_object *o = NULL;
	struct via_err err = {0};
	int r = l->r ? l->r : show(l->d, q->vm, &o, &err);

	if (r)
		via_call_fail(q->call, r, l->r ? &l->err : &err);
	else
		via_call_reply(q->call, o);
	free(q->vm);
	free(q);
}

void via_api_show_vm(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct showing *q = calloc(1, sizeof(*q));
	struct via_err err;

	if (!q) {
		via_err_set(&err, -ENOMEM, "out of memory");
		via_call_fail(call, -ENOMEM, &err);
		return;
	}
	q->call = call;
	q->vm = p->vm;
	p->vm = NULL;
	if (via_api_look(d, call, show_looked, q))
		return;
	free(q->vm);
	free(q);
}
