/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting VF attributes. The kernel applies a VF's attributes in one order, stops at the first that
 * fails and undoes nothing (do_setvfinfo in net/core/rtnetlink.c). So: all in one batch; where a VF
 * failed, one message an attribute to learn which one it was and to set those it hid; then read
 * everything back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/execute_parts.h"
#include "kernel/quirks.h"

/* linux/errno.h: no errno for user space, but drivers let it out (bnxt_set_vf_vlan() and others in
 * bnxt_sriov.c with old firmware). */
#define ENOTSUPP 524

#define RETRY_MS	2000
#define CARRIER_WAIT_MS 3000

struct job {
	struct via_kernel *k;
	int ifindex;
	const struct via_vf_set *sets; /* what is wanted */
	size_t n;
	struct via_attrs_result *results;
	uint32_t *unsupported;
	unsigned int waited_ms;
	struct via_err *err;
};

/* A message under way: for which VF of the job. */
struct message {
	size_t vf;
	struct via_vf_set set;
};

/* i40e, ice and others answer so while a VF resets. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == EBUSY;
}

static int send_once(struct job *j, struct message *m, size_t n, bool again)
{
	via_autofree struct via_vf_set *sets = calloc(n ? n : 1, sizeof(*sets));
	size_t count = 0;
	int r;

	if (!sets)
		return via_err_set(j->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (!again || is_passing(m[i].set.error))
			sets[count++] = m[i].set;
	r = count ? j->k->ops->set_vfs(j->k, j->ifindex, sets, count, j->err) : 0;
	count = 0;
	for (size_t i = 0; i < n && !r; i++)
		if (!again || is_passing(m[i].set.error))
			m[i].set = sets[count++];
	return r;
}

/* Sends all, and again those that only have to wait. */
static int send_all(struct job *j, struct message *m, size_t n)
{
	int r = send_once(j, m, n, false);

	for (;;) {
		bool again = false;

		for (size_t i = 0; i < n && !r; i++)
			again |= is_passing(m[i].set.error);
		if (r || !again || !via_execute_wait(&j->waited_ms, RETRY_MS))
			return r;
		r = send_once(j, m, n, true);
	}
}

static enum via_attr_outcome outcome_of(int error)
{
	switch (error) {
	case 0:
		return VIA_OUTCOME_APPLIED;
	case EOPNOTSUPP:
	case ENOTSUPP:
		return VIA_OUTCOME_UNSUPPORTED;
	case EINVAL:
	case EPERM:
	case EACCES:
	case ERANGE:
	case EPROTONOSUPPORT:
	case EADDRNOTAVAIL:
		return VIA_OUTCOME_REFUSED;
	default:
		return VIA_OUTCOME_FAILED;
	}
}

/* ice has min rates, but answers EOPNOTSUPP to one while DCB is on (ice_set_vf_bw): that says
 * nothing about max rates. */
static bool teaches(const struct job *j, size_t vf, enum via_vf_attr attr)
{
	return attr != VIA_VF_ATTR_RATE || !j->sets[vf].attrs.min_tx_mbps;
}

static void note(struct job *j, size_t vf, enum via_vf_attr attr, int error, const char *extack)
{
	struct via_attr_result *a = &j->results[vf].attr[attr];

	a->outcome = outcome_of(error);
	a->error = error;
	snprintf(a->extack, sizeof(a->extack), "%s", extack);
	if (a->outcome == VIA_OUTCOME_UNSUPPORTED && teaches(j, vf, attr))
		*j->unsupported |= VIA_ATTR_BIT(attr);
}

static void note_mask(struct job *j, size_t vf, uint32_t mask, int error)
{
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++)
		if (mask & VIA_ATTR_BIT(i))
			note(j, vf, (enum via_vf_attr)i, error, "");
}

/* What of a VF's wish is left to send; says so of what is known to be unsupported. */
static uint32_t to_send(struct job *j, size_t vf)
{
	uint32_t want = j->sets[vf].attrs.known & VIA_ATTR_ALL;

	note_mask(j, vf, want & *j->unsupported, EOPNOTSUPP);
	return want & ~*j->unsupported;
}

/* One message a VF for those in vfs; leaves in vfs those that failed. */
static int send_batch(struct job *j, size_t *vfs, size_t *n_vfs)
{
	via_autofree struct message *m = calloc(*n_vfs ? *n_vfs : 1, sizeof(*m));
	size_t n = 0, failed = 0;
	int r;

	if (!m)
		return via_err_set(j->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < *n_vfs; i++) {
		uint32_t mask = to_send(j, vfs[i]);

		if (!mask)
			continue;
		m[n].vf = vfs[i];
		m[n].set.index = j->sets[vfs[i]].index;
		via_vf_attrs_copy(&m[n++].set.attrs, &j->sets[vfs[i]].attrs, mask);
	}
	r = send_all(j, m, n);
	for (size_t i = 0; i < n && !r; i++) {
		if (m[i].set.error)
			vfs[failed++] = m[i].vf;
		else
			note_mask(j, m[i].vf, m[i].set.attrs.known, 0);
	}
	*n_vfs = failed;
	return r;
}

