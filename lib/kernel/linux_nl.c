/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/linux_nl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/clock.h"

/* The kernel fills dump datagrams up to 32 KiB when the reader offers that much
 * (net/netlink/af_netlink.c, netlink_recvmsg). */
#define BUFFER_SIZE (32 * 1024)
/* Room for a chunk's acks: each takes about 1 KiB of socket memory. */
#define RECEIVE_BUFFER (1024 * 1024)

static void set_options(int fd)
{
	static const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	struct timeval limit = {.tv_sec = VIA_NL_TIMEOUT_MS / 1000};
	int size = RECEIVE_BUFFER;
	int one = 1;

	/* An older kernel knows fewer of them; the parsers read both kinds of answers. */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		setsockopt(fd, SOL_NETLINK, options[i], &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
}

int via_nl_open(struct via_nl *nl, int bus)
{
	int r;

	*nl = (struct via_nl){.size = BUFFER_SIZE};
	nl->buf = malloc(nl->size);
	nl->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->buf || !nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = nl->buf ? -errno : -ENOMEM;
		via_nl_close(nl);
		return r;
	}
	nl->portid = mnl_socket_get_portid(nl->sock);
	set_options(mnl_socket_get_fd(nl->sock));
	return 0;
}

void via_nl_close(struct via_nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl->buf);
	*nl = (struct via_nl){0};
}

int via_nl_send(struct via_nl *nl, const void *data, size_t len)
{
	ssize_t n;

	do
		n = mnl_socket_sendto(nl->sock, data, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

static int grow(struct via_nl *nl, size_t size)
{
	uint8_t *p;

	if (size <= nl->size)
		return 0;
	p = realloc(nl->buf, size);
	if (!p)
		return -ENOMEM;
	nl->buf = p;
	nl->size = size;
	return 0;
}

/* A waiting time that ran out is EAGAIN to the socket; -EINTR means: try again. */
static int receive_errno(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK ? -ETIMEDOUT : -errno;
}

/* One datagram, whole, from the kernel. */
static ssize_t receive_one(struct via_nl *nl)
{
	int fd = mnl_socket_get_fd(nl->sock);
	struct sockaddr_nl from = {0};
	struct iovec iov;
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);

	if (n < 0)
		return receive_errno();
	if (grow(nl, (size_t)n) < 0)
		return -ENOMEM;
	iov = (struct iovec){.iov_base = nl->buf, .iov_len = nl->size};
	n = recvmsg(fd, &msg, 0);
	if (n < 0)
		return receive_errno();
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	/* Another process' message is not an answer. */
	return from.nl_pid == 0 ? n : -EINTR;
}

static int handle_datagram(struct via_nl *nl, size_t len, via_nl_fn *fn, void *user)
{
	const uint8_t *p = nl->buf;
	const struct nlmsghdr *nlh;
	int r;

	while ((nlh = via_nl_next(&p, &len))) {
		if (nlh->nlmsg_pid != nl->portid)
			continue;
		r = fn(nlh, user);
		if (r)
			return r;
	}
	return 0;
}

int via_nl_receive(struct via_nl *nl, via_nl_fn *fn, void *user)
{
	int64_t deadline = via_now_ms() + VIA_NL_TIMEOUT_MS;
	ssize_t n;
	int r = 0;

	while (r == 0) {
		n = receive_one(nl);
		if (n < 0 && n != -EINTR)
			return (int)n;
		if (n > 0)
			r = handle_datagram(nl, (size_t)n, fn, user);
		if (r == 0 && via_now_ms() > deadline)
			return -ETIMEDOUT;
	}
	return r < 0 ? r : 0;
}

struct question {
	struct via_nl *nl;
	via_nl_fn *fn;
	void *user;
	bool interrupted;
};

static int on_answer(const struct nlmsghdr *nlh, void *user)
{
	struct question *q = user;
	int r;

	if (nlh->nlmsg_seq != q->nl->seq || nlh->nlmsg_type == NLMSG_NOOP)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		q->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS;
	if (nlh->nlmsg_type != NLMSG_ERROR && nlh->nlmsg_type != NLMSG_DONE)
		return q->fn ? q->fn(nlh, q->user) : 0;
	r = via_nl_parse_error(nlh, q->nl->extack, sizeof(q->nl->extack));
	if (r < 0)
		return r;
	return q->interrupted ? -EAGAIN : 1;
}

int via_nl_ask(struct via_nl *nl, struct nlmsghdr *nlh, via_nl_fn *fn, void *user)
{
	struct question q = {.nl = nl, .fn = fn, .user = user};
	int r;

	nlh->nlmsg_seq = ++nl->seq;
	nl->extack[0] = '\0';
	r = via_nl_send(nl, nlh, nlh->nlmsg_len);
	return r < 0 ? r : via_nl_receive(nl, on_answer, &q);
}
