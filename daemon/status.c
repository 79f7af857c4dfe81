/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "base/json.h"
#include "domains.h"
#include "model/codec.h"
#include "notes.h"
#include "pf.h"
#include "reconcile.h"
#include "varlink.h"

static const struct via_device *device_of(const struct via_pf *pf)
{
	const struct via_inventory *inv = via_daemon_inv(pf->d);

	return inv ? via_inventory_device(inv, pf->addr) : NULL;
}

static bool differs(const struct via_pf *pf)
{
	for (size_t i = 0; i < pf->n_drift; i++)
		if (!pf->drift[i].drift.unsupported)
			return true;
	return false;
}

static const char *pf_state(const struct via_pf *pf)
{
	if (pf->blocked)
		return "blocked";
	if (!pf->present)
		return "absent";
	if (pf->session)
		return "applying";
	if (pf->failed)
		return "failed";
	if (!pf->managed || !differs(pf))
		return "ok";
	return pf->in_sync ? "drifted" : "pending";
}

bool via_status_ready(const struct via_daemon *d)
{
	if (!d->inv || d->config_error)
		return false;
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->is_pf && pf->managed && pf->present && strcmp(pf_state(pf), "ok"))
			return false;
	return true;
}

static json_object *names_json(const struct via_pf *pf, const struct via_device *dev)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; dev && i < dev->n_netdevs; i++) {
		const struct via_netdev *n =
			via_inventory_netdev(via_daemon_inv(pf->d), dev->netdevs[i]);

		if (n)
			json_object_array_add(list, json_object_new_string(n->name));
	}
	return list;
}

static json_object *unsupported_json(uint32_t mask)
{
	json_object *list = json_object_new_array();

	for (int a = 0; a < VIA_VF_ATTR_COUNT; a++)
		if (mask & VIA_ATTR_BIT(a))
			json_object_array_add(list, json_object_new_string(via_vf_attr_name(a)));
	return list;
}

/* Status is for polling: what is left out is counted among the problems. */
#define DRIFT_MAX 128

static json_object *drift_json(const struct via_pf *pf)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < pf->n_drift && i < DRIFT_MAX; i++)
		json_object_array_add(list, via_codec_drift(&pf->drift[i].drift));
	return list;
}

static void add_config(json_object *o, const struct via_pf *pf)
{
	const struct via_pf_config *conf = via_pf_config(pf);

	if (!conf)
		return;
	via_json_add_str(o, "label", conf->label);
	if (conf->has_num_vfs)
		via_json_add_int(o, "wanted_vfs", conf->num_vfs);
}

static json_object *pf_json(const struct via_pf *pf)
{
	json_object *o = json_object_new_object();
	const struct via_device *dev = device_of(pf);
	const struct via_sriov *sriov = dev ? dev->sriov : NULL;

	via_json_add_str(o, "address", via_addr_fmt(pf->addr));
	json_object_object_add(o, "names", names_json(pf, dev));
	add_config(o, pf);
	via_json_add_str(o, "driver", dev ? dev->driver : NULL);
	via_json_add_bool(o, "managed", pf->managed);
	via_json_add_bool(o, "verify_only", pf->verify_only);
	via_json_add_bool(o, "protected", dev && dev->protected_);
	via_json_add_str(o, "state", pf_state(pf));
	via_json_add_str(o, "reason", pf->reason[0] ? pf->reason : NULL);
	via_json_add_int(o, "vfs", sriov ? sriov->num : 0);
	via_json_add_int(o, "total_vfs", sriov ? sriov->total : 0);
	via_json_add_int(o, "vfs_in_use", pf->vfs_in_use);
	via_json_add_int(o, "vfs_on_vfio", pf->vfs_on_vfio);
	json_object_object_add(o, "unsupported", unsupported_json(pf->unsupported));
	json_object_object_add(o, "drift", drift_json(pf));
	if (pf->last_apply_us)
		via_json_add_str(o, "last_apply", via_time_fmt(pf->last_apply_us));
	via_json_add_str(o, "blocked_by", pf->blocked ? pf->blocked_by : NULL);
	return o;
}

static json_object *pfs_json(const struct via_daemon *d)
{
	json_object *list = json_object_new_array();

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->is_pf && (pf->present || pf->managed || pf->blocked))
			json_object_array_add(list, pf_json(pf));
	return list;
}

static json_object *bound_json(const struct via_daemon *d)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < via_store_n_bound(d->store); i++) {
		const struct via_bound *b = via_store_bound_at(d->store, i);
		const struct via_device *dev = inv ? via_inventory_device(inv, b->addr) : NULL;
		json_object *o = json_object_new_object();

		via_json_add_str(o, "address", via_addr_fmt(b->addr));
		via_json_add_str(o, "driver", b->driver);
		via_json_add_str(o, "original", b->original[0] ? b->original : NULL);
		via_json_add_bool(o, "persistent", b->persistent);
		via_json_add_bool(o, "present", dev != NULL);
		json_object_array_add(list, o);
	}
	return list;
}

