/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The function-level reset, and a whole release by way of it. */
#include "test_execute.h"

#include "kernel/bind.h"
#include "kernel/scan.h"
#include "model/alloc.h"

#define GUEST_MAC ((struct via_mac){{0x02, 0xaa, 0, 0, 0, 1}})
#define UUID	  "5b5f6f3c-7d1e-4a52-9c33-6f1f3a4b5c6d"

static struct via_step *reset_step(struct bench *b, uint32_t index)
{
	return vf_step(b, VIA_STEP_RESET, index);
}

static struct via_vf_attrs attrs_of(struct bench *b, uint32_t index)
{
	struct via_vf_list l = {0};
	struct via_vf_attrs a;

	assert_int_equal(b->k->ops->get_vfs(b->k, b->eth0, &l, NULL), 0);
	a = l.vfs[index].attrs;
	via_vf_list_finish(&l);
	return a;
}

static void test_reset(void **state)
{
	struct bench *b = *state;
	char *journal;

	make_vfs(b, 2, false);
	free(via_fake_journal(b->f));
	reset_step(b, 1);
	assert_done(b);
	journal = via_fake_journal(b->f);
	assert_string_equal(journal, "write " VIA_PCI_DEVICES "/" VF1_ADDR "/reset 1\n");
	free(journal);
}

/* What the guest chose is wiped, what the PF administers stays: as Linux and igb have it. */
static void test_what_it_wipes(void **state)
{
	struct via_vf_attrs trusted = {.known = BIT(MAC) | BIT(TRUST), .mac = {{2, 0, 0, 0, 0, 7}}};
	struct bench *b = *state;

	make_vfs(b, 2, false);
	assert_true(via_fake_guest_mac(b->f, b->eth0, 0, GUEST_MAC));
	assert_true(via_mac_eq(attrs_of(b, 0).mac, GUEST_MAC));
	via_fake_set_vf(b->f, b->eth0, 1, &trusted);
	assert_false(via_fake_guest_mac(b->f, b->eth0, 1, GUEST_MAC));
	trusted.trust = true;
	via_fake_set_vf(b->f, b->eth0, 1, &trusted);
	assert_true(via_fake_guest_mac(b->f, b->eth0, 1, GUEST_MAC));
	reset_step(b, 0);
	reset_step(b, 1);
	assert_done(b);
	assert_true(via_mac_is_zero(attrs_of(b, 0).mac));
	assert_true(via_mac_eq(attrs_of(b, 1).mac, GUEST_MAC));
	assert_true(attrs_of(b, 1).trust);
}

static void test_guards(void **state)
{
	struct bench *b = *state;
	struct via_step *s;

	make_vfs(b, 2, false);
	via_kernel_write_str(b->k, VF0_PATH "/driver_override", "vfio-pci");
	b->k->ops->load_module(b->k, "vfio-pci");
	via_kernel_write_str(b->k, "sys/bus/pci/drivers_probe", VF0_ADDR);
	via_fake_add_guest(b->f, 900, "web1", UUID, VF0_ADDR);
	reset_step(b, 0);
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, VF0_ADDR, "web1");
	s = pf_step(b, VIA_STEP_RESET, 0);
	ASSERT_FAILS(b, VIA_REFUSED_IN_USE, PF_ADDR, "2 VFs");
	s = reset_step(b, 1);
	s->target = addr(PF_ADDR);
	s->device = 0x10c9;
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, PF_ADDR, "physfn");
	via_fake_swap_card(b->f, PF_ADDR, "52:54:00:76:00:99");
	reset_step(b, 1);
	ASSERT_FAILS(b, VIA_REFUSED_MISMATCH, "another card");
	via_fake_kill(b->f, 900);
}

static void test_failures(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	via_fake_fail(b->f, "write:*/reset", 1, ENOTTY);
	reset_step(b, 0);
	ASSERT_FAILS(b, -ENOTTY, VF0_ADDR, "reset (flr)", "cold start");
	via_fake_fail(b->f, "write:*/reset", 1, EIO);
	reset_step(b, 0);
	ASSERT_FAILS(b, -EIO, VF0_ADDR, "reset (flr)");
	via_kernel_write_str(b->k, VF0_PATH "/reset_method", "\n");
	reset_step(b, 0);
	ASSERT_FAILS(b, VIA_REFUSED_UNSUPPORTED, VF0_ADDR, "switched off", "reset_method");
	via_fake_remove(b->f, VF0_PATH "/reset");
	reset_step(b, 0);
	ASSERT_FAILS(b, VIA_REFUSED_UNSUPPORTED, VF0_ADDR, "no way to reset");
}

static void test_no_undo(void **state)
{
	struct bench *b = *state;
	struct via_step_result r;
	struct via_step *s;

	make_vfs(b, 1, false);
	s = reset_step(b, 0);
	assert_done(b);
	via_execute_undo(b->k, s, &r);
	assert_int_equal(r.code, VIA_REFUSED_UNSUPPORTED);
}

