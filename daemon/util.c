/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t via_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

const char *via_time_str(int64_t us, char buf[VIA_TIME_STR_MAX])
{
	time_t s = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(buf, VIA_TIME_STR_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, VIA_TIME_STR_MAX - n, ".%03dZ", (int)(us / 1000 % 1000));
	return buf;
}

struct via_inv_ref *via_inv_ref_create(struct via_inventory *inv)
{
	struct via_inv_ref *r = malloc(sizeof(*r));

	if (!r) {
		via_inventory_destroy(inv);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	r->inv = inv;
	return r;
}

struct via_inv_ref *via_inv_ref(struct via_inv_ref *r)
{
	if (r)
		atomic_fetch_add(&r->refs, 1);
	return r;
}

void via_inv_unref(struct via_inv_ref *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	via_inventory_destroy(r->inv);
	free(r);
}

struct via_config_ref *via_config_ref_create(struct via_config *c)
{
	struct via_config_ref *r = malloc(sizeof(*r));

	if (!r) {
		via_config_destroy(c);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	r->config = c;
	return r;
}

struct via_config_ref *via_config_ref(struct via_config_ref *r)
{
	if (r)
		atomic_fetch_add(&r->refs, 1);
	return r;
}

void via_config_unref(struct via_config_ref *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	via_config_destroy(r->config);
	free(r);
}

struct via_claims_ref *via_claims_ref_create(const struct via_claims *c)
{
	struct via_claims_ref *r = malloc(sizeof(*r));

	if (!r)
		return NULL;
	if (via_claims_copy(c, &r->claims)) {
		free(r);
		return NULL;
	}
	atomic_init(&r->refs, 1);
	return r;
}

struct via_claims_ref *via_claims_ref(struct via_claims_ref *r)
{
	if (r)
		atomic_fetch_add(&r->refs, 1);
	return r;
}

void via_claims_unref(struct via_claims_ref *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	via_claims_finish(&r->claims);
	free(r);
}

const struct via_device *via_resolve(const struct via_inventory *inv, const char *what)
{
	const char *slash = strrchr(what, '/');
	const struct via_device *pf;
	char name[64];
	int64_t index;

	if (!slash)
		return via_inventory_find(inv, what);
	if ((size_t)(slash - what) >= sizeof(name) ||
		via_parse_int(slash + 1, 0, UINT16_MAX, &index) < 0)
		return NULL;
	memcpy(name, what, (size_t)(slash - what));
	name[slash - what] = '\0';
	pf = via_inventory_find(inv, name);
	return pf && pf->sriov ? via_inventory_vf(inv, pf, (uint32_t)index) : NULL;
}

struct via_addr via_lane_of(const struct via_inventory *inv, struct via_addr addr)
{
	const struct via_device *d = via_inventory_device(inv, addr);

	return d && d->kind == VIA_DEVICE_VF ? d->pf : addr;
}
