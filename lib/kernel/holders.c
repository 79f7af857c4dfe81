/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who holds a device: a process or guest with its vfio node open, the host through a VF's net
 * device or a mounted disk, another network namespace. How the host uses PFs and plain NICs is not
 * a holder but the protection policy's and the uppers' matter (model/policy.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"
#include "kernel/scan_proc.h"
#include "kernel/scan_storage.h"
#include "kernel/scan_vfio.h"
#include "model/policy.h"

/* Holders in the order they are found, each with its device; sorted and handed out at the end. */
struct held {
	struct via_addr addr;
	size_t order;
	struct via_holder holder;
};

struct holders {
	struct scan *s;
	struct held *list;
	size_t n, cap;
};

static int add(struct holders *h, struct via_addr addr, const struct via_holder *holder)
{
	struct held *grown;

	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 64;
		grown = reallocarray(h->list, h->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		h->list = grown;
	}
	h->list[h->n] = (struct held){addr, h->n, *holder};
	h->n++;
	return 0;
}

/* --- vfio --- */

static bool on_vfio(const struct scan *s, const struct via_device *d)
{
	return d->driver ? via_policy_is_vfio(d->driver) : s->leaving;
}

static bool any_on_vfio(const struct scan *s)
{
	for (size_t i = 0; i < s->inv->n_devices; i++) {
		if (on_vfio(s, &s->inv->devices[i]))
			return true;
	}
	return false;
}

/* An open group holds every function of the group that a vfio driver has. */
static int give_open(struct holders *h, const struct scan_vfio_open *o)
{
	struct via_inventory *inv = h->s->inv;
	struct via_holder who;
	int r = 0;

	scan_proc_who(h->s->k, &inv->arena, o->pid, &who);
	for (size_t i = 0; r == 0 && i < inv->n_devices; i++) {
		const struct via_device *d = &inv->devices[i];

		if (on_vfio(h->s, d) && (o->group >= 0 ? d->iommu_group == o->group
						       : via_addr_eq(d->addr, o->addr)))
			r = add(h, d->addr, &who);
	}
	return r;
}

static int vfio_holders(struct holders *h)
{
	struct scan_helper *a = &h->s->helper;
	int r;

	if (!any_on_vfio(h->s))
		return 0;
	r = a->has_opens ? a->opens_result : scan_vfio_opens(h->s->k, &a->opens);
	for (size_t i = 0; r == 0 && i < a->opens.n; i++)
		r = give_open(h, &a->opens.list[i]);
	return r;
}

/* --- the host's own use of a VF --- */

static int host_uses(
	struct holders *h, const struct via_netdev *n, const char *how, const char *what)
{
	struct via_holder who = {.kind = VIA_HOLDER_HOST, .name = scan_intern(h->s, n->name)};
	char text[96];

	snprintf(text, sizeof(text), "%s %s", how, what);
	who.detail = scan_intern(h->s, text);
	return add(h, n->dev, &who);
}

static const char *name_of(const struct via_inventory *inv, int ifindex)
{
	const struct via_netdev *n = via_inventory_netdev(inv, ifindex);

	return n ? n->name : "a device that is gone";
}

static bool is_vf(struct scan *s, const struct via_netdev *n)
{
	const struct via_device *d = n->has_dev ? scan_find(s, n->dev) : NULL;

	return d && d->kind == VIA_DEVICE_VF;
}

static int other_namespace(struct holders *h, const struct via_netdev *n)
{
	struct via_holder who = {.kind = VIA_HOLDER_NETNS, .name = n->netns};
	char text[64];

	snprintf(text, sizeof(text), "%s is in it", n->name);
	who.detail = scan_intern(h->s, text);
	return n->has_dev ? add(h, n->dev, &who) : 0;
}

static bool has_route(const struct via_inventory *inv, const struct via_netdev *n)
{
	for (size_t i = 0; i < inv->n_lifelines; i++) {
		const struct via_lifeline *l = &inv->lifelines[i];

		if (l->ifindex == n->ifindex &&
			(l->kind == VIA_LIFELINE_ROUTE4 || l->kind == VIA_LIFELINE_ROUTE6))
			return true;
	}
	return false;
}

static int net_holders_of(struct holders *h, const struct via_netdev *n)
{
	int r = 0;

	if (n->netns)
		return other_namespace(h, n);
	if (n->lower) { /* n is the upper one */
		const struct via_netdev *below = via_inventory_netdev(h->s->inv, n->lower);

		if (below && is_vf(h->s, below))
			r = host_uses(h, below, "carries", n->name);
	}
	if (r || !is_vf(h->s, n))
		return r;
	for (size_t i = 0; r == 0 && n->up && i < n->n_addrs; i++)
		r = host_uses(h, n, "has address", n->addrs[i]);
	if (r == 0 && n->master)
		r = host_uses(h, n, "member of", name_of(h->s->inv, n->master));
	if (r == 0 && has_route(h->s->inv, n))
		r = host_uses(h, n, "carries", "the default route");
	return r;
}

/*
 * A macvlan or VLAN on one of ours that was moved into a container: it is no net device of this
 * host any more, but what it sits on is in use. (The door says which lower ones are ours:
 * lower_nsid.)
 */
static int lent_upper(struct holders *h, const struct via_link *l)
{
	struct via_holder who = {.kind = VIA_HOLDER_NETNS};
	const struct via_netdev *below;
	char text[64];

	if (!l->netns[0] || l->lower_nsid == -1 || !l->lower)
		return 0;
	below = via_inventory_netdev(h->s->inv, l->lower);
	if (!below || !below->has_dev)
		return 0;
	snprintf(text, sizeof(text), "%s there is on %s", l->name, below->name);
	who.name = scan_intern(h->s, l->netns);
	who.detail = scan_intern(h->s, text);
	return add(h, below->dev, &who);
}

static int net_holders(struct holders *h)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->s->net.n_links; i++)
		r = lent_upper(h, &h->s->net.links[i]);

	for (size_t i = 0; r == 0 && i < h->s->inv->n_netdevs; i++)
		r = net_holders_of(h, &h->s->inv->netdevs[i]);
	return r;
}

