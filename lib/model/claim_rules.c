/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which claims cannot stand beside each other, and the check of a whole registry. */
#include "model/claim_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const char *via_claim_vm_text(const struct via_claim *c, char buf[VIA_CLAIM_VM_MAX])
{
	if (c->name[0] && c->uuid[0])
		snprintf(buf, VIA_CLAIM_VM_MAX, "VM %s (UUID %s)", c->name, c->uuid);
	else if (c->name[0] || c->uuid[0])
		snprintf(buf, VIA_CLAIM_VM_MAX, "VM %s", c->name[0] ? c->name : c->uuid);
	else
		snprintf(buf, VIA_CLAIM_VM_MAX, "nobody");
	return buf;
}

void via_claim_text(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size);

	if (n == size)
		for (n = size - 1; n && ((unsigned char)src[n] & 0xc0) == 0x80;)
			n--;
	memmove(dst, src, n);
	dst[n] = '\0';
}

bool via_claim_mac(const struct via_claim *c, struct via_mac *ret)
{
	if (!(c->wanted.known & VIA_ATTR_BIT(VIA_VF_ATTR_MAC)) || via_mac_is_zero(c->wanted.mac))
		return false;
	*ret = c->wanted.mac;
	return true;
}

bool via_claim_is_live(const struct via_claim *c)
{
	return c->state == VIA_CLAIM_PREPARING || c->state == VIA_CLAIM_ACTIVE;
}

static bool is_on(const struct via_claim *vf, const struct via_claim *pf)
{
	return vf->fn.is_vf && !pf->fn.is_vf && via_addr_eq(vf->fn.pf, pf->fn.addr);
}

bool via_claim_excludes(const struct via_claim *a, const struct via_claim *b)
{
	return is_on(a, b) || is_on(b, a);
}

/* One VM's next claim may have the MAC of its last one, which is still being cleaned: whether the
 * function still shows it is the host's to say (via_claims_mac_free). */
static bool same_mac(const struct via_claim *a, const struct via_claim *b)
{
	struct via_mac x, y;

	if (!via_claim_mac(a, &x) || !via_claim_mac(b, &y) || !via_mac_eq(x, y))
		return false;
	return strcmp(a->uuid, b->uuid) != 0 || (via_claim_is_live(a) && via_claim_is_live(b));
}

/* What helps against a claim that is in the way. */
static const char *const ways_out[] = {
	[VIA_CLAIM_PREPARING] = "wait for it, or release it",
	[VIA_CLAIM_ACTIVE] = "stop the VM or release the claim first",
	[VIA_CLAIM_RELEASING] = "it is being cleaned: try again in a moment",
	[VIA_CLAIM_QUARANTINED] = "see what is not clean (viaduct quarantine list), then clear it",
};

static int refuse_quarantined(const struct via_claim *there, struct via_err *err)
{
	return via_err_set(err, VIA_REFUSED_QUARANTINED,
		"%s is quarantined, last of %s: %s; clean it once more or free it by hand (viaduct "
		"quarantine clear %s)",
		via_addr_fmt(there->fn.addr), via_claim_vm_text(there, (char[VIA_CLAIM_VM_MAX]){0}),
		there->reason[0] ? there->reason : "it did not come clean",
		via_addr_fmt(there->fn.addr));
}

static int refuse_claimed(
	const struct via_claim *wanted, const struct via_claim *there, struct via_err *err)
{
	char vm[VIA_CLAIM_VM_MAX];
	const char *why = "";

	if (is_on(wanted, there))
		why = ", whole and with all its VFs,";
	else if (is_on(there, wanted))
		why = ", a VF of it,";
	return via_err_set(err, VIA_REFUSED_CLAIMED,
		"%s cannot be claimed: %s%s belongs to %s (%s, generation %llu); %s",
		via_addr_fmt(wanted->fn.addr), via_addr_fmt(there->fn.addr), why,
		via_claim_vm_text(there, vm), via_claim_state_name(there->state),
		(unsigned long long)there->generation, ways_out[there->state]);
}

