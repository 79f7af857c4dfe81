/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the fake: what it holds and the parts it is made of. All below runs under the lock. */
#ifndef VIA_TESTS_FAKE_STATE_H
#define VIA_TESTS_FAKE_STATE_H

#include <pthread.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "fake/fake.h"
#include "fake/tree.h"

/* The members of struct via_kernel_ops that can be counted and told to fail. */
#define FAKE_OPS(X)                                                                                \
	X(read)                                                                                    \
	X(write)                                                                                   \
	X(list)                                                                                    \
	X(readlink)                                                                                \
	X(stat)                                                                                    \
	X(get_net)                                                                                 \
	X(route_to)                                                                                \
	X(get_vfs)                                                                                 \
	X(set_vfs)                                                                                 \
	X(set_link)                                                                                \
	X(get_eswitch)                                                                             \
	X(set_eswitch)                                                                             \
	X(load_module)                                                                             \
	X(lookup_alias)                                                                            \
	X(next_uevent)

enum fake_op {
#define VIA_X(name) FAKE_OP_##name,
	FAKE_OPS(VIA_X)
#undef VIA_X
		FAKE_OP_COUNT
};

struct fake_netdev {
	struct via_link link; /* carrier is computed: fake_netdev_carrier */
	bool plugged;	      /* there is a link once the device is up */
	bool files;	      /* has sysfs entries of ours */
	uint32_t speed_mbps;
	uint32_t carrier_delay_ms;
	uint64_t carrier_from_ms;
	struct via_vf_state *vfs; /* link.num_vf of them */
	uint32_t wrap;		  /* IFLA_VFINFO_LIST carries so many; UINT32_MAX: all */
};

struct fake_driver {
	char name[64], module[64], netdev[32];
	bool sriov, msix, override_only;
	char *match[4];
};

struct fake_alias {
	char *pattern, *module;
};

struct fake_pf {
	struct via_addr addr;
	struct via_fake_pf_traits traits;
	bool locked; /* the kernel's device lock, across a blocking removal */
};

struct fake_eswitch {
	struct via_addr addr;
	char mode[16];
	bool keeps_vfs;
};

struct fake_dest {
	int ifindex, family;
	uint8_t addr[16], prefix;
};

/* What a card keeps when it has no driver. */
struct fake_card {
	struct via_addr addr;
	struct via_mac mac;
	uint32_t speed_mbps;
	char name[16]; /* its net device gets when a driver takes it again */
};

/* The MAC of this VF was chosen by its guest, not administered by the PF. */
struct fake_guest_mac {
	int ifindex; /* the PF's */
	uint32_t index;
};

/* Setting an attribute of a VF goes wrong. error 0: accepted and not kept. */
struct fake_rule {
	struct via_addr pf;
	int index; /* -1: any */
	enum via_vf_attr attr;
	int error, times;
	char extack[96];
};

enum fake_fault_kind { FAKE_FAULT_FAIL, FAKE_FAULT_HANG, FAKE_FAULT_CRASH, FAKE_FAULT_AFTER };
struct fake_fault {
	enum fake_fault_kind kind;
	char *what;
	unsigned int nth; /* calls until it strikes; 0: each one */
	int error;
	bool once;  /* FAIL: goes when it has struck */
	bool after; /* CRASH: after the call */
	void (*fn)(struct via_fake *f, void *user);
	void *user;
};

/* A link that shows only after so many further calls. */
struct fake_deferred {
	char *path, *target;
	uint32_t calls;
};

