/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host made of a few structs: it renders into an inventory, and takes steps the way the kernel
 * would, asserting whatever the kernel would refuse. For the tests of plan and drift.
 */
#ifndef TEST_PLAN_HOST_H
#define TEST_PLAN_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/config.h"
#include "model/inventory.h"
#include "model/plan.h"
#include "model/policy.h"

#define HOST_VFS 16
#define HOST_PFS 6

struct host_vf {
	char driver[VIA_DRIVER_MAX], override[VIA_DRIVER_MAX];
	struct via_vf_attrs attrs;
	uint32_t msix, mtu;
	enum via_holder_kind holder_kind;
	char holder[32]; /* "" nobody */
	bool missing, claimed;
	int group; /* 0: one of its own */
};

struct host_pf {
	struct via_addr addr;
	char name[16]; /* "" no net device */
	struct via_mac mac;
	uint32_t total, num, offset, stride, mtu, vf_total_msix;
	bool autoprobe, up, protected;
	char driver[VIA_DRIVER_MAX], eswitch[16];
	char holder[32];
	uint32_t unsupported;
	struct host_vf vfs[HOST_VFS];
};

struct host {
	size_t n_pfs;
	struct host_pf pfs[HOST_PFS];
	bool no_iommu, no_host_driver;
	/* A NIC without SR-IOV. */
	bool has_nic;
	char nic_driver[VIA_DRIVER_MAX], nic_override[VIA_DRIVER_MAX];
	bool nic_protected;
};

#define HOST_DRIVER "igbvf"
#define HOST_NIC    ((struct via_addr){0, 9, 0, 0})

static inline struct host_pf *host_add_pf(struct host *h, const char *addr, const char *name)
{
	struct host_pf *p = &h->pfs[h->n_pfs++];

	*p = (struct host_pf){.total = 7,
		.offset = 0x180,
		.stride = 2,
		.mtu = 1500,
		.autoprobe = true,
		.up = true};
	assert_int_equal(via_addr_parse(addr, &p->addr), 0);
	strcpy(p->name, name);
	strcpy(p->driver, "igb");
	p->mac = (struct via_mac){{0x52, 0x54, 0, 0x76, 0, (uint8_t)h->n_pfs}};
	return p;
}

/* What a driver makes of a VF that was just created. */
static inline void host_new_vf(struct host_vf *v, bool bound)
{
	*v = (struct host_vf){.msix = 3, .mtu = 1500};
	v->attrs = (struct via_vf_attrs){
		.known = VIA_ATTR_ALL, .spoofchk = true, .vlan_proto = VIA_VLAN_PROTO_8021Q};
	if (bound)
		strcpy(v->driver, HOST_DRIVER);
}

static inline void host_set_vfs(struct host_pf *p, uint32_t n)
{
	p->num = n;
	for (uint32_t i = 0; i < n; i++)
		host_new_vf(&p->vfs[i], p->autoprobe);
}

static inline void host_hold(struct host_vf *v, enum via_holder_kind kind, const char *name)
{
	v->holder_kind = kind;
	strcpy(v->holder, name);
}

static inline struct via_addr host_vf_addr(const struct host_pf *p, uint32_t i)
{
	unsigned int rid =
		((unsigned int)p->addr.bus << 8 | (unsigned int)p->addr.dev << 3 | p->addr.fn) +
		p->offset + i * p->stride;

	return (struct via_addr){
		p->addr.domain, (uint8_t)(rid >> 8), (uint8_t)(rid >> 3 & 31), (uint8_t)(rid & 7)};
}

/* --- into an inventory --- */

static inline const char *host_text(struct via_inventory *inv, const char *s)
{
	return *s ? via_arena_intern(&inv->arena, s) : NULL;
}

static inline int host_add_netdev(struct via_inventory *inv, const char *name,
	const struct via_device *d, struct via_mac mac, uint32_t mtu, bool up)
{
	struct via_netdev *n = &inv->netdevs[inv->n_netdevs++];

	*n = (struct via_netdev){.ifindex = (int)inv->n_netdevs,
		.dev = d->addr,
		.has_dev = true,
		.mac = mac,
		.perm_mac = mac,
		.has_perm_mac = !via_mac_is_zero(mac),
		.mtu = mtu,
		.up = up,
		.carrier = up};
	snprintf(n->name, sizeof(n->name), "%.15s", name);
	return n->ifindex;
}

static inline void host_carry(struct via_inventory *inv, struct via_device *d, int ifindex)
{
	int *list = via_arena_alloc(&inv->arena, sizeof(*list));

	*list = ifindex;
	d->netdevs = list;
	d->n_netdevs = 1;
}

