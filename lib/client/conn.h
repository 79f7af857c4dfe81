/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection inside libviaduct: NUL-terminated messages over a Unix stream socket. */
#ifndef VIA_CLIENT_CONN_H
#define VIA_CLIENT_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "viaduct/viaduct.h"

/* The inventory of 8,192 VFs is below 8 MiB; more than this is no reply of viaductd's. */
#define VIA_CLIENT_MESSAGE_MAX ((size_t)64 << 20)
#define VIA_CLIENT_ERROR_MAX   256

struct viaduct {
	int fd;
	unsigned int timeout_ms; /* 0: none */
	bool dead;		 /* out of step with the daemon: no further calls */
	bool busy;		 /* inside a viaduct_reply_fn */
	char *in;
	size_t in_start, in_end, in_cap; /* unread bytes are [in_start, in_end) */
	char error[VIA_CLIENT_ERROR_MAX];
};

/* CLOCK_MONOTONIC, in ms, at which to give up; -1 never. */
int64_t via_conn_deadline(unsigned int timeout_ms);

/* Send len bytes. 0, or a negated errno: -ETIMEDOUT, -ECONNRESET when the other side is gone. */
int via_conn_send(struct viaduct *v, const void *data, size_t len, int64_t deadline);

/*
 * The next message without its NUL; valid until the next receive. 0, or a negated errno:
 * -ETIMEDOUT, -ECONNRESET when the stream ends, also in mid-message, -EMSGSIZE above
 * VIA_CLIENT_MESSAGE_MAX.
 */
int via_conn_receive(struct viaduct *v, int64_t deadline, const char **ret, size_t *ret_len);

/* Bytes that came without having been asked for. */
static inline bool via_conn_has_rest(const struct viaduct *v)
{
	return v->in_end > v->in_start;
}

#endif
