/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The element to paste into a domain. Every value in it is written anew from a parsed address, MAC
 * or number, so that no text of anybody can break out of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "print.h"

#define FORM_HOSTDEV   "hostdev"
#define FORM_INTERFACE "interface"

int claim_xml_form(const struct cli *c, const char **ret)
{
	const char *form = c->opt.xml_form ? c->opt.xml_form : FORM_HOSTDEV;

	if (strcmp(form, FORM_HOSTDEV) && strcmp(form, FORM_INTERFACE))
		return cli_usage(
			c, "--xml=%s is no element; there are hostdev and interface", form);
	*ret = form;
	return 0;
}

static void print_source(struct via_addr a, const char *type)
{
	printf("  <source>\n"
	       "    <address%s domain='0x%04" PRIx32
	       "' bus='0x%02x' slot='0x%02x' function='0x%x'/>\n"
	       "  </source>\n",
		type, a.domain, a.bus, a.dev, a.fn);
}

/* libvirt sets the VLAN that stands there, and clears the one that is set where none stands. */
static void print_vlan(json_object *claim)
{
	int64_t vlan = doc_number(doc_object(claim, "wanted"), "vlan", 0);

	if (vlan > 0 && vlan < 4095)
		printf("  <vlan>\n    <tag id='%" PRId64 "'/>\n  </vlan>\n", vlan);
}

static void print_interface(json_object *claim, struct via_addr addr, const char *managed)
{
	struct via_mac mac;

	printf("<interface type='hostdev' managed='%s'>\n", managed);
	if (via_mac_parse(doc_word(claim, "mac"), &mac) == 0)
		printf("  <mac address='%s'/>\n", via_mac_fmt(mac));
	print_source(addr, " type='pci'");
	print_vlan(claim);
	printf("</interface>\n");
}

/* libvirt's <vlan> has neither a priority nor 802.1ad for a VF (its call sets the id alone). */
static void warn_of_loss(json_object *claim)
{
	json_object *wanted = doc_object(claim, "wanted");
	const char *proto = doc_text(wanted, "vlan_proto");
	bool other = proto && strcasecmp(proto, "802.1q") && doc_number(wanted, "vlan", 0) > 0;

	if (doc_number(wanted, "qos", 0) <= 0 && !other)
		return;
	fflush(stdout);
	fprintf(stderr,
		"viaduct: libvirt sets the VLAN of an <interface> without its %s: use "
		"--xml=hostdev for %s\n",
		other ? "protocol" : "priority", doc_word(claim, "address"));
}

int print_claim_xml(const struct cli *c, json_object *claim, const char *form)
{
	/* Where the daemon has bound it to a vfio driver, libvirt has nothing to do. */
	const char *managed = doc_text(claim, "driver") ? "no" : "yes";
	struct via_addr addr;

	if (via_addr_parse(doc_word(claim, "address"), &addr) < 0)
		return cli_fail(c, CLI_FAILED, "viaductd told no PCI address of the claim");
	/* libvirt takes no PF as an <interface>. */
	if (!strcmp(form, FORM_INTERFACE) && !doc_true(claim, "whole")) {
		print_interface(claim, addr, managed);
		warn_of_loss(claim);
		return 0;
	}
	printf("<hostdev mode='subsystem' type='pci' managed='%s'>\n", managed);
	print_source(addr, "");
	printf("</hostdev>\n");
	return 0;
}
