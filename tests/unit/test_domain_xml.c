/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "domain/xml.h"

#define UUID	 "c7a5fdbd-cdaf-9455-926a-d65c16db1809"
#define HEAD	 "<domain type='kvm' id='3'>\n<name>g</name>\n<uuid>" UUID "</uuid>\n"
#define TAIL	 "</domain>\n"
#define DEVS(x)	 HEAD "<devices>\n" x "</devices>\n" TAIL
#define ADDR(x)	 "<address type='pci' domain='0x0000' bus='0x01' slot='0x10' function='" x "'/>"
#define GUEST	 "<address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/>"
#define IFACE(x) DEVS("<interface type='hostdev' managed='yes'>\n" x "\n</interface>\n")
#define SOURCE	 "<source>" ADDR("0x0") "</source>"
#define META(x)                                                                                    \
	HEAD "<metadata><viaduct:domain xmlns:viaduct='urn:viaduct:domain:1'>\n" x                 \
	     "\n</viaduct:domain></metadata>\n<devices><interface type='hostdev'>" SOURCE          \
	     "<mac address='52:54:00:00:00:01'/><alias name='ua-a'/></interface></devices>" TAIL

static int parse(const char *text, struct via_domain *d, struct via_err *err)
{
	/* Of exactly that size, so that a read too far is seen. */
	size_t len = strlen(text);
	char *copy = malloc(len + !len);
	int r;

	memcpy(copy, text, len);
	r = via_domain_from_xml(copy, len, d, err);
	if (r == 0 && d->n_devs)
		assert_true(via_domain_may_have_pci(copy, len));
	free(copy);
	return r;
}

static void read_domain(const char *text, struct via_domain *d)
{
	struct via_err err = {0};

	if (parse(text, d, &err))
		fail_msg("%s\n%s", err.msg, text);
}

/* As libvirt 9 and 10 write a running domain, shortened. */
static const char running[] =
	"<domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
	"  <name>web &amp; mail</name>\n"
	"  <uuid>C7A5FDBD-cdaf-9455-926a-d65c16db1809</uuid>\n"
	"  <metadata>\n"
	"    <libosinfo:libosinfo "
	"xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>\n"
	"      <libosinfo:os id='http://debian.org/debian/12'/>\n"
	"    </libosinfo:libosinfo>\n"
	"    <viaduct:domain xmlns:viaduct='urn:viaduct:domain:1'>\n"
	"      <viaduct:device address='0000:01:10.0' network='blue'/>\n"
	"      <viaduct:device alias='ua-vf1' network='red &amp; green'/>\n"
	"      <viaduct:device mac='52:54:00:aa:bb:cc' network='for-another-day'/>\n"
	"    </viaduct:domain>\n"
	"  </metadata>\n"
	"  <memory unit='KiB'>8388608</memory>\n"
	"  <numatune><memory mode='strict' nodeset='0-2,^1'/></numatune>\n"
	"  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
	"  <devices>\n"
	"    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>\n"
	"      <source file='/var/lib/a>b.qcow2' index='1'/>\n"
	"      <backingStore type='file'><format type='raw'/><source file='/b'/></backingStore>\n"
	"      <alias name='virtio-disk0'/>" GUEST "\n"
	"    </disk>\n"
	"    <controller type='pci' index='7' model='pcie-root-port'>" GUEST "</controller>\n"
	"    <interface type='bridge'>\n"
	"      <mac address='52:54:00:6d:90:02'/>\n"
	"      <source bridge='br0'/><target dev='vnet4'/><model type='virtio'/>\n"
	"      <teaming type='persistent'/><alias name='ua-tap0'/>" GUEST "\n"
	"    </interface>\n"
	"    <interface type='hostdev' managed='yes'>\n"
	"      <mac address='52:54:00:6d:90:02'/>\n"
	"      <driver name='vfio'/>\n"
	"      <source>\n"
	"        <address type='pci' domain='0x0000' bus='0x01' slot='0x10' function='0x0'/>\n"
	"      </source>\n"
	"      <vlan trunk='yes'><tag id='42' nativeMode='untagged'/><tag id='47'/></vlan>\n"
	"      <teaming type='transient' persistent='ua-tap0'/>\n"
	"      <alias name='ua-vf0'/>" GUEST "\n"
	"    </interface>\n"
	"    <interface type='network'>\n"
	"      <mac address='52:54:00:6d:90:04'/>\n"
	"      <source network='default' portid='x' bridge='virbr0'/><target dev='vnet5'/>\n"
	"    </interface>\n"
	"    <hostdev mode='subsystem' type='pci' managed='no'>\n"
	"      <driver name='vfio'/>\n"
	"      <source writeFiltering='no'><address domain='0x0002' bus='0x01' slot='0x11' "
	"function='0x7'/></source>\n"
	"      <teaming type='transient' persistent='ua-tap0'/>\n"
	"      <alias name='ua-vf1'/><rom bar='off'/>" GUEST "\n"
	"    </hostdev>\n"
	"    <hostdev mode='subsystem' type='usb' managed='yes'>\n"
	"      <source><vendor id='0x1'/><address bus='1' device='4'/></source>\n"
	"    </hostdev>\n"
	"    <hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci'>\n"
	"      <source><address uuid='" UUID "'/></source>" GUEST "\n"
	"    </hostdev>\n"
	"  </devices>\n"
	"  <qemu:commandline><qemu:arg value='-foo'/></qemu:commandline>\n"
	"</domain>\n";

