/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan under attack: a VF without its VLAN, a guest's MAC given twice, a lent PF, names that
 * others chose. */
#include "test_plan_host.h"

#define ONE(members) "{\"pfs\":[{\"match\":{\"address\":\"0000:01:00.0\"}," members "}]}"

static const struct via_mac guest = {{2, 0, 0, 0, 0, 0xa}}, other = {{2, 0, 0, 0, 0, 0xb}};

static struct host_pf *fresh_host(struct host *h, uint32_t vfs)
{
	struct host_pf *pf;

	*h = (struct host){0};
	pf = host_add_pf(h, "0000:01:00.0", "eth0");
	host_set_vfs(pf, vfs);
	return pf;
}

/* mlx5 in switchdev mode: the guest would be on the wire as such. */
static void test_no_vlan_no_guest(void **state)
{
	static const char config[] = ONE("\"vf\":{\"vlan\":100,\"driver\":\"vfio\"}");
	struct host h;
	struct host_pf *pf = fresh_host(&h, 1);
	host_autoplan *p = NULL, *untagged = NULL;

	(void)state;
	pf->autoprobe = false;
	pf->unsupported = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	p = host_plan(&h, config);
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_UNSUPPORTED, "VF 0 is not given VLAN 100");
	untagged = host_plan(&h, ONE("\"vf\":{\"vlan\":0,\"driver\":\"vfio\"}"));
	assert_ops(untagged, "bind");
	assert_int_equal(untagged->n_refusals, 0);
}

/* Nothing can be set on the VFs of a PF without a net device here: nobody gets them as they are. */
static void test_not_configured_not_bound(void **state)
{
	struct host h;
	struct host_pf *pf = fresh_host(&h, 1);
	host_autoplan *p = NULL;

	(void)state;
	pf->autoprobe = false;
	strcpy(pf->name, "");
	p = host_plan(&h, ONE("\"vf\":{\"vlan\":100,\"driver\":\"vfio\"}"));
	assert_ops(p, "");
	host_assert_refusal(p, 0, VIA_REFUSED_UNSUPPORTED, "no net device");
}

/* The MACs of two VFs are swapped while a guest runs on one: it keeps its own, and alone. */
static void test_swapped_macs(void **state)
{
	struct host h;
	struct host_pf *pf = fresh_host(&h, 2);
	host_autoplan *p = NULL;

	(void)state;
	for (int i = 0; i < 2; i++)
		strcpy(pf->vfs[i].driver, "vfio-pci");
	pf->vfs[0].attrs.mac = guest;
	pf->vfs[1].attrs.mac = other;
	host_hold(&pf->vfs[0], VIA_HOLDER_DOMAIN, "web1");
	p = host_plan(&h, ONE("\"vfs\":[{\"index\":0,\"mac\":\"02:00:00:00:00:0b\"},"
			      "{\"index\":1,\"mac\":\"02:00:00:00:00:0a\"}]"));
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 2);
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "web1");
	host_assert_refusal(p, 1, VIA_REFUSED_CONFLICT, "is the MAC of VF 0 of 0000:01:00.0 too");
}

/* A VF of a PF that is not ours to set has one already. */
static void test_mac_of_a_stranger(void **state)
{
	struct host h;
	struct host_pf *stranger;
	host_autoplan *p = NULL;

	(void)state;
	fresh_host(&h, 1);
	stranger = host_add_pf(&h, "0000:05:00.0", "eth1");
	host_set_vfs(stranger, 1);
	stranger->vfs[0].attrs.mac = guest;
	p = host_plan(&h, ONE("\"vfs\":[{\"index\":0,\"mac\":\"02:00:00:00:00:0a\"}]"));
	assert_ops(p, "");
	host_assert_refusal(p, 0, VIA_REFUSED_CONFLICT, "VF 0 of 0000:05:00.0 too");
}

static struct via_plan *plan_of(
	struct host *h, const char *config, void (*change)(struct via_inventory *inv))
{
	struct via_plan_options opt = host_options(h);
	via_autoinventory *inv = host_inventory(h);
	struct via_config *c = host_config(config);
	struct via_plan *plan = NULL;
	struct via_err e = {0};

	change(inv);
	if (via_plan_make(inv, c, &opt, &plan, &e))
		fail_msg("%s", e.msg);
	via_config_destroy(c);
	return plan;
}

static struct via_device *device(struct via_inventory *inv, const char *text)
{
	struct via_addr a;

	assert_int_equal(via_addr_parse(text, &a), 0);
	return (struct via_device *)via_inventory_device(inv, a);
}

