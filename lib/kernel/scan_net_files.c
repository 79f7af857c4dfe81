/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Net devices from sysfs alone, for a tree that is not this machine's own (the door's netlink half
 * answers as a host without one): those of PCI functions, by the net directory of each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/scan_parts.h"

#define IFF_UP 0x1 /* linux/if.h */

struct found {
	struct via_netdev *list;
	size_t n, cap;
	struct via_addr dev;
};

static int on_netdev(const char *name, void *user)
{
	struct found *f = user;
	struct via_netdev *grown;

	if (strlen(name) >= sizeof(f->list->name))
		return 0;
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 64;
		grown = reallocarray(f->list, f->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		f->list = grown;
	}
	f->list[f->n] = (struct via_netdev){.dev = f->dev, .has_dev = true, .rep_vf = -1};
	strcpy(f->list[f->n++].name, name);
	return 0;
}

static const char *text_of(
	struct scan *s, struct scan_path *p, const char *name, char *buf, size_t size)
{
	return via_kernel_read_str(s->k, scan_at(p, name), buf, size) ? "" : buf;
}

static int64_t number_of(struct scan *s, struct scan_path *p, const char *name)
{
	char buf[32];
	int64_t v = 0;

	return via_parse_int(text_of(s, p, name, buf, sizeof(buf)), 0, INT32_MAX, &v) ? 0 : v;
}

static void read_netdev(struct scan *s, struct via_netdev *n)
{
	char path[64], buf[80];
	struct scan_path p;
	uint64_t flags = 0;

	snprintf(path, sizeof(path), "sys/class/net/%s", n->name);
	scan_path_set(&p, path);
	n->ifindex = (int)number_of(s, &p, "ifindex");
	n->mtu = (uint32_t)number_of(s, &p, "mtu");
	if (via_parse_hex(text_of(s, &p, "flags", buf, sizeof(buf)), UINT32_MAX, &flags) == 0)
		n->up = flags & IFF_UP;
	if (via_mac_parse(text_of(s, &p, "address", buf, sizeof(buf)), &n->mac))
		n->mac = (struct via_mac){{0}};
	n->carrier = n->up && number_of(s, &p, "carrier") == 1;
	if (n->carrier)
		n->speed_mbps = (uint32_t)number_of(s, &p, "speed");
	n->phys_port_id = scan_intern(s, text_of(s, &p, "phys_port_id", buf, sizeof(buf)));
	n->phys_port_name = scan_intern(s, text_of(s, &p, "phys_port_name", buf, sizeof(buf)));
	n->phys_switch_id = scan_intern(s, text_of(s, &p, "phys_switch_id", buf, sizeof(buf)));
}

static int by_ifindex(const void *a, const void *b)
{
	const struct via_netdev *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

static int list_device(struct scan *s, const struct via_device *d, struct found *f)
{
	char path[64];
	int r;

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/net", via_addr_fmt(d->addr));
	f->dev = d->addr;
	r = s->k->ops->list(s->k, path, on_netdev, f);
	return r == -ENOMEM ? r : 0;
}

int scan_net_files(struct scan *s)
{
	struct via_inventory *inv = s->inv;
	struct found f = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < inv->n_devices; i++) {
		if (s->marks[i].has_net)
			r = list_device(s, &inv->devices[i], &f);
	}
	for (size_t i = 0; r == 0 && i < f.n; i++)
		read_netdev(s, &f.list[i]);
	if (f.n)
		qsort(f.list, f.n, sizeof(*f.list), by_ifindex);
	inv->netdevs = (struct via_netdev *)scan_copy(s, f.list, r == 0 ? f.n : 0, sizeof(*f.list));
	inv->n_netdevs = inv->netdevs ? f.n : 0;
	free(f.list);
	return r;
}
