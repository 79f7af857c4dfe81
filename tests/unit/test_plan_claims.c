/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan, drift and DirectPath on a host where VMs have claims. */
#include "test_alloc_host.h"
#include "model/report.h"

#define VM_MAC	  "52:54:00:aa:00:01"
#define BIT(attr) VIA_ATTR_BIT(VIA_VF_ATTR_##attr)

#define ALL_BLUE CONFIG_WITH(",\"vf\":{\"vlan\":7,\"driver\":\"vfio\"}", "", "", "")

static struct via_plan_options options(struct scene *s)
{
	struct via_plan_options opt = host_options(&s->host);

	opt.claims = &s->claims;
	opt.has_only = true;
	opt.only = addr_of(PF1);
	return opt;
}

static struct via_plan *plan(struct scene *s, const struct via_plan_options *opt)
{
	struct via_plan *p = NULL;
	struct via_err e = {0};

	if (via_plan_make(s->inv, s->config, opt, &p, &e))
		fail_msg("%s", e.msg);
	return p;
}

static struct via_claim *claim(struct scene *s, const char *addr, enum via_claim_state state)
{
	scene_claim(s, addr, "web1", state);
	for (size_t i = 0; i < s->claims.n; i++)
		if (via_addr_eq(s->claims.list[i].fn.addr, addr_of(addr)))
			return &s->claims.list[i];
	fail();
	return NULL;
}

static size_t steps_for(const struct via_plan *p, const char *addr)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_steps; i++)
		n += via_addr_eq(p->steps[i].target, addr_of(addr));
	return n;
}

static size_t drifts_of(struct scene *s, const char *addr, const char *what)
{
	struct via_plan_options opt = options(s);
	struct via_drifts d = {0};
	struct via_err e = {0};
	size_t n = 0;

	if (via_drift_compare(s->inv, s->config, &opt, &d, &e))
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < d.n; i++)
		n += via_addr_eq(d.list[i].target, addr_of(addr)) &&
		     (!what || !strcmp(d.list[i].what, what));
	via_drifts_finish(&d);
	return n;
}

static const char *with_count(const char *n, char buf[512])
{
	snprintf(buf, 512, "{\"pfs\":[" EAST ",\"num_vfs\":%s}]}", n);
	return buf;
}

/* --- an active claim --- */

static void test_as_its_claim_says(void **state)
{
	struct via_claim *c;
	autoscene s;

	(void)state;
	scene_begin(&s, ALL_BLUE);
	c = claim(&s, VF10, VIA_CLAIM_ACTIVE);
	c->wanted = (struct via_vf_attrs){.known = BIT(VLAN) | BIT(TRUST),
		.vlan = 100,
		.vlan_proto = VIA_VLAN_PROTO_8021Q,
		.trust = true};
	struct via_plan_options opt = options(&s);
	{
		host_autoplan *p = plan(&s, &opt);

		/* Its attributes are the claim's, its driver (igbvf, configured vfio) its VM's. */
		assert_int_equal(steps_for(p, VF10), 1);
		assert_int_equal(steps_for(p, VF11), 2);
		for (size_t i = 0; i < p->n_steps; i++) {
			if (!via_addr_eq(p->steps[i].target, addr_of(VF10)))
				continue;
			assert_int_equal(p->steps[i].op, VIA_STEP_VF_ATTRS);
			assert_int_equal(p->steps[i].set.attrs.vlan, 100);
			assert_true(p->steps[i].set.attrs.trust);
		}
		assert_int_equal(drifts_of(&s, VF10, "vlan"), 1);
		assert_int_equal(drifts_of(&s, VF10, "driver"), 0);
		assert_int_equal(drifts_of(&s, VF11, "driver"), 1);
		host_apply(&s.host, p);
	}
	scene_render(&s);
	host_autoplan *p = plan(&s, &opt);

	assert_ops(p, "");
	assert_int_equal(drifts_of(&s, VF10, NULL), 0);
	assert_int_equal(s.host.pfs[0].vfs[1].attrs.vlan, 7);
}

