/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/bind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "model/plan.h"
#include "model/policy.h"

/* A probe may run asynchronously (driver_async_probe=, PROBE_PREFER_ASYNCHRONOUS). */
#define PROBE_WAIT_MS 3000
#define POLL_MS	      5

#define PATH_MAX_ 256

struct binding {
	struct via_kernel *k;
	struct via_addr addr;
	char old_driver[VIA_DRIVER_MAX];
	char old_override[VIA_DRIVER_MAX];
};

static const char *device_path(struct via_addr a, const char *attr, char buf[PATH_MAX_])
{
	snprintf(buf, PATH_MAX_, VIA_PCI_DEVICES "/%s/%s", via_addr_fmt(a), attr);
	return buf;
}
#define PATH(addr, attr) device_path((addr), (attr), (char[PATH_MAX_]){0})

int via_driver_of(struct via_kernel *k, struct via_addr addr, char *buf, size_t size)
{
	int r = via_kernel_link_name(k, PATH(addr, "driver"), buf, size);

	if (r != -ENOENT)
		return r;
	/* No link: no driver, or no device. */
	buf[0] = '\0';
	return k->ops->stat(k, PATH(addr, "vendor"), &(struct via_stat){0});
}

/* driver_override_show prints a NULL as "(null)". */
static int override_of(struct via_kernel *k, struct via_addr addr, char *buf, size_t size)
{
	int r = via_kernel_read_str(k, PATH(addr, "driver_override"), buf, size);

	if (!r && !strcmp(buf, "(null)"))
		buf[0] = '\0';
	return r;
}

/* A lone newline clears (driver_set_override in drivers/base/driver.c). */
static int set_override(struct via_kernel *k, struct via_addr addr, const char *driver)
{
	return via_kernel_write_str(k, PATH(addr, "driver_override"), driver[0] ? driver : "\n");
}

static int driver_dir(struct via_kernel *k, const char *driver)
{
	char path[PATH_MAX_];

	snprintf(path, sizeof(path), "sys/bus/pci/drivers/%s", driver);
	return k->ops->stat(k, path, &(struct via_stat){0});
}

static int take_pci_driver(const char *name, void *user)
{
	char *buf = user;

	if (strncmp(name, "pci:", 4) || strlen(name + 4) >= VIA_DRIVER_MAX)
		return 0;
	strcpy(buf, name + 4);
	return 1;
}

/* /sys/module/MODULE/drivers/pci:NAME names the driver of a loaded module (module_add_driver). */
static int driver_of_module(struct via_kernel *k, const char *module, char buf[VIA_DRIVER_MAX])
{
	char path[PATH_MAX_];
	int r;

	snprintf(path, sizeof(path), "sys/module/%s/drivers", module);
	for (char *s = path; *s; s++)
		if (*s == '-')
			*s = '_';
	r = k->ops->list(k, path, take_pci_driver, buf);
	return r < 0 ? r : r ? 0 : -ENOENT;
}

/* Make sure that there is such a driver; buf is its name, which need not be its module's. */
static int load_driver(
	struct via_kernel *k, const char *wanted, char buf[VIA_DRIVER_MAX], struct via_err *err)
{
	int r;

	if (!wanted[0] || strlen(wanted) >= VIA_DRIVER_MAX || strchr(wanted, '/') ||
		strchr(wanted, '\n'))
		return via_err_set(err, VIA_REFUSED_INVALID, "\"%s\" is no driver's name", wanted);
	strcpy(buf, wanted);
	if (!driver_dir(k, wanted))
		return 0;
	r = k->ops->load_module(k, wanted);
	if (!driver_dir(k, wanted) || !driver_of_module(k, wanted, buf))
		return 0;
	if (r)
		return via_err_set(err, r,
			"module %s cannot be loaded: %s; is it installed for "
			"this kernel, or blacklisted?",
			wanted, strerror(-r));
	return via_err_set(err, -ENOENT, "there is no PCI driver %s", wanted);
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Is the device on the driver ("": on none)? Waits for an asynchronous probe. */
static bool is_on(struct via_kernel *k, struct via_addr addr, const char *driver, int wait_ms)
{
	char now[VIA_DRIVER_MAX];

	for (int waited = 0;; waited += POLL_MS) {
		if (!via_driver_of(k, addr, now, sizeof(now)) && !strcmp(now, driver))
			return true;
		if (waited >= wait_ms)
			return false;
		pause_ms(POLL_MS);
	}
}

static int unbind_now(struct via_kernel *k, struct via_addr addr, struct via_err *err)
{
	char driver[VIA_DRIVER_MAX];
	int r = via_driver_of(k, addr, driver, sizeof(driver));

	if (r)
		return via_err_set(err, r, "%s: driver: %s", via_addr_fmt(addr), strerror(-r));
	if (!driver[0])
		return 0;
	r = via_kernel_write_str(k, PATH(addr, "driver/unbind"), via_addr_fmt(addr));
	if (r)
		return via_err_set(err, r, "%s: unbinding from %s: %s", via_addr_fmt(addr), driver,
			strerror(-r));
	if (!is_on(k, addr, "", 0))
		return via_err_set(err, -EIO,
			"%s: unbinding from %s was accepted, but it has a "
			"driver still",
			via_addr_fmt(addr), driver);
	return 0;
}

static int probe(struct via_kernel *k, struct via_addr addr, struct via_err *err)
{
	int r = via_kernel_write_str(k, "sys/bus/pci/drivers_probe", via_addr_fmt(addr));

	return r ? via_err_set(err, r, "%s: drivers_probe: %s", via_addr_fmt(addr), strerror(-r))
		 : 0;
}

/* A function on vfio is of use only through its group (/dev/vfio/GROUP). */
static int check_vfio_group(
	struct via_kernel *k, struct via_addr addr, const char *driver, struct via_err *err)
{
	char group[32], path[PATH_MAX_];
	int r;

