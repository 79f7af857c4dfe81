/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door to the kernel. All of viaduct's contact with sysfs, procfs, rtnetlink, devlink and
 * uevents goes through these calls; behind them stands Linux (linux.c) or the fake (tests/fake).
 * The contract tests run against both.
 *
 * Paths are relative to the root the door was opened on and start without a slash
 * ("sys/bus/pci/devices/0000:01:00.0/sriov_numvfs"). Every call may block as the kernel blocks;
 * none may be made from the daemon's main loop except next_uevent. One door may be used from
 * several threads at once. Returns: below 0 a negated errno, as the kernel gave it.
 */
#ifndef VIA_KERNEL_KERNEL_H
#define VIA_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/parse.h"
#include "model/attrs.h"

struct via_kernel;

/* Called per entry; non-zero stops the listing and is returned. */
typedef int via_list_fn(const char *name, void *user);

struct via_stat {
	mode_t mode;
	dev_t rdev;
	dev_t dev;
	ino_t ino;
	uid_t uid;
};

/* A net device as RTM_GETLINK reports it, of any network namespace. */
struct via_link {
	int ifindex;
	char name[16];
	char kind[16];	 /* IFLA_INFO_KIND, "" none */
	char parent[32]; /* IFLA_PARENT_DEV_NAME when the bus is pci, else "" */
	char netns[64];	 /* "" ours, else its name under /run/netns or "net:[inode]" */
	struct via_mac mac, perm_mac;
	bool has_perm_mac;
	uint32_t mtu;
	bool up, carrier;
	int master, lower;  /* 0 none */
	int32_t lower_nsid; /* IFLA_LINK_NETNSID, -1: same namespace; not -1 in a link of another
			       namespace (netns not ""): lower is one of ours */
	char phys_port_id[65], phys_switch_id[65], phys_port_name[16];
	uint32_t num_vf; /* IFLA_NUM_VF */
};

struct via_ifaddr {
	int ifindex;
	int family; /* AF_INET, AF_INET6 */
	uint8_t addr[16];
	uint8_t prefix;
	uint8_t scope; /* RT_SCOPE_* */
};

/* A default route of any table. */
struct via_route {
	int ifindex; /* one entry a next hop */
	int family;
	uint8_t gateway[16];
	bool has_gateway;
};

/* Every link, address and default route, taken together. Plain arrays, freed whole. */
struct via_net {
	size_t n_links, n_addrs, n_routes;
	struct via_link *links;	  /* ours, then those of other namespaces */
	struct via_ifaddr *addrs; /* ours */
	struct via_route *routes; /* ours */
};
void via_net_finish(struct via_net *n);

/* The VFs of one PF. */
struct via_vf_list {
	uint32_t num_vf; /* IFLA_NUM_VF */
	size_t n;
	struct via_vf_state *vfs; /* ascending by index */
	bool complete; /* n == num_vf: false past the wrap of IFLA_VFINFO_LIST's length */
};
void via_vf_list_finish(struct via_vf_list *l);

/* One VF to set: the attributes in attrs.known, in one message. */
struct via_vf_set {
	uint32_t index;
	struct via_vf_attrs attrs;
	/* out */
	int error; /* 0 or a positive errno: of the first attribute that failed */
	char extack[96];
};

enum via_uevent_action {
	VIA_UEVENT_ADD,
	VIA_UEVENT_REMOVE,
	VIA_UEVENT_BIND,
	VIA_UEVENT_UNBIND,
	VIA_UEVENT_CHANGE,
	VIA_UEVENT_MOVE,
	VIA_UEVENT_ONLINE,
	VIA_UEVENT_OFFLINE,
	VIA_UEVENT_LOST, /* events were dropped: rescan everything */
};
struct via_uevent {
	enum via_uevent_action action;
	char subsystem[16]; /* "pci", "net", "vfio", … */
	char sysname[64];   /* "0000:01:00.0", "eth0" */
	bool has_pci;	    /* the PCI function it is, or sits on */
	struct via_addr pci;
};

