/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to plan*.c and drift.c: a plan while it is made. */
#ifndef VIA_MODEL_PLAN_BUILD_H
#define VIA_MODEL_PLAN_BUILD_H

#include "base/strbuf.h"
#include "model/plan.h"

/* Who is meant to have a MAC or keeps one, for finding it twice; index -1: a PF's own. */
struct via_plan_mac {
	struct via_mac mac;
	struct via_addr pf;
	int64_t index;
};

struct via_planner {
	const struct via_inventory *inv;
	const struct via_config *config; /* NULL for plan_device.c */
	const struct via_plan_options *opt;
	struct via_plan *plan;
	struct via_plan_mac *macs; /* sorted by MAC */
	size_t n_macs;
	struct via_step scratch; /* what is filled when there is no memory for a step */
	int error;		 /* first negated errno; later calls do nothing useful */
};

/* Refusals that are told once a PF, not once a VF. */
enum via_plan_told {
	VIA_TOLD_IOMMU = 1,
	VIA_TOLD_NETDEV = 2,
	VIA_TOLD_MSIX = 4,
	VIA_TOLD_DRIVER = 8,
	VIA_TOLD_GROUP = 16,
};

/* One managed PF. */
struct via_plan_pf {
	struct via_planner *p;
	const struct via_pf_config *entry;
	const struct via_device *dev;
	const struct via_netdev *netdev; /* NULL: none in this namespace */
	uint32_t unsupported;
	uint32_t count; /* VFs there will be */
	bool fresh;	/* they are created by this plan: what exists now says nothing about them */
	bool removed;	/* the step that takes the old ones away is in the plan */
	bool autoprobe; /* as it will be when they are created */
	struct via_vf_wanted *wanted; /* count of them */
	unsigned int told;	      /* mask of enum via_plan_told */
	/* What the host has for its VFs, looked up once: they are all alike. */
	char vfio_driver[VIA_DRIVER_MAX], host_driver[VIA_DRIVER_MAX];
};

/* One VF of it. */
struct via_plan_vf {
	struct via_plan_pf *pf;
	uint32_t index;
	struct via_addr addr;
	const struct via_device *dev;	  /* NULL while it does not exist */
	const struct via_vf_wanted *want; /* NULL: left out */
	char had[VIA_DRIVER_MAX];	  /* its driver before any step, "" none */
	char goal[VIA_DRIVER_MAX];	  /* the one it is given; "" none */
	bool has_goal;			  /* else it keeps what it had */
	bool detach;			  /* its driver lets go before it is configured */
	bool msix;			  /* its MSI-X count is set */
	uint32_t attrs;			  /* mask of what is set */
	bool claimed;	/* by a VM: its driver is not ours, its attributes are the claim's */
	char held[128]; /* who holds it; "" nobody */
};

/* plan.c */
/* A plan's beginning, its end with the disruption settled, and what is to be freed on any way out.
 * config NULL: of one device. opt may be NULL. */
int via_plan_begin(struct via_planner *p, const struct via_inventory *inv,
	const struct via_config *config, const struct via_plan_options *opt, struct via_err *err);
int via_plan_end(struct via_planner *p, struct via_plan **ret, struct via_err *err);
void via_plan_abandon(struct via_planner *p);
/* A step to be filled further, with pf, target and identity set; never NULL (a scratch one out of
 * memory). */
struct via_step *via_plan_step(struct via_planner *p, enum via_step_op op,
	const struct via_device *queue, struct via_addr target);
