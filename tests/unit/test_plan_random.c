/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random hosts and random configurations, the same ones in every run: the plan's steps never do
 * what the kernel would refuse, a second plan has nothing to do, undoing goes all the way back.
 */
#include "base/strbuf.h"
#include "model/report.h"
#include "test_plan_host.h"

#define ROUNDS 3000

static uint64_t seed;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 33) % sides;
}

static bool chance(uint32_t percent)
{
	return dice(100) < percent;
}

static const char *one_of(const char *const *words, uint32_t n)
{
	return words[dice(n)];
}

static void random_vf(const struct host *h, struct host_vf *v)
{
	static const char *const drivers[] = {"", HOST_DRIVER, "vfio-pci", "vfio-pci"};

	strcpy(v->driver, one_of(drivers, h->no_iommu ? 2 : 4));
	if (chance(20))
		strcpy(v->override, v->driver);
	if (chance(30))
		v->attrs.vlan = (uint16_t)dice(3);
	if (chance(30))
		v->attrs.mac = (struct via_mac){{2, 0, 0, 0, (uint8_t)dice(2), (uint8_t)dice(4)}};
	if (chance(10))
		v->attrs.known &= dice(VIA_ATTR_ALL + 1);
	v->missing = chance(3);
	if (chance(20) && *v->driver && !v->missing)
		host_hold(v, (enum via_holder_kind)dice(4), "holder");
	v->group = chance(10) ? (int)dice(3) + 1 : 0;
}

static void random_pf(struct host *h, const char *addr, const char *name)
{
	struct host_pf *p = host_add_pf(h, addr, chance(90) ? name : "");

	p->total = 1 + dice(HOST_VFS - 1);
	p->offset = 1 + dice(300);
	p->stride = 1 + dice(9);
	p->autoprobe = chance(50);
	p->up = chance(60);
	p->protected = chance(20);
	p->vf_total_msix = chance(50) ? 64 : 0;
	p->unsupported = chance(40) ? dice(VIA_ATTR_ALL + 1) : 0;
	strcpy(p->eswitch, chance(50) ? "" : chance(50) ? "legacy" : "switchdev");
	if (chance(5))
		strcpy(p->driver, chance(50) ? "" : "vfio-pci");
	host_set_vfs(p, chance(40) ? 0 : dice(p->total + 1));
	for (uint32_t i = 0; i < p->num; i++)
		random_vf(h, &p->vfs[i]);
}

static void random_host(struct host *h)
{
	static const char *const addrs[] = {"0000:01:00.0", "0000:05:00.1", "0001:80:1f.0"};
	char name[16];

	*h = (struct host){.no_iommu = chance(15), .no_host_driver = chance(15)};
	for (uint32_t i = 0, n = 1 + dice(3); i < n; i++) {
		snprintf(name, sizeof(name), "eth%u", i);
		random_pf(h, addrs[i], name);
	}
}

static void random_attrs(struct via_strbuf *b)
{
	static const char *const drivers[] = {"vfio", "host", "none", "vfio-pci", HOST_DRIVER};
	static const char *const links[] = {"auto", "enable", "disable"};

	if (chance(40)) {
		uint32_t vlan = dice(4);

		via_strbuf_addf(b, ",\"vlan\":%u", vlan);
		if (vlan && chance(40))
			via_strbuf_addf(b, ",\"qos\":%u", dice(8));
	}
	if (chance(30))
		via_strbuf_addf(b, ",\"min_tx_mbps\":%u,\"max_tx_mbps\":%u", dice(5), 5 + dice(5));
	if (chance(30))
		via_strbuf_addf(b, ",\"spoofchk\":%s", chance(50) ? "true" : "false");
	if (chance(30))
		via_strbuf_addf(b, ",\"trust\":%s", chance(50) ? "true" : "false");
	if (chance(20))
		via_strbuf_addf(b, ",\"link_state\":\"%s\"", one_of(links, 3));
	if (chance(50))
		via_strbuf_addf(b, ",\"driver\":\"%s\"", one_of(drivers, 5));
	if (chance(40))
		via_strbuf_addf(b, ",\"mac\":\"%s\"", chance(60) ? "derived" : "none");
	if (chance(20))
		via_strbuf_addf(b, ",\"msix\":%u", 2 + dice(3));
	if (chance(20))
		via_strbuf_addf(b, ",\"mtu\":%u", 1400 + 100 * dice(2));
}

