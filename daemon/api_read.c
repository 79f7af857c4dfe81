/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods that only look. What is large is made on the encoder's thread. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "check.h"
#include "look.h"
#include "model/codec.h"
#include "pf.h"
#include "status.h"
#include "varlink.h"

void via_api_get_status(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	(void)p;
	via_call_reply_text(call, via_status_reply(d));
}

/* A drifting VF, by PF and index, for the inventory's `drift` members. */
struct drifting {
	struct via_addr pf;
	uint32_t vf_index;
	char what[32];
};

/* A call that is answered from an inventory, on another thread. */
struct reading {
	struct via_call *call;
	char *device; /* Check: the configuration's error */
	struct via_groups groups;
	uint32_t kinds; /* of 1u << via_device_kind */
	struct drifting *drift;
	size_t n_drift;
	struct via_text *text; /* out */
};

static void reading_free(struct reading *q)
{
	via_text_unref(q->text);
	free(q->device);
	free(q->drift);
	free(q);
}

static void copy_drift(struct via_daemon *d, struct reading *q)
{
	size_t n = 0;

	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next)
		n += pf->n_drift;
	q->drift = calloc(n + 1, sizeof(*q->drift));
	if (!q->drift)
		return;
	for (const struct via_pf *pf = d->pfs; pf; pf = pf->next) {
		for (size_t i = 0; i < pf->n_drift; i++) {
			struct drifting *x = &q->drift[q->n_drift];

			if (!pf->drift[i].drift.has_vf)
				continue;
			x->pf = pf->addr;
			x->vf_index = pf->drift[i].drift.vf_index;
			memcpy(x->what, pf->drift[i].drift.what, sizeof(x->what));
			q->n_drift++;
		}
	}
}

/* The inventory knows nothing of the configuration; here the two meet. */
static void add_drift(const struct reading *q, struct via_addr pf, json_object *device)
{
	json_object *sriov = json_object_object_get(device, "sriov");
	json_object *vfs = sriov ? json_object_object_get(sriov, "vfs") : NULL;
	size_t n = vfs ? json_object_array_length(vfs) : 0, first = 0, last;

	/* The list is made PF by PF: those of one stand together. */
	while (first < q->n_drift && !via_addr_eq(q->drift[first].pf, pf))
		first++;
	for (last = first; last < q->n_drift && via_addr_eq(q->drift[last].pf, pf); last++)
		;
	for (size_t i = 0; i < n; i++) {
		json_object *vf = json_object_array_get_idx(vfs, i);
		int64_t index = json_object_get_int64(json_object_object_get(vf, "index"));
		json_object *list = json_object_new_array();

		for (size_t j = first; j < last; j++)
			if (q->drift[j].vf_index == index)
				json_object_array_add(
					list, json_object_new_string(q->drift[j].what));
		json_object_object_add(vf, "drift", list);
	}
}

static void add_claim(const struct via_look *l, struct via_addr addr, json_object *device)
{
	const struct via_claim *c = via_claims_at(&l->claims->claims, addr);

	if (c)
		json_object_object_add(device, "claim", via_codec_claim(c));
}

/* What the inventory does not know of its devices. */
static void add_ours(const struct via_look *l, struct via_addr addr, json_object *device)
{
	add_drift(l->user, addr, device);
	add_claim(l, addr, device);
}

static void add_ours_all(const struct via_look *l, json_object *devices)
{
	size_t n = json_object_is_type(devices, json_type_array) ? json_object_array_length(devices)
								 : 0;

	for (size_t i = 0; i < n; i++) {
		json_object *dev = json_object_array_get_idx(devices, i);
		const char *text = json_object_get_string(json_object_object_get(dev, "address"));
		struct via_addr addr;

		if (text && via_addr_parse(text, &addr) == 0)
			add_ours(l, addr, dev);
	}
}

static void set_text(struct via_look *l, json_object *parameters)
{
	struct reading *q = l->user;

	q->text = via_varlink_reply(parameters, NULL, false);
	if (!q->text)
		l->r = via_err_set(&l->err, -ENOMEM, "out of memory");
}

static void encode_inventory(struct via_look *l)
{
	json_object *p = json_object_new_object(), *inv = via_codec_inventory(l->inv->inv);

	add_ours_all(l, json_object_object_get(inv, "devices"));
	json_object_object_add(p, "inventory", inv);
	set_text(l, p);
}

static void encode_list(struct via_look *l)
{
	const struct reading *q = l->user;
	const struct via_inventory *inv = l->inv->inv;
	json_object *p = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < inv->n_devices; i++)
		if (q->kinds & (1u << inv->devices[i].kind))
			json_object_array_add(list, via_codec_device(inv, &inv->devices[i]));
	add_ours_all(l, list);
	via_json_add_int(p, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(p, "devices", list);
	set_text(l, p);
}

