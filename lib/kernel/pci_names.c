/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names from pci.ids, where libpci says that it is. A host has a handful of distinct ids, and
 * libpci makes a hash of all forty thousand lines first (8 ms and 2 MiB, a tenth of a whole scan);
 * so a list that is plain text is searched in place. A compressed one is left to libpci.
 */
#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "kernel/pci.h"

#define LIST_MAX (16 * 1024 * 1024)

struct via_pci_names {
	struct pci_access *access;
	char *list; /* the text; NULL: ask libpci */
	size_t len;
	const char *vendor_line; /* of the vendor last searched for; NULL: it is not in the list */
	int32_t vendor;		 /* -1: none yet */
	bool opened, broken;	 /* broken: the list could not be read, no more tries */
};

/* --- libpci --- */

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

static void ask_libpci(
	struct via_pci_names *n, int what, uint16_t vendor, uint16_t device, char *buf, size_t size)
{
	/* No hwdb: it is the same list, at the price of libudev. No numbers: unknown is "". */
	const int flags = what | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB;
	const char *name;
	jmp_buf failed;

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

/* --- the list as text --- */

/* "…/pci.ids.gz" may stand for "…/pci.ids" as well (pci_load_name_list). */
static void read_list(struct via_pci_names *n, const char *path)
{
	char plain[4096];
	char *text = NULL;
	size_t len = strlen(path), got;

	if (len >= sizeof(plain))
		return;
	memcpy(plain, path, len + 1);
	if (via_file_read(AT_FDCWD, plain, LIST_MAX, &text, &got, NULL) < 0 && len > 3 &&
		!strcmp(plain + len - 3, ".gz")) {
		plain[len - 3] = '\0';
		if (via_file_read(AT_FDCWD, plain, LIST_MAX, &text, &got, NULL) < 0)
			return;
	}
	if (!text || (got > 1 && !memcmp(text, "\x1f\x8b", 2))) {
		free(text);
		return;
	}
	n->list = text;
	n->len = got;
	n->vendor = -1;
}

/* The line in [from, end) that starts with key; NULL for none. */
static const char *find_line(const char *from, const char *end, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = from; (at = memmem(at, (size_t)(end - at), key, n)); at++) {
		if (at == from || at[-1] == '\n')
			return at;
	}
	return NULL;
}

/* Where the vendor that starts at line ends: at the next line that is neither indented nor a
 * comment. */
static const char *block_end(const char *line, const char *end)
{
	while ((line = memchr(line, '\n', (size_t)(end - line))) && ++line < end) {
		if (*line != '\t' && *line != '#' && *line != '\n')
			return line;
	}
	return end;
}

/* "8086  Intel Corporation", "\t10c9  82576 Gigabit Network Connection" */
static void copy_name(const char *line, const char *end, size_t skip, char *buf, size_t size)
{
	const char *stop = memchr(line, '\n', (size_t)(end - line));
	size_t n = (size_t)((stop ? stop : end) - line);

	n = n > skip ? n - skip : 0;
	if (n >= size)
		n = size - 1;
	memcpy(buf, line + skip, n);
	buf[n] = '\0';
}

static const char *find_vendor(struct via_pci_names *n, uint16_t vendor)
{
	char key[16];

	if (n->vendor != vendor) {
		snprintf(key, sizeof(key), "%04x  ", vendor);
		n->vendor_line = find_line(n->list, n->list + n->len, key);
		n->vendor = vendor;
	}
	return n->vendor_line;
}

static void search_list(struct via_pci_names *n, bool want_device, uint16_t vendor, uint16_t device,
	char *buf, size_t size)
{
	const char *end = n->list + n->len, *line = find_vendor(n, vendor);
	char key[16];

	if (line && want_device) {
		end = block_end(line, end);
		snprintf(key, sizeof(key), "\t%04x  ", device);
		line = find_line(line, end, key);
	}
	if (line)
		copy_name(line, end, want_device ? 7 : 6, buf, size);
}

/* --- both --- */

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
	free(n->list);
	free(n);
}

/* pci_alloc alone: pci_init would open the bus, which we read ourselves. */
static bool open_list(struct via_pci_names *n)
{
	if (n->opened)
		return !n->broken;
	n->opened = true;
	n->access = pci_alloc();
	n->broken = !n->access;
	if (n->broken)
		return false;
	n->access->error = on_error;
	n->access->warning = on_message;
	n->access->debug = on_message;
	if (n->access->id_file_name)
		read_list(n, n->access->id_file_name);
	return true;
}

static void lookup(struct via_pci_names *n, bool want_device, uint16_t vendor, uint16_t device,
	char *buf, size_t size)
{
	buf[0] = '\0';
	if (!open_list(n))
		return;
	if (n->list)
		search_list(n, want_device, vendor, device, buf, size);
	else
		ask_libpci(n, want_device ? PCI_LOOKUP_DEVICE : PCI_LOOKUP_VENDOR, vendor, device,
			buf, size);
}

void via_pci_vendor_name(struct via_pci_names *n, uint16_t vendor, char *buf, size_t size)
{
	lookup(n, false, vendor, 0, buf, size);
}

void via_pci_device_name(
	struct via_pci_names *n, uint16_t vendor, uint16_t device, char *buf, size_t size)
{
	lookup(n, true, vendor, device, buf, size);
}
