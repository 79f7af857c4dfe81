/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: what /proc shows of them. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "fake/state.h"

void via_fake_add_process(struct via_fake *f, int pid, const char *comm, const char *const *argv)
{
	via_autostrbuf line = VIA_STRBUF_INIT;
	char path[FAKE_PATH_MAX];

	FAKE_GUARD(f);
	snprintf(path, sizeof(path), "proc/%d/comm", pid);
	fake_put(f, path, "%s", comm);
	for (size_t i = 0; argv && argv[i]; i++)
		via_strbuf_add(&line, argv[i], strlen(argv[i]) + 1);
	snprintf(path, sizeof(path), "proc/%d/cmdline", pid);
	fake_tree_file(&f->tree, path, line.s, line.len);
	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	fake_put(f, path, "%d (%s) S 1 %d %d 0 -1 0", pid, comm, pid, pid);
	snprintf(path, sizeof(path), "proc/%d/fd", pid);
	fake_tree_dir(&f->tree, path);
	snprintf(path, sizeof(path), "proc/%d/ns/net", pid);
	fake_tree_link(&f->tree, path, "net:[4026531840]");
	f->dirty = true;
}

/* The lowest free descriptor from 3 on. */
static void open_fd(struct via_fake *f, int pid, const char *target)
{
	char path[FAKE_PATH_MAX];
	int fd = 3;

	do
		snprintf(path, sizeof(path), "proc/%d/fd/%d", pid, fd++);
	while (fake_tree_find(&f->tree, NULL, path, false, NULL));
	fake_tree_link(&f->tree, path, target);
}

void via_fake_hold(struct via_fake *f, int pid, const char *addr)
{
	char group[32], node[64];

	FAKE_GUARD(f);
	fake_link_name(f, group, sizeof(group), VIA_PCI_DEVICES "/%s/iommu_group", addr);
	if (!group[0] || !fake_find(f, "proc/%d", pid)) {
		fprintf(stderr, "fake: process %d cannot hold %s\n", pid, addr);
		abort();
	}
	open_fd(f, pid, "/dev/vfio/vfio");
	snprintf(node, sizeof(node), "/dev/vfio/%s", group);
	open_fd(f, pid, node);
	f->dirty = true;
}

void via_fake_add_guest(
	struct via_fake *f, int pid, const char *name, const char *uuid, const char *addr)
{
	char guest[128];
	const char *const argv[] = {"/usr/bin/qemu-system-x86_64", "-name", guest, "-S", "-machine",
		"pc-q35-7.2,usb=off", "-uuid", uuid, "-no-user-config", NULL};

	/* As libvirt starts it (qemuBuildCommandLine). */
	snprintf(guest, sizeof(guest), "guest=%s,debug-threads=on", name);
	via_fake_add_process(f, pid, "qemu-system-x86", argv);
	if (addr)
		via_fake_hold(f, pid, addr);
}

void via_fake_kill(struct via_fake *f, int pid)
{
	FAKE_GUARD(f);
	fake_drop_path(f, "proc/%d", pid);
	f->dirty = true;
	pthread_cond_broadcast(&f->wake);
}

/* /proc/net/tcp writes each 32-bit word of an address in host order. */
static void hex_address(const char *text, uint16_t port, struct via_strbuf *out)
{
	uint32_t words[4];
	bool v6 = strchr(text, ':') != NULL;

	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, words) != 1)
		abort();
	for (int i = 0; i < (v6 ? 4 : 1); i++)
		via_strbuf_addf(out, "%08X", words[i]);
	via_strbuf_addf(out, ":%04X", port);
}

void via_fake_add_ssh(struct via_fake *f, int pid, const char *local, const char *peer)
{
	static const char *const argv[] = {"sshd: root@pts/0", NULL};
	via_autostrbuf table = VIA_STRBUF_INIT;
	const char *path = strchr(local, ':') ? "proc/net/tcp6" : "proc/net/tcp";
	struct fake_node *n;
	char target[32];

	via_fake_add_process(f, pid, "sshd", argv);
	FAKE_GUARD(f);
	n = fake_find(f, "%s", path);
	if (n)
		via_strbuf_add(&table, n->data, n->len);
	via_strbuf_addf(&table, "%4d: ", pid % 1000);
	hex_address(local, 22, &table);
	via_strbuf_addc(&table, ' ');
	hex_address(peer, 50022, &table);
	/* state 01: established; the eighth field behind it is the socket's inode */
	via_strbuf_addf(&table,
		" 01 00000000:00000000 02:000A7214 00000000     0        0 %d 4 0000000000000000 "
		"20 4 31 10 -1\n",
		100000 + pid);
	fake_tree_file(&f->tree, path, table.s, table.len);
	snprintf(target, sizeof(target), "socket:[%d]", 100000 + pid);
	open_fd(f, pid, target);
	f->dirty = true;
}

void via_fake_nfs_root(struct via_fake *f, const char *server)
{
	char text[512];
	int n = snprintf(text, sizeof(text),
		"22 1 0:20 / /proc rw - proc proc rw\n"
		"1 1 0:25 / / rw,relatime - nfs4 %s:/srv/root rw,vers=4.2,addr=%s\n",
		server, server);

	via_fake_file(f, "proc/self/mountinfo", text, (size_t)n);
}