static void add_problem(json_object *list, const char *text)
{
	json_object_array_add(list, json_object_new_string(text));
}

/* Entries that match nothing: a typing error, or a card that is not there. */
static void unmatched(const struct via_daemon *d, json_object *list)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	const struct via_config *c = d->config->config;

	for (size_t i = 0; i < c->n_pfs; i++) {
		const struct via_pf_config *pf = &c->pfs[i];
		bool found = false;
		char msg[320];

		for (size_t j = 0; j < inv->n_devices && !found; j++)
			found = inv->devices[j].kind == VIA_DEVICE_PF &&
				via_selector_match(&pf->match, inv, &inv->devices[j]);
		if (found)
			continue;
		snprintf(msg, sizeof(msg), "%s:%u: %s: no PF of this host matches",
			pf->place.file ? pf->place.file : "?", pf->place.line, pf->place.pointer);
		add_problem(list, msg);
	}
}

static json_object *problems_json(const struct via_daemon *d)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	json_object *list = json_object_new_array();
	char *const *bad;
	size_t n_bad;

	if (!inv)
		add_problem(list, "the host has not been read yet");
	else
		unmatched(d, list);
	for (size_t i = 0; i < d->n_rebind_problems; i++)
		add_problem(list, d->rebind_problem[i]);
	n_bad = via_notes_bad(d, &bad);
	for (size_t i = 0; i < n_bad; i++)
		add_problem(list, bad[i]);
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next) {
		char msg[128];

		if (pf->n_drift <= DRIFT_MAX)
			continue;
		snprintf(msg, sizeof(msg), "%s: %zu more differences than are listed",
			via_addr_fmt(pf->addr), pf->n_drift - DRIFT_MAX);
		add_problem(list, msg);
	}
	for (size_t i = 0; inv && i < inv->n_devices; i++) {
		char msg[512];

		if (inv->devices[i].kind != VIA_DEVICE_PF || !inv->devices[i].problem)
			continue;
		snprintf(msg, sizeof(msg), "%s: %s", via_addr_fmt(inv->devices[i].addr),
			inv->devices[i].problem);
		add_problem(list, msg);
	}
	return list;
}

static json_object *strings_json(char *const *list, size_t n)
{
	json_object *o = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(o, json_object_new_string(list[i]));
	return o;
}

static json_object *refusals_json(const struct via_daemon *d)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < d->n_refusals; i++)
		json_object_array_add(list, via_codec_refusal(&d->refusals[i]));
	return list;
}

static void add_claims(json_object *o, const struct via_daemon *d)
{
	json_object *drains = json_object_new_array();
	int64_t quarantined = 0;

	for (size_t i = 0; i < d->claims.n; i++)
		quarantined += d->claims.list[i].state == VIA_CLAIM_QUARANTINED;
	for (size_t i = 0; i < d->claims.n_drains; i++)
		json_object_array_add(drains, via_api_drain_json(d, &d->claims.drains[i]));
	json_object_object_add(o, "libvirt", via_domains_json(d));
	via_json_add_int(o, "claims", (int64_t)d->claims.n);
	via_json_add_int(o, "quarantined", quarantined);
	json_object_object_add(o, "drains", drains);
	json_object_object_add(o, "contradictions", via_contradictions_json(d));
}

static json_object *status_json(const struct via_daemon *d)
{
	const struct via_config *c = d->config->config;
	json_object *o = json_object_new_object();

	via_json_add_int(o, "version", VIA_SCHEMA_VERSION);
	via_json_add_str(o, "daemon_version", VIADUCT_VERSION);
	via_json_add_int(o, "pid", getpid());
	via_json_add_str(o, "started", via_time_fmt(d->started_us));
	via_json_add_bool(o, "ready", via_status_ready(d));
	json_object_object_add(o, "config_files", strings_json(c->files, c->n_files));
	via_json_add_str(o, "config_error", d->config_error);
	via_json_add_str(o, "provision", c->auto_apply ? "auto" : "manual");
	via_json_add_int(o, "generation", d->inv ? (int64_t)d->inv->inv->generation : 0);
	json_object_object_add(o, "pfs", pfs_json(d));
	json_object_object_add(o, "bound", bound_json(d));
	json_object_object_add(o, "refusals", refusals_json(d));
	json_object_object_add(o, "problems", problems_json(d));
	add_claims(o, d);
	return o;
}

struct via_text *via_status_reply(struct via_daemon *d)
{
	json_object *p;

	if (!d->status) {
		p = json_object_new_object();
		json_object_object_add(p, "status", status_json(d));
		d->status = via_varlink_reply(p, NULL, false);
	}
	return d->status ? via_text_ref(d->status) : NULL;
}
