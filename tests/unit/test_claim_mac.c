/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a MAC still free? */
#include "test_claim_host.h"

#define MAC "52:54:00:aa:00:01"

struct mac_case {
	struct host h;
	struct via_inventory *inv;
	struct via_claims claims;
	struct via_domains domains;
	struct via_domain list[2]; /* A and B, running */
	struct via_domain_nic nic;
	struct via_domain_dev dev;
};

static void setup(struct mac_case *m)
{
	*m = (struct mac_case){.h = two_pfs(),
		.list = {{.uuid = UUID_A, .name = "web", .active = true},
			{.uuid = UUID_B, .name = "db", .active = true}},
		.nic = {.has_mac = true, .type = "bridge", .target = "vnet3"},
		.dev = {.has_mac = true}};
	m->nic.mac = m->dev.mac = mac_of(MAC);
	m->inv = render(&m->h);
	m->domains = (struct via_domains){.connected = true, .n = 2};
	m->domains.list = m->list;
}

static void finish(struct mac_case *m)
{
	via_inventory_destroy(m->inv);
	via_claims_finish(&m->claims);
}
#define autocase __attribute__((cleanup(finish))) struct mac_case

/* For VF 0 of the first PF and VM A. */
static void assert_mac(const struct mac_case *m, const char *mac, const char *text)
{
	struct via_err err = {0};
	int r = via_claims_mac_free(
		&m->claims, m->inv, &m->domains, mac_of(mac), addr_of(VF10), UUID_A, &err);

	assert_answer(r, text ? VIA_REFUSED_DUPLICATE_MAC : 0, &err, text ? text : "");
}

static void show_on_vf(struct mac_case *m, uint32_t pf, uint32_t vf)
{
	m->h.pfs[pf].vfs[vf].attrs.mac = mac_of(MAC);
	via_inventory_destroy(m->inv);
	m->inv = render(&m->h);
}

static void test_nobody_has_it(void **state)
{
	autocase m;
	struct via_err err = {0};

	(void)state;
	setup(&m);
	assert_mac(&m, MAC, NULL);
	assert_int_equal(via_claims_mac_free(
				 &m.claims, m.inv, NULL, mac_of(MAC), addr_of(VF10), UUID_A, &err),
		0);
	/* None administered is nobody's. */
	assert_int_equal(via_claims_mac_free(&m.claims, m.inv, &m.domains, (struct via_mac){{0}},
				 addr_of(VF10), UUID_A, &err),
		0);
}

static void test_claims(void **state)
{
	autocase m;
	struct via_claim there;

	(void)state;
	setup(&m);
	there = claim_of(VF11, PF1, UUID_B, MAC);
	add_claim(&m.claims, there);
	assert_mac(&m, MAC, "VM db (UUID " UUID_B ") has it with " VF11 " (preparing)");
	via_claims_finish(&m.claims);
	there = claim_of(VF11, PF1, UUID_A, MAC);
	add_claim(&m.claims, there);
	assert_mac(&m, MAC, "VM web");
	via_claims_finish(&m.claims);
	there.state = VIA_CLAIM_QUARANTINED;
	add_claim(&m.claims, there);
	assert_mac(&m, MAC, NULL);
	/* Its own, asked for once more. */
	via_claims_finish(&m.claims);
	add_claim(&m.claims, claim_of(VF10, PF1, UUID_A, MAC));
	assert_mac(&m, MAC, NULL);
}

static void test_sriov_cni_214_a_mac_left_behind_on_a_vf(void **state)
{
	autocase m;
	struct via_claim quarantined;

	(void)state;
	setup(&m);
	show_on_vf(&m, 0, 0);
	assert_mac(&m, MAC, NULL); /* the function itself */
	show_on_vf(&m, 1, 2);
	assert_mac(&m, MAC, "VF 2 of " PF2 " (0000:02:10.4) has it, and nobody has claimed that");
	assert_mac(&m, MAC, "take it off");
	hold_by(m.inv, "0000:02:10.4", VIA_HOLDER_PROCESS, "dpdk", NULL);
	assert_mac(&m, MAC, "held by process dpdk (pid 812)");
	quarantined =
		claim_on(m.inv, "0000:02:10.4", UUID_A, VIA_CLAIM_QUARANTINED, VIA_CLAIM_HOOK);
	add_claim(&m.claims, quarantined);
	assert_mac(&m, MAC, "claimed by VM web (UUID " UUID_A ") (quarantined)");
}

static void test_a_vf_entry_without_its_function(void **state)
{
	autocase m;

	(void)state;
	setup(&m);
	m.h.pfs[1].vfs[2].missing = true;
	show_on_vf(&m, 1, 2);
	assert_mac(&m, MAC, "VF 2 of " PF2 " (not there) has it");
}

