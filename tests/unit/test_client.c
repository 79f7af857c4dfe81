// SPDX-License-Identifier: GPL-2.0-or-later
/* libviaduct against a server that says, byte for byte, what a test tells it to. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "viaduct/viaduct.h"

struct server {
	char dir[64], path[108];
	int listener;
	pthread_t thread;
	/* the script */
	const char *replies[8]; /* one for each call; several messages are separated by '|' */
	size_t piece;		/* bytes a write; 0: all at once */
	unsigned int pause_us;	/* between pieces */
	bool hang_up;		/* after the last reply; else wait for the client to go */
	bool deaf;		/* reply without having read anything */
	size_t flood;		/* bytes of a message that does not end */
	/* what it saw */
	char calls[8][512];
	size_t n_calls;
};

/* '|' ends a message in scripts and in what was seen. */
static void write_script(struct server *s, int fd, const char *script)
{
	size_t len = strlen(script), at = 0;
	char *bytes = strdup(script);

	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '|')
			bytes[i] = '\0';
	while (at < len) {
		size_t n = s->piece && s->piece < len - at ? s->piece : len - at;

		if (send(fd, bytes + at, n, MSG_NOSIGNAL) < 0)
			break;
		at += n;
		if (s->pause_us)
			usleep(s->pause_us);
	}
	free(bytes);
}

static bool read_call(struct server *s, int fd)
{
	char *call = s->calls[s->n_calls];
	size_t n = 0;
	char c;

	while (recv(fd, &c, 1, 0) == 1) {
		if (n < sizeof(s->calls[0]) - 1)
			call[n++] = c;
		if (!c) {
			s->n_calls++;
			return true;
		}
	}
	return false;
}

static void write_flood(struct server *s, int fd)
{
	static const char spaces[65536] = {[0 ... 65535] = ' '};

	for (size_t sent = 0; sent < s->flood; sent += sizeof(spaces))
		if (send(fd, spaces, sizeof(spaces), MSG_NOSIGNAL) < 0)
			return;
}

static void *serve(void *user)
{
	struct server *s = user;
	int fd = accept(s->listener, NULL, NULL);
	char c;

	if (fd < 0)
		return NULL;
	for (size_t i = 0; s->replies[i]; i++) {
		if (!s->deaf && !read_call(s, fd))
			break;
		write_script(s, fd, s->replies[i]);
	}
	if (s->flood && read_call(s, fd))
		write_flood(s, fd);
	if (!s->hang_up)
		while (recv(fd, &c, 1, 0) > 0)
			;
	close(fd);
	return NULL;
}

static void start(struct server *s)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	strcpy(s->dir, "/tmp/test-client-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/socket", s->dir);
	strcpy(sa.sun_path, s->path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s->listener, 4), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	unlink(s->path);
	rmdir(s->dir);
}

/* Start the script and connect. */
static struct viaduct *begin(struct server *s, unsigned int timeout_ms)
{
	struct viaduct *v = NULL;

	start(s);
	assert_int_equal(viaduct_open(s->path, timeout_ms, &v), 0);
	return v;
}

