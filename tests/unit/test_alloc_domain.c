/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A domain that starts: what its host devices come to, and what its XML must say. */
#include "test_alloc_host.h"

#define XML_MAC "52:54:00:aa:00:01"

struct dom {
	struct via_domain d;
	struct via_domain_dev devs[4];
	struct via_domain_nic nics[2];
};

static void dom_begin(struct dom *m)
{
	*m = (struct dom){.d = {.uuid = UUID_A, .name = "web"}};
	m->d.devs = m->devs;
	m->d.nics = m->nics;
}

/* A plain <hostdev managed='yes'>. */
static struct via_domain_dev *hostdev(struct dom *m, const char *addr)
{
	struct via_domain_dev *d = &m->devs[m->d.n_devs++];

	*d = (struct via_domain_dev){.addr = addr_of(addr), .managed = true};
	return d;
}

static struct via_domain_dev *interface(struct dom *m, const char *addr, const char *mac)
{
	struct via_domain_dev *d = hostdev(m, addr);

	d->interface = true;
	d->has_mac = true;
	d->mac = mac_of(mac);
	return d;
}

static void tag(struct via_domain_dev *d, uint16_t vlan)
{
	d->n_tags = 1;
	d->tag = vlan;
}

static void claims_finish(struct via_domain_claims *c)
{
	via_domain_claims_finish(c);
}
#define autoout __attribute__((cleanup(claims_finish))) struct via_domain_claims

static struct via_domain_claims take_as(
	struct scene *s, struct dom *m, enum via_claim_origin origin)
{
	struct via_domain_claims out = {0};
	struct via_err e = {0};

	if (via_alloc_domain(&s->w, &m->d, origin, &out, &e))
		fail_msg("%s", e.msg);
	return out;
}

static struct via_domain_claims take(struct scene *s, struct dom *m)
{
	return take_as(s, m, VIA_CLAIM_HOOK);
}

static void refused(struct scene *s, struct dom *m, int code, const char *part)
{
	struct via_domain_claims out = {.n = 77};
	struct via_err e = {0};
	int r = via_alloc_domain(&s->w, &m->d, VIA_CLAIM_HOOK, &out, &e);

	assert_answer(r, code, &e, part);
	assert_non_null(strstr(e.msg, "domain web"));
	assert_int_equal(out.n, 77);
}

/* --- what becomes a claim --- */

static void test_interface(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"network\":\"blue\"}", "", "", ""));
	dom_begin(&m);
	tag(interface(&m, VF10, XML_MAC), 100);
	out = take(&s, &m);
	assert_int_equal(out.n, 1);
	assert_false(out.known[0]);
	assert_true(out.list[0].managed);
	assert_string_equal(out.list[0].uuid, UUID_A);
	assert_string_equal(out.list[0].name, "web");
	assert_string_equal(out.list[0].network, "blue");
	assert_int_equal(out.list[0].origin, VIA_CLAIM_HOOK);
	assert_int_equal(out.list[0].state, VIA_CLAIM_PREPARING);
	assert_int_equal(out.list[0].wanted.vlan, 100);
	assert_true(out.list[0].wanted.spoofchk);
	assert_true(via_mac_eq(out.list[0].wanted.mac, mac_of(XML_MAC)));
	assert_false(out.list[0].has_driver); /* managed='yes': libvirt does that */
}

static void test_metadata_before_configuration(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"network\":\"green\"}", "", "",
				",{\"name\":\"green\",\"vlan\":7}"));
	dom_begin(&m);
	strcpy(hostdev(&m, VF10)->network, "blue");
	hostdev(&m, VF11)->managed = false;
	out = take(&s, &m);
	assert_int_equal(out.n, 2);
	assert_string_equal(out.list[0].network, "blue");
	assert_int_equal(out.list[0].wanted.vlan, 100);
	assert_string_equal(out.list[1].network, "green");
	assert_int_equal(out.list[1].wanted.vlan, 7);
	/* managed='no', and no vfio driver yet. */
	assert_true(out.list[1].has_driver);
	assert_string_equal(out.list[1].wanted_driver, "vfio-pci");
	assert_string_equal(out.list[1].driver_before, HOST_DRIVER);
	/* A plain <hostdev> has no MAC of its own. */
	assert_int_equal(out.list[0].wanted.mac.b[0], 0x56);
	assert_false(via_mac_eq(out.list[0].wanted.mac, out.list[1].wanted.mac));
}

