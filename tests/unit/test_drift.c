/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/report.h"
#include "test_plan_host.h"

#define ONE(members)                                                                               \
	"{\"drift\":{\"heal\":[\"vlan\",\"driver\",\"pf\"]},"                                      \
	"\"pfs\":[{\"match\":{\"name\":\"eth0\"}," members "}]}"

static struct via_drifts compare(struct host *h, const char *config)
{
	struct via_plan_options opt = host_options(h);
	via_autoinventory *inv = host_inventory(h);
	struct via_config *c = host_config(config);
	struct via_drifts d = {0};
	struct via_err e = {0};

	if (via_drift_compare(inv, c, &opt, &d, &e))
		fail_msg("%s", e.msg);
	via_config_destroy(c);
	return d;
}

/* "0:vlan 100!=none heal; num_vfs 4!=2": every difference in one line. */
static const char *line(const struct via_drifts *d, char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < d->n && n < size; i++) {
		const struct via_drift *x = &d->list[i];
		char index[16] = "";

		if (x->has_vf)
			snprintf(index, sizeof(index), "%u:", x->vf_index);
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s %s!=%s%s%s", i ? "; " : "", index,
			x->what, x->wanted, x->found, x->heal ? " heal" : "",
			x->unsupported ? " unsupported" : "");
	}
	return buf;
}

#define assert_drift(h, config, text)                                                              \
	do {                                                                                       \
		struct via_drifts d_ = compare(h, config);                                         \
		char buf_[2048];                                                                   \
		assert_string_equal(line(&d_, buf_, sizeof(buf_)), text);                          \
		via_drifts_finish(&d_);                                                            \
	} while (0)

static void test_no_drift(void **state)
{
	struct host h = {0};

	(void)state;
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", "eth0"), 2);
	assert_drift(&h, "{}", "");
	assert_drift(
		&h, ONE("\"num_vfs\":2,\"mtu\":1500,\"vf\":{\"driver\":\"host\",\"vlan\":0}"), "");
}

static void test_every_kind(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");

	(void)state;
	host_set_vfs(pf, 2);
	pf->up = false;
	strcpy(pf->eswitch, "legacy");
	pf->vfs[1].missing = true;
	assert_drift(&h,
		ONE("\"num_vfs\":3,\"mtu\":9000,\"eswitch_mode\":\"switchdev\",\"vf\":{\"driver\":"
		    "\"vfio\",\"vlan\":100,\"trust\":true,\"msix\":8,\"mtu\":1400}"),
		"autoprobe off!=on heal; eswitch_mode switchdev!=legacy heal; num_vfs 3!=2; "
		"pf_mtu 9000!=1500 heal; pf_up up!=down heal; 0:driver vfio-pci!=igbvf heal; "
		"0:msix 8!=3 unsupported; 0:trust on!=off; 0:vf_mtu 1400!=1500 heal; "
		"0:vlan 100!=none heal; 1:present present!=absent");
}

static void test_unsupported_is_told_and_never_healed(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");

	(void)state;
	host_set_vfs(pf, 1);
	pf->unsupported = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
	assert_drift(&h, ONE("\"vf\":{\"vlan\":9}"), "0:vlan 9!=none unsupported");
}

static void test_verify_only_is_never_healed(void **state)
{
	struct host h = {0};

	(void)state;
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", "eth0"), 1);
	assert_drift(&h, ONE("\"verify_only\":true,\"num_vfs\":1,\"vf\":{\"vlan\":9}"),
		"0:vlan 9!=none");
}

static void test_the_entry_decides_over_the_global_word(void **state)
{
	struct host h = {0};

	(void)state;
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", "eth0"), 1);
	assert_drift(&h, ONE("\"heal\":[\"trust\"],\"vf\":{\"vlan\":9,\"trust\":true}"),
		"0:trust on!=off heal; 0:vlan 9!=none");
	assert_drift(&h, ONE("\"heal\":false,\"vf\":{\"vlan\":9}"), "0:vlan 9!=none");
	assert_drift(&h, ONE("\"heal\":true,\"num_vfs\":2"), "num_vfs 2!=1 heal");
}

/* What the PF does not tell about is not known to differ. */
static void test_not_known_is_no_drift(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "");

	(void)state;
	host_set_vfs(pf, 1);
	assert_drift(&h, "{\"pfs\":[{\"match\":{\"driver\":\"igb\"},\"vf\":{\"vlan\":9}}]}", "");
}

