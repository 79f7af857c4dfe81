/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading, writing and listing: what each call answers for what is not as it thinks. */
#include "contract/contract.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void test_read(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(host.k->ops->read(host.k, PF("vendor"), buf, sizeof(buf)), 7);
	assert_memory_equal(buf, "0x8086\n", 7);
	assert_int_equal(host.k->ops->read(host.k, PF("vendor"), buf, 3), 3);
	assert_int_equal(host.k->ops->read(host.k, PF("nosuch"), buf, 3), -ENOENT);
	assert_int_equal(host.k->ops->read(host.k, PF("vendor/x"), buf, 3), -ENOTDIR);
	assert_int_equal(host.k->ops->read(host.k, PF(""), buf, 3), -EISDIR);
	assert_int_equal(host.k->ops->read(host.k, "sys/bus/pci/drivers_probe", buf, 3), -EACCES);
}

static void test_read_config(void **state)
{
	uint8_t config[4096];
	ssize_t n = host.k->ops->read(host.k, PF("config"), config, sizeof(config));

	(void)state;
	assert_int_equal(n, 4096);
	assert_int_equal(config[0] | config[1] << 8, 0x8086);
	assert_int_equal(config[2] | config[3] << 8, 0x10c9);
}

static void test_write(void **state)
{
	(void)state;
	assert_int_equal(put(PF("nosuch"), "1"), -ENOENT);
	assert_int_equal(put(PF("vendor"), "1"), -EACCES);
	assert_int_equal(put(PF(""), "1"), -EISDIR);
	assert_int_equal(put("sys/bus/pci/nosuch/x", "1"), -ENOENT);
}

static int count(const char *name, void *user)
{
	int *found = user;

	assert_true(strcmp(name, ".") && strcmp(name, ".."));
	*found += !strcmp(name, "vendor") || !strcmp(name, "driver") || !strcmp(name, "net");
	return 0;
}

static int stop(const char *name, void *user)
{
	(void)name;
	(void)user;
	return 42;
}

static void test_list(void **state)
{
	int found = 0;

	(void)state;
	assert_int_equal(host.k->ops->list(host.k, PF(""), count, &found), 0);
	assert_int_equal(found, 3);
	assert_int_equal(host.k->ops->list(host.k, PF(""), stop, NULL), 42);
	assert_int_equal(host.k->ops->list(host.k, PF("vendor"), count, &found), -ENOTDIR);
	assert_int_equal(host.k->ops->list(host.k, PF("nosuch"), count, &found), -ENOENT);
}

static void test_readlink(void **state)
{
	char buf[256], name[64];

	(void)state;
	assert_int_equal(host.k->ops->readlink(host.k, PF("driver"), buf, sizeof(buf)), 0);
	assert_non_null(strstr(buf, "/bus/pci/drivers/igb"));
	assert_int_equal(host.k->ops->readlink(host.k, PF("driver"), buf, 5), -ENAMETOOLONG);
	assert_int_equal(host.k->ops->readlink(host.k, PF("vendor"), buf, sizeof(buf)), -EINVAL);
	assert_int_equal(host.k->ops->readlink(host.k, PF("nosuch"), buf, sizeof(buf)), -ENOENT);
	assert_int_equal(via_kernel_link_name(host.k, PF("subsystem"), name, sizeof(name)), 0);
	assert_string_equal(name, "pci");
	/* The net device's class entry leads to its PCI function. */
	assert_int_equal(host.k->ops->readlink(host.k, "sys/class/net/eth0", buf, sizeof(buf)), 0);
	assert_non_null(strstr(buf, host.pf_text));
}

static void test_stat(void **state)
{
	struct via_stat st;

	(void)state;
	assert_int_equal(host.k->ops->stat(host.k, PF(""), &st), 0);
	assert_true(S_ISDIR(st.mode));
	assert_int_equal(host.k->ops->stat(host.k, PF("sriov_numvfs"), &st), 0);
	assert_true(S_ISREG(st.mode));
	assert_int_equal(st.mode & 0777, 0644);
	assert_int_equal(st.uid, 0);
	/* followed */
	assert_int_equal(host.k->ops->stat(host.k, PF("driver"), &st), 0);
	assert_true(S_ISDIR(st.mode));
	assert_int_equal(host.k->ops->stat(host.k, PF("nosuch"), &st), -ENOENT);
	assert_int_equal(host.k->ops->stat(host.k, PF("vendor/x"), &st), -ENOTDIR);
}

static void test_modes(void **state)
{
	static const struct {
		const char *attr;
		mode_t mode;
	} modes[] = {{"vendor", 0444}, {"sriov_totalvfs", 0444}, {"sriov_numvfs", 0644},
		{"sriov_drivers_autoprobe", 0644}, {"driver_override", 0644}, {"reset", 0200},
		{"reset_method", 0644}, {"config", 0644}, {"numa_node", 0644}, {"modalias", 0444}};
	struct via_stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(host.k->ops->stat(host.k, PF(modes[i].attr), &st), 0);
		assert_int_equal(st.mode & 0777, modes[i].mode);
	}
}

static void test_identity(void **state)
{
	(void)state;
	assert_string_equal(GET(PF("device")), "0x10c9");
	assert_string_equal(GET(PF("class")), "0x020000");
	assert_string_equal(GET(PF("sriov_totalvfs")), "7");
	assert_string_equal(GET(PF("sriov_offset")), "128");
	assert_string_equal(GET(PF("sriov_stride")), "2");
	assert_string_equal(GET(PF("sriov_vf_device")), "10ca");
	assert_string_equal(GET(PF("sriov_vf_total_msix")), "0");
	assert_string_equal(GET(PF("numa_node")), "-1");
	assert_string_equal(
		GET(PF("modalias")), "pci:v00008086d000010C9sv00001AF4sd00001100bc02sc00i00");
}

int contract_files(void)
{
	const struct CMUnitTest tests[] = {CONTRACT_TEST(test_read),
		CONTRACT_TEST(test_read_config), CONTRACT_TEST(test_write),
		CONTRACT_TEST(test_list), CONTRACT_TEST(test_readlink), CONTRACT_TEST(test_stat),
		CONTRACT_TEST(test_modes), CONTRACT_TEST(test_identity)};

	return cmocka_run_group_tests_name("contract files", tests, NULL, NULL);
}