static void test_unknown_network(void **state)
{
	autoscene s;
	struct dom m;

	(void)state;
	scene_begin(&s, CONFIG);
	dom_begin(&m);
	strcpy(hostdev(&m, VF10)->network, "bleu");
	refused(&s, &m, VIA_REFUSED_INVALID,
		"no network \"bleu\" in the configuration; configured are: blue");
}

static void test_teamed(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG);
	dom_begin(&m);
	strcpy(hostdev(&m, VF10)->partner, "ua-net0");
	m.nics[0] = (struct via_domain_nic){
		.has_mac = true, .mac = mac_of(XML_MAC), .alias = "ua-net0"};
	m.d.n_nics = 1;
	out = take(&s, &m);
	assert_true(via_mac_eq(out.list[0].wanted.mac, mac_of(XML_MAC)));
}

static void test_not_ours(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, "{\"pfs\":[" WEST ",\"verify_only\":true}]}");
	s.host.has_nic = true;
	scene_render(&s);
	device_at(s.inv, VF21)->is_nic = false; /* as a GPU would be */
	dom_begin(&m);
	hostdev(&m, VF10);
	hostdev(&m, VF20);
	hostdev(&m, "0000:09:00.0");
	hostdev(&m, VF21);
	out = take(&s, &m);
	assert_int_equal(out.n, 3);
	for (size_t i = 0; i < out.n; i++) {
		assert_false(out.list[i].managed);
		assert_int_equal(out.list[i].wanted.known, 0);
		assert_false(out.list[i].has_driver);
	}
	assert_true(out.list[2].whole);
	/* One owner all the same. */
	scene_claim(&s, VF20, "db", VIA_CLAIM_ACTIVE);
	refused(&s, &m, VIA_REFUSED_CLAIMED, "belongs to db");
}

/* A policy that nobody would put into effect is no policy. */
static void test_network_on_what_is_not_ours(void **state)
{
	autoscene s;
	struct dom m;

	(void)state;
	scene_begin(&s, "{\"pfs\":[" WEST "}],\"networks\":[{\"name\":\"blue\"}]}");
	dom_begin(&m);
	strcpy(hostdev(&m, VF10)->network, "blue");
	refused(&s, &m, VIA_REFUSED_VERIFY_ONLY, "no entry of \"pfs\" manages its PF");
	dom_begin(&m);
	strcpy(hostdev(&m, PF2)->network, "blue");
	refused(&s, &m, VIA_REFUSED_INVALID, "it is no VF");
}

static void test_pool(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG);
	dom_begin(&m);
	interface(&m, VF10, XML_MAC)->pool = true;
	out = take(&s, &m);
	assert_string_equal(out.list[0].reason, "libvirt chose it from a network of its own");
	scene_claim(&s, VF10, "db", VIA_CLAIM_QUARANTINED);
	refused(&s, &m, VIA_REFUSED_QUARANTINED,
		"<interface type='network'> with source 0000:01:10.0");
}

/* --- VLAN: nova's check_exit_code=[0,2,254] let a VM start without its VLAN --- */

static void test_nova_check_exit_code_no_start_without_vlan(void **state)
{
	static const struct {
		const char *blue; /* of the network, besides "vlan": 100 */
		int tag;	  /* -1 none */
		const char *text; /* of the refusal; NULL: it starts */
	} cases[] = {
		{"", 100, NULL},
		{"", -1, "put <vlan><tag id='100'/></vlan> into the <interface>"},
		{"", 101, "the XML has <tag id='101'/>"},
		{",\"qos\":3", 100, "<hostdev mode='subsystem' type='pci'>"},
		{",\"vlan_proto\":\"802.1ad\"", 100, "802.1ad"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_domain_dev *d;
		char config[1024];
		autoscene s;
		struct dom m;
		autoout out = {0};

		snprintf(config, sizeof(config), CONFIG_WITH("", "", "%s", ""), cases[i].blue);
		scene_begin(&s, config);
		dom_begin(&m);
		d = interface(&m, VF10, XML_MAC);
		strcpy(d->network, "blue");
		if (cases[i].tag >= 0)
			tag(d, (uint16_t)cases[i].tag);
		if (cases[i].text) {
			refused(&s, &m, VIA_REFUSED_INVALID, cases[i].text);
			/* libvirt sets nothing on a plain one: there it is ours. */
			d->interface = false;
		}
		out = take(&s, &m);
		assert_int_equal(out.list[0].wanted.vlan, 100);
	}
}

static void test_vlan_of_the_xml_alone(void **state)
{
	struct via_domain_dev *d;
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", "", ",{\"name\":\"flat\"}"));
	dom_begin(&m);
	d = interface(&m, VF10, XML_MAC);
	tag(d, 9);
	out = take(&s, &m);
	assert_int_equal(out.list[0].wanted.vlan, 9);
	/* A network that names none is the untagged one. */
	strcpy(d->network, "flat");
	refused(&s, &m, VIA_REFUSED_INVALID, "take <vlan> out of it");
	d->network[0] = '\0';
	d->trunk = true;
	refused(&s, &m, VIA_REFUSED_INVALID, "no trunk");
}