	if (!via_policy_is_vfio(driver))
		return 0;
	r = via_kernel_link_name(k, PATH(addr, "iommu_group"), group, sizeof(group));
	if (r)
		return via_err_set(err, VIA_REFUSED_NO_IOMMU,
			"%s is bound to %s and has no IOMMU "
			"group: switch the IOMMU on (firmware setup, intel_iommu=on)",
			via_addr_fmt(addr), driver);
	snprintf(path, sizeof(path), "sys/class/vfio/%s", group);
	r = k->ops->stat(k, path, &(struct via_stat){0});
	return r ? via_err_set(err, r, "%s is bound to %s, but %s did not appear: %s",
			   via_addr_fmt(addr), driver, path, strerror(-r))
		 : 0;
}

/* Why a probe that was accepted left the device without the driver. */
static int explain_probe(struct binding *b, const char *driver, struct via_err *err)
{
	char now[VIA_DRIVER_MAX] = "", group[32];

	via_driver_of(b->k, b->addr, now, sizeof(now));
	if (now[0])
		return via_err_set(err, -EBUSY, "%s: %s took it instead of %s",
			via_addr_fmt(b->addr), now, driver);
	if (via_policy_is_vfio(driver) &&
		via_kernel_link_name(b->k, PATH(b->addr, "iommu_group"), group, sizeof(group)))
		return via_err_set(err, VIA_REFUSED_NO_IOMMU,
			"%s has no IOMMU group, %s cannot take "
			"it: switch the IOMMU on (firmware setup, intel_iommu=on)",
			via_addr_fmt(b->addr), driver);
	return via_err_set(err, -ENODEV,
		"%s: driver %s did not take it (its probe failed: see the "
		"kernel log)",
		via_addr_fmt(b->addr), driver);
}

static int act(struct binding *b, const char *driver, struct via_err *err)
{
	int r = set_override(b->k, b->addr, driver);

	if (r)
		return via_err_set(
			err, r, "%s: driver_override: %s", via_addr_fmt(b->addr), strerror(-r));
	r = unbind_now(b->k, b->addr, err);
	if (!r)
		r = probe(b->k, b->addr, err);
	if (r)
		return r;
	if (!is_on(b->k, b->addr, driver, PROBE_WAIT_MS))
		return explain_probe(b, driver, err);
	return check_vfio_group(b->k, b->addr, driver, err);
}

/* Put driver and override back, and say in err what became of it. */
static void put_back(struct binding *b, struct via_err *err)
{
	char now[VIA_DRIVER_MAX] = "";

	via_driver_of(b->k, b->addr, now, sizeof(now));
	if (strcmp(now, b->old_driver)) {
		/* By override: a VF whose PF has autoprobe off binds in no other way. */
		set_override(b->k, b->addr, b->old_driver);
		if (!unbind_now(b->k, b->addr, NULL) && b->old_driver[0])
			probe(b->k, b->addr, NULL);
	}
	set_override(b->k, b->addr, b->old_override);
	is_on(b->k, b->addr, b->old_driver, PROBE_WAIT_MS);
	via_driver_of(b->k, b->addr, now, sizeof(now));
	if (!err)
		return;
	if (strcmp(now, b->old_driver))
		via_err_set(err, err->code,
			"%s; going back failed as well: it has %s%s now, it had "
			"%s%s",
			err->msg, now[0] ? "driver " : "no driver", now,
			b->old_driver[0] ? "driver " : "none", b->old_driver);
	else
		via_err_set(err, err->code, "%s; it has %s%s as before", err->msg,
			now[0] ? "driver " : "no driver", now);
}

static int begin(struct binding *b, struct via_err *err)
{
	int r = via_driver_of(b->k, b->addr, b->old_driver, sizeof(b->old_driver));

	if (r == -ENOENT)
		return via_err_set(err, VIA_REFUSED_NOT_FOUND, "there is no PCI function %s",
			via_addr_fmt(b->addr));
	if (!r)
		r = override_of(b->k, b->addr, b->old_override, sizeof(b->old_override));
	return r ? via_err_set(err, r, "%s: its driver cannot be read: %s", via_addr_fmt(b->addr),
			   strerror(-r))
		 : 0;
}

/* The override as wanted in the end; a no-op when it is so. */
static int finish(struct binding *b, const char *keep, struct via_err *err)
{
	char now[VIA_DRIVER_MAX];
	int r = override_of(b->k, b->addr, now, sizeof(now));

	if (!r && !strcmp(now, keep))
		return 0;
	r = set_override(b->k, b->addr, keep);
	if (!r)
		r = override_of(b->k, b->addr, now, sizeof(now));
	if (!r && strcmp(now, keep))
		r = -EIO;
	return r ? via_err_set(err, r, "%s: driver_override \"%s\": %s", via_addr_fmt(b->addr),
			   keep, strerror(-r))
		 : 0;
}

int via_bind(struct via_kernel *k, struct via_addr addr, const char *driver,
	const char *keep_override, struct via_err *err)
{
	struct binding b = {.k = k, .addr = addr};
	struct via_err local = {0};
	char name[VIA_DRIVER_MAX];
	int r = begin(&b, err);

	if (!r)
		r = load_driver(k, driver, name, err);
	if (r)
		return r;
	/* The module's name was asked for as the override: keep the driver's. */
	if (!strcmp(keep_override, driver))
		keep_override = name;
	if (!err)
		err = &local;
	if (strcmp(b.old_driver, name))
		r = act(&b, name, err);
	else
		r = check_vfio_group(k, addr, name, err);
	if (!r)
		r = finish(&b, keep_override, err);
	if (r)
		put_back(&b, err);
	return r;
}

int via_unbind(
	struct via_kernel *k, struct via_addr addr, const char *keep_override, struct via_err *err)
{
	struct binding b = {.k = k, .addr = addr};
	struct via_err local = {0};
	int r = begin(&b, err);