static void end(struct server *s, struct viaduct *v)
{
	viaduct_close(v);
	stop(s);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_open_errors(void **state)
{
	struct viaduct *v = NULL;
	char path[200];

	(void)state;
	assert_int_equal(viaduct_open("/nonexistent/socket", 0, &v), -ENOENT);
	assert_int_equal(viaduct_open("", 0, &v), -EINVAL);
	assert_int_equal(viaduct_open("/dev/null", 0, NULL), -EINVAL);
	assert_int_equal(viaduct_open("/dev/null", 0, &v), -ECONNREFUSED);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(viaduct_open(path, 0, &v), -ENAMETOOLONG);
	assert_null(v);
	viaduct_close(NULL);
	assert_string_equal(viaduct_error_name(NULL), "");
	assert_string_equal(viaduct_version(), VIADUCT_VERSION);
}

/* A listener whose backlog is full keeps a connect waiting, but not for longer than was said. */
static void test_open_timeout(void **state)
{
	struct server s = {0};
	struct viaduct *v[8] = {NULL};
	double before;
	int r = 0, n = 0;

	(void)state;
	start(&s);
	stop(&s);
	assert_int_equal(mkdir(s.dir, 0700), 0);
	s.listener = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	strcpy(sa.sun_path, s.path);
	assert_int_equal(bind(s.listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s.listener, 0), 0);
	before = now();
	while (n < 8 && r == 0)
		r = viaduct_open(s.path, 100, &v[n++]);
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(now() - before < 5);
	for (int i = 0; i < 8; i++)
		viaduct_close(v[i]);
	close(s.listener);
	unlink(s.path);
	rmdir(s.dir);
}

static void test_call(void **state)
{
	struct server s = {.replies = {"{\"parameters\":{\"a\":[1,\"/\"]}}|", "{}|",
				   "{\"parameters\":null}|"}};
	struct viaduct *v = begin(&s, 2000);
	char *reply = NULL;

	(void)state;
	assert_true(viaduct_fd(v) >= 0);
	assert_int_equal(viaduct_call(v, "GetStatus", NULL, &reply), 0);
	assert_string_equal(reply, "{\"a\":[1,\"/\"]}");
	free(reply);
	assert_int_equal(viaduct_call(v, "Show", "{\"device\":\"0000:01:00.0\"}", &reply), 0);
	assert_string_equal(reply, "{}");
	free(reply);
	assert_int_equal(viaduct_call(v, "org.varlink.service.GetInfo", "{ }", &reply), 0);
	assert_string_equal(reply, "{}");
	free(reply);
	end(&s, v);
	assert_string_equal(s.calls[0], "{\"method\":\"org.viaduct.GetStatus\"}");
	assert_string_equal(s.calls[1],
		"{\"method\":\"org.viaduct.Show\",\"parameters\":{\"device\":\"0000:01:00.0\"}}");
	assert_string_equal(
		s.calls[2], "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{ }}");
}

/* What cannot be sent is not sent, and does no harm. */
static void test_call_invalid(void **state)
{
	static const char *const methods[] = {"", "Get Status", "a\"b", "\n"};
	static const char *const parameters[] = {"", "[]", "1", "{", "{} {}", "{\"a\":1}x", "nul"};
	struct server s = {.replies = {"{}|"}};
	struct viaduct *v = begin(&s, 2000);
	char *reply = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		assert_int_equal(viaduct_call(v, methods[i], NULL, &reply), -EINVAL);
	for (size_t i = 0; i < sizeof(parameters) / sizeof(*parameters); i++)
		assert_int_equal(viaduct_call(v, "X", parameters[i], &reply), -EINVAL);
	assert_int_equal(viaduct_call(v, NULL, NULL, &reply), -EINVAL);
	assert_int_equal(viaduct_call(NULL, "X", NULL, &reply), -EINVAL);
	assert_int_equal(viaduct_call(v, "X", NULL, NULL), -EINVAL);
	assert_null(reply);
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), 0);
	free(reply);
	end(&s, v);
	assert_int_equal(s.n_calls, 1);
}

static void test_error_reply(void **state)
{
	struct server s = {
		.replies = {
			"{\"error\":\"org.viaduct.InUse\",\"parameters\":{\"reason\":\"web1\"}}|",
			"{\"error\":\"a.b\"}|", "{}|"}};
	struct viaduct *v = begin(&s, 2000);
	char *reply = NULL;

	(void)state;
	assert_int_equal(viaduct_call(v, "Bind", NULL, &reply), 1);
	assert_string_equal(viaduct_error_name(v), "org.viaduct.InUse");
	assert_string_equal(reply, "{\"reason\":\"web1\"}");
	free(reply);
	assert_int_equal(viaduct_call(v, "Bind", NULL, &reply), 1);
	assert_string_equal(reply, "{}");
	free(reply);
	assert_int_equal(viaduct_call(v, "Bind", NULL, &reply), 0);
	assert_string_equal(viaduct_error_name(v), "");
	free(reply);
	end(&s, v);
}

static void test_pieces(void **state)
{
	struct server s = {.replies = {"{\"parameters\":{\"text\":\"in pieces\"}}|"},
		.piece = 1,
		.pause_us = 200};
	struct viaduct *v = begin(&s, 5000);
	char *reply = NULL;

	(void)state;
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), 0);
	assert_string_equal(reply, "{\"text\":\"in pieces\"}");
	free(reply);
	end(&s, v);
}

static void expect_broken(const char *script, int error)
{
	struct server s = {.replies = {script}, .hang_up = true};
	struct viaduct *v = begin(&s, 2000);
	char *reply = NULL;
	int r = viaduct_call(v, "X", NULL, &reply);

	if (r != error)
		print_error("%s: %d\n", script, r);
	assert_int_equal(r, error);
	assert_null(reply);
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), -ENOTCONN);
	end(&s, v);
}

