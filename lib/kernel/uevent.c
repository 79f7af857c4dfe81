/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/uevent.h"

#include <errno.h>
#include <libudev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Creating the 256 VFs of a PF makes over a thousand events, some of 2 KiB, faster than they are
 * read. */
#define RECEIVE_BUFFER (8 * 1024 * 1024)

struct via_uevents {
	struct udev *udev;
	struct udev_monitor *monitor;
};

int via_uevent_action_parse(const char *name, enum via_uevent_action *ret)
{
	static const struct {
		const char *name;
		enum via_uevent_action action;
	} actions[] = {
		{"add", VIA_UEVENT_ADD},
		{"remove", VIA_UEVENT_REMOVE},
		{"bind", VIA_UEVENT_BIND},
		{"unbind", VIA_UEVENT_UNBIND},
		{"change", VIA_UEVENT_CHANGE},
		{"move", VIA_UEVENT_MOVE},
		{"online", VIA_UEVENT_ONLINE},
		{"offline", VIA_UEVENT_OFFLINE},
	};

	for (size_t i = 0; name && i < VIA_ARRAY_SIZE(actions); i++) {
		if (strcmp(name, actions[i].name) == 0) {
			*ret = actions[i].action;
			return 0;
		}
	}
	return -EINVAL;
}

bool via_uevent_pci_of(const char *syspath, struct via_addr *ret)
{
	char part[VIA_ADDR_STR_MAX];
	bool found = false;

	/* The last address on the path: those before it are the bridges above. */
	while (*syspath) {
		size_t len = strcspn(syspath, "/");

		if (len && len < sizeof(part)) {
			memcpy(part, syspath, len);
			part[len] = '\0';
			/* The full form only: "01:00.0" is some other bus' name. */
			if (strchr(part, ':') != strrchr(part, ':') &&
				via_addr_parse(part, ret) == 0)
				found = true;
		}
		syspath += len + (syspath[len] == '/');
	}
	return found;
}

static int listen_to(struct via_uevents *u)
{
	static const char *const subsystems[] = {"pci", "net", "vfio"};
	int r;

	for (size_t i = 0; i < VIA_ARRAY_SIZE(subsystems); i++) {
		r = udev_monitor_filter_add_match_subsystem_devtype(
			u->monitor, subsystems[i], NULL);
		if (r < 0)
			return r;
	}
	/* Needs CAP_NET_ADMIN; with the default size events are lost sooner, and that is noticed.
	 */
	udev_monitor_set_receive_buffer_size(u->monitor, RECEIVE_BUFFER);
	return udev_monitor_enable_receiving(u->monitor);
}

int via_uevents_create(int root, struct via_uevents **ret)
{
	bool udevd = faccessat(root, "run/udev/control", F_OK, 0) == 0;
	struct via_uevents *u = calloc(1, sizeof(*u));
	int r = -ENOMEM;

	if (!u)
		return r;
	u->udev = udev_new();
	if (u->udev)
		u->monitor = udev_monitor_new_from_netlink(u->udev, udevd ? "udev" : "kernel");
	if (u->monitor)
		r = listen_to(u);
	if (r < 0) {
		via_uevents_destroy(u);
		return r;
	}
	*ret = u;
	return 0;
}

void via_uevents_destroy(struct via_uevents *u)
{
	if (!u)
		return;
	udev_monitor_unref(u->monitor);
	udev_unref(u->udev);
	free(u);
}

int via_uevents_fd(const struct via_uevents *u)
{
	return udev_monitor_get_fd(u->monitor);
}

static bool convert(struct udev_device *d, struct via_uevent *ret)
{
	const char *subsystem = udev_device_get_subsystem(d);
	const char *sysname = udev_device_get_sysname(d);
	const char *syspath = udev_device_get_syspath(d);
	struct via_uevent e = {0};

	if (!subsystem || !sysname || !syspath ||
		via_uevent_action_parse(udev_device_get_action(d), &e.action) < 0)
		return false;
	snprintf(e.subsystem, sizeof(e.subsystem), "%s", subsystem);
	snprintf(e.sysname, sizeof(e.sysname), "%s", sysname);
	e.has_pci = via_uevent_pci_of(syspath, &e.pci);
	*ret = e;
	return true;
}

/* 1 and an event, 0 for one that concerns nobody, or a negated errno. */
static int receive(struct via_uevents *u, struct via_uevent *ret)
{
	struct udev_device *d;
	bool ok;

	errno = 0;
	d = udev_monitor_receive_device(u->monitor);
	if (!d)
		return errno ? -errno : -EAGAIN;
	ok = convert(d, ret);
	udev_device_unref(d);
	return ok;
}

int via_uevents_next(struct via_uevents *u, struct via_uevent *ret)
{
	int r;

	do
		r = receive(u, ret);
	while (r == 0 || r == -EINTR);
	if (r == -EAGAIN)
		return 0;
	if (r == -ENOBUFS) {
		*ret = (struct via_uevent){.action = VIA_UEVENT_LOST};
		return 1;
	}
	return r;
}
