/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "kernel/uevent.h"

#define ADDR(bus_, dev_, fn_)                                                                      \
	{                                                                                          \
		.bus = (bus_), .dev = (dev_), .fn = (fn_)                                          \
	}

static void test_pci_of(void **state)
{
	static const struct {
		const char *path;
		bool found;
		struct via_addr addr;
	} cases[] = {
		{"/sys/devices/pci0000:00/0000:00:01.0/0000:01:10.2", true, ADDR(1, 0x10, 2)},
		{"/sys/devices/pci0000:00/0000:00:01.0/0000:01:10.2/net/eth2", true,
			ADDR(1, 0x10, 2)},
		{"/sys/devices/pci0000:00/0000:00:03.0/virtio0/net/eth0", true, ADDR(0, 3, 0)},
		{"/sys/devices/pci0000:00/0000:00:03.0/vfio-dev/vfio0", true, ADDR(0, 3, 0)},
		{"/sys/devices/pci10000:e0/10000:e0:02.0/10000:e1:00.0/net/e0", true,
			{0x10000, 0xe1, 0, 0}},
		{"/sys/devices/virtual/net/br0", false, {0}},
		{"/sys/devices/virtual/vfio/12", false, {0}},
		{"/sys/devices/platform/01:00.0/net/eth0", false, {0}},
		{"/sys/devices/pci0000:00/0000:00:1g.0", false, {0}},
		{"", false, {0}},
		{"////", false, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct via_addr a = {0};

		assert_int_equal(via_uevent_pci_of(cases[i].path, &a), cases[i].found);
		if (cases[i].found)
			assert_true(via_addr_eq(a, cases[i].addr));
	}
}

static void test_actions(void **state)
{
	enum via_uevent_action a;

	(void)state;
	assert_int_equal(via_uevent_action_parse("remove", &a), 0);
	assert_int_equal(a, VIA_UEVENT_REMOVE);
	assert_int_equal(via_uevent_action_parse("unbind", &a), 0);
	assert_int_equal(a, VIA_UEVENT_UNBIND);
	assert_int_equal(via_uevent_action_parse("lost", &a), -EINVAL);
	assert_int_equal(via_uevent_action_parse("", &a), -EINVAL);
	assert_int_equal(via_uevent_action_parse(NULL, &a), -EINVAL);
	assert_int_equal(a, VIA_UEVENT_UNBIND);
}

/* An event that the kernel makes up when asked; needs root and a writable /sys. */
static void make_event(struct via_kernel *k)
{
	if (via_kernel_write_str(k, "sys/class/net/lo/uevent", "change") < 0) {
		via_kernel_destroy(k);
		skip();
	}
}

static int wait_event(struct via_kernel *k, struct via_uevent *ret)
{
	struct pollfd p = {.fd = k->ops->uevent_fd(k), .events = POLLIN};
	int r = 0;

	for (int i = 0; r == 0 && i < 10 && poll(&p, 1, 500) > 0; i++)
		r = k->ops->next_uevent(k, ret);
	return r;
}

static void test_live(void **state)
{
	struct via_kernel *k;
	struct via_uevent e;

	(void)state;
	assert_int_equal(via_kernel_linux_create(-1, &k, NULL), 0);
	/* Nobody has asked for events yet. */
	assert_int_equal(k->ops->next_uevent(k, &e), 0);
	assert_true(k->ops->uevent_fd(k) >= 0);
	assert_int_equal(k->ops->uevent_fd(k), k->ops->uevent_fd(k));
	make_event(k);
	do
		assert_int_equal(wait_event(k, &e), 1);
	while (strcmp(e.sysname, "lo") != 0);
	assert_int_equal(e.action, VIA_UEVENT_CHANGE);
	assert_string_equal(e.subsystem, "net");
	assert_false(e.has_pci);
	via_kernel_destroy(k);
}

/* More events than the socket holds: the loss is told, and what comes after it arrives. */
static void test_overrun(void **state)
{
	struct via_kernel *k;
	struct via_uevent e;
	bool lost = false;
	int tiny = 1;

	(void)state;
	assert_int_equal(via_kernel_linux_create(-1, &k, NULL), 0);
	assert_int_equal(
		setsockopt(k->ops->uevent_fd(k), SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
	for (int i = 0; i < 100; i++)
		make_event(k);
	while (wait_event(k, &e) > 0 && !lost)
		lost = e.action == VIA_UEVENT_LOST;
	assert_true(lost);
	while (wait_event(k, &e) > 0)
		;
	make_event(k);
	assert_int_equal(wait_event(k, &e), 1);
	assert_int_equal(e.action, VIA_UEVENT_CHANGE);
	via_kernel_destroy(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pci_of),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
