/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of documents in words for a person; each appends to b. */
#ifndef VIA_CLI_WORDS_H
#define VIA_CLI_WORDS_H

#include "cli.h"
#include "doc.h"

/* One attribute of VfAttrs by name ("mac", "vlan", "rate", "spoofchk", …): "100 (priority 3)".
 * False, and nothing appended, when attrs does not tell. */
bool words_attr(struct via_strbuf *b, json_object *attrs, const char *name);
/* The same without spaces, for a table: VLAN/priority "100/3", Mbit/s "10..500", "none". */
void words_attr_cell(struct via_strbuf *b, json_object *attrs, const char *name);
/* Names of all attributes in the kernel's order of application, ends with NULL. */
extern const char *const words_attr_names[];

/* Holder: "domain web1 (pid 812)". */
void words_holder(struct via_strbuf *b, json_object *holder);
void words_holders(struct via_strbuf *b, json_object *holders);
/* Whose it is: "web1", "quarantined", "web1 (releasing)"; nothing without a claim. */
void words_owner(struct via_strbuf *b, json_object *claim);
/* The VM of a claim: its name, else its UUID; "nobody" for neither. */
const char *words_claim_vm(json_object *claim);
/* "0000:01:10.0 (VF 0 of 0000:01:00.0)" of a Claim. */
void words_claim_device(struct via_strbuf *b, json_object *claim);
/* Every attribute of VfAttrs that is there: "mac …, vlan 100, …". */
void words_attrs(struct via_strbuf *b, json_object *attrs);
/* "running", "off", or "-" when libvirt cannot be asked. */
const char *words_vm_state(json_object *vm);
/* "0000:01:10.0 (VF 3)" of a Step or Drift: its target, and which VF that is. */
void words_target(struct via_strbuf *b, json_object *o);
/* What a step sets, from what it undoes to: "0 -> 7", "driver igbvf -> vfio-pci". */
void words_change(struct via_strbuf *b, json_object *step);
/* A StepValue alone: "7", "driver vfio-pci". */
void words_value(struct via_strbuf *b, const char *op, json_object *value);
/* PcieLink: "5 GT/s x4 (could be 8 GT/s x8)". */
void words_link(struct via_strbuf *b, json_object *link);
/* "2026-01-02 10:00:00 UTC" of an RFC 3339 time; others as they are. */
void words_time(struct via_strbuf *b, const char *time);
/* "1 step", "2 steps"; an irregular plural is given whole. */
void words_count(struct via_strbuf *b, size_t n, const char *one, const char *many);
/* A difference: "vlan is 100, wanted 200". */
void words_drift(struct via_strbuf *b, json_object *drift);

#endif