/* --- refusals --- */

static void test_second_domain_gets_a_line_for_its_xml(void **state)
{
	autoscene s;
	struct dom m;

	(void)state;
	scene_begin(&s, CONFIG_WITH(",\"vf\":{\"network\":\"blue\"}",
				",\"vf\":{\"network\":\"blue\"}", "", ""));
	scene_claim(&s, VF10, "db", VIA_CLAIM_ACTIVE);
	dom_begin(&m);
	tag(interface(&m, VF10, XML_MAC), 100);
	refused(&s, &m, VIA_REFUSED_CLAIMED,
		"domain web, <interface type='hostdev'> with source 0000:01:10.0: 0000:01:10.0 "
		"belongs to db");
	refused(&s, &m, VIA_REFUSED_CLAIMED,
		"free in network blue: <address type='pci' domain='0x0000' bus='0x02' slot='0x10' "
		"function='0x0'/>");
}

static void test_not_there(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG);
	dom_begin(&m);
	hostdev(&m, "0000:01:11.0");
	refused(&s, &m, VIA_REFUSED_NOT_FOUND, "no such device");
	out = take_as(&s, &m, VIA_CLAIM_ADOPTED);
	assert_int_equal(out.n, 0);
}

static void test_twice(void **state)
{
	autoscene s;
	struct dom m;

	(void)state;
	scene_begin(&s, CONFIG);
	dom_begin(&m);
	hostdev(&m, VF10);
	hostdev(&m, VF10);
	refused(&s, &m, VIA_REFUSED_INVALID, "another element");
	dom_begin(&m);
	interface(&m, VF10, XML_MAC);
	interface(&m, VF11, XML_MAC);
	refused(&s, &m, VIA_REFUSED_DUPLICATE_MAC, "would both have MAC " XML_MAC);
	dom_begin(&m);
	interface(&m, VF10, XML_MAC);
	s.host.pfs[1].vfs[3].attrs.mac = mac_of(XML_MAC);
	scene_render(&s);
	refused(&s, &m, VIA_REFUSED_DUPLICATE_MAC, XML_MAC);
}

static void test_refused_like_any_other(void **state)
{
	autoscene s;
	struct dom m;

	(void)state;
	scene_begin(&s, CONFIG);
	dom_begin(&m);
	hostdev(&m, VF10);
	hold_by(s.inv, VF10, VIA_HOLDER_PROCESS, "testpmd", NULL);
	refused(&s, &m, VIA_REFUSED_IN_USE, "testpmd");
	scene_render(&s);
	s.blocked = addr_of(PF1);
	refused(&s, &m, VIA_REFUSED_BLOCKED, "has not come back");
	s.blocked = (struct via_addr){0};
	assert_int_equal(via_claims_drain(&s.claims, addr_of(PF1), "test", 1, NULL), 0);
	refused(&s, &m, VIA_REFUSED_DRAINING, "drained");
	via_claims_undrain(&s.claims, addr_of(PF1));
	s.host.no_iommu = true;
	scene_render(&s);
	refused(&s, &m, VIA_REFUSED_NO_IOMMU, "no IOMMU");
	s.host.no_iommu = false;
	scene_render(&s);
	scene_claim(&s, PF1, "fw", VIA_CLAIM_ACTIVE);
	refused(&s, &m, VIA_REFUSED_CLAIMED, "belongs to fw as a whole");
}

static void test_required_node(void **state)
{
	autoscene s;
	struct dom m;

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", ",\"numa\":\"require\"", ""));
	device_at(s.inv, VF10)->numa_node = 0;
	device_at(s.inv, VF21)->numa_node = 1;
	dom_begin(&m);
	strcpy(hostdev(&m, VF10)->network, "blue");
	m.d.numa = VIA_NUMA_STRICT;
	m.d.nodes = 2;
	refused(&s, &m, VIA_REFUSED_NO_FREE_VF, "NUMA node 0");
	refused(&s, &m, VIA_REFUSED_NO_FREE_VF,
		"free in network blue: <address type='pci' "
		"domain='0x0000' bus='0x02' slot='0x10' "
		"function='0x2'/>");
}