/* A held VF is compared as well: its owner changed something behind our back, or we did not. */
static void test_held_vf_is_compared(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "eth0");

	(void)state;
	host_set_vfs(pf, 1);
	strcpy(pf->vfs[0].driver, "vfio-pci");
	host_hold(&pf->vfs[0], VIA_HOLDER_DOMAIN, "web1");
	pf->vfs[0].attrs.mac = (struct via_mac){{2, 0, 0, 0, 0, 9}};
	assert_drift(&h, ONE("\"vf\":{\"mac\":\"none\"}"), "");
	assert_drift(&h, ONE("\"vfs\":[{\"index\":0,\"mac\":\"02:00:00:00:00:01\"}]"),
		"0:mac 02:00:00:00:00:01!=02:00:00:00:00:09");
}

static void test_presence(void **state)
{
	struct host h = {0};

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	assert_drift(&h, "{\"pfs\":[{\"match\":{\"address\":\"0000:05:00.0\"}}]}",
		"present present!=absent");
	assert_drift(&h,
		"{\"pfs\":[{\"match\":{\"address\":\"0000:01:00.0\",\"vendor\":\"15b3\"}}]}",
		"present present!=another device (8086:10c9)");
	assert_drift(&h, "{\"pfs\":[{\"match\":{\"mac\":\"02:00:00:00:00:01\"}}]}", "");
}

static void test_pf_without_its_driver(void **state)
{
	struct host h = {0};
	struct host_pf *pf = host_add_pf(&h, "0000:01:00.0", "");
	static const char config[] =
		"{\"pfs\":[{\"match\":{\"address\":\"01:00.0\"},\"num_vfs\":2}]}";

	(void)state;
	strcpy(pf->driver, "vfio-pci");
	assert_drift(&h, config, "driver a driver of the host!=vfio-pci");
	strcpy(pf->driver, "");
	assert_drift(&h, config, "driver a driver of the host!=none");
}

static void test_order(void **state)
{
	struct host h = {0};
	struct via_drifts d;

	(void)state;
	host_set_vfs(host_add_pf(&h, "0000:05:00.0", "eth1"), 2);
	host_set_vfs(host_add_pf(&h, "0000:01:00.0", "eth0"), 2);
	d = compare(&h, "{\"pfs\":[{\"match\":{\"driver\":\"igb\"},\"mtu\":9000,\"vf\":{\"vlan\":1,"
			"\"trust\":true}}]}");
	assert_int_equal(d.n, 10);
	assert_string_equal(via_addr_fmt(d.list[0].pf), "0000:01:00.0");
	assert_string_equal(d.list[0].what, "pf_mtu");
	assert_string_equal(via_addr_fmt(d.list[0].target), "0000:01:00.0");
	assert_string_equal(d.list[1].what, "trust");
	assert_string_equal(via_addr_fmt(d.list[1].target), "0000:02:10.0");
	assert_string_equal(d.list[2].what, "vlan");
	assert_int_equal(d.list[3].vf_index, 1);
	assert_string_equal(via_addr_fmt(d.list[5].pf), "0000:05:00.0");
	via_drifts_finish(&d);
	via_drifts_finish(&d);
}

static void test_conflict(void **state)
{
	struct host h = {0};
	struct via_config *c = host_config("{\"pfs\":[{\"match\":{\"name\":\"eth*\"}},"
					   "{\"match\":{\"driver\":\"igb\"}}]}");
	via_autoinventory *inv = NULL;
	struct via_drifts d = {0};
	struct via_err e = {0};

	(void)state;
	host_add_pf(&h, "0000:01:00.0", "eth0");
	inv = host_inventory(&h);
	assert_int_equal(via_drift_compare(inv, c, NULL, &d, &e), VIA_REFUSED_CONFLICT);
	assert_int_equal(d.n, 0);
	via_config_destroy(c);
}

static void test_step_states(void **state)
{
	(void)state;
	assert_string_equal(via_step_state_name(VIA_STEP_PENDING), "pending");
	assert_string_equal(via_step_state_name(VIA_STEP_SKIPPED), "skipped");
	assert_string_equal(via_step_state_name((enum via_step_state)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_drift),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_unsupported_is_told_and_never_healed),
		cmocka_unit_test(test_verify_only_is_never_healed),
		cmocka_unit_test(test_the_entry_decides_over_the_global_word),
		cmocka_unit_test(test_not_known_is_no_drift),
		cmocka_unit_test(test_held_vf_is_compared),
		cmocka_unit_test(test_presence),
		cmocka_unit_test(test_pf_without_its_driver),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_step_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
