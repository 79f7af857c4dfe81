/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state directory: its version, its files, what helps when one is damaged; and the journal. */
#include "journal.h"
#include "ledger_host.h"
#include "util.h"

static int open_store(struct host *h, struct via_store **ret)
{
	return via_store_open(via_disk_linux(), h->dir, ret, &h->err);
}

static void expect_words(struct host *h, const char *word)
{
	if (!strstr(h->err.msg, word))
		fail_msg("\"%s\" is not in: %s", word, h->err.msg);
}

static void must_open_store(struct host *h, struct via_store **ret)
{
	if (open_store(h, ret))
		fail_msg("%s", h->err.msg);
}

static void stamp(struct host *h)
{
	struct via_store *s = NULL;

	must_open_store(h, &s);
	assert_true(via_store_old(s));
	assert_int_equal(via_store_stamp(s, &h->err), 0);
	assert_false(via_store_old(s));
	via_store_close(s);
	must_open_store(h, &s);
	assert_false(via_store_old(s));
	via_store_close(s);
}

static void test_version(void **state)
{
	struct via_store *s = NULL;
	struct host h;

	(void)state;
	host_init(&h);
	stamp(&h);
	shell("echo '{\"version\": 3, \"more\": true}' > %s/state.json", h.dir);
	assert_int_equal(open_store(&h, &s), -EUCLEAN);
	expect_words(&h, "state.json: /version: 3");
	expect_words(&h, "install that one again");
	host_finish(&h);
}

static void test_damaged_version(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "{}", "{\"version\": \"2\"}",
		"{\"version\": 1}", "{\"version\": -2}", "{\"version\": 2} x"};
	struct via_store *s = NULL;
	struct host h;

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(texts); i++) {
		host_init(&h);
		shell("printf '%%s' '%s' > %s/state.json", texts[i], h.dir);
		assert_int_equal(open_store(&h, &s), -EUCLEAN);
		expect_words(&h, "state.json: ");
		run_advice(h.err.msg);
		must_open_store(&h, &s);
		assert_false(via_store_old(s));
		via_store_close(s);
		host_finish(&h);
	}
}

static void test_two_daemons(void **state)
{
	struct via_store *s = NULL, *other = NULL;
	struct host h;

	(void)state;
	host_init(&h);
	must_open_store(&h, &s);
	assert_int_equal(open_store(&h, &other), VIA_REFUSED_BUSY);
	via_store_close(s);
	must_open_store(&h, &other);
	via_store_close(other);
	host_finish(&h);
}

/* --- files that are damaged --- */

static const struct file {
	const char *name, *good, *bad;
} files[] = {
	{"bound.json", "{\"version\": 1, \"bound\": []}", "{\"version\": 1, \"bound\": [1]}"},
	{"learnt.json", "{\"version\": 1, \"learnt\": {}}", "{\"version\": 1, \"learnt\": 7}"},
	{"baselines.json", "{\"version\": 1, \"pfs\": {}}",
		"{\"version\": 1, \"pfs\": {\"0000:01:00.0\": {\"vfs\": [{\"index\": -1}]}}}"},
};

/* bak: what stands beside it, NULL nothing. good: it is whole. */
static void damaged(const struct file *f, const char *text, const char *bak, bool good)
{
	struct via_store *s = NULL;
	struct host h;

	host_init(&h);
	shell("printf '%%s' '%s' > %s/%s", text, h.dir, f->name);
	if (bak)
		shell("printf '%%s' '%s' > %s/%s.bak", bak, h.dir, f->name);
	assert_int_equal(open_store(&h, &s), -EUCLEAN);
	expect_words(&h, f->name);
	expect_words(&h, good ? "is whole" : "there is no whole copy");
	run_advice(h.err.msg);
	must_open_store(&h, &s);
	via_store_close(s);
	shell("test %s -e %s/%s", good ? "" : "!", h.dir, f->name);
	if (!good)
		shell("test -e %s/%s.damaged", h.dir, f->name);
	host_finish(&h);
}

static void test_advice_about_damaged_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(files); i++) {
		const struct file *f = &files[i];
		const char *const texts[] = {"", "{\"version\": 1", "{\"version\": 9}", f->bad};

		for (size_t k = 0; k < VIA_ARRAY_SIZE(texts); k++) {
			damaged(f, texts[k], NULL, false);
			damaged(f, texts[k], f->bad, false);
			damaged(f, texts[k], f->good, true);
		}
	}
}

/* --- baselines --- */

#define MAC1 ((struct via_mac){{0x52, 0x54, 0, 0, 0, 1}})
#define MAC2 ((struct via_mac){{0x52, 0x54, 0, 0, 0, 2}})

static void set_baseline(
	struct via_store *s, unsigned int bus, const struct via_mac *mac, uint16_t vlan)
{
	struct via_vf_state vfs[3];
	struct via_vf_list list = {.n = 3, .vfs = vfs, .complete = true};

