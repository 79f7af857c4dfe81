/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libviaduct: a client of viaductd. Speaks varlink over the daemon's Unix socket; the methods and
 * types are those of the interface org.viaduct (schemas/org.viaduct.varlink).
 *
 * Nothing in here is thread-safe for one connection; different connections are independent. JSON
 * crosses this interface as text, so that no JSON library is part of the ABI.
 */
#ifndef VIADUCT_H
#define VIADUCT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VIADUCT_PUBLIC __attribute__((visibility("default")))
#define VIADUCT_CHECK  __attribute__((warn_unused_result))
#else
#define VIADUCT_PUBLIC
#define VIADUCT_CHECK
#endif

/* Where viaductd listens unless told otherwise. */
#define VIADUCT_SOCKET_DEFAULT "/run/viaduct/viaduct.sock"

struct viaduct; /* a connection */

/*
 * Connect. socket: a path, or NULL for VIADUCT_SOCKET_DEFAULT. timeout_ms: for connecting and for
 * each reply, 0 for none (a subscription has none in any case). Returns 0 and *ret, which the
 * caller closes, or a negated errno: -ENOENT and -ECONNREFUSED: no daemon; -EACCES: not permitted.
 */
VIADUCT_PUBLIC VIADUCT_CHECK int viaduct_open(
	const char *socket, unsigned int timeout_ms, struct viaduct **ret);
VIADUCT_PUBLIC void viaduct_close(struct viaduct *v); /* takes NULL */

/*
 * A call that fails below 0 leaves the connection out of step with the daemon: every later call on
 * it returns -ENOTCONN, and only viaduct_close() is of use. Exceptions, which leave it as it was:
 * -EINVAL (a method name or parameters that cannot be sent) and -EBUSY (a call from inside a
 * viaduct_reply_fn). No call raises SIGPIPE; interrupted system calls are carried on with.
 */

/*
 * One call, one reply. method: a name without interface ("GetStatus") is looked for in org.viaduct;
 * with one it is taken as it is. parameters: a JSON object as text, NULL for none.
 * Returns 0: *reply is the reply's parameters as JSON text (the caller frees). 1: the daemon
 * answered with an error: *reply is its parameters, viaduct_error_name() its name. Below 0: a
 * negated errno: -ETIMEDOUT, -ECONNRESET (the daemon went away), -EPROTO (it does not speak
 * varlink), -EMSGSIZE (a reply above 64 MiB). *reply is untouched below 0.
 */
VIADUCT_PUBLIC VIADUCT_CHECK int viaduct_call(
	struct viaduct *v, const char *method, const char *parameters, char **reply);

/*
 * One call with `more`: fn (may be NULL) is called for each reply but an error, the last one
 * included; the text is fn's for the duration of the call. Non-zero from fn ends it (the connection
 * takes no further calls) and is returned. Returns as viaduct_call after the last reply, whose
 * parameters are *last (last may be NULL). The timeout is for sending alone.
 */
typedef int viaduct_reply_fn(const char *reply, void *user);
VIADUCT_PUBLIC VIADUCT_CHECK int viaduct_call_more(struct viaduct *v, const char *method,
	const char *parameters, viaduct_reply_fn *fn, void *user, char **last);

/* Name of the last error reply ("org.viaduct.InUse"), "" for none; valid until the next call. */
VIADUCT_PUBLIC const char *viaduct_error_name(const struct viaduct *v);
/* The descriptor, for poll(2); still the connection's. */
VIADUCT_PUBLIC int viaduct_fd(const struct viaduct *v);
/* "0.1.0" */
VIADUCT_PUBLIC const char *viaduct_version(void);

#ifdef __cplusplus
}
#endif

#endif
