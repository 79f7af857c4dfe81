/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a journal's text says. Pure. */
#ifndef VIA_DAEMON_JOURNAL_READ_H
#define VIA_DAEMON_JOURNAL_READ_H

#include "journal.h"

struct via_journal_contents {
	size_t good; /* bytes up to the end of the last whole record */
	uint64_t last_session;
	struct via_unfinished *unfinished; /* oldest first */
};

/* path: for messages. 0, -ENOMEM, or -EUCLEAN naming path and line. */
int via_journal_read(const char *path, const char *text, size_t len,
	struct via_journal_contents *ret, struct via_err *err);

#endif