static void random_entry(struct via_strbuf *b, const struct host_pf *p)
{
	uint32_t n = chance(80) ? dice(p->total + 1) : p->num;

	via_strbuf_addf(b, "{\"match\":{\"address\":\"%s\"}", via_addr_fmt(p->addr));
	if (chance(80))
		via_strbuf_addf(b, ",\"num_vfs\":%u", n);
	else
		n = HOST_VFS;
	if (chance(30))
		via_strbuf_addf(b, ",\"autoprobe\":%s", chance(50) ? "true" : "false");
	if (chance(30))
		via_strbuf_addf(b, ",\"mtu\":%u", 1500 + 7500 * dice(2));
	if (chance(20))
		via_strbuf_addf(b, ",\"eswitch_mode\":\"%s\"", chance(50) ? "legacy" : "switchdev");
	if (chance(20))
		via_strbuf_addf(b, ",\"protect\":%s", chance(50) ? "true" : "false");
	if (chance(10))
		via_strbuf_adds(b, ",\"verify_only\":true");
	via_strbuf_adds(b, ",\"vf\":{\"rss_query\":false");
	random_attrs(b);
	via_strbuf_adds(b, "},\"vfs\":[");
	for (uint32_t i = 0, k = n ? dice(3) : 0; i < k; i++) {
		uint32_t first = dice(n);

		via_strbuf_addf(b, "%s{\"first\":%u,\"last\":%u", i ? "," : "", first,
			first + dice(n - first));
		random_attrs(b);
		via_strbuf_adds(b, "}");
	}
	via_strbuf_adds(b, "]}");
}

static void random_config(struct via_strbuf *b, const struct host *h)
{
	via_strbuf_reset(b);
	via_strbuf_adds(b, "{\"pfs\":[");
	for (size_t i = 0; i < h->n_pfs; i++) {
		via_strbuf_adds(b, i ? "," : "");
		random_entry(b, &h->pfs[i]);
	}
	via_strbuf_adds(b, "]}");
}

static struct via_plan_options random_options(struct host *h)
{
	struct via_plan_options opt = host_options(h);

	opt.recreate = chance(50);
	if (chance(50)) {
		opt.disturb = &h->pfs[0].addr;
		opt.n_disturb = 1;
	}
	return opt;
}

static void check_shape(const struct via_plan *p)
{
	enum via_disruption highest = VIA_DISRUPTION_NONE;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct via_step *s = &p->steps[i];

		assert_int_equal(s->id, i + 1);
		assert_true(*s->reason);
		if (s->disruption > highest)
			highest = s->disruption;
		/* Every step can be taken back, but for what a VF had before anybody looked. */
		if (s->op != VIA_STEP_VF_ATTRS && s->op != VIA_STEP_VF_MTU &&
			s->op != VIA_STEP_VF_MSIX)
			assert_true(s->has_undo);
	}
	assert_int_equal(p->disruption, highest);
	for (size_t i = 0; i < p->n_refusals; i++) {
		assert_int_not_equal(p->refusals[i].code, VIA_REFUSAL_NONE);
		assert_true(*p->refusals[i].message);
	}
}

/* Two plans from the same input are the same, byte for byte. */
static void check_same(const struct via_plan *a, const struct via_plan *b)
{
	assert_int_equal(a->n_steps, b->n_steps);
	assert_int_equal(a->n_refusals, b->n_refusals);
	for (size_t i = 0; i < a->n_steps; i++) {
		assert_string_equal(a->steps[i].reason, b->steps[i].reason);
		assert_int_equal(a->steps[i].op, b->steps[i].op);
		assert_true(via_addr_eq(a->steps[i].target, b->steps[i].target));
	}
	for (size_t i = 0; i < a->n_refusals; i++)
		assert_string_equal(a->refusals[i].message, b->refusals[i].message);
}

