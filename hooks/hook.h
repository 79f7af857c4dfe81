/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's hook: reads a domain's XML from standard input, asks viaductd once, and says by its
 * exit status whether the domain may go on. What libvirt expects of a hook is in
 * viaduct-libvirt-hook(8).
 */
#ifndef VIA_HOOKS_HOOK_H
#define VIA_HOOKS_HOOK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/domain.h"

/* Where things are. The program has the installation's; tests have their own. */
struct via_hook_places {
	const char *socket;
	const char *state_dir;	 /* managed.json and notes/ are in it */
	const char *run_dir;	 /* hook/ is in it */
	const char *module;	 /* the hook's second half (judge.h) */
	const char *root;	 /* where /sys and /proc are: "" or a folder */
	unsigned int timeout_ms; /* in all */
};

/*
 * All of it: argv as libvirt gives it (program, domain, operation, sub-operation, extra), the XML
 * on descriptor 0, a line on descriptor 2 when there is something to say; nothing goes to 1.
 * Returns the exit status. Sets an interval timer, and what SIGALRM and SIGPIPE do.
 */
int via_hook_run(const struct via_hook_places *p, int argc, char **argv);

/* The rest is between the files of the hook. */

#define VIA_HOOK_GENERATIONS_MAX VIA_DOMAIN_DEVS_MAX

struct via_hook_operation {
	const char *name;
	bool closed; /* not judged, not answered: refused when it concerns us */
	bool abort;  /* the daemon may refuse it */
	bool ends;   /* the guest is gone: what it was given is named by generation */
	bool keeps;  /* the answer's generations are kept */
	bool note;   /* what could not be told is left for the daemon to find */
};

struct via_hook {
	const struct via_hook_places *p;
	const struct via_hook_operation *op;
	const char *domain; /* its name, as the caller has it */
	const char *suboperation;
	int64_t deadline; /* of the request; via_now_ms() */
	struct via_domain dom;
	size_t n_generations;
	int64_t generations[VIA_HOOK_GENERATIONS_MAX];
};

/* input.c: standard input until its end, VIA_DOMAIN_XML_MAX bytes, or the deadline. 0 and *ret
 * (caller frees); -EFBIG; -ETIMEDOUT; as read(2). */
int via_hook_read(int64_t deadline, char **ret, size_t *ret_len, struct via_err *err);

/* kept.c: RUN/hook/UUID, "" when that is too long for a path; and is there such a file? */
const char *via_hook_kept_path(
	const struct via_hook_places *p, const char *uuid, char path[PATH_MAX]);
bool via_hook_is_kept(const struct via_hook_places *p, const char *uuid);

/* It was not judged, or there was no answer, because of why: says so and returns the exit status.
 */
int via_hook_give_up(const struct via_hook *h, const char *why);

/* "viaduct: …" and a newline on descriptor 2, in one write, so that libvirt's log has it whole. */
void via_hook_tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
