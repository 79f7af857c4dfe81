/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger on a sound disk: replay, snapshots, damage, and whether the advice about it helps. */
#include "ledger_host.h"

/* --- memory and disk, side by side --- */

struct run {
	struct host *h;
	struct via_claims mem;
	unsigned int seed;
};

static unsigned int dice(struct run *x, unsigned int n)
{
	return (unsigned int)rand_r(&x->seed) % n;
}

static void run_claim(struct run *x)
{
	struct via_claim list[3];
	json_object *records[3];
	size_t n = 1 + dice(x, 3);
	unsigned int pf = dice(x, 4), vm = dice(x, 200);

	for (size_t i = 0; i < n; i++)
		list[i] = claim_of(pf, (dice(x, 3) + (unsigned int)i * 3) % 8, vm);
	if (via_claims_add(&x->mem, list, n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		records[i] = via_ledger_claim(&list[i]);
	assert_int_equal(via_ledger_append(x->h->ledger, records, n, &x->h->err), 0);
}

static void run_move(struct run *x)
{
	static const char *const reasons[] = {NULL, "MAC is left", "\"\\\n\xc3\xa9 odd"};
	const struct via_claim *c;

	if (!x->mem.n)
		return;
	c = &x->mem.list[dice(x, (unsigned int)x->mem.n)];
	if (via_claims_move(&x->mem, c->fn.addr, c->generation,
		    (enum via_claim_state)dice(x, VIA_CLAIM_QUARANTINED + 1), reasons[dice(x, 3)],
		    77, NULL))
		return;
	assert_int_equal(append1(x->h, via_ledger_claim(c)), 0);
}

static void run_remove(struct run *x)
{
	struct via_claim c;

	if (!x->mem.n)
		return;
	c = x->mem.list[dice(x, (unsigned int)x->mem.n)];
	if (via_claims_remove(&x->mem, c.fn.addr, c.generation, NULL))
		return;
	assert_int_equal(append1(x->h, via_ledger_gone(c.fn.addr, c.generation)), 0);
}

static void run_drain(struct run *x)
{
	struct via_addr pf = {0, (uint8_t)(1 + dice(x, 4)), 0, 0};

	if (via_claims_drained(&x->mem, pf)) {
		via_claims_undrain(&x->mem, pf);
		assert_int_equal(append1(x->h, via_ledger_undrain(pf)), 0);
	} else {
		struct via_drain d = {.pf = pf, .since_us = 5, .cause = "request of uid 0"};

		assert_int_equal(via_claims_drain(&x->mem, pf, d.cause, d.since_us, NULL), 0);
		assert_int_equal(append1(x->h, via_ledger_drain(&d)), 0);
	}
}

static void random_run(unsigned int seed, unsigned int steps)
{
	static void (*const what[])(struct run * x) = {run_claim, run_claim, run_claim, run_move,
		run_move, run_move, run_remove, run_drain};
	struct host h;
	struct run x = {.h = &h, .seed = seed};

	host_init(&h);
	must_open(&h, true);
	for (unsigned int i = 0; i < steps; i++) {
		what[dice(&x, VIA_ARRAY_SIZE(what))](&x);
		if (dice(&x, 20))
			continue;
		must_open(&h, false);
		assert_claims(&h.read, &x.mem);
	}
	must_open(&h, false);
	assert_claims(&h.read, &x.mem);
	via_claims_finish(&x.mem);
	host_finish(&h);
}

static void test_replay_equals_memory(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 30; seed++)
		random_run(seed, 80);
}

static uint64_t size_of(struct host *h, const char *name)
{
	via_autofree char *text = NULL;
	size_t len = 0;

	return via_file_read(h->dirfd, name, SIZE_MAX / 2, &text, &len, NULL) ? 0 : len;
}

/* Appends until a snapshot was made: the log is short again. */
static void grow_to_snapshot(struct host *h, struct via_claims *mem)
{
	uint64_t last = 0;

	for (unsigned int i = 0; i < 4000 && size_of(h, VIA_LEDGER_FILE) >= last; i++) {
		struct via_claim *c;

		last = size_of(h, VIA_LEDGER_FILE);
		if (!mem->n)
			assert_int_equal(claim_vf(h, mem, 0, 0, 1), 0);
		c = &mem->list[0];
		c->changed_us++;
		memset(c->reason, 'r', sizeof(c->reason) - 1);
		assert_int_equal(append1(h, via_ledger_claim(c)), 0);
	}
	assert_true(size_of(h, VIA_LEDGER_FILE) < 100);
}

static void test_snapshots(void **state)
{
	struct via_claims mem = {0};
	struct host h;

	(void)state;
	host_init(&h);
	must_open(&h, true);
	for (unsigned int i = 0; i < 3; i++) {
		grow_to_snapshot(&h, &mem);
		assert_int_equal(claim_vf(&h, &mem, 1, i, 10 + i), 0);
	}
	must_open(&h, false);
	assert_claims(&h.read, &mem);
	assert_true(size_of(&h, VIA_LEDGER_SNAPSHOT ".bak") > 0);
	assert_true(size_of(&h, VIA_LEDGER_FILE ".bak") > 200000);
	via_claims_finish(&mem);
	host_finish(&h);
}

/* The generation of a claim that is long gone never comes again. */
static void test_generations_outlive_their_claims(void **state)
{
	struct via_claims mem = {0};
	struct host h;
	struct via_claim c;

	(void)state;
	host_init(&h);
	must_open(&h, true);
	assert_int_equal(claim_vf(&h, &mem, 0, 1, 1), 0);
	assert_int_equal(claim_vf(&h, &mem, 0, 2, 2), 0);
	c = *via_claims_generation(&mem, 2);
	assert_int_equal(via_claims_remove(&mem, c.fn.addr, 2, NULL), 0);
	assert_int_equal(append1(&h, via_ledger_gone(c.fn.addr, 2)), 0);
	grow_to_snapshot(&h, &mem);
	must_open(&h, false);
	assert_int_equal(h.read.last_generation, 2);
	via_claims_finish(&mem);
	host_finish(&h);
}

static void test_what_breaks_the_rules_is_not_written(void **state)
{
	struct via_claims mem = {0};
	struct host h;
	struct via_claim c;
	uint64_t size;
	json_object *two[2];

	(void)state;
	host_init(&h);
	must_open(&h, true);
	assert_int_equal(claim_vf(&h, &mem, 0, 1, 1), 0);
	size = size_of(&h, VIA_LEDGER_FILE);
	assert_int_equal(append1(&h, via_ledger_gone(mem.list[0].fn.addr, 9)), -EUCLEAN);
	c = claim_of(0, 2, 2);
	c.generation = 1;
	assert_int_equal(append1(&h, via_ledger_claim(&c)), -EUCLEAN);
	/* All of them, or none. */
	c.generation = 2;
	two[0] = via_ledger_claim(&c);
	two[1] = via_ledger_gone(c.fn.addr, 7);
	assert_int_equal(via_ledger_append(h.ledger, two, 2, &h.err), -EUCLEAN);
	assert_int_equal(append1(&h, NULL), -ENOMEM);
	assert_int_equal(size_of(&h, VIA_LEDGER_FILE), size);
	assert_int_equal(claim_vf(&h, &mem, 0, 3, 3), 0);
	must_open(&h, false);
	assert_claims(&h.read, &mem);
	via_claims_finish(&mem);
	host_finish(&h);
}

/* --- damage --- */

#define RECORDS 6
struct history {
	struct host h;
	struct via_claims states[RECORDS + 1]; /* [i]: after i records */
};

static void history_init(struct history *y)
{
	struct via_claims mem = {0};

	host_init(&y->h);
	must_open(&y->h, true);
	memset(y->states, 0, sizeof(y->states));
	for (unsigned int i = 0; i < RECORDS; i++) {
		assert_int_equal(claim_vf(&y->h, &mem, 0, i, i), 0);
		assert_int_equal(via_claims_copy(&mem, &y->states[i + 1]), 0);
	}
	via_claims_finish(&mem);
	host_close(&y->h);
}

static void history_finish(struct history *y)
{
	for (unsigned int i = 0; i <= RECORDS; i++)
		via_claims_finish(&y->states[i]);
	host_finish(&y->h);
}

static void expect_damage(struct host *h, const char *word)
{
	assert_int_equal(host_open(h, false), -EUCLEAN);
	if (!strstr(h->err.msg, word))
		fail_msg("\"%s\" is not in: %s", word, h->err.msg);
	/* It is the same at the next start: nothing was repaired behind anybody's back. */
	assert_int_equal(host_open(h, false), -EUCLEAN);
}

static void test_cut_at_every_byte(void **state)
{
	struct history y;
	uint64_t size, last = 0;

	(void)state;
	history_init(&y);
	size = size_of(&y.h, VIA_LEDGER_FILE);
	shell("cp %s/claims.jsonl %s/whole", y.h.dir, y.h.dir);
	for (uint64_t cut = size; cut-- > size - 400;) {
		unsigned int i;

		shell("cp %s/whole %s/claims.jsonl", y.h.dir, y.h.dir);
		shell("truncate -s %llu %s/claims.jsonl", (unsigned long long)cut, y.h.dir);
		must_open(&y.h, false);
		for (i = 0; i <= RECORDS && !claims_same(&y.h.read, &y.states[i]); i++)
			;
		assert_in_range(i, RECORDS - 1, RECORDS);
		/* It goes on from there. */
		assert_true(size_of(&y.h, VIA_LEDGER_FILE) <= cut);
		last = i;
		cut -= cut > size - 380 ? 0 : 6;
	}
	assert_int_equal(last, RECORDS - 1);
	history_finish(&y);
}

/* What stands before the damage is there once the advice has been followed. */
static void check_damaged_line(unsigned int line, const char *with)
{
	struct history y;
	char word[32];

	history_init(&y);
	shell("sed -i '%us/.*/%s/' %s/claims.jsonl", line, with, y.h.dir);
	snprintf(word, sizeof(word), "claims.jsonl:%u: ", line);
	expect_damage(&y.h, word);
	run_advice(y.h.err.msg);
	must_open(&y.h, false);
	assert_claims(&y.h.read, &y.states[line > 1 ? line - 2 : 0]);
	shell("test $(wc -l < %s/claims.jsonl.damaged) = %u", y.h.dir, RECORDS + 1);
	assert_int_equal(claim_vf(&y.h, &y.states[line > 1 ? line - 2 : 0], 2, 0, 99), 0);
	must_open(&y.h, false);
	assert_claims(&y.h.read, &y.states[line > 1 ? line - 2 : 0]);
	history_finish(&y);
}

static void test_damage_at_every_record(void **state)
{
	(void)state;
	for (unsigned int line = 1; line <= RECORDS + 1; line++) {
		check_damaged_line(line, "garbage");
		check_damaged_line(line, "");
		check_damaged_line(line, "{\"seq\":3}");
		check_damaged_line(line, "{\"seq\":1,\"changes\":[{\"dance\":1}]}");
	}
}

/* A line that is gone, stands twice, or in another's place. */
static void test_numbers_follow_each_other(void **state)
{
	static const char *const scripts[] = {"3d", "4{p}", "4{h;d};5{G}"};
	static const unsigned int lines[] = {3, 5, 4};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(scripts); i++) {
		struct history y;
		char word[40];

		history_init(&y);
		shell("sed -i '%s' %s/claims.jsonl", scripts[i], y.h.dir);
		snprintf(word, sizeof(word), "claims.jsonl:%u: ", lines[i]);
		expect_damage(&y.h, word);
		run_advice(y.h.err.msg);
		must_open(&y.h, false);
		assert_claims(&y.h.read, &y.states[lines[i] - 2]);
		history_finish(&y);
	}
}

