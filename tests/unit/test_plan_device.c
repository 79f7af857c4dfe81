/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DirectPath: plans for one device. */
#include "test_plan_host.h"

struct call {
	struct host *h;
	struct via_plan *plan;
	struct via_err err;
	struct via_plan_options opt;
};

static void finish(struct call *c)
{
	via_plan_destroy(c->plan);
}
#define autocall __attribute__((cleanup(finish))) struct call

static int bind_it(struct call *c, struct via_addr addr, const char *driver)
{
	via_autoinventory *inv = host_inventory(c->h);

	via_plan_destroy(via_steal(&c->plan));
	c->opt.driver_for = host_driver_for;
	c->opt.user = c->h;
	return via_plan_bind(inv, addr, driver, &c->opt, &c->plan, &c->err);
}

static int unbind_it(struct call *c, struct via_addr addr, const char *original)
{
	via_autoinventory *inv = host_inventory(c->h);

	via_plan_destroy(via_steal(&c->plan));
	c->opt.driver_for = host_driver_for;
	c->opt.user = c->h;
	return via_plan_unbind(inv, addr, original, &c->opt, &c->plan, &c->err);
}

static void test_bind_nic(void **state)
{
	struct host h = {.has_nic = true, .nic_driver = "e1000e"};
	autocall c = {.h = &h};

	(void)state;
	assert_int_equal(bind_it(&c, HOST_NIC, ""), 0);
	assert_ops(c.plan, "bind");
	assert_string_equal(c.plan->steps[0].set.text, "vfio-pci");
	assert_string_equal(c.plan->steps[0].set.override, "vfio-pci");
	assert_string_equal(c.plan->steps[0].undo.text, "e1000e");
	assert_true(via_addr_eq(c.plan->steps[0].pf, HOST_NIC));
	assert_false(c.plan->steps[0].has_vf);
	assert_int_equal(c.plan->steps[0].device, 0x10d3);
	assert_int_equal(c.plan->disruption, VIA_DISRUPTION_VF_RESET);
	assert_int_equal(c.plan->steps[0].id, 1);
	assert_int_equal(c.plan->inventory_generation, 42);
	strcpy(h.nic_driver, "vfio-pci");
	assert_int_equal(bind_it(&c, HOST_NIC, ""), 0);
	assert_ops(c.plan, "");
}

static void test_bind_vf_runs_on_its_pfs_queue(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	autocall c = {.h = &h};

	(void)state;
	host_set_vfs(pf, 2);
	assert_int_equal(bind_it(&c, host_vf_addr(pf, 1), NULL), 0);
	assert_ops(c.plan, "bind");
	assert_true(via_addr_eq(c.plan->steps[0].pf, pf->addr));
	assert_true(c.plan->steps[0].has_vf);
	assert_int_equal(c.plan->steps[0].vf_index, 1);
	assert_true(c.plan->steps[0].has_pf_mac);
}

/* Functions of one card may go one after the other; the first one's step says so. */
static void test_bind_says_what_else_the_group_needs(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	autocall c = {.h = &h};

	(void)state;
	host_set_vfs(pf, 2);
	pf->vfs[0].group = pf->vfs[1].group = 7;
	assert_int_equal(bind_it(&c, host_vf_addr(pf, 0), ""), 0);
	assert_non_null(strstr(c.plan->steps[0].reason, "needs"));
	assert_non_null(strstr(c.plan->steps[0].reason, "0000:02:10.2 (igbvf)"));
	strcpy(pf->vfs[1].driver, "vfio-pci");
	assert_int_equal(bind_it(&c, host_vf_addr(pf, 0), ""), 0);
	assert_string_equal(c.plan->steps[0].reason, "asked for vfio-pci, found igbvf");
}

