/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A libvirt in memory behind the door of daemon/virt.h. It has a thread of its own and tells what
 * happens through the mailbox, as the real one does: a change brings the events that libvirt sends
 * for it and then a new listing, several changes at once bring one listing; while it is
 * disconnected or hangs nothing is told, and afterwards there is a whole new listing.
 *
 * Thread-safe. What is given is copied. Aborts out of memory: it is for tests.
 */
#ifndef VIA_TESTS_FAKE_VIRT_H
#define VIA_TESTS_FAKE_VIRT_H

#include <virt.h> /* daemon/virt.h; in quotes it would be this file */

struct via_fake_virt;

/* Connected, without a domain. Ends through the door's destroy(). */
struct via_fake_virt *via_fake_virt_create(void);
struct via_virt *via_fake_virt_door(struct via_fake_virt *f);

/*
 * Follow a file: {"connected": BOOL, "reason": TEXT, "hang": BOOL, "muted": BOOL, "domains":
 * [Domain…]} with Domain as in schemas/org.viaduct.varlink; all members may be left out (connected:
 * true). It is read now and whenever it has changed; replace it by rename(2). 0, or what is wrong
 * with it now; later mistakes end the process, with a message.
 */
int via_fake_virt_follow(struct via_fake_virt *f, const char *path, struct via_err *err);

/* A domain is defined, started, stopped, gets or loses devices: as it differs from what was. */
void via_fake_virt_put(struct via_fake_virt *f, const struct via_domain *d);
/* Stopped, if it is active, and undefined. */
void via_fake_virt_remove(struct via_fake_virt *f, const char *uuid);
void via_fake_virt_clear(struct via_fake_virt *f);
/* An event by itself (a removal that failed). */
void via_fake_virt_event(struct via_fake_virt *f, const struct via_virt_event *ev);

void via_fake_virt_disconnect(struct via_fake_virt *f, const char *why);
void via_fake_virt_connect(struct via_fake_virt *f);
/* libvirtd does not answer: no listing, no event, no word about it; destroy() is false then. */
void via_fake_virt_hang(struct via_fake_virt *f, bool hang);
/* No events are sent, as if they were lost; listings only when they are asked for. */
void via_fake_virt_mute(struct via_fake_virt *f, bool muted);

/* Until everything up to here is in the mailbox (not while it hangs). */
void via_fake_virt_settle(struct via_fake_virt *f);
/* Listings posted so far. */
unsigned int via_fake_virt_listings(struct via_fake_virt *f);

#endif
