/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"
#include "model/policy.h"

/* --- which functions there are --- */

/* From this many functions on a second thread saves more than it costs. */
#define HELPER_MIN 512

struct addresses {
	struct scan *s;
	struct via_addr *list;
	size_t n, cap;
};

static void start_helper(struct scan *s)
{
	/* An update has its names from before. */
	scan_helper_start(&s->helper, s->k, !s->opt->no_holders, !s->opt->no_names && !s->old);
}

static int on_address(const char *name, void *user)
{
	struct addresses *a = user;
	struct via_addr *grown;

	if (a->n == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 256;
		grown = reallocarray(a->list, a->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		a->list = grown;
	}
	if (via_addr_parse(name, &a->list[a->n]) == 0)
		a->n++;
	if (a->n == HELPER_MIN && !a->s->old)
		start_helper(a->s);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	return via_addr_cmp(*(const struct via_addr *)a, *(const struct via_addr *)b);
}

/* "1:0.0" and "0000:01:00.0" are one; no kernel lists both. */
static size_t without_twins(struct via_addr *list, size_t n)
{
	size_t kept = 1;

	for (size_t i = 1; i < n; i++) {
		if (!via_addr_eq(list[i], list[kept - 1]))
			list[kept++] = list[i];
	}
	return kept;
}

static int list_devices(struct scan *s)
{
	struct addresses a = {.s = s};
	struct via_inventory *inv = s->inv;
	int r = s->k->ops->list(s->k, VIA_PCI_DEVICES, on_address, &a);

	if (r == -ENOENT) /* a machine without a PCI bus */
		r = 0;
	if (r == 0 && a.n) {
		qsort(a.list, a.n, sizeof(*a.list), by_address);
		a.n = without_twins(a.list, a.n);
		inv->devices = via_arena_alloc(&inv->arena, a.n * sizeof(*inv->devices));
		s->marks = calloc(a.n, sizeof(*s->marks));
		r = inv->devices && s->marks ? 0 : -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < a.n; i++)
		inv->devices[i].addr = a.list[i];
	inv->n_devices = r == 0 ? a.n : 0;
	free(a.list);
	return r < 0 ? via_err_set(s->err, r, "/" VIA_PCI_DEVICES ": cannot list: %s", strerror(-r))
		     : 0;
}

/* --- what an update may take over --- */

struct change {
	const struct via_addr *list;
	size_t n;
};

static bool is_listed(const struct change *c, struct via_addr a)
{
	for (size_t i = 0; i < c->n; i++) {
		if (via_addr_eq(c->list[i], a))
			return true;
	}
	return false;
}

static bool is_pf_of_changed(const struct change *c, const struct via_device *d)
{
	for (size_t i = 0; d->sriov && i < d->sriov->n_vfs; i++) {
		if (is_listed(c, d->sriov->vfs[i].addr))
			return true;
	}
	return false;
}

/* A bridge that came, went or changed may change the path of everything below it. */
static bool touches_bridge(const struct via_inventory *old, const struct change *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct via_device *d = via_inventory_device(old, c->list[i]);

		if (d && d->kind == VIA_DEVICE_BRIDGE)
			return true;
	}
	return false;
}

static struct via_sriov *copy_sriov(struct scan *s, const struct via_sriov *from)
{
	struct via_sriov *to = via_arena_alloc(&s->inv->arena, sizeof(*to));

	if (!to)
		return NULL;
	*to = *from;
	to->vfs = scan_copy(s, from->vfs, from->n_vfs, sizeof(*from->vfs));
	to->vf_info = NULL; /* read again with the net devices */
	to->n_vf_info = 0;
	to->vf_info_complete = true;
	to->eswitch_mode = NULL;
	return to->n_vfs && !to->vfs ? NULL : to;
}

/* All but what each scan reads anew: net devices, holders, protection, other managers. */
static int copy_device(struct scan *s, struct via_device *d, const struct via_device *from)
{
	const char *texts[] = {from->vendor_name, from->device_name, from->driver,
		from->driver_override, from->modalias, from->id_path, from->reset_methods,
		from->serial};
	const char **to[] = {&d->vendor_name, &d->device_name, &d->driver, &d->driver_override,
		&d->modalias, &d->id_path, &d->reset_methods, &d->serial};

	*d = *from;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(texts); i++)
		*to[i] = scan_intern(s, texts[i]);
	d->n_netdevs = d->n_holders = d->n_protect = d->n_others = 0;
	d->netdevs = NULL;
	d->holders = NULL;
	d->protect = d->others = NULL;
	d->protected_ = false;
	if (from->sriov) {
		d->sriov = copy_sriov(s, from->sriov);
		if (!d->sriov)
			return -ENOMEM;
	}
	return 0;
}

