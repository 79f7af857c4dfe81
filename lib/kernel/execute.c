/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/execute.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "kernel/execute_parts.h"

struct run {
	struct via_kernel *k;
	const struct via_step *steps;
	struct via_step_result *results;
	uint32_t *unsupported;
	via_progress_fn *progress;
	void *user;
};

static void report(struct run *u, size_t i, enum via_step_state state)
{
	u->results[i].state = state;
	if (u->progress)
		u->progress(&u->steps[i], &u->results[i], u->user);
}

static void begin(struct run *u, size_t i)
{
	u->results[i] = (struct via_step_result){.id = u->steps[i].id};
	report(u, i, VIA_STEP_RUNNING);
}

static void end(struct run *u, size_t i, int code, const char *message, int64_t started)
{
	struct via_step_result *r = &u->results[i];

	r->code = code;
	r->took_ms = (uint32_t)(via_now_ms() - started);
	snprintf(r->message, sizeof(r->message), "%s", code ? message : "");
	report(u, i, code ? VIA_STEP_FAILED : VIA_STEP_DONE);
}

static bool run_one(struct run *u, size_t i)
{
	int64_t started = via_now_ms();
	struct via_err err = {0};
	int r;

	begin(u, i);
	r = via_execute_guard_pf(u->k, &u->steps[i], &err);
	if (!r)
		r = via_execute_guard_target(u->k, &u->steps[i], &err);
	if (!r)
		r = via_execute_act(u->k, &u->steps[i], &err);
	/* What a driver supports depends on the mode (mlx5: no VF VLAN in switchdev). */
	if (!r && u->steps[i].op == VIA_STEP_ESWITCH)
		*u->unsupported = 0;
	end(u, i, r, err.msg, started);
	return r == 0;
}

/* A VLAN is a wall: a VF that cannot have its own goes no further on its way to a guest. */
static bool is_missed(const struct via_vf_attrs *want, const struct via_attrs_result *r)
{
	return r->attr[VIA_VF_ATTR_VLAN].outcome == VIA_OUTCOME_UNSUPPORTED &&
	       (want->vlan || want->qos);
}

/* "vlan 100: refused (Invalid argument: extack)" for every attribute that is not as wanted. */
static void describe(const struct via_vf_attrs *want, const struct via_attrs_result *r,
	const struct via_vf_attrs *left, struct via_strbuf *out)
{
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		const struct via_attr_result *a = &r->attr[i];
		enum via_vf_attr which = (enum via_vf_attr)i;
		char value[64];

		if (a->outcome != VIA_OUTCOME_REFUSED && a->outcome != VIA_OUTCOME_FAILED &&
			!(which == VIA_VF_ATTR_VLAN && is_missed(want, r)))
			continue;
		via_strbuf_addf(out, "%s%s %s: %s (%s%s%s)", out->len ? "; " : "",
			via_vf_attr_name(which),
			via_vf_attr_value(want, which, value, sizeof(value)),
			via_attr_outcome_name(a->outcome), strerror(a->error),
			a->extack[0] ? ": " : "", a->extack);
		if (left->known & VIA_ATTR_BIT(i))
			via_strbuf_addf(out, ", it is %s",
				via_vf_attr_value(left, which, value, sizeof(value)));
	}
}

static int judge(const struct via_step *s, const struct via_step_result *r, struct via_err *err)
{
	via_autostrbuf text = VIA_STRBUF_INIT;
	int code = 0;

	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		const struct via_attr_result *a = &r->attrs.attr[i];

		if (a->outcome == VIA_OUTCOME_FAILED)
			code = -a->error;
		else if (a->outcome == VIA_OUTCOME_REFUSED && !code)
			code = VIA_REFUSED_KERNEL_REFUSED;
	}
	if (!code && is_missed(&s->set.attrs, &r->attrs))
		code = VIA_REFUSED_UNSUPPORTED;
	if (!code)
		return 0;
	describe(&s->set.attrs, &r->attrs, &r->left, &text);
	return via_err_set(err, code, "VF %u of %s: %s", s->vf_index, via_addr_fmt(s->pf),
		via_strbuf_str(&text));
}

struct batch {
	struct via_vf_set *sets;
	struct via_attrs_result *results;
	struct via_vf_attrs *left;
};

static void batch_finish(struct batch *b)
{
	free(b->sets);
	free(b->results);
	free(b->left);
}

