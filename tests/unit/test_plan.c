/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan of PFs: order, count, protection, what is refused. */
#include "test_plan_host.h"

#define ONE(members) "{\"pfs\":[{\"match\":{\"name\":\"eth0\"}," members "}]}"

static void test_nothing_configured(void **state)
{
	struct host h = {0};
	host_autoplan *p = NULL;

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	p = host_plan(&h, "{}");
	assert_int_equal(p->n_steps, 0);
	assert_int_equal(p->n_refusals, 0);
	assert_int_equal(p->inventory_generation, 42);
	assert_int_equal(p->disruption, VIA_DISRUPTION_NONE);
}

static void test_bring_up_for_vfio(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	host_autoplan *p = NULL, *again = NULL;
	const struct via_step *s;
	static const char config[] = ONE("\"num_vfs\":2,\"mtu\":9000,\"vf\":{\"driver\":\"vfio\","
					 "\"vlan\":100,\"mac\":\"derived\"}");

	(void)state;
	pf->up = false;
	p = host_plan(&h, config);
	assert_ops(p, "set_autoprobe set_num_vfs set_pf_mtu set_pf_up set_vf_attrs set_vf_attrs "
		      "bind bind");
	assert_int_equal(p->n_refusals, 0);
	s = &p->steps[1];
	assert_int_equal(s->id, 2);
	assert_int_equal(s->set.number, 2);
	assert_true(s->has_undo);
	assert_int_equal(s->undo.number, 0);
	assert_string_equal(s->reason, "configured 2 VFs, found 0");
	assert_true(s->has_pf_mac && via_mac_eq(s->pf_mac, pf->mac));
	assert_int_equal(s->vendor, 0x8086);
	assert_int_equal(s->device, 0x10c9);
	assert_false(s->has_vf);
	s = &p->steps[5];
	assert_string_equal(via_addr_fmt(s->target), "0000:02:10.2");
	assert_true(s->has_vf);
	assert_int_equal(s->vf_index, 1);
	assert_int_equal(s->vendor, 0);
	assert_int_equal(
		s->set.attrs.known, VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) | VIA_ATTR_BIT(VIA_VF_ATTR_MAC));
	s = &p->steps[7];
	assert_string_equal(s->set.text, "vfio-pci");
	assert_string_equal(s->set.override, "vfio-pci");
	assert_int_equal(s->disruption, VIA_DISRUPTION_NONE);
	host_apply(&h, p);
	again = host_plan(&h, config);
	assert_ops(again, "");
}

/* With autoprobe on, VFs are probed at once and need their PF up. */
static void test_link_comes_first_when_vfs_are_probed(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	host_autoplan *p = NULL;

	(void)state;
	pf->up = false;
	p = host_plan(&h, ONE("\"num_vfs\":1,\"mtu\":2000"));
	assert_ops(p, "set_pf_mtu set_pf_up set_num_vfs");
}

static void test_vfs_on_the_host(void **state)
{
	struct host h = {0};
	static const char config[] =
		ONE("\"num_vfs\":3,\"vf\":{\"driver\":\"host\",\"mtu\":1400},\"vfs\":[{\"index\":2,"
		    "\"driver\":\"none\"}]");
	host_autoplan *p = NULL, *again = NULL;

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	/* One VF is meant for nothing: autoprobe goes off and the others are bound by name. */
	p = host_plan(&h, config);
	assert_ops(p, "set_autoprobe set_num_vfs bind bind set_vf_mtu set_vf_mtu");
	assert_string_equal(p->steps[2].set.text, "igbvf");
	assert_string_equal(p->steps[2].set.override, "igbvf");
	host_apply(&h, p);
	again = host_plan(&h, config);
	assert_ops(again, "");
}

