/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens: one random thing a step. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "model.h"

#define N_VFS 5

static const char *const networks[] = {"blue", "red"};

static bool chance(struct model *m, unsigned int percent)
{
	return model_random(m, 100) < percent;
}

static struct via_addr any_vf(struct model *m)
{
	unsigned int pf = (unsigned int)model_random(m, 2),
		     i = (unsigned int)model_random(m, N_VFS);

	return (struct via_addr){0, (uint8_t)(pf + 1), (uint8_t)(16 + i / 4), (uint8_t)(i % 4 * 2)};
}

static struct model_vm *any_vm(struct model *m, enum model_vm_state state)
{
	size_t from = (size_t)model_random(m, N_VMS);

	for (size_t i = 0; i < N_VMS; i++)
		if (m->vms[(from + i) % N_VMS].state == state)
			return &m->vms[(from + i) % N_VMS];
	return NULL;
}

static int index_of(const struct model *m, const struct model_vm *vm)
{
	return (int)(vm - m->vms);
}

static const struct via_claim *registered(const struct model *m, struct via_addr addr)
{
	return via_claims_at(&m->d->claims, addr);
}

static void told(struct model *m, uint64_t generation)
{
	if (generation > m->told)
		m->told = generation;
}

/* --- the hook, as libvirt calls it --- */

static json_object *hook_parameters(
	struct model *m, const struct model_vm *vm, const char *operation, bool generations)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct via_domain_dev devs[N_DEVS];
	struct via_domain dom;

	model_domain(m, vm, &dom, devs);
	via_json_add_str(o, "operation", operation);
	via_json_add_str(o, "suboperation", "begin");
	json_object_object_add(o, "domain", via_domain_json(&dom));
	for (size_t i = 0; generations && i < vm->n; i++)
		json_object_array_add(list, json_object_new_int64((int64_t)vm->devs[i].generation));
	if (generations)
		json_object_object_add(o, "generations", list);
	else
		json_object_put(list);
	return o;
}

static struct model_call *hook(struct model *m, const struct model_vm *vm, const char *operation,
	bool generations,
	void (*done)(struct model_call *c, const char *error, json_object *parameters))
{
	struct model_call *c =
		model_call(m, "HookQemu", hook_parameters(m, vm, operation, generations), done);

	c->vm = index_of(m, vm);
	return c;
}

/* "release always succeeds". */
static void on_released(struct model_call *c, const char *error, json_object *parameters)
{
	(void)parameters;
	/* Of a machine that has stopped nothing is heard any more. */
	if (error && !atomic_load(&c->m->frozen))
		model_violation(c->m, "the hook's release was refused: %s", error);
	c->m->vms[c->vm].state = VM_OFF;
}

static void end_vm(struct model *m, struct model_vm *vm, bool generations)
{
	vm->state = VM_ENDING;
	model_tell_libvirt(m, vm, false);
	hook(m, vm, "release", generations, on_released);
}

static bool is_among(json_object *list, uint64_t generation)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if ((uint64_t)json_object_get_int64(json_object_array_get_idx(list, i)) ==
			generation)
			return true;
	return false;
}

/* A claim that was made without a network takes that of the XML. */
static void join_network(struct model *m, const struct model_dev *dev)
{
	struct model_owned *o = model_owned_at(m, dev->addr);

	if (!o || o->network)
		return;
	o->network = dev->network;
	o->vlan = dev->vlan;
}

static void run_vm(struct model *m, struct model_vm *vm, json_object *list)
{
	for (size_t i = 0; i < vm->n; i++) {
		struct model_dev *dev = &vm->devs[i];
		const struct via_claim *c = registered(m, dev->addr);

		if (dev->wrong_tag)
			model_violation(m, "%s may start with another VLAN in its XML", vm->name);
		model_check_grant(m, index_of(m, vm), dev->addr, dev->has_mac ? &dev->mac : NULL);
		if (!c || strcmp(c->uuid, vm->uuid) || !is_among(list, c->generation)) {
			model_violation(m, "%s may start without a claim on %s", vm->name,
				via_addr_fmt(dev->addr));
			return;
		}
		dev->generation = c->generation;
		told(m, c->generation);
		join_network(m, dev);
	}
	vm->state = VM_RUNNING;
	vm->stranger = false;
	model_host_guest(m, vm);
	m->n_granted++;
}

