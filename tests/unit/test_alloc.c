/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which VF of a network a VM gets, and which it never gets. */
#include "test_alloc_host.h"

/* --- order --- */

static void test_spread_and_pack(void **state)
{
	const struct via_alloc_request q = scene_request("blue");

	(void)state;
	{
		autoscene s;

		scene_begin(&s, CONFIG);
		scene_gets(&s, &q, VF10);
		scene_claim(&s, VF10, "a", VIA_CLAIM_ACTIVE);
		scene_gets(&s, &q, VF20);
		scene_claim(&s, VF20, "b", VIA_CLAIM_ACTIVE);
		scene_gets(&s, &q, VF11);
	}
	{
		autoscene s;

		scene_begin(&s, CONFIG_WITH("", "", PACK, ""));
		scene_claim(&s, VF20, "b", VIA_CLAIM_ACTIVE);
		scene_gets(&s, &q, VF10);
		scene_claim(&s, VF10, "a", VIA_CLAIM_ACTIVE);
		scene_gets(&s, &q, VF11);
	}
}

static void test_uplinks_in_order(void **state)
{
	const struct via_alloc_request q = scene_request("green");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", "",
				",{\"name\":\"green\",\"uplinks\":[\"west\",\"east\"]" PACK "}"));
	scene_gets(&s, &q, VF20);
	for (int i = 0; i < 4; i++)
		s.host.pfs[1].vfs[i].missing = true;
	scene_render(&s);
	scene_gets(&s, &q, VF10);
}

/* One uplink only: the other PF's VFs are none of it, however free they are. */
static void test_only_uplinks(void **state)
{
	const struct via_alloc_request q = scene_request("green");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", "", ",{\"name\":\"green\",\"uplinks\":[\"west\"]}"));
	for (uint32_t i = 0; i < 4; i++) {
		struct via_claim c = scene_alloc(&s, &q);

		assert_true(via_addr_eq(c.fn.pf, addr_of(PF2)));
		scene_claim(&s, via_addr_fmt(c.fn.addr), "x", VIA_CLAIM_ACTIVE);
	}
	scene_refused(&s, &q, VIA_REFUSED_NO_FREE_VF, "4 VFs of west: 4 claimed by x");
}

static void test_other_networks_vfs(void **state)
{
	const struct via_alloc_request blue = scene_request("blue"), green = scene_request("green");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"network\":\"green\"},\"vfs\":[{\"index\":3,"
				    "\"network\":\"blue\"}]",
				",\"vf\":{\"network\":\"green\"}", "", ",{\"name\":\"green\"}"));
	scene_gets(&s, &blue, VF13);
	scene_claim(&s, VF13, "a", VIA_CLAIM_ACTIVE);
	scene_refused(&s, &blue, VIA_REFUSED_NO_FREE_VF, "7 more belong to other networks");
	/* Without uplinks those that name it, wherever they are. */
	scene_gets(&s, &green, VF20);
}

static void test_no_uplinks_nobody_names_it(void **state)
{
	const struct via_alloc_request q = scene_request("green");
	autoscene s;

	(void)state;
	scene_begin(
		&s, CONFIG_WITH(",\"vf\":{\"network\":\"blue\"}", "", "", ",{\"name\":\"green\"}"));
	scene_gets(&s, &q, VF20);
}

static void at_node(struct scene *s, const char *pf, int node)
{
	for (size_t i = 0; i < s->inv->n_devices; i++)
		if (via_addr_eq(s->inv->devices[i].addr, addr_of(pf)) ||
			via_addr_eq(s->inv->devices[i].pf, addr_of(pf)))
			s->inv->devices[i].numa_node = node;
}