static void test_garbage(void **state)
{
	static const char *const scripts[] = {
		"HTTP/1.1 400 Bad Request\r\n\r\n|",
		"|",
		"[]|",
		"1|",
		"null|",
		"{\"parameters\":[]}|",
		"{\"parameters\":1}|",
		"{\"continues\":\"yes\"}|",
		"{\"continues\":true}|",
		"{\"error\":5}|",
		"{\"error\":\"\"}|",
		"{\"error\":\"a.b\",\"continues\":true}|",
		"{} {}|",
		"{\"parameters\":{\"a\":\"\xff\xfe\"}}|",
		"{\"parameters\":{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]"
		"]]]]]]]]]"
		"]]]]]}}|",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		expect_broken(scripts[i], -EPROTO);
}

static void test_daemon_goes_away(void **state)
{
	(void)state;
	expect_broken("", -ECONNRESET);
	expect_broken("{\"parameters\":{\"half\":", -ECONNRESET);
	expect_broken("{}", -ECONNRESET);
}

/* A second reply to one call: the next call must not take it for its own. */
static void test_reply_too_many(void **state)
{
	struct server s = {
		.replies = {"{\"parameters\":{\"n\":1}}|{\"parameters\":{\"n\":2}}|", "{}|"}};
	struct viaduct *v = begin(&s, 2000);
	char *reply = NULL;

	(void)state;
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), 0);
	free(reply);
	reply = NULL;
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), -EPROTO);
	assert_null(reply);
	end(&s, v);
}

static void expect_timeout(struct server *s)
{
	struct viaduct *v = begin(s, 150);
	char *reply = NULL;
	double before = now();

	assert_int_equal(viaduct_call(v, "X", NULL, &reply), -ETIMEDOUT);
	assert_true(now() - before >= 0.14);
	assert_true(now() - before < 3);
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), -ENOTCONN);
	end(s, v);
}

