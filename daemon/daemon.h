/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon as an object, with its door to the kernel and its places given from outside. */
#ifndef VIA_DAEMON_DAEMON_H
#define VIA_DAEMON_DAEMON_H

#include <stdbool.h>

#include "journal.h"
#include "kernel/kernel.h"

struct via_daemon;
struct via_disk;
struct via_virt;

struct via_daemon_options {
	struct via_kernel *kernel; /* taken over, also on failure */
	const char *config;	   /* directory or file */
	const char *state_dir;
	const char *socket; /* NULL: only what systemd handed over */
	const char *read_group, *change_group;
	unsigned int ready_timeout_s;	   /* READY=1 is sent then even if provisioning goes on */
	unsigned int stop_timeout_s;	   /* for running steps at the end */
	unsigned int heal_backoff_ms;	   /* before the second try; doubles with each */
	unsigned int clean_backoff_ms;	   /* before a quarantined function's second try; doubles */
	unsigned int reconcile_interval_s; /* periodic; also begun by events */
	unsigned int vm_gone_ms; /* a VM must have been away so long before its claim is released */
	struct via_virt *virt;	 /* libvirt; taken over, also on failure; NULL: without */
	const char *virt_uri;	 /* for messages; NULL */
	struct via_disk *disk;	 /* NULL: via_disk_linux() */
	struct via_journal_hook
		journal_hook; /* of the journal's and the ledger's records, counted together */
};
/* Places of the installation, time limits of a real host. */
void via_daemon_options_init(struct via_daemon_options *o);

/*
 * Take the state directory, read state and configuration, listen. 0 and *ret; VIA_REFUSED_BUSY:
 * there is another; else below 0. A configuration that is refused does not stop the start: nothing
 * is configured then, and status says why.
 */
int via_daemon_create(
	const struct via_daemon_options *opt, struct via_daemon **ret, struct via_err *err);
/* Work until SIGTERM or SIGINT. 0 or a negated errno. */
int via_daemon_run(struct via_daemon *d);
/* Takes NULL. false: a thread hangs in the kernel and was left where it is, with all it may use;
 * end the process by _exit(2), as exit(3) would wait for it or take things away under it. */
bool via_daemon_destroy(struct via_daemon *d);

#endif
