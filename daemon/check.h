/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this host ready for SR-IOV and passthrough? Findings, each with what to do about it. Reads the
 * host through the door: not for the main loop.
 */
#ifndef VIA_DAEMON_CHECK_H
#define VIA_DAEMON_CHECK_H

#include <json-c/json.h>

#include "kernel/kernel.h"
#include "model/config.h"
#include "model/inventory.h"
#include "peer.h"

struct via_check_input {
	struct via_kernel *kernel;
	const struct via_inventory *inv;
	const struct via_config *config;
	const char *config_error; /* NULL none */
	const struct via_groups *groups;
};

/* An array of the interface's type Finding. */
json_object *via_check(const struct via_check_input *in);

enum via_severity { VIA_SEVERITY_OK, VIA_SEVERITY_INFO, VIA_SEVERITY_WARNING, VIA_SEVERITY_ERROR };

/* For the parts below: add a finding. subject and fix may be NULL. */
void via_check_add(json_object *list, const char *id, enum via_severity severity,
	const char *subject, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* A word of the kernel's command line, or the start of one that ends with '='. */
bool via_check_cmdline(const struct via_inventory *inv, const char *word);

/* The parts. */
void via_check_host(const struct via_check_input *in, json_object *list);
void via_check_devices(const struct via_check_input *in, json_object *list);
void via_check_software(const struct via_check_input *in, json_object *list);

#endif
