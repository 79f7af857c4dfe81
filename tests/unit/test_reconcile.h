/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims beside what is: a host, two domains, and what reconciliation makes of it. */
#ifndef TEST_RECONCILE_H
#define TEST_RECONCILE_H

#include "model/reconcile.h"
#include "test_claim_host.h"

#define MAC "52:54:00:aa:00:01"
#define CONFIG                                                                                     \
	"{\"pfs\":[{\"match\":{\"address\":\"" PF1 "\"},\"num_vfs\":4,\"vf\":{\"network\":"        \
	"\"blue\"}}],\"networks\":[{\"name\":\"blue\",\"vlan\":100}]}"

struct now {
	struct host h;
	struct via_inventory *inv;
	struct via_config *config;
	struct via_claims claims;
	struct via_domains domains;
	struct via_domain list[2];     /* A and B, by libvirt's word */
	struct via_domain_dev devs[2]; /* one for each */
	struct via_addr busy;
	bool not_due;
	int64_t claimed_ms;
	bool (*renew_due)(const struct via_claim *c, void *user);
	struct via_reconciliation got;
};

static inline int64_t claimed_ms(uint64_t generation, void *user)
{
	(void)generation;
	return ((struct now *)user)->claimed_ms;
}

static inline bool clean_due(const struct via_claim *c, void *user)
{
	(void)c;
	return !((struct now *)user)->not_due;
}

static inline bool is_busy(struct via_addr addr, void *user)
{
	return via_addr_eq(addr, ((struct now *)user)->busy);
}

static inline void start(struct now *n)
{
	*n = (struct now){.h = two_pfs(),
		.list = {{.uuid = UUID_A, .name = "web"}, {.uuid = UUID_B, .name = "db"}}};
	n->inv = render(&n->h);
	n->config = host_config(CONFIG);
	n->domains = (struct via_domains){.connected = true, .taken_ms = 500, .n = 2};
	n->domains.list = n->list;
}

static inline void finish(struct now *n)
{
	via_reconciliation_finish(&n->got);
	via_inventory_destroy(n->inv);
	via_config_destroy(n->config);
	via_claims_finish(&n->claims);
}
#define autonow __attribute__((cleanup(finish))) struct now

static inline void again(struct now *n)
{
	via_inventory_destroy(n->inv);
	n->inv = render(&n->h);
}

/* libvirt says that one runs with it. */
static inline void list_in(struct now *n, size_t i, const char *addr)
{
	n->list[i].active = true;
	n->list[i].n_devs = 1;
	n->list[i].devs = &n->devs[i];
	n->devs[i].addr = addr_of(addr);
}

static inline void hold(struct now *n, const char *addr, const char *uuid)
{
	hold_by(n->inv, addr, VIA_HOLDER_DOMAIN, !strcmp(uuid, UUID_A) ? "web" : "db", uuid);
}

static inline struct via_claim *claim(
	struct now *n, const char *addr, enum via_claim_state state, enum via_claim_origin origin)
{
	add_claim(&n->claims, claim_on(n->inv, addr, UUID_A, state, origin));
	return (struct via_claim *)via_claims_at(&n->claims, addr_of(addr));
}

static inline void run(struct now *n)
{
	struct via_reconcile_input in = {.world = {.inv = n->inv,
						 .config = n->config,
						 .claims = &n->claims,
						 .domains = &n->domains,
						 .now_us = 77},
		.claimed_ms = claimed_ms,
		.clean_due = clean_due,
		.renew_due = n->renew_due,
		.busy = is_busy,
		.user = n};
	struct via_err err = {0};

	via_reconciliation_finish(&n->got);
	if (via_reconcile(&in, &n->got, &err))
		fail_msg("%s", err.msg);
}

static inline void assert_nothing(struct now *n)
{
	run(n);
	if (n->got.n)
		fail_msg("%s: %s", via_reconcile_kind_name(n->got.list[0].kind),
			n->got.list[0].text);
}

static inline const struct via_reconcile_action *assert_only(
	struct now *n, enum via_reconcile_kind kind, const char *addr, const char *text)
{
	const struct via_reconcile_action *a;

	run(n);
	if (n->got.n != 1)
		fail_msg("%zu actions, wanted %s: \"%s\"", n->got.n, via_reconcile_kind_name(kind),
			n->got.n ? n->got.list[0].text : "");
	a = &n->got.list[0];
	if (a->kind != kind || !via_addr_eq(a->addr, addr_of(addr)) || !strstr(a->text, text))
		fail_msg("%s %s: \"%s\", wanted %s %s \"%s\"", via_reconcile_kind_name(a->kind),
			via_addr_fmt(a->addr), a->text, via_reconcile_kind_name(kind), addr, text);
	if (via_claims_at(&n->claims, a->addr))
		assert_int_equal(a->generation, via_claims_at(&n->claims, a->addr)->generation);
	else
		assert_int_equal(a->generation, 0);
	return a;
}

#endif