int via_claim_beside(
	const struct via_claim *wanted, const struct via_claim *there, struct via_err *err)
{
	bool same = via_addr_eq(wanted->fn.addr, there->fn.addr);

	if (same && there->state == VIA_CLAIM_QUARANTINED)
		return refuse_quarantined(there, err);
	if (same || via_claim_excludes(wanted, there))
		return refuse_claimed(wanted, there, err);
	if (same_mac(wanted, there))
		return via_err_set(err, VIA_REFUSED_DUPLICATE_MAC,
			"MAC %s of %s is also that of %s, claimed by %s (%s); give one of them "
			"another "
			"MAC, or: %s",
			via_mac_fmt(wanted->wanted.mac), via_addr_fmt(wanted->fn.addr),
			via_addr_fmt(there->fn.addr),
			via_claim_vm_text(there, (char[VIA_CLAIM_VM_MAX]){0}),
			via_claim_state_name(there->state), ways_out[there->state]);
	return 0;
}

/* --- one claim --- */

/* As via_uuid_parse() leaves it: what is looked up by UUID compares texts. */
static bool is_uuid(const char *s)
{
	char uuid[VIA_UUID_MAX];

	return !via_uuid_parse(s, uuid) && !strcmp(s, uuid);
}

static const char *insane(const struct via_claim *c)
{
	struct via_mac mac;

	if ((unsigned int)c->state > VIA_CLAIM_QUARANTINED)
		return "has no state";
	if ((unsigned int)c->origin > VIA_CLAIM_ADOPTED)
		return "has no origin";
	if (c->fn.is_vf && (via_addr_is_none(c->fn.pf) || via_addr_eq(c->fn.pf, c->fn.addr)))
		return "is on a VF without a PF";
	if (c->fn.is_vf && c->whole)
		return "is on a VF and said to be of a whole PF";
	if (!c->uuid[0] && c->state != VIA_CLAIM_QUARANTINED)
		return "names no VM";
	if (c->uuid[0] && !is_uuid(c->uuid))
		return "has no valid UUID of its VM";
	if (via_claim_mac(c, &mac) && !via_mac_is_unicast(mac))
		return "wants a multicast MAC";
	if (!c->managed && (c->state == VIA_CLAIM_RELEASING || c->state == VIA_CLAIM_QUARANTINED))
		return "is unmanaged, and nothing of it is cleaned";
	return NULL;
}

int via_claim_sane(const struct via_claim *c, struct via_err *err)
{
	const char *what = insane(c);

	return what ? via_err_set(err, VIA_REFUSED_INVALID, "the claim on %s %s",
			      via_addr_fmt(c->fn.addr), what)
		    : 0;
}

/* --- all of them --- */

static int check_one(const struct via_claims *c, size_t i, struct via_err *err)
{
	const struct via_claim *claim = &c->list[i];

	if (via_claim_sane(claim, err))
		return -EUCLEAN;
	if (!claim->generation || claim->generation > c->last_generation)
		return via_err_set(err, -EUCLEAN,
			"the claim on %s has generation %llu, and the newest one ever is %llu",
			via_addr_fmt(claim->fn.addr), (unsigned long long)claim->generation,
			(unsigned long long)c->last_generation);
	if (i && via_addr_cmp(c->list[i - 1].fn.addr, claim->fn.addr) > 0)
		return via_err_set(err, -EUCLEAN, "claims are out of order at %s",
			via_addr_fmt(claim->fn.addr));
	for (size_t k = 0; k < i; k++) {
		if (c->list[k].generation == claim->generation)
			return via_err_set(err, -EUCLEAN,
				"generation %llu stands for claims on %s and on %s",
				(unsigned long long)claim->generation,
				via_addr_fmt(c->list[k].fn.addr), via_addr_fmt(claim->fn.addr));
		if (via_claim_beside(claim, &c->list[k], err))
			return -EUCLEAN;
	}
	return 0;
}

static int check_drains(const struct via_claims *c, struct via_err *err)
{
	for (size_t i = 1; i < c->n_drains; i++)
		if (via_addr_cmp(c->drains[i - 1].pf, c->drains[i].pf) >= 0)
			return via_err_set(err, -EUCLEAN, "drains are out of order at %s",
				via_addr_fmt(c->drains[i].pf));
	return 0;
}

int via_claims_check(const struct via_claims *c, struct via_err *err)
{
	int r = c->last_generation > INT64_MAX
			? via_err_set(err, -EUCLEAN, "the newest generation is out of range")
			: 0;

	for (size_t i = 0; i < c->n && r == 0; i++)
		r = check_one(c, i, err);
	if (r == 0)
		r = check_drains(c, err);
	if (r && err)
		err->code = r;
	return r;
}
