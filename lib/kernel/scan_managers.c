/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else configures a PF: two managers of one PF undo each other's work. Files are searched for
 * what names the PF; none is parsed further than that.
 */
#include "kernel/scan_managers.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int scan_manager_add(struct scan_managers *m, struct scan_pf_facts *f, const char *fmt, ...)
{
	char text[512];
	const char **grown, *one;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	one = scan_intern(m->s, text);
	if (!one)
		return -ENOMEM;
	for (size_t i = 0; i < f->n; i++) {
		if (f->others[i] == one)
			return 0;
	}
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 4;
		grown = reallocarray(f->others, f->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		f->others = grown;
	}
	f->others[f->n++] = one;
	return 0;
}

/* --- files that name the PF as a word --- */

static const struct {
	const char *folder, *suffix;
	const char *marker; /* must be in the file too; NULL none */
} word_files[] = {
	/* netplan's SR-IOV keys: netplan-yaml(5) */
	{"etc/netplan", ".yaml", "virtual-function-count"},
	{"etc/netplan", ".yaml", "embedded-switch-mode"},
	/* sriov-network-operator, systemd mode and switchdev (its pkg/consts/constants.go) */
	{"etc/sriov-operator", "interface-config.yaml", NULL},
	{"etc/sriov-operator", "sriov_config.json", NULL},
	{"etc/os-net-config", "sriov_config.yaml", NULL},
};

static int on_word_file(struct scan_managers *m, const char *path, void *user)
{
	const char *marker = *(const char **)user;
	int r = 0;

	if (marker && !strstr(m->text, marker))
		return 0;
	for (size_t i = 0; r == 0 && i < m->n_pfs; i++) {
		struct scan_pf_facts *f = &m->pfs[i];

		if (scan_has_word(m->text, via_addr_fmt(f->d->addr)) ||
			(f->netdev && scan_has_word(m->text, f->netdev->name)))
			r = scan_manager_add(m, f, "/%s", path);
	}
	return r;
}

static int scan_word_files(struct scan_managers *m)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(word_files) / sizeof(word_files[0]); i++) {
		const char *marker = word_files[i].marker;

		r = scan_config_files(
			m, word_files[i].folder, word_files[i].suffix, on_word_file, &marker);
	}
	return r;
}

/* --- files named after a function --- */

static struct scan_pf_facts *pf_of(struct scan_managers *m, struct via_addr addr)
{
	const struct via_device *d = scan_find(m->s, addr);

	for (size_t i = 0; d && i < m->n_pfs; i++) {
		if (m->pfs[i].d == d ||
			(d->kind == VIA_DEVICE_VF && via_addr_eq(m->pfs[i].d->addr, d->pf)))
			return &m->pfs[i];
	}
	return NULL;
}

struct named {
	struct scan_managers *m;
	const char *folder;
};

/* driverctl keeps an override in "pci-0000:01:00.0" (its udev rule: $env{SUBSYSTEM}-$kernel), the
 * operator what it applied to a PF in "0000:01:00.0". */
static int on_named(const char *name, void *user)
{
	struct named *n = user;
	struct scan_pf_facts *f;
	struct via_addr addr;

	if (via_addr_parse(strncmp(name, "pci-", 4) ? name : name + 4, &addr))
		return 0;
	f = pf_of(n->m, addr);
	return f ? scan_manager_add(n->m, f, "/%s/%s", n->folder, name) : 0;
}