/* A host driver reads the MAC when it probes: it has to let go and come back. */
static void test_mac_on_the_host(void **state)
{
	struct host h = {0};
	static const char config[] = ONE("\"num_vfs\":1,\"vf\":{\"mac\":\"derived\"}");
	host_autoplan *p = NULL, *again = NULL;

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	p = host_plan(&h, config);
	assert_ops(p, "set_num_vfs unbind set_vf_attrs bind");
	assert_string_equal(p->steps[3].set.text, "igbvf");
	assert_string_equal(p->steps[3].set.override, "");
	host_apply(&h, p);
	again = host_plan(&h, config);
	assert_ops(again, "");
}

static void test_count_above_total(void **state)
{
	struct host h = {0};
	host_autoplan *p = NULL;

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	p = host_plan(&h, ONE("\"num_vfs\":8"));
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_INVALID,
		"0000:01:00.0 has at most 7 VFs (sriov_totalvfs) and 8 are configured");
}

/* A total that could not be read says nothing against the VFs there are. */
static void test_count_without_a_total(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	host_autoplan *same = NULL, *more = NULL;

	(void)state;
	host_set_vfs(pf, 2);
	pf->total = 0;
	same = host_plan(&h, ONE("\"num_vfs\":2,\"vf\":{\"vlan\":9}"));
	assert_ops(same, "set_vf_attrs set_vf_attrs");
	assert_int_equal(same->n_refusals, 0);
	more = host_plan(&h, ONE("\"num_vfs\":3"));
	assert_ops(more, "");
	host_assert_refusal(more, 0, VIA_REFUSED_UNSUPPORTED, "does not tell how many VFs");
}

/* Who names a NIC without SR-IOV is told; a selector by driver passes it by. */
static void test_nic_without_sriov(void **state)
{
	struct host h = {.has_nic = true, .nic_driver = "e1000e"};
	host_autoplan *named = NULL, *wide = NULL, *nothing = NULL;

	(void)state;
	named = host_plan(
		&h, "{\"pfs\":[{\"match\":{\"address\":\"0000:09:00.0\"},\"num_vfs\":2}]}");
	assert_ops(named, "");
	host_assert_refusal(
		named, 0, VIA_REFUSED_UNSUPPORTED, "0000:09:00.0 has no SR-IOV capability");
	host_assert_refusal(named, 0, VIA_REFUSED_UNSUPPORTED, "viaduct.json:1 (/pfs/0)");
	wide = host_plan(&h, "{\"pfs\":[{\"match\":{\"driver\":\"e1000e\"},\"num_vfs\":2}]}");
	assert_int_equal(wide->n_refusals, 0);
	nothing = host_plan(&h, "{\"pfs\":[{\"match\":{\"address\":\"0000:09:00.0\"}}]}");
	assert_int_equal(nothing->n_refusals, 0);
}

static void test_recreate_is_never_implicit(void **state)
{
	struct host h = {0};
	struct via_plan_options opt = host_options(&h);
	host_autoplan *p = NULL, *with = NULL, *again = NULL;
	static const char config[] = ONE("\"num_vfs\":4,\"vf\":{\"vlan\":7}");

	(void)state;
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", "eth0"), 2);
	p = host_plan(&h, config);
	/* The VFs that are there are configured all the same. */
	assert_ops(p, "set_vf_attrs set_vf_attrs");
	host_assert_refusal(p, 0, VIA_REFUSED_NEEDS_RECREATE, "from 2 to 4");
	host_assert_refusal(p, 0, VIA_REFUSED_NEEDS_RECREATE, "--recreate");
	opt.recreate = true;
	with = host_plan_with(&h, config, &opt);
	assert_int_equal(with->n_refusals, 0);
	assert_ops(with,
		"set_num_vfs set_num_vfs set_vf_attrs set_vf_attrs set_vf_attrs set_vf_attrs");
	assert_int_equal(with->steps[0].set.number, 0);
	assert_int_equal(with->steps[0].undo.number, 2);
	assert_int_equal(with->steps[1].set.number, 4);
	assert_int_equal(with->disruption, VIA_DISRUPTION_VF_RECREATE);
	host_apply(&h, with);
	again = host_plan_with(&h, config, &opt);
	assert_ops(again, "");
}

