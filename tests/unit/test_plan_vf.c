/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plan of VFs: who holds one, drivers, groups, MACs, MSI-X, MTU. */
#include "test_plan_host.h"

#define ONE(members) "{\"pfs\":[{\"match\":{\"name\":\"eth0\"}," members "}]}"

struct fixture {
	struct host h;
	struct host_pf *pf;
};

static struct fixture *with_vfs(uint32_t n)
{
	static struct fixture f;

	f = (struct fixture){0};
	f.pf = host_add_pf(&f.h, "0000:01:00.0", "eth0");
	host_set_vfs(f.pf, n);
	return &f;
}

static void test_only_what_differs(void **state)
{
	struct fixture *f = with_vfs(2);
	host_autoplan *p = NULL;

	(void)state;
	f->pf->vfs[0].attrs.vlan = 100;
	p = host_plan(&f->h, ONE("\"vf\":{\"vlan\":100,\"trust\":true,\"spoofchk\":true}"));
	assert_ops(p, "set_vf_attrs set_vf_attrs");
	assert_int_equal(p->steps[0].set.attrs.known, VIA_ATTR_BIT(VIA_VF_ATTR_TRUST));
	assert_int_equal(p->steps[1].set.attrs.known,
		VIA_ATTR_BIT(VIA_VF_ATTR_TRUST) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_string_equal(
		p->steps[1].reason, "configured vlan 100 (found none), trust on (found off)");
	assert_int_equal(p->steps[1].undo.attrs.known, p->steps[1].set.attrs.known);
	assert_int_equal(p->steps[1].undo.attrs.vlan, 0);
	assert_int_equal(p->steps[1].vendor, 0x8086);
	assert_int_equal(p->steps[1].device, 0x10ca);
}

static void test_unsupported_is_left_out(void **state)
{
	struct fixture *f = with_vfs(1);
	host_autoplan *p = NULL;

	(void)state;
	f->pf->unsupported = VIA_ATTR_BIT(VIA_VF_ATTR_LINK_STATE);
	p = host_plan(&f->h, ONE("\"vf\":{\"link_state\":\"enable\",\"trust\":true}"));
	assert_ops(p, "set_vf_attrs");
	assert_int_equal(p->steps[0].set.attrs.known, VIA_ATTR_BIT(VIA_VF_ATTR_TRUST));
	assert_int_equal(p->n_refusals, 0);
}

static void test_held_vf(void **state)
{
	struct fixture *f = with_vfs(1);
	host_autoplan *p = NULL;

	(void)state;
	strcpy(f->pf->vfs[0].driver, "vfio-pci");
	host_hold(&f->pf->vfs[0], VIA_HOLDER_DOMAIN, "web1");
	p = host_plan(&f->h, ONE("\"vf\":{\"vlan\":100,\"mac\":\"derived\",\"driver\":\"host\"}"));
	assert_ops(p, "set_vf_attrs");
	assert_int_equal(p->steps[0].set.attrs.known, VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_int_equal(p->steps[0].disruption, VIA_DISRUPTION_NONE);
	assert_ptr_equal(
		strstr(p->steps[0].reason, "held by domain web1 (pid 812); configured vlan 100"),
		p->steps[0].reason);
	assert_int_equal(p->n_refusals, 2);
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "domain web1 (pid 812) holds 0000:02:10.0");
	host_assert_refusal(p, 1, VIA_REFUSED_IN_USE, "the MAC of 0000:02:10.0 is not changed");
	host_assert_refusal(p, 1, VIA_REFUSED_IN_USE, "domain web1 (pid 812)");
	host_assert_refusal(p, 1, VIA_REFUSED_IN_USE, "stop it or detach the device first");
}

/* The running guest chose its address; the PF reports it where an administered one would stand. */
static void test_mac_none(void **state)
{
	struct fixture *f = with_vfs(3);
	static const char config[] = ONE("\"vf\":{\"mac\":\"none\"}");
	host_autoplan *p = NULL, *again = NULL;

	(void)state;
	for (int i = 0; i < 3; i++)
		f->pf->vfs[i].attrs.mac = (struct via_mac){{2, 0, 0, 0, 0, (uint8_t)(i + 1)}};
	strcpy(f->pf->vfs[0].driver, "vfio-pci");
	strcpy(f->pf->vfs[1].driver, "vfio-pci");
	host_hold(&f->pf->vfs[1], VIA_HOLDER_DOMAIN, "web1");
	/* VF 2 stays on the host's driver. Only the one that nobody runs has a stale MAC. */
	p = host_plan(&f->h, config);
	assert_ops(p, "set_vf_attrs");
	assert_int_equal(p->steps[0].vf_index, 0);
	assert_true(via_mac_is_zero(p->steps[0].set.attrs.mac));
	assert_int_equal(p->n_refusals, 0);
	host_apply(&f->h, p);
	again = host_plan(&f->h, config);
	assert_ops(again, "");
}

static void test_two_with_one_mac(void **state)
{
	struct fixture *f = with_vfs(2);
	host_autoplan *p = NULL, *own = NULL;

	(void)state;
	host_set_vfs(host_add_pf(&f->h, "0000:05:00.0", "eth1"), 2);
	/* One entry for both PFs: VF 0 of each is given the same address. */
	p = host_plan(&f->h, "{\"pfs\":[{\"match\":{\"driver\":\"igb\"},\"num_vfs\":2,\"vfs\":"
			     "[{\"index\":0,\"mac\":\"02:00:00:00:00:07\"}]}]}");
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 2);
	host_assert_refusal(p, 0, VIA_REFUSED_CONFLICT,
		"02:00:00:00:00:07 is the MAC of VF 0 of 0000:05:00.0 too");
	host_assert_refusal(p, 1, VIA_REFUSED_CONFLICT, "VF 0 of 0000:01:00.0 too");
	/* And the address of a PF is no address for a VF. */
	own = host_plan(&f->h, ONE("\"vfs\":[{\"index\":0,\"mac\":\"52:54:00:76:00:02\"}]"));
	host_assert_refusal(own, 0, VIA_REFUSED_CONFLICT, "is the MAC of 0000:05:00.0 too");
}

