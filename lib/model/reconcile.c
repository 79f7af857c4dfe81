/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/reconcile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/reconcile_view.h"

static const char *const kind_names[] = {
	[VIA_RECONCILE_RELEASE] = "release",
	[VIA_RECONCILE_ADOPT] = "adopt",
	[VIA_RECONCILE_CONFIRM] = "confirm",
	[VIA_RECONCILE_CLEAN] = "clean",
	[VIA_RECONCILE_MOVED] = "moved",
	[VIA_RECONCILE_REBOOT] = "reboot",
	[VIA_RECONCILE_RENEW] = "renew",
	[VIA_RECONCILE_CONTRADICTION] = "contradiction",
};

const char *via_reconcile_kind_name(enum via_reconcile_kind k)
{
	return (unsigned int)k < VIA_ARRAY_SIZE(kind_names) ? kind_names[k] : "unknown";
}

void via_reconciliation_finish(struct via_reconciliation *r)
{
	free(r->list);
	*r = (struct via_reconciliation){0};
}

struct via_reconcile_action *via_reconcile_push(struct via_reconcile_run *r,
	enum via_reconcile_kind kind, struct via_addr addr, uint64_t generation)
{
	struct via_reconcile_action *a = &r->out->list[r->out->n++];

	*a = (struct via_reconcile_action){.kind = kind, .addr = addr, .generation = generation};
	return a;
}

void via_reconcile_say(struct via_reconcile_action *a, const char *fmt, ...)
{
	char text[VIA_ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	via_claim_text(a->text, sizeof(a->text), text);
}

/* --- functions that have moved --- */

static struct via_reconcile_action *moving_from(
	const struct via_reconciliation *r, struct via_addr addr)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].kind == VIA_RECONCILE_MOVED && via_addr_eq(r->list[i].addr, addr))
			return &r->list[i];
	return NULL;
}

static bool is_alone(const struct via_reconciliation *r, const struct via_reconcile_action *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (&r->list[i] != a && r->list[i].kind == VIA_RECONCILE_MOVED &&
			via_addr_eq(r->list[i].to, a->to))
			return false;
	return true;
}

/* A claim may go where another one stands only if that one goes as well: a card that was added
 * moves all those behind it. */
static bool may_move(const struct via_reconcile_run *r, const struct via_reconcile_action *a)
{
	if (!is_alone(r->out, a))
		return false;
	return !via_claims_at(r->in->world.claims, a->to) || moving_from(r->out, a->to);
}

static void refuse_move(const struct via_reconcile_run *r, struct via_reconcile_action *a)
{
	const struct via_claim *there = via_claims_at(r->in->world.claims, a->to);
	struct via_addr to = a->to;
	char vm[VIA_CLAIM_VM_MAX] = "another claim that moves there";

	if (there)
		via_claim_vm_text(there, vm);
	a->kind = VIA_RECONCILE_CONTRADICTION;
	a->to = (struct via_addr){0};
	via_reconcile_say(a,
		"what was claimed as %s is at %s now by its identity, but that is claimed by %s; "
		"release "
		"the one that is wrong",
		via_addr_fmt(a->addr), via_addr_fmt(to), vm);
}

/* One that stays keeps others from moving: again until nothing changes. */
static void settle_moves(struct via_reconcile_run *r)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < r->out->n; i++) {
			struct via_reconcile_action *a = &r->out->list[i];

			if (a->kind != VIA_RECONCILE_MOVED || may_move(r, a))
				continue;
			refuse_move(r, a);
			changed = true;
		}
	} while (changed);
}

/* --- all of it --- */

static int compare(const void *a, const void *b)
{
	const struct via_reconcile_action *x = a, *y = b;

	return via_addr_cmp(x->addr, y->addr);
}

int via_reconcile(
	const struct via_reconcile_input *in, struct via_reconciliation *ret, struct via_err *err)
{
	const struct via_claims *c = in->world.claims;
	struct via_reconciliation out = {0};
	struct via_reconcile_run run = {in, &out};

	/* One action at most for a claim, and one for a function without. */
	out.list = calloc(c->n + in->world.inv->n_devices + 1, sizeof(*out.list));
	if (!out.list)
		return via_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < c->n; i++)
		if (!via_reconcile_busy(in, c->list[i].fn.addr))
			via_reconcile_claim(&run, &c->list[i]);
	settle_moves(&run);
	via_reconcile_unclaimed(&run);
	qsort(out.list, out.n, sizeof(*out.list), compare);
	*ret = out;
	return 0;
}
