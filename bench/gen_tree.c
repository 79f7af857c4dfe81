/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gen-tree DIR [PFS [VFS]]: a synthetic host in DIR, laid out as Linux 6.1 lays out sysfs: PFS
 * NICs, each under a root port of its own, with VFS virtual functions bound to vfio-pci (the state
 * of a VM host), their IOMMU groups, the PFs' net devices, and processes in proc. Files that are
 * equal are hard links to one, so that a tree of 64 PFs with 128 VFs each takes little memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VF_OFFSET 16 /* first VF at devfn 16: with ARI up to 240 VFs stay on the PF's bus */
/* A host that waits for its guests: few processes, and the kernel's threads, which have no files.
 */
#define PROCESSES 80
#define FILES	  16
#define THREADS	  300

static int root;
static unsigned int groups;

static void die(const char *what)
{
	fprintf(stderr, "gen-tree: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Like mkdir -p for path (without a leading slash). */
static void make_dir(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = strchr(path, '/');; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", p ? (int)(p - path) : (int)strlen(path), path);
		if (mkdirat(root, part, 0755) < 0 && errno != EEXIST)
			die(part);
		if (!p)
			return;
	}
}

static const char *fmt(const char *f, ...) __attribute__((format(printf, 1, 2)));
/* A static buffer, good until sixteen calls later. */
static const char *fmt(const char *f, ...)
{
	static char ring[16][PATH_MAX];
	static unsigned int at;
	char *s = ring[at++ % 16];
	va_list ap;

	va_start(ap, f);
	vsnprintf(s, PATH_MAX, f, ap);
	va_end(ap);
	return s;
}

static void put_bytes(const char *path, const void *data, size_t len)
{
	int fd = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		die(path);
	close(fd);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* A file whose text many share: a hard link to a copy under "same". */
static void put_same(const char *path, const void *data, size_t len)
{
	uint32_t h = 2166136261u;
	const char *master;

	for (size_t i = 0; i < len; i++)
		h = (h ^ ((const unsigned char *)data)[i]) * 16777619u;
	master = fmt("same/%08x-%zu", h, len);
	if (faccessat(root, master, F_OK, 0) < 0)
		put_bytes(master, data, len);
	if (linkat(root, master, root, path, 0) < 0)
		die(path);
}

static void put_text(const char *dir, const char *name, const char *text)
{
	put_same(fmt("%s/%s", dir, name), text, strlen(text));
}

static void put_link(const char *path, const char *target)
{
	if (symlinkat(target, root, path) < 0)
		die(path);
}

struct fn {
	char addr[32];	 /* 0000:01:00.0 */
	char dir[128];	 /* sys/devices/pci0000:00/… */
	unsigned int up; /* directories between sys and dir, for relative links */
	uint16_t vendor, device, subsystem;
	uint32_t class_code;
	const char *driver;
	bool vf, port;
	const uint8_t *config;
	size_t config_size;
};

/* "../../../../" and so on: from a link in f's directory to sys. */
static const char *to_sys(const struct fn *f)
{
	static char buf[64];

	buf[0] = '\0';
	for (unsigned int i = 0; i < f->up; i++)
		strcat(buf, "../");
	return buf;
}

static void put_ids(const struct fn *f)
{
	char modalias[80];

	snprintf(modalias, sizeof(modalias), "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X",
		f->vendor, f->device, f->vendor, f->subsystem, f->class_code >> 16,
		f->class_code >> 8 & 0xff, f->class_code & 0xff);

	put_text(f->dir, "vendor", fmt("0x%04x\n", f->vendor));
	put_text(f->dir, "device", fmt("0x%04x\n", f->device));
	put_text(f->dir, "subsystem_vendor", fmt("0x%04x\n", f->vendor));
	put_text(f->dir, "subsystem_device", fmt("0x%04x\n", f->subsystem));
	put_text(f->dir, "class", fmt("0x%06x\n", f->class_code));
	put_text(f->dir, "revision", "0x01\n");
	put_text(f->dir, "modalias", fmt("%s\n", modalias));
	put(fmt("%s/uevent", f->dir),
		fmt("DRIVER=%s\nPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
		    "PCI_SLOT_NAME=%s\nMODALIAS=%s\n",
			f->driver, f->class_code, f->vendor, f->device, f->vendor, f->subsystem,
			f->addr, modalias));
}

static void put_attributes(const struct fn *f)
{
	static const char resource[] = "0x00000000f0000000 0x00000000f0003fff 0x000000000014220c\n";
	char lines[1024] = "";

	for (int i = 0; i < 13; i++)
		strcat(lines, i ? "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
				: resource);
	put_text(f->dir, "resource", lines);
	put_text(f->dir, "irq", "0\n");
	put_text(f->dir, "numa_node", "0\n");
	put_text(f->dir, "enable", f->vf ? "0\n" : "1\n");
	put_text(f->dir, "driver_override", f->vf ? "vfio-pci\n" : "(null)\n");
	put_text(f->dir, "reset_method", "flr\n");
	put_text(f->dir, "local_cpulist", "0-31\n");
	put_text(f->dir, "power_state", "D0\n");
	put_text(f->dir, "current_link_speed", f->vf ? "Unknown\n" : "16.0 GT/s PCIe\n");
	put_text(f->dir, "current_link_width", f->vf ? "0\n" : "8\n");
	put_text(f->dir, "max_link_speed", f->vf ? "Unknown\n" : "16.0 GT/s PCIe\n");
	put_text(f->dir, "max_link_width", f->vf ? "0\n" : "8\n");
	put_same(fmt("%s/config", f->dir), f->config, f->config_size);
}

static void put_group(const struct fn *f)
{
	char group[64];

	snprintf(group, sizeof(group), "sys/kernel/iommu_groups/%u", groups);
	make_dir(fmt("%s/devices", group));
	put_text(group, "type", "DMA-FQ\n");
	put_link(fmt("%s/devices/%s", group, f->addr), fmt("../../../../%s", f->dir + 4));
	put_link(fmt("%s/iommu_group", f->dir), fmt("%skernel/iommu_groups/%u", to_sys(f), groups));
	if (!strcmp(f->driver, "vfio-pci")) {
		make_dir(fmt("sys/devices/virtual/vfio/%u", groups));
		put(fmt("sys/devices/virtual/vfio/%u/dev", groups), fmt("511:%u\n", groups));
		put_link(fmt("sys/class/vfio/%u", groups),
			fmt("../../devices/virtual/vfio/%u", groups));
		put_link(fmt("sys/dev/char/511:%u", groups),
			fmt("../../devices/virtual/vfio/%u", groups));
	}
	groups++;
}

static void put_function(const struct fn *f)
{
	make_dir(f->dir);
	put_ids(f);
	put_attributes(f);
	put_link(fmt("sys/bus/pci/devices/%s", f->addr), fmt("../../../%s", f->dir + 4));
	put_link(fmt("%s/subsystem", f->dir), fmt("%sbus/pci", to_sys(f)));
	put_link(fmt("%s/driver", f->dir), fmt("%sbus/pci/drivers/%s", to_sys(f), f->driver));
	put_link(fmt("sys/bus/pci/drivers/%s/%s", f->driver, f->addr),
		fmt("../../../../%s", f->dir + 4));
	put_group(f);
}

static void le16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

/* Configuration space with PCIe and MSI-X capabilities (and ACS for a root port). */
static void make_config(struct fn *f, uint8_t *c)
{
	le16(c, f->vendor);
	le16(c + 2, f->device);
	le16(c + 6, 0x10); /* has capabilities */
	c[8] = 1;
	c[9] = (uint8_t)f->class_code;
	c[10] = (uint8_t)(f->class_code >> 8);
	c[11] = (uint8_t)(f->class_code >> 16);
	c[14] = f->port ? 1 : 0;
	if (!f->port) {
		le16(c + 0x2c, f->vendor);
		le16(c + 0x2e, f->subsystem);
	}
	c[0x34] = 0x40;
	c[0x40] = 0x10; /* PCI Express */
	c[0x41] = 0x70;
	le16(c + 0x42, f->port ? 0x42 : 2);
	c[0x47] = 0x10;	      /* DEVCAP: FLR */
	le16(c + 0x4c, 0x84); /* LNKCAP: x8, 16 GT/s */
	le16(c + 0x52, 0x84); /* LNKSTA */
	c[0x70] = 0x11;	      /* MSI-X */
	le16(c + 0x72, f->vf ? 4 : 63);
	if (f->config_size > 0x108 && f->port) {
		le16(c + 0x100, 0x000d); /* ACS, version 1, no next */
		le16(c + 0x102, 0x0001);
		le16(c + 0x104, 0x005f);
		le16(c + 0x106, 0x001d); /* SV, RR, CR, UF */
	}
	f->config = c;
}

static void put_port(unsigned int n, uint8_t *config)
{
	struct fn f = {.vendor = 0x8086,
		.device = 0x352a,
		.class_code = 0x060400,
		.port = true,
		.driver = "pcieport",
		.up = 3,
		.config_size = 4096};

	snprintf(f.addr, sizeof(f.addr), "0000:00:%02x.%x", 1 + n / 8, n % 8);
	snprintf(f.dir, sizeof(f.dir), "sys/devices/pci0000:00/%s", f.addr);
	make_config(&f, config);
	put_function(&f);
}

static void put_netdev(const struct fn *f, unsigned int n)
{
	char dir[160];

	snprintf(dir, sizeof(dir), "%s/net/eth%u", f->dir, n);
	make_dir(dir);
	put(fmt("%s/address", dir), fmt("02:00:00:00:%02x:00\n", n));
	put(fmt("%s/ifindex", dir), fmt("%u\n", n + 2));
	put_text(dir, "mtu", "1500\n");
	put_text(dir, "flags", "0x1003\n");
	put_text(dir, "carrier", "1\n");
	put_text(dir, "speed", "25000\n");
	put_link(fmt("sys/class/net/eth%u", n), fmt("../../%s", dir + 4));
	put_link(fmt("%s/device", dir), fmt("../../../%s", f->addr));
}

static void put_sriov(const struct fn *f, unsigned int vfs)
{
	put_text(f->dir, "sriov_totalvfs", "256\n");
	put_text(f->dir, "sriov_numvfs", fmt("%u\n", vfs));
	put_text(f->dir, "sriov_offset", fmt("%u\n", VF_OFFSET));
	put_text(f->dir, "sriov_stride", "1\n");
	put_text(f->dir, "sriov_vf_device", "1889\n");
	put_text(f->dir, "sriov_drivers_autoprobe", "0\n");
	put_text(f->dir, "sriov_vf_total_msix", "0\n");
}

static void put_pf(unsigned int n, unsigned int vfs, uint8_t *config)
{
	struct fn f = {.vendor = 0x8086,
		.device = 0x1592,
		.subsystem = 2,
		.class_code = 0x020000,
		.driver = "ice",
		.up = 4,
		.config_size = 4096};

	snprintf(f.addr, sizeof(f.addr), "0000:%02x:00.0", 1 + n);
	snprintf(f.dir, sizeof(f.dir), "sys/devices/pci0000:00/0000:00:%02x.%x/%s", 1 + n / 8,
		n % 8, f.addr);
	make_config(&f, config);
	put_function(&f);
	put_sriov(&f, vfs);
	put_netdev(&f, n);
	for (unsigned int i = 0; i < vfs; i++)
		put_link(fmt("%s/virtfn%u", f.dir, i),
			fmt("../0000:%02x:%02x.%x", 1 + n, (VF_OFFSET + i) / 8,
				(VF_OFFSET + i) % 8));
}

static void put_vf(unsigned int n, unsigned int i, uint8_t *config)
{
	struct fn f = {.vendor = 0x8086,
		.device = 0x1889,
		.class_code = 0x020000,
		.driver = "vfio-pci",
		.up = 4,
		.vf = true,
		.config_size = 256};

	snprintf(f.addr, sizeof(f.addr), "0000:%02x:%02x.%x", 1 + n, (VF_OFFSET + i) / 8,
		(VF_OFFSET + i) % 8);
	snprintf(f.dir, sizeof(f.dir), "sys/devices/pci0000:00/0000:00:%02x.%x/%s", 1 + n / 8,
		n % 8, f.addr);
	make_config(&f, config);
	put_function(&f);
	put_link(fmt("%s/physfn", f.dir), fmt("../0000:%02x:00.0", 1 + n));
}

static void put_processes(void)
{
	for (int i = 1; i <= PROCESSES + THREADS; i++) {
		make_dir(fmt("proc/%d/fd", i));
		put_text(fmt("proc/%d", i), "comm", "worker\n");
		put_text(fmt("proc/%d", i), "cmdline", "worker");
		for (int fd = 0; i <= PROCESSES && fd < FILES; fd++)
			put_link(fmt("proc/%d/fd/%d", i, fd), "/dev/null");
	}
	make_dir("proc/self");
	put("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
	put("proc/devices", "Character devices:\n  1 mem\n511 vfio\n\nBlock devices:\n  8 sd\n");
	put("proc/cmdline", "BOOT_IMAGE=/vmlinuz intel_iommu=on iommu=pt\n");
}

static void put_folders(void)
{
	static const char *const dirs[] = {"same", "dev", "etc", "sys/bus/pci/devices",
		"sys/bus/pci/slots", "sys/bus/pci/drivers/pcieport", "sys/bus/pci/drivers/ice",
		"sys/bus/pci/drivers/vfio-pci", "sys/class/net", "sys/class/vfio", "sys/dev/char",
		"sys/kernel/iommu_groups"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(dirs[i]);
	put("dev/null", "");
}

static unsigned int number(const char *s, unsigned int max)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (!*s || *end || v < 1 || v > max) {
		fprintf(stderr, "gen-tree: %s is not a number from 1 to %u\n", s, max);
		exit(2);
	}
	return (unsigned int)v;
}

int main(int argc, char **argv)
{
	static uint8_t port[4096], pf[4096], vf[256];
	unsigned int pfs, vfs;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: gen-tree DIR [PFS [VFS]]\n");
		return 2;
	}
	pfs = argc > 2 ? number(argv[2], 240) : 64;
	vfs = argc > 3 ? number(argv[3], 240) : 128;
	root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		die(argv[1]);
	put_folders();
	for (unsigned int n = 0; n < pfs; n++) {
		put_port(n, port);
		put_pf(n, vfs, pf);
		for (unsigned int i = 0; i < vfs; i++)
			put_vf(n, i, vf);
	}
	put_processes();
	return 0;
}
