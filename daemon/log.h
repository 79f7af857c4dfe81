/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log: the journal when it reads our stderr, stderr itself otherwise. Thread-safe. */
#ifndef VIA_DAEMON_LOG_H
#define VIA_DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

/* Find out where stderr leads. debug: LOG_DEBUG messages as well. Call before any thread. */
void via_log_open(bool debug);
void via_log(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A field of the journal besides the message ("VIADUCT_PF"). NULL values are left out. */
struct via_log_field {
	const char *key, *value;
};
void via_log_fields(
	int priority, const struct via_log_field *fields, size_t n, const char *message);

#endif
