/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The contract of the door, written once for every door behind struct via_kernel. */
#ifndef VIA_TESTS_CONTRACT_H
#define VIA_TESTS_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel/kernel.h"

/* The host the tests run on: a PF that igb drives and nobody needs. */
struct host {
	struct via_kernel *k;
	struct via_addr pf;
	char pf_text[VIA_ADDR_STR_MAX];
	const char *netdev;
	const char *vf_driver;
	struct via_mac perm_mac;
	uint32_t total;
};
extern struct host host;

/* sys/bus/pci/devices/ADDR/ATTR; lives until the end of the enclosing block. */
const char *dev_path(const char *addr, const char *attr, char buf[256]);
#define DEV(addr, attr) dev_path((addr), (attr), (char[256]){0})
#define PF(attr)	DEV(host.pf_text, attr)

int put(const char *path, const char *text);
const char *get(const char *path, char buf[256]);
#define GET(path) get((path), (char[256]){0})
bool exists(const char *path);
/* The address virtfnN leads to; "" without one. */
const char *vf_addr(uint32_t index, char buf[VIA_ADDR_STR_MAX]);
#define VF(index) vf_addr((index), (char[VIA_ADDR_STR_MAX]){0})
/* "" without a driver. */
const char *driver_of(const char *addr, char buf[64]);
#define DRIVER(addr) driver_of((addr), (char[64]){0})
void make_vfs(uint32_t n, bool autoprobe);
int pf_index(void);
struct via_link pf_link(void);
/* Up, with a link: waits for it. */
void pf_up(bool up);
struct via_vf_attrs vf_state(uint32_t index);
/* One message to one VF; its errno. */
int set_vf(uint32_t index, const struct via_vf_attrs *a);

/* Before and after each test: no VFs, no overrides, autoprobe on, PF on its driver and up. */
int contract_setup(void **state);
int contract_teardown(void **state);
#define CONTRACT_TEST(fn) cmocka_unit_test_setup_teardown(fn, contract_setup, contract_teardown)

int contract_files(void);
int contract_sriov(void);
int contract_bind(void);
int contract_attrs(void);
int contract_net(void);
int contract_execute(void);

#endif
