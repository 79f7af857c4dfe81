/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/pci.h"

static void put(uint8_t *c, size_t at, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c[at + i] = (uint8_t)(v >> 8 * i);
}

/* PCIe capability at 0x40, MSI-X at 0x80, AF at 0x90; ACS at 0x100, serial number at 0x120. */
static void full(uint8_t c[4096])
{
	memset(c, 0, 4096);
	put(c, 0x06, 0x10, 2);
	put(c, 0x34, 0x40, 1);
	put(c, 0x40, 0x8010, 2);
	put(c, 0x42, 0x0062, 2);   /* version 2, downstream port */
	put(c, 0x44, 1u << 28, 4); /* FLR */
	put(c, 0x4c, 0x103, 4);	   /* LNKCAP: 8 GT/s, x16 */
	put(c, 0x52, 0x0082, 2);   /* LNKSTA: 5 GT/s, x8 */
	put(c, 0x6c, 0x1e, 4);	   /* LNKCAP2: 2.5 to 16 GT/s */
	put(c, 0x80, 0x9011, 2);
	put(c, 0x82, 0x803f, 2); /* enabled, 64 entries */
	put(c, 0x90, 0x0013, 2);
	put(c, 0x100, 0x1201000d, 4); /* ACS, next 0x120 */
	put(c, 0x104, 0x001d001f, 4);
	put(c, 0x120, 0x00010003, 4);
	put(c, 0x124, 0x55667788, 4);
	put(c, 0x128, 0x11223344, 4);
}

static void test_all(void **state)
{
	const uint8_t serial[8] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
	struct via_pci_caps caps;
	uint8_t c[4096];

	(void)state;
	full(c);
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_true(caps.pcie && caps.flr && caps.has_acs && caps.has_serial);
	assert_int_equal(caps.port_type, 6);
	assert_int_equal(caps.msix, 64);
	assert_int_equal(caps.link_speed, 50);
	assert_int_equal(caps.link_width, 8);
	assert_int_equal(caps.link_max_speed, 160); /* LNKCAP2 knows better */
	assert_int_equal(caps.link_max_width, 16);
	assert_memory_equal(caps.serial, serial, 8);
	assert_int_equal(via_pci_acs(&caps), VIA_ACS_FULL);
}

static void test_version_1(void **state)
{
	struct via_pci_caps caps;
	uint8_t c[4096];

	(void)state;
	full(c);
	put(c, 0x42, 0x0061, 2);
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_int_equal(caps.link_max_speed, 80); /* LNKCAP2 is another device's register */
}

static void test_af_flr(void **state)
{
	struct via_pci_caps caps;
	uint8_t c[4096];

	(void)state;
	full(c);
	put(c, 0x44, 0, 4);
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_false(caps.flr);
	put(c, 0x93, 2, 1); /* FLR without transactions pending: the kernel wants both */
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_false(caps.flr);
	put(c, 0x93, 3, 1);
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_true(caps.flr);
}

static void test_acs(void **state)
{
	static const struct {
		uint16_t ctrl;
		enum via_acs want;
	} cases[] = {
		{0x1d, VIA_ACS_FULL},
		{0x5d, VIA_ACS_FULL},
		{0x1c, VIA_ACS_PARTIAL},
		{0x0d, VIA_ACS_PARTIAL},
		{0, VIA_ACS_PARTIAL},
	};
	struct via_pci_caps caps;
	uint8_t c[4096];

	(void)state;
	full(c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(c, 0x106, cases[i].ctrl, 2);
		via_pci_parse_config(c, sizeof(c), &caps);
		assert_int_equal(via_pci_acs(&caps), cases[i].want);
	}
	put(c, 0x100, 0, 4);
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_int_equal(via_pci_acs(&caps), VIA_ACS_ABSENT);
	/* Without extended space, or without the right to read, nobody knows. */
	via_pci_parse_config(c, 256, &caps);
	assert_int_equal(via_pci_acs(&caps), VIA_ACS_UNKNOWN);
	via_pci_parse_config(c, 64, &caps);
	assert_int_equal(via_pci_acs(&caps), VIA_ACS_UNKNOWN);
}

/* Every length; the copy is as long as it says, so that a sanitizer sees a read past it. */
static void test_cut_off(void **state)
{
	struct via_pci_caps caps;
	uint8_t c[4096];

	(void)state;
	full(c);
	for (size_t len = 0; len <= 0x140; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, c, len);
		via_pci_parse_config(copy, len, &caps);
		assert_true(caps.msix == 0 || len >= 0x84);
		assert_true(!caps.has_serial || len >= 0x12c);
		free(copy);
	}
}

static void test_loops(void **state)
{
	struct via_pci_caps caps;
	uint8_t c[4096];

	(void)state;
	full(c);
	put(c, 0x81, 0x40, 1);	      /* MSI-X leads back to PCIe */
	put(c, 0x120, 0x10010003, 4); /* the serial number back to ACS */
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_true(caps.pcie && caps.has_serial);
	memset(c, 0xff, sizeof(c)); /* a device that has gone */
	via_pci_parse_config(c, sizeof(c), &caps);
	assert_false(caps.pcie || caps.has_acs || caps.has_serial || caps.msix);
	put(c, 0x34, 0xfc, 1); /* a capability on the last bytes */
	put(c, 0xfc, 0x11, 2);
	via_pci_parse_config(c, 256, &caps);
	assert_int_equal(caps.link_speed, 0);
}

static void test_names(void **state)
{
	struct via_pci_names *n = via_pci_names_create();
	char text[128], tiny[4];

	(void)state;
	assert_non_null(n);
	via_pci_vendor_name(n, 0x8086, text, sizeof(text));
	assert_string_equal(text, "Intel Corporation");
	via_pci_device_name(n, 0x8086, 0x10c9, text, sizeof(text));
	assert_string_equal(text, "82576 Gigabit Network Connection");
	via_pci_device_name(n, 0x8086, 0xfffe, text, sizeof(text));
	assert_string_equal(text, "");
	via_pci_vendor_name(n, 0xffff, text, sizeof(text));
	assert_string_equal(text, "Illegal Vendor ID"); /* the last one of the list */
	via_pci_device_name(n, 0x8087, 0x10c9, text, sizeof(text));
	assert_string_equal(text, ""); /* the neighbour's */
	via_pci_device_name(n, 0x0001, 0x8139, text, sizeof(text));
	assert_string_equal(text, ""); /* the next one's */
	via_pci_vendor_name(n, 0x8086, tiny, sizeof(tiny));
	assert_string_equal(tiny, "Int");
	via_pci_names_destroy(n);
	via_pci_names_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_version_1),
		cmocka_unit_test(test_af_flr),
		cmocka_unit_test(test_acs),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_loops),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
