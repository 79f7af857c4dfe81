/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the scan: who else configures a PF. */
#ifndef VIA_KERNEL_SCAN_MANAGERS_H
#define VIA_KERNEL_SCAN_MANAGERS_H

#include "kernel/scan_parts.h"

#define SCAN_CONFIG_MAX (256 * 1024) /* of one configuration file */

/* A PF as other managers name it. */
struct scan_pf_facts {
	struct via_device *d;
	const struct via_netdev *netdev; /* NULL: none here */
	const char **others;
	size_t n, cap;
	bool decided; /* for one kind of files: the first that matches has been found */
};

struct scan_managers {
	struct scan *s;
	struct scan_pf_facts *pfs;
	size_t n_pfs;
	char *text; /* of the file being looked at: SCAN_CONFIG_MAX bytes */
};

/* Remember path as another manager of f's PF. 0 or -ENOMEM. */
int scan_manager_add(struct scan_managers *m, struct scan_pf_facts *f, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Calls fn with every file in folder whose name ends in suffix, in the order of their names, its
 * text in m->text. path: "etc/…". Stops at and returns the first non-zero. */
int scan_config_files(struct scan_managers *m, const char *folder, const char *suffix,
	int (*fn)(struct scan_managers *m, const char *path, void *user), void *user);
bool scan_config_read(struct scan_managers *m, const char *path);
/* name is in text as a word: nothing that could be part of a name stands around it. */
bool scan_has_word(const char *text, const char *name);
/* One of the shell patterns, separated by any of the characters in separators, matches. A leading
 * "!" turns the list round. */
bool scan_matches(const char *patterns, const char *separators, const char *value);

/* A key of an INI file; both trimmed. The text is cut up. */
void scan_ini(char *text,
	void (*fn)(const char *section, const char *key, const char *value, void *user),
	void *user);

int scan_networkd(struct scan_managers *m);	   /* scan_networkd.c: .link and .network */
int scan_network_manager(struct scan_managers *m); /* scan_network_manager.c: keyfiles, ifcfg */
int scan_udev_rules(struct scan_managers *m);	   /* scan_udev_rules.c */

#endif
