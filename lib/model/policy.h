/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pure answers about an inventory: may this be disturbed, may this be passed through? */
#ifndef VIA_MODEL_POLICY_H
#define VIA_MODEL_POLICY_H

#include "base/err.h"
#include "model/inventory.h"

/*
 * Fill protected_ and protect of every PF and NIC from lifelines, addresses and the chain of uppers
 * (master and IFLA_LINK, any depth, Open vSwitch datapaths conservatively: each internal port may
 * sit on each slave). Called once at the end of a scan. -ENOMEM or 0.
 */
int via_policy_protect(struct via_inventory *inv);

/*
 * May the device be taken from its driver? 0, or VIA_REFUSED_IN_USE naming holder and way out
 * ("domain web1 (pid 812, UUID …) holds 0000:01:10.0; stop it or detach the device").
 */
int via_policy_unused(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err);

/* The same for every VF of a PF; names all holders. */
int via_policy_vfs_unused(
	const struct via_inventory *inv, const struct via_device *pf, struct via_err *err);

/* Is no net device of it part of something on the host (bond, bridge, VLAN)? 0, or IN_USE. */
int via_policy_no_uppers(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err);

/*
 * May the device be given away whole? NO_IOMMU without a group; UNSAFE_GROUP when a member of its
 * group is neither a bridge, nor unbound, nor on a vfio driver, nor going along (named in the
 * message); IN_USE; PROTECTED; a PF with VFs is IN_USE by its VFs.
 */
int via_policy_passthrough(
	const struct via_inventory *inv, const struct via_device *d, struct via_err *err);

/* The same when other functions go to the same owner along with it: they do not count. */
int via_policy_passthrough_with(const struct via_inventory *inv, const struct via_device *d,
	const struct via_addr *along, size_t n_along, struct via_err *err);

bool via_policy_is_vfio(const char *driver); /* vfio-pci and variants: "*vfio*pci*" */

/* One sentence about a holder: "domain web1 (pid 812)". */
const char *via_holder_text(const struct via_holder *h, char *buf, unsigned int size);

#endif