static void test_manifest_keeps_it(void **state)
{
	struct bench *b = *state, copy = *b;
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	make_vfs(b, 1, false);
	assert_true(via_fake_guest_mac(b->f, b->eth0, 0, GUEST_MAC));
	f = open_memstream(&text, &len);
	assert_int_equal(via_fake_save(b->f, f), 0);
	fclose(f);
	copy.f = via_fake_create();
	copy.k = via_fake_kernel(copy.f);
	f = fmemopen(text, len, "r");
	assert_int_equal(via_fake_load(copy.f, f, NULL), 0);
	fclose(f);
	free(text);
	assert_int_equal(via_kernel_write_str(copy.k, VF0_PATH "/reset", "1"), 0);
	assert_true(via_mac_is_zero(attrs_of(&copy, 0).mac));
	via_kernel_destroy(copy.k);
}

/* --- from claim to release --- */

static int driver_for(const struct via_device *dev, enum via_driver_choice choice, char *buf,
	size_t size, void *user)
{
	return via_driver_for(user, dev, choice, buf, size);
}

static struct via_inventory *look(struct bench *b, struct via_world *w)
{
	struct via_inventory *inv = NULL;
	struct via_err e = {0};

	if (via_scan(b->k, NULL, &inv, &e))
		fail_msg("%s", e.msg);
	w->inv = inv;
	return inv;
}

static void run_plan(struct bench *b, struct via_plan *p)
{
	struct via_step_result results[8];

	assert_true(p->n_steps <= 8);
	if (via_execute(b->k, p->steps, p->n_steps, results, &b->unsupported, NULL, NULL) !=
		p->n_steps)
		for (size_t i = 0; i < p->n_steps; i++)
			if (results[i].state == VIA_STEP_FAILED)
				fail_msg("%s: %s", via_step_op_name(p->steps[i].op),
					results[i].message);
	via_plan_destroy(p);
}

/* sriov-cni 214: what a guest set on its VF was there for the next one. */
static void test_sriov_cni_214_nothing_reaches_the_next_owner(void **state)
{
	static const char config[] =
		"{\"pfs\":[{\"label\":\"east\",\"match\":{\"address\":\"" PF_ADDR "\"}}],"
		"\"networks\":[{\"name\":\"blue\",\"vlan\":100,\"trust\":true,\"spoofchk\":false,"
		"\"max_tx_mbps\":100,\"uplinks\":[\"east\"]}]}";
	const struct via_config_source src = {"viaduct.json", config, sizeof(config) - 1};
	struct via_alloc_request q = {
		.uuid = UUID, .name = "web1", .network = "blue", .driver = true};
	struct bench *b = *state;
	struct via_claims claims = {0};
	struct via_world w = {.claims = &claims, .driver_for = driver_for, .user = b->k};
	const struct via_claim *list[1];
	struct via_config *c = NULL;
	struct via_inventory *inv;
	struct via_claim claim;
	struct via_vf_attrs base;
	struct via_err e = {0};
	struct via_plan *p;

	make_vfs(b, 1, true);
	via_fake_carrier(b->f, b->eth0, true);
	base = attrs_of(b, 0);
	assert_int_equal(via_config_parse(&src, 1, &c, NULL, &e), 0);
	w.config = c;
	inv = look(b, &w);
	if (via_alloc(&w, &q, &claim, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(via_claims_add(&claims, &claim, 1, &e), 0);
	list[0] = &claim;
	assert_int_equal(via_claim_plan(&w, list, 1, NULL, &p, &e), 0);
	run_plan(b, p);
	assert_int_equal(attrs_of(b, 0).vlan, 100);
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
	/* The guest runs, trusted, and changes its address. */
	via_fake_add_guest(b->f, 900, "web1", UUID, VF0_ADDR);
	assert_true(via_fake_guest_mac(b->f, b->eth0, 0, GUEST_MAC));
	via_inventory_destroy(inv);
	inv = look(b, &w);
	assert_int_equal(via_release_check(&w, &claim, &base, &e), VIA_REFUSED_IN_USE);
	via_fake_kill(b->f, 900);
	via_inventory_destroy(inv);
	inv = look(b, &w);
	assert_int_equal(via_release_check(&w, &claim, &base, &e), VIA_REFUSED_QUARANTINED);
	assert_int_equal(via_release_plan(&w, &claim, &base, NULL, &p, &e), 0);
	run_plan(b, p);
	via_inventory_destroy(inv);
	inv = look(b, &w);
	if (via_release_check(&w, &claim, &base, &e))
		fail_msg("%s", e.msg);
	assert_true(via_mac_is_zero(attrs_of(b, 0).mac));
	assert_int_equal(attrs_of(b, 0).vlan, 0);
	assert_int_equal(attrs_of(b, 0).max_tx_mbps, 0);
	assert_true(attrs_of(b, 0).spoofchk);
	assert_false(attrs_of(b, 0).trust);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	via_inventory_destroy(inv);
	via_config_destroy(c);
	via_claims_finish(&claims);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_reset), TEST(test_what_it_wipes),
		TEST(test_guards), TEST(test_failures), TEST(test_no_undo),
		TEST(test_manifest_keeps_it),
		TEST(test_sriov_cni_214_nothing_reaches_the_next_owner)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