/* A MAC is set while the host's driver is on it, as it is when libvirt is about to take it. */
static void test_driver_is_never_touched(void **state)
{
	static const char *const drivers[] = {"", HOST_DRIVER, "vfio-pci"};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(drivers); i++) {
		struct via_claim *c;
		autoscene s;

		scene_begin(&s, CONFIG_WITH(",\"vf\":{\"driver\":\"vfio\",\"msix\":5,\"mtu\":9000}",
					"", "", ""));
		s.host.pfs[0].vf_total_msix = 64;
		strcpy(s.host.pfs[0].vfs[0].driver, drivers[i]);
		strcpy(s.host.pfs[0].vfs[0].override, HOST_DRIVER);
		scene_render(&s);
		c = claim(&s, VF10, VIA_CLAIM_ACTIVE);
		c->wanted.known = BIT(MAC);
		c->wanted.mac = mac_of(VM_MAC);
		struct via_plan_options opt = options(&s);
		host_autoplan *p = plan(&s, &opt);

		for (size_t k = 0; k < p->n_steps; k++)
			if (via_addr_eq(p->steps[k].target, addr_of(VF10)))
				assert_int_equal(p->steps[k].op, VIA_STEP_VF_ATTRS);
		assert_int_equal(steps_for(p, VF10), 1);
		assert_int_equal(drifts_of(&s, VF10, NULL), 1); /* the MAC */
	}
}

/* Spoof check on and trust off are a claim's own idea: no drift where the driver has no such thing.
 */
static void test_defaults_that_a_driver_lacks_are_no_drift(void **state)
{
	struct via_claim *c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"trust\":true}", "", "", ""));
	s.host.pfs[0].unsupported = BIT(SPOOFCHK) | BIT(TRUST);
	for (size_t i = 0; i < 4; i++)
		s.host.pfs[0].vfs[i].attrs.known &= ~s.host.pfs[0].unsupported;
	scene_render(&s);
	c = claim(&s, VF10, VIA_CLAIM_ACTIVE);
	c->wanted = (struct via_vf_attrs){.known = BIT(SPOOFCHK) | BIT(TRUST), .spoofchk = true};
	assert_int_equal(drifts_of(&s, VF10, "spoofchk"), 0);
	assert_int_equal(drifts_of(&s, VF10, "trust"), 1); /* somebody configured that */
}

/* --- left alone --- */

static void test_left_alone(void **state)
{
	static const struct {
		enum via_claim_state state;
		bool unmanaged;
	} cases[] = {{VIA_CLAIM_PREPARING, false}, {VIA_CLAIM_RELEASING, false},
		{VIA_CLAIM_QUARANTINED, false}, {VIA_CLAIM_ACTIVE, true}};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_claim *c;
		autoscene s;

		scene_begin(&s, ALL_BLUE);
		c = claim(&s, VF10, cases[i].state);
		c->managed = !cases[i].unmanaged;
		c->wanted = (struct via_vf_attrs){.known = BIT(VLAN), .vlan = 100};
		struct via_plan_options opt = options(&s);
		host_autoplan *p = plan(&s, &opt);

		assert_int_equal(steps_for(p, VF10), 0);
		assert_int_equal(steps_for(p, VF11), 2);
		assert_int_equal(drifts_of(&s, VF10, NULL), 0);
		assert_int_not_equal(drifts_of(&s, VF11, NULL), 0);
	}
}