/* The last net device of the inventory is in a container, and so is the PF below it. */
static void lend_last(struct via_inventory *inv)
{
	struct via_netdev *n = &inv->netdevs[inv->n_netdevs - 1];
	struct via_device *d = (struct via_device *)via_inventory_device(inv, n->dev);

	n->netns = "blue";
	strcpy(n->name, "eth0");
	d->n_netdevs = 0;
	host_held(inv, d, VIA_HOLDER_NETNS, "blue");
}

/* A container calls its card what it likes; that must not make it match, nor spoil the plan. */
static void test_name_in_a_container(void **state)
{
	struct host h;
	host_autoplan *p = NULL;

	(void)state;
	fresh_host(&h, 0);
	host_add_pf(&h, "0000:05:00.0", "eth1");
	p = plan_of(&h,
		"{\"pfs\":[{\"match\":{\"name\":\"eth0\"},\"num_vfs\":1},"
		"{\"match\":{\"address\":\"0000:05:00.0\"},\"num_vfs\":2}]}",
		lend_last);
	assert_ops(p, "set_num_vfs");
	assert_string_equal(via_addr_fmt(p->steps[0].pf), "0000:01:00.0");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "0000:05:00.0 is in network namespace blue");
}

static void carry_host(struct via_inventory *inv)
{
	struct via_device *pf = device(inv, "0000:01:00.0"), *vf = device(inv, "0000:02:10.0");

	pf->protected_ = true;
	vf->carries_host = true;
}

static void test_vf_with_the_hosts_life(void **state)
{
	struct host h;
	struct host_pf *pf = fresh_host(&h, 2);
	host_autoplan *p = NULL;

	(void)state;
	host_hold(&pf->vfs[0], VIA_HOLDER_HOST, "eth0v0");
	p = plan_of(&h, ONE("\"vf\":{\"vlan\":100,\"trust\":true}"), carry_host);
	assert_ops(p, "set_vf_attrs set_vf_attrs");
	assert_int_equal(p->steps[0].set.attrs.known, VIA_ATTR_BIT(VIA_VF_ATTR_TRUST));
	assert_true(p->steps[1].set.attrs.known & VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_PROTECTED, "--disturb 0000:01:00.0");
}

/* What the kernel probes by itself is what happens to be loaded. */
static void test_host_driver_by_a_step(void **state)
{
	struct host h;
	host_autoplan *p = NULL, *mac = NULL;

	(void)state;
	fresh_host(&h, 0);
	p = host_plan(&h, ONE("\"num_vfs\":1,\"vf\":{\"driver\":\"host\"}"));
	assert_ops(p, "set_num_vfs bind");
	assert_string_equal(p->steps[1].set.text, HOST_DRIVER);
	assert_string_equal(p->steps[1].set.override, "");
	/* With a MAC it must not probe before that is set, however soon udev loads it. */
	mac = host_plan(&h, ONE("\"num_vfs\":1,\"vf\":{\"driver\":\"host\",\"mac\":\"derived\"}"));
	assert_ops(mac, "set_autoprobe set_num_vfs set_vf_attrs bind");
	assert_int_equal(mac->steps[0].set.number, 0);
}

/* A bond without an address protects nothing, and is the host's all the same. */
static void test_rebind_below_a_bond(void **state)
{
	struct host h;
	struct host_pf *pf = fresh_host(&h, 0);
	struct via_plan_options opt = host_options(&h);
	via_autoinventory *inv = host_inventory(&h);
	host_autoplan *p = NULL;
	struct via_netdev *bond;
	struct via_err e = {0};

	(void)state;
	bond = &inv->netdevs[inv->n_netdevs++];
	*bond = (struct via_netdev){.ifindex = (int)inv->n_netdevs, .kind = "bond"};
	strcpy(bond->name, "bond0");
	inv->netdevs[0].master = bond->ifindex;
	assert_int_equal(
		via_plan_bind(inv, pf->addr, "pci-stub", &opt, &p, &e), VIA_REFUSED_IN_USE);
	assert_non_null(strstr(e.msg, "bond0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_vlan_no_guest),
		cmocka_unit_test(test_not_configured_not_bound),
		cmocka_unit_test(test_swapped_macs),
		cmocka_unit_test(test_mac_of_a_stranger),
		cmocka_unit_test(test_name_in_a_container),
		cmocka_unit_test(test_vf_with_the_hosts_life),
		cmocka_unit_test(test_host_driver_by_a_step),
		cmocka_unit_test(test_rebind_below_a_bond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