static void test_driver_changes(void **state)
{
	struct fixture *f = with_vfs(4);
	static const char config[] = ONE(
		"\"vfs\":[{\"index\":0,\"driver\":\"vfio\"},{\"index\":1,\"driver\":\"none\"},"
		"{\"index\":2,\"driver\":\"mlx5_vfio_pci\"},{\"index\":3,\"driver\":\"host\"}]");
	host_autoplan *p = NULL, *again = NULL;

	(void)state;
	strcpy(f->pf->vfs[3].driver, "vfio-pci");
	strcpy(f->pf->vfs[3].override, "vfio-pci");
	p = host_plan(&f->h, config);
	assert_ops(p, "set_autoprobe bind unbind bind bind");
	assert_string_equal(p->steps[1].undo.text, "igbvf");
	assert_string_equal(p->steps[1].undo.override, "");
	assert_int_equal(p->steps[1].disruption, VIA_DISRUPTION_VF_RESET);
	assert_string_equal(p->steps[1].reason, "configured vfio-pci, found igbvf");
	assert_string_equal(p->steps[2].set.text, "");
	assert_string_equal(p->steps[3].set.text, "mlx5_vfio_pci");
	assert_string_equal(p->steps[4].set.text, "igbvf");
	assert_string_equal(p->steps[4].undo.text, "vfio-pci");
	assert_string_equal(p->steps[4].undo.override, "vfio-pci");
	assert_int_equal(p->disruption, VIA_DISRUPTION_VF_RESET);
	host_apply(&f->h, p);
	again = host_plan(&f->h, config);
	assert_ops(again, "");
}

