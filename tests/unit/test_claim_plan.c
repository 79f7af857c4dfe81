/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a claim and a release do to the host, and whether it is clean afterwards. */
#include "test_alloc_host.h"

#define BIT(attr) VIA_ATTR_BIT(VIA_VF_ATTR_##attr)
#define VM_MAC	  "52:54:00:aa:00:01"

static uint32_t lacks_vlan(struct via_addr pf, void *user)
{
	(void)pf;
	(void)user;
	return BIT(VLAN);
}

static uint32_t lacks_mac(struct via_addr pf, void *user)
{
	(void)pf;
	(void)user;
	return BIT(MAC);
}

/* The claim a request for blue gets. */
static struct via_claim claimed(struct scene *s, const char *addr, bool driver)
{
	struct via_alloc_request q = scene_named(addr);
	struct via_claim c;

	q.network = "blue";
	q.has_mac = true;
	q.mac = mac_of(VM_MAC);
	q.mac.b[5] = (uint8_t)(1 + s->claims.n);
	q.driver = driver;
	c = scene_alloc(s, &q);
	c.generation = add_claim(&s->claims, c);
	return c;
}

static struct via_plan *claim_plan(struct scene *s, const struct via_claim *a,
	const struct via_claim *b, const struct via_plan_options *opt)
{
	const struct via_claim *list[] = {a, b};
	struct via_plan *p = NULL;
	struct via_err e = {0};

	if (via_claim_plan(&s->w, list, b ? 2 : 1, opt, &p, &e))
		fail_msg("%s", e.msg);
	return p;
}

static struct via_plan *release_plan(
	struct scene *s, const struct via_claim *c, const struct via_vf_attrs *baseline)
{
	struct via_plan *p = NULL;
	struct via_err e = {0};

	if (via_release_plan(&s->w, c, baseline, NULL, &p, &e))
		fail_msg("%s", e.msg);
	return p;
}

/* Take the steps, and look again. */
static void run(struct scene *s, const struct via_plan *p)
{
	host_apply(&s->host, p);
	scene_render(s);
}

static void all_can_reset(struct scene *s)
{
	for (size_t i = 0; i < s->inv->n_devices; i++)
		s->inv->devices[i].flr = true;
}

static struct host_vf *vf_of(struct scene *s, uint32_t i)
{
	return &s->host.pfs[0].vfs[i];
}

/* --- claiming --- */

static void test_claim_sets_everything(void **state)
{
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claimed(&s, VF10, true);
	/* As if it were all in place: the inventory may be a moment old. */
	vf_of(&s, 0)->attrs.vlan = 100;
	vf_of(&s, 0)->attrs.mac = c.wanted.mac;
	vf_of(&s, 0)->claimed = true;
	scene_render(&s);
	{
		host_autoplan *p = claim_plan(&s, &c, NULL, NULL);

		assert_ops(p, "set_vf_attrs bind");
		assert_int_equal(p->steps[0].set.attrs.known, c.wanted.known);
		assert_true(p->steps[0].has_undo);
		assert_int_equal(p->steps[0].undo.attrs.known, c.wanted.known);
		assert_string_equal(p->steps[1].set.text, "vfio-pci");
		assert_string_equal(p->steps[1].undo.text, HOST_DRIVER);
		assert_int_equal(p->disruption, VIA_DISRUPTION_VF_RESET);
		run(&s, p);
	}
	assert_int_equal(via_vf_attrs_diff(&c.wanted, &vf_of(&s, 0)->attrs), 0);
	assert_string_equal(vf_of(&s, 0)->driver, "vfio-pci");
}

/* libvirt restore needs the PF up; so do igb and ixgbe. */
static void test_libvirt_restore_pf_is_up_first(void **state)
{
	struct via_claim a, b;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	s.host.pfs[0].up = false;
	scene_render(&s);
	a = claimed(&s, VF10, false);
	b = claimed(&s, VF11, true);
	host_autoplan *p = claim_plan(&s, &a, &b, NULL);

	host_autoplan *back = release_plan(&s, &a, NULL);

	assert_ops(back, "set_pf_up unbind set_vf_attrs bind");
	assert_ops(p, "set_pf_up set_vf_attrs set_vf_attrs bind");
	assert_false(p->steps[0].has_undo); /* others may need it by then */
}

