/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about PFs: what they could do and what is in the way. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"
#include "kernel/quirks.h"

struct members {
	struct via_addr self;
	char text[256];
	size_t n;
};

/* A bridge in the group is no owner, and a PF's own VFs have their PF's. */
static int other_member(const struct via_device *d, void *user)
{
	struct members *m = user;
	size_t at = strlen(m->text);

	if (d->kind == VIA_DEVICE_BRIDGE || via_addr_eq(d->addr, m->self) ||
		(d->kind == VIA_DEVICE_VF && via_addr_eq(d->pf, m->self)))
		return 0;
	m->n++;
	snprintf(m->text + at, sizeof(m->text) - at, "%s%s", at ? ", " : "", via_addr_fmt(d->addr));
	return 0;
}

static void check_group(
	const struct via_check_input *in, json_object *list, const struct via_device *pf)
{
	struct members m = {.self = pf->addr};

	if (pf->iommu_group < 0)
		return;
	via_inventory_group(in->inv, pf->iommu_group, other_member, &m);
	if (m.n)
		via_check_add(list, "iommu-group", VIA_SEVERITY_WARNING, via_addr_fmt(pf->addr),
			"use a slot below a root port of its own, or one whose bridges have ACS",
			"shares IOMMU group %d with %s: they can only be passed through together",
			pf->iommu_group, m.text);
	else if (pf->acs == VIA_ACS_ABSENT || pf->acs == VIA_ACS_PARTIAL)
		via_check_add(list, "acs", VIA_SEVERITY_INFO, via_addr_fmt(pf->addr), NULL,
			"a bridge above has %s ACS: devices below it may reach each other without "
			"the "
			"IOMMU",
			via_acs_name(pf->acs));
}

static void check_others(json_object *list, const struct via_device *pf)
{
	for (size_t i = 0; i < pf->n_others; i++)
		via_check_add(list, "other-manager", VIA_SEVERITY_WARNING, via_addr_fmt(pf->addr),
			"let one of the two configure its VFs: take the SR-IOV settings out there, "
			"or "
			"set \"verify_only\" here",
			"is configured by something else as well: %s", pf->others[i]);
}

static bool other_identity(
	const struct via_selector *s, const struct via_inventory *inv, const struct via_device *pf)
{
	const struct via_netdev *n = via_device_netdev(inv, pf);

	return s->has_address && s->has_mac && via_addr_eq(s->address, pf->addr) && n &&
	       n->has_perm_mac && !via_mac_eq(n->perm_mac, s->mac);
}

static void check_identity(
	const struct via_check_input *in, json_object *list, const struct via_device *pf)
{
	for (size_t i = 0; i < in->config->n_pfs; i++) {
		const struct via_pf_config *c = &in->config->pfs[i];

		if (other_identity(&c->match, in->inv, pf))
			via_check_add(list, "identity", VIA_SEVERITY_ERROR, via_addr_fmt(pf->addr),
				"correct \"address\" or \"mac\" of that entry: cards move when "
				"others "
				"are added",
				"is not the card that %s:%u means: its MAC is another",
				c->place.file ? c->place.file : "?", c->place.line);
	}
}

static void check_totals(
	const struct via_check_input *in, json_object *list, const struct via_device *pf)
{
	const struct via_pf_config *c = via_config_for(in->config, in->inv, pf);
	const struct via_quirks *q = via_quirks_for(pf->driver);
	uint32_t max = pf->sriov->total;

	if (q->max_vfs && q->max_vfs < max)
		max = q->max_vfs;
	via_check_add(list, "sriov", VIA_SEVERITY_OK, via_addr_fmt(pf->addr), NULL,
		"%s can have %u VFs, has %u%s", pf->driver ? pf->driver : "without a driver it",
		max, pf->sriov->num, c ? "" : "; no entry of the configuration names it");
	if (c && c->has_num_vfs && c->num_vfs > max)
		via_check_add(list, "vf-count", VIA_SEVERITY_ERROR, via_addr_fmt(pf->addr),
			"lower \"num_vfs\"", "%u VFs are configured, %u are possible", c->num_vfs,
			max);
}

/*
 * sysfs' "resource" has a line "start end flags" for each BAR, the six of the VFs from line 7 on
 * (drivers/pci/ pci-sysfs.c, resource_show; PCI_IOV_RESOURCES). What found no room is all zero, and
 * enabling VFs then fails with ENOMEM (iov.c, sriov_enable: "not enough MMIO resources for
 * SR-IOV").
 */
#define IOV_FIRST 7
#define IOV_END	  13

static bool has_room(const char *resource)
{
	for (int line = 0; *resource && line < IOV_END; line++) {
		unsigned long long start, end, flags;

		if (line >= IOV_FIRST &&
			sscanf(resource, "%llx %llx %llx", &start, &end, &flags) == 3 && end)
			return true;
		resource += strcspn(resource, "\n");
		resource += *resource == '\n';
	}
	return false;
}

static void check_room(
	const struct via_check_input *in, json_object *list, const struct via_device *pf)
{
	char path[128], text[2048];
	ssize_t n;

	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/resource", via_addr_fmt(pf->addr));
	n = in->kernel->ops->read(in->kernel, path, text, sizeof(text) - 1);
	if (n <= 0 || !pf->sriov->total)
		return;
	text[n] = '\0';
	if (!has_room(text))
		via_check_add(list, "vf-memory", VIA_SEVERITY_ERROR, via_addr_fmt(pf->addr),
			via_check_cmdline(in->inv, "pci=realloc")
				? "enable SR-IOV and decoding above 4 GiB in the firmware"
				: "enable SR-IOV and decoding above 4 GiB in the firmware, or add "
				  "\"pci=realloc\" to the kernel's command line",
			"no memory is set aside for its VFs' BARs: creating VFs will fail "
			"(ENOMEM)");
}

static void check_pf(
	const struct via_check_input *in, json_object *list, const struct via_device *pf)
{
	if (!pf->driver)
		via_check_add(list, "driver", VIA_SEVERITY_WARNING, via_addr_fmt(pf->addr),
			"load its driver; while it is on vfio-pci itself it has no VFs",
			"has SR-IOV and no driver: it cannot have VFs");
	if (pf->sriov) {
		check_totals(in, list, pf);
		check_room(in, list, pf);
	}
	if (pf->problem)
		via_check_add(list, "attribute", VIA_SEVERITY_WARNING, via_addr_fmt(pf->addr), NULL,
			"%s", pf->problem);
	if (pf->sriov && pf->sriov->num && pf->n_netdevs && !pf->sriov->vf_info_complete)
		via_check_add(list, "vf-info", VIA_SEVERITY_WARNING, via_addr_fmt(pf->addr),
			"configure fewer VFs on this PF",
			"the kernel's answer about its VFs is cut off: there are too many for one "
			"message, some cannot be verified");
	check_group(in, list, pf);
	check_others(list, pf);
	check_identity(in, list, pf);
}

void via_check_devices(const struct via_check_input *in, json_object *list)
{
	size_t n = 0;

	for (size_t i = 0; i < in->inv->n_devices; i++) {
		if (in->inv->devices[i].kind != VIA_DEVICE_PF)
			continue;
		check_pf(in, list, &in->inv->devices[i]);
		n++;
	}
	if (!n)
		via_check_add(list, "sriov", VIA_SEVERITY_ERROR, NULL,
			"enable SR-IOV in the firmware and in the card's own setup; see "
			"`lspci -vv | grep -i sr-iov`",
			"no device of this host has SR-IOV");
}
