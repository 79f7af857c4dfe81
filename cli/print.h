/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents as text. Each returns 0 or CLI_FAILED, reported. */
#ifndef VIA_CLI_PRINT_H
#define VIA_CLI_PRINT_H

#include "cli.h"

int print_status(const struct cli *c, json_object *status);
int print_device(const struct cli *c, json_object *device);
int print_devices(const struct cli *c, json_object *devices, const char *columns, bool header);
int print_findings(const struct cli *c, json_object *findings);
int print_plan(const struct cli *c, json_object *plan);
/* What is refused, one a line; nothing for none. gap: an empty line before. */
void print_refusals(const struct cli *c, json_object *refusals, bool gap);
/* One line about a step that changed its state; on a terminal running ones, too. */
void print_progress(const struct cli *c, json_object *plan, json_object *result);
/* What became of every step that did not simply succeed, and the summary. */
int print_report(const struct cli *c, json_object *report);
void print_event(const struct cli *c, json_object *event);

/* The step of a plan with that id; NULL for none. */
json_object *plan_step(json_object *plan, int64_t id);
/* Columns of print_devices. 0, or CLI_USAGE, reported, when a name of the list is none. */
int print_devices_check(const struct cli *c, const char *columns);

#endif