static void test_numa(void **state)
{
	static const struct {
		const char *config;
		int east, west;
		enum via_numa_mode mode;
		uint64_t nodes;
		const char *gets; /* NULL: nothing, though VFs are free */
	} cases[] = {
		{CONFIG, 0, 1, VIA_NUMA_PREFERRED, 2, VF20},
		{CONFIG, 0, 1, VIA_NUMA_STRICT, 2, VF20},
		{CONFIG, 0, 1, VIA_NUMA_STRICT, 3, VF10},
		{CONFIG, 0, 1, VIA_NUMA_NONE, 2, VF10},
		{CONFIG, 0, 0, VIA_NUMA_STRICT, 2, VF10},  /* prefers: far is better than none */
		{CONFIG, 0, -1, VIA_NUMA_STRICT, 2, VF20}, /* unknown is better than far */
		{CONFIG_WITH("", "", ",\"numa\":\"ignore\"", ""), 0, 1, VIA_NUMA_STRICT, 2, VF10},
		{CONFIG_WITH("", "", ",\"numa\":\"require\"", ""), 0, 1, VIA_NUMA_STRICT, 2, VF20},
		{CONFIG_WITH("", "", ",\"numa\":\"require\"", ""), 0, 0, VIA_NUMA_STRICT, 2, NULL},
		{CONFIG_WITH("", "", ",\"numa\":\"require\"", ""), 0, 0, VIA_NUMA_PREFERRED, 2,
			VF10},
		{CONFIG_WITH("", "", ",\"numa\":\"require\"", ""), -1, 0, VIA_NUMA_STRICT, 2, VF10},
		/* Packed: the uplinks' order first, nearness within one. */
		{CONFIG_WITH("", "", PACK, ""), 0, 1, VIA_NUMA_STRICT, 2, VF10},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_alloc_request q = scene_request("blue");
		autoscene s;

		scene_begin(&s, cases[i].config);
		at_node(&s, PF1, cases[i].east);
		at_node(&s, PF2, cases[i].west);
		q.numa = cases[i].mode;
		q.nodes = cases[i].nodes;
		if (cases[i].gets)
			scene_gets(&s, &q, cases[i].gets);
		else
			scene_refused(&s, &q, VIA_REFUSED_NO_FREE_VF,
				"set the network's \"numa\" to \"prefer\"");
	}
}

static void test_msix(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", ",\"msix\":5", ""));
	scene_refused(&s, &q, VIA_REFUSED_NO_FREE_VF, "8 with too few MSI-X vectors");
	s.host.pfs[1].vfs[2].msix = 5;
	scene_render(&s);
	scene_gets(&s, &q, "0000:02:10.4");
	q.msix = 6;
	scene_refused(&s, &q, VIA_REFUSED_NO_FREE_VF, "MSI-X");
	q = scene_named(VF10);
	q.msix = 4;
	scene_refused(&s, &q, VIA_REFUSED_NO_FREE_VF, "has 3 MSI-X vectors and 4 are needed");
}

/* --- never --- */

static void spoil_claim(struct scene *s)
{
	scene_claim(s, VF10, "db", VIA_CLAIM_ACTIVE);
}

static void spoil_preparing(struct scene *s)
{
	scene_claim(s, VF10, "db", VIA_CLAIM_PREPARING);
}

static void spoil_releasing(struct scene *s)
{
	scene_claim(s, VF10, "db", VIA_CLAIM_RELEASING);
}

static void spoil_quarantine(struct scene *s)
{
	scene_claim(s, VF10, "db", VIA_CLAIM_QUARANTINED);
}

static void spoil_guest(struct scene *s)
{
	hold_by(s->inv, VF10, VIA_HOLDER_DOMAIN, "db", UUID_B);
}

static void spoil_process(struct scene *s)
{
	hold_by(s->inv, VF10, VIA_HOLDER_PROCESS, "testpmd", NULL);
}

static void spoil_netns(struct scene *s)
{
	hold_by(s->inv, VF10, VIA_HOLDER_NETNS, "blue", "eth0");
}

static void spoil_host(struct scene *s)
{
	hold_by(s->inv, VF10, VIA_HOLDER_HOST, "eth0v0", "has address 10.0.0.1/24");
}

static void spoil_bridge(struct scene *s)
{
	struct via_netdev *n;

	strcpy(s->host.pfs[0].vfs[0].driver, HOST_DRIVER);
	scene_render(s);
	n = (struct via_netdev *)via_inventory_netdev_named(s->inv, "eth0v0");
	assert_non_null(n);
	n->master = 1; /* whatever it is: it is on something */
}

static void spoil_lifeline(struct scene *s)
{
	device_at(s->inv, VF10)->carries_host = true;
}

static void spoil_drain(struct scene *s)
{
	assert_int_equal(via_claims_drain(&s->claims, addr_of(PF1), "test", 1, NULL), 0);
}

static void spoil_block(struct scene *s)
{
	s->blocked = addr_of(PF1);
}

static void spoil_whole(struct scene *s)
{
	scene_claim(s, PF1, "fw", VIA_CLAIM_ACTIVE);
}

static void spoil_pf_driver(struct scene *s)
{
	device_at(s->inv, PF1)->driver = "vfio-pci";
}

static void spoil_pf_netns(struct scene *s)
{
	device_at(s->inv, PF1)->n_netdevs = 0;
}

