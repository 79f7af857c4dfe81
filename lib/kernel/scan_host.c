/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about the whole host. */
#include <string.h>

#include "kernel/scan_parts.h"

static int stop(const char *name, void *user)
{
	(void)name;
	(void)user;
	return 1;
}

static bool exists(struct via_kernel *k, const char *path)
{
	struct via_stat st;

	return k->ops->stat(k, path, &st) == 0;
}

static const char *read_line(struct scan *s, const char *path)
{
	char text[4096];

	return via_kernel_read_str(s->k, path, text, sizeof(text)) ? NULL : scan_intern(s, text);
}

int scan_host(struct scan *s)
{
	struct via_host *h = &s->inv->host;
	char text[8];

	h->iommu = s->k->ops->list(s->k, "sys/kernel/iommu_groups", stop, NULL) == 1;
	h->vfio_pci = exists(s->k, "sys/bus/pci/drivers/vfio-pci");
	/* A bool parameter of the module: "Y" or "N" (param_get_bool in kernel/params.c). */
	h->unsafe_interrupts =
		via_kernel_read_str(s->k,
			"sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", text,
			sizeof(text)) == 0 &&
		!strcmp(text, "Y");
	h->cmdline = read_line(s, "proc/cmdline");
	h->kernel = read_line(s, "proc/sys/kernel/osrelease");
	h->boot_id = read_line(s, "proc/sys/kernel/random/boot_id");
	h->hostname = read_line(s, "proc/sys/kernel/hostname");
	return 0;
}
