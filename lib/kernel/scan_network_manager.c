/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkManager: connections with an [sriov] section (nm-settings-keyfile(5)), and Red Hat's
 * ifcfg. */
#include <string.h>

#include "kernel/scan_managers.h"

struct connection {
	bool sriov;
	char name[256], mac[64], path[256], driver[256];
};

static void keep(char *to, size_t size, const char *value)
{
	if (strlen(value) < size)
		strcpy(to, value);
}

static void on_key(const char *section, const char *key, const char *value, void *user)
{
	struct connection *c = user;
	bool ethernet = !strcmp(section, "ethernet") || !strcmp(section, "802-3-ethernet");
	bool match = !strcmp(section, "match");

	c->sriov |= !strcmp(section, "sriov");
	if (!strcmp(key, "interface-name") && (match || !strcmp(section, "connection")))
		keep(c->name, sizeof(c->name), value);
	else if (ethernet && !strcmp(key, "mac-address"))
		keep(c->mac, sizeof(c->mac), value);
	else if (match && !strcmp(key, "path"))
		keep(c->path, sizeof(c->path), value);
	else if (match && !strcmp(key, "driver"))
		keep(c->driver, sizeof(c->driver), value);
}

static bool fits(const char *patterns, const char *value)
{
	return !*patterns || scan_matches(patterns, ";,", value ? value : "");
}

/* mac-address is compared with the permanent address (nm-setting-wired). */
static bool is_for(const struct connection *c, const struct scan_pf_facts *f)
{
	const struct via_netdev *n = f->netdev;
	struct via_mac mac;

	if (!n)
		return false;
	if (*c->mac && (via_mac_parse(c->mac, &mac) ||
			       !via_mac_eq(mac, n->has_perm_mac ? n->perm_mac : n->mac)))
		return false;
	return fits(c->name, n->name) && fits(c->path, f->d->id_path) &&
	       fits(c->driver, f->d->driver);
}

static int add_all(struct scan_managers *m, const struct connection *c, const char *path)
{
	int r = 0;

	for (size_t i = 0; r == 0 && c->sriov && i < m->n_pfs; i++) {
		if (is_for(c, &m->pfs[i]))
			r = scan_manager_add(m, &m->pfs[i], "/%s", path);
	}
	return r;
}

static int on_keyfile(struct scan_managers *m, const char *path, void *user)
{
	struct connection c = {.sriov = false};

	(void)user;
	scan_ini(m->text, on_key, &c);
	return add_all(m, &c, path);
}

static char *unquote(char *s)
{
	size_t n = strlen(s);

	if (n >= 2 && (*s == '"' || *s == '\'') && s[n - 1] == *s) {
		s[n - 1] = '\0';
		s++;
	}
	return s;
}

static void on_variable(const char *section, const char *key, const char *value, void *user)
{
	struct connection *c = user;
	char copy[256] = "";

	(void)section;
	keep(copy, sizeof(copy), value);
	c->sriov |= !strncmp(key, "SRIOV_", 6);
	if (!strcmp(key, "DEVICE"))
		keep(c->name, sizeof(c->name), unquote(copy));
	else if (!strcmp(key, "HWADDR"))
		keep(c->mac, sizeof(c->mac), unquote(copy));
}

static int on_ifcfg(struct scan_managers *m, const char *path, void *user)
{
	struct connection c = {.sriov = false};

	(void)user;
	if (!strstr(path, "/ifcfg-"))
		return 0;
	scan_ini(m->text, on_variable, &c);
	return add_all(m, &c, path);
}

int scan_network_manager(struct scan_managers *m)
{
	static const char *const folders[] = {"etc/NetworkManager/system-connections",
		"run/NetworkManager/system-connections",
		"usr/lib/NetworkManager/system-connections"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		r = scan_config_files(m, folders[i], ".nmconnection", on_keyfile, NULL);
	return r ? r : scan_config_files(m, "etc/sysconfig/network-scripts", "", on_ifcfg, NULL);
}