static void on_started(struct model_call *c, const char *error, json_object *parameters)
{
	(void)parameters;
	if (error && !atomic_load(&c->m->frozen))
		model_violation(c->m, "the hook's started was refused: %s", error);
}

static void on_prepared(struct model_call *c, const char *error, json_object *parameters)
{
	struct model *m = c->m;
	struct model_vm *vm = &m->vms[c->vm];
	json_object *list = NULL;

	if (vm->state != VM_STARTING)
		return; /* its hook gave up */
	if (!error && !parameters) {
		vm->state = VM_OFF;
		return;
	}
	if (error) {
		m->n_refused++;
		end_vm(m, vm, false);
		return;
	}
	json_object_object_get_ex(parameters, "generations", &list);
	run_vm(m, vm, list);
	if (!m->violated)
		hook(m, vm, "started", true, on_started);
}

static struct model_owned *owned_of(struct model *m, int vm)
{
	for (size_t i = 0; i < m->n_owned; i++)
		if (m->owned[i].vm == vm && !m->owned[i].ending && !m->owned[i].whole)
			return &m->owned[i];
	return NULL;
}

/* What it was given by request, else whatever somebody wrote into its XML. */
static void pick_devices(struct model *m, struct model_vm *vm)
{
	int v = index_of(m, vm);
	const struct model_owned *o = chance(m, 80) ? owned_of(m, v) : NULL;

	vm->n = 1 + (size_t)model_random(m, N_DEVS);
	for (size_t i = 0; i < vm->n; i++) {
		struct model_dev *d = &vm->devs[i];

		*d = (struct model_dev){.addr = o ? o->addr : any_vf(m)};
		d->network = d->addr.bus == 1 ? networks[model_random(m, 2)] : "red";
		d->vlan = model_vlan(d->network);
		d->has_mac = chance(m, 60);
		d->mac = model_mac(chance(m, 4) ? (size_t)model_random(m, N_VMS) : (size_t)v, i);
		d->wrong_tag = d->has_mac && chance(m, 3);
		/* What the claim says counts. */
		o = model_owned_at(m, d->addr);
		if (o && o->vm == v)
			*d = (struct model_dev){
				.addr = o->addr, .network = o->network, .vlan = o->vlan};
		o = NULL;
	}
	if (vm->n == 2 && via_addr_eq(vm->devs[0].addr, vm->devs[1].addr))
		vm->n = 1;
}

static void step_start(struct model *m)
{
	struct model_vm *vm = any_vm(m, VM_OFF);

	if (!vm)
		return;
	pick_devices(m, vm);
	model_note(m, "start %s with %s%s%s", vm->name, via_addr_fmt(vm->devs[0].addr),
		vm->n > 1 ? ", " : "", vm->n > 1 ? via_addr_fmt(vm->devs[1].addr) : "");
	vm->state = VM_STARTING;
	/* It has its id before its hook is called. */
	model_tell_libvirt(m, vm, true);
	hook(m, vm, "prepare", false, on_prepared);
}

static struct model_call *prepare_of(struct model *m, const struct model_vm *vm)
{
	for (struct model_call *c = m->calls; c; c = c->next)
		if (c->vm == index_of(m, vm) && c->done == on_prepared)
			return c;
	return NULL;
}

/* The hook's time is up: libvirt fails the start, and calls release. */
static void step_give_up(struct model *m)
{
	struct model_vm *vm = any_vm(m, VM_STARTING);
	struct model_call *c = vm ? prepare_of(m, vm) : NULL;

	if (!c)
		return;
	model_note(m, "the hook of %s gives up", vm->name);
	vm->state = VM_ENDING;
	model_hang_up(c);
	end_vm(m, vm, false);
}

static void step_stop(struct model *m)
{
	struct model_vm *vm = any_vm(m, VM_RUNNING);

	if (!vm)
		return;
	model_note(m, "stop %s", vm->name);
	via_fake_kill(m->fake, vm->pid);
	end_vm(m, vm, !vm->stranger && chance(m, 80));
}

