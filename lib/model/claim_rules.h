/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the registry's files share: which claims cannot stand beside each other. */
#ifndef VIA_MODEL_CLAIM_RULES_H
#define VIA_MODEL_CLAIM_RULES_H

#include "model/claim.h"

/* "VM web1 (UUID …)", "nobody" for a claim without a VM. */
#define VIA_CLAIM_VM_MAX 320
const char *via_claim_vm_text(const struct via_claim *c, char buf[VIA_CLAIM_VM_MAX]);

/* At most size - 1 bytes of src, and no character of UTF-8 cut in two: JSON would put a longer one
 * in its place, and the record would not come back. */
void via_claim_text(char *dst, size_t size, const char *src);
/* The MAC its VM uses on it; false when none is known. */
bool via_claim_mac(const struct via_claim *c, struct via_mac *ret);
/* preparing or active: its VM has it, or is about to. */
bool via_claim_is_live(const struct via_claim *c);

/* Is one of them a whole PF and the other a VF of it? */
bool via_claim_excludes(const struct via_claim *a, const struct via_claim *b);
/* May both stand in one registry? 0, or CLAIMED, QUARANTINED, DUPLICATE_MAC naming there. */
int via_claim_beside(
	const struct via_claim *wanted, const struct via_claim *there, struct via_err *err);
/* Is it whole in itself? 0, or VIA_REFUSED_INVALID saying what is wrong. */
int via_claim_sane(const struct via_claim *c, struct via_err *err);
/* How many cards could be the one that is meant, elsewhere than where it was? */
size_t via_identity_moved(const struct via_inventory *inv, const struct via_identity *id);

#endif
