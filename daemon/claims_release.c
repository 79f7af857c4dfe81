/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Releasing: written down, cleaned, looked at, checked, gone; or kept in quarantine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "claims_work.h"
#include "model/policy.h"

#define WAIT_MS 60000

/* The claim as the registry has it now. */
static const struct via_claim *current(const struct via_claim_work *w)
{
	const struct via_claim *c = via_claims_at(&w->d->claims, w->addr);

	return c && c->generation == w->found.generation ? c : NULL;
}

/* One claim: before, and after unless after is NULL. */
static void change_one(struct via_claim_work *w, const struct via_claim *after, via_recorded_fn *fn)
{
	struct via_claim_change *list = calloc(1, sizeof(*list));
	const struct via_claim *c = current(w);

	if (list && c) {
		list->had = true;
		list->before = *c;
	}
	if (list && after) {
		list->has = true;
		list->after = *after;
		list->after.changed_us = via_now_us();
	}
	via_claims_change(w->d, list, 1, fn, w);
}

/* --- the end of a claim --- */

static void on_gone(void *user, int r, const struct via_err *err)
{
	struct via_claim_work *w = user;
	char place[64], owner[VIA_CLAIM_TEXT], msg[640];
	struct via_claim was = w->found;

	if (!r) {
		snprintf(msg, sizeof(msg), "%s is free%s; it was of %s",
			via_work_place(&was, place, sizeof(place)), w->force ? " as it is" : "",
			via_work_owner(&was, owner, sizeof(owner)));
		via_work_event(w, VIA_EVENT_RELEASED, &was, msg);
	} else {
		via_work_retry(w->d);
	}
	via_work_end(w, r, err);
}

void via_release_gone(struct via_claim_work *w)
{
	change_one(w, NULL, on_gone);
}

static void on_quarantined(void *user, int r, const struct via_err *err)
{
	struct via_claim_work *w = user;
	const struct via_claim *c = current(w);
	char place[64], msg[448];

	/* The next try has its time from now on. */
	r ? via_work_retry(w->d) : via_reconcile_soon(w->d, "quarantine");
	/* The same reason again is no news. */
	if (!r && c && strcmp(c->reason, w->found.reason)) {
		snprintf(msg, sizeof(msg), "%s did not come clean and is kept apart: %s",
			via_work_place(c, place, sizeof(place)), c->reason);
		via_work_event(w, VIA_EVENT_QUARANTINED, c, msg);
	}
	via_work_end(w, r, err);
}

static void quarantine(struct via_claim_work *w, const struct via_err *why)
{
	const struct via_claim *c = current(w);
	struct via_claim after = c ? *c : w->found;

	after.state = VIA_CLAIM_QUARANTINED;
	after.attempts++;
	snprintf(after.reason, sizeof(after.reason), "%.255s", why->msg);
	change_one(w, &after, on_quarantined);
}

struct kept {
	struct via_claim_work *w;
	int r;
	struct via_err err;
};

static void on_kept(void *user, int r, const struct via_err *err)
{
	struct kept *k = user;

	if (r && r != -ECANCELED)
		via_log(LOG_ERR, "%s", err->msg);
	r ? via_work_retry(k->w->d) : via_reconcile_soon(k->w->d, "release that is held up");
	via_work_end(k->w, k->r, &k->err);
	free(k);
}

/* It stays as it is, with what keeps it; the next comparison tries again. */
static void keep(struct via_claim_work *w, int r, const struct via_err *why)
{
	const struct via_claim *c = current(w);
	struct via_claim_change *list = calloc(1, sizeof(*list));
	struct kept *k = calloc(1, sizeof(*k));

	if (!c || !list || !k) {
		free(list);
		free(k);
		via_work_end(w, r, why);
		return;
	}
	*k = (struct kept){w, r, *why};
	list->had = list->has = true;
	list->before = list->after = *c;
	list->after.changed_us = via_now_us();
	snprintf(list->after.reason, sizeof(list->after.reason), "%.255s", why->msg);
	/* Tried again for as long as somebody holds it: once is enough for the disk. */
	if (!strcmp(c->reason, list->after.reason)) {
		(void)via_claims_put(&w->d->claims, &list->after, NULL);
		free(list);
		on_kept(k, 0, why);
		return;
	}
	via_claims_change(w->d, list, 1, on_kept, k);
}

