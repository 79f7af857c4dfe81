/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What carries the host's life: from each default route, address, root file system and ssh session
 * down through all that its interface sits on, to the functions below.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/policy.h"

struct edge {
	int upper;    /* ifindex */
	size_t lower; /* index of the net device */
};

struct walk {
	struct via_inventory *inv;
	size_t n_ours;	     /* net devices of our namespace come first */
	struct edge *slaves; /* ascending by upper */
	size_t n_slaves;
	uint32_t *seen; /* by net device: number of the last walk that came by */
	size_t *stack;
	uint32_t number;
	struct reasons {
		const char **list;
		size_t n, cap;
	} * reasons; /* by device */
};

static int by_upper(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->upper != y->upper)
		return x->upper < y->upper ? -1 : 1;
	return x->lower < y->lower ? -1 : x->lower > y->lower;
}

static int prepare(struct walk *w)
{
	struct via_inventory *inv = w->inv;

	for (size_t i = 0; i < inv->n_devices; i++)
		inv->devices[i].carries_host = false;
	while (w->n_ours < inv->n_netdevs && !inv->netdevs[w->n_ours].netns)
		w->n_ours++;
	w->slaves = calloc(w->n_ours + 1, sizeof(*w->slaves));
	w->seen = calloc(w->n_ours + 1, sizeof(*w->seen));
	w->stack = calloc(w->n_ours + 1, sizeof(*w->stack));
	w->reasons = calloc(inv->n_devices + 1, sizeof(*w->reasons));
	if (!w->slaves || !w->seen || !w->stack || !w->reasons)
		return -ENOMEM;
	for (size_t i = 0; i < w->n_ours; i++) {
		if (inv->netdevs[i].master)
			w->slaves[w->n_slaves++] = (struct edge){inv->netdevs[i].master, i};
	}
	qsort(w->slaves, w->n_slaves, sizeof(*w->slaves), by_upper);
	return 0;
}

static void finish(struct walk *w)
{
	for (size_t i = 0; w->reasons && i < w->inv->n_devices; i++)
		free(w->reasons[i].list);
	free(w->slaves);
	free(w->seen);
	free(w->stack);
	free(w->reasons);
}

/* --- one walk --- */

static bool is_kind(const struct via_netdev *n, const char *kind)
{
	return n->kind && !strcmp(n->kind, kind);
}

/* Put a net device on the stack unless this walk has been there: chains may be loops. */
static void push(struct walk *w, size_t *depth, const struct via_netdev *n)
{
	size_t i = n ? (size_t)(n - w->inv->netdevs) : w->n_ours;

	if (i >= w->n_ours || w->seen[i] == w->number)
		return;
	w->seen[i] = w->number;
	w->stack[(*depth)++] = i;
}

static void push_slaves(struct walk *w, size_t *depth, int upper)
{
	size_t low = 0, high = w->n_slaves;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->slaves[mid].upper < upper)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < w->n_slaves && w->slaves[low].upper == upper; low++)
		push(w, depth, &w->inv->netdevs[w->slaves[low].lower]);
}

/* A flow table may send an internal port's packets out of any port of any datapath, and nothing but
 * the flow table says which: all of them may carry it. */
static void push_datapaths(struct walk *w, size_t *depth)
{
	for (size_t i = 0; i < w->n_ours; i++) {
		if (is_kind(&w->inv->netdevs[i], "openvswitch"))
			push_slaves(w, depth, w->inv->netdevs[i].ifindex);
	}
}

static void push_below(struct walk *w, size_t *depth, const struct via_netdev *n)
{
	const struct via_netdev *low = via_inventory_netdev(w->inv, n->lower);

	push_slaves(w, depth, n->ifindex);
	push(w, depth, low);
	if (is_kind(n, "openvswitch"))
		push_datapaths(w, depth);
	/* A veth's "lower" is its other end: what comes out there goes where that is a member. */
	if (is_kind(n, "veth") && low && low->master)
		push(w, depth, via_inventory_netdev(w->inv, low->master));
}

/* --- reasons --- */