static void test_bind_refusals(void **state)
{
	struct host h = {.has_nic = true, .nic_driver = "e1000e"};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	autocall c = {.h = &h};

	(void)state;
	assert_int_equal(bind_it(&c, (struct via_addr){0, 0x77, 0, 0}, ""), VIA_REFUSED_NOT_FOUND);
	assert_non_null(strstr(c.err.msg, "0000:77:00.0"));
	assert_int_equal(bind_it(&c, HOST_NIC, "../../etc"), VIA_REFUSED_INVALID);
	host_set_vfs(pf, 2);
	assert_int_equal(bind_it(&c, pf->addr, ""), VIA_REFUSED_IN_USE);
	assert_non_null(strstr(c.err.msg, "VFs"));
	/* To another driver of the host they would go as well. */
	assert_int_equal(bind_it(&c, pf->addr, "uio_pci_generic"), VIA_REFUSED_IN_USE);
	host_hold(&pf->vfs[0], VIA_HOLDER_DOMAIN, "web1");
	assert_int_equal(bind_it(&c, host_vf_addr(pf, 0), ""), VIA_REFUSED_IN_USE);
	assert_non_null(strstr(c.err.msg, "domain web1 (pid 812)"));
	h.no_iommu = true;
	assert_int_equal(bind_it(&c, HOST_NIC, ""), VIA_REFUSED_NO_IOMMU);
	assert_non_null(strstr(c.err.msg, "add intel_iommu=on iommu=pt"));
	assert_null(c.plan);
}

static void test_bind_protected(void **state)
{
	struct host h = {.has_nic = true, .nic_driver = "e1000e", .nic_protected = true};
	struct via_addr nic = HOST_NIC;
	autocall c = {.h = &h};

	(void)state;
	assert_int_equal(bind_it(&c, HOST_NIC, ""), VIA_REFUSED_PROTECTED);
	assert_non_null(strstr(c.err.msg, "--disturb 0000:09:00.0"));
	assert_int_equal(bind_it(&c, HOST_NIC, "uio_pci_generic"), VIA_REFUSED_PROTECTED);
	c.opt.disturb = &nic;
	c.opt.n_disturb = 1;
	assert_int_equal(bind_it(&c, HOST_NIC, ""), 0);
	assert_ops(c.plan, "bind");
}

static void test_unbind(void **state)
{
	struct host h = {.has_nic = true, .nic_driver = "vfio-pci", .nic_override = "vfio-pci"};
	autocall c = {.h = &h};

	(void)state;
	assert_int_equal(unbind_it(&c, HOST_NIC, "e1000e"), 0);
	assert_ops(c.plan, "bind");
	assert_string_equal(c.plan->steps[0].set.text, "e1000e");
	assert_string_equal(c.plan->steps[0].set.override, "");
	assert_string_equal(c.plan->steps[0].undo.text, "vfio-pci");
	assert_string_equal(c.plan->steps[0].undo.override, "vfio-pci");
	assert_int_equal(unbind_it(&c, HOST_NIC, ""), 0);
	assert_string_equal(c.plan->steps[0].set.text, "igbvf");
	h.no_host_driver = true;
	assert_int_equal(unbind_it(&c, HOST_NIC, ""), 0);
	assert_ops(c.plan, "unbind");
	assert_string_equal(c.plan->steps[0].set.override, "");
}

static void test_unbind_has_nothing_to_do(void **state)
{
	struct host h = {.has_nic = true, .nic_driver = "e1000e"};
	autocall c = {.h = &h};

	(void)state;
	assert_int_equal(unbind_it(&c, HOST_NIC, ""), 0);
	assert_ops(c.plan, "");
	assert_int_equal(unbind_it(&c, HOST_NIC, "e1000e"), 0);
	assert_ops(c.plan, "");
	h.nic_driver[0] = '\0';
	h.no_host_driver = true;
	assert_int_equal(unbind_it(&c, HOST_NIC, ""), 0);
	assert_ops(c.plan, "");
}

static void test_unbind_refuses_a_holder(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");
	autocall c = {.h = &h};

	(void)state;
	host_set_vfs(pf, 1);
	strcpy(pf->vfs[0].driver, "vfio-pci");
	host_hold(&pf->vfs[0], VIA_HOLDER_PROCESS, "testpmd");
	assert_int_equal(unbind_it(&c, host_vf_addr(pf, 0), ""), VIA_REFUSED_IN_USE);
	assert_non_null(strstr(c.err.msg, "process testpmd (pid 812)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_nic),
		cmocka_unit_test(test_bind_vf_runs_on_its_pfs_queue),
		cmocka_unit_test(test_bind_says_what_else_the_group_needs),
		cmocka_unit_test(test_bind_refusals),
		cmocka_unit_test(test_bind_protected),
		cmocka_unit_test(test_unbind),
		cmocka_unit_test(test_unbind_has_nothing_to_do),
		cmocka_unit_test(test_unbind_refuses_a_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
