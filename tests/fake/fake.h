/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host in memory behind the door of lib/kernel/kernel.h: a file tree, net devices, drivers, VFs,
 * holders, uevents. It behaves as Linux 6.1 does (the contract tests hold it to that), can be told
 * to fail, hang or kill its process at a given call, and can be saved and loaded as text
 * (README.md).
 *
 * Thread-safe. Strings given are copied. Builders abort on misuse and when out of memory: they are
 * for tests.
 */
#ifndef VIA_TESTS_FAKE_H
#define VIA_TESTS_FAKE_H

#include <stdio.h>

#include "kernel/kernel.h"

struct via_fake;

/* An empty host: the PCI bus, /proc, no IOMMU, no devices. Destroy through the door. */
struct via_fake *via_fake_create(void);
struct via_kernel *via_fake_kernel(struct via_fake *f);
/* The fake behind a door that via_fake_create made. */
struct via_fake *via_fake_of(struct via_kernel *k);

/* --- the manifest --- */
int via_fake_save(struct via_fake *f, FILE *out);
/* Adds what the manifest says to f. 0, or -EINVAL with "line N: …" in err. */
int via_fake_load(struct via_fake *f, FILE *in, struct via_err *err);
int via_fake_load_path(struct via_fake *f, const char *path, struct via_err *err);
/* Rewrite path after every change; NULL ends it. */
void via_fake_autosave(struct via_fake *f, const char *path);