/* A function with a problem is read again each time: its problem may be over. */
static bool may_copy(const struct change *c, const struct via_device *from)
{
	return from && !from->problem && !is_listed(c, from->addr) && !is_pf_of_changed(c, from) &&
	       (from->kind != VIA_DEVICE_VF || !is_listed(c, from->pf));
}

static int copy_unchanged(struct scan *s, const struct change *c)
{
	for (size_t i = 0; i < s->inv->n_devices; i++) {
		struct via_device *d = &s->inv->devices[i];
		const struct via_device *from = via_inventory_device(s->old, d->addr);

		if (!may_copy(c, from))
			continue;
		if (copy_device(s, d, from) < 0)
			return -ENOMEM;
		s->marks[i].status = SCAN_COPIED;
		s->marks[i].has_net = d->driver && !strstr(d->driver, "vfio");
	}
	return 0;
}

/* --- reading --- */

static int read_devices(struct scan *s)
{
	for (size_t i = 0; i < s->inv->n_devices; i++) {
		struct via_device *d = &s->inv->devices[i];
		int r;

		/* A VF that a PF before it has named is read among its likes. */
		if (s->marks[i].status != SCAN_PENDING || d->kind == VIA_DEVICE_VF)
			continue;
		r = scan_device(s, d);
		if (r < 0 && r != -ENODEV)
			return r;
		s->marks[i].status = r == 0 ? SCAN_DONE : SCAN_GONE;
	}
	return scan_vfs(s);
}

static void drop_vanished(struct scan *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->inv->n_devices; i++) {
		if (s->marks[i].status != SCAN_DONE && s->marks[i].status != SCAN_COPIED)
			continue;
		s->inv->devices[kept] = s->inv->devices[i];
		s->marks[kept++] = s->marks[i];
	}
	s->inv->n_devices = kept;
	scan_prune_slots(s);
}

/* A failure that nobody has put into words yet. */
static int explain(struct scan *s, int r)
{
	return s->err && !s->err->code
		       ? via_err_set(s->err, r, "cannot read the host: %s", strerror(-r))
		       : r;
}

/* In this order: each may need what those before it found. */
static int (*const parts[])(struct scan *s) = {
	scan_names,
	scan_net,
	scan_pf_net,
	scan_lifelines,
	scan_holders,
	scan_managers,
	scan_host,
};

static size_t count_pending(const struct scan *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->inv->n_devices; i++)
		n += s->marks[i].status == SCAN_PENDING;
	return n;
}

static int read_all(struct scan *s, const struct change *c)
{
	int r = list_devices(s);

	if (r == 0 && s->old)
		r = copy_unchanged(s, c);
	if (r == 0 && s->old && count_pending(s) >= HELPER_MIN)
		start_helper(s);
	if (r == 0)
		r = read_devices(s);
	if (r < 0)
		return r;
	drop_vanished(s);
	scan_acs(s);
	for (size_t i = 0; r == 0 && i < VIA_ARRAY_SIZE(parts); i++)
		r = parts[i](s);
	return r < 0 ? r : via_policy_protect(s->inv);
}

static uint64_t next_generation(void)
{
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

static int run(struct via_kernel *k, const struct via_scan_options *opt,
	const struct via_inventory *old, const struct change *c, struct via_inventory **ret,
	struct via_err *err)
{
	static const struct via_scan_options none;
	via_autoinventory *inv = via_inventory_create();
	struct scan s = {.k = k, .opt = opt ? opt : &none, .old = old, .inv = inv, .err = err};
	int r;

	if (err)
		*err = (struct via_err){0};
	if (!inv)
		return explain(&s, -ENOMEM);
	inv->generation = next_generation();
	inv->complete = true;
	r = read_all(&s, c);
	scan_helper_finish(&s.helper);
	free(s.marks);
	via_net_finish(&s.net);
	if (r < 0)
		return explain(&s, r);
	*ret = via_steal(&inv);
	return 0;
}

int via_scan(struct via_kernel *k, const struct via_scan_options *opt, struct via_inventory **ret,
	struct via_err *err)
{
	return run(k, opt, NULL, NULL, ret, err);
}

int via_scan_update(struct via_kernel *k, const struct via_scan_options *opt,
	const struct via_inventory *old, const struct via_addr *changed, size_t n_changed,
	struct via_inventory **ret, struct via_err *err)
{
	struct change c = {changed, n_changed};

	return touches_bridge(old, &c) ? run(k, opt, NULL, NULL, ret, err)
				       : run(k, opt, old, &c, ret, err);
}