/* harvester 6518: a card was added, addresses moved, claims pointed at the wrong device. */
static void test_harvester_6518_claim_follows_its_card(void **state)
{
	struct via_claim *c;
	autoscene s;

	(void)state;
	scene_begin(&s, ALL_BLUE);
	c = claim(&s, VF20, VIA_CLAIM_ACTIVE);
	c->wanted = (struct via_vf_attrs){
		.known = BIT(VLAN), .vlan = 100, .vlan_proto = VIA_VLAN_PROTO_8021Q};
	/* The two cards change places. */
	s.host.pfs[0].mac = (struct via_mac){{0x52, 0x54, 0, 0x76, 0, 2}};
	s.host.pfs[1].mac = (struct via_mac){{0x52, 0x54, 0, 0x76, 0, 1}};
	scene_render(&s);
	struct via_plan_options opt = options(&s);
	host_autoplan *p = plan(&s, &opt);

	assert_int_equal(steps_for(p, VF10), 1);
	for (size_t i = 0; i < p->n_steps; i++)
		if (via_addr_eq(p->steps[i].target, addr_of(VF10)))
			assert_int_equal(p->steps[i].set.attrs.vlan, 100);
	/* The one that stands at the claim's address now is touched by nobody. */
	opt.only = addr_of(PF2);
	host_autoplan *other = plan(&s, &opt);

	assert_int_equal(steps_for(other, VF20), 0);
}

/* sriov-network-operator 322: workloads start before VFs are ready after a boot. A claim by request
 * is in place as soon as its VF is there. */
static void test_operator_322_new_vfs_are_as_claimed_after_a_boot(void **state)
{
	static const struct {
		enum via_claim_origin origin;
		enum via_claim_state state;
		bool as_claimed;
	} cases[] = {
		{VIA_CLAIM_REQUEST, VIA_CLAIM_ACTIVE, true},
		{VIA_CLAIM_HOOK, VIA_CLAIM_ACTIVE, false}, /* its VM is gone */
		{VIA_CLAIM_REQUEST, VIA_CLAIM_QUARANTINED, false},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_claim *c;
		char config[512];
		autoscene s;

		scene_begin(&s, with_count("4,\"vf\":{\"vlan\":7,\"mac\":\"derived\"}", config));
		c = claim(&s, VF11, cases[i].state);
		c->origin = cases[i].origin;
		c->has_driver = true;
		strcpy(c->wanted_driver, "vfio-pci");
		c->wanted = (struct via_vf_attrs){.known = BIT(VLAN) | BIT(MAC),
			.vlan = 100,
			.mac = mac_of(VM_MAC),
			.vlan_proto = VIA_VLAN_PROTO_8021Q};
		s.host.pfs[0].num = 0;
		scene_render(&s);
		s.inv->host.boot_id = "5a7e4a16-0000-4a16-b7b0-a8d5b4e4c5f2";
		struct via_plan_options opt = options(&s);
		host_autoplan *p = plan(&s, &opt);

		assert_int_equal(p->n_refusals, 0);
		host_apply(&s.host, p);
		assert_int_equal(s.host.pfs[0].num, 4);
		assert_int_equal(s.host.pfs[0].vfs[0].attrs.vlan, 7);
		assert_int_equal(s.host.pfs[0].vfs[1].attrs.vlan, cases[i].as_claimed ? 100 : 7);
		assert_int_equal(via_mac_eq(s.host.pfs[0].vfs[1].attrs.mac, mac_of(VM_MAC)),
			cases[i].as_claimed);
		assert_string_equal(s.host.pfs[0].vfs[1].driver,
			cases[i].as_claimed ? "vfio-pci" : HOST_DRIVER);
		/* And it stays so. */
		scene_render(&s);
		s.inv->host.boot_id = "5a7e4a16-0000-4a16-b7b0-a8d5b4e4c5f2";
		host_autoplan *again = plan(&s, &opt);

		assert_int_equal(steps_for(again, VF11), 0);
	}
}

