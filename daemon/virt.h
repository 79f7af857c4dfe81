/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to libvirt. Behind it a thread of its own, which connects, lists, listens, reconnects;
 * the main loop never waits for it. What it finds comes as values on the main loop through the
 * mailbox. The real one is virt_libvirt.c, the only file that knows libvirt; the fake is
 * tests/fake/virt.h.
 */
#ifndef VIA_DAEMON_VIRT_H
#define VIA_DAEMON_VIRT_H

#include "model/claim.h"
#include "worker.h"

enum via_virt_event_kind {
	VIA_VIRT_STARTED,
	VIA_VIRT_STOPPED,
	VIA_VIRT_DEFINED, /* or undefined, or its metadata changed: the listing is old */
	VIA_VIRT_DEVICE_ADDED,
	VIA_VIRT_DEVICE_REMOVED,
	VIA_VIRT_DEVICE_REMOVAL_FAILED,
};
const char *via_virt_event_name(enum via_virt_event_kind k);

struct via_virt_event {
	enum via_virt_event_kind kind;
	char uuid[VIA_UUID_MAX], name[VIA_DOMAIN_NAME_MAX];
	char alias[VIA_ALIAS_MAX]; /* device events */
};

/* Called on the main loop. */
struct via_virt_listener {
	/* A new listing (taken over), or the connection went: then connected is false and the
	 * domains are those of the last one. why: not connected because of this; NULL. */
	void (*domains)(struct via_domains *d, const char *why, void *user);
	void (*event)(const struct via_virt_event *ev, void *user);
	void *user;
};

struct via_virt;
struct via_virt_ops {
	/* Begin. Never blocks. */
	int (*start)(struct via_virt *v, struct via_mailbox *m, const struct via_virt_listener *l);
	/* List again soon (several wishes become one). Never blocks. */
	void (*refresh)(struct via_virt *v);
	/* End; false: its thread hangs in libvirt and was left there with all it uses. */
	bool (*destroy)(struct via_virt *v);
};
struct via_virt {
	const struct via_virt_ops *ops;
};

/* virt_libvirt.c, in a module of its own (virt_module.h). uri: "qemu:///system". NULL out of
 * memory.
 */
__attribute__((visibility("default"))) struct via_virt *via_virt_libvirt_create(const char *uri);

#endif
