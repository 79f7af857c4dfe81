/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "claims.h"
#include "virt.h"

static void tell(struct via_daemon *d, const char *message)
{
	const struct via_event ev = {
		.type = VIA_EVENT_LIBVIRT,
		.cause = "libvirt",
		.message = message,
	};

	via_events_emit(d->events, &ev);
}

static void tell_connected(struct via_daemon *d)
{
	char msg[160];

	snprintf(msg, sizeof(msg), "connected to libvirt%s%.80s: %zu domains",
		d->opt.virt_uri ? " at " : "", d->opt.virt_uri ? d->opt.virt_uri : "",
		d->domains.n);
	tell(d, msg);
}

/* Each try to connect again fails with the same words: said once. */
static void tell_away(struct via_daemon *d, const char *why, bool was)
{
	bool same = d->virt_reason && !strcmp(d->virt_reason, why);
	char msg[512];

	free(d->virt_reason);
	d->virt_reason = strdup(why);
	if (!was && same)
		return;
	snprintf(msg, sizeof(msg), "%s: %.400s; claims are kept as they are",
		was ? "the connection to libvirt was lost" : "no connection to libvirt", why);
	tell(d, msg);
}

static void on_domains(struct via_domains *list, const char *why, void *user)
{
	struct via_daemon *d = user;
	bool was = d->virt_asked && d->domains.connected;

	d->virt_asked = true;
	if (list->connected) {
		via_domains_finish(&d->domains);
		d->domains = *list;
		*list = (struct via_domains){0};
		free(d->virt_reason);
		d->virt_reason = NULL;
		if (!was)
			tell_connected(d);
	} else {
		d->domains.connected = false;
		tell_away(d, why ? why : "it gave no reason", was);
	}
	via_status_touch(d);
	/* Without libvirt nothing new can be concluded; with it, everything can. */
	if (d->domains.connected)
		via_reconcile_soon(d, was ? "libvirt's listing" : "libvirt connected");
}

/* The door lists by itself after what changes a domain. A device that has gone may be free now, and
 * so may those of a domain that has stopped. */
static void on_event(const struct via_virt_event *ev, void *user)
{
	struct via_daemon *d = user;
	char cause[VIA_DOMAIN_NAME_MAX + 64];

	if (ev->kind == VIA_VIRT_DEVICE_REMOVAL_FAILED) {
		via_log(LOG_WARNING, "domain %s kept device %s: its guest did not let go of it",
			ev->name, ev->alias);
		return;
	}
	snprintf(cause, sizeof(cause), "libvirt: %s %s", ev->name, via_virt_event_name(ev->kind));
	via_reconcile_soon(d, cause);
}

int via_domains_start(struct via_daemon *d)
{
	const struct via_virt_listener l = {
		.domains = on_domains,
		.event = on_event,
		.user = d,
	};

	return d->virt ? d->virt->ops->start(d->virt, d->mailbox, &l) : 0;
}

bool via_domains_stop(struct via_daemon *d)
{
	struct via_virt *v = d->virt;

	d->virt = NULL;
	return !v || v->ops->destroy(v);
}

void via_domains_refresh(struct via_daemon *d)
{
	if (d->virt)
		d->virt->ops->refresh(d->virt);
}

json_object *via_domains_json(const struct via_daemon *d)
{
	json_object *o = json_object_new_object();
	const char *reason = d->virt_reason;
	size_t active = 0;

	for (size_t i = 0; i < d->domains.n; i++)
		active += d->domains.list[i].active;
	if (!d->virt)
		reason = "viaductd was started without libvirt";
	else if (!d->virt_asked)
		reason = "libvirt has not answered yet";
	via_json_add_str(o, "uri", d->opt.virt_uri);
	via_json_add_bool(o, "connected", d->domains.connected);
	via_json_add_str(o, "reason", d->domains.connected ? NULL : reason);
	via_json_add_int(o, "domains", (int64_t)d->domains.n);
	via_json_add_int(o, "active", (int64_t)active);
	return o;
}
