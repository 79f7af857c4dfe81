/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a host's files: records "PATH\n", "LENGTH\n", LENGTH bytes. A path that ends in "@"
 * is a link to the bytes. They come over a small sound host, so that a scan gets to every parser.
 * What a scan and an update make of it must hold together. (That they agree is test_scan_update.c's
 * matter: on a tree that contradicts itself they need not.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "kernel/scan.h"
#include "model/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 256
#define PF	  "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0"
#define VF(n)	  "sys/devices/pci0000:00/0000:00:01.0/0000:01:10." n

struct file {
	const char *path; /* not terminated */
	size_t path_len;
	const uint8_t *data;
	size_t len;
	bool link;
};

struct host {
	struct via_kernel k;
	struct file files[FILES_MAX]; /* later ones hide earlier ones */
	size_t n;
};

static const char *const sound[][2] = {
	{"sys/bus/pci/devices/0000:00:01.0@", "../../../devices/pci0000:00/0000:00:01.0"},
	{"sys/bus/pci/devices/0000:01:00.0@",
		"../../../devices/pci0000:00/0000:00:01.0/0000:01:00.0"},
	{"sys/bus/pci/devices/0000:01:10.0@",
		"../../../devices/pci0000:00/0000:00:01.0/0000:01:10.0"},
	{"sys/bus/pci/devices/0000:01:10.1@",
		"../../../devices/pci0000:00/0000:00:01.0/0000:01:10.1"},
	{"sys/devices/pci0000:00/0000:00:01.0/modalias",
		"pci:v00001B36d0000000Csv00000000sd00000000bc06sc04i00"},
	{PF "/modalias", "pci:v00008086d000010C9sv00000000sd00000000bc02sc00i00"},
	{PF "/driver@", "../../../../bus/pci/drivers/igb"},
	{PF "/iommu_group@", "../../../../kernel/iommu_groups/1"},
	{PF "/sriov_totalvfs", "7"},
	{PF "/sriov_numvfs", "2"},
	{PF "/sriov_offset", "128"},
	{PF "/sriov_stride", "1"},
	{PF "/virtfn0@", "../0000:01:10.0"},
	{PF "/virtfn1@", "../0000:01:10.1"},
	{PF "/net/eth0/ifindex", "2"},
	{VF("0") "/physfn@", "../0000:01:00.0"},
	{VF("0") "/modalias", "pci:v00008086d000010CAsv00000000sd00000000bc02sc00i00"},
	{VF("0") "/driver@", "../../../../bus/pci/drivers/vfio-pci"},
	{VF("0") "/iommu_group@", "../../../../kernel/iommu_groups/2"},
	{VF("1") "/physfn@", "../0000:01:00.0"},
	{VF("1") "/modalias", "pci:v00008086d000010CAsv00000000sd00000000bc02sc00i00"},
	{"sys/class/net/eth0/address", "52:54:00:00:00:01"},
	{"sys/class/vfio/2/dev", "511:0"},
	{"proc/7/comm", "qemu-kvm"},
	{"proc/7/cmdline", "qemu-kvm"},
	{"proc/7/fd/3@", "/dev/vfio/2"},
	{"proc/8/comm", "sshd"},
	{"proc/8/fd/3@", "socket:[71]"},
	{"dev/vfio/2", ""},
};

static struct host *of(struct via_kernel *k)
{
	return (struct host *)k;
}

static struct file *find(struct host *h, const char *path, bool link)
{
	size_t len = strlen(path);

	for (size_t i = h->n; i > 0; i--) {
		struct file *f = &h->files[i - 1];

		if (f->link == link && f->path_len == len && !memcmp(f->path, path, len))
			return f;
	}
	return NULL;
}

static void add(struct host *h, const char *path, size_t path_len, const void *data, size_t len)
{
	bool link = path_len && path[path_len - 1] == '@';

	if (h->n < FILES_MAX && path_len)
		h->files[h->n++] = (struct file){path, path_len - link, data, len, link};
}

/* --- the door --- */

static ssize_t on_read(struct via_kernel *k, const char *path, void *buf, size_t size)
{
	struct file *f = find(of(k), path, false);
	size_t n = f && f->len < size ? f->len : size;

	if (f && n)
		memcpy(buf, f->data, n);
	return f ? (ssize_t)n : -ENOENT;
}

static int on_readlink(struct via_kernel *k, const char *path, char *buf, size_t size)
{
	struct file *f = find(of(k), path, true);

	if (!f)
		return -ENOENT;
	if (f->len >= size)
		return -ENAMETOOLONG;
	if (f->len)
		memcpy(buf, f->data, f->len);
	buf[f->len] = '\0';
	return 0;
}

/* Each first part behind the folder, once. */
static bool seen(const struct host *h, size_t at, size_t skip, const char *name, size_t len)
{
	for (size_t i = 0; i < at; i++) {
		const struct file *f = &h->files[i];

		if (f->path_len >= skip + len && !memcmp(f->path + skip, name, len) &&
			!memcmp(f->path, h->files[at].path, skip) &&
			(f->path_len == skip + len || f->path[skip + len] == '/'))
			return true;
	}
	return false;
}

static int on_list(struct via_kernel *k, const char *path, via_list_fn *fn, void *user)
{
	struct host *h = of(k);
	size_t skip = strlen(path) + 1, any = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->n; i++) {
		const struct file *f = &h->files[i];
		char name[256];
		size_t len;

		if (f->path_len <= skip || memcmp(f->path, path, skip - 1) ||
			f->path[skip - 1] != '/')
			continue;
		any++;
		len = f->path_len - skip;
		if (memchr(f->path + skip, '/', len))
			len = (size_t)((const char *)memchr(f->path + skip, '/', len) - f->path) -
			      skip;
		if (!len || len >= sizeof(name) || seen(h, i, skip, f->path + skip, len) ||
			memchr(f->path + skip, '\0', len))
			continue;
		memcpy(name, f->path + skip, len);
		name[len] = '\0';
		r = fn(name, user);
	}
	return any ? r : -ENOENT;
}

