/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VF attributes: one batch, the truth about each attribute, nothing hidden, nothing believed. */
#include "test_execute.h"

static const struct via_mac mac1 = {{0x52, 0x54, 0, 0xaa, 0, 1}};

static struct via_vf_attrs all_attrs(void)
{
	return (struct via_vf_attrs){.known = BIT(MAC) | BIT(VLAN) | BIT(RATE) | BIT(SPOOFCHK) |
					      BIT(LINK_STATE) | BIT(TRUST),
		.mac = mac1,
		.vlan = 100,
		.qos = 3,
		.vlan_proto = VIA_VLAN_PROTO_8021Q,
		.max_tx_mbps = 500,
		.link_state = VIA_LINK_ENABLE,
		.trust = true};
}

static struct via_step *all_step(struct bench *b, uint32_t index)
{
	struct via_step *s = vf_step(b, VIA_STEP_VF_ATTRS, index);

	s->set.attrs = all_attrs();
	s->set.attrs.mac.b[5] = (uint8_t)index;
	return s;
}

static enum via_attr_outcome outcome(struct bench *b, size_t i, enum via_vf_attr a)
{
	return b->results[i].attrs.attr[a].outcome;
}

static void test_one_batch(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 7, false);
	for (uint32_t i = 0; i < 7; i++)
		vlan_step(b, i, (uint16_t)(100 + i));
	assert_done(b);
	assert_int_equal(via_fake_calls(b->f, "set_vfs"), 1);
	for (uint32_t i = 0; i < 7; i++) {
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_VLAN), VIA_OUTCOME_APPLIED);
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_MAC), VIA_OUTCOME_NONE);
		assert_int_equal(b->results[i].left.vlan, 100 + i);
	}
}

/* igb lacks link state, which comes before trust. */
static void test_unsupported_hides_nothing(void **state)
{
	struct bench *b = *state;
	struct via_vf_list l;

	make_vfs(b, 7, false);
	for (uint32_t i = 0; i < 7; i++)
		all_step(b, i);
	assert_done(b);
	assert_int_equal(b->unsupported, BIT(LINK_STATE));
	assert_int_equal(b->k->ops->get_vfs(b->k, b->eth0, &l, NULL), 0);
	for (uint32_t i = 0; i < 7; i++) {
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_LINK_STATE), VIA_OUTCOME_UNSUPPORTED);
		assert_int_equal(
			b->results[i].attrs.attr[VIA_VF_ATTR_LINK_STATE].error, EOPNOTSUPP);
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_MAC), VIA_OUTCOME_APPLIED);
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_TRUST), VIA_OUTCOME_APPLIED);
		assert_true(l.vfs[i].attrs.trust);
		assert_int_equal(l.vfs[i].attrs.max_tx_mbps, 500);
	}
	via_vf_list_finish(&l);
	/* The batch; the first VF attribute by attribute; the others again as a batch. */
	assert_int_equal(via_fake_calls(b->f, "set_vfs"), 3);
}

static void test_learnt_is_left_out(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	b->unsupported = BIT(LINK_STATE);
	all_step(b, 0);
	all_step(b, 1);
	assert_done(b);
	assert_int_equal(via_fake_calls(b->f, "set_vfs"), 1);
	assert_int_equal(outcome(b, 1, VIA_VF_ATTR_LINK_STATE), VIA_OUTCOME_UNSUPPORTED);
	assert_int_equal(outcome(b, 1, VIA_VF_ATTR_TRUST), VIA_OUTCOME_APPLIED);
	/* A VF of which nothing can be set sends nothing. */
	vf_step(b, VIA_STEP_VF_ATTRS, 0)->set.attrs =
		(struct via_vf_attrs){.known = BIT(LINK_STATE), .link_state = VIA_LINK_ENABLE};
	assert_done(b);
	assert_int_equal(via_fake_calls(b->f, "set_vfs"), 1);
}

static void test_refused_is_named(void **state)
{
	struct bench *b = *state;
	const struct via_attr_result *a;

	make_vfs(b, 3, false);
	via_fake_refuse(b->f, PF_ADDR, 1, VIA_VF_ATTR_VLAN, EPERM, -1, "VLAN is locked by policy");
	for (uint32_t i = 0; i < 3; i++)
		all_step(b, i)->set.attrs.known &= ~BIT(LINK_STATE);
	pf_step(b, VIA_STEP_AUTOPROBE, 1);
	assert_int_equal(run(b), 2);
	a = &b->results[1].attrs.attr[VIA_VF_ATTR_VLAN];
	assert_int_equal(a->outcome, VIA_OUTCOME_REFUSED);
	assert_int_equal(a->error, EPERM);
	assert_string_equal(a->extack, "VLAN is locked by policy");
	/* What it hid is set all the same. */
	assert_int_equal(outcome(b, 1, VIA_VF_ATTR_TRUST), VIA_OUTCOME_APPLIED);
	assert_int_equal(b->results[1].state, VIA_STEP_FAILED);
	assert_int_equal(b->results[1].code, VIA_REFUSED_KERNEL_REFUSED);
	assert_non_null(strstr(b->results[1].message, "VF 1 of " PF_ADDR));
	assert_non_null(strstr(b->results[1].message, "vlan 100"));
	assert_non_null(strstr(b->results[1].message, "locked by policy"));
	/* VF 2 went out in the same batch: its result is its own. What follows is not run. */
	assert_int_equal(b->results[2].state, VIA_STEP_DONE);
	assert_int_equal(b->results[3].state, VIA_STEP_SKIPPED);
	assert_int_equal(b->unsupported, 0);
}