static void encode_show(struct via_look *l)
{
	const struct reading *q = l->user;
	const struct via_device *dev = via_resolve(l->inv->inv, q->device);
	json_object *p, *o;

	if (!dev) {
		l->r = via_err_set(&l->err, VIA_REFUSED_NOT_FOUND,
			"there is no device \"%.64s\"; give a PCI address, an interface name or "
			"PF/N "
			"for VF N (`viaduct list` shows them)",
			q->device);
		return;
	}
	p = json_object_new_object();
	o = via_codec_device(l->inv->inv, dev);
	add_ours(l, dev->addr, o);
	via_json_add_int(p, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(p, "device", o);
	set_text(l, p);
}

static void answer(struct via_look *l)
{
	struct reading *q = l->user;
	bool large = q->text && q->text->len > 256 * 1024;

	if (l->r) {
		via_call_fail(q->call, l->r, &l->err);
	} else {
		via_call_reply_text(q->call, q->text);
		q->text = NULL;
	}
	reading_free(q);
	if (large)
		malloc_trim(0);
}

/*
 * Addresses, uppers, holders and VF attributes change without an event, so who asks about a device
 * gets them read again. While a scan of PFs is under way what is known will do: one that waits for
 * a PF's device lock must not take the answers with it. A look at holders alone waits for nobody.
 */
static enum via_scan_kind freshness(const struct via_daemon *d)
{
	for (const struct via_look *l = d->looks; l; l = l->next)
		if (l->scan == VIA_SCAN_FULL || (l->scan == VIA_SCAN_UPDATE && l->n_changed))
			return VIA_SCAN_NONE;
	return VIA_SCAN_UPDATE;
}

bool via_api_look(
	struct via_daemon *d, struct via_call *call, void (*done)(struct via_look *l), void *user)
{
	enum via_scan_kind scan = freshness(d);
	struct via_look *l = via_look_create(d, scan, done, user);
	struct via_err err;

	if (!l) {
		via_err_set(&err, -ENOMEM, "out of memory");
		via_call_fail(call, -ENOMEM, &err);
		return false;
	}
	l->pure = scan == VIA_SCAN_NONE;
	via_look_submit(l);
	return true;
}

/* The PF that a device is or belongs to, to be read again; NULL when the device is not known. */
static struct via_addr *lane_of(const struct via_daemon *d, const char *device)
{
	const struct via_inventory *inv = via_daemon_inv(d);
	const struct via_device *dev = inv ? via_resolve(inv, device) : NULL;
	struct via_addr *list = dev ? calloc(1, sizeof(*list)) : NULL;

	if (list)
		*list = via_lane_of(inv, dev->addr);
	return list;
}

static void submit(struct via_daemon *d, struct via_call *call, struct reading *q,
	enum via_scan_kind scan, void (*think)(struct via_look *l))
{
	struct via_look *l = q ? via_look_create(d, scan, answer, q) : NULL;
	struct via_err err;

	if (!l) {
		if (q)
			reading_free(q);
		via_err_set(&err, -ENOMEM, "out of memory");
		via_call_fail(call, -ENOMEM, &err);
		return;
	}
	q->call = call;
	q->groups = d->groups;
	copy_drift(d, q);
	if (scan == VIA_SCAN_UPDATE && q->device) {
		l->changed = lane_of(d, q->device);
		l->n_changed = l->changed ? 1 : 0;
	}
	l->think = think;
	l->pure = scan == VIA_SCAN_NONE;
	via_look_submit(l);
}

void via_api_get_inventory(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	submit(d, call, calloc(1, sizeof(struct reading)), p->rescan ? VIA_SCAN_FULL : freshness(d),
		encode_inventory);
}

static int kind_of(const char *name)
{
	for (int k = VIA_DEVICE_OTHER; k <= VIA_DEVICE_VF; k++)
		if (!strcmp(via_device_kind_name((enum via_device_kind)k), name))
			return k;
	return -1;
}

void via_api_list(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct reading *q = calloc(1, sizeof(*q));

	for (char **s = p->kinds; q && s && *s; s++) {
		int k = kind_of(*s);

		if (k < 0) {
			free(q);
			via_api_invalid(call, "kinds");
			return;
		}
		q->kinds |= 1u << k;
	}
	if (q && !q->kinds)
		q->kinds = 1u << VIA_DEVICE_PF | 1u << VIA_DEVICE_NIC;
	submit(d, call, q, freshness(d), encode_list);
}

void via_api_show(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct reading *q = calloc(1, sizeof(*q));

	if (q) {
		q->device = p->device;
		p->device = NULL;
	}
	submit(d, call, q, freshness(d), encode_show);
}

void via_api_get_config(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	json_object *o = json_object_new_object();

	(void)p;
	json_object_object_add(o, "config", via_codec_config(d->config->config));
	via_call_reply(call, o);
}

static void think_check(struct via_look *l)
{
	const struct reading *q = l->user;
	const struct via_check_input in = {
		.kernel = l->kernel,
		.inv = l->inv->inv,
		.config = l->config->config,
		.config_error = q->device,
		.groups = &q->groups,
	};
	json_object *p = json_object_new_object();

	via_json_add_int(p, "version", VIA_SCHEMA_VERSION);
	json_object_object_add(p, "findings", via_check(&in));
	set_text(l, p);
}

void via_api_check(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	struct reading *q = calloc(1, sizeof(*q));

	(void)p;
	if (q && d->config_error)
		q->device = strdup(d->config_error);
	submit(d, call, q, VIA_SCAN_FULL, think_check);
}

void via_api_monitor(struct via_daemon *d, struct via_call *call, struct via_params *p)
{
	uint32_t mask = 0;

	for (char **s = p->types; s && *s; s++) {
		enum via_event_type t;

		if (via_event_parse(*s, &t) < 0) {
			via_api_invalid(call, "types");
			return;
		}
		mask |= 1u << t;
	}
	/* One that reads too slowly is told so, whatever it asked for. */
	via_events_subscribe(
		d->events, call, p->types ? mask | 1u << VIA_EVENT_LOST : VIA_EVENT_ALL);
}