/* nova, check_exit_code=[0,2,254]: a VM started without its VLAN. */
static void test_nova_check_exit_code_unsupported_vlan_fails_the_claim(void **state)
{
	static const struct {
		uint32_t (*lacks)(struct via_addr pf, void *user);
		bool vlan;
		const char *text; /* NULL: it goes on without */
	} cases[] = {
		{lacks_vlan, true, "sets no VLAN on a VF, and 100 is wanted"},
		{lacks_vlan, false, NULL},
		{lacks_mac, true, "sets no MAC on a VF, and " VM_MAC},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_plan_options opt = {.unsupported = cases[i].lacks};
		struct via_plan *p = NULL;
		const struct via_claim *list[1];
		struct via_err e = {0};
		struct via_claim c;
		autoscene s;
		int r;

		scene_begin(&s, CONFIG);
		c = claimed(&s, VF10, false);
		if (!cases[i].vlan)
			c.wanted.vlan = 0;
		list[0] = &c;
		r = via_claim_plan(&s.w, list, 1, &opt, &p, &e);
		if (cases[i].text)
			assert_answer(r, VIA_REFUSED_UNSUPPORTED, &e, cases[i].text);
		else
			assert_int_equal(r, 0);
		via_plan_destroy(p);
	}
}

static void test_needs(void **state)
{
	static const struct {
		const char *blue;
		uint32_t needs;
	} cases[] = {
		{"", BIT(MAC) | BIT(VLAN)}, /* the spoof check is on where the driver can */
		{",\"spoofchk\":true", BIT(MAC) | BIT(VLAN) | BIT(SPOOFCHK)},
		{",\"spoofchk\":false", BIT(MAC) | BIT(VLAN)},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		char config[1024];
		struct via_claim c;
		autoscene s;

		snprintf(config, sizeof(config), CONFIG_WITH("", "", "%s", ""), cases[i].blue);
		scene_begin(&s, config);
		c = claimed(&s, VF10, false);
		assert_int_equal(via_claim_needs(&s.w, &c), cases[i].needs);
		c.wanted.vlan = 0;
		assert_int_equal(via_claim_needs(&s.w, &c), cases[i].needs & ~BIT(VLAN));
	}
}

static void test_another_card(void **state)
{
	struct via_plan *p = NULL;
	const struct via_claim *list[1];
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claimed(&s, VF10, false);
	list[0] = &c;
	s.host.pfs[0].mac = mac_of("52:54:00:99:99:99");
	scene_render(&s);
	assert_int_equal(via_claim_plan(&s.w, list, 1, NULL, &p, NULL), VIA_REFUSED_MISMATCH);
	assert_int_equal(via_release_plan(&s.w, &c, NULL, NULL, &p, NULL), VIA_REFUSED_MISMATCH);
	assert_null(p);
}

static void test_unmanaged_is_left_alone(void **state)
{
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claimed(&s, VF10, true);
	c.managed = false;
	host_autoplan *p = claim_plan(&s, &c, NULL, NULL);
	host_autoplan *back = release_plan(&s, &c, NULL);

	assert_int_equal(p->n_steps + back->n_steps, 0);
	hold_by(s.inv, VF10, VIA_HOLDER_DOMAIN, "web", UUID_A);
	assert_int_equal(via_release_check(&s.w, &c, NULL, NULL), 0);
}

/* --- releasing --- */

static const struct via_vf_attrs fresh = {
	.known = VIA_ATTR_ALL, .spoofchk = true, .vlan_proto = VIA_VLAN_PROTO_8021Q};