static void test_refused_and_unsupported(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	for (uint32_t i = 0; i < 2; i++)
		all_step(b, i)->set.attrs.min_tx_mbps = 10; /* igb: EINVAL */
	assert_int_equal(run(b), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_RATE), VIA_OUTCOME_REFUSED);
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_LINK_STATE), VIA_OUTCOME_UNSUPPORTED);
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_SPOOFCHK), VIA_OUTCOME_APPLIED);
		assert_int_equal(outcome(b, i, VIA_VF_ATTR_TRUST), VIA_OUTCOME_APPLIED);
	}
}

static void test_failed_is_neither(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	via_fake_refuse(b->f, PF_ADDR, -1, VIA_VF_ATTR_MAC, EIO, -1, NULL);
	all_step(b, 0);
	assert_int_equal(run(b), 0);
	assert_int_equal(outcome(b, 0, VIA_VF_ATTR_MAC), VIA_OUTCOME_FAILED);
	assert_int_equal(b->results[0].code, -EIO);
	assert_int_equal(outcome(b, 0, VIA_VF_ATTR_VLAN), VIA_OUTCOME_APPLIED);
}

static void test_not_kept(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	via_fake_ignore(b->f, PF_ADDR, VIA_VF_ATTR_SPOOFCHK);
	all_step(b, 0)->set.attrs.known &= ~BIT(LINK_STATE);
	assert_int_equal(run(b), 0);
	assert_int_equal(outcome(b, 0, VIA_VF_ATTR_SPOOFCHK), VIA_OUTCOME_FAILED);
	assert_non_null(strstr(b->results[0].message, "reads back different"));
	assert_non_null(strstr(b->results[0].message, "it is on"));
	assert_true(b->results[0].left.spoofchk);
	assert_int_equal(outcome(b, 0, VIA_VF_ATTR_VLAN), VIA_OUTCOME_APPLIED);
}

static void test_retries_what_passes(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 3, false);
	via_fake_refuse(b->f, PF_ADDR, 1, VIA_VF_ATTR_VLAN, EAGAIN, 2, NULL);
	for (uint32_t i = 0; i < 3; i++)
		vlan_step(b, i, 9);
	assert_done(b);
	assert_int_equal(via_fake_calls(b->f, "set_vfs"), 3);
	assert_int_equal(b->results[1].left.vlan, 9);
}

static void test_retries_end(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	via_fake_refuse(b->f, PF_ADDR, 0, VIA_VF_ATTR_VLAN, EBUSY, -1, NULL);
	vlan_step(b, 0, 9);
	assert_int_equal(run(b), 0);
	assert_int_equal(outcome(b, 0, VIA_VF_ATTR_VLAN), VIA_OUTCOME_FAILED);
	assert_int_equal(b->results[0].code, -EBUSY);
	assert_in_range(b->results[0].took_ms, 1900, 6000);
}

static void test_exchange_fails(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	via_fake_fail(b->f, "set_vfs:eth0", 1, ENOBUFS);
	vlan_step(b, 0, 9);
	vlan_step(b, 1, 9);
	assert_int_equal(run(b), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(b->results[i].code, -ENOBUFS);
		assert_non_null(strstr(b->results[i].message, PF_ADDR));
		/* and what it left was read */
		assert_true(b->results[i].left.known & BIT(VLAN));
	}
	via_fake_fail(b->f, "get_vfs:eth0", 1, EIO);
	assert_int_equal(run(b), 0);
	assert_int_equal(b->results[0].code, -EIO);
}

static void test_guard_cuts_batch(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 3, false);
	vlan_step(b, 0, 5);
	vlan_step(b, 1, 5)->device = 0x9999;
	vlan_step(b, 2, 5);
	assert_int_equal(run(b), 1);
	assert_int_equal(b->results[0].state, VIA_STEP_DONE);
	assert_int_equal(b->results[1].code, VIA_REFUSED_MISMATCH);
	assert_int_equal(b->results[2].state, VIA_STEP_SKIPPED);
}

static void test_batches_are_adjacent_steps(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	vlan_step(b, 0, 5);
	pf_step(b, VIA_STEP_PF_MTU, 2000);
	vlan_step(b, 1, 5);
	assert_done(b);
	assert_int_equal(via_fake_calls(b->f, "set_vfs"), 2);
}

