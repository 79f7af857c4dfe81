/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ledger's records say. Pure. */
#ifndef VIA_DAEMON_LEDGER_READ_H
#define VIA_DAEMON_LEDGER_READ_H

#include "ledger.h"

/* Claims as records make them. */
struct via_ledger_state {
	struct via_claims claims;
	uint64_t seq;  /* the last record in it */
	char time[40]; /* the snapshot's; "" none */
};
void via_ledger_state_finish(struct via_ledger_state *s);

/* {"begin": S}, a log's first line. NULL out of memory. */
json_object *via_ledger_begin(uint64_t seq);
/* The line of records (references are taken), numbered N. NULL out of memory, or a NULL record. */
json_object *via_ledger_line(uint64_t seq, json_object *const *records, size_t n);
json_object *via_ledger_snapshot(const struct via_claims *c, uint64_t seq);

/* 0 or -EUCLEAN, -ENOMEM; *ret is overwritten on success only. */
int via_ledger_snapshot_parse(json_object *o, struct via_ledger_state *ret, struct via_err *err);
/* Carry out a line's changes, whatever its number; on failure a part of them may be done. */
int via_ledger_apply(struct via_claims *c, json_object *line, struct via_err *err);

/* A log being replayed; a via_lines_fn. What the snapshot has already is passed over. */
struct via_ledger_replay {
	struct via_ledger_state *state;
	bool begun;    /* its first line was read */
	uint64_t last; /* of its records, so far */
};
int via_ledger_replay(json_object *o, void *replay, struct via_err *err);

#endif