	memset(vfs, 0, sizeof(vfs));
	for (unsigned int i = 0; i < 3; i++) {
		vfs[i].index = i;
		vfs[i].attrs = (struct via_vf_attrs){.known = VIA_ATTR_BIT(VIA_VF_ATTR_MAC) |
							      VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) |
							      VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK),
			.mac = {{2, 0, 0, 0, (uint8_t)bus, (uint8_t)i}},
			.vlan = vlan,
			.vlan_proto = VIA_VLAN_PROTO_8021Q,
			.spoofchk = true};
	}
	assert_int_equal(
		via_store_baseline(s, (struct via_addr){0, (uint8_t)bus, 0, 0}, mac, &list, NULL),
		0);
}

static int baseline_of(struct via_store *s, unsigned int bus, const struct via_mac *mac,
	unsigned int index, struct via_vf_attrs *ret)
{
	return via_store_baseline_of(s, (struct via_addr){0, (uint8_t)bus, 0, 0}, mac, index, ret);
}

static void check_baselines(struct via_store *s)
{
	const struct via_mac mac1 = MAC1, mac2 = MAC2;
	struct via_vf_attrs a = {0};

	assert_int_equal(baseline_of(s, 1, &mac1, 2, &a), 0);
	assert_int_equal(a.vlan, 7);
	assert_int_equal(a.mac.b[5], 2);
	assert_true(a.spoofchk);
	assert_int_equal(a.known, VIA_ATTR_BIT(VIA_VF_ATTR_MAC) | VIA_ATTR_BIT(VIA_VF_ATTR_VLAN) |
					  VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK));
	assert_int_equal(baseline_of(s, 2, NULL, 0, &a), 0);
	assert_int_equal(a.vlan, 0);
	/* Not that VF, that PF, that card. */
	a.vlan = 99;
	assert_int_equal(baseline_of(s, 1, &mac1, 3, &a), -ENOENT);
	assert_int_equal(baseline_of(s, 3, &mac1, 0, &a), -ENOENT);
	assert_int_equal(baseline_of(s, 1, &mac2, 0, &a), -ENOENT);
	assert_int_equal(a.vlan, 99);
	/* What cannot be compared does not count against it. */
	assert_int_equal(baseline_of(s, 1, NULL, 0, &a), 0);
	assert_int_equal(baseline_of(s, 2, &mac2, 0, &a), 0);
}

static void test_baselines(void **state)
{
	const struct via_mac mac1 = MAC1;
	struct via_vf_attrs a;
	struct via_store *s = NULL;
	struct host h;

	(void)state;
	host_init(&h);
	must_open_store(&h, &s);
	assert_int_equal(baseline_of(s, 1, NULL, 0, &a), -ENOENT);
	set_baseline(s, 1, &mac1, 5);
	set_baseline(s, 1, &mac1, 7);
	set_baseline(s, 2, NULL, 0);
	check_baselines(s);
	via_store_close(s);
	must_open_store(&h, &s);
	check_baselines(s);
	via_store_close(s);
	host_finish(&h);
}

/* What could not be written is not remembered either: after a restart it would not be there. */
static void test_baseline_on_a_full_disk(void **state)
{
	struct via_vf_list list = {.n = 0};
	struct via_store *s = NULL;
	struct via_vf_attrs a;
	struct host h;

	(void)state;
	host_init(&h);
	assert_int_equal(via_store_open(via_fake_disk_door(h.fake), h.dir, &s, &h.err), 0);
	set_baseline(s, 1, NULL, 5);
	via_fake_disk_space(h.fake, 10);
	assert_int_equal(
		via_store_baseline(s, (struct via_addr){0, 1, 0, 0}, NULL, &list, &h.err), -ENOSPC);
	expect_words(&h, "baselines.json: cannot write: No space");
	assert_int_equal(baseline_of(s, 1, NULL, 0, &a), 0);
	assert_int_equal(a.vlan, 5);
	via_store_close(s);
	host_finish(&h);
}

/* --- the journal --- */

static struct via_journal *open_journal(struct host *h, struct via_unfinished **u)
{
	struct via_journal *j = NULL;

	*u = NULL;
	if (via_journal_open(via_fake_disk_door(h->fake), h->dirfd, h->dir, NULL, &j, u, &h->err))
		return NULL;
	return j;
}

static json_object *intent(struct via_journal *j, uint64_t *session)
{
	const struct via_plan plan = {0};

	*session = via_journal_session(j);
	return via_journal_intent(*session, "apply", "test", NULL, NULL, &plan);
}