/* Records that cannot all be true, each well-formed. */
static void test_records_that_contradict_each_other(void **state)
{
	static const char *const scripts[] = {
		"3s/\"generation\":2/\"generation\":1/", /* of another claim */
		"3s/{\"claim\".*/{\"gone\":\"0000:09:00.0\",\"generation\":1}]}/",
		"3s/52:54:00:01/52:54:00:00/;3s/:00:01\"/:00:00\"/", /* another VM's MAC */
	};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(scripts); i++) {
		struct history y;

		history_init(&y);
		shell("sed -i '%s' %s/claims.jsonl", scripts[i], y.h.dir);
		expect_damage(&y.h, "claims.jsonl:3: ");
		history_finish(&y);
	}
}

/* --- the snapshot --- */

static void snapshot_damage(const char *how, const char *word)
{
	struct via_claims mem = {0};
	struct host h;

	host_init(&h);
	must_open(&h, true);
	for (unsigned int i = 0; i < 2; i++) {
		grow_to_snapshot(&h, &mem);
		assert_int_equal(claim_vf(&h, &mem, 1, i, 10 + i), 0);
	}
	host_close(&h);
	shell("cd %s && %s", h.dir, how);
	expect_damage(&h, word);
	assert_non_null(strstr(h.err.msg, "nothing is lost"));
	run_advice(h.err.msg);
	must_open(&h, false);
	assert_claims(&h.read, &mem);
	/* And on from there, over another snapshot. */
	grow_to_snapshot(&h, &mem);
	must_open(&h, false);
	assert_claims(&h.read, &mem);
	via_claims_finish(&mem);
	host_finish(&h);
}

