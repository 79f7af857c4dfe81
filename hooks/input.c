/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "domain/xml.h"
#include "hooks/hook.h"

#define FIRST_SIZE ((size_t)64 << 10) /* what a pipe holds; most domains have less */

struct input {
	char *text;
	size_t len, cap;
};

/* One byte beyond the limit tells that there is more. */
static int make_room(struct input *in)
{
	size_t cap = in->cap ? in->cap * 4 : FIRST_SIZE;
	char *p;

	if (in->len < in->cap)
		return 0;
	if (in->len > VIA_DOMAIN_XML_MAX)
		return -EFBIG;
	if (cap > VIA_DOMAIN_XML_MAX)
		cap = VIA_DOMAIN_XML_MAX + 1;
	p = realloc(in->text, cap);
	if (!p)
		return -ENOMEM;
	in->text = p;
	in->cap = cap;
	return 0;
}

static int wait_for_some(int64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
		int64_t left = deadline - via_now_ms();
		int r;

		if (left <= 0)
			return -ETIMEDOUT;
		r = poll(&p, 1, (int)left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/* 1: some; 0: the end. */
static int read_some(struct input *in, int64_t deadline)
{
	for (;;) {
		ssize_t n;
		int r = make_room(in);

		if (r == 0)
			r = wait_for_some(deadline);
		if (r < 0)
			return r;
		n = read(STDIN_FILENO, in->text + in->len, in->cap - in->len);
		if (n >= 0) {
			in->len += (size_t)n;
			return n > 0;
		}
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

static int fail(int r, struct via_err *err)
{
	if (r == -EFBIG)
		return via_err_set(
			err, r, "the domain's XML is longer than %u bytes", VIA_DOMAIN_XML_MAX);
	return via_err_set(
		err, r, "the domain's XML cannot be read from standard input: %s", strerror(-r));
}

int via_hook_read(int64_t deadline, char **ret, size_t *ret_len, struct via_err *err)
{
	struct input in = {0};
	int r;

	do {
		r = read_some(&in, deadline);
	} while (r > 0);
	if (r < 0) {
		free(in.text);
		return fail(r, err);
	}
	*ret = in.text;
	*ret_len = in.len;
	return 0;
}