/* One message an attribute. */
static int send_singly(struct job *j, const size_t *vfs, size_t n_vfs)
{
	via_autofree struct message *m = calloc(n_vfs * VIA_VF_ATTR_COUNT + 1, sizeof(*m));
	size_t n = 0;
	int r;

	if (!m)
		return via_err_set(j->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n_vfs; i++) {
		uint32_t mask = to_send(j, vfs[i]);

		for (unsigned int a = 0; a < VIA_VF_ATTR_COUNT; a++) {
			if (!(mask & VIA_ATTR_BIT(a)))
				continue;
			m[n].vf = vfs[i];
			m[n].set.index = j->sets[vfs[i]].index;
			via_vf_attrs_copy(
				&m[n++].set.attrs, &j->sets[vfs[i]].attrs, VIA_ATTR_BIT(a));
		}
	}
	r = send_all(j, m, n);
	for (size_t i = 0; i < n && !r; i++)
		note(j, m[i].vf, (enum via_vf_attr)__builtin_ctz(m[i].set.attrs.known),
			m[i].set.error, m[i].set.extack);
	return r;
}

/*
 * The first VF that failed is asked attribute by attribute. When that taught us something, the rest
 * goes out as a batch again, without what is not supported: a driver that lacks one operation costs
 * three rounds, not one message an attribute of every VF.
 */
static int send_wishes(struct job *j, size_t *vfs)
{
	size_t n = j->n;
	int r;

	for (size_t i = 0; i < n; i++)
		vfs[i] = i;
	r = send_batch(j, vfs, &n);
	while (!r && n) {
		uint32_t known = *j->unsupported;

		r = send_singly(j, vfs, 1);
		n--;
		memmove(vfs, vfs + 1, n * sizeof(*vfs));
		if (r || !n)
			break;
		if (known == *j->unsupported) {
			r = send_singly(j, vfs, n);
			break;
		}
		r = send_batch(j, vfs, &n);
	}
	return r;
}

static const struct via_vf_attrs *state_of(const struct via_vf_list *l, uint32_t index)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->vfs[i].index == index)
			return &l->vfs[i].attrs;
	return NULL;
}

/* What was accepted must read back as wanted: else it is not applied. */
static void compare(struct job *j, size_t vf, const struct via_vf_attrs *have)
{
	uint32_t differs = via_vf_attrs_diff(&j->sets[vf].attrs, have);

	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++) {
		struct via_attr_result *a = &j->results[vf].attr[i];

		if (a->outcome != VIA_OUTCOME_APPLIED || !(differs & VIA_ATTR_BIT(i)))
			continue;
		a->outcome = VIA_OUTCOME_FAILED;
		a->error = have->known & VIA_ATTR_BIT(i) ? EIO : ENODATA;
		snprintf(a->extack, sizeof(a->extack), "%s",
			have->known & VIA_ATTR_BIT(i) ? "accepted, reads back different"
						      : "accepted, cannot be read back");
	}
}

static int read_back(struct job *j, struct via_vf_attrs *left)
{
	static const struct via_vf_attrs nothing;
	struct via_vf_list list = {0};
	int r = j->k->ops->get_vfs(j->k, j->ifindex, &list, j->err);

	if (r)
		return r;
	for (size_t i = 0; i < j->n; i++) {
		const struct via_vf_attrs *have = state_of(&list, j->sets[i].index);

		compare(j, i, have ? have : &nothing);
		if (left)
			left[i] = have ? *have : nothing;
	}
	via_vf_list_finish(&list);
	return 0;
}

/* Some drivers refuse a rate without a link, and making VFs makes the link flap (igb). */
static void await_carrier(struct job *j)
{
	uint32_t asked = 0;
	unsigned int waited = 0;
	char driver[VIA_DRIVER_MAX];
	struct via_addr a;
	struct via_link l;

	for (size_t i = 0; i < j->n; i++)
		asked |= j->sets[i].attrs.known;
	if (!(asked & ~*j->unsupported & VIA_ATTR_BIT(VIA_VF_ATTR_RATE)) ||
		via_execute_link_at(j->k, j->ifindex, &l, NULL) || via_addr_parse(l.parent, &a) ||
		via_kernel_link_name(j->k, DEVICE_PATH(a, "driver"), driver, sizeof(driver)) ||
		!via_quirks_for(driver)->rate_needs_carrier)
		return;
	while (l.up && !l.carrier && via_execute_wait(&waited, CARRIER_WAIT_MS) &&
		!via_execute_link_at(j->k, j->ifindex, &l, NULL))
		;
}

int via_execute_vf_attrs(struct via_kernel *k, int ifindex, const struct via_vf_set *sets, size_t n,
	struct via_attrs_result *results, struct via_vf_attrs *left, uint32_t *unsupported,
	struct via_err *err)
{
	uint32_t learnt = 0;
	struct job j = {.k = k,
		.ifindex = ifindex,
		.sets = sets,
		.n = n,
		.results = results,
		.unsupported = unsupported ? unsupported : &learnt,
		.err = err};
	via_autofree size_t *vfs = calloc(n ? n : 1, sizeof(*vfs));
	int r;

	if (!vfs)
		return via_err_set(err, -ENOMEM, "out of memory");
	memset(results, 0, n * sizeof(*results));
	await_carrier(&j);
	r = send_wishes(&j, vfs);
	if (r) {
		/* What it left, as far as that can be had; the first error is the one to tell. */
		j.err = NULL;
		read_back(&j, left);
		return r;
	}
	return read_back(&j, left);
}