/* Its process is gone, and no hook is called. */
static void step_die(struct model *m)
{
	struct model_vm *vm = any_vm(m, VM_RUNNING);

	if (!vm)
		return;
	model_note(m, "%s dies", vm->name);
	via_fake_kill(m->fake, vm->pid);
	vm->state = VM_OFF;
	model_tell_libvirt(m, vm, false);
}

static bool is_held(const struct model *m, struct via_addr addr)
{
	for (size_t v = 0; v < N_VMS; v++)
		if (m->vms[v].state == VM_RUNNING && model_vm_uses(&m->vms[v], addr))
			return true;
	return false;
}

/* A domain runs that nobody told us of. */
static void step_migrate_in(struct model *m)
{
	struct model_vm *vm = any_vm(m, VM_OFF);
	struct via_addr addr = any_vf(m);
	struct via_vf_attrs a;

	if (!vm || m->calls || m->d->works || registered(m, addr) || is_held(m, addr) ||
		!model_host_vf(m, addr, &a))
		return;
	model_note(m, "%s runs all at once with %s", vm->name, via_addr_fmt(addr));
	vm->n = 1;
	vm->devs[0] = (struct model_dev){.addr = addr};
	vm->state = VM_RUNNING;
	vm->stranger = true;
	model_host_guest(m, vm);
	model_tell_libvirt(m, vm, true);
}

/* --- by request --- */

static void on_claimed(struct model_call *c, const char *error, json_object *parameters)
{
	struct model *m = c->m;
	json_object *claim = NULL, *v;
	struct model_owned o = {.vm = c->vm, .network = c->network};

	if (error)
		m->n_refused++;
	if (!error && !parameters)
		m->maybe[c->vm] = true;
	if (!parameters || !json_object_object_get_ex(parameters, "claim", &claim))
		return;
	json_object_object_get_ex(claim, "address", &v);
	via_addr_parse(json_object_get_string(v), &o.addr);
	json_object_object_get_ex(claim, "generation", &v);
	o.generation = (uint64_t)json_object_get_int64(v);
	json_object_object_get_ex(claim, "whole", &v);
	o.whole = json_object_get_boolean(v);
	o.vlan = model_vlan(o.network);
	model_check_grant(m, c->vm, o.addr, NULL);
	told(m, o.generation);
	m->n_granted++;
	if (m->n_owned == MAX_OWNED)
		abort();
	m->owned[m->n_owned++] = o;
}

