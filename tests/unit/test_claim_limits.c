/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims where names are long, cards are changed, and who had a function before is not known. */
#include "test_alloc_host.h"
#include "model/reconcile.h"

static int take(struct scene *s, const char *addr, struct via_err *err)
{
	struct via_domain_dev dev = {.addr = addr_of(addr), .managed = true};
	struct via_domain dom = {.uuid = UUID_A, .name = "web", .n_devs = 1, .devs = &dev};
	struct via_domain_claims out = {0};
	int r = via_alloc_domain(&s->w, &dom, VIA_CLAIM_HOOK, &out, err);

	via_domain_claims_finish(&out);
	return r;
}

/* What a VM has by request is that card's function, not whatever stands at its address by now. */
static void test_another_card_is_not_confirmed(void **state)
{
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claim_on(s.inv, VF10, UUID_A, VIA_CLAIM_ACTIVE, VIA_CLAIM_REQUEST);
	add_claim(&s.claims, c);
	assert_int_equal(take(&s, VF10, &e), 0);
	s.host.pfs[0].mac.b[5] = 0x99;
	scene_render(&s);
	assert_answer(take(&s, VF10, &e), VIA_REFUSED_MISMATCH, &e, "another card is at " PF1);
	assert_non_null(strstr(e.msg, "domain web"));
	/* The cards have changed places. */
	s.host.pfs[0].mac.b[5] = 2;
	s.host.pfs[1].mac.b[5] = 1;
	scene_render(&s);
	assert_answer(take(&s, VF10, &e), VIA_REFUSED_MISMATCH, &e, "is at " VF20 " now");
}

/* A contradiction names both sides, whatever they are called. */
static void test_long_names_in_a_contradiction(void **state)
{
	struct via_reconciliation out = {0};
	struct via_reconcile_input in;
	struct via_err e = {0};
	char name[VIA_DOMAIN_NAME_MAX];
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	memset(name, 'w', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	c = claim_on(s.inv, VF10, UUID_A, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	strcpy(c.name, name);
	add_claim(&s.claims, c);
	memset(name, 'd', sizeof(name) - 1);
	hold_by(s.inv, VF10, VIA_HOLDER_DOMAIN, name, UUID_B);
	in = (struct via_reconcile_input){.world = s.w};
	assert_int_equal(via_reconcile(&in, &out, &e), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.list[0].kind, VIA_RECONCILE_CONTRADICTION);
	assert_non_null(strstr(out.list[0].text, UUID_A));
	assert_non_null(strstr(out.list[0].text, "dddd"));
	assert_non_null(strstr(out.list[0].text, "stop that VM, or release the claim"));
	via_reconciliation_finish(&out);
}

/* Found running, nobody knows what it had before: what libvirt gives it back to, it keeps. */
static void test_an_adopted_vf_goes_back_to_what_libvirt_gives(void **state)
{
	struct via_plan *plan = NULL;
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claim_on(s.inv, VF10, UUID_A, VIA_CLAIM_RELEASING, VIA_CLAIM_ADOPTED);
	add_claim(&s.claims, c);
	assert_string_equal(device_at(s.inv, VF10)->driver, HOST_DRIVER);
	assert_int_equal(via_release_plan(&s.w, &c, NULL, NULL, &plan, &e), 0);
	assert_true(plan->n_steps > 1);
	assert_int_equal(plan->steps[plan->n_steps - 1].op, VIA_STEP_BIND);
	assert_string_equal(plan->steps[plan->n_steps - 1].set.text, HOST_DRIVER);
	via_plan_destroy(plan);
}

/* Names are cut between characters. */
static void test_long_names_are_cut_whole(void **state)
{
	static const char *const others[] = {
		VF11, VF12, VF13, VF20, VF21, "0000:02:10.4", "0000:02:10.6"};
	struct via_alloc_request q = scene_named(VF10);
	struct via_domain_dev dev = {.addr = addr_of(VF10), .managed = true};
	struct via_domain dom = {.uuid = UUID_B, .n_devs = 1, .devs = &dev};
	struct via_domain_claims out = {0};
	char name[VIA_DOMAIN_NAME_MAX] = "a";
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	for (size_t i = 0; i < 120; i++)
		strcat(name, "é");
	scene_begin(&s, CONFIG);
	c = claim_on(s.inv, VF10, UUID_A, VIA_CLAIM_ACTIVE, VIA_CLAIM_HOOK);
	strcpy(c.name, name);
	add_claim(&s.claims, c);
	strcpy(q.uuid, UUID_B);
	assert_int_equal(via_alloc(&s.w, &q, &c, &e), VIA_REFUSED_CLAIMED);
	assert_non_null(strstr(e.msg, "éé (claim 1)"));
	strcpy(dom.name, name);
	assert_int_equal(
		via_alloc_domain(&s.w, &dom, VIA_CLAIM_HOOK, &out, &e), VIA_REFUSED_CLAIMED);
	assert_non_null(strstr(e.msg, "éé, <hostdev>"));
	for (size_t i = 0; i < VIA_ARRAY_SIZE(others); i++)
		scene_claim(&s, others[i], "b", VIA_CLAIM_ACTIVE);
	q = scene_request("blue");
	scene_refused(&s, &q, VIA_REFUSED_NO_FREE_VF, "éé, b");
}

/* What is said to help has to help. */
static void test_ways_that_lead_somewhere(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", ",\"verify_only\":true", "", ""));
	assert_int_equal(via_claims_drain(&s.claims, addr_of(PF1), "test", 1, &e), 0);
	assert_int_equal(via_alloc(&s.w, &q, &c, &e), VIA_REFUSED_NO_FREE_VF);
	assert_non_null(strstr(e.msg, "end the drain, or add an uplink"));
	assert_null(strstr(e.msg, "num_vfs"));
	via_claims_undrain(&s.claims, addr_of(PF1));
	s.blocked = addr_of(PF1);
	assert_int_equal(via_alloc(&s.w, &q, &c, &e), VIA_REFUSED_NO_FREE_VF);
	assert_non_null(strstr(e.msg, "see what hangs (viaduct status)"));
	assert_null(strstr(e.msg, "num_vfs"));
	s.blocked = (struct via_addr){0};
	s.host.no_iommu = true;
	scene_render(&s);
	assert_int_equal(via_alloc(&s.w, &q, &c, &e), VIA_REFUSED_NO_FREE_VF);
	assert_non_null(strstr(e.msg, "intel_iommu=on"));
	assert_null(strstr(e.msg, "add an uplink"));
}

