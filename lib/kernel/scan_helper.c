/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/scan_helper.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* libpci's list is read at the first look-up. */
static struct via_pci_names *open_names(void)
{
	struct via_pci_names *n = via_pci_names_create();
	char name[8];

	if (n)
		via_pci_vendor_name(n, 0, name, sizeof(name));
	return n;
}

static void *help(void *user)
{
	struct scan_helper *h = user;

	/* A descriptor table of its own: in a shared one every call of either thread takes and
	 * drops references (fs/file.c, __fget_light). It works without, only slower. */
	(void)unshare(CLONE_FILES);
	h->drivers_result = scan_drivers_read(h->k, &h->drivers);
	h->has_drivers = true;
	if (h->want_holders && h->drivers_result == 0 && scan_drivers_any_vfio(&h->drivers)) {
		h->opens_result = scan_vfio_opens(h->k, &h->opens);
		h->has_opens = true;
	}
	if (h->want_names)
		h->names = open_names();
	while (sem_wait(&h->go) < 0)
		;
	if (h->share)
		h->share(h->user);
	return NULL;
}

void scan_helper_start(struct scan_helper *h, struct via_kernel *k, bool holders, bool names)
{
	if (h->running)
		return;
	h->k = k;
	h->want_holders = holders;
	h->want_names = names;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || sem_init(&h->go, 0, 0) < 0)
		return;
	h->running = pthread_create(&h->thread, NULL, help, h) == 0;
	if (!h->running)
		sem_destroy(&h->go);
}

void scan_helper_share(struct scan_helper *h, void (*share)(void *user), void *user)
{
	if (!h->running)
		return;
	h->share = share;
	h->user = user;
	sem_post(&h->go);
}

void scan_helper_join(struct scan_helper *h)
{
	if (!h->running)
		return;
	if (!h->share)
		sem_post(&h->go);
	pthread_join(h->thread, NULL);
	sem_destroy(&h->go);
	h->running = false;
}

void scan_helper_finish(struct scan_helper *h)
{
	scan_helper_join(h);
	scan_drivers_finish(&h->drivers);
	free(h->opens.list);
	via_pci_names_destroy(h->names);
	*h = (struct scan_helper){.running = false};
}
