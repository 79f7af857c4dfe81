/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inventory: one immutable, consistent picture of the host's PCI functions, net devices and who
 * uses them. via_scan() makes it, via_inventory_destroy() frees it whole. Strings and arrays live
 * in its arena; NULL or 0 means "not known here" unless a member says otherwise. References between
 * objects are values (address, ifindex), never pointers, so two inventories can be compared.
 */
#ifndef VIA_MODEL_INVENTORY_H
#define VIA_MODEL_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/parse.h"
#include "model/attrs.h"

enum via_device_kind {
	VIA_DEVICE_OTHER, /* could be passed through, is no NIC; listed with less detail */
	VIA_DEVICE_BRIDGE,
	VIA_DEVICE_NIC, /* a NIC without SR-IOV */
	VIA_DEVICE_PF,	/* a function with an SR-IOV capability (sriov_totalvfs exists) */
	VIA_DEVICE_VF,	/* has a physfn link */
};
const char *via_device_kind_name(enum via_device_kind k); /* "other", "bridge", "nic", "pf", "vf" */

/* Speed in 0.1 GT/s (2.5 GT/s is 25), width in lanes; 0 unknown. */
struct via_pcie_link {
	uint32_t speed, max_speed;
	uint32_t width, max_width;
};

enum via_acs { VIA_ACS_UNKNOWN, VIA_ACS_ABSENT, VIA_ACS_PARTIAL, VIA_ACS_FULL };
const char *via_acs_name(enum via_acs a); /* "unknown", "absent", "partial", "full" */

/* Who holds a device. */
enum via_holder_kind {
	VIA_HOLDER_PROCESS, /* has the vfio group or device node open */
	VIA_HOLDER_DOMAIN,  /* the same, and the process is a QEMU guest */
	VIA_HOLDER_HOST,    /* the host itself uses its net device */
	VIA_HOLDER_NETNS,   /* its net device sits in another network namespace */
};
const char *via_holder_kind_name(enum via_holder_kind k); /* "process", "domain", "host", "netns" */

struct via_holder {
	enum via_holder_kind kind;
	int pid;	  /* 0: none */
	const char *name; /* process name, domain name, namespace name */
	const char
		*detail; /* domain UUID; for the host: "has address 10.0.0.1/24", "member of br0" */
};

struct via_vf_slot {
	uint32_t index; /* N of virtfnN */
	struct via_addr addr;
};

/* What only a PF has. */
struct via_sriov {
	uint32_t total; /* sriov_totalvfs */
	uint32_t num;	/* VFs that exist now */
	uint32_t offset, stride;
	uint16_t vf_device;	/* VF device id */
	bool autoprobe;		/* sriov_drivers_autoprobe */
	uint32_t vf_total_msix; /* sriov_vf_total_msix, 0 unsupported */
	size_t n_vfs;
	const struct via_vf_slot *vfs; /* ascending by index */
	bool vf_info_complete;	       /* every VF's attributes were read */
	size_t n_vf_info;
	const struct via_vf_state
		*vf_info;	  /* ascending by index; NULL when the PF has no net device here */
	const char *eswitch_mode; /* "legacy", "switchdev"; NULL without devlink */
};

struct via_device {
	struct via_addr addr;
	enum via_device_kind kind;
	bool is_nic; /* PCI class 02xxxx, or it carries a net device */
	uint16_t vendor, device, subvendor, subdevice;
	uint8_t revision;
	uint32_t class_code;	 /* 24 bits */
	const char *vendor_name; /* libpci; NULL unknown */
	const char *device_name;
	const char *driver; /* NULL none */
	const char *driver_override;
	const char *modalias;
	const char *id_path;	/* as udev's ID_PATH: "pci-0000:01:00.0" */
	int numa_node;		/* -1 unknown */
	int iommu_group;	/* -1 none; changes across boots: never persist */
	struct via_addr parent; /* upstream bridge; all zero for none */
	struct via_pcie_link link;
	bool flr;
	const char *reset_methods;     /* as the kernel lists them, in order; NULL or "" none */
	enum via_acs acs;	       /* weakest on the path up */
	uint32_t msix;		       /* MSI-X table size, 0 none */
	bool has_vf_msix_count;	       /* the VF's MSI-X count can be set */
	const char *serial;	       /* device serial number, "xx-xx-xx-xx-xx-xx-xx-xx" */
	const struct via_sriov *sriov; /* PF only */
	struct via_addr pf;	       /* VF only: physfn */
	uint32_t vf_index;	       /* VF only */
	size_t n_netdevs;
	const int *netdevs; /* ifindexes in via_inventory.netdevs, this namespace */
	size_t n_holders;
	const struct via_holder *holders;
	bool carries_host; /* VF only: a lifeline or an address of the host leads down to it */
	bool protected_;   /* see reasons */
	size_t n_protect;
	const char *const *protect; /* "carries the default route (IPv4) through br0", … */
	size_t n_others;
	const char *const
		*others;     /* other managers of this PF: "/etc/systemd/network/10-x.link", … */
	const char *problem; /* an attribute could not be read or is malformed: which, and why */
};

