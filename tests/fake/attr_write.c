/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes that do something: one table, by the attribute's name and where it stands. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fake/state.h"

/* Text of a write, cut at its newline. */
static char *line_of(const char *data, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(data, "\n"), data);
	return buf;
}

static bool pci_addr_of(const struct fake_node *n, struct via_addr *ret)
{
	return n->parent && strchr(n->parent->name, ':') && !via_addr_parse(n->parent->name, ret);
}

static int write_numvfs(struct via_fake *f, struct fake_node *n, const char *data)
{
	struct via_addr a;

	return pci_addr_of(n, &a) ? fake_sriov_write(f, a, data) : -ENOENT;
}

/* kstrtobool: the first letter decides. */
static int write_autoprobe(struct via_fake *f, struct fake_node *n, const char *data)
{
	bool on = strchr("1yYtT", data[0]) && data[0], off = strchr("0nNfF", data[0]) && data[0];

	(void)f;
	if (!strncasecmp(data, "on", 2))
		on = true;
	else if (!strncasecmp(data, "of", 2))
		off = true;
	if (!on && !off)
		return -EINVAL;
	fake_node_store(n, on ? "1\n" : "0\n", 2);
	return 0;
}

/* driver_set_override: a lone newline, or nothing, clears. */
static int write_override(struct via_fake *f, struct fake_node *n, const char *data)
{
	char name[128], text[136];

	(void)f;
	if (strlen(data) >= 4095)
		return -EINVAL;
	line_of(data, name, sizeof(name));
	snprintf(text, sizeof(text), "%s\n", name[0] ? name : "(null)");
	fake_node_store(n, text, strlen(text));
	return 0;
}

/* sriov_vf_msix_count_store: the PF's driver is asked before the VF's binding counts. */
static int write_msix(struct via_fake *f, struct fake_node *n, const char *data)
{
	char text[32], name[64], path[FAKE_PATH_MAX], *end;
	struct fake_driver *d;
	struct via_addr a;
	long v;

	line_of(data, text, sizeof(text));
	v = strtol(text, &end, 0);
	if (!text[0] || *end || v < 0)
		return -EINVAL;
	if (!pci_addr_of(n, &a))
		return -EOPNOTSUPP;
	fake_link_name(f, name, sizeof(name), VIA_PCI_DEVICES "/%s/physfn/driver", via_addr_fmt(a));
	d = name[0] ? fake_driver_find(f, name) : NULL;
	if (!d || !d->msix)
		return -EOPNOTSUPP;
	if (fake_find(f, VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a)))
		return -EBUSY;
	if ((uint64_t)v > fake_get_num(f, 10, VIA_PCI_DEVICES "/%s/physfn/sriov_vf_total_msix",
				  via_addr_fmt(a)))
		return -EINVAL;
	/* The attribute itself cannot be read: what was set shows in the VF's table size. */
	snprintf(path, sizeof(path), VIA_PCI_DEVICES "/%s/config", via_addr_fmt(a));
	n = fake_find(f, "%s", path);
	if (n && n->len > 0x73 && v) {
		n->data[0x72] = (char)((v - 1) & 0xff);
		n->data[0x73] = (char)((v - 1) >> 8);
	}
	return 0;
}

static int write_bind(struct via_fake *f, struct fake_node *n, const char *data)
{
	struct fake_driver *d = fake_driver_find(f, n->parent->name);
	char text[64];
	struct via_addr a;

	if (via_addr_parse(line_of(data, text, sizeof(text)), &a) || !fake_pci(f, a) || !d)
		return -ENODEV;
	return fake_driver_bind(f, d, a);
}

static int write_unbind(struct via_fake *f, struct fake_node *n, const char *data)
{
	char text[64], name[64], driver[64];
	struct via_addr a;

	snprintf(driver, sizeof(driver), "%s", n->parent->name);
	if (via_addr_parse(line_of(data, text, sizeof(text)), &a) || !fake_pci(f, a))
		return -ENODEV;
	fake_link_name(f, name, sizeof(name), VIA_PCI_DEVICES "/%s/driver", via_addr_fmt(a));
	if (strcmp(name, driver))
		return -ENODEV;
	fake_driver_detach(f, a);
	return 0;
}

static int write_drivers_probe(struct via_fake *f, struct fake_node *n, const char *data)
{
	char text[64];
	struct via_addr a;

	(void)n;
	if (via_addr_parse(line_of(data, text, sizeof(text)), &a) || !fake_pci(f, a))
		return -ENODEV;
	fake_driver_probe(f, a);
	return 0;
}

static int write_reset(struct via_fake *f, struct fake_node *n, const char *data)
{
	char text[64];
	struct via_addr a;

	return pci_addr_of(n, &a) ? fake_reset(f, a, line_of(data, text, sizeof(text))) : -ENOENT;
}

static int write_nothing(struct via_fake *f, struct fake_node *n, const char *data)
{
	(void)f;
	(void)n;
	(void)data;
	return 0;
}

static const struct {
	const char *name;
	const char *below; /* name of the directory two levels up, or NULL */
	int (*write)(struct via_fake *f, struct fake_node *n, const char *data);
} handlers[] = {
	{"sriov_numvfs", NULL, write_numvfs},
	{"sriov_drivers_autoprobe", NULL, write_autoprobe},
	{"driver_override", NULL, write_override},
	{"sriov_vf_msix_count", NULL, write_msix},
	{"bind", "drivers", write_bind},
	{"unbind", "drivers", write_unbind},
	{"drivers_probe", "bus", write_drivers_probe},
	{"reset", NULL, write_reset},
	{"uevent", NULL, write_nothing},
};

static bool stands_below(const struct fake_node *n, const char *name)
{
	return n->parent && n->parent->parent && !strcmp(n->parent->parent->name, name);
}

int fake_write(struct via_fake *f, struct fake_node *n, const char *data, size_t len)
{
	via_autostrbuf text = VIA_STRBUF_INIT;

	if (n->type == FAKE_DIR)
		return -EISDIR;
	/* kernfs lets not even root past a missing bit (KERNFS_ROOT_EXTRA_OPEN_PERM_CHECK). */
	if (!(n->mode & 0222))
		return -EACCES;
	via_strbuf_add(&text, data, len);
	for (size_t i = 0; i < VIA_ARRAY_SIZE(handlers); i++)
		if (!strcmp(handlers[i].name, n->name) &&
			(!handlers[i].below || stands_below(n, handlers[i].below)))
			return handlers[i].write(f, n, via_strbuf_str(&text));
	fake_node_store(n, data, len);
	return 0;
}