static void test_damaged_snapshot_loses_nothing(void **state)
{
	(void)state;
	snapshot_damage("rm claims.json", "claims.json: it is missing");
	snapshot_damage("truncate -s -20 claims.json", "claims.json: line ");
	snapshot_damage(": > claims.json", "claims.json: ");
	snapshot_damage("sed -i 's/preparing/dancing/' claims.json", "/claims/0");
	snapshot_damage("sed -i 's/\"version\": *1/\"version\":9/' claims.json", "/version: 9");
}

static void test_no_copy_starts_without_any(void **state)
{
	struct history y;

	(void)state;
	history_init(&y);
	shell("echo '{\"version\": 2}' > %s/state.json; rm %s/claims.json", y.h.dir, y.h.dir);
	expect_damage(&y.h, "never means that nothing is claimed");
	assert_non_null(strstr(y.h.err.msg, "there is no whole copy"));
	run_advice(y.h.err.msg);
	shell("test ! -e %s/state.json && test -s %s/damaged/claims.jsonl", y.h.dir, y.h.dir);
	must_open(&y.h, true);
	assert_claims(&y.h.read, &y.states[0]);
	history_finish(&y);
}

/* Also when what says that there is a ledger was lost. */
static void test_a_log_without_its_snapshot_is_not_new(void **state)
{
	struct history y;

	(void)state;
	history_init(&y);
	shell("rm %s/claims.json", y.h.dir);
	assert_int_equal(host_open(&y.h, true), -EUCLEAN);
	run_advice(y.h.err.msg);
	must_open(&y.h, true);
	history_finish(&y);
}

static void test_missing_log_is_damage(void **state)
{
	struct history y;

	(void)state;
	history_init(&y);
	shell("rm %s/claims.jsonl", y.h.dir);
	expect_damage(&y.h, "claims.jsonl:1: ");
	run_advice(y.h.err.msg);
	must_open(&y.h, false);
	assert_claims(&y.h.read, &y.states[0]);
	history_finish(&y);
}

#define T(f) cmocka_unit_test(f)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_replay_equals_memory),
		T(test_snapshots),
		T(test_generations_outlive_their_claims),
		T(test_what_breaks_the_rules_is_not_written),
		T(test_cut_at_every_byte),
		T(test_damage_at_every_record),
		T(test_numbers_follow_each_other),
		T(test_records_that_contradict_each_other),
		T(test_damaged_snapshot_loses_nothing),
		T(test_no_copy_starts_without_any),
		T(test_a_log_without_its_snapshot_is_not_new),
		T(test_missing_log_is_damage),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