/* Two of one group may both go to one VM, not to two. */
static void test_group_goes_along(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG);
	s.host.pfs[0].vfs[0].group = s.host.pfs[1].vfs[0].group = 50;
	scene_render(&s);
	dom_begin(&m);
	hostdev(&m, VF10);
	refused(&s, &m, VIA_REFUSED_UNSAFE_GROUP, "IOMMU group 50");
	hostdev(&m, VF20);
	out = take(&s, &m);
	assert_int_equal(out.n, 2);
}

/* --- claims it has already --- */

static void test_known_by_request(void **state)
{
	struct via_alloc_request q = scene_request("blue");
	struct via_claim c;
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG_WITH("", "", "", ",{\"name\":\"green\"}"));
	c = scene_alloc(&s, &q);
	c.state = VIA_CLAIM_ACTIVE;
	add_claim(&s.claims, c);
	/* Draining takes no new ones; this one is there. */
	assert_int_equal(via_claims_drain(&s.claims, addr_of(PF1), "test", 1, NULL), 0);
	strcpy(s.host.pfs[0].vfs[0].driver, "vfio-pci");
	scene_render(&s);
	dom_begin(&m);
	hostdev(&m, VF10)->managed = false;
	out = take(&s, &m);
	assert_true(out.known[0]);
	assert_int_equal(out.list[0].generation, s.claims.list[0].generation);
	assert_int_equal(out.list[0].origin, VIA_CLAIM_REQUEST);
	assert_int_equal(out.list[0].state, VIA_CLAIM_ACTIVE);
	assert_int_equal(out.list[0].wanted.vlan, 100); /* of the network it was claimed for */
	assert_true(via_mac_eq(out.list[0].wanted.mac, c.wanted.mac));
	assert_string_equal(out.list[0].driver_before, HOST_DRIVER); /* not vfio-pci */
	strcpy(m.devs[0].network, "green");
	refused(&s, &m, VIA_REFUSED_CONFLICT, "claimed for network blue");
	m.devs[0].network[0] = '\0';
	s.claims.list[0].state = VIA_CLAIM_RELEASING;
	refused(&s, &m, VIA_REFUSED_BUSY, "being cleaned after web");
}

static void test_adopted_as_it_runs(void **state)
{
	autoscene s;
	struct dom m;
	autoout out = {0};

	(void)state;
	scene_begin(&s, CONFIG);
	s.host.pfs[0].vfs[0].attrs.mac = mac_of(XML_MAC);
	s.host.no_iommu = true; /* whatever: it runs */
	strcpy(s.host.pfs[0].vfs[0].driver, "vfio-pci");
	scene_render(&s);
	s.blocked = addr_of(PF1);
	hold_by(s.inv, VF10, VIA_HOLDER_DOMAIN, "web", UUID_A);
	dom_begin(&m);
	tag(interface(&m, VF10, "52:54:00:aa:00:02"), 5);
	m.devs[0].managed = false;
	out = take_as(&s, &m, VIA_CLAIM_ADOPTED);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.list[0].origin, VIA_CLAIM_ADOPTED);
	assert_true(out.list[0].managed);
	assert_int_equal(out.list[0].wanted.known,
		VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN));
	assert_true(via_mac_eq(out.list[0].wanted.mac, mac_of(XML_MAC)));
	assert_int_equal(out.list[0].wanted.vlan, 5);
	assert_false(out.list[0].has_driver);
	/* Held by another: nobody can say whose it is. */
	scene_render(&s);
	hold_by(s.inv, VF10, VIA_HOLDER_DOMAIN, "web", UUID_B);
	assert_int_equal(
		via_alloc_domain(&s.w, &m.d, VIA_CLAIM_ADOPTED, &out, NULL), VIA_REFUSED_IN_USE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interface),
		cmocka_unit_test(test_metadata_before_configuration),
		cmocka_unit_test(test_unknown_network),
		cmocka_unit_test(test_teamed),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_network_on_what_is_not_ours),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_nova_check_exit_code_no_start_without_vlan),
		cmocka_unit_test(test_vlan_of_the_xml_alone),
		cmocka_unit_test(test_second_domain_gets_a_line_for_its_xml),
		cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_refused_like_any_other),
		cmocka_unit_test(test_required_node),
		cmocka_unit_test(test_group_goes_along),
		cmocka_unit_test(test_known_by_request),
		cmocka_unit_test(test_adopted_as_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
