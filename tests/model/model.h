/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model test: the real daemon over a host, a libvirt and a disk in memory, driven by random
 * steps, crashed and started again, and compared after each step with a reference that was written
 * without it.
 */
#ifndef VIA_TESTS_MODEL_H
#define VIA_TESTS_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "claims.h"
#include "context.h"
#include "fake/disk.h"
#include "fake/fake.h"
#include "fake/virt.h"

#define N_PFS	  3
#define N_VMS	  10
#define N_DEVS	  2  /* of a VM */
#define N_KEPT	  40 /* steps that are shown when something is wrong */
#define MAX_OWNED 64

/* What is broken on purpose, to show that the test would see it (--break). */
enum model_break { BREAK_NOTHING, BREAK_OWNER, BREAK_CLEAN, BREAK_GENERATION, BREAK_LOST };

/* One call to the daemon, over its socket. */
struct model_call {
	struct model_call *next;
	struct model *m;
	int fd;
	sd_event_source *io;
	char *in;
	size_t len;
	int64_t began_ms;
	/* error NULL: parameters; both NULL: there was no answer, as the daemon died or we went. */
	void (*done)(struct model_call *c, const char *error, json_object *parameters);
	/* what it was about */
	int vm; /* -1 none */
	struct via_addr addr;
	uint64_t generation;
	const char *network;
};

struct model_dev {
	struct via_addr addr;
	uint64_t generation;
	bool has_mac;
	struct via_mac mac;
	uint16_t vlan;	/* its network's */
	bool wrong_tag; /* its XML has another one: such a start must fail */
	const char *network;
};

enum model_vm_state {
	VM_OFF,
	VM_STARTING, /* prepare is being asked */
	VM_RUNNING,
	VM_ENDING, /* release is being told */
};

struct model_vm {
	char uuid[VIA_UUID_MAX], name[16];
	enum model_vm_state state;
	bool stranger; /* it appeared by itself: nobody asked the daemon */
	int pid;
	size_t n;
	struct model_dev devs[N_DEVS];
};

/* A claim by request that the daemon has said yes to. */
struct model_owned {
	struct via_addr addr;
	uint64_t generation;
	int vm;
	uint16_t vlan;
	const char *network;
	bool whole;
	bool ending; /* a release was asked for: it may be there or not */
};

struct model_pf {
	const char *addr, *name, *mac;
	bool present;
};

struct model {
	/* options */
	uint64_t seed, steps;
	enum model_break breaks;
	bool verbose;
	unsigned int patience_ms;
	char dir[64];

	/* the host */
	struct via_fake *fake;
	struct via_kernel gate; /* what the daemon has for a kernel */
	atomic_bool frozen;
	struct via_fake_virt *virt;
	struct via_fake_disk *disk;
	bool virt_away;
	unsigned int boot;
	int next_pid;
	struct model_pf pfs[N_PFS];
	struct model_vm vms[N_VMS];

	/* the daemon */
	struct via_daemon *d;
	atomic_uint records;
	atomic_uint crash_at; /* 0: at none */
	atomic_bool crashed;
	struct model_call *calls;
	bool failing; /* faults are in place */

	/* the reference */
	size_t n_owned;
	struct model_owned owned[MAX_OWNED];
	uint64_t told;	   /* highest generation ever answered */
	bool maybe[N_VMS]; /* a Claim of its was never answered */

	/* the run */
	uint64_t rng, step;
	uint64_t n_crashes, n_reboots, n_refused, n_granted, n_settled;
	char kept[N_KEPT][160];
	size_t n_kept;
	bool violated;
};

/* main.c */
void model_note(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something that must not be: told once, with seed and the last steps; the run ends. */
void model_violation(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t model_random(struct model *m, uint64_t below);

/* host.c */
void model_host_build(struct model *m); /* anew: as after a boot */
void model_host_plug(struct model *m, size_t pf);
void model_host_unplug(struct model *m, size_t pf);
void model_host_set_vfs(struct model *m, size_t pf, unsigned int n);
void model_host_guest(struct model *m, struct model_vm *vm); /* its process holds its devices */
/* Attributes of a VF as they are; false when there is no such VF. */
bool model_host_vf(struct model *m, struct via_addr vf, struct via_vf_attrs *ret);
int model_host_pf_of(const struct model *m, struct via_addr addr); /* -1: none */
struct via_mac model_mac(size_t vm, size_t dev);
void model_domain(const struct model *m, const struct model_vm *vm, struct via_domain *ret,
	struct via_domain_dev devs[N_DEVS]);
void model_tell_libvirt(struct model *m, const struct model_vm *vm, bool active);
void model_host_wrap(struct model *m);

/* rig.c */
void model_start(struct model *m);
/* The machine stops where it is; whatever was not on the disk is lost. */
void model_crash(struct model *m);
void model_reboot(struct model *m);
bool model_vm_uses(const struct model_vm *vm, struct via_addr addr);
/* Let the daemon work for at most so long. */
void model_turn(struct model *m, unsigned int us);
/* Until nothing is under way and everything is as it has to be. */
void model_settle(struct model *m);

/* client.c */
struct model_call *model_call(struct model *m, const char *method, json_object *parameters,
	void (*done)(struct model_call *c, const char *error, json_object *parameters));
void model_hang_up(struct model_call *c);

/* reference.c */
void model_check(struct model *m);	      /* what holds at every moment */
const char *model_unsettled(struct model *m); /* why it is not settled yet; NULL: it is */
struct model_owned *model_owned_at(struct model *m, struct via_addr addr);
void model_owned_drop(struct model *m, struct model_owned *o);
void model_resync(struct model *m); /* after a crash: what became of what was never answered */
/* May the VM be given this? Told as a violation when somebody else has it. */
void model_check_grant(struct model *m, int vm, struct via_addr addr, const struct via_mac *mac);
uint16_t model_vlan(const char *network);

/* steps.c */
void model_step(struct model *m);

#endif