static void spoil_group(struct scene *s)
{
	s->host.pfs[0].vfs[0].group = 50;
	s->host.pfs[1].vfs[0].group = 50;
	strcpy(s->host.pfs[1].vfs[0].driver, HOST_DRIVER);
	scene_render(s);
}

static void spoil_group_claimed(struct scene *s)
{
	s->host.pfs[0].vfs[0].group = 50;
	s->host.pfs[1].vfs[0].group = 50;
	strcpy(s->host.pfs[1].vfs[0].driver, "vfio-pci");
	scene_render(s);
	scene_claim(s, VF20, "db", VIA_CLAIM_ACTIVE);
}

static void spoil_iommu(struct scene *s)
{
	s->host.no_iommu = true;
	scene_render(s);
}

/* It runs with it, and has not opened it yet. */
static void spoil_listed(struct scene *s)
{
	static struct via_domain_dev dev;
	static struct via_domain dom = {.uuid = UUID_B, .name = "db", .active = true, .n_devs = 1};

	dev.addr = addr_of(VF10);
	dom.devs = &dev;
	s->domains = (struct via_domains){.connected = true, .n = 1, .list = &dom};
}

static void spoil_missing(struct scene *s)
{
	device_at(s->inv, VF10)->vf_index = 1;
}

/* Each forbids VF 0 of east, by its name and unasked. */
static const struct {
	const char *what;
	void (*spoil)(struct scene *s);
	int named;	   /* what one gets who names it */
	const char *text;  /* in that message */
	const char *count; /* in the message of a network without a free VF; NULL: not at issue */
} never[] = {
	{"claimed", spoil_claim, VIA_REFUSED_CLAIMED, "belongs to db", "8 claimed by db, x;"},
	{"being claimed", spoil_preparing, VIA_REFUSED_BUSY, "being given to db",
		"1 being claimed or released: 0000:01:10.0"},
	{"being released", spoil_releasing, VIA_REFUSED_BUSY, "being cleaned after db",
		"1 being claimed or released"},
	{"quarantined", spoil_quarantine, VIA_REFUSED_QUARANTINED, "viaduct quarantine clear",
		"1 quarantined: 0000:01:10.0"},
	{"a guest's", spoil_guest, VIA_REFUSED_IN_USE, "domain db (pid 812, UUID",
		"1 in use: 0000:01:10.0 by domain db"},
	{"a running domain's", spoil_listed, VIA_REFUSED_IN_USE, "domain db runs with it",
		"1 in use: 0000:01:10.0"},
	{"a process's", spoil_process, VIA_REFUSED_IN_USE, "testpmd", "1 in use"},
	{"in a namespace", spoil_netns, VIA_REFUSED_IN_USE, "network namespace blue", "1 in use"},
	/* lxd 8368, incus 2845: a VF that the host itself uses was handed out. */
	{"with an address of the host", spoil_host, VIA_REFUSED_IN_USE, "10.0.0.1/24", "1 in use"},
	{"on a bridge", spoil_bridge, VIA_REFUSED_IN_USE, "is on eth0v0", "1 in use"},
	{"a lifeline", spoil_lifeline, VIA_REFUSED_PROTECTED, "cut the host off",
		"1 carrying the host's own traffic"},
	{"drained", spoil_drain, VIA_REFUSED_DRAINING, "is drained", "on a drained PF"},
	{"blocked", spoil_block, VIA_REFUSED_BLOCKED, "has not come back", "on a PF that hangs"},
	/* nova 1969496, 1986838: PF and VF both handed out. */
	{"of a PF given away whole", spoil_whole, VIA_REFUSED_CLAIMED, "belongs to fw as a whole",
		"on a PF that is given away whole"},
	{"of a PF passed through", spoil_pf_driver, VIA_REFUSED_UNSUPPORTED,
		"passed through itself", "on a PF that cannot configure them"},
	{"of a PF without a net device", spoil_pf_netns, VIA_REFUSED_UNSUPPORTED,
		"no net device in this network namespace", "on a PF that cannot configure them"},
	{"in a shared group", spoil_group, VIA_REFUSED_UNSAFE_GROUP, "IOMMU group 50",
		"in an IOMMU group with another owner"},
	{"in a claimed group", spoil_group_claimed, VIA_REFUSED_UNSAFE_GROUP,
		"another VM has claimed", "in an IOMMU group with another owner"},
	{"without IOMMU", spoil_iommu, VIA_REFUSED_NO_IOMMU, "no IOMMU in use", "without an IOMMU"},
	{"not what its PF says", spoil_missing, VIA_REFUSED_MISMATCH, "rescan the bus",
		"1 not what its PF says"},
};

