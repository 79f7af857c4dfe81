/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

static const struct via_netdev *first_netdev(
	const struct via_inventory *inv, const struct via_device *d)
{
	return d->n_netdevs ? via_inventory_netdev(inv, d->netdevs[0]) : NULL;
}

void via_bound_identify(
	struct via_bound *b, const struct via_inventory *inv, const struct via_device *d)
{
	const struct via_netdev *n = first_netdev(inv, d);

	b->addr = d->addr;
	b->vendor = d->vendor;
	b->device = d->device;
	snprintf(b->serial, sizeof(b->serial), "%s", d->serial ? d->serial : "");
	/* A VF's permanent MAC is whatever its PF gave it: no identity. */
	if (d->kind != VIA_DEVICE_VF && n && n->has_perm_mac) {
		b->mac = n->perm_mac;
		b->has_mac = true;
	}
	snprintf(b->boot_id, sizeof(b->boot_id), "%s", inv->host.boot_id ? inv->host.boot_id : "");
}

int via_bound_check(const struct via_bound *b, const struct via_inventory *inv,
	const struct via_device *d, struct via_err *err)
{
	const struct via_netdev *n = first_netdev(inv, d);

	if (b->vendor != d->vendor || b->device != d->device)
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"%s is %04x:%04x, but %04x:%04x was bound to %s there; bind it again, or "
			"unbind "
			"it, to say what is meant",
			via_addr_fmt(b->addr), d->vendor, d->device, b->vendor, b->device,
			b->driver);
	if (b->serial[0] && d->serial && strcmp(b->serial, d->serial))
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"%s has serial %s, but the device bound to %s there had %s; bind it again, "
			"or "
			"unbind it, to say what is meant",
			via_addr_fmt(b->addr), d->serial, b->driver, b->serial);
	if (b->has_mac && n && n->has_perm_mac && !via_mac_eq(b->mac, n->perm_mac))
		return via_err_set(err, VIA_REFUSED_MISMATCH,
			"%s has MAC %s, but the device bound to %s there had %s; bind it again, or "
			"unbind it, to say what is meant",
			via_addr_fmt(b->addr), via_mac_fmt(n->perm_mac), b->driver,
			via_mac_fmt(b->mac));
	return 0;
}

json_object *via_bound_json(const struct via_bound *b)
{
	json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	via_json_add_str(o, "address", via_addr_fmt(b->addr));
	via_json_add_str(o, "driver", b->driver);
	if (b->original[0])
		via_json_add_str(o, "original", b->original);
	via_json_add_bool(o, "persistent", b->persistent);
	via_json_add_int(o, "vendor", b->vendor);
	via_json_add_int(o, "device", b->device);
	if (b->serial[0])
		via_json_add_str(o, "serial", b->serial);
	if (b->has_mac)
		via_json_add_str(o, "mac", via_mac_fmt(b->mac));
	if (b->boot_id[0])
		via_json_add_str(o, "boot_id", b->boot_id);
	return o;
}

struct raw {
	struct via_bound b;
	char *driver, *original, *serial, *boot_id;
	uint32_t vendor, device;
};

static const struct via_json_field fields[] = {
	{.key = "address",
		.decode = via_json_addr,
		.offset = offsetof(struct raw, b.addr),
		.required = true},
	{.key = "driver",
		.decode = via_json_string,
		.offset = offsetof(struct raw, driver),
		.max = VIA_DRIVER_MAX - 1,
		.required = true},
	{.key = "original",
		.decode = via_json_string,
		.offset = offsetof(struct raw, original),
		.max = VIA_DRIVER_MAX - 1},
	{.key = "persistent",
		.decode = via_json_bool,
		.offset = offsetof(struct raw, b.persistent),
		.required = true},
	{.key = "vendor",
		.decode = via_json_u32,
		.offset = offsetof(struct raw, vendor),
		.max = UINT16_MAX,
		.required = true},
	{.key = "device",
		.decode = via_json_u32,
		.offset = offsetof(struct raw, device),
		.max = UINT16_MAX,
		.required = true},
	{.key = "serial",
		.decode = via_json_string,
		.offset = offsetof(struct raw, serial),
		.max = 31},
	{.key = "mac",
		.decode = via_json_mac,
		.offset = offsetof(struct raw, b.mac),
		.set_offset = VIA_JSON_SET(struct raw, b.has_mac)},
	{.key = "boot_id",
		.decode = via_json_string,
		.offset = offsetof(struct raw, boot_id),
		.max = 39},
	{0},
};

static void take(char *dst, size_t size, char *src)
{
	snprintf(dst, size, "%s", src ? src : "");
	free(src);
}

int via_bound_parse(json_object *o, const char *pointer, struct via_bound *ret, struct via_err *err)
{
	struct via_json_ctx c = {.err = err};
	struct raw raw = {0};
	int r;

	snprintf(c.pointer, sizeof(c.pointer), "%s", pointer);
	r = via_json_object(&c, o, fields, &raw);

	raw.b.vendor = (uint16_t)raw.vendor;
	raw.b.device = (uint16_t)raw.device;
	take(raw.b.driver, sizeof(raw.b.driver), raw.driver);
	take(raw.b.original, sizeof(raw.b.original), raw.original);
	take(raw.b.serial, sizeof(raw.b.serial), raw.serial);
	take(raw.b.boot_id, sizeof(raw.b.boot_id), raw.boot_id);
	if (!r)
		*ret = raw.b;
	return r;
}
