/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A captured host behind the fake door, and its inventory, for tests. */
#ifndef VIA_TESTS_SCAN_HOST_H
#define VIA_TESTS_SCAN_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "fake/fake.h"
#include "kernel/scan.h"
#include "model/codec.h"

struct scan_host {
	struct via_fake *f;
	struct via_kernel *k;
	struct via_inventory *inv;
};

static inline void scan_host_finish(struct scan_host *h)
{
	via_inventory_destroy(h->inv);
	via_kernel_destroy(h->k);
}
#define autohost __attribute__((cleanup(scan_host_finish))) struct scan_host

/* Read (again). */
static inline void scan_host_read(struct scan_host *h, const struct via_scan_options *opt)
{
	struct via_err err = {0};

	via_inventory_destroy(h->inv);
	h->inv = NULL;
	if (via_scan(h->k, opt, &h->inv, &err))
		fail_msg("scan: %s", err.msg);
}

static inline struct scan_host scan_host_load(const char *name)
{
	struct scan_host h = {.f = via_fake_create()};
	struct via_err err = {0};
	char path[4096];

	h.k = via_fake_kernel(h.f);
	snprintf(path, sizeof(path), TESTS_DIR "/hosts/%s.host", name);
	if (via_fake_load_path(h.f, path, &err))
		fail_msg("%s", err.msg);
	scan_host_read(&h, NULL);
	return h;
}

static inline const struct via_device *scan_host_device(const struct scan_host *h, const char *addr)
{
	struct via_addr a;

	assert_int_equal(via_addr_parse(addr, &a), 0);
	return via_inventory_device(h->inv, a);
}

/* The inventory as text, without what differs from scan to scan. The caller frees. */
static inline char *scan_host_text(const struct via_inventory *inv)
{
	via_autojson *o = via_codec_inventory(inv);
	char *text;

	assert_non_null(o);
	json_object_object_del(o, "generation");
	text = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY));
	assert_non_null(text);
	return text;
}

#endif