struct via_fake {
	struct via_kernel door;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct fake_tree tree;
	struct fake_netdev *netdevs;
	struct via_ifaddr *addrs;
	struct via_route *routes;
	struct fake_dest *dests;
	struct fake_driver *drivers;
	struct fake_alias *aliases;
	struct fake_pf *pfs;
	struct fake_eswitch *eswitches;
	struct fake_rule *rules;
	struct fake_card *cards;
	struct fake_guest_mac *guest_macs;
	struct fake_fault *faults;
	struct fake_deferred *deferred;
	struct via_uevent *uevents;
	size_t n_netdevs, n_addrs, n_routes, n_dests, n_drivers, n_aliases, n_pfs, n_eswitches,
		n_rules, n_cards, n_guest_macs, n_faults, n_deferred, n_uevents, uevents_read;
	int event_fd;
	bool listening; /* uevent_fd was called: before, nobody hears events */
	int next_ifindex;
	unsigned int calls[FAKE_OP_COUNT];
	unsigned int hanging;
	uint64_t releases;
	struct via_strbuf journal;
	char *autosave;
	bool dirty;
	char text[4096]; /* of via_fake_text */
};

/* Arrays that grow by one: fake_push(&f->pfs, &f->n_pfs) is the new, zeroed element. */
void *fake_grow(void **array, size_t *n, size_t size);
#define fake_push(array, n)                                                                        \
	((__typeof__(*(array)))fake_grow((void **)(array), (n), sizeof(**(array))))
#define fake_drop(array, n, i)                                                                     \
	memmove(&(array)[i], &(array)[(i) + 1], (--(n) - (i)) * sizeof((array)[0]))

/* door.c */
extern const struct via_kernel_ops fake_ops;

/* fake.c */
void fake_destroy(struct via_kernel *k);
void fake_lock(struct via_fake *f);
void fake_unlock(struct via_fake *f); /* writes the manifest when something changed */
static inline void fake_unlock_cleanup(struct via_fake **f)
{
	fake_unlock(*f);
}
/* Hold the lock until the end of the block. */
#define FAKE_GUARD(f)                                                                              \
	__attribute__((cleanup(fake_unlock_cleanup), unused)) struct via_fake *guard_ = (f);       \
	fake_lock(f)
uint64_t fake_now_ms(void);

/* fault.c */
/* Around every call. enter: 0 with the lock held, or the error it is told to give. leave unlocks.
 */
int fake_enter(struct via_fake *f, enum fake_op op, const char *subject);
void fake_leave(struct via_fake *f, enum fake_op op, const char *subject);
/* Wait, without the lock, until nobody holds the group or the fake is told to release. */
void fake_wait_group(struct via_fake *f, int group);
const char *fake_op_name(enum fake_op op);
bool fake_group_held(struct via_fake *f, int group);
void fake_fault_free(struct fake_fault *ft);

