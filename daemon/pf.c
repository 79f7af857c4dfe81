/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/policy.h"
#include "session.h"

struct via_pf *via_pf_find(const struct via_daemon *d, struct via_addr addr)
{
	struct via_pf *pf = d->pfs;

	while (pf && !via_addr_eq(pf->addr, addr))
		pf = pf->next;
	return pf;
}

struct via_pf *via_pf_get(struct via_daemon *d, struct via_addr addr)
{
	struct via_pf *pf = via_pf_find(d, addr), **p = &d->pfs;

	if (pf)
		return pf;
	pf = calloc(1, sizeof(*pf));
	if (!pf)
		return NULL;
	pf->d = d;
	pf->addr = addr;
	while (*p && via_addr_cmp((*p)->addr, addr) < 0)
		p = &(*p)->next;
	pf->next = *p;
	*p = pf;
	return pf;
}

const struct via_pf_config *via_pf_config(const struct via_pf *pf)
{
	const struct via_inventory *inv = via_daemon_inv(pf->d);
	const struct via_device *dev = inv ? via_inventory_device(inv, pf->addr) : NULL;

	if (!dev || dev->kind != VIA_DEVICE_PF)
		return NULL;
	return via_config_for(pf->d->config->config, inv, dev);
}

void via_pf_fail(struct via_pf *pf, const char *reason)
{
	pf->failed = reason != NULL;
	snprintf(pf->reason, sizeof(pf->reason), "%s", reason ? reason : "");
	via_status_touch(pf->d);
}

static const struct via_device *device_of(const struct via_pf *pf)
{
	const struct via_inventory *inv = via_daemon_inv(pf->d);

	return inv ? via_inventory_device(inv, pf->addr) : NULL;
}

void via_pf_learn(struct via_pf *pf, uint32_t unsupported)
{
	const struct via_device *dev = device_of(pf);
	struct via_err err;

	if ((unsupported & ~pf->unsupported) == 0)
		return;
	pf->unsupported |= unsupported;
	via_status_touch(pf->d);
	if (dev && via_store_learn(pf->d->store, dev->driver, dev->vendor, dev->device,
			   pf->d->inv->inv->host.kernel, pf->unsupported, &err))
		via_log(LOG_WARNING, "cannot remember what %s does not support: %s",
			dev->driver ? dev->driver : "the driver", err.msg);
}

static void count_vfs(
	struct via_pf *pf, const struct via_inventory *inv, const struct via_device *dev)
{
	pf->vfs_in_use = pf->vfs_on_vfio = 0;
	for (size_t i = 0; dev->sriov && i < dev->sriov->n_vfs; i++) {
		const struct via_device *vf = via_inventory_device(inv, dev->sriov->vfs[i].addr);

		if (!vf)
			continue;
		pf->vfs_in_use += vf->n_holders > 0;
		pf->vfs_on_vfio += vf->driver && via_policy_is_vfio(vf->driver);
	}
}

static void emit(struct via_pf *pf, enum via_event_type type, const char *cause, const char *what)
{
	char msg[256];
	struct via_event ev = {
		.type = type,
		.cause = cause,
		.message = msg,
		.pf = pf->addr,
		.target = pf->addr,
	};

	snprintf(msg, sizeof(msg), "PF %s %s", via_addr_fmt(pf->addr), what);
	via_events_emit(pf->d->events, &ev);
}

/* Another driver may support other things; another card may be another model. */
static void reload_learnt(struct via_pf *pf, const struct via_device *dev)
{
	snprintf(pf->driver, sizeof(pf->driver), "%s", dev->driver ? dev->driver : "");
	pf->unsupported = via_store_learnt(
		pf->d->store, dev->driver, dev->vendor, dev->device, pf->d->inv->inv->host.kernel);
	pf->learnt = true;
}

static void adopt_present(
	struct via_pf *pf, const struct via_device *dev, bool first, const char *cause)
{
	bool appeared = !pf->present;
	bool changed = !appeared && strcmp(pf->driver, dev->driver ? dev->driver : "") != 0;

	pf->present = true;
	if (appeared || changed || !pf->learnt)
		reload_learnt(pf, dev);
	if (!first && appeared)
		emit(pf, VIA_EVENT_DEVICE_ADDED, cause, "appeared");
	else if (changed && dev->driver)
		emit(pf, VIA_EVENT_DEVICE_CHANGED, cause, "has another driver");
	else if (changed)
		emit(pf, VIA_EVENT_DEVICE_CHANGED, cause, "lost its driver");
	if (first || (!appeared && !changed))
		return;
	/* The device itself changed: what failed before may go well now. */
	via_pf_fail(pf, NULL);
	pf->heal_tries = 0;
	pf->in_sync = false;
	if (dev->driver)
		via_session_provision(pf->d, &pf->addr, "uevent");
}

static void adopt_one(struct via_daemon *d, const struct via_inventory *now,
	const struct via_device *dev, bool first, const char *cause)
{
	struct via_pf *pf = via_pf_get(d, dev->addr);
	const struct via_pf_config *conf;

	if (!pf)
		return;
	pf->is_pf = true;
	conf = via_config_for(d->config->config, now, dev);
	pf->managed = conf != NULL;
	pf->verify_only = conf && conf->verify_only;
	count_vfs(pf, now, dev);
	adopt_present(pf, dev, first, cause);
}

static void adopt_absent(struct via_pf *pf, const char *cause)
{
	if (!pf->present)
		return;
	pf->present = false;
	pf->vfs_in_use = pf->vfs_on_vfio = 0;
	pf->in_sync = false;
	free(pf->drift);
	pf->drift = NULL;
	pf->n_drift = 0;
	emit(pf, VIA_EVENT_DEVICE_REMOVED, cause, "is gone");
}

static bool is_pf_now(const struct via_inventory *now, struct via_addr addr)
{
	const struct via_device *dev = via_inventory_device(now, addr);

	return dev && dev->kind == VIA_DEVICE_PF;
}

void via_pf_adopt(struct via_daemon *d, const struct via_inventory *old,
	const struct via_inventory *now, const char *cause)
{
	for (struct via_pf *pf = d->pfs; pf; pf = pf->next)
		if (pf->is_pf && !is_pf_now(now, pf->addr))
			adopt_absent(pf, cause);
	for (size_t i = 0; i < now->n_devices; i++)
		if (now->devices[i].kind == VIA_DEVICE_PF)
			adopt_one(d, now, &now->devices[i], !old, cause);
}

void via_pf_reset(struct via_daemon *d)
{
	const struct via_inventory *inv = via_daemon_inv(d);

	for (struct via_pf *pf = d->pfs; pf; pf = pf->next) {
		const struct via_pf_config *conf = via_pf_config(pf);

		/* An absent PF stays what it was: there is nothing to match against. */
		if (pf->present && inv) {
			pf->managed = conf != NULL;
			pf->verify_only = conf && conf->verify_only;
		}
		pf->in_sync = false;
		pf->heal_tries = 0;
		pf->heal_after_ms = 0;
		via_pf_fail(pf, NULL);
	}
}

void via_pf_destroy_all(struct via_daemon *d)
{
	while (d->pfs) {
		struct via_pf *pf = d->pfs;

		d->pfs = pf->next;
		sd_event_source_disable_unref(pf->deadline);
		free(pf->drift);
		free(pf);
	}
}
