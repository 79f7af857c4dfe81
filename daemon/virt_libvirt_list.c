/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of libvirt's domains, as values. */
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "domain/xml.h"
#include "log.h"
#include "virt_libvirt.h"

/* Who it is, without asking libvirtd. */
static void identify(virDomainPtr dom, struct via_domain *ret)
{
	const char *name = virDomainGetName(dom);
	char uuid[VIR_UUID_STRING_BUFLEN] = "";

	*ret = (struct via_domain){.active = virDomainGetID(dom) != (unsigned int)-1};
	(void)virDomainGetUUIDString(dom, uuid);
	if (via_uuid_parse(uuid, ret->uuid) < 0)
		ret->uuid[0] = '\0';
	snprintf(ret->name, sizeof(ret->name), "%s", name ? name : "");
}

/* Said once, as long as it lasts. */
static void tell_unreadable(
	struct via_virt_libvirt *v, const struct via_domain *dom, const char *why)
{
	struct via_domain who = *dom;

	if (!via_domains_find(&v->unreadable, dom->uuid))
		via_log(LOG_WARNING, "domain %s (%s) cannot be read: %s", dom->name, dom->uuid,
			why);
	(void)via_virt_put_domain(&v->unreadable_now, &who);
}

/*
 * What cannot be read stays as it was known. A domain that were left out would count as gone, and
 * its devices as free.
 */
static int keep_known(struct via_virt_libvirt *v, const char *why, struct via_domain *dom,
	struct via_domains *ret)
{
	const struct via_domain *known = via_domains_find(&v->last, dom->uuid);
	bool active = dom->active;

	tell_unreadable(v, dom, why);
	dom->unread = true;
	if (known && via_virt_copy_domain(known, dom) < 0)
		return -1;
	dom->active = active;
	return via_virt_put_domain(ret, dom) < 0 ? -1 : 0;
}

/* NULL: why. */
static char *get_xml(struct via_virt_libvirt *v, virDomainPtr dom, char why[VIA_VIRT_WHY_MAX])
{
	char *xml;

	via_virt_call_begin(v);
	xml = virDomainGetXMLDesc(dom, 0);
	via_virt_call_end(v);
	if (!xml)
		snprintf(why, VIA_VIRT_WHY_MAX, "%s", virGetLastErrorMessage());
	return xml;
}

static int add(struct via_virt_libvirt *v, virDomainPtr dom, struct via_domains *ret,
	char why[VIA_VIRT_WHY_MAX])
{
	via_autofree char *xml = get_xml(v, dom, why);
	struct via_domain who, d;
	struct via_err err;

	if (!xml && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
		return 0; /* it went meanwhile; an event says so */
	identify(dom, &who);
	if (!xml)
		return virConnectIsAlive(v->conn) == 1 ? keep_known(v, why, &who, ret) : -1;
	if (via_domain_from_xml(xml, strlen(xml), &d, &err))
		return keep_known(v, err.msg, &who, ret);
	d.active = who.active;
	return via_virt_put_domain(ret, &d) < 0 ? -1 : 0;
}

static int get_all(struct via_virt_libvirt *v, virDomainPtr **ret, char why[VIA_VIRT_WHY_MAX])
{
	int n;

	via_virt_call_begin(v);
	n = virConnectListAllDomains(v->conn, ret, 0);
	via_virt_call_end(v);
	if (n < 0)
		snprintf(why, VIA_VIRT_WHY_MAX, "%s", virGetLastErrorMessage());
	return n;
}

static void tell(struct via_virt_libvirt *v, struct via_domains *list)
{
	pthread_mutex_lock(&v->lock);
	via_domains_finish(&v->last);
	v->last = *list;
	v->told[0] = '\0';
	if (via_virt_post_domains(v->post, &v->last, true, NULL) < 0)
		via_log(LOG_ERR, "out of memory: a listing of libvirt's is lost");
	pthread_mutex_unlock(&v->lock);
}

int via_virt_list(struct via_virt_libvirt *v, char why[VIA_VIRT_WHY_MAX])
{
	struct via_domains list = {.connected = true, .taken_ms = via_now_ms()};
	virDomainPtr *all = NULL;
	int n, r;

	snprintf(why, VIA_VIRT_WHY_MAX, "out of memory");
	n = get_all(v, &all, why);
	r = n < 0 ? -1 : 0;
	for (int i = 0; i < n; i++) {
		if (!r && !via_virt_stopping(v))
			r = add(v, all[i], &list, why);
		virDomainFree(all[i]);
	}
	free(all);
	via_domains_finish(&v->unreadable);
	v->unreadable = v->unreadable_now;
	v->unreadable_now = (struct via_domains){0};
	if (!r && !via_virt_stopping(v))
		tell(v, &list);
	else
		via_domains_finish(&list);
	return r;
}
