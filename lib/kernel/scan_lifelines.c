/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's life hangs on: default routes, a root file system on the network. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/scan_lifelines.h"
#include "kernel/scan_storage.h"

int scan_lifeline_add(
	struct scan_lifes *l, enum via_lifeline_kind kind, int ifindex, const char *detail)
{
	struct via_lifeline *grown;

	for (size_t i = 0; i < l->n; i++) {
		if (l->list[i].kind == kind && l->list[i].ifindex == ifindex &&
			!strcmp(l->list[i].detail ? l->list[i].detail : "", detail))
			return 0;
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		grown = reallocarray(l->list, l->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->list = grown;
	}
	l->list[l->n++] = (struct via_lifeline){kind, ifindex, scan_intern(l->s, detail)};
	return 0;
}

int scan_lifeline_towards(
	struct scan_lifes *l, enum via_lifeline_kind kind, int family, const void *addr)
{
	char text[INET6_ADDRSTRLEN];
	int ifindex;

	if (!inet_ntop(family, addr, text, sizeof(text)) ||
		l->s->k->ops->route_to(l->s->k, family, addr, &ifindex) < 0)
		return 0; /* no way there: nothing to protect */
	return scan_lifeline_add(l, kind, ifindex, text);
}

/* --- default routes --- */

static int add_routes(struct scan_lifes *l)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->s->net.n_routes; i++) {
		const struct via_route *t = &l->s->net.routes[i];
		char text[INET6_ADDRSTRLEN] = "";

		if (t->has_gateway && !inet_ntop(t->family, t->gateway, text, sizeof(text)))
			text[0] = '\0';
		r = scan_lifeline_add(l,
			t->family == AF_INET6 ? VIA_LIFELINE_ROUTE6 : VIA_LIFELINE_ROUTE4,
			t->ifindex, text);
	}
	return r;
}

/* --- the root file system --- */

/* An address at the start of text: "10.0.0.1:/srv", "[fd00::1]:/srv", "10.0.0.1:6789,…". */
static int add_server(struct scan_lifes *l, const char *text)
{
	uint8_t addr[16];
	char ip[INET6_ADDRSTRLEN + 1];
	const char *start = text + (*text == '[');
	size_t n = strcspn(start, *text == '[' ? "]" : ",/ \n");

	if (n >= sizeof(ip))
		return 0;
	memcpy(ip, start, n);
	ip[n] = '\0';
	if (inet_pton(AF_INET6, ip, addr) == 1)
		return scan_lifeline_towards(l, VIA_LIFELINE_ROOTFS, AF_INET6, addr);
	ip[strcspn(ip, ":")] = '\0';
	if (inet_pton(AF_INET, ip, addr) == 1)
		return scan_lifeline_towards(l, VIA_LIFELINE_ROOTFS, AF_INET, addr);
	return 0;
}

/* NAME=VALUE in a comma-separated list; NULL for none. */
static const char *option(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *o = list; o; o = strchr(o, ',')) {
		o += *o == ',';
		if (!strncmp(o, name, len) && o[len] == '=')
			return o + len + 1;
	}
	return NULL;
}

/* "…/host2/session1/target2:0:0/…": the iSCSI connection of that session. */
static int add_iscsi(struct scan_lifes *l, const char *session)
{
	static const char *const names[] = {"address", "persistent_address"};
	char path[96], text[64];
	int number;

	if (sscanf(session, "/session%d/", &number) != 1)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "sys/class/iscsi_connection/connection%d:0/%s", number,
			names[i]);
		if (via_kernel_read_str(l->s->k, path, text, sizeof(text)) == 0)
			return add_server(l, text);
	}
	return 0;
}

/* "traddr=10.0.0.5,trsvcid=4420" (nvmf_get_address in drivers/nvme/host/fabrics.c) */
static int add_nvme(struct scan_lifes *l, const char *controller)
{
	char path[96], text[256];
	const char *traddr;
	int number;

	if (sscanf(controller, "/nvme-fabrics/ctl/nvme%d", &number) != 1)
		return 0;
	snprintf(path, sizeof(path), "sys/class/nvme/nvme%d/address", number);
	if (via_kernel_read_str(l->s->k, path, text, sizeof(text)))
		return 0;
	traddr = option(text, "traddr");
	return traddr ? add_server(l, traddr) : 0;
}

static int on_root_disk(const char *where, void *user)
{
	struct scan_lifes *l = user;
	const char *session = strstr(where, "/session"), *fabric = strstr(where, "/nvme-fabrics/");
	int r = session ? add_iscsi(l, session) : 0;

	return r == 0 && fabric ? add_nvme(l, fabric) : r;
}

/* File systems that name their server as an option, or as the beginning of their source. */
static const struct {
	const char *type, *option;
} net_file_systems[] = {
	{"nfs", "addr"},
	{"nfs4", "addr"},
	{"cifs", "addr"},
	{"smb3", "addr"},
	{"9p", NULL},
	{"ceph", NULL},
	{"fuse.glusterfs", NULL},
	{"fuse.sshfs", NULL},
};

static int on_mount(const struct scan_mount *m, void *user)
{
	struct scan_lifes *l = user;
	const char *server;

	if (strcmp(m->target, "/"))
		return 0;
	for (size_t i = 0; i < sizeof(net_file_systems) / sizeof(net_file_systems[0]); i++) {
		if (strcmp(m->type, net_file_systems[i].type))
			continue;
		server = net_file_systems[i].option ? option(m->options, net_file_systems[i].option)
						    : m->source;
		return server ? add_server(l, server) : 0;
	}
	return m->major ? scan_block_each(l->s->k, m->major, m->minor, on_root_disk, l) : 0;
}

int scan_lifelines(struct scan *s)
{
	struct scan_lifes l = {.s = s};
	int r = add_routes(&l);

	if (r == 0)
		r = scan_mounts(s->k, on_mount, &l);
	if (r == 0)
		r = scan_ssh(&l);
	if (r == 0) {
		s->inv->lifelines =
			(struct via_lifeline *)scan_copy(s, l.list, l.n, sizeof(*l.list));
		s->inv->n_lifelines = s->inv->lifelines ? l.n : 0;
	}
	free(l.list);
	return r;
}
