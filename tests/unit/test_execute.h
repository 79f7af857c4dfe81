/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of execute share: a fake with one igb PF, and steps for it. */
#ifndef VIA_TESTS_UNIT_TEST_EXECUTE_H
#define VIA_TESTS_UNIT_TEST_EXECUTE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake/fake.h"
#include "kernel/execute.h"

#define PF_ADDR	 "0000:01:00.0"
#define VF0_ADDR "0000:01:10.0"
#define VF1_ADDR "0000:01:10.2"
#define PF_PATH	 VIA_PCI_DEVICES "/" PF_ADDR
#define VF0_PATH VIA_PCI_DEVICES "/" VF0_ADDR
#define BIT(a)	 VIA_ATTR_BIT(VIA_VF_ATTR_##a)

struct bench {
	struct via_fake *f;
	struct via_kernel *k;
	struct via_step steps[16];
	struct via_step_result results[16];
	size_t n;
	uint32_t unsupported;
	int eth0;
};

static inline struct via_addr addr(const char *text)
{
	struct via_addr a;

	assert_int_equal(via_addr_parse(text, &a), 0);
	return a;
}

static inline int bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	b->f = via_fake_create();
	b->k = via_fake_kernel(b->f);
	via_fake_add_usual_drivers(b->f);
	via_fake_add_igb(b->f, PF_ADDR, "eth0", "52:54:00:76:00:01");
	b->eth0 = via_fake_ifindex(b->f, "eth0");
	*state = b;
	return 0;
}

static inline int bench_teardown(void **state)
{
	struct bench *b = *state;

	via_kernel_destroy(b->k);
	free(b);
	return 0;
}

/* A step for the PF, with its identity filled in as the plan does. */
static inline struct via_step *pf_step(struct bench *b, enum via_step_op op, uint32_t number)
{
	struct via_step *s = &b->steps[b->n++];

	*s = (struct via_step){.id = (uint32_t)b->n,
		.op = op,
		.pf = addr(PF_ADDR),
		.target = addr(PF_ADDR),
		.has_pf_mac = true,
		.vendor = 0x8086,
		.device = 0x10c9,
		.set = {.number = number}};
	assert_int_equal(via_mac_parse("52:54:00:76:00:01", &s->pf_mac), 0);
	return s;
}

static inline struct via_step *vf_step(struct bench *b, enum via_step_op op, uint32_t index)
{
	struct via_step *s = pf_step(b, op, 0);

	s->target = addr(VF0_ADDR);
	s->target.dev = (uint8_t)(0x10 + index / 4);
	s->target.fn = (uint8_t)(index % 4 * 2);
	s->vf_index = index;
	s->has_vf = true;
	s->device = 0x10ca;
	return s;
}

static inline struct via_step *bind_step(struct bench *b, uint32_t index, const char *driver)
{
	struct via_step *s = vf_step(b, VIA_STEP_BIND, index);

	strcpy(s->set.text, driver);
	strcpy(s->set.override, driver);
	return s;
}

static inline struct via_step *vlan_step(struct bench *b, uint32_t index, uint16_t vlan)
{
	struct via_step *s = vf_step(b, VIA_STEP_VF_ATTRS, index);

	s->set.attrs = (struct via_vf_attrs){
		.known = BIT(VLAN), .vlan = vlan, .vlan_proto = VIA_VLAN_PROTO_8021Q};
	return s;
}

static inline size_t run(struct bench *b)
{
	return via_execute(b->k, b->steps, b->n, b->results, &b->unsupported, NULL, NULL);
}

/* Runs the only step there is: it fails with code, and its message says all of these. */
static inline void assert_fails(struct bench *b, int code, const char *const *words)
{
	assert_int_equal(run(b), 0);
	assert_int_equal(b->results[0].state, VIA_STEP_FAILED);
	if (b->results[0].code != code)
		print_error("%s\n", b->results[0].message);
	assert_int_equal(b->results[0].code, code);
	for (; *words; words++) {
		if (!strstr(b->results[0].message, *words))
			print_error("\"%s\" lacks \"%s\"\n", b->results[0].message, *words);
		assert_non_null(strstr(b->results[0].message, *words));
	}
	b->n = 0;
}
#define ASSERT_FAILS(b, code, ...) assert_fails(b, code, (const char *const[]){__VA_ARGS__, NULL})

static inline void assert_done(struct bench *b)
{
	size_t done = run(b);

	if (done != b->n)
		print_error("%s\n", b->results[done].message);
	assert_int_equal(done, b->n);
	for (size_t i = 0; i < b->n; i++)
		assert_int_equal(b->results[i].state, VIA_STEP_DONE);
	b->n = 0;
}

static inline void make_vfs(struct bench *b, uint32_t n, bool autoprobe)
{
	via_kernel_write_str(b->k, PF_PATH "/sriov_drivers_autoprobe", autoprobe ? "1" : "0");
	pf_step(b, VIA_STEP_NUM_VFS, n);
	assert_done(b);
}

static inline const char *driver_of(struct bench *b, const char *path, char buf[64])
{
	char link[128];

	snprintf(link, sizeof(link), "%s/driver", path);
	if (via_kernel_link_name(b->k, link, buf, 64))
		buf[0] = '\0';
	return buf;
}
#define DRIVER(b, path) driver_of(b, path, (char[64]){0})

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)

#endif
