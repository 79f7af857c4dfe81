/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration: desired state of PFs and networks. Parsed and validated from JSON with
 * comments; every message names file, line and JSON pointer.
 */
#ifndef VIA_MODEL_CONFIG_H
#define VIA_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parse.h"
#include "model/attrs.h"
#include "model/inventory.h"

/* Where an entry was written, for messages. */
struct via_place {
	char *file;
	unsigned int line;
	char pointer[64];
};

/* A PF selector: every given member must match. */
struct via_selector {
	char *name; /* glob over the PF's net device names */
	char *driver;
	char *id_path; /* glob over ID_PATH */
	struct via_addr address;
	struct via_mac mac; /* permanent MAC */
	uint32_t vendor, device;
	bool has_address, has_mac, has_vendor, has_device;
};

enum via_driver_choice {
	VIA_DRIVER_UNSET, /* leave as it is */
	VIA_DRIVER_NONE,  /* bound to nothing */
	VIA_DRIVER_HOST,  /* the host's own VF driver */
	VIA_DRIVER_VFIO,  /* the variant vfio driver where the host has one, else vfio-pci */
	VIA_DRIVER_NAMED, /* exactly this one ("vfio-pci", "mlx5_vfio_pci") */
};

enum via_mac_mode {
	VIA_MAC_UNSET,
	VIA_MAC_NONE, /* no administered MAC */
	VIA_MAC_GIVEN,
	VIA_MAC_DERIVED, /* from mac_prefix and the PF's identity */
};

/* What is wanted of a VF; members not given come from the layer below (PF defaults, network). */
struct via_vf_config {
	struct via_vf_attrs
		attrs; /* attrs.known: given; MAC here only when mac_mode is GIVEN or NONE */
	bool has_vlan_id, has_vlan_qos, has_vlan_proto, has_min,
		has_max; /* halves of an attribute */
	enum via_mac_mode mac_mode;
	uint32_t msix;
	uint32_t mtu; /* of the VF's net device */
	bool has_msix, has_mtu;
	enum via_driver_choice driver;
	char *driver_name; /* NAMED */
	char *network;	   /* takes its defaults from this network */
};

struct via_vf_range {
	uint32_t first, last; /* inclusive */
	struct via_vf_config vf;
	struct via_place place;
};

enum via_tristate { VIA_UNSET = -1, VIA_FALSE = 0, VIA_TRUE = 1 };

struct via_pf_config {
	char *label; /* for people; optional */
	struct via_selector match;
	uint32_t num_vfs;
	bool has_num_vfs;
	enum via_tristate autoprobe; /* unset: off as soon as any VF is meant for vfio or nothing */
	uint32_t mtu;
	bool has_mtu;
	char *eswitch_mode; /* "legacy", "switchdev"; NULL leave */
	enum via_tristate
		protect; /* true: protected whatever it carries; false: the administrator
			    says that disturbing it is fine; unset: decided by what it carries */
	bool verify_only;
	uint8_t mac_prefix[3]; /* of derived MACs; else via_config_default_prefix */
	bool has_mac_prefix;
	struct via_vf_config defaults;
	size_t n_ranges;
	struct via_vf_range *ranges; /* in file order; later ones win */
	uint32_t heal;		     /* VIA_ATTR_BIT mask of what drift healing sets again */
	bool heal_driver, heal_count, heal_pf;
	bool has_heal; /* else the global one */
	struct via_place place;
};

enum via_vswitch_kind {
	VIA_VSWITCH_NONE,
	VIA_VSWITCH_BRIDGE,
	VIA_VSWITCH_OVS,
	VIA_VSWITCH_LIBVIRT
};
enum via_port_mode { VIA_PORT_ACCELERATED, VIA_PORT_DIRECT, VIA_PORT_PARAVIRTUAL };

/* How near a VF must be to its VM's memory. */
enum via_numa_want { VIA_NUMA_PREFER, VIA_NUMA_REQUIRE, VIA_NUMA_IGNORE };

/* vswitch, mode and what stands behind them is checked and shown, and has no effect yet. */
struct via_network_config {
	char *name;
	struct via_vf_attrs attrs; /* VLAN, rate, spoofchk, trust, link state defaults of its VFs */
	bool has_vlan_id, has_vlan_qos, has_vlan_proto, has_min, has_max;
	uint32_t mtu;
	bool has_mtu;
	size_t n_uplinks;
	char **uplinks;		 /* PF labels, in order */
	bool spread;		 /* placement: spread over uplinks, else pack */
	enum via_numa_want numa; /* "prefer" (default), "require", "ignore" */
	uint32_t msix;		 /* a VF needs at least so many MSI-X vectors; 0 no matter */
	enum via_vswitch_kind vswitch;
	char *vswitch_name;
	enum via_port_mode mode;
	uint32_t reservation_mbps, limit_mbps, shares; /* whole network */
	uint32_t average_kbps, peak_kbps,
		burst_kb; /* standby path: kilobytes/s, KiB (libvirt's units) */
	struct via_place place;
};

