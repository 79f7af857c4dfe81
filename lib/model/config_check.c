/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What no single value of the configuration can see: names that must exist, values that must fit.
 */
#include "model/config_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A MAC address somebody was given, for finding it twice. */
struct given_mac {
	struct via_mac mac;
	const struct via_place *place;
	const char *member;
	size_t order;
};

struct checker {
	struct via_config_reader *rd;
	struct given_mac *macs;
	size_t n_macs;
};

#define PLACE_FMT     "%s:%u (%s)"
#define PLACE_ARGS(p) (p)->file, (p)->line, (p)->pointer

static int check_label(struct checker *ck, size_t i)
{
	const struct via_pf_config *pfs = ck->rd->config->pfs;

	for (size_t k = 0; pfs[i].label && k < i; k++)
		if (pfs[k].label && !strcmp(pfs[k].label, pfs[i].label))
			return via_config_complain(ck->rd, &pfs[i].place, "label",
				"\"%s\" is the label of " PLACE_FMT " too; choose another",
				pfs[i].label, PLACE_ARGS(&pfs[k].place));
	return 0;
}

/* Two entries that name the same PF outright need no host to be seen as a conflict. */
static int check_selector(struct checker *ck, size_t i)
{
	const struct via_pf_config *pfs = ck->rd->config->pfs;
	const struct via_selector *s = &pfs[i].match;

	for (size_t k = 0; k < i; k++) {
		const struct via_selector *o = &pfs[k].match;
		bool addr = s->has_address && o->has_address && via_addr_eq(s->address, o->address);
		bool mac = s->has_mac && o->has_mac && via_mac_eq(s->mac, o->mac);

		if (addr || mac)
			return via_config_complain(ck->rd, &pfs[i].place,
				addr ? "match/address" : "match/mac",
				"names the same PF as " PLACE_FMT "; join the two entries",
				PLACE_ARGS(&pfs[k].place));
	}
	return 0;
}

static int check_network_name(struct checker *ck, const struct via_vf_config *v,
	const struct via_place *at, const char *member)
{
	if (!v->network || via_config_network(ck->rd->config, v->network))
		return 0;
	return via_config_complain(ck->rd, at, member,
		"there is no network \"%s\"; define it in \"networks\" or correct the name",
		v->network);
}

static const struct via_vf_config *layer_of(const struct via_pf_config *pf, size_t at)
{
	return at ? &pf->ranges[at - 1].vf : &pf->defaults;
}

static bool covers(const struct via_pf_config *pf, size_t at, uint32_t index)
{
	return !at || (index >= pf->ranges[at - 1].first && index <= pf->ranges[at - 1].last);
}

static bool gives_qos(const struct via_vf_config *v)
{
	return v->has_vlan_qos && v->attrs.qos;
}

static bool gives_rate(const struct via_vf_config *v)
{
	return v->has_min || v->has_max;
}

static bool gives_mac(const struct via_vf_config *v)
{
	return v->mac_mode != VIA_MAC_UNSET;
}

/* The last layer with a word on the matter: that is where the problem is told. */
static size_t last_layer(const struct via_pf_config *pf, uint32_t index,
	bool (*gives)(const struct via_vf_config *v))
{
	size_t found = 0;

	for (size_t i = 0; i <= pf->n_ranges; i++)
		if (covers(pf, i, index) && gives(layer_of(pf, i)))
			found = i;
	return found;
}

static int complain_layer(struct checker *ck, const struct via_pf_config *pf, size_t layer,
	const char *member, const char *what)
{
	char full[64];

	if (layer)
		return via_config_complain(
			ck->rd, &pf->ranges[layer - 1].place, member, "%s", what);
	snprintf(full, sizeof(full), "vf/%s", member);
	return via_config_complain(ck->rd, &pf->place, full, "%s", what);
}

static int note_mac(
	struct checker *ck, struct via_mac mac, const struct via_place *place, const char *member)
{
	struct given_mac *m = via_config_grow((void **)&ck->macs, &ck->n_macs, sizeof(*m));

	if (!m)
		return via_err_set(&ck->rd->err, -ENOMEM, "out of memory");
	*m = (struct given_mac){mac, place, member, ck->n_macs};
	return 0;
}

static int note_vf_mac(
	struct checker *ck, const struct via_pf_config *pf, uint32_t index, struct via_mac mac)
{
	size_t at = last_layer(pf, index, gives_mac);