static void test_no_host_driver(void **state)
{
	struct fixture *f = with_vfs(2);
	host_autoplan *p = NULL;

	(void)state;
	f->h.no_host_driver = true;
	f->pf->vfs[0].driver[0] = f->pf->vfs[1].driver[0] = '\0';
	p = host_plan(&f->h, ONE("\"vf\":{\"driver\":\"host\"}"));
	assert_ops(p, "");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_NOT_FOUND, "(8086:10ca)");
}

/* Without the daemon's hooks: vfio-pci, and no host driver known. */
static void test_default_options(void **state)
{
	struct fixture *f = with_vfs(1);
	host_autoplan *p = host_plan_with(&f->h, ONE("\"vf\":{\"driver\":\"vfio\"}"), NULL);

	(void)state;
	assert_ops(p, "set_autoprobe bind");
	assert_string_equal(p->steps[1].set.text, "vfio-pci");
}

static void test_no_iommu(void **state)
{
	struct fixture *f = with_vfs(0);
	host_autoplan *p = NULL, *there = NULL;
	static const char config[] = ONE("\"num_vfs\":3,\"vf\":{\"driver\":\"vfio\",\"vlan\":4}");

	(void)state;
	f->h.no_iommu = true;
	p = host_plan(&f->h, config);
	assert_ops(p, "set_autoprobe set_num_vfs set_vf_attrs set_vf_attrs set_vf_attrs");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_NO_IOMMU, "intel_iommu=on iommu=pt");
	host_apply(&f->h, p);
	there = host_plan(&f->h, config);
	assert_ops(there, "");
	assert_int_equal(there->n_refusals, 1);
	host_assert_refusal(there, 0, VIA_REFUSED_NO_IOMMU, "intel_iommu=on");
}

static void test_shared_group(void **state)
{
	struct fixture *f = with_vfs(2);
	host_autoplan *p = NULL, *together = NULL, *again = NULL;
	static const char both[] = ONE("\"vf\":{\"driver\":\"vfio\"}");

	(void)state;
	/* In one slot the members of a group are taken together: put them apart. */
	f->pf->stride = 8;
	f->pf->vfs[0].group = f->pf->vfs[1].group = 7;
	p = host_plan(&f->h, ONE("\"vfs\":[{\"index\":0,\"driver\":\"vfio\"}]"));
	assert_ops(p, "set_autoprobe");
	host_assert_refusal(p, 0, VIA_REFUSED_UNSAFE_GROUP, "0000:02:11.0");
	together = host_plan(&f->h, both);
	assert_ops(together, "set_autoprobe bind bind");
	assert_int_equal(together->n_refusals, 0);
	host_apply(&f->h, together);
	again = host_plan(&f->h, both);
	assert_ops(again, "");
}

/* Below a bridge that isolates nothing the VFs will be in the group of their PF, which stays. */
static void test_new_vfs_join_the_group_of_the_bridge(void **state)
{
	struct fixture *f = with_vfs(0);
	struct via_plan_options opt = host_options(&f->h);
	via_autoinventory *inv = host_inventory(&f->h);
	struct via_config *c = host_config(ONE("\"num_vfs\":2,\"vf\":{\"driver\":\"vfio\"}"));
	host_autoplan *p = NULL, *apart = NULL;
	struct via_err e = {0};

	(void)state;
	/* devices[0] is the PF; a bridge that sorts before it needs a place of its own. */
	inv->devices[1] = inv->devices[0];
	inv->n_devices = 2;
	inv->devices[0] = (struct via_device){.addr = {0, 0, 1, 0},
		.kind = VIA_DEVICE_BRIDGE,
		.driver = "pcieport",
		.iommu_group = 4};
	inv->devices[1].parent = inv->devices[0].addr;
	inv->devices[1].iommu_group = 4;
	assert_int_equal(via_plan_make(inv, c, &opt, &p, &e), 0);
	assert_ops(p, "set_autoprobe set_num_vfs");
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_UNSAFE_GROUP, "group 4");
	host_assert_refusal(p, 0, VIA_REFUSED_UNSAFE_GROUP, "0000:01:00.0 (igb)");
	inv->devices[1].iommu_group = 5;
	assert_int_equal(via_plan_make(inv, c, &opt, &apart, &e), 0);
	assert_ops(apart, "set_autoprobe set_num_vfs bind bind");
	via_config_destroy(c);
}

