/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * varlink-load SOCKET CLIENTS SECONDS METHOD: each client sends a call as soon as it has the reply
 * to the one before. Prints requests a second, and the median, 99th percentile and maximum of the
 * time a reply took, in microseconds.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define SAMPLES_MAX (8u << 20)

static char request[256];
static size_t request_len;
static uint32_t *samples;
static size_t n_samples;

struct client {
	int fd;
	uint64_t sent_us;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "varlink-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ask(struct client *c)
{
	c->sent_us = now_us();
	if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
		die("send");
}

static void take(struct client *c)
{
	static char buf[1 << 20];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("recv");
	if (buf[n - 1] != '\0')
		return;
	if (n_samples < SAMPLES_MAX)
		samples[n_samples++] = (uint32_t)(now_us() - c->sent_us);
	ask(c);
}

static void open_client(struct client *c, const char *path, int ep)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die(path);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) < 0)
		die("epoll_ctl");
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void run(int ep, uint64_t until)
{
	struct epoll_event ev[CLIENTS_MAX];

	while (now_us() < until) {
		int n = epoll_wait(ep, ev, CLIENTS_MAX, 1000);

		for (int i = 0; i < n; i++)
			take(ev[i].data.ptr);
	}
}

int main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	int ep = epoll_create1(EPOLL_CLOEXEC), count;
	double seconds;

	if (argc != 5 || (count = atoi(argv[2])) < 1 || count > CLIENTS_MAX) {
		fprintf(stderr, "usage: varlink-load SOCKET CLIENTS SECONDS METHOD\n");
		return 2;
	}
	seconds = atof(argv[3]);
	request_len =
		(size_t)snprintf(request, sizeof(request), "{\"method\":\"%s\"}", argv[4]) + 1;
	samples = malloc(SAMPLES_MAX * sizeof(*samples));
	if (ep < 0 || !samples)
		die("setup");
	for (int i = 0; i < count; i++)
		open_client(&clients[i], argv[1], ep);
	for (int i = 0; i < count; i++)
		ask(&clients[i]);
	run(ep, now_us() + (uint64_t)(seconds * 1e6));
	qsort(samples, n_samples, sizeof(*samples), by_value);
	if (!n_samples)
		return 1;
	printf("%.0f %u %u %u\n", (double)n_samples / seconds, samples[n_samples / 2],
		samples[n_samples * 99 / 100], samples[n_samples - 1]);
	return 0;
}
