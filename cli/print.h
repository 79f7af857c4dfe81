/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents as text. Each returns 0 or CLI_FAILED, reported. */
#ifndef VIA_CLI_PRINT_H
#define VIA_CLI_PRINT_H

#include "cli.h"
#include "doc.h"

int print_status(const struct cli *c, json_object *status);
/* Parts of it: the lines of its head on libvirt and claims; drains and contradictions. */
void print_status_owners(const struct cli *c, json_object *status);
void print_status_ownership(const struct cli *c, json_object *status);
/* claims: those on its VFs, for their table; NULL. */
int print_device(const struct cli *c, json_object *device, json_object *claims);
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

/* Rows of a kind, with the columns and the header that the options say. */
enum print_rows { PRINT_DEVICES, PRINT_CLAIMS, PRINT_QUARANTINE, PRINT_NETWORKS, PRINT_VMS };
int print_rows(const struct cli *c, enum print_rows kind, json_object *rows);
/* --columns for that kind. 0, or CLI_USAGE, reported, when a name of the list is none. */
int print_rows_check(const struct cli *c, enum print_rows kind);

/* "0000:01:10.0 (VF 0 of 0000:01:00.0) is web1's: …", one a line. */
void print_claims_held(json_object *claims);
/* What became of what was given up: clean when nothing is left of it, else what did not come free,
 * one a line; with --json the reply. 0, or the exit code of a quarantine. */
int print_given_up(const struct cli *c, json_object *reply, const char *clean, ...)
	__attribute__((format(printf, 3, 4)));
/* The element that gives a claim's function to its domain: form "hostdev" or "interface". */
int print_claim_xml(const struct cli *c, json_object *claim, const char *form);
/* --xml[=FORM]: *ret is the form. 0, or CLI_USAGE, reported. */
int claim_xml_form(const struct cli *c, const char **ret);
int print_vm(const struct cli *c, json_object *vm, json_object *libvirt);
/* That what stands here may be old, on the standard error; nothing when libvirt is connected. */
void print_libvirt_warning(json_object *libvirt);

#endif