/* Going along means that nobody is in the way there either. */
static void test_shared_group_with_a_holder(void **state)
{
	struct fixture *f = with_vfs(2);
	host_autoplan *p = NULL;

	(void)state;
	f->pf->stride = 8;
	f->pf->vfs[0].group = f->pf->vfs[1].group = 7;
	host_hold(&f->pf->vfs[1], VIA_HOLDER_HOST, "eth0v1");
	p = host_plan(&f->h, ONE("\"vf\":{\"driver\":\"vfio\"}"));
	assert_ops(p, "set_autoprobe");
	assert_int_equal(p->n_refusals, 2);
	host_assert_refusal(p, 0, VIA_REFUSED_UNSAFE_GROUP, "0000:02:11.0");
	host_assert_refusal(p, 1, VIA_REFUSED_IN_USE, "the host itself");
}

static void test_msix(void **state)
{
	struct fixture *f = with_vfs(2);
	static const char config[] = ONE("\"vf\":{\"msix\":16,\"driver\":\"vfio\"}");
	host_autoplan *none = NULL, *p = NULL, *again = NULL;

	(void)state;
	none = host_plan(&f->h, config);
	assert_ops(none, "set_autoprobe bind bind");
	assert_int_equal(none->n_refusals, 1);
	host_assert_refusal(none, 0, VIA_REFUSED_UNSUPPORTED, "MSI-X");
	f->pf->vf_total_msix = 64;
	f->pf->vfs[1].driver[0] = '\0';
	p = host_plan(&f->h, config);
	assert_ops(p, "set_autoprobe unbind set_vf_msix set_vf_msix bind bind");
	assert_string_equal(p->steps[1].undo.text, "igbvf");
	assert_int_equal(p->steps[2].undo.number, 3);
	assert_string_equal(p->steps[4].undo.text, "");
	host_apply(&f->h, p);
	again = host_plan(&f->h, config);
	assert_ops(again, "");
}

static void test_msix_gives_the_driver_back(void **state)
{
	struct fixture *f = with_vfs(1);
	host_autoplan *p = NULL, *held = NULL;
	static const char config[] = ONE("\"vf\":{\"msix\":16}");

	(void)state;
	f->pf->vf_total_msix = 64;
	strcpy(f->pf->vfs[0].driver, "vfio-pci");
	strcpy(f->pf->vfs[0].override, "vfio-pci");
	p = host_plan(&f->h, config);
	assert_ops(p, "unbind set_vf_msix bind");
	assert_string_equal(p->steps[2].set.text, "vfio-pci");
	assert_string_equal(p->steps[2].set.override, "vfio-pci");
	host_hold(&f->pf->vfs[0], VIA_HOLDER_PROCESS, "dpdk");
	held = host_plan(&f->h, config);
	assert_ops(held, "");
	host_assert_refusal(held, 0, VIA_REFUSED_IN_USE, "process dpdk (pid 812)");
}

static void test_vf_mtu(void **state)
{
	struct fixture *f = with_vfs(3);
	static const char config[] = ONE("\"vf\":{\"mtu\":1400}");
	host_autoplan *p = NULL;

	(void)state;
	/* Not the host's to set: it belongs to a guest. */
	strcpy(f->pf->vfs[1].driver, "vfio-pci");
	host_hold(&f->pf->vfs[2], VIA_HOLDER_NETNS, "blue");
	p = host_plan(&f->h, config);
	assert_ops(p, "set_vf_mtu");
	assert_int_equal(p->steps[0].vf_index, 0);
	assert_int_equal(p->steps[0].undo.number, 1500);
	assert_int_equal(p->n_refusals, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_IN_USE, "network namespace blue");
}