/* --- cleaning --- */

/* Another card stands there, or nothing: what was meant has gone, with all that was set on it. What
 * cannot be told is not gone. */
static bool is_another(const struct via_inventory *inv, const struct via_identity *id)
{
	const struct via_device *dev = via_inventory_device(inv, id->addr), *pf;
	const struct via_netdev *n;

	if (!dev)
		return true;
	if (dev->vendor != id->vendor || dev->device != id->device ||
		(dev->kind == VIA_DEVICE_VF) != id->is_vf)
		return true;
	pf = id->is_vf ? via_inventory_device(inv, dev->pf) : dev;
	n = pf ? via_device_netdev(inv, pf) : NULL;
	return id->has_mac && n && n->has_perm_mac && !via_mac_eq(n->perm_mac, id->mac);
}

static bool has_vanished(const struct via_claim_work *w)
{
	const struct via_inventory *inv = via_daemon_inv(w->d);
	const struct via_device *dev;
	struct via_err err;

	return via_identity_find(inv, &w->found.fn, &dev, &err) > 0 &&
	       is_another(inv, &w->found.fn);
}

/* Nobody else may come to have the MAC that it was left with. */
static int check_mac(const struct via_claim_work *w, const struct via_world *world,
	const struct via_claim *c, struct via_err *err)
{
	struct via_vf_attrs parked = {0};

	if (!c->fn.is_vf)
		return 0;
	via_release_attrs(world, c, w->has_baseline ? &w->baseline : NULL, &parked);
	if (!(parked.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) || via_mac_is_zero(parked.mac))
		return 0;
	return via_claims_mac_free(
		world->claims, world->inv, world->domains, parked.mac, c->fn.addr, c->uuid, err);
}

static int check_clean(struct via_claim_work *w, struct via_err *err)
{
	const struct via_claim *c = current(w);
	struct via_world world;
	int r;

	if (!c)
		return 0;
	via_claims_world(w->d, &world);
	r = via_release_check(&world, c, w->has_baseline ? &w->baseline : NULL, err);
	return r ? r : check_mac(w, &world, c, err);
}

static void cleaned(
	struct via_claim_work *w, const struct via_session *s, int r, const struct via_err *err)
{
	struct via_err why = *err;

	(void)s;
	if (r != -ECANCELED && has_vanished(w)) {
		via_release_gone(w);
		return;
	}
	if (!r)
		r = check_clean(w, &why);
	if (!r)
		via_release_gone(w);
	else if (r == -ECANCELED)
		via_work_end(w, r, &why);
	else if (r == VIA_REFUSED_IN_USE || r == VIA_REFUSED_BLOCKED || r == VIA_REFUSED_BUSY)
		keep(w, r, &why);
	else
		quarantine(w, &why);
}

static void on_releasing(void *user, int r, const struct via_err *err)
{
	struct via_claim_work *w = user;
	const struct via_claim *c = current(w);

	/* One that never became active means the same on the disk as it stands there. */
	if (r && (r == -ECANCELED || !c || c->state != VIA_CLAIM_PREPARING)) {
		via_work_retry(w->d);
		via_work_end(w, r, err);
		return;
	}
	w->recorded = true;
	if (c)
		w->list[0] = *c;
	if (w->early)
		via_work_tell(w, 0, err);
	via_claims_kick(w->d);
	via_work_run_release(w, cleaned);
}

/* A VF that went while its PF is there may be on its way back (the first provisioning of a boot),
 * made as its claim wants it by a plan that knows no better: its turn is after that one. */
static bool may_come_back(const struct via_claim_work *w)
{
	const struct via_identity *id = &w->found.fn;

	return id->is_vf && via_inventory_device(via_daemon_inv(w->d), id->pf);
}

static void release_now(struct via_claim_work *w)
{
	struct via_claim after = *current(w);
	struct via_err err = {0};

	if (!after.managed || (has_vanished(w) && !may_come_back(w))) {
		via_release_gone(w);
		return;
	}
	if (after.state == VIA_CLAIM_RELEASING) {
		on_releasing(w, 0, &err);
		return;
	}
	after.state = VIA_CLAIM_RELEASING;
	change_one(w, &after, on_releasing);
}