static void test_rate_waits_for_link(void **state)
{
	struct bench *b = *state;

	/* igb's link flaps when VFs are made. */
	via_fake_carrier_delay(b->f, b->eth0, 100);
	make_vfs(b, 1, false);
	vf_step(b, VIA_STEP_VF_ATTRS, 0)->set.attrs =
		(struct via_vf_attrs){.known = BIT(RATE), .max_tx_mbps = 100};
	assert_done(b);
	assert_int_equal(b->results[0].left.max_tx_mbps, 100);
	/* A PF that is down gets none: not waited for, and told. */
	pf_step(b, VIA_STEP_PF_UP, 0);
	vf_step(b, VIA_STEP_VF_ATTRS, 0)->set.attrs =
		(struct via_vf_attrs){.known = BIT(RATE), .max_tx_mbps = 200};
	assert_int_equal(run(b), 1);
	assert_int_equal(outcome(b, 1, VIA_VF_ATTR_RATE), VIA_OUTCOME_REFUSED);
	assert_true(b->results[1].took_ms < 1000);
}

static void test_list_that_wraps(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 3, false);
	via_fake_wrap_vfs(b->f, b->eth0, 2);
	for (uint32_t i = 0; i < 3; i++)
		vlan_step(b, i, 5);
	assert_int_equal(run(b), 2);
	/* Not read back is not applied. */
	assert_int_equal(outcome(b, 2, VIA_VF_ATTR_VLAN), VIA_OUTCOME_FAILED);
	assert_int_equal(b->results[2].attrs.attr[VIA_VF_ATTR_VLAN].error, ENODATA);
	assert_int_equal(b->results[2].left.known, 0);
}

/* A min rate that is not supported says nothing about max rates (ice with DCB). */
static void test_min_rate_teaches_nothing(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 2, false);
	via_fake_refuse(b->f, PF_ADDR, 0, VIA_VF_ATTR_RATE, EOPNOTSUPP, -1, NULL);
	via_fake_set_traits(b->f, PF_ADDR, &(struct via_fake_pf_traits){0});
	vf_step(b, VIA_STEP_VF_ATTRS, 0)->set.attrs =
		(struct via_vf_attrs){.known = BIT(RATE), .min_tx_mbps = 10, .max_tx_mbps = 100};
	vf_step(b, VIA_STEP_VF_ATTRS, 1)->set.attrs =
		(struct via_vf_attrs){.known = BIT(RATE), .max_tx_mbps = 100};
	assert_done(b);
	assert_int_equal(outcome(b, 0, VIA_VF_ATTR_RATE), VIA_OUTCOME_UNSUPPORTED);
	assert_int_equal(outcome(b, 1, VIA_VF_ATTR_RATE), VIA_OUTCOME_APPLIED);
	assert_int_equal(b->unsupported, 0);
}

/* Another mode, other operations. */
static void test_eswitch_forgets(void **state)
{
	struct bench *b = *state;

	via_fake_set_eswitch(b->f, PF_ADDR, "legacy", true);
	b->unsupported = BIT(VLAN);
	strcpy(pf_step(b, VIA_STEP_ESWITCH, 0)->set.text, "switchdev");
	assert_done(b);
	assert_int_equal(b->unsupported, 0);
}

static void test_bare_engine(void **state)
{
	struct bench *b = *state;
	struct via_vf_set sets[2] = {{.index = 1, .attrs = all_attrs()}, {.index = 0}};
	struct via_attrs_result results[2];

	make_vfs(b, 2, false);
	assert_int_equal(
		via_execute_vf_attrs(b->k, b->eth0, sets, 2, results, NULL, NULL, NULL), 0);
	assert_int_equal(results[0].attr[VIA_VF_ATTR_VLAN].outcome, VIA_OUTCOME_APPLIED);
	assert_int_equal(results[0].attr[VIA_VF_ATTR_LINK_STATE].outcome, VIA_OUTCOME_UNSUPPORTED);
	for (unsigned int i = 0; i < VIA_VF_ATTR_COUNT; i++)
		assert_int_equal(results[1].attr[i].outcome, VIA_OUTCOME_NONE);
	assert_int_equal(
		via_execute_vf_attrs(b->k, b->eth0, sets, 0, results, NULL, NULL, NULL), 0);
	assert_int_equal(
		via_execute_vf_attrs(b->k, 999, sets, 2, results, NULL, NULL, NULL), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_one_batch),
		TEST(test_unsupported_hides_nothing), TEST(test_learnt_is_left_out),
		TEST(test_refused_is_named), TEST(test_refused_and_unsupported),
		TEST(test_failed_is_neither), TEST(test_not_kept), TEST(test_retries_what_passes),
		TEST(test_retries_end), TEST(test_exchange_fails), TEST(test_guard_cuts_batch),
		TEST(test_batches_are_adjacent_steps), TEST(test_rate_waits_for_link),
		TEST(test_list_that_wraps), TEST(test_min_rate_teaches_nothing),
		TEST(test_eswitch_forgets), TEST(test_bare_engine)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