static inline void host_held(struct via_inventory *inv, struct via_device *d,
	enum via_holder_kind kind, const char *name)
{
	struct via_holder *h;

	if (!*name)
		return;
	h = via_arena_alloc(&inv->arena, sizeof(*h));
	*h = (struct via_holder){.kind = kind,
		.pid = 812,
		.name = host_text(inv, name),
		.detail = "has address 10.0.0.1/24"};
	if (kind == VIA_HOLDER_DOMAIN)
		h->detail = NULL;
	d->holders = h;
	d->n_holders = 1;
}

static inline void host_render_vf(
	struct via_inventory *inv, const struct host *h, const struct host_pf *p, uint32_t i)
{
	const struct host_vf *v = &p->vfs[i];
	struct via_device *d = &inv->devices[inv->n_devices++];
	char name[32];

	*d = (struct via_device){.addr = host_vf_addr(p, i),
		.kind = VIA_DEVICE_VF,
		.is_nic = true,
		.vendor = 0x8086,
		.device = 0x10ca,
		.driver = host_text(inv, v->driver),
		.driver_override = host_text(inv, v->override),
		.numa_node = -1,
		.iommu_group = h->no_iommu ? -1
			       : v->group  ? v->group
					   : (int)inv->n_devices + 100,
		.msix = v->msix,
		.has_vf_msix_count = p->vf_total_msix,
		.pf = p->addr,
		.vf_index = i};
	host_held(inv, d, v->holder_kind, v->holder);
	if (strcmp(v->driver, HOST_DRIVER) || (*v->holder && v->holder_kind == VIA_HOLDER_NETNS))
		return;
	snprintf(name, sizeof(name), "%sv%u", p->name, i);
	host_carry(inv, d, host_add_netdev(inv, name, d, v->attrs.mac, v->mtu, false));
}

static inline const struct via_sriov *host_sriov(struct via_inventory *inv, const struct host_pf *p)
{
	struct via_sriov *s = via_arena_alloc(&inv->arena, sizeof(*s));
	struct via_vf_slot *slots = via_arena_alloc(&inv->arena, HOST_VFS * sizeof(*slots));
	struct via_vf_state *info = via_arena_alloc(&inv->arena, HOST_VFS * sizeof(*info));

	*s = (struct via_sriov){.total = p->total,
		.num = p->num,
		.offset = p->offset,
		.stride = p->stride,
		.vf_device = 0x10ca,
		.autoprobe = p->autoprobe,
		.vf_total_msix = p->vf_total_msix,
		.vf_info_complete = true,
		.vfs = slots,
		.eswitch_mode = host_text(inv, p->eswitch)};
	for (uint32_t i = 0; i < p->num; i++) {
		if (!p->vfs[i].missing)
			slots[s->n_vfs++] = (struct via_vf_slot){i, host_vf_addr(p, i)};
		if (*p->name) {
			info[s->n_vf_info++] = (struct via_vf_state){i, p->vfs[i].attrs};
			s->vf_info = info;
		}
	}
	return s;
}

static inline void host_render_pf(
	struct via_inventory *inv, const struct host *h, const struct host_pf *p)
{
	struct via_device *d = &inv->devices[inv->n_devices++];
	const char **why = via_arena_alloc(&inv->arena, sizeof(*why));
	char path[40];

	snprintf(path, sizeof(path), "pci-%s", via_addr_fmt(p->addr));
	*why = "carries the default route (IPv4) through br0";
	*d = (struct via_device){.addr = p->addr,
		.kind = VIA_DEVICE_PF,
		.is_nic = true,
		.vendor = 0x8086,
		.device = 0x10c9,
		.driver = host_text(inv, p->driver),
		.id_path = host_text(inv, path),
		.numa_node = -1,
		.iommu_group = h->no_iommu ? -1 : (int)inv->n_devices + 100,
		.protected_ = p->protected,
		.n_protect = p->protected,
		.protect = why,
		.sriov = host_sriov(inv, p)};
	host_held(inv, d, VIA_HOLDER_DOMAIN, p->holder);
	if (*p->name)
		host_carry(inv, d, host_add_netdev(inv, p->name, d, p->mac, p->mtu, p->up));
	for (uint32_t i = 0; i < p->num; i++)
		if (!p->vfs[i].missing)
			host_render_vf(inv, h, p, i);
}

