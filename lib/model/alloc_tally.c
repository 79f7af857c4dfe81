/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/alloc_tally.h"

#include <stdio.h>
#include <string.h>

#include "model/claim_rules.h"
#include "model/policy.h"

#define NAMES_LEN  90  /* of one kind of obstacle */
#define REASON_LEN 560 /* of all of them: what helps stands behind, and has to be read */

void via_tally_finish(struct via_tally *t)
{
	for (size_t i = 0; i < VIA_OBSTACLE_COUNT; i++)
		via_strbuf_finish(&t->of[i].names);
}

void via_tally_pf(
	struct via_tally *t, const struct via_device *pf, const struct via_pf_config *entry)
{
	if (t->n_pfs < VIA_TALLY_PFS) {
		t->pfs[t->n_pfs].dev = pf;
		t->pfs[t->n_pfs].entry = entry;
	}
	t->n_pfs++;
}

/* Who or what stands in the way, as shortly as it can be said. */
static void name_it(const struct via_candidate *c, enum via_obstacle what, char *buf, size_t size)
{
	const struct via_claim *claim = via_claims_at(c->w->claims, c->dev->addr);
	char text[256];

	if (what == VIA_OBSTACLE_CLAIMED && claim)
		via_claim_text(buf, size < 41 ? size : 41, via_claim_owner(claim, text));
	else if (what == VIA_OBSTACLE_HELD && c->dev->n_holders)
		snprintf(buf, size, "%s by %.56s", via_addr_fmt(c->dev->addr),
			via_holder_text(&c->dev->holders[0], text, sizeof(text)));
	else
		via_addr_str(c->dev->addr, buf);
}

static bool is_named(const struct via_strbuf *b, const char *name)
{
	const char *at = via_strbuf_str(b);
	size_t len = strlen(name);

	while ((at = strstr(at, name))) {
		bool begins = at == b->s || at[-1] == ' ';

		at += len;
		if (begins && (!*at || *at == ','))
			return true;
	}
	return false;
}

void via_tally_add(struct via_tally *t, const struct via_candidate *c, enum via_obstacle what)
{
	struct via_strbuf *b = &t->of[what].names;
	char name[96];

	t->total++;
	t->of[what].n++;
	name_it(c, what, name, sizeof(name));
	if (is_named(b, name))
		return;
	if (b->len && b->len + strlen(name) > NAMES_LEN)
		t->of[what].unnamed++;
	else
		via_strbuf_addf(b, "%s%s", b->len ? ", " : "", name);
}

void via_tally_other(struct via_tally *t, const char *network)
{
	(void)network;
	t->others++;
}

static void add_label(const struct via_tally *t, size_t i, struct via_strbuf *b)
{
	const char *label = t->pfs[i].entry->label;

	via_strbuf_addf(b, "%.40s", label ? label : via_addr_fmt(t->pfs[i].dev->addr));
}

static void add_pfs(const struct via_tally *t, struct via_strbuf *b)
{
	size_t n = t->n_pfs < 4 ? t->n_pfs : 4;

	for (size_t i = 0; i < n; i++) {
		via_strbuf_adds(b, i ? ", " : "");
		add_label(t, i, b);
	}
	if (n < t->n_pfs)
		via_strbuf_addf(b, " and %zu more", t->n_pfs - n);
}

static void add_reasons(const struct via_tally *t, struct via_strbuf *b)
{
	const char *sep = "";
	uint32_t rest = 0;

	for (unsigned int i = 1; i < VIA_OBSTACLE_COUNT; i++) {
		if (!t->of[i].n)
			continue;
		if (b->len > REASON_LEN - NAMES_LEN) {
			rest += t->of[i].n;
			continue;
		}
		via_strbuf_addf(b, "%s%u %s %s", sep, t->of[i].n,
			via_obstacle_text((enum via_obstacle)i), via_strbuf_str(&t->of[i].names));
		if (t->of[i].unnamed)
			via_strbuf_addf(b, " and %u more", t->of[i].unnamed);
		sep = "; ";
	}
	if (rest)
		via_strbuf_addf(b, "; %u for other reasons", rest);
}