static int send_batch(struct run *u, size_t from, size_t n, struct batch *b, struct via_err *err)
{
	struct via_link l;
	int r;

	b->sets = calloc(n, sizeof(*b->sets));
	b->results = calloc(n, sizeof(*b->results));
	b->left = calloc(n, sizeof(*b->left));
	if (!b->sets || !b->results || !b->left)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++) {
		b->sets[i].index = u->steps[from + i].vf_index;
		b->sets[i].attrs = u->steps[from + i].set.attrs;
	}
	r = via_execute_link(u->k, u->steps[from].pf, &l, err);
	if (!r)
		r = via_execute_vf_attrs(
			u->k, l.ifindex, b->sets, n, b->results, b->left, u->unsupported, err);
	if (r)
		via_err_prefix(err, "VF attributes of %s", via_addr_fmt(u->steps[from].pf));
	return r;
}

/* Adjacent VF_ATTRS steps of one PF that pass their guards, as one. All were sent when one fails:
 * each result is its own. The number that were done. */
static size_t run_batch(struct run *u, size_t from, size_t n, bool *stop)
{
	int64_t started = via_now_ms();
	VIA_CLEANUP(batch_finish) struct batch b = {0};
	struct via_err err = {0};
	size_t done = 0;
	int r = send_batch(u, from, n, &b, &err);

	for (size_t i = 0; i < n; i++) {
		struct via_step_result *res = &u->results[from + i];
		struct via_err own = err;
		int code = r;

		if (b.results && b.left) {
			res->attrs = b.results[i];
			res->left = b.left[i];
		}
		if (!r)
			code = judge(&u->steps[from + i], res, &own);
		end(u, from + i, code, own.msg, started);
		done += !code;
		*stop |= code != 0;
	}
	return done;
}

static bool same_batch(const struct via_step *a, const struct via_step *b)
{
	return b->op == VIA_STEP_VF_ATTRS && via_addr_eq(a->pf, b->pf) &&
	       a->has_pf_mac == b->has_pf_mac && via_mac_eq(a->pf_mac, b->pf_mac);
}

/* Runs the VF_ATTRS steps from i on; *next is the first that was not run. */
static size_t run_attrs(struct run *u, size_t i, size_t n, size_t *next, bool *stop)
{
	int64_t started = via_now_ms();
	struct via_err err = {0};
	size_t count = 0, done = 0;
	int r = 0;

	while (i + count < n && same_batch(&u->steps[i], &u->steps[i + count])) {
		begin(u, i + count);
		/* The PF is looked at once a batch: it is one act. */
		r = count ? 0 : via_execute_guard_pf(u->k, &u->steps[i], &err);
		if (!r)
			r = via_execute_guard_target(u->k, &u->steps[i + count], &err);
		if (r)
			break;
		count++;
	}
	if (count)
		done = run_batch(u, i, count, stop);
	*next = i + count;
	if (r) {
		end(u, (*next)++, r, err.msg, started);
		*stop = true;
	}
	return done;
}

size_t via_execute(struct via_kernel *k, const struct via_step *steps, size_t n,
	struct via_step_result *results, uint32_t *unsupported, via_progress_fn *progress,
	void *user)
{
	uint32_t learnt = 0;
	struct run u = {.k = k,
		.steps = steps,
		.results = results,
		.progress = progress,
		.unsupported = unsupported ? unsupported : &learnt,
		.user = user};
	size_t i = 0, done = 0;
	bool stop = false;

	while (i < n && !stop) {
		if (steps[i].op == VIA_STEP_VF_ATTRS) {
			done += run_attrs(&u, i, n, &i, &stop);
		} else {
			stop = !run_one(&u, i);
			done += !stop;
			i++;
		}
	}
	for (; i < n; i++) {
		results[i] = (struct via_step_result){.id = steps[i].id};
		report(&u, i, VIA_STEP_SKIPPED);
	}
	return done;
}

/* The step that takes s back. */
static struct via_step reverse(const struct via_step *s)
{
	struct via_step back = *s;

	back.set = s->undo;
	back.undo = s->set;
	if (s->op == VIA_STEP_BIND || s->op == VIA_STEP_UNBIND)
		back.op = s->undo.text[0] ? VIA_STEP_BIND : VIA_STEP_UNBIND;
	return back;
}

void via_execute_undo(struct via_kernel *k, const struct via_step *s, struct via_step_result *r)
{
	struct via_step back = reverse(s);

	if (!s->has_undo) {
		*r = (struct via_step_result){
			.id = s->id, .state = VIA_STEP_FAILED, .code = VIA_REFUSED_UNSUPPORTED};
		snprintf(r->message, sizeof(r->message), "%s on %s has no undo",
			via_step_op_name(s->op), via_addr_fmt(s->target));
		return;
	}
	via_execute(k, &back, 1, r, NULL, NULL, NULL);
	if (r->state == VIA_STEP_DONE)
		r->state = VIA_STEP_UNDONE;
}
