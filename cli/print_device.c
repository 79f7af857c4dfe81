/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One device with all that is known of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "field.h"
#include "print.h"
#include "table.h"
#include "words.h"

static void print_title(const struct cli *c, json_object *d)
{
	const char *vendor = doc_text(d, "vendor_name"), *device = doc_text(d, "device_name");

	printf("%s%s%s%s%s%s%s\n", cli_color(c, CLI_BOLD), doc_word(d, "address"),
		cli_color(c, CLI_PLAIN), vendor ? "  " : "", vendor ? vendor : "",
		device ? "  " : "", device ? device : "");
}

static void print_ids(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *subvendor = doc_text(d, "subvendor"), *subdevice = doc_text(d, "subdevice");

	via_strbuf_addf(&b, "%s:%s", doc_word(d, "vendor"), doc_word(d, "device"));
	if (subvendor && subdevice)
		via_strbuf_addf(&b, ", subsystem %s:%s", subvendor, subdevice);
	via_strbuf_addf(&b, ", revision %02" PRIx64 ", class %s",
		(uint64_t)doc_number(d, "revision", 0) & 0xff, doc_word(d, "class_code"));
	field_print("ids", &b);
}

static void print_kind(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *kind = doc_word(d, "kind"), *pf = doc_text(d, "pf");

	via_strbuf_adds(&b, kind);
	if (doc_true(d, "nic") && strcmp(kind, "nic"))
		via_strbuf_adds(&b, " (NIC)");
	if (pf)
		via_strbuf_addf(&b, ", VF %" PRId64 " of %s", doc_number(d, "vf_index", -1), pf);
	field_print("kind", &b);
}

static void print_driver(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *driver = doc_text(d, "driver"), *override = doc_text(d, "driver_override");

	via_strbuf_adds(&b, driver && *driver ? driver : "none");
	if (override && *override)
		via_strbuf_addf(&b, " (override: %s)", override);
	field_print("driver", &b);
}

static void print_group(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT, others = VIA_STRBUF_INIT;
	json_object *members = doc_array(d, "iommu_group_members");

	for (size_t i = 0; i < doc_length(members); i++) {
		const char *s = doc_word_at(members, i);

		if (s && strcmp(s, doc_word(d, "address")))
			via_strbuf_addf(&others, "%s%s", others.len ? ", " : "", s);
	}
	if (!doc_is_number(d, "iommu_group"))
		via_strbuf_adds(&b, "none");
	else
		doc_add_number(&b, d, "iommu_group");
	if (others.len)
		via_strbuf_addf(&b, ", shared with %s", via_strbuf_str(&others));
	field_print("IOMMU group", &b);
}

static void print_bus(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	field_text(d, "parent", "below");
	field_number(d, "numa_node", "NUMA node");
	print_group(d);
	words_link(&b, doc_object(d, "link"));
	field_print("link", &b);
	doc_join(&b, doc_array(d, "reset_methods"), ", ");
	if (doc_is_bool(d, "flr"))
		via_strbuf_addf(&b, "%s%s", b.len ? "; " : "",
			doc_true(d, "flr") ? "has function-level reset"
					   : "no function-level reset");
	field_print("reset", &b);
	field_text(d, "acs", "ACS upwards");
	field_number(d, "msix", "MSI-X vectors");
}

static void print_guards(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *problem = doc_text(d, "problem");

	words_holders(&b, doc_array(d, "holders"));
	field_print("held by", &b);
	if (doc_true(d, "protected")) {
		via_strbuf_adds(&b, "yes");
		if (doc_length(doc_array(d, "protected_by")))
			via_strbuf_adds(&b, ": ");
		doc_join(&b, doc_array(d, "protected_by"), "; ");
	}
	field_print("protected", &b);
	doc_join(&b, doc_array(d, "other_managers"), "; ");
	field_print("also managed by", &b);
	via_strbuf_adds(&b, problem ? problem : "");
	field_print("problem", &b);
}

static void netdev_state(struct via_strbuf *b, json_object *n)
{
	const char *mac = doc_text(n, "mac"), *permanent = doc_text(n, "permanent_mac");

	if (mac)
		via_strbuf_addf(b, "%s, ", mac);
	if (permanent && (!mac || strcmp(mac, permanent)))
		via_strbuf_addf(b, "permanent %s, ", permanent);
	via_strbuf_addf(b, "MTU %" PRId64 ", %s, %s", doc_number(n, "mtu", 0),
		doc_true(n, "up") ? "up" : "down",
		doc_true(n, "carrier") ? "carrier" : "no carrier");
	if (doc_number(n, "speed_mbps", 0) > 0)
		via_strbuf_addf(b, ", %" PRId64 " Mbit/s", doc_number(n, "speed_mbps", 0));
}

static void netdev_place(struct via_strbuf *b, json_object *n)
{
	static const struct {
		const char *key, *text;
	} parts[] = {
		{"kind", "kind"},
		{"master", "master"},
		{"lower", "on"},
		{"netns", "in network namespace"},
		{"phys_port_name", "port"},
		{"phys_port_id", "port id"},
		{"phys_switch_id", "switch id"},
	};
	json_object *representor = doc_object(n, "representor");

	for (size_t i = 0; i < VIA_ARRAY_SIZE(parts); i++) {
		const char *s = doc_text(n, parts[i].key);

		if (s && *s)
			via_strbuf_addf(b, ", %s %s", parts[i].text, s);
	}
	if (representor && doc_number(representor, "vf", -1) >= 0)
		via_strbuf_addf(b, ", represents VF %" PRId64 " of %s",
			doc_number(representor, "vf", -1), doc_word(representor, "pf"));
	if (doc_length(doc_array(n, "addresses"))) {
		via_strbuf_adds(b, ", ");
		doc_join(b, doc_array(n, "addresses"), " ");
	}
}