static void test_never(void **state)
{
	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(never); i++) {
		struct via_alloc_request q = scene_named(VF10), any = scene_request("blue");
		struct via_claim got;
		autoscene s;

		scene_begin(&s, CONFIG);
		scene_all_vfio(&s);
		scene_gets(&s, &q, VF10); /* it is free until it is spoilt */
		never[i].spoil(&s);
		print_message("%s\n", never[i].what);
		scene_refused(&s, &q, never[i].named, never[i].text);
		/* Whatever a search gives, it is not this one. */
		while (!via_alloc(&s.w, &any, &got, NULL)) {
			assert_false(via_addr_eq(got.fn.addr, addr_of(VF10)));
			scene_claim(&s, via_addr_fmt(got.fn.addr), "x", VIA_CLAIM_ACTIVE);
		}
		scene_refused(&s, &any, VIA_REFUSED_NO_FREE_VF, never[i].count);
	}
}

static void test_drifted(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", PACK, ""));
	s.drifted = addr_of(VF10);
	scene_gets(&s, &q, VF11);
	/* Named, it is configured anew and read back. */
	q = scene_named(VF10);
	scene_gets(&s, &q, VF10);
}

static void test_for_the_host(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vfs\":[{\"index\":0,\"driver\":\"host\"}]", "", PACK, ""));
	scene_gets(&s, &q, VF11);
	q = scene_named(VF10);
	scene_gets(&s, &q, VF10);
}

static void test_unmanaged(void **state)
{
	struct via_alloc_request q = scene_named(VF10);
	autoscene s;

	(void)state;
	scene_begin(&s, "{\"pfs\":[" WEST "}]}");
	scene_refused(&s, &q, VIA_REFUSED_VERIFY_ONLY, "no entry of \"pfs\" manages its PF");
	scene_end(&s);
	scene_begin(&s, CONFIG_WITH(",\"verify_only\":true", "", "", ""));
	scene_refused(&s, &q, VIA_REFUSED_VERIFY_ONLY, "viaduct.json:1");
	q = scene_request("blue");
	scene_gets(&s, &q, VF20);
}

/* --- a PF as a whole --- */

/* nova 1969496, 1986838: PF and VF both handed out. */
static void test_nova_1969496_pf_and_vf_exclude_each_other(void **state)
{
	struct via_alloc_request q = scene_named(PF1);
	struct via_claim c;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "--whole");
	q.whole = true;
	scene_refused(&s, &q, VIA_REFUSED_IN_USE, "4 VFs");
	scene_claim(&s, VF11, "db", VIA_CLAIM_QUARANTINED);
	scene_refused(&s, &q, VIA_REFUSED_CLAIMED, "its VF 0000:01:10.2 is quarantined after db");
	scene_end(&s);
	scene_begin(&s, CONFIG);
	s.host.pfs[0].num = 0;
	scene_render(&s);
	device_at(s.inv, PF1)->protected_ = true;
	scene_refused(&s, &q, VIA_REFUSED_PROTECTED, PF1);
	device_at(s.inv, PF1)->protected_ = false;
	q.driver = true;
	c = scene_alloc(&s, &q);
	assert_true(c.whole);
	assert_true(c.managed);
	assert_int_equal(c.wanted.known, 0);
	assert_true(c.has_driver);
	assert_string_equal(c.wanted_driver, "vfio-pci");
	assert_string_equal(c.driver_before, "igb");
}

static void test_named_wrong(void **state)
{
	struct via_alloc_request q = scene_named("0000:05:00.0");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", "", ",{\"name\":\"green\",\"uplinks\":[\"west\"]}"));
	scene_refused(&s, &q, VIA_REFUSED_NOT_FOUND, "0000:05:00.0");
	q = scene_named(VF10);
	q.whole = true;
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "is a VF");
	q = scene_request("red");
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "configured are: blue, green");
	q = scene_named(VF10);
	q.network = "green";
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "no uplink of network green (they are: west)");
	q = (struct via_alloc_request){.name = "web"};
	scene_refused(&s, &q, VIA_REFUSED_INVALID, "name a network or a device");
}

/* --- what is said when there is none --- */

