/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clock for deadlines and durations: monotonic, and standing still while the host sleeps. */
#ifndef VIA_BASE_CLOCK_H
#define VIA_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some fixed moment; never below 0. */
static inline int64_t via_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
