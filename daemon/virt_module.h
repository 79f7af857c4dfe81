/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VIA_DAEMON_VIRT_MODULE_H
#define VIA_DAEMON_VIRT_MODULE_H

#include "virt.h"

#define VIA_VIRT_MODULE	   "viaduct-virt.so"
#define VIA_LIBVIRT_RUNDIR "/run/libvirt" /* where a local libvirtd has its sockets */

/*
 * A door that loads libvirt when there is one to talk to: what the program uses. Before that, and
 * when the module cannot be loaded, the listener is told why there is no connection. run_dir:
 * VIA_LIBVIRT_RUNDIR. module: its path. NULL out of memory.
 */
struct via_virt *via_virt_module_create(const char *uri, const char *run_dir, const char *module);

#endif