static void test_missing_vf(void **state)
{
	struct fixture *f = with_vfs(2);
	host_autoplan *p = NULL;

	(void)state;
	f->pf->vfs[0].missing = true;
	p = host_plan(&f->h, ONE("\"vf\":{\"vlan\":4}"));
	assert_ops(p, "set_vf_attrs");
	assert_int_equal(p->steps[0].vf_index, 1);
	host_assert_refusal(p, 0, VIA_REFUSED_NOT_FOUND, "VF 0 of 0000:01:00.0 is missing");
}

static void test_address_carries_the_bus(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:3b:00.1", "eth0");
	host_autoplan *p = NULL;

	(void)state;
	pf->offset = 253;
	pf->stride = 1;
	p = host_plan(&h, ONE("\"num_vfs\":4,\"vf\":{\"vlan\":4}"));
	assert_ops(p, "set_num_vfs set_vf_attrs set_vf_attrs set_vf_attrs set_vf_attrs");
	assert_string_equal(via_addr_fmt(p->steps[1].target), "0000:3b:1f.6");
	assert_string_equal(via_addr_fmt(p->steps[2].target), "0000:3b:1f.7");
	assert_string_equal(via_addr_fmt(p->steps[3].target), "0000:3c:00.0");
	assert_string_equal(via_addr_fmt(p->steps[3].pf), "0000:3b:00.1");
	pf->addr.bus = 0xff;
	via_plan_destroy(p);
	/* Past the last bus there is no address to foretell. */
	p = host_plan(&h, ONE("\"num_vfs\":4,\"vf\":{\"vlan\":4}"));
	assert_ops(p, "set_num_vfs set_vf_attrs set_vf_attrs");
}

/* Long lists of names must not spill over. */
static void test_long_texts_are_cut(void **state)
{
	struct fixture *f = with_vfs(1);
	host_autoplan *p = NULL;

	(void)state;
	strcpy(f->pf->vfs[0].driver, "vfio-pci");
	host_hold(&f->pf->vfs[0], VIA_HOLDER_DOMAIN, "a-very-long-name-of-a-machine-x");
	p = host_plan(
		&f->h, ONE("\"vf\":{\"vlan\":4000,\"qos\":7,\"vlan_proto\":\"802.1ad\","
			   "\"min_tx_mbps\":1000000,\"max_tx_mbps\":4000000,\"spoofchk\":false,"
			   "\"link_state\":\"disable\",\"rss_query\":true,\"trust\":true}"));
	assert_ops(p, "set_vf_attrs");
	assert_true(strlen(p->steps[0].reason) == sizeof(p->steps[0].reason) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_differs),
		cmocka_unit_test(test_unsupported_is_left_out),
		cmocka_unit_test(test_held_vf),
		cmocka_unit_test(test_mac_none),
		cmocka_unit_test(test_two_with_one_mac),
		cmocka_unit_test(test_driver_changes),
		cmocka_unit_test(test_no_host_driver),
		cmocka_unit_test(test_default_options),
		cmocka_unit_test(test_no_iommu),
		cmocka_unit_test(test_shared_group),
		cmocka_unit_test(test_new_vfs_join_the_group_of_the_bridge),
		cmocka_unit_test(test_shared_group_with_a_holder),
		cmocka_unit_test(test_msix),
		cmocka_unit_test(test_msix_gives_the_driver_back),
		cmocka_unit_test(test_vf_mtu),
		cmocka_unit_test(test_missing_vf),
		cmocka_unit_test(test_address_carries_the_bus),
		cmocka_unit_test(test_long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