static int scan_named_files(struct scan_managers *m)
{
	static const char *const folders[] = {"etc/driverctl.d", "etc/sriov-operator/pci"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		struct named n = {m, folders[i]};

		if (m->s->k->ops->list(m->s->k, folders[i], on_named, &n) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* --- max_vfs: the drivers' own parameter --- */

static bool sets_max_vfs(const char *line, const char *driver)
{
	const char *at = strstr(line, driver);
	const char *end = at ? at + strlen(driver) : NULL;

	return at && (at == line || isspace((unsigned char)at[-1])) &&
	       (isspace((unsigned char)*end) || *end == '.') && strstr(end, "max_vfs=");
}

static int on_modprobe(struct scan_managers *m, const char *path, void *user)
{
	char *line, *save = NULL;
	int r = 0;

	(void)user;
	for (line = strtok_r(m->text, "\n", &save); line && r == 0;
		line = strtok_r(NULL, "\n", &save)) {
		for (size_t i = 0; r == 0 && i < m->n_pfs; i++) {
			if (!strncmp(line, "options", 7) && m->pfs[i].d->driver &&
				sets_max_vfs(line, m->pfs[i].d->driver))
				r = scan_manager_add(m, &m->pfs[i], "/%s", path);
		}
	}
	return r;
}

static int scan_module_options(struct scan_managers *m)
{
	return scan_config_files(m, "etc/modprobe.d", ".conf", on_modprobe, NULL);
}

/* --- libvirt networks that hand out VFs of a PF --- */

/* The value of name='…' or name="…" in a tag. */
static bool attribute(const char *tag, const char *end, const char *name, char *buf, size_t size)
{
	char key[32];
	const char *at, *stop;
	int len = snprintf(key, sizeof(key), " %s=", name);

	at = memmem(tag, (size_t)(end - tag), key, (size_t)len);
	if (!at || at + len >= end || (at[len] != '\'' && at[len] != '"'))
		return false;
	at += len + 1;
	stop = memchr(at, at[-1], (size_t)(end - at));
	if (!stop || (size_t)(stop - at) >= size)
		return false;
	memcpy(buf, at, (size_t)(stop - at));
	buf[stop - at] = '\0';
	return true;
}

static bool address_tag(const char *tag, const char *end, struct via_addr *ret)
{
	static const char *const names[] = {"domain", "bus", "slot", "function"};
	static const uint64_t max[] = {UINT32_MAX, 255, 31, 7};
	uint64_t v[4];
	char text[16];

	for (size_t i = 0; i < 4; i++) {
		if (!attribute(tag, end, names[i], text, sizeof(text)) ||
			via_parse_hex(text, max[i], &v[i]))
			return false;
	}
	*ret = (struct via_addr){(uint32_t)v[0], (uint8_t)v[1], (uint8_t)v[2], (uint8_t)v[3]};
	return true;
}

static int pool_tag(struct scan_managers *m, const char *path, const char *tag, const char *end)
{
	struct scan_pf_facts *f;
	struct via_addr addr;
	char dev[32];
	int r = 0;

	if (!strncmp(tag, "<address ", 9) && address_tag(tag, end, &addr)) {
		f = pf_of(m, addr);
		return f ? scan_manager_add(m, f, "/%s", path) : 0;
	}
	if (strncmp(tag, "<pf ", 4) || !attribute(tag, end, "dev", dev, sizeof(dev)))
		return 0;
	for (size_t i = 0; r == 0 && i < m->n_pfs; i++) {
		if (m->pfs[i].netdev && !strcmp(m->pfs[i].netdev->name, dev))
			r = scan_manager_add(m, &m->pfs[i], "/%s", path);
	}
	return r;
}

static int on_network(struct scan_managers *m, const char *path, void *user)
{
	const char *tag = strstr(m->text, "<forward "), *end, *stop;
	char mode[32];
	int r = 0;

	(void)user;
	end = tag ? strchr(tag, '>') : NULL;
	if (!end || !attribute(tag, end, "mode", mode, sizeof(mode)) || strcmp(mode, "hostdev"))
		return 0;
	stop = strstr(end, "</forward>");
	while (r == 0 && stop && (tag = strchr(end, '<')) && tag < stop && (end = strchr(tag, '>')))
		r = pool_tag(m, path, tag, end);
	return r;
}

static int scan_libvirt_networks(struct scan_managers *m)
{
	return scan_config_files(m, "etc/libvirt/qemu/networks", ".xml", on_network, NULL);
}

/* --- all --- */

static int (*const sources[])(struct scan_managers *m) = {
	scan_networkd,
	scan_network_manager,
	scan_udev_rules,
	scan_word_files,
	scan_named_files,
	scan_module_options,
	scan_libvirt_networks,
};

static int collect_pfs(struct scan_managers *m)
{
	struct via_inventory *inv = m->s->inv;

	for (size_t i = 0; i < inv->n_devices; i++)
		m->n_pfs += inv->devices[i].kind == VIA_DEVICE_PF;
	m->pfs = m->n_pfs ? calloc(m->n_pfs, sizeof(*m->pfs)) : NULL;
	m->text = m->n_pfs ? malloc(SCAN_CONFIG_MAX) : NULL;
	if (m->n_pfs && (!m->pfs || !m->text))
		return -ENOMEM;
	for (size_t i = 0, n = 0; i < inv->n_devices; i++) {
		struct via_device *d = &inv->devices[i];

		if (d->kind == VIA_DEVICE_PF)
			m->pfs[n++] =
				(struct scan_pf_facts){.d = d, .netdev = via_device_netdev(inv, d)};
	}
	return 0;
}

int scan_managers(struct scan *s)
{
	struct scan_managers m = {.s = s};
	int r = collect_pfs(&m);

	for (size_t i = 0; r == 0 && m.n_pfs && i < sizeof(sources) / sizeof(sources[0]); i++)
		r = sources[i](&m);
	for (size_t i = 0; m.pfs && i < m.n_pfs; i++) {
		struct scan_pf_facts *f = &m.pfs[i];

		f->d->others = scan_copy(s, f->others, f->n, sizeof(*f->others));
		f->d->n_others = f->d->others ? f->n : 0;
		free(f->others);
	}
	free(m.pfs);
	free(m.text);
	return r;
}
