/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about the machine and its kernel: IOMMU, interrupt remapping, arguments, vfio. */
#include <stdio.h>
#include <string.h>

#include "check.h"

enum cpu { CPU_OTHER, CPU_INTEL, CPU_AMD };

/* "vendor_id" of /proc/cpuinfo (x86). */
static enum cpu cpu_vendor(struct via_kernel *k)
{
	char buf[4096];
	ssize_t n = k->ops->read(k, "proc/cpuinfo", buf, sizeof(buf) - 1);

	if (n < 0)
		return CPU_OTHER;
	buf[n] = '\0';
	if (strstr(buf, "GenuineIntel"))
		return CPU_INTEL;
	return strstr(buf, "AuthenticAMD") || strstr(buf, "HygonGenuine") ? CPU_AMD : CPU_OTHER;
}

static void iommu_off(const struct via_check_input *in, json_object *list, enum cpu cpu)
{
	const char *fix;

	/* Documentation/admin-guide/kernel-parameters.txt: Intel's is off by default in many
	 * distributions' kernels, AMD's is on when the firmware offers it. */
	if (cpu == CPU_INTEL && !via_check_cmdline(in->inv, "intel_iommu=on"))
		fix = "enable VT-d in the firmware, add \"intel_iommu=on iommu=pt\" to the "
		      "kernel's "
		      "command line and reboot";
	else if (via_check_cmdline(in->inv, "iommu=off") ||
		 via_check_cmdline(in->inv, "amd_iommu=off"))
		fix = "take \"iommu=off\" off the kernel's command line and reboot";
	else
		fix = "enable the IOMMU (VT-d, AMD-Vi, SMMU) in the firmware and reboot";
	via_check_add(list, "iommu", VIA_SEVERITY_ERROR, NULL, fix,
		"no IOMMU is in use (there is no IOMMU group): nothing can be passed through");
}

static void check_iommu(const struct via_check_input *in, json_object *list)
{
	enum cpu cpu = cpu_vendor(in->kernel);

	if (!in->inv->host.iommu) {
		iommu_off(in, list, cpu);
		return;
	}
	via_check_add(list, "iommu", VIA_SEVERITY_OK, NULL, NULL, "the IOMMU is in use");
	if (!via_check_cmdline(in->inv, "iommu=pt") &&
		!via_check_cmdline(in->inv, "iommu.passthrough=1"))
		via_check_add(list, "iommu-pt", VIA_SEVERITY_INFO, NULL,
			"add \"iommu=pt\" to the kernel's command line",
			"the host's own devices are translated as well, which costs them "
			"throughput");
}

static void check_interrupts(const struct via_check_input *in, json_object *list)
{
	if (in->inv->host.unsafe_interrupts)
		via_check_add(list, "interrupts", VIA_SEVERITY_WARNING, NULL,
			"take vfio_iommu_type1.allow_unsafe_interrupts away; enable interrupt "
			"remapping "
			"in the firmware",
			"unsafe interrupts are allowed: a guest with a device can inject "
			"interrupts "
			"into the host");
	else if (via_check_cmdline(in->inv, "intremap=off"))
		via_check_add(list, "interrupts", VIA_SEVERITY_ERROR, NULL,
			"take \"intremap=off\" off the kernel's command line",
			"interrupt remapping is off: vfio refuses every device");
}

static int first(const char *name, void *user)
{
	(void)name;
	(void)user;
	return 1;
}

static int found(const char *name, void *user)
{
	snprintf(user, 64, "%s", name);
	return 1;
}

/* vfio-pci: loaded, or a module that modules.alias knows (an empty id table: no alias), or built
 * in. */
static void check_vfio(const struct via_check_input *in, json_object *list)
{
	struct via_kernel *k = in->kernel;
	const char *alias = "vfio_pci:v00000000d00000000sv00000000sd00000000bc00sc00i00";
	char module[64] = "";

	if (in->inv->host.vfio_pci) {
		via_check_add(list, "vfio", VIA_SEVERITY_OK, NULL, NULL, "vfio-pci is loaded");
		return;
	}
	if (k->ops->list(k, "sys/module/vfio_pci", first, NULL) >= 0 ||
		k->ops->lookup_alias(k, alias, found, module) > 0)
		via_check_add(list, "vfio", VIA_SEVERITY_INFO, NULL, NULL,
			"vfio-pci is not loaded; it is when the first device is bound to it");
	else
		via_check_add(list, "vfio", VIA_SEVERITY_INFO, NULL,
			"if binding fails: \"modprobe vfio-pci\" (Debian: package "
			"linux-image-amd64, not "
			"the cloud kernel)",
			"vfio-pci is not loaded");
}

/* Extended capabilities, SR-IOV among them, are reached through MMCONFIG only. */
static void check_arguments(const struct via_check_input *in, json_object *list)
{
	if (via_check_cmdline(in->inv, "pci=nommconf"))
		via_check_add(list, "pci-arguments", VIA_SEVERITY_WARNING, NULL,
			"take \"pci=nommconf\" off the kernel's command line",
			"pci=nommconf hides extended capabilities such as SR-IOV from the kernel");
}

void via_check_host(const struct via_check_input *in, json_object *list)
{
	check_iommu(in, list);
	check_interrupts(in, list);
	check_vfio(in, list);
	check_arguments(in, list);
}
