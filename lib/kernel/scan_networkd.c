/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * systemd.link(5) and systemd.network(5): SR-IOVVirtualFunctions= in [Link], or an [SR-IOV]
 * section. udev applies .link files itself, with or without systemd-networkd. Files of all folders
 * count in the order of their names, one in an earlier folder hides its namesake in a later one,
 * and only the first that matches a device is applied.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/scan_managers.h"

static const char *const folders[] = {"etc/systemd/network", "run/systemd/network",
	"usr/local/lib/systemd/network", "usr/lib/systemd/network"};
#define N_FOLDERS (sizeof(folders) / sizeof(folders[0]))

#define BLANKS " \t"

/* Keys of [Match] that can be compared with what a scan knows. */
enum match_key { ORIGINAL_NAME, NAME, ID_PATH, MAC, PERM_MAC, DRIVER, TYPE, N_KEYS };
static const char *const key_names[N_KEYS] = {
	"OriginalName", "Name", "Path", "MACAddress", "PermanentMACAddress", "Driver", "Type"};

struct unit {
	char match[N_KEYS][256];
	bool any;     /* [Match] has a setting */
	bool unknown; /* …that only systemd can judge */
	bool sriov;
};

static void on_match(struct unit *u, const char *key, const char *value)
{
	u->any |= *value != '\0';
	for (size_t i = 0; i < N_KEYS; i++) {
		size_t len = strlen(u->match[i]);

		if (strcmp(key, key_names[i]))
			continue;
		if (*value) /* given again: more to choose from; empty: forget them */
			snprintf(u->match[i] + len, sizeof(u->match[i]) - len, " %s", value);
		else
			u->match[i][0] = '\0';
		return;
	}
	u->unknown = true;
}

static void on_key(const char *section, const char *key, const char *value, void *user)
{
	struct unit *u = user;

	if (!strcmp(section, "Match"))
		on_match(u, key, value);
	else if (!strcmp(section, "SR-IOV"))
		u->sriov = true;
	else if (!strcmp(section, "Link") && !strcmp(key, "SR-IOVVirtualFunctions"))
		u->sriov |= *value != '\0';
}

/* Separated by colons, hyphens or dots. */
static bool has_mac(const char *list, struct via_mac mac)
{
	char want[13], digits[13];
	size_t n = 0;

	snprintf(want, sizeof(want), "%02x%02x%02x%02x%02x%02x", mac.b[0], mac.b[1], mac.b[2],
		mac.b[3], mac.b[4], mac.b[5]);
	for (const char *c = list;; c++) {
		if (isxdigit((unsigned char)*c) && n < 12) {
			digits[n++] = (char)tolower((unsigned char)*c);
		} else if (!*c || strchr(BLANKS, *c)) {
			digits[n] = '\0';
			if (!strcmp(digits, want))
				return true;
			n = 0;
		}
		if (!*c)
			return false;
	}
}

static bool glob(const char *patterns, const char *value)
{
	patterns += strspn(patterns, BLANKS);
	return !*patterns || scan_matches(patterns, BLANKS, value ? value : "");
}

static bool matches(const struct unit *u, const struct scan_pf_facts *f)
{
	const struct via_netdev *n = f->netdev;

	if (!u->any || !n)
		return false;
	return glob(u->match[ORIGINAL_NAME], n->name) && glob(u->match[NAME], n->name) &&
	       glob(u->match[ID_PATH], f->d->id_path) && glob(u->match[DRIVER], f->d->driver) &&
	       glob(u->match[TYPE], "ether") &&
	       (!u->match[MAC][0] || has_mac(u->match[MAC], n->mac)) &&
	       (!u->match[PERM_MAC][0] ||
		       (n->has_perm_mac && has_mac(u->match[PERM_MAC], n->perm_mac)));
}

static int apply(struct scan_managers *m, const char *path)
{
	struct unit u = {.any = false};
	int r = 0;

	scan_ini(m->text, on_key, &u);
	for (size_t i = 0; r == 0 && i < m->n_pfs; i++) {
		struct scan_pf_facts *f = &m->pfs[i];

		if (f->decided || !matches(&u, f))
			continue;
		if (u.sriov)
			r = scan_manager_add(m, f, "/%s", path);
		f->decided = !u.unknown;
	}
	return r;
}

/* --- which files there are --- */

struct unit_file {
	char *name;
	size_t folder;
};

struct unit_files {
	struct unit_file *list;
	size_t n, cap, folder;
	const char *suffix;
};

static int on_file(const char *name, void *user)
{
	struct unit_files *t = user;
	size_t len = strlen(name), tail = strlen(t->suffix);
	struct unit_file *grown;

	if (len < tail || strcmp(name + len - tail, t->suffix))
		return 0;
	for (size_t i = 0; i < t->n; i++) {
		if (!strcmp(t->list[i].name, name))
			return 0; /* hidden */
	}
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		grown = reallocarray(t->list, t->cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		t->list = grown;
	}
	t->list[t->n] = (struct unit_file){strdup(name), t->folder};
	return t->list[t->n++].name ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct unit_file *)a)->name, ((const struct unit_file *)b)->name);
}

static int scan_units(struct scan_managers *m, const char *suffix)
{
	struct unit_files t = {.suffix = suffix};
	char path[SCAN_PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < m->n_pfs; i++)
		m->pfs[i].decided = false;
	for (t.folder = 0; r != -ENOMEM && t.folder < N_FOLDERS; t.folder++)
		r = m->s->k->ops->list(m->s->k, folders[t.folder], on_file, &t);
	r = r == -ENOMEM ? r : 0;
	if (t.n)
		qsort(t.list, t.n, sizeof(*t.list), by_name);
	for (size_t i = 0; r == 0 && i < t.n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folders[t.list[i].folder],
			    t.list[i].name) < (int)sizeof(path) &&
			scan_config_read(m, path))
			r = apply(m, path);
	}
	for (size_t i = 0; i < t.n; i++)
		free(t.list[i].name);
	free(t.list);
	return r;
}

int scan_networkd(struct scan_managers *m)
{
	struct via_stat st;
	int r = scan_units(m, ".link");

	/* .network files are systemd-networkd's: it has this folder while it runs. */
	if (r == 0 && m->s->k->ops->stat(m->s->k, "run/systemd/netif", &st) == 0)
		r = scan_units(m, ".network");
	return r;
}