static void check_running_devs(const struct via_domain *d)
{
	const struct via_domain_dev *v = d->devs;

	assert_int_equal(d->n_devs, 2);
	assert_string_equal(via_addr_fmt(v[0].addr), "0000:01:10.0");
	assert_true(v[0].interface && v[0].managed && !v[0].pool && v[0].trunk);
	assert_int_equal(v[0].n_tags, 2);
	assert_int_equal(v[0].tag, 42);
	assert_true(v[0].has_mac);
	assert_string_equal(via_mac_fmt(v[0].mac), "52:54:00:6d:90:02");
	assert_string_equal(v[0].alias, "ua-vf0");
	assert_string_equal(v[0].partner, "ua-tap0");
	assert_string_equal(v[0].network, "blue");
	assert_string_equal(via_addr_fmt(v[1].addr), "0002:01:11.7");
	assert_true(!v[1].interface && !v[1].managed && !v[1].has_mac && !v[1].n_tags);
	assert_string_equal(v[1].alias, "ua-vf1");
	assert_string_equal(v[1].partner, "ua-tap0");
	assert_string_equal(v[1].network, "red & green");
}

static void check_running_nics(const struct via_domain *d)
{
	const struct via_domain_nic *n = d->nics;

	assert_int_equal(d->n_nics, 2);
	assert_string_equal(n[0].type, "bridge");
	assert_string_equal(n[0].source, "br0");
	assert_string_equal(n[0].target, "vnet4");
	assert_string_equal(n[0].alias, "ua-tap0");
	assert_true(n[0].persistent && n[0].has_mac);
	assert_string_equal(n[1].type, "network");
	assert_string_equal(n[1].source, "default");
	assert_string_equal(n[1].target, "vnet5");
	assert_false(n[1].persistent);
}

static void test_running(void **state)
{
	struct via_domain d;

	(void)state;
	read_domain(running, &d);
	assert_string_equal(d.name, "web & mail");
	assert_string_equal(d.uuid, UUID);
	assert_true(d.active);
	assert_int_equal(d.numa, VIA_NUMA_STRICT);
	assert_int_equal(d.nodes, 5);
	check_running_devs(&d);
	check_running_nics(&d);
	via_domain_finish(&d);
}

/* Every prefix of a domain is refused, and none of them is taken for one without a device. */
static void test_cut_short(void **state)
{
	size_t len = strlen(running) - 2; /* without the last '>' and newline */
	struct via_domain d;

	(void)state;
	for (size_t n = 0; n <= len; n++) {
		struct via_err err = {0};
		char *copy = malloc(n + !n);

		memcpy(copy, running, n);
		assert_int_equal(via_domain_from_xml(copy, n, &d, &err), VIA_REFUSED_INVALID);
		assert_true(via_domain_may_have_pci(copy, n));
		assert_true(err.msg[0]);
		free(copy);
	}
}

