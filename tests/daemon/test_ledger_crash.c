/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger on a disk that fills up, fails, or loses its power at any call. */
#include <sys/stat.h>

#include "journal.h"
#include "ledger_host.h"

/* A directory to begin from, again and again, and what is in it. */
struct base {
	char dir[64];
	struct via_claims mem;
};

static uint64_t log_size(const struct host *h)
{
	struct stat st;

	assert_int_equal(fstatat(h->dirfd, VIA_LEDGER_FILE, &st, 0), 0);
	return (uint64_t)st.st_size;
}

/* So many long records; how many until a snapshot was made. */
static unsigned int lengthen(struct host *h, struct via_claims *mem, unsigned int max)
{
	uint64_t last = 0;

	memset(mem->list[0].reason, 'r', sizeof(mem->list[0].reason) - 1);
	for (unsigned int n = 0; n < max; n++) {
		if (log_size(h) < last)
			return n;
		last = log_size(h);
		assert_int_equal(append1(h, via_ledger_claim(&mem->list[0])), 0);
	}
	return max;
}

static void base_make(struct host *h, struct via_claims *mem)
{
	host_init(h);
	must_open(h, true);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(claim_vf(h, mem, 0, i, i), 0);
}

/* long_: the next append makes a snapshot, and it is the second one. */
static void base_init(struct base *b, bool long_)
{
	unsigned int n;
	struct host h;

	memset(b, 0, sizeof(*b));
	base_make(&h, &b->mem);
	if (long_) {
		lengthen(&h, &b->mem, UINT32_MAX);
		n = lengthen(&h, &b->mem, UINT32_MAX);
		/* The one more that lengthen() saw the snapshot by is in the log. */
		lengthen(&h, &b->mem, n - 2);
	}
	host_close(&h);
	strcpy(b->dir, "/tmp/via-base-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	shell("cp -a %s/. %s/", h.dir, b->dir);
	host_finish(&h);
}

static void base_finish(struct base *b)
{
	via_claims_finish(&b->mem);
	shell("rm -rf %s", b->dir);
}

/* A host as it was then, and its claims. */
static void base_host(const struct base *b, struct host *h, struct via_claims *mem)
{
	host_init(h);
	shell("cp -a %s/. %s/", b->dir, h->dir);
	must_open(h, false);
	assert_int_equal(via_claims_copy(&b->mem, mem), 0);
	assert_claims(&h->read, mem);
}

/* Three changes at once: claims come, change, go. */
static int change(struct host *h, struct via_claims *mem)
{
	struct via_claim c[2] = {claim_of(2, 0, 50), claim_of(2, 1, 50)};
	struct via_claim gone = mem->list[1];
	json_object *records[4];

	assert_int_equal(via_claims_move(mem, mem->list[0].fn.addr, mem->list[0].generation,
				 VIA_CLAIM_ACTIVE, NULL, 5, NULL),
		0);
	records[0] = via_ledger_claim(&mem->list[0]);
	assert_int_equal(via_claims_remove(mem, gone.fn.addr, gone.generation, NULL), 0);
	records[1] = via_ledger_gone(gone.fn.addr, gone.generation);
	assert_int_equal(via_claims_add(mem, c, 2, NULL), 0);
	records[2] = via_ledger_claim(&c[0]);
	records[3] = via_ledger_claim(&c[1]);
	return via_ledger_append(h->ledger, records, 4, &h->err);
}

static const struct via_fake_power_cut cuts[] = {
	{0},
	{.tail = 17},
	{.tail = 700, .cuts = true},
	{.tail = SIZE_MAX, .cuts = true, .entries = true},
	{.tail = SIZE_MAX},
	{.entries = true},
	{.tail = SIZE_MAX, .zeroes = true},
};

/* The power goes at call n of a change. false: it has not so many. */
static bool power_cut_at(const struct base *b, unsigned int n, enum via_fake_disk_when when,
	const struct via_fake_power_cut *how)
{
	struct via_claims after;
	struct host h;
	bool stopped;
	int r;

	base_host(b, &h, &after);
	via_fake_disk_stop(h.fake, n, when);
	r = change(&h, &after);
	stopped = via_fake_disk_stopped(h.fake);
	via_fake_disk_power_cut(h.fake, how);
	must_open(&h, false);
	if (r == 0 || !claims_same(&h.read, &b->mem))
		assert_claims(&h.read, &after);
	/* And it goes on. */
	via_claims_finish(&after);
	assert_int_equal(via_claims_copy(&h.read, &after), 0);
	assert_int_equal(claim_vf(&h, &after, 3, 0, 77), 0);
	must_open(&h, false);
	assert_claims(&h.read, &after);
	via_claims_finish(&after);
	host_finish(&h);
	return stopped;
}

static unsigned int power_cuts(bool long_)
{
	unsigned int n = 0, cases = 0;
	struct base b;
	bool more = true;

	base_init(&b, long_);
	while (more && ++n)
		for (int when = VIA_FAKE_DISK_BEFORE; when <= VIA_FAKE_DISK_AFTER; when++)
			for (size_t i = 0; i < VIA_ARRAY_SIZE(cuts); i++, cases++)
				more = power_cut_at(&b, n, (enum via_fake_disk_when)when, &cuts[i]);
	base_finish(&b);
	return cases;
}

static void test_power_cut_at_every_call(void **state)
{
	(void)state;
	/* append, sync */
	assert_in_range(
		power_cuts(false), 2 * 3 * VIA_ARRAY_SIZE(cuts), 4 * 3 * VIA_ARRAY_SIZE(cuts));
}

static void test_power_cut_at_every_call_of_a_snapshot(void **state)
{
	(void)state;
	/* append, sync, keep, replace, keep, replace, open */
	assert_in_range(
		power_cuts(true), 7 * 3 * VIA_ARRAY_SIZE(cuts), 9 * 3 * VIA_ARRAY_SIZE(cuts));
}

/* --- calls that fail --- */

/* As the daemon does it: what cannot be written is taken back. */
static void try_claim(
	struct host *h, struct via_claims *mem, unsigned int pf, unsigned int i, unsigned int vm)
{
	struct via_claims next;

	assert_int_equal(via_claims_copy(mem, &next), 0);
	if (claim_vf(h, &next, pf, i, vm) == 0) {
		via_claims_finish(mem);
		*mem = next;
	} else {
		via_claims_finish(&next);
	}
}

/* Call n of a change fails, and `times` calls of any kind from there. */
static bool fail_at(
	const struct base *b, unsigned int n, unsigned int times, int error, size_t part)
{
	struct via_claims after, now;
	unsigned int calls;
	struct host h;
	int r;

	base_host(b, &h, &after);
	calls = via_fake_disk_calls(h.fake);
	via_fake_disk_fail(h.fake, VIA_FAKE_DISK_ANY, n, times, error, part);
	r = change(&h, &after);
	calls = via_fake_disk_calls(h.fake) - calls;
	assert_true(r == 0 || r == -error);
	assert_int_equal(via_claims_copy(r ? &b->mem : &after, &now), 0);
	/* It does not count, whether the disk is well again or not. */
	for (unsigned int i = 0; i < 3; i++)
		try_claim(&h, &now, 3, i, 77 + i);
	via_fake_disk_heal(h.fake);
	assert_int_equal(claim_vf(&h, &now, 3, 6, 86), 0);
	must_open(&h, false);
	assert_claims(&h.read, &now);
	assert_int_equal(claim_vf(&h, &now, 3, 7, 87), 0);
	must_open(&h, false);
	assert_claims(&h.read, &now);
	via_claims_finish(&after);
	via_claims_finish(&now);
	host_finish(&h);
	return calls >= n;
}

static void fails(bool long_)
{
	static const size_t parts[] = {0, 1, 100, 1000000};
	static const int errors[] = {ENOSPC, EIO};
	struct base b;
	bool more = true;

	base_init(&b, long_);
	for (unsigned int n = 1; more; n++)
		for (unsigned int times = 0; times < 4; times++)
			for (size_t i = 0; i < VIA_ARRAY_SIZE(parts); i++)
				more = fail_at(&b, n, times, errors[i % 2], parts[i]);
	base_finish(&b);
}

static void test_every_call_fails(void **state)
{
	(void)state;
	fails(false);
}

static void test_every_call_of_a_snapshot_fails(void **state)
{
	(void)state;
	fails(true);
}

static void test_full_disk_refuses_and_loses_nothing(void **state)
{
	struct via_claims after;
	struct base b;
	struct host h;

	(void)state;
	base_init(&b, false);
	for (size_t space = 0; space < 3000; space += 150) {
		int r;

		base_host(&b, &h, &after);
		via_fake_disk_space(h.fake, space);
		r = change(&h, &after);
		assert_true(r == 0 || r == -ENOSPC);
		if (r)
			assert_non_null(strstr(h.err.msg, "claims.jsonl"));
		must_open(&h, false);
		assert_claims(&h.read, r ? &b.mem : &after);
		via_claims_finish(&after);
		host_finish(&h);
	}
	base_finish(&b);
}

/* What failed could not be cut off: the next record stands on its own line, over and over. */
static void test_remains_are_passed_over(void **state)
{
	static const size_t parts[] = {1, 40, 1000000};
	struct base b;

	(void)state;
	base_init(&b, false);
	for (size_t i = 0; i < VIA_ARRAY_SIZE(parts); i++) {
		struct via_claims mem, lost;
		struct host h;

		base_host(&b, &h, &mem);
		via_fake_disk_fail(h.fake, VIA_FAKE_DISK_CUT, 1, 0, EIO, 0);
		for (unsigned int k = 0; k < 3; k++) {
			via_fake_disk_fail(h.fake, VIA_FAKE_DISK_APPEND, 1, 1, ENOSPC, parts[i]);
			assert_int_equal(via_claims_copy(&mem, &lost), 0);
			assert_int_equal(claim_vf(&h, &lost, 3, k, 70 + k), -ENOSPC);
			via_claims_finish(&lost);
			if (k == 1)
				continue;
			assert_int_equal(claim_vf(&h, &mem, 3, 7, 90 + k), 0);
			assert_int_equal(via_claims_remove(&mem, mem.list[mem.n - 1].fn.addr,
						 mem.list[mem.n - 1].generation, NULL),
				0);
			assert_int_equal(append1(&h, via_ledger_gone(claim_of(3, 7, 0).fn.addr,
							     mem.last_generation)),
				0);
		}
		shell("grep -q '\"from\":' %s/claims.jsonl", h.dir);
		must_open(&h, false);
		assert_claims(&h.read, &mem);
		via_claims_finish(&mem);
		host_finish(&h);
	}
	base_finish(&b);
}

/* --- the upgrade --- */

/* What the daemon does at its start. */
static int start(struct host *h, struct via_fake_disk *fake, struct via_err *err)
{
	struct via_disk *k = via_fake_disk_door(fake);
	struct via_store *s = NULL;
	struct via_journal *j = NULL;
	struct via_unfinished *u = NULL;
	int r = via_store_open(k, h->dir, &s, err);

	host_close(h);
	if (!r)
		r = via_journal_open(k, via_store_dirfd(s), h->dir, NULL, &j, &u, err);
	if (!r)
		r = via_ledger_open(k, via_store_dirfd(s), h->dir, via_store_old(s), NULL,
			&h->ledger, &h->read, err);
	if (!r)
		r = via_store_stamp(s, err);
	/* Its directory is closed with the store. */
	via_ledger_close(h->ledger);
	h->ledger = NULL;
	via_unfinished_destroy(u);
	via_journal_close(j);
	via_store_close(s);
	return r;
}

static bool upgrade_killed_at(
	unsigned int n, enum via_fake_disk_when when, const struct via_fake_power_cut *how)
{
	struct via_fake_disk *fake = via_fake_disk_create(), *sound = via_fake_disk_create();
	struct host h;
	bool stopped;
	int r;

	host_init(&h);
	/* Of the release before. */
	shell("echo '{\"version\": 1, \"bound\": []}' > %s/bound.json; : > %s/journal.jsonl", h.dir,
		h.dir);
	via_fake_disk_stop(fake, n, when);
	r = start(&h, fake, &h.err);
	stopped = via_fake_disk_stopped(fake);
	assert_true(stopped ? r != 0 : r == 0);
	if (how)
		via_fake_disk_power_cut(fake, how);
	if (start(&h, sound, &h.err))
		fail_msg("call %u: %s", n, h.err.msg);
	assert_int_equal(h.read.n, 0);
	shell("grep -q '\"version\": 2' %s/state.json && test -s %s/claims.json", h.dir, h.dir);
	assert_int_equal(start(&h, sound, &h.err), 0);
	via_fake_disk_destroy(fake);
	via_fake_disk_destroy(sound);
	host_finish(&h);
	return stopped;
}

static void test_upgrade_killed_at_every_call(void **state)
{
	bool more = true;
	unsigned int n;

	(void)state;
	for (n = 1; more; n++)
		for (int when = VIA_FAKE_DISK_BEFORE; when <= VIA_FAKE_DISK_AFTER; when++)
			for (size_t i = 0; i <= VIA_ARRAY_SIZE(cuts); i++)
				more = upgrade_killed_at(n, (enum via_fake_disk_when)when,
					i < VIA_ARRAY_SIZE(cuts) ? &cuts[i] : NULL);
	assert_in_range(n, 6, 20);
}

#define T(f) cmocka_unit_test(f)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_power_cut_at_every_call),
		T(test_power_cut_at_every_call_of_a_snapshot),
		T(test_every_call_fails),
		T(test_every_call_of_a_snapshot_fails),
		T(test_full_disk_refuses_and_loses_nothing),
		T(test_remains_are_passed_over),
		T(test_upgrade_killed_at_every_call),
	};

	return cmocka_run_group_tests_name("ledger crash", tests, NULL, NULL);
}