static void test_timeout(void **state)
{
	struct server silent = {.replies = {""}};
	/* Each byte comes in time; the whole reply does not. */
	struct server slow = {.replies = {"{\"parameters\":{\"a\":\"bcdefghijklmnop\"}}|"},
		.piece = 1,
		.pause_us = 20000};

	(void)state;
	expect_timeout(&silent);
	expect_timeout(&slow);
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

/* Interrupted at every turn, by a handler that does not restart system calls. */
static void test_interrupted(void **state)
{
	struct server s = {.replies = {"{\"parameters\":{\"a\":\"bcdefghijklmnop\"}}|"},
		.piece = 1,
		.pause_us = 3000};
	struct itimerval often = {{0, 1000}, {0, 1000}}, off = {0};
	struct sigaction action = {.sa_handler = on_alarm}, old;
	struct viaduct *v;
	char *reply = NULL;

	(void)state;
	sigaction(SIGALRM, &action, &old);
	v = begin(&s, 5000);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_string_equal(reply, "{\"a\":\"bcdefghijklmnop\"}");
	free(reply);
	end(&s, v);
}

static void test_too_large(void **state)
{
	struct server s = {.flood = (size_t)80 << 20, .hang_up = true};
	struct viaduct *v = begin(&s, 60000);
	char *reply = NULL;

	(void)state;
	assert_int_equal(viaduct_call(v, "X", NULL, &reply), -EMSGSIZE);
	end(&s, v);
}

/* A call larger than the socket's buffer, and a daemon that hangs up without reading it. */
static void test_send_to_nobody(void **state)
{
	struct server gone = {.replies = {""}, .deaf = true, .hang_up = true};
	struct server refuses = {.replies = {"{\"error\":\"org.viaduct.Permission\"}|"},
		.deaf = true,
		.hang_up = true};
	size_t len = (size_t)4 << 20;
	char *large = malloc(len + 16), *reply = NULL;
	struct viaduct *v;
	int r;

	(void)state;
	strcpy(large, "{\"a\":\"");
	memset(large + 6, 'x', len);
	strcpy(large + 6 + len, "\"}");
	v = begin(&gone, 3000);
	assert_int_equal(viaduct_call(v, "X", large, &reply), -ECONNRESET);
	end(&gone, v);
	v = begin(&refuses, 3000);
	r = viaduct_call(v, "X", large, &reply);
	assert_int_equal(r, 1);
	assert_string_equal(viaduct_error_name(v), "org.viaduct.Permission");
	free(reply);
	end(&refuses, v);
	free(large);
}

struct seen {
	struct viaduct *v;
	char text[256];
	int end_at, n, inner;
};

static int on_reply(const char *reply, void *user)
{
	struct seen *seen = user;
	char *inner = NULL;

	strcat(seen->text, reply);
	seen->inner = viaduct_call(seen->v, "X", NULL, &inner);
	return ++seen->n == seen->end_at ? 42 : 0;
}

#define MORE(n) "{\"parameters\":{\"n\":" #n "},\"continues\":true}|"

static void test_more(void **state)
{
	struct server s = {.replies = {MORE(1) MORE(2) "{\"parameters\":{\"n\":3}}|", "{}|"}};
	struct viaduct *v = begin(&s, 2000);
	struct seen seen = {.v = v};
	char *last = NULL;

	(void)state;
	assert_int_equal(
		viaduct_call_more(v, "Monitor", "{\"types\":[]}", on_reply, &seen, &last), 0);
	assert_string_equal(seen.text, "{\"n\":1}{\"n\":2}{\"n\":3}");
	assert_int_equal(seen.inner, -EBUSY);
	assert_string_equal(last, "{\"n\":3}");
	free(last);
	assert_int_equal(viaduct_call_more(v, "X", NULL, NULL, NULL, NULL), 0);
	end(&s, v);
	assert_string_equal(s.calls[0],
		"{\"method\":\"org.viaduct.Monitor\",\"more\":true,\"parameters\":{\"types\":[]}}");
}

static void test_more_error(void **state)
{
	struct server s = {.replies = {MORE(1) "{\"error\":\"org.viaduct.Blocked\"}|", "{}|"}};
	struct viaduct *v = begin(&s, 2000);
	struct seen seen = {.v = v};
	char *last = NULL;

	(void)state;
	assert_int_equal(viaduct_call_more(v, "Apply", NULL, on_reply, &seen, &last), 1);
	assert_string_equal(seen.text, "{\"n\":1}");
	assert_string_equal(viaduct_error_name(v), "org.viaduct.Blocked");
	free(last);
	assert_int_equal(viaduct_call(v, "X", NULL, &last), 0);
	free(last);
	end(&s, v);
}

static void test_more_ended_by_fn(void **state)
{
	struct server s = {.replies = {MORE(1) MORE(2) MORE(3)}};
	struct viaduct *v = begin(&s, 2000);
	struct seen seen = {.v = v, .end_at = 2};
	char *last = NULL;

	(void)state;
	assert_int_equal(viaduct_call_more(v, "Monitor", NULL, on_reply, &seen, &last), 42);
	assert_string_equal(seen.text, "{\"n\":1}{\"n\":2}");
	assert_null(last);
	assert_int_equal(viaduct_call(v, "X", NULL, &last), -ENOTCONN);
	end(&s, v);
}

static void test_more_cut_off(void **state)
{
	struct server s = {.replies = {MORE(1) "{\"parameters\":{\"n\""}, .hang_up = true};
	struct viaduct *v = begin(&s, 2000);
	struct seen seen = {.v = v};

	(void)state;
	assert_int_equal(viaduct_call_more(v, "Monitor", NULL, on_reply, &seen, NULL), -ECONNRESET);
	assert_string_equal(seen.text, "{\"n\":1}");
	end(&s, v);
}

/* A subscription may be quiet for longer than the timeout. */
static void test_more_has_no_timeout(void **state)
{
	struct server s = {.replies = {MORE(1) "{}|"}, .piece = 20, .pause_us = 120000};
	struct viaduct *v = begin(&s, 100);
	struct seen seen = {.v = v};

	(void)state;
	assert_int_equal(viaduct_call_more(v, "Monitor", NULL, on_reply, &seen, NULL), 0);
	end(&s, v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_errors),
		cmocka_unit_test(test_open_timeout),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_call_invalid),
		cmocka_unit_test(test_error_reply),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_daemon_goes_away),
		cmocka_unit_test(test_reply_too_many),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_send_to_nobody),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_more_error),
		cmocka_unit_test(test_more_ended_by_fn),
		cmocka_unit_test(test_more_cut_off),
		cmocka_unit_test(test_more_has_no_timeout),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