/* --- disks --- */

static int on_disk(struct via_addr addr, const char *use, void *user)
{
	struct holders *h = user;
	struct via_holder who = {.kind = VIA_HOLDER_HOST, .detail = scan_intern(h->s, use)};

	return scan_find(h->s, addr) ? add(h, addr, &who) : 0;
}

/* --- all --- */

static int by_device(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	int r = via_addr_cmp(x->addr, y->addr);

	return r ? r : x->order < y->order ? -1 : 1;
}

static int hand_out(struct holders *h)
{
	size_t end;

	if (h->n)
		qsort(h->list, h->n, sizeof(*h->list), by_device);
	for (size_t i = 0; i < h->n; i = end) {
		struct via_device *d = scan_find(h->s, h->list[i].addr);
		struct via_holder *list;

		for (end = i; end < h->n && via_addr_eq(h->list[end].addr, h->list[i].addr); end++)
			;
		list = d ? via_arena_alloc(&h->s->inv->arena, (end - i) * sizeof(*list)) : NULL;
		if (d && !list)
			return -ENOMEM;
		for (size_t j = i; d && j < end; j++)
			list[d->n_holders++] = h->list[j].holder;
		if (d)
			d->holders = list;
	}
	return 0;
}

static int find_holders(struct scan *s)
{
	struct holders h = {.s = s};
	int r = vfio_holders(&h);

	if (r == 0)
		r = net_holders(&h);
	if (r == 0)
		r = scan_storage(s->k, on_disk, &h);
	if (r == 0)
		r = hand_out(&h);
	free(h.list);
	return r;
}

int scan_holders(struct scan *s)
{
	int r = s->opt->no_holders ? 0 : find_holders(s);

	/* Without the right to look nobody knows who holds what; the inventory says so. */
	if (r == -EACCES || r == -EPERM) {
		s->inv->complete = false;
		return 0;
	}
	return r;
}

/* --- one device, right before an act --- */

static int look(struct scan *s, struct via_device *d)
{
	int r = scan_device(s, d);

	s->marks[0].status = SCAN_DONE;
	s->inv->n_devices = 1;
	if (r == 0)
		r = scan_net(s);
	if (r == 0)
		r = scan_lifelines(s);
	return r < 0 ? r : find_holders(s);
}

static size_t copy_out(
	const struct via_device *d, struct via_arena *arena, struct via_holder *holders, size_t max)
{
	size_t n = d->n_holders < max ? d->n_holders : max;

	for (size_t i = 0; i < n; i++) {
		holders[i] = d->holders[i];
		holders[i].name = via_arena_intern(arena, d->holders[i].name);
		holders[i].detail = via_arena_intern(arena, d->holders[i].detail);
	}
	return n;
}

static int holders_of(struct via_kernel *k, struct via_addr addr, bool leaving,
	struct via_arena *arena, struct via_holder *holders, size_t max)
{
	/* Asked most of all when a step hangs with the device lock kept: nothing that takes it is
	 * read. */
	const struct via_scan_options opt = {.busy = &addr, .n_busy = 1};
	via_autoinventory *inv = via_inventory_create();
	struct scan_mark mark = {0};
	struct via_device d = {.addr = addr};
	struct scan s = {.k = k, .opt = &opt, .inv = inv, .marks = &mark, .leaving = leaving};
	int r;

	if (!inv)
		return -ENOMEM;
	inv->devices = &d;
	r = look(&s, &d);
	via_net_finish(&s.net);
	scan_helper_finish(&s.helper);
	return r < 0 ? r : (int)copy_out(&d, arena, holders, max);
}

int via_scan_holders(struct via_kernel *k, struct via_addr addr, struct via_arena *arena,
	struct via_holder *holders, size_t max)
{
	return holders_of(k, addr, false, arena, holders, max);
}

int via_scan_keepers(struct via_kernel *k, struct via_addr addr, struct via_arena *arena,
	struct via_holder *holders, size_t max)
{
	return holders_of(k, addr, true, arena, holders, max);
}
