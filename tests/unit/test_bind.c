/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Binding: verified, rolled back half-way, by module or driver name. */
#include "test_execute.h"

#include "kernel/bind.h"

#define OVERRIDE VF0_PATH "/driver_override"

static int bind_vf(struct bench *b, const char *driver, struct via_err *err)
{
	return via_bind(b->k, addr(VF0_ADDR), driver, driver, err);
}

static void test_bind_loads_module(void **state)
{
	struct bench *b = *state;
	struct via_err err = {0};

	make_vfs(b, 1, true);
	assert_false(via_fake_exists(b->f, "sys/bus/pci/drivers/vfio-pci"));
	assert_int_equal(bind_vf(b, "vfio-pci", &err), 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "vfio-pci");
	/* Again: nothing to do. */
	free(via_fake_journal(b->f));
	assert_int_equal(bind_vf(b, "vfio-pci", &err), 0);
	char *journal = via_fake_journal(b->f);
	assert_string_equal(journal, "");
	free(journal);
}

static void test_module_name_will_do(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, true);
	assert_int_equal(bind_vf(b, "vfio_pci", NULL), 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "vfio-pci");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "vfio-pci");
}

static void test_keep_override(void **state)
{
	struct bench *b = *state;

	make_vfs(b, 1, false);
	assert_int_equal(via_bind(b->k, addr(VF0_ADDR), "igbvf", "", NULL), 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "(null)");
	/* Bound already, another override wanted. */
	assert_int_equal(via_bind(b->k, addr(VF0_ADDR), "igbvf", "igbvf", NULL), 0);
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "igbvf");
}

static void test_no_such_device(void **state)
{
	struct bench *b = *state;
	struct via_err err = {0};

	assert_int_equal(bind_vf(b, "vfio-pci", &err), VIA_REFUSED_NOT_FOUND);
	assert_non_null(strstr(err.msg, VF0_ADDR));
	assert_int_equal(via_unbind(b->k, addr(VF0_ADDR), "", &err), VIA_REFUSED_NOT_FOUND);
}

static void test_no_such_driver(void **state)
{
	struct bench *b = *state;
	struct via_err err = {0};

	make_vfs(b, 1, true);
	assert_int_equal(bind_vf(b, "nosuch", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "module nosuch cannot be loaded"));
	assert_int_equal(bind_vf(b, "../x", &err), VIA_REFUSED_INVALID);
	assert_int_equal(bind_vf(b, "", &err), VIA_REFUSED_INVALID);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "(null)");
}

static void test_no_iommu(void **state)
{
	struct bench *b = *state;
	struct via_err err = {0};

	make_vfs(b, 1, true);
	via_fake_remove(b->f, VF0_PATH "/iommu_group");
	assert_int_equal(bind_vf(b, "vfio-pci", &err), VIA_REFUSED_NO_IOMMU);
	assert_non_null(strstr(err.msg, "IOMMU"));
	assert_non_null(strstr(err.msg, "driver igbvf as before"));
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "(null)");
}

/* Whatever write goes wrong, the device ends as it began, and err says so. */
static void test_rolls_back(void **state)
{
	static const char *const steps[] = {
		"write:*/driver_override", "write:*/driver/unbind", "write:*/drivers_probe"};
	struct bench *b = *state;
	struct via_err err;

	make_vfs(b, 1, true);
	via_kernel_write_str(b->k, OVERRIDE, "igbvf");
	for (size_t i = 0; i < 3; i++) {
		via_fake_fail(b->f, steps[i], 1, EIO);
		assert_int_equal(bind_vf(b, "vfio-pci", &err), -EIO);
		assert_non_null(strstr(err.msg, VF0_ADDR));
		assert_non_null(strstr(err.msg, "driver igbvf as before"));
		assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
		assert_string_equal(via_fake_text(b->f, OVERRIDE), "igbvf");
	}
}

/* A VF whose PF has autoprobe off can only be put back by name. */
static void test_rolls_back_without_autoprobe(void **state)
{
	struct bench *b = *state;
	struct via_err err;

	make_vfs(b, 1, false);
	assert_int_equal(via_bind(b->k, addr(VF0_ADDR), "igbvf", "", NULL), 0);
	via_fake_fail(b->f, "write:*/drivers_probe", 1, EIO);
	assert_int_equal(bind_vf(b, "vfio-pci", &err), -EIO);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "(null)");
}

