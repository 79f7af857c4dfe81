/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "conn.h"
#include "log.h"

struct via_listener {
	struct via_listener *next;
	struct via_server *server;
	int fd;
	char *path; /* ours to unlink; NULL: given to us */
	sd_event_source *io;
};

int via_server_create(const struct via_server_options *opt, struct via_server **ret)
{
	struct via_server *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->opt = *opt;
	*ret = s;
	return 0;
}

static void listener_destroy(struct via_listener *l)
{
	sd_event_source_disable_unref(l->io);
	if (l->path)
		unlink(l->path);
	close(l->fd);
	free(l->path);
	free(l);
}

void via_server_destroy(struct via_server *s)
{
	if (!s)
		return;
	while (s->listeners) {
		struct via_listener *l = s->listeners;

		s->listeners = l->next;
		listener_destroy(l);
	}
	while (s->conns)
		via_conn_destroy(s->conns);
	free(s);
}

static int on_accept(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	struct via_listener *l = user;
	struct via_server *s = l->server;
	via_autoclose int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct via_peer peer;
	int r;

	(void)src;
	(void)revents;
	if (client < 0)
		return 0;
	if (s->n_conns >= VIA_SERVER_CLIENTS_MAX) {
		via_log(LOG_DEBUG, "turned a client away: %u are connected",
			VIA_SERVER_CLIENTS_MAX);
		return 0;
	}
	r = via_peer_of(client, s->opt.groups, &peer);
	if (r == 0)
		r = via_conn_create(s, client, &peer);
	if (r < 0)
		via_log(LOG_WARNING, "cannot take a client: %s", strerror(-r));
	else
		client = -1;
	return 0;
}

int via_server_adopt(struct via_server *s, int fd, struct via_err *err)
{
	struct via_listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return via_err_set(err, -ENOMEM, "out of memory");
	l->server = s;
	l->fd = fd;
	r = sd_event_add_io(s->opt.event, &l->io, fd, EPOLLIN, on_accept, l);
	if (r < 0) {
		free(l);
		return via_err_set(err, r, "cannot listen: %s", strerror(-r));
	}
	l->next = s->listeners;
	s->listeners = l;
	return 0;
}

/* true: somebody answers there. A socket file that refuses was left by a process that died. */
static bool answers(const struct sockaddr_un *sa)
{
	via_autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 || connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ||
	       (errno != ECONNREFUSED && errno != ENOENT);
}

static int bind_socket(int fd, const struct sockaddr_un *sa, struct via_err *err)
{
	struct stat st;
	mode_t old;
	int r;

	if (lstat(sa->sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return via_err_set(err, -EEXIST,
				"%s: is there and is no socket; remove it or use --socket",
				sa->sun_path);
		if (answers(sa))
			return via_err_set(err, -EADDRINUSE,
				"%s: another process answers there; stop it or use --socket",
				sa->sun_path);
		unlink(sa->sun_path);
	}
	old = umask(0117); /* 0660 from the first moment on */
	r = bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 ? -errno : 0;
	umask(old);
	if (r < 0)
		return via_err_set(
			err, r, "%s: cannot bind the socket: %s", sa->sun_path, strerror(-r));
	return 0;
}

static int socket_path(const char *path, struct sockaddr_un *sa, struct via_err *err)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sa->sun_path))
		return via_err_set(err, -ENAMETOOLONG, "%s: longer than %zu bytes", path,
			sizeof(sa->sun_path) - 1);
	strcpy(sa->sun_path, path);
	return 0;
}

/* The group that may talk to us; without it only root may, which is what the mode then says. */
static void give_to_group(const struct via_server *s, const char *path)
{
	const struct via_groups *g = s->opt.groups;

	if (g->has_read && chown(path, (uid_t)-1, g->read) < 0)
		via_log(LOG_WARNING, "%s: cannot be given to group %s: %m", path, g->read_name);
}

int via_server_listen(struct via_server *s, const char *path, struct via_err *err)
{
	via_autoclose int fd = -1;
	via_autofree char *copy = strdup(path);
	struct sockaddr_un sa;
	int r = socket_path(path, &sa, err);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !copy)
		return via_err_set(err, -ENOMEM, "%s: cannot make a socket: %m", path);
	r = bind_socket(fd, &sa, err);
	if (r < 0)
		return r;
	give_to_group(s, path);
	if (listen(fd, SOMAXCONN) < 0)
		return via_err_set(err, -errno, "%s: cannot listen: %m", path);
	r = via_server_adopt(s, fd, err);
	if (r < 0)
		return r;
	fd = -1;
	s->listeners->path = via_steal(&copy);
	return 0;
}

static void call_destroy(struct via_call *call)
{
	free(call->method);
	json_object_put(call->parameters);
	free(call);
}

void via_call_reply_text(struct via_call *call, struct via_text *text)
{
	struct via_conn *c = call->conn;

	if (!c) {
		via_text_unref(text);
	} else {
		/* Out of the way first: the client may be dropped by the sending. */
		c->call = NULL;
		call->conn = NULL;
		if (call->oneway) {
			via_text_unref(text);
			via_conn_next(c);
		} else if (via_conn_send(c, text)) {
			via_conn_next(c);
		}
	}
	call_destroy(call);
}

void via_call_reply(struct via_call *call, json_object *parameters)
{
	via_call_reply_text(call, via_varlink_reply(parameters, NULL, false));
}

void via_call_error(struct via_call *call, const char *error, json_object *parameters)
{
	via_call_reply_text(call, via_varlink_reply(parameters, error, false));
}

void via_call_fail(struct via_call *call, int r, const struct via_err *err)
{
	json_object *p = json_object_new_object();
	const char *name = r > 0 ? via_refusal_varlink((enum via_refusal)r) : NULL;
	char full[64];

	via_json_add_str(p, "reason", err->msg[0] ? err->msg : strerror(r < 0 ? -r : EINVAL));
	if (r < 0)
		via_json_add_str(p, "errno", strerrorname_np(-r));
	snprintf(full, sizeof(full), "org.viaduct.%s", name ? name : "Failed");
	via_call_error(call, full, p);
}

bool via_call_continue(struct via_call *call, struct via_text *text)
{
	if (!call->conn || call->oneway) {
		via_text_unref(text);
		return false;
	}
	return via_conn_send(call->conn, text);
}

bool via_call_has_room(const struct via_call *call)
{
	return call->conn && !call->conn->out;
}
