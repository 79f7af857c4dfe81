/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon remembers across restarts besides the journal, each in a file of its own in the
 * state directory: devices bound by request (bound.json), what drivers turned out not to support
 * (learnt.json), VFs as they were created (baselines.json). The directory is locked for one daemon,
 * and has a version of its own (state.json), as what there must be in it depends on that.
 *
 * A file that cannot be read stops the start: "unreadable" must never come to mean "nothing there".
 */
#ifndef VIA_DAEMON_STORE_H
#define VIA_DAEMON_STORE_H

#include <json-c/json.h>

#include "base/disk.h"
#include "kernel/kernel.h"
#include "model/inventory.h"
#include "model/plan.h"

struct via_store;

/* A device that was bound by request. Identity: checked before it is ever touched again. */
struct via_bound {
	struct via_addr addr;
	char driver[VIA_DRIVER_MAX];
	char original[VIA_DRIVER_MAX]; /* "" none */
	bool persistent;
	uint16_t vendor, device;
	char serial[32]; /* "" none */
	struct via_mac mac;
	bool has_mac;	  /* permanent MAC, of a function with a net device */
	char boot_id[40]; /* of the boot it was bound in */
};
/* Fill everything but driver, original and persistent. */
void via_bound_identify(
	struct via_bound *b, const struct via_inventory *inv, const struct via_device *d);
/* 0, or VIA_REFUSED_MISMATCH saying what differs. What cannot be seen now (a MAC without a net
 * device) is not compared. */
int via_bound_check(const struct via_bound *b, const struct via_inventory *inv,
	const struct via_device *d, struct via_err *err);
json_object *via_bound_json(const struct via_bound *b);
/* pointer: where o stands, for messages. */
int via_bound_parse(
	json_object *o, const char *pointer, struct via_bound *ret, struct via_err *err);

/* Of the state directory. 1: the release before there were claims, which had no state.json. */
#define VIA_STATE_FILE	  "state.json"
#define VIA_STATE_VERSION 2

/*
 * Make (mode 0700), lock and load DIR. VIA_REFUSED_BUSY: another daemon has it, named by pid. Below
 * 0: a file is damaged, or of a newer version: the message names it, the place and what helps.
 * disk: borrowed.
 */
int via_store_open(
	struct via_disk *disk, const char *dir, struct via_store **ret, struct via_err *err);
/* The directory is new or of an older version: what this version adds is to be made, then stamped.
 */
bool via_store_old(const struct via_store *s);
/* From here on it is of this version. Nothing to do when it is already. */
int via_store_stamp(struct via_store *s, struct via_err *err);
void via_store_close(struct via_store *s); /* takes NULL */
int via_store_dirfd(const struct via_store *s);

size_t via_store_n_bound(const struct via_store *s);
const struct via_bound *via_store_bound_at(const struct via_store *s, size_t i);
const struct via_bound *via_store_bound(const struct via_store *s, struct via_addr addr);
/* Add or replace by address, remove; on the disk when it returns 0. */
int via_store_bound_set(struct via_store *s, const struct via_bound *b, struct via_err *err);
int via_store_bound_remove(struct via_store *s, struct via_addr addr, struct via_err *err);
/* Forget those of another boot that are not persistent. */
int via_store_bound_expire(struct via_store *s, const char *boot_id, struct via_err *err);

/* Attributes that a driver does not support on a device id under a kernel release. */
uint32_t via_store_learnt(const struct via_store *s, const char *driver, uint16_t vendor,
	uint16_t device, const char *kernel);
int via_store_learn(struct via_store *s, const char *driver, uint16_t vendor, uint16_t device,
	const char *kernel, uint32_t mask, struct via_err *err);

/* A PF's VFs as they were right after their creation. From any thread; waits for the disk. */
int via_store_baseline(struct via_store *s, struct via_addr pf, const struct via_mac *pf_mac,
	const struct via_vf_list *vfs, struct via_err *err);
/*
 * One VF's. 0, or -ENOENT: none was taken, or of another card (pf_mac, NULL not known, is compared
 * with the permanent MAC the PF had). From any thread, from memory: never waits for the disk.
 */
int via_store_baseline_of(struct via_store *s, struct via_addr pf, const struct via_mac *pf_mac,
	uint32_t index, struct via_vf_attrs *ret);

#endif
