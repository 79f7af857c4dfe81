/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "contract fake" or "contract linux [PF NETDEV]": the same tests against both doors. */
#include "contract/contract.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fake/fake.h"

#define CARRIER_WAIT_MS 6000

struct host host = {.netdev = "eth0", .vf_driver = "igbvf", .total = 7};

const char *dev_path(const char *addr, const char *attr, char buf[256])
{
	snprintf(buf, 256, VIA_PCI_DEVICES "/%s/%s", addr, attr);
	return buf;
}

int put(const char *path, const char *text)
{
	return host.k->ops->write(host.k, path, text, strlen(text));
}

const char *get(const char *path, char buf[256])
{
	assert_int_equal(via_kernel_read_str(host.k, path, buf, 256), 0);
	return buf;
}

bool exists(const char *path)
{
	struct via_stat st;

	return host.k->ops->stat(host.k, path, &st) == 0;
}

const char *vf_addr(uint32_t index, char buf[VIA_ADDR_STR_MAX])
{
	char link[32];

	snprintf(link, sizeof(link), "virtfn%u", index);
	if (via_kernel_link_name(host.k, PF(link), buf, VIA_ADDR_STR_MAX))
		buf[0] = '\0';
	return buf;
}

const char *driver_of(const char *addr, char buf[64])
{
	if (via_kernel_link_name(host.k, DEV(addr, "driver"), buf, 64))
		buf[0] = '\0';
	return buf;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

struct via_link pf_link(void)
{
	struct via_net net = {0};
	struct via_link l = {0};

	assert_int_equal(host.k->ops->get_net(host.k, false, &net, NULL), 0);
	for (size_t i = 0; i < net.n_links; i++)
		if (!strcmp(net.links[i].parent, host.pf_text))
			l = net.links[i];
	via_net_finish(&net);
	return l;
}

int pf_index(void)
{
	return pf_link().ifindex;
}

void pf_up(bool up)
{
	struct via_link_set set = {.has_up = true, .up = up};

	assert_int_equal(host.k->ops->set_link(host.k, pf_index(), &set, NULL), 0);
	for (int waited = 0; up && !pf_link().carrier && waited < CARRIER_WAIT_MS; waited += 50)
		pause_ms(50);
	assert_int_equal(pf_link().up, up);
	assert_int_equal(pf_link().carrier, up);
}

void make_vfs(uint32_t n, bool autoprobe)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	assert_int_equal(put(PF("sriov_drivers_autoprobe"), autoprobe ? "1" : "0"), 0);
	assert_int_equal(put(PF("sriov_numvfs"), text), 0);
	assert_string_equal(GET(PF("sriov_numvfs")), text);
}

struct via_vf_attrs vf_state(uint32_t index)
{
	struct via_vf_list l = {0};
	struct via_vf_attrs a;

	assert_int_equal(host.k->ops->get_vfs(host.k, pf_index(), &l, NULL), 0);
	assert_true(l.complete);
	assert_true(index < l.n);
	assert_int_equal(l.vfs[index].index, index);
	a = l.vfs[index].attrs;
	via_vf_list_finish(&l);
	return a;
}

int set_vf(uint32_t index, const struct via_vf_attrs *a)
{
	struct via_vf_set set = {.index = index, .attrs = *a};

	assert_int_equal(host.k->ops->set_vfs(host.k, pf_index(), &set, 1, NULL), 0);
	return set.error;
}

int contract_setup(void **state)
{
	(void)state;
	if (!pf_link().up || !pf_link().carrier)
		pf_up(true);
	return 0;
}

int contract_teardown(void **state)
{
	(void)state;
	put(PF("sriov_numvfs"), "0");
	put(PF("sriov_drivers_autoprobe"), "1");
	put(PF("driver_override"), "\n");
	if (!DRIVER(host.pf_text)[0])
		put("sys/bus/pci/drivers_probe", host.pf_text);
	return 0;
}

static void open_fake(void)
{
	struct via_fake *f = via_fake_create();

	via_fake_add_usual_drivers(f);
	via_fake_add_igb(f, "0000:01:00.0", "eth0", "52:54:00:76:00:01");
	via_fake_add_igb(f, "0000:02:00.0", "eth1", "52:54:00:76:00:02");
	host.k = via_fake_kernel(f);
}

/* The lab's PFs are wired to each other: a link needs both ends up. */
static void all_up(void)
{
	struct via_link_set up = {.has_up = true, .up = true};
	struct via_net net = {0};

	if (host.k->ops->get_net(host.k, false, &net, NULL))
		return;
	for (size_t i = 0; i < net.n_links; i++)
		if (net.links[i].parent[0])
			host.k->ops->set_link(host.k, net.links[i].ifindex, &up, NULL);
	via_net_finish(&net);
}

static int open_host(int argc, char **argv)
{
	struct via_err err = {0};

	if (argc < 2)
		return -EINVAL;
	if (!strcmp(argv[1], "fake"))
		open_fake();
	else if (strcmp(argv[1], "linux"))
		return -EINVAL;
	else if (via_kernel_linux_create(-1, &host.k, &err)) {
		fprintf(stderr, "contract: %s\n", err.msg);
		return -EIO;
	}
	snprintf(host.pf_text, sizeof(host.pf_text), "%s", argc > 2 ? argv[2] : "0000:01:00.0");
	if (argc > 3)
		host.netdev = argv[3];
	if (via_addr_parse(host.pf_text, &host.pf))
		return -EINVAL;
	/* The VF driver is a module; without it autoprobe has nothing to probe. */
	host.k->ops->load_module(host.k, host.vf_driver);
	host.perm_mac = pf_link().perm_mac;
	all_up();
	return 0;
}

int main(int argc, char **argv)
{
	int failed;

	if (open_host(argc, argv)) {
		fputs("usage: contract fake|linux [PF NETDEV]\n", stderr);
		return 2;
	}
	failed = contract_files() + contract_sriov() + contract_bind() + contract_attrs() +
		 contract_net() + contract_execute();
	via_kernel_destroy(host.k);
	return failed ? 1 : 0;
}