static inline void host_render_nic(struct via_inventory *inv, const struct host *h)
{
	struct via_device *d;

	if (!h->has_nic)
		return;
	d = &inv->devices[inv->n_devices++];
	*d = (struct via_device){.addr = HOST_NIC,
		.kind = VIA_DEVICE_NIC,
		.is_nic = true,
		.vendor = 0x8086,
		.device = 0x10d3,
		.driver = host_text(inv, h->nic_driver),
		.driver_override = host_text(inv, h->nic_override),
		.numa_node = -1,
		.iommu_group = h->no_iommu ? -1 : 99,
		.protected_ = h->nic_protected};
}

static inline int host_by_addr(const void *a, const void *b)
{
	return via_addr_cmp(
		((const struct via_device *)a)->addr, ((const struct via_device *)b)->addr);
}

static inline struct via_inventory *host_inventory(const struct host *h)
{
	struct via_inventory *inv = via_inventory_create();
	size_t max = HOST_PFS * (HOST_VFS + 1) + 1;

	assert_non_null(inv);
	inv->generation = 42;
	inv->complete = true;
	inv->host.iommu = !h->no_iommu;
	inv->devices = via_arena_alloc(&inv->arena, max * sizeof(*inv->devices));
	inv->netdevs = via_arena_alloc(&inv->arena, max * sizeof(*inv->netdevs));
	for (size_t i = 0; i < h->n_pfs; i++)
		host_render_pf(inv, h, &h->pfs[i]);
	host_render_nic(inv, h);
	qsort(inv->devices, inv->n_devices, sizeof(*inv->devices), host_by_addr);
	return inv;
}

/* --- taking steps --- */

static inline struct host_pf *host_pf_at(struct host *h, struct via_addr a)
{
	for (size_t i = 0; i < h->n_pfs; i++)
		if (via_addr_eq(h->pfs[i].addr, a))
			return &h->pfs[i];
	fail_msg("no PF %s", via_addr_fmt(a));
	return NULL;
}

static inline struct host_vf *host_vf_of(struct host_pf *p, const struct via_step *s)
{
	assert_true(s->has_vf);
	assert_true(s->vf_index < p->num);
	/* The executor goes by the virtfn link: the foretold address must be the real one. */
	assert_true(via_addr_eq(s->target, host_vf_addr(p, s->vf_index)));
	assert_false(p->vfs[s->vf_index].missing);
	return &p->vfs[s->vf_index];
}

static inline void host_step_num_vfs(const struct host *h, struct host_pf *p, uint32_t n)
{
	assert_true(n == 0 || p->num == 0); /* EBUSY */
	assert_true(n <= p->total);	    /* ERANGE */
	for (uint32_t i = 0; i < p->num; i++)
		assert_string_equal(p->vfs[i].holder, ""); /* would hang */
	memset(p->vfs, 0, sizeof(p->vfs));
	p->num = n;
	for (uint32_t i = 0; i < n; i++)
		host_new_vf(&p->vfs[i], p->autoprobe && !h->no_host_driver);
}

static inline void host_step_driver(
	struct host *h, struct host_pf *p, struct host_vf *v, const struct via_step_value *set)
{
	assert_string_equal(v->holder, "");
	assert_true(!via_policy_is_vfio(set->text) || !h->no_iommu);
	/* pci_device_can_probe(): a VF whose PF has autoprobe off binds by its override only; the
	 * executor sets one for the moment of the bind. */
	if (!strcmp(set->text, HOST_DRIVER) && strcmp(v->driver, HOST_DRIVER))
		v->mtu = 1500;
	strcpy(v->driver, set->text);
	strcpy(v->override, set->override);
	(void)p;
}

static inline void host_step_attrs(
	const struct host_pf *p, struct host_vf *v, const struct via_step_value *set)
{
	uint32_t mask = set->attrs.known;

	assert_true(mask);
	assert_int_equal(mask & p->unsupported, 0);
	assert_string_not_equal(p->name, "");
	if (mask & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) {
		assert_string_equal(v->holder, "");
		/* A host driver would go on with its old address; one that a VM is going to take
		 * the VF from does no harm. */
		assert_true(!*v->driver || via_policy_is_vfio(v->driver) || v->claimed);
	}
	via_vf_attrs_copy(&v->attrs, &set->attrs, mask);
}

static inline void host_set(
	struct host *h, const struct via_step *s, const struct via_step_value *set)
{
	struct host_pf *p = host_pf_at(h, s->pf);