	/* A default that many VFs would share has been told by check_defaults(). */
	if (!at)
		return pf->has_num_vfs && pf->num_vfs == 1 ? note_mac(ck, mac, &pf->place, "vf/mac")
							   : 0;
	return note_mac(ck, mac, &pf->ranges[at - 1].place, "mac");
}

/* One VF stands for all that the same layers cover. */
static int check_vf(struct checker *ck, const struct via_pf_config *pf, uint32_t index)
{
	struct via_vf_config v;
	int r = 0;

	via_vf_config_resolve(ck->rd->config, pf, index, &v);
	if (v.attrs.qos && !v.attrs.vlan)
		r = complain_layer(ck, pf, last_layer(pf, index, gives_qos), "qos",
			"is a priority without a VLAN; give \"vlan\" as well");
	if (r == 0 && v.attrs.max_tx_mbps && v.attrs.min_tx_mbps > v.attrs.max_tx_mbps) {
		size_t at = last_layer(pf, index, gives_rate);

		r = complain_layer(ck, pf, at,
			layer_of(pf, at)->has_min ? "min_tx_mbps" : "max_tx_mbps",
			"\"min_tx_mbps\" is above \"max_tx_mbps\"; lower the one or raise the "
			"other");
	}
	if (r == 0 && v.mac_mode == VIA_MAC_GIVEN)
		r = note_vf_mac(ck, pf, index, v.attrs.mac);
	return r;
}

static int compare_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Between two neighbouring starts or ends of ranges all VFs have the same layers. */
static int check_vfs(struct checker *ck, const struct via_pf_config *pf)
{
	via_autofree uint32_t *at = calloc(2 * pf->n_ranges + 1, sizeof(*at));
	uint32_t end = pf->has_num_vfs ? pf->num_vfs : VIA_CONFIG_VFS_MAX;
	size_t n = 1;
	int r = 0;

	if (!at)
		return via_err_set(&ck->rd->err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < pf->n_ranges; i++) {
		at[n++] = pf->ranges[i].first;
		at[n++] = pf->ranges[i].last + 1;
	}
	qsort(at, n, sizeof(*at), compare_index);
	for (size_t i = 0; i < n && r == 0; i++)
		if ((!i || at[i] != at[i - 1]) && at[i] < end)
			r = check_vf(ck, pf, at[i]);
	return r;
}

static int check_ranges(struct checker *ck, const struct via_pf_config *pf)
{
	int r = 0;

	for (size_t i = 0; i < pf->n_ranges && r == 0; i++) {
		const struct via_vf_range *range = &pf->ranges[i];

		if (pf->has_num_vfs && range->last >= pf->num_vfs)
			r = via_config_complain(ck->rd, &range->place, NULL,
				"VF %u is none of the %u VFs (they count from 0); raise "
				"\"num_vfs\" or "
				"correct the range",
				range->last, pf->num_vfs);
		if (r == 0)
			r = check_network_name(ck, &range->vf, &range->place, "network");
	}
	return r;
}

static int check_defaults(struct checker *ck, const struct via_pf_config *pf)
{
	int r = check_network_name(ck, &pf->defaults, &pf->place, "vf/network");

	if (r == 0 && pf->defaults.mac_mode == VIA_MAC_GIVEN &&
		!(pf->has_num_vfs && pf->num_vfs == 1))
		r = via_config_complain(ck->rd, &pf->place, "vf/mac",
			"gives one MAC address to every VF; use \"derived\" or one entry a VF in "
			"\"vfs\"");
	if (r == 0 && pf->verify_only && pf->has_heal &&
		(pf->heal || pf->heal_driver || pf->heal_count || pf->heal_pf))
		r = via_config_complain(ck->rd, &pf->place, "heal",
			"has nothing to heal: a PF with \"verify_only\" is never written; remove "
			"one of them");
	return r;
}

static int check_pf(struct checker *ck, size_t i)
{
	const struct via_pf_config *pf = &ck->rd->config->pfs[i];
	int r = check_label(ck, i);

	if (r == 0)
		r = check_selector(ck, i);
	if (r == 0 && pf->match.has_mac)
		r = note_mac(ck, pf->match.mac, &pf->place, "match/mac");
	if (r == 0)
		r = check_defaults(ck, pf);
	if (r == 0)
		r = check_ranges(ck, pf);
	return r ? r : check_vfs(ck, pf);
}

