/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "doc.h"
#include "print.h"

/* Status is made to be polled: it is answered from memory. */
#define WAIT_PAUSE_MS  250
#define WATCH_PAUSE_MS 1000
#define SHORT_TRY_MS   1000 /* that a try so short had no answer says nothing about the daemon */

static void pause_ms(unsigned int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

static int get_status(struct cli *c, json_object **ret)
{
	return cli_call(c, CLI_READS, "GetStatus", NULL, "status", ret);
}

static int show(struct cli *c, json_object *status)
{
	return c->opt.json ? cli_print_json(c, status) : print_status(c, status);
}

static void not_ready(struct via_strbuf *b, json_object *status)
{
	json_object *pfs = doc_array(status, "pfs");

	for (size_t i = 0; i < doc_length(pfs); i++) {
		json_object *pf = doc_at(pfs, i);
		const char *state = doc_word(pf, "state"), *reason = doc_text(pf, "reason");

		if (!doc_true(pf, "managed") || !strcmp(state, "ok") || !strcmp(state, "absent"))
			continue;
		via_strbuf_addf(
			b, "%s%s is %s", b->len ? ", " : "", doc_word(pf, "address"), state);
		if (reason && *reason)
			via_strbuf_addf(b, " (%s)", reason);
	}
}

/* error: why there is no status, when there is none. */
static int give_up(struct cli *c, json_object *status, int error)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	if (!status)
		return cli_fail_connection(c, error);
	not_ready(&b, status);
	return cli_fail(c, CLI_FAILED, "not ready within %s s: %s", c->opt.wait_ready,
		b.len ? via_strbuf_str(&b) : "see viaduct status");
}

/* 0 and *ret; below 0 no answer; above 0 an exit code, reported. */
static int try_status(struct cli *c, json_object **ret)
{
	via_autofree char *reply = NULL;
	via_autojson *o = NULL;
	int r = viaduct_open(c->opt.socket, c->timeout_ms, &c->v);

	if (r == 0)
		r = viaduct_call(c->v, "GetStatus", NULL, &reply);
	if (r == 0 && via_json_parse(reply, strlen(reply), false, &o, NULL))
		r = -EPROTO;
	if (r == 0 && !doc_object(o, "status"))
		r = -EPROTO;
	if (r > 0)
		return via_json_parse(reply, strlen(reply), false, &o, NULL)
			       ? -EPROTO
			       : cli_fail_reply(c, viaduct_error_name(c->v), o);
	if (r < 0)
		return r;
	if (!c->opt.json)
		doc_clean(o);
	*ret = json_object_get(doc_object(o, "status"));
	return 0;
}

/* A daemon that is not there may be starting; only what waiting does not mend ends it. */
static bool is_final(int error)
{
	return error == -EACCES || error == -EPERM || error == -EPROTO || error == -EMSGSIZE;
}

/* One connection a try, so that none waits longer than is left. */
static int try_within(struct cli *c, int64_t left_ms, json_object **ret)
{
	int r;

	c->timeout_ms = 60 * 1000;
	if (c->opt.wait_ready && left_ms < c->timeout_ms)
		c->timeout_ms = left_ms > 1 ? (unsigned int)left_ms : 1;
	r = try_status(c, ret);
	viaduct_close(via_steal(&c->v));
	return r;
}

/* The newest status, also when time ran out on the very next one. */
static int try_again(struct cli *c, int64_t left_ms, json_object **status)
{
	json_object *fresh = NULL;
	int r = try_within(c, left_ms, &fresh);

	if (r == -ETIMEDOUT && c->opt.wait_ready && left_ms < SHORT_TRY_MS && *status)
		return 0;
	json_object_put(*status);
	*status = fresh;
	return r;
}

static int run_wait(struct cli *c)
{
	via_autojson *status = NULL;
	unsigned int limit_ms = 0;
	int64_t until;
	int r = 0;

	if (c->opt.wait_ready)
		r = cli_seconds(c, "wait-ready", c->opt.wait_ready, &limit_ms);
	if (r)
		return r;
	until = via_now_ms() + limit_ms;
	for (;;) {
		r = try_again(c, until - via_now_ms(), &status);
		if (r > 0)
			return r;
		if (r == 0 && doc_true(status, "ready"))
			return show(c, status);
		if (is_final(r) || (c->opt.wait_ready && via_now_ms() >= until))
			return give_up(c, status, r);
		pause_ms(WAIT_PAUSE_MS);
	}
}

/* Print it, and again whenever it has changed. */
static int run_watch(struct cli *c)
{
	via_autofree char *before = NULL;

	for (;;) {
		via_autojson *status = NULL;
		const char *text;
		int r = get_status(c, &status);

		if (r)
			return r;
		text = json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN);
		if (!before || strcmp(before, text)) {
			if (c->tty && !c->opt.json)
				fputs("\033[H\033[2J", stdout);
			else if (before && !c->opt.json)
				putchar('\n');
			free(before);
			before = strdup(text);
			r = c->opt.json ? cli_print_json_line(status) : print_status(c, status);
			if (r || fflush(stdout) != 0)
				return CLI_FAILED;
		}
		pause_ms(WATCH_PAUSE_MS);
	}
}

static int run_status(struct cli *c, char **args, size_t n)
{
	via_autojson *status = NULL;
	int r;

	(void)args;
	(void)n;
	if (c->opt.watch && c->opt.waits)
		return cli_usage(c, "--watch and --wait-ready do not go together");
	if (c->opt.watch)
		return run_watch(c);
	if (c->opt.waits)
		return run_wait(c);
	r = get_status(c, &status);
	return r ? r : show(c, status);
}

static const struct cli_option options[] = {
	{"wait-ready", 0, CLI_OPTION_OPTIONAL, offsetof(struct cli_options, wait_ready),
		offsetof(struct cli_options, waits), "SECONDS",
		"wait until every managed PF is as configured, that long at most"},
	{"watch", 0, CLI_OPTION_FLAG, offsetof(struct cli_options, watch), 0, NULL,
		"print it again whenever it changes, until interrupted"},
	{0},
};

const struct cli_command cli_cmd_status = {
	.name = "status",
	.args = "",
	.summary = "Show the daemon, every PF, claims and what is wrong",
	.about = "VFS is how many VFs there are, WANTED how many the configuration asks for, "
		 "IN-USE how\n"
		 "many somebody holds, VFIO how many a vfio driver has.\n\n"
		 "States: ok, absent (configured, and not in this host), pending (steps wait for "
		 "apply),\n"
		 "applying, drifted (differs from what is configured), blocked (a step has not "
		 "come\n"
		 "back), failed. \"-\": the configuration does not name it.\n\n"
		 "Contradictions are two things that cannot both be true, as a claim whose device "
		 "another\n"
		 "VM holds: the daemon never guesses, and leaves them to you.\n\n"
		 "--wait-ready also waits for a daemon that is not there yet: for units that need "
		 "VFs.",
	.examples = "viaduct status\n"
		    "viaduct status --wait-ready=60 && virsh start web1\n"
		    "viaduct --json status | jq '.pfs[] | {address, state}'",
	.exits = "0  shown; with --wait-ready: ready\n"
		 "1  with --wait-ready: not ready in that time",
	.options = options,
	.run = run_status,
};
