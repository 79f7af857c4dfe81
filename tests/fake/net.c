/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Net devices and their sysfs files. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

struct fake_netdev *fake_netdev(struct via_fake *f, int ifindex)
{
	for (size_t i = 0; i < f->n_netdevs; i++)
		if (f->netdevs[i].link.ifindex == ifindex)
			return &f->netdevs[i];
	return NULL;
}

struct fake_netdev *fake_netdev_named(struct via_fake *f, const char *name)
{
	for (size_t i = 0; i < f->n_netdevs; i++)
		if (!f->netdevs[i].link.netns[0] && !strcmp(f->netdevs[i].link.name, name))
			return &f->netdevs[i];
	return NULL;
}

static bool is_representor(const struct via_link *l)
{
	return strstr(l->phys_port_name, "vf") != NULL;
}

struct fake_netdev *fake_netdev_of(struct via_fake *f, struct via_addr pci)
{
	for (size_t i = 0; i < f->n_netdevs; i++) {
		struct via_addr a;

		if (!via_addr_parse(f->netdevs[i].link.parent, &a) && via_addr_eq(a, pci) &&
			!is_representor(&f->netdevs[i].link))
			return &f->netdevs[i];
	}
	return NULL;
}

bool fake_netdev_carrier(const struct fake_netdev *n)
{
	return n->link.up && n->plugged &&
	       (!n->carrier_from_ms || fake_now_ms() >= n->carrier_from_ms);
}

void fake_netdev_restart_carrier(struct fake_netdev *n)
{
	n->carrier_from_ms = n->carrier_delay_ms ? fake_now_ms() + n->carrier_delay_ms : 0;
}

static void directory(struct via_fake *f, const struct fake_netdev *n, char *buf)
{
	struct via_addr a;
	struct fake_node *dev = NULL;

	if (!via_addr_parse(n->link.parent, &a))
		dev = fake_pci(f, a);
	if (dev)
		fake_node_path(dev, buf);
	else
		strcpy(buf, "sys/devices/virtual");
	if (strlen(buf) + sizeof("/net/") + sizeof(n->link.name) > FAKE_PATH_MAX)
		abort();
	strcat(strcat(buf, "/net/"), n->link.name);
}

static void put(struct via_fake *f, const char *dir, const char *name, int error, const char *text)
{
	char path[FAKE_PATH_MAX + 32];
	struct fake_node *n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fake_put(f, path, "%s", text);
	n = fake_find(f, "%s", path);
	n->read_error = error;
}

#define NUM(buf, ...) (snprintf((buf), sizeof(buf), __VA_ARGS__), (buf))

/* What net/core/net-sysfs.c shows; EOPNOTSUPP and EINVAL as there. */
void fake_netdev_files(struct via_fake *f, struct fake_netdev *n)
{
	const struct via_link *l = &n->link;
	bool carrier = fake_netdev_carrier(n);
	char dir[FAKE_PATH_MAX], buf[64];

	if (!n->files)
		return;
	directory(f, n, dir);
	put(f, dir, "address", 0, via_mac_fmt(l->mac));
	put(f, dir, "ifindex", 0, NUM(buf, "%d", l->ifindex));
	put(f, dir, "iflink", 0, NUM(buf, "%d", l->lower ? l->lower : l->ifindex));
	put(f, dir, "mtu", 0, NUM(buf, "%u", l->mtu));
	put(f, dir, "type", 0, l->ifindex == 1 ? "772" : "1");
	put(f, dir, "flags", 0, l->up ? "0x1003" : "0x1002");
	put(f, dir, "operstate", 0, carrier ? "up" : "down");
	put(f, dir, "carrier", l->up ? 0 : EINVAL, carrier ? "1" : "0");
	put(f, dir, "speed", l->up ? 0 : EINVAL,
		carrier && n->speed_mbps ? NUM(buf, "%u", n->speed_mbps) : "-1");
	put(f, dir, "phys_port_id", l->phys_port_id[0] ? 0 : EOPNOTSUPP, l->phys_port_id);
	put(f, dir, "phys_port_name", l->phys_port_name[0] ? 0 : EOPNOTSUPP, l->phys_port_name);
	put(f, dir, "phys_switch_id", l->phys_switch_id[0] ? 0 : EOPNOTSUPP, l->phys_switch_id);
	put(f, dir, "dev_port", 0, "0");
	put(f, dir, "dev_id", 0, "0x0");
	put(f, dir, "uevent", 0, NUM(buf, "INTERFACE=%s\nIFINDEX=%d", l->name, l->ifindex));
}

static void links(struct via_fake *f, struct fake_netdev *n)
{
	char dir[FAKE_PATH_MAX], device[FAKE_PATH_MAX];
	struct via_addr a;

	directory(f, n, dir);
	fake_link(f, dir, "subsystem", "sys/class/net");
	fake_link(f, "sys/class/net", n->link.name, dir);
	if (via_addr_parse(n->link.parent, &a) || !fake_pci(f, a))
		return;
	fake_node_path(fake_pci(f, a), device);
	fake_link(f, dir, "device", device);
}

static void drop_files(struct via_fake *f, struct fake_netdev *n)
{
	char dir[FAKE_PATH_MAX], *slash;
	struct fake_node *above;

	if (!n->files)
		return;
	directory(f, n, dir);
	fake_drop_path(f, "%s", dir);
	fake_drop_path(f, "sys/class/net/%s", n->link.name);
	/* The "net" folder of a PCI function goes with its last net device. */
	slash = strrchr(dir, '/');
	*slash = '\0';
	above = fake_find(f, "%s", dir);
	if (above && !above->first)
		fake_tree_remove(&f->tree, above);
	n->files = false;
}

