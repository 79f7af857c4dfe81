/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks' notes (the calls are in claims.h), as status shows them. */
#ifndef VIA_DAEMON_NOTES_H
#define VIA_DAEMON_NOTES_H

#include "context.h"

/* Sentences about notes that could not be read; how many. Borrowed. */
size_t via_notes_bad(const struct via_daemon *d, char *const **ret);

#endif