void via_plan_because(struct via_step *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void via_plan_refuse(struct via_planner *p, enum via_refusal code, struct via_addr target,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Turn the result of a policy into a refusal; true when it was 0. */
bool via_plan_allowed(
	struct via_planner *p, struct via_addr target, int r, const struct via_err *err);
void via_plan_text(char *dst, size_t size, const char *src);
bool via_plan_named(const struct via_plan_options *opt, struct via_addr pf); /* in disturb */
/* A driver for a choice: fills buf; false when the host has none. */
bool via_plan_driver_for(const struct via_planner *p, const struct via_device *dev,
	enum via_driver_choice choice, char buf[VIA_DRIVER_MAX]);

/* plan_pf.c */
void via_plan_pf(
	struct via_planner *p, const struct via_pf_config *entry, const struct via_device *dev);
/* What autoprobe should be, given the VFs that are wanted. */
enum via_tristate via_plan_autoprobe(
	const struct via_pf_config *entry, const struct via_vf_wanted *wanted, uint32_t count);
/* Is there anything that a PF without a driver leaves undone? */
bool via_plan_wants_something(const struct via_plan_pf *pf);
/* Fill wanted for count VFs (caller frees); p->error and count 0 out of memory. */
void via_plan_want_vfs(struct via_plan_pf *pf);
bool via_plan_protected(const struct via_pf_config *entry, const struct via_device *dev);

/* plan_vf.c */
void via_plan_vfs(struct via_plan_pf *pf);
/* Routing id of the PF plus offset plus index times stride, the bus carried (PCIe SR-IOV 2.1.2).
 * false when the device has not told offset and stride, or the sum has no bus. */
bool via_plan_vf_addr(const struct via_device *pf, uint32_t index, struct via_addr *ret);

struct via_step *via_plan_vf_step(struct via_plan_vf *vf, enum via_step_op op);

/* plan_driver.c */
void via_plan_know_drivers(struct via_plan_pf *pf); /* first of all */
/* Decides goal and has_goal, with every refusal told. */
void via_plan_vf_driver(struct via_plan_vf *vf);
/* The driver that is meant by a choice; "" for none, and when the host has none. */
const char *via_plan_driver_meant(struct via_plan_pf *pf, const struct via_vf_wanted *want);
bool via_plan_driver_right(
	struct via_plan_pf *pf, const struct via_vf_wanted *want, const struct via_device *dev);
void via_plan_vf_detach(struct via_plan_vf *vf); /* the UNBIND step before configuring */
void via_plan_vf_bind(struct via_plan_vf *vf);	 /* the BIND or UNBIND step afterwards */
extern const char via_plan_iommu_help[];
/* The members of a group that a driver of the host uses: "0000:01:00.0 (igb)" and so on; leave out:
 * one device that is not counted. The number of them. */
unsigned int via_plan_group_users(const struct via_inventory *inv, int group,
	const struct via_device *leave_out, struct via_strbuf *b);

/* plan_claims.c */
struct via_claim;
enum via_plan_owner {
	VIA_OWNER_NONE,
	VIA_OWNER_VM,	 /* it is as its claim says */
	VIA_OWNER_OTHER, /* left alone: not managed, or being claimed, cleaned, quarantined */
};
/* The claim on a function; sure: its identity says so too. NULL: none. */
const struct via_claim *via_plan_claim(
	const struct via_planner *p, const struct via_device *dev, bool *sure);
enum via_plan_owner via_plan_owner(
	const struct via_planner *p, const struct via_device *dev, const struct via_claim **ret);
/* A PF that is given away whole. */
bool via_plan_given_away(const struct via_planner *p, const struct via_device *pf);
/* What its claim wants of a VF over what is configured. */
enum via_plan_owner via_plan_want_claimed(
	const struct via_planner *p, const struct via_device *vf, struct via_vf_wanted *want);
/* A VF that is yet to be made: the claim that waits for it (after a boot), NULL for none; and what
 * that wants over what is configured. */
const struct via_claim *via_plan_claim_of_new(
	const struct via_planner *p, const struct via_device *pf, uint32_t index);
void via_plan_want_new(const struct via_planner *p, const struct via_device *pf, uint32_t index,
	struct via_vf_wanted *want);
/* May the VFs go? 0, CLAIMED or QUARANTINED: "claimed by web1 (…): …". to_none: none comes back. */
int via_plan_vfs_unclaimed(const struct via_planner *p, const struct via_device *pf, bool to_none,
	struct via_err *err);
/* May its driver change? */
int via_plan_unclaimed(
	const struct via_planner *p, const struct via_device *d, struct via_err *err);

/* plan_device.c */
/* A step on the queue of the device's PF, or its own; its undo is the driver it has now. */
struct via_step *via_plan_device_step(
	struct via_planner *p, enum via_step_op op, const struct via_device *d);

/* plan_mac.c */
int via_plan_macs_collect(struct via_planner *p);
/* Another function that is meant to have the same MAC; NULL for none. */
const struct via_plan_mac *via_plan_mac_twin(
	const struct via_planner *p, struct via_mac mac, struct via_addr pf, uint32_t index);
/* What of the attributes differs in a way that counts. have NULL: not known; dev NULL: a new VF;
 * driver: what the VF runs on when the attributes are compared next. */
uint32_t via_plan_attrs_differ(const struct via_vf_wanted *want, const struct via_vf_attrs *have,
	const struct via_device *dev, const char *driver);

#endif