static int on_stat(struct via_kernel *k, const char *path, struct via_stat *ret)
{
	bool fd = strstr(path, "/fd/") != NULL;

	*ret = (struct via_stat){.mode = fd ? S_IFCHR : S_IFDIR, .rdev = makedev(511, 0)};
	return strncmp(path, "sys/", 4) && !find(of(k), path, fd) ? -ENOENT : 0;
}

static int on_get_net(struct via_kernel *k, bool others, struct via_net *ret, struct via_err *err)
{
	(void)k;
	(void)others;
	(void)err;
	*ret = (struct via_net){0};
	return 0;
}

static int on_route_to(struct via_kernel *k, int family, const void *addr, int *ret)
{
	(void)k;
	(void)family;
	*ret = 2 + *(const uint8_t *)addr % 2;
	return 0;
}

static int on_get_vfs(
	struct via_kernel *k, int ifindex, struct via_vf_list *ret, struct via_err *err)
{
	(void)k;
	(void)ifindex;
	(void)ret;
	(void)err;
	return -EOPNOTSUPP;
}

static int on_get_eswitch(struct via_kernel *k, struct via_addr pf, char *buf, size_t size)
{
	(void)k;
	(void)pf;
	(void)buf;
	(void)size;
	return -EOPNOTSUPP;
}

static const struct via_kernel_ops ops = {
	.read = on_read,
	.readlink = on_readlink,
	.list = on_list,
	.stat = on_stat,
	.get_net = on_get_net,
	.route_to = on_route_to,
	.get_vfs = on_get_vfs,
	.get_eswitch = on_get_eswitch,
};

/* --- the input --- */

static bool line(const uint8_t **p, const uint8_t *end, const char **ret, size_t *len)
{
	const uint8_t *nl = *p < end ? memchr(*p, '\n', (size_t)(end - *p)) : NULL;

	if (!nl)
		return false;
	*ret = (const char *)*p;
	*len = (size_t)(nl - *p);
	*p = nl + 1;
	return true;
}

static void read_input(struct host *h, const uint8_t *p, const uint8_t *end)
{
	const char *path, *digits;
	size_t path_len, n, len;

	while (line(&p, end, &path, &path_len) && line(&p, end, &digits, &n)) {
		len = 0;
		for (size_t i = 0; i < n && digits[i] >= '0' && digits[i] <= '9' && len < 65536;
			i++)
			len = len * 10 + (size_t)(digits[i] - '0');
		if (len > (size_t)(end - p))
			len = (size_t)(end - p);
		add(h, path, path_len, p, len);
		p += len;
	}
}

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check(const struct via_inventory *inv)
{
	for (size_t i = 0; i < inv->n_devices; i++) {
		const struct via_device *d = &inv->devices[i];

		require(i == 0 || via_addr_cmp(inv->devices[i - 1].addr, d->addr) < 0);
		for (size_t j = 0; d->sriov && j < d->sriov->n_vfs; j++)
			require(via_inventory_device(inv, d->sriov->vfs[j].addr));
	}
}

/* To JSON and away. */
static void spend(struct via_inventory *inv)
{
	json_object *o = via_codec_inventory(inv);

	check(inv);
	require(o && json_object_to_json_string(o));
	json_object_put(o);
	via_inventory_destroy(inv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct via_scan_options opt = {.no_names = true};
	struct host *h = calloc(1, sizeof(*h));
	struct via_inventory *inv = NULL, *now = NULL;
	struct via_addr vf = {0, 1, 0x10, 1};

	require(h);
	h->k.ops = &ops;
	for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
		add(h, sound[i][0], strlen(sound[i][0]), sound[i][1], strlen(sound[i][1]));
	read_input(h, data, data + size);
	if (via_scan(&h->k, &opt, &inv, NULL) == 0) {
		require(via_scan_update(&h->k, &opt, inv, &vf, 1, &now, NULL) == 0);
		spend(inv);
		spend(now);
	}
	free(h);
	return 0;
}