static void step_request(struct model *m)
{
	struct model_vm *vm = &m->vms[model_random(m, N_VMS)];
	json_object *o = json_object_new_object();
	const char *network = networks[model_random(m, 2)];
	unsigned int kind = (unsigned int)model_random(m, 10);
	struct model_call *c;

	via_json_add_str(o, "vm", vm->name);
	via_json_add_str(o, "uuid", vm->uuid);
	if (kind == 0) {
		network = NULL;
		via_json_add_str(o, "device", m->pfs[2].addr);
		via_json_add_bool(o, "whole", true);
	} else if (kind < 4) {
		network = NULL;
		via_json_add_str(o, "device", via_addr_fmt(any_vf(m)));
	} else {
		via_json_add_str(o, "network", network);
	}
	if (kind && chance(m, 30))
		via_json_add_str(o, "mac", via_mac_fmt(model_mac((size_t)index_of(m, vm), 7)));
	model_note(m, "claim %s", json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	c = model_call(m, "Claim", o, on_claimed);
	c->vm = index_of(m, vm);
	c->network = network;
}

static struct model_owned *same_owned(struct model_call *c)
{
	struct model_owned *o = model_owned_at(c->m, c->addr);

	return o && o->generation == c->generation ? o : NULL;
}

static void on_release(struct model_call *c, const char *error, json_object *parameters)
{
	struct model_owned *o = same_owned(c);

	/* No answer: it may be either way. */
	if (!o || (!error && !parameters))
		return;
	if (error)
		o->ending = false;
	else if (c->m->breaks != BREAK_OWNER || c->m->step < 500)
		model_owned_drop(c->m, o);
}

static void on_stale(struct model_call *c, const char *error, json_object *parameters)
{
	if (!error && parameters)
		model_violation(c->m, "a release of %s with generation %llu was not refused",
			via_addr_fmt(c->addr), (unsigned long long)c->generation);
}

static json_object *release_of(struct via_addr addr, uint64_t generation)
{
	json_object *o = json_object_new_object();

	via_json_add_str(o, "device", via_addr_fmt(addr));
	if (generation)
		via_json_add_int(o, "generation", (int64_t)generation);
	return o;
}

static void step_release(struct model *m)
{
	struct model_owned *o = m->n_owned ? &m->owned[model_random(m, m->n_owned)] : NULL;
	struct model_call *c;

	if (!o || o->ending)
		return;
	model_note(m, "release %s, generation %llu", via_addr_fmt(o->addr),
		(unsigned long long)o->generation);
	/* While its VM runs with it that is refused, and model_check() sees to it. */
	o->ending = true;
	c = model_call(
		m, "Release", release_of(o->addr, chance(m, 70) ? o->generation : 0), on_release);
	c->addr = o->addr;
	c->generation = o->generation;
}

static void step_stale(struct model *m)
{
	struct via_addr addr = any_vf(m);
	const struct via_claim *c = registered(m, addr);
	uint64_t old = 1 + model_random(m, m->told + 1);
	struct model_call *call;

	if (m->n_owned && chance(m, 70))
		addr = m->owned[model_random(m, m->n_owned)].addr, c = registered(m, addr);
	if (c && c->generation <= old)
		old = c->generation - 1;
	if (!old || old > m->told)
		return;
	model_note(
		m, "release %s, old generation %llu", via_addr_fmt(addr), (unsigned long long)old);
	call = model_call(m, "Release", release_of(addr, old), on_stale);
	call->addr = addr;
	call->generation = old;
}

static void on_ignored(struct model_call *c, const char *error, json_object *parameters)
{
	(void)c;
	(void)error;
	(void)parameters;
}

static void step_clear(struct model *m)
{
	const struct via_claims *c = &m->d->claims;
	json_object *o;

	for (size_t i = 0; i < c->n; i++) {
		if (c->list[i].state != VIA_CLAIM_QUARANTINED)
			continue;
		model_note(m, "clear %s", via_addr_fmt(c->list[i].fn.addr));
		o = json_object_new_object();
		via_json_add_str(o, "device", via_addr_fmt(c->list[i].fn.addr));
		model_call(m, "ClearQuarantine", o, on_ignored);
		return;
	}
}

static void step_drain(struct model *m)
{
	json_object *o = json_object_new_object();
	const char *pf = m->pfs[model_random(m, N_PFS)].addr;
	bool off = chance(m, 85);

	model_note(m, "drain %s%s", pf, off ? ", off" : "");
	via_json_add_str(o, "pf", pf);
	via_json_add_bool(o, "off", off);
	model_call(m, "Drain", o, on_ignored);
}

static void step_adopt(struct model *m)
{
	model_note(m, "adopt");
	model_call(m, "Adopt", json_object_new_object(), on_ignored);
}

/* --- the world --- */

static void step_crash(struct model *m)
{
	model_note(m, "crash");
	model_crash(m);
}

static void step_crash_at(struct model *m)
{
	unsigned int at = atomic_load(&m->records) + 1 + (unsigned int)model_random(m, 12);

	model_note(m, "crash at record %u", at);
	atomic_store(&m->crash_at, at * 2 + (unsigned int)model_random(m, 2));
}

static void step_reboot(struct model *m)
{
	model_note(m, "reboot");
	model_reboot(m);
}

static bool pf_is_used(const struct model *m, size_t pf)
{
	for (size_t v = 0; v < N_VMS; v++)
		for (size_t i = 0; m->vms[v].state != VM_OFF && i < m->vms[v].n; i++)
			if (model_host_pf_of(m, m->vms[v].devs[i].addr) == (int)pf)
				return true;
	return false;
}

static void step_plug(struct model *m)
{
	size_t pf = (size_t)model_random(m, N_PFS);
	const struct via_inventory *inv = via_daemon_inv(m->d);
	struct via_addr addr;

	via_addr_parse(m->pfs[pf].addr, &addr);
	if (!m->pfs[pf].present) {
		/* One that comes back before it was missed, or while a session of its is still
		 * under way, is not provisioned by itself. */
		if (!inv || via_inventory_device(inv, addr) || m->d->sessions)
			return;
		model_note(m, "plug %s", m->pfs[pf].addr);
		model_host_plug(m, pf);
	} else if (!pf_is_used(m, pf) && !m->d->sessions) {
		/* A step that waits for what was pulled waits for seconds, and so would a crash. */
		model_note(m, "unplug %s", m->pfs[pf].addr);
		model_host_unplug(m, pf);
	}
}

/* The third PF is in nobody's configuration: somebody makes VFs on it and takes them away. */
static void step_count(struct model *m)
{
	unsigned int n = (unsigned int)model_random(m, 2) * 3;

	if (!m->pfs[2].present)
		return;
	model_note(m, "%u VFs on %s", n, m->pfs[2].addr);
	model_host_set_vfs(m, 2, n);
}

static void step_fault(struct model *m)
{
	static const enum via_vf_attr attrs[] = {
		VIA_VF_ATTR_MAC, VIA_VF_ATTR_VLAN, VIA_VF_ATTR_SPOOFCHK};
	size_t pf = (size_t)model_random(m, 2), a = (size_t)model_random(m, 3);

	if (!m->pfs[pf].present)
		return;
	if (chance(m, 40)) {
		model_note(m, "the next reset fails");
		via_fake_fail(m->fake, "write:*/reset", 1, EIO);
	} else {
		model_note(m, "%s refuses %s", m->pfs[pf].addr, via_vf_attr_name(attrs[a]));
		via_fake_refuse(m->fake, m->pfs[pf].addr, (int)model_random(m, N_VFS), attrs[a],
			EINVAL, 1 + (int)model_random(m, 2), "told to refuse it");
	}
	m->failing = true;
}

static void step_libvirt(struct model *m)
{
	m->virt_away = !m->virt_away;
	model_note(m, "libvirtd is %s", m->virt_away ? "away" : "back");
	if (m->virt_away)
		via_fake_virt_disconnect(m->virt, "libvirtd is away");
	else
		via_fake_virt_connect(m->virt);
}

/* What somebody else did to it. */
static void break_something(struct model *m)
{
	if (m->breaks == BREAK_LOST && m->d->claims.n) {
		const struct via_claim *c = &m->d->claims.list[0];

		model_note(m, "(a claim is lost on purpose)");
		(void)via_claims_drop(&m->d->claims, c->fn.addr, c->generation, NULL);
	} else if (m->breaks == BREAK_CLEAN) {
		struct via_vf_attrs a = {
			.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC), .mac = model_mac(3, 3)};

		model_note(m, "(a MAC is left behind on purpose)");
		for (uint32_t i = 0; i < N_VFS && m->pfs[0].present; i++)
			via_fake_set_vf(m->fake, via_fake_ifindex(m->fake, m->pfs[0].name), i, &a);
	}
}