static void test_whole_pf_is_left_alone(void **state)
{
	autoscene s;

	(void)state;
	scene_begin(&s, ALL_BLUE);
	s.host.pfs[0].num = 0;
	strcpy(s.host.pfs[0].driver, "igb");
	scene_render(&s);
	claim(&s, PF1, VIA_CLAIM_ACTIVE);
	struct via_plan_options opt = options(&s);
	host_autoplan *p = plan(&s, &opt);

	assert_int_equal(p->n_steps + p->n_refusals, 0);
	assert_int_equal(drifts_of(&s, PF1, NULL), 0);
	s.claims.n = 0;
	host_autoplan *after = plan(&s, &opt);

	assert_int_not_equal(after->n_steps, 0);
}

/* --- the number of VFs --- */

/* openshift sriov 131: lowering the VF count met EBUSY, and nobody said who. */
static void test_openshift_sriov_131_owners_are_named(void **state)
{
	static const struct {
		enum via_claim_state first, second;
		const char *count;
		int refused; /* with --recreate; 0: it is done */
		const char *text;
	} cases[] = {
		{VIA_CLAIM_ACTIVE, VIA_CLAIM_ACTIVE, "2", VIA_REFUSED_CLAIMED,
			"claimed by web1 (0000:01:10.0), db1 (0000:01:10.6)"},
		{VIA_CLAIM_ACTIVE, VIA_CLAIM_QUARANTINED, "0", VIA_REFUSED_CLAIMED,
			"claimed by web1 (0000:01:10.0): stop and release"},
		{VIA_CLAIM_PREPARING, VIA_CLAIM_RELEASING, "7", VIA_REFUSED_CLAIMED,
			"web1 (0000:01:10.0), db1"},
		{VIA_CLAIM_QUARANTINED, VIA_CLAIM_QUARANTINED, "2", VIA_REFUSED_QUARANTINED,
			"quarantined after web1 (0000:01:10.0), db1 (0000:01:10.6): clear the "
			"quarantine first, or set the count to 0"},
		/* Destroying a VF cleans it. */
		{VIA_CLAIM_QUARANTINED, VIA_CLAIM_QUARANTINED, "0", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		char config[512];
		autoscene s;

		scene_begin(&s, with_count(cases[i].count, config));
		scene_claim(&s, VF10, "web1", cases[i].first);
		scene_claim(&s, VF13, "db1", cases[i].second);
		struct via_plan_options opt = options(&s);
		opt.recreate = true;
		host_autoplan *p = plan(&s, &opt);

		if (!cases[i].refused) {
			assert_int_equal(p->n_refusals, 0);
			assert_ops(p, "set_num_vfs");
			continue;
		}
		assert_int_equal(p->n_steps, 0);
		host_assert_refusal(p, 0, (enum via_refusal)cases[i].refused, cases[i].text);
	}
}

static void test_held_and_quarantined_stays(void **state)
{
	char config[512];
	autoscene s;

	(void)state;
	scene_begin(&s, with_count("0", config));
	scene_claim(&s, VF10, "web1", VIA_CLAIM_QUARANTINED);
	hold_by(s.inv, VF10, VIA_HOLDER_PROCESS, "testpmd", NULL);
	struct via_plan_options opt = options(&s);
	opt.recreate = true;
	host_autoplan *p = plan(&s, &opt);

	assert_ops(p, "");
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "testpmd");
}

static void test_claims_elsewhere_do_not_count(void **state)
{
	char config[512];
	autoscene s;

	(void)state;
	scene_begin(&s, with_count("0", config));
	scene_claim(&s, VF20, "web1", VIA_CLAIM_ACTIVE);
	struct via_plan_options opt = options(&s);
	opt.recreate = true;
	host_autoplan *p = plan(&s, &opt);

	assert_ops(p, "set_num_vfs");
}

static void test_eswitch(void **state)
{
	autoscene s;

	(void)state;
	scene_begin(&s, "{\"pfs\":[" EAST ",\"eswitch_mode\":\"switchdev\"}]}");
	strcpy(s.host.pfs[0].eswitch, "legacy");
	scene_render(&s);
	scene_claim(&s, VF10, "web1", VIA_CLAIM_ACTIVE);
	struct via_plan_options opt = options(&s);
	opt.recreate = true;
	host_autoplan *p = plan(&s, &opt);

	assert_ops(p, "");
	host_assert_refusal(
		p, 0, VIA_REFUSED_CLAIMED, "changing the eswitch mode takes all of its 4 VFs away");
}