static void print_netdevs(json_object *d)
{
	json_object *netdevs = doc_array(d, "netdevs");

	for (size_t i = 0; i < doc_length(netdevs); i++) {
		via_autostrbuf b = VIA_STRBUF_INIT;
		json_object *n = doc_at(netdevs, i);

		via_strbuf_addf(&b, "%s: ", doc_word(n, "name"));
		netdev_state(&b, n);
		netdev_place(&b, n);
		field_print(i ? "" : "net devices", &b);
	}
}

static void print_attrs(json_object *d)
{
	via_autostrbuf b = VIA_STRBUF_INIT;

	words_attrs(&b, doc_object(d, "attrs"));
	field_print("set by its PF", &b);
}

static void print_sriov(json_object *s)
{
	via_autostrbuf b = VIA_STRBUF_INIT;
	const char *mode = doc_text(s, "eswitch_mode");

	via_strbuf_addf(&b,
		"%" PRId64 " of %" PRId64 " VFs, first at +%" PRId64 ", stride %" PRId64
		", VF device id %s",
		doc_number(s, "num", 0), doc_number(s, "total", 0), doc_number(s, "offset", 0),
		doc_number(s, "stride", 0), doc_word(s, "vf_device"));
	field_print("SR-IOV", &b);
	via_strbuf_adds(&b, doc_true(s, "autoprobe") ? "on" : "off");
	field_print("autoprobe", &b);
	via_strbuf_adds(&b, mode ? mode : "");
	field_print("eswitch", &b);
	field_number(s, "vf_total_msix", "MSI-X for VFs");
	if (!doc_true(s, "vf_info_complete")) {
		via_strbuf_adds(&b, "incomplete: the kernel did not tell the state of every VF");
		field_print("VF attributes", &b);
	}
}

/* The claim on that address; NULL for none. */
static json_object *claim_on(json_object *claims, const char *address)
{
	for (size_t i = 0; i < doc_length(claims); i++)
		if (!strcmp(doc_word(doc_at(claims, i), "address"), address))
			return doc_at(claims, i);
	return NULL;
}

static void add_vf(struct cli_table *t, json_object *vf, json_object *claims)
{
	json_object *attrs = doc_object(vf, "attrs");
	via_autostrbuf b = VIA_STRBUF_INIT;

	cli_table_line(t);
	doc_add_number(&b, vf, "index");
	cli_table_cell_from(t, &b, CLI_PLAIN);
	cli_table_cell(t, doc_text(vf, "address"), CLI_PLAIN);
	cli_table_cell(t, doc_text(vf, "driver"), CLI_PLAIN);
	doc_add_number(&b, vf, "iommu_group");
	cli_table_cell_from(t, &b, CLI_PLAIN);
	doc_join(&b, doc_array(vf, "netdevs"), ",");
	cli_table_cell_from(t, &b, CLI_PLAIN);
	for (const char *const *name = words_attr_names; *name; name++) {
		words_attr_cell(&b, attrs, *name);
		cli_table_cell_from(t, &b, CLI_PLAIN);
	}
	doc_join(&b, doc_array(vf, "drift"), ",");
	cli_table_cell_from(t, &b, CLI_YELLOW);
	words_owner(&b, claim_on(claims, doc_word(vf, "address")));
	cli_table_cell_from(t, &b, CLI_PLAIN);
	words_holders(&b, doc_array(vf, "holders"));
	cli_table_cell_from(t, &b, CLI_PLAIN);
}

static int print_vfs(const struct cli *c, json_object *vfs, json_object *claims)
{
	static const struct cli_column columns[] = {
		{"VF", true},
		{"ADDRESS", false},
		{"DRIVER", false},
		{"GROUP", true},
		{"IFNAMES", false},
		{"MAC", false},
		{"VLAN", false},
		{"MBIT/S", false},
		{"SPOOFCHK", false},
		{"LINK", false},
		{"RSS", false},
		{"TRUST", false},
		{"DRIFT", false},
		{"CLAIM", false},
		{"HELD-BY", false},
		{NULL, false},
	};
	cli_autotable *t = NULL;

	if (!doc_length(vfs))
		return 0;
	t = cli_table_create(c, columns, true, 2);
	if (!t)
		return cli_fail(c, CLI_FAILED, "out of memory");
	for (size_t i = 0; i < doc_length(vfs); i++)
		add_vf(t, doc_at(vfs, i), claims);
	cli_table_squeeze(t);
	putchar('\n');
	return cli_table_print(t);
}

int print_device(const struct cli *c, json_object *d, json_object *claims)
{
	json_object *sriov = doc_object(d, "sriov");

	print_title(c, d);
	print_kind(d);
	print_ids(d);
	field_text(d, "serial", "serial");
	field_text(d, "id_path", "ID_PATH");
	print_driver(d);
	print_bus(d);
	field_claim(doc_object(d, "claim"));
	print_guards(d);
	print_netdevs(d);
	print_attrs(d);
	if (!sriov)
		return 0;
	print_sriov(sriov);
	return print_vfs(c, doc_array(sriov, "vfs"), claims);
}
