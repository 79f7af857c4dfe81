/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small host of test_plan_host.h with VMs on it, for the tests of claims against what is. */
#ifndef TEST_CLAIM_HOST_H
#define TEST_CLAIM_HOST_H

#include "test_plan_host.h"
#include "test_claim.h"

#define PF1  "0000:01:00.0"
#define PF2  "0000:02:00.0"
#define VF10 "0000:01:10.0"
#define VF11 "0000:01:10.2"
#define VF20 "0000:02:10.0"
#define BOOT "d1a1a54d-5a7e-4a16-b7b0-a8d5b4e4c5f1"

/* Two PFs, 01:00.0 (eth0) and 02:00.0 (eth1), with four VFs each; of the first, VF 0 is at 01:10.0.
 */
static inline void add_card(struct host *h, const char *addr, const char *name)
{
	struct host_pf *p = host_add_pf(h, addr, name);

	p->offset = 0x80; /* on its own bus */
	host_set_vfs(p, 4);
}

static inline struct host two_pfs(void)
{
	struct host h = {.n_pfs = 0};

	add_card(&h, PF1, "eth0");
	add_card(&h, PF2, "eth1");
	return h;
}

/* Rendered inventories may be touched up. */
static inline struct via_device *device_at(struct via_inventory *inv, const char *addr)
{
	struct via_device *d = (struct via_device *)via_inventory_device(inv, addr_of(addr));

	assert_non_null(d);
	return d;
}

static inline void drop_device(struct via_inventory *inv, const char *addr)
{
	size_t i = (size_t)(device_at(inv, addr) - inv->devices);

	inv->n_devices--;
	memmove(&inv->devices[i], &inv->devices[i + 1],
		(inv->n_devices - i) * sizeof(*inv->devices));
}

static inline struct via_inventory *render(const struct host *h)
{
	struct via_inventory *inv = host_inventory(h);

	inv->host.boot_id = BOOT;
	return inv;
}

static inline void hold_by(struct via_inventory *inv, const char *addr, enum via_holder_kind kind,
	const char *name, const char *detail)
{
	struct via_device *d = device_at(inv, addr);
	struct via_holder *list = via_arena_alloc(&inv->arena, (d->n_holders + 1) * sizeof(*list));

	if (d->n_holders)
		memcpy(list, d->holders, d->n_holders * sizeof(*list));
	list[d->n_holders++] =
		(struct via_holder){.kind = kind, .pid = 812, .name = name, .detail = detail};
	d->holders = list;
}

/* A claim of what stands there, with its identity and of this boot. */
static inline struct via_claim claim_on(const struct via_inventory *inv, const char *addr,
	const char *uuid, enum via_claim_state state, enum via_claim_origin origin)
{
	const struct via_device *d = via_inventory_device(inv, addr_of(addr));
	struct via_claim c = claim_of(addr, NULL, uuid, NULL);

	assert_non_null(d);
	via_identity_of(inv, d, &c.fn);
	c.whole = !c.fn.is_vf;
	c.state = state;
	c.origin = origin;
	strcpy(c.boot_id, BOOT);
	return c;
}

#endif