/* path.c */
struct fake_node *fake_find(struct via_fake *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The attribute's text without newline; "" when absent. */
const char *fake_get(struct via_fake *f, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
uint64_t fake_get_num(struct via_fake *f, int base, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* path is where; fmt the text, to which a newline is added. */
void fake_put(struct via_fake *f, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void fake_drop_path(struct via_fake *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* DIR/NAME -> TARGET (both from the root), written relative as sysfs does. */
void fake_link(struct via_fake *f, const char *dir, const char *name, const char *target);
/* Last part of a link's target. */
const char *fake_link_name(struct via_fake *f, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The directory of a PCI function, or NULL. */
struct fake_node *fake_pci(struct via_fake *f, struct via_addr a);
struct via_addr fake_addr(const char *text); /* aborts when it is none */

/* pci_add.c */
struct fake_pci_files {
	struct via_addr addr, parent;
	bool has_parent, is_vf;
	uint16_t vendor, device, subvendor, subdevice;
	uint32_t class_code;
	uint8_t revision;
	int numa_node;
	int iommu_group;
	bool flr;
	const uint8_t *config;
	size_t config_size;
	const char *dir; /* where the function's directory is made */
};
void fake_pci_make(struct via_fake *f, const struct fake_pci_files *p);
int fake_group_next(struct via_fake *f);
void fake_group_join(struct via_fake *f, const char *dir, struct via_addr a, int group);

/* config_space.c */
void fake_config_space(const struct via_fake_pci *d, uint8_t *config, size_t size);
void fake_config_space_vf(const struct fake_pci_files *p, uint8_t *config, size_t size);

/* driver.c */
struct fake_driver *fake_driver_find(struct via_fake *f, const char *name);
void fake_driver_load(struct via_fake *f, struct fake_driver *d);
bool fake_driver_is_vfio(const char *name);
/* What the bus does with a function that has no driver. */
void fake_driver_probe(struct via_fake *f, struct via_addr a);
int fake_driver_bind(struct via_fake *f, struct fake_driver *d, struct via_addr a);
void fake_driver_attach(struct via_fake *f, struct fake_driver *d, struct via_addr a);
/* Only the links: no net device. */
void fake_driver_attach_bare(struct via_fake *f, struct fake_driver *d, struct via_addr a);
/* Waits as long as a process holds the group of a function on vfio. */
void fake_driver_detach(struct via_fake *f, struct via_addr a);

/* module.c */
int fake_load_module(struct via_fake *f, const char *name);
/* Modules for an alias, most specific first. */
int fake_modalias_each(struct via_fake *f, const char *alias, via_list_fn *fn, void *user);

/* sriov.c */
struct fake_pf *fake_pf_find(struct via_fake *f, struct via_addr a);
struct fake_pf *fake_pf_make(struct via_fake *f, struct via_addr a);
int fake_sriov_write(struct via_fake *f, struct via_addr pf, const char *text);
void fake_sriov_disable(struct via_fake *f, struct via_addr pf);
void fake_pf_wait(struct via_fake *f, struct via_addr pf);
struct via_addr fake_vf_addr(struct via_fake *f, struct via_addr pf, uint32_t index);
void fake_deferred_tick(struct via_fake *f);

/* attr_write.c */
int fake_write(struct via_fake *f, struct fake_node *n, const char *data, size_t len);

/* net.c */
struct fake_netdev *fake_netdev(struct via_fake *f, int ifindex);
struct fake_netdev *fake_netdev_named(struct via_fake *f, const char *name); /* in ours */
struct fake_netdev *fake_netdev_of(struct via_fake *f, struct via_addr pci); /* no representor */
struct fake_netdev *fake_netdev_add(
	struct via_fake *f, const struct via_link *link, uint32_t speed_mbps);
void fake_netdev_remove(struct via_fake *f, int ifindex);
void fake_netdev_files(struct via_fake *f, struct fake_netdev *n);
bool fake_netdev_carrier(const struct fake_netdev *n);
void fake_netdev_restart_carrier(struct fake_netdev *n);
int fake_parse_cidr(const char *text, int *family, uint8_t addr[16], uint8_t *prefix);

/* net_ops.c, vf_ops.c: the door's netlink half */
int fake_get_net(struct via_fake *f, bool others, struct via_net *ret);
int fake_route_to(struct via_fake *f, int family, const void *addr, int *ret);
int fake_set_link(
	struct via_fake *f, int ifindex, const struct via_link_set *set, struct via_err *err);
int fake_get_eswitch(struct via_fake *f, struct via_addr pf, char *buf, size_t size);
int fake_set_eswitch(struct via_fake *f, struct via_addr pf, const char *mode, struct via_err *err);
int fake_get_vfs(struct via_fake *f, int ifindex, struct via_vf_list *ret);
void fake_set_vf(struct via_fake *f, int ifindex, struct via_vf_set *set);
/* The defaults a VF has after its PF's driver made it. */
void fake_vf_reset(const struct fake_pf *pf, struct via_vf_state *s, uint32_t index);

/* reset.c */
/* The attribute "reset" of a function was written. */
int fake_reset(struct via_fake *f, struct via_addr a, const char *text);
void fake_guest_mac_mark(struct via_fake *f, int ifindex, uint32_t index);
/* No longer the guest's: the PF has set one, or the VF is gone. True when it was. */
bool fake_guest_mac_drop(struct via_fake *f, int ifindex, uint32_t index);

/* uevent.c */
void fake_uevent(struct via_fake *f, enum via_uevent_action action, const char *subsystem,
	const char *sysname, const struct via_addr *pci);
int fake_next_uevent(struct via_fake *f, struct via_uevent *ret);

/* save.c */
int fake_save(struct via_fake *f, FILE *out);
void fake_autosave(struct via_fake *f);

#endif