static void test_inactive(void **state)
{
	struct via_domain d;

	(void)state;
	read_domain("<domain type='kvm'><name>g</name><uuid>\n " UUID " \n</uuid></domain>", &d);
	assert_false(d.active);
	assert_string_equal(d.uuid, UUID);
	assert_int_equal(d.n_devs + d.n_nics, 0);
	via_domain_finish(&d);
}

/* Where a PCI function of the host may stand. */
static void test_places(void **state)
{
	static const struct {
		const char *text;
		bool interface, managed, pool;
	} cases[] = {
		{IFACE(SOURCE), true, true, false},
		{DEVS("<interface type='hostdev'>" SOURCE "</interface>"), true, false, false},
		/* The guest's address first. */
		{IFACE(GUEST SOURCE), true, true, false},
		{IFACE("<source network='pool' portid='p'>" ADDR("0x0") "</source>"), true, true,
			true},
		{DEVS("<interface type='network'><source network='pool'>" ADDR(
			 "0x0") "</source></interface>"),
			true, false, true},
		{DEVS("<interface type='network'><source network='pool'/><actual type='hostdev' "
		      "managed='yes'>" SOURCE "</actual></interface>"),
			true, true, true},
		{DEVS("<hostdev mode='subsystem' type='pci'>" SOURCE "</hostdev>"), false, false,
			false},
		{DEVS("<hostdev type='pci' managed='yes'>" SOURCE "</hostdev>"), false, true,
			false},
		{DEVS("<disk type='nvme'><source type='pci' managed='yes' namespace='1'>" ADDR(
			 "0x0") "</source><target dev='vde'/>" GUEST "</disk>"),
			false, true, false},
		{DEVS("<disk type='file'><source file='/a'/><backingStore type='file'><source "
		      "file='/b'/>"
		      "<backingStore type='nvme'><source type='pci'>" ADDR(
			      "0x0") "</source></backingStore></backingStore></disk>"),
			false, false, false},
		{DEVS("<disk type='file'><source file='/a'/><mirror type='nvme'><source "
		      "type='pci'>" ADDR("0x0") "</source></mirror></disk>"),
			false, false, false},
		/* Written as nobody writes it, and the same to a parser. */
		{DEVS("<interface type='&#104;ostdev' managed='&#x79;es'\n><source\n><address "
		      "bus=\"1\" "
		      "slot=\"020\" function=\"0\"\n/></source ></interface>"),
			true, true, false},
		{DEVS("<disk type='n&#118;me'><source type='&#112;ci'><!-- </source> --><address "
		      "domain='0' bus='01' slot='16' function='0x0'></address></source></disk>"),
			false, false, false},
		{"<?xml version='1.0' encoding='UTF-8'?>" IFACE(SOURCE), true, true, false},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_domain d;

		read_domain(cases[i].text, &d);
		if (d.n_devs != 1 || strcmp(via_addr_fmt(d.devs[0].addr), "0000:01:10.0") ||
			d.devs[0].interface != cases[i].interface ||
			d.devs[0].managed != cases[i].managed || d.devs[0].pool != cases[i].pool)
			fail_msg("%zu devices from %s", d.n_devs, cases[i].text);
		via_domain_finish(&d);
	}
}

/* A guest's own address, a USB device's, one in somebody's metadata: none of them is the host's. */
static void test_no_places(void **state)
{
	static const char *const cases[] = {
		DEVS("<interface type='bridge'><source bridge='b'/>" GUEST "</interface>"),
		DEVS("<controller type='usb'>" GUEST "</controller>"),
		DEVS("<interface type='hostdev'><source><address type='usb' bus='0' "
		     "device='2'/></source>"
		     "</interface>"),
		DEVS("<hostdev mode='capabilities' type='pci'>" SOURCE "</hostdev>"),
		DEVS("<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"
		     "<address bus='0' target='0' unit='0'/></source></hostdev>"),
		DEVS("<disk type='file'><source file='/a'>" ADDR("0x0") "</source></disk>"),
		DEVS("<x:interface xmlns:x='urn:x' type='hostdev'>" SOURCE "</x:interface>"),
		DEVS("<other><interface type='hostdev'>" SOURCE "</interface></other>"),
		HEAD "<metadata><interface type='hostdev'>" SOURCE "</interface></metadata>" TAIL,
		HEAD "<interface type='hostdev'>" SOURCE "</interface>" TAIL,
		DEVS("<!-- <interface type='hostdev'>" SOURCE "</interface> -->"),
		HEAD "<description>&lt;interface type='hostdev'&gt;</description>" TAIL,
		HEAD "<description><![CDATA[<interface type='hostdev'>" SOURCE
		     "]]></description>" TAIL,
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_domain d;

		read_domain(cases[i], &d);
		if (d.n_devs)
			fail_msg("%s", cases[i]);
		via_domain_finish(&d);
	}
}

