/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making and removing VFs. */
#include <errno.h>
#include <string.h>

#include "kernel/execute_parts.h"

/* The write returns when the VFs are there; physfn links come with each VF's sysfs entries. */
#define LINKS_WAIT_MS 5000

int via_execute_num_vfs(struct via_kernel *k, struct via_addr pf, uint32_t *ret)
{
	uint64_t n;
	int r = via_kernel_read_u64(k, DEVICE_PATH(pf, "sriov_numvfs"), &n);

	if (!r)
		*ret = (uint32_t)n;
	return r;
}

/* What the errnos of sriov_numvfs_store (drivers/pci/iov.c) and of drivers behind it mean. */
static const struct {
	int error;
	const char *text;
} write_errors[] = {
	{ENOMEM,
		"there is no room for the VFs' registers or bus numbers: update the firmware, "
		"switch SR-IOV and \"above 4G decoding\" on in the BIOS, or boot with pci=realloc"},
	{ENOSPC,
		"there is no room for the VFs' registers or bus numbers: update the firmware, "
		"switch SR-IOV and \"above 4G decoding\" on in the BIOS, or boot with pci=realloc"},
	{EBUSY, "it has VFs already, and their number only changes by way of 0"},
	{ERANGE, "that is more than sriov_totalvfs"},
	{EPERM, "the driver does not allow so many: lower num_vfs"},
	{ENOENT, "it has no driver that can make VFs: bind the PF's own driver"},
	{EIO, "the card or its firmware failed: see the kernel log"},
};

static const char *explain(int error)
{
	for (size_t i = 0; i < sizeof(write_errors) / sizeof(write_errors[0]); i++)
		if (write_errors[i].error == error)
			return write_errors[i].text;
	return strerror(error);
}

static int write_count(
	struct via_kernel *k, const struct via_step *s, uint32_t now, struct via_err *err)
{
	char text[16];
	uint32_t left = now;
	uint64_t total = 0;
	int r;

	snprintf(text, sizeof(text), "%u", s->set.number);
	r = via_kernel_write_str(k, DEVICE_PATH(s->pf, "sriov_numvfs"), text);
	if (!r)
		return 0;
	via_execute_num_vfs(k, s->pf, &left);
	via_kernel_read_u64(k, DEVICE_PATH(s->pf, "sriov_totalvfs"), &total);
	return via_err_set(err, r, "%s: setting %u VFs (it had %u, can have %u): %s; it has %u now",
		via_addr_fmt(s->pf), s->set.number, now, (unsigned int)total, explain(-r), left);
}

/* virtfnN is there and its VF knows its PF. */
static bool vf_is_there(struct via_kernel *k, struct via_addr pf, uint32_t index)
{
	char link[48], name[64];
	struct via_addr a;

	snprintf(link, sizeof(link), "virtfn%u/physfn", index);
	return !via_kernel_link_name(k, DEVICE_PATH(pf, link), name, sizeof(name)) &&
	       !via_addr_parse(name, &a) && via_addr_eq(a, pf);
}

static bool vf_is_gone(struct via_kernel *k, struct via_addr pf, uint32_t index)
{
	char link[32], name[64];

	snprintf(link, sizeof(link), "virtfn%u", index);
	return via_kernel_link_name(k, DEVICE_PATH(pf, link), name, sizeof(name)) == -ENOENT;
}

/* Waits, within one limit, until the VFs in [0, n) are as wanted; the first that is not, or n. */
static uint32_t wait_links(struct via_kernel *k, struct via_addr pf, uint32_t n, bool there)
{
	unsigned int waited = 0;
	uint32_t i = 0;

	while (i < n) {
		if (there ? vf_is_there(k, pf, i) : vf_is_gone(k, pf, i))
			i++;
		else if (!via_execute_wait(&waited, LINKS_WAIT_MS))
			break;
	}
	return i;
}

static int verify_count(
	struct via_kernel *k, const struct via_step *s, uint32_t before, struct via_err *err)
{
	uint32_t now = 0, want = s->set.number, i;
	int r = via_execute_num_vfs(k, s->pf, &now);

	if (r)
		return via_err_set(err, r, "%s: sriov_numvfs cannot be read back: %s",
			via_addr_fmt(s->pf), strerror(-r));
	if (now != want)
		return via_err_set(err, VIA_REFUSED_KERNEL_REFUSED,
			"%s: %u VFs were asked for and the "
			"driver made %u, which are left: set num_vfs to %u or less",
			via_addr_fmt(s->pf), want, now, now);
	i = wait_links(k, s->pf, want ? want : before, want != 0);
	if (i == (want ? want : before))
		return 0;
	return via_err_set(err, -ETIMEDOUT,
		want ? "%s: VF %u did not appear within %u s (%u VFs are "
		       "counted)"
		     : "%s: VF %u did not go within %u s (%u VFs are counted)",
		via_addr_fmt(s->pf), i, LINKS_WAIT_MS / 1000, now);
}

int via_execute_set_num_vfs(struct via_kernel *k, const struct via_step *s, struct via_err *err)
{
	uint32_t before = 0;
	int r = via_execute_num_vfs(k, s->pf, &before);

	if (r)
		return via_err_set(err, r == -ENOENT ? VIA_REFUSED_UNSUPPORTED : r,
			"%s: sriov_numvfs: %s", via_addr_fmt(s->pf),
			r == -ENOENT ? "it has no SR-IOV" : strerror(-r));
	if (before && s->set.number && before != s->set.number)
		return via_err_set(err, VIA_REFUSED_NEEDS_RECREATE,
			"%s has %u VFs: %u only by "
			"removing them all first",
			via_addr_fmt(s->pf), before, s->set.number);
	if (before != s->set.number)
		r = write_count(k, s, before, err);
	return r ? r : verify_count(k, s, before, err);
}
