/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The varlink methods: one table, from a name to who may call it, what it takes and what it does.
 */
#ifndef VIA_DAEMON_API_H
#define VIA_DAEMON_API_H

#include "base/json.h"
#include "context.h"

/* Decoded parameters of every method; a method's table names those it takes. */
struct via_params {
	bool recreate, rescan, persistent;
	char *pf, *device, *driver, *interface;
	char **disturb, **kinds, **types; /* NULL-terminated, NULL when not given */
};

struct via_method {
	const char *name; /* full */
	const struct via_json_field *fields;
	bool change;	/* for root and the change group only */
	bool more_only; /* makes no sense without `more` */
	void (*call)(struct via_daemon *d, struct via_call *call, struct via_params *p);
};

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
/* api_change.c */
void via_api_get_plan(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_apply(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_bind(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_unbind(struct via_daemon *d, struct via_call *call, struct via_params *p);
void via_api_reload(struct via_daemon *d, struct via_call *call, struct via_params *p);

/* The interface texts, from the schema files byte for byte (generated at build time). */
extern const char via_text_org_viaduct[];
extern const char via_text_org_varlink_service[];

#endif
