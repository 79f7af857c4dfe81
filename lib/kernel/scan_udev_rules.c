/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * udev rules that write sriov_numvfs, by an assignment to the attribute or in a program they run.
 * A comparison we can judge (name, address, MAC, driver, ID_PATH) and that fails rules a PF out;
 * the others are taken to hold.
 */
#include <stdio.h>
#include <string.h>

#include "kernel/scan_managers.h"

/* One KEY OP "VALUE" of a rule (udev(7)). */
struct token {
	char key[64], value[256];
	bool compares, negated;
};

/* The next token behind *s; false at the end or where it is no longer a rule. */
static bool next_token(const char **s, struct token *t)
{
	size_t n;

	*s += strspn(*s, ", \t");
	n = strcspn(*s, "{=!+-: \t");
	if ((*s)[n] == '{')
		n = strcspn(*s, "}") + 1;
	if (!n || n >= sizeof(t->key) || n > strlen(*s))
		return false;
	memcpy(t->key, *s, n);
	t->key[n] = '\0';
	*s += n + strspn(*s + n, " \t");
	n = strspn(*s, "=!+-:");
	t->compares = n == 2 && (*s)[1] == '=' && ((*s)[0] == '=' || (*s)[0] == '!');
	t->negated = t->compares && (*s)[0] == '!';
	*s += n + strspn(*s + n, " \t");
	*s += (**s == 'e' || **s == 'i') && (*s)[1] == '"'; /* kinds of quotes */
	if (n == 0 || **s != '"')
		return false;
	n = strcspn(++*s, "\"");
	if (n >= sizeof(t->value) || (*s)[n] != '"')
		return false;
	memcpy(t->value, *s, n);
	t->value[n] = '\0';
	*s += n + 1;
	return true;
}

/* What the PF has for a key; NULL when it is not ours to judge. */
static const char *value_of(const char *key, const struct scan_pf_facts *f, bool of_net, char *buf)
{
	const struct via_netdev *n = f->netdev;

	if (!strcmp(key, "KERNELS") || (!strcmp(key, "KERNEL") && !of_net))
		return via_addr_str(f->d->addr, buf);
	if (!strcmp(key, "DRIVERS") || !strcmp(key, "ENV{ID_NET_DRIVER}"))
		return f->d->driver;
	if (!strcmp(key, "ENV{ID_PATH}"))
		return f->d->id_path;
	if (!n)
		return NULL;
	if (!strcmp(key, "KERNEL") || !strcmp(key, "NAME") || !strcmp(key, "ENV{INTERFACE}"))
		return n->name;
	return !strcmp(key, "ATTR{address}") ? via_mac_str(n->mac, buf) : NULL;
}

static bool writes_vfs(const struct token *t)
{
	return !t->compares && (strstr(t->key, "sriov_numvfs") || strstr(t->value, "sriov_numvfs"));
}

static bool is_for(const char *rule, const struct scan_pf_facts *f)
{
	bool of_net = strstr(rule, "SUBSYSTEM==\"net\"") != NULL, writes = false;
	struct token t;

	while (next_token(&rule, &t)) {
		char buf[VIA_ADDR_STR_MAX];
		const char *have = t.compares ? value_of(t.key, f, of_net, buf) : NULL;

		writes |= writes_vfs(&t);
		if (have && scan_matches(t.value, "|", have) == t.negated)
			return false;
	}
	return writes;
}

static int on_rule(struct scan_managers *m, const char *path, unsigned int line, const char *rule)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n_pfs; i++) {
		if (is_for(rule, &m->pfs[i]))
			r = scan_manager_add(m, &m->pfs[i], "/%s:%u", path, line);
	}
	return r;
}

static int on_file(struct scan_managers *m, const char *path, void *user)
{
	unsigned int number = 1;
	int r = 0;

	(void)user;
	if (!strstr(m->text, "sriov_numvfs"))
		return 0;
	/* A joined line keeps its length, so only its newline is lost to the count: give it back.
	 */
	for (char *line = m->text, *next; line && r == 0; line = next) {
		unsigned int lines = 1;
		char *end = strchr(line, '\n');

		while (end && end > line && end[-1] == '\\') {
			end[-1] = end[0] = ' ';
			lines++;
			end = strchr(end, '\n');
		}
		next = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		line += strspn(line, " \t");
		if (*line != '#' && strstr(line, "sriov_numvfs"))
			r = on_rule(m, path, number, line);
		number += lines;
	}
	return r;
}

int scan_udev_rules(struct scan_managers *m)
{
	int r = scan_config_files(m, "etc/udev/rules.d", ".rules", on_file, NULL);

	return r ? r : scan_config_files(m, "run/udev/rules.d", ".rules", on_file, NULL);
}
