/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the scan: what its parts share. */
#ifndef VIA_KERNEL_SCAN_PARTS_H
#define VIA_KERNEL_SCAN_PARTS_H

#include "kernel/kernel.h"
#include "kernel/pci.h"
#include "kernel/scan.h"
#include "kernel/scan_helper.h"
#include "model/inventory.h"

#define SCAN_PATH_MAX 512
#define SCAN_NAME_MAX 64 /* drivers, groups, net devices: the kernel's names are shorter */

enum scan_status {
	SCAN_PENDING,
	SCAN_DONE,   /* read now */
	SCAN_COPIED, /* taken from the old inventory */
	SCAN_GONE,   /* it vanished in mid-scan */
};

/* What the scan knows of a device beyond the inventory; same index. */
struct scan_mark {
	uint8_t status;	  /* enum scan_status */
	uint8_t port;	  /* it is a port of the path up whose ACS counts */
	uint8_t port_acs; /* enum via_acs of that port alone */
	uint8_t has_net;  /* its directory has net/ */
	uint8_t orphan;	  /* a VF that its PF's virtfn links did not name */
};

/* One scan under way. Everything that outlives it is in inv's arena. */
struct scan {
	struct via_kernel *k;
	const struct via_scan_options *opt;
	const struct via_inventory *old; /* NULL: everything is read */
	struct via_inventory *inv;
	struct via_err *err;
	struct scan_mark *marks; /* one a device */
	struct scan_helper helper;
	struct via_net net;
	bool leaving; /* a function without a driver may be losing a vfio driver: see
			 via_scan_keepers */
};

/* A directory, and room behind it for a name. */
struct scan_path {
	char s[SCAN_PATH_MAX];
	size_t base; /* length of the directory with its slash; never 0 */
};
void scan_path_set(struct scan_path *p, const char *dir);
/* DIRECTORY/NAME, valid until the next call on p. A path that is too long becomes one that does not
 * exist. */
const char *scan_at(struct scan_path *p, const char *name);
/* DIRECTORY, likewise. */
const char *scan_dir(struct scan_path *p);

/* --- scan_read.c: attributes of a device. A failure other than "not there" and a malformed value
 * become the device's problem. All return true when there was a value. --- */
bool scan_str(struct scan *s, struct via_device *d, struct scan_path *p, const char *name,
	char *buf, size_t size);
bool scan_u32(struct scan *s, struct via_device *d, struct scan_path *p, const char *name,
	uint32_t max, uint32_t *ret);
bool scan_hex16(
	struct scan *s, struct via_device *d, struct scan_path *p, const char *name, uint16_t *ret);
bool scan_link(struct scan *s, struct via_device *d, struct scan_path *p, const char *name,
	char *buf, size_t size);
void scan_problem(struct scan *s, struct via_device *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A text in the inventory's arena; NULL for "". */
const char *scan_intern(struct scan *s, const char *text);
/* The whole of a file, NUL-terminated, cut at size - 1; "" when it cannot be read. */
size_t scan_text(struct via_kernel *k, const char *path, char *buf, size_t size);
/* Copy an array into the arena; NULL for none or out of memory. */
const void *scan_copy(struct scan *s, const void *array, size_t n, size_t size);
bool scan_busy(const struct scan *s, struct via_addr addr);

/* --- scan_device.c --- */
/* Where the function's directory is, below sys/devices; negated errno. */
int scan_device_dir(struct via_kernel *k, struct via_addr addr, struct scan_path *p);
/* Reads one function in full. 0, or -ENODEV when it went away meanwhile. */
int scan_device(struct scan *s, struct via_device *d);
/* Driver, group and override alone. busy: leave locked attributes alone. */
void scan_binding(struct scan *s, struct via_device *d, struct scan_path *p, bool busy);
/* ACS of every device's path up, once all are read. */
void scan_acs(struct scan *s);
static inline struct scan_mark *scan_mark(struct scan *s, const struct via_device *d)
{
	return &s->marks[d - s->inv->devices];
}
/* The device under way, NULL when there is none at addr. */
struct via_device *scan_find(struct scan *s, struct via_addr addr);

/* --- scan_sriov.c --- */
/* What only a PF has, but for its total; its directory is p. Marks the devices that its links name
 * as its VFs. */
int scan_pf(struct scan *s, struct via_device *d, struct scan_path *p, uint32_t total);
/* Forget the slots whose VF is not in the inventory. */
void scan_prune_slots(struct scan *s);

/* --- scan_vfs.c: reads every VF that is still pending. 0 or a negated errno. --- */
int scan_vfs(struct scan *s);

/* --- scan_net.c, scan_net_files.c, scan_pf_net.c --- */
int scan_net(struct scan *s);
int scan_net_files(struct scan *s);
void scan_representors(struct scan *s);
/* VF attributes and eswitch mode of each PF. */
int scan_pf_net(struct scan *s);

/* --- the others, each in its file --- */
int scan_host(struct scan *s);	    /* scan_host.c */
int scan_names(struct scan *s);	    /* scan_names.c */
int scan_holders(struct scan *s);   /* holders.c */
int scan_lifelines(struct scan *s); /* scan_lifelines.c */
int scan_managers(struct scan *s);  /* scan_managers.c */

#endif
