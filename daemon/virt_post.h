/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How what is behind virt.h tells the main loop: shared by the real door and the fake one. */
#ifndef VIA_DAEMON_VIRT_POST_H
#define VIA_DAEMON_VIRT_POST_H

#include "virt.h"

/*
 * From the door's thread to the listener, in order. Counted: a note under way holds one, so that
 * the door may go before its last notes have come; they then reach nobody.
 */
struct via_virt_post;

/* NULL out of memory. */
struct via_virt_post *via_virt_post_create(
	struct via_mailbox *m, const struct via_virt_listener *l);
/* On the main loop: nothing reaches the listener from here on. Both take NULL. */
void via_virt_post_close(struct via_virt_post *p);
/* The door's reference; when its threads have ended. */
void via_virt_post_unref(struct via_virt_post *p);

/* From any thread; out of memory the note is lost, and -ENOMEM. d is copied; why too, may be NULL.
 */
int via_virt_post_domains(
	struct via_virt_post *p, const struct via_domains *d, bool connected, const char *why);
int via_virt_post_event(struct via_virt_post *p, const struct via_virt_event *ev);

/* A deep copy; *ret is overwritten. 0 or -ENOMEM. */
int via_virt_copy_domain(const struct via_domain *d, struct via_domain *ret);
int via_virt_copy_domains(const struct via_domains *d, struct via_domains *ret);
/* Put in at its place by UUID, in the place of one with the same. Takes dom over, also on failure.
 */
int via_virt_put_domain(struct via_domains *d, struct via_domain *dom);

#endif
