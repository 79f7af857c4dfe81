/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door's half that is rtnetlink and devlink in Linux: links, addresses, routes, eswitch. */
#include <errno.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

static int copy_array(void *dst, const void *src, size_t n, size_t size)
{
	void *p = NULL;

	if (n) {
		p = fake_alloc(n * size);
		memcpy(p, src, n * size);
	}
	memcpy(dst, &p, sizeof(p));
	return 0;
}

int fake_get_net(struct via_fake *f, bool others, struct via_net *ret)
{
	struct via_net net = {.n_addrs = f->n_addrs, .n_routes = f->n_routes};

	net.links = fake_alloc((f->n_netdevs + 1) * sizeof(*net.links));
	for (int ours = 1; ours >= !others; ours--) {
		for (size_t i = 0; i < f->n_netdevs; i++) {
			const struct fake_netdev *n = &f->netdevs[i];

			if ((n->link.netns[0] == 0) != (ours != 0))
				continue;
			net.links[net.n_links] = n->link;
			/* A dump without RTEXT_FILTER_VF carries no IFLA_NUM_VF. */
			net.links[net.n_links].num_vf = 0;
			net.links[net.n_links++].carrier = fake_netdev_carrier(n);
		}
	}
	copy_array(&net.addrs, f->addrs, f->n_addrs, sizeof(*f->addrs));
	copy_array(&net.routes, f->routes, f->n_routes, sizeof(*f->routes));
	*ret = net;
	return 0;
}

static bool within(const uint8_t *addr, const uint8_t *net, unsigned int prefix)
{
	unsigned int bytes = prefix / 8, bits = prefix % 8;

	return !memcmp(addr, net, bytes) &&
	       (!bits || (addr[bytes] ^ net[bytes]) >> (8 - bits) == 0);
}

struct route_query {
	int family, best, ifindex;
	const uint8_t *addr;
};

static void consider(struct route_query *q, int family, const uint8_t *net, int prefix, int ifindex)
{
	if (family != q->family || prefix <= q->best || !within(q->addr, net, (unsigned int)prefix))
		return;
	q->best = prefix;
	q->ifindex = ifindex;
}

int fake_route_to(struct via_fake *f, int family, const void *addr, int *ret)
{
	struct route_query q = {.family = family, .best = -1, .addr = addr};
	static const uint8_t any[16];
	size_t len = family == AF_INET ? 4 : 16;

	for (size_t i = 0; i < f->n_addrs; i++) {
		/* One's own address is reached over lo. */
		if (f->addrs[i].family == family && !memcmp(f->addrs[i].addr, addr, len))
			return *ret = 1, 0;
		consider(&q, f->addrs[i].family, f->addrs[i].addr, f->addrs[i].prefix,
			f->addrs[i].ifindex);
	}
	for (size_t i = 0; i < f->n_dests; i++)
		consider(&q, f->dests[i].family, f->dests[i].addr, f->dests[i].prefix,
			f->dests[i].ifindex);
	for (size_t i = 0; i < f->n_routes; i++)
		consider(&q, f->routes[i].family, any, 0, f->routes[i].ifindex);
	if (q.best < 0)
		return -ENETUNREACH;
	*ret = q.ifindex;
	return 0;
}

int fake_set_link(
	struct via_fake *f, int ifindex, const struct via_link_set *set, struct via_err *err)
{
	struct fake_netdev *n = fake_netdev(f, ifindex);

	if (!n || n->link.netns[0])
		return via_err_set(err, -ENODEV, "no net device with index %d", ifindex);
	/* dev_validate_mtu, with igb's limits. */
	if (set->has_mtu && set->mtu < 68)
		return via_err_set(err, -EINVAL, "%s: mtu less than device minimum", n->link.name);
	if (set->has_mtu && set->mtu > 9216)
		return via_err_set(
			err, -EINVAL, "%s: mtu greater than device maximum", n->link.name);
	if (set->has_mtu)
		n->link.mtu = set->mtu;
	if (set->has_up && set->up != n->link.up) {
		n->link.up = set->up;
		fake_netdev_restart_carrier(n);
	}
	fake_netdev_files(f, n);
	return 0;
}

