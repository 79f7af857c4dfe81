/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One step's act and its reading back, by a table over the operations. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/bind.h"
#include "kernel/execute_parts.h"
#include "kernel/pci.h"

#define CARRIER_WAIT_MS 3000
#define POLL_MS		20

const char *via_execute_path(struct via_addr a, const char *attr, char buf[EXECUTE_PATH_MAX])
{
	snprintf(buf, EXECUTE_PATH_MAX, VIA_PCI_DEVICES "/%s%s%s", via_addr_fmt(a),
		attr[0] ? "/" : "", attr);
	return buf;
}

bool via_execute_wait(unsigned int *waited_ms, unsigned int limit_ms)
{
	if (*waited_ms >= limit_ms)
		return false;
	nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
	*waited_ms += POLL_MS;
	return true;
}

/* Representors share their PF's parent; their port names start with the PF they belong to, the
 * uplink's is "p0" (net/devlink: __devlink_port_phys_port_name_get). */
static bool is_uplink(const struct via_link *l)
{
	return l->phys_port_name[0] != 'c' && strncmp(l->phys_port_name, "pf", 2);
}

typedef bool link_wanted_fn(const struct via_link *l, const void *what);

static bool sits_on(const struct via_link *l, const void *parent)
{
	return !strcmp(l->parent, parent) && is_uplink(l);
}

static bool has_index(const struct via_link *l, const void *ifindex)
{
	return l->ifindex == *(const int *)ifindex;
}

/* The lowest wanted one of ours. */
static int find_link(struct via_kernel *k, link_wanted_fn *wanted, const void *what,
	struct via_link *ret, struct via_err *err)
{
	struct via_net net = {0};
	const struct via_link *best = NULL;
	int r = k->ops->get_net(k, false, &net, err);

	if (r)
		return r;
	for (size_t i = 0; i < net.n_links; i++) {
		const struct via_link *l = &net.links[i];

		if (!l->netns[0] && wanted(l, what) && (!best || l->ifindex < best->ifindex))
			best = l;
	}
	if (best)
		*ret = *best;
	via_net_finish(&net);
	return best ? 0 : -ENODEV;
}

int via_execute_link(
	struct via_kernel *k, struct via_addr a, struct via_link *ret, struct via_err *err)
{
	char parent[VIA_ADDR_STR_MAX];
	int r = find_link(k, sits_on, via_addr_str(a, parent), ret, err);

	if (r == -ENODEV)
		return via_err_set(
			err, r, "%s has no net device in this network namespace", parent);
	return r;
}

int via_execute_link_at(
	struct via_kernel *k, int ifindex, struct via_link *ret, struct via_err *err)
{
	int r = find_link(k, has_index, &ifindex, ret, err);

	return r == -ENODEV ? via_err_set(err, r, "there is no net device with index %d", ifindex)
			    : r;
}

static int set_autoprobe(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	const char *path = DEVICE_PATH(s->pf, "sriov_drivers_autoprobe");
	uint64_t now = UINT64_MAX;
	int r = via_kernel_write_str(k, path, s->set.number ? "1" : "0");

	if (!r)
		r = via_kernel_read_u64(k, path, &now);
	if (!r && now != (s->set.number != 0))
		r = -EIO;
	return r ? via_err_set(err, r, "%s: sriov_drivers_autoprobe %u: %s", via_addr_fmt(s->pf),
			   s->set.number, r == -EIO ? "reads back different" : strerror(-r))
		 : 0;
}

static int set_mtu(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	struct via_link_set set = {.has_mtu = true, .mtu = s->set.number};
	struct via_link l;
	int r = via_execute_link(k, s->target, &l, err);

	if (r)
		return r;
	r = k->ops->set_link(k, l.ifindex, &set, err);
	if (r) {
		via_err_prefix(err, "%s (%s): MTU %u", l.name, via_addr_fmt(s->target), set.mtu);
		return r;
	}
	r = via_execute_link_at(k, l.ifindex, &l, err);
	if (!r && l.mtu != set.mtu)
		r = via_err_set(err, -EIO, "%s (%s): MTU %u was accepted and reads back as %u",
			l.name, via_addr_fmt(s->target), set.mtu, l.mtu);
	return r;
}

/* A link that stays without carrier is up all the same: a cable may be out. */
static int set_up(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	struct via_link_set set = {.has_up = true, .up = s->set.number != 0};
	unsigned int waited = 0;
	struct via_link l;
	int r = via_execute_link(k, s->target, &l, err);

	if (r)
		return r;
	r = k->ops->set_link(k, l.ifindex, &set, err);
	if (r) {
		via_err_prefix(err, "%s (%s): %s", l.name, via_addr_fmt(s->target),
			set.up ? "up" : "down");
		return r;
	}
	do
		r = via_execute_link_at(k, l.ifindex, &l, err);
	while (!r && set.up && !l.carrier && via_execute_wait(&waited, CARRIER_WAIT_MS));
	if (!r && l.up != set.up)
		r = via_err_set(err, -EIO, "%s (%s) was set %s and is not", l.name,
			via_addr_fmt(s->target), set.up ? "up" : "down");
	return r;
}

/* The attribute is write-only: the VF's MSI-X table size tells. */
static int verify_msix(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	uint8_t config[4096];
	struct via_pci_caps caps;
	ssize_t n = k->ops->read(k, DEVICE_PATH(s->target, "config"), config, sizeof(config));

	if (n < 0)
		return via_err_set(
			err, (int)n, "%s: config: %s", via_addr_fmt(s->target), strerror((int)-n));
	via_pci_parse_config(config, (size_t)n, &caps);
	if (s->set.number && caps.msix != s->set.number)
		return via_err_set(err, -EIO,
			"%s: an MSI-X count of %u was accepted and its table has "
			"%u",
			via_addr_fmt(s->target), s->set.number, caps.msix);
	return 0;
}

