/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The varlink server: listening sockets, connections, their queues. It knows nothing of methods:
 * each call goes to one function, which answers it now or later. Calls of one connection are
 * answered in order: the next is taken up when the last one has its final reply.
 *
 * No client can harm another: input and output are capped, half a message and a stalled reader have
 * a time limit, and the number of clients has one.
 */
#ifndef VIA_DAEMON_SERVER_H
#define VIA_DAEMON_SERVER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "peer.h"
#include "text.h"

#define VIA_SERVER_CLIENTS_MAX 256
#define VIA_SERVER_OUT_MAX     (4u << 20) /* bytes queued for a client besides its newest reply */
#define VIA_SERVER_PARTIAL_MS  10000	  /* for the rest of a message that has begun */
#define VIA_SERVER_STALL_MS    30000	  /* for a client to read something of what is queued */

struct via_server;
struct via_conn;

/* One call, from its message to its final reply, which frees it. Lives on when its client goes. */
struct via_call {
	struct via_server *server;
	struct via_conn *conn; /* NULL: the client is gone, replies lead nowhere */
	char *method;	       /* full name */
	json_object *parameters;
	bool more, oneway;
	struct via_peer peer;
	/* For a subscription: the queue ran empty, there is room for more. */
	void (*drained)(struct via_call *call, void *user);
	/* The client is gone; the call is freed right after. NULL: wait for the final reply. */
	void (*closed)(struct via_call *call, void *user);
	void *user;
};

typedef void via_dispatch_fn(struct via_call *call, void *user);

struct via_server_options {
	sd_event *event;
	const struct via_groups *groups; /* must outlive the server */
	via_dispatch_fn *dispatch;
	void *user;
};

/* 0 or a negated errno. */
int via_server_create(const struct via_server_options *opt, struct via_server **ret);
/* Closes every connection and unlinks the sockets it made. Open calls stay, without a client. */
void via_server_destroy(struct via_server *s);
/* Listen on a path (made with mode 0660 and the read group, a socket nobody answers on replaced),
 * or on a descriptor that listens already (taken over). */
int via_server_listen(struct via_server *s, const char *path, struct via_err *err);
int via_server_adopt(struct via_server *s, int fd, struct via_err *err);

/* Final replies; each frees the call. parameters and text are taken over. */
void via_call_reply(struct via_call *call, json_object *parameters);
void via_call_reply_text(struct via_call *call, struct via_text *text);
/* error: full name ("org.viaduct.InUse"). */
void via_call_error(struct via_call *call, const char *error, json_object *parameters);
/* What via_x() returned: a refusal or an errno, with its sentence. */
void via_call_fail(struct via_call *call, int r, const struct via_err *err);
/* One reply of several. false: the client is gone or was dropped, as it does not read. */
bool via_call_continue(struct via_call *call, struct via_text *text);
/* Nothing is queued for the client beyond one buffer's worth. */
bool via_call_has_room(const struct via_call *call);

#endif