static int compare_mac(const void *a, const void *b)
{
	const struct given_mac *x = a, *y = b;
	int r = memcmp(x->mac.b, y->mac.b, sizeof(x->mac.b));

	return r ? r : x->order < y->order ? -1 : 1;
}

static int check_macs(struct checker *ck)
{
	int r = 0;

	if (ck->n_macs)
		qsort(ck->macs, ck->n_macs, sizeof(*ck->macs), compare_mac);
	for (size_t i = 1; i < ck->n_macs && r == 0; i++) {
		const struct given_mac *a = &ck->macs[i - 1], *b = &ck->macs[i];

		/* Two selectors with one MAC are check_selector()'s. */
		if (via_mac_eq(a->mac, b->mac) && strcmp(b->member, "match/mac"))
			r = via_config_complain(ck->rd, b->place, b->member,
				"%s is given in " PLACE_FMT
				" as well; every function needs its own",
				via_mac_fmt(b->mac), PLACE_ARGS(a->place));
	}
	return r;
}

static bool has_label(const struct via_config *c, const char *label)
{
	for (size_t i = 0; i < c->n_pfs; i++)
		if (c->pfs[i].label && !strcmp(c->pfs[i].label, label))
			return true;
	return false;
}

static int check_uplinks(struct checker *ck, const struct via_network_config *n)
{
	int r = 0;

	for (size_t i = 0; i < n->n_uplinks && r == 0; i++) {
		char member[40];

		snprintf(member, sizeof(member), "uplinks/%zu", i);
		if (!has_label(ck->rd->config, n->uplinks[i]))
			r = via_config_complain(ck->rd, &n->place, member,
				"no PF has the label \"%s\"; label one so in \"pfs\" or correct "
				"the name",
				n->uplinks[i]);
	}
	return r;
}

static int check_shaping(struct checker *ck, const struct via_network_config *n)
{
	const struct via_place *at = &n->place;
	int r = 0;

	if (n->attrs.max_tx_mbps && n->attrs.min_tx_mbps > n->attrs.max_tx_mbps)
		r = via_config_complain(ck->rd, at, "min_tx_mbps",
			"\"min_tx_mbps\" is above \"max_tx_mbps\"; lower the one or raise the "
			"other");
	if (r == 0 && n->limit_mbps && n->reservation_mbps > n->limit_mbps)
		r = via_config_complain(ck->rd, at, "reservation_mbps",
			"is above \"limit_mbps\"; lower the one or raise the other");
	/* libvirt's bandwidth element: average is what the other two are measured against. */
	if (r == 0 && (n->peak_kbps || n->burst_kb) && !n->average_kbps)
		r = via_config_complain(ck->rd, at, n->peak_kbps ? "peak_kbps" : "burst_kb",
			"means nothing without \"average_kbps\"; give that as well");
	if (r == 0 && n->average_kbps && n->peak_kbps && n->peak_kbps < n->average_kbps)
		r = via_config_complain(ck->rd, at, "peak_kbps",
			"is below \"average_kbps\"; raise it or leave it out");
	return r;
}

static int check_network(struct checker *ck, size_t i)
{
	const struct via_network_config *nets = ck->rd->config->networks, *n = &nets[i];
	int r = 0;

	for (size_t k = 0; n->name && k < i && r == 0; k++)
		if (nets[k].name && !strcmp(nets[k].name, n->name))
			r = via_config_complain(ck->rd, &n->place, "name",
				"\"%s\" is the name of " PLACE_FMT " too; choose another", n->name,
				PLACE_ARGS(&nets[k].place));
	if (r == 0 && n->attrs.qos && !n->attrs.vlan)
		r = via_config_complain(ck->rd, &n->place, "qos",
			"is a priority without a VLAN; give \"vlan\" as well");
	if (r == 0)
		r = check_uplinks(ck, n);
	return r ? r : check_shaping(ck, n);
}

static void checker_finish(struct checker *ck)
{
	free(ck->macs);
}

int via_config_check(struct via_config_reader *rd)
{
	__attribute__((cleanup(checker_finish))) struct checker ck = {.rd = rd};
	int r = 0;

	for (size_t i = 0; i < rd->config->n_networks && r == 0; i++)
		r = check_network(&ck, i);
	for (size_t i = 0; i < rd->config->n_pfs && r == 0; i++)
		r = check_pf(&ck, i);
	return r ? r : check_macs(&ck);
}