static int set_msix(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char text[16];
	int r;

	snprintf(text, sizeof(text), "%u", s->set.number);
	r = via_kernel_write_str(k, DEVICE_PATH(s->target, "sriov_vf_msix_count"), text);
	/* sriov_vf_msix_count_store: the PF's driver lacks it; the VF is bound. */
	if (r == -EOPNOTSUPP || r == -ENOENT)
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"%s: the driver of %s cannot set a "
			"VF's MSI-X count: leave msix out",
			via_addr_fmt(s->target), via_addr_fmt(s->pf));
	if (r == -EBUSY)
		return via_err_set(err, r,
			"%s: its MSI-X count cannot change while it has a driver",
			via_addr_fmt(s->target));
	return r ? via_err_set(err, r, "%s: MSI-X count %u: %s", via_addr_fmt(s->target),
			   s->set.number, strerror(-r))
		 : verify_msix(k, s, err);
}

static int set_eswitch(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char now[32] = "";
	int r = k->ops->get_eswitch(k, s->pf, now, sizeof(now));

	if (r == -EOPNOTSUPP)
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"%s has no eswitch: leave "
			"eswitch_mode out",
			via_addr_fmt(s->pf));
	if (!r && !strcmp(now, s->set.text))
		return 0;
	r = k->ops->set_eswitch(k, s->pf, s->set.text, err);
	if (r) {
		via_err_prefix(err, "%s: eswitch mode %s", via_addr_fmt(s->pf), s->set.text);
		return r;
	}
	r = k->ops->get_eswitch(k, s->pf, now, sizeof(now));
	if (!r && strcmp(now, s->set.text))
		r = -EIO;
	return r ? via_err_set(err, r, "%s: eswitch mode %s was accepted and reads back as \"%s\"",
			   via_addr_fmt(s->pf), s->set.text, now)
		 : 0;
}

/* "": the host's own driver, by the device's modalias. */
static int host_driver(
	struct via_kernel *k, struct via_addr a, char *buf, size_t size, struct via_err *err)
{
	struct via_device dev = {.addr = a};
	char modalias[128];
	int r = via_kernel_read_str(k, DEVICE_PATH(a, "modalias"), modalias, sizeof(modalias));

	dev.modalias = modalias;
	if (!r)
		r = via_driver_for(k, &dev, VIA_DRIVER_HOST, buf, size);
	return r ? via_err_set(err, VIA_REFUSED_NOT_FOUND, "this host has no driver for %s",
			   via_addr_fmt(a))
		 : 0;
}

static int bind_driver(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char driver[VIA_DRIVER_MAX];
	int r;

	snprintf(driver, sizeof(driver), "%s", s->set.text);
	if (!driver[0]) {
		r = host_driver(k, s->target, driver, sizeof(driver), err);
		if (r)
			return r;
	}
	return via_bind(k, s->target, driver, s->set.override, err);
}

static int unbind_driver(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	return via_unbind(k, s->target, s->set.override, err);
}

/*
 * pci_reset_function() under the device lock (reset_store() in drivers/pci/pci-sysfs.c):
 * configuration space is saved and put back around it, the driver stays. There is nothing to read
 * back: the write returns when the function answers again (pci_dev_wait()), or ENOTTY when no
 * method did it. The attribute is there only when the kernel found a method at all.
 */
static int reset_function(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	char methods[64] = "";
	int r = via_kernel_write_str(k, DEVICE_PATH(s->target, "reset"), "1");

	if (!r)
		return 0;
	if (r == -ENOENT)
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"%s: the kernel knows no way to reset this function",
			via_addr_fmt(s->target));
	via_kernel_read_str(k, DEVICE_PATH(s->target, "reset_method"), methods, sizeof(methods));
	if (r == -ENOTTY && !methods[0])
		return via_err_set(err, VIA_REFUSED_UNSUPPORTED,
			"%s: its reset is switched off; write \"default\" to reset_method",
			via_addr_fmt(s->target));
	return via_err_set(err, r, "%s: reset (%s): %s", via_addr_fmt(s->target),
		methods[0] ? methods : "method not known",
		r == -ENOTTY ? "no method worked; the function may need a cold start"
			     : strerror(-r));
}

typedef int act_fn(struct via_kernel *k, const struct via_step *s, struct via_err *err);
static act_fn *const acts[VIA_STEP_OP_COUNT] = {
	[VIA_STEP_ESWITCH] = set_eswitch,
	[VIA_STEP_AUTOPROBE] = set_autoprobe,
	[VIA_STEP_NUM_VFS] = via_execute_set_num_vfs,
	[VIA_STEP_PF_MTU] = set_mtu,
	[VIA_STEP_PF_UP] = set_up,
	[VIA_STEP_VF_MSIX] = set_msix,
	[VIA_STEP_BIND] = bind_driver,
	[VIA_STEP_UNBIND] = unbind_driver,
	[VIA_STEP_VF_MTU] = set_mtu,
	[VIA_STEP_RESET] = reset_function,
};

int via_execute_act(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	act_fn *act = (unsigned int)s->op < VIA_STEP_OP_COUNT ? acts[s->op] : NULL;

	return act ? act(k, s, err)
		   : via_err_set(err, -EINVAL, "step %u has no known operation", s->id);
}