/* sriov-cni 214, device-plugin 685: the guest's MAC is left behind. */
static void test_sriov_cni_214_no_mac_is_left_behind(void **state)
{
	static const struct {
		const char *vf;	 /* the VF's configuration */
		bool parks;	 /* the driver takes no zero MAC */
		bool baseline;	 /* there is one */
		const char *mac; /* it has afterwards; NULL: a derived one */
	} cases[] = {
		{"", false, true, "00:00:00:00:00:00"},
		{"", false, false, "00:00:00:00:00:00"},
		{"", true, true, NULL},
		{",\"vfs\":[{\"index\":0,\"mac\":\"52:54:00:00:00:77\"}]", false, true,
			"52:54:00:00:00:77"},
		{",\"vf\":{\"mac\":\"derived\"}", false, true, NULL},
		{",\"vf\":{\"mac\":\"none\"}", false, true, "00:00:00:00:00:00"},
		{",\"vf\":{\"mac\":\"none\"}", true, true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		const struct via_vf_attrs *base = cases[i].baseline ? &fresh : NULL;
		char config[1024];
		struct via_claim c;
		struct via_err e = {0};
		autoscene s;

		snprintf(config, sizeof(config), CONFIG_WITH("%s", "", "", ""), cases[i].vf);
		scene_begin(&s, config);
		s.parks = cases[i].parks;
		c = claimed(&s, VF10, true);
		vf_of(&s, 0)->claimed = true;
		host_autoplan *p = claim_plan(&s, &c, NULL, NULL);
		run(&s, p);
		vf_of(&s, 0)->claimed = false;
		s.claims.list[0].state = c.state = VIA_CLAIM_RELEASING;
		assert_answer(via_release_check(&s.w, &c, base, &e), VIA_REFUSED_QUARANTINED, &e,
			"is not clean");
		all_can_reset(&s);
		host_autoplan *back = release_plan(&s, &c, base);

		assert_ops(back, "reset set_vf_attrs bind");
		for (size_t k = 0; k < back->n_steps; k++)
			assert_false(back->steps[k].has_undo);
		run(&s, back);
		if (via_release_check(&s.w, &c, base, &e))
			fail_msg("%zu: %s", i, e.msg);
		if (cases[i].mac)
			assert_string_equal(via_mac_fmt(vf_of(&s, 0)->attrs.mac), cases[i].mac);
		else
			assert_int_equal(vf_of(&s, 0)->attrs.mac.b[0], 0x56);
		assert_int_equal(vf_of(&s, 0)->attrs.vlan, 0);
		assert_string_equal(vf_of(&s, 0)->driver, HOST_DRIVER);
	}
}

static void test_back_to_baseline_and_configuration(void **state)
{
	const struct via_vf_attrs base = {.known = BIT(MAC) | BIT(TRUST) | BIT(RATE),
		.trust = true,
		.max_tx_mbps = 10,
		.mac = {{2, 0, 0, 0, 0, 9}}};
	struct via_vf_attrs a;
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"vlan\":7}", "", ",\"link_state\":\"enable\"", ""));
	c = claimed(&s, VF10, false);
	via_release_attrs(&s.w, &c, &base, &a);
	assert_int_equal(a.vlan, 7); /* configured */
	assert_true(a.trust);	     /* as it was made */
	assert_int_equal(a.max_tx_mbps, 10);
	assert_true(via_mac_eq(a.mac, base.mac));
	assert_true(a.known & BIT(LINK_STATE)); /* the claim set it, nobody says what it was */
	assert_int_equal(a.link_state, VIA_LINK_AUTO);
	/* A baseline with the VM's own MAC is no place to go back to. */
	struct via_vf_attrs late = base;
	late.mac = c.wanted.mac;
	via_release_attrs(&s.w, &c, &late, &a);
	assert_true(via_mac_is_zero(a.mac));
}

/* igb refuses a rate without a link: what is right already is not set. */
static void test_rate_is_left_out_when_it_is_right(void **state)
{
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claimed(&s, VF10, false);
	{
		host_autoplan *p = release_plan(&s, &c, &fresh);

		assert_ops(p, "unbind set_vf_attrs bind");
		assert_int_equal(p->steps[1].set.attrs.known,
			BIT(MAC) | BIT(VLAN) | BIT(SPOOFCHK) | BIT(TRUST));
	}
	vf_of(&s, 0)->attrs.max_tx_mbps = 5;
	scene_render(&s);
	{
		host_autoplan *p = release_plan(&s, &c, &fresh);

		assert_true(p->steps[1].set.attrs.known & BIT(RATE));
	}
}

