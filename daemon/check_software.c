/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about what else runs here: libvirt, groups, limits, the configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "check.h"

#define NETWORK_MAX (64 * 1024)

static bool exists(struct via_kernel *k, const char *path)
{
	struct via_stat st;

	return k->ops->stat(k, path, &st) == 0;
}

static void check_libvirt(const struct via_check_input *in, json_object *list)
{
	struct via_kernel *k = in->kernel;

	if (exists(k, "run/libvirt/libvirt-sock") || exists(k, "run/libvirt/virtqemud-sock"))
		via_check_add(list, "libvirt", VIA_SEVERITY_OK, NULL, NULL, "libvirt is running");
	else if (exists(k, "usr/sbin/libvirtd") || exists(k, "usr/sbin/virtqemud"))
		via_check_add(list, "libvirt", VIA_SEVERITY_WARNING, NULL,
			"systemctl enable --now libvirtd", "libvirt is installed and not running");
	else
		via_check_add(list, "libvirt", VIA_SEVERITY_INFO, NULL,
			"install libvirt-daemon-system to run guests", "libvirt is not installed");
}

/* libvirt's own pools hand out VFs without asking anybody. */
static void check_pool(struct via_kernel *k, json_object *list, const char *name)
{
	via_autofree char *text = malloc(NETWORK_MAX);
	char path[320];
	ssize_t n;

	snprintf(path, sizeof(path), "etc/libvirt/qemu/networks/%s", name);
	n = text ? k->ops->read(k, path, text, NETWORK_MAX - 1) : -1;
	if (n < 0)
		return;
	text[n] = '\0';
	if (!strstr(text, "mode='hostdev'") && !strstr(text, "mode=\"hostdev\""))
		return;
	via_check_add(list, "libvirt-pool", VIA_SEVERITY_WARNING, name,
		"virsh net-undefine it, or leave its PF out of viaduct's configuration",
		"/%s is a pool of VFs (forward mode hostdev): libvirt hands them out by itself, "
		"and "
		"sets their MAC and VLAN",
		path);
}

struct pools {
	struct via_kernel *kernel;
	json_object *list;
};

static int on_network(const char *name, void *user)
{
	struct pools *p = user;
	size_t n = strlen(name);

	if (n > 4 && n < 256 && !strcmp(name + n - 4, ".xml"))
		check_pool(p->kernel, p->list, name);
	return 0;
}

static void check_group(json_object *list, const char *name, bool has, const char *what)
{
	char fix[128];

	if (has)
		return;
	snprintf(fix, sizeof(fix), "systemd-sysusers, or groupadd --system %s", name);
	via_check_add(list, "group", VIA_SEVERITY_INFO, name, fix,
		"there is no group %s: only root may %s", name, what);
}

/* vfio pins a guest's whole memory, which counts against the limit of who runs QEMU. */
static void check_memlock(const struct via_check_input *in, json_object *list)
{
	struct via_kernel *k = in->kernel;

	if (!exists(k, "usr/sbin/libvirtd") && !exists(k, "usr/sbin/virtqemud"))
		via_check_add(list, "memlock", VIA_SEVERITY_INFO, NULL,
			"raise LimitMEMLOCK (ulimit -l) of whatever starts QEMU above the guest's "
			"memory",
			"QEMU without libvirt needs a lock limit as large as the guest: vfio pins "
			"all "
			"of its memory (libvirt raises the limit by itself)");
}

static void check_config(const struct via_check_input *in, json_object *list)
{
	if (in->config_error)
		via_check_add(list, "config", VIA_SEVERITY_ERROR, NULL,
			"correct it, see `viaduct config check`, then `viaduct reload`", "%s",
			in->config_error);
	else if (!in->config->n_pfs)
		via_check_add(list, "config", VIA_SEVERITY_INFO, NULL,
			"name PFs in /etc/viaduct/viaduct.json", "no PF is configured");
	else
		via_check_add(list, "config", VIA_SEVERITY_OK, NULL, NULL,
			"PF entries: %zu, networks: %zu", in->config->n_pfs,
			in->config->n_networks);
}

void via_check_software(const struct via_check_input *in, json_object *list)
{
	struct pools p = {in->kernel, list};

	check_libvirt(in, list);
	in->kernel->ops->list(in->kernel, "etc/libvirt/qemu/networks", on_network, &p);
	check_group(list, in->groups->read_name, in->groups->has_read, "look");
	check_group(list, in->groups->change_name, in->groups->has_change, "change anything");
	check_memlock(in, list);
	check_config(in, list);
}
