/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The varlink methods: one table, from a name to who may call it, what it takes and what it does.
 */
#ifndef VIA_DAEMON_API_H
#define VIA_DAEMON_API_H

#include "base/json.h"
#include "claims.h"
#include "context.h"

/* Decoded parameters of every method; a method's table names those it takes. */
struct via_params {
	bool recreate, rescan, persistent, whole, bind, force, off;
	char *pf, *device, *driver, *interface;
	char *vm, *uuid, *network, *what, *operation, *suboperation;
	char **disturb, **kinds, **types, **states; /* NULL-terminated, NULL when not given */
	bool has_mac, has_numa, has_nodes, has_generation;
	struct via_mac mac;
	uint32_t msix;
	int numa; /* enum via_numa_mode */
	uint64_t nodes;
	int64_t generation;
	size_t n_generations;
	uint64_t *generations;
	json_object *domain; /* borrowed from the call */
};

struct via_method {
	const char *name; /* full */
	const struct via_json_field *fields;
	bool change;	/* for root and the change group only */
	bool more_only; /* makes no sense without `more` */
	void (*call)(struct via_daemon *d, struct via_call *call, struct via_params *p);
};

/* api_table.c: NULL for a method that is not there. */
const struct via_method *via_api_method(const char *name);
void via_params_finish(struct via_params *p);

/* The server's dispatch function; user is the daemon. */
void via_api_dispatch(struct via_call *call, void *user);
/* "request of uid 0 (pid 12)" */
void via_api_cause(const struct via_call *call, char *buf, size_t size);
/* org.varlink.service.InvalidParameter for one parameter. */
void via_api_invalid(struct via_call *call, const char *parameter);

/* api_service.c: org.varlink.service */
void via_api_get_info(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_get_interface(struct via_daemon *d, struct via_call *call, struct via_params *p);
/* api_read.c */
void via_api_get_status(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_get_inventory(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_list(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_show(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_get_config(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_check(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_monitor(struct via_daemon *d, struct via_call *call, struct via_params *p);
/* Look at who holds what, then done with the call as user. false: the call has been refused. */
struct via_look;
bool via_api_look(
	struct via_daemon *d, struct via_call *call, void (*done)(struct via_look *l), void *user);
/* api_change.c */
void via_api_get_plan(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_apply(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_bind(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_unbind(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_reload(struct via_daemon *d, struct via_call *call, struct via_params *p);

/* api_claims.c */
void via_api_claim(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_release(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_clear(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_drain(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_adopt(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_hook_qemu(struct via_daemon *d, struct via_call *call, struct via_params *p);
/* {"version", "claims"}; those without a generation are no more and left out. */
json_object *via_api_claims_reply(const struct via_claim *list, size_t n);
/* What people call a function, also one that is gone and still claimed. 0 or NOT_FOUND. */
int via_api_function(
	const struct via_daemon *d, const char *what, struct via_addr *ret, struct via_err *err);
/* Is it this VM's, by UUID or name? */
bool via_api_claim_of(const struct via_claim *c, const char *vm);
/* The schema's type Drain. */
json_object *via_api_drain_json(const struct via_daemon *d, const struct via_drain *drain);
/* api_networks.c */
void via_api_list_claims(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_list_networks(struct via_daemon *d, struct via_call *call, struct via_params *p);
/* api_vms.c */
void via_api_list_vms(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_show_vm(struct via_daemon *d, struct via_call *call, struct via_params *p);

/* The interface texts, from the schema files byte for byte (generated at build time). */
extern const char via_text_org_viaduct[];
extern const char via_text_org_varlink_service[];

#endif