/* The undo goes backwards: the old VFs are made again after autoprobe is as it was with them. */
static void test_old_vfs_go_before_autoprobe_changes(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	struct via_plan_options opt = host_options(&h);
	host_autoplan *p = NULL, *none = NULL;

	(void)state;
	host_set_vfs(pf, 1);
	opt.recreate = true;
	p = host_plan_with(&h, ONE("\"num_vfs\":2,\"vf\":{\"driver\":\"vfio\"}"), &opt);
	assert_ops(p, "set_num_vfs set_autoprobe set_num_vfs bind bind");
	host_apply(&h, p);
	for (size_t i = p->n_steps; i-- > 0;)
		host_set(&h, &p->steps[i], &p->steps[i].undo);
	assert_int_equal(pf->num, 1);
	assert_true(pf->autoprobe);
	assert_string_equal(pf->vfs[0].driver, HOST_DRIVER);
	none = host_plan_with(&h, ONE("\"num_vfs\":0"), &opt);
	assert_ops(none, "set_num_vfs");
	assert_string_equal(none->steps[0].reason, "configured 0 VFs, found 1");
}

/* However many hold one, the way out and the flag are read. */
static void test_many_holders(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	host_autoplan *p = NULL;

	(void)state;
	host_set_vfs(pf, 7);
	for (int i = 0; i < 7; i++)
		host_hold(&pf->vfs[i], VIA_HOLDER_DOMAIN, "a-name-of-many-letters-indeed");
	p = host_plan(&h, ONE("\"num_vfs\":0"));
	assert_ops(p, "");
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "(VF 1)");
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "more held VFs; stop it");
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "then allow it with --recreate");
}

static void test_recreate_refused_by_a_holder(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	struct via_plan_options opt = host_options(&h);

	(void)state;
	opt.recreate = true;
	host_set_vfs(pf, 2);
	host_hold(&pf->vfs[1], VIA_HOLDER_DOMAIN, "web1");
	for (int n = 0; n <= 7; n += 7) {
		char config[128];
		host_autoplan *p = NULL;

		snprintf(config, sizeof(config), ONE("\"num_vfs\":%d"), n);
		p = host_plan_with(&h, config, &opt);
		assert_ops(p, "");
		host_assert_refusal(
			p, 0, VIA_REFUSED_IN_USE, "domain web1 (pid 812) holds 0000:02:10.2");
		host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "--recreate");
	}
}

static void test_protected(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	struct via_plan_options opt = host_options(&h);
	static const char config[] = ONE("\"num_vfs\":2,\"mtu\":9000");
	host_autoplan *p = NULL, *named = NULL, *free_ = NULL, *always = NULL;

	(void)state;
	pf->protected = true;
	p = host_plan(&h, config);
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 2);
	host_assert_refusal(
		p, 0, VIA_REFUSED_PROTECTED, "carries the default route (IPv4) through br0");
	host_assert_refusal(p, 0, VIA_REFUSED_PROTECTED, "--disturb 0000:01:00.0");
	host_assert_refusal(p, 1, VIA_REFUSED_PROTECTED, "its MTU");
	opt.disturb = &pf->addr;
	opt.n_disturb = 1;
	named = host_plan_with(&h, config, &opt);
	assert_ops(named, "set_pf_mtu set_num_vfs");
	free_ = host_plan(&h, ONE("\"num_vfs\":2,\"protect\":false"));
	assert_ops(free_, "set_num_vfs");
	pf->protected = false;
	always = host_plan(&h, ONE("\"num_vfs\":2,\"protect\":true"));
	host_assert_refusal(always, 0, VIA_REFUSED_PROTECTED, "the configuration says so");
}

