/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * varlink-echo SOCKET FILE: answers whatever ends with a NUL by the bytes of FILE and a NUL, from
 * an sd-event loop. No parsing, no checks: the least a server on this loop can do for that reply.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

static char *reply;
static size_t reply_len;

static int on_data(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	char buf[16384];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)revents;
	(void)user;
	if (n <= 0) {
		sd_event_source_disable_unref(src);
		close(fd);
		return 0;
	}
	for (ssize_t i = 0; i < n; i++)
		if (!buf[i] && send(fd, reply, reply_len, MSG_NOSIGNAL) < 0)
			return 0;
	return 0;
}

static int on_accept(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	sd_event_source *io;

	(void)src;
	(void)revents;
	if (client >= 0)
		sd_event_add_io(user, &io, client, EPOLLIN, on_data, NULL);
	return 0;
}

static int load(const char *path)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	reply = calloc(1, 4u << 20);
	reply_len = reply ? fread(reply, 1, (4u << 20) - 1, f) + 1 : 0;
	fclose(f);
	return reply ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	sd_event *event = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || load(argv[2]) < 0)
		return 2;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", argv[1]);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0 ||
		sd_event_default(&event) < 0 ||
		sd_event_add_io(event, NULL, fd, EPOLLIN, on_accept, event) < 0)
		return 1;
	return sd_event_loop(event) < 0;
}