/* A function-level reset under a driver of the host would pull the ground from under it. */
static void test_reset_only_without_host_driver(void **state)
{
	static const struct {
		const char *now, *before, *vf, *ops, *after;
	} cases[] = {
		{"vfio-pci", HOST_DRIVER, "", "reset set_vf_attrs bind", HOST_DRIVER},
		{"vfio-pci", "vfio-pci", "", "reset set_vf_attrs", "vfio-pci"},
		{"vfio-pci", "", "", "reset set_vf_attrs unbind", ""},
		{HOST_DRIVER, HOST_DRIVER, "", "unbind reset set_vf_attrs bind", HOST_DRIVER},
		{"", HOST_DRIVER, "", "reset set_vf_attrs bind", HOST_DRIVER},
		/* What is configured wins over what it had. */
		{"vfio-pci", "", ",\"driver\":\"vfio\"", "reset set_vf_attrs", "vfio-pci"},
		{"vfio-pci", "vfio-pci", ",\"driver\":\"host\"", "reset set_vf_attrs bind",
			HOST_DRIVER},
		{"vfio-pci", HOST_DRIVER, ",\"driver\":\"none\"", "reset set_vf_attrs unbind", ""},
		{HOST_DRIVER, "", ",\"driver\":\"vfio-pci\"", "unbind reset set_vf_attrs bind",
			"vfio-pci"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		char config[1024];
		struct via_err e = {0};
		struct via_claim c;
		autoscene s;

		snprintf(config, sizeof(config),
			CONFIG_WITH(",\"vf\":{\"network\":\"blue\"%s}", "", "", ""), cases[i].vf);
		scene_begin(&s, config);
		c = claimed(&s, VF10, false);
		strcpy(c.driver_before, cases[i].before);
		strcpy(vf_of(&s, 0)->driver, cases[i].now);
		scene_render(&s);
		all_can_reset(&s);
		host_autoplan *p = release_plan(&s, &c, &fresh);

		assert_ops(p, cases[i].ops);
		run(&s, p);
		assert_string_equal(vf_of(&s, 0)->driver, cases[i].after);
		if (via_release_check(&s.w, &c, &fresh, &e))
			fail_msg("%zu: %s", i, e.msg);
	}
}

static void test_gone_is_clean(void **state)
{
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claimed(&s, VF13, false);
	host_set_vfs(&s.host.pfs[0], 2);
	scene_render(&s);
	host_autoplan *p = release_plan(&s, &c, &fresh);

	assert_int_equal(p->n_steps, 0);
	assert_int_equal(via_release_check(&s.w, &c, &fresh, NULL), 0);
}

static void test_whole(void **state)
{
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	s.host.pfs[0].num = 0;
	scene_render(&s);
	c = claim_on(s.inv, PF1, UUID_A, VIA_CLAIM_RELEASING, VIA_CLAIM_REQUEST);
	strcpy(c.driver_before, "igb");
	device_at(s.inv, PF1)->driver = "vfio-pci";
	device_at(s.inv, PF1)->flr = true;
	{
		host_autoplan *p = release_plan(&s, &c, NULL);

		assert_ops(p, "reset bind");
		assert_string_equal(p->steps[1].set.text, "igb");
		assert_int_equal(via_release_check(&s.w, &c, NULL, NULL), VIA_REFUSED_QUARANTINED);
	}
	/* libvirt has given it back: it is the host's again, and no reset hits it. */
	device_at(s.inv, PF1)->driver = "igb";
	hold_by(s.inv, PF1, VIA_HOLDER_HOST, "eth0", "has address 10.0.0.1/24");
	host_autoplan *p = release_plan(&s, &c, NULL);

	assert_int_equal(p->n_steps, 0);
	assert_int_equal(via_release_check(&s.w, &c, NULL, NULL), 0);
}

/* --- what is left --- */

static void leave_mac(struct scene *s)
{
	vf_of(s, 0)->attrs.mac = mac_of(VM_MAC);
}

static void leave_other_mac(struct scene *s)
{
	vf_of(s, 0)->attrs.mac = mac_of("52:54:00:00:66:66"); /* the guest chose it */
}

static void leave_vlan(struct scene *s)
{
	vf_of(s, 0)->attrs.vlan = 100;
}

static void leave_trust(struct scene *s)
{
	vf_of(s, 0)->attrs.trust = true;
}

static void leave_driver(struct scene *s)
{
	vf_of(s, 0)->driver[0] = '\0';
}

static void leave_holder(struct scene *s)
{
	host_hold(vf_of(s, 0), VIA_HOLDER_DOMAIN, "web");
}

static void leave_no_netdev(struct scene *s)
{
	s->host.pfs[0].name[0] = '\0';
}

static void leave_twin(struct scene *s)
{
	vf_of(s, 0)->attrs.mac = s->host.pfs[1].vfs[3].attrs.mac = mac_of("02:00:00:00:00:55");
}

static void test_what_is_left(void **state)
{
	static const struct {
		void (*leave)(struct scene *s);
		int code;
		const char *text;
		const char *base_mac;
	} cases[] = {
		{leave_mac, VIA_REFUSED_QUARANTINED,
			"the MAC of its last VM (" VM_MAC ") still stands in its PF's VF list",
			NULL},
		{leave_other_mac, VIA_REFUSED_QUARANTINED,
			"mac is 52:54:00:00:66:66, and none was meant", NULL},
		{leave_vlan, VIA_REFUSED_QUARANTINED, "vlan is 100, and none was meant", NULL},
		{leave_trust, VIA_REFUSED_QUARANTINED, "trust is on, and off was meant", NULL},
		{leave_driver, VIA_REFUSED_QUARANTINED,
			"it has driver none, and vfio-pci was meant", NULL},
		{leave_holder, VIA_REFUSED_IN_USE, "domain web", NULL},
		{leave_no_netdev, VIA_REFUSED_MISMATCH, "cannot be told", NULL},
		{leave_twin, VIA_REFUSED_DUPLICATE_MAC, "02:00:00:00:00:55", "02:00:00:00:00:55"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_vf_attrs base = fresh;
		struct via_err e = {0};
		struct via_claim c;
		autoscene s;

		if (cases[i].base_mac)
			base.mac = mac_of(cases[i].base_mac);
		scene_begin(&s, CONFIG);
		c = claimed(&s, VF10, false);
		strcpy(c.driver_before, "vfio-pci");
		strcpy(vf_of(&s, 0)->driver, "vfio-pci");
		vf_of(&s, 0)->attrs.mac = base.mac;
		scene_render(&s);
		if (via_release_check(&s.w, &c, &base, &e))
			fail_msg("%zu: %s", i, e.msg);
		cases[i].leave(&s);
		scene_render(&s);
		assert_answer(
			via_release_check(&s.w, &c, &base, &e), cases[i].code, &e, cases[i].text);
	}
}

/* The host's own use of a VF that was given back to its driver is none of the last VM's. */
static void test_host_may_use_it_again(void **state)
{
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	c = claimed(&s, VF10, false);
	hold_by(s.inv, VF10, VIA_HOLDER_HOST, "eth0v0", "has address 10.0.0.1/24");
	assert_int_equal(via_release_check(&s.w, &c, &fresh, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claim_sets_everything),
		cmocka_unit_test(test_libvirt_restore_pf_is_up_first),
		cmocka_unit_test(test_nova_check_exit_code_unsupported_vlan_fails_the_claim),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_another_card),
		cmocka_unit_test(test_unmanaged_is_left_alone),
		cmocka_unit_test(test_sriov_cni_214_no_mac_is_left_behind),
		cmocka_unit_test(test_back_to_baseline_and_configuration),
		cmocka_unit_test(test_rate_is_left_out_when_it_is_right),
		cmocka_unit_test(test_reset_only_without_host_driver),
		cmocka_unit_test(test_gone_is_clean),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_host_may_use_it_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
