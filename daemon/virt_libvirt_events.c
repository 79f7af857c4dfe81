/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvirt tells by itself. Called from its event loop, on our thread. */
#include <stdio.h>

#include "base/cleanup.h"
#include "log.h"
#include "virt_libvirt.h"

static void tell(struct via_virt_libvirt *v, enum via_virt_event_kind kind, virDomainPtr dom,
	const char *alias)
{
	struct via_virt_event ev = {.kind = kind};
	const char *name = virDomainGetName(dom);
	char uuid[VIR_UUID_STRING_BUFLEN] = "";

	(void)virDomainGetUUIDString(dom, uuid);
	(void)via_uuid_parse(uuid, ev.uuid);
	snprintf(ev.name, sizeof(ev.name), "%s", name ? name : "");
	snprintf(ev.alias, sizeof(ev.alias), "%s", alias ? alias : "");
	if (via_virt_post_event(v->post, &ev) < 0)
		via_log(LOG_ERR, "out of memory: an event of libvirt's is lost");
	via_virt_list_soon(v);
}

static void on_lifecycle(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *user)
{
	/* The others (suspended, resumed, shutting down) change nothing about who has what. */
	static const struct {
		int event;
		enum via_virt_event_kind kind;
	} kinds[] = {
		{VIR_DOMAIN_EVENT_DEFINED, VIA_VIRT_DEFINED},
		{VIR_DOMAIN_EVENT_UNDEFINED, VIA_VIRT_DEFINED},
		{VIR_DOMAIN_EVENT_STARTED, VIA_VIRT_STARTED},
		{VIR_DOMAIN_EVENT_STOPPED, VIA_VIRT_STOPPED},
		{VIR_DOMAIN_EVENT_CRASHED, VIA_VIRT_STOPPED},
	};

	(void)conn;
	(void)detail;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(kinds); i++)
		if (kinds[i].event == event)
			tell(user, kinds[i].kind, dom, NULL);
}

static void on_added(virConnectPtr conn, virDomainPtr dom, const char *alias, void *user)
{
	(void)conn;
	tell(user, VIA_VIRT_DEVICE_ADDED, dom, alias);
}

static void on_removed(virConnectPtr conn, virDomainPtr dom, const char *alias, void *user)
{
	(void)conn;
	tell(user, VIA_VIRT_DEVICE_REMOVED, dom, alias);
}

static void on_removal_failed(virConnectPtr conn, virDomainPtr dom, const char *alias, void *user)
{
	(void)conn;
	tell(user, VIA_VIRT_DEVICE_REMOVAL_FAILED, dom, alias);
}

static void on_metadata(virConnectPtr conn, virDomainPtr dom, int type, const char *uri, void *user)
{
	(void)conn;
	(void)type;
	(void)uri;
	tell(user, VIA_VIRT_DEFINED, dom, NULL);
}

int via_virt_listen(struct via_virt_libvirt *v)
{
	static const struct {
		int id;
		virConnectDomainEventGenericCallback fn;
	} wanted[] = {
		{VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
		{VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_added)},
		{VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_removed)},
		{VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
			VIR_DOMAIN_EVENT_CALLBACK(on_removal_failed)},
		{VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata)},
	};

	_Static_assert(VIA_ARRAY_SIZE(wanted) == VIA_VIRT_CALLBACKS, "one for each");
	for (size_t i = 0; i < VIA_ARRAY_SIZE(wanted); i++) {
		int id;

		via_virt_call_begin(v);
		id = virConnectDomainEventRegisterAny(
			v->conn, NULL, wanted[i].id, wanted[i].fn, v, NULL);
		via_virt_call_end(v);
		if (id < 0)
			return -1;
		v->callbacks[v->n_callbacks++] = id;
	}
	return 0;
}

void via_virt_unlisten(struct via_virt_libvirt *v)
{
	while (v->n_callbacks) {
		via_virt_call_begin(v);
		virConnectDomainEventDeregisterAny(v->conn, v->callbacks[--v->n_callbacks]);
		via_virt_call_end(v);
	}
}