/* What disturbs nobody is done on a protected PF as well. */
static void test_protected_still_gets_its_attributes(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	host_autoplan *p = NULL;

	(void)state;
	pf->protected = true;
	host_set_vfs(pf, 1);
	p = host_plan(&h, ONE("\"num_vfs\":1,\"vf\":{\"vlan\":9}"));
	assert_ops(p, "set_vf_attrs");
	assert_int_equal(p->n_refusals, 0);
}

static void test_verify_only(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	host_autoplan *p = NULL, *same = NULL;

	(void)state;
	p = host_plan(&h, ONE("\"num_vfs\":2,\"verify_only\":true,\"vf\":{\"vlan\":9}"));
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_VERIFY_ONLY, "3 steps");
	host_assert_refusal(p, 0, VIA_REFUSED_VERIFY_ONLY, "the first: 0000:01:00.0: configured");
	host_set_vfs(pf, 2);
	pf->vfs[0].attrs.vlan = pf->vfs[1].attrs.vlan = 9;
	same = host_plan(&h, ONE("\"num_vfs\":2,\"verify_only\":true,\"vf\":{\"vlan\":9}"));
	assert_int_equal(same->n_steps + same->n_refusals, 0);
}

static void test_eswitch(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	struct via_plan_options opt = host_options(&h);
	static const char config[] = ONE("\"num_vfs\":2,\"eswitch_mode\":\"switchdev\"");
	host_autoplan *none = NULL, *p = NULL, *refused = NULL, *with = NULL, *again = NULL;

	(void)state;
	none = host_plan(&h, config);
	assert_ops(none, "set_num_vfs");
	host_assert_refusal(none, 0, VIA_REFUSED_UNSUPPORTED, "devlink");
	strcpy(pf->eswitch, "legacy");
	p = host_plan(&h, config);
	assert_ops(p, "set_eswitch set_num_vfs");
	assert_string_equal(p->steps[0].set.text, "switchdev");
	assert_string_equal(p->steps[0].undo.text, "legacy");
	host_set_vfs(pf, 2);
	refused = host_plan(&h, config);
	assert_ops(refused, "");
	host_assert_refusal(refused, 0, VIA_REFUSED_NEEDS_RECREATE, "eswitch");
	opt.recreate = true;
	with = host_plan_with(&h, config, &opt);
	assert_ops(with, "set_num_vfs set_eswitch set_num_vfs");
	host_apply(&h, with);
	again = host_plan_with(&h, config, &opt);
	assert_ops(again, "");
}

static void test_pf_given_away(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "");
	static const char config[] =
		"{\"pfs\":[{\"match\":{\"address\":\"0000:01:00.0\"},\"num_vfs\":2}]}";
	host_autoplan *p = NULL, *without = NULL;

	(void)state;
	strcpy(pf->driver, "vfio-pci");
	strcpy(pf->holder, "db2");
	p = host_plan(&h, config);
	assert_ops(p, "");
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "held by domain db2");
	strcpy(pf->driver, "");
	without = host_plan(&h, config);
	host_assert_refusal(without, 0, VIA_REFUSED_UNSUPPORTED, "has no driver");
}

static void test_pf_without_net_device(void **state)
{
	struct host h = {0};
	host_autoplan *p = NULL;

	(void)state;
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", ""), 3);
	p = host_plan(&h, "{\"pfs\":[{\"match\":{\"driver\":\"igb\"},\"num_vfs\":3,\"mtu\":9000,"
			  "\"vf\":{\"vlan\":5}}]}");
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 2);
	host_assert_refusal(p, 0, VIA_REFUSED_UNSUPPORTED, "its MTU cannot be set");
	host_assert_refusal(p, 1, VIA_REFUSED_UNSUPPORTED, "attributes of its VFs");
}

