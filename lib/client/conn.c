/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define READ_CHUNK ((size_t)64 << 10)

int64_t via_conn_deadline(unsigned int timeout_ms)
{
	return timeout_ms ? via_now_ms() + timeout_ms : -1;
}

/* What is left until the deadline, for poll(2): -1 no limit, 0 it has passed. */
static int time_left(int64_t deadline)
{
	int64_t left;

	if (deadline < 0)
		return -1;
	left = deadline - via_now_ms();
	if (left <= 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

static int wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int left = time_left(deadline);
		int r;

		if (left == 0)
			return -ETIMEDOUT;
		r = poll(&p, 1, left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/*
 * A Unix stream connect waits while the listener's backlog is full, for as long as SO_SNDTIMEO
 * (net/unix/af_unix.c, unix_stream_connect), and then says EAGAIN.
 */
static int connect_within(int fd, const struct sockaddr_un *sa, int64_t deadline)
{
	for (;;) {
		int left = time_left(deadline);
		struct timeval tv = {0};

		if (left == 0)
			return -ETIMEDOUT;
		if (left > 0) {
			tv.tv_sec = left / 1000;
			tv.tv_usec = left % 1000 * 1000;
		}
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
			return 0;
		if (errno == EAGAIN)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int fill_address(const char *path, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!*path)
		return -EINVAL;
	if (strlen(path) >= sizeof(sa->sun_path))
		return -ENAMETOOLONG;
	strcpy(sa->sun_path, path);
	return 0;
}

int viaduct_open(const char *socket_path, unsigned int timeout_ms, struct viaduct **ret)
{
	via_autoclose int fd = -1;
	struct sockaddr_un sa;
	struct viaduct *v;
	int r;

	if (!ret)
		return -EINVAL;
	r = fill_address(socket_path ? socket_path : VIADUCT_SOCKET_DEFAULT, &sa);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_within(fd, &sa, via_conn_deadline(timeout_ms));
	if (r < 0)
		return r;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->fd = via_steal_fd(&fd);
	v->timeout_ms = timeout_ms;
	*ret = v;
	return 0;
}

void viaduct_close(struct viaduct *v)
{
	if (!v)
		return;
	close(v->fd);
	free(v->in);
	free(v);
}

int via_conn_send(struct viaduct *v, const void *data, size_t len, int64_t deadline)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(v->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE)
			return -ECONNRESET;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(v->fd, POLLOUT, deadline);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Room for one more chunk behind in_end. */
static int make_room(struct viaduct *v)
{
	size_t used = v->in_end - v->in_start, cap = v->in_cap;
	char *p;

	if (v->in_start > 0) {
		memmove(v->in, v->in + v->in_start, used);
		v->in_start = 0;
		v->in_end = used;
	}
	if (used > VIA_CLIENT_MESSAGE_MAX)
		return -EMSGSIZE;
	if (cap - used >= READ_CHUNK)
		return 0;
	cap = cap ? cap * 2 : READ_CHUNK * 2;
	p = realloc(v->in, cap);
	if (!p)
		return -ENOMEM;
	v->in = p;
	v->in_cap = cap;
	return 0;
}

static int read_some(struct viaduct *v, int64_t deadline)
{
	int r = make_room(v);

	while (r == 0) {
		ssize_t n = recv(v->fd, v->in + v->in_end, v->in_cap - v->in_end, MSG_DONTWAIT);

		if (n > 0) {
			v->in_end += (size_t)n;
			return 0;
		}
		if (n == 0)
			return -ECONNRESET;
		if (errno == EAGAIN)
			r = wait_for(v->fd, POLLIN, deadline);
		else if (errno != EINTR)
			return -errno;
	}
	return r;
}

int via_conn_receive(struct viaduct *v, int64_t deadline, const char **ret, size_t *ret_len)
{
	size_t seen = 0;

	for (;;) {
		size_t have = v->in_end - v->in_start;
		char *end = have > seen ? memchr(v->in + v->in_start + seen, 0, have - seen) : NULL;
		int r;

		if (end) {
			*ret = v->in + v->in_start;
			*ret_len = (size_t)(end - *ret);
			v->in_start += *ret_len + 1;
			return *ret_len > VIA_CLIENT_MESSAGE_MAX ? -EMSGSIZE : 0;
		}
		seen = have;
		r = read_some(v, deadline);
		if (r < 0)
			return r;
	}
}
