/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PFs that take no new claims. */
#include "model/claim_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where it stands, or where it would be put. */
static size_t position(const struct via_claims *c, struct via_addr pf)
{
	size_t i = 0;

	while (i < c->n_drains && via_addr_cmp(c->drains[i].pf, pf) < 0)
		i++;
	return i;
}

bool via_claims_drained(const struct via_claims *c, struct via_addr pf)
{
	size_t i = position(c, pf);

	return i < c->n_drains && via_addr_eq(c->drains[i].pf, pf);
}

int via_claims_drain(struct via_claims *c, struct via_addr pf, const char *cause, int64_t now_us,
	struct via_err *err)
{
	size_t i = position(c, pf);
	struct via_drain *list;

	if (via_claims_drained(c, pf))
		return 0;
	list = reallocarray(c->drains, c->n_drains + 1, sizeof(*list));
	if (!list)
		return via_err_set(err, -ENOMEM, "out of memory");
	c->drains = list;
	memmove(&list[i + 1], &list[i], (c->n_drains - i) * sizeof(*list));
	list[i] = (struct via_drain){.pf = pf, .since_us = now_us};
	via_claim_text(list[i].cause, sizeof(list[i].cause), cause ? cause : "");
	c->n_drains++;
	return 0;
}

void via_claims_undrain(struct via_claims *c, struct via_addr pf)
{
	size_t i = position(c, pf);

	if (!via_claims_drained(c, pf))
		return;
	c->n_drains--;
	memmove(&c->drains[i], &c->drains[i + 1], (c->n_drains - i) * sizeof(*c->drains));
}