/* --- looking first --- */

static void on_looked(struct via_look *l)
{
	struct via_claim_work *w = l->user;

	w->looked = l->r;
	w->look_err = l->err;
	w->then(w);
}

void via_work_look(struct via_claim_work *w, void (*then)(struct via_claim_work *w))
{
	struct via_look *l = via_look_create(w->d, VIA_SCAN_UPDATE, on_looked, w);

	w->then = then;
	if (l)
		l->changed = calloc(2, sizeof(*l->changed));
	if (!l || !l->changed) {
		free(l);
		w->looked = via_err_set(&w->look_err, -ENOMEM, "out of memory");
		then(w);
		return;
	}
	/* Who holds what is read with any look. */
	if (!via_addr_is_none(w->addr)) {
		l->changed[l->n_changed++] = via_lane_of(via_daemon_inv(w->d), w->addr);
		l->changed[l->n_changed++] = w->addr;
	}
	via_look_submit(l);
}

/* libvirt may have given it to a guest that has not taken it yet. */
static const struct via_domain *running_with(const struct via_daemon *d, const struct via_claim *c)
{
	const struct via_domain *dom =
		d->domains.connected ? via_domains_find(&d->domains, c->uuid) : NULL;

	/* Which devices it has cannot be told: it may be this one. */
	if (dom && dom->active && dom->unread)
		return dom;
	for (size_t i = 0; dom && dom->active && i < dom->n_devs; i++)
		if (via_addr_eq(dom->devs[i].addr, c->fn.addr))
			return dom;
	return NULL;
}

int via_release_unused(struct via_claim_work *w, struct via_err *err)
{
	const struct via_inventory *inv = via_daemon_inv(w->d);
	const struct via_claim *c = current(w);
	const struct via_device *dev = via_inventory_device(inv, w->addr);
	const struct via_domain *dom = running_with(w->d, c);
	char place[64], who[192], owner[VIA_CLAIM_TEXT];

	if (w->looked) {
		*err = w->look_err;
		return w->looked;
	}
	if (dev && dev->n_holders)
		return via_err_set(err, VIA_REFUSED_IN_USE,
			"%s is in use: %s holds it; stop it or detach the device first",
			via_work_place(c, place, sizeof(place)),
			via_holder_text(&dev->holders[0], who, sizeof(who)));
	if (dom)
		return via_err_set(err, VIA_REFUSED_IN_USE,
			"%s is in use: libvirt says that domain %s runs with it; stop it or detach "
			"the device first",
			via_work_place(c, place, sizeof(place)), dom->name);
	if (via_reconcile_starting(w->d, c))
		return via_err_set(err, VIA_REFUSED_IN_USE,
			"%s is in use: %s starts with it just now; stop it or detach the device "
			"first",
			via_work_place(c, place, sizeof(place)),
			via_work_owner(c, owner, sizeof(owner)));
	return 0;
}

static void looked_at(struct via_claim_work *w)
{
	struct via_err err = {0};
	int r = w->d->stopping ? via_err_set(&err, -ECANCELED, "viaductd is stopping")
			       : via_release_unused(w, &err);

	if (r)
		via_work_end(w, r, &err);
	else if (w->force)
		via_release_gone(w);
	else
		release_now(w);
}

/* --- beginning --- */

/* The same VM's end: what is being made for it need not be made. */
static void call_off(struct via_claim_work *other)
{
	struct via_err err;
	int r = via_err_set(&err, -ECANCELED, "its VM ended while it was being claimed");

	other->cancelled = true;
	if (other->session)
		(void)via_session_call_off(other->session, r, &err);
}

/* true: another work has it; this one waits for its end, or need not. */
static bool must_wait(struct via_claim_work *w, const struct via_claim *c)
{
	struct via_claim_work *other = via_work_at(w->d, w->addr, w);
	struct via_err err = {0};
	bool done;

	if (!other)
		return false;
	/* What is being made for the same VM will be released instead of becoming active, and on
	 * the disk it is not active either. One that stood before (its VM starts once more) is
	 * released when that has ended. */
	done = w->early && other->recorded;
	if (w->early && other->dom.uuid[0] && !strcmp(other->dom.uuid, c->uuid)) {
		done = c->state == VIA_CLAIM_PREPARING;
		call_off(other);
	}
	if (done)
		via_work_end(w, 0, &err);
	else
		via_work_park(w);
	return true;
}

