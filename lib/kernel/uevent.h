/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uevents of the subsystems pci, net and vfio (libudev behind it). One thread at a time. */
#ifndef VIA_KERNEL_UEVENT_H
#define VIA_KERNEL_UEVENT_H

#include "kernel/kernel.h"

struct via_uevents;

/*
 * Starts to listen: what happens from now on is delivered. From udev, after its rules have run,
 * when it runs (root has run/udev/control); else from the kernel itself.
 */
int via_uevents_create(int root, struct via_uevents **ret);
void via_uevents_destroy(struct via_uevents *u); /* takes NULL */
int via_uevents_fd(const struct via_uevents *u);
int via_uevents_next(struct via_uevents *u, struct via_uevent *ret);

/* "add"; -EINVAL for an action that concerns nobody here. */
int via_uevent_action_parse(const char *name, enum via_uevent_action *ret);
/* The PCI function a device path ("/sys/devices/pci0000:00/0000:01:10.0/net/eth2") is or sits on.
 */
bool via_uevent_pci_of(const char *syspath, struct via_addr *ret);

#endif
