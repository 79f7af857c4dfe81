/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names from pci.ids, through libpci. */
#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel/pci.h"

struct via_pci_names {
	struct pci_access *access;
	bool broken; /* the list could not be read: no more tries */
};

/*
 * libpci's error callback must not return (PCI_NONRET in pci/pci.h) and its own one ends the
 * process. A malformed pci.ids costs us the names, nothing else.
 */
static _Thread_local jmp_buf *lookup_failed;

static void on_error(char *msg, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void on_error(char *msg, ...)
{
	(void)msg;
	if (!lookup_failed)
		abort();
	longjmp(*lookup_failed, 1);
}

static void on_message(char *msg, ...) __attribute__((format(printf, 1, 2)));
static void on_message(char *msg, ...)
{
	(void)msg;
}

struct via_pci_names *via_pci_names_create(void)
{
	return calloc(1, sizeof(struct via_pci_names));
}

void via_pci_names_destroy(struct via_pci_names *n)
{
	if (!n)
		return;
	if (n->access)
		pci_cleanup(n->access);
	free(n);
}

/* pci_alloc alone: pci_init would open the bus, which we read ourselves. */
static bool open_list(struct via_pci_names *n)
{
	if (n->broken || n->access)
		return !n->broken;
	n->access = pci_alloc();
	n->broken = !n->access;
	if (n->broken)
		return false;
	n->access->error = on_error;
	n->access->warning = on_message;
	n->access->debug = on_message;
	return true;
}

static void lookup(
	struct via_pci_names *n, int what, uint16_t vendor, uint16_t device, char *buf, size_t size)
{
	/* No hwdb: it is the same list, at the price of libudev. No numbers: unknown is "". */
	const int flags = what | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB;
	const char *name;
	jmp_buf failed;

	buf[0] = '\0';
	if (!open_list(n))
		return;
	if (setjmp(failed)) {
		lookup_failed = NULL;
		n->broken = true;
		buf[0] = '\0';
		return;
	}
	lookup_failed = &failed;
	name = pci_lookup_name(n->access, buf, (int)size, flags, vendor, device);
	lookup_failed = NULL;
	/* Another pointer is a message ("buffer too small"), not a name. */
	if (name != buf)
		buf[0] = '\0';
}

void via_pci_vendor_name(struct via_pci_names *n, uint16_t vendor, char *buf, size_t size)
{
	lookup(n, PCI_LOOKUP_VENDOR, vendor, 0, buf, size);
}

void via_pci_device_name(
	struct via_pci_names *n, uint16_t vendor, uint16_t device, char *buf, size_t size)
{
	lookup(n, PCI_LOOKUP_DEVICE, vendor, device, buf, size);
}
