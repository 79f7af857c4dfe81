/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hook leaves for a daemon that was not there when a guest ended, or failed to take it.
 *STATE/notes (mode 0700) holds a file for each end, UUID-NANOSECONDS.json (realtime clock), there
 *whole or not at all:
 *
 *	{"version": 1, "operation": "release", "uuid": "…", "name": "…", "time_us":
 *1700000000000000, "boot_id": "…", "devices": ["0000:01:10.0"], "generations": [4711]}
 *
 * time_us: realtime. boot_id: of the kernel that ran; absent when it could not be read. devices:
 *the PCI functions that the domain's XML named at its end. generations: of its claims, when the
 *hook knows them; [] means whatever it held. The daemon removes a file when what it says is
 *recorded; names that end otherwise (.json.new) are no notes.
 */
#ifndef VIA_HOOKS_NOTES_H
#define VIA_HOOKS_NOTES_H

#include "hooks/hook.h"

#define VIA_NOTES_DIR	  "notes"
#define VIA_NOTES_VERSION 1

/* Durable when it returns 0. */
int via_hook_note(const struct via_hook *h, struct via_err *err);

#endif
