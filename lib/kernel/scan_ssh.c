/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Peers of ssh sessions: whoever would notice first that a PF is gone. A connection counts when its
 * local port is 22, when an ssh daemon listens on that port, or when an ssh daemon holds it and
 * somebody listens there (socket activation).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/scan_lifelines.h"
#include "kernel/scan_proc.h"

#define TABLE_MAX (4 * 1024 * 1024)
/* Documentation/networking/proc_net_tcp.rst; net/tcp_states.h */
#define ESTABLISHED 1
#define LISTEN	    10
#define SSH_PORT    22

struct conn {
	int family;
	uint8_t peer[16];
	uint16_t port; /* local */
	uint8_t state;
	uint64_t inode;
	bool ssh; /* an ssh daemon has it */
};

/* Ports somebody listens on, and those an ssh daemon does: a bit each. */
struct ports {
	uint8_t any[65536 / 8], ssh[65536 / 8];
};

struct conns {
	struct via_kernel *k;
	struct conn *list;
	size_t n, cap;
	struct ports listened;
	int pid;
};

/* 32-bit words in hexadecimal, each as it lies in memory. */
static bool parse_addr(const char *hex, size_t words, uint8_t *ret)
{
	if (strlen(hex) != words * 8)
		return false;
	for (size_t i = 0; i < words; i++) {
		unsigned int v;

		if (sscanf(hex + i * 8, "%8x", &v) != 1)
			return false;
		memcpy(ret + i * 4, &v, 4);
	}
	return true;
}

/* "  0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 1 …" */
static bool parse_line(const char *line, int family, struct conn *ret)
{
	struct conn c = {.family = family};
	unsigned int port, state;
	unsigned long long inode;
	char peer[64];

	if (sscanf(line, "%*d: %*[^:]:%x %63[^:]:%*x %x %*s %*s %*s %*u %*u %llu", &port, peer,
		    &state, &inode) != 4 ||
		!parse_addr(peer, family == AF_INET ? 1 : 4, c.peer))
		return false;
	c.port = (uint16_t)port;
	c.state = (uint8_t)state;
	c.inode = inode;
	*ret = c;
	return state == ESTABLISHED || state == LISTEN;
}

static int add(struct conns *t, const struct conn *c)
{
	struct conn *grown;

	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 64;
		grown = reallocarray(t->list, t->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->list = grown;
	}
	t->list[t->n++] = *c;
	return 0;
}

static int read_table(struct conns *t, const char *path, int family)
{
	via_autofree char *text = malloc(TABLE_MAX);
	char *line, *save = NULL;
	struct conn c;
	int r = 0;

	if (!text)
		return -ENOMEM;
	scan_text(t->k, path, text, TABLE_MAX);
	for (line = strtok_r(text, "\n", &save); line && r == 0;
		line = strtok_r(NULL, "\n", &save)) {
		if (parse_line(line, family, &c))
			r = add(t, &c);
	}
	return r;
}

static void set(uint8_t *bits, uint16_t port)
{
	bits[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool has(const uint8_t *bits, uint16_t port)
{
	return bits[port / 8] & 1u << port % 8;
}

static void note_listeners(struct conns *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].state != LISTEN)
			continue;
		set(t->listened.any, t->list[i].port);
		if (t->list[i].ssh)
			set(t->listened.ssh, t->list[i].port);
	}
}

/* --- which of them ssh daemons have --- */

static int on_fd(int fd, void *user)
{
	struct conns *t = user;
	char path[48], target[64];
	unsigned long long inode;

	snprintf(path, sizeof(path), "proc/%d/fd/%d", t->pid, fd);
	if (t->k->ops->readlink(t->k, path, target, sizeof(target)) < 0 ||
		sscanf(target, "socket:[%llu]", &inode) != 1)
		return 0;
	for (size_t i = 0; i < t->n; i++)
		t->list[i].ssh |= t->list[i].inode == inode;
	return 0;
}

/* From 9.8 on a session's process is sshd-session. */
static bool is_ssh_daemon(const char *comm)
{
	return !strncmp(comm, "sshd", 4) || !strcmp(comm, "dropbear");
}

static int on_process(int pid, void *user)
{
	struct conns *t = user;
	char comm[32];

	scan_proc_comm(t->k, pid, comm, sizeof(comm));
	if (!is_ssh_daemon(comm))
		return 0;
	t->pid = pid;
	scan_proc_fds(t->k, pid, on_fd, t);
	return 0;
}

/* Is there a connection that only an ssh daemon's descriptors could tell about? */
static bool must_look(const struct conns *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->list[i].state == ESTABLISHED && t->list[i].port != SSH_PORT &&
			has(t->listened.any, t->list[i].port))
			return true;
	}
	return false;
}

static bool is_ssh(const struct conns *t, const struct conn *c)
{
	return c->state == ESTABLISHED && (c->port == SSH_PORT || has(t->listened.ssh, c->port) ||
						  (c->ssh && has(t->listened.any, c->port)));
}

static int add_peer(struct scan_lifes *l, const struct conn *c)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	if (c->family == AF_INET6 && !memcmp(c->peer, mapped, sizeof(mapped)))
		return scan_lifeline_towards(l, VIA_LIFELINE_SSH, AF_INET, c->peer + 12);
	return scan_lifeline_towards(l, VIA_LIFELINE_SSH, c->family, c->peer);
}

static int add_peers(struct scan_lifes *l, struct conns *t)
{
	int r = read_table(t, "proc/net/tcp", AF_INET);

	if (r == 0)
		r = read_table(t, "proc/net/tcp6", AF_INET6);
	note_listeners(t);
	if (r == 0 && must_look(t)) {
		scan_proc_each(t->k, on_process, t);
		note_listeners(t);
	}
	for (size_t i = 0; r == 0 && i < t->n; i++) {
		if (is_ssh(t, &t->list[i]))
			r = add_peer(l, &t->list[i]);
	}
	free(t->list);
	return r;
}

int scan_ssh(struct scan_lifes *l)
{
	struct conns *t = calloc(1, sizeof(*t)); /* 16 KiB of ports: not on a stack */
	int r;

	if (!t)
		return -ENOMEM;
	t->k = l->s->k;
	r = add_peers(l, t);
	free(t);
	return r;
}