/* Why there is nothing to be done; 0: there is. */
static int check_state(
	const struct via_claim_work *w, const struct via_claim *c, struct via_err *err)
{
	char place[64], owner[VIA_CLAIM_TEXT];

	if (!c)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND,
			"there is no claim on %s; `viaduct list claims` shows them",
			via_addr_fmt(w->addr));
	if (w->generation && w->generation != c->generation)
		return via_err_set(err, VIA_REFUSED_STALE,
			"the claim on %s has generation %llu by now, not %llu, and is of %s; "
			"nothing was done",
			via_work_place(c, place, sizeof(place)), (unsigned long long)c->generation,
			(unsigned long long)w->generation, via_work_owner(c, owner, sizeof(owner)));
	if (w->clears && c->state != VIA_CLAIM_QUARANTINED && c->state != VIA_CLAIM_RELEASING)
		return via_err_set(err, VIA_REFUSED_INVALID,
			"%s is not quarantined, it is %s for %s; release it instead",
			via_work_place(c, place, sizeof(place)), via_claim_state_name(c->state),
			via_work_owner(c, owner, sizeof(owner)));
	return 0;
}

static void begin(struct via_claim_work *w)
{
	const struct via_claim *c = via_claims_at(&w->d->claims, w->addr);
	struct via_err err = {0};
	int r;

	/* It went, or became another's, while this waited for it: that was to be brought about. */
	if (w->found.generation && (!c || c->generation != w->found.generation)) {
		via_work_end(w, 0, &err);
		return;
	}
	r = check_state(w, c, &err);
	if (r) {
		via_work_end(w, r, &err);
		return;
	}
	w->found = w->list[0] = *c;
	w->n = 1;
	if (must_wait(w, c))
		return;
	w->reserved = true;
	if (w->unforced || w->force)
		via_work_look(w, looked_at);
	else if (w->clears && via_release_unused(w, &err) == VIA_REFUSED_IN_USE)
		keep(w, VIA_REFUSED_IN_USE, &err);
	else
		release_now(w);
}

static struct via_claim_work *release_work(struct via_daemon *d, struct via_addr addr,
	uint64_t generation, const char *cause, unsigned int wait_ms, via_claims_done_fn *done,
	void *user)
{
	struct via_claim_work *w = via_work_create(d, cause, wait_ms, done, user);
	struct via_err err;

	if (!w)
		return NULL;
	w->releases = true;
	w->addr = addr;
	w->generation = generation;
	w->begin = begin;
	if (via_work_room(w, 1))
		return w;
	via_work_end(w, via_err_set(&err, -ENOMEM, "out of memory"), &err);
	return NULL;
}

void via_release_start(struct via_daemon *d, const struct via_claim *c, const char *cause)
{
	struct via_claim_work *w = release_work(d, c->fn.addr, c->generation, cause, 0, NULL, NULL);

	if (w)
		via_work_begin(w);
}

void via_release_early(struct via_daemon *d, const struct via_claim *c, const char *cause,
	via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = release_work(d, c->fn.addr, c->generation, cause, 0, done, user);

	if (!w)
		return;
	w->early = true;
	via_work_begin(w);
}

void via_claims_release(struct via_daemon *d, struct via_addr addr, uint64_t generation,
	const char *cause, via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = release_work(d, addr, generation, cause, WAIT_MS, done, user);

	if (!w)
		return;
	w->unforced = true;
	via_work_begin(w);
}

void via_claims_clear(struct via_daemon *d, struct via_addr addr, bool force, const char *cause,
	via_claims_done_fn *done, void *user)
{
	struct via_claim_work *w = release_work(d, addr, 0, cause, WAIT_MS, done, user);

	if (!w)
		return;
	w->clears = true;
	w->force = force;
	via_work_begin(w);
}
