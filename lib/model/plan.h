/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what has to happen so that the host is as the configuration says. Pure: inventory,
 * configuration and options in, an ordered list of steps out. `viaduct plan` prints what
 * `viaduct apply` runs. Steps are values: they hold no pointer into inventory or configuration.
 */
#ifndef VIA_MODEL_PLAN_H
#define VIA_MODEL_PLAN_H

#include "model/config.h"
#include "model/inventory.h"

struct via_claims;

/* X(symbol, name) */
#define VIA_STEP_OPS(X)                                                                            \
	X(ESWITCH, "set_eswitch")     /* PF: text = mode */                                        \
	X(AUTOPROBE, "set_autoprobe") /* PF: number = 0 or 1 */                                    \
	X(NUM_VFS, "set_num_vfs")     /* PF: number; from 0 or to 0, never other to other */       \
	X(PF_MTU, "set_pf_mtu")	      /* PF's net device: number */                                \
	X(PF_UP, "set_pf_up")	      /* PF's net device: number = 0 or 1; waits for carrier */    \
	X(VF_MSIX, "set_vf_msix")     /* VF: number */                                             \
	X(VF_ATTRS, "set_vf_attrs")   /* VF: attrs, through its PF */                              \
	X(BIND, "bind")		      /* device: text = driver */                                  \
	X(UNBIND, "unbind")	      /* device: leaves it without a driver, override cleared */   \
	X(VF_MTU, "set_vf_mtu")	      /* VF's net device: number */                                \
	X(RESET, "reset")	      /* device: function-level reset (sysfs reset) */

enum via_step_op {
#define VIA_X(sym, name) VIA_STEP_##sym,
	VIA_STEP_OPS(VIA_X)
#undef VIA_X
		VIA_STEP_OP_COUNT
};
const char *via_step_op_name(enum via_step_op op);
int via_step_op_parse(const char *name, enum via_step_op *ret);

enum via_disruption {
	VIA_DISRUPTION_NONE,
	VIA_DISRUPTION_VF_RESET,
	VIA_DISRUPTION_VF_RECREATE,
	VIA_DISRUPTION_REBOOT
};
const char *via_disruption_name(
	enum via_disruption d); /* "none", "vf_reset", "vf_recreate", "reboot" */

#define VIA_DRIVER_MAX 64

/* What a step sets, or its undo sets back. */
struct via_step_value {
	uint32_t number;
	char text[VIA_DRIVER_MAX];     /* driver, mode; "" none */
	char override[VIA_DRIVER_MAX]; /* BIND, UNBIND: driver_override to leave behind; "" cleared
					*/
	struct via_vf_attrs attrs;
};

struct via_step {
	uint32_t id; /* 1, 2, … in the order of execution */
	enum via_step_op op;
	struct via_addr
		pf; /* the queue it runs on: the PF, or the device itself when it has none */
	struct via_addr target; /* device that is changed */
	uint32_t vf_index;	/* target is VF of pf */
	bool has_vf;
	/* Identity of the queue's PF, checked right before the act: a step never runs on another
	 * card. */
	struct via_mac pf_mac;
	bool has_pf_mac;
	uint16_t vendor, device; /* of target; 0 when it does not exist yet */
	struct via_step_value set;
	struct via_step_value undo;
	bool has_undo;
	enum via_disruption disruption;
	char reason[160]; /* "configured VLAN 100, found 0" */
};

/* Something that is wanted and will not be done, and why. */
struct via_plan_refusal {
	enum via_refusal code;
	struct via_addr target;
	char message[512]; /* names the holder and the way out */
};

struct via_plan {
	size_t n_steps;
	struct via_step *steps;
	size_t n_refusals;
	struct via_plan_refusal *refusals;
	enum via_disruption disruption; /* the highest of its steps */
	uint64_t inventory_generation;
};

/* What the caller allows. */
struct via_plan_options {
	bool recreate; /* a VF count may change by recreating all VFs nobody holds */
	size_t n_disturb;
	const struct via_addr *disturb; /* protected PFs the caller named */
	bool has_only;
	struct via_addr only; /* this PF alone */
	/* What the daemon has learnt: attributes that this PF's driver does not support. NULL:
	 * none. */
	uint32_t (*unsupported)(struct via_addr pf, void *user);
	/* A driver for VIA_DRIVER_VFIO and VIA_DRIVER_HOST: fills buf; 0 or -ENOENT. NULL: vfio-pci
	 * and "". */
	int (*driver_for)(const struct via_device *dev, enum via_driver_choice choice, char *buf,
		size_t size, void *user);
	void *user;
	/* Who holds what. An active claim's VF is to be as the claim says, its driver is its VM's;
	 * one that is being claimed, cleaned or is quarantined is left alone; a VF count does not
	 * change while one is claimed, and a claimed function is neither bound nor unbound:
	 * CLAIMED, naming the VM. NULL: nothing is claimed. */
	const struct via_claims *claims;
};

/*
 * 0 and *ret (caller destroys); VIA_REFUSED_CONFLICT when two entries match one PF. Refusals for
 * single devices are part of the plan, not failures of the call.
 */
int via_plan_make(const struct via_inventory *inv, const struct via_config *config,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err);
void via_plan_destroy(struct via_plan *p); /* takes NULL */

/*
 * DirectPath: bind one device to a driver ("" : choose as VIA_DRIVER_VFIO), or give it back to
 * `original` ("" : the default host driver). A plan of one or two steps, or a refusal (IN_USE,
 * UNSAFE_GROUP, PROTECTED, NO_IOMMU, NOT_FOUND) with its text in err.
 */
int via_plan_bind(const struct via_inventory *inv, struct via_addr addr, const char *driver,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err);
int via_plan_unbind(const struct via_inventory *inv, struct via_addr addr, const char *original,
	const struct via_plan_options *opt, struct via_plan **ret, struct via_err *err);

#endif