static void test_rollback_fails_too(void **state)
{
	struct bench *b = *state;
	struct via_err err;

	make_vfs(b, 1, true);
	via_fake_fail(b->f, "write:*/drivers_probe", 0, EIO);
	assert_int_equal(bind_vf(b, "vfio-pci", &err), -EIO);
	assert_non_null(strstr(err.msg, "going back failed as well"));
	assert_non_null(strstr(err.msg, "no driver now"));
	assert_non_null(strstr(err.msg, "driver igbvf"));
}

static void test_probe_is_silent(void **state)
{
	struct bench *b = *state;
	struct via_err err;

	/* The probe's failure does not show in the write (really_probe). */
	static const struct via_fake_driver picky = {
		.name = "picky", .loaded = true, .override_only = true};
	via_fake_add_driver(b->f, &picky);
	make_vfs(b, 1, true);
	assert_int_equal(bind_vf(b, "picky", &err), 0);
	assert_int_equal(via_unbind(b->k, addr(VF0_ADDR), "", &err), 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "");
}

static void test_unbind(void **state)
{
	struct bench *b = *state;
	struct via_err err;

	make_vfs(b, 1, true);
	assert_int_equal(via_unbind(b->k, addr(VF0_ADDR), "vfio-pci", &err), 0);
	assert_string_equal(DRIVER(b, VF0_PATH), "");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "vfio-pci");
	assert_int_equal(via_unbind(b->k, addr(VF0_ADDR), "", &err), 0);
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "(null)");
}

static void test_unbind_rolls_back(void **state)
{
	struct bench *b = *state;
	struct via_err err;

	make_vfs(b, 1, true);
	via_fake_fail(b->f, "write:*/driver/unbind", 1, EIO);
	assert_int_equal(via_unbind(b->k, addr(VF0_ADDR), "vfio-pci", &err), -EIO);
	assert_string_equal(DRIVER(b, VF0_PATH), "igbvf");
	assert_string_equal(via_fake_text(b->f, OVERRIDE), "(null)");
	assert_non_null(strstr(err.msg, "as before"));
}

static void test_driver_of(void **state)
{
	struct bench *b = *state;
	char buf[64], tiny[2];

	make_vfs(b, 1, false);
	assert_int_equal(via_driver_of(b->k, addr(PF_ADDR), buf, sizeof(buf)), 0);
	assert_string_equal(buf, "igb");
	assert_int_equal(via_driver_of(b->k, addr(VF0_ADDR), buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(via_driver_of(b->k, addr("0000:7f:00.0"), buf, sizeof(buf)), -ENOENT);
	assert_true(via_driver_of(b->k, addr(PF_ADDR), tiny, sizeof(tiny)) < 0);
}

static void test_driver_for(void **state)
{
	static const struct via_fake_driver variant = {.name = "igbvf-vfio-pci",
		.module = "igbvf_vfio_pci",
		.override_only = true,
		.match = {"vfio_pci:v00008086d000010CAsv*sd*bc*sc*i*"}};
	struct bench *b = *state;
	struct via_device dev = {
		.modalias = "pci:v00008086d000010CAsv00001AF4sd00001100bc02sc00i00"};
	char buf[64], tiny[4];

	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_VFIO, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "vfio-pci");
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_HOST, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "igbvf");
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_NONE, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_VFIO, tiny, sizeof(tiny)), -ENOENT);
	/* The variant for these ids goes before the driver for all. */
	via_fake_add_driver(b->f, &variant);
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_VFIO, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "igbvf_vfio_pci");
	assert_int_equal(b->k->ops->load_module(b->k, "igbvf_vfio_pci"), 0);
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_VFIO, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "igbvf-vfio-pci");
	dev.modalias = NULL;
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_HOST, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(via_driver_for(b->k, &dev, VIA_DRIVER_VFIO, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "vfio-pci");
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_bind_loads_module),
		TEST(test_module_name_will_do), TEST(test_keep_override), TEST(test_no_such_device),
		TEST(test_no_such_driver), TEST(test_no_iommu), TEST(test_rolls_back),
		TEST(test_rolls_back_without_autoprobe), TEST(test_rollback_fails_too),
		TEST(test_probe_is_silent), TEST(test_unbind), TEST(test_unbind_rolls_back),
		TEST(test_driver_of), TEST(test_driver_for)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