/* --- the file tree; paths without a leading slash --- */
void via_fake_dir(struct via_fake *f, const char *path);
/* An attribute: text and a newline. */
void via_fake_attr(struct via_fake *f, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void via_fake_file(struct via_fake *f, const char *path, const void *data, size_t len);
void via_fake_symlink(struct via_fake *f, const char *path, const char *target);
void via_fake_node(struct via_fake *f, const char *path, unsigned int major, unsigned int minor);
void via_fake_chmod(struct via_fake *f, const char *path, mode_t mode, uid_t uid);
/* Reads of path fail with error (positive); 0: no longer. */
void via_fake_read_fails(struct via_fake *f, const char *path, int error);
/* With all that is below; no-op when it is not there. */
void via_fake_remove(struct via_fake *f, const char *path);
bool via_fake_exists(struct via_fake *f, const char *path);
/* Text without its newline, "" when absent; valid until the next call from this thread. */
const char *via_fake_text(struct via_fake *f, const char *path);

/* --- drivers and modules --- */
struct via_fake_driver {
	const char *name;
	const char *module;   /* NULL: as the name */
	bool sriov, msix;     /* sriov_configure, sriov_set_msix_vec_count */
	bool override_only;   /* a vfio variant: binds by driver_override alone */
	const char *netdev;   /* net device name pattern; NULL: binding makes none */
	const char *match[4]; /* modalias patterns, also lines of modules.alias */
	bool loaded;
};
void via_fake_add_driver(struct via_fake *f, const struct via_fake_driver *d);
void via_fake_add_alias(struct via_fake *f, const char *pattern, const char *module);
/* igb, igbvf, vfio-pci (loadable), pcieport (loaded), as in the lab. */
void via_fake_add_usual_drivers(struct via_fake *f);

/* --- PCI functions --- */
struct via_fake_pf_traits {
	uint32_t limit;		     /* the driver answers EPERM above it; 0: no limit */
	uint32_t enables;	     /* the driver enables at most so many and succeeds; 0: all */
	uint32_t unsupported;	     /* VIA_ATTR_BIT mask: EOPNOTSUPP */
	bool no_min_rate, no_8021ad; /* EINVAL, EPROTONOSUPPORT */
	bool rate_needs_carrier, zero_mac_refused; /* EINVAL */
	bool shared_group;			   /* VFs join the PF's IOMMU group */
	uint32_t slow_links; /* physfn links show after so many reads of the VF's directory */
	uint32_t vf_config;  /* bytes of a VF's config space file, 0: 256 */
};

struct via_fake_pci {
	const char *addr;   /* "0000:01:00.0" */
	const char *parent; /* upstream bridge; NULL: on its root bus */
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code; /* 0: 0x020000 */
	const char *driver;  /* NULL: none */
	int numa_node;
	int iommu_group; /* -1: none; VIA_FAKE_GROUP_NEXT: a new one */
	bool no_flr;
	uint32_t msix;	      /* table size, 0: none */
	uint64_t serial;      /* 0: none */
	bool acs;	      /* bridges: has ACS with all of SV, RR, CR, UF on */
	uint8_t port_type;    /* PCIe device/port type; 0: endpoint */
	uint32_t config_size; /* 0: 4096 */
	/* PF: an SR-IOV capability when total_vfs is not 0 */
	uint32_t total_vfs, offset, stride;
	uint16_t vf_device;
	uint32_t vf_total_msix;
	struct via_fake_pf_traits traits;
	/* its net device; none when name is NULL */
	const char *netdev, *mac;
	uint32_t speed_mbps; /* 0: 1000 */
	bool up, carrier;
};
#define VIA_FAKE_GROUP_NEXT (-2)

/* Any function; a PF when total_vfs is set. Returns the net device's ifindex, 0 without one. */
int via_fake_add_pci(struct via_fake *f, const struct via_fake_pci *d);
/* An igb PF as in the lab: 7 VFs from .10.0 in steps of 2, its own group, net device up. */
int via_fake_add_igb(struct via_fake *f, const char *addr, const char *netdev, const char *mac);
/* A NIC without SR-IOV; a root port. */
int via_fake_add_nic(struct via_fake *f, const char *addr, const char *netdev, const char *mac);
void via_fake_add_bridge(struct via_fake *f, const char *addr, bool acs);
/* How a PF that is there already behaves (needed after loading a captured tree). */
void via_fake_set_traits(struct via_fake *f, const char *pf, const struct via_fake_pf_traits *t);
/* Another card at the same address: other MAC, ids kept. */
void via_fake_swap_card(struct via_fake *f, const char *pf, const char *new_mac);

/* --- net devices --- */
/* link->ifindex 0: the next free one. Makes its sysfs files when it is in our namespace. Returns
 * the ifindex. */
int via_fake_add_netdev(struct via_fake *f, const struct via_link *link, uint32_t speed_mbps);
/* A virtual one: kind "bridge", "bond", "vlan", "macvlan", "openvswitch", "dummy"… lower 0: none.
 */
int via_fake_add_virtual(struct via_fake *f, const char *name, const char *kind, int lower);
void via_fake_enslave(struct via_fake *f, int ifindex, int master);
void via_fake_move_netns(struct via_fake *f, int ifindex, const char *netns);
void via_fake_carrier(struct via_fake *f, int ifindex, bool carrier);
/* Carrier comes this long after a net device was set up; 0 (default): at once. */
void via_fake_carrier_delay(struct via_fake *f, int ifindex, uint32_t ms);
int via_fake_ifindex(struct via_fake *f, const char *name); /* 0: no such net device */
void via_fake_add_addr(struct via_fake *f, int ifindex, const char *cidr);
/* A default route; gateway "inet" or "inet6" for one without. */
void via_fake_add_route(struct via_fake *f, int ifindex, const char *gateway);
void via_fake_add_destination(struct via_fake *f, int ifindex, const char *cidr);
void via_fake_set_eswitch(struct via_fake *f, const char *pf, const char *mode, bool keeps_vfs);
void via_fake_add_representor(struct via_fake *f, const char *pf, const char *name, int vf_index);
/* IFLA_VFINFO_LIST of the PF carries only the first n. */
void via_fake_wrap_vfs(struct via_fake *f, int ifindex, uint32_t n);
/* One VF's attributes behind everybody's back (drift). */
void via_fake_set_vf(struct via_fake *f, int ifindex, uint32_t index, const struct via_vf_attrs *a);

/* The guest that has a VF chooses a MAC, as the PF sees it: not while one is administered, but for
 * a trusted VF. False when it may not. */
bool via_fake_guest_mac(struct via_fake *f, int ifindex, uint32_t index, struct via_mac mac);

/* --- processes --- */
void via_fake_add_process(struct via_fake *f, int pid, const char *comm, const char *const *argv);
/* The process opens the vfio group of a function (it need not be bound: the fake does not check).
 */
void via_fake_hold(struct via_fake *f, int pid, const char *addr);
/* A QEMU guest holding a function. */
void via_fake_add_guest(
	struct via_fake *f, int pid, const char *name, const char *uuid, const char *addr);
void via_fake_kill(struct via_fake *f, int pid); /* its descriptors go with it; who waits goes on */
/* An established ssh connection from peer to local, held by an sshd process. IPv4 or IPv6 text. */
void via_fake_add_ssh(struct via_fake *f, int pid, const char *local, const char *peer);
/* proc/self/mountinfo says that / is an NFS mount from server. */
void via_fake_nfs_root(struct via_fake *f, const char *server);

/* --- faults; what: "OP", "OP:GLOB" or "*", see README.md --- */
void via_fake_fail(struct via_fake *f, const char *what, unsigned int nth, int error);
void via_fake_hang(struct via_fake *f, const char *what);
void via_fake_crash(struct via_fake *f, const char *what, unsigned int nth, bool after);
/* Setting attr of VF index (-1: any) fails times times (-1: always). extack may be NULL. */
void via_fake_refuse(struct via_fake *f, const char *pf, int index, enum via_vf_attr attr,
	int error, int times, const char *extack);
/* The attribute is accepted and not kept (reads back as before). */
void via_fake_ignore(struct via_fake *f, const char *pf, enum via_vf_attr attr);
/* End hangs: those of via_fake_hang and those on a held group. */
void via_fake_release(struct via_fake *f);
void via_fake_clear_faults(struct via_fake *f);
/* Wait until n calls hang; false after timeout_ms. */
bool via_fake_wait_hanging(struct via_fake *f, unsigned int n, unsigned int timeout_ms);
/* Run fn once, after the next call that matches what, without the lock: what else happens in the
 * world. Not saved. */
void via_fake_after(struct via_fake *f, const char *what,
	void (*fn)(struct via_fake *f, void *user), void *user);

/* --- observation --- */
/* Calls of an op so far, failed ones too ("*": all). */
unsigned int via_fake_calls(struct via_fake *f, const char *op);
/* Every change asked for (write, set_*, load_module), one a line: "write PATH TEXT". Reset by it.
 */
char *via_fake_journal(struct via_fake *f); /* caller frees */
/* Queue an event; the fake does so by itself for what it changes. Only once uevent_fd was called.
 */
void via_fake_uevent(struct via_fake *f, enum via_uevent_action action, const char *subsystem,
	const char *sysname, const char *pci);

#endif