static void test_net_devices_of_the_host(void **state)
{
	autocase m;
	struct via_netdev *bridge, *own;

	(void)state;
	setup(&m);
	assert_mac(&m, "52:54:00:76:00:01", "net device eth0 of the host (" PF1 ") has it");
	bridge = &m.inv->netdevs[m.inv->n_netdevs++];
	*bridge = (struct via_netdev){
		.name = "br0", .kind = "bridge", .ifindex = 90, .mac = mac_of(MAC)};
	assert_mac(&m, MAC, "net device br0 of the host has it");
	/* What only stands for the function has its address. */
	bridge->representor = true;
	bridge->rep_pf = addr_of(PF1);
	bridge->rep_vf = 0;
	assert_mac(&m, MAC, NULL);
	bridge->rep_vf = 1;
	assert_mac(&m, MAC, "br0");
	m.inv->n_netdevs--;
	own = (struct via_netdev *)via_device_netdev(m.inv, device_at(m.inv, VF10));
	assert_non_null(own);
	own->mac = mac_of(MAC);
	assert_mac(&m, MAC, NULL);
	own->mac = (struct via_mac){{0}};
	own = (struct via_netdev *)via_device_netdev(m.inv, device_at(m.inv, PF2));
	own->perm_mac = mac_of(MAC);
	assert_mac(&m, MAC, "eth1 of the host (" PF2 ") has it as its permanent address");
}

static void test_a_bond_took_another_address_for_its_port(void **state)
{
	autocase m;

	(void)state;
	setup(&m);
	((struct via_netdev *)via_device_netdev(m.inv, device_at(m.inv, PF2)))->mac =
		mac_of("52:54:00:76:00:77");
	assert_mac(&m, "52:54:00:76:00:77", "eth1");
	assert_mac(&m, "52:54:00:76:00:02", "permanent address");
}

static void test_nics_of_other_domains(void **state)
{
	autocase m;

	(void)state;
	setup(&m);
	m.list[1].n_nics = 1;
	m.list[1].nics = &m.nic;
	assert_mac(&m, MAC, "the domain db (UUID " UUID_B ") has it on its NIC vnet3");
	m.nic.mac = mac_of("52:54:00:aa:00:02");
	assert_mac(&m, MAC, NULL);
	m.list[1].n_devs = 1;
	m.list[1].devs = &m.dev;
	m.dev.addr = addr_of(VF20);
	assert_mac(&m, MAC, "its device " VF20);
	/* A copy that does not run disturbs nobody. */
	m.list[1].active = false;
	assert_mac(&m, MAC, NULL);
}

/* The host's end of a tap has an address of its own (libvirt: fe: for the first byte). */
static void test_a_taps_own_address_is_not_its_guests(void **state)
{
	autocase m;
	struct via_netdev *tap;

	(void)state;
	setup(&m);
	tap = &m.inv->netdevs[m.inv->n_netdevs++];
	*tap = (struct via_netdev){
		.name = "vnet3", .kind = "tun", .ifindex = 91, .mac = mac_of("fe:54:00:aa:00:01")};
	assert_mac(&m, MAC, NULL);
	/* A macvtap has its guest's: of a teaming pair of the same VM it is no duplicate. */
	tap->mac = mac_of(MAC);
	assert_mac(&m, MAC, "vnet3");
	m.nic.persistent = true;
	strcpy(m.nic.alias, "ua-net0");
	m.list[0].n_nics = 1;
	m.list[0].nics = &m.nic;
	assert_mac(&m, MAC, NULL);
}

static void test_only_a_teaming_pair_shares_a_mac(void **state)
{
	autocase m;

	(void)state;
	setup(&m);
	m.list[0].n_nics = 1;
	m.list[0].nics = &m.nic;
	assert_mac(&m, MAC, "its own domain web (UUID " UUID_A ") has it on its NIC vnet3");
	assert_mac(&m, MAC, "teaming");
	strcpy(m.nic.alias, "ua-net0");
	assert_mac(&m, MAC, "teaming");
	m.nic.persistent = true;
	assert_mac(&m, MAC, NULL); /* the function comes later, by request */
	m.list[0].n_devs = 1;
	m.list[0].devs = &m.dev;
	m.dev.addr = addr_of(VF10);
	assert_mac(&m, MAC, "teaming");
	strcpy(m.dev.partner, "ua-net1");
	assert_mac(&m, MAC, "teaming");
	strcpy(m.dev.partner, "ua-net0");
	assert_mac(&m, MAC, NULL);
	/* A second function with it is no part of the pair. */
	m.dev.addr = addr_of(VF20);
	assert_mac(&m, MAC, "its device " VF20);
	/* What a VM that does not run will have, its start decides. */
	m.list[0].active = false;
	assert_mac(&m, MAC, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_has_it),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_sriov_cni_214_a_mac_left_behind_on_a_vf),
		cmocka_unit_test(test_a_vf_entry_without_its_function),
		cmocka_unit_test(test_net_devices_of_the_host),
		cmocka_unit_test(test_a_bond_took_another_address_for_its_port),
		cmocka_unit_test(test_nics_of_other_domains),
		cmocka_unit_test(test_a_taps_own_address_is_not_its_guests),
		cmocka_unit_test(test_only_a_teaming_pair_shares_a_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
