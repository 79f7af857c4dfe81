/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scope-bound release of resources. VIA_CLEANUP(fn) runs fn(&variable) when the variable goes out
 * of scope; via_steal() hands a pointer on and leaves NULL behind.
 */
#ifndef VIA_BASE_CLEANUP_H
#define VIA_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>
#include <stdio.h>

#define VIA_CLEANUP(fn) __attribute__((cleanup(fn)))

#define via_steal(p)                                                                               \
	({                                                                                         \
		__typeof__(*(p)) via_stolen_ = *(p);                                               \
		*(p) = NULL;                                                                       \
		via_stolen_;                                                                       \
	})

static inline int via_steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

static inline void via_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void via_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void via_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define via_autofree   VIA_CLEANUP(via_cleanup_free)
#define via_autoclose  VIA_CLEANUP(via_cleanup_close)
#define via_autofclose VIA_CLEANUP(via_cleanup_fclose)

#define VIA_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
