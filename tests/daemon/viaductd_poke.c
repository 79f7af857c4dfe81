/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others do to the host while the daemon runs: a line each, from a pipe. */
#include "viaductd_poke.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/fake.h"

static struct via_fake *fake;

static void poke_vf(const char *pf, unsigned int index, const char *what)
{
	struct via_vf_attrs a = {0};
	char name[32];
	unsigned int value;
	struct via_addr addr;
	struct via_net net;

	if (sscanf(what, "%31[a-z]=%u", name, &value) != 2 || via_addr_parse(pf, &addr) < 0)
		return;
	if (!strcmp(name, "vlan")) {
		a.known = VIA_ATTR_BIT(VIA_VF_ATTR_VLAN);
		a.vlan = (uint16_t)value;
		a.vlan_proto = VIA_VLAN_PROTO_8021Q;
	} else {
		a.known = VIA_ATTR_BIT(VIA_VF_ATTR_SPOOFCHK);
		a.spoofchk = value;
	}
	if (via_fake_kernel(fake)->ops->get_net(via_fake_kernel(fake), false, &net, NULL) < 0)
		return;
	for (size_t i = 0; i < net.n_links; i++)
		if (!strcmp(net.links[i].parent, pf))
			via_fake_set_vf(fake, net.links[i].ifindex, index, &a);
	via_net_finish(&net);
}

/* What the kernel does when a card is pulled: the driver lets go (and its VFs end), the device
 * ends. */
static void poke_unplug(const char *pf)
{
	struct via_kernel *k = via_fake_kernel(fake);
	char path[128], target[192];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/sriov_numvfs", pf);
	(void)k->ops->write(k, path, "0", 1);
	(void)k->ops->write(k, "sys/bus/pci/drivers/igb/unbind", pf, strlen(pf));
	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s", pf);
	if (k->ops->readlink(k, path, target, sizeof(target)) == 0 && strstr(target, "devices/")) {
		char real[256];

		snprintf(real, sizeof(real), "sys/%s", strstr(target, "devices/"));
		via_fake_remove(fake, real);
	}
	via_fake_remove(fake, path);
	via_fake_uevent(fake, VIA_UEVENT_REMOVE, "pci", pf, pf);
}

static bool poke_guest(const char *line)
{
	char a[64], b[64], c[64];
	unsigned int n;

	if (sscanf(line, "guest %u %63s %63s %63s", &n, a, b, c) == 4)
		via_fake_add_guest(fake, (int)n, a, b, c);
	else if (sscanf(line, "guest-gone %u", &n) == 1)
		via_fake_kill(fake, (int)n);
	else
		return false;
	return true;
}

static bool poke_fault(const char *line)
{
	char a[128], b[64];
	enum via_vf_attr attr;
	unsigned int nth;
	int index, error, times;

	if (sscanf(line, "hang %127s", a) == 1)
		via_fake_hang(fake, a);
	else if (sscanf(line, "fail %127s %u %d", a, &nth, &error) == 3)
		via_fake_fail(fake, a, nth, error);
	else if (sscanf(line, "refuse %127s %d %63s %d %d", a, &index, b, &error, &times) == 5 &&
		 via_vf_attr_parse(b, &attr) == 0)
		via_fake_refuse(fake, a, index, attr, error, times, "told to refuse it");
	else if (!strncmp(line, "heal", 4)) {
		via_fake_clear_faults(fake);
		via_fake_release(fake);
	} else
		return false;
	return true;
}

static void poke(char *line)
{
	char a[64], b[64], c[64];
	unsigned int n;

	if (sscanf(line, "vf %63s %u %63s", a, &n, b) == 3) {
		poke_vf(a, n, b);
	} else if (sscanf(line, "unplug %63s", a) == 1) {
		poke_unplug(a);
	} else if (sscanf(line, "plug %63s %63s %63s", a, b, c) == 3) {
		via_fake_add_igb(fake, a, b, c);
		via_fake_uevent(fake, VIA_UEVENT_ADD, "pci", a, a);
		via_fake_uevent(fake, VIA_UEVENT_ADD, "net", b, a);
	} else if (sscanf(line, "swap %63s %63s", a, b) == 2) {
		via_fake_swap_card(fake, a, b);
		via_fake_uevent(fake, VIA_UEVENT_CHANGE, "pci", a, a);
	} else if (!poke_guest(line) && !poke_fault(line)) {
		fprintf(stderr, "not understood: %s\n", line);
	}
}

void via_poke_setup(struct via_fake *f)
{
	fake = f;
}

/* The writer opens the pipe for each line; PIPE.done tells it that the host has changed. */
void *via_poke_main(void *arg)
{
	char line[256], done[256];
	/* For writing as well: it never ends, and a line that comes when the last writer has gone
	 * is not lost. */
	FILE *in = fopen(arg, "r+e"), *out;

	snprintf(done, sizeof(done), "%s.done", (const char *)arg);
	while (in && fgets(line, sizeof(line), in)) {
		poke(line);
		out = fopen(done, "we");
		if (out)
			fclose(out);
	}
	return NULL;
}
