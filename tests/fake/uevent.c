/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

#include "fake/state.h"

/* What a socket's buffer holds, roughly; the real one answers ENOBUFS past it. */
#define QUEUE_MAX 8192

void fake_uevent(struct via_fake *f, enum via_uevent_action action, const char *subsystem,
	const char *sysname, const struct via_addr *pci)
{
	struct via_uevent *e;
	uint64_t one = 1;

	if (!f->listening)
		return;
	if (f->uevents_read == f->n_uevents)
		f->uevents_read = f->n_uevents = 0;
	if (f->n_uevents >= QUEUE_MAX) {
		f->uevents[QUEUE_MAX - 1].action = VIA_UEVENT_LOST;
		return;
	}
	e = fake_push(&f->uevents, &f->n_uevents);
	e->action = action;
	snprintf(e->subsystem, sizeof(e->subsystem), "%s", subsystem);
	snprintf(e->sysname, sizeof(e->sysname), "%s", sysname);
	if (pci) {
		e->has_pci = true;
		e->pci = *pci;
	}
	if (write(f->event_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: the descriptor is readable, which is all it says */
}

int fake_next_uevent(struct via_fake *f, struct via_uevent *ret)
{
	uint64_t count;

	if (f->uevents_read < f->n_uevents) {
		*ret = f->uevents[f->uevents_read++];
		return 1;
	}
	if (read(f->event_fd, &count, sizeof(count)) < 0)
		return 0; /* EAGAIN: none since the last look */
	return 0;
}
