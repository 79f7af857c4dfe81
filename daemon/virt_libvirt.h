/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the door to libvirt. Two threads: one runs libvirt's event loop and makes every
 * call, and may hang in one as long as libvirtd pleases (it lists domains under each domain's lock,
 * and a hook holds that lock); the other, which never calls libvirt, tells when it does.
 */
#ifndef VIA_DAEMON_VIRT_LIBVIRT_H
#define VIA_DAEMON_VIRT_LIBVIRT_H

#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdatomic.h>

#include "virt.h"
#include "virt_post.h"

#define VIA_VIRT_WHY_MAX   384
#define VIA_VIRT_CALLBACKS 5

struct via_virt_libvirt {
	struct via_virt door;
	char *uri;
	struct via_virt_post *post;
	int wake_fd;		     /* eventfd: the door has a wish */
	atomic_bool wanted;	     /* a listing */
	unsigned int patience_ms;    /* a call may take so long before it counts as hanging */
	unsigned int backoff_max_ms; /* between tries to connect */
	unsigned int end_ms;	     /* destroy() waits so long */

	pthread_t thread, watchdog;
	pthread_mutex_t lock;
	pthread_cond_t cond; /* any of these changed */
	bool stop, ended;
	int64_t call_since_ms;	     /* 0: no call is under way */
	bool told_hung;		     /* of this call */
	char told[VIA_VIRT_WHY_MAX]; /* the reason last told; "" connected, or nothing yet */
	struct via_domains last;     /* listing */

	/* the thread's alone */
	virConnectPtr conn;
	size_t n_callbacks;
	int callbacks[VIA_VIRT_CALLBACKS]; /* registered on it; they keep it alive */
	char lost[VIA_VIRT_WHY_MAX];	   /* the connection ended because of this; "" it did not */
	int wake_handle, timer;		   /* of libvirt's event loop */
	struct via_domains unreadable, unreadable_now; /* as of the last listing, of this one */
	bool listing_due;
	unsigned int backoff_ms, pause_ms; /* before the next try, the next listing */
};

/* Around every call that asks libvirtd. */
void via_virt_call_begin(struct via_virt_libvirt *v);
void via_virt_call_end(struct via_virt_libvirt *v);
bool via_virt_stopping(struct via_virt_libvirt *v);
/* The watchdog's thread. arg: the door. */
void *via_virt_watchdog(void *arg);
/* No connection, because of this; said once. */
void via_virt_tell_gone(struct via_virt_libvirt *v, const char *why);

/* List all domains and tell. 0; -1: the connection is of no use, and why. */
int via_virt_list(struct via_virt_libvirt *v, char why[VIA_VIRT_WHY_MAX]);
/* Ask for events on v->conn. 0; -1: libvirt's last error says why. */
int via_virt_listen(struct via_virt_libvirt *v);
void via_virt_unlisten(struct via_virt_libvirt *v);
/* List soon. */
void via_virt_list_soon(struct via_virt_libvirt *v);

#endif
