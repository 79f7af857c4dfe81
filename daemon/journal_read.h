/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a journal's records say. Pure. */
#ifndef VIA_DAEMON_JOURNAL_READ_H
#define VIA_DAEMON_JOURNAL_READ_H

#include "journal.h"

struct via_journal_contents {
	uint64_t last_session;
	struct via_unfinished *unfinished; /* oldest first */
};

/* The next record; contents: a struct via_journal_contents. 0, -ENOMEM or -EUCLEAN. */
int via_journal_record(json_object *o, void *contents, struct via_err *err);
/* Add the remedy to what stands in err. Returns -EUCLEAN. */
int via_journal_damaged(const char *dir, struct via_err *err);

#endif