static void check_fixpoint(struct host *h, const char *config, const struct via_plan_options *opt)
{
	host_autoplan *p = host_plan_with(h, config, opt), *same = NULL, *again = NULL;

	check_shape(p);
	same = host_plan_with(h, config, opt);
	check_same(p, same);
	host_apply(h, p);
	again = host_plan_with(h, config, opt);
	if (again->n_steps)
		fail_msg("still %s: %s\n%s", via_step_op_name(again->steps[0].op),
			again->steps[0].reason, config);
}

static void test_a_second_plan_has_nothing_to_do(void **state)
{
	via_autostrbuf config = VIA_STRBUF_INIT;
	struct host h;

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct via_plan_options opt;

		seed = i;
		random_host(&h);
		random_config(&config, &h);
		opt = random_options(&h);
		check_fixpoint(&h, via_strbuf_str(&config), &opt);
	}
}

/* With nobody in the way, what is wanted comes about: no drift is left but what cannot be. */
static void test_no_drift_is_left(void **state)
{
	via_autostrbuf config = VIA_STRBUF_INIT;
	struct host h;
	int compared = 0;

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct via_plan_options opt;
		host_autoplan *p = NULL;
		struct via_drifts d = {0};
		struct via_config *c;
		via_autoinventory *inv = NULL;

		seed = 1000000 + i;
		random_host(&h);
		random_config(&config, &h);
		opt = random_options(&h);
		p = host_plan_with(&h, via_strbuf_str(&config), &opt);
		if (p->n_refusals)
			continue;
		host_apply(&h, p);
		inv = host_inventory(&h);
		c = host_config(via_strbuf_str(&config));
		assert_int_equal(via_drift_compare(inv, c, &opt, &d, NULL), 0);
		for (size_t k = 0; k < d.n; k++)
			if (!d.list[k].unsupported)
				fail_msg("%s: wanted %s, found %s\n%s", d.list[k].what,
					d.list[k].wanted, d.list[k].found, via_strbuf_str(&config));
		via_drifts_finish(&d);
		via_config_destroy(c);
		compared++;
	}
	assert_true(compared > 200);
}

/* Until the VFs themselves are made anew, undoing backwards ends where it began. */
static void test_undo_goes_all_the_way_back(void **state)
{
	via_autostrbuf config = VIA_STRBUF_INIT;
	struct host h, before;
	int undone = 0;

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		host_autoplan *p = NULL;
		struct via_plan_options opt;

		seed = 2000000 + i;
		random_host(&h);
		random_config(&config, &h);
		opt = host_options(&h);
		p = host_plan_with(&h, via_strbuf_str(&config), &opt);
		before = h;
		host_apply(&h, p);
		for (size_t k = p->n_steps; k-- > 0;)
			if (p->steps[k].has_undo)
				host_set(&h, &p->steps[k], &p->steps[k].undo);
		for (size_t k = 0; k < h.n_pfs; k++) {
			struct host_pf *a = &before.pfs[k], *b = &h.pfs[k];

			assert_int_equal(a->num, b->num);
			assert_int_equal(a->autoprobe, b->autoprobe);
			assert_int_equal(a->mtu, b->mtu);
			assert_int_equal(a->up, b->up);
			assert_string_equal(a->eswitch, b->eswitch);
			for (uint32_t v = 0; v < a->num; v++) {
				uint32_t known = a->vfs[v].attrs.known;

				assert_string_equal(a->vfs[v].driver, b->vfs[v].driver);
				assert_int_equal(a->vfs[v].msix, b->vfs[v].msix);
				b->vfs[v].attrs.known = known;
				assert_int_equal(
					via_vf_attrs_diff(&a->vfs[v].attrs, &b->vfs[v].attrs), 0);
			}
		}
		undone += p->n_steps > 0;
	}
	assert_true(undone > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_second_plan_has_nothing_to_do),
		cmocka_unit_test(test_no_drift_is_left),
		cmocka_unit_test(test_undo_goes_all_the_way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
