/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "log.h"

#define READ_CHUNK   16384
#define READS_A_TURN 4 /* then it is the others' turn */

static void out_finish(struct via_conn *c)
{
	while (c->out) {
		struct via_out *o = c->out;

		c->out = o->next;
		via_text_unref(o->text);
		free(o);
	}
	c->out_last = &c->out;
	c->out_bytes = 0;
}

/* The call outlives its client: work that was begun is finished, its replies lead nowhere. */
static void call_orphan(struct via_conn *c)
{
	struct via_call *call = c->call;

	if (!call)
		return;
	c->call = NULL;
	call->conn = NULL;
	if (!call->closed)
		return;
	call->closed(call, call->user);
	via_call_reply(call, NULL);
}

void via_conn_destroy(struct via_conn *c)
{
	if (c->running) {
		c->doomed = true;
		return;
	}
	call_orphan(c);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->server->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->server->n_conns--;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	out_finish(c);
	via_varlink_in_finish(&c->in);
	close(c->fd);
	free(c);
}

/* What the connection waits for decides what wakes us and how long we wait. */
static void conn_arm(struct via_conn *c)
{
	bool want_in = !c->eof && !c->call && !c->out;
	unsigned int ms = 0;

	sd_event_source_set_io_events(c->io, (want_in ? EPOLLIN : 0) | (c->out ? EPOLLOUT : 0));
	if (c->out)
		ms = VIA_SERVER_STALL_MS;
	else if (!c->call && via_varlink_in_pending(&c->in))
		ms = VIA_SERVER_PARTIAL_MS;
	if (!ms) {
		sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
		return;
	}
	/* The limit for a message runs from its first byte, not from its latest one. */
	if (ms == VIA_SERVER_PARTIAL_MS) {
		int enabled = SD_EVENT_OFF;

		if (sd_event_source_get_enabled(c->timer, &enabled) >= 0 && enabled)
			return;
	}
	sd_event_source_set_time_relative(c->timer, (uint64_t)ms * 1000);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

/* 0: all is sent or the socket is full; below 0: the client is lost. */
static int conn_flush(struct via_conn *c)
{
	while (c->out) {
		struct via_out *o = c->out;
		ssize_t n = send(c->fd, o->text->s + o->sent, o->text->len - o->sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		o->sent += (size_t)n;
		c->out_bytes -= (size_t)n;
		if (o->sent < o->text->len)
			continue;
		c->out = o->next;
		if (!c->out)
			c->out_last = &c->out;
		via_text_unref(o->text);
		free(o);
	}
	return 0;
}

static void stop_timer(struct via_conn *c)
{
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
}

static bool conn_queue(struct via_conn *c, struct via_text *text)
{
	struct via_out *o;

	if (c->out_bytes > VIA_SERVER_OUT_MAX)
		return false;
	o = calloc(1, sizeof(*o));
	if (!o)
		return false;
	o->text = via_text_ref(text);
	*c->out_last = o;
	c->out_last = &o->next;
	c->out_bytes += text->len;
	return true;
}

bool via_conn_send(struct via_conn *c, struct via_text *text)
{
	bool ok = text && !c->doomed && conn_queue(c, text);

	via_text_unref(text);
	if (ok && conn_flush(c) == 0) {
		if (!c->running)
			conn_arm(c);
		return true;
	}
	if (!c->doomed)
		via_log(LOG_WARNING, "dropped a client (pid %d, uid %u): it does not read",
			(int)c->peer.pid, (unsigned int)c->peer.uid);
	via_conn_destroy(c);
	return false;
}

static void dispatch(struct via_conn *c, struct via_varlink_msg *m)
{
	struct via_call *call = calloc(1, sizeof(*call));

	if (!call) {
		via_varlink_msg_finish(m);
		c->doomed = true;
		return;
	}
	*call = (struct via_call){
		.server = c->server,
		.conn = c,
		.method = via_steal(&m->method),
		.parameters = via_steal(&m->parameters),
		.more = m->more,
		.oneway = m->oneway,
		.peer = c->peer,
	};
	c->call = call;
	stop_timer(c);
	c->server->opt.dispatch(call, c->server->opt.user);
}

/* Take up messages until one is being answered, or replies queue up. */
static void take_messages(struct via_conn *c)
{
	while (!c->call && !c->out && !c->doomed) {
		struct via_varlink_msg m = {0};
		struct via_err err;
		const char *text;
		size_t len;
		int r = via_varlink_in_next(&c->in, &text, &len);

		if (r == 0)
			return;
		if (r > 0)
			r = via_varlink_parse(text, len, &m, &err);
		else
			via_err_set(&err, r, "longer than %u bytes", VIA_VARLINK_MESSAGE_MAX);
		if (r) {
			/* Not varlink: there is no way to answer that the caller would understand.
			 */
			via_log(LOG_INFO, "dropped a client (pid %d, uid %u): bad message: %s",
				(int)c->peer.pid, (unsigned int)c->peer.uid, err.msg);
			c->doomed = true;
			return;
		}
		dispatch(c, &m);
	}
}

/* true: there may be more to read. */
static bool read_some(struct via_conn *c)
{
	char buf[READ_CHUNK];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0)
		c->doomed = errno != EAGAIN && errno != EINTR;
	else if (n == 0)
		c->eof = true;
	else if (via_varlink_in_add(&c->in, buf, (size_t)n) < 0)
		c->doomed = true;
	return n > 0 && !c->doomed;
}

static void conn_run(struct via_conn *c)
{
	c->running = true;
	take_messages(c);
	for (int i = 0; i < READS_A_TURN; i++) {
		if (c->doomed || c->eof || c->call || c->out || !read_some(c))
			break;
		take_messages(c);
	}
	c->running = false;
	if (c->eof && !c->call && !c->out)
		c->doomed = true;
	if (c->doomed) {
		c->doomed = false;
		via_conn_destroy(c);
		return;
	}
	conn_arm(c);
}

void via_conn_next(struct via_conn *c)
{
	c->call = NULL;
	if (!c->running)
		conn_run(c);
}

static int on_io(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	struct via_conn *c = user;

	(void)src;
	(void)fd;
	if (revents & EPOLLOUT) {
		stop_timer(c);
		if (conn_flush(c) < 0) {
			via_conn_destroy(c);
			return 0;
		}
	}
	/* Both directions are shut: nobody is there to read an answer. */
	if ((revents & (EPOLLHUP | EPOLLERR)) && (c->call || c->out || c->eof)) {
		via_conn_destroy(c);
		return 0;
	}
	if (c->call && !c->out && c->call->drained) {
		c->running = true;
		c->call->drained(c->call, c->call->user);
	}
	conn_run(c);
	return 0;
}

static int on_timer(sd_event_source *src, uint64_t usec, void *user)
{
	struct via_conn *c = user;

	(void)src;
	(void)usec;
	via_log(LOG_INFO, "dropped a client (pid %d, uid %u): %s", (int)c->peer.pid,
		(unsigned int)c->peer.uid,
		c->out ? "it does not read" : "it stopped in the middle of a message");
	via_conn_destroy(c);
	return 0;
}

int via_conn_create(struct via_server *s, int fd, const struct via_peer *peer)
{
	struct via_conn *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = s;
	c->fd = -1;
	c->peer = *peer;
	c->out_last = &c->out;
	c->next = s->conns;
	if (c->next)
		c->next->prev = c;
	s->conns = c;
	s->n_conns++;
	r = sd_event_add_io(s->opt.event, &c->io, fd, EPOLLIN, on_io, c);
	if (r >= 0)
		r = sd_event_add_time_relative(
			s->opt.event, &c->timer, CLOCK_MONOTONIC, 0, 0, on_timer, c);
	if (r < 0) {
		c->fd = dup(fd);
		via_conn_destroy(c);
		return r;
	}
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	c->fd = fd;
	return 0;
}