/* --- MACs --- */

static void test_claimed_macs_are_taken(void **state)
{
	struct via_claim *c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vfs\":[{\"index\":0,\"mac\":\"52:54:00:00:00:10\"},{"
				    "\"index\":1,\"mac\":\"" VM_MAC "\"}]",
				"", "", ""));
	c = claim(&s, VF10, VIA_CLAIM_QUARANTINED);
	c->wanted.known = BIT(MAC);
	c->wanted.mac = mac_of(VM_MAC);
	for (size_t i = 0; i < 4; i++)
		s.host.pfs[0].vfs[i].driver[0] = '\0';
	scene_render(&s);
	struct via_plan_options opt = options(&s);
	host_autoplan *p = plan(&s, &opt);

	assert_int_equal(steps_for(p, VF11), 0);
	host_assert_refusal(
		p, 0, VIA_REFUSED_CONFLICT, VM_MAC " is the MAC of VF 0 of 0000:01:00.0 too");
}

/* --- DirectPath --- */

static int try_bind(struct scene *s, const char *addr, bool back, struct via_err *e)
{
	struct via_plan_options opt = options(s);
	struct via_plan *p = NULL;
	int r = back ? via_plan_unbind(s->inv, addr_of(addr), "", &opt, &p, e)
		     : via_plan_bind(s->inv, addr_of(addr), "vfio-pci", &opt, &p, e);

	via_plan_destroy(p);
	return r;
}

static void test_bind_and_unbind(void **state)
{
	static const struct {
		const char *addr, *claimed;
		enum via_claim_state state;
		int code;
		const char *text;
	} cases[] = {
		{VF10, VF10, VIA_CLAIM_ACTIVE, VIA_REFUSED_CLAIMED,
			"belongs to web1 (claim 1, active)"},
		{VF10, VF10, VIA_CLAIM_RELEASING, VIA_REFUSED_CLAIMED, "releasing"},
		{VF10, VF10, VIA_CLAIM_QUARANTINED, VIA_REFUSED_QUARANTINED,
			"viaduct quarantine clear"},
		{PF1, VF10, VIA_CLAIM_ACTIVE, VIA_REFUSED_CLAIMED,
			"VFs of 0000:01:00.0 are: claimed by web1"},
		{PF1, VF10, VIA_CLAIM_QUARANTINED, VIA_REFUSED_QUARANTINED,
			"quarantined after web1"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_err e = {0};
		autoscene s;

		scene_begin(&s, CONFIG);
		claim(&s, cases[i].claimed, cases[i].state);
		assert_answer(
			try_bind(&s, cases[i].addr, false, &e), cases[i].code, &e, cases[i].text);
		assert_answer(
			try_bind(&s, cases[i].addr, true, &e), cases[i].code, &e, cases[i].text);
		assert_int_equal(try_bind(&s, VF11, false, &e), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_its_claim_says),
		cmocka_unit_test(test_driver_is_never_touched),
		cmocka_unit_test(test_defaults_that_a_driver_lacks_are_no_drift),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_harvester_6518_claim_follows_its_card),
		cmocka_unit_test(test_operator_322_new_vfs_are_as_claimed_after_a_boot),
		cmocka_unit_test(test_whole_pf_is_left_alone),
		cmocka_unit_test(test_openshift_sriov_131_owners_are_named),
		cmocka_unit_test(test_held_and_quarantined_stays),
		cmocka_unit_test(test_claims_elsewhere_do_not_count),
		cmocka_unit_test(test_eswitch),
		cmocka_unit_test(test_claimed_macs_are_taken),
		cmocka_unit_test(test_bind_and_unbind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