/* The quick look spares most domains the parser. */
static void test_quick_look(void **state)
{
	static const char *const without[] = {
		HEAD TAIL,
		DEVS("<interface type='bridge'><source bridge='b'/>" GUEST "</interface>"),
		DEVS("<disk type='file'><source file='/a'><seclabel model='dac'/></source>" GUEST
		     "</disk>"),
		DEVS("<disk type='file'><source file='/a/>b'/>" GUEST "</disk>"),
		HEAD "<description>it's &lt;fine&gt; &amp; dandy</description>" TAIL "\n\n",
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(without); i++)
		if (via_domain_may_have_pci(without[i], strlen(without[i])))
			fail_msg("%s", without[i]);
}

static void test_numa(void **state)
{
	static const struct {
		const char *tune;
		enum via_numa_mode mode;
		uint64_t nodes;
	} cases[] = {
		{"", VIA_NUMA_NONE, 0},
		{"<memory mode='strict' nodeset='0'/>", VIA_NUMA_STRICT, 1},
		{"<memory mode='preferred' nodeset='1'/>", VIA_NUMA_PREFERRED, 2},
		{"<memory mode='interleave' nodeset='0-1'/>", VIA_NUMA_STRICT, 3},
		{"<memory mode='restrictive' nodeset='63'/>", VIA_NUMA_STRICT, UINT64_C(1) << 63},
		{"<memory nodeset=' 0 - 3 , ^1,6 '/>", VIA_NUMA_STRICT, 0x4d},
		{"<memory mode='strict' nodeset='1,64-70'/>", VIA_NUMA_STRICT, 2},
		{"<memory mode='strict' nodeset='64'/>", VIA_NUMA_NONE, 0},
		{"<memory mode='strict' nodeset='0,^0'/>", VIA_NUMA_NONE, 0},
		{"<memory mode='strict' placement='auto'/>", VIA_NUMA_NONE, 0},
		{"<memnode cellid='0' mode='preferred' nodeset='1'/>"
		 "<memnode cellid='1' mode='strict' nodeset='3'/>",
			VIA_NUMA_STRICT, 10},
		{"<memory mode='preferred' nodeset='0'/><memnode cellid='0' mode='strict' "
		 "nodeset='3'/>",
			VIA_NUMA_PREFERRED, 1},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autostrbuf b = VIA_STRBUF_INIT;
		struct via_domain d;

		via_strbuf_addf(&b, HEAD "<numatune>%s</numatune>" TAIL, cases[i].tune);
		read_domain(via_strbuf_str(&b), &d);
		if (d.numa != cases[i].mode || d.nodes != cases[i].nodes)
			fail_msg(
				"%s: %d, %llx", cases[i].tune, d.numa, (unsigned long long)d.nodes);
		via_domain_finish(&d);
	}
}

