/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Driver binding of one PCI function, by driver_override. */
#ifndef VIA_KERNEL_BIND_H
#define VIA_KERNEL_BIND_H

#include "kernel/kernel.h"
#include "model/inventory.h"
#include "model/config.h"

/*
 * Bind to driver: loads the module, writes driver_override, unbinds the old driver, writes
 * drivers_probe, verifies the driver link. On any failure the former override and driver are put
 * back and verified; err says what the device has now. 0 also when it was bound so already.
 * keep_override: what driver_override holds afterwards (usually the driver; "" clears).
 */
int via_bind(struct via_kernel *k, struct via_addr addr, const char *driver,
	const char *keep_override, struct via_err *err);
/* Unbind and set the override ("" clears); the device has no driver afterwards (verified). */
int via_unbind(
	struct via_kernel *k, struct via_addr addr, const char *keep_override, struct via_err *err);
/* The driver link's name, "" none. */
int via_driver_of(struct via_kernel *k, struct via_addr addr, char *buf, size_t size);
/*
 * The driver for a choice: VFIO gives the most specific vfio_pci: alias, else "vfio-pci"; HOST
 * gives the module the device's modalias names. 0 or -ENOENT.
 */
int via_driver_for(struct via_kernel *k, const struct via_device *dev,
	enum via_driver_choice choice, char *buf, size_t size);

#endif
