/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/claim_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const state_names[] = {
	[VIA_CLAIM_PREPARING] = "preparing",
	[VIA_CLAIM_ACTIVE] = "active",
	[VIA_CLAIM_RELEASING] = "releasing",
	[VIA_CLAIM_QUARANTINED] = "quarantined",
};

const char *via_claim_state_name(enum via_claim_state s)
{
	return (unsigned int)s < VIA_ARRAY_SIZE(state_names) ? state_names[s] : "unknown";
}

static const char *const origin_names[] = {
	[VIA_CLAIM_REQUEST] = "request",
	[VIA_CLAIM_HOOK] = "hook",
	[VIA_CLAIM_ADOPTED] = "adopted",
};

const char *via_claim_origin_name(enum via_claim_origin o)
{
	return (unsigned int)o < VIA_ARRAY_SIZE(origin_names) ? origin_names[o] : "unknown";
}

void via_claims_finish(struct via_claims *c)
{
	free(c->list);
	free(c->drains);
	*c = (struct via_claims){0};
}

int via_claims_copy(const struct via_claims *c, struct via_claims *ret)
{
	struct via_claims out = *c;

	out.list = c->n ? malloc(c->n * sizeof(*c->list)) : NULL;
	out.drains = c->n_drains ? malloc(c->n_drains * sizeof(*c->drains)) : NULL;
	if ((c->n && !out.list) || (c->n_drains && !out.drains)) {
		via_claims_finish(&out);
		return -ENOMEM;
	}
	if (c->n)
		memcpy(out.list, c->list, c->n * sizeof(*c->list));
	if (c->n_drains)
		memcpy(out.drains, c->drains, c->n_drains * sizeof(*c->drains));
	*ret = out;
	return 0;
}

/* --- look-ups --- */

/* Where it stands, or where it would be put. */
static size_t position(const struct via_claims *c, struct via_addr addr)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (via_addr_cmp(c->list[mid].fn.addr, addr) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct via_claim *at(const struct via_claims *c, struct via_addr addr)
{
	size_t i = position(c, addr);

	return i < c->n && via_addr_eq(c->list[i].fn.addr, addr) ? &c->list[i] : NULL;
}

const struct via_claim *via_claims_at(const struct via_claims *c, struct via_addr addr)
{
	return at(c, addr);
}

const struct via_claim *via_claims_generation(const struct via_claims *c, uint64_t generation)
{
	for (size_t i = 0; generation && i < c->n; i++)
		if (c->list[i].generation == generation)
			return &c->list[i];
	return NULL;
}

const struct via_claim *via_claims_excluding(
	const struct via_claims *c, struct via_addr addr, struct via_addr pf, bool whole)
{
	const struct via_claim *there;

	if (!whole) {
		there = via_addr_is_none(pf) ? NULL : at(c, pf);
		return there && !there->fn.is_vf ? there : NULL;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].fn.is_vf && via_addr_eq(c->list[i].fn.pf, addr))
			return &c->list[i];
	return NULL;
}

/* --- in and out --- */

static int reserve(struct via_claims *c, size_t more)
{
	struct via_claim *list = reallocarray(c->list, c->n + more, sizeof(*list));

	if (!list)
		return -ENOMEM;
	c->list = list;
	return 0;
}

/* There is room. */
static void insert(struct via_claims *c, const struct via_claim *claim)
{
	size_t i = position(c, claim->fn.addr);

	memmove(&c->list[i + 1], &c->list[i], (c->n - i) * sizeof(*c->list));
	c->list[i] = *claim;
	c->n++;
}

static void take_out(struct via_claims *c, struct via_claim *claim)
{
	size_t i = (size_t)(claim - c->list);

	c->n--;
	memmove(&c->list[i], &c->list[i + 1], (c->n - i) * sizeof(*c->list));
}

static int check_drain(
	const struct via_claims *c, const struct via_claim *claim, struct via_err *err)
{
	struct via_addr pf = claim->fn.is_vf ? claim->fn.pf : claim->fn.addr;

	/* Adopting says what is so already. */
	if (claim->origin == VIA_CLAIM_ADOPTED || !via_claims_drained(c, pf))
		return 0;
	return via_err_set(err, VIA_REFUSED_DRAINING,
		"%s takes no new claims and %s is on it; end that first (viaduct drain --off %s)",
		via_addr_fmt(pf), via_addr_fmt(claim->fn.addr), via_addr_fmt(pf));
}

static int check_new(
	const struct via_claims *c, const struct via_claim *list, size_t i, struct via_err *err)
{
	int r = via_claim_sane(&list[i], err);

	for (size_t k = 0; k < c->n && r == 0; k++)
		r = via_claim_beside(&list[i], &c->list[k], err);
	for (size_t k = 0; k < i && r == 0; k++)
		r = via_claim_beside(&list[i], &list[k], err);
	return r ? r : check_drain(c, &list[i], err);
}

int via_claims_add(struct via_claims *c, struct via_claim *list, size_t n, struct via_err *err)
{
	int r = 0;

	/* The ledger's numbers are signed. */
	if (c->last_generation > INT64_MAX - n)
		return via_err_set(err, -EOVERFLOW, "there are no generations left for new claims");
	for (size_t i = 0; i < n && r == 0; i++)
		r = check_new(c, list, i, err);
	if (r == 0 && n)
		r = reserve(c, n);
	if (r)
		return r > 0 ? r : via_err_set(err, r, "out of memory");
	for (size_t i = 0; i < n; i++) {
		list[i].generation = ++c->last_generation;
		insert(c, &list[i]);
	}
	return 0;
}