/* Each says the line and the element. */
static void test_refused(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"", "line 1: the domain's XML does not begin with <domain>"},
		{"domain", "line 1: the domain's XML does not begin"},
		{"\xef\xbb\xbf" HEAD TAIL, "line 1: the domain's XML does not begin"},
		{"<domain>", "line 1: "},
		{"<network/>", "line 1: <network>: is no <domain>"},
		{"<domain xmlns='urn:x'/>", "line 1: <domain>: is no <domain>"},
		{HEAD TAIL "<domain/>", "line 5: "},
		{"<domain><uuid>" UUID "</uuid></domain>", "<domain>: has no <name>"},
		{"<domain><name>a</name></domain>", "<domain>: its <uuid> is missing"},
		{"<domain><name>a</name><uuid>1</uuid></domain>", "<domain>: its <uuid>"},
		{HEAD "<name>b</name>" TAIL, "line 4: <name>: stands twice"},
		{HEAD "<uuid>" UUID "</uuid>" TAIL, "line 4: <uuid>: stands twice"},
		{"<domain><name>a\nb</name><uuid>" UUID "</uuid></domain>", "control characters"},
		{"<!DOCTYPE domain><domain/>", "line 1: <!DOCTYPE>: a domain's XML has none"},
		{"<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>\n" HEAD TAIL, "<!DOCTYPE>"},
		{"<?xml version='1.0'?>\n<!DOCTYPE d [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>\n" HEAD
				TAIL,
			"line 2: <!DOCTYPE>"},
		{HEAD "&nbsp;" TAIL, "line 4: "},
		{HEAD "<description>\xff\xfe</description>" TAIL, "line 4: "},
		{HEAD "<description>\xed\xa0\x80</description>" TAIL, "line 4: "},
		{IFACE(""), "line 5: <interface>: type='hostdev' without <source><address>"},
		{DEVS("<hostdev type='pci'/>"), "<hostdev>: type='pci' without <source><address>"},
		{DEVS("<hostdev/>"), "<hostdev>: has no type"},
		{DEVS("<hostdev mode='sub' type='pci'/>"),
			"line 5: <hostdev>: mode='sub' is neither subsystem nor capabilities"},
		{DEVS("<interface/>"), "line 5: <interface>: has no type"},
		{DEVS("<interface type=''/>"), "line 5: <interface>: has no type"},
		{DEVS("<interface type='hostdev' managed='maybe'>" SOURCE "</interface>"),
			"line 5: <interface>: managed='maybe' is neither yes nor no"},
		{IFACE("<source>" ADDR("0x8") "</source>"),
			"line 6: <address>: function='0x8' is no number"},
		{IFACE("<source>" ADDR("") "</source>"),
			"line 6: <address>: function='' is no number"},
		{IFACE("<source>" ADDR("-1") "</source>"), "<address>: function='-1'"},
		{IFACE("<source>" ADDR("1x") "</source>"), "<address>: function='1x'"},
		{IFACE("<source>" ADDR("0x0") ADDR("0x1") "</source>"),
			"line 6: <address>: stands twice"},
		{IFACE(SOURCE SOURCE), "line 6: <source>: stands twice"},
		{IFACE("<source><address type='pci' bus='1' slot='2'/></source>"),
			"<address>: the PCI address has no function"},
		{IFACE("<source><address type='pci' domain='0x100000000' bus='1' slot='2' "
		       "function='0'/>"
		       "</source>"),
			"<address>: domain='0x100000000' is no number"},
		{IFACE("<source><address type='pci' bus='0' slot='0' function='0'/></source>"),
			"<address>: 0000:00:00.0"},
		{IFACE(SOURCE "<mac address='52:54:00:6d:90'/>"),
			"line 6: <mac>: address='52:54:00:6d:90' is no unicast MAC address"},
		{IFACE(SOURCE "<mac address='01:00:5e:00:00:01'/>"), "<mac>: address='01:"},
		{IFACE(SOURCE "<vlan><tag id='4096'/></vlan>"),
			"line 6: <tag>: id='4096' is no number"},
		{IFACE(SOURCE "<vlan><tag/></vlan>"), "line 6: <tag>: has no id"},
		{IFACE(SOURCE "<vlan/><vlan/>"), "line 6: <vlan>: stands twice"},
		{IFACE(SOURCE "</interface><interface type='hostdev'>" SOURCE),
			"<interface>: 0000:01:10.0 is given twice"},
		{HEAD "<numatune><memory nodeset='1-0'/></numatune>" TAIL,
			"line 4: <memory>: nodeset='1-0' is no set of nodes"},
		{HEAD "<numatune><memory nodeset='0,'/></numatune>" TAIL, "<memory>: nodeset='0,'"},
		{HEAD "<numatune><memory nodeset=''/></numatune>" TAIL, "<memory>: nodeset=''"},
		{HEAD "<numatune><memory nodeset='65536'/></numatune>" TAIL, "<memory>: nodeset"},
		{HEAD "<numatune><memory nodeset='99999999999999999999'/></numatune>" TAIL,
			"<memory>: nodeset"},
		{META("<viaduct:device network='blue'/>"),
			"line 5: <viaduct:device>: needs one of address, mac and alias"},
		{META("<viaduct:device address='01:10.0' alias='ua-a' network='blue'/>"),
			"needs one of"},
		{META("<viaduct:device alias='' network='blue'/>"), "needs one of"},
		{META("<viaduct:device address='01:10.0'/>"), "<viaduct:device>: needs a network"},
		{META("<viaduct:device address='1:10.0' network='blue'/>"),
			"<viaduct:device>: address='1:10.0' is no PCI address"},
		{META("<viaduct:device mac='x' network='blue'/>"),
			"<device>: mac='x' is no unicast MAC"},
		{META("<viaduct:device address='01:10.0' network='blue'/>\n"
		      "<viaduct:device alias='ua-a' network='red'/>"),
			"line 6: <viaduct:device>: 0000:01:10.0 is to be in blue and in red"},
		{META("<viaduct:device alias='ua-a' network='blue\t'/>\x01"), "line 5: "},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		struct via_domain d = {.nodes = 4711};
		struct via_err err = {0};
		int r = parse(cases[i].text, &d, &err);

		if (r != VIA_REFUSED_INVALID || !strstr(err.msg, cases[i].told))
			fail_msg("%d, \"%s\" from %s", r, err.msg, cases[i].text);
		assert_int_equal(d.nodes, 4711);
	}
}