/* lxd 8368, incus 2845: VFs were grown silently. Here the message says what would help. */
static void test_lxd_8368_never_grows_vfs_but_says_how(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;

	(void)state;
	scene_begin(&s,
		"{\"pfs\":[" EAST "},{\"label\":\"south\",\"match\":{\"address\":\"0000:07:00.0\"}}"
		"],\"networks\":[{\"name\":\"blue\",\"uplinks\":[\"east\","
		"\"south\"]}]}");
	scene_claim(&s, VF10, "web1", VIA_CLAIM_ACTIVE);
	scene_claim(&s, VF11, "web2", VIA_CLAIM_ACTIVE);
	scene_claim(&s, VF12, "web1", VIA_CLAIM_QUARANTINED);
	hold_by(s.inv, VF13, VIA_HOLDER_HOST, "eth0v3", "has address 10.0.0.1/24");
	assert_int_equal(via_alloc(&s.w, &q, &c, &e), VIA_REFUSED_NO_FREE_VF);
	assert_string_equal(e.msg, "network blue has no free VF: 4 VFs of east: 2 claimed by web1, "
				   "web2; 1 quarantined: "
				   "0000:01:10.4; 1 in use: 0000:01:10.6 by the host itself "
				   "(eth0v3 has address 10.0.0.1/24); "
				   "uplinks that are absent: south; raise \"num_vfs\" of east (4, "
				   "up to 7, by recreating them), "
				   "release one, clear the quarantine, stop what "
				   "uses one, or add an uplink");
}

static void test_message_fits(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	struct via_claim c;
	struct via_err e = {0};
	autoscene s;
	char name[200];

	(void)state;
	scene_begin(&s, CONFIG);
	memset(name, 'n', sizeof(name));
	name[199] = '\0';
	for (size_t i = 0; i < 4; i++) {
		name[0] = (char)('a' + i);
		scene_claim(&s, via_addr_fmt(host_vf_addr(&s.host.pfs[0], (uint32_t)i)), name,
			VIA_CLAIM_ACTIVE);
		hold_by(s.inv, via_addr_fmt(host_vf_addr(&s.host.pfs[1], (uint32_t)i)),
			VIA_HOLDER_DOMAIN, name, UUID_A);
	}
	assert_int_equal(via_alloc(&s.w, &q, &c, &e), VIA_REFUSED_NO_FREE_VF);
	assert_true(strlen(e.msg) < 900);
	assert_non_null(strstr(e.msg, "and 2 more"));
	assert_non_null(strstr(e.msg, "or add an uplink"));
}

static void test_network_use(void **state)
{
	struct via_network_use use;
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG);
	scene_claim(&s, VF10, "a", VIA_CLAIM_ACTIVE);
	scene_claim(&s, VF11, "b", VIA_CLAIM_RELEASING);
	scene_claim(&s, VF12, "c", VIA_CLAIM_QUARANTINED);
	hold_by(s.inv, VF20, VIA_HOLDER_DOMAIN, "d", UUID_A);
	via_alloc_network_use(&s.w, &s.config->networks[0], &use);
	assert_int_equal(use.total, 8);
	assert_int_equal(use.claimed, 2);
	assert_int_equal(use.quarantined, 1);
	assert_int_equal(use.unusable, 1);
	assert_int_equal(use.free, 4);
}

/* A claim stands at its card's old address until that is put right; the card is nobody else's. */
static void test_moved_card_is_still_claimed(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	autoscene s;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", PACK, ""));
	scene_claim(&s, VF10, "db", VIA_CLAIM_ACTIVE);
	/* The two cards change places. */
	s.host.pfs[0].mac = (struct via_mac){{0x52, 0x54, 0, 0x76, 0, 2}};
	s.host.pfs[1].mac = (struct via_mac){{0x52, 0x54, 0, 0x76, 0, 1}};
	scene_render(&s);
	scene_gets(&s, &q, VF11);
	q = scene_named(VF20);
	scene_refused(&s, &q, VIA_REFUSED_CLAIMED, "belongs to db");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spread_and_pack),
		cmocka_unit_test(test_uplinks_in_order),
		cmocka_unit_test(test_only_uplinks),
		cmocka_unit_test(test_other_networks_vfs),
		cmocka_unit_test(test_no_uplinks_nobody_names_it),
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_msix),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_drifted),
		cmocka_unit_test(test_for_the_host),
		cmocka_unit_test(test_unmanaged),
		cmocka_unit_test(test_nova_1969496_pf_and_vf_exclude_each_other),
		cmocka_unit_test(test_named_wrong),
		cmocka_unit_test(test_lxd_8368_never_grows_vfs_but_says_how),
		cmocka_unit_test(test_message_fits),
		cmocka_unit_test(test_network_use),
		cmocka_unit_test(test_moved_card_is_still_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