/* A NIC and a VF of one domain with one MAC are an outage too, unless they are a teaming pair. */
static void test_a_nic_of_the_same_domain(void **state)
{
	struct via_domain_dev dev = {
		.addr = addr_of(VF10), .managed = true, .interface = true, .has_mac = true};
	struct via_domain_nic nic = {.has_mac = true};
	struct via_domain dom = {.uuid = UUID_A,
		.name = "web",
		.n_devs = 1,
		.devs = &dev,
		.n_nics = 1,
		.nics = &nic};
	struct via_domain_claims out = {0};
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	dev.mac = nic.mac = mac_of("52:54:00:aa:00:01");
	strcpy(nic.alias, "ua-slow");
	assert_answer(via_alloc_domain(&s.w, &dom, VIA_CLAIM_HOOK, &out, &e),
		VIA_REFUSED_DUPLICATE_MAC, &e, "teaming");
	assert_non_null(strstr(e.msg, "ua-slow"));
	nic.persistent = true;
	strcpy(dev.partner, "ua-slow");
	assert_int_equal(via_alloc_domain(&s.w, &dom, VIA_CLAIM_HOOK, &out, &e), 0);
	via_domain_claims_finish(&out);
}

/* A PF of no entry, whole: ours by request, and still ours when its VM has started. */
static void test_a_whole_pf_stays_ours(void **state)
{
	struct via_domain_dev dev = {.addr = addr_of(PF2)};
	struct via_domain dom = {.uuid = UUID_A, .name = "web", .n_devs = 1, .devs = &dev};
	struct via_alloc_request q = scene_named(PF2);
	struct via_domain_claims out = {0};
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s, "{\"pfs\":[" EAST "}]}");
	host_set_vfs(&s.host.pfs[1], 0);
	scene_render(&s);
	q.whole = q.driver = true;
	c = scene_alloc(&s, &q);
	assert_true(c.managed);
	c.state = VIA_CLAIM_ACTIVE;
	add_claim(&s.claims, c);
	if (via_alloc_domain(&s.w, &dom, VIA_CLAIM_HOOK, &out, &e))
		fail_msg("%s", e.msg);
	assert_true(out.known[0] && out.list[0].managed && out.list[0].has_driver);
	assert_string_equal(out.list[0].driver_before, "igb");
	via_domain_claims_finish(&out);
}

/* Its entry was taken out of the configuration meanwhile: what was set for its VM stays to be set,
 * and to be cleaned. */
static void test_a_claim_whose_entry_is_gone(void **state)
{
	struct via_domain_dev dev = {.addr = addr_of(VF10), .managed = true};
	struct via_domain dom = {.uuid = UUID_A, .name = "web", .n_devs = 1, .devs = &dev};
	struct via_alloc_request q = scene_named(VF10);
	struct via_domain_claims out = {0};
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = scene_alloc(&s, &q);
	c.state = VIA_CLAIM_ACTIVE;
	add_claim(&s.claims, c);
	via_config_destroy(s.config);
	s.w.config = s.config = host_config("{\"pfs\":[" WEST "}]}");
	if (via_alloc_domain(&s.w, &dom, VIA_CLAIM_HOOK, &out, &e))
		fail_msg("%s", e.msg);
	assert_true(out.list[0].managed);
	assert_memory_equal(&out.list[0].wanted, &c.wanted, sizeof(c.wanted));
	via_domain_claims_finish(&out);
	dev.interface = true;
	dev.tag = 5;
	dev.n_tags = 1;
	assert_answer(via_alloc_domain(&s.w, &dom, VIA_CLAIM_HOOK, &out, &e), VIA_REFUSED_INVALID,
		&e, "has no VLAN, and the XML has <tag id='5'/>");
}

/* What cannot be put into effect is not taken silently. */
static void test_a_whole_pf_has_no_network(void **state)
{
	struct via_alloc_request q = scene_named(PF2);
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	host_set_vfs(&s.host.pfs[1], 0);
	scene_render(&s);
	q.whole = true;
	scene_gets(&s, &q, PF2);
	q.network = "blue";
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "network blue");
	q.network = NULL;
	q.has_mac = true;
	q.mac = mac_of("52:54:00:aa:00:01");
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "52:54:00:aa:00:01");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_card_is_not_confirmed),
		cmocka_unit_test(test_long_names_in_a_contradiction),
		cmocka_unit_test(test_an_adopted_vf_goes_back_to_what_libvirt_gives),
		cmocka_unit_test(test_long_names_are_cut_whole),
		cmocka_unit_test(test_a_nic_of_the_same_domain),
		cmocka_unit_test(test_a_whole_pf_stays_ours),
		cmocka_unit_test(test_a_claim_whose_entry_is_gone),
		cmocka_unit_test(test_a_whole_pf_has_no_network),
		cmocka_unit_test(test_ways_that_lead_somewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