static void test_conflict_names_both_places(void **state)
{
	struct host h = {0};
	struct via_plan_options opt = host_options(&h);
	struct via_config *c = host_config("{\"pfs\":[{\"match\":{\"name\":\"eth*\"}},\n"
					   "{\"match\":{\"driver\":\"igb\"}}]}");
	via_autoinventory *inv = NULL;
	struct via_plan *p = NULL;
	struct via_err e = {0};

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	inv = host_inventory(&h);
	assert_int_equal(via_plan_make(inv, c, &opt, &p, &e), VIA_REFUSED_CONFLICT);
	assert_null(p);
	assert_non_null(strstr(e.msg, "0000:01:00.0"));
	assert_non_null(strstr(e.msg, "viaduct.json:1 (/pfs/0)"));
	assert_non_null(strstr(e.msg, "viaduct.json:2 (/pfs/1)"));
	via_config_destroy(c);
}

static void test_only_one_pf(void **state)
{
	struct host h = {0};
	struct via_plan_options opt = host_options(&h);
	static const char config[] = "{\"pfs\":[{\"match\":{\"driver\":\"igb\"},\"num_vfs\":2}]}";
	host_autoplan *both = NULL, *one = NULL;

	(void)state;
	host_add_pf(&h, "0000:05:00.0", "eth1");
	host_add_pf(&h, "0000:01:00.0", "eth0");
	both = host_plan(&h, config);
	assert_int_equal(both->n_steps, 2);
	assert_string_equal(via_addr_fmt(both->steps[0].pf), "0000:01:00.0");
	assert_string_equal(via_addr_fmt(both->steps[1].pf), "0000:05:00.0");
	opt.has_only = true;
	opt.only = h.pfs[0].addr;
	one = host_plan_with(&h, config, &opt);
	assert_int_equal(one->n_steps, 1);
	assert_string_equal(via_addr_fmt(one->steps[0].pf), "0000:05:00.0");
}

/* A device that has not told where its VFs will be is asked again once they are there. */
static void test_unknown_offset(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	static const char config[] = ONE("\"num_vfs\":2,\"vf\":{\"vlan\":5}");
	host_autoplan *p = NULL, *second = NULL;

	(void)state;
	pf->offset = 0;
	p = host_plan(&h, config);
	assert_ops(p, "set_num_vfs");
	assert_non_null(strstr(p->steps[0].reason, "plan again"));
	host_apply(&h, p);
	pf->offset = 0x180;
	second = host_plan(&h, config);
	assert_ops(second, "set_vf_attrs set_vf_attrs");
}

static void test_names(void **state)
{
	enum via_step_op op;

	(void)state;
	for (int i = 0; i < VIA_STEP_OP_COUNT; i++) {
		assert_int_equal(via_step_op_parse(via_step_op_name((enum via_step_op)i), &op), 0);
		assert_int_equal(op, i);
	}
	assert_true(via_step_op_parse("explode", &op) < 0);
	assert_string_equal(via_disruption_name(VIA_DISRUPTION_VF_RECREATE), "vf_recreate");
	via_plan_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_configured),
		cmocka_unit_test(test_bring_up_for_vfio),
		cmocka_unit_test(test_link_comes_first_when_vfs_are_probed),
		cmocka_unit_test(test_vfs_on_the_host),
		cmocka_unit_test(test_mac_on_the_host),
		cmocka_unit_test(test_count_above_total),
		cmocka_unit_test(test_count_without_a_total),
		cmocka_unit_test(test_nic_without_sriov),
		cmocka_unit_test(test_recreate_is_never_implicit),
		cmocka_unit_test(test_old_vfs_go_before_autoprobe_changes),
		cmocka_unit_test(test_many_holders),
		cmocka_unit_test(test_recreate_refused_by_a_holder),
		cmocka_unit_test(test_protected),
		cmocka_unit_test(test_protected_still_gets_its_attributes),
		cmocka_unit_test(test_verify_only),
		cmocka_unit_test(test_eswitch),
		cmocka_unit_test(test_pf_given_away),
		cmocka_unit_test(test_pf_without_net_device),
		cmocka_unit_test(test_conflict_names_both_places),
		cmocka_unit_test(test_only_one_pf),
		cmocka_unit_test(test_unknown_offset),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