static struct fake_eswitch *eswitch(struct via_fake *f, struct via_addr a)
{
	for (size_t i = 0; i < f->n_eswitches; i++)
		if (via_addr_eq(f->eswitches[i].addr, a))
			return &f->eswitches[i];
	return NULL;
}

int fake_get_eswitch(struct via_fake *f, struct via_addr pf, char *buf, size_t size)
{
	struct fake_eswitch *e = eswitch(f, pf);

	if (!e)
		return -EOPNOTSUPP;
	if (strlen(e->mode) >= size)
		return -EOVERFLOW;
	strcpy(buf, e->mode);
	return 0;
}

int fake_set_eswitch(struct via_fake *f, struct via_addr pf, const char *mode, struct via_err *err)
{
	struct fake_eswitch *e = eswitch(f, pf);

	if (!e)
		return via_err_set(err, -EOPNOTSUPP, "%s has no eswitch", via_addr_fmt(pf));
	if (strcmp(mode, "legacy") && strcmp(mode, "switchdev"))
		return via_err_set(err, -EINVAL, "unknown eswitch mode \"%s\"", mode);
	if (!strcmp(e->mode, mode))
		return 0;
	/* ice_eswitch_mode_set; mlx5 keeps the VFs. */
	if (!e->keeps_vfs &&
		fake_get_num(f, 10, VIA_PCI_DEVICES "/%s/sriov_numvfs", via_addr_fmt(pf)))
		return via_err_set(err, -EOPNOTSUPP,
			"Changing eswitch mode is allowed only if there is no VF created");
	snprintf(e->mode, sizeof(e->mode), "%s", mode);
	return 0;
}

void via_fake_set_eswitch(struct via_fake *f, const char *pf, const char *mode, bool keeps_vfs)
{
	struct via_addr a = fake_addr(pf);
	struct fake_eswitch *e;

	FAKE_GUARD(f);
	e = eswitch(f, a);
	if (!e)
		e = fake_push(&f->eswitches, &f->n_eswitches);
	e->addr = a;
	e->keeps_vfs = keeps_vfs;
	snprintf(e->mode, sizeof(e->mode), "%s", mode);
	f->dirty = true;
}

static void bad_address(const char *text)
{
	fprintf(stderr, "fake: \"%s\" is no address\n", text);
	abort();
}

void via_fake_add_addr(struct via_fake *f, int ifindex, const char *cidr)
{
	struct via_ifaddr *a;

	FAKE_GUARD(f);
	a = fake_push(&f->addrs, &f->n_addrs);
	a->ifindex = ifindex;
	if (fake_parse_cidr(cidr, &a->family, a->addr, &a->prefix))
		bad_address(cidr);
	/* RT_SCOPE_LINK for fe80::/10, RT_SCOPE_HOST for loopback */
	if (a->family == AF_INET6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80)
		a->scope = 253;
	else if (a->family == AF_INET && a->addr[0] == 127)
		a->scope = 254;
	f->dirty = true;
}

void via_fake_add_route(struct via_fake *f, int ifindex, const char *gateway)
{
	struct via_route *r;
	uint8_t prefix;

	FAKE_GUARD(f);
	r = fake_push(&f->routes, &f->n_routes);
	r->ifindex = ifindex;
	f->dirty = true;
	r->family = strcmp(gateway, "inet6") ? AF_INET : AF_INET6;
	if (!strcmp(gateway, "inet") || !strcmp(gateway, "inet6"))
		return;
	r->has_gateway = true;
	if (fake_parse_cidr(gateway, &r->family, r->gateway, &prefix))
		bad_address(gateway);
}

void via_fake_add_destination(struct via_fake *f, int ifindex, const char *cidr)
{
	struct fake_dest *d;

	FAKE_GUARD(f);
	d = fake_push(&f->dests, &f->n_dests);
	d->ifindex = ifindex;
	if (fake_parse_cidr(cidr, &d->family, d->addr, &d->prefix))
		bad_address(cidr);
	f->dirty = true;
}