/* One net device. Those of other namespaces are listed too when they belong to a PCI device. */
struct via_netdev {
	char name[16];
	int ifindex;
	const char *netns;   /* NULL: ours; else its name or "net:[inode]" */
	struct via_addr dev; /* has_dev */
	bool has_dev;
	struct via_mac mac, perm_mac;
	bool has_perm_mac;
	uint32_t mtu;
	bool up, carrier;
	uint32_t speed_mbps; /* 0 unknown */
	const char *kind;    /* "bridge", "vlan", "bond", … NULL for a real device */
	int master;	     /* ifindex, 0 none */
	int lower;	     /* IFLA_LINK: ifindex this one sits on, 0 none */
	const char *phys_port_id, *phys_port_name, *phys_switch_id;
	bool representor;	/* of a VF or another function */
	struct via_addr rep_pf; /* representor: its PF */
	int rep_vf; /* representor: VF index, -1 of no VF (the uplink is no representor) */
	size_t n_addrs;
	const char *const *addrs; /* "10.0.0.1/24"; link-local ones are left out */
};

/* What the host's life hangs on: input of the protection policy. */
enum via_lifeline_kind {
	VIA_LIFELINE_ROUTE4,
	VIA_LIFELINE_ROUTE6,
	VIA_LIFELINE_ROOTFS,
	VIA_LIFELINE_SSH
};
struct via_lifeline {
	enum via_lifeline_kind kind;
	int ifindex;	    /* the outgoing interface */
	const char *detail; /* gateway, server, peer */
};

/* Why passthrough is or is not possible on this host at all. */
struct via_host {
	bool iommu;		/* at least one IOMMU group exists */
	bool vfio_pci;		/* driver directory of vfio-pci exists */
	bool unsafe_interrupts; /* vfio_iommu_type1.allow_unsafe_interrupts */
	const char *cmdline;	/* /proc/cmdline */
	const char *kernel;	/* release */
	const char *boot_id;
	const char *hostname;
};

struct via_inventory {
	uint64_t generation; /* grows with each scan of a process */
	struct via_host host;
	size_t n_devices;
	struct via_device *devices; /* ascending by address */
	size_t n_netdevs;
	struct via_netdev *netdevs; /* ours first, ascending by ifindex; then the others' */
	size_t n_lifelines;
	struct via_lifeline *lifelines;
	bool complete; /* false: something could not be read, see problem of each device */
	struct via_arena arena;
};

struct via_inventory *via_inventory_create(void);      /* NULL: out of memory */
void via_inventory_destroy(struct via_inventory *inv); /* takes NULL */
static inline void via_inventory_cleanup(struct via_inventory **p)
{
	via_inventory_destroy(*p);
}
#define via_autoinventory __attribute__((cleanup(via_inventory_cleanup))) struct via_inventory

/* Look-ups: NULL when there is none. */
const struct via_device *via_inventory_device(
	const struct via_inventory *inv, struct via_addr addr);
const struct via_netdev *via_inventory_netdev(const struct via_inventory *inv, int ifindex);
const struct via_netdev *via_inventory_netdev_named(
	const struct via_inventory *inv, const char *name);
/* The net device that speaks for a PF (uplink before representors, lowest ifindex). */
const struct via_netdev *via_device_netdev(
	const struct via_inventory *inv, const struct via_device *d);
/* The one of its net devices, in whatever namespace, that has the lowest permanent MAC; NULL when
 * none shows one. */
const struct via_netdev *via_device_permanent(
	const struct via_inventory *inv, const struct via_device *d);
const struct via_device *via_inventory_vf(
	const struct via_inventory *inv, const struct via_device *pf, uint32_t index);
/* Attributes of a VF as its PF reports them; NULL when not known. */
const struct via_vf_state *via_inventory_vf_state(
	const struct via_inventory *inv, const struct via_device *vf);
/* The PF by address, interface name or VF address ("0000:01:00.0", "eth0"): what people type. */
const struct via_device *via_inventory_find(const struct via_inventory *inv, const char *what);
/* Calls fn for every device in the group; stops at and returns the first non-zero. */
int via_inventory_group(const struct via_inventory *inv, int group,
	int (*fn)(const struct via_device *d, void *user), void *user);

#endif