/* The claim that is meant, or why not. */
static int find(struct via_claims *c, struct via_addr addr, uint64_t generation,
	struct via_claim **ret, struct via_err *err)
{
	struct via_claim *there = at(c, addr);

	if (!there)
		return via_err_set(
			err, VIA_REFUSED_NOT_FOUND, "there is no claim on %s", via_addr_fmt(addr));
	if (there->generation != generation)
		return via_err_set(err, VIA_REFUSED_STALE,
			"the claim on %s has generation %llu by now, not %llu: it is another one, "
			"of "
			"%s; look at it again (viaduct list claims)",
			via_addr_fmt(addr), (unsigned long long)there->generation,
			(unsigned long long)generation,
			via_claim_vm_text(there, (char[VIA_CLAIM_VM_MAX]){0}));
	*ret = there;
	return 0;
}

/* From row to column. The same state again: its reason changes. */
static const bool transitions[][VIA_CLAIM_QUARANTINED + 1] = {
	[VIA_CLAIM_PREPARING] = {[VIA_CLAIM_ACTIVE] = true, [VIA_CLAIM_RELEASING] = true},
	[VIA_CLAIM_ACTIVE] = {[VIA_CLAIM_RELEASING] = true},
	[VIA_CLAIM_RELEASING] = {[VIA_CLAIM_RELEASING] = true, [VIA_CLAIM_QUARANTINED] = true},
	[VIA_CLAIM_QUARANTINED] = {[VIA_CLAIM_RELEASING] = true, [VIA_CLAIM_QUARANTINED] = true},
};

static bool may_move(const struct via_claim *c, enum via_claim_state to)
{
	/* Nothing is ever done to its device: nothing to clean. */
	if (!c->managed && to != VIA_CLAIM_ACTIVE)
		return false;
	return transitions[c->state][to];
}

int via_claims_move(struct via_claims *c, struct via_addr addr, uint64_t generation,
	enum via_claim_state to, const char *reason, int64_t now_us, struct via_err *err)
{
	struct via_claim *claim = NULL;
	int r = find(c, addr, generation, &claim, err);

	if (r)
		return r;
	if (!may_move(claim, to))
		return via_err_set(err, VIA_REFUSED_INVALID,
			"the claim of %s on %s is %s%s and does not become %s",
			via_claim_vm_text(claim, (char[VIA_CLAIM_VM_MAX]){0}), via_addr_fmt(addr),
			claim->managed ? "" : "unmanaged, ", via_claim_state_name(claim->state),
			via_claim_state_name(to));
	if (to != claim->state) {
		claim->changed_us = now_us;
		claim->attempts += to == VIA_CLAIM_QUARANTINED;
	}
	claim->state = to;
	via_claim_text(claim->reason, sizeof(claim->reason), reason ? reason : "");
	return 0;
}

int via_claims_remove(
	struct via_claims *c, struct via_addr addr, uint64_t generation, struct via_err *err)
{
	struct via_claim *claim = NULL;
	int r = find(c, addr, generation, &claim, err);

	if (r)
		return r;
	if (claim->managed && claim->state == VIA_CLAIM_ACTIVE)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"the claim of %s on %s is active and cannot just end; it is released first",
			via_claim_vm_text(claim, (char[VIA_CLAIM_VM_MAX]){0}), via_addr_fmt(addr));
	take_out(c, claim);
	return 0;
}

/* --- replay --- */

static int damaged(struct via_err *err)
{
	if (err)
		err->code = -EUCLEAN;
	return -EUCLEAN;
}

/* The one that the record stands for: the same claim as it was, or one that a newer has replaced.
 */
static int check_put(const struct via_claims *c, const struct via_claim *claim,
	const struct via_claim *there, struct via_err *err)
{
	const struct via_claim *same = via_claims_generation(c, claim->generation);

	if (!claim->generation || claim->generation > INT64_MAX)
		return via_err_set(err, -EUCLEAN, "the claim on %s has no generation",
			via_addr_fmt(claim->fn.addr));
	if (same && same != there)
		return via_err_set(err, -EUCLEAN,
			"generation %llu stands for claims on %s and on %s",
			(unsigned long long)claim->generation, via_addr_fmt(same->fn.addr),
			via_addr_fmt(claim->fn.addr));
	if (there && !same && claim->generation <= c->last_generation)
		return via_err_set(err, -EUCLEAN,
			"the claim on %s goes from generation %llu to %llu, which is no newer one",
			via_addr_fmt(claim->fn.addr), (unsigned long long)there->generation,
			(unsigned long long)claim->generation);
	if (via_claim_sane(claim, err))
		return damaged(err);
	for (size_t i = 0; i < c->n; i++)
		if (&c->list[i] != there && via_claim_beside(claim, &c->list[i], err))
			return damaged(err);
	return 0;
}

int via_claims_put(struct via_claims *c, const struct via_claim *claim, struct via_err *err)
{
	struct via_claim *there = at(c, claim->fn.addr);
	int r = check_put(c, claim, there, err);

	if (r)
		return r;
	if (!there && reserve(c, 1))
		return via_err_set(err, -ENOMEM, "out of memory");
	if (there)
		*there = *claim;
	else
		insert(c, claim);
	if (claim->generation > c->last_generation)
		c->last_generation = claim->generation;
	return 0;
}

int via_claims_drop(
	struct via_claims *c, struct via_addr addr, uint64_t generation, struct via_err *err)
{
	struct via_claim *claim = NULL;

	if (find(c, addr, generation, &claim, err))
		return damaged(err);
	take_out(c, claim);
	return 0;
}
