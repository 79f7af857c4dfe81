/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the hook's two halves. The first one needs nothing but the C library: loading libxml2 and
 * what it brings along takes three times as long as a process takes to start, and libvirt starts
 * the hook three times for each guest that starts. Only a domain that may have a PCI device loads
 * the second.
 */
#ifndef VIA_HOOKS_JUDGE_H
#define VIA_HOOKS_JUDGE_H

#include "hooks/hook.h"

#define VIA_HOOK_EXPORT __attribute__((visibility("default")))
#define VIA_HOOK_JUDGE	"via_hook_judge"

/* size: of struct via_hook. Returns the exit status. */
VIA_HOOK_EXPORT int via_hook_judge(struct via_hook *h, size_t size, const char *text, size_t len);

/* request.c: 0: done, h->generations are the answer's. Above 0: refused, the reason in err. Below
 * 0: there was no answer. */
int via_hook_request(struct via_hook *h, struct via_err *err);

/*
 * managed.c: without a daemon, does the domain use a function that is viaduct's? 0: none. 1: err
 * has which one. Below 0: it cannot be told, and the domain uses a NIC; err says why.
 */
int via_hook_managed(const struct via_hook *h, struct via_err *err);

/* keep.c: RUN/hook/UUID, the generations of a domain's claims while it runs. */
int via_hook_keep(const struct via_hook *h, struct via_err *err);
void via_hook_recall(struct via_hook *h); /* none when there is no such file, or it is damaged */
void via_hook_forget(const struct via_hook *h);

#endif
