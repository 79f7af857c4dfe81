/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Net devices: from one netlink dump, tied to the functions they sit on. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/scan_parts.h"

#define CLASS_USB  0x0c03
#define SCOPE_LINK 253 /* RT_SCOPE_LINK, linux/rtnetlink.h */

/*
 * The function below a net device whose own parent is not on the PCI bus (virtio, auxiliary bus):
 * the last address in "../../devices/pci0000:00/0000:00:03.0/virtio1/net/eth0".
 */
static bool find_function(struct scan *s, const char *name, struct via_addr *ret)
{
	char path[64], target[SCAN_PATH_MAX], *part, *save = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "sys/class/net/%s", name);
	if (s->k->ops->readlink(s->k, path, target, sizeof(target)) < 0)
		return false;
	for (part = strtok_r(target, "/", &save); part; part = strtok_r(NULL, "/", &save))
		found |= via_addr_parse(part, ret) == 0;
	return found;
}

/* The driver answers from its firmware; it refuses (EINVAL) while the link is down. */
static uint32_t read_speed(struct scan *s, const struct via_netdev *n)
{
	char path[64], text[16];
	int64_t v;

	snprintf(path, sizeof(path), "sys/class/net/%s/speed", n->name);
	if (via_kernel_read_str(s->k, path, text, sizeof(text)) ||
		via_parse_int(text, 1, INT32_MAX, &v)) /* -1: unknown (SPEED_UNKNOWN) */
		return 0;
	return (uint32_t)v;
}

static bool is_listed(const struct via_link *l)
{
	return !l->netns[0] || l->parent[0];
}

static void fill(struct scan *s, struct via_netdev *n, const struct via_link *l)
{
	memcpy(n->name, l->name, sizeof(n->name));
	n->ifindex = l->ifindex;
	n->netns = scan_intern(s, l->netns);
	n->mac = l->mac;
	n->perm_mac = l->perm_mac;
	n->has_perm_mac = l->has_perm_mac;
	n->mtu = l->mtu;
	n->up = l->up;
	n->carrier = l->carrier;
	n->kind = scan_intern(s, l->kind);
	n->master = l->master;
	n->lower =
		l->lower_nsid == -1 ? l->lower : 0; /* an ifindex of another namespace is no use */
	n->phys_port_id = scan_intern(s, l->phys_port_id);
	n->phys_port_name = scan_intern(s, l->phys_port_name);
	n->phys_switch_id = scan_intern(s, l->phys_switch_id);
	n->rep_vf = -1;
	n->has_dev = l->parent[0] && via_addr_parse(l->parent, &n->dev) == 0;
	if (!n->has_dev && !n->netns && !n->kind)
		n->has_dev = find_function(s, n->name, &n->dev);
	if (n->has_dev && !n->netns && n->carrier)
		n->speed_mbps = read_speed(s, n);
}

static int by_place(const void *a, const void *b)
{
	const struct via_netdev *x = a, *y = b;
	int r;

	if (!x->netns != !y->netns)
		return x->netns ? 1 : -1;
	r = x->netns ? strcmp(x->netns, y->netns) : 0;
	if (r)
		return r;
	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static int make_netdevs(struct scan *s)
{
	struct via_inventory *inv = s->inv;
	size_t n = 0;

	for (size_t i = 0; i < s->net.n_links; i++)
		n += is_listed(&s->net.links[i]);
	if (!n)
		return 0;
	inv->netdevs = via_arena_alloc(&inv->arena, n * sizeof(*inv->netdevs));
	if (!inv->netdevs)
		return -ENOMEM;
	for (size_t i = 0; i < s->net.n_links; i++) {
		if (is_listed(&s->net.links[i]))
			fill(s, &inv->netdevs[inv->n_netdevs++], &s->net.links[i]);
	}
	qsort(inv->netdevs, n, sizeof(*inv->netdevs), by_place);
	return 0;
}

/* --- addresses --- */

static bool is_shown(const struct via_ifaddr *a)
{
	bool fe80 = a->family == AF_INET6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;

	return a->scope != SCOPE_LINK && !fe80;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct via_ifaddr *x = a, *y = b;

	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

static int add_addresses(struct scan *s, const struct via_ifaddr *a, size_t n)
{
	struct via_netdev *dev = (struct via_netdev *)via_inventory_netdev(s->inv, a->ifindex);
	const char **list;
	char ip[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 8];

	if (!dev)
		return 0;
	list = via_arena_alloc(&s->inv->arena, n * sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!is_shown(&a[i]) || !inet_ntop(a[i].family, a[i].addr, ip, sizeof(ip)))
			continue;
		snprintf(text, sizeof(text), "%s/%u", ip, a[i].prefix);
		list[dev->n_addrs++] = scan_intern(s, text);
	}
	dev->addrs = list;
	return 0;
}

static int attach_addresses(struct scan *s)
{
	struct via_ifaddr *a = s->net.addrs;
	size_t n = s->net.n_addrs, end;
	int r = 0;

	if (n)
		qsort(a, n, sizeof(*a), by_ifindex);
	for (size_t i = 0; r == 0 && i < n; i = end) {
		for (end = i + 1; end < n && a[end].ifindex == a[i].ifindex; end++)
			;
		r = add_addresses(s, a + i, end - i);
	}
	return r;
}

/* --- which function has which net devices --- */

static int by_device(const void *a, const void *b)
{
	const struct via_netdev *x = *(const struct via_netdev *const *)a,
				*y = *(const struct via_netdev *const *)b;
	int r = via_addr_cmp(x->dev, y->dev);

	if (r)
		return r;
	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static int give(struct scan *s, struct via_netdev *const *list, size_t n)
{
	struct via_device *d = scan_find(s, list[0]->dev);
	int *indexes;

	if (!d)
		return 0;
	indexes = via_arena_alloc(&s->inv->arena, n * sizeof(*indexes));
	if (!indexes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!list[i]->netns)
			indexes[d->n_netdevs++] = list[i]->ifindex;
	}
	d->netdevs = d->n_netdevs ? indexes : NULL;
	if (d->class_code >> 8 == CLASS_USB) /* it carries one, and is none */
		return 0;
	d->is_nic = true;
	if (d->kind == VIA_DEVICE_OTHER)
		d->kind = VIA_DEVICE_NIC;
	return 0;
}

static int attach_to_devices(struct scan *s)
{
	size_t n = 0, end;
	via_autofree struct via_netdev **list =
		calloc(s->inv->n_netdevs + 1, sizeof(struct via_netdev *));
	int r = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < s->inv->n_netdevs; i++) {
		if (s->inv->netdevs[i].has_dev)
			list[n++] = &s->inv->netdevs[i];
	}
	qsort(list, n, sizeof(struct via_netdev *), by_device);
	for (size_t i = 0; r == 0 && i < n; i = end) {
		for (end = i + 1; end < n && via_addr_eq(list[end]->dev, list[i]->dev); end++)
			;
		r = give(s, list + i, end - i);
	}
	return r;
}

int scan_net(struct scan *s)
{
	int r = s->k->ops->get_net(s->k, !s->opt->no_netns, &s->net, s->err);

	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	r = s->net.n_links ? make_netdevs(s) : scan_net_files(s);
	if (r == 0)
		r = attach_addresses(s);
	if (r == 0)
		r = attach_to_devices(s);
	if (r == 0)
		scan_representors(s);
	return r;
}