static int add_reason(struct walk *w, const struct via_device *d, const char *text)
{
	struct reasons *r = &w->reasons[d - w->inv->devices];
	const char *one = via_arena_intern(&w->inv->arena, text);

	if (!one)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++) {
		if (r->list[i] == one)
			return 0;
	}
	if (r->n == r->cap) {
		const char **grown;

		r->cap = r->cap ? r->cap * 2 : 4;
		grown = reallocarray(r->list, r->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->list = grown;
	}
	r->list[r->n++] = one;
	return 0;
}

/* The function itself; for a VF its PF too: what disturbs the PF disturbs the VF. */
static int reach(struct walk *w, const struct via_netdev *n, const char *what, const char *top)
{
	const struct via_device *d = n->has_dev ? via_inventory_device(w->inv, n->dev) : NULL;
	const struct via_device *pf;
	char text[256];

	if (!d)
		return 0;
	if (!strcmp(top, n->name))
		snprintf(text, sizeof(text), "carries %s on %s", what, top);
	else
		snprintf(text, sizeof(text), "carries %s on %s through %s", what, top, n->name);
	if (d->kind != VIA_DEVICE_VF)
		return add_reason(w, d, text);
	w->inv->devices[d - w->inv->devices].carries_host = true;
	pf = via_inventory_device(w->inv, d->pf);
	snprintf(text, sizeof(text), "carries %s on %s through its VF %u", what, top, d->vf_index);
	return pf ? add_reason(w, pf, text) : 0;
}

static int walk_down(struct walk *w, int ifindex, const char *what)
{
	const struct via_netdev *top = via_inventory_netdev(w->inv, ifindex);
	size_t depth = 0;
	int r = 0;

	if (!top)
		return 0;
	w->number++;
	push(w, &depth, top);
	while (r == 0 && depth) {
		const struct via_netdev *n = &w->inv->netdevs[w->stack[--depth]];

		push_below(w, &depth, n);
		r = reach(w, n, what, top->name);
	}
	return r;
}

static const struct {
	const char *text, *joint;
} lifeline_texts[] = {
	[VIA_LIFELINE_ROUTE4] = {"the default route (IPv4)", " via "},
	[VIA_LIFELINE_ROUTE6] = {"the default route (IPv6)", " via "},
	[VIA_LIFELINE_ROOTFS] = {"the root file system", " from "},
	[VIA_LIFELINE_SSH] = {"the ssh session", " from "},
};

static int from_lifelines(struct walk *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->inv->n_lifelines; i++) {
		const struct via_lifeline *l = &w->inv->lifelines[i];
		char what[128];

		snprintf(what, sizeof(what), "%s%s%s", lifeline_texts[l->kind].text,
			l->detail ? lifeline_texts[l->kind].joint : "", l->detail ? l->detail : "");
		r = walk_down(w, l->ifindex, what);
	}
	return r;
}

static int from_addresses(struct walk *w)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->n_ours; i++) {
		const struct via_netdev *n = &w->inv->netdevs[i];
		char what[128];

		for (size_t j = 0; r == 0 && j < n->n_addrs; j++) {
			snprintf(what, sizeof(what), "the address %s", n->addrs[j]);
			r = walk_down(w, n->ifindex, what);
		}
	}
	return r;
}

static int publish(struct walk *w)
{
	for (size_t i = 0; i < w->inv->n_devices; i++) {
		struct via_device *d = &w->inv->devices[i];
		const struct reasons *r = &w->reasons[i];
		const char **copy;

		d->protected_ = r->n != 0;
		d->n_protect = 0;
		d->protect = NULL;
		if (!r->n)
			continue;
		copy = via_arena_alloc(&w->inv->arena, r->n * sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		memcpy(copy, r->list, r->n * sizeof(*copy));
		d->protect = copy;
		d->n_protect = r->n;
	}
	return 0;
}

int via_policy_protect(struct via_inventory *inv)
{
	struct walk w = {.inv = inv};
	int r = prepare(&w);

	if (r == 0)
		r = from_lifelines(&w);
	if (r == 0)
		r = from_addresses(&w);
	if (r == 0)
		r = publish(&w);
	finish(&w);
	return r;
}