/* A record that failed and could not be cut off is never glued to the next, nor taken for one. */
static void test_journal_remains_are_passed_over(void **state)
{
	static const size_t parts[] = {1, 30, 1000000};

	(void)state;
	for (size_t i = 0; i < VIA_ARRAY_SIZE(parts); i++) {
		struct via_unfinished *u;
		struct via_journal *j;
		uint64_t kept, lost, other;
		struct host h;

		host_init(&h);
		j = open_journal(&h, &u);
		assert_non_null(j);
		assert_int_equal(via_journal_append(j, intent(j, &kept), &h.err), 0);
		via_fake_disk_fail(h.fake, VIA_FAKE_DISK_APPEND, 1, 1, ENOSPC, parts[i]);
		via_fake_disk_fail(h.fake, VIA_FAKE_DISK_CUT, 1, 0, EIO, 0);
		assert_int_equal(via_journal_append(j, intent(j, &lost), &h.err), -ENOSPC);
		assert_int_equal(via_journal_append(j, intent(j, &other), &h.err), 0);
		assert_int_equal(via_journal_append(j, via_journal_done(other), &h.err), 0);
		via_journal_close(j);
		via_fake_disk_heal(h.fake);
		j = open_journal(&h, &u);
		if (!j)
			fail_msg("%s", h.err.msg);
		assert_non_null(u);
		assert_int_equal(u->session, kept);
		assert_null(u->next);
		via_unfinished_destroy(u);
		via_journal_close(j);
		host_finish(&h);
	}
}

/* On a full disk the end of a session is not written. It would have kept the journal from ever
 * being emptied again, until it was too large to be read. */
static void test_ends_of_sessions_are_made_up_for(void **state)
{
	struct via_unfinished *u;
	struct via_journal *j;
	uint64_t first, second, third;
	struct host h;

	(void)state;
	host_init(&h);
	j = open_journal(&h, &u);
	assert_non_null(j);
	assert_int_equal(via_journal_append(j, intent(j, &first), &h.err), 0);
	assert_int_equal(via_journal_append(j, intent(j, &second), &h.err), 0);
	via_fake_disk_space(h.fake, 10);
	assert_int_equal(via_journal_append(j, via_journal_done(first), &h.err), -ENOSPC);
	assert_int_equal(via_journal_append(j, via_journal_done(second), &h.err), -ENOSPC);
	via_fake_disk_space(h.fake, SIZE_MAX);
	assert_int_equal(via_journal_append(j, intent(j, &third), &h.err), 0);
	via_journal_close(j);
	j = open_journal(&h, &u);
	assert_non_null(j);
	assert_non_null(u);
	assert_int_equal(u->session, third);
	assert_null(u->next);
	via_unfinished_destroy(u);
	via_journal_close(j);
	host_finish(&h);
}

static void test_advice_about_a_damaged_journal(void **state)
{
	struct via_unfinished *u;
	struct via_journal *j;
	struct host h;

	(void)state;
	host_init(&h);
	shell("printf 'garbage\\n{\"rec\":\"done\",\"session\":1}\\n' > %s/journal.jsonl", h.dir);
	assert_null(open_journal(&h, &u));
	expect_words(&h, "journal.jsonl:1: ");
	run_advice(h.err.msg);
	j = open_journal(&h, &u);
	assert_non_null(j);
	assert_null(u);
	via_journal_close(j);
	host_finish(&h);
}

/* --- the hook --- */

struct calls {
	char text[512];
};

static void on_record(unsigned int n, enum via_journal_point at, void *user)
{
	struct calls *c = user;
	size_t len = strlen(c->text);

	snprintf(c->text + len, sizeof(c->text) - len, "%u%c ", n, "bwa"[at]);
}

static void test_journal_and_ledger_count_together(void **state)
{
	atomic_uint count = 0;
	struct calls calls = {""};
	const struct via_journal_hook hook = {on_record, &calls, &count};
	struct via_claims mem = {0};
	struct via_unfinished *u = NULL;
	struct via_journal *j = NULL;
	struct host h;

	(void)state;
	host_init(&h);
	assert_int_equal(
		via_journal_open(via_disk_linux(), h.dirfd, h.dir, &hook, &j, &u, &h.err), 0);
	assert_int_equal(via_ledger_open(via_disk_linux(), h.dirfd, h.dir, true, &hook, &h.ledger,
				 &h.read, &h.err),
		0);
	assert_int_equal(claim_vf(&h, &mem, 0, 0, 1), 0);
	assert_int_equal(via_journal_append(j, via_journal_done(1), &h.err), 0);
	assert_int_equal(claim_vf(&h, &mem, 0, 1, 1), 0);
	assert_string_equal(calls.text, "1b 1w 1a 2b 2w 2a 3b 3w 3a ");
	via_claims_finish(&mem);
	via_journal_close(j);
	host_finish(&h);
}

#define T(f) cmocka_unit_test(f)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_version),
		T(test_damaged_version),
		T(test_two_daemons),
		T(test_advice_about_damaged_files),
		T(test_baselines),
		T(test_baseline_on_a_full_disk),
		T(test_journal_remains_are_passed_over),
		T(test_ends_of_sessions_are_made_up_for),
		T(test_advice_about_a_damaged_journal),
		T(test_journal_and_ledger_count_together),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