/* A change to a net device. Members not given stay. */
struct via_link_set {
	bool has_up, up;
	bool has_mtu;
	uint32_t mtu;
};

struct via_kernel_ops {
	/* An attribute's bytes, at most size; returns the length. For text use via_kernel_read_str.
	 */
	ssize_t (*read)(struct via_kernel *k, const char *path, void *buf, size_t size);
	int (*write)(struct via_kernel *k, const char *path, const char *data, size_t len);
	int (*list)(struct via_kernel *k, const char *path, via_list_fn *fn, void *user);
	/* The target's text, NUL-terminated; -ENAMETOOLONG when it does not fit. */
	int (*readlink)(struct via_kernel *k, const char *path, char *buf, size_t size);
	int (*stat)(struct via_kernel *k, const char *path, struct via_stat *ret);
	/* Links, addresses, default routes. others: look into other network namespaces as well. */
	int (*get_net)(struct via_kernel *k, bool others, struct via_net *ret, struct via_err *err);
	/* Outgoing interface towards an address; -ENETUNREACH. */
	int (*route_to)(struct via_kernel *k, int family, const void *addr, int *ret_ifindex);
	int (*get_vfs)(
		struct via_kernel *k, int ifindex, struct via_vf_list *ret, struct via_err *err);
	/*
	 * One RTM_SETLINK per entry, many a sendmsg. 0 when every message was answered (look at
	 * each entry's error); below 0 when the exchange itself failed. Entry after entry, not
	 * undone.
	 */
	int (*set_vfs)(struct via_kernel *k, int ifindex, struct via_vf_set *sets, size_t n,
		struct via_err *err);
	int (*set_link)(struct via_kernel *k, int ifindex, const struct via_link_set *set,
		struct via_err *err);
	/* devlink. mode: "legacy", "switchdev". -EOPNOTSUPP without eswitch or devlink. */
	int (*get_eswitch)(struct via_kernel *k, struct via_addr pf, char *buf, size_t size);
	int (*set_eswitch)(
		struct via_kernel *k, struct via_addr pf, const char *mode, struct via_err *err);
	/* Load a kernel module by name, with its dependencies. 0 also when it is there already. */
	int (*load_module)(struct via_kernel *k, const char *name);
	/* Modules for a modalias ("pci:v…" or "vfio_pci:v…"), most specific first: calls fn. */
	int (*lookup_alias)(struct via_kernel *k, const char *alias, via_list_fn *fn, void *user);
	/* A descriptor to poll; -EOPNOTSUPP when there are no events. Owned by the door. */
	int (*uevent_fd)(struct via_kernel *k);
	/* 1 and an event; 0 none pending. Does not block. */
	int (*next_uevent)(struct via_kernel *k, struct via_uevent *ret);
	void (*destroy)(struct via_kernel *k);
};

struct via_kernel {
	const struct via_kernel_ops *ops;
};

/*
 * The real door. root: an open directory that stands for "/" (the caller keeps it; -1: "/").
 * When root is not "/", netlink, modules and uevents answer as a host without them: empty,
 * EOPNOTSUPP.
 */
int via_kernel_linux_create(int root, struct via_kernel **ret, struct via_err *err);
static inline void via_kernel_destroy(struct via_kernel *k)
{
	if (k)
		k->ops->destroy(k);
}

/* Conveniences over the door (kernel.c). */
/* Text without the trailing newline; -EOVERFLOW when it does not fit, -EILSEQ for a NUL or control
 * byte inside. */
int via_kernel_read_str(struct via_kernel *k, const char *path, char *buf, size_t size);
int via_kernel_read_u64(struct via_kernel *k, const char *path,
	uint64_t *ret); /* decimal or 0x; -EINVAL malformed */
int via_kernel_write_str(struct via_kernel *k, const char *path, const char *s);
/* Last part of a link's target: driver, iommu_group… -ENOENT when there is no link. */
int via_kernel_link_name(struct via_kernel *k, const char *path, char *buf, size_t size);

#define VIA_PCI_DEVICES "sys/bus/pci/devices"

#endif