	switch (s->op) {
	case VIA_STEP_ESWITCH:
		assert_int_equal(p->num, 0);
		strcpy(p->eswitch, set->text);
		break;
	case VIA_STEP_AUTOPROBE:
		p->autoprobe = set->number;
		break;
	case VIA_STEP_NUM_VFS:
		host_step_num_vfs(h, p, set->number);
		break;
	case VIA_STEP_PF_MTU:
		p->mtu = set->number;
		break;
	case VIA_STEP_PF_UP:
		p->up = set->number;
		break;
	case VIA_STEP_VF_MSIX:
		assert_string_equal(host_vf_of(p, s)->driver, ""); /* EBUSY */
		assert_true(p->vf_total_msix);			   /* EOPNOTSUPP */
		host_vf_of(p, s)->msix = set->number;
		break;
	case VIA_STEP_VF_ATTRS:
		host_step_attrs(p, host_vf_of(p, s), set);
		break;
	case VIA_STEP_BIND:
		assert_string_not_equal(s->set.text, "");
		host_step_driver(h, p, host_vf_of(p, s), set);
		break;
	case VIA_STEP_UNBIND:
		host_step_driver(h, p, host_vf_of(p, s), set);
		break;
	case VIA_STEP_VF_MTU:
		assert_string_equal(host_vf_of(p, s)->driver, HOST_DRIVER);
		host_vf_of(p, s)->mtu = set->number;
		break;
	case VIA_STEP_RESET:
		assert_string_equal(host_vf_of(p, s)->holder, "");
		break;
	case VIA_STEP_OP_COUNT:
		fail();
	}
}

static inline void host_apply(struct host *h, const struct via_plan *plan)
{
	for (size_t i = 0; i < plan->n_steps; i++)
		host_set(h, &plan->steps[i], &plan->steps[i].set);
}

/* --- planning --- */

static inline uint32_t host_unsupported(struct via_addr pf, void *user)
{
	return host_pf_at(user, pf)->unsupported;
}

static inline int host_driver_for(const struct via_device *dev, enum via_driver_choice choice,
	char *buf, size_t size, void *user)
{
	const struct host *h = user;

	assert_int_equal(dev->vendor, 0x8086);
	if (choice == VIA_DRIVER_HOST && h->no_host_driver)
		return -2;
	snprintf(buf, size, "%s", choice == VIA_DRIVER_HOST ? HOST_DRIVER : "vfio-pci");
	return 0;
}

static inline struct via_plan_options host_options(struct host *h)
{
	return (struct via_plan_options){
		.unsupported = host_unsupported, .driver_for = host_driver_for, .user = h};
}

static inline struct via_config *host_config(const char *text)
{
	struct via_config_source src = {"viaduct.json", text, strlen(text)};
	struct via_config *c = NULL;
	struct via_err e = {0};

	if (via_config_parse(&src, 1, &c, NULL, &e))
		fail_msg("%s\n%s", e.msg, text);
	return c;
}

static inline struct via_plan *host_plan_with(
	struct host *h, const char *config, const struct via_plan_options *opt)
{
	via_autoinventory *inv = host_inventory(h);
	struct via_config *c = host_config(config);
	struct via_plan *plan = NULL;
	struct via_err e = {0};

	if (via_plan_make(inv, c, opt, &plan, &e))
		fail_msg("%s", e.msg);
	via_config_destroy(c);
	return plan;
}

static inline struct via_plan *host_plan(struct host *h, const char *config)
{
	struct via_plan_options opt = host_options(h);

	return host_plan_with(h, config, &opt);
}

static inline void host_plan_cleanup(struct via_plan **p)
{
	via_plan_destroy(*p);
}
#define host_autoplan __attribute__((cleanup(host_plan_cleanup))) struct via_plan

/* "set_num_vfs bind bind": the ops in order. */
static inline const char *host_ops(const struct via_plan *p, char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < p->n_steps && n < size; i++)
		n += (size_t)snprintf(
			buf + n, size - n, "%s%s", i ? " " : "", via_step_op_name(p->steps[i].op));
	return buf;
}
#define assert_ops(plan, text) assert_string_equal(host_ops(plan, (char[4096]){0}, 4096), text)

static inline void host_assert_refusal(
	const struct via_plan *p, size_t i, enum via_refusal code, const char *part)
{
	if (i >= p->n_refusals)
		fail_msg("there are %zu refusals only", p->n_refusals);
	if (p->refusals[i].code != code || !strstr(p->refusals[i].message, part))
		fail_msg("%s: %s\nwanted %s: …%s…", via_refusal_code(p->refusals[i].code),
			p->refusals[i].message, via_refusal_code(code), part);
}

#endif
