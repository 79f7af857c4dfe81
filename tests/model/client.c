/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls to the daemon over its socket, on the loop that the daemon itself runs on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "model.h"

static void unlink_call(struct model_call *c)
{
	struct model_call **p = &c->m->calls;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	sd_event_source_disable_unref(c->io);
	close(c->fd);
}

static void finish(struct model_call *c, const char *error, json_object *parameters)
{
	unlink_call(c);
	if (c->done)
		c->done(c, error, parameters);
	free(c->in);
	free(c);
}

void model_hang_up(struct model_call *c)
{
	finish(c, NULL, NULL);
}

static void answer(struct model_call *c, const char *text, size_t len)
{
	via_autojson *o = NULL;
	json_object *error = NULL, *parameters = NULL;
	struct via_err err;

	if (via_json_parse(text, len, false, &o, &err)) {
		model_violation(c->m, "the daemon's answer is no JSON: %s", err.msg);
		finish(c, NULL, NULL);
		return;
	}
	json_object_object_get_ex(o, "error", &error);
	json_object_object_get_ex(o, "parameters", &parameters);
	finish(c, error ? json_object_get_string(error) : NULL, parameters);
}

static int on_io(sd_event_source *src, int fd, uint32_t revents, void *user)
{
	struct model_call *c = user;
	char buf[65536], *end;
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)src;
	(void)revents;
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		model_violation(c->m, "the daemon hung up instead of answering");
		finish(c, NULL, NULL);
		return 0;
	}
	c->in = realloc(c->in, c->len + (size_t)n);
	if (!c->in)
		abort();
	memcpy(c->in + c->len, buf, (size_t)n);
	c->len += (size_t)n;
	end = memchr(c->in, '\0', c->len);
	if (end)
		answer(c, c->in, (size_t)(end - c->in));
	return 0;
}

static int connect_to(const struct model *m)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", m->dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		perror("connect");
		abort();
	}
	return fd;
}

struct model_call *model_call(struct model *m, const char *method, json_object *parameters,
	void (*done)(struct model_call *c, const char *error, json_object *parameters))
{
	struct model_call *c = calloc(1, sizeof(*c));
	via_autojson *o = json_object_new_object();
	char name[64];
	const char *text;

	if (!c || !o)
		abort();
	snprintf(name, sizeof(name), "org.viaduct.%s", method);
	via_json_add_str(o, "method", name);
	json_object_object_add(o, "parameters", parameters);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	*c = (struct model_call){
		.m = m, .fd = connect_to(m), .done = done, .vm = -1, .began_ms = via_now_ms()};
	if (via_write_all(c->fd, text, strlen(text) + 1) < 0 ||
		sd_event_add_io(m->d->event, &c->io, c->fd, EPOLLIN, on_io, c) < 0)
		abort();
	c->next = m->calls;
	m->calls = c;
	return c;
}
