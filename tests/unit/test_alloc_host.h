/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world to allocate in: the two PFs of test_claim_host.h, "east" and "west". */
#ifndef TEST_ALLOC_HOST_H
#define TEST_ALLOC_HOST_H

#include "test_claim_host.h"
#include "model/alloc.h"

#define VF12 "0000:01:10.4"
#define VF13 "0000:01:10.6"
#define VF21 "0000:02:10.2"

#define EAST "{\"label\":\"east\",\"match\":{\"address\":\"" PF1 "\"}"
#define WEST "{\"label\":\"west\",\"match\":{\"address\":\"" PF2 "\"}"
/* Both with four VFs; networks blue over both, east first, and what is added. */
#define CONFIG_WITH(east, west, blue, more)                                                        \
	"{\"pfs\":[" EAST ",\"num_vfs\":4" east "}," WEST ",\"num_vfs\":4" west                    \
	"}],\"networks\":["                                                                        \
	"{\"name\":\"blue\",\"vlan\":100,\"uplinks\":[\"east\",\"west\"]" blue "}" more "]}"
#define CONFIG CONFIG_WITH("", "", "", "")
#define PACK   ",\"placement\":\"pack\""

struct scene {
	struct host host;
	struct via_inventory *inv;
	struct via_config *config;
	struct via_claims claims;
	struct via_domains domains;
	struct via_world w;
	/* what the callbacks answer */
	struct via_addr drifted, blocked;
	bool parks;
};

static inline bool scene_drifted(struct via_addr vf, void *user)
{
	return via_addr_eq(vf, ((struct scene *)user)->drifted);
}

static inline bool scene_blocked(struct via_addr pf, void *user)
{
	return via_addr_eq(pf, ((struct scene *)user)->blocked);
}

static inline bool scene_parks(const struct via_device *pf, void *user)
{
	(void)pf;
	return ((struct scene *)user)->parks;
}

static inline int scene_driver(const struct via_device *dev, enum via_driver_choice choice,
	char *buf, size_t size, void *user)
{
	return host_driver_for(dev, choice, buf, size, &((struct scene *)user)->host);
}

/* The host as s->host has it by now; touch up s->inv afterwards. */
static inline void scene_render(struct scene *s)
{
	via_inventory_destroy(s->inv);
	s->w.inv = s->inv = render(&s->host);
}

static inline void scene_begin(struct scene *s, const char *config)
{
	*s = (struct scene){.host = two_pfs(), .config = host_config(config)};
	s->w = (struct via_world){.config = s->config,
		.claims = &s->claims,
		.domains = &s->domains,
		.drifted = scene_drifted,
		.blocked = scene_blocked,
		.parks_mac = scene_parks,
		.driver_for = scene_driver,
		.user = s,
		.now_us = 5000};
	scene_render(s);
}

static inline void scene_end(struct scene *s)
{
	via_inventory_destroy(s->inv);
	via_config_destroy(s->config);
	via_claims_finish(&s->claims);
}
#define autoscene __attribute__((cleanup(scene_end))) struct scene

static inline uint64_t scene_claim(
	struct scene *s, const char *addr, const char *vm, enum via_claim_state state)
{
	struct via_claim c = claim_on(s->inv, addr, UUID_B, state, VIA_CLAIM_HOOK);

	snprintf(c.name, sizeof(c.name), "%s", vm);
	snprintf(c.uuid, sizeof(c.uuid), "5dea22b3-1d52-d8f3-2516-%012zx", 0x100 + s->claims.n);
	return add_claim(&s->claims, c);
}

static inline struct via_alloc_request scene_request(const char *network)
{
	return (struct via_alloc_request){.uuid = UUID_A, .name = "web", .network = network};
}

static inline struct via_alloc_request scene_named(const char *addr)
{
	struct via_alloc_request q = scene_request(NULL);

	q.has_device = true;
	q.device = addr_of(addr);
	return q;
}

static inline struct via_claim scene_alloc(struct scene *s, const struct via_alloc_request *q)
{
	struct via_claim c = {0};
	struct via_err e = {0};

	if (via_alloc(&s->w, q, &c, &e))
		fail_msg("%s", e.msg);
	return c;
}

static inline void scene_gets(struct scene *s, const struct via_alloc_request *q, const char *addr)
{
	struct via_claim c = scene_alloc(s, q);

	if (!via_addr_eq(c.fn.addr, addr_of(addr)))
		fail_msg("got %s, wanted %s", via_addr_fmt(c.fn.addr), addr);
}

static inline void scene_refused(
	struct scene *s, const struct via_alloc_request *q, int code, const char *part)
{
	struct via_claim c = {.generation = 77};
	struct via_err e = {0};
	int r = via_alloc(&s->w, q, &c, &e);

	if (r == 0)
		fail_msg("got %s, wanted a refusal: %s", via_addr_fmt(c.fn.addr), part);
	assert_answer(r, code, &e, part);
	assert_int_equal(c.generation, 77); /* outputs untouched */
}

/* Every VF on vfio-pci. */
static inline void scene_all_vfio(struct scene *s)
{
	for (size_t p = 0; p < 2; p++)
		for (size_t i = 0; i < 4; i++)
			strcpy(s->host.pfs[p].vfs[i].driver, "vfio-pci");
	scene_render(s);
}

#endif
