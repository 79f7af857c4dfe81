/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which function a VM gets, and whether it may have the one it names. Pure. */
#ifndef VIA_MODEL_ALLOC_H
#define VIA_MODEL_ALLOC_H

#include "model/claim.h"
#include "model/config.h"
#include "model/plan.h"
#include "model/report.h"

/* What all of it is decided from. Pointers are borrowed. */
struct via_world {
	const struct via_inventory *inv;
	const struct via_config *config;
	const struct via_claims *claims;
	const struct via_domains *domains; /* NULL: libvirt not asked yet */
	/* Confirmed drift of VFs: those are not given away. NULL: none. */
	bool (*drifted)(struct via_addr vf, void *user);
	/* PFs that hang. */
	bool (*blocked)(struct via_addr pf, void *user);
	/* A driver for VIA_DRIVER_VFIO, as in struct via_plan_options. */
	int (*driver_for)(const struct via_device *dev, enum via_driver_choice choice, char *buf,
		size_t size, void *user);
	/* Does this PF's driver refuse a VF's zero MAC (struct via_quirks)? A released VF then
	 * keeps a derived one. NULL: none does. */
	bool (*parks_mac)(const struct via_device *pf, void *user);
	void *user;
	int64_t now_us;
};

/* One function that is wanted by request. */
struct via_alloc_request {
	char uuid[VIA_UUID_MAX], name[VIA_DOMAIN_NAME_MAX];
	const char *network; /* NULL: a device must be named */
	bool has_device;
	struct via_addr device; /* this one */
	bool whole;		/* PF or NIC as such */
	bool has_mac;
	struct via_mac mac;	 /* else the one the VF is configured with, else a derived one */
	bool driver;		 /* bind it to its vfio driver as well (managed='no') */
	uint32_t msix;		 /* at least so many MSI-X vectors; 0 no matter */
	enum via_numa_mode numa; /* of the VM's memory */
	uint64_t nodes;
};

/*
 * Choose (or check) one function: *ret is a whole claim in state PREPARING, without generation, not
 * yet added. Order: the network's uplinks as configured; of one uplink, or over all of them with
 * "spread", nearest NUMA node first, fewest claims first (spread) or most (pack), then by index.
 * Never one that is claimed, quarantined, drained, drifted, held, protected, used by the host, on a
 * blocked PF or on one that somebody else manages. A configured network's VFs are those whose
 * configuration names no other network.
 * VIA_REFUSED_NO_FREE_VF: the message counts what stood in the way (claimed by whom, quarantined,
 * held…) and says what would make it possible. Otherwise as the check of a named one: CLAIMED,
 * IN_USE, QUARANTINED, UNSAFE_GROUP, PROTECTED, NOT_FOUND, INVALID (no such network),
 * DUPLICATE_MAC, DRAINING, BLOCKED, VERIFY_ONLY, NO_IOMMU.
 */
int via_alloc(const struct via_world *w, const struct via_alloc_request *req, struct via_claim *ret,
	struct via_err *err);

/* How a network stands. */
struct via_network_use {
	const struct via_network_config *network;
	uint32_t total, claimed, quarantined, unusable, free;
};
void via_alloc_network_use(
	const struct via_world *w, const struct via_network_config *n, struct via_network_use *ret);

/* alloc_domain.c: a domain that starts. */
struct via_domain_claims {
	size_t n;
	struct via_claim *list; /* all its PCI NICs, those that are not ours with managed false */
	bool *known; /* list[i] stands in the registry already (a request's): it is confirmed */
};
void via_domain_claims_finish(struct via_domain_claims *c);
/*
 * What the domain's devices come to: each host device that is a NIC function is checked (identity,
 * holder, IOMMU group, driver, that its PF is managed, duplicates) and made a claim. Its network:
 * of the claim it has by request, else of our metadata in the XML, else of the VF's configuration.
 * What libvirt would undo is refused: an <interface type='hostdev'> whose network has a VLAN must
 * carry the same one in the XML, and its MAC is the XML's. A refusal names the domain, the element
 * and the line to put there. Functions that are no NICs, and NICs no entry manages, are recorded
 * only.
 */
int via_alloc_domain(const struct via_world *w, const struct via_domain *dom,
	enum via_claim_origin origin, struct via_domain_claims *ret, struct via_err *err);

/* claim_plan.c: what a claim or a release does to the host. */
/*
 * Steps that configure claims (of any number of PFs): all attributes in `wanted`, whether the
 * inventory shows a difference or not (it may be a moment old), then the driver. 0, -ENOMEM, or
 * VIA_REFUSED_UNSUPPORTED when the driver is known not to set what via_claim_needs() says.
 */
int via_claim_plan(const struct via_world *w, const struct via_claim *const *claims, size_t n,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err);
/*
 * The attributes that the claim's VM must not go without (VIA_ATTR_BIT mask): a step that leaves
 * one of them unset is none, whatever its result says. Its MAC; a VLAN; a spoof check that is
 * configured (one that is on only because nobody said otherwise is set where the driver can).
 */
uint32_t via_claim_needs(const struct via_world *w, const struct via_claim *c);
/*
 * Steps that clean one function: function reset, attributes of its baseline with what the
 * configuration wants of it on top, MAC parked (its configured or baseline MAC; a derived one where
 * the driver takes no zero MAC), its driver back. baseline may be NULL (none was taken): then
 * defaults.
 */
int via_release_plan(const struct via_world *w, const struct via_claim *claim,
	const struct via_vf_attrs *baseline, const struct via_plan_options *opt,
	struct via_plan **ret, struct via_err *err);
/*
 * After the steps: is it clean? The inventory was read after them. 0, or a refusal saying what is
 * left: an attribute, the VM's MAC on it or its net device, a holder.
 */
int via_release_check(const struct via_world *w, const struct via_claim *claim,
	const struct via_vf_attrs *baseline, struct via_err *err);
/* What a VF without owner should look like: baseline and configuration. The plan's own view of it.
 */
void via_release_attrs(const struct via_world *w, const struct via_claim *claim,
	const struct via_vf_attrs *baseline, struct via_vf_attrs *ret);

#endif