struct via_config {
	size_t n_pfs;
	struct via_pf_config *pfs;
	size_t n_networks;
	struct via_network_config *networks;
	bool auto_apply; /* "provision": "auto" (default) applies at start, on reload and when a
			    PF appears, whatever disturbs nobody; "manual" waits for apply */
	uint32_t drift_interval_s;  /* periodic comparison, default 60, 0 off */
	uint32_t drift_debounce_ms; /* default 2000 */
	uint32_t heal;		    /* global defaults: VIA_ATTR_BIT mask */
	bool heal_driver, heal_count, heal_pf;
	uint32_t step_timeout_s; /* after which a PF counts as blocked, default 30 */
	size_t n_files;
	char **files; /* read, in order */
};

/* One file's text, for via_config_parse. */
struct via_config_source {
	const char *name;
	const char *text;
	size_t len;
};

/* All problems of a set of files, not just the first. */
struct via_config_problem {
	char *message; /* "FILE:LINE: POINTER: what; fix" */
};
struct via_config_problems {
	size_t n;
	struct via_config_problem *list;
};
void via_config_problems_finish(struct via_config_problems *p);

/*
 * Parse and validate sources in order (later files add entries; a scalar given twice is an error
 * naming both places). 0 and *ret (caller destroys), or VIA_REFUSED_INVALID with err holding the
 * first problem and problems (may be NULL) holding all.
 */
int via_config_parse(const struct via_config_source *src, size_t n, struct via_config **ret,
	struct via_config_problems *problems, struct via_err *err);
void via_config_destroy(struct via_config *c); /* takes NULL */
/* A configuration with nothing in it: defaults. NULL out of memory. */
struct via_config *via_config_create(void);

/*
 * Match entries against PFs. Calls fn for every PF that exactly one entry matches. Two entries for
 * one PF: VIA_REFUSED_CONFLICT with both places in err. VFs never match.
 */
int via_config_match(const struct via_config *c, const struct via_inventory *inv,
	int (*fn)(const struct via_pf_config *pf, const struct via_device *dev, void *user),
	void *user, struct via_err *err);
/* The entry for one PF; NULL for none. Assumes via_config_match found no conflict. */
const struct via_pf_config *via_config_for(
	const struct via_config *c, const struct via_inventory *inv, const struct via_device *pf);
bool via_selector_match(
	const struct via_selector *s, const struct via_inventory *inv, const struct via_device *pf);

/*
 * What VF index of a PF should be: defaults, then its network, then ranges in order, resolved to
 * final values (derived MAC computed). Everything not wanted is left unknown.
 */
struct via_vf_wanted {
	struct via_vf_attrs attrs;
	uint32_t msix, mtu;
	bool has_msix, has_mtu;
	enum via_driver_choice driver;
	const char *driver_name; /* owned by the configuration */
	const char *network;	 /* owned by the configuration */
};
void via_config_vf(const struct via_config *c, const struct via_pf_config *pf,
	const struct via_inventory *inv, const struct via_device *dev, uint32_t index,
	struct via_vf_wanted *ret);

/* The same on a network: its policy over what the VF is configured with, unless that names this
 * very network. network NULL: as configured. */
void via_config_vf_on(const struct via_config *c, const struct via_pf_config *pf,
	const struct via_inventory *inv, const struct via_device *dev, uint32_t index,
	const struct via_network_config *network, struct via_vf_wanted *ret);
/* The derived MAC of a VF, whether it is configured to have it or not. */
struct via_mac via_config_vf_mac(const struct via_pf_config *pf, const struct via_inventory *inv,
	const struct via_device *dev, uint32_t index);
/* By name; NULL for none. */
const struct via_network_config *via_config_network(const struct via_config *c, const char *name);

/*
 * Stable derived MAC: locally administered, from the prefix and a hash of the PF's identity
 * (permanent MAC, else serial, else address) and the VF index. Equal inputs give equal MACs on
 * every boot and host; distinct indexes of one PF never collide.
 */
struct via_mac via_config_derive_mac(const uint8_t prefix[3], const char *identity, uint32_t index);

#endif