/* A NUL: what stands behind it would be seen by nobody. UTF-16 has them everywhere. */
static void test_nul(void **state)
{
	static const char nul[] = HEAD "<description>\0</description>" TAIL;
	static const char utf16[] = "<\0d\0o\0m\0a\0i\0n\0/\0>";
	struct via_domain d;
	struct via_err err = {0};

	(void)state;
	assert_true(via_domain_may_have_pci(nul, sizeof(nul) - 1));
	assert_int_equal(via_domain_from_xml(nul, sizeof(nul) - 1, &d, &err), VIA_REFUSED_INVALID);
	assert_string_equal(err.msg, "line 4: a NUL byte");
	assert_true(via_domain_may_have_pci(utf16, sizeof(utf16)));
	assert_int_equal(via_domain_from_xml(utf16, sizeof(utf16), &d, &err), VIA_REFUSED_INVALID);
}

static void repeat(struct via_strbuf *b, const char *s, size_t n)
{
	while (n--)
		via_strbuf_adds(b, s);
}

struct big {
	const char *before, *again, *after;
	size_t n;
	const char *told; /* NULL: taken */
};

/* As much of it as libvirt would ever hand over, and more: answered soon, whatever it is. */
static void test_big(void **state)
{
	static const struct big cases[] = {
		{"", "<a>", "", 260, "line 1: <a>: is no <domain>"},
		{HEAD, "<a>", "", 260, "line 4: <a>: nested deeper than 250"},
		{HEAD, "<a>", "", 1000000, "nested deeper than 250"},
		{HEAD, "<a/>", TAIL, 1000000, NULL},
		{HEAD "<a ", "b='c' ", "/>" TAIL, 200, "line 4: "}, /* the same one twice */
		{HEAD "<a ", "b='c' ", "/>" TAIL, 600000, "more than 256 attributes"},
		{HEAD "<a ", "b = \n 'c' ", "/>" TAIL, 300, "more than 256 attributes"},
		{HEAD, "<a xmlns:b='urn:b'/>", TAIL, 300, "more than 256 namespaces"},
		{HEAD "<description>", "0123456789abcdef", "</description>" TAIL, 260000, NULL},
		{HEAD "<description>", "0123456789abcdef", "</description>" TAIL, 262144,
			"longer than 4194304 bytes"},
		{HEAD "<x y='", "0123456789abcdef", "'/>" TAIL, 260000, NULL},
		{HEAD "<x><!--", "0123456789abcdef", "--></x>" TAIL, 260000, NULL},
		{HEAD "<x>", "&lt;", "</x>" TAIL, 1000000, NULL},
		{HEAD "<x>", "<![CDATA[]]>", "</x>" TAIL, 300000, NULL},
		{HEAD "<x>", "<?a b?>", "</x>" TAIL, 500000, NULL},
		{"<domain><name>", "n", "</name><uuid>" UUID "</uuid></domain>", 255, NULL},
		{"<domain><name>", "n", "</name><uuid>" UUID "</uuid></domain>", 256,
			"line 1: <name>: longer than 255 bytes"},
		{HEAD "<devices>", "<interface type='user'/>", "</devices>" TAIL, 1024, NULL},
		{HEAD "<devices>", "<interface type='user'/>", "</devices>" TAIL, 1025,
			"<interface>: there are more than 1024"},
		{DEVS("<interface type='bridge'>" SOURCE "<vlan>"), "<tag id='1'/>", "", 4097,
			"line "},
		{HEAD "<devices><interface type='hostdev'>" SOURCE "<vlan>", "<tag id='1'/>",
			"</vlan></interface></devices>" TAIL, 4097,
			"<tag>: there are more than 4096"},
		{HEAD "<devices><interface type='hostdev'>" SOURCE "<alias name='", "a",
			"'/></interface></devices>" TAIL, 64,
			"<alias>: name is longer than 63 bytes"},
		/* Of a tap it is only told. */
		{HEAD "<devices><interface type='bridge'><alias name='", "a",
			"'/></interface></devices>" TAIL, 64, NULL},
		{HEAD "<devices><interface type='", "a", "'/></devices>" TAIL, 16,
			"<interface>: type is longer than 15 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(cases); i++) {
		via_autostrbuf b = VIA_STRBUF_INIT;
		struct via_domain d = {0};
		struct via_err err = {0};
		int r;

		via_strbuf_adds(&b, cases[i].before);
		repeat(&b, cases[i].again, cases[i].n);
		via_strbuf_adds(&b, cases[i].after);
		r = via_domain_from_xml(via_strbuf_str(&b), b.len, &d, &err);
		if (!cases[i].told != !r || (r && !strstr(err.msg, cases[i].told)))
			fail_msg("%zu: %d, \"%s\"", i, r, err.msg);
		via_domain_finish(&d);
	}
}

static void add_hostdev(struct via_strbuf *b, int n)
{
	via_strbuf_addf(b,
		"<hostdev type='pci'><source><address bus='%d' slot='%d' "
		"function='0'/></source></hostdev>",
		n / 32 + 1, n % 32);
}

/* Two namespaces of one controller. */
static void add_nvme(struct via_strbuf *b, int n)
{
	for (int i = 1; i <= 2; i++)
		via_strbuf_addf(b,
			"<disk type='nvme'><source type='pci' namespace='%d'><address bus='%d' "
			"slot='%d' "
			"function='0'/></source></disk>",
			i, n / 32 + 1, n % 32);
}

/* So many host devices as a domain may have, and one more. */
static void check_many(void (*add)(struct via_strbuf *, int), int count)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	struct via_domain d = {0};
	struct via_err err = {0};
	int r;

	via_strbuf_adds(&b, HEAD "<devices>");
	for (int n = 0; n < count; n++)
		add(&b, n);
	via_strbuf_adds(&b, "</devices>" TAIL);
	r = parse(via_strbuf_str(&b), &d, &err);
	assert_int_equal(r, count > VIA_DOMAIN_DEVS_MAX ? VIA_REFUSED_INVALID : 0);
	if (r)
		assert_non_null(strstr(err.msg, "there are more than 64 host devices"));
	else
		assert_int_equal(d.n_devs, count);
	via_domain_finish(&d);
}

static void test_many_devices(void **state)
{
	(void)state;
	check_many(add_hostdev, VIA_DOMAIN_DEVS_MAX);
	check_many(add_hostdev, VIA_DOMAIN_DEVS_MAX + 1);
	check_many(add_nvme, VIA_DOMAIN_DEVS_MAX);
	check_many(add_nvme, VIA_DOMAIN_DEVS_MAX + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_inactive),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_no_places),
		cmocka_unit_test(test_quick_look),
		cmocka_unit_test(test_numa),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_many_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