	if (r)
		return r;
	if (!err)
		err = &local;
	r = finish(&b, keep_override, err);
	if (!r)
		r = unbind_now(k, addr, err);
	if (r)
		put_back(&b, err);
	return r;
}

static int first_name(const char *name, void *user)
{
	char *buf = user;

	if (strlen(name) >= VIA_DRIVER_MAX)
		return 0;
	strcpy(buf, name);
	return 1;
}

/* The driver of a module found by alias. The one in the kernel tree whose name is not its module's
 * is vfio-pci (drivers/vfio/pci/vfio_pci.c); others are looked up once they are loaded. */
static int name_driver(struct via_kernel *k, char module[VIA_DRIVER_MAX])
{
	char driver[VIA_DRIVER_MAX];

	if (!strcmp(module, "vfio_pci"))
		strcpy(module, "vfio-pci");
	else if (driver_dir(k, module) && !driver_of_module(k, module, driver))
		strcpy(module, driver);
	return 0;
}

static int find_module(
	struct via_kernel *k, const char *prefix, const char *modalias, char found[VIA_DRIVER_MAX])
{
	char alias[256];
	int r;

	if (!modalias || strncmp(modalias, "pci:", 4))
		return -ENOENT;
	snprintf(alias, sizeof(alias), "%s%s", prefix, modalias + 4);
	r = k->ops->lookup_alias(k, alias, first_name, found);
	return r == 1 ? 0 : r < 0 ? r : -ENOENT;
}

static int host_driver(
	struct via_kernel *k, const struct via_device *dev, char found[VIA_DRIVER_MAX])
{
	int r = find_module(k, "pci:", dev->modalias, found);

	return r ? -ENOENT : name_driver(k, found);
}

static int vfio_driver(
	struct via_kernel *k, const struct via_device *dev, char found[VIA_DRIVER_MAX])
{
	/* Variants are found by the modalias with its prefix replaced (file2alias.c). */
	if (find_module(k, "vfio_pci:", dev->modalias, found))
		strcpy(found, "vfio-pci");
	return name_driver(k, found);
}

int via_driver_for(struct via_kernel *k, const struct via_device *dev,
	enum via_driver_choice choice, char *buf, size_t size)
{
	char found[VIA_DRIVER_MAX];
	int r = -ENOENT;

	if (choice == VIA_DRIVER_VFIO)
		r = vfio_driver(k, dev, found);
	else if (choice == VIA_DRIVER_HOST)
		r = host_driver(k, dev, found);
	if (!r && strlen(found) >= size)
		r = -ENOENT;
	if (!r)
		strcpy(buf, found);
	return r;
}
