/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client of the server: see server.h, which is all that others use. */
#ifndef VIA_DAEMON_CONN_H
#define VIA_DAEMON_CONN_H

#include "server.h"
#include "varlink.h"

struct via_out {
	struct via_out *next;
	struct via_text *text;
	size_t sent;
};

struct via_conn {
	struct via_conn *prev, *next;
	struct via_server *server;
	int fd;
	sd_event_source *io, *timer;
	struct via_peer peer;
	struct via_varlink_in in;
	struct via_out *out, **out_last;
	size_t out_bytes;
	struct via_call *call; /* being answered */
	bool eof;	       /* nothing more comes in; what was asked is still answered */
	bool running;	       /* messages are being taken: replies must not recurse */
	bool doomed;	       /* to be destroyed once nothing runs on it */
};

struct via_server {
	struct via_server_options opt;
	struct via_listener *listeners;
	struct via_conn *conns;
	size_t n_conns;
};

/* Takes fd over. 0 or a negated errno. */
int via_conn_create(struct via_server *s, int fd, const struct via_peer *peer);
void via_conn_destroy(struct via_conn *c);
/* Queue a reply (its reference is taken). false: the client was dropped. */
bool via_conn_send(struct via_conn *c, struct via_text *text);
/* The call is answered for good: go on with the next. */
void via_conn_next(struct via_conn *c);

#endif