/* Would more VFs on it be of use? */
static bool may_grow(const struct via_tally *t, size_t i, const struct via_world *w)
{
	const struct via_device *pf = t->pfs[i].dev;

	return pf->sriov->num < pf->sriov->total && !t->pfs[i].entry->verify_only &&
	       !via_claims_drained(w->claims, pf->addr) && !via_claims_at(w->claims, pf->addr) &&
	       !(w->blocked && w->blocked(pf->addr, w->user));
}

/* The first PF that could have more VFs. */
static void add_growth(const struct via_tally *t, const struct via_world *w, struct via_strbuf *b)
{
	for (size_t i = 0; i < t->n_pfs && i < VIA_TALLY_PFS; i++) {
		const struct via_sriov *s = t->pfs[i].dev->sriov;

		if (!may_grow(t, i, w))
			continue;
		via_strbuf_adds(b, "raise \"num_vfs\" of ");
		add_label(t, i, b);
		via_strbuf_addf(b, " (%u, up to %u%s), ", s->num, s->total,
			s->num ? ", by recreating them" : "");
		return;
	}
}

static void add_ways(const struct via_tally *t, const struct via_world *w, struct via_strbuf *b)
{
	static const struct {
		enum via_obstacle what;
		const char *text;
	} ways[] = {
		{VIA_OBSTACLE_CLAIMED, "release one, "},
		{VIA_OBSTACLE_QUARANTINED, "clear the quarantine, "},
		{VIA_OBSTACLE_DRAINED, "end the drain, "},
		{VIA_OBSTACLE_BLOCKED, "see what hangs (viaduct status), "},
		{VIA_OBSTACLE_HELD, "stop what uses one, "},
		{VIA_OBSTACLE_DRIFTED, "put right what drifted (viaduct apply), "},
		{VIA_OBSTACLE_NUMA, "set the network's \"numa\" to \"prefer\", "},
		{VIA_OBSTACLE_MSIX, "give its VFs more vectors (\"msix\"), "},
	};

	/* No other VF would do either. */
	if (t->of[VIA_OBSTACLE_IOMMU].n) {
		via_strbuf_adds(b, "switch the IOMMU on in the firmware and boot with "
				   "intel_iommu=on (AMD: iommu=pt)");
		return;
	}
	add_growth(t, w, b);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (t->of[ways[i].what].n)
			via_strbuf_adds(b, ways[i].text);
	via_strbuf_addf(b, "%sadd an uplink", b->len ? "or " : "");
}

/* Uplinks that no present PF answers to. */
static void add_absent(
	const struct via_tally *t, const struct via_network_config *n, struct via_strbuf *b)
{
	for (size_t i = 0; i < n->n_uplinks && b->len < 300; i++) {
		bool there = t->n_pfs > VIA_TALLY_PFS;

		for (size_t k = 0; k < t->n_pfs && k < VIA_TALLY_PFS; k++)
			there |= !strcmp(t->pfs[k].entry->label, n->uplinks[i]);
		if (!there)
			via_strbuf_addf(b, "%s%.40s",
				b->len ? ", " : "uplinks that are absent: ", n->uplinks[i]);
	}
}

int via_tally_refuse(const struct via_tally *t, const struct via_world *w,
	const struct via_network_config *network, struct via_err *err)
{
	via_autostrbuf pfs = VIA_STRBUF_INIT, why = VIA_STRBUF_INIT, ways = VIA_STRBUF_INIT,
		       absent = VIA_STRBUF_INIT;

	add_pfs(t, &pfs);
	add_reasons(t, &why);
	add_ways(t, w, &ways);
	add_absent(t, network, &absent);
	if (!t->n_pfs)
		return via_err_set(err, VIA_REFUSED_NO_FREE_VF,
			"network %s has no VF: none of its uplinks is a present PF of \"pfs\"%s%s; "
			"add an uplink",
			network->name, absent.len ? "; " : "", via_strbuf_str(&absent));
	if (t->others)
		via_strbuf_addf(&why, "%s%u more belong to other networks or to none",
			why.len ? "; " : "", t->others);
	return via_err_set(err, VIA_REFUSED_NO_FREE_VF,
		"network %s has no free VF: %u VF%s of %s%s%s%s%s; %s", network->name, t->total,
		t->total == 1 ? "" : "s", via_strbuf_str(&pfs), why.len ? ": " : "",
		via_strbuf_str(&why), absent.len ? "; " : "", via_strbuf_str(&absent),
		via_strbuf_str(&ways));
}
