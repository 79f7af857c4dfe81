/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A state directory with a ledger in it, and claims to write there, for the tests of both. */
#ifndef TESTS_DAEMON_LEDGER_HOST_H
#define TESTS_DAEMON_LEDGER_HOST_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "fake/disk.h"
#include "ledger.h"
#include "store.h"

#define UUID "11111111-2222-3333-4444-5555555555%02x"

struct host {
	char dir[64];
	int dirfd;
	struct via_fake_disk *fake;
	struct via_ledger *ledger;
	struct via_claims read; /* what the last open found */
	struct via_err err;
};

static inline void shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void shell(const char *fmt, ...)
{
	char command[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static inline void host_init(struct host *h)
{
	memset(h, 0, sizeof(*h));
	strcpy(h->dir, "/tmp/via-ledger-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	h->dirfd = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(h->dirfd >= 0);
	h->fake = via_fake_disk_create();
}

static inline void host_close(struct host *h)
{
	via_ledger_close(h->ledger);
	h->ledger = NULL;
	via_claims_finish(&h->read);
}

static inline void host_finish(struct host *h)
{
	host_close(h);
	via_fake_disk_destroy(h->fake);
	close(h->dirfd);
	shell("rm -rf %s", h->dir);
}

/* The next start, on a disk without faults. */
static inline int host_open(struct host *h, bool fresh)
{
	host_close(h);
	via_fake_disk_destroy(h->fake);
	h->fake = via_fake_disk_create();
	memset(&h->err, 0, sizeof(h->err));
	return via_ledger_open(via_fake_disk_door(h->fake), h->dirfd, h->dir, fresh, NULL,
		&h->ledger, &h->read, &h->err);
}

static inline void must_open(struct host *h, bool fresh)
{
	int r = host_open(h, fresh);

	if (r)
		fail_msg("%d: %s", r, h->err.msg);
}

/* VF i of PF pf, for VM vm. */
static inline struct via_claim claim_of(unsigned int pf, unsigned int i, unsigned int vm)
{
	struct via_claim c = {
		.fn = {.addr = {0, (uint8_t)(pf + 1), 0x10, (uint8_t)i},
			.vendor = 0x8086,
			.device = 0x1520,
			.is_vf = true,
			.pf = {0, (uint8_t)(pf + 1), 0, 0},
			.vf_index = i},
		.state = VIA_CLAIM_PREPARING,
		.origin = VIA_CLAIM_HOOK,
		.managed = true,
		.network = "blue",
		.boot_id = "b",
		.wanted = {.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC),
			.mac = {{0x52, 0x54, 0, (uint8_t)vm, (uint8_t)pf, (uint8_t)i}}},
		.since_us = 1000000 + vm,
		.changed_us = 2000000 + vm,
	};

	snprintf(c.uuid, sizeof(c.uuid), UUID, vm & 0xff);
	snprintf(c.name, sizeof(c.name), "vm%u", vm);
	return c;
}

/* Everything in it, as text. */
static inline char *claims_text(const struct via_claims *c)
{
	json_object *o = json_object_new_object(), *list = json_object_new_array();
	char *text;

	json_object_object_add(o, "last", json_object_new_int64((int64_t)c->last_generation));
	json_object_object_add(o, "list", list);
	for (size_t i = 0; i < c->n; i++)
		json_object_array_add(list, via_ledger_claim(&c->list[i]));
	for (size_t i = 0; i < c->n_drains; i++)
		json_object_array_add(list, via_ledger_drain(&c->drains[i]));
	text = strdup(json_object_to_json_string(o));
	json_object_put(o);
	assert_non_null(text);
	return text;
}

static inline bool claims_same(const struct via_claims *a, const struct via_claims *b)
{
	via_autofree char *x = claims_text(a), *y = claims_text(b);

	return !strcmp(x, y);
}

static inline void assert_claims(const struct via_claims *a, const struct via_claims *b)
{
	via_autofree char *x = claims_text(a), *y = claims_text(b);

	assert_string_equal(x, y);
}

static inline int append1(struct host *h, json_object *record)
{
	return via_ledger_append(h->ledger, &record, 1, &h->err);
}

/* Claim it in memory and in the ledger. */
static inline int claim_vf(
	struct host *h, struct via_claims *mem, unsigned int pf, unsigned int i, unsigned int vm)
{
	struct via_claim c = claim_of(pf, i, vm);

	assert_int_equal(via_claims_add(mem, &c, 1, NULL), 0);
	return append1(h, via_ledger_claim(&c));
}

/* A command in "quotes" out of a message, run by the shell as a person would. */
static inline void run_advice(const char *msg)
{
	const char *from = strstr(msg, "\"mv "), *to;
	static const char *const starts[] = {"\"mkdir ", "\"sed ", "\"cp ", "\"echo "};
	char command[2048];

	for (size_t i = 0; !from && i < VIA_ARRAY_SIZE(starts); i++)
		from = strstr(msg, starts[i]);
	if (!from)
		fail_msg("no command in: %s", msg);
	from++;
	/* A command may have double quotes inside single ones. */
	for (to = from; *to && *to != '"'; to++)
		if (*to == '\'')
			to = strchr(to + 1, '\'');
	assert_int_equal(*to, '"');
	snprintf(command, sizeof(command), "%.*s", (int)(to - from), from);
	shell("%s", command);
}

#endif