static void step_settle(struct model *m)
{
	model_note(m, "settle");
	if (m->virt_away)
		step_libvirt(m);
	via_fake_clear_faults(m->fake);
	m->failing = false;
	if (m->step > 500)
		break_something(m);
	model_settle(m);
}

static const struct {
	void (*fn)(struct model *m);
	unsigned int weight; /* in a thousand, or so */
} steps[] = {
	{step_start, 250},
	{step_stop, 150},
	{step_die, 40},
	{step_give_up, 20},
	{step_request, 160},
	{step_release, 130},
	{step_stale, 60},
	{step_migrate_in, 40},
	{step_clear, 20},
	{step_drain, 25},
	{step_adopt, 10},
	{step_crash, 8},
	{step_crash_at, 12},
	{step_reboot, 4},
	{step_plug, 12},
	{step_count, 10},
	{step_fault, 25},
	{step_libvirt, 15},
	{step_settle, 7},
};

void model_step(struct model *m)
{
	unsigned int all = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < VIA_ARRAY_SIZE(steps); k++)
		all += steps[k].weight;
	for (at = (unsigned int)model_random(m, all); at >= steps[i].weight; i++)
		at -= steps[i].weight;
	steps[i].fn(m);
	/* Sometimes the next thing comes at once, sometimes when all is done. */
	if (!m->violated)
		model_turn(m, chance(m, 50) ? 0 : (unsigned int)model_random(m, 3000));
	model_check(m);
}