static void announce(struct via_fake *f, const struct fake_netdev *n, enum via_uevent_action action)
{
	struct via_addr a;

	if (!n->link.netns[0])
		fake_uevent(f, action, "net", n->link.name,
			via_addr_parse(n->link.parent, &a) ? NULL : &a);
}

struct fake_netdev *fake_netdev_add(struct via_fake *f, const struct via_link *link, uint32_t speed)
{
	struct fake_netdev *n = link->ifindex ? fake_netdev(f, link->ifindex) : NULL;

	if (!n)
		n = fake_push(&f->netdevs, &f->n_netdevs);
	n->link = *link;
	n->plugged = link->carrier;
	n->speed_mbps = speed;
	n->wrap = UINT32_MAX;
	if (!n->link.ifindex)
		n->link.ifindex = f->next_ifindex;
	if (n->link.ifindex >= f->next_ifindex)
		f->next_ifindex = n->link.ifindex + 1;
	if (!link->netns[0]) {
		n->files = true;
		fake_netdev_files(f, n);
		links(f, n);
	}
	announce(f, n, VIA_UEVENT_ADD);
	return n;
}

static void forget_addrs(struct via_fake *f, int ifindex)
{
	for (size_t i = f->n_addrs; i-- > 0;)
		if (f->addrs[i].ifindex == ifindex)
			fake_drop(f->addrs, f->n_addrs, i);
	for (size_t i = f->n_routes; i-- > 0;)
		if (f->routes[i].ifindex == ifindex)
			fake_drop(f->routes, f->n_routes, i);
	for (size_t i = f->n_dests; i-- > 0;)
		if (f->dests[i].ifindex == ifindex)
			fake_drop(f->dests, f->n_dests, i);
}

void fake_netdev_remove(struct via_fake *f, int ifindex)
{
	struct fake_netdev *n = fake_netdev(f, ifindex);

	forget_addrs(f, ifindex);
	for (size_t i = 0; i < f->n_netdevs; i++)
		if (f->netdevs[i].link.master == ifindex)
			f->netdevs[i].link.master = 0;
	announce(f, n, VIA_UEVENT_REMOVE);
	drop_files(f, n);
	free(n->vfs);
	fake_drop(f->netdevs, f->n_netdevs, (size_t)(n - f->netdevs));
}

int fake_parse_cidr(const char *text, int *family, uint8_t addr[16], uint8_t *prefix)
{
	char buf[INET6_ADDRSTRLEN + 8], *slash;
	long bits;

	snprintf(buf, sizeof(buf), "%s", text);
	slash = strchr(buf, '/');
	if (slash)
		*slash = '\0';
	*family = strchr(buf, ':') ? AF_INET6 : AF_INET;
	memset(addr, 0, 16);
	if (inet_pton(*family, buf, addr) != 1)
		return -EINVAL;
	bits = slash ? strtol(slash + 1, NULL, 10) : *family == AF_INET ? 32 : 128;
	if (bits < 0 || bits > (*family == AF_INET ? 32 : 128))
		return -EINVAL;
	*prefix = (uint8_t)bits;
	return 0;
}

int via_fake_add_netdev(struct via_fake *f, const struct via_link *link, uint32_t speed_mbps)
{
	FAKE_GUARD(f);
	f->dirty = true;
	return fake_netdev_add(f, link, speed_mbps)->link.ifindex;
}

int via_fake_add_virtual(struct via_fake *f, const char *name, const char *kind, int lower)
{
	struct via_link l = {
		.mtu = 1500, .up = true, .carrier = true, .lower = lower, .lower_nsid = -1};

	snprintf(l.name, sizeof(l.name), "%s", name);
	snprintf(l.kind, sizeof(l.kind), "%s", kind);
	l.mac = (struct via_mac){{0x02, 0xfb, 0, 0, 0, (uint8_t)f->next_ifindex}};
	return via_fake_add_netdev(f, &l, 0);
}

void via_fake_enslave(struct via_fake *f, int ifindex, int master)
{
	struct fake_netdev *n, *m;
	char dir[FAKE_PATH_MAX], above[FAKE_PATH_MAX], name[32];

	FAKE_GUARD(f);
	n = fake_netdev(f, ifindex);
	m = fake_netdev(f, master);
	if (!n || !m)
		abort();
	n->link.master = master;
	f->dirty = true;
	if (!n->files || !m->files)
		return;
	directory(f, n, dir);
	directory(f, m, above);
	fake_link(f, dir, "master", above);
	snprintf(name, sizeof(name), "upper_%s", m->link.name);
	fake_link(f, dir, name, above);
	snprintf(name, sizeof(name), "lower_%s", n->link.name);
	fake_link(f, above, name, dir);
}

void via_fake_move_netns(struct via_fake *f, int ifindex, const char *netns)
{
	struct fake_netdev *n;

	FAKE_GUARD(f);
	n = fake_netdev(f, ifindex);
	if (!n)
		abort();
	announce(f, n, VIA_UEVENT_REMOVE);
	drop_files(f, n);
	forget_addrs(f, ifindex);
	n->link.master = 0;
	n->link.up = false;
	snprintf(n->link.netns, sizeof(n->link.netns), "%s", netns);
	if (!netns[0]) {
		n->files = true;
		fake_netdev_files(f, n);
		links(f, n);
		announce(f, n, VIA_UEVENT_ADD);
	}
	f->dirty = true;
}
